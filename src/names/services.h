/* SPDX-License-Identifier: MIT */
/* Services by name and by port. */
#ifndef NAMES_SERVICES_H
#define NAMES_SERVICES_H

#include <await/base.h>

struct service {
	const char *name, *protocol, *aliases; /* into the line */
	uint16_t port;
};

/* Take a line of /etc/services apart, which changes it. False: there is no service on it. */
bool service_parse_line(char *line, struct service *service);

/* The port of "http", of address `text`. 0; -EINVAL with a text. */
int service_port(const char *text, const char *service, uint16_t *port);
/* The name of a port; false when it has none. */
bool service_name(uint16_t port, bool datagram, char *name, size_t size);

#endif
