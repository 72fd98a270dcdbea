/* SPDX-License-Identifier: MIT */
/*
 * test_faults.c - what can be made to go wrong in a world by call, one claim for each.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/sim_world.h"

/* A calm world with an echo server and a client's host. */
struct pair {
    eddy_world *world;
    eddy_host *server, *client;
};

static struct pair open_pair(void)
{
    struct pair p = {.world = test_calm_world()};

    p.server = test_host(p.world, "server", "10.0.0.1");
    p.client = test_host(p.world, "client", "10.0.0.2");
    assert_int_equal(eddy_host_boot(p.server, test_boot_echo, NULL), 0);
    return p;
}

static eddy_result client_result(struct pair *p, size_t len)
{
    eddy_result result;

    test_client_start(p->client, p->server, len, &result, NULL);
    return test_world_result(p->world, &result);
}

/* Start a client of very many bytes and let it run until some have come back. */
struct progress {
    size_t got;
    size_t least;
};

static bool has_progress(void *arg)
{
    const struct progress *progress = arg;

    return progress->got >= progress->least;
}

static void start_long(struct pair *p, eddy_result *result, struct progress *progress)
{
    eddy_until until = {.holds = has_progress, .arg = progress};

    *progress = (struct progress){0, 20000};
    test_client_start(p->client, p->server, 1000000, result, &progress->got);
    assert_int_equal(eddy_world_run(p->world, &until), 0);
}

static void run_for(struct pair *p, int64_t time_ns)
{
    eddy_until until = {.time_ns = eddy_world_now_ns(p->world) + time_ns};

    assert_int_equal(eddy_world_run(p->world, &until), -ETIMEDOUT);
}

static void a_connect_can_be_refused_in_every_way(void **state)
{
    static const int errors[] = {-ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -ETIMEDOUT};
    struct pair p = open_pair();

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        int64_t before_ns = eddy_world_now_ns(p.world);

        eddy_host_refuse(p.server, errors[i]);
        assert_int_equal(client_result(&p, 10), errors[i]);
        if (errors[i] == -ETIMEDOUT)
            assert_true(eddy_world_now_ns(p.world) - before_ns > 60 * EDDY_SECOND);
        else
            assert_true(eddy_world_now_ns(p.world) - before_ns < EDDY_SECOND);
    }
    eddy_host_refuse(p.server, 0);
    assert_int_equal(client_result(&p, 10), 10);
    test_world_end(p.world);
}

static void a_cut_holds_bytes_up_and_loses_none(void **state)
{
    struct pair p = open_pair();
    struct progress progress;
    eddy_result result;
    size_t before;

    (void)state;
    for (int ways = 1; ways <= 3; ways++) {
        start_long(&p, &result, &progress);
        if ((ways & 1) != 0)
            eddy_host_cut(p.client, p.server);
        if ((ways & 2) != 0)
            eddy_host_cut(p.server, p.client);
        run_for(&p, EDDY_SECOND);
        before = progress.got;
        run_for(&p, 60 * EDDY_SECOND);
        assert_int_equal(progress.got, before);
        assert_int_equal(result, EDDY_PENDING);
        eddy_host_uncut(p.client, p.server);
        eddy_host_uncut(p.server, p.client);
        assert_int_equal(test_world_result(p.world, &result), 1000000);
    }
    test_world_end(p.world);
}

static void a_cut_that_stays_times_the_connection_out(void **state)
{
    struct pair p = open_pair();
    struct progress progress;
    eddy_result result;

    (void)state;
    start_long(&p, &result, &progress);
    eddy_host_cut(p.client, p.server);
    assert_int_equal(test_world_result(p.world, &result), -ETIMEDOUT);
    test_world_end(p.world);
}

static void a_reset_in_the_middle_of_data_ends_it_with_an_error(void **state)
{
    struct pair p = open_pair();
    struct progress progress;
    eddy_result result;

    (void)state;
    start_long(&p, &result, &progress);
    eddy_host_reset(p.client, p.server);
    assert_int_equal(test_world_result(p.world, &result), -ECONNRESET);
    assert_int_equal(client_result(&p, 10), 10);
    test_world_end(p.world);
}

static void a_forgotten_end_is_found_out_by_who_sends(void **state)
{
    struct pair p = open_pair();
    struct progress progress;
    eddy_result result;

    (void)state;
    start_long(&p, &result, &progress);
    eddy_host_forget(p.server, p.client);
    assert_int_equal(test_world_result(p.world, &result), -ECONNRESET);
    assert_int_equal(client_result(&p, 10), 10);
    test_world_end(p.world);
}

