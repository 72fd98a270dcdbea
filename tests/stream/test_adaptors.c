/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_adaptors.c - what each adaptor makes of items and errors that come at once or late, told
 * as a text; and that every item that owns something is released once, by whoever has it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/loop.h"

enum { TEXT_BYTES = 4096, ITEMS = 4096, MAPPED = 1000, REPLACED = 3000 };

/* Items are numbers; those that are out. */
static bool out[ITEMS];

static void make(int *item, int value)
{
    assert_false(out[value]);
    out[value] = true;
    *item = value;
}

static int use(const void *item)
{
    int value = *(const int *)item;

    assert_in_range(value, 0, ITEMS - 1);
    assert_true(out[value]);
    out[value] = false;
    return value;
}

static void drop(void *item)
{
    use(item);
}

static int count_out(void)
{
    int count = 0;

    for (int i = 0; i < ITEMS; i++)
        count += out[i];
    return count;
}

/* ---- the source: the numbers from..to-1; before `error_at` an error ---- */

struct numbers {
    EDDY_STREAM_FRAME;
    int from, to;
    int error_at;
    int late; /* every so many steps the next one is not there yet; 0: always there */
    int steps;
};

EDDY_STREAM(numbers, int, eddy_nothing)
{
    EDDY_BEGIN
        for (; self->from < self->to; self->from++) {
            if (self->late > 0 && self->steps++ % self->late == 0)
                EDDY_YIELD();
            if (self->error_at > 0 && self->from == self->error_at)
                EDDY_EMIT_ERROR(-EIO);
            make(item, self->from);
            EDDY_EMIT();
        }
        EDDY_END(0);
}

static eddy_handle *loop;
static int late;

static eddy_stream *range(int from, int to, int error_at)
{
    eddy_stream *stream =
        EDDY_STREAM_NEW(loop, numbers, .from = from, .to = to, .error_at = error_at, .late = late);

    return eddy_stream_owning(stream, drop);
}

/* ---- the listener: "0 1 EIO 2 " ---- */

struct listener {
    EDDY_FRAME;
    eddy_stream *stream;
    char *text;
    int item;
};

static void say(struct listener *self, eddy_result n)
{
    char *end = self->text + strlen(self->text);

    assert_true(end < self->text + TEXT_BYTES - 16); /* a stream that fails for ever */
    if (n < 0)
        snprintf(end, 16, "%s ", eddy_error_name(n));
    else
        snprintf(end, 16, "%d ", use(&self->item));
}

EDDY_ASYNC(listener, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->stream->frame);
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->item);
            if (n == 0)
                break;
            say(self, n);
        }
        assert_true(eddy_stream_is_done(self->stream));
        EDDY_NEXT(n, self->stream, &self->item);
        assert_int_equal(n, 0); /* for ever */
        EDDY_END(0);
}

static void expect(eddy_core *core, eddy_stream *stream, const char *text)
{
    char heard[TEXT_BYTES] = "";

    assert_int_equal(test_run(core, listener, .stream = stream, .text = heard), 0);
    assert_string_equal(heard, text);
    assert_int_equal(count_out(), 0);
}

/* ---- callbacks ---- */

static int add(void *arg, const void *item, void *result)
{
    (void)arg;
    make(result, use(item) + MAPPED);
    return 0;
}

static int pick(void *arg, const void *item, void *result)
{
    int value = use(item);

    (void)arg;
    if (value % 3 == 0)
        return -EDOM;
    if (value % 2 != 0)
        return 0;
    make(result, value);
    return 1;
}

static bool is_even(void *arg, const void *item)
{
    (void)arg;
    return *(const int *)item % 2 == 0;
}

static bool is_small(void *arg, const void *item)
{
    (void)arg;
    return *(const int *)item < 3;
}

static eddy_future *is_small_later(void *arg, eddy_handle *handle, const void *item)
{
    int value = *(const int *)item;

    (void)arg;
    return eddy_box(handle, EDDY_FUTURE(test_value, .yields = value % 2,
                                        .value = value == 1 ? -EDOM : value < 3));
}

struct add_later {
    EDDY_FRAME;
    const int *item;
    int *result;
    int yields;
};

EDDY_ASYNC(add_later, eddy_nothing)
{
    EDDY_BEGIN
        while (self->yields-- > 0)
            EDDY_YIELD();
        add(NULL, self->item, self->result);
        EDDY_END(0);
}

static eddy_future *add_in_time(void *arg, eddy_handle *handle, const void *item, void *result)
{
    (void)arg;
    return eddy_box(handle, EDDY_FUTURE(add_later, .item = item, .result = result,
                                        .yields = 2 - *(const int *)item % 3));
}

static eddy_future *replace(void *arg, eddy_handle *handle, eddy_result error, void *result)
{
    (void)arg;
    assert_int_equal(error, -EIO);
    make(result, REPLACED);
    return eddy_ready(handle, 0);
}

static eddy_stream *owning(eddy_stream *stream)
{
    return eddy_stream_owning(stream, drop);
}

/* ---- claims ---- */

