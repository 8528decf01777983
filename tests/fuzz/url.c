/* SPDX-License-Identifier: MIT */
/*
 * URLs: what is accepted means itself when it is read again, holds together, and is what a look at
 * its parts says. A second text is resolved against it, and queries are taken apart and put
 * together.
 */
#include <arpa/inet.h>
#include <await.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const async_url *a, const async_url *b)
{
	return a->size == b->size && !strcmp(a->href, b->href) && a->port == b->port &&
	       a->scheme == b->scheme && a->host_kind == b->host_kind &&
	       a->username_end_ == b->username_end_ && a->host_ == b->host_ &&
	       a->host_end_ == b->host_end_ && a->path_ == b->path_ && a->query_ == b->query_ &&
	       a->fragment_ == b->fragment_;
}

/* The system's reader of addresses takes a host for what we wrote. */
static void check_address(const async_url *url)
{
	char *host = async_url_part_copy(async_url_host_bare(url));
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;
	struct in_addr in;

	if (url->host_kind == ASYNC_HOST_IPV4) {
		must(inet_pton(AF_INET, host, &in) == 1);
		must(!strcmp(inet_ntop(AF_INET, &in, text, sizeof text), host));
	} else if (url->host_kind == ASYNC_HOST_IPV6) {
		must(inet_pton(AF_INET6, host, &in6) == 1);
		inet_ntop(AF_INET6, &in6, text, sizeof text);
		/* glibc writes some with a dotted end. */
		must(strchr(text, '.') || !strcmp(text, host));
	} else {
		must(inet_pton(AF_INET, host, &in) != 1);
		must(!strpbrk(host, " #/:<>?@[\\]^|%"));
	}
	free(host);
}

static void check(const async_url *url)
{
	async_url again, empty;

	must(strlen(url->href) == url->size);
	for (size_t i = 0; i < url->size; i++)
		must(url->href[i] > ' ' && url->href[i] <= '~');
	must(url->href[url->path_] == '/' && url->host_ < url->host_end_);
	must(url->query_ == url->fragment_ || url->href[url->query_] == '?');
	must(url->fragment_ == url->size || url->href[url->fragment_] == '#');
	check_address(url);
	must(!async_url_parse(url->href, NULL, &again));
	must(same(url, &again));
	must(!async_url_join(&again, url->href));
	must(same(url, &again));
	/* "" keeps all but the fragment, and so does the target, which is a path. */
	must(!async_url_parse("", url, &empty));
	must(async_url_equal(url, &empty, true));
	async_url_free(&empty);
	async_url_free(&again);
}

static void change(async_url *url, const char *text)
{
	async_url_part query;
	async_query_reader reader;
	async_query_pair pair;
	async_url moved;
	bool found = false;

	if (async_url_append_query(url, text) || async_url_add_query(url, text, "v"))
		return;
	check(url);
	query = async_url_query(url);
	must(!async_query_read(&reader, query.data, query.size));
	while (async_query_next(&reader, &pair))
		found = !strcmp(pair.name, text) && !strcmp(pair.value, "v");
	must(found);
	async_query_end(&reader);
	/* A text without a fragment keeps the one there is. */
	must(!async_url_copy(url, &moved));
	if (!async_url_redirect(&moved, text)) {
		check(&moved);
		must(!async_url_fragment(url).data || async_url_fragment(&moved).data);
	}
	async_url_free(&moved);
	if (async_url_set_query(url, text) || async_url_set_fragment(url, text))
		return;
	check(url);
	async_url_remove_credentials(url);
	check(url);
	must(!async_url_username(url).data);
	async_url_remove_fragment(url);
	check(url);
}

/* The text up to the first line feed is the base, the rest is relative to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *feed = memchr(data, '\n', size);
	size_t base_size = feed ? (size_t)(feed - data) : size;
	async_url base, url;
	async_url_options options = { 0 };
	char *text;

	if (async_url_parse_bytes((const char *)data, base_size, NULL, &base))
		return 0;
	check(&base);
	options.base = &base;
	if (feed &&
	    !async_url_parse_bytes((const char *)feed + 1, size - base_size - 1, &options, &url)) {
		check(&url);
		async_url_free(&url);
	}
	text = async_percent_encode((const char *)data, size, ASYNC_PERCENT_COMPONENT);
	must(async_percent_decode(text, text, strlen(text)) == size && !memcmp(text, data, size));
	text[size] = '\0';
	change(&base, text);
	free(text);
	async_url_free(&base);
	return 0;
}
