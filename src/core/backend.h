/* SPDX-License-Identifier: MIT */
/*
 * The seam between the loop and what it stands on. It is shaped by completions: a task hands over
 * an operation, and the operation is retired by its own completion and by nothing else, a cancel
 * included. A backend that only knows readiness (epoll) turns it into completions in one place
 * (backend/readiness.c). Clock and randomness are behind the seam too, so that a simulation can own
 * them.
 *
 * It lies in core because the loop drives it; the backends are on the shelf above.
 */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "core/wait.h"

enum operation_code {
	OP_RECV, /* data, size */
	OP_SEND,
	OP_SENDALL, /* ends when `done` has reached size */
	OP_RECVMSG, /* message, flags */
	OP_SENDMSG,
	OP_ACCEPT,  /* address, length (may be NULL) */
	OP_CONNECT, /* address, *length */
	OP_READ,    /* data, size */
	OP_WRITE,
	OP_READV, /* vector, count */
	OP_WRITEV,
	OP_POLL,     /* events */
	OP_READABLE, /* epoll's: ends with 0 once there is something to receive */
	OP_CODES,
};

enum { DIRECTION_READ, DIRECTION_WRITE, DIRECTIONS };

/*
 * One operation. A task has at most one at a time, which lives in its record (task->io); a watcher
 * has its own. Between operations the flags are false.
 */
struct operation {
	struct wait wait; /* wait.task NULL: `completed` is called instead */
	void (*completed)(struct operation *operation, int64_t result);
	uint8_t code, direction;
	bool cancelling;  /* a cancel has been asked for */
	bool begun;	  /* a connect is under way */
	bool polling;	  /* its descriptor is polled in its stead */
	uint8_t lend;	  /* io_uring's: the ring that the kernel takes a buffer from, or 0 */
	int cancel_error; /* what a cancelled operation completes with */
	int fd;
	union {
		struct {
			void *data;
			size_t size, done;
		};
		struct {
			struct msghdr *message;
			int message_flags;
		};
		struct {
			struct sockaddr *address;
			socklen_t *length;
		};
		struct {
			const struct iovec *vector;
			int count;
		};
		int events;
	};
	struct operation *next; /* the backend's */
};

/* False for a message call with MSG_DONTWAIT. */
static inline bool operation_may_wait(const struct operation *operation)
{
	return (operation->code != OP_RECVMSG && operation->code != OP_SENDMSG) ||
	       !(operation->message_flags & MSG_DONTWAIT);
}

/* More tasks than this at once do not fit the first cache: fetch ahead what they will touch. */
enum { CROWD = 50 };

enum { OPERATION_STARTED = -EINPROGRESS }; /* of start(): it will complete later */

struct file_request;

struct backend {
	const char *name;
	bool virtual_clock; /* time is loop->now_ns, which poll() moves */

	/* 0, or a negative errno: then the next backend is tried. */
	int (*open)(struct async_loop *loop, const char *without);
	void (*close)(struct async_loop *loop);

	/* Start an operation: its result if it is there at once (never -EINPROGRESS), else
	 * OPERATION_STARTED. */
	int64_t (*start)(struct async_loop *loop, struct operation *operation);
	/* Short cuts for what servers live on; either may be NULL. They run a whole operation,
	 * suspension included. sendall finds code and direction not set yet: sendall_plainly does
	 * that. */
	int64_t (*recv)(struct async_loop *loop, struct operation *operation);
	int64_t (*sendall)(struct async_loop *loop, struct operation *operation);
	/* Receive into one of the loop's buffers, suspension included: on success operation->data
	 * is a whole buffer that the caller gives back (core/buffer.h). While it waits no buffer is
	 * held. NULL: lend_plainly. */
	int64_t (*lend)(struct async_loop *loop, struct operation *operation);
	/* Whether it takes a lent buffer back itself; may be NULL. */
	bool (*take_back)(struct async_loop *loop, char *buffer);
	/* Ask for the end of a started operation; it completes with `error`, or with what it got. */
	void (*cancel)(struct async_loop *loop, struct operation *operation, int error);
	/* Complete what can be completed, waiting until deadline_ns (NS_NEVER: for ever; <= now:
	 * not at all). */
	void (*poll)(struct async_loop *loop, uint64_t deadline_ns);
	/* A descriptor that is readable whenever poll() could complete something: for a loop that
	 * is the guest of another. NULL: there is none. */
	int (*descriptor)(struct async_loop *loop);
	/* End a poll that waits; from any thread or signal handler. */
	void (*wake)(struct async_loop *loop);
	/* Run one step of a task that is ready, if there is one. NULL: task_run_ready, as the real
	 * ones do. */
	void (*step)(struct async_loop *loop);
	/* Whether an operation under way can end while no task does anything. NULL: always. */
	bool (*can_wake)(const struct async_loop *loop);

	/* Sockets, for which a simulation has its own; the others use POSIX's. */
	int (*socket)(struct async_loop *loop, int domain, int type, int protocol);
	int (*socketpair)(struct async_loop *loop, int domain, int type, int protocol, int fds[2]);
	int (*bind)(struct async_loop *loop, int fd, const struct sockaddr *address,
		    socklen_t length);
	int (*listen)(struct async_loop *loop, int fd, int backlog);
	int (*shutdown)(struct async_loop *loop, int fd, int how);
	int (*getname)(struct async_loop *loop, int fd, bool peer, struct sockaddr *address,
		       socklen_t *length);
	int (*setsockopt)(struct async_loop *loop, int fd, int level, int name, const void *value,
			  socklen_t length);
	int (*getsockopt)(struct async_loop *loop, int fd, int level, int name, void *value,
			  socklen_t *length);
	/* What await_poll would return, or 0 where it would wait. */
	int (*try_poll)(struct async_loop *loop, int fd, int events);
	/* Close a descriptor; operations under way on it complete with -EBADF. */
	int (*shut)(struct async_loop *loop, int fd);
	uint64_t (*random)(struct async_loop *loop);

	/* Begin a request to a file (core/file.h); its wait is triggered with the result. Anything
	 * but 0: this one is not for the backend. A cancel asks for the end, and the result tells.
	 * NULL: none is. */
	int (*file)(struct async_loop *loop, struct file_request *request);
	void (*file_cancel)(struct async_loop *loop, struct file_request *request);
};

/* Run an operation of the calling task whose code, direction, descriptor and arguments are set. */
int64_t operation_run(struct async_task *self, struct operation *operation);

/* The same for an OP_SENDALL whose code and direction are not set yet. */
int64_t sendall_plainly(struct async_loop *loop, struct operation *operation);
int64_t recv_plainly(struct async_loop *loop, struct operation *operation);
/* backend->lend on backends without it, and for descriptors that are no sockets: OP_RECV or OP_READ
 * once there is something. */
int64_t lend_plainly(struct async_loop *loop, struct operation *operation);

/* Complete an operation with a result: called by backends (loop.h has the short way for successes).
 */
void operation_complete(struct async_loop *loop, struct operation *operation, int64_t result);

/* Remember a failed operation for async_error(), and return the result. */
int64_t operation_failed(struct async_task *task, const struct operation *operation,
			 int64_t result);

/* The words for an operation: "await_recv". */
const char *operation_name(const struct operation *operation);

extern const struct wait_kind operation_kind;

#endif
