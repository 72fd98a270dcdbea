/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_buffered.c - several items of a stream at a time: how many, in which order what comes of them
 * is told, and what is asked of the input when.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"
#include "eddy/futures.h"
#include "eddy/stream_source.h"
#include "reactor/core.h"

enum { GATES = 8 };

/* An input that tells 0, 1, 2 ... up to `open`, then waits; and what is made of each item. */
struct world {
    eddy_core *core;
    eddy_waiter more;
    int open, told; /* items that there are, and that were taken */
    int error_at;   /* told instead of this item; < 0: none */
    bool over;
    int polls; /* of the input */
    bool canceled;
    struct test_gate gates[GATES];
    struct test_trace traces[GATES];
    int running, running_most;
    char log[64]; /* what was told: "0 2 -5 " */
};

static const eddy_wait_type more_wait = {"test: more", NULL, false};

static eddy_result next_item(void *arg, eddy_task *task, void *item)
{
    struct world *world = arg;
    eddy_result result;

    world->polls++;
    if (world->told >= world->open) {
        if (world->over)
            return 0;
        result = eddy_waiter_park(&world->more, task, &more_wait);
        world->canceled = world->canceled || result == -ECANCELED;
        return result;
    }
    if (world->told == world->error_at) {
        world->told++;
        return -EPIPE;
    }
    *(int *)item = world->told++;
    return 1;
}

static void open_more(struct world *world, int items, bool over)
{
    world->open += items;
    world->over = over;
    eddy_waiter_wake(&world->more);
}

/* Waits at the gate of its item, then writes ten times its number. */
struct job {
    EDDY_FRAME;
    struct world *world;
    const int *item;
    int *out;
};
static void job_done(struct job *self)
{
    self->world->running--;
    test_trace_done(&self->world->traces[*self->item]); /* it is still there */
}
EDDY_ASYNC(job, job_done)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal((uintptr_t)self->item % 16, 0);
        assert_int_equal((uintptr_t)self->out % 16, 0);
        EDDY_POLL(n, test_gate_poll(&self->world->gates[*self->item], task));
        if (self->out != NULL)
            *self->out = 10 * *self->item;
        EDDY_END(n);
}

static eddy_future *work(void *arg, eddy_handle *handle, const void *item, void *out)
{
    struct world *world = arg;

    world->running++;
    if (world->running > world->running_most)
        world->running_most = world->running;
    return eddy_box(handle, EDDY_FUTURE(job, .world = world, .item = item, .out = out));
}

static eddy_stream *input(struct world *world)
{
    return eddy_stream_poll_fn(eddy_core_handle(world->core), sizeof(int), next_item, world);
}

/* Takes all, and writes it down. */
struct taker {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    int value;
    int taken;
};
static void taker_done(struct taker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}
static void write_down(struct taker *self, eddy_result n)
{
    char *log = self->world->log;
    size_t len = strlen(log);

    (void)snprintf(log + len, sizeof self->world->log - len, "%d ", (int)(n < 0 ? n : self->value));
}
EDDY_ASYNC(taker, taker_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->value);
            if (n == 0)
                break;
            self->taken++;
            write_down(self, n);
        }
        EDDY_END(self->taken);
}

static eddy_join *spawn_taker(struct world *world, eddy_stream *stream)
{
    return test_spawn_join(world->core, taker, .world = world, .stream = stream);
}

static struct world fresh(void)
{
    return (struct world){.core = test_core(), .error_at = -1};
}

static void open_gate(struct world *world, int at, eddy_result result)
{
    test_gate_open(&world->gates[at], result);
    test_settle(world->core);
}

/* ---- order ---- */

/* The buffer_unordered::works of futures 0.1. */
static void unordered_tells_as_they_end_and_takes_more_as_room_frees(void **state)
{
    struct world world = fresh();
    eddy_join *join = spawn_taker(
        &world, eddy_stream_buffer_unordered(input(&world), 2, sizeof(int), work, &world));

    (void)state;
    open_more(&world, 4, true);
    test_settle(world.core);
    assert_int_equal(world.told, 2);
    assert_int_equal(world.running, 2);
    open_gate(&world, 1, 0);
    assert_string_equal(world.log, "10 ");
    assert_int_equal(world.told, 3);
    open_gate(&world, 2, 0);
    assert_string_equal(world.log, "10 20 ");
    open_gate(&world, 3, 0);
    open_gate(&world, 0, 0);
    assert_int_equal(test_join_end(world.core, join), 4);
    assert_string_equal(world.log, "10 20 30 0 ");
    assert_int_equal(world.running_most, 2);
    test_core_end(world.core);
}