static void accept_can_fail_in_every_way_and_the_next_client_is_served(void **state)
{
    static const int errors[] = {-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM};
    struct pair p = open_pair();
    eddy_core_stats stats;

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        eddy_host_fail_accept(p.server, errors[i], 5);
        assert_int_equal(client_result(&p, 10), 10);
    }
    /* The listener waits, longer each time: it does not spin. */
    eddy_core_stats_get(eddy_host_core(p.server), &stats);
    assert_in_range(stats.accept_retries, 4, 4 * 12);
    eddy_host_fail_accept(p.server, -ECONNABORTED, 1);
    assert_true(client_result(&p, 10) < 0);
    assert_int_equal(client_result(&p, 10), 10);
    test_world_end(p.world);
}

static void every_allocation_of_a_host_may_fail(void **state)
{
    uint64_t n = 1;
    bool whole = false;

    (void)state;
    for (; !whole; n++) {
        struct pair p = {.world = test_calm_world()};
        eddy_result result = EDDY_PENDING;
        eddy_until until = {.holds = test_has_result, .arg = &result, .time_ns = 60 * EDDY_SECOND};

        p.server = test_host(p.world, "server", "10.0.0.1");
        p.client = test_host(p.world, "client", "10.0.0.2");
        eddy_host_fail_memory(p.server, n, false);
        if (eddy_host_boot(p.server, test_boot_echo, NULL) == 0) {
            test_client_start(p.client, p.server, 100000, &result, NULL);
            (void)eddy_world_run(p.world, &until);
            whole = result == 100000 && n > 20;
        }
        test_world_end(p.world);
        assert_true(n < 200);
    }
    assert_true(n > 5);
}

static void a_crash_is_silence_and_a_restart_boots_again(void **state)
{
    struct pair p = open_pair();
    struct progress progress;
    eddy_result result;
    eddy_core *before = eddy_host_core(p.server);

    (void)state;
    assert_non_null(before);
    start_long(&p, &result, &progress);
    eddy_host_crash(p.server);
    assert_null(eddy_host_core(p.server));
    run_for(&p, EDDY_SECOND);
    assert_int_equal(result, EDDY_PENDING); /* nobody has told the client */
    assert_int_equal(eddy_host_restart(p.server), 0);
    assert_int_equal(test_world_result(p.world, &result), -ECONNRESET);
    assert_int_equal(client_result(&p, 1000), 1000);
    test_world_end(p.world);
}

/* Starts its host again, whatever ends it. */
struct supervisor {
    EDDY_FRAME;
    eddy_host *host;
    int *ends;
    eddy_sleep sleep;
};

static void supervisor_done(struct supervisor *self)
{
    if ((*self->ends)++ == 0)
        assert_int_equal(eddy_host_restart(self->host), 0);
}

EDDY_ASYNC(supervisor, supervisor_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, EDDY_FOREVER);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n);
}

static void a_restart_from_within_the_crash_comes_after_it(void **state)
{
    struct pair p = open_pair();
    int ends = 0;

    (void)state;
    assert_int_equal(eddy_spawn(eddy_core_handle(eddy_host_core(p.server)),
                                EDDY_FUTURE(supervisor, .host = p.server, .ends = &ends)),
                     0);
    run_for(&p, EDDY_SECOND);
    eddy_host_crash(p.server);
    assert_int_equal(ends, 1);
    assert_null(eddy_host_core(p.server));
    assert_int_equal(client_result(&p, 1000), 1000);
    test_world_end(p.world);
}

static void a_host_suspended_for_an_hour_goes_on_where_it_was(void **state)
{
    struct pair p = open_pair();
    eddy_result result;
    struct progress progress;
    int64_t before_ns;

    (void)state;
    start_long(&p, &result, &progress);
    before_ns = eddy_world_now_ns(p.world);
    eddy_host_pause(p.server, 10 * 60 * EDDY_SECOND);
    assert_int_equal(test_world_result(p.world, &result), 1000000);
    assert_true(eddy_world_now_ns(p.world) - before_ns >= 10 * 60 * EDDY_SECOND);
    start_long(&p, &result, &progress);
    eddy_host_pause(p.server, 3600 * EDDY_SECOND); /* longer than TCP keeps trying */
    assert_int_equal(test_world_result(p.world, &result), -ETIMEDOUT);
    test_world_end(p.world);
}

static void a_stalled_receiver_fills_buffers_and_loses_nothing(void **state)
{
    struct pair p = open_pair();
    eddy_result result;
    struct progress progress;
    size_t before;

    (void)state;
    start_long(&p, &result, &progress);
    eddy_host_stall(p.server, 30 * EDDY_SECOND);
    run_for(&p, EDDY_SECOND);
    before = progress.got;
    run_for(&p, 20 * EDDY_SECOND);
    assert_int_equal(progress.got, before);
    assert_int_equal(test_world_result(p.world, &result), 1000000);
    test_world_end(p.world);
}

