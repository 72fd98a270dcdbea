/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_source.c - streams out of memory, poll functions and futures.
 */
#include "streams.h"

static void array_gives_its_items_in_order_then_the_end(void **state)
{
    static const int64_t items[] = {3, 1, 2};
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_array(handle_of(&world), items, 3, sizeof items[0]), plain, 3, 1,
             2);
    GIVES_BY(&world, eddy_stream_array(handle_of(&world), NULL, 0, sizeof items[0]), plain, END);
    world_end(&world);
}

static void empty_stream_ends_at_once(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_empty(handle_of(&world), 8), plain, END);
    world_end(&world);
}

static void repeat_gives_one_item_over_and_over(void **state)
{
    struct world world;
    int64_t item = 7;
    eddy_stream *stream;

    (void)state;
    world_begin(&world);
    stream = eddy_stream_repeat(handle_of(&world), &item, sizeof item);
    item = 8; /* it was copied */
    GIVES_BY(&world, eddy_stream_take(stream, 3), plain, 7, 7, 7);
    world_end(&world);
}

static void once_gives_the_result_of_a_future_then_the_end(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_once(later(&world, 3, 5)), plain, 5);
    GIVES_BY(&world, eddy_stream_once(later(&world, 0, -EIO)), plain, -EIO);
    assert_int_equal(world.futures_done, 2);
    world_end(&world);
}

/* ---- poll_fn ---- */

struct counter {
    int64_t left;
    int calls;
};

static eddy_result count_down(void *arg, eddy_task *task, void *item)
{
    struct counter *self = arg;

    (void)task;
    self->calls++;
    if (self->left == 0)
        return 0;
    memcpy(item, &self->left, sizeof self->left);
    return self->left-- == 2 ? -EIO : 1;
}

static void stream_poll_fn_gives_what_the_function_gives(void **state)
{
    struct world world;
    struct counter counter = {.left = 4};

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_poll_fn(handle_of(&world), 8, count_down, &counter), plain, 4, 3,
             -EIO, 1);
    assert_int_equal(counter.calls, 5); /* never again after the end */
    world_end(&world);
}

static eddy_result at_gate(void *arg, eddy_task *task, void *item)
{
    eddy_result result = test_gate_poll(arg, task);

    if (result != EDDY_PENDING)
        memcpy(item, &result, sizeof result);
    return result;
}

static void drop_of_a_poll_fn_disarms_what_it_parked_at(void **state)
{
    struct world world;
    struct test_gate gate = {0};
    eddy_join *join;

    (void)state;
    world_begin(&world);
    join = test_spawn_join_future(
        world.core,
        take_all_by(&world, eddy_stream_poll_fn(handle_of(&world), 8, at_gate, &gate), plain),
        __FILE__, __LINE__);
    test_settle(world.core);
    assert_non_null(gate.waiter.branch);
    eddy_join_abort(join);
    assert_null(gate.waiter.branch);
    assert_int_equal(test_join_end(world.core, join), EDDY_DROPPED);
    world_end(&world);
}

/* ---- unfold ---- */

struct unfolder {
    struct world *world;
    int64_t state, end, fail_at;
};

struct unfolded {
    EDDY_FRAME;
    struct unfolder *from;
    int64_t *item;
    eddy_sleep sleep;
};

static void unfolded_done(struct unfolded *self)
{
    self->from->world->futures_done++;
}

/* Delayed, as the upstream's are. */
EDDY_ASYNC(unfolded, unfolded_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        if (n == 0 && self->from->state == self->from->fail_at)
            n = -EPROTO;
        if (n < 0 || self->from->state > self->from->end)
            EDDY_RETURN(n);
        *self->item = 2 * self->from->state++;
        EDDY_END(1);
}

static eddy_future *unfold_one(void *arg, eddy_handle *handle, void *item)
{
    struct unfolder *self = arg;

    self->world->futures++;
    return eddy_box(handle, EDDY_FUTURE(unfolded, .from = self, .item = item));
}

static void unfold_gives_delayed_items_in_order_then_the_end(void **state)
{
    struct world world;
    struct unfolder from = {&world, 1, 3, -1};

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_unfold(handle_of(&world), sizeof(int64_t), unfold_one, &from),
             plain, 2, 4, 6);
    assert_int_equal(world.futures, 4); /* the last one said that there is no more */
    world_end(&world);
}

static void unfold_tells_an_error_once_then_the_end(void **state)
{
    struct world world;
    struct unfolder from = {&world, 1, 5, 3};

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_unfold(handle_of(&world), sizeof(int64_t), unfold_one, &from),
             plain, 2, 4, -EPROTO);
    assert_int_equal(world.futures, 3);
    world_end(&world);
}

static eddy_future *give_null(void *arg, eddy_handle *handle, void *item)
{
    (void)arg;
    (void)handle;
    (void)item;
    return NULL;
}

static void unfold_by_null(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_unfold(handle_of(&world), 8, give_null, NULL), plain, END);
}

static void callback_that_gives_null_for_a_future_is_caught(void **state)
{
    (void)state;
    assert_dies(unfold_by_null, NULL, "a callback of 'stream_unfold' gave NULL for a future");
}

/* ---- from_future ---- */

struct opener {
    EDDY_FRAME;
    struct world *world;
    eddy_stream **place;
    eddy_stream *stream; /* owned until it is put there */
    int64_t sleep_ms;
    eddy_result value;
    eddy_sleep sleep;
};

static void opener_done(struct opener *self)
{
    eddy_stream_drop(self->stream, NULL);
    self->world->futures_done++;
}

EDDY_ASYNC(opener, opener_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->value < 0)
            *self->place = self->stream; /* too early: it fails afterwards */
        eddy_sleep_start(&self->sleep, task, self->sleep_ms * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        if (self->value >= 0)
            *self->place = self->stream;
        self->stream = NULL;
        EDDY_END(n < 0 ? n : self->value);
}

