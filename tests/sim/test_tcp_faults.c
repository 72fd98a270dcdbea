/* SPDX-License-Identifier: MIT */
/*
 * Tests of simulated connections under faults, each made by hand: cuts, loss, crashes, pauses,
 * stalls, resets. When each is noticed is part of the claim.
 */
#include "two_hosts.h"

/* 200 ms doubled up to 120 s, 15 times sent again, as tcp_retries2 of Linux. */
#define GIVES_UP_NS (924600 * MS)

/* ---- cuts ---- */

static void a_cut_way_times_the_sender_out_and_nobody_else(void **state)
{
    two it = couple();
    int64_t from_ns = room->now_ns;

    (void)state;
    cut(a, b);
    say(a, it.a, "x");
    say(b, it.b, "y");
    run_for(MS);
    hear(a, it.a, "y");
    (void)wait_for(a, it.a, EDDY__SIM_BROKEN);
    assert_in_range(room->now_ns - from_ns, GIVES_UP_NS, GIVES_UP_NS + EDDY_SECOND);
    assert_int_equal(hear_none(a, it.a), -ETIMEDOUT);
    assert_int_equal(hear_none(a, it.a), 0);
    assert_int_equal(eddy__sim_send(a, it.a, "x", 1), -EPIPE);
    assert_true(a->system.type->is_reset(&a->system, it.a));
}

static void where_only_the_answer_is_cut_the_bytes_come_once(void **state)
{
    two it = couple();

    (void)state;
    cut(b, a);
    say(a, it.a, "once");
    (void)wait_for(a, it.a, EDDY__SIM_BROKEN);
    assert_int_equal(eddy__sim_take_error(a, it.a), -ETIMEDOUT);
    hear(b, it.b, "once");
    assert_int_equal(hear_none(b, it.b), -EAGAIN);
}

static void what_was_sent_into_a_cut_arrives_after_it_is_healed(void **state)
{
    two it = couple();
    int64_t from_ns = room->now_ns;
    size_t sent = 0, got = 0;

    (void)state;
    cut(a, b);
    cut(b, a);
    (void)pour(a, it.a, &sent, 60000);
    hang_up(a, it.a);
    run_for(2 * EDDY_SECOND);
    heal(a, b);
    heal(b, a);
    (void)wait_for(b, it.b, EDDY__SIM_PEER_END);
    assert_in_range(room->now_ns - from_ns, 3 * EDDY_SECOND, 3200 * MS); /* .2 .6 1.4 3.0 */
    assert_int_equal(drink(b, it.b, &got), 0);
    assert_int_equal(got, 60000);
}

static void bytes_under_way_are_lost_with_the_way(void **state)
{
    two it = couple();

    (void)state;
    say(a, it.a, "x");
    cut(a, b);
    run_for(MS);
    assert_int_equal(eddy__sim_unread(b, it.b), 0);
    heal(a, b);
    run_for(EDDY_SECOND);
    hear(b, it.b, "x");
}

/* ---- loss ---- */

static void with_loss_bytes_arrive_in_order_both_ways(void **state)
{
    two it = couple();
    size_t sent_a = 0, sent_b = 0, got_a = 0, got_b = 0;

    (void)state;
    odds(EDDY_CHAOS_LOSS, 200000);
    odds(EDDY_CHAOS_LATENCY, 1000000);
    while (got_a < 400000 || got_b < 400000) {
        (void)pour(a, it.a, &sent_a, 400000);
        (void)pour(b, it.b, &sent_b, 400000);
        (void)drink(a, it.a, &got_a);
        (void)drink(b, it.b, &got_b);
        if (got_a < 400000 || got_b < 400000)
            assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    }
    assert_true(room->chances[EDDY_CHAOS_LOSS].happened > 10);
    assert_true(room->now_ns > EDDY_SECOND); /* it was waited for what got lost */
    hang_up(a, it.a);
    hang_up(b, it.b);
    run_out();
    run_for(61 * EDDY_SECOND);
    assert_true(eddy__list_empty(&a->sockets));
    assert_true(eddy__list_empty(&b->sockets));
}

static void a_lost_word_of_room_is_asked_for(void **state)
{
    two it = couple();
    size_t sent = 0, got = 0;

    (void)state;
    do
        (void)pour(a, it.a, &sent, SIZE_MAX);
    while (eddy__sim_step(room, NULL, EDDY_FOREVER));
    cut(b, a);
    assert_int_equal(drink(b, it.b, &got), -EAGAIN);
    heal(b, a);
    (void)wait_for(a, it.a, EDDY__SIM_WRITABLE);
    while (got < sent) {
        (void)drink(b, it.b, &got);
        if (got < sent)
            assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    }
}

