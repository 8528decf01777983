/* SPDX-License-Identifier: MIT */
/* The page that lists a directory. It is read, sorted and written in the thread pool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <await/thread.h>
#include <await/url.h>
#include "http/html.h"
#include "server/server.h"
#include "server/static.h"

struct entry {
	char *name;
	bool is_directory;
	bool is_known; /* size and time are */
	uint64_t size;
	time_t modified;
};

struct listing {
	const struct app_static *site;
	const char *title; /* the path */
	bool is_root;
	struct http_open *directory;
	struct entry *entries;
	size_t count, room;
	bool more;
	char *page;
	size_t page_size;
};

/* Directories first, then by bytes: the same everywhere. */
static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	if (one->is_directory != other->is_directory)
		return one->is_directory ? -1 : 1;
	return strcmp(one->name, other->name);
}

/* False: it is not listed, since it would not be served. Links that may not be followed are not
 * looked through either. */
static bool look_at(const struct listing *listing, int fd, const char *name, struct entry *entry)
{
	int flags = listing->site->options.follow_links ? 0 : AT_SYMLINK_NOFOLLOW;
	struct statx status;

	if (name[0] == '.' &&
	    (!listing->site->options.hidden || !strcmp(name, ".") || !strcmp(name, "..")))
		return false;
	if (statx(fd, name, flags, STATX_BASIC_STATS, &status))
		return false;
	entry->is_directory = S_ISDIR(status.stx_mode);
	entry->is_known = !S_ISLNK(status.stx_mode);
	entry->size = status.stx_size;
	entry->modified = status.stx_mtime.tv_sec;
	return entry->is_directory || S_ISREG(status.stx_mode) || S_ISLNK(status.stx_mode);
}

static int add(struct listing *listing, const char *name, struct entry *entry)
{
	if (listing->count == listing->room) {
		size_t room = listing->room ? listing->room * 2 : 64;
		struct entry *larger = realloc(listing->entries, room * sizeof *larger);

		if (!larger)
			return -ENOMEM;
		listing->entries = larger;
		listing->room = room;
	}
	entry->name = strdup(name);
	if (!entry->name)
		return -ENOMEM;
	listing->entries[listing->count++] = *entry;
	return 0;
}

static int read_entries(struct listing *listing)
{
	DIR *directory = fdopendir(listing->directory->fd);
	const struct dirent *found;
	int error = 0;

	if (!directory)
		return -errno;
	listing->directory->fd = -1;
	while (!error && (errno = 0, found = readdir(directory))) {
		struct entry entry;

		if (!look_at(listing, dirfd(directory), found->d_name, &entry))
			continue;
		listing->more = listing->count == listing->site->options.list_entries;
		if (listing->more)
			break;
		error = add(listing, found->d_name, &entry);
	}
	if (!error && !listing->more)
		error = -errno;
	closedir(directory);
	return error;
}

static int put_escaped(FILE *out, const char *text)
{
	size_t size = strlen(text), room = http_html_escape(NULL, 0, text, size) + 1;
	char *escaped = malloc(room);

	if (!escaped)
		return -ENOMEM;
	http_html_escape(escaped, room, text, size);
	fputs(escaped, out);
	free(escaped);
	return 0;
}

static int put_entry(FILE *out, const struct entry *entry)
{
	const char *slash = entry->is_directory ? "/" : "";
	char *address =
		async_percent_encode(entry->name, strlen(entry->name), ASYNC_PERCENT_COMPONENT);
	char when[HTTP_DATE_BYTES] = "";
	int error;

	if (!address)
		return -ENOMEM;
	/* "./": what holds a colon would be another scheme. Nothing in it needs escaping, "'"
	 * apart, which does no harm in these quotes. */
	fprintf(out, "<tr><td><a href=\"./%s%s\">", address, slash);
	free(address);
	error = put_escaped(out, entry->name);
	fprintf(out, "%s</a>", slash);
	if (entry->is_known)
		http_date(when, entry->modified);
	fprintf(out, "<td>%s", when);
	if (entry->is_known && !entry->is_directory)
		fprintf(out, "<td>%llu", (unsigned long long)entry->size);
	fputc('\n', out);
	return error;
}

static int put_page(const struct listing *listing, FILE *out)
{
	int error;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Index of ",
	      out);
	error = put_escaped(out, listing->title);
	fputs("</title>\n<style>td{padding-right:2em}td+td+td{text-align:right}</style>\n"
	      "<h1>Index of ",
	      out);
	if (!error)
		error = put_escaped(out, listing->title);
	fputs("</h1>\n<table>\n", out);
	if (!listing->is_root)
		fputs("<tr><td><a href=\"../\">../</a>\n", out);
	for (size_t i = 0; i < listing->count && !error; i++)
		error = put_entry(out, &listing->entries[i]);
	fputs("</table>\n", out);
	if (listing->more)
		fprintf(out,
			"<p>There is more: this list ends after %zu entries (option "
			"`list_entries`).</p>\n",
			listing->site->options.list_entries);
	fputs("</html>\n", out);
	return error;
}

static long list(void *arg)
{
	struct listing *listing = arg;
	int error = read_entries(listing);
	FILE *out;

	if (error)
		return error;
	if (listing->count)
		qsort(listing->entries, listing->count, sizeof *listing->entries, compare);
	out = open_memstream(&listing->page, &listing->page_size);
	if (!out)
		return -ENOMEM;
	error = put_page(listing, out);
	if (fclose(out) && !error)
		error = -ENOMEM;
	return error;
}

int await_static_list(struct async_request *request, const struct app_static *site,
		      struct http_open *directory)
{
	struct listing listing = {
		.site = site,
		.title = async_request_path(request),
		.directory = directory,
		.is_root = !strcmp(directory->path, "."),
	};
	int error = (int)await_thread(list, &listing);

	if (error)
		async_fail(error, "the list of %s", directory->path);
	else
		error = async_respond_type(request, "text/html; charset=utf-8");
	if (!error)
		error = await_respond_known(request, NULL, 0, listing.page, listing.page_size);
	http_file_close(directory);
	for (size_t i = 0; i < listing.count; i++)
		free(listing.entries[i].name);
	free(listing.entries);
	free(listing.page);
	return error;
}
