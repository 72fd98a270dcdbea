/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_bridge_blocking.c - a thread without a loop gets the items of a stream that lives on one.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/heap.h"
#include "../support/loop.h"
#include "eddy/bridge.h"
#include "eddy/stream_source.h"
#include "reactor/core.h"

static eddy_stream *numbers(eddy_core *core, const int64_t *items, size_t count)
{
    return eddy_stream_array(eddy_core_handle(core), items, count, sizeof items[0]);
}

/* ---- a thread that iterates, and then has a future of the loop end ---- */

struct thread {
    pthread_t thread;
    eddy_iterator *iterator;
    int stop_after; /* items; 0: at the end */
    int64_t sum;
    int count;
    eddy_result last;
    eddy_remote *remote;
};

/* The gate lies in the loop's thread. */
struct opening {
    struct test_gate *gate;
};

static eddy_future *open_gate(void *payload, eddy_handle *handle)
{
    struct opening opening;

    (void)handle;
    memcpy(&opening, payload, sizeof opening);
    test_gate_open(opening.gate, 0);
    return NULL;
}

static const eddy_job open_job = {open_gate, NULL, sizeof(struct opening)};

static struct test_gate done_gate;

static void *iterate(void *arg)
{
    struct thread *self = arg;
    struct opening opening = {&done_gate};
    int64_t item;

    for (;;) {
        self->last = eddy_iterator_next(self->iterator, &item);
        if (self->last <= 0)
            break;
        self->sum += item;
        if (++self->count == self->stop_after)
            break;
    }
    if (self->last == 0)
        assert_int_equal(eddy_iterator_next(self->iterator, &item), 0); /* and again */
    eddy_iterator_free(self->iterator);
    assert_int_equal(eddy_remote_spawn(self->remote, &open_job, &opening), 0);
    return NULL;
}

/* Runs the loop until the thread has had enough. */
static struct thread run_thread(eddy_core *core, eddy_stream *stream, uint32_t capacity,
                                int stop_after)
{
    struct thread self = {.stop_after = stop_after};

    done_gate = (struct test_gate){.open = false};
    assert_int_equal(eddy_stream_blocking(eddy_core_handle(core), stream, capacity, &self.iterator),
                     0);
    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &self.remote), 0);
    assert_int_equal(pthread_create(&self.thread, NULL, iterate, &self), 0);
    assert_int_equal(test_run(core, test_wait, .gate = &done_gate), 0);
    assert_int_equal(pthread_join(self.thread, NULL), 0);
    eddy_remote_release(self.remote);
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 0);
    return self;
}

static void thread_gets_all_items_and_the_end(void **state)
{
    static int64_t items[10000];
    eddy_core *core = test_core();

    (void)state;
    for (int64_t i = 0; i < 10000; i++)
        items[i] = i;
    for (uint32_t capacity = 1; capacity <= 1000; capacity *= 10) {
        struct thread thread = run_thread(core, numbers(core, items, 10000), capacity, 0);

        assert_int_equal(thread.last, 0);
        assert_int_equal(thread.count, 10000);
        assert_int_equal(thread.sum, INT64_C(9999) * 10000 / 2);
    }
    test_core_end(core);
}

static eddy_result broken(void *arg, eddy_task *task, void *item)
{
    int64_t n = (*(int64_t *)arg)++;

    (void)task;
    memcpy(item, &n, sizeof n);
    return n == 3 ? -EIO : n < 5;
}

static void error_is_told_in_its_place_and_the_stream_goes_on(void **state)
{
    eddy_core *core = test_core();
    int64_t next = 1, item = 0;
    eddy_iterator *iterator;
    eddy_stream *stream =
        eddy_stream_poll_fn(eddy_core_handle(core), sizeof(int64_t), broken, &next);

    (void)state;
    assert_int_equal(eddy_stream_blocking(eddy_core_handle(core), stream, 9, &iterator), 0);
    test_settle(core);
    assert_int_equal(eddy_iterator_next(iterator, &item), 1);
    assert_int_equal(eddy_iterator_next(iterator, &item), 1);
    assert_int_equal(item, 2);
    assert_int_equal(eddy_iterator_next(iterator, &item), -EIO);
    assert_int_equal(eddy_iterator_next(iterator, &item), 1);
    assert_int_equal(item, 4);
    assert_int_equal(eddy_iterator_next(iterator, &item), 0);
    assert_int_equal(eddy_iterator_next(iterator, &item), 0);
    eddy_iterator_free(iterator);
    test_core_end(core);
}

