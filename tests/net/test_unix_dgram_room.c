/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_unix_dgram_room.c - who has no room is waited for: a peer, any other receiver, a listener.
 */
#include "unix_dgrams.h"

/* Send until it waits; how many went. */
static int fill(eddy_core *core, eddy_dgram *from, eddy_unix_addr *to, eddy_result *last)
{
    int sent = 0;

    for (*last = 1; *last == 1; sent++) {
        *last = EDDY_PENDING;
        if (to != NULL)
            test_spawn(core, dg, .poll = poll_send_name, .dgram = from, .memory = "x", .len = 1,
                       .name = to, .result = last);
        else
            test_spawn(core, dg, .poll = dg_poll_send, .dgram = from, .memory = "x", .len = 1,
                       .result = last);
        test_settle(core);
        assert_true(sent < 100000);
    }
    return sent;
}

static void a_full_peer_is_waited_for(void **state)
{
    eddy_core *core = test_core();
    eddy_dgram *a, *b;
    eddy_result last;
    char memory[2];
    int sent;

    (void)state;
    pair_of(core, EDDY_UNIX_DATAGRAM, &a, &b);
    sent = fill(core, a, NULL, &last);
    assert_int_equal(last, EDDY_PENDING);
    for (int i = 0; i < sent; i++)
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 1);
    assert_int_equal(last, 1);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

/* A connection of messages passes over names, so who answers what it has received, with the name of
 * nobody that came with it, waits for its peer. */
static void a_full_peer_is_waited_for_whatever_name_is_given(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr nobody = {.kind = EDDY_UNIX_UNNAMED};
    eddy_datagram answer = {.data = "x", .len = 1, .name = &nobody};
    eddy_result last = 1;
    eddy_dgram *a, *b;
    char memory[2];
    int sent = 0;

    (void)state;
    pair_of(core, EDDY_UNIX_SEQPACKET, &a, &b);
    for (; last == 1; sent++) {
        last = EDDY_PENDING;
        test_spawn(core, dg, .poll = dg_poll_send_many, .dgram = a, .list = &answer, .n = 1,
                   .result = &last);
        (void)test_turn(core);
        (void)test_turn(core);
        assert_true(sent < 100000);
    }
    test_settle(core); /* nothing is tried over and over */
    assert_int_equal(last, EDDY_PENDING);
    for (int i = 0; i < sent; i++)
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 1);
    assert_int_equal(last, 1);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

/* The system does not tell when a socket that this one is not connected to has room. */
static void a_full_receiver_that_is_no_peer_is_waited_for_too(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("b");
    eddy_dgram *a = bind_at(core, NULL), *b = bind_at(core, &name);
    eddy_result last;
    uint64_t before;
    char memory[2];
    int sent;

    (void)state;
    sent = fill(core, a, &name, &last);
    assert_int_equal(last, EDDY_PENDING);
    before = test_stats(core).polls;
    test_pass(core, 40 * EDDY_MILLISECOND); /* tried again, in vain, after 1, 2, 4 .. ms */
    assert_int_equal(last, EDDY_PENDING);
    assert_in_range(test_stats(core).polls - before, 2, 6);
    for (int i = 0; i < sent; i++)
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 1);
    assert_int_equal(last, 1);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

/* The attempt in vain is no sign of room, though some systems tell it as one. */
static void who_waits_for_a_peer_that_is_not_connected_back_does_not_spin(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("b");
    eddy_dgram *a = bind_at(core, NULL), *b = bind_at(core, &name);
    eddy_result last;
    uint64_t before;
    char memory[2];
    int sent;

    (void)state;
    assert_int_equal(connect_name(core, a, &name), 0);
    sent = fill(core, a, NULL, &last);
    assert_int_equal(last, EDDY_PENDING);
    for (int round = 0; round < 3; round++) {
        before = test_stats(core).polls;
        test_pass(core, 10 * EDDY_MILLISECOND);
        assert_int_equal(last, EDDY_PENDING);
        assert_in_range(test_stats(core).polls - before, 0, 6);
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 1);
        assert_int_equal(test_until_done(core, &last), 1);
        assert_int_equal(fill(core, a, NULL, &last), 1); /* as much as was received, and it waits */
    }
    for (int i = 0; i < sent; i++)
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 1);
    assert_int_equal(test_until_done(core, &last), 1);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

