/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_channel_line.c - the line of senders that wait for room: first come, first served, nobody is
 * woken in vain, and room that was waited for can be kept. All claims hold for both kinds.
 */
#include <stdlib.h>

#include "channels.h"

enum { SENDERS = 5 };

static void senders_are_served_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked sends[SENDERS];
        int items[SENDERS];

        channel_begin(&world, kind, 1);
        assert_int_equal(try_send(world.sender, 100), 0);
        for (int i = 0; i < SENDERS; i++) {
            items[i] = i + 1;
            ask(world.core, &sends[i], eddy_send(world.handle, world.sender, &items[i]));
            asked_waits(world.core, &sends[i]);
        }
        assert_int_equal(try_next(world.receiver), 100);
        for (int i = 0; i < SENDERS; i++) {
            asked_gave(world.core, &sends[i], 0);
            assert_int_equal(try_next(world.receiver), i + 1);
        }
        channel_end(&world);
    }
}

static void a_newcomer_does_not_overtake_those_in_line(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked send;
        int item = 2;

        channel_begin(&world, kind, 1);
        assert_int_equal(try_send(world.sender, 1), 0);
        ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
        asked_waits(world.core, &send);
        assert_int_equal(try_next(world.receiver), 1);
        assert_int_equal(try_send(world.sender, 3), -EAGAIN); /* the room is promised */
        asked_gave(world.core, &send, 0);
        assert_int_equal(try_next(world.receiver), 2);
        assert_int_equal(try_send(world.sender, 3), 0);
        channel_end(&world);
        assert_int_equal(world.dropped, 3);
    }
}

/* Receiving two items wakes two senders at once, not one after the other. */
static void as_many_senders_as_there_is_room_for_are_woken_in_one_turn(void **state)
{
    (void)state;
    if (getenv("EDDY_SEED") != NULL)
        return; /* by chance their polls may come later */
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked sends[SENDERS];
        int items[SENDERS] = {0};

        channel_begin(&world, kind, SENDERS);
        for (int i = 0; i < SENDERS; i++)
            assert_int_equal(try_send(world.sender, i + 1), 0);
        for (int i = 0; i < SENDERS; i++)
            ask(world.core, &sends[i], eddy_send(world.handle, world.sender, &items[i]));
        for (int i = 0; i < SENDERS - 1; i++)
            assert_int_equal(try_next(world.receiver), i + 1);
        assert_int_equal(test_turn(world.core), SENDERS - 1);
        asked_waits(world.core, &sends[SENDERS - 1]);
        for (int i = 0; i < SENDERS; i++)
            asked_drop(&sends[i]);
        channel_end(&world);
    }
}

/* upstream: sink::mpsc_blocking_start_send (wakes exactly once when freed) */
static void room_wakes_a_sender_exactly_once(void **state)
{
    (void)state;
    if (getenv("EDDY_SEED") != NULL)
        return; /* by chance it is polled more often */
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked send;
        int item = 2;

        channel_begin(&world, kind, 1);
        assert_int_equal(try_send(world.sender, 1), 0);
        ask(world.core, &send, eddy_send(world.handle, world.sender, &item));
        assert_int_equal(send.polls, 1);
        test_settle(world.core);
        assert_int_equal(send.polls, 1);
        assert_int_equal(try_next(world.receiver), 1);
        test_settle(world.core);
        assert_int_equal(send.polls, 2);
        asked_gave(world.core, &send, 0);
        channel_end(&world);
    }
}

/* ---- poll_ready ---- */

struct reserve {
    EDDY_FRAME;
    eddy_sender *sender;
    struct test_gate *gate; /* between being ready and sending; NULL: none */
    bool change_of_mind;
    int item;
    int *ready;
    eddy_ticket ticket;
};
EDDY_ASYNC(reserve, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_sender_poll_ready(self->sender, task, &self->ticket));
        if (n < 0)
            EDDY_RETURN(n);
        (*self->ready)++;
        if (self->gate != NULL)
            EDDY_POLL(n, test_gate_poll(self->gate, task));
        if (self->change_of_mind) {
            eddy_ticket_leave(&self->ticket);
            EDDY_RETURN(0);
        }
        EDDY_POLL(n, eddy_sender_poll_send(self->sender, task, &self->ticket, &self->item));
        EDDY_END(n);
}

