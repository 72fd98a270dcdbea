/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim threads */
/*
 * test_drop_anywhere.c - the standard test, see support/drop.h, of every future of the library that
 * is not about the network, and of async functions in all that they can wait for.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/drop.h"
#include "../support/loop.h"

/* What the worlds are made of; each test uses what it needs. */
struct world {
    struct test_clock *clock;
    struct test_trace outer, middle, inner;
    struct test_gate gate;
    eddy_join *join;
    eddy_remote *remote;
    pthread_t thread;
    eddy_result called;
    int steps, branches, leaves; /* the latter two: how many were made */
};

static eddy_future *box(eddy_core *core, eddy_future *frame)
{
    return eddy_box(eddy_core_handle(core), frame);
}

static struct world *fresh(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.clock = test_clock_take(core, 0)};
    return world;
}

/* A neighbour that is always ready keeps the loop from waiting, and so from its jumps in time. */
static void let_time_pass(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    world->clock->now_ns += EDDY_MILLISECOND;
    world->steps++;
}

/* As often as their futures were constructed. */
static void check_dones(const struct world *world, int outer, int middle, int inner)
{
    assert_int_equal(world->outer.dones, outer);
    assert_int_equal(world->middle.dones, middle);
    assert_int_equal(world->inner.dones, inner);
}

/* ---- sleep ---- */

static eddy_future *begin_sleep(void *arg, eddy_core *core)
{
    (void)fresh(arg, core);
    return box(core, EDDY_FUTURE(eddy_sleep_for, .duration_ns = 3 * EDDY_MILLISECOND));
}

static void sleep_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {.begin = begin_sleep, .step = let_time_pass, .world = &world};

    (void)state;
    assert_int_equal(test_drop_anywhere(&drop), 1);
}

/* ---- timeout ---- */

static eddy_future *begin_timeout(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);
    eddy_future *inner = box(
        core, EDDY_FUTURE(test_nap, .trace = &world->inner, .duration_ns = 10 * EDDY_MILLISECOND));

    return box(core,
               EDDY_FUTURE(eddy_timeout, .inner = inner, .duration_ns = 3 * EDDY_MILLISECOND));
}

static eddy_future *begin_timeout_in_time(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);
    eddy_future *inner = box(
        core, EDDY_FUTURE(test_nap, .trace = &world->inner, .duration_ns = 3 * EDDY_MILLISECOND));

    return box(core,
               EDDY_FUTURE(eddy_timeout, .inner = inner, .duration_ns = 10 * EDDY_MILLISECOND));
}

static eddy_future *begin_timeout_of_busy(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);
    eddy_future *inner =
        box(core, EDDY_FUTURE(test_value, .trace = &world->inner, .yields = 1000000));

    return box(core,
               EDDY_FUTURE(eddy_timeout, .inner = inner, .duration_ns = 3 * EDDY_MILLISECOND));
}

static void end_timeout(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    check_dones(arg, 0, 0, 1);
    assert_true(result == -ETIMEDOUT || result == 0 || result == EDDY_DROPPED);
}

static void timeout_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_timeout, let_time_pass, end_timeout, &world, {0}};

    (void)state;
    assert_int_equal(test_drop_anywhere(&drop), 1);
    drop.begin = begin_timeout_in_time;
    assert_int_equal(test_drop_anywhere(&drop), 1);
    drop.begin = begin_timeout_of_busy;
    assert_in_range(test_drop_anywhere(&drop), 2, 10);
}

/* ---- interval ---- */

struct ticker {
    EDDY_FRAME;
    struct test_trace *trace;
    eddy_interval interval;
    eddy_missed missed;
    int left;
};

static void ticker_done(struct ticker *self)
{
    test_trace_done(self->trace);
}

EDDY_ASYNC(ticker, ticker_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_interval_start(&self->interval, task, 2 * EDDY_MILLISECOND, self->missed);
        while (self->left > 0) {
            EDDY_POLL(n, eddy_interval_poll(&self->interval, task));
            if (n < 0)
                EDDY_RETURN(n);
            self->left--;
        }
        EDDY_END(0);
}

static eddy_future *begin_interval(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    return box(core,
               EDDY_FUTURE(ticker, .trace = &world->outer, .left = 4, .missed = EDDY_MISSED_BURST));
}

static void end_interval(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    check_dones(arg, 1, 0, 0);
    assert_true(result == 0 || result == EDDY_DROPPED);
}

static void interval_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_interval, let_time_pass, end_interval, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 3, 4);
}

/* ---- join ---- */

static eddy_future *begin_join(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    world->join = test_spawn_join(core, test_value, .trace = &world->inner, .yields = 5);
    return box(core, EDDY_FUTURE(test_join, .join = world->join));
}

