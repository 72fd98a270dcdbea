/* SPDX-License-Identifier: MIT */
/*
 * heap.c - preloaded into a process (LD_PRELOAD), counts its heap calls, and those of its libraries,
 * into the file that EDDY_BENCH_HEAP names: three 64-bit numbers in the machine's byte order: blocks
 * allocated, blocks freed, bytes live now. The file is mapped shared, so it is read while the process
 * runs, which need not know of it. Bytes are those of malloc_usable_size(3): they do not depend on
 * the pages that happen to be resident.
 *
 * A program that is linked statically cannot be counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What glibc calls its own; it has no header for them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

struct counts {
    _Atomic int64_t allocated;
    _Atomic int64_t freed;
    _Atomic int64_t live;
};

static struct counts unread;
/* Set once, before the program's own code begins. */
static struct counts *counts = &unread;

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("EDDY_BENCH_HEAP");
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    void *memory;

    if (fd < 0)
        return;
    if (ftruncate(fd, sizeof *counts) == 0) {
        memory = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (memory != MAP_FAILED)
            counts = memory;
    }
    close(fd);
    if (counts != &unread)
        counts->live = unread.live; /* of what was allocated before this */
}

/* Nobody orders anything by the counts: relaxed is enough. */
static void add(_Atomic int64_t *count, int64_t change)
{
    atomic_fetch_add_explicit(count, change, memory_order_relaxed);
}

static void *taken(void *memory)
{
    if (memory != NULL) {
        add(&counts->allocated, 1);
        add(&counts->live, (int64_t)malloc_usable_size(memory));
    }
    return memory;
}

static void given_back(void *memory)
{
    if (memory != NULL) {
        add(&counts->freed, 1);
        add(&counts->live, -(int64_t)malloc_usable_size(memory));
    }
}

void *malloc(size_t size)
{
    return taken(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return taken(__libc_calloc(count, size));
}

void free(void *memory)
{
    given_back(memory);
    __libc_free(memory);
}

void *realloc(void *memory, size_t size)
{
    size_t before = memory != NULL ? malloc_usable_size(memory) : 0;
    void *moved = __libc_realloc(memory, size);

    /* A block that could not grow is still there; one of size 0 has been freed. */
    if (moved == NULL && size > 0)
        return NULL;
    if (memory != NULL) {
        add(&counts->freed, 1);
        add(&counts->live, -(int64_t)before);
    }
    return taken(moved);
}

void *memalign(size_t alignment, size_t size)
{
    return taken(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *block = memalign(alignment, size);

    if (block == NULL)
        return ENOMEM;
    *memory = block;
    return 0;
}
