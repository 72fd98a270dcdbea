/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_moments.c - groups that are freed, aborted and spawned into from where it is awkward: by
 * their own tasks, by the releases of those that are being dropped, after the loop.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/loop.h"

static eddy_group *group;
static eddy_handle *handle;
static int releases;
static int spawned;

static void release(void *arg)
{
    (void)arg;
    releases++;
}

static eddy_future *guarded(void)
{
    return eddy_finally(eddy_never(handle), release, NULL);
}

static void spawn_again(void *arg)
{
    release(arg);
    spawned = eddy_group_spawn(group, guarded());
}

static void abort_all(void *arg)
{
    release(arg);
    eddy_group_abort(group);
}

static eddy_core *begin(const eddy_group_options *options)
{
    eddy_core *core = test_core();

    handle = eddy_core_handle(core);
    releases = 0;
    spawned = 1;
    assert_int_equal(eddy_group_new(handle, options, &group), 0);
    return core;
}

static void spawn(eddy_future *future)
{
    assert_int_equal(eddy_group_spawn(group, future), 0);
}

/* Frees or aborts the group that it is in, then would go on. */
struct insider {
    EDDY_FRAME;
    void (*end)(eddy_group *group);
    int *went_on;
};

static void insider_done(struct insider *self)
{
    (void)self;
    releases++;
}

EDDY_ASYNC(insider, insider_done)
{
    EDDY_BEGIN
        EDDY_YIELD();
        assert_ptr_equal(eddy_task_group(task), group);
        self->end(group);
        EDDY_YIELD();
        ++*self->went_on;
        EDDY_END(0);
}

static void a_task_may_end_its_own_group_and_ends_with_its_poll(void **state)
{
    void (*const ends[])(eddy_group *) = {eddy_group_abort, eddy_group_free};

    (void)state;
    for (int i = 0; i < 2; i++) {
        eddy_core *core = begin(NULL);
        int went_on = 0;

        spawn(guarded());
        spawn(EDDY_FUTURE(insider, .end = ends[i], .went_on = &went_on));
        test_settle(core);
        assert_int_equal(went_on, 0);
        assert_int_equal(releases, 2);
        if (i == 0) {
            assert_int_equal(eddy_group_tasks(group), 0);
            eddy_group_free(group);
        }
        test_core_end(core);
    }
}

static void what_a_done_spawns_while_the_group_is_freed_is_refused_and_released(void **state)
{
    eddy_core *core = begin(NULL);

    (void)state;
    spawn(eddy_finally(eddy_never(handle), spawn_again, NULL));
    test_settle(core);
    eddy_group_free(group);
    assert_int_equal(spawned, EDDY_CLOSED);
    assert_int_equal(releases, 2);
    test_core_end(core);
}

static void abort_by_the_done_of_an_aborted_task_ends_each_once(void **state)
{
    eddy_core *core = begin(NULL);
    eddy_group_report report;

    (void)state;
    for (int i = 0; i < 5; i++)
        spawn(eddy_finally(eddy_never(handle), abort_all, NULL));
    test_settle(core);
    eddy_group_abort(group);
    assert_int_equal(releases, 5);
    assert_int_equal(eddy_group_tasks(group), 0);
    eddy_group_report_get(group, &report);
    assert_int_equal(report.ended, 5);
    assert_int_equal(report.dropped, 5);
    assert_int_equal(report.errors, 0);
    eddy_group_free(group);
    test_core_end(core);
}

static void a_group_may_be_freed_after_its_loop_with_results_not_taken(void **state)
{
    eddy_core *core = begin(EDDY_OPTIONS(eddy_group_options, .keep_results = true));

    (void)state;
    spawn(guarded());
    spawn(eddy_ready(handle, -EIO));
    test_settle(core);
    test_core_end(core);
    assert_int_equal(releases, 1);
    eddy_group_free(group);
}

/* Waits for room, then spawns. */
struct filler {
    EDDY_FRAME;
    eddy_ticket place;
};

EDDY_ASYNC(filler, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_group_poll_room(group, task, &self->place));
        EDDY_END(n == 0 ? eddy_group_spawn(group, guarded()) : n);
}

struct taker {
    EDDY_FRAME;
    eddy_ended ended;
};

EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_group_poll_next(group, task, &self->ended));
        EDDY_END(n == 1 ? self->ended.result : n);
}

static void a_result_that_is_not_taken_takes_room_and_its_room_is_not_lost_by_a_drop(void **state)
{
    eddy_core *core = begin(EDDY_OPTIONS(eddy_group_options, .keep_results = true, .tasks_max = 1));
    eddy_join *first;
    eddy_join *second;

    (void)state;
    spawn(eddy_ready(handle, 7));
    test_settle(core);
    assert_int_equal(eddy_group_tasks(group), 0);
    assert_int_equal(eddy_group_spawn(group, guarded()), EDDY_TASKS_FULL);
    assert_int_equal(releases, 1);
    first = test_spawn_join(core, filler);
    test_settle(core);
    second = test_spawn_join(core, filler);
    test_settle(core);
    assert_int_equal(test_run(core, taker), 7);
    eddy_join_abort(first); /* told, perhaps, and not polled since; or it has spawned */
    eddy_group_abort(group);
    test_settle(core);
    if (eddy_join_ended(second) == NULL)
        assert_int_equal(test_run(core, taker), EDDY_DROPPED);
    assert_int_equal(test_join_end(core, second), 0);
    assert_int_equal(eddy_group_tasks(group), 1);
    eddy_join_free(first);
    eddy_group_free(group);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_may_end_its_own_group_and_ends_with_its_poll),
        cmocka_unit_test(what_a_done_spawns_while_the_group_is_freed_is_refused_and_released),
        cmocka_unit_test(abort_by_the_done_of_an_aborted_task_ends_each_once),
        cmocka_unit_test(a_group_may_be_freed_after_its_loop_with_results_not_taken),
        cmocka_unit_test(a_result_that_is_not_taken_takes_room_and_its_room_is_not_lost_by_a_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
