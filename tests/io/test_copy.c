/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_copy.c - all of one byte stream to another: whatever comes and is accepted at a time, no faster
 * than it is accepted, flushed while nothing more comes, and gone on with after a drop at any moment.
 */
#include "script.h"
#include "starved.h"

#include "../support/drop.h"
#include "../support/net.h"
#include "eddy/bridge.h"
#include "eddy/futures.h"
#include "eddy/io_copy.h"
#include "eddy/stream_adapt.h"
#include "eddy/stream_collect.h"

static const char text[] = "now is the time for all good men to come";
#define TEXT_LEN (sizeof text - 1)

static eddy_future *copy(eddy_core *core, struct script *from, struct script *to, uint64_t *copied)
{
    return eddy_io_copy(eddy_core_handle(core), &from->io, &to->io, copied);
}

/* ---- all of it ---- */

static void all_is_copied_and_counted_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t piece = 0; piece <= TEXT_LEN; piece += 3)
        for (size_t accept = 0; accept <= TEXT_LEN; accept++) {
            eddy_core *core = test_core();
            struct script from = script_reading(text, piece);
            struct script to = {.accept = accept, .holds = true};
            uint64_t copied = 0;

            (void)script_init(&from);
            (void)script_init(&to);
            assert_int_equal(script_run(core, copy(core, &from, &to, &copied), &from, &to),
                             TEXT_LEN);
            assert_int_equal(copied, TEXT_LEN);
            assert_int_equal(to.out_len, TEXT_LEN);
            assert_memory_equal(to.out, text, TEXT_LEN);
            assert_int_equal(to.flushed, TEXT_LEN);
            assert_int_equal(to.shutdowns + from.shutdowns, 0);
            test_core_end(core);
        }
}

static void nothing_is_copied_of_what_has_ended(void **state)
{
    eddy_core *core = test_core();
    struct script from = script_reading("", 0), to = {0};

    (void)state;
    (void)script_init(&from);
    (void)script_init(&to);
    assert_int_equal(eddy_core_run(core, copy(core, &from, &to, NULL)), 0);
    test_core_end(core);
}

