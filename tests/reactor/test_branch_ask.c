/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_branch_ask.c - requests to end go down to every branch, wait for shields there, and come back
 * when nobody was told.
 */
#include <errno.h>

#include "flock.h"

/* Waits at a gate; asked to end, waits at the next one, and so on. Returns how often it was asked. */
struct stubborn {
    EDDY_FRAME;
    struct test_gate *gates;
    struct test_trace *trace;
    bool shielded;
    eddy_result asked;
};
static void stubborn_done(struct stubborn *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(stubborn, stubborn_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->shielded)
            eddy_task_shield(task, true);
        for (;;) {
            EDDY_POLL(n, test_gate_poll(&self->gates[self->asked], task));
            if (n != -ECANCELED)
                break;
            self->asked++;
        }
        if (self->shielded)
            eddy_task_shield(task, false);
        EDDY_END(self->asked);
}

static void request_reaches_each_child_once(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3][3] = {0};
    eddy_future *child[3];
    eddy_join *join;

    (void)state;
    for (int i = 0; i < 3; i++)
        child[i] = box(core, EDDY_FUTURE(stubborn, .gates = gates[i]));
    join = test_spawn_join(core, flock, .child = {child[0], child[1], child[2]}, .n = 3);
    test_settle(core);
    eddy_waiter_nudge(&gates[1][0].waiter); /* one of them is to be polled anyway */
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_turn(core), 1);
    for (int i = 0; i < 3; i++) {
        assert_null(gates[i][0].waiter.branch);
        assert_non_null(gates[i][1].waiter.branch); /* asked once, waits again */
        test_gate_open(&gates[i][1], 0);
    }
    assert_int_equal(test_join_end(core, join), 3);
    test_core_end(core);
}

static void shield_holds_back_the_request_of_its_child_alone(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2][3] = {0};
    eddy_future *a = box(core, EDDY_FUTURE(stubborn, .gates = gates[0], .shielded = true));
    eddy_future *b = box(core, EDDY_FUTURE(stubborn, .gates = gates[1]));
    eddy_join *join = test_spawn_join(core, flock, .child = {a, b}, .n = 2);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    assert_non_null(gates[0][0].waiter.branch);
    assert_non_null(gates[1][1].waiter.branch);
    test_gate_open(&gates[0][0], 0);
    test_gate_open(&gates[1][1], 0);
    assert_int_equal(test_join_end(core, join), 1);
    test_core_end(core);
}

static void request_goes_through_sets_in_sets(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2][3] = {0};
    eddy_future *a = box(core, EDDY_FUTURE(stubborn, .gates = gates[0]));
    eddy_future *b = box(core, EDDY_FUTURE(stubborn, .gates = gates[1]));
    eddy_future *inner = box(core, EDDY_FUTURE(flock, .child = {b}, .n = 1));
    eddy_join *join = test_spawn_join(core, flock, .child = {a, inner}, .n = 2);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    assert_non_null(gates[0][1].waiter.branch);
    assert_non_null(gates[1][1].waiter.branch);
    test_gate_open(&gates[0][1], 0);
    test_gate_open(&gates[1][1], 0);
    assert_int_equal(test_join_end(core, join), 2);
    test_core_end(core);
}

/* Asks its own task to end, then waits at a gate. */
struct suicide {
    EDDY_FRAME;
    eddy_join **join;
    struct test_gate *gate;
};
EDDY_ASYNC(suicide, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_join_cancel(*self->join, EDDY_FOREVER);
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n == -ECANCELED ? 100 : n);
}

static void request_made_by_a_child_in_its_poll_reaches_all(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2][3] = {0};
    eddy_join *join = NULL;
    eddy_future *a = box(core, EDDY_FUTURE(stubborn, .gates = gates[0]));
    eddy_future *b = box(core, EDDY_FUTURE(suicide, .join = &join, .gate = gates[1]));

    (void)state;
    join = test_spawn_join(core, flock, .child = {a, b}, .n = 2);
    test_settle(core);
    assert_null(gates[1][0].waiter.branch);
    assert_non_null(gates[0][1].waiter.branch);
    test_gate_open(&gates[0][1], 0);
    assert_int_equal(test_join_end(core, join), 101);
    test_core_end(core);
}

