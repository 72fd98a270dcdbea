/* SPDX-License-Identifier: MIT */
/* eddy-test: threads */
/*
 * test_pool.c - a pool: its options, its threads, their names and hooks.
 * Kernel only: a simulated loop uses no thread.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "stage.h"

#include "../support/heap.h"
#include "eddy/error.h"
#include "sys/thread.h"

/* ---- options ---- */

static int try_options(eddy_pool_options options)
{
    eddy_pool *pool = NULL;
    int error = eddy_pool_new(&options, &pool);

    eddy_pool_release(pool);
    return error;
}

static void options_that_make_no_sense_are_refused(void **state)
{
    const size_t size = sizeof(eddy_pool_options);

    (void)state;
    assert_int_equal(try_options((eddy_pool_options){.size_bytes = size - 1}), -EINVAL);
    assert_int_equal(try_options((eddy_pool_options){.size_bytes = size, .threads = 4097}),
                     -EINVAL);
    assert_int_equal(try_options((eddy_pool_options){.size_bytes = size, .sim_job_ns = -1}),
                     -EINVAL);
    assert_int_equal(try_options((eddy_pool_options){.size_bytes = size}), 0);
}

static void pool_without_memory_is_an_error(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_pool *pool;

    (void)state;
    test_heap_init(&heap, 0);
    allocator = test_heap_allocator(&heap);
    assert_int_equal(eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .allocator = &allocator), &pool),
                     -ENOMEM);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

static void defaults_need_no_options(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool;
    struct stage stage;

    (void)state;
    assert_int_equal(eddy_pool_new(NULL, &pool), 0);
    stage_init(&stage, 4, false);
    assert_int_equal(eddy_core_run(core, stage_future(core, pool, &stage)), 4);
    stage_end(core, pool, &stage, 1, 1, 0);
}

/* ---- threads ---- */

static void thread_is_started_when_no_other_is_idle_up_to_the_limit(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(3, 0);
    struct stage stages[6];
    eddy_join *joins[6];

    (void)state;
    stage_put_all(core, pool, stages, joins, 1, 1);
    assert_int_equal(stage_stats(pool).threads, 1);
    stage_put_all(core, pool, stages + 1, joins + 1, 5, 2);
    assert_int_equal(stage_stats(pool).threads, 3);
    assert_int_equal(stage_stats(pool).running, 3);
    assert_int_equal(stage_stats(pool).queued, 3);
    stage_run_all(core, stages, joins, 1);
    stage_run_all(core, stages + 1, joins + 1, 5);
    assert_int_equal(stage_stats(pool).threads, 3);
    eddy_pool_release(pool);
    stage_check_all(stages, 6, 1, 1, 0);
    test_core_end(core);
}

static void idle_thread_is_used_again(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(8, 0);

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct stage stage;

        stage_init(&stage, i, false);
        assert_int_equal(eddy_core_run(core, stage_future(core, pool, &stage)), i);
        while (stage_stats(pool).idle == 0) /* it has also let go of the job then */
            sched_yield();
        stage_check(&stage, 1, 1, 0);
    }
    assert_int_equal(stage_stats(pool).threads, 1);
    assert_int_equal(stage_stats(pool).jobs_run, 20);
    eddy_pool_release(pool);
    test_core_end(core);
}

/* The one idle thread is told of the first, and has not looked yet when the second comes. */
static void put_two_at_once(eddy_core *core)
{
    eddy_pool *pool = stage_pool(2, 0);
    struct stage warm, stages[2];
    eddy_join *joins[2];

    stage_init(&warm, 0, false);
    assert_int_equal(eddy_core_run(core, stage_future(core, pool, &warm)), 0);
    while (stage_stats(pool).idle == 0)
        sched_yield();
    for (int i = 0; i < 2; i++) {
        stage_init(&stages[i], i, true);
        joins[i] = stage_spawn(core, pool, &stages[i]);
    }
    test_settle(core);
    stage_wait(&stages[0].started);
    stage_wait(&stages[1].started);
    stage_run_all(core, stages, joins, 2);
    eddy_pool_release(pool);
    stage_check(&warm, 1, 1, 0);
    stage_check_all(stages, 2, 1, 1, 0);
}

static void job_does_not_wait_for_a_thread_that_another_has_got(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 100; i++) /* mostly it has not looked */
        put_two_at_once(core);
    test_core_end(core);
}

enum { CREW = 4 };

struct hooks {
    atomic_int starts, stops;
    atomic_uint numbers; /* bits of the threads that started */
    eddy__thread threads[CREW];
};

static void on_start(void *arg, uint32_t number)
{
    struct hooks *hooks = arg;

    hooks->threads[number] = eddy__thread_self();
    atomic_fetch_add(&hooks->starts, 1);
    atomic_fetch_or(&hooks->numbers, 1u << number);
}

