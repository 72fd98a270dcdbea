/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_listener_errors.c - what an accept loop meets: no descriptors, no memory, clients that are
 * gone already, a stream that cannot be set up, and a listener that is broken. Errors that a kernel
 * does not give on demand are handed to the listener as the driver would.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "../support/bare.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "reactor/core.h"
#include "sys/sockets.h"

/* Serves every client by echo, until the listener is broken. */
struct server {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
    int *served;
    eddy_result *result;
};
EDDY_ASYNC(server, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task),
                             EDDY_FUTURE(test_echo, .client = self->client));
            ++*self->served;
        }
        *self->result = n;
        EDDY_END(0);
}

struct world {
    eddy_core *core;
    eddy_listener *listener;
    eddy_addr addr;
    int served;
    eddy_result result; /* of the accept loop */
};

static void world_open_with(struct world *w, const eddy_allocator *allocator)
{
    *w = (struct world){.result = EDDY_PENDING};
    w->core = test_core_with((eddy_core_options){.allocator = allocator});
    w->listener = test_listener(w->core, &w->addr);
    test_spawn(w->core, server, .listener = w->listener, .served = &w->served,
               .result = &w->result);
}

static void world_open(struct world *w)
{
    world_open_with(w, NULL);
    test_settle(w->core);
}

static void world_close(struct world *w)
{
    (void)eddy_core_free(w->core);
    eddy_listener_free(w->listener);
}

/* A byte goes there and comes back. */
static void assert_echoes(struct world *w, int peer)
{
    char byte = 0;
    long n = -EAGAIN;

    test_peer_send(peer, "e", 1);
    for (int turns = 0; turns < 1000 && n == -EAGAIN; turns++) {
        assert_true(eddy_core_turn(w->core, EDDY_MILLISECOND) >= 0);
        n = test_peer_try_recv(peer, &byte, 1);
    }
    assert_int_equal(n, 1);
    assert_int_equal(byte, 'e');
}

static int client_served(struct world *w)
{
    int served = w->served;
    int peer = test_peer_connect(&w->addr);

    test_until_count(w->core, &w->served, served + 1);
    assert_echoes(w, peer);
    return peer;
}

/* ---- out of descriptors ---- */

/* A kernel may look at the limit when the loop begins to accept: lower it before the first turn. */

static bool has_retried(void *arg)
{
    return test_stats(arg).accept_retries > 0;
}

static void out_of_descriptors_the_loop_neither_ends_nor_spins_and_others_go_on(void **state)
{
    struct world w;
    int old, late, limit;
    eddy_core_stats before, after;
    eddy_tcp *stream;

    (void)state;
    world_open_with(&w, NULL);
    old = test_peer(w.core, &stream);
    test_spawn(w.core, test_echo, .client = stream);
    late = test_peer_socket();
    limit = test_fds_forbid();
    test_peer_connect_to(late, &w.addr);
    test_until(w.core, has_retried, w.core);
    before = test_stats(w.core);
    test_pass(w.core, 100 * EDDY_MILLISECOND);
    after = test_stats(w.core);
    assert_int_equal(w.served, 0);
    /* 1, 2, 4, ... ms: seven in the time that has passed */
    assert_in_range(after.accept_retries - before.accept_retries, 1, 8);
    assert_true(after.turns - before.turns < 60);
    assert_true(after.syscalls - before.syscalls < 60);
    assert_echoes(&w, old);
    test_fds_allow(limit);
    test_until_count(w.core, &w.served, 1);
    assert_echoes(&w, late);
    assert_int_equal(w.result, EDDY_PENDING);
    assert_int_equal(test_stats(w.core).accept_dropped, 0);
    test_peer_close(old);
    test_peer_close(late);
    world_close(&w);
}

