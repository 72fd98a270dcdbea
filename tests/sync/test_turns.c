/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_turns.c - whoever waits for a lock, a permit, an item or a word, alone or inside of a
 * join, a select or a time limit, and is dropped or asked to end at whatever moment: what was meant
 * for it is there for the next. Both kinds of objects, those of a loop and those of all threads.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/drop.h"

enum { GIVE_AT_TURN = 3, TURNS = 12 };

/* One kind of wait. */
struct kind {
    const char *name;
    eddy_future *(*begin)(eddy_handle *loop, eddy_handle *owner); /* owner NULL: thread-safe */
    void (*give)(void);                                           /* what is waited for */
    bool (*left)(void);                                           /* take it, if nobody has it */
    void (*end)(void);
};

static struct {
    eddy_mutex *mutex;
    eddy_semaphore *semaphore;
    eddy_notify *notify;
    eddy_once *once;
    eddy_sender *sender;
    eddy_receiver *receiver;
    eddy_oneshot_sender *oneshot_sender;
    eddy_oneshot_receiver *oneshot_receiver;
    eddy_broadcast_sender *broadcast_sender;
    eddy_broadcast_receiver *broadcast_receiver;
    int item;
} the;

/* ---- the kinds ---- */

static eddy_future *mutex_begin(eddy_handle *loop, eddy_handle *owner)
{
    assert_int_equal(eddy_mutex_new(owner, NULL, &the.mutex), 0);
    assert_int_equal(eddy_mutex_try_lock(the.mutex), 0);
    return eddy_lock(loop, the.mutex);
}

static void mutex_give(void)
{
    eddy_mutex_unlock(the.mutex);
}

static bool mutex_left(void)
{
    return eddy_mutex_try_lock(the.mutex) == 0;
}

static void mutex_end(void)
{
    eddy_mutex_free(the.mutex);
}

static eddy_future *semaphore_begin(eddy_handle *loop, eddy_handle *owner)
{
    assert_int_equal(eddy_semaphore_new(owner, NULL, 1, &the.semaphore), 0);
    return eddy_acquire(loop, the.semaphore, 3);
}

static void semaphore_give(void)
{
    eddy_semaphore_add(the.semaphore, 2);
}

static bool semaphore_left(void)
{
    return eddy_semaphore_try_acquire(the.semaphore, 3) == 0;
}

static void semaphore_end(void)
{
    eddy_semaphore_free(the.semaphore);
}

static eddy_future *notify_begin(eddy_handle *loop, eddy_handle *owner)
{
    assert_int_equal(eddy_notify_new(owner, NULL, &the.notify), 0);
    return eddy_notified(loop, the.notify);
}

static void notify_give(void)
{
    eddy_notify_one(the.notify);
}

static bool notify_left(void)
{
    return eddy_notify_try(the.notify) == 0;
}

static void notify_end(void)
{
    eddy_notify_free(the.notify);
}

static eddy_future *do_it(void *arg, eddy_handle *handle)
{
    (void)arg;
    return eddy_box(handle, EDDY_FUTURE(test_value, .yields = 2));
}

static eddy_future *once_begin(eddy_handle *loop, eddy_handle *owner)
{
    assert_int_equal(eddy_once_new(owner, NULL, &the.once), 0);
    assert_int_equal(eddy_once_try(the.once), 1);
    return eddy_once_run(loop, the.once, do_it, NULL);
}

static void once_give(void)
{
    eddy_once_finish(the.once, NULL, false);
}

static bool once_left(void)
{
    return eddy_once_try(the.once) == 1;
}

static void once_end(void)
{
    eddy_once_free(the.once);
}

static void channel_new(eddy_handle *owner)
{
    assert_int_equal(eddy_channel_new(owner,
                                      EDDY_OPTIONS(eddy_channel_options, .item_bytes = sizeof(int),
                                                   .capacity = 1),
                                      &the.sender, &the.receiver),
                     0);
}

static eddy_future *send_begin(eddy_handle *loop, eddy_handle *owner)
{
    channel_new(owner);
    assert_int_equal(eddy_sender_try_send(the.sender, &the.item), 0);
    return eddy_send(loop, the.sender, &the.item);
}

static void send_give(void)
{
    int item;

    assert_int_equal(eddy_receiver_try_next(the.receiver, &item), 1);
}

static bool send_left(void)
{
    return eddy_sender_try_send(the.sender, &the.item) == 0;
}

static void channel_end(void)
{
    eddy_sender_free(the.sender);
    eddy_receiver_free(the.receiver);
}

static eddy_future *receive_begin(eddy_handle *loop, eddy_handle *owner)
{
    channel_new(owner);
    return eddy_receive(loop, the.receiver, &the.item);
}

static void receive_give(void)
{
    int item = 7;

    assert_int_equal(eddy_sender_try_send(the.sender, &item), 0);
}

static bool receive_left(void)
{
    int item;

    return eddy_receiver_try_next(the.receiver, &item) == 1;
}

static eddy_future *oneshot_begin(eddy_handle *loop, eddy_handle *owner)
{
    assert_int_equal(eddy_oneshot_new(owner,
                                      EDDY_OPTIONS(eddy_oneshot_options, .item_bytes = sizeof(int)),
                                      &the.oneshot_sender, &the.oneshot_receiver),
                     0);
    return eddy_oneshot_receive(loop, the.oneshot_receiver, &the.item);
}

static void oneshot_give(void)
{
    assert_int_equal(eddy_oneshot_send(the.oneshot_sender, &(int){7}), 0);
}

