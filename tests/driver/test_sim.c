/* SPDX-License-Identifier: MIT */
/*
 * test_sim.c - what is special to the simulated driver: time that jumps, deadlock, wakes, two
 * drivers in one room, and its life.
 *
 * What every driver promises is in test_contract_*.c, what is left to chance in test_sim_chance.c.
 */
#include "support/sim_room.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "eddy/error.h"

#define DAY (24 * 3600 * EDDY_SECOND)

/* ---- time ---- */

static void a_wait_of_a_day_jumps_to_the_nanosecond(void **state)
{
    static const int64_t spans[] = {1, 2, 999, EDDY_SECOND + 7, DAY, 365 * DAY + 1};
    room r;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        int64_t deadline = eddy__sim_driver.now(r.a.driver) + spans[i];

        assert_int_equal(node_wait(&r.a, deadline), 0);
        assert_int_equal(eddy__sim_driver.now(r.a.driver), deadline);
    }
    (void)room_close(&r);
}

static void a_clock_that_drifts_meets_its_deadline_and_never_early(void **state)
{
    static const int32_t drifts[] = {1, -1, 10000, -10000, 999999, -499999};
    room r;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    for (size_t i = 0; i < sizeof drifts / sizeof drifts[0]; i++) {
        eddy__sim_set_drift(r.a.host, drifts[i]);
        for (int64_t span = 1; span < DAY; span = span * 7 + 3) {
            int64_t deadline = eddy__sim_driver.now(r.a.driver) + span;

            assert_int_equal(node_wait(&r.a, deadline), 0);
            assert_in_range(eddy__sim_driver.now(r.a.driver), deadline, deadline + 2);
        }
    }
    (void)room_close(&r);
}

static void a_deadline_that_has_passed_lets_no_time_go_by(void **state)
{
    room r;
    int64_t before;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    before = r.sim->now_ns;
    assert_int_equal(node_wait(&r.a, 0), 0);
    assert_int_equal(node_wait(&r.a, INT64_MIN), 0);
    assert_int_equal(node_wait(&r.a, eddy__sim_driver.now(r.a.driver)), 0);
    assert_int_equal(r.sim->now_ns, before);
    (void)room_close(&r);
}

static void a_wait_in_which_nothing_can_happen_is_a_deadlock(void **state)
{
    room r;
    end near, far;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    assert_int_equal(node_wait(&r.a, EDDY_FOREVER), EDDY_DEADLOCK);
    connect_ends(&r, &near, &far);
    end_credit(&near, ROOM_CREDIT);
    while (room_go(&r))
        continue;
    assert_int_equal(node_wait(&r.a, EDDY_FOREVER), EDDY_DEADLOCK);
    assert_int_equal(node_wait(&r.a, eddy__sim_driver.now(r.a.driver) + DAY), 0);
    detach_both(&r, &near, &far);
    (void)room_close(&r);
}

/* ---- wakes ---- */

typedef struct alarm {
    eddy__sim_event event;
    node *node;
} alarm;

static void ring_alarm(eddy__sim_event *event)
{
    eddy__sim_wake(((alarm *)(void *)event)->node->driver->cpu);
}

static void a_wake_ends_the_wait_when_it_comes(void **state)
{
    alarm wake = {.event = {.happen = ring_alarm}};
    room r;
    int64_t start;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    start = r.sim->now_ns;
    eddy__sim_wake(r.a.driver->cpu);
    assert_int_equal(node_wait(&r.a, EDDY_FOREVER), 0);
    assert_int_equal(r.sim->now_ns, start);
    wake.node = &r.a;
    assert_int_equal(eddy__sim_at(r.sim, &wake.event, start + DAY), 0);
    assert_int_equal(node_wait(&r.a, EDDY_FOREVER), 0);
    assert_int_equal(r.sim->now_ns, start + DAY);
    assert_int_equal(node_wait(&r.a, EDDY_FOREVER), EDDY_DEADLOCK); /* it was for one wait */
    (void)room_close(&r);
}

