/* SPDX-License-Identifier: MIT */
/*
 * Channels: values of one size between tasks of one loop, with a sending and a receiving end that
 * can be cloned. When the last sender is closed receivers drain what is left and then get -EPIPE;
 * when the last receiver is closed senders get -EPIPE at once. Capacity 0 is a rendezvous: a send
 * returns when a receiver has the value.
 */
#ifndef AWAIT_CHANNEL_H
#define AWAIT_CHANNEL_H

#include <await/base.h>

ASYNC_BEGIN_DECLS

typedef struct async_sender async_sender;
typedef struct async_receiver async_receiver;

/* Make a channel for `capacity` values of `item_bytes` each. Whoever gets an end closes it; the
 * channel goes with its last end. -ENOMEM; -EINVAL for item_bytes 0. */
ASYNC_API int async_channel(size_t item_bytes, size_t capacity, async_sender **sender,
			    async_receiver **receiver);

/* Copy one item in, waiting while the channel is full; copy one out, waiting while it is empty.
 * -EPIPE: nobody is at the other end; -EBADF: the last end of this side was closed meanwhile. A
 * cancelled send sent nothing; a cancelled receive took nothing. */
ASYNC_API int await_channel_send(async_sender *sender, const void *item);
ASYNC_API int await_channel_receive(async_receiver *receiver, void *item);
/* The same without waiting: -EAGAIN. */
ASYNC_API int async_channel_try_send(async_sender *sender, const void *item);
ASYNC_API int async_channel_try_receive(async_receiver *receiver, void *item);

/* One more end of the same kind, to be closed on its own: the same end, counted once more. Never
 * NULL. */
ASYNC_API async_sender *async_sender_clone(async_sender *sender);
ASYNC_API async_receiver *async_receiver_clone(async_receiver *receiver);
/* Close an end; the tasks that wait on the channel notice. The values in it go with the last
 * receiver. NULL is allowed. */
ASYNC_API void async_sender_close(async_sender *sender);
ASYNC_API void async_receiver_close(async_receiver *receiver);
/* Values in the channel now. */
ASYNC_API size_t async_channel_length(const async_receiver *receiver);

/* One case of a select: exactly one of sender and receiver is set, or none (the case is passed
 * over). */
struct async_select_case {
	async_sender *sender;	  /* send *item */
	async_receiver *receiver; /* receive into *item */
	void *item;
	int result; /* of the case that was chosen: 0, -EPIPE or -EBADF */
};

/*
 * Wait until one of n cases can go on, do that one, and return its index; when several can, one of
 * them is chosen in turn. A closed other end makes a case ready, with result -EPIPE, again and
 * again: take its end out of the case. Fails with the cancel error; -EINVAL when no case names an
 * end or one names two; -ENOMEM (n > 16).
 */
ASYNC_API ssize_t await_select(struct async_select_case cases[], size_t n);
/* The same without waiting: -EAGAIN when none is ready. */
ASYNC_API ssize_t async_try_select(struct async_select_case cases[], size_t n);

ASYNC_END_DECLS

#endif