/* ---- how far it goes ahead ---- */

static eddy_result count_up(void *arg, eddy_task *task, void *item)
{
    int64_t *next = arg;

    (void)task;
    memcpy(item, next, sizeof *next);
    ++*next;
    return 1;
}

static void stream_goes_ahead_as_far_as_it_may_and_no_further(void **state)
{
    eddy_core *core = test_core();
    int64_t next = 0, item;
    eddy_iterator *iterator;
    eddy_stream *stream =
        eddy_stream_poll_fn(eddy_core_handle(core), sizeof(int64_t), count_up, &next);

    (void)state;
    assert_int_equal(eddy_stream_blocking(eddy_core_handle(core), stream, 4, &iterator), 0);
    test_settle(core);
    assert_int_equal(next, 4 + 1);
    assert_int_equal(eddy_iterator_next(iterator, &item), 1);
    assert_int_equal(item, 0);
    test_settle(core);
    assert_int_equal(next, 4 + 2);
    eddy_iterator_free(iterator);
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

/* ---- ends ---- */

static void iterator_that_is_freed_ends_a_task_that_sends(void **state)
{
    eddy_core *core = test_core();
    int64_t next = 0;
    struct thread thread = run_thread(
        core, eddy_stream_poll_fn(eddy_core_handle(core), sizeof(int64_t), count_up, &next), 2, 5);

    (void)state;
    assert_int_equal(thread.last, 1);
    assert_int_equal(thread.sum, 10);
    test_core_end(core);
}

static eddy_result wait_for_gate(void *arg, eddy_task *task, void *item)
{
    memset(item, 0, sizeof(int64_t));
    return test_gate_poll(arg, task);
}

/* Freed by a thread, so that only the waker can tell the loop. */
static void *free_iterator(void *arg)
{
    eddy_iterator_free(arg);
    return NULL;
}

static bool no_task_is_left(eddy_core *core)
{
    return test_stats(core).tasks_live == 0;
}

static void iterator_that_is_freed_ends_a_task_that_waits(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {.open = false};
    eddy_iterator *iterator;
    pthread_t thread;
    eddy_stream *stream =
        eddy_stream_poll_fn(eddy_core_handle(core), sizeof(int64_t), wait_for_gate, &gate);

    (void)state;
    assert_int_equal(eddy_stream_blocking(eddy_core_handle(core), stream, 2, &iterator), 0);
    test_settle(core);
    assert_non_null(gate.waiter.branch);
    assert_int_equal(pthread_create(&thread, NULL, free_iterator, iterator), 0);
    while (!no_task_is_left(core))
        assert_true(eddy_core_turn(core, EDDY_FOREVER) >= 0);
    assert_null(gate.waiter.branch);
    assert_int_equal(pthread_join(thread, NULL), 0);
    test_core_end(core);
}

static void iterator_that_is_freed_at_once_ends_a_task_that_never_began(void **state)
{
    eddy_core *core = test_core();
    eddy_iterator *iterator;
    int64_t one = 1;

    (void)state;
    assert_int_equal(
        eddy_stream_blocking(eddy_core_handle(core), numbers(core, &one, 1), 2, &iterator), 0);
    eddy_iterator_free(iterator);
    test_settle(core);
    assert_true(no_task_is_left(core));
    test_core_end(core);
}

static void loop_that_goes_away_is_told(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {.open = false};
    eddy_iterator *iterator;
    int64_t item;
    eddy_stream *stream =
        eddy_stream_poll_fn(eddy_core_handle(core), sizeof(int64_t), wait_for_gate, &gate);

    (void)state;
    assert_int_equal(eddy_stream_blocking(eddy_core_handle(core), stream, 2, &iterator), 0);
    test_settle(core);
    test_core_end(core);
    assert_int_equal(eddy_iterator_next(iterator, &item), EDDY_DROPPED);
    assert_int_equal(eddy_iterator_next(iterator, &item), EDDY_DROPPED);
    eddy_iterator_free(iterator);
}

/* ---- items that own something ---- */

static int dropped_items;

static void drop_number(void *item)
{
    (void)item;
    dropped_items++;
}

static void items_taken_ahead_are_dropped(void **state)
{
    eddy_core *core = test_core();
    eddy_iterator *iterator;
    int64_t made = 0, item;
    eddy_stream *stream =
        eddy_stream_poll_fn(eddy_core_handle(core), sizeof(int64_t), count_up, &made);

    (void)state;
    dropped_items = 0;
    stream = eddy_stream_owning(stream, drop_number);
    assert_int_equal(eddy_stream_blocking(eddy_core_handle(core), stream, 3, &iterator), 0);
    test_settle(core);
    assert_int_equal(made, 4);
    assert_int_equal(eddy_iterator_next(iterator, &item), 1);
    eddy_iterator_free(iterator);
    assert_int_equal(dropped_items, 2); /* here, from the channel */
    test_settle(core);
    assert_int_equal(dropped_items, 3); /* there, in hand */
    test_core_end(core);
}

/* ---- memory, mistakes ---- */

static void failed_stream_is_told(void **state)
{
    eddy_core *core = test_core(), *gone = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_stream *keeps = numbers(gone, NULL, 0); /* its loop's handle may be used */
    eddy_iterator *iterator;
    int64_t item = 0;
    eddy_stream *failed;

    (void)state;
    assert_int_equal(keeps->frame.state & EDDY__FUTURE_STATIC,
                     0); /* not the one of all that fail */
    test_core_end(gone);
    failed = numbers(gone, &item, 1);
    assert_int_equal(eddy_stream_blocking(handle, failed, 1, &iterator), 0);
    test_settle(core);
    assert_int_equal(eddy_iterator_next(iterator, &item), EDDY_LOOP_GONE);
    assert_int_equal(eddy_iterator_next(iterator, &item), EDDY_DROPPED);
    eddy_iterator_free(iterator);
    eddy_stream_drop(keeps, NULL);
    test_core_end(core);
}

static void capacity_has_bounds(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_iterator *iterator = NULL;
    int64_t one = 1;

    (void)state;
    assert_int_equal(eddy_stream_blocking(handle, numbers(core, &one, 1), 0, &iterator), -EINVAL);
    assert_int_equal(
        eddy_stream_blocking(handle, numbers(core, &one, 1), EDDY_UNBOUNDED, &iterator), -EINVAL);
    assert_null(iterator);
    test_core_end(core);
}

static void without_memory_the_stream_is_dropped(void **state)
{
    bool failed = true;

    (void)state;
    for (long at = 0; failed; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        eddy_iterator *iterator = NULL;
        int64_t items[] = {1, 2};
        eddy_stream *stream;
        eddy_core *core;
        long calls;
        int error;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        stream = numbers(core, items, 2);
        calls = atomic_load(&heap.calls);
        atomic_store(&heap.fail_at, calls + at);
        error = eddy_stream_blocking(eddy_core_handle(core), stream, 3, &iterator);
        failed = atomic_load(&heap.calls) > calls + at;
        assert_int_equal(error, failed ? -ENOMEM : 0);
        atomic_store(&heap.fail_at, -1);
        test_settle(core);
        if (!failed)
            assert_int_equal(eddy_iterator_next(iterator, &items[1]), 1);
        eddy_iterator_free(iterator);
        test_settle(core);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_true(failed || at >= 3);
    }
}

static void wait_on_the_loop(void *arg)
{
    eddy_core *core = test_core();
    eddy_iterator *iterator;
    int64_t one = 1;

    (void)arg;
    (void)eddy_stream_blocking(eddy_core_handle(core), numbers(core, &one, 1), 1, &iterator);
    assert_int_equal(eddy_iterator_next(iterator, &one), 1);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(wait_on_the_loop, NULL, "eddy_iterator_next would wait on the thread of the loop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_gets_all_items_and_the_end),
        cmocka_unit_test(error_is_told_in_its_place_and_the_stream_goes_on),
        cmocka_unit_test(stream_goes_ahead_as_far_as_it_may_and_no_further),
        cmocka_unit_test(iterator_that_is_freed_ends_a_task_that_sends),
        cmocka_unit_test(iterator_that_is_freed_ends_a_task_that_waits),
        cmocka_unit_test(iterator_that_is_freed_at_once_ends_a_task_that_never_began),
        cmocka_unit_test(loop_that_goes_away_is_told),
        cmocka_unit_test(items_taken_ahead_are_dropped),
        cmocka_unit_test(failed_stream_is_told),
        cmocka_unit_test(capacity_has_bounds),
        cmocka_unit_test(without_memory_the_stream_is_dropped),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
