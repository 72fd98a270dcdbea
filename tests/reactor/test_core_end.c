/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_core_end.c - the end of a loop: every task dropped once, hooks that still use it told so,
 * handles that outlive it safe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

static void free_of_nothing_does_nothing(void **state)
{
    (void)state;
    assert_int_equal(eddy_core_free(NULL), 0);
}

static void loop_that_never_ran_can_be_freed(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_value, .trace = &trace);
    test_core_end(core);
    assert_int_equal(trace.polls, 0);
    assert_int_equal(trace.dones, 1);
}

static void free_drops_every_task_once(void **state)
{
    enum { COUNT = 100 };
    eddy_core *core = test_core();
    struct test_trace traces[COUNT] = {0};
    struct test_gate gates[COUNT] = {0};
    eddy_handle *handle = eddy_core_handle(core);

    (void)state;
    for (int i = 0; i < COUNT; i += 4) {
        test_spawn(core, test_wait, .trace = &traces[i], .gate = &gates[i]);
        test_spawn(core, test_nap, .trace = &traces[i + 1], .duration_ns = EDDY_SECOND);
        test_spawn(core, test_value, .trace = &traces[i + 2], .yields = 1000);
        eddy_spawn(handle, eddy_box(handle, EDDY_FUTURE(test_wait, .trace = &traces[i + 3],
                                                        .gate = &gates[i + 3])));
    }
    for (int i = 0; i < 3; i++)
        test_turn(core);
    test_core_end(core);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(traces[i].dones, 1);
        assert_null(gates[i].waiter.branch);
    }
}

struct nest {
    EDDY_FRAME;
    struct test_trace *me;
    struct test_trace *child_trace;
    struct test_gate *gate;
    struct test_wait child;
};
static void nest_done(struct nest *self)
{
    test_trace_done(self->me);
}
EDDY_ASYNC(nest, nest_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->child = EDDY_INIT(test_wait, .gate = self->gate, .trace = self->child_trace);
        EDDY_AWAIT(n, &self->child);
        EDDY_END(n);
}

static void children_are_dropped_before_their_parents(void **state)
{
    eddy_core *core = test_core();
    struct test_trace me = {0};
    struct test_trace child = {0};
    struct test_gate gate = {0};

    (void)state;
    test_spawn(core, nest, .me = &me, .child_trace = &child, .gate = &gate);
    test_settle(core);
    test_core_end(core);
    assert_int_equal(me.dones, 1);
    assert_int_equal(child.dones, 1);
    assert_true(child.order < me.order);
}

