/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_drop.c - the standard test, see support/drop.h, of every adaptor and of every future that uses
 * a sink: whatever is dropped, whenever, each item has arrived, was dropped, or is where it was; what
 * was given is gone, and what was lent is whole.
 */
#include "adapt.h"
#include "sink_world.h"

#include "../support/drop.h"
#include "eddy/stream_source.h"

enum { ITEMS = 4 };

struct world {
    eddy_sink *(*adapt)(struct world *world, eddy_sink *sink);
    struct slow slow, second;
    struct numbers numbers;
    struct test_gate gate; /* futures of sink_with */
    eddy_sink *sink;       /* lent */
    eddy_stream *stream;
    int calls, releases, futures;
    int64_t in_flight; /* items that a callback's future has */
    int dropped;
};

/* drop_item has no argument of its own. */
static int *dropped_items;

static void drop_number(void *item)
{
    (void)item;
    ++*dropped_items;
}

static struct world *fresh(void *arg)
{
    struct world *world = arg;
    eddy_sink *(*adapt)(struct world *, eddy_sink *) = world->adapt;

    *world = (struct world){.adapt = adapt, .numbers.end = ITEMS, .slow.holds = true};
    dropped_items = &world->dropped;
    return world;
}

/* A little of everything, one after the other. */
static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (world->calls++ % 3 == 0)
        numbers_allow(&world->numbers, 1);
    if (world->calls % 3 == 2) { /* later than the number that needs it */
        slow_allow(&world->slow, 1);
        slow_allow(&world->second, 1);
    }
    if (world->calls % 3 == 0) {
        slow_flush(&world->slow);
        slow_flush(&world->second);
        if (!world->gate.open)
            test_gate_open(&world->gate, 0);
        else if (world->gate.waiter.branch == NULL)
            world->gate.open = false;
    }
}

/* ---- adaptors, in a forward ---- */

static eddy_sink *owning_slow(struct world *world, eddy_core *core)
{
    return eddy_sink_owning(slow_sink(core, &world->slow), drop_number);
}

static eddy_future *begin_forward(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);
    eddy_stream *stream = eddy_stream_owning(numbers_stream(core, &world->numbers), drop_number);

    return eddy_stream_forward(stream, world->adapt(world, owning_slow(world, core)));
}

/* In order, and nothing in between is missing. */
static void check_prefix(const struct slow *slow)
{
    for (size_t i = 0; i < slow->count; i++)
        assert_int_equal(slow->items[i], i);
}

static void end_forward(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    if (result != EDDY_DROPPED)
        assert_int_equal(result, 0);
    check_prefix(&world->slow);
    assert_int_equal(world->slow.count + (size_t)(world->dropped + world->in_flight),
                     world->numbers.first);
    assert_int_equal(world->slow.dones, 1);
    assert_int_equal(world->numbers.dones, 1);
    assert_int_equal(world->futures, 0);
}

static eddy_sink *as_it_is(struct world *world, eddy_sink *sink)
{
    (void)world;
    return sink;
}

static eddy_sink *buffered(struct world *world, eddy_sink *sink)
{
    (void)world;
    return eddy_sink_buffer(sink, 2);
}

static eddy_sink *mapped(struct world *world, eddy_sink *sink)
{
    return eddy_sink_owning(eddy_sink_map(sink, sizeof(int64_t), copy_number, world), drop_number);
}

/* Has an item in flight from its making to its end. */
struct copy {
    EDDY_FRAME;
    struct world *world;
    const int64_t *item;
    int64_t *out;
    bool finished;
};

static void copy_done(struct copy *self)
{
    self->world->futures--;
    if (self->finished)
        self->world->in_flight--;
}

EDDY_ASYNC(copy, copy_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(&self->world->gate, task));
        *self->out = *self->item;
        self->finished = true;
        EDDY_END(n);
}

static eddy_future *make_copy(void *arg, eddy_handle *handle, const void *item, void *out)
{
    struct world *world = arg;

    world->futures++;
    world->in_flight++;
    return eddy_box(handle, EDDY_FUTURE(copy, .world = world, .item = item, .out = out));
}

static eddy_sink *made_by_futures(struct world *world, eddy_sink *sink)
{
    return eddy_sink_owning(eddy_sink_with(sink, sizeof(int64_t), make_copy, world), drop_number);
}

static eddy_sink *made_by_streams(struct world *world, eddy_sink *sink)
{
    return eddy_sink_with_flat_map(sink, sizeof(int64_t), make_one, world);
}

