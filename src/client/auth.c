/* SPDX-License-Identifier: MIT */
/* Who asks: a user and password, of the URL or of .netrc, as basic authentication (RFC 7617). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "client/outgoing.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Returns the end of what was written. */
static char *write_base64(char *to, const unsigned char *from, size_t size)
{
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t word = (uint32_t)from[i] << 16;

		word |= left > 1 ? (uint32_t)from[i + 1] << 8 : 0;
		word |= left > 2 ? from[i + 2] : 0;
		*to++ = digits[word >> 18];
		*to++ = digits[word >> 12 & 63];
		*to++ = left > 1 ? digits[word >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[word & 63] : '=';
	}
	return to;
}

/* "Basic ...", from malloc. NULL: -ENOMEM, -EINVAL. */
static char *basic(const char *user, size_t user_size, const char *password, size_t password_size)
{
	size_t size = user_size + password_size + 1;
	char *plain, *text;

	if (memchr(user, ':', user_size)) {
		async_fail(-EINVAL, "a user with a colon cannot be sent (RFC 7617)");
		return NULL;
	}
	plain = malloc(size);
	text = malloc(sizeof "Basic " + (size + 2) / 3 * 4);
	if (plain && text) {
		memcpy(plain, user, user_size);
		plain[user_size] = ':';
		memcpy(plain + user_size + 1, password, password_size);
		memcpy(text, "Basic ", 6);
		*write_base64(text + 6, (unsigned char *)plain, size) = '\0';
		explicit_bzero(plain, size);
	} else {
		async_fail(-ENOMEM, "no memory for credentials");
		free(text);
		text = NULL;
	}
	free(plain);
	return text;
}

char *client_basic_of_url(const async_url *url)
{
	async_url_part user = async_url_username(url), password = async_url_password(url);
	char *plain = malloc(user.size + password.size + 1), *text;
	size_t user_size, password_size = 0;

	if (!plain) {
		async_fail(-ENOMEM, "no memory for credentials");
		return NULL;
	}
	user_size = async_percent_decode(plain, user.data, user.size);
	if (password.data)
		password_size =
			async_percent_decode(plain + user_size, password.data, password.size);
	text = basic(plain, user_size, plain + user_size, password_size);
	explicit_bzero(plain, user.size + password.size + 1);
	free(plain);
	return text;
}

int client_take_credentials(struct async_outgoing *request)
{
	char *text;

	if (!async_url_username(&request->url).data)
		return 0;
	text = client_basic_of_url(&request->url);
	if (!text)
		return async_error_code();
	free(request->credentials);
	request->credentials = text;
	async_url_remove_credentials(&request->url);
	return 0;
}

/* ---- .netrc ---- */

const struct netrc_entry *await_client_netrc(struct async_session *session, const async_url *url,
					     int *error)
{
	async_url_part host = async_url_host_bare(url);
	const struct netrc_entry *entry;

	*error = 0;
	if (!session->options.environment)
		return NULL;
	if (!session->netrc_read) {
		struct netrc netrc;

		*error = await_netrc_read(&netrc, 0);
		if (*error == -ENOENT)
			*error = 0;
		if (*error)
			return NULL;
		if (session->netrc_read)
			netrc_end(&netrc); /* somebody else has, meanwhile */
		else
			session->netrc = netrc;
		session->netrc_read = true;
	}
	entry = netrc_find(&session->netrc, host.data, host.size, NULL);
	/* One of nothing but an account or a macro, say, is no login. */
	return entry && (*entry->login || *entry->password) ? entry : NULL;
}

char *client_basic_of_entry(const struct netrc_entry *entry)
{
	return basic(entry->login, strlen(entry->login), entry->password, strlen(entry->password));
}

int await_client_credentials(struct async_outgoing *request)
{
	const struct netrc_entry *entry;
	const char *text;
	char *made;
	int error;

	if (request->credentials) {
		if (client_field(request, "Authorization"))
			return async_fail(-EINVAL, "credentials in the URL, and Authorization");
		return client_field_add(request, "Authorization", request->credentials);
	}
	if (client_field(request, "Authorization"))
		return 0;
	entry = await_client_netrc(request->session, &request->url, &error);
	if (!entry)
		return error;
	made = client_basic_of_entry(entry);
	if (!made)
		return async_error_code();
	text = arena_text(&request->arena, made, strlen(made));
	free(made);
	return text ? client_field_add(request, "Authorization", text) :
		      async_fail(-ENOMEM, "no memory for credentials");
}
