/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_frame.c - async functions and their children: what survives a wait, when `done` runs, boxes,
 * drops of children, and the mistakes that are asserted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

/* Adds up through awaits of embedded children. */
struct sum {
    EDDY_FRAME;
    int upto;
    int i;
    eddy_result total;
    char mark[32];
    struct test_value child;
};
EDDY_ASYNC(sum, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        memset(self->mark, 0x5a, sizeof self->mark);
        for (self->i = 1; self->i <= self->upto; self->i++) {
            self->child = EDDY_INIT(test_value, .value = self->i, .yields = self->i % 3);
            EDDY_AWAIT(n, &self->child);
            self->total += n;
        }
        for (self->i = 0; self->i < (int)sizeof self->mark; self->i++)
            assert_int_equal(self->mark[self->i], 0x5a);
        EDDY_END(self->total);
}

static void values_in_the_frame_survive_waits(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, sum, .upto = 100), 5050);
    test_core_end(core);
}

struct early {
    EDDY_FRAME;
    struct test_trace *trace;
};
static void early_done(struct early *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(early, early_done)
{
    EDDY_BEGIN
        for (;;) {
            EDDY_YIELD();
            EDDY_RETURN(8);
        }
        EDDY_END(9);
}

static void return_leaves_from_the_middle(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(test_run(core, early, .trace = &trace), 8);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

/* A family: waits for two children, one embedded and one boxed, at the same time. */
struct family {
    EDDY_FRAME;
    struct test_trace *me;
    struct test_trace *embedded_trace;
    struct test_trace *boxed_trace;
    struct test_gate *gates;
    struct test_wait embedded;
    eddy_future *boxed;
};
static void family_done(struct family *self)
{
    test_trace_done(self->me);
}
static eddy_result family_poll(struct family *self, eddy_task *task)
{
    eddy_result a = eddy_future_poll_child(&self->frame, &self->embedded.frame, task);

    if (a != EDDY_PENDING)
        return a;
    return eddy_future_poll_child(&self->frame, self->boxed, task);
}
EDDY_ASYNC(family, family_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->embedded =
            EDDY_INIT(test_wait, .gate = &self->gates[0], .trace = self->embedded_trace);
        self->boxed =
            eddy_box(eddy_task_handle(task),
                     EDDY_FUTURE(test_wait, .gate = &self->gates[1], .trace = self->boxed_trace));
        EDDY_POLL(n, family_poll(self, task));
        EDDY_END(n);
}

static void children_are_done_before_their_parent_when_it_is_dropped(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_trace traces[3] = {0};
    eddy_join *join = test_spawn_join(core, family, .gates = gates, .me = &traces[0],
                                      .embedded_trace = &traces[1], .boxed_trace = &traces[2]);

    (void)state;
    test_settle(core);
    eddy_join_abort(join);
    for (int i = 0; i < 3; i++)
        assert_int_equal(traces[i].dones, 1);
    assert_true(traces[1].order < traces[0].order);
    assert_true(traces[2].order < traces[0].order);
    assert_null(gates[0].waiter.branch);
    assert_null(gates[1].waiter.branch);
    eddy_join_free(join);
    test_core_end(core);
}

static void children_still_alive_are_done_when_their_parent_ends(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_trace traces[3] = {0};
    eddy_join *join = test_spawn_join(core, family, .gates = gates, .me = &traces[0],
                                      .embedded_trace = &traces[1], .boxed_trace = &traces[2]);

    (void)state;
    test_settle(core);
    test_gate_open(&gates[0], 6);
    assert_int_equal(test_join_end(core, join), 6);
    for (int i = 0; i < 3; i++)
        assert_int_equal(traces[i].dones, 1);
    assert_true(traces[1].order < traces[2].order); /* ended by itself, the other with its parent */
    assert_true(traces[2].order < traces[0].order);
    assert_null(gates[1].waiter.branch);
    test_core_end(core);
}

struct done_first {
    EDDY_FRAME;
    struct test_trace *trace;
    struct test_value child;
};
EDDY_ASYNC(done_first, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->child = EDDY_INIT(test_value, .trace = self->trace, .yields = 1, .value = 1);
        EDDY_AWAIT(n, &self->child);
        EDDY_END(n + self->trace->dones);
}

static void done_of_a_child_has_run_when_the_await_is_over(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(test_run(core, done_first, .trace = &trace), 2);
    test_core_end(core);
}

/* Drops its child before or after the first poll, or after the end, then waits at its own gate. */
struct dropper {
    EDDY_FRAME;
    struct test_gate *gates;
    struct test_trace *trace;
    bool unpolled;
    bool ended;
    bool boxed;
    struct test_wait child;
    eddy_future *loser;
};
EDDY_ASYNC(dropper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->child = EDDY_INIT(test_wait, .gate = &self->gates[0], .trace = self->trace);
        self->loser = &self->child.frame;
        if (self->boxed)
            self->loser = eddy_box(eddy_task_handle(task), self->loser);
        if (self->ended)
            test_gate_open(&self->gates[0], 0);
        n = 0;
        if (!self->unpolled)
            n = eddy_future_poll_child(&self->frame, self->loser, task);
        assert_true(n == (self->ended || self->unpolled ? 0 : EDDY_PENDING));
        if (!(self->ended && self->boxed)) /* an ended box is gone */
            eddy_future_drop_child(&self->frame, self->loser, task);
        assert_int_equal(self->trace->dones, 1);
        EDDY_POLL(n, test_gate_poll(&self->gates[1], task));
        EDDY_END(n);
}

static void dropped_child_is_done_once_and_waits_no_more(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct test_gate gates[2] = {0};
        struct test_trace trace = {0};
        eddy_join *join =
            test_spawn_join(core, dropper, .gates = gates, .trace = &trace,
                            .unpolled = kind % 3 == 1, .ended = kind % 3 == 2, .boxed = kind >= 3);

        test_settle(core);
        assert_null(gates[0].waiter.branch);
        test_gate_open(&gates[0], 0); /* wakes nobody */
        assert_int_equal(test_settle(core), 0);
        test_gate_open(&gates[1], 5); /* the parent's own wait stands */
        assert_int_equal(test_join_end(core, join), 5);
        assert_int_equal(trace.dones, 1);
    }
    test_core_end(core);
}

static void drop_of_a_future_that_was_not_polled_runs_its_done(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    eddy_future_drop(EDDY_FUTURE(test_value, .trace = &trace));
    assert_int_equal(trace.dones, 1);
    eddy_future_drop(eddy_box(eddy_core_handle(core), EDDY_FUTURE(test_value, .trace = &trace)));
    assert_int_equal(trace.dones, 2);
    assert_int_equal(trace.polls, 0);
    eddy_future_drop(NULL);
    test_core_end(core);
}

/* Recursion through boxes: fib(15) makes some two thousand of them. */
struct fib {
    EDDY_FRAME;
    int n;
    eddy_result one;
    eddy_future *child;
};
EDDY_ASYNC_DECLARE(fib);
static eddy_future *fib_box(eddy_task *task, int n)
{
    return eddy_box(eddy_task_handle(task), EDDY_FUTURE(fib, .n = n));
}
EDDY_ASYNC(fib, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->n < 2)
            EDDY_RETURN(self->n);
        if (self->n == 7)
            EDDY_YIELD();
        self->child = fib_box(task, self->n - 1);
        EDDY_AWAIT_FUTURE(n, self->child);
        self->one = n;
        self->child = fib_box(task, self->n - 2);
        EDDY_AWAIT_FUTURE(n, self->child);
        EDDY_END(self->one + n);
}

