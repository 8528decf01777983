/* SPDX-License-Identifier: MIT */
/*
 * The last lines of a file, and whatever is added to it: file_tail FILE [LINES]. Like tail -F: when
 * the file is truncated it starts over, when another takes its name (a rotated log) it goes on with
 * that one. It watches the directory, so that a name without a file is no special case. Ctrl-C ends.
 */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4096 };

static struct tail {
	const char *path;
	int lines;
	int fd; /* negative: there is no file just now */
	off_t offset;
} tail = { .lines = 10, .fd = -1 };

/* Print what was added. */
static int print_rest(void)
{
	char data[BLOCK_BYTES];
	ssize_t n;

	while ((n = await_pread(tail.fd, data, sizeof data, tail.offset)) > 0) {
		fwrite(data, 1, (size_t)n, stdout);
		tail.offset += n;
	}
	fflush(stdout);
	return (int)n;
}

/* Go back from the end, a block at a time, past as many newlines as there are lines to print; one
 * that ends the file ends the last line. */
static int find_last_lines(void)
{
	char data[BLOCK_BYTES];
	struct stat status;
	int error = await_fstat(tail.fd, &status), newlines = 0;
	off_t block = status.st_size;

	if (error)
		return error;
	while (block > 0) {
		size_t size = block < BLOCK_BYTES ? (size_t)block : BLOCK_BYTES;
		ssize_t n = await_pread(tail.fd, data, size, block -= (off_t)size);

		if (n < 0)
			return (int)n;
		while (n-- > 0) {
			off_t at = block + n;

			if (data[n] != '\n' || at + 1 == status.st_size || ++newlines < tail.lines)
				continue;
			tail.offset = at + 1;
			return 0;
		}
	}
	return 0;
}

/* Whether the name is still that of the file that is open. */
static bool is_same_file(void)
{
	struct stat named, opened;

	return tail.fd >= 0 && !await_stat(tail.path, &named) && !await_fstat(tail.fd, &opened) &&
	       named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

static int follow(void)
{
	struct stat status;
	int error;

	if (tail.fd >= 0) {
		error = await_fstat(tail.fd, &status);
		if (error)
			return error;
		if (status.st_size < tail.offset) {
			printf("--- %s: truncated\n", tail.path);
			tail.offset = 0;
		}
		error = print_rest();
		if (error || is_same_file())
			return error;
	}
	error = await_open(tail.path, O_RDONLY, 0);
	if (error < 0) /* nobody has the name now: a change will tell who takes it */
		return error == -ENOENT ? 0 : error;
	if (tail.fd >= 0)
		printf("--- %s: another file\n", tail.path);
	async_close(tail.fd);
	tail.fd = error;
	tail.offset = 0;
	return print_rest();
}

static int watch_name(async_file_watch *watch, const char *name)
{
	async_file_change change;
	int error = follow();

	while (!error && !(error = await_file_change(watch, &change)))
		if (change.what == ASYNC_FILE_OVERFLOW || !strcmp(change.name, name))
			error = follow();
	return error;
}

static int file_tail(void *arg)
{
	char *folder = strdup(tail.path), *name = strdup(tail.path);
	async_file_watch *watch = async_file_watch_open();
	int error = async_file_watch_add(watch, dirname(folder),
					 ASYNC_FILE_CREATED | ASYNC_FILE_MOVED_HERE |
						 ASYNC_FILE_MODIFIED);

	(void)arg;
	if (!error)
		error = tail.fd = await_open(tail.path, O_RDONLY, 0);
	if (error >= 0)
		error = find_last_lines();
	if (!error)
		error = watch_name(watch, basename(name));
	if (error != -ECANCELED)
		fprintf(stderr, "file_tail: %s\n", async_error());
	async_file_watch_close(watch);
	async_close(tail.fd);
	free(folder);
	free(name);
	return error;
}

int main(int argc, char **argv)
{
	int result;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE [LINES]\n", argv[0]);
		return 2;
	}
	tail.path = argv[1];
	if (argc > 2)
		tail.lines = atoi(argv[2]);
	result = async_run(file_tail, NULL);
	return result && result != -EINTR;
}
