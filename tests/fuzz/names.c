/* SPDX-License-Identifier: MIT */
/* What the resolver reads: addresses taken apart, lines of its files, the TTLs of a reply. Nothing
 * may be read or written past the end, whatever stands there. */
#include <stdlib.h>
#include <string.h>
#include "names/hosts.h"
#include "names/reply.h"
#include "names/services.h"
#include "net/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void split(const char *text)
{
	struct address_parts parts;
	in_port_t port;

	if (address_split(text, &parts) || parts.path)
		return;
	if (strlen(parts.host) >= sizeof parts.host || !*parts.service)
		abort();
	if (address_port_is_number(&parts))
		address_port(text, &parts, &port);
	address_host_is_number(&parts);
}

static void read_hosts(char *line)
{
	struct hosts hosts = { 0 };
	async_addresses addresses = { NULL, 0 };

	hosts_parse_line(&hosts, line);
	for (size_t i = 0; i < hosts.count; i++) {
		hosts_find(&hosts, hosts.lines[i].name, 0, &addresses);
		if (!addresses.count)
			abort();
	}
	async_addresses_free(&addresses);
	hosts_free(&hosts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nsswitch nsswitch = { 0 };
	struct service service;
	char *text = text_of(data, size), *line = text_of(data, size), *other = text_of(data, size);

	split(text);
	nsswitch_parse(text, &nsswitch);
	read_hosts(line);
	service_parse_line(other, &service);
	if (reply_seconds(data, size) > INT32_MAX)
		abort();
	free(text);
	free(line);
	free(other);
	return 0;
}
