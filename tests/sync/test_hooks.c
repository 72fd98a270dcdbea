/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_hooks.c - hooks of a watch and of a broadcast that send on the object they are called
 * for; values that stay while they are looked at; words of a notify that meet.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/loop.h"

enum { FROM_COPY = 1000, FROM_DROP = 2000 };

static struct {
    eddy_watch_sender *watch;
    eddy_broadcast_sender *broadcast;
    int sends; /* so many are left to do in a hook */
    int drops;
    int last_dropped;
} hook;

static void send_in_hook(int item)
{
    if (hook.sends == 0)
        return;
    hook.sends--;
    if (hook.watch != NULL)
        assert_int_equal(eddy_watch_send(hook.watch, &item), 0);
    if (hook.broadcast != NULL)
        assert_int_equal(eddy_broadcast_send(hook.broadcast, &item), 1);
}

static void copy_and_send(void *arg, void *to, const void *from)
{
    (void)arg;
    while (hook.sends > 0)
        send_in_hook(FROM_COPY + hook.sends);
    memcpy(to, from, sizeof(int));
}

static void drop_and_send(void *arg, void *item)
{
    (void)arg;
    hook.drops++;
    memcpy(&hook.last_dropped, item, sizeof(int));
    send_in_hook(FROM_DROP);
}

static eddy_handle *owner(eddy_core *core, int safe)
{
    memset(&hook, 0, sizeof(hook));
    return safe ? NULL : eddy_core_handle(core);
}

static void watch_new(eddy_handle *handle, eddy_watch_sender **sender,
                      eddy_watch_receiver **receiver)
{
    assert_int_equal(
        eddy_watch_new(handle,
                       EDDY_OPTIONS(eddy_watch_options, .item_bytes = sizeof(int),
                                    .copy_item = copy_and_send, .drop_item = drop_and_send),
                       &(int){1}, sender, receiver),
        0);
}

static int watch_look(eddy_watch_receiver *receiver)
{
    int value = -1;

    eddy_watch_copy(receiver, &value);
    return value;
}

static void hooks_of_a_watch_may_send_on_it(void **state)
{
    (void)state;
    for (int safe = 0; safe < 2; safe++) {
        eddy_core *core = test_core();
        eddy_watch_receiver *receiver;
        eddy_watch_sender *sender;

        watch_new(owner(core, safe), &sender, &receiver);
        hook.watch = sender;
        hook.sends = 1;
        assert_int_equal(watch_look(receiver), 1); /* what it was when it was asked for */
        assert_int_equal(eddy_watch_try_changed(receiver), 1);
        assert_int_equal(watch_look(receiver), FROM_COPY + 1);
        hook.sends = 1;
        assert_int_equal(eddy_watch_send(sender, &(int){2}), 0);
        assert_int_equal(watch_look(receiver), FROM_DROP);
        eddy_watch_sender_free(sender);
        eddy_watch_receiver_free(receiver);
        assert_int_equal(hook.drops, 4);
        test_core_end(core);
    }
}

static void a_borrowed_value_stays_whatever_is_sent(void **state)
{
    (void)state;
    for (int safe = 0; safe < 2; safe++) {
        eddy_core *core = test_core();
        const int *first;
        const int *third;
        eddy_watch_receiver *receiver;
        eddy_watch_sender *sender;

        watch_new(owner(core, safe), &sender, &receiver);
        first = eddy_watch_borrow(receiver);
        assert_int_equal(eddy_watch_send(sender, &(int){2}), 0);
        assert_int_equal(eddy_watch_send(sender, &(int){3}), 0);
        assert_int_equal(hook.last_dropped, 2);
        third = eddy_watch_borrow(receiver);
        assert_int_equal(*first, 1);
        assert_int_equal(*third, 3);
        assert_int_equal(eddy_watch_send(sender, &(int){4}), 0);
        test_core_end(core);
        assert_int_equal(*first, 1); /* also when the loop is gone */
        eddy_watch_return(receiver, first);
        assert_int_equal(hook.drops, 2);
        assert_int_equal(*third, 3);
        eddy_watch_return(receiver, third);
        eddy_watch_sender_free(sender);
        eddy_watch_receiver_free(receiver);
        assert_int_equal(hook.drops, 4);
    }
}

