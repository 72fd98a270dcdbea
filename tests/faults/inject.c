/* SPDX-License-Identifier: MIT */
/*
 * inject.c - a shared object that makes one call of a program fail: preload it. run.py does.
 *
 * It stands before the allocator, pthread_create() and the system calls that eddy makes, counts by
 * kind those calls that come from code in its scope, and fails the n-th of one kind the way that a
 * kernel may: an error instead of the call, a short count, or, for io_uring, an entry that is
 * changed before the kernel sees it (one that fails becomes a NOP which completes with the error;
 * that needs Linux 6.10). Where a kernel that says "nothing there" or gives less than it has would
 * tell of the rest later, so does this: edges of epoll are raised again.
 *
 *     EDDY_FAULT=KIND:N:WHAT     WHAT: a number of <errno.h>, "short", "single"; N+: from N on all
 *     EDDY_FAULT_REPORT=FILE     of sizeof(struct report) bytes, kept up to date while it runs
 *     EDDY_FAULT_SCOPE=FILE      lines "FIRST END", hexadecimal: what calls count, as addresses in
 *                                the program's file; absent: all that the program itself makes
 *
 * Also a balance: what code in scope allocated and nobody freed by the end, and descriptors that
 * were not open at the start. What a forked child does is its own: nothing there fails or counts.
 * Not for programs that are linked statically, and nothing for use outside of tests.
 */
#include "driver/uring_abi.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define KINDS(X)                                                                                   \
    X(memory)                                                                                      \
    X(thread)                                                                                      \
    X(socket)                                                                                      \
    X(socketpair)                                                                                  \
    X(accept4)                                                                                     \
    X(bind)                                                                                        \
    X(listen)                                                                                      \
    X(connect)                                                                                     \
    X(recv)                                                                                        \
    X(send)                                                                                        \
    X(shutdown)                                                                                    \
    X(setsockopt)                                                                                  \
    X(getsockopt)                                                                                  \
    X(getsockname)                                                                                 \
    X(fcntl)                                                                                       \
    X(mmap)                                                                                        \
    X(eventfd)                                                                                     \
    X(timerfd)                                                                                     \
    X(epoll_create)                                                                                \
    X(epoll_add)                                                                                   \
    X(epoll_wait)                                                                                  \
    X(epoll_pwait2)                                                                                \
    X(uring_setup)                                                                                 \
    X(uring_buffers)                                                                               \
    X(uring_place)                                                                                 \
    X(uring_enter)                                                                                 \
    X(op_recv)                                                                                     \
    X(op_send)                                                                                     \
    X(op_accept)                                                                                   \
    X(op_connect)                                                                                  \
    X(op_poll)                                                                                     \
    X(op_timeout)

#define KIND_ENUM(name) KIND_##name,
#define KIND_NAME(name) #name,
enum kind { KINDS(KIND_ENUM) KINDS_N };
static const char *const kind_names[] = {KINDS(KIND_NAME)};

enum {
    SHORT = -1,  /* WHAT that is no errno */
    SINGLE = -2, /* an operation that ends after its first completion */
    FDS_MAX = 1024,
    RANGES_MAX = 8192,
    RINGS_MAX = 64,
    FRAMES_MAX = 64,
    PLACES_MAX = 16,
    BLOCKS_ROOM = 1 << 20,
    EARLY_BYTES = 512 * 1024,
    NOP_INJECT_RESULT = 1 << 0,
};

/* What run.py reads, numbers only. Addresses are those of the program's file. */
struct report {
    uint64_t reached;        /* how often the fault was made */
    uint64_t site;           /* who called then, at first */
    uint64_t ended;          /* the program came to exit() or returned from main() */
    uint64_t blocks_left;    /* then */
    uint64_t block_site;     /* who allocated one of them */
    uint64_t fds_left;       /* then */
    uint64_t crash_site;     /* the innermost function of the program, when a signal ended it */
    uint64_t crash_scoped;   /* that is in scope */
    uint64_t count[KINDS_N]; /* calls in scope, the failed ones included */
};

struct range {
    uintptr_t first, end;
};

struct block {
    void *memory;
    uintptr_t site;
};

/* A ring of the program; `counted` entries up to there were looked at. */
struct ring {
    int fd;
    uint32_t counted;
    eddy__uring_params params;
    unsigned char *rings;
    eddy__uring_sqe *sqes;
};

/* Of a thread's own, found without a call: that call, too, may not work before our start. */
#define AT_FIXED_PLACE __attribute__((tls_model("initial-exec")))