/* Long after the last retry and long before the next. */
static void a_descriptor_that_is_closed_serves_the_client_that_waits_at_once(void **state)
{
    const bool asks_early = bare_without() != 0 || test_is_simulated();
    struct world w;
    eddy_tcp *a, *b;
    int late, limit;
    eddy_core_stats before;

    (void)state;
    world_open_with(&w, NULL);
    assert_int_equal(eddy_tcp_pair(eddy_core_handle(w.core), &a, &b), 0);
    late = test_peer_socket();
    limit = test_fds_forbid();
    test_peer_connect_to(late, &w.addr);
    test_until(w.core, has_retried, w.core);
    test_pass(w.core, 200 * EDDY_MILLISECOND);
    before = test_stats(w.core);
    eddy_tcp_free(a);
    for (int turns = 0; turns < 20 && w.served == 0; turns++)
        test_turn(w.core);
    assert_int_equal(w.served, 1);
    /* Who asks before a client comes (a kernel without multishot accept, the simulated driver) may
     * be out of descriptors before that. */
    assert_in_range(test_stats(w.core).accept_retries, before.accept_retries,
                    before.accept_retries + (asks_early ? 1 : 0));
    assert_echoes(&w, late);
    test_fds_allow(limit);
    test_peer_close(late);
    eddy_tcp_free(b);
    world_close(&w);
}

static void a_listener_that_waits_for_a_descriptor_can_be_freed(void **state)
{
    int fds = test_open_fds();
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    int late = test_peer_socket();
    eddy_tcp *client = NULL;
    eddy_join *join = test_spawn_join(core, test_io, .poll = test_io_accept, .listener = listener,
                                      .client = &client);
    int limit;

    (void)state;
    limit = test_fds_forbid();
    test_peer_connect_to(late, &addr);
    test_until(core, has_retried, core);
    eddy_join_abort(join);
    eddy_join_free(join);
    eddy_listener_free(listener);
    test_fds_allow(limit);
    test_settle(core);
    test_core_end(core);
    test_peer_close(late);
    assert_int_equal(test_open_fds(), fds);
}

/* ---- what the driver may tell ---- */

static void fail_accept(struct world *w, int error)
{
    eddy__source *source = (eddy__source *)(void *)w->listener;
    const eddy__event event = {
        .slot = &source->slot, .type = EDDY__ACCEPT_FAILED, .result = -error};

    eddy__source_deliver(w->core, &event, 1);
}

static void an_error_of_one_connection_is_skipped_and_counted(void **state)
{
    static const int errors[] = {ECONNABORTED, ECONNRESET,  EPROTO,      EPERM,
                                 ENETDOWN,     ENOPROTOOPT, EHOSTDOWN,   ENONET,
                                 EHOSTUNREACH, EOPNOTSUPP,  ENETUNREACH, ETIMEDOUT};
    const int count = (int)(sizeof errors / sizeof errors[0]);
    struct world w;

    (void)state;
    world_open(&w);
    for (int i = 0; i < count; i++) {
        fail_accept(&w, errors[i]);
        assert_int_equal(test_stats(w.core).accept_dropped, i + 1);
        test_peer_close(client_served(&w));
    }
    assert_int_equal(test_stats(w.core).accept_retries, 0);
    assert_int_equal(w.result, EDDY_PENDING);
    world_close(&w);
}

static void a_lack_of_resources_is_waited_out_and_counted(void **state)
{
    static const int errors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    struct world w;

    (void)state;
    world_open(&w);
    for (int i = 0; i < 4; i++) {
        fail_accept(&w, errors[i]);
        assert_int_equal(test_stats(w.core).accept_retries, i + 1);
        test_peer_close(client_served(&w));
    }
    assert_int_equal(test_stats(w.core).accept_dropped, 0);
    assert_int_equal(w.result, EDDY_PENDING);
    world_close(&w);
}

