/* SPDX-License-Identifier: MIT */
/* Directories: read a buffer at a time, handed out an entry at a time. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <await/net.h>
#include "os/file_request.h"

enum { BUFFER_BYTES = 32 * 1024 };

/* What getdents64(2) writes. */
struct raw_entry {
	uint64_t inode;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

struct async_directory {
	int fd;
	size_t size, at; /* of what is in the buffer */
	_Alignas(8) char buffer[BUFFER_BYTES];
};

async_directory *await_opendir(const char *path)
{
	async_directory *directory;
	int fd = await_open(path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return NULL;
	directory = malloc(sizeof *directory);
	if (!directory) {
		async_close(fd);
		async_fail(-ENOMEM, "await_opendir: %s", path);
		return NULL;
	}
	directory->fd = fd;
	directory->size = directory->at = 0;
	return directory;
}

static int refill(async_directory *directory)
{
	struct file_request request = { .code = FILE_LIST,
					.fd = directory->fd,
					.data = directory->buffer,
					.size = sizeof directory->buffer };
	int64_t n = file_run(&request, "await_readdir");

	directory->at = 0;
	directory->size = n > 0 ? (size_t)n : 0;
	return n > 0 ? 1 : (int)n;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

int await_readdir(async_directory *directory, async_directory_entry *entry)
{
	struct async_task *self = task_self("await_readdir");
	const struct raw_entry *raw;

	if (self->cancel_error)
		return self->cancel_error;
	do {
		if (directory->at == directory->size) {
			int more = refill(directory);

			if (more <= 0)
				return more;
		}
		raw = (const struct raw_entry *)(directory->buffer + directory->at);
		directory->at += raw->bytes;
	} while (is_dots(raw->name));
	*entry = (async_directory_entry){ raw->name, raw->type, raw->inode };
	return 1;
}

void async_directory_close(async_directory *directory)
{
	if (!directory)
		return;
	async_close(directory->fd);
	free(directory);
}
