/* SPDX-License-Identifier: MIT */
/*
 * Tests of src/driver/sim_ready.c: EDDY__READY of simulated sockets - datagrams above all, but a
 * stream and a listener can be watched so, too. The same claims over the kernel are those of
 * tests/driver/test_contract_ready*.c.
 */
#include "support/sim_room.h"

#include <errno.h>
#include <string.h>

#include "sys/datagrams.h"

enum {
    READABLE = EDDY__IS_READABLE,
    WRITABLE = EDDY__IS_WRITABLE,
    HANGUP = EDDY__IS_HANGUP,
    FAILED = EDDY__IS_ERROR,
    PORT = 53,
};

static const eddy__datagrams *udp(const node *n)
{
    return n->host->system.type->datagrams;
}

static eddy_addr at_port(const node *n, uint16_t port)
{
    eddy_addr addr = n->host->addr;

    addr.port = port;
    return addr;
}

static int open_udp(node *n, uint16_t port)
{
    const eddy__datagram_bind how = {.only_v6 = -1};
    const eddy_addr at = at_port(n, port);
    int fd = udp(n)->open(&n->host->system, &at);

    assert_true(fd >= 0);
    assert_int_equal(udp(n)->bind(&n->host->system, fd, &at, &how), 0);
    return fd;
}

static int post(node *n, int fd, eddy_addr to, size_t len)
{
    static char bytes[1000];
    eddy_datagram it = {.data = bytes, .len = len, .peer = to};
    int later = 0;

    return udp(n)->send(&n->host->system, fd, &it, 1, &later);
}

static int fetch(node *n, int fd)
{
    char memory[16];
    eddy_datagram it = {.data = memory, .room = sizeof memory};

    return udp(n)->recv(&n->host->system, fd, &it, 1);
}

/* ---- two sockets, one of them watched ---- */

typedef struct scene {
    room r;
    end watched; /* on host b, port 53 */
    int peer;    /* on host a */
} scene;

static void watch(end *self, node *n, int fd)
{
    end_init(self, n);
    end_attach(self, fd, EDDY__SLOT_READY);
}

static void open_scene(scene *s, uint64_t seed, eddy_chaos always)
{
    room_open(&s->r, seed, always);
    s->peer = open_udp(&s->r.a, 0);
    watch(&s->watched, &s->r.b, open_udp(&s->r.b, PORT));
}

static uint64_t close_scene(scene *s)
{
    end_detach(&s->watched);
    GO_UNTIL(&s->r, s->watched.ended);
    s->r.a.host->system.type->close(&s->r.a.host->system, s->peer);
    return room_close(&s->r);
}

static void send_one(scene *s)
{
    assert_int_equal(post(&s->r.a, s->peer, at_port(&s->r.b, PORT), 1), 1);
}

/* What is told until nothing more can happen, and is not remembered. */
static uint32_t told(scene *s)
{
    uint32_t ready;

    while (room_go(&s->r))
        continue;
    ready = s->watched.ready;
    s->watched.ready = 0;
    return ready;
}

/* ---- what is told, and when ---- */

static void what_holds_at_attach_is_told_once(void **state)
{
    scene s;
    end late;
    int fd;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    assert_int_equal(told(&s), WRITABLE);
    assert_int_equal(told(&s), 0);
    fd = open_udp(&s.r.b, 54);
    assert_int_equal(post(&s.r.a, s.peer, at_port(&s.r.b, 54), 1), 1);
    assert_int_equal(told(&s), 0);
    watch(&late, &s.r.b, fd);
    GO_UNTIL(&s.r, late.ready != 0);
    assert_int_equal(late.ready, READABLE | WRITABLE);
    end_detach(&late);
    GO_UNTIL(&s.r, late.ended);
    (void)close_scene(&s);
}

