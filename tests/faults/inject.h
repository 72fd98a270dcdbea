/* SPDX-License-Identifier: MIT */
/*
 * inject.h - what the files of libinject.so share: the kinds of calls that can fail, which of them
 * fails now, and what is told of it. inject.c says what this is all about.
 *
 * Each file stands before a group of the C library's functions: inject_memory.c the allocator,
 * inject_calls.c threads, stream sockets and epoll, inject_files.c datagrams, pipes and files,
 * inject_uring.c what io_uring needs. All of them ask inject_fault() first. Nothing declared here is seen from outside of the shared object.
 */
#ifndef EDDY_TESTS_INJECT_H
#define EDDY_TESTS_INJECT_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    X(sendmsg)                                                                                     \
    X(sendmmsg)                                                                                    \
    X(recvmsg)                                                                                     \
    X(recvmmsg)                                                                                    \
    X(read)                                                                                        \
    X(write)                                                                                       \
    X(pwritev2)                                                                                    \
    X(open)                                                                                        \
    X(pipe)                                                                                        \
    X(poll)                                                                                        \
    X(sync)                                                                                        \
    X(rename)                                                                                      \
    X(unlink)                                                                                      \
    X(chmod)                                                                                       \
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

enum {
    SHORT = -1,  /* instead of an errno: fewer bytes, events or entries than asked for */
    SINGLE = -2, /* an operation that ends after its first completion */
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

#pragma GCC visibility push(hidden)

struct msghdr;

extern struct report *inject_report;
extern atomic_bool inject_ready; /* before main() and in a forked child nothing counts */
extern bool inject_started;      /* the allocator of the C library may be used */
extern uintptr_t inject_base;    /* where the program's file is loaded */

/* Count a call. What is to happen instead of it: 0 nothing, errno, SHORT or SINGLE. */
int inject_fault(enum kind kind, const void *caller);
bool inject_in_scope(const void *caller);
/* -1, with errno. */
int inject_failed(int error);

/* Find the real function; `to` is the address of a pointer to it. */
void inject_look_up(void *to, const char *name);
/* inject_look_up() is at work: what it allocates must not be looked up. */
bool inject_is_looking_up(void);

/* Room for what is allocated; false: there is none. */
bool inject_blocks_start(void);
/* How many of the blocks that code in scope allocated are not freed, and who allocated one. */
uint64_t inject_blocks_left(uint64_t *site);

/* What the epoll told of the descriptor is told again if it is still so. False: no epoll tells. */
bool inject_raise_edge(int fd);
/* As inject_fault(). Who is told "not now", or gets less than there is, waits to be told again: so that
 * happens only where an epoll can be made to. A ring tells of what comes, not of what is there. */
int inject_fault_with_edge(enum kind kind, int fd, const void *caller);
/* The program has made a ring. */
bool inject_has_ring(void);
/* Who is told by such an error that the connection is gone finds it gone from then on. */
void inject_break_up(int fd, int error);
/* Half of the bytes, at least one. */
size_t inject_half(size_t size);
/* The header of a message that is half of the first part of the other, with all that goes along with
 * it; good until the next. */
const struct msghdr *inject_half_message(const struct msghdr *message);

#pragma GCC visibility pop

/* The real function, as the pointer `real`. */
#define REAL(result, name, ...)                                                                    \
    static result (*real)(__VA_ARGS__);                                                            \
    if (real == NULL)                                                                              \
    inject_look_up(&real, #name)

/* Who called the function that this stands in. */
#define CALLER __builtin_return_address(0)

/* A function that only fails: its whole definition. */
#define FAIL_OR_CALL(kind, name, parameters, arguments)                                            \
    int name parameters                                                                            \
    {                                                                                              \
        int error = inject_fault(kind, CALLER);                                                    \
        static int(*real) parameters;                                                              \
                                                                                                   \
        if (real == NULL)                                                                          \
            inject_look_up(&real, #name);                                                          \
        return error != 0 ? inject_failed(error) : real arguments;                                 \
    }

/* Of a thread's own, found without a call: that call, too, may not work before our start. */
#define AT_FIXED_PLACE __attribute__((tls_model("initial-exec")))

#endif
