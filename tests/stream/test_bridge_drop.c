/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_bridge_drop.c - decoded streams that are dropped, that have much to tell at once, or whose memory
 * is out: no byte is lost.
 */
#include <errno.h>

#include "../support/drop.h"
#include "../support/heap.h"
#include "bridge_lines.h"

/* ---- drops ---- */

static void bytes_of_no_item_stay_in_the_tcp_stream(void **state)
{
    eddy_core *core = test_core();
    char text[100];
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, "one\ntwo\nthr", 11);
    assert_int_equal(read_lines(core, tcp, 1, text), 1);
    assert_string_equal(text, "one|");
    test_expect(core, tcp, "two\n", 4);
    test_peer_send(peer, "ee\nfour\n", 8);
    assert_int_equal(read_lines(core, tcp, 2, text), 1);
    assert_string_equal(text, "three|four|");
    end(core, tcp, peer);
}

struct world {
    eddy_tcp *tcp;
    int peer;
    size_t sent;
    struct line_state lines;
    char text[100];
};

static eddy_future *begin_lines(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_handle *handle = eddy_core_handle(core);

    *world = (struct world){.sent = 0};
    world->peer = test_peer(core, &world->tcp);
    return eddy_box(handle, EDDY_FUTURE(reader,
                                        .stream = eddy_io_decoded(handle, eddy_tcp_io(world->tcp),
                                                                  &line_decoder, &world->lines),
                                        .text = world->text));
}

static void send_some(void *arg, eddy_core *core)
{
    struct world *world = arg;
    size_t left = sizeof poem - 1 - world->sent;
    size_t len = left < 3 ? left : 3;

    (void)core;
    if (len == 0)
        return;
    test_peer_send(world->peer, poem + world->sent, len);
    world->sent += len;
    if (len == left)
        test_peer_shutdown(world->peer);
}

/* Another reader goes on where the dropped one stopped. */
static void end_lines(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    char rest[100];

    if (result != EDDY_DROPPED)
        assert_int_equal(result, 0);
    while (core != NULL && world->sent < sizeof poem - 1)
        send_some(world, core);
    if (core != NULL) {
        assert_int_equal(read_lines(core, world->tcp, 0, rest), 0);
        strcat(world->text, rest);
        assert_string_equal(world->text, "one|two||three and more|five|");
    }
    eddy_tcp_free(world->tcp);
    test_peer_close(world->peer);
}

static void lines_can_be_dropped_anywhere_and_be_gone_on_with(void **state)
{
    struct world world;
    const struct test_drop drop = {begin_lines, send_some, end_lines, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > 3);
}

/* ---- fairness, memory ---- */

static void many_lines_at_once_let_others_go_first(void **state)
{
    static char many[20000];
    static char text[sizeof many + 1];
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    struct line_state lines = {0};
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_stream *stream =
        eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_decoder, &lines);
    eddy_join *join;

    (void)state;
    memset(many, '\n', sizeof many);
    text[0] = '\0';
    test_peer_send(peer, many, sizeof many);
    join = test_spawn_join(core, reader, .stream = stream, .text = text, .stop_after = sizeof many);
    test_spawn(core, test_value, .trace = &trace, .yields = 30);
    for (int i = 0; i < 100 && trace.dones == 0; i++)
        (void)test_turn(core);
    assert_int_equal(trace.dones, 1);
    assert_true(lines.calls < (int)sizeof many);
    assert_int_equal(test_join_end(core, join), 1);
    assert_int_equal(strlen(text), sizeof many);
    end(core, tcp, peer);
}

static void without_memory_the_stream_is_a_failed_one(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_core *core;
    char text[100];
    eddy_tcp *tcp;
    int peer;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    peer = test_peer(core, &tcp);
    test_peer_send(peer, poem, sizeof poem - 1);
    if (test_is_simulated()) {
        atomic_store(&heap.fail_at, atomic_load(&heap.calls));
        assert_int_equal(read_lines(core, tcp, 0, text), -ENOMEM);
    }
    assert_int_equal(read_lines(core, tcp, 1, text), 1);
    end(core, tcp, peer);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

/* Wants more than will come, and is told how much there was. */
static eddy_result greedy_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    (void)in;
    (void)item;
    *used = 65000;
    return 0;
}

static eddy_result greedy_eof(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    *used = in.len;
    memcpy(item, &in.len, sizeof in.len);
    return in.len > 0;
}

static const eddy_decoder greedy_decoder = {
    .name = "greedy",
    .item_bytes = sizeof(size_t),
    .decode = greedy_decode,
    .eof = greedy_eof,
};

/* Takes one item, and tries again when there is no memory. */
struct patient {
    EDDY_FRAME;
    eddy_stream *stream;
    size_t len;
    size_t *got;
};

EDDY_ASYNC(patient, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_NEXT(n, self->stream, &self->len);
        } while (n == -ENOMEM);
        *self->got = self->len;
        EDDY_END(n);
}

/* What is left lies in several pieces; to show them in one takes memory. */
static void lack_of_memory_never_cuts_the_rest(void **state)
{
    static const char piece[3000];

    (void)state;
    for (long at = 0; at < 8; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        eddy_core *core;
        size_t got = 0;
        eddy_tcp *tcp;
        eddy_join *join;
        int peer;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        peer = test_peer(core, &tcp);
        join = test_spawn_join(core, patient,
                               .stream = eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp),
                                                         &greedy_decoder, NULL),
                               .got = &got);
        for (int i = 0; i < 20; i++) {
            test_peer_send(peer, piece, sizeof piece);
            test_settle(core);
        }
        test_peer_shutdown(peer);
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + at);
        assert_int_equal(test_join_end(core, join), 1);
        assert_int_equal(got, 20 * sizeof piece);
        atomic_store(&heap.fail_at, -1);
        end(core, tcp, peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_no_item_stay_in_the_tcp_stream),
        cmocka_unit_test(lines_can_be_dropped_anywhere_and_be_gone_on_with),
        cmocka_unit_test(many_lines_at_once_let_others_go_first),
        cmocka_unit_test(without_memory_the_stream_is_a_failed_one),
        cmocka_unit_test(lack_of_memory_never_cuts_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