static struct report no_report, *report = &no_report;
static atomic_bool ready; /* before main and in a forked child nothing counts */
static int fault_kind = -1, fault_what;
static uint64_t fault_n;
static bool fault_stays;

static uintptr_t base, program_end; /* where the program's file is loaded */
static struct range ranges[RANGES_MAX];
static size_t ranges_n;

static struct block *blocks; /* open addressing */
static size_t blocks_n;
static atomic_flag blocks_lock = ATOMIC_FLAG_INIT;

static bool fd_was_open[FDS_MAX];
static struct {
    int epoll;
    struct epoll_event event;
} watched[FDS_MAX];
static struct ring rings[RINGS_MAX];
static __thread struct ring *places[PLACES_MAX] AT_FIXED_PLACE;

/* --- the real functions --- */

/* For what dlsym() itself allocates, and for all that comes before our start: AddressSanitizer has
 * no memory to give before its own. */
static _Alignas(16) unsigned char early[EARLY_BYTES];
static bool started, sanitized;
static size_t early_used;
/* volatile: the compiler is told that dlsym() does not call us, but it does. */
static __thread volatile bool looking_up AT_FIXED_PLACE;

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

/* `to` is the address of a function pointer: ISO C has no conversion for it. */
static void look_up(void *to, const char *name)
{
    void *found;

    looking_up = true;
    found = dlsym(RTLD_NEXT, name);
    looking_up = false;
    if (found == NULL)
        abort();
    memcpy(to, &found, sizeof found);
}

