/* SPDX-License-Identifier: MIT */
/*
 * Tests of the simulated TCP with everything at once: all faults by chance, and memory that runs
 * short at each allocation in turn. Bytes stay in order, nothing is left, a seed is a run.
 */
#include "two_hosts.h"

#include <stdlib.h>

/* ---- everything at once ---- */

enum { TALKS = 10, BYTES = 100000, FDS = 2 * TALKS };

/* Everything goes wrong twenty times as often. */
static void make_bad_weather(void)
{
    for (int i = 0; i < EDDY_CHAOS_COUNT; i++)
        if (eddy__sim_is_fault((eddy_chaos)i))
            room->chances[i].ppm *= 20;
}

/* Some of what is there, which must go on where the last part ended. */
static void sip(int fd, size_t *got)
{
    unsigned char block[999];

    for (int i = 0; i < 5; i++) {
        int64_t n = eddy__sim_recv(b, fd, block, sizeof block);

        for (int64_t k = 0; k < n; k++)
            assert_int_equal(block[k], pattern((*got)++));
    }
}

/* One step of the server: accept, hang up on every fifth, read slowly. */
static void serve(int l, size_t *got)
{
    int fd = eddy__sim_accept(b, l);

    if (fd >= 0)
        got[fd - EDDY__SIM_FIRST_FD] = 0;
    if (fd >= 0 && room->now_ns % 5 == 0)
        hang_up(b, fd);
    for (fd = l + 1; fd < l + FDS; fd++)
        sip(fd, &got[fd - EDDY__SIM_FIRST_FD]);
}

/* Conversations with whatever the dice say; the number of it all. */
static uint64_t storm(uint64_t seed)
{
    size_t sent[TALKS] = {0}, got[FDS] = {0};
    int fds[TALKS], l;
    uint64_t hash;

    open_room(&(eddy__sim_options){.seed = seed, .faults = true});
    make_bad_weather();
    l = listen_at(b, 80, 4);
    for (int i = 0; i < TALKS; i++)
        fds[i] = start_connect(a, b, 80);
    for (int steps = 0; steps < 2000 && eddy__sim_step(room, NULL, EDDY_FOREVER); steps++) {
        serve(l, got);
        for (int i = 0; i < TALKS; i++)
            (void)pour(a, fds[i], &sent[i], BYTES);
    }
    for (int i = 0; i < TALKS; i++)
        hang_up(a, fds[i]);
    room->healed = true;
    eddy__sim_links_heal(room);
    do
        serve(l, got);
    while (eddy__sim_step(room, NULL, EDDY_FOREVER));
    hash = room->hash;
    run_for(61 * EDDY_SECOND);
    assert_true(eddy__list_empty(&a->sockets));
    eddy__sim_release(room);
    return hash;
}

static void the_same_seed_gives_the_same_hash(void **state)
{
    uint64_t first = storm(1);

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        assert_int_equal(storm(seed), storm(seed));
    assert_int_not_equal(first, storm(2));
}

/* ---- memory ---- */

static long memory_left;

static void *short_alloc(size_t size, void *arg)
{
    (void)arg;
    return memory_left-- == 0 ? NULL : malloc(size);
}

static void short_free(void *memory, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    free(memory);
}

/* Whatever fails, nobody crashes and nothing is left. True: it went through. */
static bool talk_with_memory_short(long nth)
{
    const eddy_allocator allocator = {short_alloc, short_free, NULL};
    const eddy__sim_options options = {.calm = true, .allocator = &allocator};
    const eddy_addr first = eddy_addr_ipv4(10, 0, 0, 1, 0), second = eddy_addr_ipv4(10, 0, 0, 2, 0);
    eddy__socket_listen how = {.backlog = 4, .only_v6 = -1};
    eddy_addr addr = addr_of(&(eddy__sim_host){.addr = second}, 80);
    int l, fd, server = -1, pair[2] = {-1, -1};
    size_t sent = 0, got = 0;

    memory_left = -1;
    assert_int_equal(eddy__sim_new(&options, &room), 0);
    assert_int_equal(eddy__sim_host_new(room, "a", &first, &a), 0);
    assert_int_equal(eddy__sim_host_new(room, "b", &second, &b), 0);
    memory_left = nth;
    (void)a->system.type->pair(&a->system, pair);
    l = b->system.type->listen(&b->system, &addr, &how);
    fd = a->system.type->stream(&a->system, &addr);
    (void)eddy__sim_connect(a, fd, &addr);
    for (int steps = 0; steps < 2000 && eddy__sim_step(room, NULL, EDDY_FOREVER); steps++) {
        if (server < 0)
            server = eddy__sim_accept(b, l);
        (void)pour(a, fd, &sent, 200000);
        if (server >= 0)
            (void)drink(b, server, &got);
        if (got == 200000) {
            hang_up(a, fd);
            hang_up(b, server);
            fd = server = -1;
        }
    }
    eddy__sim_release(room);
    return memory_left >= 0;
}

static void short_memory_breaks_a_connection_at_worst(void **state)
{
    long nth = 0;

    (void)state;
    while (!talk_with_memory_short(nth))
        nth++;
    assert_true(nth > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_hash),
        cmocka_unit_test(short_memory_breaks_a_connection_at_worst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
