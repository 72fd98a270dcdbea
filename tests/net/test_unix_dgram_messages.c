/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_unix_dgram_messages.c - pairs, and connections of messages: kept apart, accepted, ended.
 */
#include "unix_dgrams.h"

static void a_pair_keeps_messages_apart(void **state)
{
    static const eddy_unix_type types[] = {EDDY_UNIX_DATAGRAM, EDDY_UNIX_SEQPACKET};

    (void)state;
    for (int i = 0; i < 2; i++) {
        eddy_core *core = test_core();
        eddy_dgram *a, *b;
        char memory[4];

        pair_of(core, types[i], &a, &b);
        assert_int_equal(dg_send(core, a, "one", 3, NULL), 3);
        assert_int_equal(dg_send(core, a, "", 0, NULL), 0);
        assert_int_equal(dg_send(core, a, "too long", 8, NULL), 8);
        assert_int_equal(dg_send(core, a, "two", 3, NULL), 3);
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 3);
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 0);
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), -EMSGSIZE);
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 3);
        assert_memory_equal(memory, "two", 3);
        assert_int_equal(dg_send(core, b, "back", 4, NULL), 4);
        assert_int_equal(dg_recv(core, a, memory, sizeof memory, NULL), 4);
        eddy_dgram_free(a);
        eddy_dgram_free(b);
        test_core_end(core);
    }
}

/* The end comes behind all messages, and an empty one is not it. */
static void a_connection_of_messages_has_an_end_and_an_empty_message_is_none(void **state)
{
    eddy_core *core = test_core();
    eddy_dgram *a, *b;
    eddy_datagram datagram = {.data = NULL};
    char memory[4];

    (void)state;
    pair_of(core, EDDY_UNIX_SEQPACKET, &a, &b);
    assert_int_equal(dg_send(core, a, "", 0, NULL), 0);
    assert_int_equal(dg_send(core, a, "x", 1, NULL), 1);
    assert_int_equal(dg_send(core, a, "", 0, NULL), 0);
    assert_int_equal(dg_send(core, a, "", 0, NULL), 0);
    eddy_dgram_free(a);
    test_settle(core);
    assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 0);
    assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 1);
    assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 0);
    assert_int_equal(dg_recv(core, b, NULL, 0, NULL), 0);
    assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), EDDY_CLOSED);
    assert_int_equal(dg_recv_many(core, b, &datagram, 1), EDDY_CLOSED);
    assert_int_equal(dg_send(core, b, "x", 1, NULL), -EPIPE); /* no signal */
    eddy_dgram_free(b);
    test_core_end(core);
}

static void the_end_wakes_who_waits(void **state)
{
    eddy_core *core = test_core();
    eddy_result result = EDDY_PENDING;
    eddy_dgram *a, *b;
    char memory[4];

    (void)state;
    pair_of(core, EDDY_UNIX_SEQPACKET, &a, &b);
    test_spawn(core, dg, .poll = dg_poll_recv, .dgram = b, .memory = memory, .len = sizeof memory,
               .result = &result);
    test_settle(core);
    eddy_dgram_free(a);
    assert_int_equal(test_until_done(core, &result), EDDY_CLOSED);
    eddy_dgram_free(b);
    test_core_end(core);
}

static void connections_of_messages_are_accepted(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("listener"), told;
    eddy_dgram *listener, *client, *server = NULL;
    eddy_unix_credentials who, we = test_ourselves();
    eddy_result result = EDDY_PENDING;
    char memory[8];

    (void)state;
    assert_int_equal(eddy_unix_seqpacket_listen(eddy_core_handle(core), &name, NULL, &listener), 0);
    assert_int_equal(eddy_unix_seqpacket_new(eddy_core_handle(core), &client), 0);
    test_spawn(core, dg, .poll = poll_accept, .dgram = listener, .client = &server,
               .result = &result);
    test_settle(core);
    assert_int_equal(connect_name(core, client, &name), 0);
    assert_int_equal(test_until_done(core, &result), 0);
    assert_int_equal(dg_send(core, client, "hi", 2, NULL), 2);
    assert_int_equal(dg_recv(core, server, memory, sizeof memory, NULL), 2);
    assert_int_equal(eddy_dgram_local_name(server, &told), 0);
    assert_true(eddy_unix_addr_equal(&told, &name));
    assert_int_equal(eddy_dgram_peer_credentials(client, &who), 0);
    assert_memory_equal(&who, &we, sizeof who);
    assert_int_equal(connect_name(core, client, &name), -EISCONN);
    eddy_dgram_free(client);
    test_settle(core);
    assert_int_equal(dg_recv(core, server, memory, sizeof memory, NULL), EDDY_CLOSED);
    eddy_dgram_free(server);
    eddy_dgram_free(listener);
    assert_false(is_there("listener"));
    test_core_end(core);
}

static void who_does_not_listen_accepts_nobody(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *udp = dg_bind(core, &at), *a, *b, *client = NULL;
    eddy_unix_addr name = at_path("nobody"), unnamed = {0};

    (void)state;
    pair_of(core, EDDY_UNIX_SEQPACKET, &a, &b);
    assert_int_equal(test_run(core, dg, .poll = poll_accept, .dgram = udp, .client = &client),
                     -EINVAL);
    assert_int_equal(test_run(core, dg, .poll = poll_accept, .dgram = a, .client = &client),
                     -EINVAL);
    assert_null(client);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    assert_int_equal(eddy_unix_seqpacket_new(eddy_core_handle(core), &a), 0);
    assert_int_equal(connect_name(core, a, &name), -ENOENT);
    assert_int_equal(connect_name(core, a, &unnamed), -EINVAL);
    eddy_dgram_free(a);
    eddy_dgram_free(udp);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_keeps_messages_apart),
        cmocka_unit_test(a_connection_of_messages_has_an_end_and_an_empty_message_is_none),
        cmocka_unit_test(the_end_wakes_who_waits),
        cmocka_unit_test(connections_of_messages_are_accepted),
        cmocka_unit_test(who_does_not_listen_accepts_nobody),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
