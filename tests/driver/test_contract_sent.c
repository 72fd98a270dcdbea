/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_sent.c - driver.h, sentence 7: when the end of a send is told. Small sends, of which
 * a driver may know without being told that they have left; and `sent_late`, by which the loop says
 * that nobody waits for it.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <string.h>

enum { MUCH = 1 << 20, MANY = 50, PART = 700, ALL_BYTES = 8 << 20, RETURNS_MAX = 5 };

/* Waits that would block for ever if nothing were left to tell. */
static void wait_until_told(world *w, const side *s, uint32_t sents)
{
    while (s->sents < sents)
        assert_true(world_wait(w, EDDY_FOREVER) > 0);
}

/* Hand over; the end may have been told at once. Returns how many EDDY__SENT are to come. */
static uint32_t start_send(world *w, side *s, const char *data, bool late)
{
    eddy_result n;

    s->slot.sent_late = late;
    n = side_send(w, s, data, strlen(data));
    assert_true(n == EDDY_PENDING || n == (eddy_result)strlen(data));
    return n == EDDY_PENDING ? 1 : 0;
}

static void the_end_of_a_send_that_is_waited_for_is_not_slept_on(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    wait_until_told(&w, &s, start_send(&w, &s, "one", false));
    wait_until_told(&w, &s, s.sents + start_send(&w, &s, "two", false));
    assert_int_equal(plain_unread(&w, s.peer), 6);
    side_finish(&w, &s);
    world_close(&w);
}

static void what_may_be_told_late_is_told_with_the_next_event(void **state)
{
    world w;
    side s;
    uint32_t sents;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    world_settle(&w);
    for (size_t i = 1; i <= 10; i++) {
        sents = s.sents + start_send(&w, &s, "ping", true);
        world_settle(&w);
        plain_write(&w, s.peer, "pong", 4);
        WORLD_UNTIL(&w, s.len == 4 * i);
        assert_int_equal(s.sents, sents);
        assert_int_equal(s.sent, sents == 0 ? 0 : 4);
    }
    side_finish(&w, &s);
    world_close(&w);
}

static void who_begins_to_wait_for_a_send_is_not_kept_waiting(void **state)
{
    world w;
    side s;
    uint32_t sents;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    sents = start_send(&w, &s, "later", true);
    s.slot.sent_late = false;
    wait_until_told(&w, &s, sents);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_detached_slot_ends_whoever_waits_for_its_send(void **state)
{
    char data[8];
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    (void)start_send(&w, &s, "bye", true);
    w.type->detach(w.driver, &s.slot);
    while (s.attached)
        (void)world_wait(&w, EDDY_FOREVER);
    assert_int_equal(plain_recv(&w, s.peer, data, sizeof data), 3);
    assert_memory_equal(data, "bye", 3);
    side_deinit(&w, &s);
    world_close(&w);
}

/* One event at a time: those that do not fit are told by waits that follow, which do not sleep. */
static void sends_of_more_slots_than_events_fit_are_all_told(void **state)
{
    static side s[MANY];
    uint32_t left = 0;
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    for (size_t i = 0; i < MANY; i++) {
        side_pair(&w, &s[i]);
        left += start_send(&w, &s[i], "x", i % 2 == 0);
    }
    w.events_max = 1;
    world_begin(&w);
    while (left > 0) {
        int n = world_wait(&w, EDDY_FOREVER);

        left -= (uint32_t)n;
        assert_true(w.steps_left-- > 0);
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(plain_unread(&w, s[i].peer), 1);
        side_finish(&w, &s[i]);
    }
    world_close(&w);
}

/* Send until the socket is full and on, and read a little now and then. */
static void small_sends_to_a_slow_reader(bool late)
{
    static unsigned char data[PART], got_data[PART * 3];
    size_t sent = 0, got = 0;
    bool flying = false;
    world w;
    side s;

    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    s.slot.sent_late = late;
    for (unsigned turn = 0; got < ALL_BYTES; turn++) {
        uint32_t sents = s.sents;
        int64_t n = 0;

        if (!flying && sent < ALL_BYTES) {
            eddy_result left;

            pattern_fill(data, sent, sizeof data);
            left = side_send(&w, &s, data, sizeof data);
            flying = left == EDDY_PENDING;
            assert_true(flying || left >= 0);
            sent += flying ? 0 : (size_t)left;
        }
        (void)world_wait(&w, 0);
        if (flying && s.sents != sents) {
            assert_true(s.sent >= 0 && s.sent <= PART);
            sent += (size_t)s.sent;
            flying = false;
        }
        if (flying || turn % 7 == 0 || sent >= ALL_BYTES)
            n = plain_recv(&w, s.peer, got_data, sizeof got_data);
        if (n > 0) {
            pattern_check(got_data, got, (size_t)n);
            got += (size_t)n;
        }
    }
    assert_false(flying);
    side_finish(&w, &s);
    world_close(&w);
}

static void small_sends_to_a_slow_reader_arrive_exactly(void **state)
{
    (void)state;
    small_sends_to_a_slow_reader(false);
    small_sends_to_a_slow_reader(true);
}

static void a_small_send_to_a_full_socket_waits_and_does_not_spin(void **state)
{
    static unsigned char data[PART], got_data[PART * 3];
    uint32_t sents;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    (void)side_block(&w, &s, data, sizeof data);
    sents = s.sents;
    assert_true(world_returns(&w) <= RETURNS_MAX);
    world_begin(&w);
    while (s.sents == sents) {
        (void)plain_recv(&w, s.peer, got_data, sizeof got_data);
        (void)world_wait(&w, 0);
        assert_true(world_now(&w) < w.give_up_ns);
    }
    assert_true(s.sent >= 0);
    side_finish(&w, &s);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_send_that_is_waited_for_is_not_slept_on),
        cmocka_unit_test(what_may_be_told_late_is_told_with_the_next_event),
        cmocka_unit_test(who_begins_to_wait_for_a_send_is_not_kept_waiting),
        cmocka_unit_test(a_detached_slot_ends_whoever_waits_for_its_send),
        cmocka_unit_test(sends_of_more_slots_than_events_fit_are_all_told),
        cmocka_unit_test(small_sends_to_a_slow_reader_arrive_exactly),
        cmocka_unit_test(a_small_send_to_a_full_socket_waits_and_does_not_spin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
