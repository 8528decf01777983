/* SPDX-License-Identifier: MIT */
/*
 * libawait: asyncio for C. Tasks are plain C functions on small stacks of their own; thousands of
 * them wait at once on one thread.
 *
 *   A function that may suspend the calling task starts with await_.
 *   A function that never suspends starts with async_.
 *
 * Between two await_ calls a task owns its loop: plain data needs no lock. Durations are seconds
 * (double). Failure is a negative errno, or NULL; async_error() then says in words what failed. A
 * call given a failed handle (a negative descriptor) returns that failure. Every await_ function is
 * a cancellation point: inside a cancelled or timed-out scope it returns -ECANCELED or -ETIMEDOUT
 * at once, even when its data is ready. Every await_ function also works on a plain thread that
 * runs no loop: there it blocks the thread.
 */
#ifndef AWAIT_H
#define AWAIT_H

#include <await/run.h>
#include <await/thread.h>
#include <await/file.h>
#include <await/sync.h>
#include <await/net.h>
#include <await/pass.h>
#include <await/stream.h>
#include <await/source.h>
#include <await/server.h>
#include <await/signal.h>
#include <await/process.h>
#include <await/tls.h>
#include <await/udp.h>
#include <await/url.h>
#include <await/form.h>
#include <await/http.h>
#include <await/client.h>
#include <await/cookies.h>
#include <await/retry.h>
#include <await/static.h>

#endif
