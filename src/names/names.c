/* SPDX-License-Identifier: MIT */
/* The resolver's state of a loop, its settings, and the way from a name to addresses. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "names/names.h"
#include "names/services.h"

#define HOSTS_PATH    "/etc/hosts"
#define NSSWITCH_PATH "/etc/nsswitch.conf"


enum { TRIES_MAX = 20, TIMEOUT_SECONDS_MAX = 300 };

static const char names_key;

static void options_free(async_names_options *options)
{
	free((char *)options->servers);
	free((char *)options->hosts_path);
	free((char *)options->resolv_conf_path);
	free((char *)options->nsswitch_path);
	*options = (async_names_options){ 0 };
}

static const char *copy(const char *text, bool *failed)
{
	char *made = text ? strdup(text) : NULL;

	*failed |= text && !made;
	return made;
}

/* Without nsswitch.conf, or without its line about hosts, it is files and DNS. */
static void read_nsswitch(struct names *names)
{
	const char *path = names->options.nsswitch_path;
	FILE *file = fopen(path ? path : NSSWITCH_PATH, "re");
	struct nsswitch nsswitch = { 0 };
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) >= 0) {
		char *start = line + strspn(line, " \t");

		start[strcspn(start, "#")] = '\0';
		if (!strncmp(start, "hosts:", 6))
			nsswitch_parse(start + 6, &nsswitch);
	}
	free(line);
	if (file)
		fclose(file);
	names->all_system = nsswitch.all_system;
	names->local_mdns = nsswitch.local_mdns;
	names->own_name = nsswitch.own_name;
}

static int options_check(const async_names_options *options)
{
	if (isnan(options->timeout) || options->timeout < 0 ||
	    options->timeout > TIMEOUT_SECONDS_MAX)
		return async_fail(-EINVAL,
				  "async_names_set: timeout is %g s: it must be from 0 to %d",
				  options->timeout, TIMEOUT_SECONDS_MAX);
	if (options->tries < 0 || options->tries > TRIES_MAX)
		return async_fail(-EINVAL, "async_names_set: tries is %d: it must be from 0 to %d",
				  options->tries, TRIES_MAX);
	if (options->use < ASYNC_NAMES_AUTO || options->use > ASYNC_NAMES_SYSTEM)
		return async_fail(-EINVAL, "async_names_set: use is %d: there is no such resolver",
				  (int)options->use);
	return 0;
}

int names_configure(struct names *names, const async_names_options *options)
{
	async_names_options taken = *options;
	bool failed = false;

	taken.servers = copy(options->servers, &failed);
	taken.hosts_path = copy(options->hosts_path, &failed);
	taken.resolv_conf_path = copy(options->resolv_conf_path, &failed);
	taken.nsswitch_path = copy(options->nsswitch_path, &failed);
	if (failed) {
		options_free(&taken);
		return -ENOMEM;
	}
	options_free(&names->options);
	names->options = taken;
	names->entry_limit = taken.cache_entries < 0 ? 0 :
			     taken.cache_entries     ? (size_t)taken.cache_entries :
						       CACHE_ENTRIES;
	read_nsswitch(names);
	if (taken.use == ASYNC_NAMES_DNS)
		names->all_system = names->local_mdns = names->own_name = false;
	if (taken.use == ASYNC_NAMES_SYSTEM)
		names->all_system = true;
	return 0;
}

/* Nobody asks any more: the loop closes, or nothing flies. */
static void forget(struct names *names)
{
	async_handle_cancel(&names->starter);
	while (names->queue.first) {
		struct entry *entry = container_of(list_pop(&names->queue), struct entry, queued);

		flight_done(entry, answer_failed(-ECANCELED, 0, "the loop ends"));
	}
	dns_engine.free(names);
	system_engine.free(names);
	sim_engine.free(names);
	cache_term(names);
	if (!names->sim)
		hosts_free(&names->hosts);
}

static void names_drop(struct names *names)
{
	forget(names);
	hosts_free(&names->hosts);
	options_free(&names->options);
	free(names);
}

/* The loop closes. Watches taken back just now end when the kernel says so: it turns once more for
 * them. */
static void names_free(void *value)
{
	struct names *names = value;

	forget(names);
	names_drop(names);
}

struct names *names_of_loop(void)
{
	struct names *names = async_loop_value(&names_key);
	int error;

	if (names)
		return names;
	names = calloc(1, sizeof *names);
	if (!names)
		return NULL;
	error = cache_init(names);
	if (!error)
		error = names_configure(names, &(async_names_options){ 0 });
	names->sim = !strcmp(async_backend_name(), "sim");
	if (!error)
		error = async_loop_set_value(&names_key, names, names_free);
	if (error) {
		names_drop(names);
		return NULL;
	}
	return names;
}