static void a_wake_of_another_loop_does_not_end_the_wait(void **state)
{
    alarm wake = {.event = {.happen = ring_alarm}};
    room r;
    int64_t deadline;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    wake.node = &r.b;
    assert_int_equal(eddy__sim_at(r.sim, &wake.event, EDDY_SECOND), 0);
    deadline = eddy__sim_driver.now(r.a.driver) + DAY;
    assert_int_equal(node_wait(&r.a, deadline), 0);
    assert_int_equal(eddy__sim_driver.now(r.a.driver), deadline);
    assert_true(r.b.driver->cpu->woken);
    (void)room_close(&r);
}

/* What a world does: others have their turn when they are woken, and only then. */
static bool run_woken(void *arg, const eddy__sim_cpu *asking)
{
    end *other = arg;

    if (other->node->driver->cpu == asking || !other->node->driver->cpu->woken)
        return false;
    (void)node_wait(other->node, 0);
    end_push(other);
    return true;
}

static void a_loop_that_waits_lets_the_others_run_until_it_has_something(void **state)
{
    room r;
    end near, far;

    (void)state;
    for (int i = 0; i < EDDY_CHAOS_LOSS; i++) {
        room_open(&r, (uint64_t)i, (eddy_chaos)i);
        connect_ends(&r, &near, &far);
        r.sim->run_others = run_woken;
        r.sim->world = &far;
        end_credit(&near, ROOM_CREDIT);
        far.len = ROOM_BYTES;
        end_push(&far);
        while (!near.over)
            assert_true(node_wait(&r.a, EDDY_FOREVER) >= 0);
        assert_int_equal(near.got, ROOM_BYTES);
        r.sim->run_others = NULL;
        detach_both(&r, &near, &far);
        (void)room_close(&r);
    }
}

/* Who drives several loops asks `woken` alone which of them to run. */
static void a_loop_that_could_go_on_is_woken(void **state)
{
    enum { PAIRS = 6 };
    static end senders[PAIRS], receivers[PAIRS];
    eddy__event event;
    room r;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    r.a.pool.blocks_max = 1;
    for (size_t i = 0; i < PAIRS; i++) {
        pair_ends(&r, &senders[i], &receivers[i]);
        assert_int_equal(end_send(&senders[i], 3000), 3000);
    }
    while (room_go(&r))
        continue;
    assert_false(r.a.driver->cpu->woken);
    for (size_t i = 0; i < PAIRS; i++)
        end_credit(&receivers[i], ROOM_CREDIT);
    /* More than fits, then more than there are buffers for, until all is told. */
    assert_true(r.a.driver->cpu->woken);
    assert_int_equal(eddy__sim_driver.wait(r.a.driver, 0, &event, 1), 1);
    on_event(&event);
    for (int waits = 0; r.a.driver->cpu->woken; waits++) {
        assert_true(waits < 4 * PAIRS);
        (void)node_wait(&r.a, 0);
    }
    assert_true(r.a.driver->counters.starved > 0);
    for (size_t i = 0; i < PAIRS; i++)
        assert_int_equal(receivers[i].got, 3000);
    for (size_t i = 0; i < PAIRS; i++)
        detach_both(&r, &senders[i], &receivers[i]);
    (void)room_close(&r);
}

/* ---- life ---- */