static void boxes_make_recursion(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, fib, .n = 15), 610);
    test_core_end(core);
}

/* A chain of `depth` boxes, the last of which waits at the gate. Each notes where its done's stack
 * frame lies. */
struct link {
    EDDY_FRAME;
    int depth;
    struct test_gate *gate;
    struct stack *stack;
    eddy_future *child;
};
struct stack {
    uintptr_t low, high;
    int dones;
};
static void link_done(struct link *self)
{
    /* Not the address of a local: AddressSanitizer may keep locals elsewhere. */
    uintptr_t at = (uintptr_t)__builtin_frame_address(0);

    if (self->stack->dones++ == 0)
        self->stack->low = self->stack->high = at;
    if (at < self->stack->low)
        self->stack->low = at;
    if (at > self->stack->high)
        self->stack->high = at;
}
EDDY_ASYNC_DECLARE(link);
static eddy_future *link_box(struct link *parent, eddy_task *task)
{
    return eddy_box(eddy_task_handle(task),
                    EDDY_FUTURE(link, .depth = parent->depth - 1, .gate = parent->gate,
                                .stack = parent->stack));
}
EDDY_ASYNC(link, link_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->depth == 0) {
            EDDY_POLL(n, test_gate_poll(self->gate, task));
        } else {
            self->child = link_box(self, task);
            EDDY_AWAIT_FUTURE(n, self->child);
        }
        EDDY_END(n);
}

