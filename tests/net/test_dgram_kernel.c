/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_dgram_kernel.c - what only the kernel can show: addresses and interfaces of both families, traffic
 * classes, segments, sockets of others.
 */
#include "dgrams.h"

#include <sys/socket.h>
#include <unistd.h>

/* ---- local addresses ---- */

static const eddy_dgram_options tell = {.tell_local = true, .tell_class = true};

/* `bound`: where the receiver is bound; `to`: where it is sent to; `told`: what is told of that. */
static void check_local(eddy_addr bound, eddy_addr from, const char *to, const char *told)
{
    eddy_core *core = test_core();
    eddy_addr at, sender_at, expected = address(told);
    eddy_dgram *receiver = dg_bind_with(core, bound, tell, &at);
    eddy_dgram *sender = dg_bind_with(core, from, (eddy_dgram_options){0}, &sender_at);
    eddy_addr target = with_port(address(to), at.port);
    eddy_datagram datagram;
    char memory[8];

    assert_int_equal(dg_send(core, sender, "x", 1, &target), 1);
    datagram = recv_one(core, receiver, memory, sizeof memory);
    assert_addr(&datagram.local, &expected);
    assert_int_equal(datagram.interface_index, loopback());
    /* The answer comes from the address that was asked, though the socket has all. */
    datagram.len = 1;
    assert_int_equal(dg_send_many(core, receiver, &datagram, 1), 1);
    datagram = recv_one(core, sender, memory, sizeof memory);
    assert_addr(&datagram.peer, &target);
    eddy_dgram_free(receiver);
    eddy_dgram_free(sender);
    test_core_end(core);
}

static void the_address_a_datagram_was_sent_to_is_told_and_answers(void **state)
{
    (void)state;
    check_local(eddy_addr_ipv4_any(0), eddy_addr_ipv4_loopback(0), "127.0.0.5:0", "127.0.0.5:0");
    check_local(eddy_addr_ipv6_any(0), eddy_addr_ipv6_loopback(0), "[::1]:0", "[::1]:0");
    check_local(eddy_addr_ipv6_any(0), eddy_addr_ipv4_loopback(0), "127.0.0.6:0",
                "[::ffff:127.0.0.6]:0");
}

