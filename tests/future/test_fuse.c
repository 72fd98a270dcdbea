/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_fuse.c - a future that may be polled after its end, in a poll function that looks at two.
 */
#include <string.h>

#include "../support/clock.h"
#include "../support/drop.h"
#include "boxed.h"

/* Polls both at each poll, whichever has ended already; ends when both have, with their sum. */
struct both {
    EDDY_FRAME;
    struct world *world;
    eddy_fuse first, second;
    eddy_result sum;
    bool adopted;
    bool for_ever; /* pending even when both have ended */
};

static eddy_result both_poll(eddy_future *frame, eddy_task *task)
{
    struct both *self = (struct both *)(void *)frame;
    eddy_result a, b;

    if (!self->adopted) {
        eddy_future_adopt(frame, self->first.inner);
        eddy_future_adopt(frame, self->second.inner);
        self->adopted = true;
    }
    self->world->rounds++;
    a = eddy_fuse_poll(&self->first, task);
    b = eddy_fuse_poll(&self->second, task);
    if (a != EDDY_PENDING)
        self->sum += a;
    if (b != EDDY_PENDING)
        self->sum += b;
    if (!eddy_fuse_is_done(&self->first) || !eddy_fuse_is_done(&self->second) || self->for_ever)
        return EDDY_PENDING;
    return self->sum;
}

static void both_done(eddy_future *frame)
{
    struct both *self = (struct both *)(void *)frame;

    if (!eddy_future_is_new(frame))
        return;
    eddy_future_drop(self->first.inner);
    eddy_future_drop(self->second.inner);
}

static const eddy_type both_type = {both_poll, both_done, sizeof(struct both), "both", NULL};

/* futures 0.1: fuse, fuse */
static void fused_future_is_pending_ever_after_and_gives_its_result_once(void **state)
{
    struct world world = {.core = test_core()};
    eddy_join *join =
        test_spawn_join(world.core, both, .world = &world, .first.inner = leaf(&world, 0, 1),
                        .second.inner = at_gate(&world));

    (void)state;
    test_settle(world.core);
    assert_int_equal(world.trace.dones, 1); /* freed at its end, not at the end of the fuse */
    test_gate_open(&world.gate, 30);
    assert_int_equal(test_join_end(world.core, join), 31);
    assert_int_equal(world.rounds, 2);
    check_world(&world);
    test_core_end(world.core);
}

static void task_that_waits_for_what_has_ended_is_a_deadlock_that_says_so(void **state)
{
    struct world world = {.core = test_core()};
    struct test_text text;

    (void)state;
    assert_int_equal(test_run(world.core, both, .world = &world, .first.inner = leaf(&world, 1, 1),
                              .second.inner = leaf(&world, 2, 1), .for_ever = true),
                     EDDY_DEADLOCK);
    test_dump(world.core, &text);
    assert_non_null(strstr(text.text, "fuse: ended"));
    check_world(&world);
    test_core_end(world.core);
}

/* futures 0.1: fuse, fuse_is_done */
static void fuse_is_done_when_it_has_given_its_result(void **state)
{
    struct world world = {.core = test_core()};
    struct both both = {.frame = {.type = &both_type},
                        .world = &world,
                        .first.inner = leaf(&world, 0, 1),
                        .second.inner = at_gate(&world),
                        .for_ever = true};

    (void)state;
    assert_false(eddy_fuse_is_done(&both.first));
    assert_int_equal(eddy_core_run(world.core, &both.frame), EDDY_DEADLOCK);
    assert_true(eddy_fuse_is_done(&both.first));
    assert_false(eddy_fuse_is_done(&both.second));
    check_world(&world);
    test_core_end(world.core);
}

/* The one that has ended leaves the request to the one that waits. */
static void request_to_end_is_left_to_what_still_waits(void **state)
{
    struct world world = {.core = test_core()};
    eddy_join *join =
        test_spawn_join(world.core, both, .world = &world, .first.inner = leaf(&world, 0, 1),
                        .second.inner = at_gate(&world));

    (void)state;
    test_settle(world.core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), 1 - ECANCELED);
    check_world(&world);
    test_core_end(world.core);
}

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    (void)test_clock_take(core, 0);
    return box(core, EDDY_FUTURE(both, .world = world, .first.inner = leaf(world, 3, 1),
                                 .second.inner = owing(world, at_gate(world))));
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    assert_true(result == 8 || result == EDDY_DROPPED);
    check_world(arg);
}

static void fuses_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 2, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_future_is_pending_ever_after_and_gives_its_result_once),
        cmocka_unit_test(task_that_waits_for_what_has_ended_is_a_deadlock_that_says_so),
        cmocka_unit_test(fuse_is_done_when_it_has_given_its_result),
        cmocka_unit_test(request_to_end_is_left_to_what_still_waits),
        cmocka_unit_test(fuses_can_be_dropped_at_any_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
