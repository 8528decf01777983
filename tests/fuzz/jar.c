/* SPDX-License-Identifier: MIT */
/*
 * A cookie jar: lines of the input are Set-Cookie fields from one of some URLs, which the first
 * byte of a line names. Limits hold after each, the fields for all URLs are text without control
 * bytes, and a Secure cookie never goes to http.
 */
#include "h1.h"
#include "client/jar.h"

enum { PER_DOMAIN = 3, MOST = 7, URLS = 8 };

static async_url urls[URLS];

static void begin(void)
{
	static const char *const texts[URLS] = {
		"http://a.org/",       "https://a.org/x/y",    "http://www.a.org/x",
		"https://b.a.org/x/y", "http://example.co.uk", "http://127.0.0.1/",
		"http://[::1]/x",      "wss://co.uk/",
	};

	for (int i = 0; i < URLS; i++)
		h1_check(!async_url_parse(texts[i], NULL, &urls[i]));
}

static void check_jar(async_cookie_jar *jar)
{
	async_jar_cookie cookie = { 0 };
	size_t count = 0;

	h1_check(jar->count <= MOST && jar->heap.count <= jar->count);
	for (size_t i = 1; i < jar->heap.count; i++)
		h1_check(jar->heap.list[(i + 1) / 2 - 1]->expires <= jar->heap.list[i]->expires);
	while (async_cookie_jar_next(jar, &cookie)) {
		h1_check(*cookie.path == '/' && *cookie.domain);
		h1_check(cookie.host_only || !jar_is_public_suffix(cookie.domain));
		count++;
	}
	h1_check(count == jar->count);
}

static void check_field(async_cookie_jar *jar, const async_url *url)
{
	char *field;

	h1_check(!async_cookie_jar_field(jar, url, &field));
	for (const char *at = field; at && *at; at++)
		h1_check(byte_is(*at, BYTE_TEXT));
	free(field);
}

static bool is_secure(const async_jar_cookie *cookie, void *arg)
{
	(void)arg;
	return cookie->secure;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	async_cookie_jar_options options = { .addresses = size % 2,
					     .per_domain = PER_DOMAIN,
					     .cookies = MOST };
	async_cookie_jar *jar = async_cookie_jar_new(&options);
	const char *at = (const char *)data, *end = at + size;
	char *before, *after;

	if (!urls[0].href)
		begin();
	while (at < end) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		const async_url *url = &urls[(unsigned char)*at % URLS];
		char *copy;

		next = next ? next : end;
		copy = h1_copy(at + 1, next > at ? (size_t)(next - at - 1) : 0);
		async_cookie_jar_set(jar, url, copy, next > at ? (size_t)(next - at - 1) : 0);
		free(copy);
		check_jar(jar);
		check_field(jar, url);
		at = next + 1;
	}
	h1_check(!async_cookie_jar_field(jar, &urls[0], &before));
	async_cookie_jar_clear_if(jar, is_secure, NULL);
	h1_check(!async_cookie_jar_field(jar, &urls[0], &after));
	h1_check(!before == !after && (!before || !strcmp(before, after)));
	free(before);
	free(after);
	async_cookie_jar_free(jar);
	return 0;
}
