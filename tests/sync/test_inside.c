/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_inside.c - waits of this layer inside of select, join and timeouts, where each child is
 * woken on its own: who loses has lost nothing, children of one task may hold and wait, and one
 * that is kept and not polled keeps its place. All claims hold for both kinds.
 */
#include "channels.h"
#include "eddy/compose.h"
#include "eddy/select.h"

/* ---- select ---- */

static eddy_future *gate_future(eddy_handle *handle, struct test_gate *gate)
{
    return eddy_box(handle, EDDY_FUTURE(test_wait, .gate = gate));
}

static void a_receive_that_loses_a_select_loses_no_item(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int sent_too = 0; sent_too < 2; sent_too++) {
            struct channel_world world;
            struct test_gate gate = {0};
            struct asked either;
            size_t winner = 9;
            int item = 0, got;

            channel_begin(&world, kind, 1);
            ask(world.core, &either,
                eddy_select_biased(world.handle,
                                   EDDY_FUTURES(gate_future(world.handle, &gate),
                                                eddy_receive(world.handle, world.receiver, &item)),
                                   &winner));
            test_gate_open(&gate, 5);
            if (sent_too != 0)
                assert_int_equal(try_send(world.sender, 3), 0);
            test_settle(world.core);
            assert_true(either.result != EDDY_PENDING);
            got = winner == 1 ? item : 0;
            asked_drop(&either);
            if (sent_too == 0)
                assert_int_equal(try_send(world.sender, 3), 0);
            if (got == 0)
                got = try_next(world.receiver);
            assert_int_equal(got, 3);
            assert_int_equal(try_next(world.receiver), -EAGAIN);
            channel_end(&world);
        }
    }
}

static void an_item_wakes_the_receive_in_a_select(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct test_gate gate = {0};
        struct asked either;
        size_t winner = 9;
        int item = 0;

        channel_begin(&world, kind, 1);
        ask(world.core, &either,
            eddy_select(world.handle,
                        EDDY_FUTURES(gate_future(world.handle, &gate),
                                     eddy_receive(world.handle, world.receiver, &item)),
                        &winner));
        asked_waits(world.core, &either);
        assert_int_equal(try_send(world.sender, 3), 0);
        asked_gave(world.core, &either, 1);
        assert_int_equal(winner, 1);
        assert_int_equal(item, 3);
        channel_end(&world);
    }
}

/* Of two sends in one select one is sent, and the other one's place goes to the next. */
static void a_send_that_loses_a_select_passes_its_turn_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked either, next;
        size_t winner = 9;
        int items[3] = {10, 11, 12};

        channel_begin(&world, kind, 1);
        assert_int_equal(try_send(world.sender, 1), 0);
        ask(world.core, &either,
            eddy_select(world.handle,
                        EDDY_FUTURES(eddy_send(world.handle, world.sender, &items[0]),
                                     eddy_send(world.handle, world.sender, &items[1])),
                        &winner));
        ask(world.core, &next, eddy_send(world.handle, world.sender, &items[2]));
        assert_int_equal(try_next(world.receiver), 1);
        asked_gave(world.core, &either, 0);
        assert_int_equal(try_next(world.receiver), items[winner]);
        asked_gave(world.core, &next, 0);
        assert_int_equal(try_next(world.receiver), 12);
        assert_int_equal(try_next(world.receiver), -EAGAIN);
        channel_end(&world);
    }
}

/* ---- join: two children of one task hold and wait ---- */

struct holder {
    EDDY_FRAME;
    eddy_mutex *mutex;
    int *inside, *turns;
    bool locked;
    int left;
    eddy_ticket ticket;
};
static void holder_done(struct holder *self)
{
    if (self->locked)
        eddy_mutex_unlock(self->mutex);
}
EDDY_ASYNC(holder, holder_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_mutex_poll_lock(self->mutex, task, &self->ticket));
            if (n < 0)
                EDDY_RETURN(n);
            self->locked = true;
            assert_int_equal(++*self->inside, 1);
            EDDY_YIELD();
            --*self->inside;
            ++*self->turns;
            self->locked = false;
            eddy_mutex_unlock(self->mutex);
        }
        EDDY_END(0);
}

