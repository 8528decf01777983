/* SPDX-License-Identifier: MIT */
/* http_proxy, no_proxy and their like. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "client/environment.h"
#include "http/bytes.h"

enum { NAME_BYTES = 16, ADDRESS_BYTES = 16 };

/* ---- no_proxy ---- */

/* Bytes of an address in the order of the network; size 0: it is none. */
struct address {
	unsigned char bytes[ADDRESS_BYTES];
	unsigned int size;
};

/* An IPv4 address that is mapped into IPv6 is an IPv4 address. */
static struct address address_of(const char *text, size_t size)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct address address = { .size = 0 };
	char copy[INET6_ADDRSTRLEN];

	if (size > 2 && *text == '[' && text[size - 1] == ']') {
		text++;
		size -= 2;
	}
	if (!size || size >= sizeof copy)
		return address;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (inet_pton(AF_INET, copy, address.bytes) == 1)
		address.size = 4;
	else if (inet_pton(AF_INET6, copy, address.bytes) == 1)
		address.size = 16;
	if (address.size == 16 && !memcmp(address.bytes, mapped, sizeof mapped)) {
		memmove(address.bytes, address.bytes + sizeof mapped, 4);
		address.size = 4;
	}
	return address;
}

static bool same_network(const struct address *a, const struct address *b, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	return a->size == b->size && !memcmp(a->bytes, b->bytes, whole) &&
	       (!rest || !((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)));
}

/* A decimal number of at most that, with nothing else; -1: it is none. */
static int number_of(const char *text, size_t size, int most)
{
	int number = 0;

	if (!size || size > 5)
		return -1;
	for (size_t i = 0; i < size; i++) {
		if (!byte_is(text[i], BYTE_DIGIT))
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number <= most ? number : -1;
}

static bool is_in_network(const struct address *host, const char *entry, const char *slash,
			  size_t size)
{
	struct address network = address_of(entry, (size_t)(slash - entry));
	int bits = number_of(slash + 1, (size_t)(entry + size - slash - 1), (int)network.size * 8);

	return host->size && network.size && bits >= 0 &&
	       same_network(host, &network, (unsigned int)bits);
}

/* A name, with or without a dot before it. The dot that may end a name says that nothing follows,
 * which is so anyway. */
static bool is_below(async_url_part host, const char *entry, size_t size)
{
	bool only_below = size > 2 && *entry == '*' && entry[1] == '.';
	const char *tail;

	if (only_below) {
		entry++;
		size--;
	}
	if (size && *entry == '.') {
		entry++;
		size--;
	}
	size -= size && entry[size - 1] == '.';
	host.size -= host.size && host.data[host.size - 1] == '.';
	if (!size || size > host.size)
		return false;
	tail = host.data + host.size - size;
	if (!bytes_same(tail, entry, size))
		return false;
	return size == host.size ? !only_below : tail[-1] == '.';
}

/* Take a port from the end: "a:80", "[::1]:80", but not "::1". -1: there is none; -2: no number. */
static int take_port(const char *entry, size_t *size)
{
	const char *colon = memrchr(entry, ':', *size);
	size_t before = colon ? (size_t)(colon - entry) : 0;
	int port;

	if (!colon || (before && memchr(entry, ':', before) && entry[before - 1] != ']') ||
	    entry[*size - 1] == ']' || (!before && *size > 1))
		return -1;
	port = number_of(colon + 1, *size - before - 1, UINT16_MAX);
	*size = before;
	return port < 0 ? -2 : port;
}

static bool entry_excludes(const char *entry, size_t size, const async_url *url)
{
	async_url_part bare = async_url_host_bare(url);
	struct address host = address_of(bare.data, bare.size), other;
	const char *slash = memchr(entry, '/', size);
	int port;

	if (size == 1 && *entry == '*')
		return true;
	if (slash)
		return is_in_network(&host, entry, slash, size);
	port = take_port(entry, &size);
	if (port != -1 && port != url->port)
		return false;
	if (size == 1 && *entry == '*')
		return true;
	other = address_of(entry, size);
	if (host.size || other.size)
		return host.size && same_network(&host, &other, host.size * 8);
	return is_below(bare, entry, size);
}

bool environment_excludes(const char *list, const async_url *url)
{
	static const char separators[] = ", \t\r\n";

	for (;;) {
		size_t size;

		list += strspn(list, separators);
		size = strcspn(list, separators);
		if (!size)
			return false;
		if (entry_excludes(list, size, url))
			return true;
		list += size;
	}
}

/* ---- Variables ---- */

static const char *variable(const char *lower)
{
	const char *value = secure_getenv(lower);
	char upper[NAME_BYTES];
	size_t i;

	if (value)
		return value;
	for (i = 0; lower[i]; i++)
		upper[i] = lower[i] >= 'a' && lower[i] <= 'z' ? (char)(lower[i] - 'a' + 'A') :
								lower[i];
	upper[i] = '\0';
	/* httpoxy: see environment.h */
	if (!strcmp(upper, "HTTP_PROXY") && secure_getenv("REQUEST_METHOD"))
		return NULL;
	return secure_getenv(upper);
}

const char *environment_proxy(const async_url *url)
{
	static const char *const names[] = {
		[ASYNC_URL_HTTP] = "http_proxy",
		[ASYNC_URL_HTTPS] = "https_proxy",
		[ASYNC_URL_WS] = "ws_proxy",
		[ASYNC_URL_WSS] = "wss_proxy",
	};
	const char *proxy = variable(names[url->scheme]), *excluded;

	if (!proxy)
		proxy = variable("all_proxy");
	if (!proxy || !*proxy)
		return NULL;
	excluded = variable("no_proxy");
	return excluded && environment_excludes(excluded, url) ? NULL : proxy;
}
