/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_misuse.c - what a program must not do with sinks, and is told.
 */
#include "sink_world.h"

#include "../support/death.h"

static void send_after_close(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    eddy_sink *sink = slow_sink(core, &slow);

    (void)arg;
    (void)run_now(core, eddy_sink_close(sink));
    (void)send_now(core, sink, 1);
}

static void poll_as_a_future(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};

    (void)arg;
    (void)run_now(core, &slow_sink(core, &slow)->frame);
}

static void use_unboxed(void *arg)
{
    struct slow_sink sink = {.sink = {.frame = {.type = &slow_type.base}, .item_bytes = 8}};

    (void)arg;
    (void)eddy_sink_flush(&sink.sink);
}

static void take_over_twice(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {.room = 1};
    eddy_sink *sink = slow_sink(core, &slow);

    (void)arg;
    (void)eddy_sink_buffer(sink, 1);
    (void)eddy_sink_buffer(sink, 1);
}

static void items_without_bytes(void *arg)
{
    eddy_core *core = test_core();
    size_t count;

    (void)arg;
    (void)eddy_sink_array(eddy_core_handle(core), NULL, 1, 0, &count);
}

static eddy_result flushed(void *arg, eddy_task *task)
{
    (void)arg;
    (void)task;
    return 0;
}

static void functions_without_send(void *arg)
{
    static const eddy_sink_fns fns = {.flush = flushed};
    eddy_core *core = test_core();

    (void)arg;
    (void)eddy_sink_poll_fn(eddy_core_handle(core), 8, &fns, NULL);
}

struct stranger {
    EDDY_FRAME;
    eddy_sink *sink;
};

EDDY_ASYNC(stranger, eddy_nothing)
{
    EDDY_BEGIN
        eddy_sink_drop(self->sink, task);
        EDDY_END(0);
}

static void drop_of_anothers_child(void *arg)
{
    eddy_core *core = test_core();
    struct slow slow = {0};
    eddy_sink *sink = slow_sink(core, &slow);
    eddy_sink *outer = eddy_sink_buffer(sink, 1);

    (void)arg;
    (void)outer;
    (void)test_run(core, stranger, .sink = sink);
}

static eddy_result positive(void *arg, eddy_task *task, const void *item)
{
    (void)arg;
    (void)task;
    (void)item;
    return 1;
}

static void positive_result(void *arg)
{
    static const eddy_sink_fns fns = {.send = positive};
    eddy_core *core = test_core();

    (void)arg;
    (void)send_now(core, eddy_sink_poll_fn(eddy_core_handle(core), 8, &fns, NULL), 1);
}

static eddy_result waits_for_nothing(void *arg, eddy_task *task, const void *item)
{
    (void)arg;
    (void)task;
    (void)item;
    return EDDY_PENDING;
}

static void pending_without_a_wait(void *arg)
{
    static const eddy_sink_fns fns = {.send = waits_for_nothing};
    eddy_core *core = test_core();

    (void)arg;
    (void)send_now(core, eddy_sink_poll_fn(eddy_core_handle(core), 8, &fns, NULL), 1);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(send_after_close, NULL, "which is being closed");
    assert_dies(poll_as_a_future, NULL, "polls sink 'slow' as a future");
    assert_dies(use_unboxed, NULL, "eddy_sink_flush is given 'slow', which is not boxed");
    assert_dies(take_over_twice, NULL, "which another future has taken over");
    assert_dies(items_without_bytes, NULL, "items of 0 bytes");
    assert_dies(functions_without_send, NULL, "no function that sends");
    assert_dies(drop_of_anothers_child, NULL, "dropped by another future");
    assert_dies(positive_result, NULL, "sink 'sink_poll_fn' gives 1");
    assert_dies(pending_without_a_wait, NULL, "waits for nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