/* The word that is lost is followed, at the writer, by an older one: that there is no room. */
static void a_word_of_room_may_get_lost_before_it_is_waited_for(void **state)
{
    two it = couple();
    size_t sent = 0, got = 0;

    (void)state;
    (void)pour(a, it.a, &sent, SIZE_MAX);
    run_for(MS);
    (void)pour(a, it.a, &sent, SIZE_MAX);
    assert_int_equal(eddy__sim_unread(b, it.b), 65536);
    cut(b, a);
    (void)drink(b, it.b, &got);
    heal(b, a);
    (void)wait_for(a, it.a, EDDY__SIM_WRITABLE);
}

static void the_answer_on_its_way_does_not_hide_a_lost_word_of_room(void **state)
{
    two it = couple();
    size_t sent = 0, got = 0;

    (void)state;
    (void)pour(a, it.a, &sent, SIZE_MAX);
    while (eddy__sim_unread(b, it.b) < sent) /* its answers have just been sent */
        assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    cut(b, a); /* for what is sent at this moment only */
    (void)drink(b, it.b, &got);
    heal(b, a);
    run_for(MS);
    assert_int_equal(pour(a, it.a, &sent, SIZE_MAX), -EAGAIN);
    (void)wait_for(a, it.a, EDDY__SIM_WRITABLE);
    (void)pour(a, it.a, &sent, SIZE_MAX);
    while (got < sent) {
        (void)drink(b, it.b, &got);
        if (got < sent)
            assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    }
}

/* Without whoever ended first to answer, the other one's end would be reset. */
static void a_lost_last_answer_is_given_again(void **state)
{
    two it = couple();

    (void)state;
    assert_int_equal(eddy__sim_shutdown(a, it.a), 0);
    (void)wait_for(b, it.b, EDDY__SIM_PEER_END);
    hang_up(a, it.a);
    cut(a, b);
    assert_int_equal(eddy__sim_shutdown(b, it.b), 0);
    run_for(100 * MS);
    heal(a, b);
    while (!b->system.type->is_reset(&b->system, it.b))
        assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    assert_int_equal(eddy__sim_take_error(b, it.b), 0);
}

/* ---- crashes and pauses ---- */

static void a_host_that_is_down_does_not_answer(void **state)
{
    two it = couple();

    (void)state;
    eddy__sim_host_crash(b);
    run_out();
    assert_int_equal(eddy__sim_ready(a, it.a), EDDY__SIM_WRITABLE);
    say(a, it.a, "x");
    (void)wait_for(a, it.a, EDDY__SIM_BROKEN);
    assert_int_equal(hear_none(a, it.a), -ETIMEDOUT);
}

static void a_host_that_is_up_again_resets_what_it_does_not_know(void **state)
{
    two it = couple();
    int64_t from_ns = room->now_ns;

    (void)state;
    eddy__sim_host_crash(b);
    say(a, it.a, "x");
    run_for(EDDY_SECOND);
    eddy__sim_host_start(b);
    (void)wait_for(a, it.a, EDDY__SIM_BROKEN);
    assert_in_range(room->now_ns - from_ns, EDDY_SECOND, 1500 * MS);
    assert_int_equal(hear_none(a, it.a), -ECONNRESET);
    assert_int_equal(b->fds_used, 0);
    (void)couple();
}

/* The same ports as before the crash: the old connection of the peer must not disturb the new. */
static void a_new_conversation_replaces_a_forgotten_one(void **state)
{
    int l = listen_at(b, 80, 4), old, fd;

    (void)state;
    (void)start_connect(a, b, 80);
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    old = eddy__sim_accept(b, l);
    eddy__sim_host_crash(a);
    run_for(EDDY_SECOND);
    eddy__sim_host_start(a);
    a->next_port = 32768;
    fd = start_connect(a, b, 80);
    (void)wait_for(a, fd, EDDY__SIM_WRITABLE);
    assert_int_equal(hear_none(b, old), -ECONNRESET);
    say(a, fd, "new");
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    fd = eddy__sim_accept(b, l);
    run_for(MS);
    hear(b, fd, "new");
}

static void a_paused_host_loses_nothing(void **state)
{
    two it = couple();

    (void)state;
    b->paused_until_ns = room->now_ns + 100 * EDDY_SECOND;
    say(a, it.a, "x");
    run_for(99 * EDDY_SECOND);
    assert_int_equal(eddy__sim_unread(b, it.b), 0);
    (void)wait_for(b, it.b, EDDY__SIM_READABLE);
    assert_in_range(room->now_ns, b->paused_until_ns, b->paused_until_ns + 60 * EDDY_SECOND);
    hear(b, it.b, "x");
    assert_int_equal(eddy__sim_ready(a, it.a), EDDY__SIM_WRITABLE);
}

static void a_paused_host_does_not_send_again(void **state)
{
    two it = couple();
    int64_t until_ns = room->now_ns + 3600 * EDDY_SECOND;

    (void)state;
    cut(a, b);
    say(a, it.a, "x");
    a->paused_until_ns = until_ns;
    run_until(until_ns - EDDY_SECOND);
    heal(a, b);
    assert_int_equal(wait_for(b, it.b, EDDY__SIM_READABLE), until_ns + 100 * US);
}

