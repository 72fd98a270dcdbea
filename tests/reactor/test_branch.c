/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_branch.c - parts of a task that are woken, asked to end and shielded on their own: seen through
 * a future, `flock`, that does nothing but keep its children in branches.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"
#include "reactor/core.h"

enum { FLOCK_MAX = 4 };

/* Ends when all its children have, with the sum of what they said. */
struct flock {
    EDDY_FRAME;
    struct test_trace *trace;
    eddy_future *child[FLOCK_MAX];
    int n; /* children */
    bool begun;
    bool dies; /* polls itself from within a child: see the test */
    eddy_result sum;
    eddy__branches set;
    eddy__branch branch[FLOCK_MAX];
};

static const eddy_wait_type flock_wait = {"flock", eddy__branches_disarmed, false};

static void flock_begin(struct flock *self, eddy_core *core)
{
    self->begun = true;
    eddy__branches_init(&self->set);
    for (int i = 0; i < self->n; i++) {
        eddy__branch_init(&self->branch[i], core);
        eddy__branches_add(&self->set, &self->branch[i]);
    }
}

static eddy_result flock_poll(eddy_future *frame, eddy_task *task)
{
    struct flock *self = (struct flock *)(void *)frame;
    eddy__branch *branch;

    if (self->trace != NULL)
        self->trace->polls++;
    if (!self->begun)
        flock_begin(self, task->core);
    eddy__branches_enter(&self->set, task);
    while ((branch = eddy__branches_next(&self->set)) != NULL) {
        size_t i = (size_t)(branch - self->branch);
        eddy_result result = eddy__branch_poll(branch, self->child[i], task);

        if (result == EDDY_PENDING)
            continue;
        self->child[i] = NULL;
        self->sum += result;
        eddy__branches_remove(&self->set, branch);
    }
    if (eddy__list_empty(&self->set.members))
        return self->sum;
    return eddy__branches_park(&self->set, task, &flock_wait, false);
}

static eddy_future *flock_take_child(eddy_future *frame)
{
    struct flock *self = (struct flock *)(void *)frame;

    for (int i = 0; i < self->n; i++) {
        eddy_future *child = self->child[i];

        self->child[i] = NULL;
        if (child != NULL && self->begun)
            eddy__branch_close(&self->branch[i]);
        if (child != NULL)
            return child;
    }
    return NULL;
}

static void flock_done(eddy_future *frame)
{
    test_trace_done(((struct flock *)(void *)frame)->trace);
}

static const eddy_type flock_type = {flock_poll, flock_done, sizeof(struct flock), "flock",
                                     flock_take_child};

static eddy_future *box(eddy_core *core, eddy_future *frame)
{
    return eddy_box(eddy_core_handle(core), frame);
}

static eddy_future *wait_at(eddy_core *core, struct test_gate *gate, struct test_trace *trace)
{
    return box(core, EDDY_FUTURE(test_wait, .gate = gate, .trace = trace));
}

static eddy_future *value_of(eddy_core *core, int yields, eddy_result value,
                             struct test_trace *trace)
{
    return box(core, EDDY_FUTURE(test_value, .yields = yields, .value = value, .trace = trace));
}

/* A flock of three that wait at gates. */
struct three {
    struct test_gate gates[3];
    struct test_trace traces[3];
    struct test_trace flock;
};

static eddy_future *flock_of_three(eddy_core *core, struct three *three)
{
    eddy_future *child[3];

    for (int i = 0; i < 3; i++)
        child[i] = wait_at(core, &three->gates[i], &three->traces[i]);
    return box(core, EDDY_FUTURE(flock, .child = {child[0], child[1], child[2]}, .n = 3,
                                 .trace = &three->flock));
}

static void assert_polls(const struct three *three, int a, int b, int c)
{
    assert_int_equal(three->traces[0].polls, a);
    assert_int_equal(three->traces[1].polls, b);
    assert_int_equal(three->traces[2].polls, c);
}

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

/* ---- requests to end ---- */

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
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
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
            eddy__future_release_child(&self->frame, self->inner, task);
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
        cmocka_unit_test(request_reaches_each_child_once),
        cmocka_unit_test(shield_holds_back_the_request_of_its_child_alone),
        cmocka_unit_test(request_goes_through_sets_in_sets),
        cmocka_unit_test(request_made_by_a_child_in_its_poll_reaches_all),
        cmocka_unit_test(set_without_children_takes_the_request_itself),
        cmocka_unit_test(waker_wakes_the_child_that_made_it_alone),
        cmocka_unit_test(report_shows_the_waits_of_children),
        cmocka_unit_test(drop_of_a_set_drops_its_children_first),
        cmocka_unit_test(set_that_is_taken_from_its_parent_keeps_its_wakes),
        cmocka_unit_test(done_of_a_child_may_wake_its_siblings_in_a_drop),
        cmocka_unit_test(mistakes_in_a_branch_are_named),
        cmocka_unit_test(draws_are_even_and_do_not_alternate),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(wakers_of_another_thread_are_never_lost),
    };

    return TEST_GROUPS(everywhere, kernel);
}
