/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_listener_share.c - several loops that share one port, each with a socket of its own: the
 * system spreads the clients over them, and one that goes takes nobody with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/net.h"

enum { LOOPS = 8, CLIENTS = 8000, BATCH = 200 };

/* Accepts and hangs up, for ever. */
struct counter {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
    int *count;
};
EDDY_ASYNC(counter, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            ++*self->count;
            eddy_tcp_free(self->client);
        }
        EDDY_END(n);
}

struct loops {
    eddy_core *cores[LOOPS];
    eddy_listener *listeners[LOOPS];
    int counts[LOOPS];
    eddy_addr addr;
};

static void loops_open(struct loops *self)
{
    const eddy_listener_options *shared = EDDY_OPTIONS(eddy_listener_options, .reuse_port = true);

    *self = (struct loops){.addr = eddy_addr_ipv4_loopback(0)};
    for (int i = 0; i < LOOPS; i++) {
        self->cores[i] = test_core();
        assert_int_equal(eddy_listener_bind(eddy_core_handle(self->cores[i]), &self->addr, shared,
                                            &self->listeners[i]),
                         0);
        assert_int_equal(eddy_listener_local_addr(self->listeners[i], &self->addr), 0);
        test_spawn(self->cores[i], counter, .listener = self->listeners[i],
                   .count = &self->counts[i]);
    }
}

static void loops_close(struct loops *self)
{
    for (int i = 0; i < LOOPS; i++) {
        test_core_end(self->cores[i]);
        eddy_listener_free(self->listeners[i]);
    }
}

static int total(const struct loops *self)
{
    int sum = 0;

    for (int i = 0; i < LOOPS; i++)
        sum += self->counts[i];
    return sum;
}

/* Connect so many and have all of them served. */
static void serve(struct loops *self, int first, int clients)
{
    int peers[BATCH];
    int target = total(self) + clients;

    for (int i = 0; i < clients; i++)
        peers[i] = test_peer_connect(&self->addr);
    for (int turns = 0; turns < 1000 && total(self) < target; turns++)
        for (int i = first; i < LOOPS; i++)
            test_turn(self->cores[i]);
    assert_int_equal(total(self), target);
    for (int i = 0; i < clients; i++)
        test_peer_reset(peers[i]);
}

static void no_loop_gets_more_than_twice_its_share(void **state)
{
    struct loops w;

    (void)state;
    loops_open(&w);
    for (int done = 0; done < CLIENTS; done += BATCH)
        serve(&w, 0, BATCH);
    for (int i = 0; i < LOOPS; i++) {
        assert_in_range(w.counts[i], CLIENTS / LOOPS / 2, 2 * CLIENTS / LOOPS);
        assert_int_equal(test_stats(w.cores[i]).connections_accepted, w.counts[i]);
    }
    loops_close(&w);
}

static void the_others_serve_on_when_one_listener_is_freed(void **state)
{
    struct loops w;

    (void)state;
    loops_open(&w);
    serve(&w, 0, BATCH);
    test_core_end(w.cores[0]);
    w.cores[0] = NULL;
    w.counts[0] = 0;
    serve(&w, 1, BATCH);
    assert_int_equal(w.counts[0], 0);
    w.cores[0] = test_core();
    loops_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_loop_gets_more_than_twice_its_share),
        cmocka_unit_test(the_others_serve_on_when_one_listener_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
