/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_mutex.c - one at a time, in the order in which they came, and no lock and no turn lost by a
 * drop. All claims hold for both kinds.
 */
#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle;
    eddy_mutex *mutex;
};

static void begin(struct world *self, int kind)
{
    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(eddy_mutex_new(handle_of_kind(self->core, kind), NULL, &self->mutex), 0);
}

static void end(struct world *self)
{
    eddy_mutex_free(self->mutex);
    test_core_end(self->core);
}

static void ask_lock(struct world *world, struct asked *self)
{
    ask(world->core, self, eddy_lock(world->handle, world->mutex));
}

/* upstream: bilock::smoke */
static void smoke_a_lock_is_exclusive_and_given_on_by_unlock(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked one, two;

        begin(&world, kind);
        ask_lock(&world, &one);
        asked_gave(world.core, &one, 0);
        assert_int_equal(eddy_mutex_try_lock(world.mutex), -EAGAIN);
        ask_lock(&world, &two);
        asked_waits(world.core, &two);
        eddy_mutex_unlock(world.mutex);
        asked_gave(world.core, &two, 0);
        eddy_mutex_unlock(world.mutex);
        assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
        end(&world); /* also while it is locked: what reunite was */
    }
}

enum { LOCKERS = 20 };

static void lockers_are_served_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked locks[LOCKERS];

        begin(&world, kind);
        assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
        for (int i = 0; i < LOCKERS; i++)
            ask_lock(&world, &locks[i]);
        for (int i = 0; i < LOCKERS; i++) {
            eddy_mutex_unlock(world.mutex);
            for (int k = i + 1; k < LOCKERS; k++)
                asked_waits(world.core, &locks[k]);
            asked_gave(world.core, &locks[i], 0);
        }
        end(&world);
    }
}

static void an_unlocked_mutex_with_a_line_is_not_taken_by_a_newcomer(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked first;

        begin(&world, kind);
        assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
        ask_lock(&world, &first);
        eddy_mutex_unlock(world.mutex);
        assert_int_equal(eddy_mutex_try_lock(world.mutex), -EAGAIN);
        asked_gave(world.core, &first, 0);
        end(&world);
    }
}

/* Drop the first n in line, after the wake of the first or before it: the next has its turn. */
static void drop_some(struct world *world, struct asked *locks, int n, bool woken)
{
    if (woken)
        eddy_mutex_unlock(world->mutex);
    for (int i = 0; i < n; i++)
        asked_drop(&locks[i]);
    if (!woken)
        eddy_mutex_unlock(world->mutex);
}

static void a_drop_in_line_woken_or_not_passes_the_turn_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int n = 0; n < 2 * LOCKERS; n++) {
            struct world world;
            struct asked locks[LOCKERS];

            begin(&world, kind);
            assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
            for (int i = 0; i < LOCKERS; i++)
                ask_lock(&world, &locks[i]);
            drop_some(&world, locks, n / 2, n % 2 != 0);
            for (int i = n / 2; i < LOCKERS; i++) {
                asked_gave(world.core, &locks[i], 0);
                eddy_mutex_unlock(world.mutex);
            }
            assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
            end(&world);
        }
    }
}

static void a_cancel_in_line_woken_or_not_passes_the_turn_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int woken = 0; woken < 2; woken++) {
            struct world world;
            struct asked one, two;

            begin(&world, kind);
            assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
            ask_lock(&world, &one);
            ask_lock(&world, &two);
            if (woken != 0)
                eddy_mutex_unlock(world.mutex);
            eddy_join_cancel(one.join, EDDY_FOREVER);
            test_settle(world.core);
            /* what is there beats a request to end: a woken one locks, and can unlock */
            assert_int_equal(one.result, woken != 0 ? 0 : -ECANCELED);
            asked_drop(&one);
            eddy_mutex_unlock(world.mutex);
            asked_gave(world.core, &two, 0);
            end(&world);
        }
    }
}

/* upstream: bilock::concurrent, here between tasks (test_threads.c has the one between threads) */
struct adder {
    EDDY_FRAME;
    eddy_mutex *mutex;
    int *value;
    int left, seen;
    bool locked;
    eddy_ticket ticket;
};
static void adder_done(struct adder *self)
{
    if (self->locked)
        eddy_mutex_unlock(self->mutex);
}
EDDY_ASYNC(adder, adder_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_mutex_poll_lock(self->mutex, task, &self->ticket));
            if (n < 0)
                EDDY_RETURN(n);
            self->locked = true;
            self->seen = *self->value;
            EDDY_YIELD();
            *self->value = self->seen + 1;
            self->locked = false;
            eddy_mutex_unlock(self->mutex);
        }
        EDDY_END(0);
}

