/* SPDX-License-Identifier: MIT */
/* Where a jar's cookies lie: a table of domains, the order in which they came and were used, and a
 * heap of those that expire. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "client/jar.h"
#include "http/bytes.h"

enum { BUCKETS_FIRST = 16, HEAP_FIRST = 16 };

/* ---- The heap: what expires next is the first. ---- */

static void heap_place(struct jar_heap *heap, size_t place, struct jar_cookie *cookie)
{
	heap->list[place - 1] = cookie;
	cookie->heap_place = place;
}

/* Put it at `place`, which is free, or further up or down. */
static void heap_sift(struct jar_heap *heap, size_t place, struct jar_cookie *cookie)
{
	while (place > 1 && heap->list[place / 2 - 1]->expires > cookie->expires) {
		heap_place(heap, place, heap->list[place / 2 - 1]);
		place /= 2;
	}
	for (;;) {
		size_t child = 2 * place;

		if (child < heap->count &&
		    heap->list[child]->expires < heap->list[child - 1]->expires)
			child++;
		if (child > heap->count || heap->list[child - 1]->expires >= cookie->expires)
			break;
		heap_place(heap, place, heap->list[child - 1]);
		place = child;
	}
	heap_place(heap, place, cookie);
}

static int heap_reserve(struct jar_heap *heap)
{
	size_t capacity = heap->capacity ? 2 * heap->capacity : HEAP_FIRST;
	struct jar_cookie **list;

	if (heap->count < heap->capacity)
		return 0;
	list = realloc(heap->list, capacity * sizeof *list);
	if (!list)
		return -ENOMEM;
	heap->list = list;
	heap->capacity = capacity;
	return 0;
}

static void heap_remove(struct jar_heap *heap, struct jar_cookie *cookie)
{
	size_t place = cookie->heap_place;
	struct jar_cookie *last;

	if (!place)
		return;
	cookie->heap_place = 0;
	last = heap->list[--heap->count];
	if (last != cookie)
		heap_sift(heap, place, last);
}

/* There is room for one more. */
static void heap_set(struct jar_heap *heap, struct jar_cookie *cookie, double expires)
{
	heap_remove(heap, cookie);
	cookie->expires = expires;
	if (expires < INFINITY)
		heap_sift(heap, ++heap->count, cookie);
}

/* ---- Domains ---- */

/* By a hash that anybody can make collide: the jar's limits bound what that costs. */
struct jar_domain *jar_domain_find(const struct async_cookie_jar *jar, const char *name,
				   size_t size)
{
	uint32_t hash = bytes_hash(name, size);
	struct jar_domain *domain =
		jar->bucket_count ? jar->buckets[hash & (jar->bucket_count - 1)] : NULL;

	while (domain && (domain->hash != hash || domain->size != size ||
			  memcmp(domain->name, name, size) != 0))
		domain = domain->next;
	return domain;
}

static int domains_reserve(struct async_cookie_jar *jar)
{
	size_t count = jar->bucket_count ? 2 * jar->bucket_count : BUCKETS_FIRST;
	struct jar_domain **buckets;

	if (jar->domain_count < jar->bucket_count)
		return 0;
	buckets = calloc(count, sizeof(struct jar_domain *));
	if (!buckets)
		return -ENOMEM;
	for (size_t i = 0; i < jar->bucket_count; i++) {
		struct jar_domain *domain, *next;

		for (domain = jar->buckets[i]; domain; domain = next) {
			struct jar_domain **bucket = &buckets[domain->hash & (count - 1)];

			next = domain->next;
			domain->next = *bucket;
			*bucket = domain;
		}
	}
	free(jar->buckets);
	jar->buckets = buckets;
	jar->bucket_count = count;
	return 0;
}

static struct jar_domain *domain_take(struct async_cookie_jar *jar, const char *name, size_t size)
{
	struct jar_domain *domain = jar_domain_find(jar, name, size), **bucket;

	if (domain || domains_reserve(jar))
		return domain;
	domain = calloc(1, sizeof *domain + size + 1);
	if (!domain)
		return NULL;
	domain->hash = bytes_hash(name, size);
	domain->size = (uint32_t)size;
	memcpy(domain->name, name, size);
	bucket = &jar->buckets[domain->hash & (jar->bucket_count - 1)];
	domain->next = *bucket;
	*bucket = domain;
	jar->domain_count++;
	return domain;
}

/* Free it when it has no cookies. */
static void domain_drop(struct async_cookie_jar *jar, struct jar_domain *domain)
{
	struct jar_domain **at = &jar->buckets[domain->hash & (jar->bucket_count - 1)];

	if (domain->count)
		return;
	while (*at != domain)
		at = &(*at)->next;
	*at = domain->next;
	jar->domain_count--;
	free(domain);
}

/* ---- Cookies ---- */

