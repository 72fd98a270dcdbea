/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_with.c - adaptors that make other items by a future or a stream; and what becomes of an item that
 * an adaptor holds when it is asked to end.
 */
#include "adapt.h"
#include "sink_world.h"

#include "../support/death.h"
#include "eddy/stream_source.h"

/* ---- with ---- */

/* Futures of one adaptor, one after the other. */
struct adding {
    struct test_gate gate; /* each waits here */
    int64_t number;        /* that is added */
    int made, dones;
};

struct add {
    EDDY_FRAME;
    struct adding *adding;
    const int64_t *item;
    int64_t *out;
};

static void add_done(struct add *self)
{
    self->adding->dones++;
}

EDDY_ASYNC(add, add_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(&self->adding->gate, task));
        *self->out = *self->item + self->adding->number;
        EDDY_END(n);
}

static eddy_future *make_add(void *arg, eddy_handle *handle, const void *item, void *out)
{
    ((struct adding *)arg)->made++;
    return eddy_box(handle, EDDY_FUTURE(add, .adding = arg, .item = item, .out = out));
}

static void flush_waits_for_the_future_of_an_item(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    struct adding adding = {.number = 1};
    eddy_sink *sink = eddy_sink_with(slow_sink(core, &slow), sizeof(int64_t), make_add, &adding);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){0}), &result);

    (void)state;
    test_settle(core);
    assert_true(result == EDDY_PENDING);
    assert_int_equal(slow.count, 0);
    test_gate_open(&adding.gate, 0);
    assert_int_equal(test_join_end(core, join), 0);
    assert_taken(&slow, 1);
    assert_int_equal(send_now(core, sink, 1), 0);
    assert_taken(&slow, 1, 2);
    assert_int_equal(adding.made, 2);
    assert_int_equal(adding.dones, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void flush_reaches_through_to_the_inner_flush(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9, .holds = true};
    struct adding adding = {.gate.open = true};
    eddy_sink *sink = eddy_sink_with(slow_sink(core, &slow), sizeof(int64_t), make_add, &adding);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){7}), &result);

    (void)state;
    test_settle(core);
    assert_taken(&slow, 7);
    assert_true(result == EDDY_PENDING);
    slow_flush(&slow);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* Sends one item, then tries a second while the first is on its way. */
struct two_sends {
    EDDY_FRAME;
    eddy_sink *sink;
    int64_t item;
    int *refused;
};

EDDY_ASYNC(two_sends, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->item = 1;
        EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->item));
        self->item = 2;
        n = eddy_sink_poll_send(self->sink, task, &self->item);
        if (n == EDDY_PENDING) {
            ++*self->refused;
            EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->item));
        }
        assert_int_equal(n, 0);
        EDDY_POLL(n, eddy_sink_poll_close(self->sink, task));
        EDDY_END(n);
}

static void with_takes_one_item_at_a_time(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    struct adding adding = {0};
    eddy_sink *sink = eddy_sink_with(slow_sink(core, &slow), sizeof(int64_t), make_add, &adding);
    int refused = 0;
    eddy_join *join = test_spawn_join(core, two_sends, .sink = sink, .refused = &refused);

    (void)state;
    test_settle(core);
    assert_int_equal(refused, 1);
    assert_int_equal(adding.made, 1);
    test_gate_open(&adding.gate, 0);
    assert_int_equal(test_join_end(core, join), 0);
    assert_taken(&slow, 1, 2);
    assert_int_equal(slow.closes, 1);
    assert_int_equal(slow.dones, 1);
    test_core_end(core);
}

