/* SPDX-License-Identifier: MIT */
/* Letters to a loop: see mailbox.h. They arrive in the order of posting; one callback from another
 * thread takes along all that came meanwhile. */
#include <errno.h>
#include <stdlib.h>
#include "core/report.h"
#include "thread/job.h"
#include "thread/mailbox.h"
#include "thread/pool.h"

struct mailbox *mailbox_hold(struct mailbox *mailbox)
{
	__atomic_add_fetch(&mailbox->references, 1, __ATOMIC_RELAXED);
	return mailbox;
}

void mailbox_release(struct mailbox *mailbox)
{
	if (__atomic_sub_fetch(&mailbox->references, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_mutex_destroy(&mailbox->mutex);
	free(mailbox);
}

static struct letter *mailbox_empty(struct mailbox *mailbox)
{
	struct letter *first = mailbox->first;

	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	mailbox->pumping = false;
	return first;
}

static void deliver_all(struct letter *letter, bool arrived)
{
	while (letter) {
		struct letter *next = letter->next;

		letter->deliver(letter, arrived);
		letter = next;
	}
}

static void mailbox_pump(void *arg)
{
	struct mailbox *mailbox = arg;
	struct letter *letters;

	pthread_mutex_lock(&mailbox->mutex);
	letters = mailbox_empty(mailbox);
	pthread_mutex_unlock(&mailbox->mutex);
	deliver_all(letters, true);
}

bool mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
	bool open;

	pthread_mutex_lock(&mailbox->mutex);
	open = mailbox->loop != NULL;
	if (open) {
		letter->next = NULL;
		*mailbox->last = letter;
		mailbox->last = &letter->next;
		/* With the mutex held: the loop cannot go while it is being woken. */
		if (!mailbox->pumping)
			async_call_threadsafe(mailbox->loop, &mailbox->pump, mailbox_pump, mailbox);
		mailbox->pumping = true;
	}
	pthread_mutex_unlock(&mailbox->mutex);
	return open;
}

/* In the main task of a loop that closes; all other tasks have ended. */
static void mailbox_end(void *arg)
{
	struct mailbox *mailbox = arg;
	struct letter *letters;

	jobs_await_abandoned(mailbox);
	pool_uses_end(mailbox);
	pthread_mutex_lock(&mailbox->mutex);
	mailbox->loop = NULL;
	letters = mailbox_empty(mailbox);
	pthread_mutex_unlock(&mailbox->mutex);
	async_handle_cancel(&mailbox->pump);
	deliver_all(letters, false);
	mailbox_release(mailbox);
}

static struct mailbox *mailbox_make(struct async_loop *loop)
{
	struct mailbox *mailbox = calloc(1, sizeof *mailbox);

	if (!mailbox)
		return NULL;
	pthread_mutex_init(&mailbox->mutex, NULL);
	mailbox->references = 1;
	mailbox->loop = loop;
	mailbox->last = &mailbox->first;
	return mailbox;
}

struct mailbox *mailbox_of(struct async_loop *loop, int *error)
{
	void *found = __atomic_load_n(&loop->mailbox, __ATOMIC_ACQUIRE);
	struct mailbox *mailbox;

	if (!found) {
		mailbox = mailbox_make(loop);
		if (!mailbox) {
			*error = async_fail(-ENOMEM, "no memory for a loop's mailbox");
			return NULL;
		}
		__atomic_store_n(&loop->mailbox_end, mailbox_end, __ATOMIC_RELAXED);
		if (__atomic_compare_exchange_n(&loop->mailbox, &found, mailbox, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return mailbox;
		mailbox_release(mailbox); /* another thread was faster */
	}
	if (found == LOOP_GONE) {
		*error = async_fail(-ESHUTDOWN, "the loop is closing");
		return NULL;
	}
	return found;
}
