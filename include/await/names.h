/* SPDX-License-Identifier: MIT */
/*
 * Names: settings of the resolver behind await_resolve, and the other questions one asks DNS. In
 * the library await-names, which `pkg-config await` and CMake's await::await bring.
 *
 * A name is looked for in the hosts file, then by DNS (c-ares, on the loop): resolv.conf with its
 * search list and ndots, A and AAAA at once, EDNS, TCP where an answer was cut. Answers are kept
 * per loop as long as their TTL says; tasks that ask for the same at the same time share a query,
 * and a cancelled one does not disturb the others. "localhost" is this machine (RFC 6761). What
 * nsswitch.conf sends elsewhere (mDNS, systemd-resolved, LDAP) goes through getaddrinfo(3) in
 * threads of the resolver's own, at most 4 a process.
 *
 * In simulation names come from a table in memory that async_sim_host fills.
 */
#ifndef AWAIT_NAMES_H
#define AWAIT_NAMES_H

#include <netdb.h>
#include <await/address.h>

ASYNC_BEGIN_DECLS

enum async_names_use {
	ASYNC_NAMES_AUTO,   /* as nsswitch.conf says */
	ASYNC_NAMES_DNS,    /* hosts file and DNS, whatever it says */
	ASYNC_NAMES_SYSTEM, /* getaddrinfo(3) and getnameinfo(3) in threads */
};

/* Zero-filled is the default. */
typedef struct async_names_options {
	const char *servers;	      /* "127.0.0.1:5353,[::1]"; NULL: resolv.conf's */
	const char *hosts_path;	      /* NULL: /etc/hosts */
	const char *resolv_conf_path; /* NULL: /etc/resolv.conf */
	const char *nsswitch_path;    /* NULL: /etc/nsswitch.conf */
	double timeout;		      /* of a first try, in seconds; 0: resolv.conf's, else 5 */
	int tries;		      /* per server; 0: resolv.conf's, else 4 */
	int cache_entries;	      /* 0: 1024; < 0: nothing is kept */
	enum async_names_use use;
} async_names_options;

/* Settings of this loop, from now on; what the cache held is forgotten. Texts are copied; NULL
 * options: the defaults. -EBUSY while a lookup is under way; -EINVAL, -ENOMEM. */
ASYNC_API int async_names_set(const async_names_options *options);

/*
 * From an address to a name and a service, as getnameinfo(3) and with its flags (NI_NUMERICHOST,
 * NI_NUMERICSERV, NI_NAMEREQD, NI_DGRAM, NI_NOFQDN). Without NI_NAMEREQD an address that has no
 * name is given as a number. host and service may be NULL. -ENOBUFS when a text does not fit, else
 * errors as await_resolve.
 */
ASYNC_API int await_nameinfo(const struct sockaddr *address, socklen_t length, char *host,
			     size_t host_size, char *service, size_t service_size, int flags);

/* Where a service is (RFC 2782), in the order in which to try: by priority, and within one drawn by
 * weight for each call. */
typedef struct async_srv {
	const char *host;
	uint16_t port, priority, weight;
} async_srv;
typedef struct async_srv_records {
	async_srv *list;
	size_t count;
	void *owner_;
} async_srv_records;

/* "_xmpp-client._tcp.example.org". The list is the caller's. Errors as await_resolve; -ENOTSUP
 * where the library was built without c-ares. */
ASYNC_API int await_resolve_srv(const char *name, async_srv_records *records);
ASYNC_API void async_srv_records_free(async_srv_records *records);

/* One record; its pieces are joined (RFC 7208 3.3). A zero follows, not counted. */
typedef struct async_txt {
	const char *data;
	size_t size;
} async_txt;
typedef struct async_txt_records {
	async_txt *list;
	size_t count;
	void *owner_;
} async_txt_records;

ASYNC_API int await_resolve_txt(const char *name, async_txt_records *records);
ASYNC_API void async_txt_records_free(async_txt_records *records);

/* What the resolver of this loop did. */
typedef struct async_names_stats {
	uint64_t asked;	  /* lookups that needed more than the hosts file */
	uint64_t cached;  /* of these, answered from the cache */
	uint64_t shared;  /* of these, joined to a query under way */
	uint64_t entries; /* in the cache now */
} async_names_stats;
ASYNC_API async_names_stats async_names_statistics(void);

/* A line of the simulation's hosts table: numeric addresses without a port, "10.0.0.1" or "::1". A
 * name may have several, in the order given; NULL forgets the name. Names not in the table do not
 * exist, "localhost" apart. -ENOTSUP on a real backend; -EINVAL, -ENOMEM. */
ASYNC_API int async_sim_host(const char *name, const char *address);

ASYNC_END_DECLS

#endif
