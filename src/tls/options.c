/* SPDX-License-Identifier: MIT */
/* Options of contexts: checked, and copied with all their texts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tls/tls.h"

/* Where the texts lie. */
static const size_t option_texts[] = {
	offsetof(async_tls_options, ca_file),  offsetof(async_tls_options, ca),
	offsetof(async_tls_options, crl_file), offsetof(async_tls_options, pins),
	offsetof(async_tls_options, alpn),     offsetof(async_tls_options, ciphers),
	offsetof(async_tls_options, suites),
};
static const size_t certificate_texts[] = {
	offsetof(async_tls_certificate, certificate_file),
	offsetof(async_tls_certificate, key_file),
	offsetof(async_tls_certificate, certificate),
	offsetof(async_tls_certificate, key),
	offsetof(async_tls_certificate, key_password),
};
enum {
	OPTION_TEXTS = sizeof option_texts / sizeof *option_texts,
	CERTIFICATE_TEXTS = sizeof certificate_texts / sizeof *certificate_texts,
};

/* Replace borrowed texts by copies. On failure those that follow are NULL. */
static bool copy_texts(void *record, const size_t *places, size_t count)
{
	bool whole = true;

	for (size_t i = 0; i < count; i++) {
		char **text = (char **)((char *)record + places[i]);

		if (*text)
			*text = whole ? strdup(*text) : NULL;
		else
			continue;
		whole = whole && *text;
	}
	return whole;
}

static void free_texts(void *record, const size_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(*(char **)((char *)record + places[i]));
}

static bool has_certificate(const async_tls_certificate *from)
{
	return from->certificate_file || from->certificate;
}

static int copy_certificates(struct async_tls *tls, const async_tls_options *options)
{
	bool whole = true;
	size_t n = 0;

	tls->certificates = calloc(1 + options->more_count, sizeof *tls->certificates);
	if (!tls->certificates)
		return -ENOMEM;
	if (has_certificate(&options->identity))
		tls->certificates[n++] = options->identity;
	for (size_t i = 0; i < options->more_count; i++)
		tls->certificates[n++] = options->more[i];
	tls->certificate_count = n;
	for (size_t i = 0; i < n; i++)
		whole &= copy_texts(&tls->certificates[i], certificate_texts, CERTIFICATE_TEXTS);
	return whole ? 0 : -ENOMEM;
}

/* "h2,http/1.1" as it goes over the wire. */
static int parse_alpn(struct async_tls *tls, const char *text)
{
	unsigned char *out;

	if (!text)
		return 0;
	tls->alpn = out = malloc(strlen(text) + 2);
	if (!out)
		return async_fail(-ENOMEM, "no memory for TLS option alpn");
	for (;;) {
		size_t size = strcspn(text, ",");

		if (!size || size > 255)
			return async_fail(-EINVAL,
					  "TLS option alpn: a protocol's name has 1 to 255 bytes,"
					  " \"%.*s\" has %zu",
					  (int)(size < 60 ? size : 60), text, size);
		*out++ = (unsigned char)size;
		memcpy(out, text, size);
		out += size;
		text += size;
		if (!*text++)
			break;
	}
	tls->alpn_size = (size_t)(out - tls->alpn);
	return 0;
}

static bool is_version(int version)
{
	return version == ASYNC_TLS_1_2 || version == ASYNC_TLS_1_3;
}