/* The buffered of futures 0.1's stream tests. */
static void ordered_tells_in_the_order_of_the_items(void **state)
{
    struct world world = fresh();
    eddy_join *join =
        spawn_taker(&world, eddy_stream_buffered(input(&world), 2, sizeof(int), work, &world));

    (void)state;
    open_more(&world, 3, true);
    test_settle(world.core);
    open_gate(&world, 1, 0);
    assert_string_equal(world.log, "");
    assert_int_equal(world.told, 2); /* what has ended and waits counts */
    open_gate(&world, 0, 0);
    assert_string_equal(world.log, "0 10 ");
    assert_int_equal(world.told, 3);
    open_gate(&world, 2, 0);
    assert_int_equal(test_join_end(world.core, join), 3);
    assert_string_equal(world.log, "0 10 20 ");
    test_core_end(world.core);
}

/* With a limit of 1 both do one thing after the other. */
static void limit_of_one_is_one_after_the_other(void **state)
{
    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        struct world world = fresh();
        eddy_stream *stream =
            ordered ? eddy_stream_buffered(input(&world), 1, sizeof(int), work, &world)
                    : eddy_stream_buffer_unordered(input(&world), 1, sizeof(int), work, &world);
        eddy_join *join = spawn_taker(&world, stream);

        open_more(&world, 3, true);
        test_settle(world.core);
        test_gate_open(&world.gates[2], 0);
        open_gate(&world, 1, 0);
        assert_int_equal(world.told, 1);
        open_gate(&world, 0, 0);
        assert_int_equal(test_join_end(world.core, join), 3);
        assert_string_equal(world.log, "0 10 20 ");
        assert_int_equal(world.running_most, 1);
        test_core_end(world.core);
    }
}

/* ---- errors, and results ---- */

static void errors_stand_in_their_places(void **state)
{
    struct world world = fresh();
    eddy_join *join =
        spawn_taker(&world, eddy_stream_buffered(input(&world), 4, sizeof(int), work, &world));

    (void)state;
    world.error_at = 2; /* -EPIPE of the input */
    open_more(&world, 4, true);
    test_settle(world.core);
    open_gate(&world, 1, -5);
    open_gate(&world, 3, 0);
    assert_string_equal(world.log, "");
    open_gate(&world, 0, 0);
    assert_int_equal(test_join_end(world.core, join), 4);
    assert_string_equal(world.log, "0 -5 -32 30 ");
    test_core_end(world.core);
}

static void unordered_tells_errors_at_once(void **state)
{
    struct world world = fresh();
    eddy_join *join = spawn_taker(
        &world, eddy_stream_buffer_unordered(input(&world), 4, sizeof(int), work, &world));

    (void)state;
    world.error_at = 2;
    open_more(&world, 4, true);
    test_settle(world.core);
    assert_string_equal(world.log, "-32 ");
    open_gate(&world, 1, -5);
    assert_string_equal(world.log, "-32 -5 ");
    open_gate(&world, 3, 0);
    open_gate(&world, 0, 0);
    assert_int_equal(test_join_end(world.core, join), 4);
    test_core_end(world.core);
}

/* Items of no bytes: the results themselves. */
struct summer {
    EDDY_FRAME;
    eddy_stream *stream;
    eddy_result value, sum;
};
EDDY_ASYNC(summer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->value);
            if (n == 0)
                break;
            self->sum = self->sum * 1000 + (n < 0 ? n : self->value);
        }
        EDDY_END(self->sum);
}

static void results_are_the_items_when_there_is_no_other_memory(void **state)
{
    struct world world = fresh();

    (void)state;
    for (int i = 0; i < 3; i++)
        test_gate_open(&world.gates[i], 100 + i);
    test_gate_open(&world.gates[1], -7);
    open_more(&world, 3, true);
    assert_int_equal(test_run(world.core, summer,
                              .stream = eddy_stream_buffered(input(&world), 3, 0, work, &world)),
                     100 * 1000000 - 7 * 1000 + 102);
    test_core_end(world.core);
}

