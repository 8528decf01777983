/* SPDX-License-Identifier: MIT */
/* Task-local values: a shared list, newest first. A child starts with its creator's list; setting
 * puts a new entry in front for the setter alone. */
#include <errno.h>
#include <stdlib.h>
#include "core/loop.h"

__thread struct local_value *locals_borrowed __attribute__((tls_model("initial-exec")));

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

static const struct local_value *find(const struct local_value *value, const async_local *local)
{
	while (value && value->local != local)
		value = value->older;
	return value;
}

void *async_local_get(const async_local *local)
{
	const struct async_task *task = task_running();
	const struct local_value *value = task ? find(task->locals, local) : NULL;

	if (!value)
		value = find(locals_borrowed, local);
	return value ? value->value : NULL;
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

void *async_locals_begin(void)
{
	struct local_value *values = task_self("async_locals_begin")->locals;

	if (values)
		values->references++;
	return values;
}

void async_locals_end(void *begun)
{
	struct async_task *self = task_self("async_locals_end");

	locals_release(self->locals);
	self->locals = begun;
}
