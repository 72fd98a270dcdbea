/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_drop.c - every wait of this layer dropped at every moment, in every way (support/drop.h),
 * while others stand in line behind it: no item, permit, lock or wake is lost, and nothing is
 * doubled.
 *
 * `rival` asks for the same, one turn later. After the drop it must get what it would have got had
 * the dropped one never come, or come and gone.
 */
#include "../support/drop.h"
#include "asked.h"

struct world {
    int kind;
    eddy_handle *handle;
    struct asked rival;
    bool rival_asked;
    int steps;
    int in, out; /* items that the world sends and receives */
    int item, rival_item;
    eddy_sender *sender;
    eddy_receiver *receiver;
    eddy_mutex *mutex;
    eddy_semaphore *semaphore;
    eddy_notify *notify;
    eddy_barrier *barrier;
    eddy_once *once;
    eddy_oneshot_sender *answerer;
    eddy_oneshot_receiver *asker;
    eddy_watch_sender *setter;
    eddy_watch_receiver *watcher;
    eddy_broadcast_sender *caster;
    eddy_broadcast_receiver *hearer;
    struct test_gate gate;
    int made;
};

static struct world *fresh(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.kind = world->kind, .handle = eddy_core_handle(core)};
    return world;
}

static eddy_handle *kind_of(const struct world *world)
{
    return world->kind == ONE_LOOP ? world->handle : NULL;
}

/* True in the second step and never again: when the rival comes. */
static bool is_rivals_time(struct world *world)
{
    world->steps++;
    if (world->steps != 2)
        return false;
    world->rival_asked = true;
    return true;
}

/* With the loop alive it ends with this; else it is gone with the loop. */
static void end_rival(struct world *world, eddy_core *core, eddy_result result)
{
    if (!world->rival_asked)
        return;
    if (core == NULL) {
        eddy_join_free(world->rival.join);
        return;
    }
    asked_gave(core, &world->rival, result);
}

static void for_both_kinds(struct test_drop drop, int moments)
{
    struct world world = {0};

    drop.world = &world;
    for (world.kind = 0; world.kind < KINDS; world.kind++)
        assert_in_range(test_drop_anywhere(&drop), moments, 20);
}

/* ---- send: the channel is full, and the world receives one item every third step ---- */

static void make_channel(struct world *world, uint32_t capacity)
{
    eddy_channel_options options = {
        .size_bytes = sizeof options, .item_bytes = sizeof(int), .capacity = capacity};

    assert_int_equal(eddy_channel_new(kind_of(world), &options, &world->sender, &world->receiver),
                     0);
}

static eddy_future *begin_send(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);
    int full = 1;

    make_channel(world, 1);
    assert_int_equal(eddy_sender_try_send(world->sender, &full), 0);
    world->in = 1;
    world->item = 10;
    return eddy_send(world->handle, world->sender, &world->item);
}

static void receive_one(struct world *world)
{
    int item = 0;

    if (eddy_receiver_try_next(world->receiver, &item) == 1)
        world->out += item;
}

static void step_send(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (is_rivals_time(world)) {
        world->rival_item = 100;
        ask_later(core, &world->rival, eddy_send(world->handle, world->sender, &world->rival_item));
    }
    if (world->steps % 3 == 0)
        receive_one(world);
}

static void end_send(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    if (result == 0)
        world->in += 10;
    for (int i = 0; i < 3; i++) {
        receive_one(world);
        if (core != NULL)
            test_settle(core);
    }
    if (world->rival_asked && world->rival.result == 0)
        world->in += 100;
    end_rival(world, core, 0);
    assert_int_equal(world->out, world->in);
    eddy_sender_free(world->sender);
    eddy_receiver_free(world->receiver);
}

static void a_send_dropped_anywhere_loses_no_item_and_no_turn(void **state)
{
    struct test_drop drop = {.begin = begin_send, .step = step_send, .end = end_send};

    (void)state;
    for_both_kinds(drop, 1);
}

/* ---- poll_ready, a wait, send ---- */

struct reserve {
    EDDY_FRAME;
    struct world *world;
    eddy_ticket ticket;
};
EDDY_ASYNC(reserve, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_sender_poll_ready(self->world->sender, task, &self->ticket));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_YIELD();
        EDDY_YIELD();
        EDDY_POLL(
            n, eddy_sender_poll_send(self->world->sender, task, &self->ticket, &self->world->item));
        EDDY_END(n);
}

