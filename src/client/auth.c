/* SPDX-License-Identifier: MIT */
/* Who asks: the user and password of a URL as basic authentication (RFC 7617). */
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

int client_take_credentials(struct async_outgoing *request)
{
	async_url_part user = async_url_username(&request->url);
	async_url_part password = async_url_password(&request->url);
	size_t size = user.size + password.size + 1, used;
	char *plain, *text;

	if (!user.data)
		return 0;
	plain = malloc(size);
	text = malloc(sizeof "Basic " + (size + 2) / 3 * 4);
	if (!plain || !text) {
		free(plain);
		free(text);
		return async_fail(-ENOMEM, "no memory for credentials");
	}
	used = async_percent_decode(plain, user.data, user.size);
	if (memchr(plain, ':', used)) {
		free(plain);
		free(text);
		return async_fail(-EINVAL, "a user with a colon cannot be sent (RFC 7617)");
	}
	plain[used++] = ':';
	if (password.data)
		used += async_percent_decode(plain + used, password.data, password.size);
	memcpy(text, "Basic ", 6);
	*write_base64(text + 6, (unsigned char *)plain, used) = '\0';
	explicit_bzero(plain, size);
	free(plain);
	free(request->credentials);
	request->credentials = text;
	async_url_remove_credentials(&request->url);
	return 0;
}
