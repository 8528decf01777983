/* SPDX-License-Identifier: MIT */
/* Files as answers, for the parts that have opened one themselves. */
#ifndef SERVER_FILE_H
#define SERVER_FILE_H

#include <await/static.h>
#include "server/open.h"

/* `file` is open, or has failed to with `error`; it is replaced by a sibling where one is sent, and
 * closed in any case. Returns as await_respond_file does. */
int await_respond_opened(struct async_request *request, const async_file_options *options,
			 struct http_open *file, int error);

#endif
