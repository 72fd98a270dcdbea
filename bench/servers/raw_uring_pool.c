/* SPDX-License-Identifier: MIT */
/*
 * raw_uring_pool.c - the buffers that the kernel receives into; see raw_uring.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "raw_uring.h"

struct pool pool;

static void *reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        server_die("mmap");
    return memory;
}

void pool_give(unsigned buffer)
{
    pool.buffers[buffer] = (struct pool_buffer){.users = 1};
    io_uring_buf_ring_add(pool.ring, pool.memory + (size_t)buffer * pool.shape.size,
                          pool.shape.size, (unsigned short)buffer,
                          io_uring_buf_ring_mask(pool.shape.most), (int)pool.given++);
}

void pool_publish(void)
{
    if (pool.given == 0)
        return;
    io_uring_buf_ring_advance(pool.ring, (int)pool.given);
    pool.at_kernel += pool.given;
    pool.given = 0;
}

void pool_grow(void)
{
    unsigned count = pool.count * 2 < pool.shape.most ? pool.count * 2 : pool.shape.most;

    while (pool.count < count)
        pool_give(pool.count++);
}

/* Returns 0, or the error the kernel has for these flags. */
static int try_start(const struct pool_shape *shape, unsigned flags)
{
    struct io_uring_buf_reg reg = {
        .ring_entries = shape->most, .bgid = POOL_GROUP, .pad = (uint16_t)flags};
    int error;

    pool.shape = *shape;
    pool.ring = reserve(shape->most * sizeof(struct io_uring_buf));
    pool.memory = reserve((size_t)shape->most * shape->size);
    reg.ring_addr = (uint64_t)(uintptr_t)pool.ring;
    io_uring_buf_ring_init(pool.ring);
    error = io_uring_register_buf_ring(&ring, &reg, 0);
    if (error < 0)
        return error;
    while (pool.count < shape->first)
        pool_give(pool.count++);
    pool_publish();
    return 0;
}

void pool_start(const struct pool_shape *shape)
{
    int error = try_start(shape, 0);

    if (error < 0) {
        errno = -error;
        server_die("io_uring_register_buf_ring");
    }
}

void pool_start_streams(void)
{
    static const struct pool_shape incremental = {.size = 65536, .first = 16, .most = 128};
    static const struct pool_shape plain = {.size = 32768, .first = 32, .most = 256};

    if (getenv("EDDY_BENCH_URING_PLAIN") == NULL &&
        try_start(&incremental, POOL_RING_INCREMENTAL) == 0)
        return;
    fprintf(stderr, "raw_uring: no incremental buffers, 32 KB ones are taken instead\n");
    pool_start(&plain);
}
