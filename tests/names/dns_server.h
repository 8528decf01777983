/* SPDX-License-Identifier: MIT */
/*
 * A DNS server for the tests, as a task of the loop under test: UDP and TCP on one port of the
 * loopback. The first label of the name asked for says what it does: answer, lie, wait, be silent.
 */
#ifndef TESTS_NAMES_DNS_SERVER_H
#define TESTS_NAMES_DNS_SERVER_H

#include <await.h>
#include <await/names.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"

enum {
	TYPE_A = 1,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	MESSAGE_BYTES = 4096,
	UDP_BYTES = 1200,
	BIG_ANSWER = 100, /* addresses of "big": more than UDP takes */
};

struct dns_server {
	int udp, tcp;
	unsigned udp_queries, tcp_queries;
	char address[80]; /* for async_names_options.servers */
	double slow_seconds;
};

struct dns_message {
	struct dns_server *server;
	struct sockaddr_storage from;
	socklen_t from_length;
	size_t query_size, size, question_end;
	unsigned answers, authorities;
	unsigned char query[MESSAGE_BYTES], data[MESSAGE_BYTES];
};

static inline void put(struct dns_message *m, const void *data, size_t size)
{
	CHECK(m->size + size <= sizeof m->data);
	memcpy(m->data + m->size, data, size);
	m->size += size;
}

static inline void put16(struct dns_message *m, unsigned n)
{
	put(m, (unsigned char[]){ (unsigned char)(n >> 8), (unsigned char)n }, 2);
}

static inline void put_name(struct dns_message *m, const char *name)
{
	while (*name) {
		size_t label = strcspn(name, ".");

		put(m, &(unsigned char){ (unsigned char)label }, 1);
		put(m, name, label);
		name += label + (name[label] == '.');
	}
	put(m, "", 1);
}

/* A record's head; its data follow, put by the caller. The owner is the name asked for. */
static inline void put_record(struct dns_message *m, unsigned type, unsigned ttl, unsigned bytes)
{
	put16(m, 0xc00c);
	put16(m, type);
	put16(m, 1);
	put16(m, ttl >> 16);
	put16(m, ttl & 0xffff);
	put16(m, bytes);
	m->answers++;
}

static inline void put_address(struct dns_message *m, unsigned type, unsigned ttl, unsigned last)
{
	unsigned char v6[16] = { 0xfd, 0 };
	unsigned char v4[4] = { 10, (unsigned char)(last >> 16), (unsigned char)(last >> 8),
				(unsigned char)last };

	v6[15] = (unsigned char)last;
	put_record(m, type, ttl, type == TYPE_A ? 4 : 16);
	put(m, type == TYPE_A ? v4 : v6, type == TYPE_A ? 4 : 16);
}

static inline void put_soa(struct dns_message *m, unsigned minimum)
{
	put_record(m, TYPE_SOA, 60, 1 + 1 + 20);
	m->answers--;
	m->authorities++;
	put(m, "\0\0", 2);
	for (int i = 0; i < 4; i++)
		put(m, "\0\0\0\1", 4);
	put16(m, 0);
	put16(m, minimum);
}

/* "alias": a CNAME to target.test, and its address. */
static inline void put_alias(struct dns_message *m, unsigned type)
{
	unsigned target;

	put_record(m, TYPE_CNAME, 7, 13);
	target = (unsigned)m->size;
	put_name(m, "target.test");
	put_address(m, type, 60, 9);
	/* The address belongs to the target. */
	m->data[target + 13] = (unsigned char)(0xc0 | target >> 8);
	m->data[target + 14] = (unsigned char)target;
}

static inline void put_srv(struct dns_message *m, unsigned priority, unsigned weight, unsigned port,
			   const char *host)
{
	put_record(m, TYPE_SRV, 60, (unsigned)(6 + strlen(host) + 2));
	put16(m, priority);
	put16(m, weight);
	put16(m, port);
	put_name(m, host);
}