static void a_link_has_latency_and_bandwidth(void **state)
{
    struct pair p = open_pair();
    int64_t before_ns = eddy_world_now_ns(p.world);

    (void)state;
    assert_int_equal(eddy_host_link(p.client, p.server,
                                    &(eddy_link){.size_bytes = sizeof(eddy_link),
                                                 .latency_ns = 50 * EDDY_MILLISECOND}),
                     0);
    assert_int_equal(client_result(&p, 10), 10);
    /* connect, there and back, end and end: at least three round trips */
    assert_in_range(eddy_world_now_ns(p.world) - before_ns, 300 * EDDY_MILLISECOND,
                    600 * EDDY_MILLISECOND);
    before_ns = eddy_world_now_ns(p.world);
    assert_int_equal(eddy_host_link(p.client, p.server,
                                    &(eddy_link){.size_bytes = sizeof(eddy_link),
                                                 .latency_ns = EDDY_MICROSECOND,
                                                 .bytes_per_second = 10000}),
                     0);
    assert_int_equal(client_result(&p, 50000), 50000);
    assert_true(eddy_world_now_ns(p.world) - before_ns > 5 * EDDY_SECOND);
    assert_int_equal(eddy_host_link(p.client, p.server, &(eddy_link){.size_bytes = 1}), -EINVAL);
    test_world_end(p.world);
}

static void clocks_drift_and_only_the_wall_clock_jumps(void **state)
{
    struct pair p = open_pair();
    eddy_handle *fast = eddy_core_handle(eddy_host_core(p.server));
    eddy_handle *other = eddy_core_handle(eddy_host_core(p.client));
    int64_t fast_ns, other_ns, wall_ns;

    (void)state;
    eddy_host_drift(p.server, 10000);
    fast_ns = eddy_now_ns(fast);
    other_ns = eddy_now_ns(other);
    wall_ns = eddy_wall_ns(fast);
    run_for(&p, 100 * EDDY_SECOND);
    assert_int_equal(eddy_now_ns(fast) - fast_ns, 101 * EDDY_SECOND);
    assert_int_equal(eddy_now_ns(other) - other_ns, 100 * EDDY_SECOND);
    assert_int_equal(eddy_wall_ns(fast) - wall_ns, 101 * EDDY_SECOND);
    eddy_host_wall_jump(p.server, -3600 * EDDY_SECOND);
    assert_int_equal(eddy_wall_ns(fast) - wall_ns, 101 * EDDY_SECOND - 3600 * EDDY_SECOND);
    assert_int_equal(eddy_now_ns(fast) - fast_ns, 101 * EDDY_SECOND);
    test_world_end(p.world);
}

static void healing_ends_every_fault(void **state)
{
    struct pair p = open_pair();
    eddy_result result;

    (void)state;
    eddy_host_crash(p.server);
    eddy_host_cut(p.client, p.server);
    eddy_host_cut(p.server, p.client);
    eddy_host_pause(p.client, EDDY_FOREVER / 4);
    eddy_host_stall(p.client, EDDY_FOREVER / 4);
    eddy_host_refuse(p.server, -ECONNREFUSED);
    eddy_host_fail_accept(p.server, -EMFILE, UINT32_MAX);
    test_client_start(p.client, p.server, 1000, &result, NULL);
    eddy_world_heal(p.world);
    assert_int_equal(test_world_result(p.world, &result), 1000);
    assert_true(eddy_world_now_ns(p.world) < 10 * EDDY_SECOND);
    test_world_end(p.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_can_be_refused_in_every_way),
        cmocka_unit_test(a_cut_holds_bytes_up_and_loses_none),
        cmocka_unit_test(a_cut_that_stays_times_the_connection_out),
        cmocka_unit_test(a_reset_in_the_middle_of_data_ends_it_with_an_error),
        cmocka_unit_test(a_forgotten_end_is_found_out_by_who_sends),
        cmocka_unit_test(accept_can_fail_in_every_way_and_the_next_client_is_served),
        cmocka_unit_test(every_allocation_of_a_host_may_fail),
        cmocka_unit_test(a_crash_is_silence_and_a_restart_boots_again),
        cmocka_unit_test(a_restart_from_within_the_crash_comes_after_it),
        cmocka_unit_test(a_host_suspended_for_an_hour_goes_on_where_it_was),
        cmocka_unit_test(a_stalled_receiver_fills_buffers_and_loses_nothing),
        cmocka_unit_test(a_link_has_latency_and_bandwidth),
        cmocka_unit_test(clocks_drift_and_only_the_wall_clock_jumps),
        cmocka_unit_test(healing_ends_every_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
