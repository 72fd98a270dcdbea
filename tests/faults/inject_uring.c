/* SPDX-License-Identifier: MIT */
/*
 * inject_uring.c - libinject.so before syscall() and mmap(), by which a program has io_uring: calls
 * that fail, and entries that are changed before the kernel sees them. See inject.h and inject.c.
 *
 * An operation that is to fail becomes a NOP that completes with the error, which Linux has since
 * 6.10. What is cut short or loses its multishot is still done by the kernel.
 */
#include "inject.h"

#include "driver/uring_abi.h"

#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RINGS_MAX = 64, PLACES_MAX = 16, NOP_INJECT_RESULT = 1 << 0 };

/* A ring of the program; `counted` entries up to there were looked at. */
struct ring {
    int fd;
    uint32_t counted;
    eddy__uring_params params;
    unsigned char *rings;
    eddy__uring_sqe *sqes;
};

static struct ring rings[RINGS_MAX];
static __thread struct ring *places[PLACES_MAX] AT_FIXED_PLACE;

static struct ring *ring_of(int fd)
{
    for (int i = 0; i < RINGS_MAX; i++)
        if (rings[i].fd == fd + 1)
            return &rings[i];
    return NULL;
}

/* fd -1: a place that is free. The numbers are kept plus one, so that zero is free. */
static void ring_made(int fd, const eddy__uring_params *params)
{
    struct ring *ring = ring_of(fd);

    if (ring == NULL)
        ring = ring_of(-1);
    if (ring != NULL)
        *ring = (struct ring){.fd = fd + 1, .params = *params};
}

bool inject_has_ring(void)
{
    return rings[0].fd != 0;
}

static void ring_mapped(int fd, off_t offset, void *memory)
{
    struct ring *ring = fd >= 0 ? ring_of(fd) : NULL;

    if (ring == NULL || memory == MAP_FAILED)
        return;
    if (offset == 0)
        ring->rings = memory;
    else if (offset == EDDY__URING_OFF_SQES)
        ring->sqes = memory;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    int error = inject_fault(KIND_mmap, CALLER);
    void *memory;

    REAL(void *, mmap, void *, size_t, int, int, int, off_t);
    if (error != 0) {
        errno = error;
        return MAP_FAILED;
    }
    memory = real(at, size, protection, flags, fd, offset);
    ring_mapped(fd, offset, memory);
    return memory;
}

static int kind_of_op(uint8_t opcode)
{
    switch (opcode) {
    case EDDY__URING_OP_RECV:
        return KIND_op_recv;
    case EDDY__URING_OP_SEND:
    case EDDY__URING_OP_SENDMSG:
        return KIND_op_send;
    case EDDY__URING_OP_ACCEPT:
        return KIND_op_accept;
    case EDDY__URING_OP_CONNECT:
        return KIND_op_connect;
    case EDDY__URING_OP_POLL_ADD:
        return KIND_op_poll;
    case EDDY__URING_OP_TIMEOUT:
        return KIND_op_timeout;
    default:
        return -1; /* to cancel and to close cannot fail while there is something to do so with */
    }
}

static void spoil(eddy__uring_sqe *sqe, int what)
{
    if (what == SINGLE) {
        sqe->ioprio = 0; /* no multishot */
        if (sqe->opcode == EDDY__URING_OP_POLL_ADD)
            sqe->len = 0;
    } else if (what == SHORT) {
        if (sqe->opcode == EDDY__URING_OP_SENDMSG)
            sqe->addr =
                (uint64_t)(uintptr_t)inject_half_message((const void *)(uintptr_t)sqe->addr);
        else
            sqe->len = (uint32_t)inject_half(sqe->len);
        /* The kernel does all that it was asked for; what it was not is to be told. */
        sqe->flags = (uint8_t)(sqe->flags & ~EDDY__URING_SQE_CQE_SKIP_SUCCESS);
    } else {
        inject_break_up(sqe->fd, what);
        *sqe = (eddy__uring_sqe){.opcode = EDDY__URING_OP_NOP,
                                 .op_flags = NOP_INJECT_RESULT,
                                 .len = (uint32_t)-what,
                                 .user_data = sqe->user_data};
    }
}

