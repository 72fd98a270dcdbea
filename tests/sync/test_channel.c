/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_channel.c - items through a channel: all, in order, and no more at a time than its capacity.
 * All claims hold for both kinds.
 */
#include <string.h>

#include "channels.h"
#include "reactor/core.h"
#include "support/death.h"

enum { ITEMS = 20 };

static void new_refuses_impossible_options(void **state)
{
    eddy_channel_options options = {.size_bytes = 3, .item_bytes = 4, .capacity = 1};
    eddy_sender *sender = NULL;
    eddy_receiver *receiver = NULL;

    (void)state;
    assert_int_equal(eddy_channel_new(NULL, &options, &sender, &receiver), -EINVAL);
    options = (eddy_channel_options){.size_bytes = sizeof options, .item_bytes = 4};
    assert_int_equal(eddy_channel_new(NULL, &options, &sender, &receiver), -EINVAL);
    options = (eddy_channel_options){.size_bytes = sizeof options, .capacity = 1};
    assert_int_equal(eddy_channel_new(NULL, &options, &sender, &receiver), -EINVAL);
    options.item_bytes = SIZE_MAX / 4;
    options.capacity = 100;
    assert_int_equal(eddy_channel_new(NULL, &options, &sender, &receiver), -EINVAL);
    assert_null(sender);
    assert_null(receiver);
}

/* upstream: channel::sequence; mpsc::send_recv; unsync::mpsc_send_recv */
static void sequence_of_items_arrives_in_order_through_capacity_one(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked receive;
        int items[ITEMS] = {0};

        channel_begin(&world, kind, 1);
        test_spawn(world.core, send_row, .sender = world.sender, .first = 1, .last = ITEMS);
        world.sender = NULL;
        ask(world.core, &receive,
            eddy_box(world.handle,
                     EDDY_FUTURE(receive_row, .receiver = world.receiver, .items = items)));
        asked_gave(world.core, &receive, ITEMS);
        for (int i = 0; i < ITEMS; i++)
            assert_int_equal(items[i], i + 1);
        channel_end(&world);
        assert_int_equal(world.drops, 0);
    }
}

/* upstream: mpsc::send_shared_recv; unsync::mpsc_tx_clone_weak_rc, unsync::mpsc_rx_end */
static void the_end_comes_after_the_last_of_several_senders(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        eddy_sender *second;
        struct asked receive;
        int item = 0;

        channel_begin(&world, kind, 4);
        second = eddy_sender_retain(world.sender);
        assert_int_equal(try_send(second, 1), 0);
        assert_int_equal(try_send(world.sender, 2), 0);
        channel_free_sender(&world);
        assert_int_equal(try_next(world.receiver), 1);
        assert_int_equal(try_next(world.receiver), 2);
        ask(world.core, &receive, eddy_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        eddy_sender_free(second);
        asked_gave(world.core, &receive, 0);
        channel_end(&world);
    }
}

/* upstream: channel::drop_sender; mpsc::tx_close_gets_none;
 * unsync::dropped_sender_of_unused_channel_ notifies_receiver (both orders) */
static void dropped_sender_ends_the_receiver_polled_before_or_after_and_again(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int first = 0; first < 2; first++) {
            struct channel_world world;
            struct asked receive;
            int item = 0;

            channel_begin(&world, kind, 1);
            if (first == 0)
                channel_free_sender(&world);
            ask(world.core, &receive, eddy_receive(world.handle, world.receiver, &item));
            channel_free_sender(&world);
            asked_gave(world.core, &receive, 0);
            for (int again = 0; again < 3; again++) {
                ask(world.core, &receive, eddy_receive(world.handle, world.receiver, &item));
                asked_gave(world.core, &receive, 0);
                assert_int_equal(try_next(world.receiver), 0);
            }
            channel_end(&world);
        }
    }
}

/* upstream: unsync::mpsc_rx_notready, unsync::recv_unpark */
static void an_item_wakes_the_receiver_that_waits(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked receive;
        int item = 0;

        channel_begin(&world, kind, 1);
        assert_int_equal(try_next(world.receiver), -EAGAIN);
        ask(world.core, &receive, eddy_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        assert_int_equal(try_send(world.sender, 6), 0);
        asked_gave(world.core, &receive, 1);
        assert_int_equal(item, 6);
        channel_end(&world);
    }
}

/* upstream: mpsc::bounded_is_really_bounded, mpsc::send_recv_no_buffer (capacity 0 is an error
 * here: the smallest is 1, and exactly 1), unsync::mpsc_tx_notready, unsync::mpsc_backpressure */
