/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_memory.c - running out of memory at any moment is an ordinary error: whatever allocation of
 * whatever operation fails, it says so, nothing is leaked or half done, and the same works when
 * there is memory again. And: in the steady state nothing is allocated.
 *
 * Under AddressSanitizer each object of the loop's slab is an allocation of its own; then more
 * places can fail, and the steady state is one in which what was taken is given back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/heap.h"
#include "../support/loop.h"
#include "../support/net.h"
#include "reactor/core.h"

#define HOUR (3600 * EDDY_SECOND)

/* ---- each allocation fails once ---- */

static void failed_allocation_ends_core_new_cleanly(void **state)
{
    bool failed = true;

    (void)state;
    for (long at = 0; failed; at++) {
        struct test_heap heap;
        eddy_allocator allocator;
        eddy_core *core = NULL;
        int fds = test_open_fds();
        int error;

        test_heap_init(&heap, at);
        allocator = test_heap_allocator(&heap);
        error = eddy_core_new(EDDY_OPTIONS(eddy_core_options, .allocator = &allocator), &core);
        failed = atomic_load(&heap.calls) > at;
        assert_true(error == 0 || error == -ENOMEM);
        assert_true((error == 0) == (core != NULL));
        assert_true(failed || error == 0);
        if (core != NULL)
            test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_false(atomic_load(&heap.bad_free));
        assert_int_equal(test_open_fds(), fds);
    }
}

/* A scenario makes use of a loop and says how many of its steps told an error of memory; it leaves
 * nothing behind on the loop, whatever failed. */
typedef int scenario_fn(eddy_core *core);

static int errors_told; /* by the hook */

static void on_task_error(void *arg, const eddy_ended *ended)
{
    (void)arg;
    assert_non_null(ended->name);
    assert_int_equal(ended->result, -ENOMEM);
    errors_told++;
}

/* Returns whether it came to that allocation. */
static bool fail_once(scenario_fn *scenario, long at)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_core *core;
    long calls;
    bool failed;

    test_heap_init(&heap, -1);
    core = test_core_with(
        (eddy_core_options){.allocator = &allocator, .on_task_error = on_task_error});
    calls = atomic_load(&heap.calls);
    atomic_store(&heap.fail_at, calls + at);
    errors_told = 0;
    failed = scenario(core) > 0;
    assert_int_equal(failed, atomic_load(&heap.calls) > calls + at);
    atomic_store(&heap.fail_at, -1);
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 0);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_int_equal(scenario(core), 0);
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return failed;
}

/* Returns in how many places it can fail. */
static long fail_each(scenario_fn *scenario)
{
    int fds = test_open_fds();
    long at = 0;

    while (fail_once(scenario, at))
        at++;
    assert_int_equal(test_open_fds(), fds);
    return at;
}

enum { SPAWNS = 100 };

static int spawn_some(eddy_core *core)
{
    struct test_trace trace = {0};
    int errors = 0;

    for (int i = 1; i <= SPAWNS; i++) {
        int error = eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(test_value, .trace = &trace));

        assert_true(error == 0 || error == -ENOMEM);
        errors += error != 0;
        assert_int_equal(trace.dones, errors);
    }
    test_settle(core);
    assert_int_equal(trace.dones, SPAWNS);
    return errors;
}

static void failed_allocation_ends_spawn_cleanly(void **state)
{
    (void)state;
    assert_true(fail_each(spawn_some) > 0);
}

static int spawn_some_joinable(eddy_core *core)
{
    struct test_trace trace = {0};
    eddy_join *joins[SPAWNS] = {NULL};
    int errors = 0;

    for (int i = 0; i < SPAWNS; i++) {
        int error =
            eddy_spawn_joinable(eddy_core_handle(core),
                                EDDY_FUTURE(test_value, .trace = &trace, .value = i), &joins[i]);

        assert_true(error == 0 || error == -ENOMEM);
        assert_true((error == 0) == (joins[i] != NULL));
        errors += error != 0;
        assert_int_equal(trace.dones, errors);
    }
    for (int i = 0; i < SPAWNS; i++)
        if (joins[i] != NULL)
            assert_int_equal(test_join_end(core, joins[i]), i);
    assert_int_equal(trace.dones, SPAWNS);
    return errors;
}

