/* SPDX-License-Identifier: MIT */
/*
 * What comes from files and variables of the user: netrc files, whose texts lie in the file and end
 * there, and lists of no_proxy, of which an entry means the same alone as between others.
 */
#include "h1.h"
#include "client/environment.h"
#include "client/netrc.h"

static void check_text(const struct netrc *netrc, const char *text)
{
	h1_check(text);
	if (*text)
		h1_check(text >= netrc->text && text + strlen(text) <= netrc->text + netrc->size);
}

static void read_file(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct netrc netrc;

	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (netrc_parse(&netrc, text, size, "fuzz"))
		return;
	for (size_t i = 0; i < netrc.count; i++) {
		const struct netrc_entry *entry = &netrc.entries[i], *found;

		check_text(&netrc, entry->login);
		check_text(&netrc, entry->account);
		check_text(&netrc, entry->password);
		if (!entry->machine)
			continue;
		check_text(&netrc, entry->machine);
		found = netrc_find(&netrc, entry->machine, strlen(entry->machine), entry->login);
		h1_check(found && found <= entry && !strcmp(found->login, entry->login));
	}
	netrc_end(&netrc);
}

static void read_list(const uint8_t *data, size_t size)
{
	static const char *const texts[] = { "http://www.a.org", "http://127.0.0.1:8080",
					     "https://[2001:db8::1]/" };
	char *list = calloc(1, size + 1), *longer = malloc(size + 30);
	async_url url;

	if (size)
		memcpy(list, data, size);
	for (size_t i = 0; i < 3; i++) {
		bool first;

		h1_check(!async_url_parse(texts[i], NULL, &url));
		first = environment_excludes(list, &url);
		strcpy(stpcpy(stpcpy(longer, "x.invalid,"), list), ",y.invalid");
		h1_check(environment_excludes(longer, &url) == first);
		async_url_free(&url);
	}
	free(list);
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_file(data, size);
	read_list(data, size);
	return 0;
}
