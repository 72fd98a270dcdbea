/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_detach.c - driver.h, sentences 4 and 5: one EDDY__ENDED and nothing else after
 * detach(), whatever was in flight; the descriptor is closed by then, and its number means nothing.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MUCH = 1 << 20, RETURNS_MAX = 5, MANY = 500 };

static void be_idle(world *w, side *s)
{
    (void)w, (void)s;
}

static void have_credit(world *w, side *s)
{
    side_credit(w, s, MUCH);
}

static void be_receiving(world *w, side *s)
{
    side_credit(w, s, MUCH);
    world_settle(w);
    plain_write(w, s->peer, "one", 3);
    WORLD_UNTIL(w, s->len == 3);
}

static void have_unseen_bytes(world *w, side *s)
{
    side_credit(w, s, MUCH);
    world_settle(w);
    plain_write(w, s->peer, "unseen", 6);
}

static void have_late_bytes(world *w, side *s)
{
    side_credit(w, s, 1);
    world_settle(w);
    for (int i = 0; i < 3; i++)
        plain_write(w, s->peer, "late", 4);
    WORLD_UNTIL(w, s->len >= 1);
    plain_write(w, s->peer, "later", 5);
    world_settle(w);
}

static void be_watching(world *w, side *s)
{
    side_watch(w, s);
    world_settle(w);
}

static void have_unseen_hangup(world *w, side *s)
{
    be_watching(w, s);
    plain_close(w, s->peer);
    s->peer = -1;
}

static void have_ended(world *w, side *s)
{
    side_credit(w, s, MUCH);
    plain_close(w, s->peer);
    s->peer = -1;
    WORLD_UNTIL(w, strchr(s->order, 'E') != NULL);
}

static void have_failed(world *w, side *s)
{
    side_credit(w, s, MUCH);
    plain_reset(w, s->peer);
    s->peer = -1;
    WORLD_UNTIL(w, strchr(s->order, 'R') != NULL);
}

static void be_blocked(world *w, side *s)
{
    static unsigned char data[256 * 1024];

    (void)side_block(w, s, data, sizeof data);
}

static void be_blocked_both_ways(world *w, side *s)
{
    side_credit(w, s, MUCH);
    world_settle(w);
    be_blocked(w, s);
    plain_write(w, s->peer, "unseen", 6);
}

static void be_sending_unseen(world *w, side *s)
{
    (void)side_send(w, s, "now", 3);
}

typedef void make_state(world *, side *);
static make_state *const states[] = {
    be_idle,         have_credit, be_receiving,       have_unseen_bytes,
    have_late_bytes, be_watching, have_unseen_hangup, have_ended,
    have_failed,     be_blocked,  be_sending_unseen,  be_blocked_both_ways,
};
enum { STATES = sizeof states / sizeof states[0] };

static void detach_from_any_state_ends_once_and_closes(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    for (size_t i = 0; i < STATES; i++) {
        int fds = plain_count(&w);

        side_tcp(&w, &s);
        states[i](&w, &s);
        side_end(&w, &s);
        world_settle(&w); /* record() fails the test if anything comes */
        side_deinit(&w, &s);
        assert_int_equal(plain_count(&w), fds);
    }
    world_close(&w);
}

static void all_states_at_once_end_each_once(void **state)
{
    side s[STATES];
    world w;
    int fds;

    (void)state;
    world_open(&w, (world_options){0});
    fds = plain_count(&w);
    for (size_t i = 0; i < STATES; i++) {
        side_tcp(&w, &s[i]);
        states[i](&w, &s[i]);
    }
    w.events_max = 1;
    for (size_t i = 0; i < STATES; i++)
        w.type->detach(w.driver, &s[i].slot);
    WORLD_UNTIL(&w, w.attached == 0);
    world_settle(&w);
    for (size_t i = 0; i < STATES; i++) {
        assert_ptr_equal(strchr(s[i].order, 'X'), s[i].order + strlen(s[i].order) - 1);
        side_deinit(&w, &s[i]);
    }
    assert_int_equal(plain_count(&w), fds);
    world_close(&w);
}