/* The task that was joined goes on, and its result can still be had. */
static void end_join(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    if (core != NULL)
        assert_int_equal(test_join_end(core, world->join), 0);
    else
        eddy_join_free(world->join);
    check_dones(world, 0, 0, 1);
}

static void wait_for_a_join_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_join, let_time_pass, end_join, &world, {0}};

    (void)state;
    assert_int_equal(test_drop_anywhere(&drop), 1);
}

/* A task that owns the join of another, has asked it to end, and waits out its grace time. */
struct ender {
    EDDY_FRAME;
    struct test_trace *trace;
    eddy_join *join;
};

static void ender_done(struct ender *self)
{
    test_trace_done(self->trace);
    eddy_join_free(self->join);
}

EDDY_ASYNC(ender, ender_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_YIELD();
        eddy_join_cancel(self->join, 3 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_join_poll(self->join, task));
        EDDY_END(n == EDDY_DROPPED ? 0 : n);
}

/* Goes on waiting, whatever it is asked. */
struct stubborn {
    EDDY_FRAME;
    struct test_trace *trace;
    struct test_gate *gate;
};

static void stubborn_done(struct stubborn *self)
{
    test_trace_done(self->trace);
}

EDDY_ASYNC(stubborn, stubborn_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, test_gate_poll(self->gate, task));
        } while (n == -ECANCELED);
        EDDY_END(n);
}

static eddy_future *begin_grace(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);
    eddy_join *join = test_spawn_join(core, stubborn, .trace = &world->inner, .gate = &world->gate);

    return box(core, EDDY_FUTURE(ender, .trace = &world->outer, .join = join));
}

static void end_grace(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    test_gate_open(&world->gate, 0);
    if (core != NULL)
        test_settle(core);
    check_dones(world, 1, 0, 1);
}

static void grace_time_under_way_can_lose_its_join_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_grace, let_time_pass, end_grace, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 2, 3);
}

/* Asks another to end, which has not been spawned yet when this one is, and gives its join back
 * when it ends itself: at the end of the loop, before the other. */
struct first_to_go {
    EDDY_FRAME;
    struct world *world;
};

static void first_to_go_done(struct first_to_go *self)
{
    eddy_join_free(self->world->join);
    self->world->outer.dones++;
}

EDDY_ASYNC(first_to_go, first_to_go_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_join_cancel(self->world->join, EDDY_SECOND);
        do {
            EDDY_POLL(n, eddy_task_park(task, "the end"));
        } while (n >= 0);
        EDDY_END(n);
}

/* A timer of the same tick as the grace time's is stopped after the join went. */
static void join_can_go_with_the_loop_in_its_grace_time_before_its_task(void **state)
{
    struct world world = {0};
    eddy_core *core = test_clock_core(&world.clock);

    (void)state;
    test_spawn(core, first_to_go, .world = &world);
    world.join = test_spawn_join(core, stubborn, .trace = &world.inner, .gate = &world.gate);
    test_spawn(core, test_nap, .duration_ns = EDDY_SECOND);
    test_settle(core);
    assert_int_equal(test_stats(core).timers_live, 2);
    test_core_end(core);
    check_dones(&world, 1, 0, 1);
}

/* ---- async functions with nested waits ---- */

struct leaf {
    EDDY_FRAME;
    struct world *world;
    eddy_deadline limit;
    eddy_sleep sleep;
};

static void leaf_done(struct leaf *self)
{
    test_trace_done(&self->world->inner);
}

/* A limit around a wait, which comes true or not; then a wait that needs no wake. */
EDDY_ASYNC(leaf, leaf_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, 2 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_within(&self->limit, task, test_gate_poll(&self->world->gate, task)));
        if (n != -ETIMEDOUT)
            EDDY_RETURN(n);
        EDDY_YIELD();
        eddy_sleep_start(&self->sleep, task, 2 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n);
}

struct branch {
    EDDY_FRAME;
    struct world *world;
    eddy_deadline limit;
    union {
        struct leaf leaf;
        struct eddy_timeout timeout;
    } child;
    eddy_future *boxed;
};

static void branch_done(struct branch *self)
{
    if (self->boxed != NULL)
        eddy_future_drop(self->boxed);
    test_trace_done(&self->world->middle);
}

/* The same memory for one child after the other, a boxed one in between. */
EDDY_ASYNC(branch, branch_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->world->leaves += 2;
        self->boxed = eddy_box(eddy_task_handle(task), EDDY_FUTURE(leaf, .world = self->world));
        eddy_sleep_start(&self->limit, task, EDDY_SECOND);
        self->child.leaf = EDDY_INIT(leaf, .world = self->world);
        EDDY_POLL(n,
                  eddy_within(&self->limit, task,
                              eddy_future_poll_child(&self->frame, &self->child.leaf.frame, task)));
        if (n != 0)
            EDDY_RETURN(n);
        self->child.timeout =
            EDDY_INIT(eddy_timeout, .inner = self->boxed, .duration_ns = 3 * EDDY_MILLISECOND);
        self->boxed = NULL;
        EDDY_AWAIT(n, &self->child.timeout);
        EDDY_END(n == -ETIMEDOUT ? 0 : n);
}

