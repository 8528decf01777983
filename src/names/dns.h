/* SPDX-License-Identifier: MIT */
/* c-ares: the channel and its sockets (dns.c), questions and answers (query.c). */
#ifndef NAMES_DNS_H
#define NAMES_DNS_H

#include <ares.h>
#include "names/names.h"

struct dns {
	struct names *names;
	ares_channel channel;
	struct dns_socket *sockets;
	async_handle timer, settle;
	bool settling;	   /* the timer will be set this turn */
	int reads_left;	   /* of this turn */
	int socket_error;  /* why the last one could not be made */
	uint64_t refusals; /* answers of servers that could not */
};

/* Ask; flight_done is called, now or later. */
void dns_ask(struct dns *dns, struct entry *entry);

#endif
