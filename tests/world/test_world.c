/* SPDX-License-Identifier: MIT */
/*
 * test_world.c - a world as such: time, hosts, runs, seeds and hashes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/death.h"
#include "support/sim_world.h"

#define DAY (24 * 3600 * EDDY_SECOND)

static void new_refuses_options_it_does_not_know(void **state)
{
    eddy_world_options options = {.size_bytes = 3};
    eddy_world *world;

    (void)state;
    assert_int_equal(eddy_world_new(&options, &world), -EINVAL);
}

static void a_host_needs_an_address_of_its_own(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *host;

    (void)state;
    (void)test_host(world, "a", "10.0.0.1");
    assert_int_equal(eddy_world_host(world, "b", "10.0.0.1", &host), -EADDRINUSE);
    assert_int_equal(eddy_world_host(world, "b", "127.0.0.1", &host), -EINVAL);
    assert_int_equal(eddy_world_host(world, "b", "0.0.0.0", &host), -EINVAL);
    assert_int_equal(eddy_world_host(world, "b", "ten", &host), -EINVAL);
    assert_int_equal(eddy_world_host(world, "b", "10.0.0.2:80", &host), -EINVAL);
    assert_int_equal(eddy_world_host(world, "b", "224.0.0.1", &host), -EINVAL);
    assert_int_equal(eddy_world_host(world, "b", "255.255.255.255", &host), -EINVAL);
    assert_int_equal(eddy_world_host(world, "b", "::ffff:10.0.0.1", &host), -EADDRINUSE);
    assert_int_equal(eddy_world_host(world, "b", "fd00::2", &host), 0);
    assert_string_equal(eddy_core_driver_name(eddy_host_core(host)), "sim");
    test_world_end(world);
}

struct nap {
    EDDY_FRAME;
    eddy_sleep sleep;
    int64_t time_ns;
    int64_t *woke_ns;
};

EDDY_ASYNC(nap, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, self->time_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        *self->woke_ns = eddy_now_ns(eddy_task_handle(task));
        EDDY_END(n);
}

static void a_day_of_sleep_takes_no_time_and_is_not_early(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_core *core = eddy_host_core(test_host(world, "a", "10.0.0.1"));
    int64_t before_ns = eddy_now_ns(eddy_core_handle(core)), woke_ns = 0;

    (void)state;
    assert_int_equal(
        eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(nap, .time_ns = DAY, .woke_ns = &woke_ns)),
        0);
    assert_int_equal(eddy_world_run(world, NULL), 0);
    assert_in_range(woke_ns - before_ns, DAY, DAY + 3 * EDDY_MILLISECOND);
    test_world_end(world);
}

static void core_run_drives_the_whole_world(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *server = test_host(world, "server", "10.0.0.1");
    eddy_host *client = test_host(world, "client", "10.0.0.2");
    eddy_result result = EDDY_PENDING;

    (void)state;
    assert_int_equal(eddy_host_boot(server, test_boot_echo, NULL), 0);
    assert_int_equal(eddy_core_run(eddy_host_core(client),
                                   EDDY_FUTURE(test_client, .to = eddy_host_addr(server, 7),
                                               .len = 100000, .result = &result)),
                     0);
    assert_int_equal(result, 100000);
    test_world_end(world);
}

static void run_ends_by_its_condition_its_time_or_when_nothing_can_happen(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *server = test_host(world, "server", "10.0.0.1");
    eddy_host *client = test_host(world, "client", "10.0.0.2");
    eddy_result result;
    eddy_until until = {.time_ns = 5 * EDDY_SECOND};

    (void)state;
    assert_int_equal(eddy_world_run(world, NULL), 0);
    assert_int_equal(eddy_host_boot(server, test_boot_echo, NULL), 0);
    test_client_start(client, server, 10, &result, NULL);
    assert_int_equal(test_world_result(world, &result), 10);
    assert_true(eddy_world_now_ns(world) < EDDY_SECOND);
    assert_int_equal(eddy_world_run(world, &until), -ETIMEDOUT);
    assert_int_equal(eddy_world_now_ns(world), 5 * EDDY_SECOND);
    result = EDDY_PENDING;
    until = (eddy_until){.holds = test_has_result, .arg = &result};
    assert_int_equal(eddy_world_run(world, &until), EDDY_DEADLOCK);
    assert_non_null(strstr(test_world_text(world), "listener: accept"));
    assert_non_null(strstr(test_world_text(world), "host server (10.0.0.1:0): up"));
    test_world_end(world);
}

static void core_run_reports_a_deadlock_of_the_whole_world(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *server = test_host(world, "server", "10.0.0.1");
    eddy_core *core = eddy_host_core(server);
    eddy_listener *listener = NULL;
    const eddy_addr any = eddy_addr_ipv4_any(9);
    eddy_tcp *client;

    (void)state;
    assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &any, NULL, &listener), 0);
    assert_int_equal(eddy_core_run(core, EDDY_FUTURE(test_io, .poll = test_io_accept,
                                                     .listener = listener, .client = &client)),
                     EDDY_DEADLOCK);
    eddy_listener_free(listener);
    test_world_end(world);
}

static uint64_t hash_of(uint64_t seed, bool faults)
{
    eddy_world *world = test_world(seed, (eddy_world_options){.faults = faults});
    eddy_host *server = test_host(world, "server", "10.0.0.1");
    eddy_host *clients[3];
    eddy_result results[3];
    eddy_until until = {.time_ns = 100 * EDDY_SECOND};
    uint64_t hash;

    (void)eddy_host_boot(server, test_boot_echo, NULL);
    for (int i = 0; i < 3; i++) {
        const char *ips[] = {"10.0.1.1", "10.0.1.2", "10.0.1.3"};

        clients[i] = test_host(world, "client", ips[i]);
        test_client_start(clients[i], server, 20000, &results[i], NULL);
    }
    (void)eddy_world_run(world, &until);
    if (!faults)
        for (int i = 0; i < 3; i++)
            assert_int_equal(results[i], 20000);
    hash = eddy_world_hash(world);
    test_world_end(world);
    return hash;
}

static void the_same_seed_gives_the_same_hash_and_another_another(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        assert_true(hash_of(seed, false) == hash_of(seed, false));
        assert_true(hash_of(seed, true) == hash_of(seed, true));
        assert_true(hash_of(seed, false) != hash_of(seed + 1, false));
    }
}

/* ---- remotes ---- */

