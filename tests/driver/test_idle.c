/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers kernel */
/*
 * test_idle.c - five hundred loops that have nothing to do burn no processor time: no thread of the
 * kernel's works for them, and none of their waits comes back.
 *
 * All of them have been run, so their rings are enabled, their wakes armed; then this thread waits
 * in one of them for a moment. A polling kernel thread for each would burn that moment twice over.
 */
#include "support/driver_world.h"

#include <eddy/eddy.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "support/bare.h"

enum { CORES = 500, RETURNS_MAX = 5, FDS = CORES * 8 };

#define MOMENT_NS (300 * EDDY_MILLISECOND)
#define BURNT_NS  (MOMENT_NS / 10)

/* Kernel threads that a ring has started are threads of this process. */
static int64_t burnt_ns(void)
{
    struct timespec used;

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (int64_t)used.tv_sec * EDDY_SECOND + used.tv_nsec;
}

static void open_many(eddy_core *cores[CORES])
{
    for (int i = 0; i < CORES; i++) {
        assert_int_equal(
            eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver_without = bare_without()),
                          &cores[i]),
            0);
        for (int turns = 0; turns < 3; turns++)
            assert_true(eddy_core_turn(cores[i], 0) >= 0);
    }
}

static void five_hundred_idle_loops_burn_no_processor_time(void **state)
{
    static eddy_core *cores[CORES];
    int64_t before, spent;
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    plain_allow_descriptors(&w, FDS);
    open_many(cores);
    world_settle(&w);
    before = burnt_ns();
    for (int64_t end = world_now(&w) + MOMENT_NS; world_now(&w) < end;)
        (void)world_wait(&w, end);
    spent = burnt_ns() - before;
    if (spent >= BURNT_NS)
        print_error("%lld us were spent on nothing\n", (long long)(spent / EDDY_MICROSECOND));
    assert_true(spent < BURNT_NS);
    for (int i = 0; i < CORES; i++)
        assert_int_equal(eddy_core_free(cores[i]), 0);
    world_close(&w);
}

/* Turns that may sleep, too: each returns when its time is over, not before. */
static void an_idle_loop_sleeps_as_long_as_it_may(void **state)
{
    eddy_core *core = NULL;
    int64_t before;
    int turns = 0;
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    assert_int_equal(
        eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver_without = bare_without()), &core), 0);
    assert_true(eddy_core_turn(core, 0) >= 0);
    before = burnt_ns();
    for (int64_t end = world_now(&w) + MOMENT_NS; world_now(&w) < end; turns++)
        assert_true(eddy_core_turn(core, end - world_now(&w)) >= 0);
    assert_true(turns <= RETURNS_MAX);
    assert_true(burnt_ns() - before < BURNT_NS);
    assert_int_equal(eddy_core_free(core), 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_hundred_idle_loops_burn_no_processor_time),
        cmocka_unit_test(an_idle_loop_sleeps_as_long_as_it_may),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
