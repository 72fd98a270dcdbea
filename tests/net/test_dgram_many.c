/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_dgram_many.c - many datagrams in one call: all of them, in order, each with its own result.
 */
#include "dgrams.h"

#include "../support/death.h"

enum { MANY = 2 * EDDY_DGRAM_AT_ONCE, ROOM = 16 };

struct world {
    eddy_core *core;
    eddy_dgram *a, *b;
    eddy_addr at_a, at_b;
    char bytes[MANY][ROOM];
    eddy_datagram list[MANY];
};

static void begin(struct world *world)
{
    *world = (struct world){.core = test_core()};
    world->a = dg_bind(world->core, &world->at_a);
    world->b = dg_bind(world->core, &world->at_b);
}

static void end(struct world *world)
{
    eddy_dgram_free(world->a);
    eddy_dgram_free(world->b);
    test_core_end(world->core);
}

/* Datagram i has i % ROOM bytes, all of them i. */
static void fill(struct world *world, const eddy_addr *to)
{
    for (int i = 0; i < MANY; i++) {
        memset(world->bytes[i], i, ROOM);
        world->list[i] = (eddy_datagram){.data = world->bytes[i], .len = (size_t)(i % ROOM)};
        if (to != NULL)
            world->list[i].peer = *to;
    }
}

static void empty(struct world *world, size_t room)
{
    for (int i = 0; i < MANY; i++) {
        memset(world->bytes[i], 0xee, ROOM);
        world->list[i] = (eddy_datagram){.data = world->bytes[i], .room = room};
    }
}

/* All of them, in as many calls as it takes. */
static void send_all(struct world *world, uint32_t n)
{
    uint32_t sent = 0;

    while (sent < n) {
        eddy_result more = dg_send_many(world->core, world->a, world->list + sent, n - sent);

        assert_in_range(more, 1, EDDY_DGRAM_AT_ONCE);
        sent += (uint32_t)more;
    }
}

static void recv_all(struct world *world, uint32_t n)
{
    uint32_t got = 0;

    while (got < n) {
        eddy_result more = dg_recv_many(world->core, world->b, world->list + got, n - got);

        assert_in_range(more, 1, EDDY_DGRAM_AT_ONCE);
        got += (uint32_t)more;
    }
}

static void check_all(const struct world *world)
{
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(world->list[i].len, i % ROOM);
        assert_int_equal(world->list[i].full_len, i % ROOM);
        assert_int_equal(world->list[i].flags, 0);
        assert_addr(&world->list[i].peer, &world->at_a);
        assert_int_equal(world->list[i].local.family, EDDY_ADDR_NONE);
        for (int at = 0; at < i % ROOM; at++)
            assert_int_equal(world->bytes[i][at], i);
    }
}

static void many_arrive_in_order_each_with_its_length(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    fill(&world, &world.at_b);
    send_all(&world, MANY);
    empty(&world, ROOM);
    recv_all(&world, MANY);
    check_all(&world);
    end(&world);
}

static void a_connected_socket_sends_many_too(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_int_equal(eddy_dgram_connect(world.a, &world.at_b), 0);
    fill(&world, NULL);
    send_all(&world, MANY);
    empty(&world, ROOM);
    recv_all(&world, MANY);
    check_all(&world);
    end(&world);
}

static void what_does_not_fit_is_marked_and_tells_its_length(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    fill(&world, &world.at_b);
    send_all(&world, MANY);
    empty(&world, 4);
    recv_all(&world, MANY);
    for (int i = 0; i < MANY; i++) {
        int len = i % ROOM;

        assert_int_equal(world.list[i].full_len, len);
        assert_int_equal(world.list[i].len, len < 4 ? len : 4);
        assert_int_equal(world.list[i].flags, len > 4 ? EDDY_DATAGRAM_TRUNCATED : 0);
        assert_int_equal((unsigned char)world.bytes[i][4], 0xee);
    }
    end(&world);
}

/* Room for none at all: only the length is wanted. */
static void without_room_the_length_is_told(void **state)
{
    struct world world;
    eddy_datagram none = {.data = NULL};

    (void)state;
    begin(&world);
    assert_int_equal(dg_send(world.core, world.a, "seven..", 7, &world.at_b), 7);
    assert_int_equal(dg_recv_many(world.core, world.b, &none, 1), 1);
    assert_int_equal(none.len, 0);
    assert_int_equal(none.full_len, 7);
    assert_int_equal(none.flags, EDDY_DATAGRAM_TRUNCATED);
    end(&world);
}

