/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_branch_drop.c - branches of a future that is dropped, or taken from whom it was polled by; and
 * the mistakes that are asserted.
 */
#include "../support/death.h"
#include "flock.h"

/* ---- drops ---- */

/* Polls a flock until a gate is open; then drops it, or takes it from its parent; waits at a second. */
struct owner {
    EDDY_FRAME;
    struct test_gate *gates;
    eddy_future *inner;
    bool releases;
};
static eddy_result owner_wait(struct owner *self, eddy_task *task)
{
    assert_true(eddy_future_poll_child(&self->frame, self->inner, task) == EDDY_PENDING);
    return test_gate_poll(&self->gates[0], task);
}
EDDY_ASYNC(owner, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, owner_wait(self, task));
        if (self->releases)
            test_release_child(&self->frame, self->inner, task);
        else
            eddy_future_drop_child(&self->frame, self->inner, task);
        EDDY_POLL(n, test_gate_poll(&self->gates[1], task));
        if (self->releases)
            EDDY_POLL(n, eddy_future_poll_child(&self->frame, self->inner, task));
        EDDY_END(n);
}

static void drop_of_a_set_drops_its_children_first(void **state)
{
    eddy_core *core = test_core();
    struct three three = {0};
    struct test_gate gates[2] = {0};
    eddy_future *inner = flock_of_three(core, &three);
    eddy_join *join = test_spawn_join(core, owner, .gates = gates, .inner = inner);

    (void)state;
    test_settle(core);
    test_gate_open(&gates[0], 0);
    test_settle(core);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(three.traces[i].dones, 1);
        assert_true(three.traces[i].order < three.flock.order);
        assert_null(three.gates[i].waiter.branch);
        test_gate_open(&three.gates[i], 0); /* wakes nobody */
    }
    assert_int_equal(test_settle(core), 0);
    test_gate_open(&gates[1], 9);
    assert_int_equal(test_join_end(core, join), 9);
    test_core_end(core);
}

/* Nobody polls it then: wakes of its children wake nobody, and are there when it is polled again. */
static void set_that_is_taken_from_its_parent_keeps_its_wakes(void **state)
{
    eddy_core *core = test_core();
    struct three three = {0};
    struct test_gate gates[2] = {0};
    eddy_future *inner = flock_of_three(core, &three);
    eddy_join *join =
        test_spawn_join(core, owner, .gates = gates, .inner = inner, .releases = true);

    (void)state;
    test_settle(core);
    test_gate_open(&gates[0], 0);
    test_settle(core);
    for (int i = 0; i < 3; i++)
        test_gate_open(&three.gates[i], 3);
    assert_int_equal(test_settle(core), 0);
    assert_polls(&three, 1, 1, 1);
    test_gate_open(&gates[1], 0);
    assert_int_equal(test_join_end(core, join), 9);
    assert_polls(&three, 2, 2, 2);
    assert_int_equal(three.flock.dones, 1);
    test_core_end(core);
}

/* Its `done` wakes a sibling and pushes on the whole task, while all of them are dropped. */
struct waking {
    EDDY_FRAME;
    struct test_gate *gate, *sibling;
    struct test_trace *trace;
};
static void waking_done(struct waking *self)
{
    test_gate_open(self->sibling, 0);
    test_trace_done(self->trace);
}
EDDY_ASYNC(waking, waking_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void done_of_a_child_may_wake_its_siblings_in_a_drop(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3] = {0};
    struct test_trace traces[3] = {0};
    eddy_future *child[3];
    eddy_join *join;

    (void)state;
    for (int i = 0; i < 3; i++)
        child[i] = box(core, EDDY_FUTURE(waking, .gate = &gates[i], .sibling = &gates[(i + 1) % 3],
                                         .trace = &traces[i]));
    join = test_spawn_join(core, flock, .child = {child[0], child[1], child[2]}, .n = 3);
    test_settle(core);
    eddy_join_abort(join);
    for (int i = 0; i < 3; i++)
        assert_int_equal(traces[i].dones, 1);
    assert_int_equal(test_settle(core), 0);
    eddy_join_free(join);
    test_core_end(core);
}

/* ---- mistakes ---- */

static eddy_result idle_poll(eddy_future *frame, eddy_task *task)
{
    (void)frame;
    (void)task;
    return EDDY_PENDING;
}
static void idle_done(eddy_future *frame)
{
    (void)frame;
}
static const eddy_type idle_type = {idle_poll, idle_done, sizeof(eddy_future), "idle", NULL};

static void run_idle_child(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *child = box(core, &(eddy_future){.type = &idle_type});

    (void)arg;
    (void)test_run(core, flock, .child = {child}, .n = 1);
}

/* Polls the flock it is in. */
struct reentrant {
    EDDY_FRAME;
    eddy_future **flock;
};
EDDY_ASYNC(reentrant, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, (*self->flock)->type->poll(*self->flock, task));
        EDDY_END(n);
}

static void run_reentrant(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *flock = NULL;
    eddy_future *child = box(core, EDDY_FUTURE(reentrant, .flock = &flock));

    (void)arg;
    flock = box(core, EDDY_FUTURE(flock, .child = {child}, .n = 1));
    (void)eddy_core_run(core, flock);
}

static void run_two_on_one_gate(void *arg)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_future *a = wait_at(core, &gate, NULL);
    eddy_future *b = wait_at(core, &gate, NULL);

    (void)arg;
    (void)test_run(core, flock, .child = {a, b}, .n = 2);
}

static void mistakes_in_a_branch_are_named(void **state)
{
    (void)state;
    assert_dies(run_idle_child, NULL, "future 'idle' returned EDDY_PENDING but waits for nothing");
    assert_dies(run_reentrant, NULL, "from within one of its own children");
    assert_dies(run_two_on_one_gate, NULL, "two tasks would wait for test: gate of one object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drop_of_a_set_drops_its_children_first),
        cmocka_unit_test(set_that_is_taken_from_its_parent_keeps_its_wakes),
        cmocka_unit_test(done_of_a_child_may_wake_its_siblings_in_a_drop),
        cmocka_unit_test(mistakes_in_a_branch_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
