/* SPDX-License-Identifier: MIT */
/*
 * io_uring through the kernel interface itself: setting up the two rings, taking an entry,
 * submitting, waiting. Debian 12's liburing would be a dependency of the core for these two hundred
 * lines, and its headers know less than the kernels people run; the constants they lack stand here.
 */
#ifndef BACKEND_RING_H
#define BACKEND_RING_H

#include <linux/io_uring.h>
#include "base/base.h"

#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12) /* Linux 6.0 */
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13) /* 6.1 */
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16) /* 6.6 */
#endif
#ifndef IORING_ENTER_REGISTERED_RING
#define IORING_ENTER_REGISTERED_RING (1U << 4) /* 5.18 */
#endif
#ifndef IORING_RECVSEND_POLL_FIRST
#define IORING_RECVSEND_POLL_FIRST (1U << 0) /* 5.19 */
#endif
#ifndef IORING_CQE_F_SOCK_NONEMPTY
#define IORING_CQE_F_SOCK_NONEMPTY (1U << 2) /* 5.19 */
#endif

struct ring {
	int fd;
	int enter_fd; /* fd, or its number in the table of registered rings */
	unsigned enter_flags;
	bool poll_first; /* the kernel knows IORING_RECVSEND_POLL_FIRST */
	bool asked;	 /* which requests to files it knows: */
	unsigned file_codes;

	struct io_uring_sqe *entries;
	unsigned *sq_head, *sq_tail, *sq_flags;
	unsigned sq_mask, sq_size, tail; /* tail: ours, published by ring_enter */
	unsigned unsubmitted;

	struct io_uring_cqe *completions;
	unsigned *cq_head, *cq_tail;
	unsigned cq_mask;

	void *rings, *entries_memory;
	size_t rings_bytes, entries_bytes;
};

/* 0; -ENOSYS or -EPERM where io_uring is missing, forbidden or too old (before 5.11). `without`
 * names features to leave out: no-defer no-sqarray no-ring-fd no-poll-first. */
int ring_open(struct ring *ring, const char *without);
/* The same error, with a text where it is not one of these. */
int ring_refused(int error);
void ring_close(struct ring *ring);

/* An entry to fill in, zeroed. When the queue is full it is submitted first; NULL only if that
 * fails. */
struct io_uring_sqe *ring_entry(struct ring *ring);

/* Submit what is queued and wait for `wanted` completions, at most timeout_ns (NS_NEVER: for ever).
 */
int ring_enter(struct ring *ring, unsigned wanted, uint64_t timeout_ns);

static inline bool ring_completed(const struct ring *ring)
{
	return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) != *ring->cq_head;
}

/* Whether ring_enter(ring, 0, 0) could bring anything; no system call. */
static inline bool ring_has_work(const struct ring *ring)
{
	return ring->unsubmitted || ring_completed(ring) ||
	       __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED) &
		       (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

#endif
