/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_source.c - the sinks that stand on nothing else: memory, and three functions.
 */
#include "sink_world.h"

/* ---- arrays ---- */

static void array_takes_items_in_order(void **state)
{
    eddy_core *core = test_core();
    int64_t memory[4] = {0};
    size_t count = 99;
    eddy_sink *sink = eddy_sink_array(eddy_core_handle(core), memory, 4, sizeof memory[0], &count);

    (void)state;
    assert_int_equal(count, 0);
    assert_int_equal(send_now(core, sink, 7), 0);
    assert_int_equal(send_now(core, sink, 8), 0);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    assert_numbers(memory, count, (const int64_t[]){7, 8}, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void array_that_is_full_refuses_and_stays_as_it_is(void **state)
{
    eddy_core *core = test_core();
    int64_t memory[2] = {0, -1};
    size_t count;
    eddy_sink *sink = eddy_sink_array(eddy_core_handle(core), memory, 1, sizeof memory[0], &count);

    (void)state;
    assert_int_equal(send_now(core, sink, 7), 0);
    assert_int_equal(send_now(core, sink, 8), -ENOSPC);
    assert_int_equal(send_now(core, sink, 9), -ENOSPC);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(count, 1);
    assert_int_equal(memory[1], -1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- functions ---- */

struct told {
    int sends, flushes, closes;
    int64_t last;
    struct test_gate flush, close;
};

static eddy_result told_send(void *arg, eddy_task *task, const void *item)
{
    struct told *told = arg;

    (void)task;
    told->sends++;
    memcpy(&told->last, item, sizeof told->last);
    return told->last < 0 ? told->last : 0;
}

static eddy_result told_flush(void *arg, eddy_task *task)
{
    ((struct told *)arg)->flushes++;
    return test_gate_poll(&((struct told *)arg)->flush, task);
}

static eddy_result told_close(void *arg, eddy_task *task)
{
    ((struct told *)arg)->closes++;
    return test_gate_poll(&((struct told *)arg)->close, task);
}

static void poll_fn_is_its_three_functions(void **state)
{
    static const eddy_sink_fns fns = {told_send, told_flush, told_close};
    eddy_core *core = test_core();
    struct told told = {.flush.open = true, .close.open = true};
    eddy_sink *sink = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, &told);

    (void)state;
    assert_int_equal(send_now(core, sink, 5), 0);
    assert_int_equal(told.last, 5);
    assert_int_equal(told.flushes, 1);
    assert_int_equal(send_now(core, sink, -EPIPE), -EPIPE);
    assert_int_equal(told.sends, 2);
    assert_int_equal(told.flushes, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void poll_fn_flushes_once_before_it_closes(void **state)
{
    static const eddy_sink_fns fns = {told_send, told_flush, told_close};
    eddy_core *core = test_core();
    struct told told = {0};
    eddy_sink *sink = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, &told);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_close(sink), &result);

    (void)state;
    test_settle(core);
    assert_int_equal(told.closes, 0);
    test_gate_open(&told.flush, 0);
    test_settle(core);
    assert_int_equal(told.flushes, 2);
    assert_int_equal(told.closes, 1);
    test_gate_open(&told.close, 0);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    assert_int_equal(told.flushes, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void poll_fn_needs_only_the_function_that_sends(void **state)
{
    static const eddy_sink_fns fns = {.send = told_send};
    eddy_core *core = test_core();
    struct told told = {0};
    eddy_sink *sink = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &fns, &told);

    (void)state;
    assert_int_equal(send_now(core, sink, 1), 0);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(array_takes_items_in_order),
        cmocka_unit_test(array_that_is_full_refuses_and_stays_as_it_is),
        cmocka_unit_test(poll_fn_is_its_three_functions),
        cmocka_unit_test(poll_fn_flushes_once_before_it_closes),
        cmocka_unit_test(poll_fn_needs_only_the_function_that_sends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
