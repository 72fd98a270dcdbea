/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_sender.c - the ends of a channel as a sink and as a stream.
 */
#include "sink_world.h"

#include "../support/drop.h"
#include "../support/heap.h"
#include "eddy/bridge.h"

struct ends {
    eddy_sender *sender;
    eddy_receiver *receiver;
};

static struct ends channel(eddy_core *core, uint32_t capacity)
{
    struct ends ends;
    const eddy_channel_options options = {
        .size_bytes = sizeof options, .item_bytes = sizeof(int64_t), .capacity = capacity};

    assert_int_equal(
        eddy_channel_new(eddy_core_handle(core), &options, &ends.sender, &ends.receiver), 0);
    return ends;
}

static int64_t received(eddy_receiver *receiver)
{
    int64_t item = -1;

    assert_int_equal(eddy_receiver_try_next(receiver, &item), 1);
    return item;
}

static void send_in(eddy_sender *sender, int64_t item)
{
    assert_int_equal(eddy_sender_try_send(sender, &item), 0);
}

/* ---- senders ---- */

static void full_channel_gives_the_item_back_and_wakes_once(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 1);
    eddy_sink *sink = eddy_sender_sink(eddy_core_handle(core), ends.sender);
    eddy_result result = EDDY_PENDING;
    int polls = 0;

    (void)state;
    assert_int_equal(send_now(core, sink, 0), 0);
    test_spawn(core, looked_at, .inner = eddy_sink_send(sink, &(int64_t){1}), .result = &result,
               .polls = &polls);
    test_settle(core);
    assert_true(result == EDDY_PENDING);
    polls = 0;
    assert_int_equal(received(ends.receiver), 0);
    test_settle(core);
    assert_int_equal(result, 0);
    if (!test_is_simulated())
        assert_int_equal(polls, 1);
    assert_int_equal(received(ends.receiver), 1);
    eddy_sink_drop(sink, NULL);
    eddy_receiver_free(ends.receiver);
    test_core_end(core);
}

static void close_ends_the_channel(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 2);
    eddy_sink *sink = eddy_sender_sink(eddy_core_handle(core), ends.sender);
    int64_t item;

    (void)state;
    assert_int_equal(send_now(core, sink, 5), 0);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(received(ends.receiver), 5);
    assert_int_equal(eddy_receiver_try_next(ends.receiver, &item), 0);
    eddy_sink_drop(sink, NULL);
    eddy_receiver_free(ends.receiver);
    test_core_end(core);
}

static void close_while_a_send_stands_in_line_ends_the_channel(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 1);
    eddy_sink *sink = eddy_sender_sink(eddy_core_handle(core), ends.sender);
    eddy_result result;
    eddy_join *join;
    int64_t item;

    (void)state;
    assert_int_equal(send_now(core, sink, 1), 0);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){2}), &result);
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(received(ends.receiver), 1);
    assert_int_equal(eddy_receiver_try_next(ends.receiver, &item), 0);
    eddy_sink_drop(sink, NULL);
    eddy_receiver_free(ends.receiver);
    test_core_end(core);
}

/* Gives a send up, and closes. */
struct quitter {
    EDDY_FRAME;
    eddy_sink *sink;
    int64_t item;
};

EDDY_ASYNC(quitter, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->item));
        assert_int_equal(n, 0);
        n = eddy_sink_poll_send(self->sink, task, &self->item);
        assert_true(n == EDDY_PENDING);
        EDDY_POLL(n, eddy_sink_poll_close(self->sink, task));
        EDDY_END(n);
}

static void send_that_is_given_up_leaves_the_line_by_the_close(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 1);
    eddy_sink *sink = eddy_sender_sink(eddy_core_handle(core), ends.sender);
    int64_t item;

    (void)state;
    assert_int_equal(test_run(core, quitter, .sink = sink, .item = 4), 0);
    assert_int_equal(received(ends.receiver), 4);
    assert_int_equal(eddy_receiver_try_next(ends.receiver, &item), 0);
    eddy_receiver_free(ends.receiver);
    test_core_end(core);
}

static eddy_result to_pipe(void *arg, eddy_result error)
{
    *(eddy_result *)arg = error;
    return -EPIPE;
}

static int dropped_items;

static void drop_number(void *item)
{
    (void)item;
    dropped_items++;
}

