/* SPDX-License-Identifier: MIT */
/* Questions put to c-ares, and its answers in our words. */
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "names/dns.h"
#include "names/reply.h"

/* A question under way; it outlives its callback only by a line. */
struct query {
	struct dns *dns;
	struct entry *entry;
	uint64_t refusals_before;
};

static const char *servers_text(const struct names *names)
{
	return names->options.servers	       ? names->options.servers :
	       names->options.resolv_conf_path ? names->options.resolv_conf_path :
						 "/etc/resolv.conf";
}

static struct answer *unreachable(const struct query *query)
{
	const struct dns *dns = query->dns;

	if (dns->refusals != query->refusals_before)
		return answer_failed(-EREMOTEIO, 0,
				     "the servers of %.80s answered SERVFAIL, NOTIMP or REFUSED",
				     servers_text(dns->names));
	if (dns->socket_error)
		return answer_failed(dns->socket_error, 0, "no socket to ask the server by");
	return answer_failed(-ECONNREFUSED, 0,
			     "no name server is there; %.80s names them, or async_names_set",
			     servers_text(dns->names));
}

static struct answer *failed(const struct query *query, int status, double seconds)
{
	switch (status) {
	case ARES_ENOTFOUND:
		return answer_failed(-ENXIO, seconds, "the server said NXDOMAIN");
	case ARES_ENODATA:
		return answer_failed(-ENODATA, seconds,
				     "the name exists, but has no record of this kind");
	case ARES_ETIMEOUT:
		return answer_failed(
			-ETIMEDOUT, 0,
			"no answer in time from the servers of %.80s (options timeout, tries)",
			servers_text(query->dns->names));
	case ARES_ECONNREFUSED:
		return unreachable(query);
	case ARES_ESERVFAIL:
	case ARES_ENOTIMP:
	case ARES_EREFUSED:
		return answer_failed(-EREMOTEIO, 0, "the server said: %s", ares_strerror(status));
	case ARES_EBADNAME:
	case ARES_EBADQUERY:
		return answer_failed(-EINVAL, 0, "that is no name that DNS can be asked for");
	case ARES_ENOMEM:
		return NULL;
	case ARES_EDESTRUCTION:
	case ARES_ECANCELLED:
		return answer_failed(-ECANCELED, 0, "the loop ends");
	default:
		return answer_failed(-EBADMSG, 0, "%s", ares_strerror(status));
	}
}

static void query_end(struct query *query, struct answer *answer)
{
	struct entry *entry = query->entry;

	free(query);
	flight_done(entry, answer);
}

static double limited(int64_t seconds)
{
	return seconds < 0 ? 0 : seconds > CACHE_SECONDS_MAX ? CACHE_SECONDS_MAX : (double)seconds;
}

/* ---- Addresses ---- */

static struct answer *addresses_answer(const struct ares_addrinfo *result)
{
	int64_t seconds = CACHE_SECONDS_MAX;
	async_addresses addresses = { NULL, 0 };

	for (const struct ares_addrinfo_cname *cname = result->cnames; cname; cname = cname->next)
		seconds = cname->ttl < seconds ? cname->ttl : seconds;
	for (const struct ares_addrinfo_node *node = result->nodes; node; node = node->ai_next) {
		seconds = node->ai_ttl < seconds ? node->ai_ttl : seconds;
		if (async_addresses_add(&addresses, node->ai_addr, node->ai_addrlen)) {
			async_addresses_free(&addresses);
			return NULL;
		}
	}
	return answer_new(addresses.list, addresses.count, limited(seconds));
}

static void addresses_come(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct query *query = arg;
	struct answer *answer;

	(void)timeouts;
	if (status == ARES_SUCCESS && result && result->nodes)
		answer = addresses_answer(result);
	else
		answer = failed(query, status == ARES_SUCCESS ? ARES_ENODATA : status,
				CACHE_SECONDS_NEGATIVE);
	ares_freeaddrinfo(result);
	query_end(query, answer);
}

/* ---- Records ---- */

/* Records and their texts in one block: first the array, then the texts. */
static struct answer *srv_answer(const struct ares_srv_reply *first, double seconds)
{
	size_t count = 0, bytes = 0;
	async_srv *list;
	char *text;

	for (const struct ares_srv_reply *srv = first; srv; srv = srv->next, count++)
		bytes += sizeof *list + strlen(srv->host) + 1;
	list = malloc(bytes);
	if (!list)
		return NULL;
	text = (char *)(list + count);
	count = 0;
	for (const struct ares_srv_reply *srv = first; srv; srv = srv->next) {
		size_t size = strlen(srv->host) + 1;

		memcpy(text, srv->host, size);
		list[count++] = (async_srv){ text, srv->port, srv->priority, srv->weight };
		text += size;
	}
	return answer_new(list, count, seconds);
}

