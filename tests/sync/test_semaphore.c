/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_semaphore.c - permits: never more out than there are, first come first served also for those
 * who want many, none lost by a drop. All claims hold for both kinds.
 */
#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle;
    eddy_semaphore *semaphore;
};

static void begin(struct world *self, int kind, uint32_t permits)
{
    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(
        eddy_semaphore_new(handle_of_kind(self->core, kind), NULL, permits, &self->semaphore), 0);
}

static void end(struct world *self)
{
    eddy_semaphore_free(self->semaphore);
    test_core_end(self->core);
}

static void ask_acquire(struct world *world, struct asked *self, uint32_t permits)
{
    ask(world->core, self, eddy_acquire(world->handle, world->semaphore, permits));
}

static void permits_are_taken_all_or_none_and_given_back(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one;

        begin(&world, kind, 5);
        assert_int_equal(eddy_semaphore_try_acquire(world.semaphore, 3), 0);
        assert_int_equal(eddy_semaphore_permits(world.semaphore), 2);
        assert_int_equal(eddy_semaphore_try_acquire(world.semaphore, 3), -EAGAIN);
        assert_int_equal(eddy_semaphore_permits(world.semaphore), 2);
        ask_acquire(&world, &one, 3);
        asked_waits(world.core, &one);
        eddy_semaphore_add(world.semaphore, 1);
        asked_gave(world.core, &one, 0);
        assert_int_equal(eddy_semaphore_permits(world.semaphore), 0);
        eddy_semaphore_add(world.semaphore, 6);
        assert_int_equal(eddy_semaphore_permits(world.semaphore), 6);
        end(&world);
    }
}

static void acquiring_none_takes_none_but_waits_its_turn(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one, two;

        begin(&world, kind, 0);
        assert_int_equal(eddy_semaphore_try_acquire(world.semaphore, 0), 0);
        ask_acquire(&world, &one, 1);
        ask_acquire(&world, &two, 0);
        asked_waits(world.core, &two);
        eddy_semaphore_add(world.semaphore, 1);
        asked_gave(world.core, &one, 0);
        asked_gave(world.core, &two, 0);
        end(&world);
    }
}

static void one_that_wants_many_is_not_overtaken_by_those_who_want_few(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked many, few;

        begin(&world, kind, 3);
        assert_int_equal(eddy_semaphore_try_acquire(world.semaphore, 1), 0);
        ask_acquire(&world, &many, 10);
        ask_acquire(&world, &few, 1);
        for (int i = 0; i < 8; i++) {
            asked_waits(world.core, &many);
            asked_waits(world.core, &few);
            assert_int_equal(eddy_semaphore_try_acquire(world.semaphore, 1), -EAGAIN);
            eddy_semaphore_add(world.semaphore, 1);
        }
        asked_gave(world.core, &many, 0);
        asked_waits(world.core, &few);
        eddy_semaphore_add(world.semaphore, 1);
        asked_gave(world.core, &few, 0);
        end(&world);
    }
}

static void one_add_serves_all_that_it_suffices_for(void **state)
{
    enum { WAITERS = 100 }; /* more than are woken at a time */

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked waiters[WAITERS];

        begin(&world, kind, 0);
        for (int i = 0; i < WAITERS; i++)
            ask_acquire(&world, &waiters[i], 2);
        eddy_semaphore_add(world.semaphore, 2 * (WAITERS - 3) + 1);
        for (int i = 0; i < WAITERS - 3; i++)
            asked_gave(world.core, &waiters[i], 0);
        for (int i = WAITERS - 3; i < WAITERS; i++)
            asked_waits(world.core, &waiters[i]);
        eddy_semaphore_add(world.semaphore, 5);
        for (int i = WAITERS - 3; i < WAITERS; i++)
            asked_gave(world.core, &waiters[i], 0);
        assert_int_equal(eddy_semaphore_permits(world.semaphore), 0);
        end(&world);
    }
}

/* The first in line goes, before or after it was woken: what it left suffices for others. */
static void a_drop_in_line_woken_or_not_serves_those_behind(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int woken = 0; woken < 2; woken++) {
            struct world world;
            struct asked many, few[3];

            begin(&world, kind, 0);
            ask_acquire(&world, &many, 3);
            for (int i = 0; i < 3; i++)
                ask_acquire(&world, &few[i], 1);
            eddy_semaphore_add(world.semaphore, woken != 0 ? 3 : 2);
            if (woken == 0)
                test_settle(world.core);
            asked_drop(&many);
            asked_gave(world.core, &few[0], 0);
            asked_gave(world.core, &few[1], 0);
            if (woken == 0) {
                asked_waits(world.core, &few[2]);
                eddy_semaphore_add(world.semaphore, 1);
            }
            asked_gave(world.core, &few[2], 0);
            assert_int_equal(eddy_semaphore_permits(world.semaphore), 0);
            end(&world);
        }
    }
}

static void a_drop_in_the_middle_of_the_line_wakes_nobody(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked line[3];

        begin(&world, kind, 1);
        for (int i = 0; i < 3; i++)
            ask_acquire(&world, &line[i], 2);
        asked_drop(&line[1]);
        asked_waits(world.core, &line[0]);
        asked_waits(world.core, &line[2]);
        eddy_semaphore_add(world.semaphore, 1);
        asked_gave(world.core, &line[0], 0);
        asked_waits(world.core, &line[2]);
        eddy_semaphore_add(world.semaphore, 2);
        asked_gave(world.core, &line[2], 0);
        end(&world);
    }
}