static void no_more_is_read_than_is_accepted(void **state)
{
    eddy_core *core = test_core();
    struct script from = script_reading(text, 0), to = {.accept = 10};
    uint64_t copied = 0;
    eddy_join *join;

    (void)state;
    (void)script_init(&from);
    (void)script_init(&to);
    join = test_spawn_join_future(core, copy(core, &from, &to, &copied), __FILE__, __LINE__);
    (void)test_settle(core);
    assert_int_equal(copied, 10);
    assert_int_equal(from.consumed, 10);
    script_step(&to);
    (void)test_settle(core);
    assert_int_equal(copied, 20);
    assert_int_equal(from.consumed, 20);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

static void what_was_written_is_flushed_while_nothing_more_comes(void **state)
{
    eddy_core *core = test_core();
    struct script from = script_reading(text, 10), to = {.holds = true};
    uint64_t copied = 0;
    eddy_join *join;

    (void)state;
    (void)script_init(&from);
    (void)script_init(&to);
    join = test_spawn_join_future(core, copy(core, &from, &to, &copied), __FILE__, __LINE__);
    (void)test_settle(core);
    assert_false(to.flush_wanted); /* there is nothing yet */
    script_step(&from);
    (void)test_settle(core);
    assert_true(to.flush_wanted);
    script_step(&from); /* it does not wait for the flush */
    (void)test_settle(core);
    assert_int_equal(copied, 20);
    script_step(&to);
    (void)test_settle(core);
    assert_int_equal(to.flushed, 20);
    to.flushes = 0;
    eddy_waiter_wake(&from.reader); /* for nothing: there is nothing to be flushed */
    (void)test_settle(core);
    assert_int_equal(to.flushes, 0);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

/* ---- errors ---- */

/* A copy in an async function. */
struct embedded {
    EDDY_FRAME;
    eddy_io *from, *to;
    eddy_io **failed;
    uint64_t *copied;
    struct eddy_copy copy;
};

EDDY_ASYNC(embedded, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->copy = EDDY_INIT(eddy_copy, .from = self->from, .to = self->to);
        EDDY_AWAIT(n, &self->copy);
        *self->failed = self->copy.failed;
        *self->copied = self->copy.copied;
        EDDY_END(n);
}

static eddy_result run_embedded(eddy_core *core, struct script *from, struct script *to,
                                eddy_io **failed, uint64_t *copied)
{
    eddy_future *future =
        eddy_box(eddy_core_handle(core),
                 EDDY_FUTURE(embedded, .from = script_init(from), .to = script_init(to),
                             .failed = failed, .copied = copied));

    return script_run(core, future, from, to);
}

static void error_of_reading_comes_behind_the_bytes_and_names_its_side(void **state)
{
    eddy_core *core = test_core();
    struct script from = script_reading(text, 7), to = {.accept = 3};
    eddy_io *failed;
    uint64_t copied;

    (void)state;
    from.ending = -ECONNRESET;
    assert_int_equal(run_embedded(core, &from, &to, &failed, &copied), -ECONNRESET);
    assert_ptr_equal(failed, &from.io);
    assert_int_equal(copied, TEXT_LEN);
    assert_memory_equal(to.out, text, TEXT_LEN);
    test_core_end(core);
}

static void error_of_writing_leaves_the_bytes_and_names_its_side(void **state)
{
    eddy_core *core = test_core();
    struct script from = script_reading(text, 7), to = {.refuse = -EPIPE};
    eddy_io *failed;
    uint64_t copied;

    (void)state;
    assert_int_equal(run_embedded(core, &from, &to, &failed, &copied), -EPIPE);
    assert_ptr_equal(failed, &to.io);
    assert_int_equal(copied, 0);
    assert_int_equal(from.consumed, 0);
    from = script_reading("", 0); /* by the flush at the end */
    assert_int_equal(run_embedded(core, &from, &to, &failed, &copied), -EPIPE);
    assert_ptr_equal(failed, &to.io);
    to.refuse = 0;
    assert_int_equal(run_embedded(core, &from, &to, &failed, &copied), 0);
    assert_null(failed);
    test_core_end(core);
}

static void copy_that_is_asked_to_end_says_so(void **state)
{
    eddy_core *core = test_core();
    struct script from = script_reading(text, 7), to = {0};
    eddy_io *failed;
    uint64_t copied;
    eddy_join *join;

    (void)state;
    join = test_spawn_join(core, embedded, .from = script_init(&from), .to = script_init(&to),
                           .failed = &failed, .copied = &copied);
    (void)test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_null(failed);
    test_core_end(core);
}

/* ---- fairness ---- */

static void source_that_never_pauses_lets_others_go_first(void **state)
{
    eddy_core *core = test_core();
    struct script from = script_reading(text, 0), to = {.forgets = true};
    struct test_trace trace = {0};
    uint64_t copied = 0;
    eddy_join *join;

    (void)state;
    from.endless = true;
    (void)script_init(&from);
    (void)script_init(&to);
    join = test_spawn_join_future(core, copy(core, &from, &to, &copied), __FILE__, __LINE__);
    test_spawn(core, test_value, .trace = &trace, .yields = 30);
    for (int i = 0; i < 100 && trace.dones == 0; i++)
        (void)test_turn(core);
    assert_int_equal(trace.dones, 1);
    assert_true(copied > 0);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

/* ---- drops ---- */

struct world {
    struct script from, to;
    uint64_t copied;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.from = script_reading(text, 3), .to = {.accept = 2, .holds = true}};
    (void)script_init(&world->from);
    (void)script_init(&world->to);
    return copy(core, &world->from, &world->to, &world->copied);
}

static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    script_step(&world->from);
    script_step(&world->to);
}

/* Another copy goes on, and counts on. */
static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == TEXT_LEN || result == EDDY_DROPPED);
    assert_int_equal(world->copied, world->from.consumed);
    assert_int_equal(world->copied, world->to.out_len);
    assert_memory_equal(world->to.out, text, world->to.out_len);
    if (core == NULL)
        return;
    assert_true(script_run(core, copy(core, &world->from, &world->to, &world->copied), &world->from,
                           &world->to) >= 0);
    assert_int_equal(world->copied, TEXT_LEN);
    assert_int_equal(world->to.out_len, TEXT_LEN);
    assert_memory_equal(world->to.out, text, TEXT_LEN);
}

static void copy_can_be_dropped_at_any_moment_and_be_gone_on_with(void **state)
{
    struct world world;
    const struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > 10);
}

/* ---- memory ---- */

static void without_memory_for_a_future_it_fails(void **state)
{
    struct script from = script_reading(text, 0), to = {0};
    struct starved starved;
    eddy_core *core = starved_begin(&starved);

    (void)state;
    (void)script_init(&from);
    (void)script_init(&to);
    starve(&starved);
    assert_int_equal(eddy_core_run(core, copy(core, &from, &to, NULL)), -ENOMEM);
    assert_int_equal(from.fills, 0);
    starved_end(&starved);
}

/* ---- over TCP ---- */

/* Copies one half to the other, and gives both back. */
struct echo {
    EDDY_FRAME;
    eddy_io_reader reader;
    eddy_io_writer writer;
    struct eddy_copy copy;
};

static void echo_done(struct echo *self)
{
    eddy_io_reader_free(&self->reader);
    eddy_io_writer_free(&self->writer);
}

EDDY_ASYNC(echo, echo_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->copy = EDDY_INIT(eddy_copy, .from = self->reader.io, .to = self->writer.io);
        EDDY_AWAIT(n, &self->copy);
        EDDY_END(n);
}

static eddy_future *echo_of(eddy_core *core, eddy_tcp *tcp)
{
    struct echo echo = EDDY_INIT(echo);

    eddy_io_split(eddy_tcp_io(tcp), &echo.reader, &echo.writer);
    return eddy_box(eddy_core_handle(core), &echo.frame);
}

