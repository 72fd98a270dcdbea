/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_send.c - driver.h, sentences 6 and 7 and the verbs send and shutdown: every byte
 * once and in order, whoever reads slowly; both directions at a time; what a reset does to it.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <string.h>

#include "support/death.h"

enum { MUCH = 1 << 24, BIG = 8 << 20, PART = 256 * 1024, RETURNS_MAX = 5 };

/* Read what is there, at most `max` bytes, and compare. Returns the new total. */
static size_t peer_reads(world *w, const side *s, size_t total, size_t max)
{
    static unsigned char data[PART];
    int64_t n = plain_recv(w, s->peer, data, max < sizeof data ? max : sizeof data);

    if (n < 0) {
        assert_int_equal(n, -EAGAIN);
        return total;
    }
    pattern_check(data, total, (size_t)n);
    return total + (size_t)n;
}

static void a_send_that_finished_at_once_is_not_told_again(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    for (size_t i = 0; i < 100; i++) {
        uint32_t sents = s.sents;
        unsigned char byte = pattern(i);
        eddy_result n = side_send(&w, &s, &byte, 1);

        if (n == EDDY_PENDING)
            WORLD_UNTIL(&w, s.sents == sents + 1);
        else
            assert_int_equal(n, 1);
        sents = s.sents;
        world_settle(&w);
        assert_int_equal(s.sents, sents);
        assert_int_equal(peer_reads(&w, &s, i, 10), i + 1);
    }
    side_finish(&w, &s);
    world_close(&w);
}

static void many_parts_leave_as_one_in_their_order(void **state)
{
    unsigned char data[EDDY__IOV_MAX * 100];
    eddy__iov parts[EDDY__IOV_MAX];
    size_t at = 0;
    eddy_result n;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    for (size_t i = 0; i < EDDY__IOV_MAX; i++) {
        parts[i] = (eddy__iov){data + at, i + 1};
        at += i + 1;
    }
    pattern_fill(data, 0, at);
    n = w.type->send(w.driver, &s.slot, parts, EDDY__IOV_MAX);
    memset(parts, 0, sizeof parts); /* the array may be reused at once */
    if (n == EDDY_PENDING) {
        WORLD_UNTIL(&w, s.sents == 1);
        n = s.sent;
    }
    assert_int_equal(n, at);
    assert_int_equal(peer_reads(&w, &s, 0, sizeof data), at);
    side_finish(&w, &s);
    world_close(&w);
}

/* Send and read alternately, one buffer for all of it, overwritten as soon as it may be. */
static void send_to_slow_reader(void (*make)(world *, side *), size_t read_max)
{
    static unsigned char data[PART];
    size_t sent = 0, got = 0;
    bool flying = false;
    world w;
    side s;

    world_open(&w, (world_options){0});
    make(&w, &s);
    world_begin(&w);
    while (got < BIG) {
        uint32_t sents = s.sents;

        if (!flying && sent < BIG) {
            eddy_result n;

            pattern_fill(data, sent, sizeof data);
            n = side_send(&w, &s, data, BIG - sent < sizeof data ? BIG - sent : sizeof data);
            flying = n == EDDY_PENDING;
            assert_true(flying || n >= 0);
            sent += flying ? 0 : (size_t)n;
        }
        got = peer_reads(&w, &s, got, read_max);
        (void)world_wait(&w, 0);
        if (flying && s.sents != sents) {
            assert_true(s.sent >= 0);
            sent += (size_t)s.sent;
            flying = false;
        }
    }
    assert_int_equal(sent, BIG);
    side_finish(&w, &s);
    world_close(&w);
}

static void eight_megabytes_to_a_slow_reader_arrive_exactly(void **state)
{
    (void)state;
    send_to_slow_reader(side_tcp, 5000);
    send_to_slow_reader(side_tcp, PART);
    send_to_slow_reader(side_pair, 30000);
}

/* Send until it blocks, then receive far more than the sockets hold, then let the send finish. */
static void receive_while_blocked(void (*make)(world *, side *), bool credit_first)
{
    static unsigned char data[PART], incoming[PART];
    size_t sent, wrote = 0, got = 0;
    uint32_t sents;
    world w;
    side s;

    world_open(&w, (world_options){0});
    make(&w, &s);
    if (credit_first)
        side_credit(&w, &s, MUCH);
    sent = side_block(&w, &s, data, sizeof data);
    if (!credit_first)
        side_credit(&w, &s, MUCH);
    sents = s.sents;
    world_begin(&w);
    while (s.len < BIG) {
        if (wrote < BIG) {
            size_t max = BIG - wrote < sizeof incoming ? BIG - wrote : sizeof incoming;
            int64_t n;

            pattern_fill(incoming, wrote, max);
            n = plain_send(&w, s.peer, incoming, max);
            assert_true(n >= 0 || n == -EAGAIN);
            wrote += n < 0 ? 0 : (size_t)n;
        }
        (void)world_wait(&w, 0);
        assert_true(world_now(&w) < w.give_up_ns);
    }
    pattern_check(s.bytes, 0, BIG);
    assert_int_equal(s.sents, sents);
    while (s.sents == sents) {
        got = peer_reads(&w, &s, got, PART);
        (void)world_wait(&w, 0);
        assert_true(world_now(&w) < w.give_up_ns);
    }
    assert_true(s.sent >= 0);
    while (got < sent + (size_t)s.sent)
        got = peer_reads(&w, &s, got, PART);
    side_finish(&w, &s);
    world_close(&w);
}

