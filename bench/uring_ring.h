/* SPDX-License-Identifier: MIT */
/*
 * One io_uring on the kernel interface itself: set up, take an entry, enter. No liburing, so that
 * nothing stands between the hand-written loop and what it measures. Needs Linux 6.1; SINGLE_ISSUER
 * and DEFER_TASKRUN let completions be worked off when this thread asks for them, never by an
 * interrupt.
 */
#ifndef BENCH_URING_RING_H
#define BENCH_URING_RING_H

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12 (Linux 6.1). */
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16) /* 6.6 */
#endif

enum {
	SQ_ENTRIES = 4096,
	CQ_ENTRIES = 4 * SQ_ENTRIES,
};

struct ring {
	int fd; /* for io_uring_register */
	int index; /* the registered descriptor, which spares enter its look-up */
	unsigned *sq_tail, *cq_head, *cq_tail;
	unsigned sq_mask, cq_mask;
	unsigned pending; /* filled entries that the kernel has not been told of */
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* fd < 0: memory of our own, taken page by page as it is touched. */
static inline void *map(size_t size, int fd, off_t offset)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE :
			     MAP_SHARED | MAP_POPULATE;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static inline int ring_setup(struct io_uring_params *params, unsigned extra_flags)
{
	*params = (struct io_uring_params){
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | extra_flags,
		.cq_entries = CQ_ENTRIES,
	};
	return syscall(__NR_io_uring_setup, SQ_ENTRIES, params);
}

/* Both rings are one mapping since 5.4. */
static inline void ring_map(struct ring *ring, const struct io_uring_params *params)
{
	size_t size = params->cq_off.cqes + params->cq_entries * sizeof *ring->cqes;
	unsigned i, *array;
	char *rings;

	if (!(params->flags & IORING_SETUP_NO_SQARRAY))
		size = params->sq_off.array + params->sq_entries * sizeof *array;
	rings = map(size, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = map(params->sq_entries * sizeof *ring->sqes, ring->fd, IORING_OFF_SQES);
	ring->sq_tail = (unsigned *)(rings + params->sq_off.tail);
	ring->sq_mask = params->sq_entries - 1;
	ring->cq_head = (unsigned *)(rings + params->cq_off.head);
	ring->cq_tail = (unsigned *)(rings + params->cq_off.tail);
	ring->cq_mask = params->cq_entries - 1;
	ring->cqes = (struct io_uring_cqe *)(rings + params->cq_off.cqes);
	if (!(params->flags & IORING_SETUP_NO_SQARRAY)) {
		array = (unsigned *)(rings + params->sq_off.array);
		for (i = 0; i < params->sq_entries; i++)
			array[i] = i;
	}
}

static inline void ring_open(struct ring *ring)
{
	struct io_uring_rsrc_update update = { .offset = -1U };
	struct io_uring_params params;

	ring->fd = ring_setup(&params, IORING_SETUP_NO_SQARRAY);
	if (ring->fd < 0 && errno == EINVAL)
		ring->fd = ring_setup(&params, 0);
	if (ring->fd < 0)
		die("io_uring_setup");
	ring_map(ring, &params);
	update.data = ring->fd;
	if (syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_RING_FDS, &update, 1) != 1)
		die("IORING_REGISTER_RING_FDS");
	ring->index = update.offset;
}

/* Submits what is pending, works off completions, waits for at least so many. */
static inline void ring_enter(struct ring *ring, unsigned wait_for)
{
	int n = syscall(__NR_io_uring_enter, ring->index, ring->pending, wait_for,
			IORING_ENTER_GETEVENTS | IORING_ENTER_REGISTERED_RING, NULL, 0);

	if (n >= 0)
		ring->pending -= n;
	else if (errno != EINTR && errno != EAGAIN && errno != EBUSY)
		die("io_uring_enter");
}

static inline struct io_uring_sqe *ring_entry(struct ring *ring, unsigned opcode, int fd,
					      uint64_t user_data)
{
	struct io_uring_sqe *sqe;

	while (__builtin_expect(ring->pending > ring->sq_mask, 0))
		ring_enter(ring, 0);
	sqe = &ring->sqes[*ring->sq_tail & ring->sq_mask];
	memset(sqe, 0, sizeof *sqe);
	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->user_data = user_data;
	/* The kernel reads the tail in enter, called by this thread: no barrier is needed. */
	++*ring->sq_tail;
	ring->pending++;
	return sqe;
}

#endif
