/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_moments.c - jobs held on their threads: what is in line behind them, and futures that are
 * dropped before, while and after their job runs. Kernel only: a simulated job has no moment in which
 * it runs.
 */
#include "stage.h"

#include "eddy/error.h"
#include "reactor/core.h"

/* ---- the line ---- */

static void full_line_makes_futures_wait_for_room(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 2);
    struct stage stages[5];
    eddy_join *joins[5];

    (void)state;
    stage_put_behind(core, pool, stages, joins, 5);
    assert_int_equal(stage_stats(pool).running, 1);
    assert_int_equal(stage_stats(pool).queued, 2);
    assert_int_equal(stage_stats(pool).waiting, 2);
    assert_int_equal(stage_stats(pool).limit_queue, 2);
    sem_post(&stages[0].go);
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_join_end(core, joins[i]), i);
    eddy_pool_release(pool);
    for (int i = 0; i < 5; i++)
        stage_check(&stages[i], 1, 1, 0);
    test_core_end(core);
}

static void dropping_one_in_line_gives_its_room_to_the_next(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 1);
    struct stage stages[4];
    eddy_join *joins[4];

    (void)state;
    stage_put_behind(core, pool, stages, joins, 4);
    assert_int_equal(stage_stats(pool).waiting, 2);
    eddy_join_abort(joins[1]); /* in the queue */
    assert_int_equal(stage_stats(pool).queued, 1);
    assert_int_equal(stage_stats(pool).waiting, 1);
    eddy_join_abort(joins[3]); /* for room */
    assert_int_equal(stage_stats(pool).waiting, 0);
    sem_post(&stages[0].go);
    for (int i = 0; i < 4; i++)
        assert_int_equal(test_join_end(core, joins[i]), i % 2 == 0 ? i : EDDY_DROPPED);
    eddy_pool_release(pool);
    for (int i = 0; i < 4; i++)
        stage_check(&stages[i], i % 2 == 0, i % 2 == 0, 0);
    test_core_end(core);
}

/* ---- dropped ---- */

static void dropping_while_it_runs_destroys_the_result_when_it_is_there(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_join *join;

    (void)state;
    stage_init(&stage, 3, true);
    join = stage_spawn(core, pool, &stage);
    test_settle(core);
    stage_wait(&stage.started);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_int_equal(atomic_load(&stage.releases), 0); /* the thread still has it */
    sem_post(&stage.go);
    stage_end(core, pool, &stage, 1, 0, 1);
}

static void dropping_after_the_end_and_before_the_poll_destroys_the_result(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;
    eddy_join *join;

    (void)state;
    stage_init(&stage, 3, true);
    join = stage_spawn(core, pool, &stage);
    assert_int_equal(test_settle(core), 1);
    sem_post(&stage.go);
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_FINISH), 0); /* it is over, and not told */
    assert_int_equal(atomic_load(&stage.releases), 0);
    eddy_join_abort(join);
    eddy_join_free(join);
    stage_check(&stage, 1, 0, 1);
    eddy_pool_release(pool);
    test_core_end(core);
}

static void job_that_ends_after_its_loop_harms_nobody(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stage;

    (void)state;
    stage_init(&stage, 3, true);
    eddy_join_free(stage_spawn(core, pool, &stage));
    test_settle(core);
    stage_wait(&stage.started);
    test_core_end(core);
    sem_post(&stage.go);
    eddy_pool_release(pool);
    stage_check(&stage, 1, 0, 1);
}

/* ---- how it is waited for ---- */

static void loop_that_waits_for_a_job_is_no_deadlock(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage blocker, stage;
    eddy_join *join;

    (void)state;
    stage_init(&blocker, 1, true);
    stage_init(&stage, 2, false);
    join = stage_spawn(core, pool, &blocker);
    test_settle(core);
    stage_wait(&blocker.started);
    eddy_join_abort(join); /* nobody waits for it, and it ends only when the next is asked for */
    eddy_join_free(join);
    join = stage_spawn(core, pool, &stage);
    test_settle(core);
    assert_int_equal(eddy_core_turn(core, 0), 0);
    assert_int_equal(core->external_waits, 1);
    sem_post(&blocker.go);
    assert_int_equal(test_join_end(core, join), 2);
    eddy_pool_release(pool);
    stage_check(&blocker, 1, 0, 1);
    stage_check(&stage, 1, 1, 0);
    test_core_end(core);
}