static inline void put_other(struct dns_message *m, unsigned type)
{
	if (type == TYPE_SRV) {
		put_srv(m, 20, 0, 5003, "c.test");
		put_srv(m, 10, 5, 5001, "a.test");
		put_srv(m, 10, 5, 5002, "b.test");
	} else if (type == TYPE_TXT) {
		put_record(m, TYPE_TXT, 60, 12);
		put(m, "\5hello\5 wide", 12);
		put_record(m, TYPE_TXT, 60, 1);
		put(m, "\0", 1);
	} else if (type == TYPE_PTR) {
		put_record(m, TYPE_PTR, 60, 15);
		put_name(m, "pointed.test.");
		put(m, "", 1);
	}
}

/* The first label and the type of the question; false for what is no query. */
static inline bool read_question(struct dns_message *m, char *label, unsigned *type)
{
	size_t at = 12;

	if (m->query_size < 17)
		return false;
	snprintf(label, 64, "%.*s", m->query[12], (char *)m->query + 13);
	while (at < m->query_size && m->query[at])
		at += m->query[at] + 1u;
	m->question_end = at + 5;
	if (m->question_end > m->query_size)
		return false;
	*type = (unsigned)(m->query[at + 1] << 8 | m->query[at + 2]);
	return true;
}

static inline unsigned rcode_of(const char *label)
{
	return !strncmp(label, "nx", 2)	      ? 3 :
	       !strncmp(label, "servfail", 8) ? 2 :
	       !strncmp(label, "refused", 7)  ? 5 :
						0;
}

static inline void answer_addresses(struct dns_message *m, const char *label, unsigned type)
{
	unsigned ttl = 60;

	if (!strncmp(label, "ttl", 3))
		ttl = (unsigned)atoi(label + 3);
	if (!strncmp(label, "none", 4))
		return;
	if (!strcmp(label, "alias"))
		put_alias(m, type);
	else if (!strcmp(label, "big"))
		for (unsigned i = 0; i < BIG_ANSWER && type == TYPE_A; i++)
			put_address(m, type, ttl, i + 1);
	else if (!strncmp(label, "n", 1) && label[1] >= '0' && label[1] <= '9')
		put_address(m, type, ttl, type == TYPE_A ? (unsigned)atoi(label + 1) : 1);
	else if (!(type == TYPE_AAAA && !strncmp(label, "four", 4)) &&
		 !(type == TYPE_A && !strncmp(label, "six", 3)))
		put_address(m, type, ttl, 1);
}

/* False: no answer at all. */
static inline bool make_answer(struct dns_message *m, bool over_tcp)
{
	unsigned type = 0, rcode;
	char label[64];

	if (!read_question(m, label, &type) || !strncmp(label, "silent", 6))
		return false;
	rcode = rcode_of(label);
	put(m, m->query, m->question_end);
	if (!strncmp(label, "garbage", 7)) {
		for (int i = 0; i < 50; i++)
			put16(m, 0xc0ff);
		m->answers = 77;
	} else if (rcode == 3) {
		put_soa(m, 2);
	} else if (!rcode && (type == TYPE_A || type == TYPE_AAAA)) {
		answer_addresses(m, label, type);
	} else if (!rcode && strncmp(label, "none", 4)) {
		put_other(m, type);
	}
	m->data[2] = 0x84 | (m->query[2] & 1);
	m->data[3] = (unsigned char)(0x80 | rcode);
	memset(m->data + 6, 0, 6);
	m->data[7] = (unsigned char)m->answers;
	m->data[9] = (unsigned char)m->authorities;
	if (!over_tcp && m->size > UDP_BYTES) {
		m->data[2] |= 2; /* truncated: ask again by TCP */
		m->data[7] = 0;
		m->size = m->question_end;
	}
	if (!strncmp(label, "slow", 4))
		await_sleep(m->server->slow_seconds);
	return true;
}

static inline int answer_udp(void *arg)
{
	struct dns_message *m = arg;

	/* Directly, since many answer by one socket and only one task may wait to write. */
	if (make_answer(m, false))
		sendto(m->server->udp, m->data, m->size, MSG_DONTWAIT, (struct sockaddr *)&m->from,
		       m->from_length);
	free(m);
	return 0;
}