/* Pieces of one record are joined, as its readers want it (RFC 7208 3.3). */
static struct answer *txt_answer(const struct ares_txt_ext *first, double seconds)
{
	size_t count = 0, bytes = 0;
	async_txt *list;
	char *text;

	for (const struct ares_txt_ext *txt = first; txt; txt = txt->next) {
		count += txt->record_start != 0;
		bytes += txt->length + (txt->record_start ? sizeof *list + 1 : 0);
	}
	list = malloc(bytes);
	if (!list)
		return NULL;
	text = (char *)(list + count);
	count = 0;
	for (const struct ares_txt_ext *txt = first; txt; txt = txt->next) {
		if (txt->record_start)
			list[count++] = (async_txt){ text, 0 };
		memcpy(text, txt->txt, txt->length);
		list[count - 1].size += txt->length;
		text += txt->length;
		if (!txt->next || txt->next->record_start)
			*text++ = '\0';
	}
	return answer_new(list, count, seconds);
}

static struct answer *pointer_answer(const unsigned char *data, int size, double seconds,
				     int *status)
{
	static const unsigned char nowhere[4];
	struct hostent *host = NULL;
	char *name;

	*status = ares_parse_ptr_reply(data, size, nowhere, sizeof nowhere, AF_INET, &host);
	if (*status != ARES_SUCCESS)
		return NULL;
	name = strdup(host->h_name);
	ares_free_hostent(host);
	return name ? answer_new(name, 1, seconds) : NULL;
}

static struct answer *parse(enum question question, const unsigned char *data, int size,
			    int *status)
{
	double seconds = limited(reply_seconds(data, (size_t)size));
	struct ares_srv_reply *srv = NULL;
	struct ares_txt_ext *txt = NULL;
	struct answer *answer = NULL;

	if (question == ASK_POINTER)
		return pointer_answer(data, size, seconds, status);
	if (question == ASK_SRV) {
		*status = ares_parse_srv_reply(data, size, &srv);
		if (srv)
			answer = srv_answer(srv, seconds);
		else if (*status == ARES_SUCCESS)
			*status = ARES_ENODATA; /* an alias of nothing */
		ares_free_data(srv);
	} else {
		*status = ares_parse_txt_reply_ext(data, size, &txt);
		if (txt)
			answer = txt_answer(txt, seconds);
		else if (*status == ARES_SUCCESS)
			*status = ARES_ENODATA;
		ares_free_data(txt);
	}
	return answer;
}

static double negative_seconds(const unsigned char *data, int size)
{
	int64_t seconds = data ? reply_seconds(data, (size_t)size) : -1;

	return seconds < 0 || seconds > CACHE_SECONDS_NEGATIVE ? CACHE_SECONDS_NEGATIVE :
								 (double)seconds;
}

static void record_comes(void *arg, int status, int timeouts, unsigned char *data, int size)
{
	struct query *query = arg;
	struct answer *answer = NULL;

	(void)timeouts;
	if (status == ARES_SUCCESS)
		answer = parse(query->entry->question, data, size, &status);
	if (status != ARES_SUCCESS)
		answer = failed(query, status, negative_seconds(data, size));
	query_end(query, answer);
}

/* The name under which an address has a pointer: "4.3.2.1.in-addr.arpa". */
static bool pointer_name(const char *text, char *name, size_t size)
{
	async_address address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address.address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&address.address;
	const unsigned char *bytes;

	if (!host_number(text, &address))
		return false;
	if (address.address.ss_family == AF_INET) {
		bytes = (const unsigned char *)&in->sin_addr;
		snprintf(name, size, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1],
			 bytes[0]);
		return true;
	}
	bytes = in6->sin6_addr.s6_addr;
	for (int i = 15; i >= 0; i--)
		name += sprintf(name, "%x.%x.", bytes[i] & 15u, bytes[i] >> 4);
	strcpy(name, "ip6.arpa");
	return true;
}

void dns_ask(struct dns *dns, struct entry *entry)
{
	struct ares_addrinfo_hints hints = { .ai_family = entry->family,
					     .ai_socktype = SOCK_STREAM };
	struct query *query = malloc(sizeof *query);
	char name[80];

	if (!query) {
		flight_done(entry, NULL);
		return;
	}
	*query = (struct query){ dns, entry, dns->refusals };
	dns->socket_error = 0;
	if (entry->question == ASK_ADDRESSES)
		ares_getaddrinfo(dns->channel, entry->name, NULL, &hints, addresses_come, query);
	else if (entry->question == ASK_SRV)
		ares_query(dns->channel, entry->name, ns_c_in, ns_t_srv, record_comes, query);
	else if (entry->question == ASK_TXT)
		ares_query(dns->channel, entry->name, ns_c_in, ns_t_txt, record_comes, query);
	else if (pointer_name(entry->name, name, sizeof name))
		ares_query(dns->channel, name, ns_c_in, ns_t_ptr, record_comes, query);
	else
		query_end(query, answer_failed(-EINVAL, 0, "that is no address"));
}
