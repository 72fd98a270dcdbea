/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_resolve.c - names to addresses: numbers without a thread, names by the system (or the simulated
 * world), what errors are called, and a resolver that never comes back. No network is asked.
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/sim_world.h"
#include "eddy/error.h"
#include "eddy/resolve.h"
#include "pool/pool.h"
#include "sys/resolve.h"

static eddy_result resolve(eddy_core *core, eddy_pool *pool, const char *host, const char *service,
                           eddy_addr *addrs)
{
    return eddy_core_run(core, eddy_resolve(eddy_core_handle(core), pool, host, service, addrs, 8));
}

static void check_numeric(eddy_core *core, eddy_pool *pool, const char *host, const char *service,
                          const char *text)
{
    eddy_addr addrs[8], expected;

    assert_int_equal(resolve(core, pool, host, service, addrs), 1);
    assert_int_equal(eddy_addr_parse(text, 0, &expected, NULL), 0);
    assert_true(eddy_addr_equal(&addrs[0], &expected));
}

static void numbers_need_no_thread(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);

    (void)state;
    check_numeric(core, pool, "10.1.2.3", "80", "10.1.2.3:80");
    check_numeric(core, pool, "10.1.2.3", NULL, "10.1.2.3:0");
    check_numeric(core, pool, "::1", "443", "[::1]:443");
    check_numeric(core, pool, "fe80::1%2", "0", "[fe80::1%2]:0");
    check_numeric(core, pool, "::ffff:1.2.3.4", "65535", "[::ffff:1.2.3.4]:65535");
    assert_int_equal(stage_stats(pool).threads, 0);
    assert_int_equal(stage_stats(pool).jobs_run, 0);
    eddy_pool_release(pool);
    test_core_end(core);
}

static void nonsense_is_refused(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    eddy_addr addrs[8];
    char name[257];

    (void)state;
    assert_int_equal(resolve(core, pool, "", "80", addrs), -EINVAL);
    memset(name, 'a', 256);
    name[256] = '\0';
    assert_int_equal(resolve(core, pool, name, "80", addrs), -ENAMETOOLONG);
    assert_int_equal(resolve(core, pool, "10.0.0.1", name, addrs), -ENAMETOOLONG);
    assert_int_equal(stage_stats(pool).jobs_run, 0);
    assert_int_equal(resolve(core, pool, "localhost", "no-such-service", addrs), -EINVAL);
    assert_int_equal(resolve(core, pool, "localhost", "65536", addrs), -EINVAL);
    eddy_pool_release(pool);
    test_core_end(core);
}

static void localhost_is_found(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    eddy_addr addrs[8];
    eddy_result n = resolve(core, pool, "localhost", "80", addrs);

    (void)state;
    assert_in_range(n, 1, 8);
    for (int i = 0; i < n; i++) {
        assert_int_equal(addrs[i].port, 80);
        assert_true(test_is_simulated() || eddy_addr_is_loopback(&addrs[i]));
        for (int k = 0; k < i; k++)
            assert_false(eddy_addr_equal(&addrs[i], &addrs[k]));
    }
    assert_int_equal(stage_stats(pool).jobs_run, 1);
    eddy_pool_release(pool);
    test_core_end(core);
}

static void closed_pool_still_knows_numbers(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(1, 0);
    eddy_addr addrs[8];

    (void)state;
    (void)eddy_pool_end(pool, EDDY_POOL_FINISH);
    assert_int_equal(resolve(core, pool, "localhost", "80", addrs), EDDY_CLOSED);
    assert_int_equal(resolve(core, pool, "127.0.0.1", "80", addrs), 1);
    eddy_pool_release(pool);
    test_core_end(core);
}

static void errors_of_the_system_have_one_meaning(void **state)
{
    (void)state;
    assert_int_equal(eddy__resolve_error(EAI_NONAME, 0), -ENOENT);
    assert_int_equal(eddy__resolve_error(EAI_NODATA, 0), -ENOENT);
    assert_int_equal(eddy__resolve_error(EAI_AGAIN, 0), -EAGAIN);
    assert_int_equal(eddy__resolve_error(EAI_FAIL, 0), -EIO);
    assert_int_equal(eddy__resolve_error(EAI_SERVICE, 0), -EINVAL);
    assert_int_equal(eddy__resolve_error(EAI_MEMORY, 0), -ENOMEM);
    assert_int_equal(eddy__resolve_error(EAI_OVERFLOW, 0), -ENAMETOOLONG);
    assert_int_equal(eddy__resolve_error(EAI_SYSTEM, EMFILE), -EMFILE);
    assert_int_equal(eddy__resolve_error(EAI_SYSTEM, 0), -EIO);
    assert_int_equal(eddy__resolve_error(12345, 0), -EIO);
}

/* ---- dropped ---- */

struct world {
    eddy_pool *pool;
    eddy_addr *addrs;
    struct stage blocker;
};