static void a_cancel_in_line_serves_those_behind(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked many, few;

        begin(&world, kind, 2);
        ask_acquire(&world, &many, 3);
        ask_acquire(&world, &few, 2);
        eddy_join_cancel(many.join, EDDY_FOREVER);
        asked_gave(world.core, &many, -ECANCELED);
        asked_gave(world.core, &few, 0);
        end(&world);
    }
}

struct patient {
    EDDY_FRAME;
    eddy_semaphore *semaphore;
    struct test_gate *gate;
    eddy_deadline limit;
    eddy_ticket ticket;
};
EDDY_ASYNC(patient, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, EDDY_MILLISECOND);
        EDDY_POLL(
            n, eddy_within(&self->limit, task,
                           eddy_semaphore_poll_acquire(self->semaphore, task, &self->ticket, 3)));
        assert_int_equal(n, -ETIMEDOUT);
        eddy_ticket_leave(&self->ticket);
        eddy_ticket_leave(&self->ticket); /* is in no line any more */
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void a_ticket_that_leaves_the_line_serves_those_behind(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct test_gate gate = {0};
        struct asked few;

        begin(&world, kind, 2);
        test_spawn(world.core, patient, .semaphore = world.semaphore, .gate = &gate);
        test_settle(world.core);
        ask_acquire(&world, &few, 2);
        asked_waits(world.core, &few);
        test_pass(world.core, 5 * EDDY_MILLISECOND);
        asked_gave(world.core, &few, 0);
        test_gate_open(&gate, 0);
        test_settle(world.core);
        end(&world);
    }
}

static void close_ends_all_in_line_and_all_who_come_later(void **state)
{
    enum { WAITERS = 40 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked waiters[WAITERS];

        begin(&world, kind, 1);
        for (int i = 0; i < WAITERS; i++)
            ask_acquire(&world, &waiters[i], 2);
        eddy_semaphore_add(world.semaphore, 1); /* the first is woken, and not polled yet */
        eddy_semaphore_close(world.semaphore);
        for (int i = 0; i < WAITERS; i++)
            asked_gave(world.core, &waiters[i], EDDY_CLOSED);
        assert_int_equal(eddy_semaphore_try_acquire(world.semaphore, 1), EDDY_CLOSED);
        ask_acquire(&world, &waiters[0], 1);
        asked_gave(world.core, &waiters[0], EDDY_CLOSED);
        eddy_semaphore_add(world.semaphore, 1);
        assert_int_equal(eddy_semaphore_permits(world.semaphore), 3);
        end(&world);
    }
}

static void the_semaphore_may_be_freed_after_the_loop(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one;

        begin(&world, kind, 0);
        ask_acquire(&world, &one, 1);
        test_core_end(world.core);
        eddy_join_free(one.join);
        eddy_semaphore_add(world.semaphore, 1);
        assert_int_equal(eddy_semaphore_try_acquire(world.semaphore, 1), 0);
        eddy_semaphore_free(world.semaphore);
    }
}

/* ---- misuse ---- */

struct changer {
    EDDY_FRAME;
    eddy_semaphore *semaphore;
    eddy_ticket ticket;
};
EDDY_ASYNC(changer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_semaphore_poll_acquire(self->semaphore, task, &self->ticket, 3);
        assert_true(n == EDDY_PENDING);
        EDDY_POLL(n, eddy_semaphore_poll_acquire(self->semaphore, task, &self->ticket, 2));
        EDDY_END(n);
}

static void ask_for_another_number(void *arg)
{
    struct world world;

    begin(&world, *(int *)arg, 0);
    test_spawn(world.core, changer, .semaphore = world.semaphore);
    test_settle(world.core);
}

static void free_with_a_line(void *arg)
{
    struct world world;
    struct asked one;

    begin(&world, *(int *)arg, 0);
    ask_acquire(&world, &one, 1);
    eddy_semaphore_free(world.semaphore);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        assert_dies(ask_for_another_number, &kind, "waits for 3, and asks for 2 with the same");
        assert_dies(free_with_a_line, &kind, "eddy_semaphore_free: 1 still wait for it");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_are_taken_all_or_none_and_given_back),
        cmocka_unit_test(acquiring_none_takes_none_but_waits_its_turn),
        cmocka_unit_test(one_that_wants_many_is_not_overtaken_by_those_who_want_few),
        cmocka_unit_test(one_add_serves_all_that_it_suffices_for),
        cmocka_unit_test(a_drop_in_line_woken_or_not_serves_those_behind),
        cmocka_unit_test(a_drop_in_the_middle_of_the_line_wakes_nobody),
        cmocka_unit_test(a_cancel_in_line_serves_those_behind),
        cmocka_unit_test(a_ticket_that_leaves_the_line_serves_those_behind),
        cmocka_unit_test(close_ends_all_in_line_and_all_who_come_later),
        cmocka_unit_test(the_semaphore_may_be_freed_after_the_loop),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
