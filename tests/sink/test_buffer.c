/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_buffer.c - a queue in front of a sink, and two sinks behind one.
 */
#include "sink_world.h"

#include "../support/death.h"
#include "eddy/stream_source.h"

/* ---- buffer ---- */

/* Sends 0, 1, 2 ... until it is asked not to go on; *sent: how many were taken. */
struct sender {
    EDDY_FRAME;
    eddy_sink *sink;
    int64_t item, end;
    int64_t *sent;
};

EDDY_ASYNC(sender, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->item < self->end; self->item++) {
            EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->item));
            assert_int_equal(n, 0);
            *self->sent = self->item + 1;
        }
        EDDY_POLL(n, eddy_sink_poll_close(self->sink, task));
        EDDY_END(n);
}

static void buffer_of_none_is_the_sink_itself(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    eddy_sink *inner = slow_sink(core, &slow);
    eddy_sink *sink = eddy_sink_buffer(inner, 0);

    (void)state;
    assert_ptr_equal(sink, inner);
    assert_int_equal(send_now(core, sink, 0), 0);
    assert_int_equal(send_now(core, sink, 1), 0);
    assert_taken(&slow, 0, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void buffer_holds_as_many_as_it_was_made_for(void **state)
{
    (void)state;
    for (size_t size = 1; size < 4; size++) {
        eddy_core *core = test_core();
        struct slow slow = {0};
        int64_t sent = 0;
        eddy_sink *sink = eddy_sink_buffer(slow_sink(core, &slow), size);
        eddy_join *join = test_spawn_join(core, sender, .sink = sink, .end = 7, .sent = &sent);

        test_settle(core);
        assert_int_equal(sent, size);
        for (int64_t i = 1; i <= 7; i++) {
            slow_allow(&slow, 1);
            test_settle(core);
            assert_int_equal(slow.count, i);
            assert_int_equal(sent, i + (int64_t)size < 7 ? i + (int64_t)size : 7);
        }
        assert_int_equal(test_join_end(core, join), 0);
        assert_taken(&slow, 0, 1, 2, 3, 4, 5, 6);
        assert_int_equal(slow.closes, 1);
        assert_int_equal(slow.dones, 1);
        test_core_end(core);
    }
}

static void full_buffer_refuses_and_drains_once_there_is_room(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    int64_t sent = 0;
    eddy_sink *sink = eddy_sink_buffer(slow_sink(core, &slow), 2);
    eddy_join *join = test_spawn_join(core, sender, .sink = sink, .end = 3, .sent = &sent);

    (void)state;
    test_settle(core);
    assert_int_equal(sent, 2);
    assert_int_equal(slow.count, 0);
    slow_allow(&slow, 9);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(sent, 3);
    assert_taken(&slow, 0, 1, 2);
    test_core_end(core);
}

static void buffer_holds_nothing_while_the_sink_takes_all(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9};
    eddy_sink *sink = eddy_sink_buffer(slow_sink(core, &slow), 4);
    int64_t sent = 0;
    eddy_join *join = test_spawn_join(core, sender, .sink = sink, .end = 5, .sent = &sent);

    (void)state;
    assert_int_equal(test_join_end(core, join), 0);
    assert_taken(&slow, 0, 1, 2, 3, 4);
    test_core_end(core);
}

static void buffer_loses_what_the_sink_refuses_by_an_error_and_no_more(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    eddy_sink *sink = eddy_sink_buffer(slow_sink(core, &slow), 4);
    eddy_result first, second;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &first);

    (void)state;
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){2}), &second);
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    slow.error = -EIO;
    slow_allow(&slow, 9);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), -EIO);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    assert_taken(&slow, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static int64_t dropped_sum;

static void drop_number(void *item)
{
    int64_t number;

    memcpy(&number, item, sizeof number);
    dropped_sum += number;
}

static void buffer_drops_what_it_holds(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    eddy_sink *sink = eddy_sink_buffer(eddy_sink_owning(slow_sink(core, &slow), drop_number), 3);
    int64_t sent = 0;
    eddy_join *join =
        test_spawn_join(core, sender, .sink = sink, .item = 10, .end = 20, .sent = &sent);

    (void)state;
    dropped_sum = 0;
    test_settle(core);
    slow_allow(&slow, 1);
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_taken(&slow, 10);
    assert_int_equal(dropped_sum, 11 + 12 + 13);
    test_core_end(core);
}

/* ---- fanout ---- */

static void fanout_gives_each_item_to_both(void **state)
{
    static const int64_t items[] = {0, 1, 2, 3};
    eddy_core *core = test_core();
    struct slow a = {.room = 9}, b = {.room = 9};
    eddy_sink *sink = eddy_sink_fanout(slow_sink(core, &a), slow_sink(core, &b));
    eddy_stream *stream = eddy_stream_array(eddy_core_handle(core), items, 4, sizeof items[0]);

    (void)state;
    assert_int_equal(run_now(core, eddy_stream_forward(stream, sink)), 0);
    assert_taken(&a, 0, 1, 2, 3);
    assert_taken(&b, 0, 1, 2, 3);
    assert_int_equal(a.closes, 1);
    assert_int_equal(b.closes, 1);
    assert_int_equal(a.dones + b.dones, 2);
    test_core_end(core);
}

static void fanout_goes_at_the_pace_of_the_slower(void **state)
{
    eddy_core *core = test_core();
    struct slow a = {0}, b = {0};
    int64_t sent = 0;
    eddy_sink *sink = eddy_sink_fanout(slow_sink(core, &a), slow_sink(core, &b));
    eddy_join *join = test_spawn_join(core, sender, .sink = sink, .end = 3, .sent = &sent);

    (void)state;
    test_settle(core);
    assert_int_equal(sent, 1); /* one is taken ahead, for both */
    slow_allow(&a, 9);
    test_settle(core);
    assert_taken(&a, 0);
    assert_int_equal(sent, 1);
    slow_allow(&b, 1);
    test_settle(core);
    assert_taken(&b, 0);
    assert_taken(&a, 0, 1);
    assert_int_equal(sent, 2);
    slow_allow(&b, 9);
    assert_int_equal(test_join_end(core, join), 0);
    assert_taken(&a, 0, 1, 2);
    assert_taken(&b, 0, 1, 2);
    test_core_end(core);
}

static void fanout_polls_only_the_side_that_has_not_taken_the_item(void **state)
{
    eddy_core *core = test_core();
    struct slow a = {.room = 9, .steady = true}, b = {.steady = true};
    eddy_sink *sink = eddy_sink_fanout(slow_sink(core, &a), slow_sink(core, &b));
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &result);

    (void)state;
    test_settle(core);
    slow_allow(&b, 1);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(a.sends, 1);
    assert_true(b.sends >= 2);
    assert_taken(&b, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void fanout_flushes_and_closes_both(void **state)
{
    eddy_core *core = test_core();
    struct slow a = {.room = 9, .holds = true}, b = {.room = 9, .holds = true};
    eddy_sink *sink = eddy_sink_fanout(slow_sink(core, &a), slow_sink(core, &b));
    eddy_result sent, closed;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &sent);

    (void)state;
    test_settle(core);
    slow_flush(&b);
    test_settle(core);
    assert_true(sent == EDDY_PENDING);
    slow_flush(&a);
    assert_int_equal(test_join_end(core, join), 0);
    a.count = 0;
    b.count = 2;
    join = look_at(core, eddy_sink_close(sink), &closed);
    test_settle(core);
    assert_int_equal(a.closes, 1);
    assert_int_equal(b.closes, 0);
    slow_flush(&b);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(a.closes, 1);
    assert_int_equal(b.closes, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void fanout_tells_the_error_of_one_and_the_other_goes_on(void **state)
{
    eddy_core *core = test_core();
    struct slow a = {.room = 9, .error = -EIO}, b = {.room = 9};
    eddy_sink *sink = eddy_sink_fanout(slow_sink(core, &a), slow_sink(core, &b));

    (void)state;
    assert_int_equal(send_now(core, sink, 1), -EIO);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    assert_int_equal(send_now(core, sink, 2), 0);
    assert_taken(&a, 2);
    assert_taken(&b, 1, 2);
    a.error = -EIO;
    b.error = -EPIPE;
    assert_int_equal(send_now(core, sink, 3), -EIO);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), -EPIPE);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static eddy_result take_any(void *arg, eddy_task *task, const void *item)
{
    (void)arg;
    (void)task;
    (void)item;
    return 0;
}

static eddy_result flush_in_vain(void *arg, eddy_task *task)
{
    (void)arg;
    (void)task;
    return -EIO;
}

static void fanout_flushes_and_closes_the_one_whatever_the_other_says(void **state)
{
    static const eddy_sink_fns broken = {.send = take_any, .flush = flush_in_vain};
    eddy_core *core = test_core();

    (void)state;
    for (int place = 0; place < 2; place++) {
        struct slow slow = {.room = 9};
        eddy_sink *good = slow_sink(core, &slow);
        eddy_sink *bad = eddy_sink_poll_fn(eddy_core_handle(core), sizeof(int64_t), &broken, NULL);
        eddy_sink *sink = place == 0 ? eddy_sink_fanout(bad, good) : eddy_sink_fanout(good, bad);

        assert_int_equal(run_now(core, eddy_sink_flush(sink)), -EIO);
        assert_true(slow.flushes > 0);
        assert_int_equal(run_now(core, eddy_sink_close(sink)), -EIO);
        assert_int_equal(slow.closes, 1);
        eddy_sink_drop(sink, NULL);
    }
    test_core_end(core);
}

static void fanout_of_a_failed_sink_is_failed_and_drops_the_other(void **state)
{
    eddy_core *core = test_core();
    struct slow a = {0}, b = {0};
    eddy_sink *left = slow_sink(core, &a), *right = slow_sink(core, &b), *failed;
    size_t count;

    (void)state;
    test_core_end(core);
    failed = eddy_sink_array(eddy_core_handle(core), NULL, 0, sizeof(int64_t), &count);
    assert_ptr_equal(eddy_sink_fanout(failed, left), failed);
    assert_ptr_equal(eddy_sink_fanout(right, failed), failed);
    assert_int_equal(a.dones + b.dones, 2);
}

static void different_items(void *arg)
{
    eddy_core *core = test_core();
    struct slow a = {0};
    size_t count;

    (void)arg;
    (void)eddy_sink_fanout(slow_sink(core, &a),
                           eddy_sink_array(eddy_core_handle(core), NULL, 0, 1, &count));
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(different_items, NULL, "sinks of items of 8 and of 1 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_of_none_is_the_sink_itself),
        cmocka_unit_test(buffer_holds_as_many_as_it_was_made_for),
        cmocka_unit_test(full_buffer_refuses_and_drains_once_there_is_room),
        cmocka_unit_test(buffer_holds_nothing_while_the_sink_takes_all),
        cmocka_unit_test(buffer_loses_what_the_sink_refuses_by_an_error_and_no_more),
        cmocka_unit_test(buffer_drops_what_it_holds),
        cmocka_unit_test(fanout_gives_each_item_to_both),
        cmocka_unit_test(fanout_goes_at_the_pace_of_the_slower),
        cmocka_unit_test(fanout_polls_only_the_side_that_has_not_taken_the_item),
        cmocka_unit_test(fanout_flushes_and_closes_both),
        cmocka_unit_test(fanout_tells_the_error_of_one_and_the_other_goes_on),
        cmocka_unit_test(fanout_flushes_and_closes_the_one_whatever_the_other_says),
        cmocka_unit_test(fanout_of_a_failed_sink_is_failed_and_drops_the_other),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
