/* SPDX-License-Identifier: MIT */
/* Questions asked and their answers: who asks the same waits for the same flight, and what came of
 * it is kept for as long as it may be. names.h has the idea. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "names/names.h"

enum { BUCKETS = 1024 };

int cache_init(struct names *names)
{
	names->bucket_count = BUCKETS;
	names->buckets = calloc(names->bucket_count, sizeof *names->buckets);
	return names->buckets ? 0 : -ENOMEM;
}

/* FNV-1a over the name in lower case, as DNS compares. */
static uint32_t hash_of(enum question question, int family, const char *name)
{
	uint32_t hash = 2166136261u ^ (uint32_t)question ^ (uint32_t)family << 8;

	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
	}
	return hash;
}

static struct entry **bucket_of(const struct names *names, uint32_t hash)
{
	return &names->buckets[hash & (names->bucket_count - 1)];
}

static void entry_free(struct entry *entry)
{
	async_future_drop(&entry->done);
	answer_release(entry->answer);
	free(entry);
}

/* Out of the cache; those who still read it free it as they leave. */
static void unlist(struct entry *entry)
{
	struct entry **at = bucket_of(entry->names, entry->hash);

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	list_remove(&entry->names->entries, &entry->link);
	entry->names->entry_count--;
	entry->listed = false;
	if (!entry->askers)
		entry_free(entry);
}

void cache_term(struct names *names)
{
	while (names->entries.first)
		unlist(container_of(names->entries.first, struct entry, link));
	free(names->buckets);
	names->buckets = NULL;
}

/* Make room: the answers asked for longest ago go. What flies stays, whatever the limit. */
static void shrink(struct names *names)
{
	list_for_each (&names->entries, link, following) {
		struct entry *entry = container_of(link, struct entry, link);

		if (names->entry_count <= names->entry_limit)
			return;
		if (entry->answer)
			unlist(entry);
	}
}

static struct entry *find(struct names *names, enum question question, int family, const char *name,
			  uint32_t hash)
{
	struct entry *entry = *bucket_of(names, hash);

	while (entry && (entry->hash != hash || entry->question != question ||
			 entry->family != family || strcasecmp(entry->name, name)))
		entry = entry->next;
	if (!entry)
		return NULL;
	if (entry->answer && entry->expires <= async_now()) {
		unlist(entry);
		return NULL;
	}
	list_remove(&names->entries, &entry->link);
	list_append(&names->entries, &entry->link);
	return entry;
}

static const struct engine *engine_for(const struct names *names, const struct entry *entry)
{
	char own[256];

	if (names->sim)
		return &sim_engine;
	if (entry->question == ASK_SRV || entry->question == ASK_TXT)
		return &dns_engine;
	if (names->all_system)
		return &system_engine;
	if (names->local_mdns && entry->question == ASK_ADDRESSES &&
	    name_ends(entry->name, ".local"))
		return &system_engine;
	if (names->own_name && entry->question == ASK_ADDRESSES &&
	    ((!gethostname(own, sizeof own) && !strcasecmp(own, entry->name)) ||
	     !strcasecmp(entry->name, "_gateway") || !strcasecmp(entry->name, "_outbound")))
		return &system_engine;
	return &dns_engine;
}

/* A few a turn: a query is two system calls and more, and others have something to do as well. */
static void start_some(void *arg)
{
	struct names *names = arg;

	for (int i = 0; i < STARTS_PER_TURN && names->queue.first; i++) {
		struct entry *entry = container_of(list_pop(&names->queue), struct entry, queued);

		engine_for(names, entry)->start(names, entry);
	}
	if (names->queue.first)
		async_call_soon(&names->starter, start_some, names);
}

static struct entry *entry_new(struct names *names, enum question question, int family,
			       const char *name, uint32_t hash)
{
	size_t size = strlen(name) + 1;
	struct entry *entry = calloc(1, sizeof *entry + size);

	if (!entry)
		return NULL;
	entry->names = names;
	entry->question = question;
	entry->family = family;
	entry->hash = hash;
	entry->listed = true;
	memcpy(entry->name, name, size);
	entry->next = *bucket_of(names, hash);
	*bucket_of(names, hash) = entry;
	list_append(&names->entries, &entry->link);
	names->entry_count++;
	names->flying++;
	list_append(&names->queue, &entry->queued);
	async_call_soon(&names->starter, start_some, names);
	shrink(names);
	return entry;
}

/* NULL as the answer: there was no memory for it. */
void flight_done(struct entry *entry, struct answer *answer)
{
	static struct answer no_memory = { .references = 1, .error = -ENOMEM, .reason = "asking" };
	struct names *names = entry->names;

	entry->answer = answer ? answer : answer_take(&no_memory);
	entry->expires = async_now() + entry->answer->seconds;
	names->flying--;
	async_future_set(&entry->done, NULL);
	if (!entry->answer->seconds)
		unlist(entry);
	else
		shrink(names);
}

static void leave(struct entry *entry)
{
	if (!--entry->askers && !entry->listed)
		entry_free(entry);
}

int await_answer(struct names *names, enum question question, int family, const char *name,
		 struct answer **answer)
{
	uint32_t hash = hash_of(question, family, name);
	struct entry *entry = find(names, question, family, name, hash);
	int error;

	names->stats.asked++;
	if (entry && entry->answer)
		names->stats.cached++;
	else if (entry)
		names->stats.shared++;
	else
		entry = entry_new(names, question, family, name, hash);
	if (!entry)
		return async_fail(-ENOMEM, "no memory to look up %.100s", name);
	entry->askers++;
	error = entry->answer ? 0 : await_future(&entry->done, NULL);
	if (!error)
		*answer = answer_take(entry->answer);
	leave(entry);
	return error;
}
