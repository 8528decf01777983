/* SPDX-License-Identifier: MIT */
/*
 * Proxies. http: through an HTTP proxy is asked of the proxy, whose connections serve all such
 * requests; everything else goes through a tunnel that belongs to its target. What the proxy is
 * told about who we are never reaches the target.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include "client/environment.h"
#include "client/outgoing.h"
#include "client/proxy.h"
#include "client/socks.h"
#include "client/tunnel.h"

enum { SOCKS_PORT = 1080 };

static const struct {
	const char *scheme, *parsed_as;
	enum proxy_kind kind;
} schemes[] = {
	{ "http://", "http://", PROXY_HTTP },	  { "https://", "https://", PROXY_HTTPS },
	{ "socks5://", "http://", PROXY_SOCKS5 }, { "socks5h://", "http://", PROXY_SOCKS5H },
	{ "socks4://", "http://", PROXY_SOCKS4 }, { "socks4a://", "http://", PROXY_SOCKS4A },
};

/* ---- From text ---- */

static char *decoded(async_url_part part)
{
	char *text = malloc(part.size + 1);

	if (text)
		text[async_percent_decode(text, part.data ? part.data : "", part.size)] = '\0';
	return text;
}

static int take_login(struct client_proxy *proxy)
{
	async_url_part user = async_url_username(&proxy->url);

	if (!user.data)
		return 0;
	if (proxy->kind >= PROXY_SOCKS5) {
		proxy->user = decoded(user);
		proxy->password = decoded(async_url_password(&proxy->url));
		if (!proxy->user || !proxy->password)
			return async_fail(-ENOMEM, "no memory for a proxy");
	} else {
		proxy->authorization = client_basic_of_url(&proxy->url);
		if (!proxy->authorization)
			return async_error_code();
	}
	async_url_remove_credentials(&proxy->url);
	return 0;
}

/* Whether the text behind a scheme names port 80, which a URL of http does not tell apart. */
static bool names_port_80(const char *text)
{
	const char *end = text + strcspn(text, "/?#");

	return end - text > 3 && !memcmp(end - 3, ":80", 3);
}

static int parse(struct client_proxy *proxy)
{
	const char *rest = proxy->text + strspn(proxy->text, " \t\r\n"), *as = "http://", *colon;
	char *whole;
	int error;

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t size = strlen(schemes[i].scheme);

		if (strncasecmp(rest, schemes[i].scheme, size))
			continue;
		rest += size;
		as = schemes[i].parsed_as;
		proxy->kind = schemes[i].kind;
		break;
	}
	colon = strstr(rest, "://");
	if (colon)
		return async_fail(-EPROTONOSUPPORT,
				  "a proxy of the scheme %.*s: it may be http, https, socks5, "
				  "socks5h, socks4 or socks4a",
				  (int)(colon - rest), rest);
	whole = malloc(strlen(as) + strlen(rest) + 1);
	if (!whole)
		return async_fail(-ENOMEM, "no memory for a proxy");
	sprintf(whole, "%s%s", as, rest);
	error = async_url_parse(whole, NULL, &proxy->url);
	free(whole);
	if (!error && proxy->kind >= PROXY_SOCKS5 && proxy->url.port == 80 && !names_port_80(rest))
		proxy->url.port = SOCKS_PORT;
	return error ? error : take_login(proxy);
}

static void proxy_free(struct client_proxy *proxy)
{
	async_url_free(&proxy->url);
	free(proxy->authorization);
	free(proxy->user);
	if (proxy->password)
		explicit_bzero(proxy->password, strlen(proxy->password));
	free(proxy->password);
	free(proxy);
}

struct client_proxy *client_proxy_find(struct async_session *session, const char *text,
				       const char *from)
{
	struct client_proxy *proxy = session->proxies;
	size_t size = strlen(text) + 1;

	while (proxy && strcmp(proxy->text, text))
		proxy = proxy->next;
	if (proxy)
		return proxy;
	proxy = calloc(1, sizeof *proxy + size);
	if (!proxy) {
		async_fail(-ENOMEM, "no memory for a proxy");
		return NULL;
	}
	memcpy(proxy->text, text, size);
	if (parse(proxy)) {
		client_blame_part((async_url_part){ from, strlen(from) }, async_error_code());
		proxy_free(proxy);
		return NULL;
	}
	proxy->next = session->proxies;
	session->proxies = proxy;
	return proxy;
}

void client_proxies_free(struct async_session *session)
{
	while (session->proxies) {
		struct client_proxy *next = session->proxies->next;

		proxy_free(session->proxies);
		session->proxies = next;
	}
}

/* ---- Which ---- */

/* A login of .netrc for a proxy of the environment that has none. */
static int await_login(struct async_session *session, struct client_proxy *proxy)
{
	const struct netrc_entry *entry;
	char *user, *password;
	int error;

	if (proxy->authorization || proxy->user)
		return 0;
	entry = await_client_netrc(session, &proxy->url, &error);
	/* Somebody else may have been faster while the file was read. */
	if (!entry || proxy->authorization || proxy->user)
		return error;
	if (proxy->kind < PROXY_SOCKS5) {
		proxy->authorization = client_basic_of_entry(entry);
		return proxy->authorization ? 0 : async_error_code();
	}
	user = strdup(entry->login);
	password = strdup(entry->password);
	if (!user || !password) {
		free(user);
		free(password);
		return async_fail(-ENOMEM, "no memory for a proxy");
	}
	proxy->user = user;
	proxy->password = password;
	return 0;
}