struct note {
    int *ran;
    int *dropped;
};

static eddy_future *note_make(void *payload, eddy_handle *handle)
{
    const struct note *note = payload;

    (void)handle;
    (*note->ran)++;
    return NULL;
}

static void note_drop(void *payload)
{
    (*((struct note *)payload)->dropped)++;
}

static const eddy_job note_job = {note_make, note_drop, sizeof(struct note)};

/* Sends a job to another loop. */
struct sender {
    EDDY_FRAME;
    eddy_remote *remote;
    struct note note;
};

EDDY_ASYNC(sender, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_END(eddy_remote_spawn(self->remote, &note_job, &self->note));
}

static void remotes_between_loops_of_a_world_work(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *a = test_host(world, "a", "10.0.0.1"), *b = test_host(world, "b", "10.0.0.2");
    eddy_remote *remote;
    int ran = 0, dropped = 0;

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(eddy_host_core(b)), &remote), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            eddy_spawn(eddy_core_handle(eddy_host_core(a)),
                       EDDY_FUTURE(sender, .remote = remote, .note = {&ran, &dropped})),
            0);
    assert_int_equal(eddy_world_run(world, NULL), 0);
    assert_int_equal(ran, 3);
    eddy_host_crash(b);
    assert_int_equal(eddy_remote_spawn(remote, &note_job, &(struct note){&ran, &dropped}),
                     EDDY_LOOP_GONE);
    eddy_world_free(world);
    assert_int_equal(eddy_remote_spawn(remote, &note_job, &(struct note){&ran, &dropped}),
                     EDDY_LOOP_GONE);
    eddy_remote_release(remote);
    assert_int_equal(dropped, 0);
}

static void call_it(void *remote)
{
    int ran = 0, dropped = 0;
    eddy_result result = eddy_remote_call(remote, &note_job, &(struct note){&ran, &dropped});

    (void)result;
}

