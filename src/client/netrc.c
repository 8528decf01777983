/* SPDX-License-Identifier: MIT */
/* A netrc file: words, entries, and which file it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <await/file.h>
#include <await/scope.h>
#include "base/base.h"
#include "client/netrc.h"
#include "http/bytes.h"

enum { PATH_BYTES = 4096 };

/* Words are decoded where they stand, which makes them no longer. */
struct netrc_words {
	char *at, *end;
	size_t line, word_line; /* where `at` is, and where the last word began */
	const char *name;
	bool held; /* `word` comes again */
	const char *word;
};

static int refuse(const struct netrc_words *words, const char *what)
{
	return async_fail(-EBADMSG, "%s, line %zu: %s", words->name, words->word_line, what);
}

static bool is_space(char byte)
{
	return is_blank(byte) || byte == '\n' || byte == '\r';
}

static char take(struct netrc_words *words)
{
	words->line += *words->at == '\n';
	return *words->at++;
}

/* The rest of a word whose first byte, or quote, is next. */
static int decode_word(struct netrc_words *words, char **to)
{
	bool quoted = *words->at == '"';

	words->at += quoted;
	while (words->at < words->end && (quoted ? *words->at != '"' : !is_space(*words->at))) {
		if (*words->at == '\\' && words->at + 1 < words->end)
			words->at++;
		*(*to)++ = take(words);
	}
	if (words->at < words->end)
		take(words);
	else if (quoted)
		return refuse(words, "a quote is not closed");
	return 0;
}

/* 1: words->word is the next one, 0: there is none, or -EBADMSG. */
static int next_word(struct netrc_words *words)
{
	char *to;
	int error;

	if (words->held) {
		words->held = false;
		return 1;
	}
	while (words->at < words->end && is_space(*words->at))
		take(words);
	if (words->at == words->end)
		return 0;
	words->word_line = words->line;
	words->word = to = words->at;
	error = decode_word(words, &to);
	/* Where the word ended there was at least a byte more, or the zero behind the text. */
	*to = '\0';
	return error ? error : 1;
}

static void skip_line(struct netrc_words *words)
{
	while (words->at < words->end && take(words) != '\n')
		continue;
}

/* The same for a keyword: comments are none. `#` alone, or with text right behind it. */
static int next_keyword(struct netrc_words *words)
{
	for (;;) {
		char *from = words->at;

		while (!words->held && from < words->end && is_space(*from))
			words->line += *from++ == '\n';
		if (!words->held)
			words->at = from;
		if (words->held || from == words->end || *from != '#')
			return next_word(words);
		skip_line(words);
	}
}

static bool is(const struct netrc_words *words, const char *keyword)
{
	return !strcmp(words->word, keyword);
}

static int take_value(struct netrc_words *words, const char **value)
{
	int result = next_word(words);

	if (!result)
		return refuse(words, "a keyword without its value");
	*value = words->word;
	return result < 0 ? result : 0;
}

static bool at_empty_line(const struct netrc_words *words)
{
	size_t left = (size_t)(words->end - words->at);

	return (left && *words->at == '\n') || (left > 1 && !memcmp(words->at, "\r\n", 2));
}

/* Its name, and lines up to an empty one or the end. */
static int skip_macro(struct netrc_words *words)
{
	const char *name;
	int error = take_value(words, &name);

	if (error)
		return error;
	if (words->line == words->word_line)
		skip_line(words);
	while (words->at < words->end && !at_empty_line(words))
		skip_line(words);
	return 0;
}

/* What follows a machine or default, up to the next. */
static int read_entry(struct netrc_words *words, struct netrc_entry *entry)
{
	for (;;) {
		int result = next_keyword(words);

		if (result <= 0)
			return result;
		if (is(words, "login") || is(words, "user")) {
			result = take_value(words, &entry->login);
		} else if (is(words, "password")) {
			result = take_value(words, &entry->password);
		} else if (is(words, "account")) {
			result = take_value(words, &entry->account);
		} else {
			words->held = true;
			return 0;
		}
		if (result)
			return result;
	}
}

static struct netrc_entry *add_entry(struct netrc *netrc)
{
	struct netrc_entry *list;

	/* Room is doubled where the count is a power of two. */
	if (!(netrc->count & (netrc->count - 1))) {
		size_t capacity = netrc->count ? 2 * netrc->count : 1;

		list = realloc(netrc->entries, capacity * sizeof *list);
		if (!list)
			return NULL;
		netrc->entries = list;
	}
	list = &netrc->entries[netrc->count++];
	*list = (struct netrc_entry){ .login = "", .account = "", .password = "" };
	return list;
}