static void each_arrival_is_told_read_or_not(void **state)
{
    scene s;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    (void)told(&s);
    for (int i = 0; i < 3; i++) {
        send_one(&s);
        assert_int_equal(told(&s) & READABLE, READABLE);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(fetch(&s.r.b, s.watched.slot.fd), 1);
    assert_int_equal(fetch(&s.r.b, s.watched.slot.fd), -EAGAIN);
    assert_int_equal(told(&s), 0); /* reading tells nothing */
    send_one(&s);
    assert_int_equal(told(&s) & READABLE, READABLE);
    (void)close_scene(&s);
}

static void a_refusal_is_told_as_an_error_that_both_sides_may_look_for(void **state)
{
    scene s;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    (void)told(&s);
    assert_int_equal(udp(&s.r.b)->connect(&s.r.b.host->system, s.watched.slot.fd,
                                          &(eddy_addr){.family = EDDY_ADDR_IPV4, .port = 9}),
                     0);
    assert_int_equal(post(&s.r.b, s.watched.slot.fd, (eddy_addr){0}, 1), 1);
    assert_int_equal(told(&s), FAILED | READABLE | WRITABLE);
    assert_int_equal(fetch(&s.r.b, s.watched.slot.fd), -ECONNREFUSED);
    assert_int_equal(told(&s), 0);
    (void)close_scene(&s);
}

static void room_to_send_is_told_when_it_comes(void **state)
{
    const int slow = 100000;
    scene s;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    eddy__sim_link_get(s.r.b.host, s.r.a.host)->bytes_per_second = slow;
    (void)told(&s);
    while (post(&s.r.b, s.watched.slot.fd, at_port(&s.r.a, 9), 1000) == 1)
        continue;
    assert_int_equal(node_wait(&s.r.b, 0), 0);
    GO_UNTIL(&s.r, (s.watched.ready & WRITABLE) != 0);
    assert_int_equal(post(&s.r.b, s.watched.slot.fd, at_port(&s.r.a, 9), 1000), 1);
    (void)told(&s);
    (void)close_scene(&s);
}

static void a_wait_sleeps_until_a_datagram_comes(void **state)
{
    scene s;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    (void)told(&s);
    send_one(&s);
    s.r.b.driver->cpu->woken = false;
    assert_int_equal(node_wait(&s.r.b, EDDY_FOREVER), 1);
    assert_int_equal(s.r.sim->now_ns, 100 * EDDY_MICROSECOND);
    (void)close_scene(&s);
}

/* ---- streams and listeners ---- */

static void a_stream_and_a_listener_can_be_watched_so(void **state)
{
    const eddy__socket_listen how = {.backlog = 4};
    const eddy_addr to = eddy_addr_ipv4_loopback(80);
    eddy__system *system;
    end listener, stream;
    scene s;
    int fd;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    system = &s.r.b.host->system;
    watch(&listener, &s.r.b, system->type->listen(system, &to, &how));
    fd = system->type->stream(system, &to);
    watch(&stream, &s.r.b, fd);
    (void)told(&s);
    assert_int_equal(listener.ready, 0);
    assert_int_equal(stream.ready, HANGUP | READABLE | WRITABLE); /* as of a new one */
    stream.ready = 0;
    assert_int_equal(eddy__sim_connect(s.r.b.host, fd, &to), -EINPROGRESS);
    (void)told(&s);
    assert_int_equal(listener.ready, READABLE);
    assert_int_equal(stream.ready, WRITABLE);
    stream.ready = 0;
    fd = eddy__sim_accept(s.r.b.host, listener.slot.fd);
    assert_int_equal(eddy__sim_send(s.r.b.host, fd, "x", 1), 1);
    (void)told(&s);
    assert_int_equal(stream.ready & (READABLE | HANGUP), READABLE);
    stream.ready = 0;
    system->type->close(system, fd);
    (void)told(&s);
    assert_int_equal(stream.ready & (READABLE | HANGUP), READABLE | HANGUP);
    end_detach(&listener);
    end_detach(&stream);
    GO_UNTIL(&s.r, listener.ended && stream.ended);
    (void)close_scene(&s);
}

/* ---- the end ---- */

static void what_is_not_to_be_closed_can_be_watched_again(void **state)
{
    scene s;
    int fd;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    send_one(&s);
    assert_int_equal(told(&s), READABLE | WRITABLE);
    fd = s.watched.slot.fd;
    s.watched.slot.keep_fd = true;
    end_detach(&s.watched);
    send_one(&s);
    assert_int_equal(told(&s), 0); /* nothing but the end */
    assert_true(s.watched.ended);
    assert_int_equal(fetch(&s.r.b, fd), 1);
    watch(&s.watched, &s.r.b, fd);
    assert_int_equal(told(&s), READABLE | WRITABLE);
    (void)close_scene(&s);
    assert_true(s.watched.ended);
}

static void what_ends_is_closed_unless_it_is_kept(void **state)
{
    scene s;
    end once;
    int fd;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    fd = open_udp(&s.r.b, 54);
    watch(&once, &s.r.b, fd);
    end_detach(&once);
    assert_int_equal(fetch(&s.r.b, fd), -EBADF);
    GO_UNTIL(&s.r, once.ended);
    assert_int_equal(once.ready, 0);
    (void)close_scene(&s);
}

static void nobody_else_may_watch_it_and_a_closed_one_not_at_all(void **state)
{
    scene s;
    end other;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    end_init(&other, &s.r.b);
    assert_int_equal(
        eddy__sim_driver.attach(s.r.b.driver, &other.slot, s.watched.slot.fd, EDDY__SLOT_READY),
        -EEXIST);
    assert_int_equal(eddy__sim_driver.attach(s.r.b.driver, &other.slot, 77, EDDY__SLOT_READY),
                     -EBADF);
    (void)close_scene(&s);
}

static void the_end_of_its_thread_ends_what_is_watched(void **state)
{
    scene s;
    int fd;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_COUNT);
    fd = s.watched.slot.fd;
    s.watched.slot.keep_fd = true;
    eddy__sim_driver.close(s.r.b.driver, true);
    eddy__pool_deinit(&s.r.b.pool);
    assert_int_equal(s.r.b.bytes_live, 0);
    assert_int_equal(fetch(&s.r.b, fd), -EAGAIN); /* it is somebody's */
    eddy__sim_driver.close(s.r.a.driver, false);
    eddy__pool_deinit(&s.r.a.pool);
    assert_int_equal(s.r.sim->refs, 1);
    eddy__sim_release(s.r.sim);
}

