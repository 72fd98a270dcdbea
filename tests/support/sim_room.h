/* SPDX-License-Identifier: MIT */
/*
 * sim_room.h - for tests of the simulated driver: a room of two hosts with a driver on each, and
 * slots that send a pattern and check what they receive and how they are told.
 *
 * Nothing is left to chance but what the test asks for, and then it happens whenever it can.
 */
#ifndef EDDY_TEST_SIM_ROOM_H
#define EDDY_TEST_SIM_ROOM_H

#include "support/driver_world.h"

enum {
    ROOM_ALWAYS = 1000000,   /* odds */
    ROOM_EVENTS = 8,         /* of one wait */
    ROOM_BLOCK = 4096,       /* bytes; 16 of them for each driver */
    ROOM_BYTES = 100 * 1000, /* what exchange() sends each way */
    ROOM_CREDIT = 1 << 20,   /* more than that */
};

/* A driver on a host, and its memory. */
typedef struct node {
    eddy__sim_host *host;
    eddy__driver *driver;
    eddy__pool pool;
    eddy_allocator allocator;
    int64_t bytes_live;
    uint64_t fail_at; /* so many allocations from now: fails; 0: none */
} node;

typedef struct room {
    eddy__sim *sim;
    node a, b;
} room;

/* A slot, what it sends and what it was told. */
typedef struct end {
    eddy__slot slot;
    node *node;
    size_t sent, got; /* bytes of the pattern */
    size_t len;       /* to send */
    bool flying, over, shut, ended;
    int32_t connected, accepted, error;
    uint32_t sents, hangups;
    uint32_t ready;  /* EDDY__IS_* bits, gathered */
    int32_t largest; /* BYTES event */
    unsigned char data[3000];
} end;

/* `always`: what happens whenever it can; EDDY_CHAOS_COUNT: nothing. */
void room_open(room *, uint64_t seed, eddy_chaos always);
/* Every slot must have ended. Checks that all memory came back. Returns the hash of all that
 * happened. */
uint64_t room_close(room *);
void odds(room *, eddy_chaos chaos, uint32_t ppm);
/* One wait, and what it gave is recorded. Returns what it returned. */
int node_wait(node *, int64_t deadline_ns);
/* Both look; when neither had anything, time goes on. False: nothing can happen any more. */
bool room_go(room *);

#define GO_UNTIL(r, condition)                                                                     \
    do {                                                                                           \
        while (!(condition))                                                                       \
            assert_true(room_go(r));                                                               \
    } while (0)

void end_init(end *, node *);
void end_attach(end *, int fd, eddy__slot_kind kind);
void end_credit(end *, int32_t credit);
/* The next bytes of the pattern, in two parts. */
eddy_result end_send(end *, size_t len);
/* Send what is left of `len`, then half-close. */
void end_push(end *);
void end_detach(end *);
void on_event(const eddy__event *event);

/* Two streams: `near` of host a connects, `far` of host b is accepted. */
void connect_ends(room *, end *near, end *far);
/* Two streams of host a. */
void pair_ends(room *, end *one, end *other);
void detach_both(room *, end *near, end *far);
/* Connect, send ROOM_BYTES in both directions at a time, with credit in small portions; end. */
void exchange(room *, end *near, end *far);

#endif
