/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_oneshot.c - one item from one sender to one receiver; each side sees the other one go. All
 * claims hold for both kinds.
 */
#include <stdlib.h>

#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle; /* of the loop */
    eddy_oneshot_sender *sender;
    eddy_oneshot_receiver *receiver;
    int dropped; /* sum of the items that drop_item destroyed */
};

static void drop_item(void *arg, void *item)
{
    ((struct world *)arg)->dropped += *(int *)item;
}

static void begin(struct world *self, int kind)
{
    eddy_oneshot_options options = {.size_bytes = sizeof options,
                                    .item_bytes = sizeof(int),
                                    .drop_item = drop_item,
                                    .arg = self};

    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(eddy_oneshot_new(handle_of_kind(self->core, kind), &options, &self->sender,
                                      &self->receiver),
                     0);
}

static void free_sender(struct world *self)
{
    eddy_oneshot_sender_free(self->sender);
    self->sender = NULL;
}

static void free_receiver(struct world *self)
{
    eddy_oneshot_receiver_free(self->receiver);
    self->receiver = NULL;
}

static void end(struct world *self)
{
    free_sender(self);
    free_receiver(self);
    test_core_end(self->core);
}

static int send_int(struct world *self, int value)
{
    return eddy_oneshot_send(self->sender, &value);
}

static void new_refuses_impossible_options(void **state)
{
    eddy_oneshot_options options = {.size_bytes = 1, .item_bytes = 4};
    eddy_oneshot_sender *sender = NULL;
    eddy_oneshot_receiver *receiver = NULL;

    (void)state;
    assert_int_equal(eddy_oneshot_new(NULL, &options, &sender, &receiver), -EINVAL);
    options = (eddy_oneshot_options){.size_bytes = sizeof options};
    assert_int_equal(eddy_oneshot_new(NULL, &options, &sender, &receiver), -EINVAL);
    options.item_bytes = SIZE_MAX - 4;
    assert_int_equal(eddy_oneshot_new(NULL, &options, &sender, &receiver), -EINVAL);
    assert_null(sender);
    assert_null(receiver);
}

/* upstream: all::smoke_oneshot, unsync-oneshot::smoke */
static void smoke_a_value_that_was_sent_is_received_before_or_after_the_poll(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive;
        int item = 0;

        begin(&world, kind);
        assert_int_equal(send_int(&world, 7), 0);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_gave(world.core, &receive, 1);
        assert_int_equal(item, 7);
        end(&world);

        begin(&world, kind);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        assert_int_equal(send_int(&world, 8), 0);
        asked_gave(world.core, &receive, 1);
        assert_int_equal(item, 8);
        end(&world);
        assert_int_equal(world.dropped, 0);
    }
}

/* upstream: all::smoke_oneshot (cancelled), unsync-oneshot::canceled */
static void a_sender_that_goes_without_sending_closes_and_wakes_the_receiver(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive;
        int item = 5;

        begin(&world, kind);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        free_sender(&world);
        asked_gave(world.core, &receive, EDDY_CLOSED);
        assert_int_equal(item, 5);
        end(&world);
    }
}

/* upstream: unsync-oneshot::tx_complete_rx_unparked, tx_dropped_rx_unparked */
static void sending_wakes_the_receiver_once(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive;
        int item;

        begin(&world, kind);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        receive.polls = 0;
        assert_int_equal(send_int(&world, 1), 0);
        free_sender(&world);
        if (getenv("EDDY_SEED") == NULL) {
            test_settle(world.core);
            assert_int_equal(receive.polls, 1);
        }
        asked_gave(world.core, &receive, 1);
        end(&world);
    }
}

/* upstream: oneshot::smoke_poll, unsync-oneshot::poll_cancel */
static void closed_is_told_again_at_every_poll(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked closed;

        begin(&world, kind);
        ask(world.core, &closed, eddy_oneshot_closed(world.handle, world.sender));
        asked_waits(world.core, &closed);
        asked_drop(&closed);
        assert_false(eddy_oneshot_is_closed(world.sender));
        free_receiver(&world);
        for (int i = 0; i < 3; i++) {
            ask(world.core, &closed, eddy_oneshot_closed(world.handle, world.sender));
            asked_gave(world.core, &closed, 0);
            assert_true(eddy_oneshot_is_closed(world.sender));
        }
        end(&world);
    }
}

