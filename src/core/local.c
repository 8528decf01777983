/* SPDX-License-Identifier: MIT */
/* Task-local values: a shared list, newest first. A child starts with its creator's list; setting
 * puts a new entry in front for the setter alone. */
#include <errno.h>
#include <stdlib.h>
#include "core/loop.h"

void locals_release(struct local_value *value)
{
	while (value && !--value->references) {
		struct local_value *older = value->older;

		if (value->local->free_value)
			value->local->free_value(value->value);
		free(value);
		value = older;
	}
}

void *async_local_get(const async_local *local)
{
	struct async_loop *loop = loop_current;

	if (!loop || !loop->running)
		return NULL;
	for (struct local_value *value = loop->running->locals; value; value = value->older)
		if (value->local == local)
			return value->value;
	return NULL;
}

int async_local_set(const async_local *local, void *value)
{
	struct async_task *self = task_self("async_local_set");
	struct local_value *entry = self->locals;

	/* Setting again before any child could see the value needs no new entry. */
	if (entry && entry->local == local && entry->references == 1) {
		if (local->free_value)
			local->free_value(entry->value);
		entry->value = value;
		return 0;
	}
	entry = malloc(sizeof *entry);
	if (!entry)
		return async_fail(-ENOMEM, "async_local_set");
	*entry = (struct local_value){ self->locals, local, value, 1 };
	self->locals = entry;
	return 0;
}