int await_client_proxy(struct async_outgoing *request)
{
	const async_session_options *options = &request->session->options;
	const char *text = request->call->proxy ? request->call->proxy : options->proxy;
	bool by_environment = !text && options->environment;
	int error = 0;

	request->proxy = NULL;
	if (options->unix_path)
		return 0;
	if (by_environment)
		text = environment_proxy(&request->url);
	if (!text || !*text)
		return 0;
	request->proxy = client_proxy_find(
		request->session, text,
		by_environment ? "proxy of the environment (http_proxy and its like)" :
				 "option `proxy`");
	if (!request->proxy)
		return async_error_code();
	if (options->environment)
		error = await_login(request->session, request->proxy);
	return error;
}

/* An upgrade would be one of the connection to the proxy, which is why ws: takes a tunnel (RFC
 * 6455, 4.1). */
bool client_proxy_is_asked(const struct async_outgoing *request)
{
	return request->proxy && request->proxy->kind < PROXY_SOCKS5 &&
	       request->url.scheme == ASYNC_URL_HTTP && !async_outgoing_header(request, "Upgrade");
}

/* ---- Through it ---- */

static int await_tunnel(struct async_outgoing *request, async_stream *stream)
{
	const async_session_options *options = &request->session->options;
	struct tunnel_answer *answer = malloc(sizeof *answer);
	char *authority = async_url_address(&request->url);
	struct tunnel_request what = { .authority = authority,
				       .authorization = request->proxy->authorization,
				       .fields = options->proxy_fields,
				       .field_count = options->proxy_field_count,
				       .limits = &request->session->limits };
	int error = -ENOMEM;

	if (answer && authority) {
		error = await_tunnel_open(stream, &what, answer);
		tunnel_answer_end(answer);
	} else {
		async_fail(-ENOMEM, "no memory for a tunnel");
	}
	free(answer);
	free(authority);
	return error;
}

/* The first that the proxy's protocol has room for, or else the first, which is refused by name. */
static const struct sockaddr *address_for(const struct client_proxy *proxy,
					  const async_addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++) {
		const struct sockaddr *one = (struct sockaddr *)&addresses->list[i].address;

		if (proxy->kind < PROXY_SOCKS4 || one->sa_family == AF_INET)
			return one;
	}
	return (struct sockaddr *)&addresses->list[0].address;
}

/* The address as text, in `text`, of a target that the proxy is not to look up. */
static int await_numeric(struct async_outgoing *request, char text[INET6_ADDRSTRLEN])
{
	async_addresses addresses = { 0 };
	int error = await_client_addresses(request, &request->url, &addresses);

	if (!error) {
		const struct sockaddr *one = address_for(request->proxy, &addresses);
		const void *bytes = one->sa_family == AF_INET6 ?
					    (void *)&((struct sockaddr_in6 *)one)->sin6_addr :
					    (void *)&((struct sockaddr_in *)one)->sin_addr;

		inet_ntop(one->sa_family, bytes, text, INET6_ADDRSTRLEN);
	}
	async_addresses_free(&addresses);
	return error;
}

static int await_socks(struct async_outgoing *request, async_stream *stream)
{
	const struct client_proxy *proxy = request->proxy;
	char numeric[INET6_ADDRSTRLEN], *host = NULL;
	struct socks_target target = { .port = request->url.port,
				       .user = proxy->user,
				       .password = proxy->password,
				       .version_4 = proxy->kind >= PROXY_SOCKS4 };
	bool here = proxy->kind == PROXY_SOCKS5 || proxy->kind == PROXY_SOCKS4;
	int error = 0;

	if (here && request->url.host_kind == ASYNC_HOST_DOMAIN) {
		error = await_numeric(request, numeric);
		client_watch_phase(&request->watch, ASYNC_CALL_PROXY);
		target.host = numeric;
	} else {
		target.host = host = async_url_part_copy(async_url_host_bare(&request->url));
		error = host ? 0 : -ENOMEM;
	}
	if (!error)
		error = await_socks_connect(stream, &target);
	free(host);
	return error;
}

int await_client_through(struct async_outgoing *request, async_stream *stream)
{
	const async_session_options *options = &request->session->options;
	const struct client_proxy *proxy = request->proxy;
	int error = 0;

	client_watch_phase(&request->watch, ASYNC_CALL_PROXY);
	if (proxy->kind >= PROXY_SOCKS5)
		return await_socks(request, stream);
	if (proxy->kind == PROXY_HTTPS) {
		char *name = async_url_part_copy(async_url_host_bare(&proxy->url));

		if (!options->start_tls)
			error = async_fail(-EPROTONOSUPPORT, "a proxy by https, but this session "
							     "has no TLS (ASYNC_CLIENT_TLS)");
		else
			error = name ? options->start_tls(stream, options->tls, name) : -ENOMEM;
		free(name);
	}
	return error || client_proxy_is_asked(request) ? error : await_tunnel(request, stream);
}