#define REAL(result, name, ...)                                                                    \
    static result (*real)(__VA_ARGS__);                                                            \
    if (real == NULL)                                                                              \
    look_up(&real, #name)

/* --- what counts, and what fails --- */

static bool in_scope(const void *caller)
{
    uintptr_t at = (uintptr_t)caller - base;
    size_t low = 0, high = ranges_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (at < ranges[middle].first)
            high = middle;
        else if (at >= ranges[middle].end)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

/* Count a call. What is to happen instead of it: 0 nothing, errno, SHORT or SINGLE. */
static int fault(enum kind kind, const void *caller)
{
    uint64_t n;

    if (!atomic_load(&ready) || !in_scope(caller))
        return 0;
    n = 1 + atomic_fetch_add((_Atomic uint64_t *)&report->count[kind], 1);
    if ((int)kind != fault_kind || (fault_stays ? n < fault_n : n != fault_n))
        return 0;
    if (atomic_fetch_add((_Atomic uint64_t *)&report->reached, 1) == 0)
        report->site = (uintptr_t)caller - base;
    return fault_what;
}

#define CALLER __builtin_return_address(0)

static int failed(int error)
{
    errno = error;
    return -1;
}

/* --- the allocator, with its balance --- */

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

    if (memory == NULL || !atomic_load(&ready) || !in_scope(caller))
        return;
    blocks_acquire();
    if (blocks_n < BLOCKS_ROOM / 2) {
        at = block_find(memory);
        blocks_n += blocks[at].memory == NULL;
        blocks[at] = (struct block){memory, (uintptr_t)caller - base};
    }
    blocks_release();
}

/* Take the block out, and move up those that stand behind because its place was taken. */
static void block_back(const void *memory)
{
    size_t hole, at;

    if (memory == NULL || blocks_n == 0 || !atomic_load(&ready))
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

    if (looking_up || !started)
        return early_alloc(size);
    REAL(void *, malloc, size_t);
    if ((errno = fault(KIND_memory, CALLER)) != 0)
        return NULL;
    memory = real(size);
    block_out(memory, CALLER);
    return memory;
}

void *calloc(size_t n, size_t size)
{
    void *memory;

    if (looking_up || !started)
        return early_alloc(n * size);
    REAL(void *, calloc, size_t, size_t);
    if ((errno = fault(KIND_memory, CALLER)) != 0)
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
    if ((errno = fault(KIND_memory, CALLER)) != 0)
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
    if ((errno = fault(KIND_memory, CALLER)) != 0)
        return NULL;
    memory = real(alignment, size);
    block_out(memory, CALLER);
    return memory;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    int error;

    REAL(int, posix_memalign, void **, size_t, size_t);
    error = fault(KIND_memory, CALLER);
    if (error != 0)
        return error;
    error = real(out, alignment, size);
    if (error == 0)
        block_out(*out, CALLER);
    return error;
}

void free(void *memory)
{
    if (looking_up || is_early(memory))
        return;
    REAL(void, free, void *);
    block_back(memory);
    real(memory);
}

/* --- threads --- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *arg)
{
    int error = fault(KIND_thread, CALLER);

    REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    return error != 0 ? error : real(thread, attributes, start, arg);
}

/* --- calls that fail and do nothing then --- */

#define FAIL_OR_CALL(kind, name, parameters, arguments)                                            \
    int name parameters                                                                            \
    {                                                                                              \
        int error = fault(kind, CALLER);                                                           \
        static int(*real) parameters;                                                              \
                                                                                                   \
        if (real == NULL)                                                                          \
            look_up(&real, #name);                                                                 \
        return error != 0 ? failed(error) : real arguments;                                        \
    }

FAIL_OR_CALL(KIND_socket, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAIL_OR_CALL(KIND_socketpair, socketpair, (int domain, int type, int protocol, int fds[2]),
             (domain, type, protocol, fds))
FAIL_OR_CALL(KIND_bind, bind, (int fd, __CONST_SOCKADDR_ARG to, socklen_t size), (fd, to, size))
FAIL_OR_CALL(KIND_listen, listen, (int fd, int backlog), (fd, backlog))
FAIL_OR_CALL(KIND_accept4, accept4, (int fd, __SOCKADDR_ARG from, socklen_t *size, int flags),
             (fd, from, size, flags))
FAIL_OR_CALL(KIND_setsockopt, setsockopt,
             (int fd, int level, int name, const void *value, socklen_t size),
             (fd, level, name, value, size))
FAIL_OR_CALL(KIND_getsockopt, getsockopt,
             (int fd, int level, int name, void *restrict value, socklen_t *restrict size),
             (fd, level, name, value, size))
FAIL_OR_CALL(KIND_getsockname, getsockname, (int fd, __SOCKADDR_ARG to, socklen_t *restrict size),
             (fd, to, size))
FAIL_OR_CALL(KIND_getsockname, getpeername, (int fd, __SOCKADDR_ARG to, socklen_t *restrict size),
             (fd, to, size))
FAIL_OR_CALL(KIND_eventfd, eventfd, (unsigned count, int flags), (count, flags))
FAIL_OR_CALL(KIND_timerfd, timerfd_create, (clockid_t clock, int flags), (clock, flags))
FAIL_OR_CALL(KIND_epoll_create, epoll_create1, (int flags), (flags))

int fcntl(int fd, int command, ...)
{
    int error = fault(KIND_fcntl, CALLER);
    va_list arguments;
    long value;

    REAL(int, fcntl, int, int, ...);
    va_start(arguments, command);
    value = va_arg(arguments, long); /* every command's argument fits a register */
    va_end(arguments);
    return error != 0 ? failed(error) : real(fd, command, value);
}

/* --- calls that move something --- */

/* What the epoll told of the descriptor is told again if it is still so. */
static void raise_edge(int fd)
{
    REAL(int, epoll_ctl, int, int, int, struct epoll_event *);
    if (fd >= 0 && fd < FDS_MAX && watched[fd].epoll > 0)
        (void)real(watched[fd].epoll - 1, EPOLL_CTL_MOD, fd, &watched[fd].event);
}

/* An interrupted connect goes on by itself. */
int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t size)
{
    int error = fault(KIND_connect, CALLER);

    REAL(int, connect, int, __CONST_SOCKADDR_ARG, socklen_t);
    if (error != 0 && error != EINTR)
        return failed(error);
    return real(fd, to, size) == 0 && error == 0 ? 0 : failed(error != 0 ? error : errno);
}

/* Who is told that the connection is gone finds it gone from then on. */
static void break_up(int fd, int error)
{
    REAL(int, shutdown, int, int);
    if (error == ECONNRESET || error == EPIPE || error == ETIMEDOUT)
        (void)real(fd, SHUT_RDWR);
}

int shutdown(int fd, int how)
{
    int error = fault(KIND_shutdown, CALLER);

    REAL(int, shutdown, int, int);
    if (error != 0) /* it is not connected any more */
        (void)real(fd, SHUT_RDWR);
    return error != 0 ? failed(error) : real(fd, how);
}

/* Half of the bytes, at least one. */
static size_t half(size_t size)
{
    return size > 1 ? size / 2 : size;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    int error = fault(KIND_recv, CALLER);
    ssize_t n;

    REAL(ssize_t, recv, int, void *, size_t, int);
    if (error == 0)
        return real(fd, bytes, size, flags);
    break_up(fd, error);
    n = error == SHORT ? real(fd, bytes, 1, flags) : failed(error);
    if (error == EAGAIN || error == SHORT)
        raise_edge(fd);
    if (error > 0)
        errno = error;
    return n;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    int error = fault(KIND_send, CALLER);

    REAL(ssize_t, send, int, const void *, size_t, int);
    break_up(fd, error);
    if (error == EAGAIN || error == SHORT)
        raise_edge(fd);
    if (error > 0)
        return failed(error);
    return real(fd, bytes, error == SHORT ? half(size) : size, flags);
}

static struct iovec one_half;
static struct msghdr one_half_header = {.msg_iov = &one_half, .msg_iovlen = 1};

/* The header of a message that is half of the first part of the other. */
static const struct msghdr *half_message(const struct msghdr *message)
{
    one_half = message->msg_iov[0];
    one_half.iov_len = half(one_half.iov_len);
    return &one_half_header;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    int error = fault(KIND_send, CALLER);

    REAL(ssize_t, sendmsg, int, const struct msghdr *, int);
    break_up(fd, error);
    if (error == EAGAIN || error == SHORT)
        raise_edge(fd);
    if (error > 0)
        return failed(error);
    return real(fd, error == SHORT ? half_message(message) : message, flags);
}

/* --- epoll --- */

/* The kernel can refuse to add; to change and to remove what is there it cannot. */
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    int error = operation == EPOLL_CTL_ADD ? fault(KIND_epoll_add, CALLER) : 0;
    int result;

    REAL(int, epoll_ctl, int, int, int, struct epoll_event *);
    if (error != 0)
        return failed(error);
    result = real(epoll, operation, fd, event);
    if (result == 0 && fd >= 0 && fd < FDS_MAX) {
        watched[fd].epoll = operation == EPOLL_CTL_DEL ? 0 : epoll + 1;
        if (event != NULL)
            watched[fd].event = *event;
    }
    return result;
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
    int error = fault(KIND_epoll_wait, CALLER);

    REAL(int, epoll_wait, int, struct epoll_event *, int, int);
    return error > 0 ? failed(error) : real(epoll, events, error == SHORT ? 1 : max, timeout);
}

/* --- io_uring --- */

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
    int error = fault(KIND_mmap, CALLER);
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
    } else if (what == SHORT && sqe->opcode == EDDY__URING_OP_SENDMSG) {
        sqe->addr = (uint64_t)(uintptr_t)half_message((const void *)(uintptr_t)sqe->addr);
    } else if (what == SHORT) {
        sqe->len = (uint32_t)half(sqe->len);
    } else {
        break_up(sqe->fd, what);
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
        int what = kind >= 0 ? fault((enum kind)kind, caller) : 0;

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
    int error = fault(KIND_uring_enter, caller);

    if (error > 0 && (error != EINTR || a[1] == 0))
        return failed(error);
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
        error = fault(KIND_uring_buffers, caller);
    else if (a[1] == EDDY__URING_REGISTER_RING_FDS)
        error = fault(KIND_uring_place, caller);
    if (error != 0)
        return failed(error);
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
        error = fault(KIND_uring_setup, CALLER);
    else if (number == SYS_epoll_pwait2)
        error = fault(KIND_epoll_pwait2, CALLER);
    if (error != 0)
        return failed(error);
    result = real_syscall(number, a);
    if (number == EDDY__URING_SYS_SETUP && result >= 0)
        ring_made((int)result, (const void *)a[1]);
    return result;
}

