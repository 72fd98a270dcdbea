/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_loop.c - eddy_loop(): round after round as long as EDDY_CONTINUE comes of it. A million rounds
 * are in test_chain_deep.c, its drop at any moment in test_chain_drop.c.
 */
#include "boxed.h"

/* Reads three lines of a peer that answers when its gate opens: the use of it. */
struct reader {
    struct world *world;
    int lines;
    eddy_result last;
};

static eddy_result count_line(void *arg, eddy_result len)
{
    struct reader *self = arg;

    self->lines++;
    return len == 0 ? self->lines : EDDY_CONTINUE;
}

static eddy_future *read_line(void *arg, eddy_handle *handle)
{
    struct reader *self = arg;
    eddy_result len = self->lines < 3 ? 10 : 0;

    (void)handle;
    if (self->last < 0 && self->lines == 2)
        len = self->last;
    return eddy_map(owing(self->world, leaf(self->world, self->lines, len)), count_line, self);
}

static void loop_goes_round_until_something_else_comes_of_it(void **state)
{
    struct world world = {.core = test_core()};
    struct reader reader = {.world = &world};

    (void)state;
    assert_int_equal(
        eddy_core_run(world.core, eddy_loop(eddy_core_handle(world.core), read_line, &reader)), 4);
    assert_int_equal(world.owed, 4);
    check_world(&world);
    test_core_end(world.core);
}

static void error_ends_a_loop(void **state)
{
    struct world world = {.core = test_core()};
    struct reader reader = {.world = &world, .last = -ECONNRESET};

    (void)state;
    assert_int_equal(
        eddy_core_run(world.core, eddy_loop(eddy_core_handle(world.core), read_line, &reader)),
        -ECONNRESET);
    assert_int_equal(reader.lines, 2);
    check_world(&world);
    test_core_end(world.core);
}

static eddy_future *not_to_be_called(void *arg, eddy_handle *handle)
{
    (void)arg;
    (void)handle;
    fail_msg("the body is called before the first poll");
    return NULL;
}

/* futures 0.1 called it when the loop was made */
static void body_is_not_called_before_the_first_poll(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    eddy_future_drop(eddy_loop(eddy_core_handle(core), not_to_be_called, NULL));
    test_core_end(core);
}

static eddy_future *plain_round(void *arg, eddy_handle *handle)
{
    int *rounds = arg;

    return eddy_ready(handle, ++*rounds % 10 != 0 ? EDDY_CONTINUE : *rounds);
}

static eddy_result again_below_50(void *arg, eddy_result rounds)
{
    (void)arg;
    return rounds < 50 ? EDDY_CONTINUE : rounds;
}

static eddy_future *ten_rounds(void *arg, eddy_handle *handle)
{
    return eddy_map(eddy_loop(handle, plain_round, arg), again_below_50, NULL);
}

static void loops_nest(void **state)
{
    eddy_core *core = test_core();
    int rounds = 0;

    (void)state;
    assert_int_equal(eddy_core_run(core, eddy_loop(eddy_core_handle(core), ten_rounds, &rounds)),
                     50);
    assert_int_equal(rounds, 50);
    test_core_end(core);
}

static eddy_result plus_one(void *arg, eddy_result value)
{
    (void)arg;
    return value + 1;
}

static void steps_after_a_loop_wait_for_its_end(void **state)
{
    eddy_core *core = test_core();
    int rounds = 0;
    eddy_future *work = eddy_loop(eddy_core_handle(core), plain_round, &rounds);

    (void)state;
    assert_int_equal(eddy_core_run(core, eddy_map(work, plus_one, NULL)), 11);
    test_core_end(core);
}

/* A future of the loop's own, no chain, as a round. */
static eddy_future *slow_round(void *arg, eddy_handle *handle)
{
    struct world *world = arg;

    (void)handle;
    return leaf(world, 3, ++world->rounds < 5 ? EDDY_CONTINUE : -EPIPE);
}

static void rounds_may_be_any_future(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    assert_int_equal(
        eddy_core_run(world.core, eddy_loop(eddy_core_handle(world.core), slow_round, &world)),
        -EPIPE);
    assert_int_equal(world.rounds, 5);
    check_world(&world);
    test_core_end(world.core);
}

static void rounds_that_are_ready_cost_budget(void **state)
{
    eddy_core *core = test_core_of_budget(2);
    int rounds = 0;
    uint64_t polls = test_stats(core).polls;

    (void)state;
    assert_int_equal(eddy_core_run(core, eddy_loop(eddy_core_handle(core), plain_round, &rounds)),
                     10);
    assert_in_range(test_stats(core).polls - polls, 5, 50);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_goes_round_until_something_else_comes_of_it),
        cmocka_unit_test(error_ends_a_loop),
        cmocka_unit_test(body_is_not_called_before_the_first_poll),
        cmocka_unit_test(loops_nest),
        cmocka_unit_test(steps_after_a_loop_wait_for_its_end),
        cmocka_unit_test(rounds_may_be_any_future),
        cmocka_unit_test(rounds_that_are_ready_cost_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
