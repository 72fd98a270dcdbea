/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_encoded.c - a sink of items whose frames a TCP stream sends: whole, in order, each encoded once,
 * at the pace of the peer.
 */
#include "sink_world.h"

#include "../io/io_verbs.h"
#include "../stream/bridge_codecs.h"
#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "eddy/stream_source.h"
#include "eddy/transport.h"

static eddy_bytes bytes(const char *text)
{
    return (eddy_bytes){(const unsigned char *)text, strlen(text)};
}

static eddy_result send_line(eddy_core *core, eddy_sink *sink, const char *text)
{
    eddy_bytes line = bytes(text);

    return run_now(core, eddy_sink_send(sink, &line));
}

static void expect(int peer, const char *text)
{
    char memory[200];

    test_peer_recv(peer, memory, strlen(text));
    assert_memory_equal(memory, text, strlen(text));
}

/* ---- frames of the pattern: each starts where the one before ended ---- */

/* The item is how many bytes; `state`: what was encoded so far. */
struct pattern_state {
    size_t at;
    int calls, frames;
    bool ended;
};

static eddy_result pattern_encode(void *state, const void *item, unsigned char *out, size_t room)
{
    struct pattern_state *self = state;
    int64_t len;

    self->calls++;
    memcpy(&len, item, sizeof len);
    if (len < 0)
        return len;
    if ((size_t)len > room)
        return len;
    test_pattern_fill(out, (size_t)len, self->at);
    self->at += (size_t)len;
    self->frames++;
    return len;
}

static eddy_result pattern_finish(void *state, unsigned char *out, size_t room)
{
    struct pattern_state *self = state;

    assert_false(self->ended);
    assert_true(room >= 3);
    test_pattern_fill(out, 3, self->at);
    self->at += 3;
    self->ended = true;
    return 3;
}

static const eddy_encoder pattern_encoder = {
    .name = "pattern",
    .item_bytes = sizeof(int64_t),
    .frame_max = 20000,
    .encode = pattern_encode,
    .finish = pattern_finish,
};

/* ---- frames ---- */

static void frames_arrive_whole_and_in_order(void **state)
{
    const eddy_bytes lines[] = {bytes("one"), bytes(""), bytes("three")};
    eddy_core *core = test_core();
    int calls = 0;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_sink *sink =
        eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_encoder, &calls);
    eddy_stream *stream = eddy_stream_array(eddy_core_handle(core), lines, 3, sizeof lines[0]);

    (void)state;
    assert_int_equal(run_now(core, eddy_stream_forward(stream, sink)), 0);
    expect(peer, "one\n\nthree\n");
    assert_int_equal(calls, 3);
    assert_int_equal(test_peer_ending(peer), 0);
    end(core, tcp, peer);
}

static void frame_gets_the_room_it_asks_for(void **state)
{
    static const int64_t lens[] = {10, 255, 256, 257, 4096, 4097, 5, 20000, 0, 300};
    eddy_core *core = test_core();
    struct pattern_state pattern = {0};
    size_t sum = 3;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_sink *sink =
        eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &pattern_encoder, &pattern);
    eddy_stream *stream = eddy_stream_array(eddy_core_handle(core), lens, 10, sizeof lens[0]);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_stream_forward(stream, sink), &result);

    (void)state;
    for (size_t i = 0; i < 10; i++)
        sum += (size_t)lens[i];
    test_peer_expect(core, peer, 0, sum);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    assert_int_equal(pattern.frames, 10);
    assert_in_range(pattern.calls, 11, 14);
    end(core, tcp, peer);
}

static void item_that_cannot_be_encoded_is_not_taken_and_the_sink_goes_on(void **state)
{
    eddy_core *core = test_core();
    struct pattern_state pattern = {0};
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_sink *sink =
        eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &pattern_encoder, &pattern);

    (void)state;
    assert_int_equal(send_now(core, sink, -EILSEQ), -EILSEQ);
    assert_int_equal(send_now(core, sink, 20001), -EMSGSIZE);
    assert_int_equal(pattern.frames, 0);
    assert_int_equal(send_now(core, sink, 20), 0);
    test_peer_expect(core, peer, 0, 20);
    eddy_sink_drop(sink, NULL);
    end(core, tcp, peer);
}