static eddy_future *begin_reserve(void *arg, eddy_core *core)
{
    eddy_future *send = begin_send(arg, core);

    eddy_future_drop(send);
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(reserve, .world = arg));
}

static void room_that_is_kept_and_dropped_anywhere_goes_to_the_next(void **state)
{
    struct test_drop drop = {.begin = begin_reserve, .step = step_send, .end = end_send};

    (void)state;
    for_both_kinds(drop, 3);
}

/* ---- receive: the world sends one item every third step ---- */

static eddy_future *begin_receive(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    make_channel(world, EDDY_UNBOUNDED);
    return eddy_receive(world->handle, world->receiver, &world->item);
}

static void step_receive(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps % 3 != 0)
        return;
    world->in += world->steps;
    assert_int_equal(eddy_sender_try_send(world->sender, &world->steps), 0);
}

static void end_receive(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    if (result == 1)
        world->out = world->item;
    for (int i = 0; i < 30; i++)
        receive_one(world);
    assert_int_equal(world->out, world->in);
    eddy_sender_free(world->sender);
    eddy_receiver_free(world->receiver);
}

static void a_receive_dropped_anywhere_loses_no_item(void **state)
{
    struct test_drop drop = {.begin = begin_receive, .step = step_receive, .end = end_receive};

    (void)state;
    for_both_kinds(drop, 1);
}

/* ---- lock: it is locked, and the world unlocks in the fourth step ---- */

static eddy_future *begin_lock(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    assert_int_equal(eddy_mutex_new(kind_of(world), NULL, &world->mutex), 0);
    assert_int_equal(eddy_mutex_try_lock(world->mutex), 0);
    return eddy_lock(world->handle, world->mutex);
}

static void step_lock(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (is_rivals_time(world))
        ask_later(core, &world->rival, eddy_lock(world->handle, world->mutex));
    if (world->steps == 4)
        eddy_mutex_unlock(world->mutex);
}

static void end_lock(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    bool rival_has_it;

    if (world->steps < 4)
        eddy_mutex_unlock(world->mutex);
    if (result == 0)
        eddy_mutex_unlock(world->mutex);
    if (core != NULL)
        test_settle(core);
    rival_has_it = world->rival_asked && world->rival.result == 0;
    end_rival(world, core, 0);
    assert_int_equal(eddy_mutex_try_lock(world->mutex), rival_has_it ? -EAGAIN : 0);
    eddy_mutex_free(world->mutex);
}

static void a_lock_dropped_anywhere_goes_to_the_next(void **state)
{
    struct test_drop drop = {.begin = begin_lock, .step = step_lock, .end = end_lock};

    (void)state;
    for_both_kinds(drop, 1);
}

/* ---- acquire: 3 of none, then the world adds one in each step; the rival wants 2 ---- */

static eddy_future *begin_acquire(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    assert_int_equal(eddy_semaphore_new(kind_of(world), NULL, 0, &world->semaphore), 0);
    return eddy_acquire(world->handle, world->semaphore, 3);
}

static void step_acquire(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (is_rivals_time(world))
        ask_later(core, &world->rival, eddy_acquire(world->handle, world->semaphore, 2));
    eddy_semaphore_add(world->semaphore, 1);
    world->in++;
}

static void end_acquire(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    int taken = result == 0 ? 3 : 0;

    for (int i = 0; core != NULL && i < 5; i++) {
        test_settle(core);
        eddy_semaphore_add(world->semaphore, 1);
        world->in++;
    }
    if (core != NULL)
        test_settle(core);
    if (world->rival_asked && world->rival.result == 0)
        taken += 2;
    end_rival(world, core, 0);
    assert_int_equal(eddy_semaphore_permits(world->semaphore), world->in - taken);
    eddy_semaphore_free(world->semaphore);
}

static void an_acquire_dropped_anywhere_loses_no_permit_and_no_turn(void **state)
{
    struct test_drop drop = {.begin = begin_acquire, .step = step_acquire, .end = end_acquire};

    (void)state;
    for_both_kinds(drop, 1);
}

/* ---- notify: one in the fourth step, and one at the end ---- */

static eddy_future *begin_notified(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    assert_int_equal(eddy_notify_new(kind_of(world), NULL, &world->notify), 0);
    return eddy_notified(world->handle, world->notify);
}

static void step_notified(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (is_rivals_time(world))
        ask_later(core, &world->rival, eddy_notified(world->handle, world->notify));
    if (world->steps == 4) {
        eddy_notify_one(world->notify);
        world->in++;
    }
}