/* Look at the entries that are about to be submitted and have not been looked at before. */
static void ring_look(struct ring *ring, uint32_t n, const void *caller)
{
    const eddy__uring_params *params = &ring->params;
    uint32_t at, end;

    if (ring->rings == NULL || ring->sqes == NULL)
        return;
    at = atomic_load((_Atomic uint32_t *)(void *)(ring->rings + params->sq_off.head));
    end = at + n;
    if ((int32_t)(ring->counted - at) > 0)
        at = ring->counted;
    for (; (int32_t)(end - at) > 0; at++) {
        eddy__uring_sqe *sqe = &ring->sqes[at & (params->sq_entries - 1)];
        int kind = kind_of_op(sqe->opcode);
        int what = kind >= 0 ? inject_fault((enum kind)kind, caller) : 0;

        if (what != 0)
            spoil(sqe, what);
    }
    ring->counted = at;
}

/* What a thread gave a place in its table is found by that place from then on. */
static void ring_placed(long fd, const eddy__uring_rsrc_update *place)
{
    if (place->offset < PLACES_MAX)
        places[place->offset] = ring_of((int)fd);
}

static long real_syscall(long number, const long a[6])
{
    REAL(long, syscall, long, ...);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* One that was interrupted, found no memory for its first entry, or for its second one. */
static long enter(long a[6], const void *caller)
{
    bool placed = (a[3] & EDDY__URING_ENTER_REGISTERED_RING) != 0;
    struct ring *ring = !placed ? ring_of((int)a[0]) : a[0] < PLACES_MAX ? places[a[0]] : NULL;
    int error = inject_fault(KIND_uring_enter, caller);

    if (error > 0 && (error != EINTR || a[1] == 0))
        return inject_failed(error);
    if (error == SHORT && a[1] > 1) {
        a[1] = 1;
        a[3] &= ~(long)EDDY__URING_ENTER_GETEVENTS;
    }
    if (error != 0)
        a[2] = 0; /* it does not wait */
    if (ring != NULL && a[1] > 0)
        ring_look(ring, (uint32_t)a[1], caller);
    return real_syscall(EDDY__URING_SYS_ENTER, a);
}

static long enroll(const long a[6], const void *caller)
{
    int error = 0;
    long result;

    if (a[1] == EDDY__URING_REGISTER_PBUF_RING)
        error = inject_fault(KIND_uring_buffers, caller);
    else if (a[1] == EDDY__URING_REGISTER_RING_FDS)
        error = inject_fault(KIND_uring_place, caller);
    if (error != 0)
        return inject_failed(error);
    result = real_syscall(EDDY__URING_SYS_REGISTER, a);
    if (a[1] == EDDY__URING_REGISTER_RING_FDS && result == 1)
        ring_placed(a[0], (const void *)a[2]);
    return result;
}

long syscall(long number, ...)
{
    int error = 0;
    va_list arguments;
    long a[6], result;

    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == EDDY__URING_SYS_ENTER)
        return enter(a, CALLER);
    if (number == EDDY__URING_SYS_REGISTER)
        return enroll(a, CALLER);
    if (number == EDDY__URING_SYS_SETUP)
        error = inject_fault(KIND_uring_setup, CALLER);
    else if (number == SYS_epoll_pwait2)
        error = inject_fault(KIND_epoll_pwait2, CALLER);
    if (error != 0)
        return inject_failed(error);
    result = real_syscall(number, a);
    if (number == EDDY__URING_SYS_SETUP && result >= 0)
        ring_made((int)result, (const void *)a[1]);
    return result;
}