static void bounded_is_really_bounded_to_exactly_its_capacity(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (uint32_t capacity = 1; capacity <= 17; capacity++) {
            struct channel_world world;
            struct asked send;
            eddy_sender *more[3];
            int late = 1000;

            channel_begin(&world, kind, capacity);
            for (int i = 0; i < 3; i++) /* more senders make no more room */
                more[i] = eddy_sender_retain(world.sender);
            for (uint32_t i = 0; i < capacity; i++)
                assert_int_equal(try_send(more[i % 3], (int)i + 1), 0);
            assert_int_equal(try_send(world.sender, 99), -EAGAIN);
            ask(world.core, &send, eddy_send(world.handle, world.sender, &late));
            asked_waits(world.core, &send);
            assert_int_equal(try_next(world.receiver), 1);
            asked_gave(world.core, &send, 0);
            assert_int_equal(try_send(more[0], 99), -EAGAIN);
            for (uint32_t i = 1; i < capacity; i++)
                assert_int_equal(try_next(world.receiver), (int)i + 1);
            assert_int_equal(try_next(world.receiver), 1000);
            assert_int_equal(try_next(world.receiver), -EAGAIN);
            for (int i = 0; i < 3; i++)
                eddy_sender_free(more[i]);
            channel_end(&world);
        }
    }
}

/* upstream: mpsc::try_send_1, try_send_2, try_send_fail */
static void try_send_takes_room_refuses_and_takes_again(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;

        channel_begin(&world, kind, 2);
        for (int round = 1; round < 1000; round += 3) {
            assert_int_equal(try_send(world.sender, round), 0);
            assert_int_equal(try_send(world.sender, round + 1), 0);
            assert_int_equal(try_send(world.sender, round + 2), -EAGAIN);
            assert_int_equal(try_next(world.receiver), round);
            assert_int_equal(try_send(world.sender, round + 2), 0);
            assert_int_equal(try_next(world.receiver), round + 1);
            assert_int_equal(try_next(world.receiver), round + 2);
        }
        channel_free_receiver(&world);
        assert_int_equal(try_send(world.sender, 1), EDDY_CLOSED);
        channel_end(&world);
    }
}

/* upstream: unsync::unbounded; mpsc::unbounded of the inventory */
static void unbounded_never_waits_and_keeps_the_order(void **state)
{
    enum { MANY = 5000 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked send;
        int item = MANY + 1;

        channel_begin(&world, kind, EDDY_UNBOUNDED);
        for (int i = 1; i <= MANY; i++)
            assert_int_equal(try_send(world.sender, i), 0);
        ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
        asked_gave(world.core, &send, 0);
        for (int i = 1; i <= MANY + 1; i++)
            assert_int_equal(try_next(world.receiver), i);
        assert_int_equal(try_next(world.receiver), -EAGAIN);
        channel_end(&world);
    }
}

static void unbounded_of_a_steady_length_allocates_nothing(void **state)
{
    struct channel_world world;
    uint64_t calls;

    (void)state;
    channel_begin(&world, ONE_LOOP, EDDY_UNBOUNDED);
    for (int i = 1; i <= 500; i++)
        assert_int_equal(try_send(world.sender, i), 0);
    for (int i = 1; i <= 1000; i++) {
        assert_int_equal(try_next(world.receiver), i);
        assert_int_equal(try_send(world.sender, 500 + i), 0);
    }
    calls = test_stats(world.core).heap_calls;
    for (int i = 1001; i <= 10000; i++) {
        assert_int_equal(try_next(world.receiver), i);
        assert_int_equal(try_send(world.sender, 500 + i), 0);
    }
    assert_in_range(test_stats(world.core).heap_calls - calls, 0, 1);
    channel_end(&world);
}

/* ---- items of other sizes, moving the receiver ---- */

static void items_of_any_size_keep_their_bytes(void **state)
{
    static const size_t sizes[] = {1, 3, 8, 24, 1000, 1008, 1009, 70000};
    static unsigned char in[70000], out[70000];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int bounded = 0; bounded < 2; bounded++) {
            eddy_channel_options options = {.size_bytes = sizeof options,
                                            .item_bytes = sizes[i],
                                            .capacity = bounded != 0 ? 5 : EDDY_UNBOUNDED};
            eddy_sender *sender;
            eddy_receiver *receiver;

            assert_int_equal(eddy_channel_new(NULL, &options, &sender, &receiver), 0);
            for (int round = 0; round < 12; round++) {
                memset(in, round + 1, sizes[i]);
                assert_int_equal(eddy_sender_try_send(sender, in), 0);
                if (round < 3)
                    continue;
                assert_int_equal(eddy_receiver_try_next(receiver, out), 1);
                memset(in, round - 2, sizes[i]);
                assert_memory_equal(out, in, sizes[i]);
            }
            eddy_sender_free(sender);
            eddy_receiver_free(receiver);
        }
    }
}

/* upstream: mpsc::stress_receiver_multi_task_bounded_hard, here between tasks (test_threads.c
 * has the one between threads) */
