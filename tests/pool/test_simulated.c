/* SPDX-License-Identifier: MIT */
/* eddy-test: sim */
/*
 * test_simulated.c - jobs of simulated loops: no thread, virtual time, the same run for the same seed,
 * and nothing lost or freed twice over a thousand seeds with drops, cancels and crashes.
 */
#include <errno.h>
#include <string.h>

#include "stage.h"

#include "../support/sim_world.h"
#include "eddy/error.h"
#include "pool/pool.h"

static eddy_pool *pool_of(uint32_t threads, int64_t job_ns)
{
    eddy_pool *pool = NULL;

    assert_int_equal(
        eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .threads = threads, .sim_job_ns = job_ns),
                      &pool),
        0);
    return pool;
}

/* A task that wants a job done and notes what came of it. */
struct asker {
    EDDY_FRAME;
    eddy_pool *pool;
    struct stage *stage;
    eddy_result *result; /* EDDY_PENDING: not yet */
    int64_t *told_ns;
    eddy_future *inner;
};

EDDY_ASYNC(asker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->inner =
            eddy_blocking_work(eddy_task_handle(task), self->pool, &stage_work, self->stage);
        EDDY_AWAIT_FUTURE(n, self->inner);
        *self->result = n;
        *self->told_ns = eddy_now_ns(eddy_task_handle(task));
        EDDY_END(0);
}

enum { JOBS = 6 };

struct scene {
    eddy_world *world;
    eddy_pool *pool;
    struct stage stages[JOBS];
    eddy_result results[JOBS];
    int64_t told_ns[JOBS];
};

static void open_scene(struct scene *self, eddy_pool *pool)
{
    self->world = test_calm_world();
    self->pool = pool;
    for (int i = 0; i < JOBS; i++) {
        stage_init(&self->stages[i], i, false);
        self->results[i] = EDDY_PENDING;
        self->told_ns[i] = -1;
    }
}

static void ask(struct scene *self, eddy_host *host, int i)
{
    test_spawn(eddy_host_core(host), asker, .pool = self->pool, .stage = &self->stages[i],
               .result = &self->results[i], .told_ns = &self->told_ns[i]);
}

static void close_scene(struct scene *self)
{
    test_world_end(self->world);
    eddy_pool_release(self->pool);
}

static int64_t since(const struct scene *self, int64_t begin_ns, int i)
{
    return (self->told_ns[i] - begin_ns) / EDDY_MILLISECOND;
}

static void job_takes_its_virtual_time(void **state)
{
    struct scene scene;
    eddy_host *host;
    int64_t begin_ns;

    (void)state;
    open_scene(&scene, pool_of(1, 50 * EDDY_MILLISECOND));
    host = test_host(scene.world, "a", "10.0.0.1");
    begin_ns = eddy_now_ns(eddy_core_handle(eddy_host_core(host)));
    ask(&scene, host, 0);
    assert_int_equal(eddy_world_run(scene.world, NULL), 0);
    assert_int_equal(scene.results[0], 0);
    assert_in_range(since(&scene, begin_ns, 0), 50, 53);
    assert_int_equal(stage_stats(scene.pool).threads, 0);
    close_scene(&scene);
    stage_check(&scene.stages[0], 1, 1, 0);
}

static void virtual_workers_are_as_many_as_the_pool_has_threads(void **state)
{
    struct scene scene;
    eddy_host *host;
    int64_t begin_ns;

    (void)state;
    open_scene(&scene, pool_of(2, 50 * EDDY_MILLISECOND));
    host = test_host(scene.world, "a", "10.0.0.1");
    begin_ns = eddy_now_ns(eddy_core_handle(eddy_host_core(host)));
    atomic_store(&stage_order, 0);
    for (int i = 0; i < JOBS; i++)
        ask(&scene, host, i);
    assert_int_equal(eddy_world_run(scene.world, NULL), 0);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(scene.results[i], i);
        assert_int_equal(atomic_load(&scene.stages[i].order), i + 1);
        assert_in_range(since(&scene, begin_ns, i), 50 * (i / 2 + 1), 50 * (i / 2 + 1) + 8);
        stage_check(&scene.stages[i], 1, 1, 0);
    }
    close_scene(&scene);
}

static void let_it_ask(struct scene *self)
{
    const eddy_until soon = {.time_ns = eddy_world_now_ns(self->world) + EDDY_MILLISECOND};

    assert_int_equal(eddy_world_run(self->world, &soon), -ETIMEDOUT);
}

