/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_channel_close.c - the ends of a channel: a receiver that closes or goes, what becomes of
 * what is queued, and who is told. All claims hold for both kinds.
 */
#include "channels.h"

/* upstream: mpsc::recv_close_gets_none */
static void
after_close_what_is_queued_is_received_then_the_end_and_senders_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked send;
        int item = 9;

        channel_begin(&world, kind, 3);
        for (int i = 1; i <= 3; i++)
            assert_int_equal(try_send(world.sender, i), 0);
        assert_false(eddy_sender_is_closed(world.sender));
        eddy_receiver_close(world.receiver);
        assert_true(eddy_sender_is_closed(world.sender));
        assert_int_equal(try_send(world.sender, 4), EDDY_CLOSED);
        ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
        asked_gave(world.core, &send, EDDY_CLOSED);
        for (int i = 1; i <= 3; i++)
            assert_int_equal(try_next(world.receiver), i);
        for (int i = 0; i < 3; i++)
            assert_int_equal(try_next(world.receiver), 0);
        channel_end(&world);
        assert_int_equal(world.drops, 0);
    }
}

static void a_close_ends_the_receivers_own_wait(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked receive;
        int item;

        channel_begin(&world, kind, 3);
        ask(world.core, &receive, eddy_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        eddy_receiver_close(world.receiver);
        asked_gave(world.core, &receive, 0);
        channel_end(&world);
    }
}

/* upstream: channel::drop_rx; unsync::mpsc_tx_err */
static void a_send_after_the_receiver_is_gone_fails(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int bounded = 0; bounded < 2; bounded++) {
            struct channel_world world;
            struct asked send;
            int item = 1;

            channel_begin(&world, kind, bounded != 0 ? 1 : EDDY_UNBOUNDED);
            channel_free_receiver(&world);
            assert_int_equal(try_send(world.sender, 1), EDDY_CLOSED);
            ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
            asked_gave(world.core, &send, EDDY_CLOSED);
            channel_end(&world);
            assert_int_equal(world.drops, 0);
        }
    }
}

/* upstream: unsync::send_unpark, mpsc-close::smoke */
static void a_receiver_that_goes_wakes_all_senders_with_an_error(void **state)
{
    enum { SENDERS = 40 }; /* more than are woken at a time */

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked sends[SENDERS];
        int item = 5;

        channel_begin(&world, kind, 1);
        assert_int_equal(try_send(world.sender, 3), 0);
        for (int i = 0; i < SENDERS; i++)
            ask(world.core, &sends[i], eddy_send(world.handle, world.sender, &item));
        channel_free_receiver(&world);
        for (int i = 0; i < SENDERS; i++)
            asked_gave(world.core, &sends[i], EDDY_CLOSED);
        channel_end(&world);
        assert_int_equal(world.dropped, 3); /* that item, once; the others are the callers' */
        assert_int_equal(world.drops, 1);
    }
}

/* upstream: mpsc-close::smoke (the producer stops when the consumer goes away) */
static void smoke_a_producer_ends_when_its_consumer_goes(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked produce;
        int sent = 0;

        channel_begin(&world, kind, 1);
        ask(world.core, &produce,
            eddy_box(world.handle, EDDY_FUTURE(send_row, .sender = world.sender, .first = 1,
                                               .last = 1000000, .sent = &sent)));
        world.sender = NULL;
        for (int i = 1; i <= 3; i++) {
            assert_int_equal(try_next(world.receiver), i);
            test_settle(world.core);
        }
        channel_free_receiver(&world);
        asked_gave(world.core, &produce, EDDY_CLOSED);
        assert_int_equal(sent, 4);
        channel_end(&world);
        assert_int_equal(world.dropped, 4);
    }
}

/* upstream: channel::drop_order */
static void
dropping_the_receiver_destroys_what_is_queued_and_refused_items_stay_the_callers(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int bounded = 0; bounded < 2; bounded++) {
            struct channel_world world;
            int sum = 0;

            channel_begin(&world, kind, bounded != 0 ? 700 : EDDY_UNBOUNDED);
            for (int i = 1; i <= 700; i++) {
                assert_int_equal(try_send(world.sender, i), 0);
                sum += i;
            }
            for (int i = 1; i <= 300; i++) {
                assert_int_equal(try_next(world.receiver), i);
                sum -= i;
            }
            channel_free_receiver(&world);
            assert_int_equal(world.drops, 400);
            assert_int_equal(world.dropped, sum);
            assert_int_equal(try_send(world.sender, 1000), EDDY_CLOSED);
            channel_end(&world);
            assert_int_equal(world.dropped, sum);
        }
    }
}

