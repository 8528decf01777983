/* SPDX-License-Identifier: MIT */
/*
 * Makes one chosen call of libc fail, or come up short, on its n-th use: how the tests reach the
 * branches that only a full disk, a full table or an unlucky moment reaches in life.
 *
 *	fault_inject("accept4", 1, EMFILE);	the next accept4 fails with EMFILE
 *	fault_short("send", 2, 10);		the send after the next moves at most 10 bytes
 *
 * Calls are counted from fault_clear(), or from the start of the program. The linker sends every
 * reference in the test and the library through the injector (--wrap); calls that libc makes inside
 * itself are not seen. "io_uring_setup", "io_uring_enter", "io_uring_register", "openat2" and
 * "pidfd_open" stand for syscall() with those numbers.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The nth call from now (1: the next) fails with error. Returns 1, or 0 when this build cannot
 * inject into that call, so that the case can SKIP. One fault at a time for each name.
 */
int fault_inject(const char *call, int nth, int error);
/* Like fault_inject, but every call from the nth on fails, until fault_clear(). */
int fault_inject_from(const char *call, int nth, int error);
/* The nth call from now is given at most bytes to move. For calls that take a length. */
int fault_short(const char *call, int nth, size_t bytes);
/* How often the call was made since fault_clear(). */
int fault_count(const char *call);
void fault_clear(void);

/* What async_error_code() tells afterwards is no older failure's. */
#define FORGET_ERROR() async_fail(0, "nothing has failed yet")

#ifdef __cplusplus
}
#endif

#endif
