/* SPDX-License-Identifier: MIT */
/* The rings of io_uring: see ring.h. */
#include <errno.h>
#include <linux/time_types.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <await/base.h>
#include "backend/ring.h"

enum {
	SQ_ENTRIES = 1024, /* operations submitted with one call, at most */
	CQ_ENTRIES = 4096, /* completions the kernel can post before it has to keep a list */
};

static int setup(unsigned entries, struct io_uring_params *params)
{
	long fd = syscall(SYS_io_uring_setup, entries, params);

	return fd < 0 ? -errno : (int)fd;
}

static bool left_out(const char *without, const char *feature)
{
	return without && strstr(without, feature);
}

/* The newest way of running that this kernel accepts. */
static int setup_best(const char *without, struct io_uring_params *params)
{
	static const unsigned ways[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_NO_SQARRAY,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		0,
	};
	int fd = -ENOSYS;

	for (size_t i = 0; i < array_length(ways); i++) {
		if ((ways[i] & IORING_SETUP_NO_SQARRAY) && left_out(without, "no-sqarray"))
			continue;
		if ((ways[i] & IORING_SETUP_DEFER_TASKRUN) && left_out(without, "no-defer"))
			continue;
		*params = (struct io_uring_params){
			.flags = ways[i] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP,
			.cq_entries = CQ_ENTRIES,
		};
		fd = setup(SQ_ENTRIES, params);
		if (fd != -EINVAL)
			break;
	}
	return fd;
}

/* Kernels that count a ring as locked memory give it back some time after it was closed: a user
 * with many loops, or many short ones, meets the limit, and only root has none. */
int ring_refused(int error)
{
	struct rlimit locked;

	if (error == -EPERM || error == -ENOSYS)
		return error;
	if (error != -ENOMEM || getrlimit(RLIMIT_MEMLOCK, &locked) ||
	    locked.rlim_cur == RLIM_INFINITY)
		return async_fail(error, "cannot make an io_uring");
	return async_fail(error,
			  "cannot make an io_uring: those of a user may take %llu KiB in all "
			  "(RLIMIT_MEMLOCK, `ulimit -l`); backend `epoll` needs none",
			  (unsigned long long)locked.rlim_cur >> 10);
}

static int map(struct ring *ring, const struct io_uring_params *params)
{
	size_t sq_bytes = params->sq_off.array + params->sq_entries * sizeof(unsigned);
	size_t cq_bytes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);

	ring->rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
	ring->rings = mmap(NULL, ring->rings_bytes, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	if (ring->rings == MAP_FAILED)
		return -ENOMEM;
	ring->entries_bytes = params->sq_entries * sizeof(struct io_uring_sqe);
	ring->entries_memory = mmap(NULL, ring->entries_bytes, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	if (ring->entries_memory == MAP_FAILED) {
		munmap(ring->rings, ring->rings_bytes);
		return -ENOMEM;
	}
	return 0;
}

static void point(struct ring *ring, const struct io_uring_params *params)
{
	char *base = ring->rings;

	ring->entries = ring->entries_memory;
	ring->sq_head = (unsigned *)(base + params->sq_off.head);
	ring->sq_tail = (unsigned *)(base + params->sq_off.tail);
	ring->sq_flags = (unsigned *)(base + params->sq_off.flags);
	ring->sq_size = params->sq_entries;
	ring->sq_mask = params->sq_entries - 1;
	ring->cq_head = (unsigned *)(base + params->cq_off.head);
	ring->cq_tail = (unsigned *)(base + params->cq_off.tail);
	ring->cq_mask = params->cq_entries - 1;
	ring->completions = (struct io_uring_cqe *)(base + params->cq_off.cqes);
	/* Entries are used in order: the indirection, where there is one, is filled in once. */
	if (!(params->flags & IORING_SETUP_NO_SQARRAY))
		for (unsigned i = 0; i < params->sq_entries; i++)
			((unsigned *)(base + params->sq_off.array))[i] = i;
}

/* A registered ring saves the kernel a look-up at every call. */
static void register_ring(struct ring *ring)
{
	struct io_uring_rsrc_update update = { .offset = UINT32_MAX, .data = (uint64_t)ring->fd };

	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_RING_FDS, &update, 1) != 1)
		return;
	ring->enter_fd = (int)update.offset;
	ring->enter_flags = IORING_ENTER_REGISTERED_RING;
}

int ring_open(struct ring *ring, const char *without)
{
	const unsigned needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP |
				IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG;
	struct io_uring_params params;
	int error;

	memset(ring, 0, sizeof *ring);
	ring->fd = setup_best(without, &params);
	if (ring->fd < 0)
		return ring->fd;
	error = (params.features & needed) == needed ? map(ring, &params) : -ENOSYS;
	if (error) {
		close(ring->fd);
		return error;
	}
	point(ring, &params);
	/* Both came in 5.19; COOP_TASKRUN tells. */
	ring->poll_first = params.flags &
				   (IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN) &&
			   !left_out(without, "no-poll-first");
	ring->enter_fd = ring->fd;
	if (!left_out(without, "no-ring-fd"))
		register_ring(ring);
	return 0;
}

void ring_close(struct ring *ring)
{
	struct io_uring_rsrc_update update = { .offset = (unsigned)ring->enter_fd };

	if (ring->enter_flags)
		syscall(SYS_io_uring_register, ring->fd, IORING_UNREGISTER_RING_FDS, &update, 1);
	munmap(ring->entries_memory, ring->entries_bytes);
	munmap(ring->rings, ring->rings_bytes);
	close(ring->fd);
}

int ring_enter(struct ring *ring, unsigned wanted, uint64_t timeout_ns)
{
	struct __kernel_timespec timeout = {
		.tv_sec = (long long)(timeout_ns / NS_PER_SECOND),
		.tv_nsec = (long long)(timeout_ns % NS_PER_SECOND),
	};
	struct io_uring_getevents_arg arg = { .sigmask_sz = _NSIG / 8, .ts = (uintptr_t)&timeout };
	unsigned flags = ring->enter_flags | IORING_ENTER_GETEVENTS;
	bool timed = wanted && timeout_ns != NS_NEVER;
	long n;

	__atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
	n = syscall(SYS_io_uring_enter, ring->enter_fd, ring->unsubmitted, wanted,
		    timed ? flags | IORING_ENTER_EXT_ARG : flags, timed ? &arg : NULL,
		    timed ? sizeof arg : 0);
	if (n >= 0)
		ring->unsubmitted -= (unsigned)n;
	else
		ring->unsubmitted = ring->tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
	return n < 0 ? -errno : 0;
}

struct io_uring_sqe *ring_entry(struct ring *ring)
{
	struct io_uring_sqe *entry;

	while (unlikely(ring->tail - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) >=
			ring->sq_size)) {
		int error = ring_enter(ring, 0, 0);

		if (error && error != -EINTR)
			return NULL; /* -EBUSY: completions must be taken first */
	}
	entry = &ring->entries[ring->tail++ & ring->sq_mask];
	ring->unsubmitted++;
	memset(entry, 0, sizeof *entry);
	return entry;
}