/* In its `done` it tries everything that a loop offers. */
struct last_words {
    EDDY_FRAME;
    eddy_handle *handle;
    struct test_trace *spawned;
    struct test_gate *gate;
    int *said; /* what spawn, spawn_joinable, remote_new said, then the number of dones */
};
static void last_words_done(struct last_words *self)
{
    eddy_join *join = NULL;
    eddy_remote *remote = NULL;

    self->said[0] = eddy_spawn(self->handle, EDDY_FUTURE(test_value, .trace = self->spawned));
    self->said[1] =
        eddy_spawn_joinable(self->handle, EDDY_FUTURE(test_value, .trace = self->spawned), &join);
    self->said[2] = eddy_remote_new(self->handle, &remote);
    eddy_future_drop(eddy_box(self->handle, EDDY_FUTURE(test_value, .trace = self->spawned)));
    self->said[3] = eddy_spawn(
        self->handle, eddy_box(self->handle, EDDY_FUTURE(test_value, .trace = self->spawned)));
    self->said[4]++;
    assert_null(join);
    assert_null(remote);
    assert_true(eddy_now_ns(self->handle) > 0);
}
EDDY_ASYNC(last_words, last_words_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void done_that_spawns_is_told_that_the_loop_is_gone_and_the_new_future_is_done(void **state)
{
    eddy_core *core = test_core();
    struct test_trace spawned = {0};
    struct test_gate gate = {0};
    int said[5] = {0};

    (void)state;
    test_spawn(core, last_words, .handle = eddy_core_handle(core), .spawned = &spawned,
               .gate = &gate, .said = said);
    test_settle(core);
    test_core_end(core);
    for (int i = 0; i < 4; i++)
        assert_int_equal(said[i], EDDY_LOOP_GONE);
    assert_int_equal(said[4], 1);
    assert_int_equal(spawned.dones, 4);
    assert_int_equal(spawned.polls, 0);
}

/* Its `done` wakes a task, aborts another and frees joins: all of them die in the same breath. */
struct meddler {
    EDDY_FRAME;
    struct test_gate *gate;
    struct test_gate *wake;
    eddy_join **others;
};
static void meddler_done(struct meddler *self)
{
    test_gate_open(self->wake, 0);
    for (int i = 0; i < 2; i++) {
        eddy_join_abort(self->others[i]);
        eddy_join_cancel(self->others[i], EDDY_SECOND);
        eddy_join_free(self->others[i]);
    }
}
EDDY_ASYNC(meddler, meddler_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void done_may_wake_abort_and_free_what_dies_beside_it(void **state)
{
    (void)state;
    for (int place = 0; place < 3; place++) { /* the meddler is the first, middle, last task */
        eddy_core *core = test_core();
        struct test_gate gates[4] = {0};
        struct test_trace traces[3] = {0};
        eddy_join *others[2];
        int made = 0;

        for (int i = 0; i < 3; i++) {
            if (i == place)
                test_spawn(core, meddler, .gate = &gates[3], .wake = &gates[2], .others = others);
            if (i < 2)
                others[made++] =
                    test_spawn_join(core, test_wait, .gate = &gates[i], .trace = &traces[i]);
            else
                test_spawn(core, test_wait, .gate = &gates[2], .trace = &traces[2]);
        }
        test_settle(core);
        test_core_end(core);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(traces[i].dones, 1);
            assert_int_equal(traces[i].polls, 1);
        }
    }
}

static void join_handles_outlive_the_loop(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_join *running = test_spawn_join(core, test_wait, .gate = &gate);
    eddy_join *ended = test_spawn_join(core, test_value, .value = 3);
    eddy_join *cancelled = test_spawn_join(core, test_nap, .duration_ns = EDDY_SECOND);

    (void)state;
    test_settle(core);
    eddy_join_cancel(cancelled, 3600 * EDDY_SECOND);
    test_core_end(core);
    eddy_join_free(running);
    eddy_join_free(ended);
    eddy_join_free(cancelled);
}

static void join_handle_of_a_freed_loop_still_tells_the_result(void **state)
{
    eddy_core *core = test_core();
    eddy_core *other = test_core();
    struct test_gate gate = {0};
    eddy_join *running = test_spawn_join(core, test_wait, .gate = &gate);
    eddy_join *ended = test_spawn_join(core, test_value, .value = 3);

    (void)state;
    test_settle(core);
    test_core_end(core);
    assert_int_equal(test_join_end(other, running), EDDY_DROPPED);
    assert_int_equal(test_join_end(other, ended), 3);
    test_core_end(other);
}

static void boxes_that_were_never_used_can_be_dropped_before_the_end(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_future *boxes[10];

    (void)state;
    for (int i = 0; i < 10; i++)
        boxes[i] = eddy_box(eddy_core_handle(core), EDDY_FUTURE(test_value, .trace = &trace));
    for (int i = 0; i < 10; i++)
        eddy_future_drop(boxes[i]);
    assert_int_equal(trace.dones, 10);
    test_core_end(core);
}

struct suicide {
    EDDY_FRAME;
    eddy_core *core;
};
EDDY_ASYNC(suicide, eddy_nothing)
{
    EDDY_BEGIN
        eddy_core_free(self->core);
        EDDY_END(0);
}

static void free_inside_run(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)test_run(core, suicide, .core = core);
}

static void free_inside_its_own_run_is_asserted(void **state)
{
    (void)state;
    assert_dies(free_inside_run, NULL, "eddy_core_free is called inside a run of the same loop");
}

static void free_of_another_loop_inside_a_task_works(void **state)
{
    eddy_core *core = test_core();
    eddy_core *other = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(other, test_nap, .duration_ns = EDDY_SECOND, .trace = &trace);
    test_settle(other);
    assert_int_equal(test_run(core, suicide, .core = other), 0);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void loops_can_be_made_and_freed_again_and_again(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) { /* descriptors would run out at some hundred, or soon after */
        eddy_core *core = test_core();

        assert_int_equal(test_run(core, test_value, .yields = 1, .value = i), i);
        test_core_end(core);
    }
}

static void loop_can_be_freed_after_a_deadlock(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_wait, .gate = &gates[0], .trace = &trace);
    assert_int_equal(test_run(core, test_wait, .gate = &gates[1]), EDDY_DEADLOCK);
    test_core_end(core);
    assert_int_equal(trace.dones, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_of_nothing_does_nothing),
        cmocka_unit_test(loop_that_never_ran_can_be_freed),
        cmocka_unit_test(free_drops_every_task_once),
        cmocka_unit_test(children_are_dropped_before_their_parents),
        cmocka_unit_test(done_that_spawns_is_told_that_the_loop_is_gone_and_the_new_future_is_done),
        cmocka_unit_test(done_may_wake_abort_and_free_what_dies_beside_it),
        cmocka_unit_test(join_handles_outlive_the_loop),
        cmocka_unit_test(join_handle_of_a_freed_loop_still_tells_the_result),
        cmocka_unit_test(boxes_that_were_never_used_can_be_dropped_before_the_end),
        cmocka_unit_test(free_inside_its_own_run_is_asserted),
        cmocka_unit_test(free_of_another_loop_inside_a_task_works),
        cmocka_unit_test(loops_can_be_made_and_freed_again_and_again),
        cmocka_unit_test(loop_can_be_freed_after_a_deadlock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
