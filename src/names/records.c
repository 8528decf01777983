/* SPDX-License-Identifier: MIT */
/* The questions besides addresses: where a service is, what is written at a name, what an address
 * is called. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await/sim.h>
#include "names/names.h"
#include "names/services.h"

/* A copy of the answer's array, which may be put in another order; its texts stay the answer's. */
static int take_records(enum question question, const char *name, size_t item_bytes, void **list,
			size_t *count, void **owner)
{
	struct names *names = names_of_loop();
	struct answer *answer = NULL;
	int error = name_check(name);

	if (!error && !names)
		error = async_fail(-ENOMEM, "no memory for the resolver");
	if (!error)
		error = await_answer(names, question, 0, name, &answer);
	if (error)
		return error;
	if (!answer->error) {
		*list = malloc(answer->count * item_bytes);
		error = *list ? 0 :
				async_fail(-ENOMEM, "no memory for the records of %.100s", name);
	} else {
		error = answer_fail(answer, name);
	}
	if (error) {
		answer_release(answer);
		return error;
	}
	memcpy(*list, answer->items, answer->count * item_bytes);
	*count = answer->count;
	*owner = answer;
	return 0;
}

static int by_priority(const void *a, const void *b)
{
	return ((const async_srv *)a)->priority - ((const async_srv *)b)->priority;
}

/* RFC 2782: within a priority each is drawn in proportion to its weight, those without weight with
 * the smallest chance. */
static void draw_by_weight(async_srv *list, size_t count)
{
	for (; count > 1; list++, count--) {
		uint64_t sum = 0, drawn;
		size_t chosen = 0;
		async_srv taken;

		for (size_t i = 0; i < count; i++)
			sum += list[i].weight;
		if (!sum)
			return;
		drawn = async_random(sum + 1);
		for (uint64_t running = 0; chosen < count; chosen++) {
			running += list[chosen].weight;
			if (running >= drawn && (list[chosen].weight || !drawn))
				break;
		}
		taken = list[chosen];
		memmove(list + 1, list, chosen * sizeof *list);
		*list = taken;
	}
}

static void order_services(async_srv *list, size_t count)
{
	qsort(list, count, sizeof *list, by_priority);
	for (size_t first = 0, end; first < count; first = end) {
		end = first + 1;
		while (end < count && list[end].priority == list[first].priority)
			end++;
		draw_by_weight(list + first, end - first);
	}
}

int await_resolve_srv(const char *name, async_srv_records *records)
{
	int error = async_cancelled();
	void *list = NULL;

	*records = (async_srv_records){ NULL, 0, NULL };
	if (!error)
		error = take_records(ASK_SRV, name, sizeof *records->list, &list, &records->count,
				     &records->owner_);
	if (error)
		return error;
	records->list = list;
	order_services(records->list, records->count);
	return 0;
}

void async_srv_records_free(async_srv_records *records)
{
	if (!records)
		return;
	free(records->list);
	answer_release(records->owner_);
	*records = (async_srv_records){ NULL, 0, NULL };
}

int await_resolve_txt(const char *name, async_txt_records *records)
{
	int error = async_cancelled();
	void *list = NULL;

	*records = (async_txt_records){ NULL, 0, NULL };
	if (!error)
		error = take_records(ASK_TXT, name, sizeof *records->list, &list, &records->count,
				     &records->owner_);
	records->list = list;
	return error;
}

void async_txt_records_free(async_txt_records *records)
{
	if (!records)
		return;
	free(records->list);
	answer_release(records->owner_);
	*records = (async_txt_records){ NULL, 0, NULL };
}

/* ---- From an address to a name ---- */

static int give_text(const char *text, char *to, size_t size, const char *what)
{
	if (strlen(text) >= size)
		return async_fail(-ENOBUFS,
				  "await_nameinfo: the %s \"%.80s\" needs %zu bytes, not %zu", what,
				  text, strlen(text) + 1, size);
	strcpy(to, text);
	return 0;
}

static int give_service(uint16_t port, char *service, size_t size, int flags)
{
	char name[NI_MAXSERV];

	if (flags & NI_NUMERICSERV || !service_name(port, flags & NI_DGRAM, name, sizeof name))
		snprintf(name, sizeof name, "%u", port);
	return give_text(name, service, size, "service");
}

/* The name found, the number, or a failure. An address without a name is nothing unusual. */
static int give_host(struct names *names, const char *number, char *host, size_t size, int flags)
{
	struct answer *answer = NULL;
	async_address address;
	const char *name = NULL;
	char here[NI_MAXHOST];
	int error;

	if (flags & NI_NUMERICHOST)
		return give_text(number, host, size, "host");
	if (!names->sim && !names->all_system && host_number(number, &address)) {
		hosts_refresh(&names->hosts, hosts_path(names));
		name = hosts_name_of(&names->hosts, (struct sockaddr *)&address.address);
	}
	if (!name) {
		error = await_answer(names, ASK_POINTER, 0, number, &answer);
		if (error)
			return error;
		name = answer->error ? NULL : answer->items;
	}
	error = name || !(flags & NI_NAMEREQD) ? 0 : answer_fail(answer, number);
	if (!error) {
		snprintf(here, sizeof here, "%s", name ? name : number);
		if (name && flags & NI_NOFQDN)
			here[strcspn(here, ".")] = '\0';
		error = give_text(here, host, size, "host");
	}
	answer_release(answer);
	return error;
}

/* "10.0.0.1:80" without its port, "[fe80::1%2]:80" without brackets as well. */
static void number_text(const struct sockaddr *address, socklen_t length, char *text, size_t size)
{
	char *colon;

	async_address_format(address, length, text, size);
	colon = strrchr(text, ':');
	*colon = '\0';
	if (*text == '[') {
		colon[-1] = '\0';
		memmove(text, text + 1, strlen(text));
	}
}

int await_nameinfo(const struct sockaddr *address, socklen_t length, char *host, size_t host_size,
		   char *service, size_t service_size, int flags)
{
	struct names *names = names_of_loop();
	int error = async_cancelled();
	in_port_t port;
	char number[80];

	if (error)
		return error;
	if (!names)
		return async_fail(-ENOMEM, "no memory for the resolver");
	if (length < sizeof(struct sockaddr_in) ||
	    (address->sa_family != AF_INET &&
	     (address->sa_family != AF_INET6 || length < sizeof(struct sockaddr_in6))))
		return async_fail(-EINVAL, "await_nameinfo: no IPv4 or IPv6 address");
	port = address->sa_family == AF_INET ? ((const struct sockaddr_in *)address)->sin_port :
					       ((const struct sockaddr_in6 *)address)->sin6_port;
	number_text(address, length, number, sizeof number);
	error = host ? give_host(names, number, host, host_size, flags) : 0;
	if (!error && service)
		error = give_service(ntohs(port), service, service_size, flags);
	return error;
}