/* --- start and end --- */

static void die(const char *what)
{
    fprintf(stderr, "inject: %s\n", what);
    _exit(126);
}

static void read_fault(const char *text)
{
    char name[32], what[32];
    unsigned long long n;
    char plus = ':';

    if (sscanf(text, "%31[a-z0-9_]:%llu%c", name, &n, &plus) != 3)
        die("EDDY_FAULT is not KIND:N:WHAT");
    fault_stays = plus == '+';
    if (sscanf(strrchr(text, ':'), ":%31s", what) != 1)
        die("EDDY_FAULT says not WHAT");
    for (int i = 0; i < KINDS_N; i++)
        if (strcmp(name, kind_names[i]) == 0)
            fault_kind = i;
    if (fault_kind < 0)
        die("EDDY_FAULT: no such kind");
    fault_n = n;
    fault_what = strcmp(what, "short") == 0    ? SHORT
                 : strcmp(what, "single") == 0 ? SINGLE
                                               : atoi(what);
}

static void map_report(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory;

    if (fd < 0 || ftruncate(fd, sizeof *report) < 0)
        die("EDDY_FAULT_REPORT cannot be opened");
    memory = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        die("EDDY_FAULT_REPORT cannot be mapped");
    report = memory;
    close(fd);
}

static void read_scope(const char *path)
{
    FILE *file = fopen(path, "re");
    unsigned long long first, end;

    if (file == NULL)
        die("EDDY_FAULT_SCOPE cannot be opened");
    while (ranges_n < RANGES_MAX && fscanf(file, "%llx %llx", &first, &end) == 2)
        ranges[ranges_n++] = (struct range){(uintptr_t)first, (uintptr_t)end};
    fclose(file);
}

