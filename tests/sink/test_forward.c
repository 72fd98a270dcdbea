/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_forward.c - all items of a stream into a sink: lent to send_all, given to forward.
 */
#include "sink_world.h"

#include "../support/death.h"
#include "eddy/stream_source.h"

static const int64_t items[] = {10, 20, 30};

static eddy_stream *some(eddy_core *core)
{
    return eddy_stream_array(eddy_core_handle(core), items, 3, sizeof items[0]);
}

/* ---- send_all ---- */

static void send_all_sends_closes_and_hands_both_back(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    struct numbers numbers = {.end = 2, .allowed = 9};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_stream *stream = numbers_stream(core, &numbers);

    (void)state;
    assert_int_equal(run_now(core, eddy_sink_send_all(sink, stream)), 0);
    assert_taken(&slow, 0, 1);
    assert_int_equal(slow.closes, 1);
    assert_int_equal(slow.dones, 0);
    assert_int_equal(numbers.dones, 0);
    eddy_stream_drop(stream, NULL);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(slow.dones, 1);
    assert_int_equal(numbers.dones, 1);
    test_core_end(core);
}

static void send_all_flushes_whenever_the_stream_has_none(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9, .holds = true};
    struct numbers numbers = {.end = 3, .allowed = 2};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_stream *stream = numbers_stream(core, &numbers);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send_all(sink, stream), &result);

    (void)state;
    test_settle(core);
    assert_taken(&slow, 0, 1);
    assert_true(slow.flushes > 0);
    assert_non_null(slow.flusher.branch);
    slow_flush(&slow);
    test_settle(core);
    assert_null(slow.flusher.branch);
    numbers_allow(&numbers, 9);
    test_settle(core);
    assert_taken(&slow, 0, 1, 2);
    assert_true(result == EDDY_PENDING); /* the close waits for the flush */
    slow_flush(&slow);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(slow.closes, 1);
    eddy_stream_drop(stream, NULL);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void send_all_that_is_dropped_hands_both_back_as_they_are(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    struct numbers numbers = {.end = 9, .allowed = 1};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_stream *stream = numbers_stream(core, &numbers);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send_all(sink, stream), &result);

    (void)state;
    test_settle(core);
    assert_non_null(numbers.waiter.branch);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_null(numbers.waiter.branch);
    assert_int_equal(slow.dones + numbers.dones, 0);
    numbers_allow(&numbers, 9);
    slow_allow(&slow, 20);
    numbers.end = 3;
    assert_int_equal(run_now(core, eddy_sink_send_all(sink, stream)), 0);
    assert_taken(&slow, 0, 1, 2);
    eddy_stream_drop(stream, NULL);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void error_of_either_ends_send_all_and_both_may_go_on(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9, .error = -EIO};
    struct numbers numbers = {.end = 4, .allowed = 9};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_stream *stream = numbers_stream(core, &numbers);

    (void)state;
    assert_int_equal(run_now(core, eddy_sink_send_all(sink, stream)), -EIO);
    numbers.error = -EPROTO;
    assert_int_equal(run_now(core, eddy_sink_send_all(sink, stream)), -EPROTO);
    assert_int_equal(run_now(core, eddy_sink_send_all(sink, stream)), 0);
    assert_taken(&slow, 1, 2, 3); /* 0 was in hand when the sink failed */
    eddy_stream_drop(stream, NULL);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- forward ---- */

static void forward_sends_all_and_closes(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};

    (void)state;
    assert_int_equal(run_now(core, eddy_stream_forward(some(core), slow_sink(core, &slow))), 0);
    assert_taken(&slow, 10, 20, 30);
    assert_int_equal(slow.closes, 1);
    assert_int_equal(slow.dones, 1);
    test_core_end(core);
}

static void forward_goes_at_the_pace_of_the_sink(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    struct numbers numbers = {.end = 9, .allowed = 9};
    eddy_result result;
    eddy_join *join = look_at(
        core, eddy_stream_forward(numbers_stream(core, &numbers), slow_sink(core, &slow)), &result);

    (void)state;
    for (int64_t i = 1; i <= 9; i++) {
        test_settle(core);
        assert_int_equal(numbers.first, i); /* one is in hand */
        assert_int_equal(slow.count, i - 1);
        slow_allow(&slow, 1);
    }
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(slow.count, 9);
    assert_int_equal(numbers.dones, 1);
    test_core_end(core);
}