/* upstream: oneshot::cancel_notifies, oneshot::close_wakes */
static void the_receivers_end_and_its_close_wake_the_sender(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked closed;

        begin(&world, kind);
        ask(world.core, &closed, eddy_oneshot_closed(world.handle, world.sender));
        free_receiver(&world);
        asked_gave(world.core, &closed, 0);
        end(&world);

        begin(&world, kind);
        ask(world.core, &closed, eddy_oneshot_closed(world.handle, world.sender));
        eddy_oneshot_close(world.receiver);
        asked_gave(world.core, &closed, 0);
        end(&world);
    }
}

/* upstream: oneshot::close */
static void after_close_the_receiver_gets_closed_and_the_sender_is_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive;
        int item;

        begin(&world, kind);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        eddy_oneshot_close(world.receiver);
        asked_gave(world.core, &receive, EDDY_CLOSED);
        assert_int_equal(send_int(&world, 3), EDDY_CLOSED);
        assert_int_equal(eddy_oneshot_try_receive(world.receiver, &item), EDDY_CLOSED);
        end(&world);
        assert_int_equal(world.dropped, 0); /* it was the caller's still */
    }
}

static void an_item_sent_before_the_close_is_received(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive;
        int item = 0;

        begin(&world, kind);
        assert_int_equal(send_int(&world, 3), 0);
        eddy_oneshot_close(world.receiver);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_gave(world.core, &receive, 1);
        assert_int_equal(item, 3);
        end(&world);
        assert_int_equal(world.dropped, 0);
    }
}

/* upstream: oneshot::is_canceled, unsync-oneshot::is_canceled */
static void is_closed_tells_whether_sending_would_fail(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;

        begin(&world, kind);
        assert_false(eddy_oneshot_is_closed(world.sender));
        free_receiver(&world);
        assert_true(eddy_oneshot_is_closed(world.sender));
        assert_int_equal(send_int(&world, 1), EDDY_CLOSED);
        end(&world);
        assert_int_equal(world.dropped, 0);
    }
}

static void try_receive_tells_not_yet_the_item_and_closed(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        int item = 0;

        begin(&world, kind);
        assert_int_equal(eddy_oneshot_try_receive(world.receiver, &item), -EAGAIN);
        assert_int_equal(send_int(&world, 9), 0);
        free_sender(&world);
        assert_int_equal(eddy_oneshot_try_receive(world.receiver, &item), 1);
        assert_int_equal(item, 9);
        assert_int_equal(eddy_oneshot_try_receive(world.receiver, &item), EDDY_CLOSED);
        end(&world);

        begin(&world, kind);
        free_sender(&world);
        assert_int_equal(eddy_oneshot_try_receive(world.receiver, &item), EDDY_CLOSED);
        end(&world);
    }
}

static void an_item_that_nobody_receives_is_destroyed_once(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int order = 0; order < 2; order++) {
            struct world world;

            begin(&world, kind);
            assert_int_equal(send_int(&world, 11), 0);
            if (order == 0)
                free_sender(&world);
            free_receiver(&world);
            assert_int_equal(world.dropped, 11);
            end(&world);
            assert_int_equal(world.dropped, 11);
        }
    }
}

/* The window between the wake and the poll: the item stays where it is. */
static void a_receive_that_is_woken_and_dropped_leaves_the_item(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive;
        int item = 0;

        begin(&world, kind);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        assert_int_equal(send_int(&world, 4), 0);
        asked_drop(&receive);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_gave(world.core, &receive, 1);
        assert_int_equal(item, 4);
        end(&world);
    }
}

static void a_cancelled_receive_can_be_polled_again(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive;
        int item = 0;

        begin(&world, kind);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        eddy_join_cancel(receive.join, EDDY_FOREVER);
        asked_gave(world.core, &receive, -ECANCELED);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        assert_int_equal(send_int(&world, 4), 0);
        asked_gave(world.core, &receive, 1);
        end(&world);
    }
}