static void concurrent_increments_across_waits_are_all_counted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        int value = 0;

        begin(&world, kind);
        for (int i = 0; i < 5; i++)
            test_spawn(world.core, adder, .mutex = world.mutex, .value = &value, .left = 100);
        while (test_stats(world.core).tasks_live > 0)
            test_turn(world.core);
        assert_int_equal(value, 500);
        end(&world);
    }
}

static void a_done_that_unlocks_makes_a_drop_unlock(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int turns = 0; turns < 20; turns++) {
            struct world world;
            struct asked next;
            eddy_join *join;
            int value = 0;

            begin(&world, kind);
            join = test_spawn_join(world.core, adder, .mutex = world.mutex, .value = &value,
                                   .left = 100);
            ask_later(world.core, &next, eddy_lock(world.handle, world.mutex));
            for (int i = 0; i < turns; i++)
                test_turn(world.core);
            eddy_join_abort(join);
            eddy_join_free(join);
            asked_gave(world.core, &next, 0);
            end(&world);
        }
    }
}

/* Two sub-futures of one task, one holds and one waits: the "futurelock". The holder ends when
 * it is dropped, and the one that waits is not stuck behind it. */
struct hold_and_wait {
    EDDY_FRAME;
    eddy_mutex *mutex;
    struct adder holder;
    int *value;
    eddy_ticket ticket;
};
EDDY_ASYNC(hold_and_wait, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->holder = EDDY_INIT(adder, .mutex = self->mutex, .value = self->value, .left = 1);
        n = eddy_future_poll_child(&self->frame, &self->holder.frame, task);
        while (n == EDDY_PENDING && !self->holder.locked) {
            EDDY_YIELD();
            n = eddy_future_poll_child(&self->frame, &self->holder.frame, task);
        }
        n = eddy_mutex_poll_lock(self->mutex, task, &self->ticket);
        assert_true(n == EDDY_PENDING);
        eddy_future_drop_child(&self->frame, &self->holder.frame, task);
        EDDY_POLL(n, eddy_mutex_poll_lock(self->mutex, task, &self->ticket));
        if (n == 0)
            eddy_mutex_unlock(self->mutex);
        EDDY_END(n);
}

static void dropping_the_sub_future_that_holds_frees_the_one_that_waits(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        int value = 0;

        begin(&world, kind);
        assert_int_equal(test_run(world.core, hold_and_wait, .mutex = world.mutex, .value = &value),
                         0);
        end(&world);
    }
}

static void a_task_that_locks_twice_is_a_deadlock(void **state)
{
    struct world world;

    (void)state;
    begin(&world, ONE_LOOP);
    assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
    assert_int_equal(eddy_core_run(world.core, eddy_lock(world.handle, world.mutex)),
                     EDDY_DEADLOCK);
    end(&world);
}

/* ---- misuse ---- */

static void unlock_what_is_not_locked(void *arg)
{
    struct world world;

    begin(&world, *(int *)arg);
    eddy_mutex_unlock(world.mutex);
}

static void free_with_a_line(void *arg)
{
    struct world world;
    struct asked one;

    begin(&world, *(int *)arg);
    assert_int_equal(eddy_mutex_try_lock(world.mutex), 0);
    ask_lock(&world, &one);
    eddy_mutex_free(world.mutex);
}

static void block_on_a_loops_own(void *arg)
{
    struct world world;

    (void)arg;
    begin(&world, ONE_LOOP);
    eddy_mutex_wait_lock(world.mutex);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        assert_dies(unlock_what_is_not_locked, &kind, "eddy_mutex_unlock: the mutex is not locked");
        assert_dies(free_with_a_line, &kind, "eddy_mutex_free: 1 still wait for it");
    }
    assert_dies(block_on_a_loops_own, NULL, "eddy_mutex_wait_lock blocks the thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smoke_a_lock_is_exclusive_and_given_on_by_unlock),
        cmocka_unit_test(lockers_are_served_in_the_order_in_which_they_came),
        cmocka_unit_test(an_unlocked_mutex_with_a_line_is_not_taken_by_a_newcomer),
        cmocka_unit_test(a_drop_in_line_woken_or_not_passes_the_turn_on),
        cmocka_unit_test(a_cancel_in_line_woken_or_not_passes_the_turn_on),
        cmocka_unit_test(concurrent_increments_across_waits_are_all_counted),
        cmocka_unit_test(a_done_that_unlocks_makes_a_drop_unlock),
        cmocka_unit_test(dropping_the_sub_future_that_holds_frees_the_one_that_waits),
        cmocka_unit_test(a_task_that_locks_twice_is_a_deadlock),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
