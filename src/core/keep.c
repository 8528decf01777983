/* SPDX-License-Identifier: MIT */
/* What libraries keep per loop: a list, newest first, so that it is taken apart in reverse order of
 * creation. A handful of entries, looked for once per connection at most. */
#include <errno.h>
#include <stdlib.h>
#include "core/loop.h"

void *async_loop_value(const void *key)
{
	struct async_loop *loop = loop_of_thread();

	for (struct loop_value *entry = loop ? loop->values : NULL; entry; entry = entry->older)
		if (entry->key == key)
			return entry->value;
	return NULL;
}

int async_loop_set_value(const void *key, void *value, void (*free_value)(void *value))
{
	struct async_loop *loop = loop_of_thread();
	struct loop_value *entry;

	if (!loop)
		return -ENOMEM;
	for (entry = loop->values; entry; entry = entry->older)
		if (entry->key == key)
			return async_fail(-EEXIST,
					  "async_loop_set_value: the loop holds one for this key");
	entry = malloc(sizeof *entry);
	if (!entry)
		return async_fail(-ENOMEM, "async_loop_set_value");
	*entry = (struct loop_value){ loop->values, key, value, free_value };
	loop->values = entry;
	return 0;
}

struct async_waiters_ *loop_list(const void *key, void (*end)(void *list))
{
	struct async_waiters_ *list = async_loop_value(key);

	if (list)
		return list;
	list = calloc(1, sizeof *list);
	if (list && async_loop_set_value(key, list, end)) {
		free(list);
		return NULL;
	}
	return list;
}

/* An entry is out of the list before its function runs: that may make new ones, and they go too. */
void loop_values_free(struct async_loop *loop)
{
	while (loop->values) {
		struct loop_value entry = *loop->values;

		free(loop->values);
		loop->values = entry.older;
		if (entry.free_value)
			entry.free_value(entry.value);
	}
}
