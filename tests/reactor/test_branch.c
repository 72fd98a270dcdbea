/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_branch.c - parts of a task that are woken on their own: who is polled for a wake, wakers, the
 * report. Requests to end are in test_branch_ask.c, drops in test_branch_drop.c.
 */
#include <pthread.h>
#include <string.h>

#include "flock.h"

/* ---- wakes ---- */

static void only_the_woken_child_is_polled(void **state)
{
    eddy_core *core = test_core();
    struct three three = {0};
    eddy_join *join =
        test_spawn_join_future(core, flock_of_three(core, &three), __FILE__, __LINE__);

    (void)state;
    test_settle(core);
    assert_polls(&three, 1, 1, 1);
    test_gate_open(&three.gates[1], 10);
    test_settle(core);
    assert_polls(&three, 1, 2, 1);
    assert_int_equal(three.traces[1].dones, 1);
    test_gate_open(&three.gates[2], 20);
    test_gate_open(&three.gates[0], 30);
    test_settle(core);
    assert_polls(&three, 2, 2, 2);
    assert_true(three.traces[2].order < three.traces[0].order); /* in the order of the wakes */
    assert_int_equal(three.flock.polls, 3);
    assert_int_equal(test_join_end(core, join), 60);
    test_core_end(core);
}

static void two_wakes_before_a_poll_are_one(void **state)
{
    eddy_core *core = test_core();
    struct three three = {0};
    eddy_join *join =
        test_spawn_join_future(core, flock_of_three(core, &three), __FILE__, __LINE__);

    (void)state;
    test_settle(core);
    eddy_waiter_nudge(&three.gates[0].waiter);
    eddy_waiter_nudge(&three.gates[0].waiter);
    assert_int_equal(test_settle(core), 1);
    assert_polls(&three, 2, 1, 1);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

/* Opens a gate when it is polled, then waits at another. */
struct opener {
    EDDY_FRAME;
    struct test_gate *opens;
    struct test_gate *gate;
    struct test_trace *trace;
};
static void opener_done(struct opener *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(opener, opener_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        test_gate_open(self->opens, 5);
        EDDY_END(n);
}

/* The sibling stands behind whoever was ready when the poll began: it is polled by the next one. */
static void child_woken_by_a_sibling_is_polled_once_and_soon(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_trace traces[3] = {0};
    eddy_future *first = box(core, EDDY_FUTURE(opener, .opens = &gates[1], .gate = &gates[0]));
    eddy_future *second = wait_at(core, &gates[1], &traces[1]);
    eddy_join *join =
        test_spawn_join(core, flock, .child = {first, second}, .n = 2, .trace = &traces[2]);

    (void)state;
    test_settle(core);
    test_gate_open(&gates[0], 2);
    assert_int_equal(test_settle(core), 2);
    assert_int_equal(traces[1].polls, 2);
    assert_int_equal(traces[2].polls, 3);
    assert_int_equal(test_join_end(core, join), 7);
    test_core_end(core);
}

/* The pass of a poll is over where it began, so that two of them do not keep the loop. */
static void child_that_wakes_itself_is_polled_once_a_poll(void **state)
{
    eddy_core *core = test_core();
    struct test_trace traces[3] = {0};
    eddy_future *a = value_of(core, 3, 1, &traces[0]);
    eddy_future *b = value_of(core, 5, 2, &traces[1]);
    eddy_join *join = test_spawn_join(core, flock, .child = {a, b}, .n = 2, .trace = &traces[2]);

    (void)state;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(test_turn(core), 1);
        assert_int_equal(traces[0].polls, i);
        assert_int_equal(traces[1].polls, i);
    }
    test_settle(core);
    assert_int_equal(traces[0].polls, 4);
    assert_int_equal(traces[1].polls, 6);
    assert_int_equal(traces[2].polls, 6);
    assert_int_equal(test_join_end(core, join), 3);
    test_core_end(core);
}

static void wake_of_a_nested_child_polls_the_way_to_it_alone(void **state)
{
    eddy_core *core = test_core();
    struct three three[2] = {0};
    struct test_trace outer = {0};
    eddy_future *a = flock_of_three(core, &three[0]);
    eddy_future *b = flock_of_three(core, &three[1]);
    eddy_join *join = test_spawn_join(core, flock, .child = {a, b}, .n = 2, .trace = &outer);

    (void)state;
    test_settle(core);
    test_gate_open(&three[1].gates[2], 1);
    assert_int_equal(test_settle(core), 1);
    assert_polls(&three[0], 1, 1, 1);
    assert_polls(&three[1], 1, 1, 2);
    assert_int_equal(outer.polls, 2);
    assert_int_equal(three[0].flock.polls, 1);
    assert_int_equal(three[1].flock.polls, 2);
    for (int i = 0; i < 6; i++)
        test_gate_open(&three[i / 3].gates[i % 3], 1);
    assert_int_equal(test_join_end(core, join), 6);
    test_core_end(core);
}

/* ---- wakers ---- */

/* Waits until its waker is used; there is something to be done when *ready. */
struct sleeper {
    EDDY_FRAME;
    eddy_waker *waker;
    struct test_trace *trace;
    bool *ready;
};
static void sleeper_done(struct sleeper *self)
{
    test_trace_done(self->trace);
}
static eddy_result sleeper_wait(struct sleeper *self, eddy_task *task)
{
    if (self->trace->polls++ == 0)
        assert_int_equal(eddy_task_waker(task, self->waker), 0);
    return *self->ready ? 1 : eddy_task_park(task, "test: waker");
}
EDDY_ASYNC(sleeper, sleeper_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, sleeper_wait(self, task));
        EDDY_END(n);
}

