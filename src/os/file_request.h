/* SPDX-License-Identifier: MIT */
/* Requests to files, as the calls make them. */
#ifndef OS_FILE_REQUEST_H
#define OS_FILE_REQUEST_H

#include <await/file.h>
#include "core/file.h"
#include "core/report.h"

/* Run it for the calling task: the system call's result, or a negative errno with a text that
 * begins with `caller` and names the path or descriptor. */
int64_t file_run(struct file_request *request, const char *caller);

#endif
