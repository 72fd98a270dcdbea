/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_blocking.c - futures of jobs: what they give, the order of jobs, backpressure, and that what a
 * job owns and makes is freed exactly once, whenever its future goes.
 */
#include <errno.h>
#include <string.h>

#include "stage.h"

#include "eddy/async.h"
#include "reactor/core.h"

static eddy_result add_one(void *arg)
{
    return *(int *)arg + 1;
}

static void blocking_gives_what_the_function_returned(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(2, 0);
    int number = 41;

    (void)state;
    assert_int_equal(
        eddy_core_run(core, eddy_blocking(eddy_core_handle(core), pool, add_one, &number)), 42);
    number = -ENOTTY - 1;
    assert_int_equal(
        eddy_core_run(core, eddy_blocking(eddy_core_handle(core), pool, add_one, &number)),
        -ENOTTY);
    eddy_pool_release(pool);
    test_core_end(core);
}

static void job_is_not_in_line_before_the_first_poll(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_future *future;

    (void)state;
    stage_init(&stage, 1, false);
    future = stage_future(core, pool, &stage);
    assert_int_equal(stage_stats(pool).queued + stage_stats(pool).running, 0);
    assert_int_equal(stage_stats(pool).threads, 0);
    eddy_future_drop(future);
    stage_check(&stage, 0, 0, 0);
    eddy_pool_release(pool);
    test_core_end(core);
}

static void result_is_told_once_and_nothing_is_dropped(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;

    (void)state;
    stage_init(&stage, 7, false);
    assert_int_equal(eddy_core_run(core, stage_future(core, pool, &stage)), 7);
    stage_end(core, pool, &stage, 1, 1, 0);
}

static void error_is_neither_handed_over_nor_destroyed(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;

    (void)state;
    stage_init(&stage, -EIO, false);
    assert_int_equal(eddy_core_run(core, stage_future(core, pool, &stage)), -EIO);
    stage_end(core, pool, &stage, 1, 0, 0);
}

enum { MANY = 20 };

static void jobs_start_in_the_order_of_their_first_polls(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 3); /* most of them wait for room */
    struct stage stages[MANY];
    eddy_join *joins[MANY];

    (void)state;
    atomic_store(&stage_order, 0);
    for (int i = 0; i < MANY; i++) {
        stage_init(&stages[i], i, false);
        joins[i] = stage_spawn(core, pool, &stages[i]);
        test_settle(core); /* polled, perhaps later than others that were spawned before */
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(test_join_end(core, joins[i]), i);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(atomic_load(&stages[i].order), i + 1);
    eddy_pool_release(pool);
    for (int i = 0; i < MANY; i++)
        stage_check(&stages[i], 1, 1, 0);
    test_core_end(core);
}

static void closed_pool_refuses_and_releases(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;

    (void)state;
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_FINISH), 0);
    stage_init(&stage, 1, false);
    assert_int_equal(eddy_core_run(core, stage_future(core, pool, &stage)), EDDY_CLOSED);
    stage_check(&stage, 0, 0, 0);
    eddy_pool_release(pool);
    test_core_end(core);
}

/* ---- without memory ---- */

static void blocking_without_memory_fails_and_releases(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_future *future;

    (void)state;
    core->gone = true; /* as in a `done` at the end of the loop */
    stage_init(&stage, 1, false);
    future = stage_future(core, pool, &stage);
    core->gone = false;
    assert_int_equal(atomic_load(&stage.releases), 1);
    assert_int_equal(eddy_core_run(core, future), EDDY_LOOP_GONE);
    stage_check(&stage, 0, 0, 0);
    eddy_pool_release(pool);
    test_core_end(core);
}

/* ---- cancel ---- */

static void cancel_ends_the_future_and_the_job_goes_on(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_join *join;

    (void)state;
    stage_init(&stage, 5, true);
    join = stage_spawn(core, pool, &stage);
    test_settle(core);
    if (!test_is_simulated())
        stage_wait(&stage.started);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    sem_post(&stage.go);
    eddy_pool_release(pool);
    stage_check(&stage, 1, 0, 1);
    assert_int_equal(atomic_load(&stage.dropped), 5);
    test_core_end(core);
}

/* Holds the request back until the job is over. */
struct patient {
    EDDY_FRAME;
    eddy_future *inner;
};

static void patient_done(struct patient *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_future_drop(self->inner);
}

EDDY_ASYNC(patient, patient_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_task_shield(task, true);
        EDDY_AWAIT_FUTURE(n, self->inner);
        eddy_task_shield(task, false);
        EDDY_END(n);
}

static void shielded_task_hears_the_result_though_it_was_cancelled(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_join *join;

    (void)state;
    stage_init(&stage, 5, true);
    join = test_spawn_join(core, patient, .inner = stage_future(core, pool, &stage));
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_settle(core);
    sem_post(&stage.go);
    assert_int_equal(test_join_end(core, join), 5);
    stage_end(core, pool, &stage, 1, 1, 0);
}