static void with_as_map(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    struct adding adding = {.gate.open = true, .number = 10};
    eddy_sink *sink = eddy_sink_with(slow_sink(core, &slow), sizeof(int64_t), make_add, &adding);

    (void)state;
    for (int64_t i = 0; i < 3; i++)
        assert_int_equal(send_now(core, sink, i), 0);
    assert_taken(&slow, 10, 11, 12);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void error_of_the_future_is_told_once_and_loses_the_item(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    struct adding adding = {.gate = {.open = true, .result = -EIO}};
    eddy_sink *sink = eddy_sink_with(slow_sink(core, &slow), sizeof(int64_t), make_add, &adding);

    (void)state;
    assert_int_equal(send_now(core, sink, 1), -EIO);
    adding.gate.result = 0;
    assert_int_equal(send_now(core, sink, 2), 0);
    assert_taken(&slow, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- with_flat_map ---- */

static eddy_stream *repeat(void *arg, eddy_handle *handle, const void *item)
{
    static const int64_t threes[] = {3, 3, 3};
    int64_t number;

    ++*(int *)arg;
    memcpy(&number, item, sizeof number);
    if (number == 3)
        return eddy_stream_array(handle, threes, 3, sizeof threes[0]);
    return eddy_stream_array(handle, item, number > 0, sizeof number);
}

static void with_flat_map_gives_any_number_of_items(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    int made = 0;
    eddy_sink *sink =
        eddy_sink_with_flat_map(slow_sink(core, &slow), sizeof(int64_t), repeat, &made);

    (void)state;
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(send_now(core, sink, i), 0);
    assert_taken(&slow, 1, 2, 3, 3, 3);
    assert_int_equal(made, 4);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void with_flat_map_refuses_until_the_stream_is_empty(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    int made = 0;
    eddy_sink *sink =
        eddy_sink_with_flat_map(slow_sink(core, &slow), sizeof(int64_t), repeat, &made);
    eddy_result result, second;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){3}), &result);

    (void)state;
    test_settle(core);
    assert_taken(&slow, 3);
    assert_true(result == EDDY_PENDING);
    eddy_join_abort(join);
    eddy_join_free(join);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &second);
    test_settle(core);
    assert_int_equal(made, 1);
    slow_allow(&slow, 9);
    assert_int_equal(test_join_end(core, join), 0);
    assert_taken(&slow, 3, 3, 3, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static struct numbers failing;

static eddy_stream *make_failing(void *arg, eddy_handle *handle, const void *item)
{
    (void)handle;
    (void)item;
    return numbers_stream(arg, &failing);
}

static void error_of_the_stream_is_told_and_the_stream_goes_on(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    eddy_sink *sink =
        eddy_sink_with_flat_map(slow_sink(core, &slow), sizeof(int64_t), make_failing, core);

    (void)state;
    failing = (struct numbers){.first = 5, .end = 7, .allowed = 2, .error = -EIO};
    assert_int_equal(send_now(core, sink, 1), -EIO);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    assert_taken(&slow, 5, 6);
    assert_int_equal(failing.dones, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- a request to end ---- */

/* Sends, is asked to end, and all the same sees to it that what it sent arrives. */
struct farewell {
    EDDY_FRAME;
    struct slow *slow;
    eddy_sink *sink;
    int64_t item;
    eddy_result *asked;
};

EDDY_ASYNC(farewell, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->item = 4;
        EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->item));
        EDDY_POLL(*self->asked, eddy_sink_poll_flush(self->sink, task));
        slow_allow(self->slow, 9);
        EDDY_POLL(n, eddy_sink_poll_close(self->sink, task));
        EDDY_END(n);
}

static void request_to_end_loses_no_item(void **state)
{
    (void)state;
    for (int adaptor = 0; adaptor < 3; adaptor++) {
        eddy_core *core = test_core();
        struct slow slow = {0};
        struct adding adding = {.gate.open = true};
        int maps = 0;
        eddy_sink *sink = slow_sink(core, &slow);
        eddy_result asked = 0;
        eddy_join *join;

        if (adaptor == 0)
            sink = eddy_sink_map(sink, sizeof(int64_t), twice, &maps);
        else if (adaptor == 1)
            sink = eddy_sink_with(sink, sizeof(int64_t), make_add, &adding);
        else
            sink = eddy_sink_buffer(sink, 1);
        join = test_spawn_join(core, farewell, .slow = &slow, .sink = sink, .asked = &asked);
        test_settle(core);
        eddy_join_cancel(join, EDDY_FOREVER);
        assert_int_equal(test_join_end(core, join), 0);
        assert_int_equal(asked, -ECANCELED);
        assert_int_equal(slow.count, 1);
        assert_int_equal(slow.items[0], adaptor == 0 ? 8 : 4);
        test_core_end(core);
    }
}

/* ---- mistakes ---- */

static eddy_future *make_no_future(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)arg;
    (void)handle;
    (void)item;
    (void)out;
    return NULL;
}

static void no_future(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {0};

    (void)arg;
    (void)send_now(core, eddy_sink_with(slow_sink(core, &slow), 8, make_no_future, NULL), 1);
}

static eddy_stream *make_small_items(void *arg, eddy_handle *handle, const void *item)
{
    (void)arg;
    return eddy_stream_array(handle, item, 1, 1);
}

static void stream_of_other_items(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {0};

    (void)arg;
    (void)send_now(core, eddy_sink_with_flat_map(slow_sink(core, &slow), 8, make_small_items, NULL),
                   1);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(no_future, NULL, "eddy_sink_with gives no future");
    assert_dies(stream_of_other_items, NULL, "gives items of 1 bytes to a sink of 8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flush_waits_for_the_future_of_an_item),
        cmocka_unit_test(flush_reaches_through_to_the_inner_flush),
        cmocka_unit_test(with_takes_one_item_at_a_time),
        cmocka_unit_test(with_as_map),
        cmocka_unit_test(error_of_the_future_is_told_once_and_loses_the_item),
        cmocka_unit_test(with_flat_map_gives_any_number_of_items),
        cmocka_unit_test(with_flat_map_refuses_until_the_stream_is_empty),
        cmocka_unit_test(error_of_the_stream_is_told_and_the_stream_goes_on),
        cmocka_unit_test(request_to_end_loses_no_item),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
