/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim slow */
/*
 * test_timers_many.c - a million live timers: started, fired, stopped, dropped; that one which only
 * waits costs nothing, neither per turn nor in what the others cost. Nothing is measured by time:
 * the clock is driven by hand, see support/clock.h, and what must not be touched cannot be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../support/clock.h"
#include "../support/loop.h"

#define HOUR (3600 * EDDY_SECOND)
#define TICK ((int64_t)1 << 20)

enum { MANY = 1000000, TASKS = 20000 };

/* Memory of its own, so that it can be shut. */
static eddy_sleep *map_sleeps(void)
{
    void *memory = mmap(NULL, MANY * sizeof(eddy_sleep), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

static void protect_sleeps(eddy_sleep *sleeps, int protection)
{
    assert_int_equal(mprotect(sleeps, MANY * sizeof(eddy_sleep), protection), 0);
}

static void unmap_sleeps(eddy_sleep *sleeps)
{
    assert_int_equal(munmap(sleeps, MANY * sizeof(eddy_sleep)), 0);
}

/* One task that waits for them all: number i is due `step_ns` after number i - 1. */
struct crowd {
    EDDY_FRAME;
    eddy_sleep *sleeps;
    int64_t first_ns, step_ns;
    int next;  /* the first that has not fired */
    int *told; /* how many have */
    bool started;
};

static void crowd_start(struct crowd *self, eddy_task *task)
{
    int64_t now_ns = eddy_now_ns(eddy_task_handle(task));

    for (int i = 0; i < MANY; i++) {
        eddy_result n;

        eddy_sleep_start_at(&self->sleeps[i], task, now_ns + self->first_ns + i * self->step_ns);
        n = eddy_sleep_poll(&self->sleeps[i], task);
        assert_true(n == EDDY_PENDING);
    }
    self->started = true;
}

/* None may fire before the one that was due earlier. */
static eddy_result crowd_poll(eddy_future *frame, eddy_task *task)
{
    struct crowd *self = (struct crowd *)(void *)frame;

    if (!self->started)
        crowd_start(self, task);
    while (self->next < MANY) {
        eddy_result n = eddy_sleep_poll(&self->sleeps[self->next], task);

        if (n != 0)
            return n;
        ++*self->told;
        self->next++;
    }
    return 0;
}

static void crowd_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type crowd_type = {crowd_poll, crowd_done, sizeof(struct crowd), "crowd", NULL};

struct world {
    struct test_clock *clock;
    eddy_core *core;
    eddy_sleep *sleeps;
    eddy_join *join;
    int told;
};

static void world_begin(struct world *self, int64_t first_ns, int64_t step_ns)
{
    *self = (struct world){0};
    self->core = test_core_with((eddy_core_options){.task_budget = 1000});
    self->clock = test_clock_take(self->core, 0);
    self->sleeps = map_sleeps();
    self->join = test_spawn_join(self->core, crowd, .sleeps = self->sleeps, .first_ns = first_ns,
                                 .step_ns = step_ns, .told = &self->told);
    test_settle(self->core);
    assert_int_equal(test_stats(self->core).timers_live, MANY);
}

static void world_end(struct world *self)
{
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_core_end(self->core);
    unmap_sleeps(self->sleeps);
}

static void million_timers_fire_in_order_and_none_early(void **state)
{
    struct world world;
    int64_t start_ns;

    (void)state;
    world_begin(&world, EDDY_SECOND, TICK / 64);
    start_ns = world.clock->now_ns;
    while (world.told < MANY) {
        int64_t passed_ns;

        assert_true(eddy_core_turn(world.core, EDDY_SECOND) >= 0);
        passed_ns = world.clock->now_ns - start_ns;
        assert_true(world.told == 0 || EDDY_SECOND + (world.told - 1) * (TICK / 64) <= passed_ns);
    }
    assert_int_equal(test_join_end(world.core, world.join), 0);
    assert_int_equal(test_stats(world.core).timers_fired, MANY);
    world_end(&world);
}

static void million_timers_of_one_deadline_fire_in_one_turn(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world, HOUR, 0);
    world.clock->now_ns += HOUR + TICK;
    test_turn(world.core);
    assert_int_equal(test_stats(world.core).timers_fired, MANY);
    assert_int_equal(test_stats(world.core).timers_live, 0);
    assert_int_equal(test_join_end(world.core, world.join), 0);
    assert_int_equal(world.told, MANY);
    world_end(&world);
}

static void million_timers_are_dropped_with_their_task(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world, HOUR, 997);
    eddy_join_abort(world.join);
    assert_int_equal(test_stats(world.core).timers_live, 0);
    assert_int_equal(test_join_end(world.core, world.join), EDDY_DROPPED);
    world.clock->now_ns += 2 * HOUR;
    test_settle(world.core);
    assert_int_equal(test_stats(world.core).timers_fired, 0);
    world_end(&world);
}

struct stopper {
    EDDY_FRAME;
    eddy_sleep *sleeps;
    int step; /* which are stopped: every step-th */
};

static void stopper_run(struct stopper *self, eddy_task *task)
{
    for (int i = 0; i < MANY; i += self->step)
        eddy_sleep_stop(&self->sleeps[i], task);
}

EDDY_ASYNC(stopper, eddy_nothing)
{
    EDDY_BEGIN
        stopper_run(self, task);
        EDDY_END(0);
}

