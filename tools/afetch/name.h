/* SPDX-License-Identifier: MIT */
/* Names of files for URLs. */
#ifndef AFETCH_NAME_H
#define AFETCH_NAME_H

#include <await.h>

/* With the final zero; well under the 255 bytes that file systems take. */
enum { FILE_NAME_BYTES = 160 };

/*
 * A name for what the URL stands for: "example.org_docs_a-0123456789abcdef.html". Readable, of
 * letters, digits, ".", "_" and "-" alone, not hidden, the same in each run, and another for each
 * URL: its hash is in it. Fragment and credentials do not count.
 */
void name_of_url(const async_url *url, char name[FILE_NAME_BYTES]);

#endif
