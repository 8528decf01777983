/* SPDX-License-Identifier: MIT */
/* Changes of a URL: a stretch of its text is replaced, and the offsets behind it move. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "url/url.h"

/* The text without tabs and newlines, encoded. */
static void put_cleaned(struct url_output *output, const char *text, enum async_percent_set set)
{
	while (*text) {
		size_t run = strcspn(text, "\t\n\r");

		url_put_encoded(output, text, run, set);
		text += run;
		text += strspn(text, "\t\n\r");
	}
}

/* href[from, to) becomes middle, which is freed. */
static int replace(async_url *url, size_t from, size_t to, struct url_output *middle)
{
	struct url_output output = { 0 };
	int error = 0;

	url_put(&output, url->href, from);
	url_put(&output, middle->data, middle->size);
	url_put(&output, url->href + to, url->size - to);
	url_put_byte(&output, '\0');
	if (output.failed || middle->failed)
		error = async_fail(-ENOMEM, "changing a URL of %u bytes", url->size);
	else if (output.size - 1 > url->limit_)
		error = async_fail(-EMSGSIZE,
				   "a URL of %zu bytes is over the limit of %u "
				   "(async_url_options.limit_bytes)",
				   output.size - 1, url->limit_);
	free(middle->data);
	if (error) {
		free(output.data);
		return error;
	}
	free(url->href);
	url->href = output.data;
	url->size = (uint32_t)(output.size - 1);
	return 0;
}

/* From an offset in the query or its end, up to the fragment. */
static int replace_query(async_url *url, size_t from, struct url_output *middle)
{
	uint32_t behind = url->size - url->fragment_;
	int error = replace(url, from, url->fragment_, middle);

	if (!error)
		url->fragment_ = url->size - behind;
	return error;
}

int async_url_set_query(async_url *url, const char *query)
{
	struct url_output middle = { 0 };

	if (query && *query) {
		url_put_byte(&middle, '?');
		put_cleaned(&middle, query + (*query == '?'), ASYNC_PERCENT_SPECIAL_QUERY);
	}
	return replace_query(url, url->query_, &middle);
}

int async_url_set_fragment(async_url *url, const char *fragment)
{
	struct url_output middle = { 0 };

	if (fragment && *fragment) {
		url_put_byte(&middle, '#');
		put_cleaned(&middle, fragment + (*fragment == '#'), ASYNC_PERCENT_FRAGMENT);
	}
	return replace(url, url->fragment_, url->size, &middle);
}

/* What joins more to the query: "?" where there is none, nothing behind a bare "?". */
static void put_joint(struct url_output *middle, const async_url *url)
{
	if (url->query_ == url->fragment_)
		url_put_byte(middle, '?');
	else if (url->fragment_ - url->query_ > 1)
		url_put_byte(middle, '&');
}

int async_url_append_query(async_url *url, const char *query)
{
	struct url_output middle = { 0 };

	if (!query || !*query)
		return 0;
	put_joint(&middle, url);
	put_cleaned(&middle, query, ASYNC_PERCENT_SPECIAL_QUERY);
	return replace_query(url, url->fragment_, &middle);
}

int async_url_add_query(async_url *url, const char *name, const char *value)
{
	struct url_output middle = { 0 };

	put_joint(&middle, url);
	url_put_encoded(&middle, name, strlen(name), ASYNC_PERCENT_FORM);
	url_put_byte(&middle, '=');
	url_put_encoded(&middle, value, strlen(value), ASYNC_PERCENT_FORM);
	return replace_query(url, url->fragment_, &middle);
}

void async_url_remove_credentials(async_url *url)
{
	uint32_t start, gone;

	if (!async_url_username(url).data)
		return;
	start = (uint32_t)(async_url_username(url).data - url->href);
	gone = url->host_ - start;
	memmove(url->href + start, url->href + url->host_, url->size - url->host_ + 1);
	url->username_end_ = start;
	url->host_ = start;
	url->host_end_ -= gone;
	url->path_ -= gone;
	url->query_ -= gone;
	url->fragment_ -= gone;
	url->size -= gone;
}

void async_url_remove_fragment(async_url *url)
{
	url->size = url->fragment_;
	url->href[url->size] = '\0';
}

int async_url_redirect(async_url *url, const char *location)
{
	async_url target;
	int error = async_url_parse(location, url, &target);

	/* The fragment ends the text and is encoded already, which encoding does not change. */
	if (!error && target.fragment_ == target.size && url->fragment_ < url->size)
		error = async_url_set_fragment(&target, url->href + url->fragment_);
	if (error) {
		async_url_free(&target);
		return error;
	}
	async_url_free(url);
	*url = target;
	return 0;
}
