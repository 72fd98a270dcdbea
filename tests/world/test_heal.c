/* SPDX-License-Identifier: MIT */
/*
 * test_heal.c - healing with something under way: what a pause or a stall had put off goes on then,
 * not at the end that was said first. The bytes flow one way, so that nothing that the other side
 * sends again helps.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/sim_world.h"

enum { PORT = 9, BYTES = 4000000 };

/* Accepts one client and pours out bytes. */
struct pourer {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
    size_t left;
};

static void pourer_done(struct pourer *self)
{
    eddy_tcp_free(self->client);
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(pourer, pourer_done)
{
    static const unsigned char bytes[4000];
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
        while (n >= 0 && self->left > 0) {
            EDDY_POLL(n, eddy_tcp_poll_write(self->client, task, bytes, sizeof bytes));
            self->left -= n > 0 ? (size_t)n : 0;
        }
        EDDY_END(n < 0 ? n : 0);
}

/* Connects and reads until the end. */
struct drinker {
    EDDY_FRAME;
    eddy_addr to;
    eddy_tcp *tcp;
    int64_t *got;
    eddy_result *result;
};

static void drinker_done(struct drinker *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(drinker, drinker_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->to, &self->tcp);
        while (n >= 0) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n <= 0)
                break;
            eddy_tcp_consume(self->tcp, (size_t)n);
            *self->got += n;
        }
        *self->result = n;
        EDDY_END(n);
}

struct flow {
    eddy_world *world;
    eddy_host *server, *client;
    int64_t got;
    eddy_result result;
};

static void start_flow(struct flow *flow)
{
    const eddy_addr any = eddy_addr_ipv4_any(PORT);
    eddy_until until = {.time_ns = 3 * EDDY_MILLISECOND};
    eddy_listener *listener = NULL;

    *flow = (struct flow){.world = test_calm_world(), .result = EDDY_PENDING};
    flow->server = test_host(flow->world, "server", "10.0.0.1");
    flow->client = test_host(flow->world, "client", "10.0.0.2");
    assert_int_equal(
        eddy_listener_bind(eddy_core_handle(eddy_host_core(flow->server)), &any, NULL, &listener),
        0);
    assert_int_equal(eddy_spawn(eddy_core_handle(eddy_host_core(flow->server)),
                                EDDY_FUTURE(pourer, .listener = listener, .left = BYTES)),
                     0);
    assert_int_equal(eddy_spawn(eddy_core_handle(eddy_host_core(flow->client)),
                                EDDY_FUTURE(drinker, .to = eddy_host_addr(flow->server, PORT),
                                            .got = &flow->got, .result = &flow->result)),
                     0);
    assert_int_equal(eddy_world_run(flow->world, &until), -ETIMEDOUT);
    assert_in_range(flow->got, 1, BYTES - 1);
}

static void end_flow(struct flow *flow)
{
    int64_t before_ns = eddy_world_now_ns(flow->world);

    assert_int_equal(test_world_result(flow->world, &flow->result), 0);
    assert_int_equal(flow->got, BYTES);
    assert_true(eddy_world_now_ns(flow->world) - before_ns < 20 * EDDY_SECOND);
    test_world_end(flow->world);
}

static void strike(struct flow *flow, int kind, int64_t time_ns)
{
    eddy_host *struck = (kind & 1) == 0 ? flow->server : flow->client;
    eddy_until until = {.time_ns = eddy_world_now_ns(flow->world) + 10 * EDDY_SECOND};

    if (kind < 2)
        eddy_host_pause(struck, time_ns);
    else
        eddy_host_stall(struck, time_ns);
    if (time_ns > 0)
        assert_int_equal(eddy_world_run(flow->world, &until), -ETIMEDOUT);
}

static void healing_ends_what_a_pause_or_a_stall_had_put_off(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct flow flow;

        start_flow(&flow);
        strike(&flow, kind, 3600 * EDDY_SECOND);
        eddy_world_heal(flow.world);
        end_flow(&flow);
    }
}

static void a_pause_or_a_stall_that_is_ended_early_ends_then(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct flow flow;

        start_flow(&flow);
        strike(&flow, kind, 3600 * EDDY_SECOND);
        strike(&flow, kind, 0);
        end_flow(&flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healing_ends_what_a_pause_or_a_stall_had_put_off),
        cmocka_unit_test(a_pause_or_a_stall_that_is_ended_early_ends_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
