/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_barrier.c - all or nobody, one leader, again and again; who is dropped has not come. All
 * claims hold for both kinds.
 */
#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle;
    eddy_barrier *barrier;
};

static void begin(struct world *self, int kind, uint32_t count)
{
    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(
        eddy_barrier_new(handle_of_kind(self->core, kind), NULL, count, &self->barrier), 0);
}

static void end(struct world *self)
{
    eddy_barrier_free(self->barrier);
    test_core_end(self->core);
}

static void ask_pass(struct world *world, struct asked *self)
{
    ask(world->core, self, eddy_barrier_pass(world->handle, world->barrier));
}

static void new_refuses_a_count_of_none(void **state)
{
    eddy_barrier *barrier = NULL;

    (void)state;
    assert_int_equal(eddy_barrier_new(NULL, NULL, 0, &barrier), -EINVAL);
    assert_null(barrier);
}

static void nobody_passes_before_all_have_come_and_the_last_leads(void **state)
{
    enum { COUNT = 40 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked tasks[COUNT];

        begin(&world, kind, COUNT);
        for (int round = 0; round < 5; round++) {
            for (int i = 0; i < COUNT - 1; i++) {
                ask_pass(&world, &tasks[i]);
                asked_waits(world.core, &tasks[i]);
            }
            ask_pass(&world, &tasks[COUNT - 1]);
            asked_gave(world.core, &tasks[COUNT - 1], 1);
            for (int i = 0; i < COUNT - 1; i++)
                asked_gave(world.core, &tasks[i], 0);
        }
        end(&world);
    }
}

static void a_barrier_of_one_is_always_led(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one;

        begin(&world, kind, 1);
        for (int i = 0; i < 3; i++) {
            ask_pass(&world, &one);
            asked_gave(world.core, &one, 1);
            assert_int_equal(eddy_barrier_try(world.barrier), 1);
        }
        end(&world);
    }
}

static void try_comes_only_as_the_last(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one;

        begin(&world, kind, 2);
        assert_int_equal(eddy_barrier_try(world.barrier), -EAGAIN);
        ask_pass(&world, &one);
        asked_waits(world.core, &one);
        assert_int_equal(eddy_barrier_try(world.barrier), 1);
        asked_gave(world.core, &one, 0);
        assert_int_equal(eddy_barrier_try(world.barrier), -EAGAIN);
        end(&world);
    }
}

static void one_that_is_dropped_or_cancelled_has_not_come(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int cancel = 0; cancel < 2; cancel++) {
            struct world world;
            struct asked one, two, three;

            begin(&world, kind, 2);
            ask_pass(&world, &one);
            if (cancel != 0) {
                eddy_join_cancel(one.join, EDDY_FOREVER);
                asked_gave(world.core, &one, -ECANCELED);
            } else {
                asked_drop(&one);
            }
            ask_pass(&world, &two);
            asked_waits(world.core, &two);
            ask_pass(&world, &three);
            asked_gave(world.core, &three, 1);
            asked_gave(world.core, &two, 0);
            end(&world);
        }
    }
}

static void one_that_was_let_through_and_dropped_counts_as_come(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one, two;

        begin(&world, kind, 3);
        ask_pass(&world, &one);
        ask_pass(&world, &two);
        assert_int_equal(eddy_barrier_try(world.barrier), 1);
        asked_drop(&one);
        asked_gave(world.core, &two, 0);
        assert_int_equal(eddy_barrier_try(world.barrier), -EAGAIN);
        end(&world);
    }
}

/* The next round begins while some of the last have not been polled: they are of the last one. */
static void rounds_do_not_mix(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked slow, next;

        begin(&world, kind, 2);
        ask_pass(&world, &slow);
        assert_int_equal(eddy_barrier_try(world.barrier), 1); /* `slow` is woken, not polled */
        assert_int_equal(eddy_barrier_try(world.barrier), -EAGAIN);
        ask_later(world.core, &next, eddy_barrier_pass(world.handle, world.barrier));
        asked_gave(world.core, &slow, 0);
        asked_waits(world.core, &next);
        assert_int_equal(eddy_barrier_try(world.barrier), 1);
        asked_gave(world.core, &next, 0);
        end(&world);
    }
}

static void free_while_one_waits(void *arg)
{
    struct world world;
    struct asked one;

    begin(&world, *(int *)arg, 2);
    ask_pass(&world, &one);
    eddy_barrier_free(world.barrier);
}

static void block_on_a_loops_own(void *arg)
{
    struct world world;

    (void)arg;
    begin(&world, ONE_LOOP, 1);
    (void)eddy_barrier_wait(world.barrier);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        assert_dies(free_while_one_waits, &kind, "eddy_barrier_free: 1 still wait for it");
    assert_dies(block_on_a_loops_own, NULL, "eddy_barrier_wait blocks the thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses_a_count_of_none),
        cmocka_unit_test(nobody_passes_before_all_have_come_and_the_last_leads),
        cmocka_unit_test(a_barrier_of_one_is_always_led),
        cmocka_unit_test(try_comes_only_as_the_last),
        cmocka_unit_test(one_that_is_dropped_or_cancelled_has_not_come),
        cmocka_unit_test(one_that_was_let_through_and_dropped_counts_as_come),
        cmocka_unit_test(rounds_do_not_mix),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