/* The first ones go; the bad one is told to the call of which it is the first; those behind it go. */
static void an_error_belongs_to_the_first_of_a_list(void **state)
{
    static char large[EDDY_DGRAM_BYTES_MAX];
    struct world world;
    uint32_t sent = 0;

    (void)state;
    begin(&world);
    fill(&world, &world.at_b);
    world.list[3].data = large;
    world.list[3].len = sizeof large;
    while (sent < 3) {
        eddy_result more = dg_send_many(world.core, world.a, world.list + sent, 6 - sent);

        assert_true(more > 0);
        sent += (uint32_t)more;
    }
    assert_int_equal(sent, 3);
    assert_int_equal(dg_send_many(world.core, world.a, world.list + 3, 3), -EMSGSIZE);
    for (sent = 4; sent < 6;) {
        eddy_result more = dg_send_many(world.core, world.a, world.list + sent, 6 - sent);

        assert_true(more > 0);
        sent += (uint32_t)more;
    }
    empty(&world, ROOM);
    recv_all(&world, 5);
    assert_int_equal(world.bytes[2][0], 2);
    assert_int_equal(world.bytes[3][0], 4);
    end(&world);
}

/* Each datagram of a list brings the error back: a count may hide it from one call, not from all. */
static void a_list_to_nobody_is_refused_and_not_sent_for_ever(void **state)
{
    struct world world;
    int refused = 0;
    uint32_t at = 0;

    (void)state;
    begin(&world);
    assert_int_equal(eddy_dgram_connect(world.a, &world.at_b), 0);
    eddy_dgram_free(world.b);
    world.b = NULL;
    test_settle(world.core);
    fill(&world, NULL);
    while (at < MANY - 8) {
        eddy_result result = dg_send_many(world.core, world.a, world.list + at, 8);

        assert_true(result > 0 || result == -ECONNREFUSED);
        refused += result < 0;
        at += result < 0 ? 1 : (uint32_t)result;
        test_pass(world.core, EDDY_MILLISECOND);
    }
    assert_true(refused > 0);
    end(&world);
}

/* A flood to itself ends at the budget, so that others get their turn. */
struct flood {
    EDDY_FRAME;
    eddy_dgram *dgram;
    const eddy_addr *to;
    int left;
    char byte;
};

EDDY_ASYNC(flood, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->left > 0) {
            EDDY_POLL(n, eddy_dgram_poll_send_to(self->dgram, task, "x", 1, self->to));
            assert_int_equal(n, 1);
            EDDY_POLL(n, eddy_dgram_poll_recv(self->dgram, task, &self->byte, 1));
            assert_int_equal(n, 1);
            self->left--;
        }
        EDDY_END(0);
}

static void a_flood_lets_others_go(void **state)
{
    struct world world;
    struct test_trace trace = {0};

    (void)state;
    begin(&world);
    test_spawn(world.core, flood, .dgram = world.a, .to = &world.at_a, .left = 100000);
    test_spawn(world.core, test_value, .trace = &trace, .yields = 3);
    for (int i = 0; i < 8; i++)
        (void)test_turn(world.core);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_stats(world.core).tasks_live, 1);
    assert_int_equal(eddy_core_free(world.core), 0); /* the task goes with it */
    eddy_dgram_free(world.a);
    eddy_dgram_free(world.b);
}

static void receive_none(void *arg)
{
    struct world world;

    (void)arg;
    begin(&world);
    (void)dg_recv_many(world.core, world.b, NULL, 0);
}

static void send_none(void *arg)
{
    struct world world;

    (void)arg;
    begin(&world);
    (void)dg_send_many(world.core, world.b, NULL, 0);
}

static void a_list_of_none_is_a_mistake(void **state)
{
    (void)state;
    assert_dies(receive_none, NULL, "an array of 0 datagrams");
    assert_dies(send_none, NULL, "an array of 0 datagrams");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_arrive_in_order_each_with_its_length),
        cmocka_unit_test(a_connected_socket_sends_many_too),
        cmocka_unit_test(what_does_not_fit_is_marked_and_tells_its_length),
        cmocka_unit_test(without_room_the_length_is_told),
        cmocka_unit_test(an_error_belongs_to_the_first_of_a_list),
        cmocka_unit_test(a_list_to_nobody_is_refused_and_not_sent_for_ever),
        cmocka_unit_test(a_flood_lets_others_go),
        cmocka_unit_test(a_list_of_none_is_a_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
