/* SPDX-License-Identifier: MIT */
/* Text of strangers in pages and logs. Both cut what does not fit, never in the middle of an
 * escape, end with a zero byte and return the length. */
#ifndef HTTP_HTML_H
#define HTTP_HTML_H

#include <stddef.h>

/* For HTML text and quoted attributes. */
size_t http_html_escape(char *room, size_t room_size, const char *text, size_t size);
/* For one line of a log: controls, quotes, backslashes and what is not ASCII as \xHH. */
size_t http_log_escape(char *room, size_t room_size, const char *text, size_t size);

#endif