/* upstream: oneshot::spawn_sends_items; spawn_kill_dead_stream;
 * spawn_dont_kill_forgot_dead_stream. What oneshot::spawn made is here a task that watches
 * whether anybody waits for its answer. */
struct worker {
    EDDY_FRAME;
    struct test_gate *gate;
    eddy_oneshot_sender *sender;
    bool forgotten;
    int answer;
    int *ended;
};

static void worker_done(struct worker *self)
{
    eddy_oneshot_sender_free(self->sender);
    (*self->ended)++;
}

static eddy_result worker_wait(struct worker *self, eddy_task *task)
{
    if (!self->forgotten && eddy_oneshot_poll_closed(self->sender, task) != EDDY_PENDING)
        return EDDY_CLOSED;
    return test_gate_poll(self->gate, task);
}

EDDY_ASYNC(worker, worker_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, worker_wait(self, task));
        if (n == EDDY_CLOSED)
            EDDY_RETURN(0);
        n = eddy_oneshot_send(self->sender, &self->answer);
        EDDY_END(self->forgotten ? 0 : n);
}

static void spawn_sends_items(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct test_gate gate = {0};
        struct asked receive;
        int item = 0, ended = 0;

        begin(&world, kind);
        test_spawn(world.core, worker, .gate = &gate, .sender = world.sender, .answer = 42,
                   .ended = &ended);
        world.sender = NULL;
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &receive);
        test_gate_open(&gate, 1);
        asked_gave(world.core, &receive, 1);
        assert_int_equal(item, 42);
        assert_int_equal(ended, 1);
        end(&world);
    }
}

static void spawn_kill_dead_stream(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct test_gate gate = {0};
        int ended = 0;

        begin(&world, kind);
        test_spawn(world.core, worker, .gate = &gate, .sender = world.sender, .ended = &ended);
        world.sender = NULL;
        test_settle(world.core);
        assert_int_equal(ended, 0);
        free_receiver(&world); /* nobody wants the answer: the work ends early */
        test_settle(world.core);
        assert_int_equal(ended, 1);
        end(&world);
    }
}

static void spawn_dont_kill_forgot_dead_stream(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct test_gate gate = {0};
        int ended = 0;

        begin(&world, kind);
        test_spawn(world.core, worker, .gate = &gate, .sender = world.sender, .forgotten = true,
                   .ended = &ended);
        world.sender = NULL;
        test_settle(world.core);
        free_receiver(&world);
        test_settle(world.core);
        assert_int_equal(ended, 0);
        test_gate_open(&gate, 1);
        test_settle(world.core);
        assert_int_equal(ended, 1);
        end(&world);
    }
}

/* upstream: oneshot::cancel_lots, here without threads (test_threads.c has those) */
static void twenty_thousand_closed_one_after_the_other_all_wake_their_sender(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        eddy_core *core = test_core();
        eddy_oneshot_options options = {.size_bytes = sizeof options, .item_bytes = 1};

        for (int i = 0; i < 20000; i++) {
            eddy_oneshot_sender *sender;
            eddy_oneshot_receiver *receiver;
            struct asked closed;

            assert_int_equal(
                eddy_oneshot_new(handle_of_kind(core, kind), &options, &sender, &receiver), 0);
            ask_later(core, &closed, eddy_oneshot_closed(eddy_core_handle(core), sender));
            if (i % 2 == 0)
                test_turn(core);
            eddy_oneshot_receiver_free(receiver);
            asked_gave(core, &closed, 0);
            eddy_oneshot_sender_free(sender);
        }
        test_core_end(core);
    }
}

static void the_handles_may_be_freed_after_the_loop(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked receive, closed;
        int item;

        begin(&world, kind);
        ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
        ask(world.core, &closed, eddy_oneshot_closed(world.handle, world.sender));
        test_core_end(world.core);
        eddy_join_free(receive.join);
        eddy_join_free(closed.join);
        assert_int_equal(send_int(&world, 6), 0);
        free_sender(&world);
        free_receiver(&world);
        assert_int_equal(world.dropped, 6);
    }
}

