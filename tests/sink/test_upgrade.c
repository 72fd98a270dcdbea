/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_upgrade.c - the protocol changes in the middle of a connection: from lines to blocks with their
 * length in front to plain bytes, and no byte that has come already is lost, nor one that was written.
 */
#include "sink_world.h"

#include "../stream/bridge_codecs.h"
#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "eddy/io_read.h"
#include "eddy/io_write.h"
#include "eddy/stream_adapt.h"
#include "eddy/transport.h"

/* Two lines, two blocks, and bytes. */
static const char bytes[] = "hello\nblocks please\n\0\3one\0\4stop and the rest are plain";
static const char answers[] = "HELLO\nOK\n\0\3ONE\0\3BYE and so it is";
#define BYTES_LEN   (sizeof bytes - 1)
#define ANSWERS_LEN (sizeof answers - 1)

/* ---- one connection ---- */

/* Answers the first line and block, upgrades at the second, and ends with the plain bytes. */
struct talk {
    EDDY_FRAME;
    eddy_io *io;
    eddy_duplex pair;
    struct line_state lines;
    eddy_bytes line, answer;
    struct block block, reply;
    unsigned char memory[50];
    size_t have;
    char *plain;
};

static void talk_done(struct talk *self)
{
    eddy_io_free(self->io); /* what is framed goes as a child */
}

static void talk_in_lines(struct talk *self, eddy_task *task)
{
    self->pair = eddy_io_framed(eddy_task_handle(task), self->io, &line_decoder, &self->lines,
                                &line_encoder, NULL);
    self->io = NULL;
    eddy_future_adopt(&self->frame, &self->pair.in->frame);
    eddy_future_adopt(&self->frame, &self->pair.out->frame);
}

static void talk_in_blocks(struct talk *self, eddy_task *task)
{
    self->io = eddy_duplex_into_io(&self->pair, task);
    self->pair = eddy_io_framed(eddy_task_handle(task), self->io, &block_decoder, NULL,
                                &block_encoder, NULL);
    self->io = NULL;
    eddy_future_adopt(&self->frame, &self->pair.in->frame);
    eddy_future_adopt(&self->frame, &self->pair.out->frame);
}

static void say(struct talk *self, const char *answer)
{
    self->answer = (eddy_bytes){(const unsigned char *)answer, strlen(answer)};
    self->reply.len = strlen(answer);
    memcpy(self->reply.bytes, answer, self->reply.len);
}

EDDY_ASYNC(talk, talk_done)
{
    eddy_result n;

    EDDY_BEGIN
        talk_in_lines(self, task);
        EDDY_NEXT(n, self->pair.in, &self->line);
        assert_int_equal(n, 1);
        say(self, "HELLO");
        EDDY_POLL(n, eddy_sink_poll_send(self->pair.out, task, &self->answer));
        assert_int_equal(n, 0);
        EDDY_NEXT(n, self->pair.in, &self->line);
        assert_memory_equal(self->line.data, "blocks please", self->line.len);
        say(self, "OK");
        EDDY_POLL(n, eddy_sink_poll_send(self->pair.out, task, &self->answer));
        EDDY_POLL(n, eddy_sink_poll_flush(self->pair.out, task));
        talk_in_blocks(self, task);
        EDDY_NEXT(n, self->pair.in, &self->block);
        assert_int_equal(n, 1);
        assert_memory_equal(self->block.bytes, "one", self->block.len);
        say(self, "ONE");
        EDDY_POLL(n, eddy_sink_poll_send(self->pair.out, task, &self->reply));
        EDDY_NEXT(n, self->pair.in, &self->block);
        assert_memory_equal(self->block.bytes, "stop", self->block.len);
        say(self, "BYE");
        EDDY_POLL(n, eddy_sink_poll_send(self->pair.out, task, &self->reply));
        EDDY_POLL(n, eddy_sink_poll_flush(self->pair.out, task));
        self->io = eddy_duplex_into_io(&self->pair, task);
        say(self, " and so it is");
        EDDY_POLL(n, eddy_io_poll_write_all(self->io, task, &self->answer));
        for (;;) {
            EDDY_POLL(n, eddy_io_poll_read(self->io, task, self->memory, sizeof self->memory));
            if (n <= 0)
                break;
            memcpy(self->plain + self->have, self->memory, (size_t)n);
            self->have += (size_t)n;
        }
        self->plain[self->have] = '\0';
        EDDY_END(n);
}

static void protocol_changes_with_bytes_already_received(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= BYTES_LEN; piece += piece < 12 ? 1 : 7) {
        eddy_core *core = test_core();
        char plain[100] = "", got[100];
        eddy_tcp *tcp;
        int peer = test_peer(core, &tcp);
        eddy_join *join = test_spawn_join(core, talk, .io = eddy_tcp_io(tcp), .plain = plain);

        for (size_t sent = 0; sent < BYTES_LEN; sent += piece) {
            test_peer_send(peer, bytes + sent, BYTES_LEN - sent < piece ? BYTES_LEN - sent : piece);
            (void)test_turn(core);
        }
        test_peer_shutdown(peer);
        assert_int_equal(test_join_end(core, join), 0);
        assert_string_equal(plain, " and the rest are plain");
        test_pass(core, EDDY_MILLISECOND);
        test_peer_recv(peer, got, ANSWERS_LEN);
        assert_memory_equal(got, answers, ANSWERS_LEN);
        assert_int_equal(test_peer_ending(peer), 0);
        test_peer_close(peer);
        test_pass(core, EDDY_MILLISECOND);
        test_core_end(core);
    }
}

