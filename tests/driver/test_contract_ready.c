/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers kernel */
/*
 * test_contract_ready.c - EDDY__READY of an EDDY__SLOT_READY: what holds at attach() is told, what
 * becomes so later is told anew, and no edge is lost. How such a slot ends:
 * test_contract_ready_end.c.
 */
#include "ready.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

static void empty(int fd)
{
    char bytes[4096];

    while (read(fd, bytes, sizeof bytes) > 0)
        ;
}

static void what_holds_at_attach_is_told(void **state)
{
    world w;
    side in, out, both;
    int ends[2], pair[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    make_pair(pair);
    put(ends[1], "early");
    put(pair[1], "early");
    watch(&w, &in, ends[0]);
    watch(&w, &out, ends[1]);
    watch(&w, &both, pair[0]);
    assert_string_equal(in.order, ""); /* not inside the call */
    WORLD_UNTIL(&w, in.ready != 0 && out.ready != 0 && both.ready != 0);
    assert_int_equal(in.ready, READABLE);
    assert_int_equal(out.ready, WRITABLE);
    assert_int_equal(both.ready, READABLE | WRITABLE);
    side_finish(&w, &in);
    side_finish(&w, &out);
    side_finish(&w, &both);
    (void)close(pair[1]);
    world_close(&w);
}

static void what_does_not_hold_is_not_told(void **state)
{
    world w;
    side in, out;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    watch(&w, &in, ends[0]);
    world_settle(&w);
    assert_int_equal(in.events, 0);
    watch(&w, &out, ends[1]);
    fill(&out);
    world_settle(&w);
    assert_int_equal(out.ready & WRITABLE, 0);
    side_finish(&w, &in);
    side_finish(&w, &out);
    world_close(&w);
}

static void each_arrival_after_a_drain_is_told_anew(void **state)
{
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    watch(&w, &s, ends[0]);
    for (int i = 0; i < 100; i++) {
        put(ends[1], "more");
        WORLD_UNTIL(&w, s.ready != 0);
        assert_int_equal(s.ready, READABLE);
        drain(&s);
        world_settle(&w);
        assert_int_equal(s.ready, 0);
    }
    side_finish(&w, &s);
    (void)close(ends[1]);
    world_close(&w);
}

static void room_in_a_full_pipe_is_told(void **state)
{
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    watch(&w, &s, ends[1]);
    for (int i = 0; i < 20; i++) {
        WORLD_UNTIL(&w, s.ready & WRITABLE);
        fill(&s);
        world_settle(&w);
        assert_int_equal(s.ready & WRITABLE, 0);
        empty(ends[0]);
    }
    WORLD_UNTIL(&w, s.ready & WRITABLE);
    side_finish(&w, &s);
    (void)close(ends[0]);
    world_close(&w);
}

/* Whatever a consumer that drains and clears does between waits, once all is quiet it knows of what
 * is there: each word over {write, drain, wait} is tried. */
static void no_edge_is_lost_in_any_order_of_writing_draining_and_waiting(void **state)
{
    enum { LENGTH = 7, WORDS = 3 * 3 * 3 * 3 * 3 * 3 * 3 };
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    watch(&w, &s, ends[0]);
    for (int word = 0; word < WORDS; word++) {
        int left = 0;

        for (int at = 0, rest = word; at < LENGTH; at++, rest /= 3) {
            if (rest % 3 == 0)
                put(ends[1], "x");
            else if (rest % 3 == 1)
                drain(&s);
            else
                (void)world_wait(&w, 0);
        }
        world_settle(&w);
        assert_int_equal(ioctl(ends[0], FIONREAD, &left), 0);
        assert_true(left == 0 || (s.ready & READABLE) != 0);
        drain(&s);
    }
    side_finish(&w, &s);
    (void)close(ends[1]);
    world_close(&w);
}

static void the_end_of_a_pipe_is_a_hangup_and_readable(void **state)
{
    world w;
    side idle, full;
    int ends[2], more[2];
    char byte;

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    make_pipe(more);
    watch(&w, &idle, ends[0]);
    watch(&w, &full, more[0]);
    world_settle(&w);
    put(more[1], "x");
    (void)close(ends[1]);
    (void)close(more[1]);
    WORLD_UNTIL(&w, (idle.ready & HANGUP) && (full.ready & HANGUP));
    assert_true(idle.ready & READABLE);
    assert_true(full.ready & READABLE);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    assert_int_equal(read(more[0], &byte, 1), 1);
    side_finish(&w, &idle);
    side_finish(&w, &full);
    world_close(&w);
}

static void a_hangup_before_attach_is_told(void **state)
{
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    (void)close(ends[1]);
    watch(&w, &s, ends[0]);
    WORLD_UNTIL(&w, s.ready != 0);
    assert_int_equal(s.ready & (HANGUP | READABLE), HANGUP | READABLE);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_pipe_without_reader_is_an_error_readable_and_writable(void **state)
{
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    watch(&w, &s, ends[1]);
    fill(&s);
    world_settle(&w);
    s.ready = 0;
    (void)close(ends[0]);
    WORLD_UNTIL(&w, s.ready & FAILED);
    assert_int_equal(s.ready & (READABLE | WRITABLE), READABLE | WRITABLE);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_half_closed_peer_is_a_hangup_and_no_error(void **state)
{
    world w;
    side s;
    int pair[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pair(pair);
    watch(&w, &s, pair[0]);
    WORLD_UNTIL(&w, s.ready & WRITABLE);
    assert_int_equal(s.ready, WRITABLE);
    assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
    WORLD_UNTIL(&w, s.ready & HANGUP);
    assert_int_equal(s.ready, WRITABLE | READABLE | HANGUP);
    put(pair[0], "still");
    side_finish(&w, &s);
    (void)close(pair[1]);
    world_close(&w);
}

static void a_reset_is_told_to_both_directions(void **state)
{
    world w;
    side s;
    int pair[2];

    (void)state;
    world_open(&w, (world_options){0});
    plain_pair(&w, pair);
    watch(&w, &s, pair[0]);
    fill(&s);
    world_settle(&w);
    s.ready = 0;
    plain_reset(&w, pair[1]);
    WORLD_UNTIL(&w, (s.ready & READABLE) && (s.ready & WRITABLE));
    assert_true(s.ready & HANGUP);
    assert_int_equal(read(pair[0], (char[1]){0}, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    side_finish(&w, &s);
    world_close(&w);
}

/* A socket that refuses: the port was bound by us and is not listened at. */
static void a_refused_connect_is_an_error_and_writable(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = 0;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    assert_int_equal(bind(taken, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&at, &size), 0);
    (void)connect(fd, (struct sockaddr *)&at, size);
    watch(&w, &s, fd);
    WORLD_UNTIL(&w, s.ready & FAILED);
    assert_true(s.ready & WRITABLE);
    size = sizeof error;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    assert_int_equal(error, ECONNREFUSED);
    side_finish(&w, &s);
    (void)close(taken);
    world_close(&w);
}

static void urgent_data_is_priority(void **state)
{
    world w;
    side s;
    int pair[2];

    (void)state;
    world_open(&w, (world_options){0});
    plain_pair(&w, pair);
    watch(&w, &s, pair[0]);
    WORLD_UNTIL(&w, s.ready & WRITABLE);
    assert_int_equal(s.ready & PRIORITY, 0);
    assert_int_equal(send(pair[1], "!", 1, MSG_OOB), 1);
    WORLD_UNTIL(&w, s.ready & PRIORITY);
    plain_close(&w, pair[1]);
    side_finish(&w, &s);
    world_close(&w);
}

/* The master of a pty in packet mode: what the slave does is told as priority. */
static void a_change_of_a_terminal_is_priority(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    int slave, on = 1;
    world w;
    side s;

    (void)state;
    if (master < 0)
        skip(); /* a machine without /dev/ptmx */
    world_open(&w, (world_options){0});
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    assert_int_equal(ioctl(master, TIOCPKT, &on), 0);
    watch(&w, &s, master);
    WORLD_UNTIL(&w, s.ready & WRITABLE);
    s.ready = 0;
    assert_int_equal(tcflush(slave, TCIOFLUSH), 0);
    WORLD_UNTIL(&w, s.ready & PRIORITY);
    (void)close(slave);
    WORLD_UNTIL(&w, s.ready & HANGUP);
    assert_true(s.ready & READABLE);
    side_finish(&w, &s);
    world_close(&w);
}

static void many_are_all_told_by_an_array_of_one(void **state)
{
    enum { MANY = 300 };
    static side s[MANY];
    static int peers[MANY];
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    w.events_max = 1;
    for (int i = 0; i < MANY; i++) {
        int ends[2];

        make_pipe(ends);
        peers[i] = ends[1];
        watch(&w, &s[i], ends[0]);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++)
            put(peers[i], "x");
        for (int i = 0; i < MANY; i++) {
            WORLD_UNTIL(&w, s[i].ready != 0);
            assert_int_equal(s[i].ready, READABLE);
            drain(&s[i]);
        }
        world_settle(&w);
        for (int i = 0; i < MANY; i++)
            s[i].ready = 0; /* of bytes that a drain had taken before they were told */
    }
    for (int i = 0; i < MANY; i++) {
        side_finish(&w, &s[i]);
        (void)close(peers[i]);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_at_attach_is_told),
        cmocka_unit_test(what_does_not_hold_is_not_told),
        cmocka_unit_test(each_arrival_after_a_drain_is_told_anew),
        cmocka_unit_test(room_in_a_full_pipe_is_told),
        cmocka_unit_test(no_edge_is_lost_in_any_order_of_writing_draining_and_waiting),
        cmocka_unit_test(the_end_of_a_pipe_is_a_hangup_and_readable),
        cmocka_unit_test(a_hangup_before_attach_is_told),
        cmocka_unit_test(a_pipe_without_reader_is_an_error_readable_and_writable),
        cmocka_unit_test(a_half_closed_peer_is_a_hangup_and_no_error),
        cmocka_unit_test(a_reset_is_told_to_both_directions),
        cmocka_unit_test(a_refused_connect_is_an_error_and_writable),
        cmocka_unit_test(urgent_data_is_priority),
        cmocka_unit_test(a_change_of_a_terminal_is_priority),
        cmocka_unit_test(many_are_all_told_by_an_array_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
