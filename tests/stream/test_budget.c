/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_budget.c - streams that are always ready let others go first, and get on with any budget.
 */
#include "scenes_more.h"

static void scene_runs_to_its_end_with_a_budget_of(const struct scene *scene, uint32_t budget)
{
    struct world world;

    world_begin_on(&world, test_core_of_budget(budget));
    assert_int_equal(eddy_core_run(world.core, scene->begin(&world)), scene->result);
    check_got(&world, scene->got);
    world_end(&world);
}

static void any_budget_is_enough(void **state)
{
    for (uint32_t budget = 1; budget <= 4; budget++)
        scene_runs_to_its_end_with_a_budget_of(*state, budget);
}

/* ---- without an end ---- */

static int64_t seven = 7;

static eddy_stream *endless(struct world *world)
{
    return eddy_stream_repeat(handle_of(world), &seven, sizeof seven);
}

static bool never(void *arg, const void *item)
{
    (void)arg;
    (void)item;
    return false;
}

static bool always(void *arg, const void *item)
{
    (void)arg;
    (void)item;
    return true;
}

static int drop_it(void *arg, const void *item, void *out)
{
    (void)arg;
    (void)item;
    (void)out;
    return 0;
}

static int empty_stream(void *arg, const void *item, void *out)
{
    eddy_stream *made = eddy_stream_empty(handle_of(arg), 8);

    (void)item;
    memcpy(out, &made, sizeof made);
    return 0;
}

static eddy_result ignore(void *arg, const void *item)
{
    (void)arg;
    (void)item;
    return 0;
}

/* Ready at once, and no leaf: spends nothing. */
static eddy_future *holds_at_once(void *arg, eddy_handle *handle, const void *item)
{
    (void)arg;
    (void)item;
    return eddy_box(handle, EDDY_FUTURE(test_value, .value = 1));
}

/* A source that spends nothing: a type of the user's. */
static eddy_result greedy_next(eddy_stream *self, eddy_task *task, void *item)
{
    (void)self;
    (void)task;
    memcpy(item, &seven, sizeof seven);
    return 1;
}

static void greedy_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_stream_type greedy_type = {
    {eddy_stream_no_future, greedy_done, sizeof(eddy_stream), "greedy", NULL}, greedy_next};

static eddy_stream *greedy(struct world *world)
{
    eddy_stream stream = {.frame = {.type = &greedy_type.base}, .item_bytes = sizeof seven};

    return eddy_stream_box(handle_of(world), &stream);
}

/* The future never ends; the neighbour gets its ten polls all the same. */
static void check_others_run(struct world *world, eddy_future *endless_future)
{
    struct test_trace neighbour = {0};
    eddy_join *join = test_spawn_join_future(world->core, endless_future, __FILE__, __LINE__);

    assert_int_equal(test_run(world->core, test_value, .trace = &neighbour, .yields = 9), 0);
    assert_int_equal(neighbour.polls, 10);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(world->core, join), EDDY_DROPPED);
}

static void endless_streams_let_other_tasks_run(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    check_others_run(&world, eddy_stream_count(endless(&world)));
    check_others_run(&world, eddy_stream_count(eddy_stream_filter(endless(&world), never, NULL)));
    check_others_run(&world,
                     eddy_stream_count(eddy_stream_filter_map(endless(&world), 8, drop_it, NULL)));
    check_others_run(&world, eddy_stream_count(eddy_stream_skip(endless(&world), UINT64_MAX)));
    check_others_run(&world,
                     eddy_stream_count(eddy_stream_skip_while(endless(&world), always, NULL)));
    check_others_run(&world, eddy_stream_count(eddy_stream_skip_while_async(endless(&world),
                                                                            holds_at_once, NULL)));
    check_others_run(
        &world,
        eddy_stream_count(eddy_stream_flatten(
            eddy_stream_map(endless(&world), sizeof(eddy_stream *), empty_stream, &world), 8)));
    check_others_run(&world, eddy_stream_for_each(endless(&world), ignore, NULL));
    check_others_run(&world, eddy_stream_for_each_async(endless(&world), holds_at_once, NULL));
    check_others_run(&world, eddy_stream_count(eddy_stream_chunks(endless(&world), 1000000)));
    world_end(&world);
}

static void loops_over_items_that_cost_nothing_let_other_tasks_run(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    check_others_run(&world, eddy_stream_count(greedy(&world)));
    check_others_run(&world, eddy_stream_count(eddy_stream_filter(greedy(&world), never, NULL)));
    check_others_run(&world, eddy_stream_count(eddy_stream_skip(greedy(&world), UINT64_MAX)));
    check_others_run(&world, eddy_stream_for_each_async(greedy(&world), holds_at_once, NULL));
    check_others_run(&world, eddy_stream_count(eddy_stream_chunks(greedy(&world), 1000000)));
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_streams_let_other_tasks_run),
        cmocka_unit_test(loops_over_items_that_cost_nothing_let_other_tasks_run),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    return failed + run_scenes("any budget is enough", any_budget_is_enough);
}