static void step(void *arg, eddy_core *core)
{
    (void)core;
    sem_post(&((struct world *)arg)->blocker.go);
}

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    world->pool = stage_pool(1, 0);
    world->addrs = malloc(sizeof *world->addrs);
    stage_block(&world->blocker, world->pool);
    return eddy_resolve(eddy_core_handle(core), world->pool, "localhost", "7", world->addrs, 1);
}

static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result == 1 || result == EDDY_DROPPED);
    free(world->addrs); /* before the thread is done */
    stage_unblock(&world->blocker, world->pool);
}

static void lookup_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

/* pitfall: a resolver that hangs holds up the exit, and files. */
static void resolver_that_never_returns_holds_up_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_pool *names = stage_pool(1, 0), *files = stage_pool(1, 0);
    struct stage stuck, file;
    int64_t before_ns = test_clock_ns(core);
    eddy_join *join;

    (void)state;
    stage_init(&stuck, 1, true);
    stage_init(&file, 2, false);
    join = stage_spawn(core, names, &stuck);
    test_settle(core);
    stage_wait(&stuck.started);
    assert_int_equal(eddy_core_run(core, stage_future(core, files, &file)), 2);
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_int_equal(eddy_pool_end(names, EDDY_POOL_ABANDON), 1);
    eddy_pool_release(names);
    eddy_pool_release(files);
    assert_true(test_clock_ns(core) - before_ns < 5 * EDDY_SECOND); /* it would be for ever */
    test_core_end(core);
    sem_post(&stuck.go);
    while (atomic_load(&stuck.releases) == 0)
        sched_yield();
    stage_check(&stuck, 1, 0, 1);
    stage_check(&file, 1, 1, 0);
}

/* ---- in a world of several hosts ---- */

struct lookup {
    EDDY_FRAME;
    eddy_pool *pool;
    const char *name, *service;
    eddy_result *result;
    eddy_addr *addr;
    eddy_future *inner;
};

EDDY_ASYNC(lookup, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->inner = eddy_resolve(eddy_task_handle(task), self->pool, self->name, self->service,
                                   self->addr, 1);
        EDDY_AWAIT_FUTURE(n, self->inner);
        *self->result = n;
        EDDY_END(0);
}

static void names_of_simulated_hosts_are_found(void **state)
{
    static const struct {
        const char *name, *service;
        eddy_result result;
        const char *addr;
    } cases[] = {
        {"server", "80", 1, "10.0.0.2:80"},   {"client", NULL, 1, "10.0.0.1:0"},
        {"localhost", "9", 1, "127.0.0.1:9"}, {"nobody", "80", -ENOENT, NULL},
        {"server", "http", -EINVAL, NULL},    {"10.0.0.9", "80", 1, "10.0.0.9:80"},
    };
    eddy_world *world = test_calm_world();
    eddy_host *client = test_host(world, "client", "10.0.0.1");
    eddy_pool *pool = stage_pool(1, 0);

    (void)state;
    (void)test_host(world, "server", "10.0.0.2");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        eddy_result result = EDDY_PENDING;
        eddy_addr addr, expected;

        test_spawn(eddy_host_core(client), lookup, .pool = pool, .name = cases[i].name,
                   .service = cases[i].service, .result = &result, .addr = &addr);
        assert_int_equal(eddy_world_run(world, NULL), 0);
        assert_int_equal(result, cases[i].result);
        if (result == 1) {
            assert_int_equal(eddy_addr_parse(cases[i].addr, 0, &expected, NULL), 0);
            assert_true(eddy_addr_equal(&addr, &expected));
        }
    }
    test_world_end(world);
    eddy_pool_release(pool);
}

/* ---- memory ---- */

/* Of the loop's and of the pool's allocations together the n-th fails. */
static eddy_result resolve_without(long n)
{
    eddy_addr addrs[8];
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core = NULL;
    eddy_pool *pool = NULL;
    eddy_result result;

    test_heap_init(&heap, n);
    allocator = test_heap_allocator(&heap);
    result = eddy_core_new(EDDY_OPTIONS(eddy_core_options, .allocator = &allocator), &core);
    if (result == 0)
        result = eddy_pool_new(
            EDDY_OPTIONS(eddy_pool_options, .threads = 1, .allocator = &allocator), &pool);
    if (result == 0)
        result = resolve(core, pool, "localhost", "80", addrs);
    eddy_pool_release(pool);
    (void)eddy_core_free(core);
    assert_true(result > 0 || result == -ENOMEM);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return result;
}

static void any_allocation_may_fail(void **state)
{
    long n = 0;

    (void)state;
    while (resolve_without(n) == -ENOMEM)
        n++;
    assert_true(n >= 4); /* at least the loop, its inbox, the pool, the job */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_need_no_thread),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(localhost_is_found),
        cmocka_unit_test(closed_pool_still_knows_numbers),
        cmocka_unit_test(errors_of_the_system_have_one_meaning),
        cmocka_unit_test(lookup_can_be_dropped_at_any_moment),
        cmocka_unit_test(names_of_simulated_hosts_are_found),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(resolver_that_never_returns_holds_up_nothing),
        cmocka_unit_test(any_allocation_may_fail),
    };

    return TEST_GROUPS(tests, kernel);
}