static void the_last_end_frees_the_channel_whichever_it_is(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int receiver_first = 0; receiver_first < 2; receiver_first++) {
            struct channel_world world;
            uint64_t bytes;

            channel_begin(&world, kind, 5);
            bytes = test_stats(world.core).heap_bytes;
            assert_int_equal(try_send(world.sender, 8), 0);
            if (receiver_first == 0)
                channel_free_sender(&world);
            channel_free_receiver(&world);
            assert_int_equal(world.dropped, 8);
            channel_free_sender(&world);
            assert_true(test_stats(world.core).heap_bytes <= bytes);
            channel_end(&world);
        }
    }
}

/* ---- hooks that use the channel they are called from ---- */

struct looping {
    eddy_sender *sender;
    int refused, drops;
};

static void send_again(void *arg, void *item)
{
    struct looping *self = arg;

    self->drops++;
    if (eddy_sender_try_send(self->sender, item) == EDDY_CLOSED)
        self->refused++;
    if (self->drops == 2) /* the item was the last that kept a sender */
        eddy_sender_free(self->sender);
}

/* upstream: pitfall "a hook is called under a lock" */
static void a_hook_may_use_the_channel_and_free_its_last_sender(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct looping looping = {0};
        eddy_core *core = test_core();
        eddy_channel_options options = {.size_bytes = sizeof options,
                                        .item_bytes = sizeof(int),
                                        .capacity = 2,
                                        .drop_item = send_again,
                                        .arg = &looping};
        eddy_receiver *receiver;

        assert_int_equal(
            eddy_channel_new(handle_of_kind(core, kind), &options, &looping.sender, &receiver), 0);
        assert_int_equal(try_send(looping.sender, 1), 0);
        assert_int_equal(try_send(looping.sender, 2), 0);
        eddy_receiver_free(receiver);
        assert_int_equal(looping.drops, 2);
        assert_int_equal(looping.refused, 2);
        test_core_end(core);
    }
}

/* ---- a proxy, as mpsc::spawn made one ---- */

struct pump {
    EDDY_FRAME;
    eddy_sender *sender;
    int next;
    int *ended;
    eddy_ticket ticket;
};
static void pump_done(struct pump *self)
{
    eddy_sender_free(self->sender);
    (*self->ended)++;
}
EDDY_ASYNC(pump, pump_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_sender_poll_send(self->sender, task, &self->ticket, &self->next));
            if (n < 0)
                break;
            self->next++;
        }
        EDDY_END(0);
}

/* upstream: mpsc::spawn_sends_items, unsync::spawn_sends_items */
static void spawn_sends_items_ahead_up_to_the_capacity(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        int ended = 0;

        channel_begin(&world, kind, 4);
        test_spawn(world.core, pump, .sender = world.sender, .next = 1, .ended = &ended);
        world.sender = NULL;
        for (int i = 1; i <= 100; i++) {
            test_settle(world.core);
            assert_int_equal(try_next(world.receiver), i);
        }
        test_settle(world.core);
        channel_end(&world);
        assert_int_equal(world.drops, 4);
    }
}

/* upstream: mpsc::spawn_kill_dead_stream, unsync::spawn_kill_dead_stream */
static void spawn_kill_dead_stream_by_dropping_its_receiver(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        int ended = 0;

        channel_begin(&world, kind, 4);
        test_spawn(world.core, pump, .sender = world.sender, .next = 1, .ended = &ended);
        world.sender = NULL;
        test_settle(world.core);
        assert_int_equal(ended, 0);
        channel_free_receiver(&world);
        test_settle(world.core);
        assert_int_equal(ended, 1);
        channel_end(&world);
    }
}

/* ---- with the loop ---- */

static void the_handles_may_be_freed_after_the_loop(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int bounded = 0; bounded < 2; bounded++) {
            struct channel_world world;
            struct asked send;
            int item = 99;

            channel_begin(&world, kind, bounded != 0 ? 100 : EDDY_UNBOUNDED);
            for (int i = 1; i <= 100; i++)
                assert_int_equal(try_send(world.sender, i), 0);
            ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
            test_core_end(world.core);
            eddy_join_free(send.join);
            for (int i = 1; i <= 50; i++)
                assert_int_equal(try_next(world.receiver), i);
            channel_free_sender(&world);
            channel_free_receiver(&world);
            assert_int_equal(world.drops, bounded != 0 ? 50 : 51);
        }
    }
}