static bool oneshot_left(void)
{
    int item;

    return eddy_oneshot_try_receive(the.oneshot_receiver, &item) == 1;
}

static void oneshot_end(void)
{
    eddy_oneshot_receiver_free(the.oneshot_receiver);
    eddy_oneshot_sender_free(the.oneshot_sender);
}

static eddy_future *broadcast_begin(eddy_handle *loop, eddy_handle *owner)
{
    assert_int_equal(eddy_broadcast_new(owner,
                                        EDDY_OPTIONS(eddy_broadcast_options,
                                                     .item_bytes = sizeof(int), .capacity = 1),
                                        &the.broadcast_sender, &the.broadcast_receiver),
                     0);
    return eddy_broadcast_receive(loop, the.broadcast_receiver, &the.item);
}

static void broadcast_give(void)
{
    assert_int_equal(eddy_broadcast_send(the.broadcast_sender, &(int){7}), 1);
}

static bool broadcast_left(void)
{
    int item;

    return eddy_broadcast_try_next(the.broadcast_receiver, &item) == 1;
}

static void broadcast_end(void)
{
    eddy_broadcast_sender_free(the.broadcast_sender);
    eddy_broadcast_receiver_free(the.broadcast_receiver);
}

static const struct kind kinds[] = {
    {"mutex", mutex_begin, mutex_give, mutex_left, mutex_end},
    {"semaphore", semaphore_begin, semaphore_give, semaphore_left, semaphore_end},
    {"notify", notify_begin, notify_give, notify_left, notify_end},
    {"once", once_begin, once_give, once_left, once_end},
    {"send", send_begin, send_give, send_left, channel_end},
    {"receive", receive_begin, receive_give, receive_left, channel_end},
    {"oneshot", oneshot_begin, oneshot_give, oneshot_left, oneshot_end},
    {"broadcast", broadcast_begin, broadcast_give, broadcast_left, broadcast_end},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* ---- what stands around the wait ---- */

enum around { ALONE, IN_SELECT, IN_TIMEOUT, IN_SET, AROUNDS };

static eddy_result no_outcome(void *arg, const struct eddy_outcome *outcome)
{
    (void)arg;
    return outcome->result;
}

static eddy_future *put_around(eddy_handle *loop, enum around around, eddy_future *wait)
{
    eddy_stream *set;

    switch (around) {
    case IN_SELECT:
        return eddy_select(loop, EDDY_FUTURES(eddy_never(loop), wait, eddy_never(loop)), NULL);
    case IN_TIMEOUT:
        return eddy_timeout_after(wait, 3600 * EDDY_SECOND);
    case IN_SET:
        set = eddy_futures_unordered(loop);
        assert_int_equal(eddy_futures_push(set, wait, 0), 0);
        return eddy_futures_for_each(set, no_outcome, NULL);
    default:
        return wait;
    }
}

struct world {
    const struct kind *kind;
    enum around around;
    bool thread_safe;
    int turns;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_handle *loop = eddy_core_handle(core);

    world->turns = 0;
    the.item = 1;
    return put_around(loop, world->around,
                      world->kind->begin(loop, world->thread_safe ? NULL : loop));
}

static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (++world->turns == GIVE_AT_TURN)
        world->kind->give();
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    bool given = world->turns >= GIVE_AT_TURN;

    /* Dropped as a part of a future that goes on for a poll, it may have ended well before. */
    if (given && (core != NULL || world->thread_safe) && world->around == ALONE &&
        world->kind->left() != (result < 0))
        fail_msg("%s: result %s, and it is the other way round", world->kind->name,
                 eddy_error_name(result));
    world->kind->end();
}

static void for_all(void (*test)(struct world *world))
{
    for (int i = 0; i < KINDS; i++)
        for (int around = 0; around < AROUNDS; around++)
            for (int safe = 0; safe < 2; safe++)
                test(&(struct world){
                    .kind = &kinds[i], .around = (enum around)around, .thread_safe = safe});
}

static void drop_anywhere(struct world *world)
{
    const struct test_drop drop = {.begin = begin, .step = step, .end = end, .world = world};

    assert_true(test_drop_anywhere(&drop) >= 1);
}

static void no_drop_loses_what_was_meant_for_the_dropped(void **state)
{
    (void)state;
    for_all(drop_anywhere);
}

/* Ask the task to end before or after a turn, then see who has it. */
static void cancel_at(struct world *world, int at, bool before)
{
    eddy_core *core = test_core();
    eddy_join *join;

    assert_int_equal(eddy_spawn_joinable(eddy_core_handle(core), begin(world, core), &join), 0);
    for (int i = 0; i < TURNS; i++) {
        if (i == at && before)
            eddy_join_cancel(join, EDDY_FOREVER);
        test_turn(core);
        step(world, core);
        if (i == at && !before)
            eddy_join_cancel(join, EDDY_FOREVER);
    }
    test_settle(core);
    assert_non_null(eddy_join_ended(join));
    assert_true(eddy_join_ended(join)->result >= 0 || eddy_join_ended(join)->result == -ECANCELED);
    end(world, core, eddy_join_ended(join)->result);
    eddy_join_free(join);
    test_core_end(core);
}

static void cancel_anywhere(struct world *world)
{
    for (int at = 0; at < 2 * GIVE_AT_TURN; at++) {
        cancel_at(world, at, false);
        cancel_at(world, at, true);
    }
}

static void no_request_to_end_loses_what_was_meant_for_the_asked(void **state)
{
    (void)state;
    for_all(cancel_anywhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_drop_loses_what_was_meant_for_the_dropped),
        cmocka_unit_test(no_request_to_end_loses_what_was_meant_for_the_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