static int read_entries(struct netrc *netrc, struct netrc_words *words)
{
	int result;

	while ((result = next_keyword(words)) > 0) {
		bool machine = is(words, "machine");
		struct netrc_entry *entry;

		if (is(words, "macdef")) {
			result = skip_macro(words);
		} else if (!machine && !is(words, "default")) {
			return refuse(words, "a word where machine, default, macdef, login, "
					     "password or account should stand");
		} else {
			entry = add_entry(netrc);
			if (!entry)
				return async_fail(-ENOMEM, "no memory for %s", words->name);
			if (machine)
				result = take_value(words, &entry->machine);
			if (result >= 0)
				result = read_entry(words, entry);
		}
		if (result < 0)
			return result;
	}
	return result;
}

int netrc_parse(struct netrc *netrc, char *text, size_t size, const char *name)
{
	struct netrc_words words = { .at = text, .end = text + size, .line = 1, .name = name };
	int error;

	*netrc = (struct netrc){ .text = text, .size = size };
	if (memchr(text, '\0', size))
		error = async_fail(-EBADMSG, "%s holds a zero byte", name);
	else
		error = read_entries(netrc, &words);
	if (error)
		netrc_end(netrc);
	return error;
}

void netrc_end(struct netrc *netrc)
{
	if (netrc->text)
		explicit_bzero(netrc->text, netrc->size);
	free(netrc->text);
	free(netrc->entries);
	*netrc = (struct netrc){ .text = NULL };
}

static bool is_for(const struct netrc_entry *entry, const char *host, size_t host_size)
{
	return entry->machine && strlen(entry->machine) == host_size &&
	       bytes_same(entry->machine, host, host_size);
}

const struct netrc_entry *netrc_find(const struct netrc *netrc, const char *host, size_t host_size,
				     const char *login)
{
	const struct netrc_entry *other = NULL;

	for (size_t i = 0; i < netrc->count; i++) {
		const struct netrc_entry *entry = &netrc->entries[i];

		if (login && strcmp(entry->login, login) != 0)
			continue;
		if (is_for(entry, host, host_size))
			return entry;
		if (!entry->machine && !other)
			other = entry;
	}
	return other;
}

/* ---- The file ---- */

/* Of the user's own file. */
static int check_access(const struct netrc *netrc, const char *path)
{
	struct stat status;
	bool secret = false;
	int error;

	for (size_t i = 0; i < netrc->count; i++)
		secret |= strcmp(netrc->entries[i].login, "anonymous") != 0;
	error = secret ? await_stat(path, &status) : 0;
	if (!secret || error)
		return error;
	if (status.st_uid != getuid())
		return async_fail(-EPERM, "%s belongs to user %ld and not to %ld: not used", path,
				  (long)status.st_uid, (long)getuid());
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return async_fail(-EPERM,
				  "%s has passwords and mode %03o, so others have access: not used "
				  "(chmod 600, or name it by the variable NETRC)",
				  path, (unsigned int)status.st_mode & 0777);
	return 0;
}

int await_netrc_read(struct netrc *netrc, size_t limit)
{
	int cancelled = async_cancelled();
	const char *named = secure_getenv("NETRC"), *home = secure_getenv("HOME");
	char path[PATH_BYTES], *text;
	ssize_t size;
	int error;

	*netrc = (struct netrc){ .text = NULL };
	if (cancelled)
		return cancelled;
	named = named && *named ? named : NULL;
	if (!named && (!home || !*home))
		return async_fail(-ENOENT, "a netrc file: neither NETRC nor HOME is set");
	error = named ? snprintf(path, sizeof path, "%s", named) :
			snprintf(path, sizeof path, "%s/.netrc", home);
	if (error >= (int)sizeof path)
		return async_fail(-ENAMETOOLONG, "the path of a netrc file, %d bytes", error);
	size = await_read_file(path, &text, limit ? limit : NETRC_BYTES);
	/* A home that is none of ours: services have /dev/null, or somebody else's. */
	if (!named && (size == -ENOTDIR || size == -EACCES))
		return async_fail(-ENOENT, "%s cannot be reached", path);
	if (size < 0)
		return (int)size;
	error = netrc_parse(netrc, text, (size_t)size, path);
	if (!error && !named)
		error = check_access(netrc, path);
	if (error)
		netrc_end(netrc);
	return error;
}