static void an_unbounded_channel_of_a_loop_that_is_gone_takes_what_it_has_memory_for(void **state)
{
    struct channel_world world;
    int n = 0;

    (void)state;
    channel_begin(&world, ONE_LOOP, EDDY_UNBOUNDED);
    assert_int_equal(try_send(world.sender, 1), 0);
    test_core_end(world.core);
    for (int i = 0; n == 0 && i < 10000; i++)
        n = try_send(world.sender, 1);
    assert_int_equal(n, EDDY_LOOP_GONE);
    channel_free_sender(&world);
    channel_free_receiver(&world);
}

struct late_maker {
    EDDY_FRAME;
    eddy_handle *handle;
    struct test_gate gate;
    int *made;
};
static void late_maker_done(struct late_maker *self)
{
    eddy_channel_options options = {.size_bytes = sizeof options, .item_bytes = 1, .capacity = 1};
    eddy_sender *sender;
    eddy_receiver *receiver;

    *self->made = eddy_channel_new(self->handle, &options, &sender, &receiver);
}
EDDY_ASYNC(late_maker, late_maker_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(&self->gate, task));
        EDDY_END(n);
}

static void a_channel_cannot_be_made_of_a_loop_that_is_gone_by_a_done(void **state)
{
    eddy_core *core = test_core();
    int made = 1;

    (void)state;
    test_spawn(core, late_maker, .handle = eddy_core_handle(core), .made = &made);
    test_settle(core);
    test_core_end(core);
    assert_int_equal(made, EDDY_LOOP_GONE);
}

/* A thread-safe one might be sent to by another thread: then the loop waits. It ends when the
 * channel closes, which is shown elsewhere. */
static void waits_for_each_other_on_one_loop_are_a_deadlock(void **state)
{
    struct channel_world world;
    struct asked send;
    int item = 2;

    (void)state;
    channel_begin(&world, ONE_LOOP, 1);
    assert_int_equal(try_send(world.sender, 1), 0);
    ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
    assert_int_equal(eddy_core_run(world.core, eddy_send(world.handle, world.sender, &item)),
                     EDDY_DEADLOCK);
    asked_drop(&send);
    channel_end(&world);
}

static void a_cancelled_send_leaves_the_item_with_the_caller_and_its_turn_to_the_next(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked one, two;
        int items[2] = {2, 3};

        channel_begin(&world, kind, 1);
        assert_int_equal(try_send(world.sender, 1), 0);
        ask(world.core, &one, eddy_send(world.handle, world.sender, &items[0]));
        ask(world.core, &two, eddy_send(world.handle, world.sender, &items[1]));
        eddy_join_cancel(one.join, EDDY_FOREVER);
        asked_gave(world.core, &one, -ECANCELED);
        assert_int_equal(try_next(world.receiver), 1);
        asked_gave(world.core, &two, 0);
        assert_int_equal(try_next(world.receiver), 3);
        channel_end(&world);
        assert_int_equal(world.drops, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            after_close_what_is_queued_is_received_then_the_end_and_senders_are_refused),
        cmocka_unit_test(a_close_ends_the_receivers_own_wait),
        cmocka_unit_test(a_send_after_the_receiver_is_gone_fails),
        cmocka_unit_test(a_receiver_that_goes_wakes_all_senders_with_an_error),
        cmocka_unit_test(smoke_a_producer_ends_when_its_consumer_goes),
        cmocka_unit_test(
            dropping_the_receiver_destroys_what_is_queued_and_refused_items_stay_the_callers),
        cmocka_unit_test(the_last_end_frees_the_channel_whichever_it_is),
        cmocka_unit_test(a_hook_may_use_the_channel_and_free_its_last_sender),
        cmocka_unit_test(spawn_sends_items_ahead_up_to_the_capacity),
        cmocka_unit_test(spawn_kill_dead_stream_by_dropping_its_receiver),
        cmocka_unit_test(the_handles_may_be_freed_after_the_loop),
        cmocka_unit_test(an_unbounded_channel_of_a_loop_that_is_gone_takes_what_it_has_memory_for),
        cmocka_unit_test(a_channel_cannot_be_made_of_a_loop_that_is_gone_by_a_done),
        cmocka_unit_test(waits_for_each_other_on_one_loop_are_a_deadlock),
        cmocka_unit_test(a_cancelled_send_leaves_the_item_with_the_caller_and_its_turn_to_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