static void send_to_a_receiver_that_is_gone_fails(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 1);
    eddy_result seen = 0;
    eddy_sink *sink = eddy_sender_sink(eddy_core_handle(core), ends.sender);

    (void)state;
    sink = eddy_sink_map_err(eddy_sink_owning(sink, drop_number), to_pipe, &seen);
    eddy_receiver_free(ends.receiver);
    dropped_items = 0;
    assert_int_equal(send_now(core, sink, 5), -EPIPE);
    assert_int_equal(seen, EDDY_CLOSED);
    assert_int_equal(dropped_items, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void receiver_that_goes_wakes_the_sender(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 1);
    eddy_sink *sink = eddy_sender_sink(eddy_core_handle(core), ends.sender);
    eddy_result result;
    eddy_join *join;

    (void)state;
    assert_int_equal(send_now(core, sink, 1), 0);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){2}), &result);
    test_settle(core);
    eddy_receiver_free(ends.receiver);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, EDDY_CLOSED);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void send_that_is_dropped_passes_its_turn_on(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 1);
    eddy_sink *a = eddy_sender_sink(eddy_core_handle(core), eddy_sender_retain(ends.sender));
    eddy_sink *b = eddy_sender_sink(eddy_core_handle(core), ends.sender);
    eddy_result first, second;
    eddy_join *join_a, *join_b;

    (void)state;
    assert_int_equal(send_now(core, a, 1), 0);
    join_a = look_at(core, eddy_sink_send(a, &(int64_t){2}), &first);
    test_settle(core);
    join_b = look_at(core, eddy_sink_send(b, &(int64_t){3}), &second);
    test_settle(core);
    assert_int_equal(received(ends.receiver), 1); /* a's turn; woken, it is dropped */
    eddy_join_abort(join_a);
    eddy_join_free(join_a);
    assert_int_equal(test_join_end(core, join_b), 0);
    assert_int_equal(second, 0);
    assert_int_equal(received(ends.receiver), 3);
    eddy_sink_drop(a, NULL);
    eddy_sink_drop(b, NULL);
    eddy_receiver_free(ends.receiver);
    test_core_end(core);
}

/* The upstream test of fanout, over channels. */
static void fanout_waits_for_the_slower_channel(void **state)
{
    eddy_core *core = test_core();
    struct ends left = channel(core, 1), right = channel(core, 1);
    eddy_handle *handle = eddy_core_handle(core);
    eddy_sink *sink = eddy_sink_fanout(eddy_sender_sink(handle, left.sender),
                                       eddy_sender_sink(handle, right.sender));
    eddy_result result;
    eddy_join *join;

    (void)state;
    assert_int_equal(send_now(core, sink, 0), 0);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &result);
    test_settle(core);
    assert_true(result == EDDY_PENDING);
    assert_int_equal(received(left.receiver), 0);
    test_settle(core);
    assert_true(result == EDDY_PENDING);
    assert_int_equal(received(right.receiver), 0);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(received(left.receiver), 1);
    assert_int_equal(received(right.receiver), 1);
    eddy_sink_drop(sink, NULL);
    eddy_receiver_free(left.receiver);
    eddy_receiver_free(right.receiver);
    test_core_end(core);
}

/* ---- receivers ---- */

static void stream_gives_what_is_sent_and_ends_with_the_senders(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 3);
    struct slow slow = {.room = 9};
    eddy_stream *stream = eddy_receiver_stream(eddy_core_handle(core), ends.receiver);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_stream_forward(stream, slow_sink(core, &slow)), &result);

    (void)state;
    send_in(ends.sender, 1);
    send_in(ends.sender, 2);
    test_settle(core);
    assert_taken(&slow, 1, 2);
    assert_true(result == EDDY_PENDING);
    send_in(ends.sender, 3);
    eddy_sender_free(ends.sender);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    assert_taken(&slow, 1, 2, 3);
    test_core_end(core);
}

static void stream_that_is_dropped_closes_the_channel(void **state)
{
    eddy_core *core = test_core();
    struct ends ends = channel(core, 3);
    eddy_stream *stream = eddy_receiver_stream(eddy_core_handle(core), ends.receiver);

    (void)state;
    send_in(ends.sender, 1);
    assert_false(eddy_sender_is_closed(ends.sender));
    eddy_stream_drop(stream, NULL);
    assert_true(eddy_sender_is_closed(ends.sender));
    eddy_sender_free(ends.sender);
    test_core_end(core);
}

