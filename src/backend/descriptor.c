/* SPDX-License-Identifier: MIT */
/* The table of descriptors: see descriptor.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "backend/descriptor.h"
#include "core/report.h"

void descriptors_term(struct descriptor_table *table)
{
	free(table->entries);
	free(table->origins);
	table->origins = NULL;
	table->origin_count = 0;
	table->entries = NULL;
	table->count = 0;
}

int descriptors_grow(struct descriptor_table *table, int fd)
{
	int count = table->count ? table->count : 64;
	struct descriptor *entries;

	while (count <= fd)
		count *= 2;
	entries = realloc(table->entries, (size_t)count * sizeof *entries);
	if (!entries)
		return async_fail(-ENOMEM, "no memory for a table of %d descriptors", count);
	memset(entries + table->count, 0, (size_t)(count - table->count) * sizeof *entries);
	table->entries = entries;
	table->count = count;
	return 0;
}

/* Debug mode; out of memory it is silent about this one. */
static void note_origin(struct descriptor_table *table, int fd)
{
	const struct async_task *task = loop_current ? loop_current->running : NULL;

	if (fd >= table->origin_count) {
		const char **origins =
			realloc(table->origins, (size_t)table->count * sizeof *origins);

		if (!origins)
			return;
		memset(origins + table->origin_count, 0,
		       (size_t)(table->count - table->origin_count) * sizeof *origins);
		table->origins = origins;
		table->origin_count = table->count;
	}
	table->origins[fd] = task ? task->site : "a loop callback or the loop itself";
}

void descriptor_born(struct descriptor_table *table, int fd, uint32_t flags)
{
	struct descriptor *descriptor = descriptor_at(table, fd);

	if (!descriptor)
		return;
	descriptor->generation++;
	descriptor->flags = flags;
	if (unlikely(loop_current && loop_current->options.debug))
		note_origin(table, fd);
}

void descriptor_gone(struct descriptor_table *table, int fd)
{
	if (fd >= table->count)
		return;
	table->entries[fd].generation++;
	table->entries[fd].flags = 0;
	if (unlikely(fd < table->origin_count))
		table->origins[fd] = NULL;
}

void descriptors_tell_open(struct async_loop *loop, const struct descriptor_table *table)
{
	for (int fd = 0; fd < table->origin_count; fd++)
		if (table->origins[fd] && fcntl(fd, F_GETFD) >= 0)
			loop_report(loop, "left", 0, NULL,
				    "descriptor %d was left open; made by task %s", fd,
				    table->origins[fd]);
}

int descriptor_busy(const struct descriptor *descriptor, const struct operation *operation)
{
	const struct operation *other = descriptor->waiting[operation->direction];
	char name[64] = "a watcher";

	if (likely(!other))
		return 0;
	if (other->wait.task)
		snprintf(name, sizeof name, "%s", async_task_name(other->wait.task));
	return async_fail(-EBUSY, "descriptor %d: %s is already waiting to %s it; one at a time",
			  operation->fd, name,
			  operation->direction == DIRECTION_READ ? "read" : "write");
}

int descriptor_unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	if (likely(flags & O_NONBLOCK))
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? -errno : 0;
}