static void calling_a_loop_of_the_same_world_is_asserted(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *a = test_host(world, "a", "10.0.0.1");
    eddy_remote *remote;

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(eddy_host_core(a)), &remote), 0);
    assert_dies(call_it, remote, "it would wait for itself");
    eddy_remote_release(remote);
    test_world_end(world);
}

static void free_it(void *core)
{
    (void)eddy_core_free(core);
}

static void the_core_of_a_host_is_its_worlds_to_end(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_core *core = eddy_host_core(test_host(world, "a", "10.0.0.1"));

    (void)state;
    assert_dies(free_it, core, "its world ends it");
    test_world_end(world);
}

static void free_world(void *world)
{
    eddy_world_free(world);
}

static void what_is_held_when_the_world_is_freed_is_asserted(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *host = test_host(world, "a", "10.0.0.1");
    eddy_listener *listener = NULL;
    const eddy_addr any = eddy_addr_ipv4_any(9);

    (void)state;
    assert_int_equal(
        eddy_listener_bind(eddy_core_handle(eddy_host_core(host)), &any, NULL, &listener), 0);
    assert_dies(free_world, world, "is still held");
    eddy_host_crash(host);
    eddy_listener_free(listener);
    test_world_end(world);
}

/* The n-th allocation of all fails: afterwards the address is as free as it was. */
static uint64_t allocations_left;

static void *short_alloc(size_t size, void *arg)
{
    (void)arg;
    return allocations_left == 0 || --allocations_left == 0 ? NULL : malloc(size);
}

static void short_free(void *memory, size_t size, void *arg)
{
    (void)arg;
    (void)size;
    free(memory);
}

static void a_host_that_could_not_be_made_leaves_nothing(void **state)
{
    const eddy_allocator allocator = {short_alloc, short_free, NULL};
    const eddy_world_options options = {.size_bytes = sizeof options, .allocator = &allocator};
    eddy_world *world = NULL;
    eddy_host *host = NULL;
    int refused = 0;

    (void)state;
    allocations_left = UINT64_MAX;
    assert_int_equal(eddy_world_new(&options, &world), 0);
    for (uint64_t n = 1; host == NULL; n++) {
        allocations_left = n;
        if (eddy_world_host(world, "a", "10.0.0.1", &host) != 0)
            refused++;
    }
    assert_true(refused > 2);
    allocations_left = UINT64_MAX;
    eddy_world_free(world);
}

static void the_end_of_time_is_no_harm(void **state)
{
    eddy_world *world = test_calm_world();
    eddy_host *server = test_host(world, "server", "10.0.0.1");
    eddy_host *client = test_host(world, "client", "10.0.0.2");
    eddy_until until = {.time_ns = EDDY_FOREVER - 1};
    eddy_result result = EDDY_PENDING;

    (void)state;
    assert_int_equal(eddy_host_boot(server, test_boot_echo, NULL), 0);
    eddy_host_stall(server, EDDY_FOREVER);
    eddy_host_pause(client, EDDY_FOREVER);
    test_client_start(client, server, 1000, &result, NULL);
    assert_int_equal(eddy_world_run(world, NULL), EDDY_DEADLOCK);
    assert_int_equal(eddy_world_run(world, &until), -ETIMEDOUT);
    assert_int_equal(result, EDDY_PENDING);
    test_world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses_options_it_does_not_know),
        cmocka_unit_test(a_host_needs_an_address_of_its_own),
        cmocka_unit_test(a_day_of_sleep_takes_no_time_and_is_not_early),
        cmocka_unit_test(core_run_drives_the_whole_world),
        cmocka_unit_test(run_ends_by_its_condition_its_time_or_when_nothing_can_happen),
        cmocka_unit_test(core_run_reports_a_deadlock_of_the_whole_world),
        cmocka_unit_test(the_same_seed_gives_the_same_hash_and_another_another),
        cmocka_unit_test(remotes_between_loops_of_a_world_work),
        cmocka_unit_test(calling_a_loop_of_the_same_world_is_asserted),
        cmocka_unit_test(the_core_of_a_host_is_its_worlds_to_end),
        cmocka_unit_test(what_is_held_when_the_world_is_freed_is_asserted),
        cmocka_unit_test(a_host_that_could_not_be_made_leaves_nothing),
        cmocka_unit_test(the_end_of_time_is_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
