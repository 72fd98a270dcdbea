/* SPDX-License-Identifier: MIT */
/*
 * test_wakes.c - slots and their wakes when only one thread looks: order, merging, generations,
 * growth. The rest of the inbox: test_inbox.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "../support/death.h"
#include "eddy/error.h"
#include "inbox_world.h"

static void a_close_ends_all_slots_and_forgets_their_wakes(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target queued, idle;

    open_target(inbox, &queued);
    open_target(inbox, &idle);
    assert_true(wake_target(inbox, &queued));
    eddy__inbox_close(inbox);
    assert_null(eddy__inbox_next_wake(inbox));
    assert_false(eddy__inbox_ready(inbox));
    assert_false(wake_target(inbox, &queued));
    assert_false(wake_target(inbox, &idle));
    eddy__inbox_slot_free(inbox, idle.index);
    assert_true(eddy__inbox_prepare_sleep(inbox));
    eddy__inbox_awake(inbox);
}

static void wakes_come_in_order_and_many_of_one_owner_count_once(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target targets[3];

    for (int i = 0; i < 3; i++)
        open_target(inbox, &targets[i]);
    for (int round = 0; round < 5; round++) {
        assert_true(wake_target(inbox, &targets[1]));
        assert_true(wake_target(inbox, &targets[2]));
        assert_true(wake_target(inbox, &targets[0]));
    }
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &targets[1]);
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &targets[2]);
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &targets[0]);
    assert_null(eddy__inbox_next_wake(inbox));
}

static void a_wake_while_the_owner_runs_queues_it_again_behind_the_others(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target first, second;

    open_target(inbox, &first);
    open_target(inbox, &second);
    wake_target(inbox, &first);
    wake_target(inbox, &second);
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &first);
    assert_true(wake_target(inbox, &first));
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &second);
    assert_true(eddy__inbox_ready(inbox));
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &first);
    assert_null(eddy__inbox_next_wake(inbox));
    assert_false(eddy__inbox_ready(inbox));
}

static void a_wake_of_a_freed_slot_says_so_and_never_hits_the_next_owner(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target old, next;

    open_target(inbox, &old);
    eddy__inbox_slot_free(inbox, old.index);
    assert_false(wake_target(inbox, &old));
    open_target(inbox, &next);
    assert_int_equal(next.index, old.index);
    assert_int_not_equal(next.generation, old.generation);
    assert_false(wake_target(inbox, &old));
    assert_null(eddy__inbox_next_wake(inbox));
    assert_true(wake_target(inbox, &next));
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &next);
}

static void a_slot_freed_while_queued_is_not_used_again_before_it_is_popped(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target old, other, next;

    open_target(inbox, &old);
    assert_true(wake_target(inbox, &old));
    eddy__inbox_slot_free(inbox, old.index);
    assert_false(wake_target(inbox, &old));
    open_target(inbox, &other);
    assert_int_not_equal(other.index, old.index);
    assert_null(eddy__inbox_next_wake(inbox));
    open_target(inbox, &next);
    assert_int_equal(next.index, old.index);
}

static void a_slot_freed_after_its_wake_was_fetched_is_skipped(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target targets[3];

    for (int i = 0; i < 3; i++) {
        open_target(inbox, &targets[i]);
        wake_target(inbox, &targets[i]);
    }
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &targets[0]);
    eddy__inbox_slot_free(inbox, targets[1].index);
    assert_ptr_equal(eddy__inbox_next_wake(inbox), &targets[2]);
    assert_null(eddy__inbox_next_wake(inbox));
}

static void slots_grow_and_each_wakes_its_own_owner(void **state)
{
    enum { MANY = 3000 };
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target *targets = calloc(MANY, sizeof(*targets));

    assert_non_null(targets);
    for (int i = 0; i < MANY; i++)
        open_target(inbox, &targets[i]);
    for (int i = 0; i < MANY; i++)
        assert_true(wake_target(inbox, &targets[i]));
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(eddy__inbox_next_wake(inbox), &targets[i]);
    assert_null(eddy__inbox_next_wake(inbox));
    free(targets);
}

static void a_wake_of_a_slot_that_never_was_says_that_it_is_gone(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    const uint32_t strange[] = {0, 1, 2, 64, 65, 1000000, 1U << 26, (1U << 26) + 1, UINT32_MAX};

    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
        assert_false(eddy__inbox_wake(inbox, strange[i], 0));
    assert_false(eddy__inbox_wake(inbox, UINT32_MAX, 1));
    assert_false(eddy__inbox_ready(inbox));
}

static void a_slot_that_finds_no_memory_leaves_the_others_alone(void **state)
{
    world *self = *state;
    target targets[64], next;

    for (int i = 0; i < 64; i++)
        open_target(self->inbox, &targets[i]);
    self->allocations_left = 0;
    assert_int_equal(eddy__inbox_slot_new(self->inbox, &next, &next.index, &next.generation),
                     -ENOMEM);
    self->allocations_left = NEVER;
    open_target(self->inbox, &next);
    assert_true(wake_target(self->inbox, &targets[63]));
    assert_true(wake_target(self->inbox, &next));
    assert_ptr_equal(eddy__inbox_next_wake(self->inbox), &targets[63]);
    assert_ptr_equal(eddy__inbox_next_wake(self->inbox), &next);
}

static void free_twice(void *arg)
{
    target freed;

    open_target(arg, &freed);
    eddy__inbox_slot_free(arg, freed.index);
    eddy__inbox_slot_free(arg, freed.index);
}

static void a_slot_is_freed_once(void **state)
{
    assert_dies(free_twice, ((world *)*state)->inbox, "freed twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_close_ends_all_slots_and_forgets_their_wakes),
        WORLD_TEST(wakes_come_in_order_and_many_of_one_owner_count_once),
        WORLD_TEST(a_wake_while_the_owner_runs_queues_it_again_behind_the_others),
        WORLD_TEST(a_wake_of_a_freed_slot_says_so_and_never_hits_the_next_owner),
        WORLD_TEST(a_slot_freed_while_queued_is_not_used_again_before_it_is_popped),
        WORLD_TEST(a_slot_freed_after_its_wake_was_fetched_is_skipped),
        WORLD_TEST(slots_grow_and_each_wakes_its_own_owner),
        WORLD_TEST(a_wake_of_a_slot_that_never_was_says_that_it_is_gone),
        WORLD_TEST(a_slot_that_finds_no_memory_leaves_the_others_alone),
        WORLD_TEST(a_slot_is_freed_once),
    };

    return cmocka_run_group_tests_name("base/wakes", tests, NULL, NULL);
}