static void failed_allocation_ends_spawn_joinable_cleanly(void **state)
{
    (void)state;
    assert_true(fail_each(spawn_some_joinable) > 0);
}

/* A chain is made without a look at each part; the error is told where it is awaited. */
static int run_boxed_chain(eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);
    struct test_trace trace = {0};
    eddy_future *chain = eddy_box(handle, EDDY_FUTURE(test_value, .trace = &trace, .yields = 1));
    eddy_result result;

    for (int i = 0; i < 60; i++)
        chain = eddy_box(handle, EDDY_FUTURE(eddy_timeout, .inner = chain, .duration_ns = HOUR));
    result = eddy_core_run(core, chain);
    assert_true(result == 0 || result == -ENOMEM);
    assert_int_equal(trace.dones, 1);
    return result == -ENOMEM;
}

static void failed_allocation_of_a_box_is_told_where_it_is_awaited(void **state)
{
    (void)state;
    assert_true(fail_each(run_boxed_chain) > 0);
}

/* A task with timers of all kinds; only its spawning can fail. */
struct timers {
    EDDY_FRAME;
    eddy_sleep sleep;
    eddy_deadline limit;
    eddy_interval interval;
};

EDDY_ASYNC(timers, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, HOUR);
        eddy_sleep_start(&self->sleep, task, EDDY_SECOND);
        EDDY_POLL(n, eddy_within(&self->limit, task, eddy_sleep_poll(&self->sleep, task)));
        if (n != 0)
            EDDY_RETURN(n);
        eddy_interval_start(&self->interval, task, EDDY_SECOND, EDDY_MISSED_SKIP);
        EDDY_POLL(n, eddy_interval_poll(&self->interval, task));
        EDDY_END(n == 1 ? 0 : n);
}

static int run_timers(eddy_core *core)
{
    eddy_join *joins[10] = {NULL};
    int errors = 0;

    (void)test_clock_take(core, 0);
    for (int i = 0; i < 10; i++) {
        int error = eddy_spawn_joinable(eddy_core_handle(core), EDDY_FUTURE(timers), &joins[i]);

        assert_true(error == 0 || error == -ENOMEM);
        errors += error != 0;
    }
    for (int i = 0; i < 10; i += 2)
        if (joins[i] != NULL)
            eddy_join_cancel(joins[i], HOUR);
    for (int i = 0; i < 10; i++) {
        if (joins[i] != NULL)
            assert_int_equal(test_join_end(core, joins[i]), i % 2 == 0 ? -ECANCELED : 0);
    }
    return errors;
}

static void timers_need_no_memory_of_their_own(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_core *core;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    (void)test_clock_take(core, 0);
    assert_int_equal(test_run(core, timers), 0);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls)); /* from here on: none would work */
    for (int i = 0; i < 100; i++)
        assert_int_equal(test_run(core, timers), 0);
    assert_int_equal(atomic_load(&heap.calls), atomic_load(&heap.fail_at));
    atomic_store(&heap.fail_at, -1);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

static void failed_allocation_ends_a_task_with_timers_cleanly(void **state)
{
    (void)state;
    assert_true(fail_each(run_timers) > 0);
}

/* ---- jobs ---- */

static eddy_future *value_make(void *payload, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(test_value, .trace = *(struct test_trace **)payload));
}

static const eddy_job value_job = {value_make, NULL, sizeof(struct test_trace *)};

/* What was accepted and could not be carried out goes to the hook: nobody else can be told. */
static int send_jobs(eddy_core *core)
{
    struct test_trace trace = {0}, *payload = &trace;
    eddy_remote *remote = NULL;
    int error = eddy_remote_new(eddy_core_handle(core), &remote);
    int before = errors_told;

    if (error != 0) {
        assert_int_equal(error, -ENOMEM);
        assert_null(remote);
        return 1;
    }
    for (int i = 0; i < 50; i++)
        assert_int_equal(eddy_remote_spawn(remote, &value_job, &payload), 0);
    test_settle(core);
    assert_int_equal(trace.dones, 50);
    assert_int_equal(trace.polls, 50 - (errors_told - before));
    eddy_remote_release(remote);
    return errors_told - before;
}

static void failed_allocation_for_a_job_is_told_to_the_hook(void **state)
{
    (void)state;
    assert_true(fail_each(send_jobs) > 1);
}

/* ---- wakers ---- */

struct asker {
    EDDY_FRAME;
    eddy_waker waker;
    bool parked;
};

