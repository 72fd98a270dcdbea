/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_receive.c - driver.h, sentences 1 to 3: order, bytes before end before error, each
 * once, nothing without credit.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { MUCH = 1 << 20 };

static void make_tcp(world *w, side *s)
{
    side_tcp(w, s);
}

typedef void make_side(world *, side *);
static make_side *const makers[] = {make_tcp, side_pair};
enum { MAKERS = sizeof makers / sizeof makers[0] };

static void receive_in_pieces(world *w, side *s, size_t write_len, int32_t credit)
{
    unsigned char data[64];
    size_t start = s->len;

    pattern_fill(data, start, sizeof data);
    for (size_t at = 0; at < sizeof data; at += write_len) {
        size_t n = sizeof data - at < write_len ? sizeof data - at : write_len;

        plain_write(w, s->peer, data + at, n);
        if ((at / write_len) % 2 == 0)
            (void)world_wait(w, 0);
    }
    world_begin(w);
    while (s->len < start + sizeof data) {
        if (s->slot.credit <= 0)
            side_credit(w, s, credit);
        world_step(w, "64 bytes", __FILE__, __LINE__);
    }
    assert_int_equal(s->len, start + sizeof data);
}

static void every_write_size_and_every_credit_delivers_all_bytes_in_order(void **state)
{
    static const int32_t credits[] = {1, 2, 3, 7, 32, 63, 64, 65, MUCH};
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    for (size_t maker = 0; maker < MAKERS; maker++) {
        makers[maker](&w, &s);
        for (size_t write_len = 1; write_len <= 64; write_len++) {
            for (size_t i = 0; i < sizeof credits / sizeof credits[0]; i++)
                receive_in_pieces(&w, &s, write_len, credits[i]);
        }
        pattern_check(s.bytes, 0, s.len);
        side_finish(&w, &s);
    }
    world_close(&w);
}

static void nothing_is_received_before_there_is_credit(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    plain_write(&w, s.peer, "early", 5);
    world_settle(&w);
    assert_string_equal(s.order, "");
    side_credit(&w, &s, 100);
    WORLD_UNTIL(&w, s.len == 5);
    assert_int_equal(s.slot.credit, 95);
    assert_memory_equal(s.bytes, "early", 5);
    side_finish(&w, &s);
    world_close(&w);
}

static void credit_that_is_taken_back_stops_delivery_and_loses_nothing(void **state)
{
    unsigned char data[4000];
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    pattern_fill(data, 0, sizeof data);
    for (int i = 0; i < 40; i++) {
        side_credit(&w, &s, 1000);
        (void)world_wait(&w, 0);
        s.slot.credit = 0;
        plain_write(&w, s.peer, data + i * 100, 100);
        world_settle(&w);
        assert_int_equal(s.len, i * 100);
        side_credit(&w, &s, 1000);
        WORLD_UNTIL(&w, s.len == (size_t)(i + 1) * 100);
    }
    pattern_check(s.bytes, 0, s.len);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_slot_overdraws_by_one_delivery_at_most(void **state)
{
    static unsigned char data[200 * 1000];
    world w;
    side s;
    uint32_t rounds = 0;

    (void)state;
    world_open(&w, (world_options){.block_bytes = 16 * 1024});
    side_pair(&w, &s);
    pattern_fill(data, 0, sizeof data);
    plain_write(&w, s.peer, data, sizeof data);
    while (s.len < sizeof data) {
        side_credit(&w, &s, 1);
        WORLD_UNTIL(&w, s.deliveries > rounds);
        world_settle(&w);
        assert_int_equal(s.deliveries, ++rounds);
        assert_true(s.slot.credit <= 0);
    }
    assert_true(s.delivery_max <= 16 * 1024);
    pattern_check(s.bytes, 0, s.len);
    side_finish(&w, &s);
    world_close(&w);
}

/* `before`: is the credit there before the peer does anything? */
static void peer_writes_and_closes(bool before, make_side *make)
{
    world w;
    side s;

    world_open(&w, (world_options){0});
    make(&w, &s);
    if (before) {
        side_credit(&w, &s, MUCH);
        world_settle(&w);
    }
    plain_write(&w, s.peer, "last words", 10);
    plain_close(&w, s.peer);
    s.peer = -1;
    if (!before) {
        world_settle(&w);
        assert_int_equal(s.len, 0);
    }
    side_credit(&w, &s, MUCH);
    WORLD_UNTIL(&w, strchr(s.order, 'E') != NULL);
    world_settle(&w);
    assert_string_equal(s.order, "BE");
    assert_int_equal(s.len, 10);
    side_finish(&w, &s);
    world_close(&w);
}

static void bytes_come_before_the_end_and_both_once(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < MAKERS; maker++) {
        peer_writes_and_closes(true, makers[maker]);
        peer_writes_and_closes(false, makers[maker]);
    }
}

