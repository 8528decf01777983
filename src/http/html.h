/* SPDX-License-Identifier: MIT */
/* Text of others where it must do no harm: in pages, and in lines of a log. */
#ifndef HTTP_HTML_H
#define HTTP_HTML_H

#include <stddef.h>

/*
 * Writes text with & < > " ' as references, which is enough between tags and in quoted attributes,
 * and ends it with a NUL. What does not fit is left out, never half a reference. Returns the size
 * of all of it without the NUL, as snprintf does: at least room_size means that something was left
 * out. room_size 0 asks for that size alone.
 */
size_t http_html_escape(char *room, size_t room_size, const char *text, size_t size);

/* The same for logs: control bytes, all beyond ASCII, quotes and backslashes become \xhh, \" and \\,
 * so that a line stays one, terminals are told nothing, and quoted fields end where they should. */
size_t http_log_escape(char *room, size_t room_size, const char *text, size_t size);

#endif
