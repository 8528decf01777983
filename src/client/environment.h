/* SPDX-License-Identifier: MIT */
/*
 * Proxies by the environment, as curl and Go take it. By the URL's scheme http_proxy, https_proxy,
 * ws_proxy or wss_proxy, else all_proxy; in small letters or else in capitals; empty: none.
 *
 * HTTP_PROXY in capitals is not looked at in a CGI program, where REQUEST_METHOD is set: there the
 * field "Proxy" of whoever asks becomes the variable HTTP_PROXY, and would choose where our
 *requests go (CVE-2016-5385, "httpoxy").
 *
 * no_proxy, a list by commas or blanks, names what is asked for directly:
 *	*		everything
 *	example.org	it and what is below it; ".example.org" is the same
 *	*.example.org	what is below it
 *	192.0.2.1, ::1	an address; [::1] is the same
 *	192.0.2.0/24	addresses of a network
 * each but networks also with a port, "example.org:8080", for that one only. Names do not match
 * addresses: nothing is resolved.
 */
#ifndef CLIENT_ENVIRONMENT_H
#define CLIENT_ENVIRONMENT_H

#include <await/url.h>

/* The proxy for a URL as the environment has it; the caller must not keep it. NULL: none. It may
 * lack a scheme. */
const char *environment_proxy(const async_url *url);

/* Whether a list, as in no_proxy, excludes the URL. */
bool environment_excludes(const char *list, const async_url *url);

#endif
