/* SPDX-License-Identifier: MIT */
/*
 * The fault injector of tests/fault.h. Each wrapper asks admit() first; with no fault set that is a
 * counter and a comparison. The names here and the list `faulty_calls` of cmake/tests.cmake belong
 * together: one missing here does not link, one missing there is never called.
 */
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define EACH_CALL(X)                                                                               \
	X(accept4)                                                                                 \
	X(pread)                                                                                   \
	X(fork)                                                                                    \
	X(strndup)                                                                                 \
	X(inotify_add_watch)                                                                       \
	X(inotify_init1)                                                                           \
	X(bind) X(close) X(connect) X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(epoll_pwait2) X( \
		eventfd) X(fcntl) X(getsockopt) X(listen) X(madvise) X(mmap) X(mprotect) X(munmap) \
		X(pipe2) X(poll) X(read) X(readv) X(recv) X(recvfrom) X(recvmmsg) X(sendmmsg) X(   \
			recvmsg) X(send) X(sendfile) X(sendmsg) X(sendto) X(setsockopt) X(socket)  \
			X(socketpair) X(timerfd_create) X(write) X(writev) X(calloc) X(malloc)     \
				X(realloc) X(aligned_alloc) X(posix_memalign) X(strdup)            \
					X(pthread_create) X(io_uring_setup) X(io_uring_enter)      \
						X(io_uring_register) X(pidfd_open) X(openat2)      \
							X(cachestat) X(preadv2) X(pwrite)          \
								X(openat)

enum call {
#define NUMBER(name) CALL_##name,
	EACH_CALL(NUMBER)
#undef NUMBER
		CALL_COUNT,
};

/* Atomic, since the thread pool and the cases with threads come through here as well. */
static struct fault {
	const char *name;
	int count;	 /* calls since fault_clear */
	int at;		 /* the call to hit, counted like count; 0: none */
	int until_clear; /* all calls from there on */
	int error;	 /* 0: make it short instead */
	size_t bytes;
} faults[CALL_COUNT] = {
#define NAME(name_) [CALL_##name_] = { .name = #name_ },
	EACH_CALL(NAME)
#undef NAME
};

static struct fault *find(const char *call)
{
	for (int i = 0; i < CALL_COUNT; i++)
		if (strcmp(faults[i].name, call) == 0)
			return &faults[i];
	return NULL;
}

static int arm(const char *call, int nth, int error, size_t bytes, int until_clear)
{
	struct fault *fault = find(call);

	if (!fault)
		return 0;
	fault->error = error;
	fault->bytes = bytes;
	fault->until_clear = until_clear;
	__atomic_store_n(&fault->at, __atomic_load_n(&fault->count, __ATOMIC_RELAXED) + nth,
			 __ATOMIC_RELEASE);
	return 1;
}

int fault_inject(const char *call, int nth, int error)
{
	return arm(call, nth, error, 0, 0);
}

int fault_inject_from(const char *call, int nth, int error)
{
	return arm(call, nth, error, 0, 1);
}

int fault_short(const char *call, int nth, size_t bytes)
{
	return arm(call, nth, 0, bytes, 0);
}

int fault_count(const char *call)
{
	struct fault *fault = find(call);

	return fault ? __atomic_load_n(&fault->count, __ATOMIC_RELAXED) : 0;
}

void fault_clear(void)
{
	for (int i = 0; i < CALL_COUNT; i++) {
		__atomic_store_n(&faults[i].at, 0, __ATOMIC_RELEASE);
		__atomic_store_n(&faults[i].count, 0, __ATOMIC_RELAXED);
	}
}

/*
 * Counts the call. Returns the error that it must fail with, or 0; *length, where there is one, is
 * cut to what a short call may move.
 */
static int admit(enum call call, size_t *length)
{
	struct fault *fault = &faults[call];
	int count = __atomic_add_fetch(&fault->count, 1, __ATOMIC_RELAXED);
	int at = __atomic_load_n(&fault->at, __ATOMIC_ACQUIRE);

	if (!at || count < at || (count > at && !fault->until_clear))
		return 0;
	if (!fault->error && length && *length > fault->bytes)
		*length = fault->bytes;
	return fault->error;
}

/* The linker's names: __wrap_ is called in place of the function, __real_ is the function. */
#define DECLARE(type, name, parameters) \
	type __real_##name parameters;  \
	type __wrap_##name parameters

