/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_set.c - sets of futures: what they tell, in which order, how many there are, and what may be
 * pushed when.
 */
#include <errno.h>
#include <string.h>

#include "reactor/core.h"
#include "sets.h"

/* Takes `upto` outcomes, or all there are, and writes them down. */
struct taker {
    EDDY_FRAME;
    eddy_stream *set;
    struct eddy_outcome outcome;
    char *log; /* "key:result key:result ", by one digit each; may be NULL */
    int upto;  /* 0: all */
    int taken;
};
static void taker_done(struct taker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->set, NULL);
}
static void write_down(struct taker *self)
{
    char *end = self->log + strlen(self->log);
    eddy_result result = self->outcome.result;

    *end++ = (char)('0' + self->outcome.key);
    *end++ = result < 0 ? '-' : '+';
    *end++ = (char)('0' + (result < 0 ? -result : result));
    *end++ = ' ';
    *end = '\0';
}
EDDY_ASYNC(taker, taker_done)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->upto == 0 || self->taken < self->upto) {
            EDDY_NEXT(n, self->set, &self->outcome);
            if (n <= 0)
                EDDY_RETURN(n == 0 ? self->taken : n);
            self->taken++;
            if (self->log != NULL)
                write_down(self);
        }
        EDDY_END(self->taken);
}

/* ---- what is told ---- */

/* The works_1 of futures 0.1, and ready_queue's basic_usage. */
static void unordered_tells_outcomes_as_they_come(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_gate gates[3] = {0};
    char log[64] = "";
    eddy_join *join;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        push(set, wait_at(core, &gates[i], NULL), i);
    join = test_spawn_join(core, taker, .set = set, .log = log);
    test_settle(core);
    assert_string_equal(log, "");
    test_gate_open(&gates[2], 7);
    test_gate_open(&gates[0], 8);
    test_settle(core);
    assert_string_equal(log, "2+7 0+8 ");
    test_gate_open(&gates[1], 9);
    assert_int_equal(test_join_end(core, join), 3);
    assert_string_equal(log, "2+7 0+8 1+9 ");
    test_core_end(core);
}

/* The works_1 of futures 0.1's futures_ordered. */
static void ordered_tells_outcomes_as_they_were_pushed(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_ordered(eddy_core_handle(core));
    struct test_gate gates[3] = {0};
    struct test_trace traces[3] = {0};
    char log[64] = "";
    eddy_join *join;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        push(set, wait_at(core, &gates[i], &traces[i]), i);
    join = test_spawn_join(core, taker, .set = set, .log = log);
    test_settle(core);
    test_gate_open(&gates[2], 7);
    test_gate_open(&gates[1], 8);
    test_settle(core);
    assert_int_equal(traces[1].dones + traces[2].dones, 2); /* all of them run */
    assert_string_equal(log, "");
    test_gate_open(&gates[0], 9);
    assert_int_equal(test_join_end(core, join), 3);
    assert_string_equal(log, "0+9 1+8 2+7 ");
    test_core_end(core);
}

/* Ready at once, without a wake: works_2 of both, and ready_queue's resolving_errors. */
static void errors_are_items_and_the_set_goes_on(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        eddy_stream *set = sets[ordered](eddy_core_handle(core));
        char log[64] = "";

        push(set, value_of(core, 2, -5, NULL), 0);
        push(set, value_of(core, 0, 1, NULL), 1);
        push(set, eddy__future_failed(core), 2);
        push(set, value_of(core, 1, -3, NULL), 3);
        assert_int_equal(test_run(core, taker, .set = set, .log = log, .upto = 0), 4);
        if (ordered)
            assert_string_equal(log, "0-5 1+1 2-< 3-3 "); /* '<' is '0' + ENOMEM */
        else
            assert_non_null(strstr(log, "2-< "));
    }
    test_core_end(core);
}

