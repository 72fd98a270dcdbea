/* SPDX-License-Identifier: MIT */
/*
 * driver_world.h - what the tests of the driver contract share: a driver with its pool and wake
 * descriptor, slots with a plain socket (plain.h) at the other end, and a record of what was told
 * of each.
 *
 * The driver is the one that EDDY_DRIVER names. Nothing here sleeps: a test says what it waits
 * for, and fails when a great many waits, or ten seconds, did not bring it.
 */
#ifndef EDDY_TEST_DRIVER_WORLD_H
#define EDDY_TEST_DRIVER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "driver/driver.h"
#include "support/plain.h"

enum { SIDE_ORDER_MAX = 64, SIDE_HELD_MAX = 256, SIDE_FDS_MAX = 128 };

/* A slot and all that was told of it. */
typedef struct side {
    eddy__slot slot;                  /* first: an event's slot is the side */
    int peer;                         /* the other end, non-blocking; -1: none */
    bool attached;                    /* from attach() until EDDY__ENDED */
    bool hold;                        /* keep the references that come with bytes */
    char order[SIDE_ORDER_MAX];       /* a letter for each event, B, S, A once in a row:
                                         B)ytes E)nd R)error H)angup C)onnected S)ent A)ccepted
                                         F)ailed to accept Y) ready X) ended */
    uint32_t events;                  /* all of them; `order` has the first ones */
    unsigned char *bytes;             /* all that was received */
    size_t len, capacity;             /* bytes received; room for them */
    uint32_t deliveries;              /* EDDY__BYTES events */
    int32_t delivery_max;             /* the largest of them */
    int32_t error;                    /* of EDDY__ERROR */
    int32_t connected;                /* of EDDY__CONNECTED, 1: not yet */
    int32_t sent;                     /* of EDDY__SENT */
    int32_t accept_error;             /* of EDDY__ACCEPT_FAILED */
    uint32_t ready;                   /* EDDY__IS_* bits, gathered */
    uint32_t sents;                   /* EDDY__SENT events */
    int fds[SIDE_FDS_MAX];            /* accepted */
    uint32_t fds_count;               /* so many */
    eddy__block *held[SIDE_HELD_MAX]; /* oldest first */
    uint32_t held_count;              /* so many */
} side;

struct world {
    eddy__driver *driver;
    const eddy__driver_type *type;
    eddy__pool pool;
    int wake_fd;
    uint32_t events_max;  /* for each wait; 64 unless the test changes it */
    uint32_t attached;    /* slots that have not ended */
    uint64_t allocations; /* by the driver and the pool, ever */
    int64_t bytes_live;   /* of these, not freed */
    bool no_memory;       /* they all fail */
    eddy_allocator allocator;
    uint32_t steps_left; /* see WORLD_UNTIL */
    int64_t give_up_ns;
};

typedef struct world_options {
    uint32_t block_bytes; /* 0: 64 KiB */
    uint32_t blocks_max;  /* 0: 64 */
    uint32_t without;
} world_options;

/* The tests of a file: those that hold for every driver, and those of what only the kernel has,
 * which are registered on the kernel's drivers alone (docs/drivers.md lists why). */
#define WORLD_RUN(everywhere, kernel)                                                              \
    world_run((everywhere), sizeof(everywhere) / sizeof((everywhere)[0]), (kernel),                \
              sizeof(kernel) / sizeof((kernel)[0]))
int world_run(const struct CMUnitTest *everywhere, size_t everywhere_n,
              const struct CMUnitTest *kernel, size_t kernel_n);

/* Ends the program with 77, "skipped", saying why, when this kernel does not have the driver. */
void world_open(world *, world_options options);
/* Every side must have ended. Checks that all buffers came back and all memory was freed. */
void world_close(world *);

/* One wait until the deadline. Returns the number of events, all recorded. Fails the test when
 * bytes or a connection came without credit. */
int world_wait(world *, int64_t deadline_ns);
/* Wait without blocking until nothing comes any more. */
void world_settle(world *);
int64_t world_now(world *);
/* How many waits return within 50 ms in which nothing is to happen. */
int world_returns(world *);

/* Wait until the condition holds. */
#define WORLD_UNTIL(w, condition)                                                                  \
    do {                                                                                           \
        world_begin(w);                                                                            \
        while (!(condition))                                                                       \
            world_step(w, #condition, __FILE__, __LINE__);                                         \
    } while (0)
void world_begin(world *);
void world_step(world *, const char *condition, const char *file, int line);

/* What a waker does: end the wait. */
void world_wake(world *);

/* Sides. `side_tcp`, `side_unix` and `side_pair` make a connected pair, attach one end, keep the
 * other; side_pair where the kind does not matter: a Unix one, or TCP where there is no other. */
void side_init(side *);
void side_attach(world *, side *, int fd, eddy__slot_kind kind);
void side_tcp(world *, side *);
void side_unix(world *, side *);
void side_pair(world *, side *);
/* A listener of 127.0.0.1; returns its port. */
uint16_t side_listen(world *, side *, int backlog);
/* The same of a port that is free. */
void side_listen_at(world *, side *, uint16_t port);
/* Raise (or lower) the credit, and tell the driver when it must be told. */
void side_credit(world *, side *, int32_t credit);
void side_watch(world *, side *);
eddy_result side_send(world *, side *, const void *data, size_t len);
/* Send it, and wait until that has finished: bytes that left, or -errno. */
eddy_result side_send_wait(world *, side *, const void *data, size_t len);
/* Send pattern bytes until a send is in flight that cannot finish before the peer reads. Returns
 * how many left before it. `data` of `len` bytes is what is being sent. */
size_t side_block(world *, side *, unsigned char *data, size_t len);
void side_release_held(side *);
/* detach(), wait for the end, and check that nothing else was told after the call. */
void side_end(world *, side *);
/* Close what the side still has besides its slot, free what it recorded. */
void side_deinit(world *, side *);
/* side_end() and side_deinit(). */
void side_finish(world *, side *);

/* Byte number `at` of a stream that is easy to compare and hard to get wrong by luck. */
static inline unsigned char pattern(size_t at)
{
    return (unsigned char)((at * 2654435761u) >> 11);
}
void pattern_fill(unsigned char *data, size_t at, size_t len);
void pattern_check(const unsigned char *data, size_t at, size_t len);

#endif