static void who_waits_for_a_peer_learns_that_it_is_gone(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("b");
    eddy_dgram *a = bind_at(core, NULL), *b = bind_at(core, &name);
    eddy_result last;

    (void)state;
    assert_int_equal(connect_name(core, a, &name), 0);
    (void)fill(core, a, NULL, &last);
    test_settle(core);
    eddy_dgram_free(b);
    assert_int_equal(test_until_done(core, &last), -ECONNREFUSED);
    eddy_dgram_free(a);
    test_core_end(core);
}

/* Who does not want to wait for one sends to another. */
static eddy_unix_addr elsewhere;

static eddy_result poll_full_then_elsewhere(struct dg *self, eddy_task *task)
{
    assert_int_equal(poll_send_name(self, task), EDDY_PENDING);
    return eddy_dgram_poll_send_name(self->dgram, task, "y", 1, &elsewhere);
}

static void a_full_receiver_is_in_nobodys_way(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("b");
    eddy_dgram *a = bind_at(core, NULL), *b = bind_at(core, &name), *c;
    eddy_result last = EDDY_PENDING;
    eddy_join *join;
    char memory[2];

    (void)state;
    elsewhere = at_path("c");
    c = bind_at(core, &elsewhere);
    for (;;) {
        join = test_spawn_join(core, dg, .poll = poll_send_name, .dgram = a, .memory = "x",
                               .len = 1, .name = &name, .result = &last);
        last = EDDY_PENDING;
        test_settle(core);
        if (last == EDDY_PENDING)
            break;
        assert_int_equal(last, 1);
        eddy_join_free(join);
    }
    eddy_join_abort(join);
    test_settle(core);
    eddy_join_free(join);
    assert_int_equal(test_run(core, dg, .poll = poll_full_then_elsewhere, .dgram = a, .memory = "x",
                              .len = 1, .name = &name),
                     1);
    assert_int_equal(dg_recv(core, c, memory, sizeof memory, NULL), 1);
    assert_int_equal(memory[0], 'y');
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    eddy_dgram_free(c);
    test_core_end(core);
}

static void a_sender_that_waits_goes_with_its_loop(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("b");
    eddy_dgram *a = bind_at(core, NULL), *b = bind_at(core, &name);
    eddy_result last;

    (void)state;
    (void)fill(core, a, &name, &last);
    assert_int_equal(eddy_core_free(core), 0);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
}

/* The listener's queue is full: whoever connects waits, and is served when there is room. */
static void a_full_listener_is_waited_for(void **state)
{
    enum { CLIENTS = 4 };
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("listener");
    eddy_result results[CLIENTS];
    eddy_dgram *listener, *clients[CLIENTS], *servers[CLIENTS];
    int connected = 0;

    (void)state;
    assert_int_equal(eddy_unix_seqpacket_listen(eddy_core_handle(core), &name,
                                                EDDY_OPTIONS(eddy_unix_dgram_options, .backlog = 1),
                                                &listener),
                     0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(eddy_unix_seqpacket_new(eddy_core_handle(core), &clients[i]), 0);
        results[i] = EDDY_PENDING;
        test_spawn(core, dg, .poll = poll_connect_name, .dgram = clients[i], .name = &name,
                   .result = &results[i]);
    }
    test_settle(core);
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(results[i] == 0 || results[i] == EDDY_PENDING);
        connected += results[i] == 0;
    }
    assert_int_equal(connected, 2); /* one more than the backlog */
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(
            test_run(core, dg, .poll = poll_accept, .dgram = listener, .client = &servers[i]), 0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(test_until_done(core, &results[i]), 0);
        eddy_dgram_free(clients[i]);
        eddy_dgram_free(servers[i]);
    }
    eddy_dgram_free(listener);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_peer_is_waited_for),
        cmocka_unit_test(a_full_peer_is_waited_for_whatever_name_is_given),
        cmocka_unit_test(a_full_receiver_that_is_no_peer_is_waited_for_too),
        cmocka_unit_test(who_waits_for_a_peer_that_is_not_connected_back_does_not_spin),
        cmocka_unit_test(who_waits_for_a_peer_learns_that_it_is_gone),
        cmocka_unit_test(a_full_receiver_is_in_nobodys_way),
        cmocka_unit_test(a_sender_that_waits_goes_with_its_loop),
        cmocka_unit_test(a_full_listener_is_waited_for),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
