/* SPDX-License-Identifier: MIT */
/* The access log of a server. */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include <stdio.h>
#include <await/http.h>

struct http_access;

/* format NULL: the usual one. 0, -EINVAL or -ENOMEM. Freed by free(). */
int http_access_new(struct http_access **made, FILE *out, const char *format);
void http_access_write(const struct http_access *access, async_request *request);

#endif