static void drop_of_a_deep_chain_uses_bounded_stack(void **state)
{
    enum { DEPTH = 3000 };
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct stack stack = {0};
    eddy_join *join = test_spawn_join(core, link, .depth = DEPTH, .gate = &gate, .stack = &stack);

    (void)state;
    test_settle(core);
    eddy_join_abort(join);
    assert_int_equal(stack.dones, DEPTH + 1);
    assert_true(stack.high - stack.low < 4096);
    assert_null(gate.waiter.branch);
    eddy_join_free(join);
    test_core_end(core);
}

static void drop_of_a_deep_child_uses_bounded_stack(void **state)
{
    enum { DEPTH = 3000 };
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct stack stack = {0};

    (void)state;
    /* a run that ends in a deadlock drops its future */
    assert_int_equal(test_run(core, link, .depth = DEPTH, .gate = &gate, .stack = &stack),
                     EDDY_DEADLOCK);
    assert_int_equal(stack.dones, DEPTH + 1);
    assert_true(stack.high - stack.low < 4096);
    test_core_end(core);
}

static void frames_done_when_a_deep_chain_finishes(void **state)
{
    enum { DEPTH = 3000 };
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct stack stack = {0};
    eddy_join *join = test_spawn_join(core, link, .depth = DEPTH, .gate = &gate, .stack = &stack);

    (void)state;
    test_settle(core);
    test_gate_open(&gate, 77);
    assert_int_equal(test_join_end(core, join), 77);
    assert_int_equal(stack.dones, DEPTH + 1);
    test_core_end(core);
}

/* A million awaits of a ready child in one poll: a loop, no recursion. */
struct million {
    EDDY_FRAME;
    int i;
    struct test_value child;
};
EDDY_ASYNC(million, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < 1000000; self->i++) {
            self->child = EDDY_INIT(test_value, .value = 0);
            EDDY_AWAIT(n, &self->child);
        }
        EDDY_END(self->i);
}

static void million_ready_steps_use_bounded_stack(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, million), 1000000);
    test_core_end(core);
}

/* The clean-up of a dropped child wakes, aborts and spawns beside it. */
struct meddler {
    EDDY_FRAME;
    struct test_gate *wake;
    eddy_join *abort;
    eddy_handle *handle;
    struct test_trace *spawned;
    struct test_gate *gate;
};
static void meddler_done(struct meddler *self)
{
    test_gate_open(self->wake, 1);
    eddy_join_abort(self->abort);
    (void)eddy_spawn(self->handle, EDDY_FUTURE(test_value, .trace = self->spawned));
}
EDDY_ASYNC(meddler, meddler_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void done_may_wake_abort_and_spawn(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[3] = {0};
    struct test_trace woken = {0};
    struct test_trace aborted = {0};
    struct test_trace spawned = {0};
    eddy_join *victim = test_spawn_join(core, test_wait, .gate = &gates[0], .trace = &aborted);
    eddy_join *join =
        test_spawn_join(core, meddler, .wake = &gates[1], .abort = victim, .gate = &gates[2],
                        .handle = eddy_core_handle(core), .spawned = &spawned);

    (void)state;
    test_spawn(core, test_wait, .gate = &gates[1], .trace = &woken);
    test_settle(core);
    eddy_join_abort(join);
    assert_int_equal(aborted.dones, 1);
    assert_int_equal(woken.polls, 1); /* woken, not polled inside */
    test_settle(core);
    assert_int_equal(woken.dones, 1);
    assert_int_equal(spawned.dones, 1);
    eddy_join_free(join);
    eddy_join_free(victim);
    test_core_end(core);
}

/* ---- mistakes ---- */

struct wrong_line {
    EDDY_FRAME;
};
EDDY_ASYNC(wrong_line, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_YIELD();
        EDDY_END(0);
}

static void resume_wrong(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();
    struct wrong_line mine = EDDY_INIT(wrong_line);

    mine.frame.line = 77777;
    (void)eddy_core_run(core, &mine.frame);
}

static void resume_where_no_wait_is_is_asserted(void **state)
{
    (void)state;
    assert_dies(resume_wrong, NULL, "async function 'wrong_line' is resumed at line 77777");
}

struct twice {
    EDDY_FRAME;
    struct test_value child;
};
EDDY_ASYNC(twice, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->child = EDDY_INIT(test_value, .value = 1);
        EDDY_AWAIT(n, &self->child);
        EDDY_AWAIT(n, &self->child);
        EDDY_END(n);
}

static void await_twice(void *arg)
{
    (void)arg;
    (void)test_run(test_core(), twice);
}

static void await_of_a_finished_child_is_asserted(void **state)
{
    (void)state;
    assert_dies(await_twice, NULL, "future 'test_value' is polled after it ended");
}

struct mover {
    EDDY_FRAME;
    struct test_value a;
    struct test_value b;
};
EDDY_ASYNC(mover, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->a = EDDY_INIT(test_value, .yields = 5);
        n = eddy_future_poll_child(&self->frame, &self->a.frame, task);
        self->b = self->a;
        EDDY_AWAIT(n, &self->b);
        EDDY_END(n);
}

static void move_and_poll(void *arg)
{
    (void)arg;
    (void)test_run(test_core(), mover);
}

static void frame_that_moved_after_its_first_poll_is_asserted(void **state)
{
    (void)state;
    assert_dies(move_and_poll, NULL, "future 'test_value' was moved after its first poll");
}

struct liar {
    EDDY_FRAME;
};
static eddy_result not_yet(void)
{
    return EDDY_PENDING;
}
EDDY_ASYNC(liar, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, not_yet());
        EDDY_END(n);
}

