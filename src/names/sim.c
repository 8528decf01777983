/* SPDX-License-Identifier: MIT */
/* Names in simulation: a table in memory, and an answer that takes a little virtual time to come,
 * so that a lookup suspends as a real one does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "names/names.h"

#define SIM_LOOKUP_SECONDS 0.001

struct sim_flight {
	async_handle handle;
	struct entry *entry;
};

static struct answer *addresses_of(struct names *names, const struct entry *entry)
{
	async_addresses found = { NULL, 0 };

	if (hosts_find(&names->hosts, entry->name, entry->family, &found)) {
		async_addresses_free(&found);
		return NULL;
	}
	return found.count ?
		       answer_new(found.list, found.count, 0) :
		       answer_failed(
			       -ENXIO, 0,
			       "the simulation's table has %zu lines: async_sim_host adds one",
			       names->hosts.count);
}

static struct answer *pointer_of(struct names *names, const struct entry *entry)
{
	async_address address;
	const char *name =
		host_number(entry->name, &address) ?
			hosts_name_of(&names->hosts, (struct sockaddr *)&address.address) :
			NULL;
	char *copy = name ? strdup(name) : NULL;

	if (!name)
		return answer_failed(-ENXIO, 0, "the simulation's table has no line for it");
	return copy ? answer_new(copy, 1, 0) : NULL;
}

/* Nothing is kept: the table may change. */
static void answer_from_table(void *arg)
{
	struct sim_flight *flight = arg;
	struct entry *entry = flight->entry;
	struct answer *answer;

	free(flight);
	entry->flight = NULL;
	if (entry->question == ASK_ADDRESSES)
		answer = addresses_of(entry->names, entry);
	else if (entry->question == ASK_POINTER)
		answer = pointer_of(entry->names, entry);
	else
		answer = answer_failed(-ENXIO, 0, "the simulation has addresses only");
	flight_done(entry, answer);
}

static void sim_start(struct names *names, struct entry *entry)
{
	struct sim_flight *flight = calloc(1, sizeof *flight);

	(void)names;
	if (!flight) {
		flight_done(entry, NULL);
		return;
	}
	flight->entry = entry;
	entry->flight = flight;
	if (async_call_later(&flight->handle, SIM_LOOKUP_SECONDS, answer_from_table, flight)) {
		free(flight);
		entry->flight = NULL;
		flight_done(entry, NULL);
	}
}

static void sim_free(struct names *names)
{
	if (!names->sim)
		return;
	list_for_each (&names->entries, link, following) {
		struct entry *entry = container_of(link, struct entry, link);
		struct sim_flight *flight = entry->flight;

		if (flight && async_handle_cancel(&flight->handle)) {
			free(flight);
			flight_done(entry, answer_failed(-ECANCELED, 0, "the loop ends"));
		}
	}
}

const struct engine sim_engine = { sim_start, sim_free };

int async_sim_host(const char *name, const char *address)
{
	struct names *names = names_of_loop();
	int error;

	if (!names)
		return async_fail(-ENOMEM, "async_sim_host");
	if (!names->sim)
		return async_fail(-ENOTSUP,
				  "async_sim_host: this loop is no simulation; a real one has the"
				  " option hosts_path");
	error = name_check(name);
	if (error)
		return error;
	if (!address) {
		hosts_remove(&names->hosts, name);
		return 0;
	}
	error = hosts_add(&names->hosts, name, address);
	return error ? async_fail(error, "async_sim_host: \"%.60s\" for %.60s", address, name) : 0;
}
