/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_pieces.c - work made of all that makes work of work: whichever allocation fails, every
 * release is called once and nothing is left; and releases that abort their own task.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/heap.h"
#include "../support/loop.h"

static int releases;

static void release(void *arg)
{
    (void)arg;
    releases++;
}

static int guards; /* eddy_finally() put on so far */

static eddy_future *guard(eddy_future *future)
{
    guards++;
    return eddy_finally(future, release, NULL);
}

static eddy_result add_one(void *arg, eddy_result value)
{
    (void)arg;
    return value + 1;
}

/* A chain in a join in a select, of which one is kept, shared, limited, and joined again. */
static eddy_result run_pieces(eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_future *work = eddy_ready(handle, 1);
    eddy_result results[3];
    eddy_future *kept[2];
    eddy_shared *shared;
    eddy_result result;
    size_t winner;

    for (int i = 0; i < 20; i++)
        work = guard(eddy_map(work, add_one, NULL));
    work = eddy_try_join_all(
        handle, EDDY_FUTURES(work, guard(eddy_ready(handle, 1)), guard(eddy_ready(handle, 2))),
        results);
    work = eddy_select(handle, EDDY_FUTURES(work, guard(eddy_never(handle))), &winner);
    kept[0] = guard(work);
    kept[1] = guard(eddy_never(handle));
    work = eddy_select_keep(handle, kept, 2, &winner);
    assert_null(kept[0]);
    assert_null(kept[1]);
    shared = eddy_shared_new(work);
    work = eddy_timeout_after(eddy_shared_wait(shared), 3600 * EDDY_SECOND);
    result = eddy_core_run(core, eddy_join_all(handle, EDDY_FUTURES(work), results));
    if (result == 1)
        result = results[0];
    assert_true(kept[0] == NULL);
    eddy_future_drop(kept[1]);
    eddy_shared_release(shared);
    return result;
}

static bool nth_allocation_fails(long n)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core;
    eddy_result result;
    bool reached;

    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    test_turn(core);
    releases = guards = 0;
    heap.calls = 0;
    heap.fail_at = n;
    result = run_pieces(core);
    reached = heap.calls > n;
    assert_int_equal(result, reached ? result : 0);
    assert_true(result == 0 || result == -ENOMEM);
    assert_int_equal(releases, guards);
    test_core_end(core);
    assert_int_equal(heap.blocks, 0);
    assert_false(heap.bad_free);
    return reached;
}

static void whichever_allocation_fails_all_is_released_once(void **state)
{
    long n = 0;

    (void)state;
    while (nth_allocation_fails(n))
        n++;
    assert_true(n > 0);
}

/* ---- a release that aborts the task it is called in ---- */

static eddy_join *own;

static void abort_own(void *arg)
{
    (void)arg;
    assert_non_null(own); /* else the task could not be made */
    eddy_join_abort(own);
}

static eddy_future *later(eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(test_value, .yields = 2, .value = 1));
}

static eddy_result end_of(eddy_core *core, eddy_future *work)
{
    eddy_result result;

    own = NULL;
    assert_int_equal(eddy_spawn_joinable(eddy_core_handle(core), work, &own), 0);
    test_settle(core);
    assert_non_null(eddy_join_ended(own));
    result = eddy_join_ended(own)->result;
    eddy_join_free(own);
    return result;
}

static eddy_future *never_again(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)value;
    ++*(int *)arg;
    return eddy_never(handle);
}

static void a_release_may_abort_its_own_task(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_result results[2];
    eddy_stream *set;
    int calls = 0;

    (void)state;
    assert_int_equal(end_of(core, eddy_and_then(eddy_finally(later(handle), abort_own, NULL),
                                                never_again, &calls)),
                     EDDY_DROPPED);
    assert_int_equal(
        end_of(core, eddy_join_all(handle,
                                   EDDY_FUTURES(eddy_finally(later(handle), abort_own, NULL),
                                                eddy_never(handle)),
                                   results)),
        EDDY_DROPPED);
    set = eddy_futures_unordered(handle);
    assert_int_equal(eddy_futures_push(set, eddy_finally(later(handle), abort_own, NULL), 1), 0);
    assert_int_equal(eddy_futures_push(set, eddy_never(handle), 2), 0);
    assert_int_equal(end_of(core, eddy_stream_count(set)), EDDY_DROPPED);
    test_core_end(core);
}

/* ---- what a select has kept ---- */

static void a_kept_loser_holds_its_place_and_gives_it_back_when_dropped(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_future *both[2];
    eddy_mutex *mutex;
    size_t winner;

    (void)state;
    assert_int_equal(eddy_mutex_new(handle, NULL, &mutex), 0);
    for (int dropped = 0; dropped < 2; dropped++) {
        assert_int_equal(eddy_mutex_try_lock(mutex), 0);
        both[0] = eddy_lock(handle, mutex);
        both[1] = eddy_timeout_after(eddy_never(handle), EDDY_MILLISECOND);
        assert_int_equal(eddy_core_run(core, eddy_select_keep(handle, both, 2, &winner)),
                         -ETIMEDOUT);
        assert_int_equal(winner, 1);
        assert_null(both[1]);
        eddy_mutex_unlock(mutex);
        assert_int_equal(eddy_mutex_try_lock(mutex), -EAGAIN);
        if (dropped)
            eddy_future_drop(both[0]);
        else
            assert_int_equal(eddy_core_run(core, both[0]), 0);
        assert_int_equal(eddy_mutex_try_lock(mutex), dropped ? 0 : -EAGAIN);
        eddy_mutex_unlock(mutex);
    }
    eddy_mutex_free(mutex);
    test_core_end(core);
}

static void a_kept_loser_may_be_dropped_after_the_loop(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_future *both[2] = {eddy_finally(eddy_never(handle), release, NULL), later(handle)};

    (void)state;
    releases = 0;
    assert_int_equal(eddy_core_run(core, eddy_select_keep(handle, both, 2, NULL)), 1);
    test_core_end(core);
    eddy_future_drop(both[0]);
    assert_int_equal(releases, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whichever_allocation_fails_all_is_released_once),
        cmocka_unit_test(a_release_may_abort_its_own_task),
        cmocka_unit_test(a_kept_loser_holds_its_place_and_gives_it_back_when_dropped),
        cmocka_unit_test(a_kept_loser_may_be_dropped_after_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