/* ---- polled here, then there ---- */

struct first_owner {
    EDDY_FRAME;
    eddy_future *inner;
};

static eddy_result first_owner_poll(eddy_future *frame, eddy_task *task)
{
    struct first_owner *self = (struct first_owner *)(void *)frame;
    eddy_result n = eddy_future_poll_child(frame, self->inner, task);

    assert_int_equal(n, EDDY_PENDING);
    test_release_child(frame, self->inner, task);
    return 0;
}

static void first_owner_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type first_owner_type = {first_owner_poll, first_owner_done,
                                           sizeof(struct first_owner), "first_owner", NULL};

struct second_owner {
    EDDY_FRAME;
    eddy_future *inner;
};

EDDY_ASYNC(second_owner, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_AWAIT_FUTURE(n, self->inner);
        EDDY_END(n);
}

static void job_wakes_whoever_polls_its_future_last(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_future *future;
    eddy_join *join;

    (void)state;
    stage_init(&stage, 9, true);
    future = stage_future(core, pool, &stage);
    test_spawn(core, first_owner, .inner = future);
    test_settle(core);
    join = test_spawn_join(core, second_owner, .inner = future);
    assert_true(test_turn(core) > 0);
    sem_post(&stage.go);
    assert_int_equal(test_join_end(core, join), 9);
    stage_end(core, pool, &stage, 1, 1, 0);
}

/* ---- reports ---- */

static void report_says_what_is_waited_for(void **state)
{
    static struct test_text text;
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_join *join;

    (void)state;
    stage_init(&stage, 1, true);
    join = stage_spawn(core, pool, &stage);
    while (test_turn(core) == 0)
        continue;
    if (!test_is_simulated()) {
        test_dump(core, &text);
        assert_non_null(strstr(text.text, "waits for pool: job (blocking:0)"));
    }
    sem_post(&stage.go);
    assert_int_equal(test_join_end(core, join), 1);
    stage_end(core, pool, &stage, 1, 1, 0);
}

static void failed_job_leaves_a_note(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_join *join;

    (void)state;
    stage_init(&stage, -EIO, false);
    join = stage_spawn(core, pool, &stage);
    while (eddy_join_ended(join) == NULL)
        assert_true(eddy_core_turn(core, EDDY_SECOND) >= 0);
    assert_string_equal(eddy_join_ended(join)->why.operation, "pool: job");
    assert_int_equal(eddy_join_ended(join)->why.result, -EIO);
    eddy_join_free(join);
    stage_end(core, pool, &stage, 1, 0, 0);
}

/* ---- named after the tests of futures-cpupool ---- */

struct both {
    EDDY_FRAME;
    eddy_future *one, *other;
    eddy_result a, b;
};

static void both_done(struct both *self)
{
    if (eddy_future_is_new(&self->frame)) {
        eddy_future_drop(self->one);
        eddy_future_drop(self->other);
    }
}

/* Both run at a time; they are asked for one after the other. */
EDDY_ASYNC(both, both_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, self->other);
        EDDY_AWAIT_FUTURE(self->a, self->one);
        EDDY_AWAIT_FUTURE(self->b, self->other);
        n = self->a * 10 + self->b;
        EDDY_END(n);
}

/* cpupool: join */
static void join_results_cross_threads(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(2, 0);
    struct stage a, b;

    (void)state;
    stage_init(&a, 3, false);
    stage_init(&b, 4, false);
    assert_int_equal(test_run(core, both, .one = stage_future(core, pool, &a),
                              .other = stage_future(core, pool, &b)),
                     34);
    eddy_pool_release(pool);
    stage_check(&a, 1, 1, 0);
    stage_check(&b, 1, 1, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocking_gives_what_the_function_returned),
        cmocka_unit_test(job_is_not_in_line_before_the_first_poll),
        cmocka_unit_test(result_is_told_once_and_nothing_is_dropped),
        cmocka_unit_test(error_is_neither_handed_over_nor_destroyed),
        cmocka_unit_test(jobs_start_in_the_order_of_their_first_polls),
        cmocka_unit_test(closed_pool_refuses_and_releases),
        cmocka_unit_test(blocking_without_memory_fails_and_releases),
        cmocka_unit_test(cancel_ends_the_future_and_the_job_goes_on),
        cmocka_unit_test(shielded_task_hears_the_result_though_it_was_cancelled),
        cmocka_unit_test(job_wakes_whoever_polls_its_future_last),
        cmocka_unit_test(report_says_what_is_waited_for),
        cmocka_unit_test(failed_job_leaves_a_note),
        cmocka_unit_test(join_results_cross_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
