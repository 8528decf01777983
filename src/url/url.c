/* SPDX-License-Identifier: MIT */
/* Looking at a URL: its parts are offsets in one text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "url/url.h"

static async_url_part part(const async_url *url, size_t start, size_t end)
{
	return (async_url_part){ url->href + start, end - start };
}

static const async_url_part no_part = { NULL, 0 };

/* The first byte behind "scheme://". */
static size_t authority_start(const async_url *url)
{
	static const uint8_t sizes[] = { sizeof "http", sizeof "https", sizeof "ws", sizeof "wss" };

	return sizes[url->scheme] + 2U;
}

async_url_part async_url_scheme(const async_url *url)
{
	return part(url, 0, authority_start(url) - 3);
}

async_url_part async_url_username(const async_url *url)
{
	size_t start = authority_start(url);

	return url->host_ == start ? no_part : part(url, start, url->username_end_);
}

async_url_part async_url_password(const async_url *url)
{
	if (url->host_ == url->username_end_ || url->href[url->username_end_] != ':')
		return no_part;
	return part(url, url->username_end_ + 1, url->host_ - 1);
}

async_url_part async_url_host(const async_url *url)
{
	return part(url, url->host_, url->host_end_);
}

async_url_part async_url_host_bare(const async_url *url)
{
	size_t bracket = url->host_kind == ASYNC_HOST_IPV6;

	return part(url, url->host_ + bracket, url->host_end_ - bracket);
}

async_url_part async_url_authority(const async_url *url)
{
	return part(url, url->host_, url->path_);
}

async_url_part async_url_path(const async_url *url)
{
	return part(url, url->path_, url->query_);
}

async_url_part async_url_query(const async_url *url)
{
	return url->query_ == url->fragment_ ? no_part : part(url, url->query_ + 1, url->fragment_);
}

async_url_part async_url_fragment(const async_url *url)
{
	return url->fragment_ == url->size ? no_part : part(url, url->fragment_ + 1, url->size);
}

async_url_part async_url_target(const async_url *url)
{
	return part(url, url->path_, url->fragment_);
}

async_url_part async_url_unfragmented(const async_url *url)
{
	return part(url, 0, url->fragment_);
}

char *async_url_part_copy(async_url_part part)
{
	char *copy = malloc(part.size + 1);

	if (!copy) {
		async_fail(-ENOMEM, "a URL's part of %zu bytes", part.size);
		return NULL;
	}
	if (part.size)
		memcpy(copy, part.data, part.size);
	copy[part.size] = '\0';
	return copy;
}

char *async_url_origin(const async_url *url)
{
	size_t start = authority_start(url), size = url->path_ - url->host_;
	char *origin = malloc(start + size + 1);

	if (!origin) {
		async_fail(-ENOMEM, "a URL's origin of %zu bytes", start + size);
		return NULL;
	}
	memcpy(origin, url->href, start);
	memcpy(origin + start, url->href + url->host_, size);
	origin[start + size] = '\0';
	return origin;
}

char *async_url_address(const async_url *url)
{
	async_url_part host = async_url_host(url);
	char *address;

	if (asprintf(&address, "%.*s:%u", ASYNC_URL_PART(host), (unsigned int)url->port) < 0) {
		async_fail(-ENOMEM, "the address of a URL's host");
		return NULL;
	}
	return address;
}

bool async_url_is_secure(const async_url *url)
{
	return url->scheme == ASYNC_URL_HTTPS || url->scheme == ASYNC_URL_WSS;
}

static bool same(async_url_part a, async_url_part b)
{
	return a.size == b.size && !memcmp(a.data, b.data, a.size);
}

bool async_url_same_origin(const async_url *a, const async_url *b)
{
	/* Default ports are left out of an authority, so it is enough. */
	return a->scheme == b->scheme && same(async_url_authority(a), async_url_authority(b));
}

bool async_url_equal(const async_url *a, const async_url *b, bool without_fragments)
{
	return same(part(a, 0, without_fragments ? a->fragment_ : a->size),
		    part(b, 0, without_fragments ? b->fragment_ : b->size));
}

int async_url_copy(const async_url *from, async_url *url)
{
	char *href = async_url_part_copy(part(from, 0, from->size));

	if (!href) {
		memset(url, 0, sizeof *url);
		return -ENOMEM;
	}
	*url = *from;
	url->href = href;
	return 0;
}

void async_url_free(async_url *url)
{
	if (!url)
		return;
	free(url->href);
	memset(url, 0, sizeof *url);
}