/* pitfall 34 */
static void children_of_one_task_may_hold_a_lock_and_wait_for_it(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        eddy_core *core = test_core();
        eddy_handle *handle = eddy_core_handle(core);
        eddy_future *holders[5];
        eddy_mutex *mutex;
        int inside = 0, turns = 0;

        assert_int_equal(eddy_mutex_new(handle_of_kind(core, kind), NULL, &mutex), 0);
        for (int i = 0; i < 5; i++)
            holders[i] = eddy_box(handle, EDDY_FUTURE(holder, .mutex = mutex, .inside = &inside,
                                                      .turns = &turns, .left = 20));
        assert_int_equal(eddy_core_run(core, eddy_join_all(handle, holders, 5, NULL)), 0);
        assert_int_equal(turns, 100);
        eddy_mutex_free(mutex);
        test_core_end(core);
    }
}

/* ---- kept and not polled ---- */

struct kept {
    eddy_core *core;
    eddy_handle *handle;
    eddy_semaphore *semaphore;
    struct test_gate first;
    eddy_future *both[2];
    struct asked rival;
};

/* Selects between the gate and the acquire; the gate wins, the acquire is kept. */
static void keep_acquire(struct kept *self, int kind)
{
    size_t winner = 9;
    struct asked select;

    *self = (struct kept){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(
        eddy_semaphore_new(handle_of_kind(self->core, kind), NULL, 0, &self->semaphore), 0);
    self->both[0] = gate_future(self->handle, &self->first);
    self->both[1] = eddy_acquire(self->handle, self->semaphore, 1);
    ask(self->core, &select, eddy_select_keep(self->handle, self->both, 2, &winner));
    asked_waits(self->core, &select);
    ask(self->core, &self->rival, eddy_acquire(self->handle, self->semaphore, 1));
    test_gate_open(&self->first, 0);
    asked_gave(self->core, &select, 0);
    assert_int_equal(winner, 0);
    assert_null(self->both[0]);
    assert_non_null(self->both[1]);
}

static void end_kept(struct kept *self)
{
    eddy_semaphore_free(self->semaphore);
    test_core_end(self->core);
}

static void a_wait_that_is_kept_keeps_its_place_and_is_served_when_it_is_polled(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int woken_before = 0; woken_before < 2; woken_before++) {
            struct kept kept;
            struct asked later;

            keep_acquire(&kept, kind);
            if (woken_before != 0)
                eddy_semaphore_add(kept.semaphore, 1);
            asked_waits(kept.core, &kept.rival);
            ask(kept.core, &later, kept.both[1]);
            if (woken_before == 0) {
                asked_waits(kept.core, &later);
                eddy_semaphore_add(kept.semaphore, 1);
            }
            asked_gave(kept.core, &later, 0);
            asked_waits(kept.core, &kept.rival);
            eddy_semaphore_add(kept.semaphore, 1);
            asked_gave(kept.core, &kept.rival, 0);
            end_kept(&kept);
        }
    }
}

static void a_wait_that_is_kept_and_dropped_passes_its_turn_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int woken_before = 0; woken_before < 2; woken_before++) {
            struct kept kept;

            keep_acquire(&kept, kind);
            if (woken_before != 0)
                eddy_semaphore_add(kept.semaphore, 1);
            asked_waits(kept.core, &kept.rival);
            eddy_future_drop(kept.both[1]);
            if (woken_before == 0)
                eddy_semaphore_add(kept.semaphore, 1);
            asked_gave(kept.core, &kept.rival, 0);
            end_kept(&kept);
        }
    }
}

/* ---- timeouts ---- */

static void a_wait_that_times_out_passes_its_turn_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked limited, next;
        int items[2] = {2, 3};

        channel_begin(&world, kind, 1);
        assert_int_equal(try_send(world.sender, 1), 0);
        ask_later(
            world.core, &limited,
            eddy_timeout_after(eddy_send(world.handle, world.sender, &items[0]), EDDY_MILLISECOND));
        ask(world.core, &next, eddy_send(world.handle, world.sender, &items[1]));
        test_pass(world.core, 5 * EDDY_MILLISECOND);
        asked_gave(world.core, &limited, -ETIMEDOUT);
        assert_int_equal(try_next(world.receiver), 1);
        asked_gave(world.core, &next, 0);
        assert_int_equal(try_next(world.receiver), 3);
        channel_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receive_that_loses_a_select_loses_no_item),
        cmocka_unit_test(an_item_wakes_the_receive_in_a_select),
        cmocka_unit_test(a_send_that_loses_a_select_passes_its_turn_on),
        cmocka_unit_test(children_of_one_task_may_hold_a_lock_and_wait_for_it),
        cmocka_unit_test(a_wait_that_is_kept_keeps_its_place_and_is_served_when_it_is_polled),
        cmocka_unit_test(a_wait_that_is_kept_and_dropped_passes_its_turn_on),
        cmocka_unit_test(a_wait_that_times_out_passes_its_turn_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