static void million_timers_are_stopped_each_on_its_own(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world, HOUR, 997);
    assert_int_equal(test_run(world.core, stopper, .sleeps = world.sleeps, .step = 2), 0);
    assert_int_equal(test_stats(world.core).timers_live, MANY / 2);
    assert_int_equal(test_run(world.core, stopper, .sleeps = world.sleeps, .step = 1), 0);
    assert_int_equal(test_stats(world.core).timers_live, 0);
    world.clock->now_ns += 2 * HOUR;
    test_settle(world.core);
    assert_int_equal(test_stats(world.core).timers_fired, 0);
    eddy_join_abort(world.join);
    assert_int_equal(test_join_end(world.core, world.join), EDDY_DROPPED);
    world_end(&world);
}

/* Another task lives beside them: it yields, sleeps, and is limited, turn by turn. */
struct neighbour {
    EDDY_FRAME;
    eddy_sleep sleep;
    int left;
};

EDDY_ASYNC(neighbour, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            eddy_sleep_start(&self->sleep, task, 1);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            if (n != 0)
                EDDY_RETURN(n);
            EDDY_YIELD();
        }
        EDDY_END(0);
}

/* Their memory is shut while the loop turns, sleeps, fires the timers of another: a single look at
 * one of them would be the end of the program. */
static void timer_that_only_waits_is_not_looked_at(void **state)
{
    struct world world;
    eddy_core_stats before, after;

    (void)state;
    world_begin(&world, 10 * HOUR, 997);
    protect_sleeps(world.sleeps, PROT_NONE);
    before = test_stats(world.core);
    assert_int_equal(test_run(world.core, neighbour, .left = 5000), 0);
    after = test_stats(world.core);
    protect_sleeps(world.sleeps, PROT_READ | PROT_WRITE);
    assert_int_equal(after.timers_fired, before.timers_fired + 5000);
    assert_int_equal(after.timers_live, MANY);
    assert_int_equal(after.polls, before.polls + 10001);
    assert_in_range(after.turns - before.turns, 10000, 15002);
    eddy_join_abort(world.join);
    assert_int_equal(test_join_end(world.core, world.join), EDDY_DROPPED);
    world_end(&world);
}

/* A limit of an hour around each of a million requests that take no time. */
struct client {
    EDDY_FRAME;
    eddy_deadline limit;
    int left;
};

static void client_request(struct client *self, eddy_task *task)
{
    eddy_result n;

    eddy_sleep_start(&self->limit, task, HOUR);
    n = eddy_within(&self->limit, task, EDDY_PENDING);
    assert_true(n == EDDY_PENDING);
    eddy_sleep_stop(&self->limit, task);
}

static void client_requests(struct client *self, eddy_task *task)
{
    while (self->left-- > 0)
        client_request(self, task);
}

EDDY_ASYNC(client, eddy_nothing)
{
    EDDY_BEGIN
        client_requests(self, task);
        EDDY_END(0);
}

static void stopped_timers_do_not_pile_up(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    eddy_core_stats before, after;

    (void)state;
    assert_int_equal(test_run(core, client, .left = 10), 0);
    before = test_stats(core);
    assert_int_equal(test_run(core, client, .left = MANY), 0);
    after = test_stats(core);
    assert_int_equal(after.timers_started, before.timers_started + MANY);
    assert_int_equal(after.timers_live, 0);
    assert_int_equal(after.heap_calls, before.heap_calls);
    assert_int_equal(after.heap_bytes, before.heap_bytes);
    test_core_end(core);
}

/* The same with a task for each, dropped in the middle of its sleep. */
static void dropped_tasks_do_not_pile_up(void **state)
{
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);
    uint64_t bytes = 0;

    (void)state;
    for (int i = 0; i < TASKS; i++) {
        eddy_join *join = test_spawn_join(core, test_nap, .duration_ns = HOUR);

        test_turn(core);
        eddy_join_abort(join);
        eddy_join_free(join);
        if (i == 0)
            bytes = test_stats(core).heap_bytes;
    }
    assert_int_equal(test_stats(core).timers_started, TASKS);
    assert_int_equal(test_stats(core).timers_live, 0);
    assert_int_equal(test_stats(core).heap_bytes, bytes);
    test_core_end(core);
}

/* Many tasks, each with a sleep of its own: each is polled twice, whenever it was started. */
static void task_is_polled_for_its_own_timer_alone(void **state)
{
    static struct test_trace traces[TASKS];
    struct test_clock *clock;
    eddy_core *core = test_clock_core(&clock);

    (void)state;
    for (int i = 0; i < TASKS; i++) {
        traces[i] = (struct test_trace){0};
        test_spawn(core, test_nap, .trace = &traces[i],
                   .duration_ns = EDDY_SECOND + (int64_t)i * 7919 % (10 * EDDY_SECOND));
    }
    assert_int_equal(test_run(core, eddy_sleep_for, .duration_ns = 12 * EDDY_SECOND), 0);
    for (int i = 0; i < TASKS; i++) {
        assert_int_equal(traces[i].polls, 2);
        assert_int_equal(traces[i].dones, 1);
    }
    assert_int_equal(test_stats(core).timers_fired, TASKS + 1);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(million_timers_fire_in_order_and_none_early),
        cmocka_unit_test(million_timers_of_one_deadline_fire_in_one_turn),
        cmocka_unit_test(million_timers_are_dropped_with_their_task),
        cmocka_unit_test(million_timers_are_stopped_each_on_its_own),
        cmocka_unit_test(timer_that_only_waits_is_not_looked_at),
        cmocka_unit_test(stopped_timers_do_not_pile_up),
        cmocka_unit_test(dropped_tasks_do_not_pile_up),
        cmocka_unit_test(task_is_polled_for_its_own_timer_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
