/* SPDX-License-Identifier: MIT */
/* Stack high-water marks: see stackuse.h. Nothing is painted: memory that the system hands out is
 * zero, so the deepest non-zero word of the pages present tells. A reused stack is first given back
 * to the system. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/stackuse.h"

struct stack_use {
	struct stack_use *next;
	const char *site;
	size_t deepest, reserved, tasks;
};

static struct stack_use *entry_of(struct async_loop *loop, const char *site)
{
	struct stack_use *use = loop->stack_use;

	for (; use->next; use = use->next)
		if (!strcmp(use->next->site, site))
			return use->next;
	use->next = calloc(1, sizeof *use);
	if (use->next)
		use->next->site = site;
	return use->next;
}

void stack_use_empty(struct async_task *task)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *top_page = (char *)((uintptr_t)task & ~(uintptr_t)(page - 1));

	madvise(task->stack.low, (size_t)(top_page - task->stack.low), MADV_DONTNEED);
	memset(top_page, 0, (size_t)((char *)task - top_page));
}

static size_t depth_of(const struct async_task *task)
{
	const uint64_t *word = (const uint64_t *)task->stack.low;

	while (word < (const uint64_t *)task && !*word)
		word++;
	return (size_t)(task->stack.top - (const char *)word);
}

/* The scan touches the whole stack: reading pages that are not there maps the zero page, which
 * costs time only. */
void stack_use_record(struct async_loop *loop, const struct async_task *task)
{
	struct stack_use *use = entry_of(loop, task->site);
	size_t depth = depth_of(task);

	if (!use)
		return;
	use->tasks++;
	use->reserved = (size_t)(task->stack.top - task->stack.low);
	if (depth > use->deepest)
		use->deepest = depth;
}

void stack_use_term(struct async_loop *loop)
{
	while (loop->stack_use) {
		struct stack_use *use = loop->stack_use;

		loop->stack_use = use->next;
		free(use);
	}
}

void async_print_stack_use(FILE *out)
{
	struct async_loop *loop = loop_of_thread();

	if (!loop)
		return;
	if (!loop->stack_use)
		loop->stack_use = calloc(1, sizeof *loop->stack_use);
	if (!loop->stack_use)
		return;
	for (struct stack_use *use = loop->stack_use->next; use; use = use->next)
		fprintf(out, "%8zu of %8zu bytes, %8zu tasks: %s\n", use->deepest, use->reserved,
			use->tasks, use->site);
}