/* ---- the byte stream itself ---- */

static void byte_stream_comes_back_as_it_was(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    struct line_state lines = {0};
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_duplex pair =
        eddy_io_framed(handle, eddy_tcp_io(tcp), &line_decoder, &lines, &line_encoder, NULL);
    eddy_io_reader reader;
    eddy_io_writer writer;
    char got[4];

    (void)state;
    test_peer_send(peer, "abc\n", 4);
    assert_int_equal(test_fill(core, tcp, 4), 4);
    assert_ptr_equal(eddy_duplex_into_io(&pair, NULL), eddy_tcp_io(tcp));
    assert_null(pair.in);
    assert_null(pair.out);
    test_expect(core, tcp, "abc\n", 4);
    assert_int_equal(test_write(core, tcp, "xyz\n", 4), 4);
    test_pass(core, EDDY_MILLISECOND);
    test_peer_recv(peer, got, 4);
    eddy_io_split(eddy_tcp_io(tcp), &reader, &writer); /* it is whole: it can be split again */
    eddy_io_reader_free(&reader);
    eddy_io_writer_free(&writer);
    test_peer_close(peer);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

/* ---- drops ---- */

struct world {
    int peer;
    size_t sent;
    char plain[100];
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_tcp *tcp;

    *world = (struct world){.sent = 0};
    world->peer = test_peer(core, &tcp);
    return eddy_box(eddy_core_handle(core),
                    EDDY_FUTURE(talk, .io = eddy_tcp_io(tcp), .plain = world->plain));
}

static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;
    size_t left = BYTES_LEN - world->sent;
    size_t len = left < 4 ? left : 4;

    (void)core;
    if (len == 0)
        return;
    test_peer_send(world->peer, bytes + world->sent, len);
    world->sent += len;
    if (len == left)
        test_peer_shutdown(world->peer);
}

static bool is_quiet(void *arg)
{
    return test_stats(arg).timers_live == 0;
}

/* The byte stream went with the task, in whatever form it was. */
static void end_talk(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    test_peer_close(world->peer);
    if (core != NULL)
        test_until(core, is_quiet, core);
}

static void upgrading_task_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    const struct test_drop drop = {begin, step, end_talk, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > 5);
}

/* ---- memory ---- */

static void without_memory_for_a_half_the_byte_stream_ends(void **state)
{
    bool failed = true;

    (void)state;
    for (long at = 0; failed; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        eddy_core *core;
        eddy_duplex pair;
        eddy_io *io;
        eddy_tcp *tcp;
        int peer;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        peer = test_peer(core, &tcp);
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + at);
        pair = eddy_io_framed(eddy_core_handle(core), eddy_tcp_io(tcp), &block_decoder, NULL,
                              &block_encoder, NULL);
        failed = atomic_load(&heap.calls) > atomic_load(&heap.fail_at);
        atomic_store(&heap.fail_at, -1);
        io = eddy_duplex_into_io(&pair, NULL);
        if (failed)
            assert_null(io);
        else
            assert_ptr_equal(io, eddy_tcp_io(tcp));
        eddy_io_free(io);
        test_peer_close(peer);
        test_until(core, is_quiet, core);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
    }
}

/* ---- misuse ---- */

static eddy_duplex framed(eddy_core *core)
{
    eddy_tcp *tcp;

    (void)test_peer_slow(core, &tcp);
    return eddy_io_framed(eddy_core_handle(core), eddy_tcp_io(tcp), &block_decoder, NULL,
                          &block_encoder, NULL);
}

static void half_is_missing(void *arg)
{
    eddy_duplex pair = framed(test_core());

    (void)arg;
    eddy_stream_drop(pair.in, NULL);
    pair.in = NULL;
    (void)eddy_duplex_into_io(&pair, NULL);
}

static void adaptor_has_the_stream(void *arg)
{
    eddy_duplex pair = framed(test_core());

    (void)arg;
    pair.in = eddy_stream_skip(pair.in, 1);
    (void)eddy_duplex_into_io(&pair, NULL);
}

static void adaptor_has_the_sink(void *arg)
{
    eddy_duplex pair = framed(test_core());

    (void)arg;
    pair.out = eddy_sink_buffer(pair.out, 3);
    (void)eddy_duplex_into_io(&pair, NULL);
}

/* Sends blocks for ever. */
struct feed {
    EDDY_FRAME;
    eddy_sink *out;
    struct block block;
};

EDDY_ASYNC(feed, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, eddy_sink_poll_send(self->out, task, &self->block));
        } while (n >= 0);
        EDDY_END(n);
}

static void frame_is_kept(void *arg)
{
    eddy_core *core = test_core();
    eddy_duplex pair = framed(core);

    (void)arg;
    test_spawn(core, feed, .out = pair.out, .block = {.len = BLOCK_MAX});
    test_pass(core, 20 * EDDY_MILLISECOND);
    (void)eddy_duplex_into_io(&pair, NULL);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(half_is_missing, NULL, "a half is missing");
    assert_dies(adaptor_has_the_stream, NULL, "is not what eddy_io_framed() gave");
    assert_dies(adaptor_has_the_sink, NULL, "is not what eddy_io_framed() gave");
    assert_dies(frame_is_kept, NULL, "bytes is kept: flush first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocol_changes_with_bytes_already_received),
        cmocka_unit_test(byte_stream_comes_back_as_it_was),
        cmocka_unit_test(upgrading_task_can_be_dropped_at_any_moment),
        cmocka_unit_test(without_memory_for_a_half_the_byte_stream_ends),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