/* ---- drops: from one channel to another ---- */

enum { ITEMS = 6 };

struct world {
    struct ends from, to;
    int64_t sent, have;
    int dropped, steps;
};

static int *dropped_here;

static void drop_here(void *item)
{
    (void)item;
    ++*dropped_here;
}

static void drop_queued(void *arg, void *item)
{
    (void)item;
    ++*(int *)arg;
}

static eddy_future *begin_pump(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_handle *handle = eddy_core_handle(core);
    const eddy_channel_options options = {.size_bytes = sizeof options,
                                          .item_bytes = sizeof(int64_t),
                                          .capacity = 2,
                                          .drop_item = drop_queued,
                                          .arg = &world->dropped};

    *world = (struct world){.sent = 0};
    dropped_here = &world->dropped;
    assert_int_equal(eddy_channel_new(handle, &options, &world->from.sender, &world->from.receiver),
                     0);
    world->to = channel(core, 1);
    return eddy_stream_forward(
        eddy_stream_owning(eddy_receiver_stream(handle, world->from.receiver), drop_here),
        eddy_sender_sink(handle, world->to.sender));
}

static void take_one(struct world *world)
{
    int64_t item;

    if (world->to.receiver != NULL && eddy_receiver_try_next(world->to.receiver, &item) == 1)
        assert_int_equal(item, world->have++);
}

static void send_and_take(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (world->from.sender != NULL && eddy_sender_try_send(world->from.sender, &world->sent) == 0 &&
        ++world->sent == ITEMS) {
        eddy_sender_free(world->from.sender);
        world->from.sender = NULL;
    }
    if (world->steps++ % 2 == 1)
        take_one(world);
}

/* Each item has arrived, or was dropped. */
static void end_pump(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    for (int i = 0; i < ITEMS; i++)
        take_one(world);
    assert_int_equal(world->have + world->dropped, world->sent);
    if (result != EDDY_DROPPED)
        assert_int_equal(world->have, ITEMS);
    eddy_sender_free(world->from.sender);
    eddy_receiver_free(world->to.receiver);
    world->from.sender = NULL; /* a step may follow, when a neighbour lives on */
    world->to.receiver = NULL;
}

static void forward_between_channels_can_be_dropped_anywhere(void **state)
{
    struct world world;
    const struct test_drop drop = {begin_pump, send_and_take, end_pump, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= ITEMS / 2);
}

/* ---- memory ---- */

static void without_memory_the_ends_are_given_back(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    struct ends ends;
    int64_t item;
    eddy_core *core;

    (void)state;
    if (!test_is_simulated())
        return; /* there an object shares its memory with others */
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    ends = channel(core, 1);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    assert_int_equal(send_now(core, eddy_sender_sink(eddy_core_handle(core), ends.sender), 1),
                     -ENOMEM);
    assert_int_equal(eddy_receiver_try_next(ends.receiver, &item), 0);
    eddy_receiver_free(ends.receiver);
    ends = channel(core, 1);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    eddy_stream_drop(eddy_receiver_stream(eddy_core_handle(core), ends.receiver), NULL);
    assert_true(eddy_sender_is_closed(ends.sender));
    eddy_sender_free(ends.sender);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_channel_gives_the_item_back_and_wakes_once),
        cmocka_unit_test(close_ends_the_channel),
        cmocka_unit_test(close_while_a_send_stands_in_line_ends_the_channel),
        cmocka_unit_test(send_that_is_given_up_leaves_the_line_by_the_close),
        cmocka_unit_test(send_to_a_receiver_that_is_gone_fails),
        cmocka_unit_test(receiver_that_goes_wakes_the_sender),
        cmocka_unit_test(send_that_is_dropped_passes_its_turn_on),
        cmocka_unit_test(fanout_waits_for_the_slower_channel),
        cmocka_unit_test(stream_gives_what_is_sent_and_ends_with_the_senders),
        cmocka_unit_test(stream_that_is_dropped_closes_the_channel),
        cmocka_unit_test(forward_between_channels_can_be_dropped_anywhere),
        cmocka_unit_test(without_memory_the_ends_are_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