/* ---- the input ---- */

static void input_is_asked_when_it_was_woken_and_there_is_room(void **state)
{
    struct world world = fresh();
    eddy_join *join = spawn_taker(
        &world, eddy_stream_buffer_unordered(input(&world), 2, sizeof(int), work, &world));
    int polls;

    (void)state;
    open_more(&world, 1, false);
    test_settle(world.core);
    polls = world.polls;
    open_gate(&world, 0, 0); /* not the input's wake */
    assert_int_equal(world.polls, polls);
    open_more(&world, 2, false);
    test_settle(world.core);
    polls = world.polls;
    open_more(&world, 1, false); /* no room */
    test_settle(world.core);
    assert_int_equal(world.told, 3);
    assert_int_equal(world.polls, polls);
    open_gate(&world, 2, 0);
    assert_int_equal(world.told, 4);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_int_equal(world.running, 0);
    assert_null(world.more.branch);
    test_core_end(world.core);
}

/* An input that has more keeps its mark, and the task is not polled for it. */
static void full_stream_costs_no_poll_in_vain(void **state)
{
    struct world world = fresh();
    eddy_join *join =
        spawn_taker(&world, eddy_stream_buffered(input(&world), 2, sizeof(int), work, &world));

    (void)state;
    open_more(&world, 4, true);
    assert_int_equal(test_settle(world.core), 1);
    test_gate_open(&world.gates[0], 0);
    assert_int_equal(test_settle(world.core), 1);
    assert_int_equal(world.told, 3);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(world.core);
}

static void drop_disarms_what_the_input_waits_for(void **state)
{
    struct world world = fresh();
    eddy_join *join =
        spawn_taker(&world, eddy_stream_buffered(input(&world), 3, sizeof(int), work, &world));

    (void)state;
    open_more(&world, 1, false);
    test_settle(world.core);
    assert_non_null(world.more.branch);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_null(world.more.branch);
    assert_int_equal(world.running, 0);
    test_core_end(world.core);
}

static void request_to_end_reaches_the_input_and_the_futures(void **state)
{
    struct world world = fresh();
    eddy_join *join =
        spawn_taker(&world, eddy_stream_buffered(input(&world), 8, sizeof(int), work, &world));

    (void)state;
    open_more(&world, 2, false);
    test_settle(world.core);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(world.core);
    assert_true(world.canceled);
    assert_int_equal(world.traces[0].dones + world.traces[1].dones, 2);
    open_more(&world, 0, true);
    assert_int_equal(test_join_end(world.core, join), 3);
    assert_string_equal(world.log, "-125 -125 -125 ");
    test_core_end(world.core);
}

/* ---- mistakes ---- */

static void buffer_nothing(void *arg)
{
    struct world world = fresh();

    (void)eddy_stream_buffered(input(&world), 0, sizeof(int), work, arg);
}

static eddy_future *work_null(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)handle;
    (void)item;
    (void)out;
    return arg;
}

static void work_that_makes_nothing(void *arg)
{
    struct world world = fresh();

    world.open = 1;
    (void)test_run(world.core, summer,
                   .stream = eddy_stream_buffered(input(&world), 1, 0, work_null, arg));
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(buffer_nothing, NULL, "stream 'buffered' with a limit of 0");
    assert_dies(work_that_makes_nothing, NULL, "a callback of 'buffered' gave NULL for a future");
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(unordered_tells_as_they_end_and_takes_more_as_room_frees),
        cmocka_unit_test(ordered_tells_in_the_order_of_the_items),
        cmocka_unit_test(limit_of_one_is_one_after_the_other),
        cmocka_unit_test(errors_stand_in_their_places),
        cmocka_unit_test(unordered_tells_errors_at_once),
        cmocka_unit_test(results_are_the_items_when_there_is_no_other_memory),
        cmocka_unit_test(input_is_asked_when_it_was_woken_and_there_is_room),
        cmocka_unit_test(drop_disarms_what_the_input_waits_for),
        cmocka_unit_test(request_to_end_reaches_the_input_and_the_futures),
        cmocka_unit_test(mistakes_are_named),
    };
    const struct CMUnitTest kernel[] = {
        /* where budgets are not small by chance */
        cmocka_unit_test(full_stream_costs_no_poll_in_vain),
    };

    return TEST_GROUPS(everywhere, kernel);
}