struct either {
    EDDY_FRAME;
    eddy_future *one, *other;
};

static eddy_result either_poll(eddy_future *frame, eddy_task *task)
{
    struct either *self = (struct either *)(void *)frame;
    eddy_result n = eddy_future_poll_child(frame, self->one, task);

    if (n == EDDY_PENDING)
        return eddy_future_poll_child(frame, self->other, task);
    eddy_future_drop_child(frame, self->other, task);
    return n;
}

static void either_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type either_type = {either_poll, either_done, sizeof(struct either), "either",
                                      NULL};

/* cpupool: select */
static void select_of_two_jobs_gives_the_first_and_drops_the_other(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(2, 0);
    struct stage fast, slow;

    (void)state;
    stage_init(&fast, 1, true);
    stage_init(&slow, 2, true);
    {
        eddy_join *join = test_spawn_join(core, either, .one = stage_future(core, pool, &fast),
                                          .other = stage_future(core, pool, &slow));

        test_settle(core);
        stage_wait(&slow.started);
        sem_post(&fast.go);
        assert_int_equal(test_join_end(core, join), 1);
    }
    sem_post(&slow.go);
    eddy_pool_release(pool);
    stage_check(&fast, 1, 1, 0);
    stage_check(&slow, 1, 0, 1);
    test_core_end(core);
}

/* ---- fairness ---- */

/* Looks at two futures in each poll, and notes at which it heard of which. */
struct reader {
    EDDY_FRAME;
    eddy_future *inner[2];
    int polls, heard_at[2];
    int *out;
};

static eddy_result reader_poll(eddy_future *frame, eddy_task *task)
{
    struct reader *self = (struct reader *)(void *)frame;

    self->polls++;
    for (int i = 0; i < 2; i++)
        if (self->heard_at[i] == 0 &&
            eddy_future_poll_child(frame, self->inner[i], task) != EDDY_PENDING)
            self->heard_at[i] = self->polls;
    if (self->heard_at[0] == 0 || self->heard_at[1] == 0)
        return EDDY_PENDING;
    self->out[0] = self->heard_at[0];
    self->out[1] = self->heard_at[1];
    return 0;
}

static void reader_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type reader_type = {reader_poll, reader_done, sizeof(struct reader), "reader",
                                      NULL};

static void results_cost_budget(void **state)
{
    eddy_core *core = test_core_of_budget(1);
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stages[2];
    int heard_at[2] = {0};
    eddy_join *join;

    (void)state;
    stage_init(&stages[0], 1, true);
    stage_init(&stages[1], 2, true);
    join = test_spawn_join(
        core, reader,
        .inner = {stage_future(core, pool, &stages[0]), stage_future(core, pool, &stages[1])},
        .out = heard_at);
    assert_int_equal(test_settle(core), 1);
    sem_post(&stages[0].go);
    sem_post(&stages[1].go);
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_FINISH), 0); /* both are over */
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(heard_at[0], 2);
    assert_int_equal(heard_at[1], 3);
    eddy_pool_release(pool);
    stage_check(&stages[0], 1, 1, 0);
    stage_check(&stages[1], 1, 1, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_line_makes_futures_wait_for_room),
        cmocka_unit_test(dropping_one_in_line_gives_its_room_to_the_next),
        cmocka_unit_test(dropping_while_it_runs_destroys_the_result_when_it_is_there),
        cmocka_unit_test(dropping_after_the_end_and_before_the_poll_destroys_the_result),
        cmocka_unit_test(job_that_ends_after_its_loop_harms_nobody),
        cmocka_unit_test(loop_that_waits_for_a_job_is_no_deadlock),
        cmocka_unit_test(select_of_two_jobs_gives_the_first_and_drops_the_other),
        cmocka_unit_test(results_cost_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