#define WRAP(type, failure, name, parameters, arguments) \
	DECLARE(type, name, parameters);                 \
	type __wrap_##name parameters                    \
	{                                                \
		int error = admit(CALL_##name, NULL);    \
		if (error) {                             \
			errno = error;                   \
			return failure;                  \
		}                                        \
		return __real_##name arguments;          \
	}

/* With a parameter called size that a short call cuts. */
#define WRAP_SIZED(type, failure, name, parameters, arguments) \
	DECLARE(type, name, parameters);                       \
	type __wrap_##name parameters                          \
	{                                                      \
		int error = admit(CALL_##name, &size);         \
		if (error) {                                   \
			errno = error;                         \
			return failure;                        \
		}                                              \
		return __real_##name arguments;                \
	}

/* These return the error instead of setting errno. */
#define WRAP_CODE(name, parameters, arguments)                  \
	DECLARE(int, name, parameters);                         \
	int __wrap_##name parameters                            \
	{                                                       \
		int error = admit(CALL_##name, NULL);           \
		return error ? error : __real_##name arguments; \
	}

/* Here with its mode, which the library always gives. */
WRAP(int, -1, openat, (int directory, const char *path, int flags, mode_t mode),
     (directory, path, flags, mode))
WRAP_SIZED(ssize_t, -1, pread, (int fd, void *data, size_t size, off_t offset),
	   (fd, data, size, offset))
WRAP_SIZED(ssize_t, -1, pwrite, (int fd, const void *data, size_t size, off_t offset),
	   (fd, data, size, offset))
WRAP(int, -1, accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags),
     (fd, address, length, flags))
WRAP(int, -1, bind, (int fd, const struct sockaddr *address, socklen_t length),
     (fd, address, length))
WRAP(int, -1, connect, (int fd, const struct sockaddr *address, socklen_t length),
     (fd, address, length))
WRAP(int, -1, epoll_create1, (int flags), (flags))
WRAP(int, -1, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event),
     (epoll, operation, fd, event))
WRAP(int, -1, epoll_wait, (int epoll, struct epoll_event *events, int max, int timeout),
     (epoll, events, max, timeout))
WRAP(int, -1, epoll_pwait2,
     (int epoll, struct epoll_event *events, int max, const struct timespec *timeout,
      const sigset_t *mask),
     (epoll, events, max, timeout, mask))
WRAP(int, -1, eventfd, (unsigned int value, int flags), (value, flags))
WRAP(int, -1, getsockopt, (int fd, int level, int option, void *value, socklen_t *length),
     (fd, level, option, value, length))
WRAP(pid_t, -1, fork, (void), ())
WRAP(int, -1, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask))
WRAP(int, -1, inotify_init1, (int flags), (flags))
WRAP(int, -1, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, -1, madvise, (void *address, size_t length, int advice), (address, length, advice))
WRAP(void *, MAP_FAILED, mmap,
     (void *address, size_t length, int protection, int flags, int fd, off_t offset),
     (address, length, protection, flags, fd, offset))
WRAP(int, -1, mprotect, (void *address, size_t length, int protection),
     (address, length, protection))
