/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance slow */
/*
 * test_chain_deep.c - a million steps, calls and rounds, on a thread whose stack has no room for
 * them, while another task has its turns; and the end of what is so deep and was never polled.
 */
#include "deep.h"

#include "eddy/shared.h"

static eddy_handle *deep_handle(const struct deep *self)
{
    return eddy_core_handle(self->core);
}

/* ---- one after the other ---- */

static eddy_result plus_one(void *arg, eddy_result value)
{
    (void)arg;
    return value + 1;
}

static eddy_future *make_maps(struct deep *self)
{
    eddy_future *work = eddy_ready(deep_handle(self), 0);

    for (int i = 0; i < DEEP; i++)
        work = eddy_map(work, plus_one, NULL);
    return work;
}

static eddy_future *next_plus_one(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    return eddy_ready(handle, value + 1);
}

static eddy_future *make_thens(struct deep *self)
{
    eddy_future *work = eddy_ready(deep_handle(self), 0);

    for (int i = 0; i < DEEP; i++)
        work = eddy_and_then(work, next_plus_one, NULL);
    return work;
}

/* Of an error nearly all is left out. */
static eddy_future *make_left_out(struct deep *self)
{
    eddy_future *work = eddy_ready(deep_handle(self), -EIO);

    for (int i = 0; i < DEEP; i++)
        work = eddy_and_then(work, next_plus_one, NULL);
    return eddy_or_else(work, next_plus_one, NULL);
}

static void million_steps_need_no_stack_and_let_others_go(void **state)
{
    struct deep maps = {.make = make_maps};
    struct deep thens = {.make = make_thens};
    struct deep left_out = {.make = make_left_out};

    (void)state;
    deep_run(&maps);
    assert_int_equal(maps.result, DEEP);
    check_others_had_their_turn(&maps);
    check_heap_was_bounded(&maps);
    deep_run(&thens);
    assert_int_equal(thens.result, DEEP);
    check_others_had_their_turn(&thens);
    check_heap_was_bounded(&thens);
    deep_run(&left_out);
    assert_int_equal(left_out.result, -EIO + 1);
    check_others_had_their_turn(&left_out);
}

/* ---- one inside the other ---- */

static eddy_future *count_down(void *arg, eddy_handle *handle, eddy_result value)
{
    struct deep *self = arg;

    self->calls++;
    if (value == 0)
        return eddy_ready(handle, 77);
    return eddy_and_then(eddy_ready(handle, value - 1), count_down, self);
}

static eddy_future *make_count_down(struct deep *self)
{
    return eddy_and_then(eddy_ready(deep_handle(self), DEEP), count_down, self);
}

static eddy_future *make_one_less(void *arg, eddy_handle *handle)
{
    struct deep *self = arg;

    if (self->calls++ == DEEP)
        return eddy_ready(handle, 77);
    return eddy_lazy(handle, make_one_less, self);
}

static eddy_future *make_lazies(struct deep *self)
{
    return make_one_less(self, deep_handle(self));
}

/* Each puts the next into the place, which flattens the one after it. */
static eddy_future *put_one_less(void *arg, eddy_handle *handle)
{
    struct deep *self = arg;

    if (self->calls++ == DEEP)
        self->slot = eddy_ready(handle, 77);
    else
        self->slot = eddy_flatten(eddy_lazy(handle, put_one_less, self), &self->slot);
    return eddy_ready(handle, 0);
}

static eddy_future *make_flattened(struct deep *self)
{
    return eddy_flatten(eddy_lazy(deep_handle(self), put_one_less, self), &self->slot);
}

static void million_calls_in_calls_need_no_stack_and_no_memory(void **state)
{
    eddy_future *(*const makes[])(struct deep *) = {make_count_down, make_lazies, make_flattened};

    (void)state;
    for (size_t i = 0; i < sizeof makes / sizeof *makes; i++) {
        struct deep deep = {.make = makes[i]};

        deep_run(&deep);
        assert_int_equal(deep.result, 77);
        assert_int_equal(deep.calls, DEEP + 1);
        check_others_had_their_turn(&deep);
        check_heap_was_bounded(&deep);
    }
}

/* What is left to do after each call takes memory, no stack. */
static eddy_future *sum_up(void *arg, eddy_handle *handle, eddy_result value)
{
    if (value == 0)
        return eddy_ready(handle, 0);
    return eddy_map(eddy_and_then(eddy_ready(handle, value - 1), sum_up, arg), plus_one, NULL);
}

static eddy_future *make_sum(struct deep *self)
{
    return eddy_and_then(eddy_ready(deep_handle(self), DEEP), sum_up, self);
}

