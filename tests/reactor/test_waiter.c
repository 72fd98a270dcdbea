/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_waiter.c - waiters, the wait list of a task: park, wake, clear, disarm, and one task on
 * each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

static void wake_polls_the_task_later(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_wait, .gate = &gate, .trace = &trace);
    test_settle(core);
    assert_int_equal(trace.polls, 1);
    test_gate_open(&gate, 0);
    assert_int_equal(trace.polls, 1); /* not inside the call */
    assert_int_equal(test_turn(core), 1);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void task_that_waits_is_not_polled(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_wait, .gate = &gate, .trace = &trace);
    test_turn(core);
    for (int i = 0; i < 100; i++)
        assert_int_equal(test_turn(core), 0);
    assert_int_equal(trace.polls, 1);
    test_core_end(core);
}

static void wake_of_a_waiter_where_nobody_waits_does_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_waiter nobody;

    (void)state;
    memset(&nobody, 0, sizeof nobody);
    eddy_waiter_wake(&nobody);
    eddy_waiter_clear(&nobody);
    assert_int_equal(test_settle(core), 0);
    test_core_end(core);
}

static void many_wakes_are_one_poll(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_wait, .gate = &gate, .trace = &trace);
    test_settle(core);
    gate.open = true;
    for (int i = 0; i < 1000; i++)
        eddy_waiter_wake(&gate.waiter);
    assert_int_equal(test_settle(core), 1);
    assert_int_equal(trace.polls, 2);
    test_core_end(core);
}

/* Waits at all gates at once until any is open; returns its number. */
enum { GATES = 5 };
struct any {
    EDDY_FRAME;
    struct test_gate *gates;
    struct test_trace *trace;
};
static eddy_result any_poll(struct any *self, eddy_task *task)
{
    self->trace->polls++;
    for (int i = 0; i < GATES; i++) {
        eddy_result n = test_gate_poll(&self->gates[i], task);

        if (n != EDDY_PENDING)
            return n < 0 ? n : i;
    }
    return EDDY_PENDING;
}
EDDY_ASYNC(any, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, any_poll(self, task));
        EDDY_END(n);
}

static void task_waits_at_many_places_and_each_wakes_it(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < GATES; i++) {
        struct test_gate gates[GATES] = {0};
        struct test_trace trace = {0};
        eddy_join *join = test_spawn_join(core, any, .gates = gates, .trace = &trace);

        test_settle(core);
        test_gate_open(&gates[i], 0);
        assert_int_equal(test_join_end(core, join), i);
        assert_int_equal(trace.polls, 2);
        for (int k = 0; k < GATES; k++)
            assert_null(gates[k].waiter.branch); /* the end of the task ended all its waits */
    }
    test_core_end(core);
}

static void wakes_at_many_places_are_one_poll(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[GATES] = {0};
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, any, .gates = gates, .trace = &trace);

    (void)state;
    test_settle(core);
    for (int i = 0; i < GATES; i++)
        test_gate_open(&gates[i], 0);
    assert_int_equal(test_settle(core), 1);
    assert_int_equal(trace.polls, 2);
    eddy_join_free(join);
    test_core_end(core);
}

static void wake_without_reason_polls_and_the_task_waits_again(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[GATES] = {0};
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join(core, any, .gates = gates, .trace = &trace);

    (void)state;
    test_settle(core);
    for (int i = 0; i < 10; i++) {
        eddy_waiter_wake(&gates[i % GATES].waiter);
        assert_int_equal(test_settle(core), 1);
    }
    assert_int_equal(trace.polls, 11);
    test_gate_open(&gates[2], 0);
    assert_int_equal(test_join_end(core, join), 2);
    test_core_end(core);
}

/* ---- disarm ---- */

struct place {
    eddy_waiter waiter;
    int disarmed;
    bool was_linked;
};

static void place_disarm(eddy_waiter *waiter)
{
    struct place *self = (struct place *)(void *)waiter;

    self->disarmed++;
    self->was_linked |= waiter->branch != NULL;
}

static const eddy_wait_type place_wait = {"test: place", place_disarm, true};

struct visitor {
    EDDY_FRAME;
    struct place *place;
    bool open;
};
static eddy_result visitor_wait(struct visitor *self, eddy_task *task)
{
    if (self->open)
        return 3;
    self->open = true;
    return eddy_waiter_park(&self->place->waiter, task, &place_wait);
}
EDDY_ASYNC(visitor, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, visitor_wait(self, task));
        EDDY_END(n);
}

static void drop_of_the_task_disarms_once_after_unlinking(void **state)
{
    eddy_core *core = test_core();
    struct place place = {0};
    eddy_join *join = test_spawn_join(core, visitor, .place = &place);

    (void)state;
    test_settle(core);
    assert_non_null(place.waiter.branch);
    eddy_join_abort(join);
    assert_int_equal(place.disarmed, 1);
    assert_false(place.was_linked);
    assert_null(place.waiter.branch);
    eddy_join_free(join);
    test_core_end(core);
}

static void wake_ends_the_wait_without_a_disarm(void **state)
{
    eddy_core *core = test_core();
    struct place place = {0};
    eddy_join *join = test_spawn_join(core, visitor, .place = &place);

    (void)state;
    test_settle(core);
    eddy_waiter_wake(&place.waiter);
    assert_int_equal(test_join_end(core, join), 3);
    assert_int_equal(place.disarmed, 0);
    assert_null(place.waiter.branch);
    test_core_end(core);
}