static void hosts_share_the_workers_of_a_pool_in_turn(void **state)
{
    struct scene scene;
    eddy_host *hosts[2];

    (void)state;
    open_scene(&scene, pool_of(1, 50 * EDDY_MILLISECOND));
    hosts[0] = test_host(scene.world, "a", "10.0.0.1");
    hosts[1] = test_host(scene.world, "b", "10.0.0.2");
    for (int i = 0; i < JOBS; i++) {
        ask(&scene, hosts[i % 2], i);
        let_it_ask(&scene);
    }
    assert_int_equal(eddy_world_run(scene.world, NULL), 0);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(scene.results[i], i);
        assert_true(i == 0 || scene.told_ns[i - 1] < scene.told_ns[i]);
        stage_check(&scene.stages[i], 1, 1, 0);
    }
    close_scene(&scene);
}

/* The first `gone` jobs are of the host that crashes; one of them runs. */
static void crash_with(int gone)
{
    struct scene scene;
    eddy_host *hosts[2];

    open_scene(&scene, pool_of(1, 50 * EDDY_MILLISECOND));
    hosts[0] = test_host(scene.world, "a", "10.0.0.1");
    hosts[1] = test_host(scene.world, "b", "10.0.0.2");
    for (int i = 0; i < JOBS; i++) {
        ask(&scene, hosts[i >= gone], i);
        let_it_ask(&scene);
    }
    eddy_host_crash(hosts[0]);
    assert_int_equal(eddy_world_run(scene.world, NULL), 0);
    stage_check(&scene.stages[0], 1, 0, 1); /* ran */
    for (int i = 1; i < gone; i++)
        stage_check(&scene.stages[i], 0, 0, 0); /* was in line */
    for (int i = gone; i < JOBS; i++) {
        assert_int_equal(scene.results[i], i);
        stage_check(&scene.stages[i], 1, 1, 0);
    }
    close_scene(&scene);
}

static void crash_of_a_host_frees_its_workers(void **state)
{
    (void)state;
    for (int gone = 1; gone < JOBS; gone++)
        crash_with(gone);
}

/* Asks at the very moment at which a job is over: the worker is free, and who was in line has not been
 * polled yet. */
struct latecomer {
    EDDY_FRAME;
    struct asker asker;
    eddy_sleep sleep;
};

EDDY_ASYNC(latecomer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, 50 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_AWAIT(n, &self->asker);
        EDDY_END(n);
}

static void newcomer_does_not_overtake_who_is_in_line(void **state)
{
    struct scene scene;
    eddy_host *host;

    (void)state;
    open_scene(&scene, pool_of(1, 50 * EDDY_MILLISECOND));
    host = test_host(scene.world, "a", "10.0.0.1");
    atomic_store(&stage_order, 0);
    ask(&scene, host, 0);
    test_spawn(eddy_host_core(host), latecomer,
               .asker = EDDY_INIT(asker, .pool = scene.pool, .stage = &scene.stages[2],
                                  .result = &scene.results[2], .told_ns = &scene.told_ns[2]));
    ask(&scene, host, 1);
    assert_int_equal(eddy_world_run(scene.world, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&scene.stages[i].order), i + 1);
        stage_check(&scene.stages[i], 1, 1, 0);
    }
    close_scene(&scene);
}

static void cut_off_removes_jobs_in_line_and_tells_what_ran(void **state)
{
    struct scene scene;
    eddy_host *host;
    eddy_until soon = {.time_ns = 20 * EDDY_MILLISECOND};

    (void)state;
    open_scene(&scene, pool_of(2, 50 * EDDY_MILLISECOND));
    host = test_host(scene.world, "a", "10.0.0.1");
    for (int i = 0; i < JOBS; i++)
        ask(&scene, host, i);
    assert_int_equal(eddy_world_run(scene.world, &soon), -ETIMEDOUT);
    assert_int_equal(eddy_pool_end(scene.pool, EDDY_POOL_CUT_OFF), JOBS - 2);
    assert_int_equal(eddy_world_run(scene.world, NULL), 0);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(scene.results[i], i < 2 ? i : EDDY_DROPPED);
        stage_check(&scene.stages[i], i < 2, i < 2, 0);
    }
    close_scene(&scene);
}

static void finish_lets_virtual_time_do_what_is_in_line(void **state)
{
    struct scene scene;
    eddy_host *host;
    eddy_until soon = {.time_ns = 20 * EDDY_MILLISECOND};

    (void)state;
    open_scene(&scene, pool_of(1, 50 * EDDY_MILLISECOND));
    host = test_host(scene.world, "a", "10.0.0.1");
    for (int i = 0; i < JOBS - 1; i++)
        ask(&scene, host, i);
    assert_int_equal(eddy_world_run(scene.world, &soon), -ETIMEDOUT);
    assert_int_equal(eddy_pool_end(scene.pool, EDDY_POOL_FINISH), 0);
    ask(&scene, host, JOBS - 1); /* too late */
    assert_int_equal(eddy_world_run(scene.world, NULL), 0);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(scene.results[i], i < JOBS - 1 ? i : EDDY_CLOSED);
        stage_check(&scene.stages[i], i < JOBS - 1, i < JOBS - 1, 0);
    }
    close_scene(&scene);
}

