/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_tcp_memory.c - memory that is short for a moment must not stop a loop for good.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../support/net.h"

enum { PART = 60000 };

static char part[PART];
static bool short_of_memory;

static void *failing_alloc(size_t size, void *arg)
{
    (void)arg;
    return short_of_memory ? NULL : malloc(size);
}

static void failing_free(void *memory, size_t size, void *arg)
{
    (void)arg;
    (void)size;
    free(memory);
}

/* The only receive block is full of a part of what a reader waits for, and cannot be freed for lack
 * of memory. Once there is memory again, the other stream's bytes must come. */
static void a_block_that_could_not_be_put_away_is_put_away_later(void **state)
{
    const eddy_allocator allocator = {failing_alloc, failing_free, NULL};
    eddy_core *core = test_core_with(
        (eddy_core_options){.recv_bytes_max = (size_t)64 * 1024, .allocator = &allocator});
    eddy_result all = EDDY_PENDING;
    eddy_tcp *half, *other;
    int half_peer = test_peer(core, &half), other_peer = test_peer(core, &other);

    (void)state;
    test_spawn(core, test_io, .poll = test_io_fill, .tcp = half, .len = PART + 1, .result = &all);
    assert_int_equal(test_turn(core), 1); /* it waits */
    test_peer_send(other_peer, "x", 1);
    assert_int_equal(test_fill(core, other, 1), 1); /* the pool has its block, and pieces */
    eddy_tcp_consume(other, 1);
    short_of_memory = true;
    test_peer_send(half_peer, part, PART);
    for (int i = 0; i < 20; i++)
        (void)eddy_core_turn(core, EDDY_MILLISECOND);
    short_of_memory = false;
    test_peer_send(other_peer, "other", 5);
    assert_int_equal(test_fill(core, other, 5), 5);
    assert_int_equal(all, EDDY_PENDING);
    test_peer_close(half_peer);
    test_peer_close(other_peer);
    assert_int_equal(test_until_done(core, &all), 0);
    eddy_tcp_free(half);
    eddy_tcp_free(other);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_could_not_be_put_away_is_put_away_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