/* The queue_never_unblocked of futures 0.1. */
static void ordered_waits_for_its_first_whatever_else_has_ended(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_ordered(eddy_core_handle(core));
    struct test_gate gate = {0};
    char log[64] = "";
    eddy_join *join;

    (void)state;
    push(set, wait_at(core, &gate, NULL), 0);
    for (size_t i = 1; i < 5; i++)
        push(set, value_of(core, (int)i % 3, i % 2 == 0 ? -1 : 1, NULL), i);
    join = test_spawn_join(core, taker, .set = set, .log = log);
    test_settle(core);
    assert_string_equal(log, "");
    assert_int_equal(eddy_futures_len(set), 5);
    test_gate_open(&gate, 2);
    assert_int_equal(test_join_end(core, join), 5);
    assert_string_equal(log, "0+2 1+1 2-1 3+1 4-1 ");
    test_core_end(core);
}

/* The iter_mut_cancel of futures 0.1: whoever has what a child waits for ends it in its place. */
static void children_can_be_ended_in_the_set(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_gate gates[3] = {0};
    char log[64] = "";
    eddy_join *join;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        push(set, wait_at(core, &gates[i], NULL), i);
    join = test_spawn_join(core, taker, .set = set, .log = log);
    test_settle(core);
    for (size_t i = 0; i < 3; i++)
        test_gate_open(&gates[i], -4);
    assert_int_equal(test_join_end(core, join), 3);
    assert_string_equal(log, "0-4 1-4 2-4 ");
    test_core_end(core);
}

static void set_of_what_never_ends_never_tells(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        eddy_stream *set = sets[ordered](eddy_core_handle(core));

        push(set, wait_at(core, &gate, NULL), 0);
        assert_int_equal(test_run(core, taker, .set = set), EDDY_DEADLOCK);
    }
    test_core_end(core);
}

/* ---- its end, and pushing ---- */

/* A frame that takes what there is, pushes, and takes again. */
struct refiller {
    EDDY_FRAME;
    eddy_stream *set;
    eddy_core *core;
    struct eddy_outcome outcome;
    int round;
    eddy_result sum;
};
EDDY_ASYNC(refiller, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->round = 0; self->round < 3; self->round++) {
            EDDY_NEXT(n, self->set, &self->outcome);
            assert_int_equal(n, 0); /* nothing in it */
            assert_true(eddy_stream_is_done(self->set));
            push(self->set, value_of(self->core, self->round, 4, NULL), 1);
            assert_false(eddy_stream_is_done(self->set));
            assert_int_equal(eddy_futures_len(self->set), 1);
            EDDY_NEXT(n, self->set, &self->outcome);
            assert_int_equal(n, 1);
            self->sum += self->outcome.result;
        }
        EDDY_END(self->sum);
}

static void set_that_has_told_its_end_begins_anew_with_a_push(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++)
        assert_int_equal(
            test_run(core, refiller, .core = core, .set = sets[ordered](eddy_core_handle(core))),
            12);
    test_core_end(core);
}

static void push_wakes_whoever_waits_and_polls_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(core));
    struct test_gate gate = {0};
    struct test_trace traces[2] = {0};
    char log[64] = "";
    eddy_join *join;

    (void)state;
    push(set, wait_at(core, &gate, &traces[0]), 1);
    join = test_spawn_join(core, taker, .set = set, .log = log);
    test_settle(core);
    push(set, value_of(core, 0, 2, &traces[1]), 2);
    assert_int_equal(traces[1].polls, 0);
    test_settle(core);
    assert_string_equal(log, "2+2 ");
    assert_int_equal(traces[0].polls, 1);
    test_gate_open(&gate, 3);
    assert_int_equal(test_join_end(core, join), 2);
    test_core_end(core);
}