/* ---- seeds ---- */

enum { HOSTS = 3, TASKS = 8, SEEDS = 1000 };

/* Sleeps a while, then asks for a job with a limit on its time, or without one. */
struct hasty {
    EDDY_FRAME;
    eddy_pool *pool;
    struct stage *stage;
    int64_t pause_ns, limit_ns;
    eddy_sleep sleep;
    eddy_deadline limit;
    eddy_future *inner;
};

EDDY_ASYNC(hasty, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, self->pause_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        if (n < 0) {
            stage_release(self->stage);
            EDDY_RETURN(n);
        }
        self->inner =
            eddy_blocking_work(eddy_task_handle(task), self->pool, &stage_work, self->stage);
        eddy_sleep_start(&self->limit, task, self->limit_ns);
        EDDY_POLL(n, eddy_within(&self->limit, task,
                                 eddy_future_poll_child(&self->frame, self->inner, task)));
        if (n == -ETIMEDOUT)
            eddy_future_drop_child(&self->frame, self->inner, task);
        EDDY_END(0);
}

struct chance {
    int told, dropped, never; /* jobs, of all seeds */
};

static int64_t draw_ms(eddy_world *world, uint32_t below)
{
    return (int64_t)eddy_world_random(world, below) * EDDY_MILLISECOND;
}

static void populate(eddy_world *world, eddy_host **hosts, eddy_pool *pool, struct stage *stages)
{
    static const char *const ips[HOSTS] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};

    for (int i = 0; i < HOSTS; i++)
        hosts[i] = test_host(world, "host", ips[i]);
    for (int i = 0; i < TASKS; i++) {
        stage_init(&stages[i], i, false);
        test_spawn(eddy_host_core(hosts[i % HOSTS]), hasty, .pool = pool, .stage = &stages[i],
                   .pause_ns = draw_ms(world, 8), .limit_ns = 1 + draw_ms(world, 20));
    }
}

static void count(struct stage *stage, struct chance *chance)
{
    int runs = atomic_load(&stage->runs), tells = atomic_load(&stage->tells);

    if (atomic_load(&stage->releases) == 0)
        stage_release(stage); /* its task was dropped before it asked */
    chance->told += tells;
    chance->dropped += runs - tells;
    chance->never += 1 - runs;
    stage_check(stage, runs, tells, runs - tells);
}

/* Returns the hash of the run. */
static uint64_t run_seed(uint64_t seed, struct chance *chance)
{
    eddy_world *world = test_world(seed, (eddy_world_options){0});
    eddy_pool *pool = pool_of(1 + (uint32_t)seed % 3, 2 * EDDY_MILLISECOND);
    struct stage stages[TASKS];
    eddy_host *hosts[HOSTS];
    eddy_until soon = {0};
    uint64_t hash;

    populate(world, hosts, pool, stages);
    if (seed % 4 == 0) {
        soon.time_ns = 1 + draw_ms(world, 20);
        (void)eddy_world_run(world, &soon);
        eddy_host_crash(hosts[0]);
    }
    if (seed % 5 == 0)
        (void)eddy_pool_end(pool, EDDY_POOL_CUT_OFF);
    assert_int_equal(eddy_world_run(world, NULL), 0);
    assert_int_equal(stage_stats(pool).waiting, 0);
    assert_int_equal(pool->sim_busy, 0);
    hash = eddy_world_hash(world);
    test_world_end(world);
    eddy_pool_release(pool);
    for (int i = 0; i < TASKS; i++)
        count(&stages[i], chance);
    return hash;
}

static void thousand_seeds_lose_nothing_and_repeat(void **state)
{
    struct chance chance = {0}, again = {0};
    uint64_t all = 0;
    int different = 0;

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t hash = run_seed(seed, &chance);

        if (seed % 10 == 0) {
            assert_int_equal(run_seed(seed, &again), hash);
            different += hash != all;
            all = hash;
        }
    }
    assert_int_equal(different, SEEDS / 10);
    assert_in_range(chance.told, SEEDS, TASKS * SEEDS);
    assert_in_range(chance.dropped, SEEDS / 10, TASKS * SEEDS);
    assert_in_range(chance.never, SEEDS / 10, TASKS * SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_takes_its_virtual_time),
        cmocka_unit_test(virtual_workers_are_as_many_as_the_pool_has_threads),
        cmocka_unit_test(hosts_share_the_workers_of_a_pool_in_turn),
        cmocka_unit_test(crash_of_a_host_frees_its_workers),
        cmocka_unit_test(newcomer_does_not_overtake_who_is_in_line),
        cmocka_unit_test(cut_off_removes_jobs_in_line_and_tells_what_ran),
        cmocka_unit_test(finish_lets_virtual_time_do_what_is_in_line),
        cmocka_unit_test(thousand_seeds_lose_nothing_and_repeat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
