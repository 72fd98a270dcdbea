/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_notify.c - notify_one ends one wait, or the next; notify_waiters all that are under way;
 * none of it is lost by a drop. All claims hold for both kinds.
 */
#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle;
    eddy_notify *notify;
};

static void begin(struct world *self, int kind)
{
    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(eddy_notify_new(handle_of_kind(self->core, kind), NULL, &self->notify), 0);
}

static void end(struct world *self)
{
    eddy_notify_free(self->notify);
    test_core_end(self->core);
}

static void ask_notified(struct world *world, struct asked *self)
{
    ask(world->core, self, eddy_notified(world->handle, world->notify));
}

static void one_is_remembered_once_when_nobody_waits(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one, two;

        begin(&world, kind);
        for (int i = 0; i < 5; i++)
            eddy_notify_one(world.notify);
        ask_notified(&world, &one);
        asked_gave(world.core, &one, 0);
        ask_notified(&world, &two);
        asked_waits(world.core, &two);
        eddy_notify_one(world.notify);
        asked_gave(world.core, &two, 0);
        assert_int_equal(eddy_notify_try(world.notify), -EAGAIN);
        eddy_notify_one(world.notify);
        assert_int_equal(eddy_notify_try(world.notify), 0);
        end(&world);
    }
}

enum { WAITERS = 40 }; /* more than are woken at a time */

static void each_notify_one_ends_one_wait_in_order(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked waiters[WAITERS];

        begin(&world, kind);
        for (int i = 0; i < WAITERS; i++)
            ask_notified(&world, &waiters[i]);
        for (int i = 0; i < 3; i++)
            eddy_notify_one(world.notify); /* three at once end three */
        for (int i = 0; i < 3; i++)
            asked_gave(world.core, &waiters[i], 0);
        for (int i = 3; i < WAITERS; i++) {
            asked_waits(world.core, &waiters[i]);
            eddy_notify_one(world.notify);
            asked_gave(world.core, &waiters[i], 0);
        }
        assert_int_equal(eddy_notify_try(world.notify), -EAGAIN);
        end(&world);
    }
}

static void waiters_ends_all_that_wait_now_and_is_not_remembered(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked waiters[WAITERS], late;

        begin(&world, kind);
        eddy_notify_waiters(world.notify);
        for (int i = 0; i < WAITERS; i++)
            ask_notified(&world, &waiters[i]);
        for (int i = 0; i < WAITERS; i++)
            asked_waits(world.core, &waiters[i]);
        eddy_notify_waiters(world.notify);
        ask_later(world.core, &late, eddy_notified(world.handle, world.notify));
        for (int i = 0; i < WAITERS; i++)
            asked_gave(world.core, &waiters[i], 0);
        asked_waits(world.core, &late);
        asked_drop(&late);
        end(&world);
    }
}

static void one_that_is_notified_and_dropped_passes_it_on_or_it_is_remembered(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one, two, three;

        begin(&world, kind);
        ask_notified(&world, &one);
        ask_notified(&world, &two);
        eddy_notify_one(world.notify);
        asked_drop(&one);
        asked_gave(world.core, &two, 0);
        ask_notified(&world, &three);
        eddy_notify_one(world.notify);
        asked_drop(&three);
        assert_int_equal(eddy_notify_try(world.notify), 0);
        assert_int_equal(eddy_notify_try(world.notify), -EAGAIN);
        end(&world);
    }
}

static void two_that_are_notified_and_dropped_are_remembered_once(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one, two;

        begin(&world, kind);
        ask_notified(&world, &one);
        ask_notified(&world, &two);
        eddy_notify_one(world.notify);
        eddy_notify_one(world.notify);
        asked_drop(&one);
        asked_drop(&two);
        assert_int_equal(eddy_notify_try(world.notify), 0);
        assert_int_equal(eddy_notify_try(world.notify), -EAGAIN);
        end(&world);
    }
}

static void one_that_is_notified_with_all_and_dropped_passes_nothing_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one;

        begin(&world, kind);
        ask_notified(&world, &one);
        eddy_notify_waiters(world.notify);
        asked_drop(&one);
        assert_int_equal(eddy_notify_try(world.notify), -EAGAIN);
        end(&world);
    }
}

static void a_notify_one_that_is_under_way_is_not_doubled_by_notify_waiters(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one, two;

        begin(&world, kind);
        ask_notified(&world, &one);
        ask_notified(&world, &two);
        eddy_notify_one(world.notify);
        eddy_notify_waiters(world.notify);
        asked_gave(world.core, &one, 0);
        asked_gave(world.core, &two, 0);
        assert_int_equal(eddy_notify_try(world.notify), -EAGAIN);
        end(&world);
    }
}

static void a_cancelled_wait_keeps_what_was_not_for_it(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one;

        begin(&world, kind);
        ask_notified(&world, &one);
        eddy_join_cancel(one.join, EDDY_FOREVER);
        asked_gave(world.core, &one, -ECANCELED);
        eddy_notify_one(world.notify);
        assert_int_equal(eddy_notify_try(world.notify), 0);
        end(&world);
    }
}

/* A wake whose hook notifies again, and drops its own wait: nothing is called under a lock. */
struct echo {
    EDDY_FRAME;
    eddy_notify *notify;
    int *count;
    eddy_ticket ticket;
};
static void echo_done(struct echo *self)
{
    (*self->count)++;
    eddy_notify_one(self->notify);
}
EDDY_ASYNC(echo, echo_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_notify_poll(self->notify, task, &self->ticket));
        EDDY_END(n);
}

static void a_done_may_notify_the_next(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        int count = 0;

        begin(&world, kind);
        for (int i = 0; i < WAITERS; i++)
            test_spawn(world.core, echo, .notify = world.notify, .count = &count);
        test_settle(world.core);
        assert_int_equal(count, 0);
        eddy_notify_one(world.notify);
        test_settle(world.core);
        assert_int_equal(count, WAITERS);
        end(&world);
    }
}

static void free_with_one_woken_and_not_polled(void *arg)
{
    struct world world;
    struct asked one;

    begin(&world, *(int *)arg);
    ask_notified(&world, &one);
    eddy_notify_waiters(world.notify);
    eddy_notify_free(world.notify);
}

static void block_on_a_loops_own(void *arg)
{
    struct world world;

    (void)arg;
    begin(&world, ONE_LOOP);
    eddy_notify_wait(world.notify);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        assert_dies(free_with_one_woken_and_not_polled, &kind, "eddy_notify_free: 1 still wait");
    assert_dies(block_on_a_loops_own, NULL, "eddy_notify_wait blocks the thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_is_remembered_once_when_nobody_waits),
        cmocka_unit_test(each_notify_one_ends_one_wait_in_order),
        cmocka_unit_test(waiters_ends_all_that_wait_now_and_is_not_remembered),
        cmocka_unit_test(one_that_is_notified_and_dropped_passes_it_on_or_it_is_remembered),
        cmocka_unit_test(two_that_are_notified_and_dropped_are_remembered_once),
        cmocka_unit_test(one_that_is_notified_with_all_and_dropped_passes_nothing_on),
        cmocka_unit_test(a_notify_one_that_is_under_way_is_not_doubled_by_notify_waiters),
        cmocka_unit_test(a_cancelled_wait_keeps_what_was_not_for_it),
        cmocka_unit_test(a_done_may_notify_the_next),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