static void release(void *arg)
{
    ((struct world *)arg)->releases++;
}

static eddy_sink *passed_by(struct world *world, eddy_sink *sink)
{
    return eddy_sink_finally(
        eddy_sink_map_err(eddy_sink_inspect(sink, look, world), same_error, world), release, world);
}

static eddy_sink *all_of_them(struct world *world, eddy_sink *sink)
{
    return buffered(world, made_by_futures(world, mapped(world, passed_by(world, sink))));
}

static void check(eddy_sink *(*adapt)(struct world *world, eddy_sink *sink),
                  void (*end)(void *arg, eddy_core *core, eddy_result result))
{
    struct world world = {.adapt = adapt};
    const struct test_drop drop = {begin_forward, step, end, &world, {0}};

    assert_true(test_drop_anywhere(&drop) > ITEMS);
}

static void forward_can_be_dropped_anywhere(void **state)
{
    (void)state;
    check(as_it_is, end_forward);
}

static void buffer_can_be_dropped_anywhere(void **state)
{
    (void)state;
    check(buffered, end_forward);
}

static void map_can_be_dropped_anywhere(void **state)
{
    (void)state;
    check(mapped, end_forward);
}

static void with_can_be_dropped_anywhere(void **state)
{
    (void)state;
    check(made_by_futures, end_forward);
}

/* The stream's array has the item; dropped with it, it is nobody's. */
static void end_flat_map(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    world->in_flight = world->numbers.first - (int64_t)world->slow.count - world->dropped;
    assert_in_range(world->in_flight, 0, result == EDDY_DROPPED ? 1 : 0);
    end_forward(arg, core, result);
}

static void with_flat_map_can_be_dropped_anywhere(void **state)
{
    (void)state;
    check(made_by_streams, end_flat_map);
}

static void end_passed_by(void *arg, eddy_core *core, eddy_result result)
{
    assert_int_equal(((struct world *)arg)->releases, 1);
    end_forward(arg, core, result);
}

static void inspect_map_err_and_finally_can_be_dropped_anywhere(void **state)
{
    (void)state;
    check(passed_by, end_passed_by);
}

static void adaptors_on_adaptors_can_be_dropped_anywhere(void **state)
{
    (void)state;
    check(all_of_them, end_passed_by);
}

/* ---- fanout ---- */

static eddy_future *begin_fanout(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);
    eddy_sink *sink =
        eddy_sink_fanout(slow_sink(core, &world->slow), slow_sink(core, &world->second));

    return eddy_stream_forward(numbers_stream(core, &world->numbers), sink);
}

static void end_fanout(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    check_prefix(&world->slow);
    check_prefix(&world->second);
    if (result == 0)
        assert_int_equal(world->slow.count + world->second.count, 2 * ITEMS);
    assert_int_equal(world->slow.dones, 1);
    assert_int_equal(world->second.dones, 1);
    assert_int_equal(world->numbers.dones, 1);
}

static void fanout_can_be_dropped_anywhere(void **state)
{
    struct world world = {.adapt = as_it_is};
    const struct test_drop drop = {begin_fanout, step, end_fanout, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > ITEMS);
}

/* ---- what is lent ---- */

static eddy_sink *lend(struct world *world, eddy_core *core)
{
    world->sink = world->adapt(world, owning_slow(world, core));
    return world->sink;
}

static eddy_future *begin_send(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    return eddy_sink_send(lend(world, core), &(int64_t){0});
}

/* Whatever became of the first item, the second one arrives behind it. */
static void end_send(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_int_equal(world->slow.dones, 0);
    assert_null(world->slow.sender.branch);
    assert_null(world->slow.flusher.branch);
    if (core != NULL) {
        size_t first = result == 0 || world->dropped == 0;

        world->slow.room = SLOW_MAX;
        world->slow.holds = false;
        world->slow.flushed = world->slow.count;
        world->gate.open = true;
        assert_int_equal(send_now(core, world->sink, (int64_t)first), 0);
        assert_int_equal(world->slow.count, first + 1);
        check_prefix(&world->slow);
    }
    eddy_sink_drop(world->sink, NULL);
    assert_int_equal(world->slow.dones, 1);
    assert_int_equal(world->futures, 0);
}

static void check_send(eddy_sink *(*adapt)(struct world *world, eddy_sink *sink))
{
    struct world world = {.adapt = adapt};
    const struct test_drop drop = {begin_send, step, end_send, &world, {0}};

    assert_true(test_drop_anywhere(&drop) >= 1);
}