struct sleepers {
    eddy_waker wakers[2];
    struct test_trace traces[2];
    bool ready[2];
};

static eddy_join *spawn_sleepers(eddy_core *core, struct sleepers *self)
{
    eddy_future *child[2];

    for (int i = 0; i < 2; i++)
        child[i] = box(core, EDDY_FUTURE(sleeper, .waker = &self->wakers[i],
                                         .trace = &self->traces[i], .ready = &self->ready[i]));
    return test_spawn_join(core, flock, .child = {child[0], child[1]}, .n = 2);
}

static void waker_wakes_the_child_that_made_it_alone(void **state)
{
    eddy_core *core = test_core();
    struct sleepers self = {0};
    eddy_join *join = spawn_sleepers(core, &self);

    (void)state;
    test_settle(core);
    assert_true(eddy_waker_wake(&self.wakers[1]));
    test_settle(core);
    assert_int_equal(self.traces[0].polls, 1);
    assert_int_equal(self.traces[1].polls, 2);
    self.ready[1] = true;
    assert_true(eddy_waker_wake(&self.wakers[1]));
    test_settle(core);
    assert_int_equal(self.traces[1].dones, 1);
    assert_false(eddy_waker_wake(&self.wakers[1])); /* its child is gone, the task is not */
    assert_int_equal(test_settle(core), 0);
    self.ready[0] = true;
    assert_true(eddy_waker_wake(&self.wakers[0]));
    assert_int_equal(test_join_end(core, join), 2);
    for (int i = 0; i < 2; i++)
        eddy_waker_release(&self.wakers[i]);
    test_core_end(core);
}

static void *wake_from_thread(void *arg)
{
    struct sleepers *self = arg;

    for (int i = 0; i < 1000; i++)
        (void)eddy_waker_wake(&self->wakers[i % 2]);
    return NULL;
}

static void wakers_of_another_thread_are_never_lost(void **state)
{
    eddy_core *core = test_core();
    struct sleepers self = {0};
    eddy_join *join = spawn_sleepers(core, &self);
    pthread_t thread;

    (void)state;
    test_settle(core);
    assert_int_equal(pthread_create(&thread, NULL, wake_from_thread, &self), 0);
    for (int i = 0; i < 100; i++)
        test_turn(core);
    assert_int_equal(pthread_join(thread, NULL), 0);
    test_settle(core);
    assert_in_range(self.traces[0].polls, 2, 501);
    assert_in_range(self.traces[1].polls, 2, 501);
    eddy_join_abort(join);
    assert_int_equal(self.traces[0].dones + self.traces[1].dones, 2);
    for (int i = 0; i < 2; i++) {
        assert_false(eddy_waker_wake(&self.wakers[i]));
        eddy_waker_release(&self.wakers[i]);
    }
    eddy_join_free(join);
    test_core_end(core);
}

/* ---- the report ---- */

static void report_shows_the_waits_of_children(void **state)
{
    eddy_core *core = test_core();
    struct three three = {0};
    struct test_gate gate = {0};
    struct test_text text;
    eddy_future *inner = flock_of_three(core, &three);
    eddy_future *other = wait_at(core, &gate, NULL);
    eddy_join *join = test_spawn_join(core, flock, .child = {inner, other}, .n = 2);

    (void)state;
    test_settle(core);
    test_dump(core, &text);
    assert_non_null(
        strstr(text.text,
               "waits for flock (flock:0) [flock (flock:0) [test: gate (test_wait:0), "
               "test: gate (test_wait:0), test: gate (test_wait:0)], test: gate (test_wait:0)]"));
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

/* ---- chance ---- */

static void draws_are_even_and_do_not_alternate(void **state)
{
    eddy_core *core = test_core();
    int counts[3] = {0};
    int same = 0;
    uint32_t last = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        uint32_t draw = eddy__branches_draw(core, 3);

        assert_true(draw < 3);
        counts[draw]++;
        same += draw == last;
        last = draw;
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(counts[i], 850, 1150);
    assert_in_range(same, 850, 1150);
    assert_int_equal(eddy__branches_draw(core, 1), 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(only_the_woken_child_is_polled),
        cmocka_unit_test(two_wakes_before_a_poll_are_one),
        cmocka_unit_test(child_woken_by_a_sibling_is_polled_once_and_soon),
        cmocka_unit_test(child_that_wakes_itself_is_polled_once_a_poll),
        cmocka_unit_test(wake_of_a_nested_child_polls_the_way_to_it_alone),
        cmocka_unit_test(waker_wakes_the_child_that_made_it_alone),
        cmocka_unit_test(report_shows_the_waits_of_children),
        cmocka_unit_test(draws_are_even_and_do_not_alternate),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(wakers_of_another_thread_are_never_lost),
    };

    return TEST_GROUPS(everywhere, kernel);
}