/* The first that is told of is the program itself. */
static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t end = (uintptr_t)(part->p_vaddr + part->p_memsz);

        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
            continue;
        program_end = base + end;
        if (*(bool *)arg)
            ranges[ranges_n++] = (struct range){part->p_vaddr, end};
    }
    return 1;
}

static sighandler_t real_signal(int number, sighandler_t handler)
{
    REAL(sighandler_t, signal, int, sighandler_t);
    return real(number, handler);
}

/* Keep where it was. Nothing here is safe in a signal handler, but the program is lost anyway: it
 * goes on to the instruction that ends it. */
static void on_crash(int number)
{
    void *frames[FRAMES_MAX];
    int n = backtrace(frames, FRAMES_MAX);

    (void)real_signal(number, SIG_DFL);
    for (int i = 1; i < n && report->crash_site == 0; i++) {
        uintptr_t at = (uintptr_t)frames[i];

        if (at < base || at >= program_end)
            continue;
        report->crash_site = at - base;
        report->crash_scoped = in_scope((const char *)frames[i] + 1); /* as if it had returned */
    }
}

static bool is_crash(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL;
}

/* cmocka would go on with the next test, and hide where it was. */
sighandler_t signal(int number, sighandler_t handler)
{
    return is_crash(number) && atomic_load(&ready) ? SIG_DFL : real_signal(number, handler);
}

/* Under AddressSanitizer it tells of crashes, and says where. */
static void catch_crashes(void)
{
    void *frame;

    if (sanitized)
        return;
    (void)backtrace(&frame, 1); /* loads what it needs */
    for (int number = 1; number < SIGRTMIN; number++)
        if (is_crash(number))
            (void)signal(number, on_crash);
}

static bool is_open(int fd)
{
    struct stat about;

    return fstat(fd, &about) == 0;
}

/* AddressSanitizer would start after us, and until then its allocator is none. */
static void sanitizer_start(void)
{
    void *found = dlsym(RTLD_DEFAULT, "__asan_init");
    void (*asan_init)(void);

    sanitized = found != NULL;
    memcpy(&asan_init, &found, sizeof found);
    if (sanitized)
        asan_init();
}

static void in_child(void)
{
    atomic_store(&ready, false);
}

static void __attribute__((constructor)) start(void)
{
    const char *scope = getenv("EDDY_FAULT_SCOPE");
    const char *path = getenv("EDDY_FAULT_REPORT");
    const char *text = getenv("EDDY_FAULT");
    bool whole = scope == NULL;

    sanitizer_start();
    started = true;
    if (text != NULL)
        read_fault(text);
    if (path != NULL)
        map_report(path);
    if (scope != NULL)
        read_scope(scope);
    (void)dl_iterate_phdr(find_program, &whole);
    blocks = mmap(NULL, BLOCKS_ROOM * sizeof *blocks, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (blocks == MAP_FAILED)
        die("no memory for the balance");
    for (int fd = 0; fd < FDS_MAX; fd++)
        fd_was_open[fd] = is_open(fd);
    (void)pthread_atfork(NULL, NULL, in_child);
    catch_crashes();
    (void)unsetenv("LD_PRELOAD"); /* what the program starts is not our business */
    atomic_store(&ready, true);
}

static void __attribute__((destructor)) end(void)
{
    if (!atomic_load(&ready))
        return;
    atomic_store(&ready, false);
    report->blocks_left = blocks_n;
    for (size_t i = 0; blocks_n > 0 && report->block_site == 0 && i < BLOCKS_ROOM; i++)
        if (blocks[i].memory != NULL)
            report->block_site = blocks[i].site;
    for (int fd = 0; fd < FDS_MAX; fd++)
        report->fds_left += !fd_was_open[fd] && is_open(fd);
    report->ended = 1;
}
