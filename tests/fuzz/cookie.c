/* SPDX-License-Identifier: MIT */
/*
 * Cookies: the bytes are a Cookie field, a Set-Cookie field, a date, and a value to be written.
 * Parts lie where they should, and what is written is read again as it was meant.
 */
#include "h1.h"
#include "http/cookie.h"

static void inside(const char *data, size_t size, const char *part, size_t part_size)
{
	h1_check(part >= data && part_size <= size - (size_t)(part - data));
}

static void slice_inside(size_t size, struct http_slice slice)
{
	h1_check(slice.at <= size && slice.size <= size - slice.at);
}

static void read_request(const char *data, size_t size)
{
	struct http_field field = { .name = HTTP_NAME_COOKIE, .value = { 0, (uint32_t)size } };
	struct http_fields fields = { .list = &field,
				      .count = 1,
				      .seen = HTTP_NAME_BIT(HTTP_NAME_COOKIE) };
	struct http_cookies cookies;
	struct http_cookie cookie;

	http_cookies_begin(&cookies, &fields, data);
	while (http_cookies_next(&cookies, &cookie)) {
		char *room = malloc(cookie.value_size ? cookie.value_size : 1);

		inside(data, size, cookie.name, cookie.name_size);
		inside(data, size, cookie.value, cookie.value_size);
		h1_check(http_is_token(cookie.name, cookie.name_size));
		h1_check(http_cookie_value(&cookie, room) <= cookie.value_size);
		free(room);
	}
}

static void read_response(const char *data, size_t size)
{
	struct http_set_cookie cookie;
	time_t time;

	if (http_set_cookie_parse(data, size, &cookie)) {
		slice_inside(size, cookie.name);
		slice_inside(size, cookie.value);
		slice_inside(size, cookie.domain);
		slice_inside(size, cookie.path);
		h1_check(!cookie.path.size || data[cookie.path.at] == '/');
		h1_check(cookie.max_age >= 0 && cookie.max_age <= HTTP_COOKIE_AGE_MAX);
		h1_check(cookie.name.size + cookie.value.size <= HTTP_COOKIE_BYTES);
	}
	http_cookie_date_parse(data, size, &time);
	http_cookie_domain_match(data, size, data + size / 2, size - size / 2);
	http_cookie_path_match(data, size, data, http_cookie_default_path(data, size));
}

static void write_and_read(const char *data, size_t size)
{
	char *value = strndup(data, size), *room = malloc(5 * size + 100);
	struct http_cookie_options options = { .name = "name", .value = value, .path = "" };
	ssize_t written = http_cookie_write(room, 5 * size + 100, &options);

	if (written > 0) {
		struct http_cookie cookie = { .value = room + 5,
					      .value_size = (size_t)written - 5 };
		struct http_set_cookie again;
		char *decoded = malloc(cookie.value_size ? cookie.value_size : 1);

		h1_check(http_set_cookie_parse(room, (size_t)written, &again));
		h1_check(again.name.size == 4 && again.value.at == 5);
		h1_check(again.value.size == cookie.value_size);
		h1_check(http_cookie_value(&cookie, decoded) == strlen(value));
		h1_check(!memcmp(decoded, value, strlen(value)));
		free(decoded);
	}
	free(value);
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = h1_copy(data, size);

	read_request(copy, size);
	read_response(copy, size);
	write_and_read(copy, size);
	free(copy);
	return 0;
}
