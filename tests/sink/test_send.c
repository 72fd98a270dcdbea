/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_send.c - the trait, and the futures that use a sink which is lent to them.
 */
#include "sink_world.h"

/* ---- send, flush, close ---- */

static void send_waits_for_room_and_then_for_the_flush(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.holds = true};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){3}), &result);

    (void)state;
    test_settle(core);
    assert_int_equal(slow.count, 0);
    slow_allow(&slow, 1);
    test_settle(core);
    assert_taken(&slow, 3);
    assert_true(result == EDDY_PENDING);
    slow_flush(&slow);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, 0);
    assert_int_equal(slow.dones, 0);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(slow.dones, 1);
    test_core_end(core);
}

static void full_sink_gives_the_item_back_and_wakes_once(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.steady = true};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_result result = EDDY_PENDING;
    int polls = 0;

    (void)state;
    test_spawn(core, looked_at, .inner = eddy_sink_send(sink, &(int64_t){1}), .result = &result,
               .polls = &polls);
    test_settle(core);
    assert_int_equal(polls, 1);
    assert_int_equal(slow.count, 0);
    slow_allow(&slow, 1);
    slow_allow(&slow, 1);
    test_settle(core);
    assert_int_equal(polls, 2);
    assert_int_equal(slow.count, 1);
    assert_int_equal(result, 0);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void send_copies_its_item(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    eddy_sink *sink = slow_sink(core, &slow);
    int64_t item = 4;
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &item), &result);

    (void)state;
    item = 5;
    slow_allow(&slow, 1);
    assert_int_equal(test_join_end(core, join), 0);
    assert_taken(&slow, 4);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void error_of_a_send_is_its_result_and_the_sink_goes_on(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 9, .error = -EIO};
    eddy_sink *sink = slow_sink(core, &slow);

    (void)state;
    assert_int_equal(send_now(core, sink, 1), -EIO);
    assert_int_equal(send_now(core, sink, 2), 0);
    assert_taken(&slow, 2);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void send_that_is_dropped_gives_the_sink_back(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &result);

    (void)state;
    test_settle(core);
    assert_non_null(slow.sender.branch);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_settle(core);
    assert_null(slow.sender.branch);
    assert_int_equal(slow.dones, 0);
    slow_allow(&slow, 2);
    assert_int_equal(send_now(core, sink, 2), 0);
    assert_taken(&slow, 2);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(slow.dones, 1);
    test_core_end(core);
}

static void send_that_is_asked_to_end_gives_the_sink_back(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1, .holds = true};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_result result;
    eddy_join *join = look_at(core, eddy_sink_send(sink, &(int64_t){1}), &result);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(result, -ECANCELED);
    assert_null(slow.flusher.branch);
    slow_flush(&slow);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

static void close_is_the_end_and_is_told_again(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    eddy_sink *sink = slow_sink(core, &slow);

    (void)state;
    assert_int_equal(send_now(core, sink, 1), 0);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(run_now(core, eddy_sink_close(sink)), 0);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    assert_int_equal(slow.closes, 1);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- as a child ---- */

/* Polls the sink itself, then lends it to a future, which is dropped in the middle. */
struct owner {
    EDDY_FRAME;
    struct slow *slow;
    eddy_sink *sink;
    eddy_future *send;
    int64_t item;
};

EDDY_ASYNC(owner, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->item = 1;
        EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->item));
        assert_int_equal(n, 0);
        self->send = eddy_sink_send(self->sink, &(int64_t){2});
        n = eddy_future_poll_child(&self->frame, self->send, task);
        assert_true(n == EDDY_PENDING);
        eddy_future_drop_child(&self->frame, self->send, task);
        assert_int_equal(self->slow->dones, 0);
        slow_allow(self->slow, 1);
        self->item = 3;
        EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->item));
        EDDY_END(n);
}

static void sink_is_dropped_with_the_future_that_polls_it(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    eddy_sink *sink = slow_sink(core, &slow);

    (void)state;
    assert_int_equal(test_run(core, owner, .slow = &slow, .sink = sink), 0);
    assert_taken(&slow, 1, 3);
    assert_int_equal(slow.dones, 1);
    test_core_end(core);
}

/* Has it adopted first thing, and only lends it. */
struct adopter {
    EDDY_FRAME;
    eddy_sink *sink;
    eddy_future *send;
};

static void adopter_done(struct adopter *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_sink_drop(self->sink, NULL);
}

EDDY_ASYNC(adopter, adopter_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->sink->frame);
        self->send = eddy_sink_send(self->sink, &(int64_t){2});
        EDDY_AWAIT_FUTURE(n, self->send);
        EDDY_END(n);
}

static void sink_that_is_adopted_goes_with_its_owner(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    eddy_sink *sink = slow_sink(core, &slow);

    (void)state;
    assert_int_equal(test_run(core, adopter, .sink = sink), 0);
    assert_taken(&slow, 2);
    assert_int_equal(slow.dones, 1);
    test_core_end(core);
}

/* ---- in a task that goes on, another task uses the sink ---- */

/* Polls a future to its end, or once, and then waits at a gate. */
struct lingerer {
    EDDY_FRAME;
    eddy_future *use;
    bool once;
    eddy_result *result;
    struct test_gate *gate;
};