/* A thousand in a row: as many accepts as delays of at most a second allow. */
static void the_delay_grows_and_ends_at_a_second(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    for (int i = 0; i < 1000; i++)
        fail_accept(&w, EMFILE);
    assert_int_equal(test_stats(w.core).accept_retries, 1000);
    assert_int_equal(test_stats(w.core).timers_live, 1);
    test_peer_close(client_served(&w)); /* within test_until's ten seconds */
    world_close(&w);
}

static void an_error_of_the_listener_ends_it_and_is_told_for_good(void **state)
{
    static const int errors[] = {EBADF, EINVAL, ENOTSOCK, EFAULT};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct world w;
        eddy_tcp *client = NULL;

        world_open(&w);
        fail_accept(&w, errors[i]);
        assert_int_equal(test_until_done(w.core, &w.result), -errors[i]);
        assert_int_equal(test_run(w.core, test_io, .poll = test_io_accept, .listener = w.listener,
                                  .client = &client),
                         -errors[i]);
        assert_null(client);
        world_close(&w);
    }
}

static void a_listener_that_was_shut_down_ends_the_loop_with_its_error(void **state)
{
    struct world w;
    eddy_core_stats before;

    (void)state;
    world_open(&w);
    assert_int_equal(shutdown(((eddy__source *)(void *)w.listener)->slot.fd, SHUT_RDWR), 0);
    assert_int_equal(test_until_done(w.core, &w.result), -EINVAL);
    before = test_stats(w.core);
    test_pass(w.core, 20 * EDDY_MILLISECOND);
    assert_true(test_stats(w.core).turns - before.turns < 10);
    world_close(&w);
}

static void clients_that_were_accepted_come_before_the_listeners_error(void **state)
{
    eddy_core *core = test_core();
    struct world w = {.core = core};
    eddy_tcp *client = NULL;
    eddy_join *join;
    int peer, fds;

    (void)state;
    w.listener = test_listener(core, &w.addr);
    join = test_spawn_join(core, test_io, .poll = test_io_accept, .listener = w.listener,
                           .client = &client);
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    fds = test_open_fds();
    peer = test_peer_connect(&w.addr);
    for (int turns = 0; turns < 1000 && test_open_fds() < fds + 2; turns++)
        test_turn(core);
    test_settle(core); /* the kernel may be ahead of the loop */
    fail_accept(&w, EBADF);
    eddy_tcp_free(test_accept(core, w.listener));
    assert_int_equal(
        test_run(core, test_io, .poll = test_io_accept, .listener = w.listener, .client = &client),
        -EBADF);
    test_peer_close(peer);
    world_close(&w);
}

/* ---- clients that are of no use ---- */

static void a_client_that_resets_before_it_is_accepted_harms_nobody(void **state)
{
    struct world w;

    (void)state;
    world_open(&w);
    for (int i = 0; i < 10; i++) {
        int served = w.served;
        int peer;

        test_peer_reset(test_peer_connect(&w.addr));
        peer = test_peer_connect(&w.addr);
        assert_echoes(&w, peer); /* whatever became of the other */
        assert_in_range(w.served, served + 1, served + 2);
        test_peer_close(peer);
    }
    assert_int_equal(w.result, EDDY_PENDING);
    world_close(&w);
}

/* ---- a stream that cannot be set up ---- */

static const eddy__driver_type *real;
static int attaches_fail, attach_error;

static int failing_attach(eddy__driver *driver, eddy__slot *slot, int fd, eddy__slot_kind kind)
{
    if (attaches_fail-- > 0)
        return attach_error;
    return real->attach(driver, slot, fd, kind);
}

