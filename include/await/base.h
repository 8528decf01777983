/* SPDX-License-Identifier: MIT */
/* What every header of libawait needs: the export mark, call sites, the small private records that
 * public objects embed. Names that end in an underscore are private: they change without notice. */
#ifndef AWAIT_BASE_H
#define AWAIT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
#define ASYNC_BEGIN_DECLS extern "C" {
#define ASYNC_END_DECLS	  }
#else
#define ASYNC_BEGIN_DECLS
#define ASYNC_END_DECLS
#endif

#define ASYNC_API		   __attribute__((visibility("default")))
#define ASYNC_PRINTF_(text, first) __attribute__((format(printf, text, first)))
#define ASYNC_CLEANUP_(function)   __attribute__((cleanup(function)))

#define ASYNC_STRING2_(x)   #x
#define ASYNC_STRING_(x)    ASYNC_STRING2_(x)
#define ASYNC_PASTE2_(a, b) a##b
#define ASYNC_PASTE_(a, b)  ASYNC_PASTE2_(a, b)

/* Where something was made, for reports: "what file:line". One pointer to read-only text: free to
 * keep. */
#define ASYNC_SITE_(what) what " " __FILE__ ":" ASYNC_STRING_(__LINE__)

/* A small integer as a task's argument, and back: async_spawn(&group, serve, ASYNC_INT(fd)). */
#define ASYNC_INT(n) ((void *)(intptr_t)(n))
static inline int async_int(const void *arg)
{
	return (int)(intptr_t)arg;
}

ASYNC_BEGIN_DECLS

typedef struct async_task async_task;
typedef struct async_loop async_loop;

/* What a task runs, as in C11 threads: its result is >= 0, or a negative errno for failure. */
typedef int async_fn(void *arg);
/* What the loop calls back: runs on the loop itself, must not await. */
typedef void async_callback(void *arg);

/* The queue of tasks waiting for something, oldest first. Zero-filled is empty. */
struct async_waiters_ {
	struct async_link_ *first, *last;
};

struct async_link_ {
	struct async_link_ *next, *prev;
};

/* A deadline in the loop's heap; index 0 means that it is in none. */
struct async_timer_ {
	uint64_t deadline_ns;
	void (*fire)(struct async_loop *loop, struct async_timer_ *timer);
	uint32_t index;
};

/*
 * The text of the calling task's last failure: what, where, and the limit met ("cannot listen on
 * :80: Permission denied (EACCES)"). Never NULL; "" when nothing has failed yet. Valid until the
 * task's next failure; inside a cancelled scope, until the thread's next call.
 */
ASYNC_API const char *async_error(void);

/* The same as a number: the negative errno of that failure, for calls that return NULL; 0 when
 * nothing has failed yet. */
ASYNC_API int async_error_code(void);
/* Private: async_error() without what async_fail puts behind a text, to be said in another one. */
ASYNC_API void async_error_words_(char *text, size_t size);

/*
 * Record a failure for async_error(), printf-like, and return `error` (a negative errno): for
 * libraries built on this one. `error`'s own name and text are appended.
 */
ASYNC_API int async_fail(int error, const char *format, ...) ASYNC_PRINTF_(2, 3);

ASYNC_END_DECLS

#endif