static void detach_without_a_wait_after_attach_ends_once(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 100; i++) {
        side_pair(&w, &s);
        side_finish(&w, &s);
    }
    world_close(&w);
}

/* An event of `second` has been fetched with that of `first`, and its number is given away. */
static void a_number_that_is_used_again_gets_no_event_of_its_former_owner(void **state)
{
    world w;
    side a, b, heir;

    (void)state;
    world_open(&w, (world_options){0});
    w.events_max = 1;
    for (int round = 0; round < 20; round++) {
        side *first, *second;
        int number, fds[2];

        side_pair(&w, &a);
        side_pair(&w, &b);
        side_credit(&w, &a, MUCH);
        side_credit(&w, &b, MUCH);
        world_settle(&w);
        plain_write(&w, a.peer, "to a", 4);
        plain_write(&w, b.peer, "to b", 4);
        WORLD_UNTIL(&w, a.len + b.len != 0);
        first = a.len != 0 ? &a : &b;
        second = a.len != 0 ? &b : &a;
        assert_int_equal(second->len, 0);
        number = second->slot.fd;
        w.type->detach(w.driver, &second->slot);
        plain_pair_as(&w, fds, number);
        side_init(&heir);
        heir.peer = fds[1];
        side_attach(&w, &heir, fds[0], EDDY__SLOT_STREAM);
        side_credit(&w, &heir, MUCH);
        WORLD_UNTIL(&w, !second->attached);
        world_settle(&w);
        assert_string_equal(heir.order, "");
        assert_string_equal(second->order, "X");
        plain_write(&w, heir.peer, "mine", 4);
        WORLD_UNTIL(&w, heir.len == 4);
        side_deinit(&w, second);
        side_finish(&w, first);
        side_finish(&w, &heir);
    }
    world_close(&w);
}

static void a_copy_of_the_descriptor_makes_no_events_after_detach(void **state)
{
    world w;
    side s;
    int copy;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    copy = dup(s.slot.fd);
    assert_true(copy >= 0);
    side_credit(&w, &s, MUCH);
    world_settle(&w);
    side_end(&w, &s);
    plain_write(&w, s.peer, "hello", 5);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    plain_reset(&w, s.peer);
    s.peer = -1;
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_int_equal(s.len, 0);
    close(copy);
    side_deinit(&w, &s);
    world_close(&w);
}

static void the_port_of_a_listener_can_be_bound_again_at_once(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 10; i++) {
        uint16_t port = side_listen(&w, &s, 4);

        side_credit(&w, &s, 10);
        world_settle(&w);
        side_finish(&w, &s);
        side_listen_at(&w, &s, port);
        side_finish(&w, &s);
    }
    world_close(&w);
}

static void the_peer_sees_the_end_or_with_unread_bytes_a_reset(void **state)
{
    char byte;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_end(&w, &s);
    assert_int_equal(plain_recv(&w, s.peer, &byte, 1), 0);
    side_deinit(&w, &s);
    side_tcp(&w, &s);
    plain_write(&w, s.peer, "unread", 6);
    side_end(&w, &s);
    assert_int_equal(plain_recv(&w, s.peer, &byte, 1), -ECONNRESET);
    side_deinit(&w, &s);
    world_close(&w);
}

static void what_was_sent_before_detach_arrives(void **state)
{
    char data[16];
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    assert_int_equal(side_send_wait(&w, &s, "farewell", 8), 8);
    side_end(&w, &s);
    assert_int_equal(plain_recv(&w, s.peer, data, sizeof data), 8);
    side_deinit(&w, &s);
    world_close(&w);
}

