/* SPDX-License-Identifier: MIT */
/* The few words that every file uses. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)			    __builtin_expect(!!(x), 1)
#define unlikely(x)			    __builtin_expect(!!(x), 0)
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define array_length(a)			    (sizeof(a) / sizeof((a)[0]))

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_NEVER      UINT64_MAX /* a deadline that does not come */

#endif