static void broadcast_new(eddy_handle *handle, eddy_broadcast_sender **sender,
                          eddy_broadcast_receiver **receiver)
{
    assert_int_equal(
        eddy_broadcast_new(handle,
                           EDDY_OPTIONS(eddy_broadcast_options, .item_bytes = sizeof(int),
                                        .capacity = 2, .copy_item = copy_and_send,
                                        .drop_item = drop_and_send),
                           sender, receiver),
        0);
}

static void expect_item(eddy_broadcast_receiver *receiver, int item)
{
    int got = -1;

    assert_int_equal(eddy_broadcast_try_next(receiver, &got), 1);
    assert_int_equal(got, item);
}

static void expect_lost(eddy_broadcast_receiver *receiver, uint64_t items)
{
    int untouched = -1;

    assert_int_equal(eddy_broadcast_try_next(receiver, &untouched), EDDY_LAGGED);
    assert_int_equal(untouched, -1);
    assert_int_equal(eddy_broadcast_lost(receiver), items);
}

static void an_item_may_be_overwritten_while_it_is_copied(void **state)
{
    (void)state;
    for (int safe = 0; safe < 2; safe++) {
        eddy_core *core = test_core();
        eddy_broadcast_receiver *receiver;
        eddy_broadcast_sender *sender;

        broadcast_new(owner(core, safe), &sender, &receiver);
        assert_int_equal(eddy_broadcast_send(sender, &(int){1}), 1);
        hook.broadcast = sender;
        hook.sends = 3; /* into a ring of two */
        expect_item(receiver, 1);
        expect_lost(receiver, 1);
        expect_item(receiver, FROM_COPY + 2);
        expect_item(receiver, FROM_COPY + 1);
        assert_int_equal(hook.drops, 4);
        eddy_broadcast_sender_free(sender);
        eddy_broadcast_receiver_free(receiver);
        test_core_end(core);
    }
}

static void a_clone_lags_as_far_behind_as_the_one_it_is_of(void **state)
{
    (void)state;
    for (int safe = 0; safe < 2; safe++) {
        eddy_core *core = test_core();
        eddy_broadcast_receiver *clone;
        eddy_broadcast_receiver *receiver;
        eddy_broadcast_sender *sender;

        broadcast_new(owner(core, safe), &sender, &receiver);
        for (int i = 0; i < 5; i++)
            assert_int_equal(eddy_broadcast_send(sender, &i), 1);
        assert_int_equal(eddy_broadcast_receiver_clone(receiver, &clone), 0);
        expect_lost(receiver, 3);
        expect_lost(clone, 3);
        expect_item(clone, 3);
        eddy_broadcast_receiver_free(clone);
        assert_int_equal(hook.drops, 3);
        eddy_broadcast_receiver_free(receiver);
        assert_int_equal(hook.drops, 5);
        eddy_broadcast_sender_free(sender);
        test_core_end(core);
    }
}

static eddy_join *listen(eddy_core *core, eddy_notify *notify)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_join *join;

    assert_int_equal(eddy_spawn_joinable(handle, eddy_notified(handle, notify), &join), 0);
    test_settle(core);
    return join;
}

static void one_and_all_at_once_keep_the_one_for_who_comes_when_its_own_is_dropped(void **state)
{
    (void)state;
    for (int safe = 0; safe < 2; safe++) {
        eddy_core *core = test_core();
        eddy_join *first;
        eddy_join *second;
        eddy_notify *notify;

        assert_int_equal(eddy_notify_new(owner(core, safe), NULL, &notify), 0);
        first = listen(core, notify);
        second = listen(core, notify);
        eddy_notify_one(notify);
        eddy_notify_waiters(notify);
        eddy_join_abort(first);
        assert_int_equal(test_join_end(core, second), 0);
        assert_int_equal(eddy_notify_try(notify), 0);
        assert_int_equal(eddy_notify_try(notify), -EAGAIN);
        eddy_join_free(first);
        first = listen(core, notify);
        eddy_notify_waiters(notify);
        eddy_join_abort(first); /* what all were told is not remembered */
        assert_int_equal(eddy_notify_try(notify), -EAGAIN);
        eddy_join_free(first);
        eddy_notify_free(notify);
        test_core_end(core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_of_a_watch_may_send_on_it),
        cmocka_unit_test(a_borrowed_value_stays_whatever_is_sent),
        cmocka_unit_test(an_item_may_be_overwritten_while_it_is_copied),
        cmocka_unit_test(a_clone_lags_as_far_behind_as_the_one_it_is_of),
        cmocka_unit_test(one_and_all_at_once_keep_the_one_for_who_comes_when_its_own_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