static void bytes_are_received_while_a_send_is_blocked(void **state)
{
    (void)state;
    receive_while_blocked(side_tcp, true);
    receive_while_blocked(side_tcp, false);
    receive_while_blocked(side_pair, true);
    receive_while_blocked(side_pair, false);
}

static void bytes_that_came_while_blocked_without_credit_are_received_later(void **state)
{
    static unsigned char data[PART];
    size_t got = 0;
    uint32_t sents;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    (void)side_block(&w, &s, data, sizeof data);
    sents = s.sents;
    plain_write(&w, s.peer, "meanwhile", 9);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    world_begin(&w);
    while (s.sents == sents) {
        got = peer_reads(&w, &s, got, PART);
        (void)world_wait(&w, 0);
    }
    assert_int_equal(s.len, 0);
    side_credit(&w, &s, MUCH);
    WORLD_UNTIL(&w, s.len == 9);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_blocked_send_does_not_spin(void **state)
{
    static unsigned char data[PART];
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    (void)side_block(&w, &s, data, sizeof data);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_int_equal(plain_shutdown(&w, s.peer), 0);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    side_finish(&w, &s);
    world_close(&w);
}

/* `words`: were sent by the peer before it reset. */
static void reset_while_blocked(const char *words)
{
    static unsigned char data[PART];
    uint32_t sents;
    world w;
    side s;

    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    (void)side_block(&w, &s, data, sizeof data);
    sents = s.sents;
    if (words[0] != '\0')
        plain_write(&w, s.peer, words, strlen(words));
    plain_reset(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, s.sents != sents);
    assert_true(s.sent == -ECONNRESET || s.sent >= 0); /* io_uring tells what had left */
    side_credit(&w, &s, MUCH);
    WORLD_UNTIL(&w, strpbrk(s.order, "ER") != NULL);
    world_settle(&w);
    assert_int_equal(s.sents, sents + 1);
    assert_null(strchr(s.order, 'E')); /* a broken stream is not one that ended */
    assert_int_equal(s.error, -ECONNRESET);
    assert_int_equal(s.len, strlen(words));
    assert_true(side_send_wait(&w, &s, "x", 1) < 0);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_reset_ends_a_blocked_send_and_is_told_as_an_error(void **state)
{
    (void)state;
    reset_while_blocked("");
    reset_while_blocked("words");
}

static void sending_to_a_closed_peer_fails_without_a_signal(void **state)
{
    world w;
    side s;
    eddy_result n = 0;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    plain_close(&w, s.peer);
    s.peer = -1;
    world_begin(&w);
    while (n >= 0) {
        n = side_send_wait(&w, &s, "anybody?", 8);
        assert_true(world_now(&w) < w.give_up_ns);
    }
    assert_int_equal(n, -EPIPE);
    assert_int_equal(side_send_wait(&w, &s, "anybody?", 8), -EPIPE);
    side_finish(&w, &s);
    world_close(&w);
}

static void shutdown_ends_one_direction_behind_what_was_sent(void **state)
{
    char data[8];
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    assert_int_equal(side_send_wait(&w, &s, "bye", 3), 3);
    assert_int_equal(w.type->shutdown(w.driver, &s.slot), 0);
    WORLD_UNTIL(&w, plain_unread(&w, s.peer) == 3);
    assert_int_equal(plain_recv(&w, s.peer, data, sizeof data), 3);
    assert_int_equal(plain_recv(&w, s.peer, data, sizeof data), 0);
    plain_write(&w, s.peer, "answer", 6);
    WORLD_UNTIL(&w, s.len == 6);
    plain_close(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, strchr(s.order, 'E') != NULL);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    side_finish(&w, &s);
    world_close(&w);
}

static void send_twice(void *arg)
{
    static unsigned char data[PART];
    world w;
    side s;

    (void)arg;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    (void)side_block(&w, &s, data, sizeof data);
    (void)side_send(&w, &s, "x", 1);
}

static void a_second_send_in_flight_is_asserted(void **state)
{
    (void)state;
    assert_dies(send_twice, NULL, "send");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_send_that_finished_at_once_is_not_told_again),
        cmocka_unit_test(many_parts_leave_as_one_in_their_order),
        cmocka_unit_test(eight_megabytes_to_a_slow_reader_arrive_exactly),
        cmocka_unit_test(bytes_are_received_while_a_send_is_blocked),
        cmocka_unit_test(bytes_that_came_while_blocked_without_credit_are_received_later),
        cmocka_unit_test(a_blocked_send_does_not_spin),
        cmocka_unit_test(a_reset_ends_a_blocked_send_and_is_told_as_an_error),
        cmocka_unit_test(sending_to_a_closed_peer_fails_without_a_signal),
        cmocka_unit_test(shutdown_ends_one_direction_behind_what_was_sent),
        cmocka_unit_test(a_second_send_in_flight_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