static void peer_resets(const char *words, bool before)
{
    world w;
    side s;

    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    if (before) {
        side_credit(&w, &s, MUCH);
        world_settle(&w);
    }
    if (words[0] != '\0')
        plain_write(&w, s.peer, words, strlen(words));
    plain_reset(&w, s.peer);
    s.peer = -1;
    if (!before)
        world_settle(&w);
    side_credit(&w, &s, MUCH);
    WORLD_UNTIL(&w, strchr(s.order, 'R') != NULL);
    world_settle(&w);
    assert_string_equal(s.order, words[0] != '\0' ? "BR" : "R");
    assert_int_equal(s.len, strlen(words));
    assert_int_equal(s.error, -ECONNRESET);
    side_finish(&w, &s);
    world_close(&w);
}

static void bytes_come_before_a_reset_and_both_once(void **state)
{
    (void)state;
    peer_resets("last words", true);
    peer_resets("last words", false);
}

static void a_reset_alone_is_one_error(void **state)
{
    (void)state;
    peer_resets("", true);
    peer_resets("", false);
}

static void unix_peer_that_closes_with_unread_bytes_is_a_reset(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_unix(&w, &s);
    side_credit(&w, &s, MUCH);
    assert_int_equal(side_send_wait(&w, &s, "unread", 6), 6);
    plain_write(&w, s.peer, "bytes", 5);
    plain_close(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, strchr(s.order, 'R') != NULL);
    world_settle(&w);
    assert_int_equal(s.len, 5);
    assert_int_equal(s.error, -ECONNRESET);
    assert_null(strchr(s.order, 'E'));
    side_finish(&w, &s);
    world_close(&w);
}

static void a_half_closed_peer_still_gets_what_is_sent(void **state)
{
    world w;
    side s;
    char answer[8];

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    plain_write(&w, s.peer, "ask", 3);
    assert_int_equal(plain_shutdown(&w, s.peer), 0);
    WORLD_UNTIL(&w, strchr(s.order, 'E') != NULL);
    assert_string_equal(s.order, "BE");
    assert_int_equal(side_send_wait(&w, &s, "answer", 6), 6);
    assert_int_equal(plain_recv(&w, s.peer, answer, sizeof answer), 6);
    side_finish(&w, &s);
    world_close(&w);
}

static void urgent_data_does_not_stop_what_follows_it(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    plain_write(&w, s.peer, "abc", 3);
    assert_int_equal(send(s.peer, "!", 1, MSG_OOB), 1);
    plain_write(&w, s.peer, "def", 3);
    WORLD_UNTIL(&w, s.len == 6);
    assert_memory_equal(s.bytes, "abcdef", 6);
    side_finish(&w, &s);
    world_close(&w);
}

/* Two streams, one with far more to give than a turn holds: the other is served in between. */
static void a_stream_that_floods_lets_the_others_go_first(void **state)
{
    static unsigned char flood[150 * 1024];
    world w;
    side loud, quiet;
    int waits = 0;

    (void)state;
    world_open(&w, (world_options){.block_bytes = 4 * 1024});
    w.events_max = 4;
    side_pair(&w, &loud);
    side_pair(&w, &quiet);
    pattern_fill(flood, 0, sizeof flood);
    plain_write(&w, loud.peer, flood, sizeof flood);
    side_credit(&w, &loud, MUCH);
    side_credit(&w, &quiet, MUCH);
    (void)world_wait(&w, world_now(&w) + EDDY_SECOND);
    plain_write(&w, quiet.peer, "me", 2);
    while (quiet.len == 0) {
        assert_true(waits++ < 64);
        (void)world_wait(&w, world_now(&w) + EDDY_SECOND);
    }
    WORLD_UNTIL(&w, loud.len == sizeof flood);
    pattern_check(loud.bytes, 0, loud.len);
    side_finish(&w, &loud);
    side_finish(&w, &quiet);
    world_close(&w);
}

static void steady_receiving_and_sending_allocates_nothing(void **state)
{
    world w;
    side s;
    char byte;
    uint64_t allocations;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    for (size_t i = 0; i < 300; i++) {
        if (i == 100)
            allocations = w.allocations;
        plain_write(&w, s.peer, "x", 1);
        WORLD_UNTIL(&w, s.len == i + 1);
        assert_int_equal(side_send_wait(&w, &s, "y", 1), 1);
        assert_int_equal(plain_recv(&w, s.peer, &byte, 1), 1);
    }
    assert_int_equal(w.allocations, allocations);
    side_finish(&w, &s);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(every_write_size_and_every_credit_delivers_all_bytes_in_order),
        cmocka_unit_test(nothing_is_received_before_there_is_credit),
        cmocka_unit_test(credit_that_is_taken_back_stops_delivery_and_loses_nothing),
        cmocka_unit_test(a_slot_overdraws_by_one_delivery_at_most),
        cmocka_unit_test(bytes_come_before_the_end_and_both_once),
        cmocka_unit_test(bytes_come_before_a_reset_and_both_once),
        cmocka_unit_test(a_reset_alone_is_one_error),
        cmocka_unit_test(a_half_closed_peer_still_gets_what_is_sent),
        cmocka_unit_test(a_stream_that_floods_lets_the_others_go_first),
        cmocka_unit_test(steady_receiving_and_sending_allocates_nothing),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(unix_peer_that_closes_with_unread_bytes_is_a_reset),
        cmocka_unit_test(urgent_data_does_not_stop_what_follows_it),
    };

    return WORLD_RUN(everywhere, kernel);
}