static eddy_future *reserve_of(struct channel_world *world, struct test_gate *gate, int item,
                               int *ready)
{
    return eddy_box(world->handle, EDDY_FUTURE(reserve, .sender = world->sender, .gate = gate,
                                               .item = item, .ready = ready));
}

/* upstream: mpsc::stress_poll_ready (capacities 0, 1, 8, 16; 0 is an error here) */
static void after_ready_a_send_does_not_wait_whatever_others_do(void **state)
{
    static const uint32_t capacities[] = {1, 8, 16};

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t c = 0; c < 3; c++) {
            struct channel_world world;
            struct test_gate gate = {0};
            struct asked send;
            int ready = 0;

            channel_begin(&world, kind, capacities[c]);
            for (uint32_t i = 1; i < capacities[c]; i++)
                assert_int_equal(try_send(world.sender, 1), 0);
            ask(world.core, &send, reserve_of(&world, &gate, 77, &ready));
            assert_int_equal(ready, 1);
            for (int i = 0; i < 3; i++)
                assert_int_equal(try_send(world.sender, 1), -EAGAIN);
            test_gate_open(&gate, 0);
            asked_gave(world.core, &send, 0);
            for (uint32_t i = 1; i < capacities[c]; i++)
                assert_int_equal(try_next(world.receiver), 1);
            assert_int_equal(try_next(world.receiver), 77);
            channel_end(&world);
        }
    }
}

static void room_that_is_kept_is_given_back_by_drop_and_by_leaving(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct test_gate gate = {0};
        struct asked one, two, three;
        int ready = 0, item = 9;

        channel_begin(&world, kind, 1);
        ask(world.core, &one, reserve_of(&world, &gate, 77, &ready));
        ask(world.core, &two, reserve_of(&world, NULL, 78, &ready));
        ask(world.core, &three, eddy_send(world.handle, world.sender, &item));
        assert_int_equal(ready, 1);
        asked_drop(&one);
        asked_gave(world.core, &two, 0);
        assert_int_equal(try_next(world.receiver), 78);
        asked_gave(world.core, &three, 0);
        assert_int_equal(try_next(world.receiver), 9);

        ask(world.core, &one,
            eddy_box(world.handle, EDDY_FUTURE(reserve, .sender = world.sender, .ready = &ready,
                                               .change_of_mind = true)));
        asked_gave(world.core, &one, 0);
        assert_int_equal(try_send(world.sender, 5), 0);
        channel_end(&world);
    }
}

static void ready_is_told_again_and_keeps_room_once(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct asked again;
        int ready = 0;

        channel_begin(&world, kind, 2);
        ask(world.core, &again, reserve_of(&world, NULL, 1, &ready));
        asked_gave(world.core, &again, 0);
        ask(world.core, &again, reserve_of(&world, NULL, 2, &ready));
        asked_gave(world.core, &again, 0);
        assert_int_equal(try_send(world.sender, 3), -EAGAIN);
        assert_int_equal(try_next(world.receiver), 1);
        assert_int_equal(try_next(world.receiver), 2);
        channel_end(&world);
    }
}

static void ready_waits_in_line_and_hears_of_the_close(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct channel_world world;
        struct test_gate gate = {0};
        struct asked waits, holds;
        int ready = 0;

        channel_begin(&world, kind, 2);
        assert_int_equal(try_send(world.sender, 3), 0);
        ask(world.core, &holds, reserve_of(&world, &gate, 1, &ready));
        ask(world.core, &waits, reserve_of(&world, &gate, 1, &ready));
        asked_waits(world.core, &waits);
        assert_int_equal(ready, 1);
        eddy_receiver_close(world.receiver);
        asked_gave(world.core, &waits, EDDY_CLOSED);
        test_gate_open(&gate, 0);
        asked_gave(world.core, &holds, EDDY_CLOSED);
        channel_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(senders_are_served_in_the_order_in_which_they_came),
        cmocka_unit_test(a_newcomer_does_not_overtake_those_in_line),
        cmocka_unit_test(as_many_senders_as_there_is_room_for_are_woken_in_one_turn),
        cmocka_unit_test(room_wakes_a_sender_exactly_once),
        cmocka_unit_test(after_ready_a_send_does_not_wait_whatever_others_do),
        cmocka_unit_test(room_that_is_kept_is_given_back_by_drop_and_by_leaving),
        cmocka_unit_test(ready_is_told_again_and_keeps_room_once),
        cmocka_unit_test(ready_waits_in_line_and_hears_of_the_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