static void end_notified(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    bool remembered;

    if (result == 0)
        world->in--;
    if (core != NULL)
        test_settle(core);
    if (world->rival_asked && world->rival.result == 0)
        world->in--;
    remembered = eddy_notify_try(world->notify) == 0;
    assert_int_equal(world->in, remembered);
    if (core != NULL && world->rival_asked && world->rival.result == EDDY_PENDING)
        eddy_notify_one(world->notify);
    end_rival(world, core, 0);
    eddy_notify_free(world->notify);
}

static void a_notification_dropped_anywhere_goes_to_the_next_or_is_remembered(void **state)
{
    struct test_drop drop = {.begin = begin_notified, .step = step_notified, .end = end_notified};

    (void)state;
    for_both_kinds(drop, 1);
}

/* ---- barrier of three: the world comes in the fifth step if that lets the others through ---- */

static eddy_future *begin_barrier(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    assert_int_equal(eddy_barrier_new(kind_of(world), NULL, 3, &world->barrier), 0);
    return eddy_barrier_pass(world->handle, world->barrier);
}

static void step_barrier(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (is_rivals_time(world))
        ask_later(core, &world->rival, eddy_barrier_pass(world->handle, world->barrier));
    if (world->steps == 5 && eddy_barrier_try(world->barrier) == 1)
        world->made = 1;
}

static void end_barrier(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == EDDY_DROPPED || world->made == 1);
    if (core != NULL)
        test_settle(core);
    if (core != NULL && world->rival_asked && world->rival.result == EDDY_PENDING) {
        struct asked other; /* the dropped one has not come: it takes a third */

        assert_int_equal(eddy_barrier_try(world->barrier), -EAGAIN);
        ask(core, &other, eddy_barrier_pass(world->handle, world->barrier));
        asked_waits(core, &other);
        assert_int_equal(eddy_barrier_try(world->barrier), 1);
        asked_gave(core, &other, 0);
    }
    end_rival(world, core, 0);
    eddy_barrier_free(world->barrier);
}

static void one_dropped_anywhere_at_a_barrier_has_not_come_or_all_have(void **state)
{
    struct test_drop drop = {.begin = begin_barrier, .step = step_barrier, .end = end_barrier};

    (void)state;
    for_both_kinds(drop, 1);
}

/* ---- once: it is done by a future that waits for the fourth step ---- */

static eddy_future *make(void *arg, eddy_handle *handle)
{
    struct world *world = arg;

    world->made++;
    return eddy_box(handle, EDDY_FUTURE(test_wait, .gate = &world->gate));
}

static eddy_future *begin_once(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    assert_int_equal(eddy_once_new(kind_of(world), NULL, &world->once), 0);
    return eddy_once_run(world->handle, world->once, make, world);
}

static void step_once(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (is_rivals_time(world))
        ask_later(core, &world->rival, eddy_once_run(world->handle, world->once, make, world));
    if (world->steps == 4)
        test_gate_open(&world->gate, 0);
}

static void end_once(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == EDDY_DROPPED || eddy_once_is_done(world->once));
    if (core != NULL)
        test_settle(core);
    test_gate_open(&world->gate, 0);
    end_rival(world, core, 0);
    if (core != NULL && world->rival_asked)
        assert_true(eddy_once_is_done(world->once));
    assert_in_range(world->made, 0, 2);
    eddy_once_free(world->once);
}

static void one_dropped_anywhere_while_it_does_it_hands_on(void **state)
{
    struct test_drop drop = {.begin = begin_once, .step = step_once, .end = end_once};

    (void)state;
    for_both_kinds(drop, 1);
}

/* ---- oneshot: sent, or the receiver gone, in the third step ---- */

static void make_oneshot(struct world *world)
{
    eddy_oneshot_options options = {.size_bytes = sizeof options, .item_bytes = sizeof(int)};

    assert_int_equal(eddy_oneshot_new(kind_of(world), &options, &world->answerer, &world->asker),
                     0);
}

static eddy_future *begin_oneshot(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    make_oneshot(world);
    return eddy_oneshot_receive(world->handle, world->asker, &world->item);
}

static void step_oneshot(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps == 3)
        assert_int_equal(eddy_oneshot_send(world->answerer, &world->steps), 0);
}