/* ---- backpressure ---- */

enum { FRAME = 1000, FRAMES = 300 };

struct slow_world {
    eddy_tcp *tcp;
    int peer;
    struct pattern_state pattern;
    size_t have;
    struct numbers numbers;
};

static int frame_len(void *arg, const void *item, void *out)
{
    int64_t len = *(const int64_t *)arg;

    (void)item;
    memcpy(out, &len, sizeof len);
    return 0;
}

static eddy_future *pattern_forward(struct slow_world *world, eddy_core *core, const int64_t *len)
{
    eddy_sink *sink;

    world->peer = test_peer_slow(core, &world->tcp);
    sink = eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(world->tcp), &pattern_encoder,
                           &world->pattern);
    sink = eddy_sink_map(sink, sizeof(int64_t), frame_len, (void *)(uintptr_t)len);
    return eddy_stream_forward(numbers_stream(core, &world->numbers), sink);
}

static bool is_stuck(void *arg)
{
    return ((struct slow_world *)arg)->pattern.frames > 0;
}

static void peer_that_does_not_read_stops_the_sender(void **state)
{
    static const int64_t len = FRAME;
    eddy_core *core = test_core();
    struct slow_world world = {.numbers = {.end = FRAMES, .allowed = FRAMES}};
    eddy_result result;
    eddy_join *join = look_at(core, pattern_forward(&world, core, &len), &result);
    int before;

    (void)state;
    test_until(core, is_stuck, &world);
    do {
        before = world.pattern.frames;
        test_pass(core, 20 * EDDY_MILLISECOND);
    } while (world.pattern.frames > before);
    assert_true(result == EDDY_PENDING);
    /* The queue's 64 KiB, about 20 KB of the kernel's, one frame each here, in the map and in hand. */
    assert_in_range(world.pattern.frames, 64, 150);
    assert_true(eddy_tcp_queued(world.tcp) <= 64 * 1024 + FRAME);
    assert_in_range(world.numbers.first - world.pattern.frames, 0, 2);
    test_peer_expect(core, world.peer, 0, FRAMES * FRAME + 3);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    assert_int_equal(world.pattern.calls, FRAMES + 1); /* the first one asked for room */
    end(core, world.tcp, world.peer);
}

/* Sends frames until it is asked to end; then it sees to it that those arrive. */
struct farewell {
    EDDY_FRAME;
    eddy_sink *sink;
    int64_t len;
    bool *asked;
};

EDDY_ASYNC(farewell, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->len));
        } while (n == 0);
        assert_int_equal(n, -ECANCELED);
        *self->asked = true;
        EDDY_POLL(n, eddy_sink_poll_close(self->sink, task));
        EDDY_END(n);
}

static void request_to_end_loses_no_frame(void **state)
{
    eddy_core *core = test_core();
    struct pattern_state pattern = {0};
    bool asked = false;
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_sink *sink =
        eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &pattern_encoder, &pattern);
    eddy_join *join = test_spawn_join(core, farewell, .sink = sink, .len = FRAME, .asked = &asked);

    (void)state;
    test_pass(core, 50 * EDDY_MILLISECOND);
    assert_true(pattern.frames > 60);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_pass(core, EDDY_MILLISECOND);
    assert_true(asked);
    test_peer_expect(core, peer, 0, (size_t)pattern.frames * FRAME + 3);
    assert_int_equal(test_join_end(core, join), 0);
    end(core, tcp, peer);
}

/* ---- flush, close, errors ---- */