static eddy_future *opener(struct world *world, eddy_stream *stream, eddy_stream **place,
                           eddy_result value)
{
    world->futures++;
    return box(world, EDDY_FUTURE(opener, .world = world, .place = place, .stream = stream,
                                  .sleep_ms = 2, .value = value));
}

static void successful_future_of_a_stream_is_followed_by_its_items(void **state)
{
    struct world world;
    eddy_stream *place = NULL;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_from_future(opener(&world, SCRIPT(&world, 17, WAIT(1), -EIO, 19), &place, 0),
                                  &place, sizeof(struct item)),
          17, -EIO, 19);
    assert_null(place);
    world_end(&world);
}

static void failed_future_of_a_stream_gives_one_error_then_the_end(void **state)
{
    struct world world;
    eddy_stream *place = NULL;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_from_future(opener(&world, SCRIPT(&world, 17, 19), &place, -EACCES), &place,
                                  sizeof(struct item)),
          -EACCES);
    assert_null(place);
    assert_int_equal(world.polls, 0); /* the stream that was there was never polled */
    world_end(&world);
}

static void succeed_without_a_stream(void *arg)
{
    struct world world;
    eddy_stream *place = NULL;

    (void)arg;
    world_begin(&world);
    GIVES(&world, eddy_stream_from_future(later(&world, 0, 0), &place, 8), END);
}

static void succeed_with_other_items(void *arg)
{
    struct world world;
    eddy_stream *place = NULL;

    (void)arg;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_from_future(opener(&world, SCRIPT(&world, 17, 19), &place, 0), &place, 8),
          END);
}

static void future_of_a_stream_that_is_not_there_or_another_is_caught(void **state)
{
    (void)state;
    assert_dies(succeed_without_a_stream, NULL, "the future succeeded without a stream");
    assert_dies(succeed_with_other_items, NULL, "items of 24 bytes, not of 8 as was said");
}

/* ---- a future that is another's ---- */

static void once_of_one_future_twice(void *arg)
{
    struct world world;
    eddy_future *future;

    (void)arg;
    world_begin(&world);
    future = later(&world, 1, 5);
    (void)eddy_stream_once(future);
    (void)eddy_stream_once(future);
}

static void from_one_future_twice(void *arg)
{
    struct world world;
    eddy_stream *places[2];
    eddy_future *future;

    (void)arg;
    world_begin(&world);
    future = later(&world, 1, 0);
    (void)eddy_stream_from_future(future, &places[0], 8);
    (void)eddy_stream_from_future(future, &places[1], 8);
}

static eddy_future *give_what_another_has(void *arg, eddy_handle *handle, void *item)
{
    (void)handle;
    (void)item;
    return arg;
}

static void unfold_by_what_another_has(void *arg)
{
    struct world world;
    eddy_future *future;

    (void)arg;
    world_begin(&world);
    future = later(&world, 1, 5);
    (void)eddy_stream_once(future);
    GIVES_BY(&world, eddy_stream_unfold(handle_of(&world), 8, give_what_another_has, future), plain,
             END);
}

static void future_that_is_given_twice_is_caught(void **state)
{
    (void)state;
    assert_dies(once_of_one_future_twice, NULL,
                "stream_once is given future 'later' after its first poll, or after another took "
                "it over");
    assert_dies(from_one_future_twice, NULL,
                "stream_from_future is given future 'later' after its first poll, or after "
                "another took it over");
    assert_dies(unfold_by_what_another_has, NULL,
                "future 'later' is adopted after its first poll, or twice");
}

/* ---- arguments ---- */

static void items_of_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_empty(handle_of(&world), 0);
}

static void map_to_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_map(SCRIPT(&world, 1), 0, NULL, NULL);
}

static void then_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_then(SCRIPT(&world, 1), 0, NULL, NULL);
}

static void and_then_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_and_then(SCRIPT(&world, 1), 0, NULL, NULL);
}

static void flatten_to_nothing(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_flatten(numbers(&world, 1), 0);
}

static void items_of_no_bytes_are_caught(void **state)
{
    (void)state;
    assert_dies(items_of_nothing, NULL, "stream_empty: items of 0 bytes");
    assert_dies(map_to_nothing, NULL, "stream_map: items of 0 bytes");
    assert_dies(then_nothing, NULL, "stream_then: items of 0 bytes");
    assert_dies(and_then_nothing, NULL, "stream_and_then: items of 0 bytes");
    assert_dies(flatten_to_nothing, NULL, "stream_flatten: items of 0 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(array_gives_its_items_in_order_then_the_end),
        cmocka_unit_test(empty_stream_ends_at_once),
        cmocka_unit_test(repeat_gives_one_item_over_and_over),
        cmocka_unit_test(once_gives_the_result_of_a_future_then_the_end),
        cmocka_unit_test(stream_poll_fn_gives_what_the_function_gives),
        cmocka_unit_test(drop_of_a_poll_fn_disarms_what_it_parked_at),
        cmocka_unit_test(unfold_gives_delayed_items_in_order_then_the_end),
        cmocka_unit_test(unfold_tells_an_error_once_then_the_end),
        cmocka_unit_test(callback_that_gives_null_for_a_future_is_caught),
        cmocka_unit_test(successful_future_of_a_stream_is_followed_by_its_items),
        cmocka_unit_test(failed_future_of_a_stream_gives_one_error_then_the_end),
        cmocka_unit_test(future_of_a_stream_that_is_not_there_or_another_is_caught),
        cmocka_unit_test(future_that_is_given_twice_is_caught),
        cmocka_unit_test(items_of_no_bytes_are_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