/* Runs a future, drops it when a gate opens first, and then waits at another gate. */
struct before {
    EDDY_FRAME;
    struct test_gate *gates;
    eddy_future *inner;
};
static eddy_result before_wait(struct before *self, eddy_task *task)
{
    eddy_result result = eddy_future_poll_child(&self->frame, self->inner, task);

    if (result != EDDY_PENDING)
        return result;
    if (!self->gates[0].open)
        return EDDY_PENDING;
    eddy_future_drop_child(&self->frame, self->inner, task);
    return 0;
}
EDDY_ASYNC(before, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, before_wait(self, task));
        EDDY_POLL(n, test_gate_poll(&self->gates[1], task));
        EDDY_END(n);
}

/* A flock of two around a flock of three, all of them at gates. */
static eddy_future *nested_flock(eddy_core *core, struct three *three, struct test_gate *gate)
{
    eddy_future *a = flock_of_three(core, three);
    eddy_future *b = wait_at(core, gate, NULL);

    return box(core, EDDY_FUTURE(flock, .child = {a, b}, .n = 2));
}

static void request_that_no_child_was_told_goes_on_to_the_next_wait(void **state)
{
    eddy_core *core = test_core();
    struct three three = {0};
    struct test_gate gates[3] = {0};
    eddy_future *inner = nested_flock(core, &three, &gates[2]);
    eddy_join *join = test_spawn_join(core, before, .gates = gates, .inner = inner);

    (void)state;
    test_settle(core);
    for (int i = 0; i < 3; i++)
        test_gate_open(&three.gates[i], 1);
    test_gate_open(&gates[2], 1);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED); /* all ended without a wait */
    test_core_end(core);
}

static void request_that_one_child_was_told_is_over(void **state)
{
    eddy_core *core = test_core();
    struct three three = {0};
    struct test_gate gates[3] = {0};
    eddy_future *inner = nested_flock(core, &three, &gates[2]);
    eddy_join *join = test_spawn_join(core, before, .gates = gates, .inner = inner);

    (void)state;
    test_settle(core);
    for (int i = 0; i < 2; i++)
        test_gate_open(&three.gates[i], 1); /* the third hears of it, two sets further in */
    test_gate_open(&gates[2], 1);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    assert_int_equal(three.flock.dones, 1);
    test_gate_open(&gates[1], 8);
    assert_int_equal(test_join_end(core, join), 8);
    test_core_end(core);
}

static void request_that_a_dropped_child_was_not_told_goes_on_to_the_next_wait(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_gate deaf[1] = {0};
    eddy_future *child = box(core, EDDY_FUTURE(stubborn, .gates = deaf, .shielded = true));
    eddy_future *inner = box(core, EDDY_FUTURE(flock, .child = {child}, .n = 1));
    eddy_future *outer = box(core, EDDY_FUTURE(flock, .child = {inner}, .n = 1));
    eddy_join *join = test_spawn_join(core, before, .gates = gates, .inner = outer);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    assert_non_null(deaf[0].waiter.branch); /* it is shielded */
    gates[0].open = true;
    eddy_waiter_nudge(&deaf[0].waiter);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    test_core_end(core);
}

/* A set whose children come later. */
struct barren {
    EDDY_FRAME;
    eddy__branches set;
};
static eddy_result barren_poll(struct barren *self, eddy_task *task)
{
    if (self->set.members.next == NULL)
        eddy__branches_init(&self->set);
    eddy__branches_enter(&self->set, task);
    return eddy__branches_park(&self->set, task, &flock_wait, false);
}
EDDY_ASYNC(barren, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, barren_poll(self, task));
        EDDY_END(n);
}

static void set_without_children_takes_the_request_itself(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = test_spawn_join(core, barren, .set.deadline_ns = 0);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_reaches_each_child_once),
        cmocka_unit_test(shield_holds_back_the_request_of_its_child_alone),
        cmocka_unit_test(request_goes_through_sets_in_sets),
        cmocka_unit_test(request_made_by_a_child_in_its_poll_reaches_all),
        cmocka_unit_test(request_that_no_child_was_told_goes_on_to_the_next_wait),
        cmocka_unit_test(request_that_one_child_was_told_is_over),
        cmocka_unit_test(request_that_a_dropped_child_was_not_told_goes_on_to_the_next_wait),
        cmocka_unit_test(set_without_children_takes_the_request_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