static int check_limits(async_tls_options *options)
{
	if (!options->handshake_seconds)
		options->handshake_seconds = HANDSHAKE_SECONDS;
	if (!options->shutdown_seconds)
		options->shutdown_seconds = SHUTDOWN_SECONDS;
	if (!(options->handshake_seconds > 0))
		return async_fail(-EINVAL,
				  "TLS option handshake_seconds is %g: it must be positive",
				  options->handshake_seconds);
	if (options->shutdown_seconds != options->shutdown_seconds)
		return async_fail(-EINVAL, "TLS option shutdown_seconds is no number");
	if (!options->min_version)
		options->min_version = ASYNC_TLS_1_2;
	if (!is_version(options->min_version) ||
	    (options->max_version && !is_version(options->max_version)))
		return async_fail(
			-EINVAL,
			"TLS options min_version is 0x%04x, max_version 0x%04x:"
			" ASYNC_TLS_1_2 and ASYNC_TLS_1_3 are possible, older versions are"
			" not offered",
			(unsigned)options->min_version, (unsigned)options->max_version);
	if (options->max_version && options->max_version < options->min_version)
		return async_fail(-EINVAL, "TLS option min_version lies above max_version");
	return 0;
}

/* Before they are copied, and those that are nothing left out. */
static int check_certificates(const async_tls_options *options)
{
	const async_tls_certificate *own = &options->identity;

	if (!has_certificate(own) && (own->key_file || own->key))
		return async_fail(-EINVAL, "TLS option identity: a key without its certificate");
	if (options->more_count && !options->more)
		return async_fail(-EINVAL, "TLS option more_count is %zu, and more is NULL",
				  options->more_count);
	for (size_t i = 0; i < options->more_count; i++) {
		if (!has_certificate(&options->more[i]))
			return async_fail(-EINVAL, "TLS option more[%zu] names no certificate", i);
	}
	return 0;
}

static int check_sides(const struct async_tls *tls)
{
	const async_tls_options *options = &tls->options;
	bool has_trust = options->ca_file || options->ca;

	if (tls->is_server && !tls->certificate_count)
		return async_fail(-EINVAL,
				  "a TLS server needs a certificate (TLS option identity)");
	if (!tls->is_server && options->client_certificates)
		return async_fail(
			-EINVAL, "TLS option client_certificates is for servers; a client shows its"
				 " own by the option identity");
	if (tls->is_server && options->insecure)
		return async_fail(-EINVAL, "TLS option insecure is for clients");
	if (options->client_certificates < 0 || options->client_certificates > ASYNC_TLS_REQUIRED)
		return async_fail(-EINVAL,
				  "TLS option client_certificates is %d, which is no choice",
				  options->client_certificates);
	if (options->client_certificates && !has_trust)
		return async_fail(-EINVAL,
				  "TLS option client_certificates needs ca_file or ca: who signs"
				  " certificates of clients");
	if (tls->is_server && options->pins && !options->client_certificates)
		return async_fail(-EINVAL,
				  "TLS option pins of a server needs client_certificates: clients"
				  " show none unless asked");
	if (!tls->is_server && tls->certificate_count > 1)
		return async_fail(-EINVAL, "TLS option more is for servers");
	return 0;
}

int options_copy(struct async_tls *tls, const async_tls_options *options)
{
	static const async_tls_options defaults;
	int error;

	if (!options)
		options = &defaults;
	tls->options = *options;
	/* The copies of certificates are in tls->certificates. */
	memset(&tls->options.identity, 0, sizeof tls->options.identity);
	tls->options.more = NULL;
	if (!copy_texts(&tls->options, option_texts, OPTION_TEXTS))
		return async_fail(-ENOMEM, "no memory for the options of a TLS context");
	error = check_certificates(options);
	if (error)
		return error;
	if (copy_certificates(tls, options))
		return async_fail(-ENOMEM, "no memory for the options of a TLS context");
	error = check_limits(&tls->options);
	if (!error)
		error = check_sides(tls);
	if (!error)
		error = parse_alpn(tls, tls->options.alpn);
	return error ? error : pins_parse(tls, tls->options.pins);
}

void options_free(struct async_tls *tls)
{
	for (size_t i = 0; i < tls->certificate_count; i++)
		free_texts(&tls->certificates[i], certificate_texts, CERTIFICATE_TEXTS);
	free_texts(&tls->options, option_texts, OPTION_TEXTS);
	free(tls->certificates);
	free(tls->alpn);
	free(tls->pins);
}