/* A limit on the wait for room is passed: the stream may be tried again, and so may the frame. */
static void frame_that_waited_too_long_is_tried_again(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_io *a, *b;
    eddy_sink *sink;
    int calls = 0;

    (void)state;
    assert_int_equal(
        eddy_io_memory_pair(handle, EDDY_OPTIONS(eddy_io_memory_options, .room_bytes = 4), &a, &b),
        0);
    a = eddy_io_timed(handle, a, EDDY_OPTIONS(eddy_io_timed_options, .write_ns = EDDY_MILLISECOND));
    sink = eddy_io_encoded(handle, a, &line_encoder, &calls);
    assert_int_equal(send_line(core, sink, "first"), 0);
    assert_int_equal(send_line(core, sink, "second"), -ETIMEDOUT); /* of its flush: it was taken */
    for (int i = 0; i < 2; i++)
        assert_int_equal(send_line(core, sink, "third"), -ETIMEDOUT);
    assert_int_equal(calls, 2);
    io_expect_text(core, b, "first\n");
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    io_expect_text(core, b, "second\n");
    eddy_sink_drop(sink, NULL);
    eddy_io_free(a);
    eddy_io_free(b);
    test_core_end(core);
}

static void flush_and_drop_leave_the_tcp_stream_open(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_sink *sink =
        eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_encoder, NULL);

    (void)state;
    assert_int_equal(send_line(core, sink, "one"), 0);
    assert_int_equal(eddy_tcp_queued(tcp), 0);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(test_write_all(core, tcp, "two\n", 4), 0);
    assert_int_equal(test_flush(core, tcp), 0);
    expect(peer, "one\ntwo\n");
    end(core, tcp, peer);
}

static void close_sends_what_comes_last_and_then_the_end(void **state)
{
    eddy_core *core = test_core();
    struct pattern_state pattern = {0};
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_sink *sink =
        eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &pattern_encoder, &pattern);

    (void)state;
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    eddy_sink_drop(sink, NULL);
    test_peer_expect(core, peer, 0, 3);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_send(peer, "x", 1);
    test_expect(core, tcp, "x", 1); /* reading goes on */
    end(core, tcp, peer);
}

static void broken_connection_is_told(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_sink *sink =
        eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_encoder, NULL);
    eddy_result result = 0;

    (void)state;
    test_peer_reset(peer);
    for (int i = 0; i < 100 && result == 0; i++) {
        result = send_line(core, sink, "one");
        test_pass(core, EDDY_MILLISECOND);
    }
    assert_true(result == -ECONNRESET || result == -EPIPE);
    assert_int_equal(send_line(core, sink, "two"), -EPIPE);
    eddy_sink_drop(sink, NULL);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* ---- drops ---- */

static const int64_t drop_lens[] = {FRAME, 6000}; /* copied, and not */
static const int64_t *drop_len;

static eddy_future *begin_frames(void *arg, eddy_core *core)
{
    struct slow_world *world = arg;

    *world = (struct slow_world){.numbers = {.end = 40, .allowed = 40}};
    return pattern_forward(world, core, drop_len);
}

static void read_some(void *arg, eddy_core *core)
{
    struct slow_world *world = arg;
    unsigned char memory[5000];
    long n = test_peer_try_recv(world->peer, memory, sizeof memory);

    (void)core;
    if (n <= 0)
        return;
    test_pattern_check(memory, (size_t)n, world->have);
    world->have += (size_t)n;
}

/* What lingers does so with a timer. */
static bool is_quiet(void *arg)
{
    return test_stats(arg).timers_live == 0;
}

/* Nothing is torn: what has arrived is frames, and only one that was kept is missing. */
static void end_frames(void *arg, eddy_core *core, eddy_result result)
{
    struct slow_world *world = arg;
    size_t frame = (size_t)*drop_len;
    int ending;

    if (core != NULL && result == EDDY_DROPPED) {
        eddy_tcp_free(world->tcp);
        world->have = test_peer_drain(core, world->peer, world->have, SIZE_MAX, &ending);
        assert_int_equal(ending, 0);
        if (world->have % frame != 0) /* the last one */
            assert_true(world->pattern.ended && world->have == world->pattern.at);
        assert_in_range(world->pattern.at - world->have, 0, frame);
    } else {
        eddy_tcp_free(world->tcp);
    }
    assert_int_equal(world->numbers.dones, 1);
    test_peer_close(world->peer);
    if (core != NULL)
        test_until(core, is_quiet, core);
}

