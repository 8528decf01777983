/* SPDX-License-Identifier: MIT */
/* Looking at tasks: names, lists, the tree, the stack of a parked task. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/group.h"
#include "core/handle.h"
#include "core/report.h"
#include "core/unwind.h"

const char *async_task_name(const async_task *task)
{
	static __thread char text[128];

	return task_name_in(task, text, sizeof text);
}

int async_task_set_name(async_task *task, const char *name)
{
	char *copy = strdup(name);

	if (!copy)
		return async_fail(-ENOMEM, "async_task_set_name");
	free(task->name);
	task->name = copy;
	return 0;
}

int async_task_on_done(async_task *task, async_callback *callback, void *arg)
{
	if (calls_add(&task->callbacks, callback, arg))
		return async_fail(-ENOMEM, "async_task_on_done");
	if (task->done)
		task_tell_callbacks(task);
	return 0;
}

async_task *async_current_task(void)
{
	return loop_current ? loop_current->running : NULL;
}

struct task_array {
	async_task **tasks;
	size_t room, count;
};

static void collect(struct async_task *task, void *arg)
{
	struct task_array *array = arg;

	if (task->done)
		return;
	if (array->count < array->room)
		array->tasks[array->count] = task;
	array->count++;
}

size_t async_all_tasks(async_task *tasks[], size_t count)
{
	struct task_array array = { tasks, count, 0 };

	if (loop_current)
		tasks_visit(loop_current, collect, &array);
	return array.count;
}

int async_task_stack(async_task *task, void *frames[], int count)
{
	return task->wait && count > 0 ? stack_frames(task, frames, count) : 0;
}

struct tree {
	FILE *out;
	int depth;
};

static void print_one(struct async_task *task, const struct tree *tree, int level)
{
	enum { DEPTH_MAX = 64 };
	char name[64], state[256];
	void *frames[DEPTH_MAX];
	int depth = tree->depth < DEPTH_MAX ? tree->depth : DEPTH_MAX;
	int found = async_task_stack(task, frames, depth);

	fprintf(tree->out, "%*s%s (%s): %s\n", level * 2, "", task_name_in(task, name, sizeof name),
		task->site, task_state_in(task, state, sizeof state));
	stack_print(tree->out, frames, found, level * 2 + 4);
}

static void print_under(struct async_task *task, const struct tree *tree, int level);

static void print_children(struct async_group *group, uint64_t parent, const struct tree *tree,
			   int level)
{
	list_for_each (&group->children_, link, following) {
		struct async_task *child = container_of(link, struct async_task, sibling);

		if (!parent || child->parent_id == parent)
			print_under(child, tree, level);
	}
}

static void print_under(struct async_task *task, const struct tree *tree, int level)
{
	enum { LEVELS_MAX = 32 };

	print_one(task, tree, level);
	if (level >= LEVELS_MAX)
		return;
	list_for_each (&task->loop->groups, link, following) {
		struct async_group *group = container_of(link, struct async_group, in_loop_);

		if (group->owner_ == task)
			print_children(group, 0, tree, level + 1);
	}
}

void async_print_tasks(FILE *out, int depth)
{
	struct tree tree = { out, depth };

	if (!loop_current)
		return;
	print_under(&loop_current->root, &tree, 0);
	print_children(&loop_current->strays, 0, &tree, 0);
}
