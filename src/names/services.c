/* SPDX-License-Identifier: MIT */
/*
 * Services and their ports, from /etc/services. Read here and not by getservbyname(3), whose
 * modules keep memory for the rest of the process and do not work in static programs. Reading a
 * local file of some 10 KB blocks the loop for as long as any page fault does.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "names/services.h"

#define SERVICES_PATH "/etc/services"

static const char blank[] = " \t\r\n";

bool service_parse_line(char *line, struct service *service)
{
	char *rest = NULL, *number, *end;
	unsigned long port;

	line[strcspn(line, "#")] = '\0';
	service->name = strtok_r(line, blank, &rest);
	number = service->name ? strtok_r(NULL, blank, &rest) : NULL;
	if (!number || !isdigit((unsigned char)*number))
		return false;
	port = strtoul(number, &end, 10);
	if (port > 65535 || *end != '/')
		return false;
	service->port = (uint16_t)port;
	service->protocol = end + 1;
	service->aliases = rest ? rest : "";
	return true;
}

static bool is_called(struct service *service, const char *name)
{
	char *rest = NULL;

	if (!strcmp(service->name, name))
		return true;
	for (char *alias = strtok_r((char *)service->aliases, blank, &rest); alias;
	     alias = strtok_r(NULL, blank, &rest))
		if (!strcmp(alias, name))
			return true;
	return false;
}

/* The first line that fits: by name where one is given, else by port and protocol. */
static bool find(const char *name, uint16_t *port, const char *protocol, char *found, size_t size)
{
	FILE *file = fopen(SERVICES_PATH, "re");
	struct service service;
	bool hit = false;
	char *line = NULL;
	size_t room = 0;

	while (file && !hit && getline(&line, &room, file) >= 0) {
		if (!service_parse_line(line, &service))
			continue;
		hit = name ? is_called(&service, name) :
			     service.port == *port && !strcmp(service.protocol, protocol);
	}
	if (hit && found)
		snprintf(found, size, "%s", service.name);
	if (hit)
		*port = service.port;
	free(line);
	if (file)
		fclose(file);
	return hit;
}

int service_port(const char *text, const char *service, uint16_t *port)
{
	if (find(service, port, NULL, NULL, 0))
		return 0;
	return async_fail(-EINVAL, "address \"%.80s\": there is no service \"%s\" in %s", text,
			  service, SERVICES_PATH);
}

bool service_name(uint16_t port, bool datagram, char *name, size_t size)
{
	return find(NULL, &port, datagram ? "udp" : "tcp", name, size);
}