/* ---- chance ---- */

static void by_chance_it_is_told_for_nothing(void **state)
{
    scene s;

    (void)state;
    open_scene(&s, 0, EDDY_CHAOS_SPURIOUS);
    assert_int_equal(told(&s), READABLE | WRITABLE);
    assert_int_equal(fetch(&s.r.b, s.watched.slot.fd), -EAGAIN);
    assert_int_equal(told(&s), 0); /* once, not for ever */
    send_one(&s);
    assert_int_equal(told(&s), READABLE | WRITABLE);
    assert_int_equal(fetch(&s.r.b, s.watched.slot.fd), 1);
    (void)close_scene(&s);
}

/* Poll, take until -EAGAIN, poll again: what a loop does, whatever is left to chance. */
static uint64_t take_all(uint64_t seed, int n)
{
    int sent = 0, got = 0;
    scene s;

    open_scene(&s, seed, EDDY_CHAOS_COUNT);
    for (int i = 0; i <= EDDY_CHAOS_BATCH; i++)
        odds(&s.r, (eddy_chaos)i, ROOM_ALWAYS / 3);
    odds(&s.r, EDDY_CHAOS_SPURIOUS, ROOM_ALWAYS / 3);
    while (got < n) {
        if (sent < n && (sent == 0 || sent - got < 5)) {
            send_one(&s);
            sent++;
        }
        assert_true(room_go(&s.r));
        if ((s.watched.ready & READABLE) == 0)
            continue;
        while (fetch(&s.r.b, s.watched.slot.fd) == 1)
            got++;
        s.watched.ready &= ~(uint32_t)READABLE;
    }
    return close_scene(&s);
}

static void no_arrival_is_missed_and_the_same_seed_gives_the_same_hash(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        uint64_t hash = take_all(seed, 50);

        assert_true(hash == take_all(seed, 50));
        assert_true(hash != take_all(seed + 1000, 50));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds_at_attach_is_told_once),
        cmocka_unit_test(each_arrival_is_told_read_or_not),
        cmocka_unit_test(a_refusal_is_told_as_an_error_that_both_sides_may_look_for),
        cmocka_unit_test(room_to_send_is_told_when_it_comes),
        cmocka_unit_test(a_wait_sleeps_until_a_datagram_comes),
        cmocka_unit_test(a_stream_and_a_listener_can_be_watched_so),
        cmocka_unit_test(what_is_not_to_be_closed_can_be_watched_again),
        cmocka_unit_test(what_ends_is_closed_unless_it_is_kept),
        cmocka_unit_test(nobody_else_may_watch_it_and_a_closed_one_not_at_all),
        cmocka_unit_test(the_end_of_its_thread_ends_what_is_watched),
        cmocka_unit_test(by_chance_it_is_told_for_nothing),
        cmocka_unit_test(no_arrival_is_missed_and_the_same_seed_gives_the_same_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
