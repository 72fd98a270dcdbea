/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_drop.c - every source, adaptor and consumer can be dropped at any moment: streams and futures
 * are done once, and no item is lost, or released twice.
 */
#include "scenes_more.h"

struct stage {
    struct world world;
    const struct scene *scene;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct stage *stage = arg;

    world_begin_on(&stage->world, core);
    return stage->scene->begin(&stage->world);
}

/* A neighbour that is always ready keeps the loop from waiting, and so from its jumps in time. */
static void let_time_pass(void *arg, eddy_core *core)
{
    struct stage *stage = arg;

    (void)core;
    stage->world.clock->now_ns += EDDY_MILLISECOND;
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct stage *stage = arg;

    (void)core;
    assert_true(result == EDDY_DROPPED || result == stage->scene->result);
    if (result != EDDY_DROPPED)
        check_got(&stage->world, stage->scene->got);
    world_check(&stage->world);
}

static void drop_at_any_moment_loses_nothing(void **state)
{
    struct stage stage = {.scene = *state};
    struct test_drop drop = {.begin = begin, .step = let_time_pass, .end = end, .world = &stage};

    (void)test_drop_anywhere(&drop);
}

int main(void)
{
    return run_scenes("drop at any moment loses nothing", drop_at_any_moment_loses_nothing);
}