static void forward_closes_behind_an_empty_stream(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    eddy_stream *stream = eddy_stream_empty(eddy_core_handle(core), sizeof(int64_t));

    (void)state;
    assert_int_equal(run_now(core, eddy_stream_forward(stream, slow_sink(core, &slow))), 0);
    assert_int_equal(slow.closes, 1);
    test_core_end(core);
}

static void error_of_either_drops_both_ends_of_a_forward(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        eddy_core *core = test_core();
        struct slow slow = {.room = 9, .error = i == 0 ? -EIO : 0};
        struct numbers numbers = {.end = 4, .allowed = 9, .error = i == 1 ? -EIO : 0};

        assert_int_equal(run_now(core, eddy_stream_forward(numbers_stream(core, &numbers),
                                                           slow_sink(core, &slow))),
                         -EIO);
        assert_int_equal(slow.dones, 1);
        assert_int_equal(numbers.dones, 1);
        assert_int_equal(slow.closes, 0);
        test_core_end(core);
    }
}

static eddy_result take_any(void *arg, eddy_task *task, const void *item)
{
    (void)arg;
    (void)task;
    (void)item;
    return 0;
}

static eddy_result no_flush(void *arg, eddy_task *task)
{
    (void)arg;
    (void)task;
    return -EIO;
}

static void error_of_a_flush_ends_a_forward_whose_stream_waits(void **state)
{
    static const eddy_sink_fns fns = {.send = take_any, .flush = no_flush};
    eddy_core *core = test_core();
    struct numbers numbers = {.end = 9, .allowed = 1};
    eddy_sink *sink = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, NULL);

    (void)state;
    assert_int_equal(run_now(core, eddy_stream_forward(numbers_stream(core, &numbers), sink)),
                     -EIO);
    assert_int_equal(numbers.dones, 1);
    test_core_end(core);
}

static int dropped_items;

static void drop_number(void *item)
{
    (void)item;
    dropped_items++;
}

static void item_in_hand_is_dropped_with_the_forward(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    eddy_result result;
    eddy_stream *stream = eddy_stream_owning(some(core), drop_number);
    eddy_join *join = look_at(core, eddy_stream_forward(stream, slow_sink(core, &slow)), &result);

    (void)state;
    dropped_items = 0;
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_taken(&slow, 10);
    assert_int_equal(dropped_items, 1);
    test_core_end(core);
}

/* Neither the stream nor the sink costs budget. */
static void forward_without_end_lets_others_go_first(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    struct slow slow = {.room = SIZE_MAX, .steady = true};
    struct numbers numbers = {.end = INT64_MAX, .allowed = SIZE_MAX, .steady = true};
    eddy_result result;
    eddy_join *join = look_at(
        core, eddy_stream_forward(numbers_stream(core, &numbers), slow_sink(core, &slow)), &result);

    (void)state;
    test_spawn(core, test_value, .trace = &trace, .yields = 20);
    for (int i = 0; i < 100 && trace.dones == 0; i++) {
        slow.count = 0;
        slow.flushed = 0;
        (void)test_turn(core);
    }
    assert_int_equal(trace.dones, 1);
    assert_true(result == EDDY_PENDING);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

/* ---- mistakes ---- */

static void different_items(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {0};

    (void)arg;
    (void)eddy_stream_forward(eddy_stream_empty(eddy_core_handle(core), 3), slow_sink(core, &slow));
}

static void stream_of_another(void *arg)
{
    eddy_core *core = test_core();
    struct slow a = {0}, b = {0};
    eddy_stream *stream = some(core);

    (void)arg;
    (void)eddy_stream_forward(stream, slow_sink(core, &a));
    (void)eddy_stream_forward(stream, slow_sink(core, &b));
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(different_items, NULL, "stream 'stream_empty' gives items of 3 bytes");
    assert_dies(stream_of_another, NULL, "which another future has taken over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_all_sends_closes_and_hands_both_back),
        cmocka_unit_test(send_all_flushes_whenever_the_stream_has_none),
        cmocka_unit_test(send_all_that_is_dropped_hands_both_back_as_they_are),
        cmocka_unit_test(error_of_either_ends_send_all_and_both_may_go_on),
        cmocka_unit_test(forward_sends_all_and_closes),
        cmocka_unit_test(forward_goes_at_the_pace_of_the_sink),
        cmocka_unit_test(forward_closes_behind_an_empty_stream),
        cmocka_unit_test(error_of_either_drops_both_ends_of_a_forward),
        cmocka_unit_test(error_of_a_flush_ends_a_forward_whose_stream_waits),
        cmocka_unit_test(item_in_hand_is_dropped_with_the_forward),
        cmocka_unit_test(forward_without_end_lets_others_go_first),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