static inline struct dns_message *message_new(struct dns_server *server)
{
	struct dns_message *m = malloc(sizeof *m);

	CHECK(m != NULL);
	memset(m, 0, offsetof(struct dns_message, query));
	m->server = server;
	m->from_length = sizeof m->from;
	return m;
}

/* By the batch: it must not be the server that is slow when a thousand names come at once. */
static inline int serve_udp(void *arg)
{
	enum { AT_ONCE = 16 };
	AWAIT_GROUP(group, ASYNC_ISOLATED);
	struct dns_server *server = arg;
	async_packet packets[AT_ONCE];
	ssize_t n = 0;

	while (n >= 0) {
		struct dns_message *messages[AT_ONCE];

		for (int i = 0; i < AT_ONCE; i++) {
			messages[i] = message_new(server);
			packets[i] =
				(async_packet){ .data = messages[i]->query, .room = MESSAGE_BYTES };
		}
		n = await_recvmmsg(server->udp, packets, AT_ONCE);
		for (int i = 0; i < AT_ONCE; i++) {
			struct dns_message *m = messages[i];

			if (i < n) {
				server->udp_queries++;
				m->query_size = packets[i].size;
				m->from = packets[i].address;
				m->from_length = packets[i].length;
			}
			if (i >= n || async_spawn(&group, answer_udp, m))
				free(m);
		}
	}
	async_group_cancel(&group);
	return 0;
}

static inline int serve_tcp(void *arg)
{
	struct dns_server *server = arg;
	int client;

	while ((client = await_accept(server->tcp)) >= 0) {
		struct dns_message *m = message_new(server);
		unsigned char length[2];

		if (await_recv(client, length, 2) == 2) {
			ssize_t n = await_recv(client, m->query, sizeof m->query);

			server->tcp_queries++;
			m->query_size = n > 0 ? (size_t)n : 0;
			if (make_answer(m, true)) {
				length[0] = (unsigned char)(m->size >> 8);
				length[1] = (unsigned char)m->size;
				await_sendall(client, length, 2);
				await_sendall(client, m->data, m->size);
			}
		}
		free(m);
		async_close(client);
	}
	return 0;
}

/* Start the server in a group, and make it the one that this loop asks. */
static inline void dns_server_start(struct dns_server *server, async_group *group,
				    async_names_options *options)
{
	int bytes = 1 << 20;

	*server = (struct dns_server){ .slow_seconds = 0.1 };
	/* The same port for both: what is free for UDP may be in use by another test's TCP. */
	for (int tries = 0; tries < 50 && server->tcp <= 0; tries++) {
		if (tries)
			async_close(server->udp);
		server->udp = await_udp_bind("127.0.0.1:0");
		CHECK(server->udp >= 0);
		snprintf(server->address, sizeof server->address, "%s",
			 async_sockname(server->udp));
		server->tcp = await_tcp_listen(server->address);
	}
	CHECK(server->tcp >= 0);
	async_setsockopt(server->udp, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	CHECK_INT(async_spawn(group, serve_udp, server), 0);
	CHECK_INT(async_spawn(group, serve_tcp, server), 0);
	options->servers = server->address;
	if (!options->hosts_path)
		options->hosts_path = "/dev/null";
	if (!options->resolv_conf_path)
		options->resolv_conf_path = "/dev/null";
	if (options->use == ASYNC_NAMES_AUTO && !options->nsswitch_path)
		options->use = ASYNC_NAMES_DNS;
	CHECK_INT(async_names_set(options), 0);
}

static inline void dns_server_stop(struct dns_server *server, async_group *group)
{
	async_group_cancel(group);
	await_group(group);
	async_close(server->udp);
	async_close(server->tcp);
}

/* The addresses of a list as text: "10.0.0.1:80 [fd00::1]:80". */
static inline const char *list_text(const async_addresses *addresses)
{
	static char text[1000];
	char one[128];

	*text = '\0';
	for (size_t i = 0; i < addresses->count && strlen(text) < sizeof text - 150; i++)
		sprintf(text + strlen(text), "%s%s", i ? " " : "",
			async_address_format((struct sockaddr *)&addresses->list[i].address,
					     addresses->list[i].length, one, sizeof one));
	return text;
}

#endif
