/* SPDX-License-Identifier: MIT */
/* eddy-test: threads */
/*
 * test_end.c - the ways to end a pool: what becomes of jobs in line and on threads, and that everybody
 * who waits is told. Kernel only: see test_simulated.c.
 */
#include <pthread.h>

#include "stage.h"

#include "eddy/error.h"
#include "pool/pool.h"

static void finish_runs_all_that_are_in_line(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 2);
    struct stage stages[5];
    eddy_join *joins[5];

    (void)state;
    stage_put_all(core, pool, stages, joins, 5, 1);
    assert_int_equal(stage_stats(pool).waiting, 2);
    for (int i = 0; i < 5; i++)
        sem_post(&stages[i].go);
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_FINISH), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(test_join_end(core, joins[i]), i);
    eddy_pool_release(pool);
    stage_check_all(stages, 5, 1, 1, 0);
    test_core_end(core);
}

struct ender {
    eddy_pool *pool;
    eddy_pool_how how;
    uint64_t n;
    atomic_bool ended;
};

static void *end_pool(void *arg)
{
    struct ender *self = arg;

    self->n = eddy_pool_end(self->pool, self->how);
    atomic_store(&self->ended, true);
    return NULL;
}

static pthread_t start_ender(struct ender *self, eddy_pool *pool, eddy_pool_how how)
{
    pthread_t thread;

    *self = (struct ender){.pool = pool, .how = how};
    assert_int_equal(pthread_create(&thread, NULL, end_pool, self), 0);
    return thread;
}

static void cut_off_removes_all_that_are_in_line_and_waits_for_what_runs(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 2);
    struct stage stages[5];
    eddy_join *joins[5];
    struct ender ender;
    pthread_t thread;

    (void)state;
    stage_put_all(core, pool, stages, joins, 5, 1);
    thread = start_ender(&ender, pool, EDDY_POOL_CUT_OFF);
    for (int i = 1; i < 5; i++) /* told while the first still runs */
        assert_int_equal(test_join_end(core, joins[i]), EDDY_DROPPED);
    assert_false(atomic_load(&ender.ended));
    stage_run_all(core, stages, joins, 1);
    pthread_join(thread, NULL);
    assert_int_equal(ender.n, 4);
    assert_int_equal(stage_stats(pool).jobs_cut_off, 4);
    eddy_pool_release(pool);
    stage_check_all(stages, 1, 1, 1, 0);
    stage_check_all(stages + 1, 4, 0, 0, 0);
    test_core_end(core);
}

static void abandon_waits_for_nothing_and_strands_nobody(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stages[2];
    eddy_join *joins[2];

    (void)state;
    stage_put_all(core, pool, stages, joins, 2, 1);
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_ABANDON), 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(test_join_end(core, joins[i]), EDDY_DROPPED);
    eddy_pool_release(pool);
    test_core_end(core);
    assert_int_equal(atomic_load(&stages[0].releases), 0); /* the thread still has it */
    sem_post(&stages[0].go);
    while (atomic_load(&stages[0].releases) == 0)
        sched_yield();
    stage_check_all(stages, 1, 1, 0, 1);
    stage_check_all(stages + 1, 1, 0, 0, 0);
}

static bool is_being_ended(eddy_pool *pool)
{
    bool ending;

    eddy__monitor_enter(&pool->monitor);
    ending = pool->life == EDDY__POOL_ENDING;
    eddy__monitor_leave(&pool->monitor);
    return ending;
}

static void end_can_be_made_harder_while_it_waits(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stages[2];
    eddy_join *joins[2];
    struct ender ender;
    pthread_t thread;

    (void)state;
    stage_put_all(core, pool, stages, joins, 2, 1);
    thread = start_ender(&ender, pool, EDDY_POOL_FINISH);
    while (!is_being_ended(pool))
        sched_yield();
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_ABANDON), 2); /* this one does not wait */
    assert_false(atomic_load(&ender.ended));
    sem_post(&stages[0].go);
    pthread_join(thread, NULL);
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_CUT_OFF), 0); /* it has ended */
    for (int i = 0; i < 2; i++)
        assert_int_equal(test_join_end(core, joins[i]), EDDY_DROPPED);
    eddy_pool_release(pool);
    stage_check_all(stages, 1, 1, 0, 1);
    stage_check_all(stages + 1, 1, 0, 0, 0);
    test_core_end(core);
}

static void pool_ends_with_its_last_reference(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    struct stage stages[2];
    eddy_future *late;

    (void)state;
    assert_ptr_equal(eddy_pool_retain(pool), pool);
    stage_init(&stages[0], 1, false);
    stage_init(&stages[1], 2, false);
    eddy_pool_release(pool);
    assert_int_equal(eddy_core_run(core, stage_future(core, pool, &stages[0])), 1);
    late = stage_future(core, pool, &stages[1]);
    eddy_pool_release(pool);
    assert_int_equal(eddy_core_run(core, late), EDDY_CLOSED); /* its memory is still there */
    eddy_pool_release(NULL);
    stage_check_all(stages, 1, 1, 1, 0);
    stage_check_all(stages + 1, 1, 0, 0, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finish_runs_all_that_are_in_line),
        cmocka_unit_test(cut_off_removes_all_that_are_in_line_and_waits_for_what_runs),
        cmocka_unit_test(abandon_waits_for_nothing_and_strands_nobody),
        cmocka_unit_test(end_can_be_made_harder_while_it_waits),
        cmocka_unit_test(pool_ends_with_its_last_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
