/* SPDX-License-Identifier: MIT */
/*
 * The resolver of one loop. A question that the hosts file cannot answer becomes an entry of the
 * cache. Its first asker makes it a flight: it is handed to an engine (DNS, the system, the
 * simulation), which answers once. Everyone who asks meanwhile waits for the same entry. A flight
 * belongs to the cache and not to its askers, so a cancelled asker just leaves; the answer is kept
 * for others.
 *
 * Only public calls of the core are used here: async_watch, async_call_later, async_future. It is
 * the proof that a foreign library can be driven on them.
 */
#ifndef NAMES_NAMES_H
#define NAMES_NAMES_H

#include <await.h>
#include <await/names.h>
#include "base/list.h"
#include "names/hosts.h"

enum question {
	ASK_ADDRESSES, /* async_address[] without ports */
	ASK_SRV,       /* async_srv[] */
	ASK_TXT,       /* async_txt[] */
	ASK_POINTER,   /* char[]: a name; the question is an address as the system's text */
};

enum {
	CACHE_ENTRIES = 1024,	   /* option cache_entries */
	CACHE_SECONDS_MAX = 86400, /* RFC 8767 4: nothing is believed for longer than a day */
	CACHE_SECONDS_NEGATIVE = 5,
	STARTS_PER_TURN = 8, /* flights begun between two looks at the kernel: others have turns */
	REASON_BYTES = 160,
};

/* What came of a question: counted, since those who asked share it, and never changed. */
struct answer {
	unsigned references; /* atomic: a result may be freed on another thread */
	int error;	     /* negative errno, or 0 */
	double seconds;	     /* how long it may be kept; 0: not at all */
	size_t count;
	char reason[REASON_BYTES]; /* of a failure, in words */
	void *items;		   /* of the type that belongs to the question, in one block */
};

struct entry {
	struct async_link_ link; /* names->entries: least recently asked first */
	struct entry *next;	 /* in its bucket */
	struct async_link_ queued;
	struct names *names;
	struct answer *answer; /* NULL while it flies */
	double expires;
	async_future done;
	unsigned askers; /* who wait or read; the entry outlives them */
	bool listed;	 /* in the cache */
	enum question question;
	int family;
	uint32_t hash;
	void *flight; /* the engine's */
	char name[];
};

/* Who answers. start() calls flight_done once, now or later; a failure to begin is an answer too. */
struct engine {
	void (*start)(struct names *names, struct entry *entry);
	void (*free)(struct names *names); /* answers all that fly with -ECANCELED */
};

struct names {
	async_names_options options; /* texts are copies */
	double timeout;
	struct hosts hosts;
	struct entry **buckets;
	uint32_t bucket_count; /* a power of two */
	struct async_waiters_ entries, queue;
	size_t entry_count, entry_limit, flying;
	async_handle starter;
	async_names_stats stats;
	bool sim;
	/* What nsswitch.conf says. */
	bool all_system;   /* everything goes to the system */
	bool local_mdns;   /* what ends in .local does */
	bool own_name;	   /* this machine's own name does */
	struct dns *dns;   /* made when first needed */
	struct jobs *jobs; /* of the system */
};

/* names.c: of this loop, made when first needed; NULL: no memory. */
struct names *names_of_loop(void);
const char *hosts_path(const struct names *names);
/* Take the settings into force: reads nsswitch.conf. */
int names_configure(struct names *names, const async_names_options *options);

/* cache.c */
int cache_init(struct names *names);
void cache_term(struct names *names);
/* Ask, and wait. 0 and *answer (to be released), which may hold a failure; or a cancel, -ENOMEM. */
int await_answer(struct names *names, enum question question, int family, const char *name,
		 struct answer **answer);
void flight_done(struct entry *entry, struct answer *answer);

/* answer.c: NULL answers mean that there was no memory. */
struct answer *answer_new(void *items, size_t count, double seconds);
struct answer *answer_failed(int error, double seconds, const char *format, ...)
	ASYNC_PRINTF_(3, 4);
struct answer *answer_take(struct answer *answer);
void answer_release(struct answer *answer);
/* Report a failed answer about `name`. */
int answer_fail(const struct answer *answer, const char *name);
/* A host name that may be asked for: 0; -EINVAL with a text. */
int name_check(const char *name);
bool name_ends(const char *name, const char *suffix);

extern const struct engine dns_engine, system_engine, sim_engine;

#endif
