/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_drop_anywhere.c - the standard test, see support/drop.h, of futures of jobs; and each
 * allocation of theirs failing.
 */
#include <errno.h>

#include "stage.h"

#include "../support/drop.h"
#include "../support/heap.h"
#include "eddy/error.h"

/* A job that runs between two turns, or that waits behind such a one. */
struct world {
    eddy_pool *pool;
    struct stage first, second;
    eddy_join *join; /* of the one in front */
    bool behind;
    int steps;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    world->pool = stage_pool(1, 1);
    world->steps = 0;
    stage_init(&world->first, 1, true);
    stage_init(&world->second, 2, true);
    if (!world->behind)
        return stage_future(core, world->pool, &world->first);
    world->join = stage_spawn(core, world->pool, &world->first);
    return stage_future(core, world->pool, &world->second);
}

/* Each step lets one of them end; what has not begun then ends at once. */
static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    world->steps++;
    if (world->steps == 1)
        sem_post(&world->first.go);
    if (world->steps == 3)
        sem_post(&world->second.go);
}

static void end_one(struct stage *stage, eddy_result result)
{
    int runs = atomic_load(&stage->runs);

    if (result == stage->value)
        stage_check(stage, 1, 1, 0);
    else
        stage_check(stage, runs, 0, runs); /* nobody was told what it made */
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    eddy_result of_first = EDDY_DROPPED;

    assert_true(result == (world->behind ? 2 : 1) || result == EDDY_DROPPED);
    sem_post(&world->first.go);
    sem_post(&world->second.go);
    if (!world->behind) {
        of_first = result;
        stage_release(&world->second); /* was not used */
    } else if (core != NULL) {
        of_first = test_join_end(core, world->join);
    } else {
        eddy_join_free(world->join); /* it may have been told before the loop went */
        of_first = atomic_load(&world->first.tells) > 0 ? 1 : EDDY_DROPPED;
    }
    eddy_pool_release(world->pool);
    end_one(&world->first, of_first);
    end_one(&world->second, world->behind ? result : EDDY_DROPPED);
}

static void job_can_be_dropped_at_any_moment(void **state)
{
    struct world world = {.behind = false};
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

static void job_that_waits_for_room_can_be_dropped_at_any_moment(void **state)
{
    struct world world = {.behind = true};
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

/* ---- memory ---- */

/* Of the loop's and of the pool's allocations together the n-th fails. */
static eddy_result try_allocation(long n)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core = NULL;
    eddy_pool *pool = NULL;
    eddy_result result;
    struct stage stage;

    test_heap_init(&heap, n);
    allocator = test_heap_allocator(&heap);
    stage_init(&stage, 4, false);
    result = eddy_core_new(EDDY_OPTIONS(eddy_core_options, .allocator = &allocator), &core);
    if (result == 0)
        result = eddy_pool_new(
            EDDY_OPTIONS(eddy_pool_options, .threads = 1, .allocator = &allocator), &pool);
    if (result == 0)
        result = eddy_core_run(core, stage_future(core, pool, &stage));
    else
        stage_release(&stage);
    eddy_pool_release(pool);
    (void)eddy_core_free(core);
    assert_true(result == 4 || result == -ENOMEM);
    stage_check(&stage, result == 4, result == 4, 0);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return result;
}

static void any_allocation_may_fail(void **state)
{
    long n = 0;

    (void)state;
    while (try_allocation(n) == -ENOMEM)
        n++;
    assert_true(n >= 4); /* at least the loop, its inbox, the pool, the job */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_can_be_dropped_at_any_moment),
        cmocka_unit_test(job_that_waits_for_room_can_be_dropped_at_any_moment),
        cmocka_unit_test(any_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