static void a_client_whose_set_up_fails_is_closed_and_the_next_is_served(void **state)
{
    static const int errors[] = {ENOMEM, EPERM, ENOSPC, EEXIST};
    eddy__driver_type failing;
    struct world w;

    (void)state;
    world_open(&w);
    real = w.core->driver->type;
    failing = *real;
    failing.attach = failing_attach;
    w.core->driver->type = &failing;
    for (int i = 0; i < 4; i++) {
        int fds = test_open_fds();
        int unlucky = test_peer_connect(&w.addr);
        int peer;

        attaches_fail = 1;
        attach_error = -errors[i];
        peer = client_served(&w);
        assert_true(attaches_fail < 0);
        assert_int_equal(test_stats(w.core).accept_dropped, i + 1);
        assert_int_not_equal(test_peer_ending(unlucky), -EAGAIN); /* it is told, not left alone */
        test_peer_close(unlucky);
        test_peer_close(peer);
        test_until_fds(w.core, fds);
    }
    w.core->driver->type = real;
    assert_int_equal(w.result, EDDY_PENDING);
    world_close(&w);
}

/* Fails the n-th allocation from when the client connects, for every n that there is. */
static void without_memory_the_loop_goes_on_and_leaks_nothing(void **state)
{
    bool enough = false;

    (void)state;
    for (long n = 0; !enough; n++) {
        struct test_heap heap;
        eddy_allocator allocator;
        int fds = test_open_fds();
        struct world w;
        int first;

        test_heap_init(&heap, -1);
        allocator = test_heap_allocator(&heap);
        world_open_with(&w, &allocator);
        test_settle(w.core);
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
        first = test_peer_connect(&w.addr);
        for (int turns = 0; turns < 50; turns++)
            test_turn(w.core);
        enough = atomic_load(&heap.calls) <= atomic_load(&heap.fail_at);
        atomic_store(&heap.fail_at, -1);
        assert_int_equal(w.result, EDDY_PENDING);
        test_peer_close(first);
        test_peer_close(client_served(&w));
        world_close(&w);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_false(atomic_load(&heap.bad_free));
        assert_int_equal(test_open_fds(), fds);
    }
}

/* Each client finds the next allocation failing. (Where every object of the slab is an allocation
 * of its own, as under AddressSanitizer, that is the queue's or the stream's.) */
static void memory_that_was_short_for_a_hundred_clients_stops_nothing(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator;
    struct world w;

    (void)state;
    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    world_open_with(&w, &allocator);
    test_settle(w.core);
    for (int i = 0; i < 100; i++) {
        int client;

        atomic_store(&heap.fail_at, atomic_load(&heap.calls));
        client = test_peer_connect(&w.addr);
        for (int turns = 0; turns < 20; turns++)
            test_turn(w.core);
        test_peer_close(client);
    }
    atomic_store(&heap.fail_at, -1);
    assert_int_equal(w.result, EDDY_PENDING);
    for (int i = 0; i < 3; i++)
        test_peer_close(client_served(&w));
    world_close(&w);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_of_descriptors_the_loop_neither_ends_nor_spins_and_others_go_on),
        cmocka_unit_test(a_descriptor_that_is_closed_serves_the_client_that_waits_at_once),
        cmocka_unit_test(a_listener_that_waits_for_a_descriptor_can_be_freed),
        cmocka_unit_test(an_error_of_one_connection_is_skipped_and_counted),
        cmocka_unit_test(a_lack_of_resources_is_waited_out_and_counted),
        cmocka_unit_test(the_delay_grows_and_ends_at_a_second),
        cmocka_unit_test(an_error_of_the_listener_ends_it_and_is_told_for_good),
        cmocka_unit_test(clients_that_were_accepted_come_before_the_listeners_error),
        cmocka_unit_test(a_client_that_resets_before_it_is_accepted_harms_nobody),
        cmocka_unit_test(a_client_whose_set_up_fails_is_closed_and_the_next_is_served),
        cmocka_unit_test(without_memory_the_loop_goes_on_and_leaks_nothing),
        cmocka_unit_test(memory_that_was_short_for_a_hundred_clients_stops_nothing),
    };
    /* Nobody but the kernel's own call can shut down a listener. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_listener_that_was_shut_down_ends_the_loop_with_its_error),
    };

    return TEST_GROUPS(tests, kernel);
}
