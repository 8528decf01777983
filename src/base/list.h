/* SPDX-License-Identifier: MIT */
/* A doubly linked list whose head is two pointers, so that an empty one is zero-filled and a lock
 * can be initialised statically. Links live in the things listed: nothing is allocated. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <await/base.h>
#include "base/base.h"

static inline bool list_empty(const struct async_waiters_ *list)
{
	return !list->first;
}

static inline void list_append(struct async_waiters_ *list, struct async_link_ *link)
{
	link->next = NULL;
	link->prev = list->last;
	if (list->last)
		list->last->next = link;
	else
		list->first = link;
	list->last = link;
}

static inline void list_prepend(struct async_waiters_ *list, struct async_link_ *link)
{
	link->prev = NULL;
	link->next = list->first;
	if (list->first)
		list->first->prev = link;
	else
		list->last = link;
	list->first = link;
}

static inline void list_remove(struct async_waiters_ *list, struct async_link_ *link)
{
	if (link->prev)
		link->prev->next = link->next;
	else
		list->first = link->next;
	if (link->next)
		link->next->prev = link->prev;
	else
		list->last = link->prev;
}

static inline struct async_link_ *list_pop(struct async_waiters_ *list)
{
	struct async_link_ *link = list->first;

	if (link)
		list_remove(list, link);
	return link;
}

/* `link` and `following` survive the removal of `link` only. */
#define list_for_each(list, link, following)                                                  \
	for (struct async_link_ *link = (list)->first, *following = link ? link->next : NULL; \
	     link; link = following, following = link ? link->next : NULL)

#endif
