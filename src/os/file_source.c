/* SPDX-License-Identifier: MIT */
/* Files as sources. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <await/file.h>
#include <await/source.h>

static ssize_t next_of_file(void *arg, const char **data)
{
	async_file_source *file = arg;
	uint64_t left = file->size - file->at;
	ssize_t n;

	if (!left)
		return 0;
	if (!file->room)
		file->room = malloc(ASYNC_FILE_SOURCE_BYTES);
	if (!file->room)
		return async_fail(-ENOMEM, "no memory to read a file");
	n = await_pread(file->fd, file->room,
			left < ASYNC_FILE_SOURCE_BYTES ? left : ASYNC_FILE_SOURCE_BYTES,
			file->offset + (off_t)file->at);
	if (!n)
		return async_fail(-ENODATA,
				  "the file ends %" PRIu64 " bytes before the %" PRIu64
				  " that it was said to have",
				  left, file->size);
	if (n > 0) {
		file->at += (uint64_t)n;
		*data = file->room;
	}
	return n;
}

static int rewind_file(void *arg)
{
	((async_file_source *)arg)->at = 0;
	return 0;
}

async_source async_source_file(async_file_source *file, int fd, off_t offset, uint64_t size)
{
	*file = (async_file_source){ .fd = fd, .offset = offset, .size = size };
	return (async_source){ .await_next = next_of_file,
			       .await_rewind = rewind_file,
			       .arg = file,
			       .sized = true,
			       .size = size };
}

void async_file_source_end(async_file_source *file)
{
	free(file->room);
	file->room = NULL;
}
