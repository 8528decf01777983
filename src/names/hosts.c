/* SPDX-License-Identifier: MIT */
/*
 * The hosts file, kept in memory and read anew when it changed: c-ares would read it for each
 * name, and takes no other path than an environment variable's. Sorted, since lists that block
 * advertisements have a hundred thousand lines.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "names/hosts.h"

enum { HOSTS_FIRST = 16 };

bool host_number(const char *text, async_address *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->address;
	struct sockaddr_in *in = (struct sockaddr_in *)&address->address;
	size_t size = strcspn(text, "%");
	char number[INET6_ADDRSTRLEN];

	memset(address, 0, sizeof *address);
	if (size >= sizeof number)
		return false;
	memcpy(number, text, size);
	number[size] = '\0';
	if (!text[size] && inet_pton(AF_INET, number, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		address->length = sizeof *in;
		return true;
	}
	if (inet_pton(AF_INET6, number, &in6->sin6_addr) != 1)
		return false;
	in6->sin6_family = AF_INET6;
	address->length = sizeof *in6;
	if (!text[size])
		return true;
	in6->sin6_scope_id = if_nametoindex(text + size + 1);
	return in6->sin6_scope_id != 0;
}

static char *lower_copy(const char *name)
{
	char *copy = strdup(name);

	for (char *c = copy; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

static int add(struct hosts *hosts, const char *name, const async_address *address)
{
	struct host_line *line;

	if (hosts->count == hosts->room) {
		size_t room = hosts->room ? 2 * hosts->room : HOSTS_FIRST;
		struct host_line *grown = realloc(hosts->lines, room * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		hosts->lines = grown;
		hosts->room = room;
	}
	line = &hosts->lines[hosts->count];
	line->name = lower_copy(name);
	if (!line->name)
		return -ENOMEM;
	line->order = hosts->count++;
	line->address = *address;
	hosts->sorted = false;
	return 0;
}

int hosts_add(struct hosts *hosts, const char *name, const char *text)
{
	async_address address;

	return host_number(text, &address) ? add(hosts, name, &address) : -EINVAL;
}

void hosts_remove(struct hosts *hosts, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < hosts->count; i++) {
		if (strcasecmp(hosts->lines[i].name, name))
			hosts->lines[kept++] = hosts->lines[i];
		else
			free(hosts->lines[i].name);
	}
	hosts->count = kept;
}

void hosts_parse_line(struct hosts *hosts, char *line)
{
	static const char blank[] = " \t\r\n\f\v";
	char *rest = NULL, *word;
	async_address address;

	line[strcspn(line, "#")] = '\0';
	word = strtok_r(line, blank, &rest);
	if (!word || !host_number(word, &address))
		return;
	while ((word = strtok_r(NULL, blank, &rest)))
		if (add(hosts, word, &address))
			hosts->full = true;
}

static int compare(const void *a, const void *b)
{
	const struct host_line *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : (one->order > other->order) - (one->order < other->order);
}

static void sort(struct hosts *hosts)
{
	if (!hosts->sorted && hosts->count)
		qsort(hosts->lines, hosts->count, sizeof *hosts->lines, compare);
	hosts->sorted = true;
}

/* The first line of a name, or `count`. */
static size_t first_line(const struct hosts *hosts, const char *name)
{
	size_t low = 0, high = hosts->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcasecmp(hosts->lines[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int hosts_find(struct hosts *hosts, const char *name, int family, async_addresses *addresses)
{
	int error = 0;

	sort(hosts);
	for (size_t i = first_line(hosts, name);
	     !error && i < hosts->count && !strcasecmp(hosts->lines[i].name, name); i++) {
		const async_address *address = &hosts->lines[i].address;

		if (!family || family == address->address.ss_family)
			error = async_addresses_add(addresses, (struct sockaddr *)&address->address,
						    address->length);
	}
	return error;
}

static bool same_host(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)a)->sin_addr,
			       &((const struct sockaddr_in *)b)->sin_addr, sizeof(struct in_addr));
	return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
		       &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr));
}

const char *hosts_name_of(const struct hosts *hosts, const struct sockaddr *address)
{
	const struct host_line *found = NULL;

	for (size_t i = 0; i < hosts->count; i++)
		if (same_host((struct sockaddr *)&hosts->lines[i].address.address, address) &&
		    (!found || hosts->lines[i].order < found->order))
			found = &hosts->lines[i];
	return found ? found->name : NULL;
}

void hosts_free(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		free(hosts->lines[i].name);
	free(hosts->lines);
	*hosts = (struct hosts){ 0 };
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void hosts_refresh(struct hosts *hosts, const char *path)
{
	struct stat status;
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	if (stat(path, &status)) {
		hosts_free(hosts);
		return;
	}
	if (hosts->loaded && same_file(&status, &hosts->status))
		return;
	hosts_free(hosts);
	file = fopen(path, "re");
	if (!file)
		return;
	while (getline(&line, &size, file) >= 0)
		hosts_parse_line(hosts, line);
	free(line);
	fclose(file);
	/* What memory was short for is read again next time. */
	hosts->loaded = !hosts->full;
	hosts->status = status;
}

/* "[NOTFOUND=return]" and the like only say what c-ares does anyway. */
void nsswitch_parse(const char *line, struct nsswitch *nsswitch)
{
	bool files = false, dns = false;

	while (*line) {
		size_t size = strcspn(line, " \t\r\n[");

		if (!size && *line == '[') {
			size = strcspn(line, "]");
			size += line[size] == ']';
		} else if (size == 5 && !strncmp(line, "files", 5)) {
			/* DNS before files is rare, and c-ares would have to be told. */
			nsswitch->all_system |= dns;
			files = true;
		} else if (size == 3 && !strncmp(line, "dns", 3)) {
			dns = true;
		} else if (size > 4 && !strncmp(line, "mdns", 4)) {
			nsswitch->local_mdns = true;
		} else if (size == 10 && !strncmp(line, "myhostname", 10)) {
			nsswitch->own_name = true;
		} else if (size) {
			nsswitch->all_system = true;
		} else {
			size = 1;
		}
		line += size;
	}
	nsswitch->all_system |= !files || !dns;
}