struct tree {
    EDDY_FRAME;
    struct world *world;
    eddy_join *join;
    struct branch first, second;
};

static void tree_done(struct tree *self)
{
    if (self->join != NULL) {
        eddy_join_abort(self->join);
        eddy_join_free(self->join);
    }
    test_trace_done(&self->world->outer);
}

/* Two children one after the other, then a third as a task of its own that goes with this one. */
EDDY_ASYNC(tree, tree_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->world->branches++;
        self->first = EDDY_INIT(branch, .world = self->world);
        EDDY_AWAIT(n, &self->first);
        if (n != 0)
            EDDY_RETURN(n);
        self->world->branches++;
        self->second = EDDY_INIT(branch, .world = self->world);
        EDDY_AWAIT(n, &self->second);
        if (n != 0)
            EDDY_RETURN(n);
        self->world->branches++;
        n = eddy_spawn_joinable(eddy_task_handle(task), EDDY_FUTURE(branch, .world = self->world),
                                &self->join);
        if (n != 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_join_poll(self->join, task));
        EDDY_END(n);
}

static eddy_future *begin_tree(void *arg, eddy_core *core)
{
    return box(core, EDDY_FUTURE(tree, .world = fresh(arg, core)));
}

/* All that was made is done, once. */
static void end_tree(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    if (core != NULL)
        test_settle(core);
    check_dones(world, 1, world->branches, world->leaves);
    if (result == 0)
        check_dones(world, 1, 3, 6);
    assert_null(world->gate.waiter.branch);
}

static void tree_of_waits_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_tree, let_time_pass, end_tree, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 10, 40);
}

/* ---- a call from another thread ---- */

struct called {
    struct world *world;
};

static eddy_future *called_make(void *payload, eddy_handle *handle)
{
    struct world *world = ((struct called *)payload)->world;

    return eddy_box(handle, EDDY_FUTURE(tree, .world = world));
}

static void called_drop(void *payload)
{
    ((struct called *)payload)->world->outer.dones++;
}

static const eddy_job called_job = {called_make, called_drop, sizeof(struct called)};

static void *caller_main(void *arg)
{
    struct world *world = arg;

    world->called = eddy_remote_call(world->remote, &called_job, &(struct called){world});
    eddy_remote_release(world->remote);
    return NULL;
}

/* The loop goes in the middle of a call: the caller is told, and what it sent is ended once. */
static int free_the_loop_at_turn(int k)
{
    struct world world = {0};
    eddy_core *core = test_clock_core(&world.clock);

    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &world.remote), 0);
    assert_int_equal(pthread_create(&world.thread, NULL, caller_main, &world), 0);
    for (int turns = 0; turns < k; turns++) {
        if (turns == 0) { /* until the job is here */
            while (test_stats(core).jobs_run == 0)
                assert_true(eddy_core_turn(core, 10 * EDDY_MILLISECOND) >= 0);
        } else {
            test_turn(core);
            let_time_pass(&world, core);
        }
    }
    test_core_end(core);
    assert_int_equal(pthread_join(world.thread, NULL), 0);
    if (world.called == EDDY_LOOP_GONE) /* too late: it was not sent */
        assert_int_equal(world.outer.dones, 0);
    else
        check_dones(&world, 1, world.branches, world.leaves);
    assert_true(world.called == 0 || world.called == EDDY_DROPPED ||
                world.called == EDDY_LOOP_GONE);
    return world.called == 0;
}

static void loop_can_go_at_any_moment_of_a_call_from_another_thread(void **state)
{
    int k = 0;

    (void)state;
    while (!free_the_loop_at_turn(k))
        assert_true(k++ < 200);
    assert_true(k > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sleep_can_be_dropped_at_any_moment),
        cmocka_unit_test(timeout_can_be_dropped_at_any_moment),
        cmocka_unit_test(interval_can_be_dropped_at_any_moment),
        cmocka_unit_test(wait_for_a_join_can_be_dropped_at_any_moment),
        cmocka_unit_test(grace_time_under_way_can_lose_its_join_at_any_moment),
        cmocka_unit_test(join_can_go_with_the_loop_in_its_grace_time_before_its_task),
        cmocka_unit_test(tree_of_waits_can_be_dropped_at_any_moment),
    };
    /* A simulated loop is of one thread. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(loop_can_go_at_any_moment_of_a_call_from_another_thread),
    };

    return TEST_GROUPS(tests, kernel);
}
