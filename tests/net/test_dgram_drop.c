/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_dgram_drop.c - whatever is dropped, whenever, no datagram is lost and none comes twice; and
 * without memory nothing is lost but the call.
 */
#include "dgrams.h"

#include "../support/drop.h"
#include "../support/heap.h"

enum { SENT = 12 };

struct world {
    eddy_core *core;
    eddy_dgram *a, *b;
    eddy_addr at_a, at_b;
    int sent, have;
    bool seen[SENT];
};

static struct world *fresh(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    world->a = dg_bind(core, &world->at_a);
    world->b = dg_bind(core, &world->at_b);
    return world;
}

/* Each comes once. */
static void count(struct world *world, unsigned char byte)
{
    assert_true(byte < world->sent);
    assert_false(world->seen[byte]);
    world->seen[byte] = true;
    world->have++;
}

/* ---- receiving ---- */

struct taker {
    EDDY_FRAME;
    struct world *world;
    unsigned char byte;
};

EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->world->have < SENT) {
            EDDY_POLL(n, eddy_dgram_poll_recv(self->world->b, task, &self->byte, 1));
            assert_int_equal(n, 1);
            count(self->world, self->byte);
        }
        EDDY_END(0);
}

static eddy_future *begin_taking(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(taker, .world = world));
}

/* One more comes with each turn. */
static void send_one(void *arg, eddy_core *core)
{
    static unsigned char bytes[SENT];
    struct world *world = arg;

    if (world->sent == SENT)
        return;
    bytes[world->sent] = (unsigned char)world->sent;
    test_spawn(core, dg, .len = 1, .poll = dg_poll_send, .dgram = world->a,
               .memory = &bytes[world->sent], .to = &world->at_b);
    world->sent++;
}

/* Who goes on gets the rest. */
static void end_taking(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    if (core == NULL) {
        eddy_dgram_free(world->a);
        eddy_dgram_free(world->b);
        return;
    }
    assert_true(result == 0 || result == EDDY_DROPPED);
    while (world->sent < SENT) {
        send_one(world, core);
        test_settle(core);
    }
    assert_int_equal(test_run(core, taker, .world = world), 0);
    assert_int_equal(world->have, SENT);
    eddy_dgram_free(world->a);
    eddy_dgram_free(world->b);
}

static void a_dropped_receive_loses_no_datagram(void **state)
{
    struct world world;
    struct test_drop drop = {
        .begin = begin_taking, .step = send_one, .end = end_taking, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 3);
}

/* ---- the boxed futures ---- */

static eddy_future *begin_future(void *arg, eddy_core *core)
{
    static unsigned char byte;
    struct world *world = fresh(arg, core);

    return eddy_recv_dgram(eddy_core_handle(core), world->b, &byte, 1, NULL);
}

/* It is either what the future has told, or still there. */
static void end_future(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    if (core != NULL)
        test_settle(core); /* nobody sends any more */
    if (core != NULL && result == EDDY_DROPPED) {
        if (world->sent == 0)
            send_one(world, core);
        test_settle(core);
        while (world->have < world->sent) {
            unsigned char byte;

            assert_int_equal(dg_recv(core, world->b, &byte, 1, NULL), 1);
            count(world, byte);
        }
    }
    eddy_dgram_free(world->a);
    eddy_dgram_free(world->b);
}

static int turns;

static void send_late(void *arg, eddy_core *core)
{
    if (++turns % 3 == 0 && ((struct world *)arg)->sent == 0)
        send_one(arg, core);
}

static void a_dropped_future_loses_no_datagram(void **state)
{
    struct world world;
    struct test_drop drop = {
        .begin = begin_future, .step = send_late, .end = end_future, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

static eddy_future *begin_sending(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core);

    return eddy_send_dgram(eddy_core_handle(core), world->a, "\0", 1, &world->at_b);
}

static void end_sending(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    unsigned char byte;

    if (core != NULL && result == 1)
        assert_int_equal(dg_recv(core, world->b, &byte, 1, NULL), 1);
    eddy_dgram_free(world->a);
    eddy_dgram_free(world->b);
}

static void a_dropped_send_leaves_nothing_behind(void **state)
{
    struct world world;
    struct test_drop drop = {.begin = begin_sending, .end = end_sending, .world = &world};

    (void)state;
    (void)test_drop_anywhere(&drop);
}

/* ---- without memory ---- */

/* False: the n-th allocation was never made. */
static bool once_without(long n)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_addr at = eddy_addr_ipv4_loopback(0), addr;
    eddy_dgram *dgram = NULL;
    eddy_core *core;
    eddy_future *future;
    char byte;
    bool failed;
    int error;

    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
    error = eddy_dgram_bind(eddy_core_handle(core), &at, NULL, &dgram);
    if (error == 0 && eddy_dgram_local_addr(dgram, &addr) == 0) {
        eddy_result sent;

        future = eddy_send_dgram(eddy_core_handle(core), dgram, "x", 1, &addr);
        sent = eddy_core_run(core, future);
        assert_true(sent == 1 || sent == -ENOMEM);
        if (sent == 1) {
            future = eddy_recv_dgram(eddy_core_handle(core), dgram, &byte, 1, NULL);
            sent = eddy_core_run(core, future);
            assert_true(sent == 1 || sent == -ENOMEM);
        }
    } else {
        assert_int_equal(error, -ENOMEM);
        assert_null(dgram);
    }
    failed = atomic_load(&heap.calls) > atomic_load(&heap.fail_at);
    atomic_store(&heap.fail_at, -1);
    eddy_dgram_free(dgram);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    return failed;
}

static void without_memory_only_the_call_fails(void **state)
{
    int fds;
    long n = 0;

    (void)state;
    (void)once_without(1000);
    fds = test_open_fds();
    while (once_without(n))
        n++;
    assert_int_equal(test_open_fds(), fds);
    assert_true(n < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dropped_receive_loses_no_datagram),
        cmocka_unit_test(a_dropped_future_loses_no_datagram),
        cmocka_unit_test(a_dropped_send_leaves_nothing_behind),
        cmocka_unit_test(without_memory_only_the_call_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
