/* SPDX-License-Identifier: MIT */
/*
 * styles - what the same thing costs in three styles, as a table for the guide, chapter 7: bytes of a
 * connection beside its stream, nanoseconds of a wait, and of a round trip of one byte.
 *
 *     build/release/bench/styles [--quick]
 *
 * Bytes are counted in the code of examples/styles, on a simulated loop, where each object is an
 * allocation of its own: they are the same on every run. A wait is measured in futures of the same
 * shape that wait for a bell instead of a stream, so that no system call is in it: the bell is rung, the
 * task is woken and polled, goes through its future to where it waited, and waits again. A round trip is
 * the examples' code over a pair of sockets on one loop, both ends counted. Times are of the
 * processor, the best of some runs.
 */
#include <eddy/eddy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "styles_place.h"
#include "styles_shapes.h"

#define TASKS 256
#define PAIRS 64

static int rounds = 2000; /* of all tasks, in one run */
static int runs = 5;

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * EDDY_SECOND + now.tv_nsec;
}

/* ---- bytes of a connection ---- */

static uint64_t heap_bytes(const struct place *place)
{
    eddy_core_stats stats;

    eddy_core_stats_get(place->core, &stats);
    return stats.heap_bytes;
}

/* Until all that can happen now has happened: a moment of virtual time. */
static void settle(const struct place *place)
{
    check(eddy_core_run(place->core,
                        EDDY_FUTURE(eddy_sleep_for, .duration_ns = 50 * EDDY_MILLISECOND)),
          "run");
}

/* Of servers: streams are there, and then what serves them. */
static uint64_t bytes_served(start_fn *start)
{
    static eddy_tcp *near[CONNECTIONS], *far[CONNECTIONS];
    struct place place;
    size_t own = 0;
    uint64_t before, after;

    begin(&place, "sim");
    for (int i = 0; i < CONNECTIONS; i++)
        check(eddy_tcp_pair(place.handle, &near[i], &far[i]), "a pair");
    settle(&place);
    before = heap_bytes(&place);
    for (int i = 0; i < CONNECTIONS; i++)
        own = start(&place, near[i]);
    settle(&place);
    after = heap_bytes(&place);
    end(&place);
    for (int i = 0; i < CONNECTIONS; i++)
        eddy_tcp_free(far[i]);
    return (after - before) / CONNECTIONS + own;
}

/* Of clients: `start` NULL: the streams alone. Nobody answers. */
static uint64_t bytes_asking(start_fn *start)
{
    static eddy_tcp *alone[CONNECTIONS];
    eddy_addr any_port = eddy_addr_ipv4_loopback(0);
    struct place place;
    eddy_listener *listener;
    size_t own = 0;
    uint64_t before, after;

    begin(&place, "sim");
    check(eddy_listener_bind(place.handle, &any_port, NULL, &listener), "a listener");
    check(eddy_listener_local_addr(listener, &place.server), "its address");
    before = heap_bytes(&place);
    asked = 0;
    for (int i = 0; i < CONNECTIONS; i++) {
        if (start != NULL)
            own = start(&place, NULL);
        else
            check(eddy_tcp_connect(place.handle, &place.server, &alone[i]), "connect");
    }
    settle(&place);
    after = heap_bytes(&place);
    end(&place);
    for (int i = 0; i < CONNECTIONS && start == NULL; i++)
        eddy_tcp_free(alone[i]);
    eddy_listener_free(listener);
    return (after - before) / CONNECTIONS + own;
}

/* ---- a wait ---- */

static struct bell bells[TASKS], silent[TASKS];

/* Spawns task number i of this shape. */
typedef int shape_fn(struct place *place, int i);

static int shape_echo_poll(struct place *place, int i)
{
    return eddy_spawn(
        place->handle,
        eddy_finally(eddy_poll_fn(place->handle, bell_always, &bells[i]), nothing, NULL));
}

static int shape_echo_async(struct place *place, int i)
{
    return eddy_spawn(place->handle, EDDY_FUTURE(listen, .bell = &bells[i]));
}

static int shape_echo_group(struct place *place, int i)
{
    return eddy_group_spawn(place->group, EDDY_FUTURE(listen, .bell = &bells[i]));
}

static int shape_chat_poll(struct place *place, int i)
{
    eddy_future *both = eddy_race(eddy_poll_fn(place->handle, bell_always, &silent[i]),
                                  eddy_poll_fn(place->handle, bell_always, &bells[i]));

    return eddy_spawn(place->handle, eddy_finally(both, nothing, NULL));
}

static int shape_chat_async(struct place *place, int i)
{
    return eddy_spawn(place->handle,
                      EDDY_FUTURE(listen_both, .a = EDDY_INIT(listen, .bell = &silent[i]),
                                  .b = EDDY_INIT(listen, .bell = &bells[i])));
}

static int shape_chat_group(struct place *place, int i)
{
    return eddy_group_spawn(place->group,
                            EDDY_FUTURE(listen_both, .a = EDDY_INIT(listen, .bell = &silent[i]),
                                        .b = EDDY_INIT(listen, .bell = &bells[i])));
}