static void a_receiver_handed_from_task_to_task_loses_nothing(void **state)
{
    enum { ROUNDS = 50, EACH = 7 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        int next = 1;

        channel_begin(&world, kind, 3);
        test_spawn(world.core, send_row, .sender = world.sender, .first = 1, .last = ROUNDS * EACH);
        world.sender = NULL;
        for (int round = 0; round < ROUNDS; round++) {
            struct asked receive;
            int items[EACH] = {0};

            ask_later(world.core, &receive,
                      eddy_box(world.handle, EDDY_FUTURE(receive_row, .receiver = world.receiver,
                                                         .items = items, .most = EACH)));
            asked_gave(world.core, &receive, EACH);
            for (int i = 0; i < EACH; i++)
                assert_int_equal(items[i], next++);
        }
        assert_int_equal(try_next(world.receiver), 0);
        channel_end(&world);
    }
}

/* ---- fairness ---- */

static void a_task_that_only_sends_lets_others_run(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct test_trace trace = {0};
        int sent = 0;

        channel_begin(&world, kind, EDDY_UNBOUNDED);
        test_spawn(world.core, send_row, .sender = eddy_sender_retain(world.sender), .first = 1,
                   .last = 100000, .sent = &sent);
        test_spawn(world.core, test_value, .trace = &trace);
        test_turn(world.core);
        assert_int_equal(trace.dones, 1);
        assert_in_range(sent, 0, 128);
        test_settle(world.core);
        assert_int_equal(sent, 100000);
        channel_end(&world);
        assert_int_equal(world.drops, 100000);
    }
}

/* ---- misuse ---- */

static void send_with_one_ticket_on_two_channels(void *arg)
{
    struct channel_world world, other;
    struct send_row row;

    (void)arg;
    channel_begin(&world, ONE_LOOP, 1);
    channel_begin(&other, ONE_LOOP, 1);
    other.sender = world.sender;
    row = EDDY_INIT(send_row, .sender = world.sender, .first = 1, .last = 3);
    row.ticket.line = (void *)&other; /* as if it stood in another line */
    test_spawn_future(world.core, &row.frame, __FILE__, __LINE__);
    test_settle(world.core);
}

static void use_from_a_thread_that_is_not_the_loops(void *arg)
{
    struct channel_world world;

    (void)arg;
    channel_begin(&world, ONE_LOOP, 1);
    test_settle(world.core);
    world.core->owner.token++; /* as if another thread had run it */
    (void)try_send(world.sender, 1);
}

static void free_the_last_sender_while_a_task_sends(void *arg)
{
    struct channel_world world;
    struct asked send;
    int item = 1;

    channel_begin(&world, *(int *)arg, 1);
    (void)try_send(world.sender, 1);
    ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
    channel_free_sender(&world);
}

static void free_the_receiver_while_a_task_receives(void *arg)
{
    struct channel_world world;
    struct asked receive;
    int item;

    channel_begin(&world, *(int *)arg, 1);
    ask(world.core, &receive, eddy_receive(world.handle, world.receiver, &item));
    channel_free_receiver(&world);
}

static void block_on_a_loops_own(void *arg)
{
    struct channel_world world;
    int item = 1;

    channel_begin(&world, ONE_LOOP, 1);
    if (*(int *)arg == 0)
        (void)!eddy_sender_wait_send(world.sender, &item);
    else
        (void)!eddy_receiver_wait_next(world.receiver, &item);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(send_with_one_ticket_on_two_channels, NULL, "one ticket for two waits at a time");
    assert_dies(use_from_a_thread_that_is_not_the_loops, NULL,
                "eddy_channel is called off the loop's thread");
    for (int kind = 0; kind < KINDS; kind++) {
        assert_dies(free_the_last_sender_while_a_task_sends, &kind,
                    "eddy_sender_free: the last sender: 1 still wait");
        assert_dies(free_the_receiver_while_a_task_receives, &kind,
                    "eddy_receiver_free: 1 still wait");
    }
    assert_dies(block_on_a_loops_own, &(int){0}, "eddy_sender_wait_send blocks the thread");
    assert_dies(block_on_a_loops_own, &(int){1}, "eddy_receiver_wait_next blocks the thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses_impossible_options),
        cmocka_unit_test(sequence_of_items_arrives_in_order_through_capacity_one),
        cmocka_unit_test(the_end_comes_after_the_last_of_several_senders),
        cmocka_unit_test(dropped_sender_ends_the_receiver_polled_before_or_after_and_again),
        cmocka_unit_test(an_item_wakes_the_receiver_that_waits),
        cmocka_unit_test(bounded_is_really_bounded_to_exactly_its_capacity),
        cmocka_unit_test(try_send_takes_room_refuses_and_takes_again),
        cmocka_unit_test(unbounded_never_waits_and_keeps_the_order),
        cmocka_unit_test(unbounded_of_a_steady_length_allocates_nothing),
        cmocka_unit_test(items_of_any_size_keep_their_bytes),
        cmocka_unit_test(a_receiver_handed_from_task_to_task_loses_nothing),
        cmocka_unit_test(a_task_that_only_sends_lets_others_run),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