static void send_can_be_dropped_anywhere_and_the_sink_goes_on(void **state)
{
    (void)state;
    check_send(as_it_is);
    check_send(buffered);
    check_send(mapped);
    check_send(made_by_futures);
    check_send(passed_by);
}

static eddy_future *begin_flush(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    world->slow.count = 1;
    return eddy_sink_flush(lend(world, core));
}

static void end_flush(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_int_equal(world->slow.dones, 0);
    assert_null(world->slow.flusher.branch);
    if (result != EDDY_DROPPED)
        assert_int_equal(result, 0);
    if (result == 0)
        assert_int_equal(world->slow.flushed, 1);
    if (core != NULL) {
        slow_flush(&world->slow);
        assert_int_equal(run_now(core, eddy_sink_flush(world->sink)), 0);
        world->slow.room = SLOW_MAX;
        world->slow.holds = false;
        assert_int_equal(send_now(core, world->sink, 1), 0);
        assert_int_equal(world->slow.count, 2);
    }
    eddy_sink_drop(world->sink, NULL);
    assert_int_equal(world->slow.dones, 1);
}

static void check_flush(eddy_sink *(*adapt)(struct world *world, eddy_sink *sink))
{
    struct world world = {.adapt = adapt};
    const struct test_drop drop = {begin_flush, step, end_flush, &world, {0}};

    assert_true(test_drop_anywhere(&drop) >= 1);
}

static void flush_can_be_dropped_anywhere_and_be_gone_on_with(void **state)
{
    (void)state;
    check_flush(as_it_is);
    check_flush(buffered);
}

static eddy_future *begin_close(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    world->slow.count = 1;
    return eddy_sink_close(lend(world, core));
}

static void end_close(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    assert_int_equal(world->slow.dones, 0);
    if (core != NULL) {
        slow_flush(&world->slow);
        assert_int_equal(run_now(core, eddy_sink_close(world->sink)), 0);
        assert_int_equal(world->slow.closes, 1);
    }
    eddy_sink_drop(world->sink, NULL);
    assert_int_equal(world->slow.dones, 1);
}

static void close_can_be_dropped_anywhere_and_be_gone_on_with(void **state)
{
    struct world world = {.adapt = as_it_is};
    const struct test_drop drop = {begin_close, step, end_close, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

static eddy_future *begin_send_all(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg);

    world->stream = eddy_stream_owning(numbers_stream(core, &world->numbers), drop_number);
    return eddy_sink_send_all(lend(world, core), world->stream);
}

/* What is left of the stream follows, without the item that was in hand. */
static void end_send_all(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    assert_int_equal(world->slow.dones + world->numbers.dones, 0);
    assert_null(world->numbers.waiter.branch);
    assert_in_range(world->dropped, 0, 1);
    if (core != NULL) {
        world->slow.room = SLOW_MAX;
        world->slow.holds = false;
        world->slow.flushed = world->slow.count;
        world->numbers.allowed = ITEMS;
        if (world->slow.closes == 0)
            assert_int_equal(run_now(core, eddy_sink_close(world->sink)), 0);
        assert_int_equal(world->slow.count + (size_t)world->dropped, world->numbers.first);
    }
    eddy_stream_drop(world->stream, NULL);
    eddy_sink_drop(world->sink, NULL);
    assert_int_equal(world->slow.dones, 1);
    assert_int_equal(world->numbers.dones, 1);
}

static void send_all_can_be_dropped_anywhere_and_both_go_on(void **state)
{
    struct world world = {.adapt = buffered};
    const struct test_drop drop = {begin_send_all, step, end_send_all, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > ITEMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_can_be_dropped_anywhere),
        cmocka_unit_test(buffer_can_be_dropped_anywhere),
        cmocka_unit_test(map_can_be_dropped_anywhere),
        cmocka_unit_test(with_can_be_dropped_anywhere),
        cmocka_unit_test(with_flat_map_can_be_dropped_anywhere),
        cmocka_unit_test(inspect_map_err_and_finally_can_be_dropped_anywhere),
        cmocka_unit_test(adaptors_on_adaptors_can_be_dropped_anywhere),
        cmocka_unit_test(fanout_can_be_dropped_anywhere),
        cmocka_unit_test(send_can_be_dropped_anywhere_and_the_sink_goes_on),
        cmocka_unit_test(flush_can_be_dropped_anywhere_and_be_gone_on_with),
        cmocka_unit_test(close_can_be_dropped_anywhere_and_be_gone_on_with),
        cmocka_unit_test(send_all_can_be_dropped_anywhere_and_both_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