static int shape_ask_poll(struct place *place, int i)
{
    return eddy_spawn(place->handle, eddy_loop(place->handle, bell_attempt, &bells[i]));
}

static int shape_ask_async(struct place *place, int i)
{
    return eddy_spawn(place->handle, EDDY_FUTURE(listen_again, .bell = &bells[i]));
}

/* Rings all bells, and lets everybody hear them. */
struct ringer {
    EDDY_FRAME;
    int left;
};

static void ring(void)
{
    for (int i = 0; i < TASKS; i++) {
        bells[i].rung = true;
        eddy_waiter_wake(&bells[i].waiter);
    }
}

EDDY_ASYNC(ringer, eddy_nothing)
{
    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            ring();
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static double wait_ns(shape_fn *shape)
{
    struct place place;
    double best = 1e18;

    begin(&place, NULL);
    memset(bells, 0, sizeof bells);
    memset(silent, 0, sizeof silent);
    for (int i = 0; i < TASKS; i++)
        check(shape(&place, i), "spawn");
    check(eddy_core_run(place.core, EDDY_FUTURE(ringer, .left = 10)), "run");
    for (int i = 0; i < runs; i++) {
        int64_t took_ns = cpu_ns();
        double ns;

        check(eddy_core_run(place.core, EDDY_FUTURE(ringer, .left = rounds)), "run");
        ns = (double)(cpu_ns() - took_ns) / rounds / TASKS;
        best = ns < best ? ns : best;
    }
    for (int i = 0; i < TASKS; i++)
        if (bells[i].heard < (uint64_t)runs * (uint64_t)rounds)
            check(EDDY_DROPPED, "a bell was not heard");
    end(&place);
    return best;
}

/* ---- a round trip ---- */

struct trip {
    EDDY_FRAME;
    eddy_tcp *tcp;
    int left;
    int *under_way;
};

EDDY_ASYNC(trip, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "x", 1));
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n != 1)
                EDDY_RETURN(n < 0 ? n : EDDY_CLOSED);
            eddy_tcp_consume(self->tcp, 1);
        }
        --*self->under_way;
        EDDY_END(0);
}

static double trip_ns(start_fn *start)
{
    static eddy_tcp *near[PAIRS], *far[PAIRS];
    int trips = rounds / 10;
    struct place place;
    double best = 1e18;

    begin(&place, NULL);
    for (int i = 0; i < PAIRS; i++) {
        check(eddy_tcp_pair(place.handle, &near[i], &far[i]), "a pair");
        start(&place, near[i]);
    }
    for (int run = 0; run < runs; run++) {
        int under_way = PAIRS;
        int64_t took_ns = cpu_ns();
        double ns;

        for (int i = 0; i < PAIRS; i++)
            check(eddy_spawn(place.handle, EDDY_FUTURE(trip, .tcp = far[i], .left = trips,
                                                       .under_way = &under_way)),
                  "spawn");
        while (under_way > 0)
            check(eddy_core_turn(place.core, EDDY_FOREVER), "turn");
        ns = (double)(cpu_ns() - took_ns) / trips / PAIRS;
        best = ns < best ? ns : best;
    }
    end(&place);
    for (int i = 0; i < PAIRS; i++)
        eddy_tcp_free(far[i]);
    return best;
}

/* ---- the table ---- */

struct row {
    const char *name, *style;
    start_fn *start;
    shape_fn *shape;
    bool asks, trips;
};

static const struct row rows[] = {
    {"echo", "poll functions", start_echo_poll, shape_echo_poll, false, true},
    {"echo", "async functions", start_echo_async, shape_echo_async, false, true},
    {"echo", "async, in a group", start_echo_group, shape_echo_group, false, true},
    {"ask", "poll functions", start_ask_poll, shape_ask_poll, true, false},
    {"ask", "async functions", start_ask_async, shape_ask_async, true, false},
    {"chat", "poll functions", start_chat_poll, shape_chat_poll, false, false},
    {"chat", "async functions", start_chat_async, shape_chat_async, false, false},
    {"chat", "async, in a group", start_chat_group, shape_chat_group, false, false},
};

static void print_row(const struct row *row, uint64_t stream_bytes)
{
    uint64_t bytes = row->asks ? bytes_asking(row->start) - stream_bytes : bytes_served(row->start);

    printf("| %s | %s | %d | %.0f |", row->name, row->style, (int)bytes, wait_ns(row->shape));
    if (row->trips)
        printf(" %.0f |\n", trip_ns(row->start));
    else
        printf(" |\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    uint64_t stream_bytes = bytes_asking(NULL);

    if (argc > 1 && strcmp(argv[1], "--quick") == 0) {
        rounds = 20;
        runs = 1;
    } else if (argc > 1) {
        fprintf(stderr, "usage: styles [--quick]\n");
        return 2;
    }
    printf("| program | style | bytes per connection | ns per wait | ns per round trip |\n"
           "|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        print_row(&rows[i], stream_bytes);
    return 0;
}
