/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_dgram_framed.c - a datagram socket as a stream and a sink of messages. Without memory, and with what
 * only the kernel has: test_dgram_framed_odd.c.
 */
#include "letters.h"

#include "../support/drop.h"

static void a_message_is_a_datagram_each_way(void **state)
{
    struct world *world = begin();

    (void)state;
    assert_int_equal(put(world, "hello"), 0);
    assert_int_equal(get(world), 1);
    assert_int_equal(world->letter.len, 5);
    assert_memory_equal(world->letter.text, "hello", 5);
    assert_addr(&world->letter.peer, &world->at_a);
    end(world);
}

static void an_empty_message_is_really_sent(void **state)
{
    struct world *world = begin();

    (void)state;
    assert_int_equal(put(world, ""), 0);
    assert_int_equal(put(world, "x"), 0);
    assert_int_equal(get(world), 1);
    assert_int_equal(world->letter.len, 0);
    assert_int_equal(get(world), 1);
    assert_int_equal(world->letter.len, 1);
    end(world);
}

static void what_cannot_be_decoded_is_one_error_and_the_stream_goes_on(void **state)
{
    struct world *world = begin();

    (void)state;
    assert_int_equal(dg_send(world->core, world->a, "?", 1, &world->at_b), 1);
    assert_int_equal(dg_send(world->core, world->a, "-", 1, &world->at_b), 1);
    assert_int_equal(dg_send(world->core, world->a, "good", 4, &world->at_b), 4);
    assert_int_equal(get(world), -EBADMSG);
    assert_int_equal(get(world), 1);
    assert_int_equal(world->letter.len, 4);
    end(world);
}

static void what_cannot_be_encoded_is_not_taken_and_the_sink_goes_on(void **state)
{
    struct world *world = begin();
    struct letter letter = letter_to(&world->at_b, "");

    (void)state;
    assert_int_equal(put(world, "?"), -EBADMSG);
    letter.len = TEXT; /* one more than the encoder's datagrams have */
    assert_int_equal(eddy_core_run(world->core, eddy_sink_send(world->out, &letter)), -EMSGSIZE);
    letter.len = TEXT - 1; /* more than there is room for at first */
    memset(letter.text, 'y', TEXT);
    assert_int_equal(eddy_core_run(world->core, eddy_sink_send(world->out, &letter)), 0);
    assert_int_equal(get(world), 1);
    assert_int_equal(world->letter.len, TEXT - 1);
    assert_memory_equal(world->letter.text, letter.text, TEXT - 1);
    end(world);
}

/* It was taken when the system refused it: so the next call tells. */
static void what_cannot_be_sent_is_told_by_the_next_call(void **state)
{
    struct world *world = begin();
    eddy_addr nowhere = {0};
    struct letter letter = letter_to(&nowhere, "x");

    (void)state;
    assert_int_equal(eddy_core_run(world->core, eddy_sink_send(world->out, &letter)),
                     -EDESTADDRREQ); /* by the flush that belongs to it */
    assert_int_equal(put(world, "y"), 0);
    assert_int_equal(get(world), 1);
    assert_int_equal(world->letter.text[0], 'y');
    end(world);
}

static void the_socket_is_there_afterwards(void **state)
{
    struct world *world = begin();
    char memory[8];

    (void)state;
    assert_int_equal(put(world, "x"), 0);
    eddy_stream_drop(world->in, NULL);
    world->in = NULL;
    assert_int_equal(eddy_core_run(world->core, eddy_sink_close(world->out)), 0);
    assert_int_equal(dg_recv(world->core, world->b, memory, sizeof memory, NULL), 1);
    end(world);
}

/* ---- both halves ---- */

static void a_framed_socket_ends_with_its_second_half(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_addr at, other_at;
    struct letter letter;
    eddy_duplex both;
    eddy_dgram *other;
    int fds;

    (void)state;
    eddy_dgram_free(dg_bind(core, &at));
    other = dg_bind(core, &other_at);
    test_settle(core);
    fds = test_open_fds();
    both = eddy_dgram_framed(handle, dg_bind(core, &at), &decoder, NULL, &encoder, NULL);
    letter = letter_to(&at, "to myself");
    assert_int_equal(eddy_core_run(core, eddy_sink_send(both.out, &letter)), 0);
    assert_int_equal(eddy_core_run(core, eddy_stream_next(handle, both.in, &letter)), 1);
    assert_int_equal(letter.len, 9);
    eddy_sink_drop(both.out, NULL);
    both.out = NULL;
    assert_int_equal(dg_send(core, other, "still there", 11, &at), 11);
    assert_int_equal(eddy_core_run(core, eddy_stream_next(handle, both.in, &letter)), 1);
    assert_int_equal(test_open_fds(), fds + 1);
    eddy_duplex_drop(&both, NULL);
    test_until_fds(core, fds);
    eddy_dgram_free(other);
    test_core_end(core);
}

/* Each goes back to whom it is from: a message holds its peer. */
static void both_halves_make_an_echo(void **state)
{
    struct world *world = begin();
    eddy_handle *handle = eddy_core_handle(world->core);
    eddy_addr at;
    eddy_duplex both =
        eddy_dgram_framed(handle, dg_bind(world->core, &at), &decoder, NULL, &encoder, NULL);
    char memory[8];

    (void)state;
    assert_int_equal(eddy_spawn(handle, eddy_stream_forward(both.in, both.out)), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(dg_send(world->core, world->a, "ping", (size_t)(i % 5), &at), i % 5);
        assert_int_equal(dg_recv(world->core, world->a, memory, sizeof memory, NULL), i % 5);
    }
    end(world);
}

/* ---- drops ---- */

static eddy_future *begin_next(void *arg, eddy_core *core)
{
    struct world *world = arg;

    begin_at(world, core);
    return eddy_stream_next(eddy_core_handle(core), world->in, &world->letter);
}

static int turns;

static void send_late(void *arg, eddy_core *core)
{
    struct world *world = arg;

    if (++turns % 2 == 0)
        test_spawn(core, dg, .poll = dg_poll_send, .dgram = world->a, .memory = "late", .len = 4,
                   .to = &world->at_b);
}

static void end_next(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    if (core != NULL)
        test_settle(core); /* nobody sends any more */
    if (core != NULL && result == EDDY_DROPPED) {
        assert_int_equal(dg_send(core, world->a, "late", 4, &world->at_b), 4);
        assert_int_equal(get(world), 1);
        assert_int_equal(world->letter.len, 4);
    }
    end_at(world);
}

static void a_dropped_next_loses_no_message(void **state)
{
    static struct world world;
    struct test_drop drop = {
        .begin = begin_next, .step = send_late, .end = end_next, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_a_datagram_each_way),
        cmocka_unit_test(an_empty_message_is_really_sent),
        cmocka_unit_test(what_cannot_be_decoded_is_one_error_and_the_stream_goes_on),
        cmocka_unit_test(what_cannot_be_encoded_is_not_taken_and_the_sink_goes_on),
        cmocka_unit_test(what_cannot_be_sent_is_told_by_the_next_call),
        cmocka_unit_test(the_socket_is_there_afterwards),
        cmocka_unit_test(a_framed_socket_ends_with_its_second_half),
        cmocka_unit_test(both_halves_make_an_echo),
        cmocka_unit_test(a_dropped_next_loses_no_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
