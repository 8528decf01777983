/* SPDX-License-Identifier: MIT */
/* Buffers lent to the kernel: see uring.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "backend/uring.h"

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void lending_close(struct lending *lending)
{
	if (lending->memory)
		munmap(lending->memory, lending->room * lending->bytes);
	if (lending->ring)
		munmap(lending->ring, lending->room * sizeof(struct io_uring_buf));
	lending->memory = NULL;
	lending->ring = NULL;
}

static void lending_open(struct lending *lending, int ring_fd, uint16_t group, uint32_t room,
			 size_t bytes)
{
	struct io_uring_buf_reg registration = { .ring_entries = room, .bgid = group };

	lending->room = room;
	lending->bytes = bytes;
	lending->ring = map(room * sizeof(struct io_uring_buf));
	lending->memory = map(room * bytes);
	registration.ring_addr = (uintptr_t)lending->ring;
	if (!lending->ring || !lending->memory ||
	    syscall(SYS_io_uring_register, ring_fd, IORING_REGISTER_PBUF_RING, &registration, 1))
		lending_close(lending);
	else
		lending_grow(lending);
}

void lendings_open(struct uring_state *state, const char *without)
{
	if (without && strstr(without, "no-lending"))
		return;
	lending_open(&state->lending[LEND_SMALL], state->ring.fd, LENDING_GROUP + LEND_SMALL,
		     SMALL_COUNT, SMALL_BYTES);
	lending_open(&state->lending[LEND_LARGE], state->ring.fd, LENDING_GROUP + LEND_LARGE,
		     LARGE_COUNT, LENT_BYTES);
	if (!state->lending[LEND_LARGE].memory)
		lending_close(&state->lending[LEND_SMALL]);
}

void lendings_close(struct uring_state *state)
{
	for (int kind = 0; kind < LEND_KINDS; kind++)
		lending_close(&state->lending[kind]);
}

bool lending_grow(struct lending *lending)
{
	uint32_t wanted = lending->count ? lending->count * 2 : LENDING_FIRST;

	if (lending->count == lending->room)
		return false;
	while (lending->count < wanted && lending->count < lending->room)
		lending_take_back(lending, lending->memory + lending->count++ * lending->bytes);
	return true;
}

/* The tail lies where the first entry has bytes to spare. */
void lending_take_back(struct lending *lending, char *buffer)
{
	struct io_uring_buf *entry = &lending->ring->bufs[lending->tail & (lending->room - 1)];

	entry->addr = (uintptr_t)buffer;
	entry->len = (uint32_t)lending->bytes;
	entry->bid = (uint16_t)((size_t)(buffer - lending->memory) / lending->bytes);
	__atomic_store_n(&lending->ring->tail, ++lending->tail, __ATOMIC_RELEASE);
}