static void end_oneshot(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    int expected = result == 1 ? EDDY_CLOSED : world->steps >= 3 ? 1 : -EAGAIN;

    (void)core;
    assert_int_equal(eddy_oneshot_try_receive(world->asker, &world->item), expected);
    if (world->steps >= 3)
        assert_int_equal(world->item, 3);
    eddy_oneshot_sender_free(world->answerer);
    eddy_oneshot_receiver_free(world->asker);
}

static eddy_future *begin_closed(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    make_oneshot(world);
    return eddy_oneshot_closed(world->handle, world->answerer);
}

static void step_closed(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps == 3)
        eddy_oneshot_close(world->asker);
}

static void end_closed(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    (void)result;
    assert_int_equal(eddy_oneshot_is_closed(world->answerer), world->steps >= 3);
    eddy_oneshot_sender_free(world->answerer);
    eddy_oneshot_receiver_free(world->asker);
}

static void both_waits_of_a_oneshot_can_be_dropped_anywhere(void **state)
{
    struct test_drop receive = {.begin = begin_oneshot, .step = step_oneshot, .end = end_oneshot};
    struct test_drop closed = {.begin = begin_closed, .step = step_closed, .end = end_closed};

    (void)state;
    for_both_kinds(receive, 1);
    for_both_kinds(closed, 1);
}

/* ---- watch, broadcast: something in the third step ---- */

static eddy_future *begin_watch(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);
    eddy_watch_options options = {.size_bytes = sizeof options, .item_bytes = sizeof(int)};
    int first = 1;

    assert_int_equal(
        eddy_watch_new(kind_of(world), &options, &first, &world->setter, &world->watcher), 0);
    eddy_watch_copy(world->watcher, &first);
    return eddy_watch_changed(world->handle, world->watcher);
}

static void step_watch(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps == 3)
        assert_int_equal(eddy_watch_send(world->setter, &world->steps), 0);
}

static void end_watch(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result == EDDY_DROPPED || world->steps >= 3);
    assert_int_equal(eddy_watch_try_changed(world->watcher), world->steps >= 3 ? 1 : -EAGAIN);
    eddy_watch_sender_free(world->setter);
    eddy_watch_receiver_free(world->watcher);
}

static eddy_future *begin_broadcast(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);
    eddy_broadcast_options options = {
        .size_bytes = sizeof options, .item_bytes = sizeof(int), .capacity = 2};

    assert_int_equal(eddy_broadcast_new(kind_of(world), &options, &world->caster, &world->hearer),
                     0);
    return eddy_broadcast_receive(world->handle, world->hearer, &world->item);
}

static void step_broadcast(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->steps == 3)
        assert_int_equal(eddy_broadcast_send(world->caster, &world->steps), 1);
}

static void end_broadcast(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    bool left = world->steps >= 3 && result != 1;

    (void)core;
    assert_int_equal(eddy_broadcast_try_next(world->hearer, &world->item), left ? 1 : -EAGAIN);
    if (world->steps >= 3)
        assert_int_equal(world->item, 3);
    eddy_broadcast_sender_free(world->caster);
    eddy_broadcast_receiver_free(world->hearer);
}

static void waits_for_a_change_and_for_a_broadcast_can_be_dropped_anywhere(void **state)
{
    struct test_drop watch = {.begin = begin_watch, .step = step_watch, .end = end_watch};
    struct test_drop broadcast = {
        .begin = begin_broadcast, .step = step_broadcast, .end = end_broadcast};

    (void)state;
    for_both_kinds(watch, 1);
    for_both_kinds(broadcast, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_send_dropped_anywhere_loses_no_item_and_no_turn),
        cmocka_unit_test(room_that_is_kept_and_dropped_anywhere_goes_to_the_next),
        cmocka_unit_test(a_receive_dropped_anywhere_loses_no_item),
        cmocka_unit_test(a_lock_dropped_anywhere_goes_to_the_next),
        cmocka_unit_test(an_acquire_dropped_anywhere_loses_no_permit_and_no_turn),
        cmocka_unit_test(a_notification_dropped_anywhere_goes_to_the_next_or_is_remembered),
        cmocka_unit_test(one_dropped_anywhere_at_a_barrier_has_not_come_or_all_have),
        cmocka_unit_test(one_dropped_anywhere_while_it_does_it_hands_on),
        cmocka_unit_test(both_waits_of_a_oneshot_can_be_dropped_anywhere),
        cmocka_unit_test(waits_for_a_change_and_for_a_broadcast_can_be_dropped_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
