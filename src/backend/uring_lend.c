/* SPDX-License-Identifier: MIT */
/* Buffers lent to the kernel: see uring.h. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "backend/uring.h"

static const size_t memory_bytes = (size_t)LENDING_COUNT * LENT_BYTES;
static const size_t ring_bytes = LENDING_COUNT * sizeof(struct io_uring_buf);

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void lending_open(struct lending *lending, const struct ring *ring, const char *without)
{
	struct io_uring_buf_reg registration = { .ring_entries = LENDING_COUNT,
						 .bgid = LENDING_GROUP };

	if (without && strstr(without, "no-lending"))
		return;
	lending->ring = map(ring_bytes);
	lending->memory = map(memory_bytes);
	registration.ring_addr = (uintptr_t)lending->ring;
	if (!lending->ring || !lending->memory ||
	    syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PBUF_RING, &registration, 1)) {
		lending_close(lending);
		return;
	}
	for (size_t i = LENDING_COUNT; i--;)
		lending_take_back(lending, lending->memory + i * LENT_BYTES);
}

void lending_close(struct lending *lending)
{
	if (lending->memory)
		munmap(lending->memory, memory_bytes);
	if (lending->ring)
		munmap(lending->ring, ring_bytes);
	lending->memory = NULL;
	lending->ring = NULL;
}

/* The tail lies where the first entry has bytes to spare. */
void lending_take_back(struct lending *lending, char *buffer)
{
	struct io_uring_buf *entry = &lending->ring->bufs[lending->tail & (LENDING_COUNT - 1)];

	entry->addr = (uintptr_t)buffer;
	entry->len = LENT_BYTES;
	entry->bid = (uint16_t)((size_t)(buffer - lending->memory) / LENT_BYTES);
	__atomic_store_n(&lending->ring->tail, ++lending->tail, __ATOMIC_RELEASE);
}