static void no_memory_at_attach_leaves_the_descriptor_and_later_calls_need_none(void **state)
{
    room r;
    end ends[2];
    int fds[2], error = -ENOMEM;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_COUNT);
    assert_int_equal(r.a.host->system.type->pair(&r.a.host->system, fds), 0);
    end_init(&ends[0], &r.a);
    end_init(&ends[1], &r.a);
    for (uint64_t n = 1; error == -ENOMEM; n++) {
        r.a.fail_at = n;
        error = eddy__sim_driver.attach(r.a.driver, &ends[0].slot, fds[0], EDDY__SLOT_STREAM);
        assert_true(error == 0 || (error == -ENOMEM && r.a.fail_at == 0));
    }
    assert_int_equal(error, 0);
    r.a.fail_at = 0;
    end_attach(&ends[1], fds[1], EDDY__SLOT_STREAM);
    eddy__block_release(eddy__pool_take(&r.a.pool)); /* the one buffer that it needs */
    r.a.fail_at = 1;
    odds(&r, EDDY_CHAOS_IN_FLIGHT, ROOM_ALWAYS);
    end_credit(&ends[1], ROOM_CREDIT);
    assert_int_equal(end_send(&ends[0], 100), EDDY_PENDING);
    GO_UNTIL(&r, ends[1].got == 100);
    detach_both(&r, &ends[0], &ends[1]);
    assert_int_equal(r.a.fail_at, 1); /* nobody asked */
    (void)room_close(&r);
}

static void by_its_name_alone_it_gives_the_room_of_the_thread(void **state)
{
    eddy__driver *drivers[2];
    eddy__pool pool;
    eddy__driver_options options = {
        .allocator = &eddy__allocator_malloc, .pool = &pool, .wake_fd = -1};
    const char *why;

    (void)state;
    eddy__pool_init(&pool, &eddy__allocator_malloc, ROOM_BLOCK, 4);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(eddy__driver_select("sim", &options, &drivers[i], &why), 0);
    assert_ptr_equal(drivers[0]->cpu->host, drivers[1]->cpu->host);
    assert_string_equal(drivers[0]->cpu->host->name, "localhost");
    for (size_t i = 0; i < 2; i++)
        drivers[i]->type->close(drivers[i], false);
    eddy__pool_deinit(&pool);
}

static void *live_and_die(void *arg)
{
    room *r = arg;
    int fds[2];
    static end ends[2];

    room_open(r, 0, EDDY_CHAOS_IN_FLIGHT);
    assert_int_equal(r->a.host->system.type->pair(&r->a.host->system, fds), 0);
    for (size_t i = 0; i < 2; i++) {
        end_init(&ends[i], &r->a);
        end_attach(&ends[i], fds[i], EDDY__SLOT_STREAM);
    }
    assert_int_equal(end_send(&ends[0], 100), EDDY_PENDING);
    end_detach(&ends[1]);
    return NULL;
}

static void when_its_thread_has_ended_another_can_close_it(void **state)
{
    pthread_t thread;
    room r;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, live_and_die, &r), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    eddy__sim_driver.close(r.a.driver, true);
    eddy__sim_driver.close(r.b.driver, true);
    eddy__pool_deinit(&r.a.pool);
    eddy__pool_deinit(&r.b.pool);
    assert_int_equal(r.a.bytes_live, 0);
    assert_int_equal(r.sim->refs, 1);
    eddy__sim_release(r.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_of_a_day_jumps_to_the_nanosecond),
        cmocka_unit_test(a_clock_that_drifts_meets_its_deadline_and_never_early),
        cmocka_unit_test(a_deadline_that_has_passed_lets_no_time_go_by),
        cmocka_unit_test(a_wait_in_which_nothing_can_happen_is_a_deadlock),
        cmocka_unit_test(a_wake_ends_the_wait_when_it_comes),
        cmocka_unit_test(a_wake_of_another_loop_does_not_end_the_wait),
        cmocka_unit_test(a_loop_that_waits_lets_the_others_run_until_it_has_something),
        cmocka_unit_test(a_loop_that_could_go_on_is_woken),
        cmocka_unit_test(no_memory_at_attach_leaves_the_descriptor_and_later_calls_need_none),
        cmocka_unit_test(by_its_name_alone_it_gives_the_room_of_the_thread),
        cmocka_unit_test(when_its_thread_has_ended_another_can_close_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