static void adaptors_of_one_item(eddy_core *core)
{
    size_t size = sizeof(int);

    expect(core, owning(eddy_stream_map(range(0, 3, 1), size, add, NULL)), "1000 EIO 1001 1002 ");
    expect(core, owning(eddy_stream_filter_map(range(0, 6, 1), size, pick, NULL)),
           "EDOM EIO 2 EDOM 4 ");
    expect(core, owning(eddy_stream_and_then(range(0, 3, 1), size, add_in_time, NULL)),
           "1000 EIO 1001 1002 ");
    expect(core, eddy_stream_or_else(range(0, 3, 1), replace, NULL), "0 3000 1 2 ");
    expect(core, eddy_stream_peekable(range(0, 3, 1)), "0 EIO 1 2 ");
    expect(core, eddy_stream_timeout(range(0, 3, 1), EDDY_FOREVER), "0 EIO 1 2 ");
    expect(core, eddy_stream_throttle(range(0, 3, 1), EDDY_MILLISECOND), "0 EIO 1 2 ");
    expect(core, eddy_stream_chain(range(0, 2, 0), range(10, 12, 11)), "0 1 10 EIO 11 ");
    expect(core, eddy_stream_select(EDDY_STREAMS(range(0, 3, 1))), "0 EIO 1 2 ");
}

static void adaptors_that_leave_out(eddy_core *core)
{
    expect(core, eddy_stream_filter(range(0, 6, 1), is_even, NULL), "0 EIO 2 4 ");
    expect(core, eddy_stream_skip(range(0, 4, 1), 2), "EIO 2 3 ");
    expect(core, eddy_stream_skip(range(0, 4, 0), UINT64_MAX), "");
    expect(core, eddy_stream_take(range(0, 4, 1), 2), "0 EIO 1 ");
    expect(core, eddy_stream_take(range(0, 4, 0), 0), "");
    expect(core, eddy_stream_take(range(0, 2, 0), UINT64_MAX), "0 1 ");
    expect(core, eddy_stream_take_while(range(0, 6, 1), is_small, NULL), "0 EIO 1 2 ");
    expect(core, eddy_stream_skip_while(range(0, 6, 1), is_small, NULL), "EIO 3 4 5 ");
    expect(core, eddy_stream_take_while_async(range(0, 6, 0), is_small_later, NULL), "0 EDOM 2 ");
    expect(core, eddy_stream_skip_while_async(range(0, 6, 0), is_small_later, NULL), "EDOM 3 4 5 ");
}

static void adaptors_of_several_items(eddy_core *core)
{
    for (size_t limit = 1; limit < 8; limit += 3)
        expect(core,
               owning(eddy_stream_buffered(range(0, 6, 2), limit, sizeof(int), add_in_time, NULL)),
               "1000 1001 EIO 1002 1003 1004 1005 ");
    expect(core,
           owning(eddy_stream_buffer_unordered(range(0, 3, 2), 1, sizeof(int), add_in_time, NULL)),
           "1000 1001 EIO 1002 ");
}

static void with_every_lateness(void (*test)(eddy_core *core))
{
    for (late = 0; late < 3; late++) {
        eddy_core *core = test_core();

        loop = eddy_core_handle(core);
        test(core);
        test_core_end(core);
    }
}

static void adaptors_of_one_item_pass_errors_on_in_their_places(void **state)
{
    (void)state;
    with_every_lateness(adaptors_of_one_item);
}

static void adaptors_that_leave_out_release_what_they_leave_out(void **state)
{
    (void)state;
    with_every_lateness(adaptors_that_leave_out);
}

static void buffered_streams_tell_in_order_and_errors_in_their_places(void **state)
{
    (void)state;
    with_every_lateness(adaptors_of_several_items);
}

static void collecting(eddy_core *core)
{
    int items[8];

    assert_int_equal(eddy_core_run(core, eddy_stream_collect(range(0, 5, 0), items, 5)), 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(use(&items[i]), i);
    assert_int_equal(eddy_core_run(core, eddy_stream_collect(range(0, 5, 0), items, 4)), -EMSGSIZE);
    assert_int_equal(eddy_core_run(core, eddy_stream_collect(range(0, 5, 3), items, 8)), -EIO);
    assert_int_equal(eddy_core_run(core, eddy_stream_collect(range(0, 0, 0), NULL, 0)), 0);
    assert_int_equal(eddy_core_run(core, eddy_stream_collect(range(0, 1, 0), NULL, 0)), -EMSGSIZE);
    assert_int_equal(eddy_core_run(core, eddy_stream_last(range(0, 5, 3), items)), -EIO);
    assert_int_equal(eddy_core_run(core, eddy_stream_last(range(0, 5, 0), items)), 1);
    assert_int_equal(use(items), 4);
    assert_int_equal(count_out(), 0);
}

static void a_collection_that_fails_holds_nothing(void **state)
{
    (void)state;
    with_every_lateness(collecting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adaptors_of_one_item_pass_errors_on_in_their_places),
        cmocka_unit_test(adaptors_that_leave_out_release_what_they_leave_out),
        cmocka_unit_test(buffered_streams_tell_in_order_and_errors_in_their_places),
        cmocka_unit_test(a_collection_that_fails_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
