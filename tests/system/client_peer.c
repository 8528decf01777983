/* SPDX-License-Identifier: MIT */
/*
 * A client for peers_client.py: asks in one session, one after the other, and prints a line for
 * each answer, its columns separated by tabs: status or error, bytes of the body, their Adler-32,
 * whether the connection was kept, tries, bytes sent, phase, and the beginning of the body or the
 * error's text.
 *
 *	client_peer [OPTION VALUE...] METHOD URL...
 *
 * proxy P, ca FILE, digest USER:PASSWORD, file PATH, source PATH (in chunks), expect 1,
 * coding NAME, field "Name: value", pause SECONDS between two requests.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <await.h>

static struct {
	const char *proxy, *ca, *digest, *file, *source, *expect, *coding, *pause;
	char *field;
} given;

static const struct {
	const char *name;
	const char **value;
} options[] = {
	{ "proxy", &given.proxy },   { "ca", &given.ca },
	{ "digest", &given.digest }, { "file", &given.file },
	{ "source", &given.source }, { "expect", &given.expect },
	{ "coding", &given.coding }, { "field", (const char **)&given.field },
	{ "pause", &given.pause },
};

static bool take_option(char **arguments)
{
	for (size_t i = 0; arguments[0] && i < sizeof options / sizeof *options; i++) {
		if (!strcmp(arguments[0], options[i].name)) {
			*options[i].value = arguments[1];
			return true;
		}
	}
	return false;
}

/* RFC 1950, 8.2. */
static void add_to_sum(unsigned int *a, unsigned int *b, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		*a = (*a + (unsigned char)data[i]) % 65521;
		*b = (*b + *a) % 65521;
	}
}

static void ask(async_session *session, const char *method, const char *url, const async_call *how)
{
	unsigned int a = 1, b = 0;
	async_call_facts facts;
	async_call call = *how;
	async_response *answer;
	unsigned long long size = 0;
	char text[161] = "";
	const char *data;
	int status;
	ssize_t n;

	call.facts = &facts;
	answer = await_http_request(session, method, url, &call);
	status = async_response_status(answer);
	while ((n = await_response_chunk(answer, &data)) > 0) {
		if (!size)
			snprintf(text, sizeof text, "%.*s", (int)n, data);
		add_to_sum(&a, &b, data, (size_t)n);
		size += (unsigned long long)n;
	}
	if (n < 0) {
		status = (int)n;
		snprintf(text, sizeof text, "%s", async_error());
	}
	for (char *at = text; *at; at++)
		*at = *at == '\n' || *at == '\t' || *at == '\r' ? ' ' : *at;
	printf("%d\t%llu\t%u\t%d\t%d\t%llu\t%s\t%s\n", status, size, b << 16 | a, facts.reused,
	       facts.tries, (unsigned long long)facts.sent, async_call_phase_name(facts.phase),
	       text);
	async_response_free(answer);
}

static void ask_all(async_session *session, char **arguments)
{
	async_http_field field = { given.field, given.field ? strchr(given.field, ':') : NULL };
	async_file_source file = { .fd = -1 };
	async_call call = { .file = given.file, .expect = given.expect, .coding = given.coding };
	async_source source;

	if (given.field) {
		*strchr(given.field, ':') = '\0';
		field.value += 2;
		call.fields = &field;
		call.field_count = 1;
	}
	if (given.source) {
		int fd = open(given.source, O_RDONLY | O_CLOEXEC);

		source = async_source_file(&file, fd, 0, (uint64_t)lseek(fd, 0, SEEK_END));
		call.source = &source;
		call.chunked = true;
	}
	for (char **url = arguments + 1; *url; url++) {
		if (given.pause && url > arguments + 1)
			await_sleep(atof(given.pause));
		ask(session, arguments[0], *url, &call);
	}
	if (given.source) {
		async_close(file.fd);
		async_file_source_end(&file);
	}
}

int main(int count, char **arguments)
{
	async_client_middleware digest = { await_digest, NULL };
	async_session_options session_options = { .connect_seconds = 5, .stall_seconds = 10 };
	async_tls_options trust = { 0 };
	async_session *session;
	async_tls *tls = NULL;

	(void)count;
	for (arguments++; take_option(arguments); arguments += 2)
		continue;
	if (!arguments[0] || !arguments[1])
		return 2;
	session_options.proxy = given.proxy;
	if (given.ca) {
		trust.ca_file = given.ca;
		session_options.tls = tls = async_tls_client(&trust);
	}
	if (given.digest) {
		char *colon = strchr((char *)given.digest, ':');

		*colon = '\0';
		digest.arg = async_digest_new(given.digest, colon + 1);
		session_options.middlewares = &digest;
		session_options.middleware_count = 1;
	}
	session = async_session_new(&session_options);
	if (!session) {
		fprintf(stderr, "%s\n", async_error());
		return 1;
	}
	ask_all(session, arguments);
	await_session_close(session);
	async_digest_free(digest.arg);
	async_tls_free(tls);
	return 0;
}