static void million_calls_with_work_after_each_need_no_stack(void **state)
{
    struct deep deep = {.make = make_sum};

    (void)state;
    deep_run(&deep);
    assert_int_equal(deep.result, DEEP);
    check_others_had_their_turn(&deep);
}

/* ---- rounds ---- */

static eddy_future *one_round(void *arg, eddy_handle *handle)
{
    struct deep *self = arg;

    return eddy_ready(handle, ++self->calls < DEEP ? EDDY_CONTINUE : 77);
}

static eddy_future *make_rounds(struct deep *self)
{
    return eddy_loop(deep_handle(self), one_round, self);
}

static void million_ready_rounds_need_no_stack_and_no_memory(void **state)
{
    struct deep deep = {.make = make_rounds};

    (void)state;
    deep_run(&deep);
    assert_int_equal(deep.result, 77);
    assert_int_equal(deep.calls, DEEP);
    check_others_had_their_turn(&deep);
    check_heap_was_bounded(&deep);
}

/* ---- dropped ---- */

static void count(void *arg)
{
    struct deep *self = arg;

    self->released++;
}

static eddy_future *owing_a_million(struct deep *self, eddy_future *work)
{
    for (int i = 0; i < DEEP; i++)
        work = eddy_finally(work, count, self);
    return work;
}

static eddy_future *drop_new(struct deep *self)
{
    eddy_future_drop(owing_a_million(self, eddy_never(deep_handle(self))));
    return eddy_ready(deep_handle(self), 77);
}

/* Limited around a chain that waits: it goes after its first poll. */
static eddy_future *drop_waiting(struct deep *self)
{
    eddy_future *work = owing_a_million(self, eddy_never(deep_handle(self)));

    return eddy_timeout_after(work, 0);
}

static void million_steps_are_dropped_without_stack(void **state)
{
    struct deep fresh = {.make = drop_new};
    struct deep waiting = {.make = drop_waiting};

    (void)state;
    deep_run(&fresh);
    assert_int_equal(fresh.result, 77);
    assert_int_equal(fresh.released, DEEP);
    deep_run(&waiting);
    assert_int_equal(waiting.result, -ETIMEDOUT);
    assert_int_equal(waiting.released, DEEP);
}

static eddy_future *drop_timeouts(struct deep *self)
{
    eddy_future *work = eddy_finally(eddy_never(deep_handle(self)), count, self);

    for (int i = 0; i < DEEP; i++)
        work = i % 2 ? eddy_timeout_after(work, EDDY_SECOND) : eddy_deadline_at(work, i);
    eddy_future_drop(work);
    return eddy_ready(deep_handle(self), 77);
}

static eddy_future *drop_steps_and_timeouts(struct deep *self)
{
    eddy_future *work = eddy_never(deep_handle(self));

    for (int i = 0; i < DEEP / 2; i++)
        work = eddy_finally(eddy_timeout_after(work, EDDY_SECOND), count, self);
    eddy_future_drop(work);
    return eddy_ready(deep_handle(self), self->released);
}

/* Each is shared, and waited for by the next only. */
static eddy_future *drop_shared(struct deep *self)
{
    eddy_future *work = eddy_finally(eddy_never(deep_handle(self)), count, self);

    for (int i = 0; i < DEEP; i++) {
        eddy_shared *shared = eddy_shared_new(work);

        work = eddy_shared_wait(shared);
        eddy_shared_release(shared);
    }
    eddy_future_drop(work);
    return eddy_ready(deep_handle(self), 77);
}

static void million_futures_around_one_are_dropped_without_stack(void **state)
{
    struct deep timeouts = {.make = drop_timeouts};
    struct deep mixed = {.make = drop_steps_and_timeouts};
    struct deep shared = {.make = drop_shared};

    (void)state;
    deep_run(&timeouts);
    assert_int_equal(timeouts.result, 77);
    assert_int_equal(timeouts.released, 1);
    deep_run(&mixed);
    assert_int_equal(mixed.result, DEEP / 2);
    deep_run(&shared);
    assert_int_equal(shared.result, 77);
    assert_int_equal(shared.released, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(million_steps_need_no_stack_and_let_others_go),
        cmocka_unit_test(million_calls_in_calls_need_no_stack_and_no_memory),
        cmocka_unit_test(million_calls_with_work_after_each_need_no_stack),
        cmocka_unit_test(million_ready_rounds_need_no_stack_and_no_memory),
        cmocka_unit_test(million_steps_are_dropped_without_stack),
        cmocka_unit_test(million_futures_around_one_are_dropped_without_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