static void end_of_the_loop_disarms_too(void **state)
{
    eddy_core *core = test_core();
    struct place place = {0};

    (void)state;
    test_spawn(core, visitor, .place = &place);
    test_settle(core);
    test_core_end(core);
    assert_int_equal(place.disarmed, 1);
    assert_null(place.waiter.branch);
}

struct chooser {
    EDDY_FRAME;
    struct place *place;
    struct test_gate *gate;
    struct visitor child;
};
EDDY_ASYNC(chooser, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->child = EDDY_INIT(visitor, .place = self->place);
        n = eddy_future_poll_child(&self->frame, &self->child.frame, task);
        assert_true(n == EDDY_PENDING);
        n = test_gate_poll(self->gate, task);
        assert_true(n == EDDY_PENDING);
        eddy_future_drop_child(&self->frame, &self->child.frame, task);
        assert_int_equal(self->place->disarmed, 1);
        assert_non_null(self->gate->waiter.branch); /* the parent's own wait is not the child's */
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void drop_of_a_child_disarms_its_waits_alone(void **state)
{
    eddy_core *core = test_core();
    struct place place = {0};
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, chooser, .place = &place, .gate = &gate);

    (void)state;
    test_settle(core);
    test_gate_open(&gate, 4);
    assert_int_equal(test_join_end(core, join), 4);
    assert_int_equal(place.disarmed, 1);
    test_core_end(core);
}

static void two_at_one_gate(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();
    struct test_gate gate = {0};

    test_spawn(core, test_wait, .gate = &gate);
    test_spawn(core, test_wait, .gate = &gate);
    test_settle(core);
}

static void two_tasks_on_one_waiter_are_asserted(void **state)
{
    (void)state;
    assert_dies(two_at_one_gate, NULL, "two tasks would wait for test: gate of one object");
}

static void second_task_may_wait_after_the_first_is_dropped(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate);

        test_settle(core);
        eddy_join_abort(join);
        eddy_join_free(join);
    }
    assert_null(gate.waiter.branch);
    test_core_end(core);
}

static eddy_task *borrowed;

struct lender {
    EDDY_FRAME;
    struct test_gate gate;
};
EDDY_ASYNC(lender, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        borrowed = task;
        EDDY_POLL(n, test_gate_poll(&self->gate, task));
        EDDY_END(n);
}

static void park_another_task(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();
    struct test_gate gate = {0};

    test_spawn(core, lender);
    test_settle(core);
    (void)!test_gate_poll(&gate, borrowed);
}

static void park_of_a_task_that_is_not_being_polled_is_asserted(void **state)
{
    (void)state;
    assert_dies(park_another_task, NULL, "task 'lender' would wait for test: gate");
}

/* Wakes the waiter it has just parked on: polled again, in a later turn. */
struct eager {
    EDDY_FRAME;
    eddy_waiter waiter;
    int left;
};
static const eddy_wait_type eager_wait = {"test: eager", NULL, false};
static eddy_result eager_step(struct eager *self, eddy_task *task)
{
    eddy_result n;

    if (self->left-- == 0)
        return 1;
    n = eddy_waiter_park(&self->waiter, task, &eager_wait);
    eddy_waiter_wake(&self->waiter);
    return n;
}
EDDY_ASYNC(eager, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eager_step(self, task));
        EDDY_END(n);
}

static void wake_while_being_polled_polls_again_in_the_next_turn(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, eager, .left = 5);
    test_spawn(core, test_value, .trace = &trace, .yields = 5);
    for (int i = 0; i < 6; i++)
        assert_int_equal(test_turn(core), 2);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_turn(core), 0);
    test_core_end(core);
}

static void dump_says_what_a_task_waits_for(void **state)
{
    static struct test_text text;
    eddy_core *core = test_core();
    struct place place = {0};
    struct test_gate gate = {0};

    (void)state;
    test_spawn(core, visitor, .place = &place);
    test_spawn(core, test_wait, .gate = &gate);
    test_settle(core);
    test_dump(core, &text);
    assert_int_equal(text.lines, 2);
    assert_non_null(strstr(text.text, "test: place"));
    assert_non_null(strstr(text.text, "test: gate"));
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wake_polls_the_task_later),
        cmocka_unit_test(task_that_waits_is_not_polled),
        cmocka_unit_test(wake_of_a_waiter_where_nobody_waits_does_nothing),
        cmocka_unit_test(many_wakes_are_one_poll),
        cmocka_unit_test(task_waits_at_many_places_and_each_wakes_it),
        cmocka_unit_test(wakes_at_many_places_are_one_poll),
        cmocka_unit_test(wake_without_reason_polls_and_the_task_waits_again),
        cmocka_unit_test(drop_of_the_task_disarms_once_after_unlinking),
        cmocka_unit_test(wake_ends_the_wait_without_a_disarm),
        cmocka_unit_test(end_of_the_loop_disarms_too),
        cmocka_unit_test(drop_of_a_child_disarms_its_waits_alone),
        cmocka_unit_test(two_tasks_on_one_waiter_are_asserted),
        cmocka_unit_test(second_task_may_wait_after_the_first_is_dropped),
        cmocka_unit_test(park_of_a_task_that_is_not_being_polled_is_asserted),
        cmocka_unit_test(wake_while_being_polled_polls_again_in_the_next_turn),
        cmocka_unit_test(dump_says_what_a_task_waits_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