static void on_stop(void *arg, uint32_t number)
{
    struct hooks *hooks = arg;

    if (eddy__thread_is_self(&hooks->threads[number]))
        atomic_fetch_add(&hooks->stops, 1);
}

static int threads_of_process(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    int n = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "Threads: %d", &n);
    (void)fclose(file);
    return n;
}

/* futures-cpupool: lifecycle_test, threads_go_away, test_drop_after_start (the hooks' argument is
 * the caller's; nobody uses it after the release). */
static void hooks_run_once_per_thread_and_the_threads_go_with_the_pool(void **state)
{
    eddy_core *core = test_core();
    struct hooks hooks = {0};
    struct stage stages[CREW];
    eddy_join *joins[CREW];
    eddy_pool *pool;
    int before = threads_of_process();

    (void)state;
    assert_int_equal(
        eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .threads = CREW, .on_start = on_start,
                                   .on_stop = on_stop, .hook_arg = &hooks),
                      &pool),
        0);
    assert_int_equal(atomic_load(&hooks.starts), 0);
    stage_put_all(core, pool, stages, joins, CREW, CREW);
    stage_run_all(core, stages, joins, CREW);
    assert_int_equal(atomic_load(&hooks.starts), CREW);
    assert_int_equal(atomic_load(&hooks.stops), 0);
    eddy_pool_release(pool);
    assert_int_equal(atomic_load(&hooks.starts), CREW);
    assert_int_equal(atomic_load(&hooks.stops), CREW);
    assert_int_equal(atomic_load(&hooks.numbers), (1u << CREW) - 1);
    for (int i = 0; i < CREW; i++)
        assert_true(eddy__thread_ended(&hooks.threads[i]));
    stage_check_all(stages, CREW, 1, 1, 0);
    assert_int_equal(threads_of_process(), before);
    test_core_end(core);
}

struct about_thread {
    char name[32];
    sigset_t mask;
    size_t stack_bytes;
};

static eddy_result ask_thread(void *arg)
{
    struct about_thread *about = arg;
    pthread_attr_t attributes;

    (void)pthread_getname_np(pthread_self(), about->name, sizeof about->name);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &about->mask);
    (void)pthread_getattr_np(pthread_self(), &attributes);
    (void)pthread_attr_getstacksize(&attributes, &about->stack_bytes);
    (void)pthread_attr_destroy(&attributes);
    return 0;
}

static struct about_thread about_thread_of(eddy_pool_options options)
{
    eddy_core *core = test_core();
    struct about_thread about;
    eddy_pool *pool;

    options.size_bytes = sizeof options;
    assert_int_equal(eddy_pool_new(&options, &pool), 0);
    assert_int_equal(
        eddy_core_run(core, eddy_blocking(eddy_core_handle(core), pool, ask_thread, &about)), 0);
    eddy_pool_release(pool);
    test_core_end(core);
    return about;
}

/* futures-cpupool: thread_name */
static void threads_have_the_pools_name_and_a_number(void **state)
{
    (void)state;
    assert_string_equal(about_thread_of((eddy_pool_options){0}).name, "eddy-0");
    assert_string_equal(about_thread_of((eddy_pool_options){.name = "my-pool-"}).name, "my-pool-0");
    assert_string_equal(
        about_thread_of((eddy_pool_options){.name = "a-name-that-is-too-long"}).name,
        "a-name-that-is0");
}

static void threads_leave_the_signals_of_the_process_to_others(void **state)
{
    struct about_thread about = about_thread_of((eddy_pool_options){0});

    (void)state;
    assert_true(sigismember(&about.mask, SIGTERM));
    assert_true(sigismember(&about.mask, SIGCHLD));
    assert_false(sigismember(&about.mask, SIGSEGV));
}

static void stack_is_as_large_as_was_asked_for(void **state)
{
    (void)state;
    assert_in_range(about_thread_of((eddy_pool_options){.stack_bytes = 1000001}).stack_bytes,
                    1000001, 1500000);
    assert_true(about_thread_of((eddy_pool_options){.stack_bytes = 1}).stack_bytes >= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(pool_without_memory_is_an_error),
        cmocka_unit_test(defaults_need_no_options),
        cmocka_unit_test(thread_is_started_when_no_other_is_idle_up_to_the_limit),
        cmocka_unit_test(idle_thread_is_used_again),
        cmocka_unit_test(job_does_not_wait_for_a_thread_that_another_has_got),
        cmocka_unit_test(hooks_run_once_per_thread_and_the_threads_go_with_the_pool),
        cmocka_unit_test(threads_have_the_pools_name_and_a_number),
        cmocka_unit_test(threads_leave_the_signals_of_the_process_to_others),
        cmocka_unit_test(stack_is_as_large_as_was_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