static void an_interface_alone_can_be_chosen(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at, at6, from;
    eddy_dgram *a = dg_bind(core, &at);
    eddy_dgram *b = dg_bind_with(core, eddy_addr_ipv6_loopback(0), tell, &at6);
    eddy_datagram datagram = {.data = "x", .len = 1, .peer = at, .interface_index = loopback()};
    char memory[8];

    (void)state;
    assert_int_equal(dg_send_many(core, a, &datagram, 1), 1);
    assert_int_equal(dg_recv(core, a, memory, sizeof memory, &from), 1);
    datagram.peer = at6;
    assert_int_equal(dg_send_many(core, b, &datagram, 1), 1);
    assert_int_equal(recv_one(core, b, memory, sizeof memory).len, 1);
    assert_int_equal(eddy_dgram_connect(a, &at), 0);
    datagram.peer = (eddy_addr){0};
    assert_int_equal(dg_send_many(core, a, &datagram, 1), 1);
    assert_int_equal(dg_recv(core, a, memory, sizeof memory, &from), 1);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

/* Of an IPv6 socket, whose packets may be of either protocol. */
static void an_interface_alone_can_be_chosen_whoever_the_peer_is(void **state)
{
    const eddy_dgram_options both = {.dual_stack = EDDY_DUAL_STACK_ON};
    eddy_core *core = test_core();
    eddy_datagram datagram = {.data = "x", .len = 1, .interface_index = loopback()};
    eddy_addr at4, at6, at, from;
    eddy_dgram *peer4 = dg_bind(core, &at4);
    eddy_dgram *peer6 = dg_bind_with(core, eddy_addr_ipv6_loopback(0), tell, &at6);
    eddy_dgram *dgram = dg_bind_with(core, eddy_addr_ipv6_any(0), both, &at);
    char memory[8];

    (void)state;
    assert_int_equal(dg_send_many(core, dgram, &datagram, 1), -EDESTADDRREQ);
    assert_int_equal(eddy_dgram_connect(dgram, &at4), 0);
    assert_int_equal(dg_send_many(core, dgram, &datagram, 1), 1);
    assert_int_equal(dg_recv(core, peer4, memory, sizeof memory, &from), 1);
    assert_int_equal(eddy_dgram_disconnect(dgram), 0);
    assert_int_equal(eddy_dgram_connect(dgram, &at6), 0);
    assert_int_equal(dg_send_many(core, dgram, &datagram, 1), 1);
    assert_int_equal(dg_recv(core, peer6, memory, sizeof memory, &from), 1);
    eddy_dgram_free(peer4);
    eddy_dgram_free(peer6);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

/* ---- traffic class ---- */

static void check_class(eddy_addr bound, eddy_addr from, const char *to)
{
    eddy_core *core = test_core();
    eddy_addr at, sender_at;
    eddy_dgram *receiver = dg_bind_with(core, bound, tell, &at);
    eddy_dgram *sender = dg_bind_with(core, from, (eddy_dgram_options){0}, &sender_at);
    eddy_addr target = with_port(address(to), at.port);
    eddy_datagram datagram = {.data = "x",
                              .len = 1,
                              .peer = target,
                              .traffic_class = 2, /* ECT(0) */
                              .flags = EDDY_DATAGRAM_TRAFFIC_CLASS};
    char memory[8];

    assert_int_equal(dg_send_many(core, sender, &datagram, 1), 1);
    datagram = recv_one(core, receiver, memory, sizeof memory);
    assert_int_equal(datagram.flags, EDDY_DATAGRAM_TRAFFIC_CLASS);
    assert_int_equal(datagram.traffic_class, 2);
    assert_int_equal(eddy_dgram_set_traffic_class(sender, 0x21), 0);
    assert_int_equal(dg_send(core, sender, "x", 1, &target), 1);
    assert_int_equal(recv_one(core, receiver, memory, sizeof memory).traffic_class, 0x21);
    eddy_dgram_free(receiver);
    eddy_dgram_free(sender);
    test_core_end(core);
}

static void the_traffic_class_travels_along(void **state)
{
    (void)state;
    check_class(eddy_addr_ipv4_any(0), eddy_addr_ipv4_any(0), "127.0.0.1:0");
    check_class(eddy_addr_ipv6_any(0), eddy_addr_ipv6_any(0), "[::1]:0");
    check_class(eddy_addr_ipv6_any(0), eddy_addr_ipv6_any(0), "[::ffff:127.0.0.1]:0");
}

static void what_was_not_asked_for_is_not_told(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *dgram = dg_bind(core, &at);
    char memory[8];
    eddy_datagram datagram;

    (void)state;
    assert_int_equal(dg_send(core, dgram, "x", 1, &at), 1);
    datagram = recv_one(core, dgram, memory, sizeof memory);
    assert_int_equal(datagram.flags, 0);
    assert_int_equal(datagram.local.family, EDDY_ADDR_NONE);
    assert_int_equal(datagram.interface_index, 0);
    assert_int_equal(datagram.segment_bytes, 0);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

/* ---- segments ---- */

enum { SEGMENT = 1000, SEGMENTS = 8, BULK = SEGMENT * SEGMENTS - 300 };

static void one_send_is_cut_into_segments(void **state)
{
    static unsigned char bulk[BULK], memory[SEGMENT];
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *dgram = dg_bind(core, &at);
    eddy_datagram datagram = {.data = bulk, .len = BULK, .peer = at, .segment_bytes = SEGMENT};

    (void)state;
    test_pattern_fill(bulk, BULK, 0);
    assert_int_equal(dg_send_many(core, dgram, &datagram, 1), 1);
    for (int i = 0; i < SEGMENTS; i++) {
        int len = i < SEGMENTS - 1 ? SEGMENT : SEGMENT - 300;

        assert_int_equal(dg_recv(core, dgram, memory, sizeof memory, NULL), len);
        test_pattern_check(memory, (size_t)len, (size_t)i * SEGMENT);
    }
    eddy_dgram_free(dgram);
    test_core_end(core);
}

static void segments_are_joined_and_tell_where_to_cut(void **state)
{
    static unsigned char bulk[BULK], memory[EDDY_DGRAM_BYTES_MAX];
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *dgram = dg_bind_with(core, eddy_addr_ipv4_loopback(0),
                                     (eddy_dgram_options){.join_segments = true}, &at);
    eddy_datagram datagram = {.data = bulk, .len = BULK, .peer = at, .segment_bytes = SEGMENT};
    bool on = false;

    (void)state;
    assert_int_equal(eddy_dgram_join_segments(dgram, &on), 0);
    assert_true(on);
    test_pattern_fill(bulk, BULK, 0);
    assert_int_equal(dg_send_many(core, dgram, &datagram, 1), 1);
    datagram = recv_one(core, dgram, (char *)memory, sizeof memory);
    assert_int_equal(datagram.len, BULK);
    assert_int_equal(datagram.segment_bytes, SEGMENT);
    test_pattern_check(memory, BULK, 0);
    /* It goes back as it came. */
    assert_int_equal(dg_send_many(core, dgram, &datagram, 1), 1);
    datagram = recv_one(core, dgram, (char *)memory, sizeof memory);
    assert_int_equal(datagram.len, BULK);
    /* One alone is one. */
    assert_int_equal(dg_send(core, dgram, "x", 1, &at), 1);
    datagram = recv_one(core, dgram, (char *)memory, sizeof memory);
    assert_int_equal(datagram.len, 1);
    assert_int_equal(datagram.segment_bytes, 0);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

/* ---- taking over ---- */

static void what_is_no_datagram_socket_is_not_taken_over(void **state)
{
    eddy_core *core = test_core();
    int tcp = socket(AF_INET, SOCK_STREAM, 0), ends[2];
    eddy_dgram *dgram = NULL;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), tcp, &dgram), -EINVAL);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), ends[0], &dgram), -ENOTSOCK);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), -1, &dgram), -EBADF);
    assert_null(dgram);
    close(tcp);
    close(ends[0]);
    close(ends[1]);
    test_core_end(core);
}