/* Pushes another of its kind when it is done, as long as there are any left. */
struct pusher {
    EDDY_FRAME;
    eddy_core *core;
    eddy_stream *set;
    struct test_trace *trace;
    int left;
    int *error; /* of the last push */
};
static void pusher_done(struct pusher *self);
EDDY_ASYNC(pusher, pusher_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_YIELD();
        n = self->left;
        EDDY_END(n);
}
static void pusher_done(struct pusher *self)
{
    test_trace_done(self->trace);
    if (self->left > 0)
        *self->error = eddy_futures_push(
            self->set,
            box(self->core,
                EDDY_FUTURE(pusher, .core = self->core, .set = self->set, .trace = self->trace,
                            .left = self->left - 1, .error = self->error)),
            1);
}

static void children_may_push_when_they_are_done(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        eddy_stream *set = sets[ordered](eddy_core_handle(core));
        struct test_trace trace = {0};
        int error = -1;

        push(set,
             box(core, EDDY_FUTURE(pusher, .core = core, .set = set, .trace = &trace, .left = 50,
                                   .error = &error)),
             1);
        assert_int_equal(test_run(core, taker, .set = set), 51);
        assert_int_equal(trace.dones, 51);
        assert_int_equal(error, 0);
    }
    test_core_end(core);
}

static void push_into_a_set_that_is_being_dropped_is_refused(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int polled = 0; polled < 2; polled++) {
        eddy_stream *set = sets[polled](eddy_core_handle(core));
        struct test_gate gate = {0};
        struct test_trace trace = {0};
        int error = 0;
        eddy_join *join;

        push(set, wait_at(core, &gate, NULL), 0);
        push(set,
             box(core, EDDY_FUTURE(pusher, .core = core, .set = set, .trace = &trace, .left = 1,
                                   .error = &error)),
             1);
        join = test_spawn_join(core, taker, .set = set);
        if (polled)
            test_turn(core);
        eddy_join_abort(join);
        eddy_join_free(join);
        assert_int_equal(error, EDDY_CLOSED);
        assert_int_equal(trace.dones, 2);
    }
    test_core_end(core);
}

/* ---- how many ---- */

/* The iter_mut_len of futures 0.1. */
static void length_is_what_was_pushed_and_not_told(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int ordered = 0; ordered < 2; ordered++) {
        eddy_stream *set = sets[ordered](eddy_core_handle(core));
        struct test_gate gates[4] = {0};
        eddy_join *join;

        assert_int_equal(eddy_futures_len(set), 0);
        for (size_t i = 0; i < 4; i++) {
            push(set, wait_at(core, &gates[i], NULL), i);
            assert_int_equal(eddy_futures_len(set), i + 1);
        }
        join = test_spawn_join(core, taker, .set = set);
        test_settle(core);
        test_gate_open(&gates[0], 0);
        test_settle(core);
        assert_int_equal(eddy_futures_len(set), 3);
        test_gate_open(&gates[2], 0);
        test_settle(core);
        assert_int_equal(eddy_futures_len(set), ordered ? 3 : 2);
        test_gate_open(&gates[1], 0);
        test_settle(core);
        assert_int_equal(eddy_futures_len(set), 1);
        test_gate_open(&gates[3], 0);
        assert_int_equal(test_join_end(core, join), 4);
    }
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unordered_tells_outcomes_as_they_come),
        cmocka_unit_test(ordered_tells_outcomes_as_they_were_pushed),
        cmocka_unit_test(errors_are_items_and_the_set_goes_on),
        cmocka_unit_test(ordered_waits_for_its_first_whatever_else_has_ended),
        cmocka_unit_test(children_can_be_ended_in_the_set),
        cmocka_unit_test(set_of_what_never_ends_never_tells),
        cmocka_unit_test(set_that_has_told_its_end_begins_anew_with_a_push),
        cmocka_unit_test(push_wakes_whoever_waits_and_polls_nothing),
        cmocka_unit_test(children_may_push_when_they_are_done),
        cmocka_unit_test(push_into_a_set_that_is_being_dropped_is_refused),
        cmocka_unit_test(length_is_what_was_pushed_and_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