/* slot->sent is what the loop tells as bytes that were cut off. */
static void a_send_that_detach_cut_off_tells_how_much_of_it_left(void **state)
{
    static unsigned char data[256 * 1024], all[64 * 1024];
    size_t before, got = 0;
    int64_t n;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    before = side_block(&w, &s, data, sizeof data);
    side_end(&w, &s);
    assert_true(s.slot.sent < sizeof data);
    world_begin(&w);
    while ((n = plain_recv(&w, s.peer, all, sizeof all)) != 0) {
        got += n > 0 ? (size_t)n : 0;
        assert_true(n > 0 || n == -EAGAIN);
        assert_true(world_now(&w) < w.give_up_ns && w.steps_left-- > 0);
    }
    assert_int_equal(got, before + s.slot.sent);
    side_deinit(&w, &s);
    world_close(&w);
}

static void many_slots_work_and_end_at_once(void **state)
{
    static side s[MANY];
    world w;
    size_t got = 0;
    char byte;

    (void)state;
    world_open(&w, (world_options){0});
    for (size_t i = 0; i < MANY; i++) {
        side_pair(&w, &s[i]);
        side_credit(&w, &s[i], 1000);
    }
    for (size_t i = 0; i < MANY; i++)
        plain_write(&w, s[i].peer, &(char){(char)i}, 1);
    world_begin(&w);
    while (got < MANY) {
        world_step(&w, "a byte on each", __FILE__, __LINE__);
        got = 0;
        for (size_t i = 0; i < MANY; i++)
            got += s[i].len;
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(s[i].bytes[0], (unsigned char)i);
        assert_int_equal(side_send_wait(&w, &s[i], s[i].bytes, 1), 1);
        assert_int_equal(plain_recv(&w, s[i].peer, &byte, 1), 1);
        assert_int_equal(byte, (char)i);
    }
    for (size_t i = 0; i < MANY; i++)
        w.type->detach(w.driver, &s[i].slot);
    WORLD_UNTIL(&w, w.attached == 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_string_equal(strchr(s[i].order, 'X'), "X");
        side_deinit(&w, &s[i]);
    }
    world_close(&w);
}

/* A driver that polls refuses a file at once; one that does not finds out when it receives. */
static void a_file_is_refused_and_stays_the_callers_or_fails(void **state)
{
    char path[] = "/tmp/eddy-attach-XXXXXX";
    int fd = mkstemp(path), result;
    world w;
    side s;

    (void)state;
    assert_true(fd >= 0);
    (void)unlink(path);
    world_open(&w, (world_options){0});
    side_init(&s);
    result = w.type->attach(w.driver, &s.slot, fd, EDDY__SLOT_STREAM);
    if (result < 0) {
        assert_int_equal(result, -EPERM);
        assert_int_equal(close(fd), 0);
    } else {
        s.attached = true;
        w.attached++;
        side_credit(&w, &s, MUCH);
        WORLD_UNTIL(&w, strchr(s.order, 'R') != NULL);
        side_finish(&w, &s);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(detach_from_any_state_ends_once_and_closes),
        cmocka_unit_test(all_states_at_once_end_each_once),
        cmocka_unit_test(detach_without_a_wait_after_attach_ends_once),
        cmocka_unit_test(a_number_that_is_used_again_gets_no_event_of_its_former_owner),
        cmocka_unit_test(the_port_of_a_listener_can_be_bound_again_at_once),
        cmocka_unit_test(the_peer_sees_the_end_or_with_unread_bytes_a_reset),
        cmocka_unit_test(what_was_sent_before_detach_arrives),
        cmocka_unit_test(a_send_that_detach_cut_off_tells_how_much_of_it_left),
        cmocka_unit_test(many_slots_work_and_end_at_once),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_copy_of_the_descriptor_makes_no_events_after_detach),
        cmocka_unit_test(a_file_is_refused_and_stays_the_callers_or_fails),
    };

    return WORLD_RUN(everywhere, kernel);
}
