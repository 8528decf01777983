/* SPDX-License-Identifier: MIT */
/* What libraries keep per loop: a list, newest first, so that it is taken apart in reverse order of
 * creation. A handful of entries, looked for once per connection at most. */
#include <errno.h>
#include <stdlib.h>
#include "core/loop.h"

/* Where the entry stands, or NULL stands. */
static struct loop_value **place_of(struct loop_value **place, const void *key)
{
	while (*place && (*place)->key != key)
		place = &(*place)->older;
	return place;
}

/* Puts an entry in front. */
static int add(struct loop_value **values, const void *key, void *value,
	       void (*free_value)(void *value))
{
	struct loop_value *entry = malloc(sizeof *entry);

	if (!entry)
		return async_fail(-ENOMEM, "async_loop_set_value");
	*entry = (struct loop_value){ *values, key, value, free_value };
	*values = entry;
	return 0;
}

void *async_loop_value(const void *key)
{
	struct async_loop *loop = loop_of_thread();
	struct loop_value *entry = loop ? *place_of(&loop->values, key) : NULL;

	return entry ? entry->value : NULL;
}

int async_loop_set_value(const void *key, void *value, void (*free_value)(void *value))
{
	struct async_loop *loop = loop_of_thread();

	if (!loop)
		return -ENOMEM;
	if (*place_of(&loop->values, key))
		return async_fail(-EEXIST, "async_loop_set_value: the loop holds one for this key");
	return add(&loop->values, key, value, free_value);
}

void *async_loop_take_value(const void *key)
{
	struct async_loop *loop = loop_of_thread();
	struct loop_value **place = loop ? place_of(&loop->values, key) : NULL;
	struct loop_value *entry = place ? *place : NULL;
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	*place = entry->older;
	free(entry);
	return value;
}

/* What is left open is ended after the values, which may hold some of it and close it themselves. */
struct async_waiters_ *loop_list(const void *key, void (*end)(void *list))
{
	struct async_loop *loop = loop_of_thread();
	struct loop_value *entry = loop ? *place_of(&loop->lists, key) : NULL;
	struct async_waiters_ *list;

	if (entry || !loop)
		return entry ? entry->value : NULL;
	list = calloc(1, sizeof *list);
	if (list && add(&loop->lists, key, list, end)) {
		free(list);
		return NULL;
	}
	return list;
}

static void free_all(struct loop_value **values)
{
	while (*values) {
		struct loop_value entry = **values;

		free(*values);
		*values = entry.older;
		if (entry.free_value)
			entry.free_value(entry.value);
	}
}

/* An entry is out of the list before its function runs: that may make new ones, and they go too. */
void loop_values_free(struct async_loop *loop)
{
	while (loop->values || loop->lists) {
		free_all(&loop->values);
		if (loop->lists) {
			struct loop_value *older = loop->lists->older;

			loop->lists->older = NULL;
			free_all(&loop->lists);
			loop->lists = older;
		}
	}
}