static void a_stalled_host_takes_nothing_but_answers(void **state)
{
    two it = couple();
    int64_t until_ns = room->now_ns + EDDY_SECOND;
    size_t sent = 0, got = 0;

    (void)state;
    b->stalled_until_ns = until_ns;
    say(b, it.b, "sends");
    while (room->now_ns < until_ns - 300 * MS) {
        (void)pour(a, it.a, &sent, SIZE_MAX);
        (void)eddy__sim_step(room, NULL, until_ns - 300 * MS);
    }
    assert_int_equal(sent, 65536);
    assert_int_equal(eddy__sim_unread(b, it.b), 0);
    hear(a, it.a, "sends");
    assert_int_equal(wait_for(b, it.b, EDDY__SIM_READABLE), until_ns);
    while (got < sent && drink(b, it.b, &got) == -EAGAIN && got < sent)
        assert_true(eddy__sim_step(room, NULL, EDDY_FOREVER));
    assert_int_equal(got, sent);
}

/* ---- resets ---- */

static void all_connections_between_two_hosts_are_reset(void **state)
{
    two it = couple();
    int fds[2];

    (void)state;
    assert_int_equal(a->system.type->pair(&a->system, fds), 0);
    say(b, it.b, "left");
    run_for(MS);
    eddy__sim_reset_between(b, a);
    hear(a, it.a, "left");
    assert_int_equal(hear_none(a, it.a), -ECONNRESET);
    assert_int_equal(hear_none(b, it.b), -ECONNRESET);
    assert_int_equal(eddy__sim_ready(a, fds[0]), EDDY__SIM_WRITABLE);
    eddy__sim_reset_between(a, a);
    assert_int_equal(hear_none(a, fds[0]), -ECONNRESET);
    assert_int_equal(hear_none(a, fds[1]), -ECONNRESET);
}

static void chance_resets_both_ends(void **state)
{
    two it = couple();

    (void)state;
    odds(EDDY_CHAOS_RESET, 1000000);
    say(a, it.a, "x");
    run_out();
    assert_int_equal(hear_none(a, it.a), -ECONNRESET);
    assert_int_equal(hear_none(b, it.b), -ECONNRESET);
}

/* Whichever end it was: the other one is reset by what comes back. */
static void chance_lets_one_end_forget(void **state)
{
    two it = couple();

    (void)state;
    odds(EDDY_CHAOS_HALF_OPEN, 1000000);
    say(a, it.a, "x");
    odds(EDDY_CHAOS_HALF_OPEN, 0);
    run_for(MS);
    assert_int_equal(
        (hear_none(a, it.a) == -ECONNRESET) + (eddy__sim_take_error(b, it.b) == -ECONNRESET), 1);
    hang_up(a, it.a);
    hang_up(b, it.b);
    run_out();
    run_for(61 * EDDY_SECOND);
    assert_true(eddy__list_empty(&a->sockets));
    assert_true(eddy__list_empty(&b->sockets));
}

static void a_reset_into_a_cut_is_lost(void **state)
{
    two it = couple();

    (void)state;
    cut(a, b);
    (void)a->system.type->set(&a->system, it.a, EDDY__SOCKET_LINGER, 0);
    hang_up(a, it.a);
    heal(a, b);
    run_out();
    assert_int_equal(eddy__sim_ready(b, it.b), EDDY__SIM_WRITABLE);
    say(b, it.b, "x");
    run_for(MS);
    assert_int_equal(hear_none(b, it.b), -ECONNRESET);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cut_way_times_the_sender_out_and_nobody_else),
        TEST(where_only_the_answer_is_cut_the_bytes_come_once),
        TEST(what_was_sent_into_a_cut_arrives_after_it_is_healed),
        TEST(bytes_under_way_are_lost_with_the_way),
        TEST(with_loss_bytes_arrive_in_order_both_ways),
        TEST(a_lost_word_of_room_is_asked_for),
        TEST(a_word_of_room_may_get_lost_before_it_is_waited_for),
        TEST(the_answer_on_its_way_does_not_hide_a_lost_word_of_room),
        TEST(a_lost_last_answer_is_given_again),
        TEST(a_host_that_is_down_does_not_answer),
        TEST(a_host_that_is_up_again_resets_what_it_does_not_know),
        TEST(a_new_conversation_replaces_a_forgotten_one),
        TEST(a_paused_host_loses_nothing),
        TEST(a_paused_host_does_not_send_again),
        TEST(a_stalled_host_takes_nothing_but_answers),
        TEST(all_connections_between_two_hosts_are_reset),
        TEST(chance_resets_both_ends),
        TEST(chance_lets_one_end_forget),
        TEST(a_reset_into_a_cut_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