static void asker_done(struct asker *self)
{
    eddy_waker_release(&self->waker);
}

/* A park ends by a poll: what was waited for is looked at first. */
static eddy_result park_once(struct asker *self, eddy_task *task)
{
    if (self->parked)
        return 0;
    self->parked = true;
    return eddy_task_park(task, "its own waker");
}

EDDY_ASYNC(asker, asker_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_task_waker(task, &self->waker);
        if (n != 0)
            EDDY_RETURN(n);
        eddy_waker_wake(&self->waker);
        EDDY_POLL(n, park_once(self, task));
        EDDY_END(n);
}

static int ask_for_wakers(eddy_core *core)
{
    eddy_join *joins[50] = {NULL};
    int errors = 0;

    for (int i = 0; i < 50; i++)
        errors += eddy_spawn_joinable(eddy_core_handle(core), EDDY_FUTURE(asker), &joins[i]) != 0;
    for (int i = 0; i < 50; i++) {
        eddy_result result = joins[i] == NULL ? 0 : test_join_end(core, joins[i]);

        assert_true(result == 0 || result == -ENOMEM);
        errors += result == -ENOMEM;
    }
    return errors;
}

static void failed_allocation_of_a_waker_is_an_error_of_its_task(void **state)
{
    (void)state;
    assert_true(fail_each(ask_for_wakers) > 0);
}

/* ---- the steady state ---- */

static void steady_state_of_timers_allocates_nothing(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_core_stats before, after;

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(test_run(core, timers), 0);
    before = test_stats(core);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(test_run(core, timers), 0);
    after = test_stats(core);
    assert_int_equal(after.heap_calls, before.heap_calls);
    assert_int_equal(after.heap_bytes, before.heap_bytes);
    assert_true(after.timers_fired >= before.timers_fired + 20000);
    test_core_end(core);
}

static void spawn_and_end(eddy_core *core)
{
    eddy_join *join = test_spawn_join(core, timers);

    test_spawn(core, test_value, .yields = 2);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(eddy_core_run(core, eddy_box(eddy_core_handle(core), EDDY_FUTURE(test_value))),
                     0);
}

/* Each object by itself under AddressSanitizer: then what was taken is given back. */
static void steady_state_of_tasks_allocates_nothing(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_core_stats before, after;

    (void)state;
    for (int i = 0; i < 10; i++)
        spawn_and_end(core);
    before = test_stats(core);
    for (int i = 0; i < 5000; i++)
        spawn_and_end(core);
    after = test_stats(core);
    if (!eddy__slab_is_alone(&core->slab, 1))
        assert_int_equal(after.heap_calls, before.heap_calls);
    assert_int_equal(after.heap_bytes, before.heap_bytes);
    test_core_end(core);
}

static void steady_state_of_jobs_allocates_nothing(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    struct test_trace trace = {0}, *payload = &trace;
    eddy_remote *remote = NULL;
    eddy_core_stats before = test_stats(core), after;

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &remote), 0);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(eddy_remote_spawn(remote, &value_job, &payload), 0);
        test_settle(core);
        if (i == 10)
            before = test_stats(core);
    }
    after = test_stats(core);
    assert_int_equal(trace.dones, 5000);
    if (!eddy__slab_is_alone(&core->slab, 1))
        assert_int_equal(after.heap_calls, before.heap_calls);
    assert_int_equal(after.heap_bytes, before.heap_bytes);
    eddy_remote_release(remote);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_allocation_ends_core_new_cleanly),
        cmocka_unit_test(failed_allocation_ends_spawn_cleanly),
        cmocka_unit_test(failed_allocation_ends_spawn_joinable_cleanly),
        cmocka_unit_test(failed_allocation_of_a_box_is_told_where_it_is_awaited),
        cmocka_unit_test(timers_need_no_memory_of_their_own),
        cmocka_unit_test(failed_allocation_ends_a_task_with_timers_cleanly),
        cmocka_unit_test(failed_allocation_for_a_job_is_told_to_the_hook),
        cmocka_unit_test(failed_allocation_of_a_waker_is_an_error_of_its_task),
        cmocka_unit_test(steady_state_of_timers_allocates_nothing),
        cmocka_unit_test(steady_state_of_tasks_allocates_nothing),
        cmocka_unit_test(steady_state_of_jobs_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