WRAP(int, -1, munmap, (void *address, size_t length), (address, length))
WRAP(int, -1, pipe2, (int pair[2], int flags), (pair, flags))
WRAP(int, -1, poll, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
WRAP(int, -1, setsockopt, (int fd, int level, int option, const void *value, socklen_t length),
     (fd, level, option, value, length))
WRAP(int, -1, recvmmsg,
     (int fd, struct mmsghdr *headers, unsigned int count, int flags, struct timespec *timeout),
     (fd, headers, count, flags, timeout))
WRAP(int, -1, sendmmsg, (int fd, struct mmsghdr *headers, unsigned int count, int flags),
     (fd, headers, count, flags))
WRAP(int, -1, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, -1, socketpair, (int domain, int type, int protocol, int pair[2]),
     (domain, type, protocol, pair))
WRAP(int, -1, timerfd_create, (int clock, int flags), (clock, flags))

WRAP_SIZED(ssize_t, -1, read, (int fd, void *data, size_t size), (fd, data, size))
WRAP_SIZED(ssize_t, -1, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP_SIZED(ssize_t, -1, recv, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
WRAP_SIZED(ssize_t, -1, send, (int fd, const void *data, size_t size, int flags),
	   (fd, data, size, flags))
WRAP_SIZED(ssize_t, -1, recvfrom,
	   (int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length),
	   (fd, data, size, flags, from, length))
WRAP_SIZED(ssize_t, -1, sendto,
	   (int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
	    socklen_t length),
	   (fd, data, size, flags, to, length))
WRAP_SIZED(ssize_t, -1, sendfile, (int out, int in, off_t *offset, size_t size),
	   (out, in, offset, size))

WRAP(void *, NULL, malloc, (size_t size), (size))
WRAP(void *, NULL, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, NULL, realloc, (void *block, size_t size), (block, size))
WRAP(void *, NULL, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAP(char *, NULL, strdup, (const char *text), (text))
WRAP(char *, NULL, strndup, (const char *text, size_t size), (text, size))
WRAP_CODE(posix_memalign, (void **block, size_t alignment, size_t size), (block, alignment, size))
WRAP_CODE(pthread_create,
	  (pthread_t * thread, const pthread_attr_t *attributes, void *(*body)(void *), void *arg),
	  (thread, attributes, body, arg))

/* Linux closes the descriptor even when close fails, so it does here. */
DECLARE(int, close, (int fd));
int __wrap_close(int fd)
{
	int error = admit(CALL_close, NULL);
	int result = __real_close(fd);

	if (!error)
		return result;
	errno = error;
	return -1;
}

DECLARE(int, fcntl, (int fd, int command, ...));
int __wrap_fcntl(int fd, int command, ...)
{
	int error = admit(CALL_fcntl, NULL);
	va_list arguments;
	void *argument;

	if (error) {
		errno = error;
		return -1;
	}
	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return __real_fcntl(fd, command, argument);
}

/* A short vector: the parts that still fit, the last one cut. */
enum { SHORT_PARTS_MAX = 64 };

static int cut_vector(struct iovec *parts, const struct iovec *vector, int count, size_t size)
{
	int used = 0;

	while (used < count && used < SHORT_PARTS_MAX && size > 0) {
		parts[used] = vector[used];
		if (parts[used].iov_len > size)
			parts[used].iov_len = size;
		size -= parts[used++].iov_len;
	}
	return used;
}

#define WRAP_VECTOR(name)                                                                \
	DECLARE(ssize_t, name, (int fd, const struct iovec *vector, int count));         \
	ssize_t __wrap_##name(int fd, const struct iovec *vector, int count)             \
	{                                                                                \
		struct iovec parts[SHORT_PARTS_MAX];                                     \
		size_t size = (size_t)-1;                                                \
		int error = admit(CALL_##name, &size);                                   \
		if (error) {                                                             \
			errno = error;                                                   \
			return -1;                                                       \
		}                                                                        \
		if (size == (size_t)-1)                                                  \
			return __real_##name(fd, vector, count);                         \
		return __real_##name(fd, parts, cut_vector(parts, vector, count, size)); \
	}

WRAP(ssize_t, -1, preadv2, (int fd, const struct iovec *vector, int count, off_t offset, int flags),
     (fd, vector, count, offset, flags))
WRAP_VECTOR(readv)
WRAP_VECTOR(writev)

#define WRAP_MESSAGE(name, message_type)                                         \
	DECLARE(ssize_t, name, (int fd, message_type *message, int flags));      \
	ssize_t __wrap_##name(int fd, message_type *message, int flags)          \
	{                                                                        \
		struct iovec parts[SHORT_PARTS_MAX], *vector = message->msg_iov; \
		struct msghdr *cut = (struct msghdr *)message;                   \
		size_t size = (size_t)-1, count = message->msg_iovlen;           \
		int error = admit(CALL_##name, &size);                           \
		ssize_t result;                                                  \
		if (error) {                                                     \
			errno = error;                                           \
			return -1;                                               \
		}                                                                \
		if (size == (size_t)-1)                                          \
			return __real_##name(fd, message, flags);                \
		cut->msg_iovlen = cut_vector(parts, vector, (int)count, size);   \
		cut->msg_iov = parts;                                            \
		result = __real_##name(fd, cut, flags);                          \
		cut->msg_iov = vector;                                           \
		cut->msg_iovlen = count;                                         \
		return result;                                                   \
	}

WRAP_MESSAGE(recvmsg, struct msghdr)
WRAP_MESSAGE(sendmsg, const struct msghdr)

DECLARE(long, syscall, (long number, ...));
/* Not for AddressSanitizer: the last of the six arguments below lies beyond what most callers
 * passed. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long argument[6];
	int error = 0;

	if (number == SYS_io_uring_setup)
		error = admit(CALL_io_uring_setup, NULL);
	else if (number == SYS_io_uring_enter)
		error = admit(CALL_io_uring_enter, NULL);
	else if (number == SYS_io_uring_register)
		error = admit(CALL_io_uring_register, NULL);
	else if (number == SYS_pidfd_open)
		error = admit(CALL_pidfd_open, NULL);
	else if (number == 451) /* the same everywhere */
		error = admit(CALL_cachestat, NULL);
	else if (number == SYS_openat2)
		error = admit(CALL_openat2, NULL);
	if (error) {
		errno = error;
		return -1;
	}
	/* Reading more than was passed yields stale registers, which the kernel does not look at. */
	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(arguments, long);
	va_end(arguments);
	return __real_syscall(number, argument[0], argument[1], argument[2], argument[3],
			      argument[4], argument[5]);
}
