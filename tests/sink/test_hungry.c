/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_hungry.c - what spends all the budget of each poll and never ends, a stream that turns down all
 * that comes, starves nobody who is polled after it, though those need budget to end.
 */
#include "sink_world.h"

#include "eddy/compose.h"
#include "eddy/futures.h"
#include "eddy/select.h"
#include "eddy/select_inline.h"
#include "eddy/stream_adapt.h"
#include "eddy/stream_collect.h"
#include "eddy/stream_combine.h"
#include "eddy/stream_source.h"

static const int64_t numbers[] = {1, 2, 99};

static bool is_small(void *arg, const void *item)
{
    (void)arg;
    return *(const int64_t *)item < 10;
}

/* Two items, then none and no end. */
static eddy_stream *hungry(eddy_handle *handle)
{
    return eddy_stream_filter(
        eddy_stream_chain(eddy_stream_array(handle, numbers, 2, sizeof numbers[0]),
                          eddy_stream_repeat(handle, &numbers[2], sizeof numbers[2])),
        is_small, NULL);
}

static eddy_future *nap(eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(eddy_sleep_for, .duration_ns = 2 * EDDY_MILLISECOND));
}

static eddy_future *nap_for(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)arg;
    (void)item;
    (void)out;
    return nap(handle);
}

static eddy_result two_of(eddy_core *core, eddy_stream *stream)
{
    return eddy_core_run(
        core, eddy_timeout_after(eddy_stream_count(eddy_stream_take(stream, 2)), EDDY_SECOND));
}

static void futures_under_way_end_beside_an_input_that_gives_nothing(void **state)
{
    (void)state;
    for (uint32_t budget = 0; budget < 4; budget++) {
        eddy_core *core = test_core_with((eddy_core_options){.task_budget = budget});
        eddy_handle *handle = eddy_core_handle(core);

        assert_int_equal(two_of(core, eddy_stream_buffered(hungry(handle), 4, 0, nap_for, NULL)),
                         2);
        assert_int_equal(
            two_of(core, eddy_stream_buffer_unordered(hungry(handle), 4, 0, nap_for, NULL)), 2);
        test_core_end(core);
    }
}

struct biased {
    EDDY_FRAME;
    eddy_future *first, *second;
    struct eddy_select2 either;
};
EDDY_ASYNC(biased, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->either = EDDY_INIT(eddy_select2, .a = self->first, .b = self->second, .biased = true);
        EDDY_AWAIT(n, &self->either);
        EDDY_END(n);
}

static void second_of_a_biased_select_may_end_though_the_first_is_busy(void **state)
{
    (void)state;
    for (uint32_t budget = 0; budget < 4; budget++) {
        eddy_core *core = test_core_with((eddy_core_options){.task_budget = budget});
        eddy_handle *handle = eddy_core_handle(core);
        eddy_future *either = eddy_select_biased(
            handle, EDDY_FUTURES(eddy_stream_count(hungry(handle)), nap(handle)), NULL);

        assert_int_equal(eddy_core_run(core, eddy_timeout_after(either, EDDY_SECOND)), 0);
        either = eddy_box(handle, EDDY_FUTURE(biased, .first = eddy_stream_count(hungry(handle)),
                                              .second = nap(handle)));
        assert_int_equal(eddy_core_run(core, eddy_timeout_after(either, EDDY_SECOND)), 0);
        test_core_end(core);
    }
}

/* No room for 2 ms. */
struct closed_at_first {
    eddy_sleep sleep;
    int taken;
};
static eddy_result send_later(void *arg, eddy_task *task, const void *item)
{
    struct closed_at_first *self = arg;
    eddy_result result;

    (void)item;
    if (!self->sleep.started)
        eddy_sleep_start(&self->sleep, task, 2 * EDDY_MILLISECOND);
    result = eddy_sleep_poll(&self->sleep, task);
    self->taken += result == 0;
    return result;
}

static void items_that_were_sent_arrive_though_the_stream_is_busy(void **state)
{
    static const eddy_sink_fns fns = {.send = send_later};

    (void)state;
    for (uint32_t budget = 0; budget < 4; budget++) {
        eddy_core *core = test_core_with((eddy_core_options){.task_budget = budget});
        eddy_handle *handle = eddy_core_handle(core);
        struct closed_at_first end = {.taken = 0};
        eddy_sink *sink =
            eddy_sink_buffer(eddy_sink_poll_fn(handle, sizeof numbers[0], &fns, &end), 4);
        eddy_future *forward = eddy_stream_forward(hungry(handle), sink);

        assert_int_equal(eddy_core_run(core, eddy_timeout_after(forward, 20 * EDDY_MILLISECOND)),
                         -ETIMEDOUT);
        assert_int_equal(end.taken, 2);
        test_core_end(core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(futures_under_way_end_beside_an_input_that_gives_nothing),
        cmocka_unit_test(second_of_a_biased_select_may_end_though_the_first_is_busy),
        cmocka_unit_test(items_that_were_sent_arrive_though_the_stream_is_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