int async_names_set(const async_names_options *options)
{
	static const async_names_options defaults;
	struct names *names = names_of_loop();
	int error = names ? 0 : async_fail(-ENOMEM, "async_names_set");

	if (!options)
		options = &defaults;
	if (!error)
		error = options_check(options);
	if (error)
		return error;
	if (names->flying)
		return async_fail(-EBUSY, "async_names_set: %zu lookups are under way",
				  names->flying);
	forget(names);
	error = cache_init(names);
	if (!error)
		error = names_configure(names, options);
	return error ? async_fail(error, "async_names_set") : 0;
}

async_names_stats async_names_statistics(void)
{
	struct names *names = names_of_loop();
	async_names_stats stats = { 0 };

	if (!names)
		return stats;
	stats = names->stats;
	stats.entries = names->entry_count;
	return stats;
}

const char *hosts_path(const struct names *names)
{
	return names->options.hosts_path ? names->options.hosts_path : HOSTS_PATH;
}

/* This machine's name for itself (RFC 6761 6.3: nobody is to be asked for it). */
static int find_localhost(int family, async_addresses *addresses)
{
	struct hosts here = { 0 };
	int error = hosts_add(&here, "localhost", "::1");

	if (!error)
		error = hosts_add(&here, "localhost", "127.0.0.1");
	if (!error)
		error = hosts_find(&here, "localhost", family, addresses);
	hosts_free(&here);
	return error ? async_fail(error, "no memory for localhost") : 0;
}

/* What needs no engine. The table of a simulation is asked by its engine, so that a lookup takes
 * time there as well. */
static int find_here(struct names *names, const char *host, int family, async_addresses *addresses)
{
	char name[256];
	size_t size;

	snprintf(name, sizeof name, "%s", host);
	size = strlen(name);
	if (size && name[size - 1] == '.')
		name[size - 1] = '\0';
	if (!names->sim && !names->all_system) {
		int error;

		hosts_refresh(&names->hosts, hosts_path(names));
		error = hosts_find(&names->hosts, name, family, addresses);
		if (error || addresses->count)
			return error;
	}
	if (!strcasecmp(name, "localhost") || name_ends(name, ".localhost"))
		return find_localhost(family, addresses);
	return 0;
}

static int take_addresses(const struct answer *answer, async_addresses *addresses)
{
	const async_address *list = answer->items;
	int error = 0;

	for (size_t i = 0; !error && i < answer->count; i++)
		error = async_addresses_add(addresses, (struct sockaddr *)&list[i].address,
					    list[i].length);
	return error;
}

static void set_ports(async_addresses *addresses, in_port_t port)
{
	for (size_t i = 0; i < addresses->count; i++) {
		struct sockaddr *address = (struct sockaddr *)&addresses->list[i].address;

		if (address->sa_family == AF_INET)
			((struct sockaddr_in *)address)->sin_port = port;
		else
			((struct sockaddr_in6 *)address)->sin6_port = port;
	}
}

static int await_host(const char *host, int family, async_addresses *addresses)
{
	struct names *names = names_of_loop();
	struct answer *answer = NULL;
	int error = name_check(host);

	if (error)
		return error;
	if (!names)
		return async_fail(-ENOMEM, "no memory for the resolver");
	error = find_here(names, host, family, addresses);
	if (error || addresses->count)
		return error;
	error = await_answer(names, ASK_ADDRESSES, family, host, &answer);
	if (error)
		return error;
	error = answer->error ? answer_fail(answer, host) : take_addresses(answer, addresses);
	answer_release(answer);
	return error;
}

/* The core has found a name in `text`: of a host, a service, or both. */
static int await_name(const char *text, const char *host, const char *service,
		      const async_resolve_options *options, async_addresses *addresses)
{
	char numbered[320], *end;
	uint16_t port = (uint16_t)strtoul(service, &end, 10);
	int error;

	if (*end) {
		/* With the port as a number it may need nobody any more. */
		error = service_port(text, service, &port);
		if (error)
			return error;
		snprintf(numbered, sizeof numbered, "%.*s:%u", (int)(strrchr(text, ':') - text),
			 text, port);
		return await_resolve(numbered, options, addresses);
	}
	error = await_host(host, options->family, addresses);
	if (!error)
		set_ports(addresses, htons(port));
	return error;
}

/* Exported for the linker alone: what needs names asks for this symbol, and gets the constructor
 * with it, from a static archive too. */
ASYNC_API extern const char async_names_library_[];
const char async_names_library_[] = "libawait-names";

__attribute__((constructor)) static void names_offer(void)
{
	async_resolver_use_(await_name);
}