/* Drive the loop until the peer has got this. */
static void expect_now(eddy_core *core, int peer, const char *bytes)
{
    for (size_t have = 0, len = strlen(bytes); have < len;) {
        char memory[20];
        long n = test_peer_try_recv(peer, memory, len - have);

        if (n == -EAGAIN) {
            assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
            continue;
        }
        assert_true(n > 0);
        assert_memory_equal(memory, bytes + have, (size_t)n);
        have += (size_t)n;
    }
}

static void over_tcp_copy_of_one_half_to_the_other_is_an_echo(void **state)
{
    enum { ROUNDS = 1024 };
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_join *join = test_spawn_join_future(core, echo_of(core, tcp), __FILE__, __LINE__);

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        test_peer_send(peer, "foo", 3);
        expect_now(core, peer, "foo");
    }
    test_peer_shutdown(peer);
    assert_int_equal(test_join_end(core, join), 3 * ROUNDS);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    test_core_end(core);
}

static eddy_future *echo_item(void *arg, eddy_handle *handle, const void *item, void *out)
{
    eddy_tcp *tcp;

    (void)handle;
    (void)out;
    memcpy(&tcp, item, sizeof tcp);
    return echo_of(arg, tcp);
}

/* The copies of up to ten clients are under way at a time, and their counts are a stream. */
static void over_tcp_clients_are_served_by_a_buffered_stream_of_copies(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_result counts[2];
    eddy_stream *stream =
        eddy_stream_buffered(eddy_listener_incoming(handle, listener), 10, 0, echo_item, core);
    eddy_join *join = test_spawn_join_future(
        core, eddy_stream_collect(eddy_stream_take(stream, 2), counts, 2), __FILE__, __LINE__);
    int peers[2] = {test_peer_connect(&addr), test_peer_connect(&addr)};

    (void)state;
    for (int i = 1; i >= 0; i--) { /* the second is served while the first is silent */
        test_peer_send(peers[i], "message", 7);
        expect_now(core, peers[i], "message");
    }
    test_peer_send(peers[1], "more", 4);
    test_peer_shutdown(peers[0]);
    test_peer_shutdown(peers[1]);
    assert_int_equal(test_join_end(core, join), 2);
    assert_int_equal(counts[0], 7);
    assert_int_equal(counts[1], 11);
    test_peer_close(peers[0]);
    test_peer_close(peers[1]);
    test_pass(core, 5 * EDDY_MILLISECOND);
    test_core_end(core);
}

static void over_tcp_bytes_that_are_not_accepted_stay_with_the_sender(void **state)
{
    enum { BYTES = 600 * 1024 };
    static unsigned char memory[BYTES];
    eddy_core *core = test_core();
    eddy_tcp *from, *to;
    int source = test_peer_slow(core, &from), drain = test_peer_slow(core, &to);
    uint64_t copied = 0;
    eddy_join *join = test_spawn_join_future(
        core, eddy_io_copy(eddy_core_handle(core), eddy_tcp_io(from), eddy_tcp_io(to), &copied),
        __FILE__, __LINE__);
    size_t sent = 0, before;

    (void)state;
    test_pattern_fill(memory, BYTES, 0);
    do { /* nobody reads: it comes to a stop */
        before = sent;
        sent += test_peer_try_send(source, memory + sent, BYTES - sent);
        test_pass(core, 10 * EDDY_MILLISECOND);
    } while (sent > before);
    assert_true(sent < BYTES);
    assert_true(copied < sent);
    for (size_t have = 0; have < BYTES;) {
        have = test_peer_drain(core, drain, have, sent, NULL);
        sent += test_peer_try_send(source, memory + sent, BYTES - sent);
    }
    test_peer_shutdown(source);
    assert_int_equal(test_join_end(core, join), BYTES);
    assert_int_equal(copied, BYTES);
    eddy_tcp_free(from);
    eddy_tcp_free(to);
    test_peer_close(source);
    test_peer_close(drain);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_copied_and_counted_whatever_the_pieces),
        cmocka_unit_test(nothing_is_copied_of_what_has_ended),
        cmocka_unit_test(no_more_is_read_than_is_accepted),
        cmocka_unit_test(what_was_written_is_flushed_while_nothing_more_comes),
        cmocka_unit_test(error_of_reading_comes_behind_the_bytes_and_names_its_side),
        cmocka_unit_test(error_of_writing_leaves_the_bytes_and_names_its_side),
        cmocka_unit_test(copy_that_is_asked_to_end_says_so),
        cmocka_unit_test(source_that_never_pauses_lets_others_go_first),
        cmocka_unit_test(copy_can_be_dropped_at_any_moment_and_be_gone_on_with),
        cmocka_unit_test(without_memory_for_a_future_it_fails),
        cmocka_unit_test(over_tcp_copy_of_one_half_to_the_other_is_an_echo),
        cmocka_unit_test(over_tcp_clients_are_served_by_a_buffered_stream_of_copies),
        cmocka_unit_test(over_tcp_bytes_that_are_not_accepted_stay_with_the_sender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