EDDY_ASYNC(lingerer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->once) {
            *self->result = eddy_future_poll_child(&self->frame, self->use, task);
            eddy_future_drop_child(&self->frame, self->use, task);
        } else {
            EDDY_AWAIT_FUTURE(*self->result, self->use);
        }
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void sink_of_a_send_that_was_dropped_waits_no_more(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    struct test_gate gate = {.open = false};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_result first, second;
    eddy_join *join;

    (void)state;
    test_spawn(core, lingerer, .use = eddy_sink_send(sink, &(int64_t){1}), .once = true,
               .result = &first, .gate = &gate);
    test_settle(core);
    assert_true(first == EDDY_PENDING);
    assert_null(slow.sender.branch);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){2}), &second);
    test_settle(core);
    slow_allow(&slow, 1);
    assert_int_equal(test_join_end(core, join), 0);
    assert_taken(&slow, 2);
    test_gate_open(&gate, 0);
    test_settle(core);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* One side has failed, the other one still waits. */
static void sink_of_a_send_that_has_ended_waits_no_more(void **state)
{
    eddy_core *core = test_core();
    struct slow a = {.error = -EIO}, b = {0};
    struct test_gate gate = {.open = false};
    eddy_sink *sink = eddy_sink_fanout(slow_sink(core, &a), slow_sink(core, &b));
    eddy_result first = EDDY_PENDING;

    (void)state;
    test_spawn(core, lingerer, .use = eddy_sink_send(sink, &(int64_t){1}), .result = &first,
               .gate = &gate);
    test_settle(core);
    assert_int_equal(first, -EIO);
    assert_null(b.sender.branch);
    slow_allow(&b, 1);
    assert_int_equal(run_now(core, eddy_sink_flush(sink)), 0);
    assert_taken(&b, 1);
    test_gate_open(&gate, 0);
    test_settle(core);
    eddy_sink_drop(sink, NULL);
    test_core_end(core);
}

/* ---- one that could not be made ---- */

/* Sends to, flushes and closes a failed sink, one of them for ever. */
struct stubborn {
    EDDY_FRAME;
    eddy_sink *sink;
    int way;
    const bool *over;
    int64_t item;
};

static eddy_result use_sink(struct stubborn *self, eddy_task *task)
{
    if (self->way == 0)
        return eddy_sink_poll_send(self->sink, task, &self->item);
    return self->way == 1 ? eddy_sink_poll_flush(self->sink, task)
                          : eddy_sink_poll_close(self->sink, task);
}

EDDY_ASYNC(stubborn, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, use_sink(self, task));
            assert_int_equal(n, -ENOMEM);
        } while (!*self->over);
        EDDY_END(n);
}

static void failed_sink_lets_others_go_first_however_often_it_is_asked(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    eddy_sink *failed = eddy_sink_buffer(slow_sink(core, &slow), SIZE_MAX);

    (void)state;
    for (int way = 0; way < 3; way++) {
        bool over = false;
        eddy_join *join =
            test_spawn_join(core, stubborn, .sink = failed, .way = way, .over = &over);

        test_turn(core);
        test_turn(core);
        over = true;
        assert_int_equal(test_join_end(core, join), -ENOMEM);
    }
    test_core_end(core);
}

/* ---- items that own something ---- */

static int dropped_items;

static void drop_number(void *item)
{
    int64_t number;

    memcpy(&number, item, sizeof number);
    assert_int_equal(number, 6);
    dropped_items++;
}

static void item_that_is_not_taken_is_dropped(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.error = -EIO};
    eddy_sink *sink = eddy_sink_owning(slow_sink(core, &slow), drop_number);
    eddy_result result;
    eddy_join *join;

    (void)state;
    dropped_items = 0;
    assert_int_equal(send_now(core, sink, 6), -EIO);
    assert_int_equal(dropped_items, 1);
    join = look_at(core, eddy_sink_send(sink, &(int64_t){6}), &result);
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_int_equal(dropped_items, 2);
    eddy_future_drop(eddy_sink_send(sink, &(int64_t){6}));
    assert_int_equal(dropped_items, 3);
    slow_allow(&slow, 1);
    assert_int_equal(send_now(core, sink, 6), 0);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(dropped_items, 3);
    test_core_end(core);
}

/* ---- the loop is gone ---- */

static void sink_may_be_dropped_after_its_loop(void **state)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    eddy_sink *sink = eddy_sink_buffer(slow_sink(core, &slow), 2);

    (void)state;
    assert_int_equal(send_now(core, sink, 1), 0);
    test_core_end(core);
    assert_int_equal(slow.dones, 0);
    eddy_sink_drop(sink, NULL);
    assert_int_equal(slow.dones, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_waits_for_room_and_then_for_the_flush),
        cmocka_unit_test(full_sink_gives_the_item_back_and_wakes_once),
        cmocka_unit_test(send_copies_its_item),
        cmocka_unit_test(error_of_a_send_is_its_result_and_the_sink_goes_on),
        cmocka_unit_test(send_that_is_dropped_gives_the_sink_back),
        cmocka_unit_test(send_that_is_asked_to_end_gives_the_sink_back),
        cmocka_unit_test(close_is_the_end_and_is_told_again),
        cmocka_unit_test(sink_is_dropped_with_the_future_that_polls_it),
        cmocka_unit_test(sink_that_is_adopted_goes_with_its_owner),
        cmocka_unit_test(sink_of_a_send_that_was_dropped_waits_no_more),
        cmocka_unit_test(sink_of_a_send_that_has_ended_waits_no_more),
        cmocka_unit_test(failed_sink_lets_others_go_first_however_often_it_is_asked),
        cmocka_unit_test(item_that_is_not_taken_is_dropped),
        cmocka_unit_test(sink_may_be_dropped_after_its_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