static void pend_for_nothing(void *arg)
{
    (void)arg;
    (void)test_run(test_core(), liar);
}

static void pending_without_a_wait_is_asserted(void **state)
{
    (void)state;
    assert_dies(pend_for_nothing, NULL, "'liar'");
    assert_dies(pend_for_nothing, NULL, "returned EDDY_PENDING but waits for nothing");
}

struct renewer {
    EDDY_FRAME;
    struct test_value child;
};
EDDY_ASYNC(renewer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->child = EDDY_INIT(test_value, .yields = 5);
        n = eddy_future_poll_child(&self->frame, &self->child.frame, task);
        self->child = EDDY_INIT(test_value, .yields = 5);
        EDDY_AWAIT(n, &self->child);
        EDDY_END(n);
}

static void construct_over_a_live_child(void *arg)
{
    (void)arg;
    (void)test_run(test_core(), renewer);
}

static void frame_constructed_over_a_live_one_is_asserted(void **state)
{
    (void)state;
    assert_dies(construct_over_a_live_child, NULL, "future 'test_value' is constructed anew");
}

static void drop_polled(void *arg)
{
    (void)arg;
    struct test_gate gate = {0};
    struct test_wait mine = EDDY_INIT(test_wait, .gate = &gate);

    (void)eddy_core_run(test_core(), &mine.frame);
    eddy_future_drop(&mine.frame);
}

static void drop_of_a_future_that_was_polled_is_asserted(void **state)
{
    (void)state;
    assert_dies(drop_polled, NULL, "future 'test_wait' was polled already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_in_the_frame_survive_waits),
        cmocka_unit_test(return_leaves_from_the_middle),
        cmocka_unit_test(children_are_done_before_their_parent_when_it_is_dropped),
        cmocka_unit_test(children_still_alive_are_done_when_their_parent_ends),
        cmocka_unit_test(done_of_a_child_has_run_when_the_await_is_over),
        cmocka_unit_test(dropped_child_is_done_once_and_waits_no_more),
        cmocka_unit_test(drop_of_a_future_that_was_not_polled_runs_its_done),
        cmocka_unit_test(boxes_make_recursion),
        cmocka_unit_test(drop_of_a_deep_chain_uses_bounded_stack),
        cmocka_unit_test(drop_of_a_deep_child_uses_bounded_stack),
        cmocka_unit_test(frames_done_when_a_deep_chain_finishes),
        cmocka_unit_test(million_ready_steps_use_bounded_stack),
        cmocka_unit_test(done_may_wake_abort_and_spawn),
        cmocka_unit_test(resume_where_no_wait_is_is_asserted),
        cmocka_unit_test(await_of_a_finished_child_is_asserted),
        cmocka_unit_test(frame_that_moved_after_its_first_poll_is_asserted),
        cmocka_unit_test(pending_without_a_wait_is_asserted),
        cmocka_unit_test(frame_constructed_over_a_live_one_is_asserted),
        cmocka_unit_test(drop_of_a_future_that_was_polled_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