static void an_adopted_socket_is_as_it_was(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at, peer;
    eddy_dgram *other = dg_bind(core, &at);
    eddy_dgram *connected = dg_bind(core, &peer), *dgram;
    char memory[8];
    int fd;

    (void)state;
    assert_int_equal(eddy_dgram_connect(connected, &at), 0);
    fd = eddy_dgram_into_fd(connected);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), fd, &dgram), 0);
    assert_true(test_fd_is_careful(fd));
    assert_int_equal(dg_send(core, dgram, "x", 1, NULL), 1);
    assert_int_equal(dg_recv(core, other, memory, sizeof memory, NULL), 1);
    eddy_dgram_free(other);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

static eddy_result recv_and_ask_why(struct dg *self, eddy_task *task)
{
    eddy_result result = dg_poll_recv(self, task);

    if (result == EDDY_PENDING)
        return result;
    assert_non_null(eddy_why(task));
    assert_string_equal(eddy_why(task)->operation, "dgram: receive");
    assert_int_equal(eddy_why(task)->result, result);
    assert_addr(&eddy_why(task)->peer, self->to);
    return result;
}

static void an_error_is_noted_with_the_peer(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at, nobody;
    eddy_dgram *dgram = dg_bind(core, &at), *other = dg_bind(core, &nobody);
    char memory[8];
    eddy_result result = EDDY_PENDING;

    (void)state;
    eddy_dgram_free(other);
    test_settle(core);
    assert_int_equal(eddy_dgram_connect(dgram, &nobody), 0);
    assert_int_equal(dg_send(core, dgram, "x", 1, NULL), 1);
    test_spawn(core, dg, .poll = recv_and_ask_why, .dgram = dgram, .memory = memory,
               .len = sizeof memory, .to = &nobody, .result = &result);
    assert_int_equal(test_until_done(core, &result), -ECONNREFUSED);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_a_datagram_was_sent_to_is_told_and_answers),
        cmocka_unit_test(an_interface_alone_can_be_chosen),
        cmocka_unit_test(an_interface_alone_can_be_chosen_whoever_the_peer_is),
        cmocka_unit_test(the_traffic_class_travels_along),
        cmocka_unit_test(what_was_not_asked_for_is_not_told),
        cmocka_unit_test(one_send_is_cut_into_segments),
        cmocka_unit_test(segments_are_joined_and_tell_where_to_cut),
        cmocka_unit_test(what_is_no_datagram_socket_is_not_taken_over),
        cmocka_unit_test(an_adopted_socket_is_as_it_was),
        cmocka_unit_test(an_error_is_noted_with_the_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
