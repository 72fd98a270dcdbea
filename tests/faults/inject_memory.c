/* SPDX-License-Identifier: MIT */
/*
 * inject_memory.c - libinject.so before the allocator: the n-th allocation fails, and what code in
 * scope has allocated is kept account of. See inject.h and inject.c.
 *
 * The account is a hash table of addresses with open addressing. It is no leak checker: it knows
 * who allocated, not who could still free. For a program that ends properly that is the same.
 */
#include "inject.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCKS_ROOM = 1 << 20, EARLY_BYTES = 512 * 1024 };

struct block {
    void *memory;
    uintptr_t site;
};

static struct block *blocks;
static size_t blocks_n;
static atomic_flag blocks_lock = ATOMIC_FLAG_INIT;

/* For what dlsym() itself allocates, and for all that comes before our start: AddressSanitizer has
 * no memory to give before its own. */
static _Alignas(16) unsigned char early[EARLY_BYTES];
static size_t early_used;

static void *early_alloc(size_t size)
{
    void *memory = early + early_used;

    early_used += (size + 15) & ~(size_t)15;
    return early_used <= EARLY_BYTES ? memory : NULL;
}

static bool is_early(const void *memory)
{
    const unsigned char *at = memory;

    return at >= early && at < early + EARLY_BYTES;
}

bool inject_blocks_start(void)
{
    void *memory = mmap(NULL, BLOCKS_ROOM * sizeof *blocks, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    blocks = memory == MAP_FAILED ? NULL : memory;
    return blocks != NULL;
}

uint64_t inject_blocks_left(uint64_t *site)
{
    *site = 0;
    for (size_t i = 0; blocks_n > 0 && *site == 0 && i < BLOCKS_ROOM; i++)
        if (blocks[i].memory != NULL)
            *site = blocks[i].site;
    return blocks_n;
}

static size_t block_place(const void *memory)
{
    uint64_t hash = (uint64_t)(uintptr_t)memory * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(hash >> 44) & (BLOCKS_ROOM - 1);
}

static size_t block_find(const void *memory)
{
    size_t at = block_place(memory);

    while (blocks[at].memory != NULL && blocks[at].memory != memory)
        at = (at + 1) & (BLOCKS_ROOM - 1);
    return at;
}

static void blocks_acquire(void)
{
    while (atomic_flag_test_and_set_explicit(&blocks_lock, memory_order_acquire))
        ;
}

static void blocks_release(void)
{
    atomic_flag_clear_explicit(&blocks_lock, memory_order_release);
}

static void block_out(void *memory, const void *caller)
{
    size_t at;

    if (memory == NULL || !atomic_load(&inject_ready) || !inject_in_scope(caller))
        return;
    blocks_acquire();
    if (blocks_n < BLOCKS_ROOM / 2) {
        at = block_find(memory);
        blocks_n += blocks[at].memory == NULL;
        blocks[at] = (struct block){memory, (uintptr_t)caller - inject_base};
    }
    blocks_release();
}

/* Take the block out, and move up those that stand behind because its place was taken. */
static void block_back(const void *memory)
{
    size_t hole, at;

    if (memory == NULL || blocks_n == 0 || !atomic_load(&inject_ready))
        return;
    blocks_acquire();
    hole = at = block_find(memory);
    if (blocks[at].memory != NULL) {
        blocks_n--;
        while (blocks[at = (at + 1) & (BLOCKS_ROOM - 1)].memory != NULL) {
            size_t from_home = (at - block_place(blocks[at].memory)) & (BLOCKS_ROOM - 1);

            if (from_home >= ((at - hole) & (BLOCKS_ROOM - 1))) {
                blocks[hole] = blocks[at];
                hole = at;
            }
        }
        blocks[hole].memory = NULL;
    }
    blocks_release();
}

void *malloc(size_t size)
{
    void *memory;

    if (inject_is_looking_up() || !inject_started)
        return early_alloc(size);
    REAL(void *, malloc, size_t);
    if ((errno = inject_fault(KIND_memory, CALLER)) != 0)
        return NULL;
    memory = real(size);
    block_out(memory, CALLER);
    return memory;
}

void *calloc(size_t n, size_t size)
{
    void *memory;

    if (inject_is_looking_up() || !inject_started)
        return early_alloc(n * size);
    REAL(void *, calloc, size_t, size_t);
    if ((errno = inject_fault(KIND_memory, CALLER)) != 0)
        return NULL;
    memory = real(n, size);
    block_out(memory, CALLER);
    return memory;
}

void *realloc(void *old, size_t size)
{
    void *memory;

    REAL(void *, realloc, void *, size_t);
    if (is_early(old)) {
        memory = malloc(size);
        if (memory != NULL)
            memcpy(memory, old, size);
        return memory;
    }
    if ((errno = inject_fault(KIND_memory, CALLER)) != 0)
        return NULL;
    block_back(old);
    memory = real(old, size);
    block_out(memory, CALLER);
    return memory;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    void *memory;

    REAL(void *, aligned_alloc, size_t, size_t);
    if ((errno = inject_fault(KIND_memory, CALLER)) != 0)
        return NULL;
    memory = real(alignment, size);
    block_out(memory, CALLER);
    return memory;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    int error;

    REAL(int, posix_memalign, void **, size_t, size_t);
    error = inject_fault(KIND_memory, CALLER);
    if (error != 0)
        return error;
    error = real(out, alignment, size);
    if (error == 0)
        block_out(*out, CALLER);
    return error;
}

void free(void *memory)
{
    if (inject_is_looking_up() || is_early(memory))
        return;
    REAL(void, free, void *);
    block_back(memory);
    real(memory);
}