static void no_drop_tears_a_frame(void **state)
{
    struct slow_world world;
    const struct test_drop drop = {begin_frames, read_some, end_frames, &world, {0}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        drop_len = &drop_lens[i];
        assert_true(test_drop_anywhere(&drop) >= 1);
    }
}

/* ---- memory ---- */

static void without_memory_an_item_is_not_taken(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    struct pattern_state pattern = {0};
    eddy_core *core;
    eddy_sink *sink;
    eddy_result result;
    eddy_tcp *tcp;
    int peer;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    peer = test_peer(core, &tcp);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    sink = eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &pattern_encoder, &pattern);
    if (test_is_simulated())
        assert_int_equal(send_now(core, sink, 1), -ENOMEM);
    atomic_store(&heap.fail_at, -1);
    eddy_sink_drop(sink, NULL);
    sink = eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &pattern_encoder, &pattern);
    assert_int_equal(send_now(core, sink, 5000), 0);
    result = -ENOMEM;
    for (int skipped = 0; result != 0; skipped++) { /* later and later, until none fails */
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + skipped);
        result = send_now(core, sink, 5000);
        assert_true(result == 0 || result == -ENOMEM);
    }
    atomic_store(&heap.fail_at, -1);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    eddy_sink_drop(sink, NULL);
    test_peer_expect(core, peer, 0, pattern.at);
    end(core, tcp, peer);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
}

static void idle_sink_holds_no_frame(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_core *core;
    struct pattern_state pattern = {0};
    eddy_sink *sink;
    eddy_tcp *tcp;
    int peer;
    long before;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    peer = test_peer(core, &tcp);
    sink = eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &pattern_encoder, &pattern);
    assert_int_equal(send_now(core, sink, 20000), 0);
    test_peer_expect(core, peer, 0, 20000);
    test_settle(core);
    before = atomic_load(&heap.bytes);
    assert_int_equal(send_now(core, sink, 20000), 0);
    test_peer_expect(core, peer, 20000, 40000);
    test_settle(core);
    assert_int_equal(atomic_load(&heap.bytes), before);
    eddy_sink_drop(sink, NULL);
    end(core, tcp, peer);
}

/* ---- mistakes ---- */

static eddy_result never_enough(void *state, const void *item, unsigned char *out, size_t room)
{
    (void)state;
    (void)item;
    (void)out;
    return (eddy_result)room + 1;
}

static void wants_ever_more(void *arg)
{
    static const eddy_encoder greedy = {.name = "greedy", .item_bytes = 8, .encode = never_enough};
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)arg;
    (void)peer;
    (void)send_now(core, eddy_io_encoded(eddy_core_handle(core), eddy_tcp_io(tcp), &greedy, NULL),
                   1);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(wants_ever_more, NULL, "encoder 'greedy' wanted 257 bytes, and now 258");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_arrive_whole_and_in_order),
        cmocka_unit_test(frame_gets_the_room_it_asks_for),
        cmocka_unit_test(item_that_cannot_be_encoded_is_not_taken_and_the_sink_goes_on),
        cmocka_unit_test(peer_that_does_not_read_stops_the_sender),
        cmocka_unit_test(request_to_end_loses_no_frame),
        cmocka_unit_test(frame_that_waited_too_long_is_tried_again),
        cmocka_unit_test(flush_and_drop_leave_the_tcp_stream_open),
        cmocka_unit_test(close_sends_what_comes_last_and_then_the_end),
        cmocka_unit_test(broken_connection_is_told),
        cmocka_unit_test(no_drop_tears_a_frame),
        cmocka_unit_test(without_memory_an_item_is_not_taken),
        cmocka_unit_test(idle_sink_holds_no_frame),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