static void waits_of_one_loop_alone_are_a_deadlock(void **state)
{
    struct world world;
    int item;

    (void)state;
    begin(&world, ONE_LOOP);
    assert_int_equal(
        eddy_core_run(world.core, eddy_oneshot_receive(world.handle, world.receiver, &item)),
        EDDY_DEADLOCK);
    end(&world);
}

/* ---- misuse ---- */

static void send_twice(void *arg)
{
    struct world world;

    (void)arg;
    begin(&world, ONE_LOOP);
    (void)send_int(&world, 1);
    (void)send_int(&world, 2);
}

static void block_on_one_of_a_loop(void *arg)
{
    struct world world;
    int item;

    (void)arg;
    begin(&world, ONE_LOOP);
    (void)!eddy_oneshot_wait_receive(world.receiver, &item);
}

static void receive_twice_at_a_time(void *arg)
{
    struct world world;
    struct asked one, two;
    int item;

    begin(&world, *(int *)arg);
    ask(world.core, &one, eddy_oneshot_receive(world.handle, world.receiver, &item));
    ask(world.core, &two, eddy_oneshot_receive(world.handle, world.receiver, &item));
}

static void free_while_a_task_waits(void *arg)
{
    struct world world;
    struct asked receive;
    int item;

    begin(&world, *(int *)arg);
    ask(world.core, &receive, eddy_oneshot_receive(world.handle, world.receiver, &item));
    free_receiver(&world);
}

static void poll_from_another_loop(void *arg)
{
    struct world world;
    struct asked receive;
    eddy_core *other = test_core();
    int item;

    (void)arg;
    begin(&world, ONE_LOOP);
    ask(other, &receive, eddy_oneshot_receive(eddy_core_handle(other), world.receiver, &item));
}

static void misuse_is_asserted(void **state)
{
    int kind = ONE_LOOP;

    (void)state;
    assert_dies(send_twice, NULL, "eddy_oneshot_send: it was sent already");
    assert_dies(block_on_one_of_a_loop, NULL, "eddy_oneshot_wait_receive blocks the thread");
    assert_dies(receive_twice_at_a_time, &kind, "two tasks would wait for oneshot: receive");
    assert_dies(free_while_a_task_waits, &kind, "eddy_oneshot_receiver_free: 1 still wait");
    kind = THREAD_SAFE;
    assert_dies(receive_twice_at_a_time, &kind, "two tasks would wait for oneshot: receive");
    assert_dies(free_while_a_task_waits, &kind, "eddy_oneshot_receiver_free: 1 still wait");
    assert_dies(poll_from_another_loop, NULL, "made with the handle of another loop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses_impossible_options),
        cmocka_unit_test(smoke_a_value_that_was_sent_is_received_before_or_after_the_poll),
        cmocka_unit_test(a_sender_that_goes_without_sending_closes_and_wakes_the_receiver),
        cmocka_unit_test(sending_wakes_the_receiver_once),
        cmocka_unit_test(closed_is_told_again_at_every_poll),
        cmocka_unit_test(the_receivers_end_and_its_close_wake_the_sender),
        cmocka_unit_test(after_close_the_receiver_gets_closed_and_the_sender_is_refused),
        cmocka_unit_test(an_item_sent_before_the_close_is_received),
        cmocka_unit_test(is_closed_tells_whether_sending_would_fail),
        cmocka_unit_test(try_receive_tells_not_yet_the_item_and_closed),
        cmocka_unit_test(an_item_that_nobody_receives_is_destroyed_once),
        cmocka_unit_test(a_receive_that_is_woken_and_dropped_leaves_the_item),
        cmocka_unit_test(a_cancelled_receive_can_be_polled_again),
        cmocka_unit_test(spawn_sends_items),
        cmocka_unit_test(spawn_kill_dead_stream),
        cmocka_unit_test(spawn_dont_kill_forgot_dead_stream),
        cmocka_unit_test(twenty_thousand_closed_one_after_the_other_all_wake_their_sender),
        cmocka_unit_test(the_handles_may_be_freed_after_the_loop),
        cmocka_unit_test(waits_of_one_loop_alone_are_a_deadlock),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
