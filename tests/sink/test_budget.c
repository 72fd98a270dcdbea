/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_budget.c - the smallest budget: everything still comes to its end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/loop.h"

enum { TURNS = 200 };

static eddy_core *poor_core(void)
{
    return test_core_with((eddy_core_options){.task_budget = 1});
}

/* What the future gives within some turns; dropped and EDDY_PENDING when that is nothing. */
static eddy_result within_turns(eddy_core *core, eddy_future *future)
{
    eddy_result result = EDDY_PENDING;
    eddy_join *join;

    assert_int_equal(eddy_spawn_joinable(eddy_core_handle(core), future, &join), 0);
    for (int i = 0; i < TURNS && eddy_join_ended(join) == NULL; i++)
        test_turn(core);
    if (eddy_join_ended(join) != NULL)
        result = eddy_join_ended(join)->result;
    eddy_join_abort(join);
    eddy_join_free(join);
    return result;
}

static void forward_ends_with_a_budget_of_one(void **state)
{
    static const int items[3] = {1, 2, 3};
    eddy_core *core = poor_core();
    eddy_handle *handle = eddy_core_handle(core);
    int memory[3];
    size_t count;
    eddy_sink *sink = eddy_sink_array(handle, memory, 3, sizeof(int), &count);
    eddy_stream *stream = eddy_stream_array(handle, items, 3, sizeof(int));

    (void)state;
    assert_int_equal(within_turns(core, eddy_stream_forward(stream, sink)), 0);
    assert_int_equal(count, 3);
    test_core_end(core);
}

static void send_to_an_unbounded_channel_ends_with_a_budget_of_one(void **state)
{
    (void)state;
    for (int safe = 0; safe < 2; safe++) {
        eddy_core *core = poor_core();
        eddy_handle *handle = eddy_core_handle(core);
        int item = 7;
        eddy_sender *sender;
        eddy_receiver *receiver;

        assert_int_equal(
            eddy_channel_new(safe ? NULL : handle,
                             EDDY_OPTIONS(eddy_channel_options, .item_bytes = sizeof(item),
                                          .capacity = EDDY_UNBOUNDED),
                             &sender, &receiver),
            0);
        for (int i = 0; i < 1000; i++)
            assert_int_equal(within_turns(core, eddy_send(handle, sender, &item)), 0);
        eddy_sender_free(sender);
        eddy_receiver_free(receiver);
        test_core_end(core);
    }
}

static int serve(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    (void)group;
    eddy_tcp_free(tcp);
    ++*(int *)arg;
    return 0;
}

static void serve_accepts_with_a_budget_of_one(void **state)
{
    eddy_core *core = poor_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_addr addr = eddy_addr_ipv4_loopback(0);
    int clients = 0;
    eddy_group *group;
    eddy_listener *listener;
    eddy_tcp *tcp;
    eddy_join *join;

    (void)state;
    assert_int_equal(eddy_group_new(handle, NULL, &group), 0);
    assert_int_equal(eddy_listener_bind(handle, &addr, NULL, &listener), 0);
    assert_int_equal(eddy_listener_local_addr(listener, &addr), 0);
    join = test_spawn_join(core, eddy_serve, .listener = listener, .group = group, .client = serve,
                           .arg = &clients);
    assert_int_equal(eddy_tcp_connect(handle, &addr, &tcp), 0);
    for (int i = 0; i < 50 && clients == 0; i++)
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    assert_int_equal(clients, 1);
    eddy_join_abort(join);
    eddy_join_free(join);
    eddy_tcp_free(tcp);
    eddy_group_free(group);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_ends_with_a_budget_of_one),
        cmocka_unit_test(send_to_an_unbounded_channel_ends_with_a_budget_of_one),
        cmocka_unit_test(serve_accepts_with_a_budget_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