void jar_remove(struct async_cookie_jar *jar, struct jar_cookie *cookie)
{
	heap_remove(&jar->heap, cookie);
	list_remove(&cookie->domain->cookies, &cookie->in_domain);
	list_remove(&jar->by_age, &cookie->in_age);
	list_remove(&jar->by_use, &cookie->in_use);
	cookie->domain->count--;
	jar->count--;
	domain_drop(jar, cookie->domain);
	free(cookie->text);
	free(cookie);
}

void jar_used(struct async_cookie_jar *jar, struct jar_cookie *cookie)
{
	list_remove(&jar->by_use, &cookie->in_use);
	list_append(&jar->by_use, &cookie->in_use);
	list_remove(&cookie->domain->cookies, &cookie->in_domain);
	list_append(&cookie->domain->cookies, &cookie->in_domain);
}

void jar_expire(struct async_cookie_jar *jar, double now)
{
	while (jar->heap.count && jar->heap.list[0]->expires <= now)
		jar_remove(jar, jar->heap.list[0]);
}

struct jar_cookie *jar_find(const struct async_cookie_jar *jar, const struct jar_entry *entry)
{
	struct jar_domain *domain = jar_domain_find(jar, entry->domain, entry->domain_size);

	if (!domain)
		return NULL;
	list_for_each (&domain->cookies, link, following) {
		struct jar_cookie *cookie = container_of(link, struct jar_cookie, in_domain);

		if (cookie->host_only == entry->host_only &&
		    cookie->name_size == entry->name_size &&
		    cookie->path_size == entry->path_size &&
		    !memcmp(jar_name(cookie), entry->name, entry->name_size) &&
		    !memcmp(jar_path(cookie), entry->path, entry->path_size))
			return cookie;
	}
	return NULL;
}

/* The one of a domain to go: not Secure before Secure, so that what is set without TLS never drives
 * out what is guarded (RFC 6265bis, 5.7); then the least recently used. */
static struct jar_cookie *spare_of(const struct jar_domain *domain)
{
	list_for_each (&domain->cookies, link, following) {
		struct jar_cookie *cookie = container_of(link, struct jar_cookie, in_domain);

		if (!cookie->secure)
			return cookie;
	}
	return container_of(domain->cookies.first, struct jar_cookie, in_domain);
}

static char *text_of(const struct jar_entry *entry)
{
	char *text = malloc(entry->name_size + entry->value_size + entry->path_size + 3),
	     *at = text;

	if (!text)
		return NULL;
	at = mempcpy(at, entry->name, entry->name_size);
	*at++ = '\0';
	at = mempcpy(at, entry->value, entry->value_size);
	*at++ = '\0';
	at = mempcpy(at, entry->path, entry->path_size);
	*at = '\0';
	return text;
}

/* What may differ between a cookie and the one in whose place it comes. */
static void fill(struct async_cookie_jar *jar, struct jar_cookie *cookie,
		 const struct jar_entry *entry, char *text)
{
	free(cookie->text);
	cookie->text = text;
	cookie->name_size = (uint32_t)entry->name_size;
	cookie->value_size = (uint32_t)entry->value_size;
	cookie->path_size = (uint32_t)entry->path_size;
	cookie->host_only = entry->host_only;
	cookie->secure = entry->secure;
	cookie->http_only = entry->http_only;
	cookie->partitioned = entry->partitioned;
	cookie->same_site = entry->same_site;
	heap_set(&jar->heap, cookie, entry->expires);
}

static struct jar_cookie *cookie_new(struct async_cookie_jar *jar, const struct jar_entry *entry)
{
	struct jar_domain *domain = domain_take(jar, entry->domain, entry->domain_size);
	struct jar_cookie *cookie;

	if (!domain)
		return NULL;
	cookie = calloc(1, sizeof *cookie);
	if (!cookie) {
		domain_drop(jar, domain);
		return NULL;
	}
	cookie->domain = domain;
	cookie->serial = jar->serial++;
	list_append(&domain->cookies, &cookie->in_domain);
	list_append(&jar->by_age, &cookie->in_age);
	list_append(&jar->by_use, &cookie->in_use);
	domain->count++;
	jar->count++;
	return cookie;
}

/* The new one goes itself where all others of its domain are Secure and it is not. */
static void keep_limits(struct async_cookie_jar *jar, struct jar_domain *domain)
{
	if (domain->count > jar->per_domain)
		jar_remove(jar, spare_of(domain));
	if (jar->count > jar->most)
		jar_remove(jar, container_of(jar->by_use.first, struct jar_cookie, in_use));
}

int jar_put(struct async_cookie_jar *jar, const struct jar_entry *entry)
{
	struct jar_cookie *cookie = jar_find(jar, entry);
	char *text = heap_reserve(&jar->heap) ? NULL : text_of(entry);

	if (!text)
		return -ENOMEM;
	if (cookie) {
		fill(jar, cookie, entry, text);
		jar_used(jar, cookie);
		return 0;
	}
	cookie = cookie_new(jar, entry);
	if (!cookie) {
		free(text);
		return -ENOMEM;
	}
	fill(jar, cookie, entry, text);
	keep_limits(jar, cookie->domain);
	return 0;
}
