/* SPDX-License-Identifier: MIT */
/* A jar's life, looking at all that is in it, and clearing it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "client/jar.h"
#include "http/clock.h"

const char *const jar_same_sites[JAR_SAME_SITES] = { NULL, "Strict", "Lax", "None" };

static int take_origins(struct async_cookie_jar *jar, const char *const *origins)
{
	size_t count = 0;

	while (origins[count])
		count++;
	jar->secure_origins = calloc(count ? count : 1, sizeof *jar->secure_origins);
	if (!jar->secure_origins)
		return async_fail(-ENOMEM, "no memory for the secure origins of a cookie jar");
	for (; jar->secure_count < count; jar->secure_count++) {
		int error = async_url_parse(origins[jar->secure_count], NULL,
					    &jar->secure_origins[jar->secure_count]);

		if (error)
			return error;
	}
	return 0;
}

async_cookie_jar *async_cookie_jar_new(const async_cookie_jar_options *options)
{
	static const async_cookie_jar_options none;
	async_cookie_jar *jar = calloc(1, sizeof *jar);

	if (!jar) {
		async_fail(-ENOMEM, "no memory for a cookie jar");
		return NULL;
	}
	options = options ? options : &none;
	jar->addresses = options->addresses;
	jar->per_domain = options->per_domain ? options->per_domain : JAR_PER_DOMAIN;
	jar->most = options->cookies ? options->cookies : JAR_COOKIES;
	jar->file_bytes = options->file_bytes ? options->file_bytes : JAR_FILE_BYTES;
	if (options->secure_origins && take_origins(jar, options->secure_origins)) {
		async_cookie_jar_free(jar);
		return NULL;
	}
	return jar;
}

void async_cookie_jar_free(async_cookie_jar *jar)
{
	if (!jar)
		return;
	async_cookie_jar_clear(jar);
	for (size_t i = 0; i < jar->secure_count; i++)
		async_url_free(&jar->secure_origins[i]);
	free(jar->secure_origins);
	free(jar->buckets);
	free(jar->heap.list);
	free(jar);
}

void jar_show(const struct jar_cookie *from, async_jar_cookie *to)
{
	*to = (async_jar_cookie){ .name = jar_name(from),
				  .value = jar_value(from),
				  .domain = from->domain->name,
				  .path = jar_path(from),
				  .expires = from->expires,
				  .host_only = from->host_only,
				  .secure = from->secure,
				  .http_only = from->http_only,
				  .partitioned = from->partitioned,
				  .same_site = jar_same_sites[from->same_site],
				  .at_ = (void *)&from->in_age };
}

bool async_cookie_jar_next(async_cookie_jar *jar, async_jar_cookie *cookie)
{
	struct async_link_ *link = cookie->at_;

	if (!jar)
		return false;
	if (!link)
		jar_expire(jar, http_wall_clock());
	link = link ? link->next : jar->by_age.first;
	if (link)
		jar_show(container_of(link, struct jar_cookie, in_age), cookie);
	return link;
}

size_t async_cookie_jar_count(async_cookie_jar *jar)
{
	if (!jar)
		return 0;
	jar_expire(jar, http_wall_clock());
	return jar->count;
}

void async_cookie_jar_clear(async_cookie_jar *jar)
{
	while (jar && jar->by_age.first)
		jar_remove(jar, container_of(jar->by_age.first, struct jar_cookie, in_age));
}

size_t async_cookie_jar_clear_if(async_cookie_jar *jar,
				 bool (*match)(const async_jar_cookie *cookie, void *arg),
				 void *arg)
{
	size_t before = async_cookie_jar_count(jar);

	if (!before)
		return 0;
	list_for_each (&jar->by_age, link, following) {
		struct jar_cookie *cookie = container_of(link, struct jar_cookie, in_age);
		async_jar_cookie shown;

		jar_show(cookie, &shown);
		if (match(&shown, arg))
			jar_remove(jar, cookie);
	}
	return before - jar->count;
}

static bool is_of_domain(const async_jar_cookie *cookie, void *domain)
{
	return http_cookie_domain_match(cookie->domain, strlen(cookie->domain), domain,
					strlen(domain));
}

size_t async_cookie_jar_clear_domain(async_cookie_jar *jar, const char *domain)
{
	if (!domain)
		return 0;
	return async_cookie_jar_clear_if(jar, is_of_domain,
					 (void *)(uintptr_t)(*domain == '.' ? domain + 1 : domain));
}
