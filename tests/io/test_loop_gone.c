/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim threads */
/*
 * test_loop_gone.c - byte streams whose loop was freed: every verb says so, and they are freed by any
 * thread.
 */
#include <pthread.h>

#include "io_verbs.h"

enum { STREAMS = 5 };

static eddy_io *streams[STREAMS];
static eddy_dgram *dgram;

/* One of each kind, some with bytes that were read or written. */
static void make_streams(eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_addr any = eddy_addr_ipv4_loopback(0);
    eddy_tcp *tcp, *peer;
    eddy_io *a, *b;

    assert_int_equal(eddy_io_memory_pair(handle, NULL, &a, &b), 0);
    assert_int_equal(eddy_tcp_pair(handle, &tcp, &peer), 0);
    assert_int_equal(eddy_dgram_bind(handle, &any, NULL, &dgram), 0);
    streams[0] = eddy_io_buffered(handle, a, 10, 10);
    streams[1] = b;
    streams[2] = eddy_io_take(handle, eddy_tcp_io(tcp), 3);
    streams[3] = eddy_tcp_io(peer);
    streams[4] = eddy_io_chain(handle, eddy_io_empty(handle), eddy_io_borrow(handle, b));
    for (int i = 0; i < 4; i++)
        assert_int_equal(test_run(core, io_verb, .poll = io_verb_write, .io = streams[i],
                                  .rest = {(const unsigned char *)"abc", 3}),
                         3);
}

static void every_verb_says_that_the_loop_is_gone(void **state)
{
    eddy_core *core = test_core(), *other = test_core();
    char memory[4];

    (void)state;
    make_streams(core);
    (void)eddy_core_free(core);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(test_run(other, io_verb, .poll = io_verb_fill, .io = streams[i], .len = 9),
                         EDDY_LOOP_GONE);
        assert_int_equal(test_run(other, io_verb, .poll = io_verb_read, .io = streams[i],
                                  .memory = memory, .len = 4),
                         EDDY_LOOP_GONE);
        assert_int_equal(test_run(other, io_verb, .poll = io_verb_write, .io = streams[i],
                                  .rest = {(const unsigned char *)"abc", 3}),
                         EDDY_LOOP_GONE);
    }
    for (int i = STREAMS - 1; i >= 0; i--)
        eddy_io_free(streams[i]);
    eddy_dgram_free(dgram);
    test_core_end(other);
}

static void *free_all(void *arg)
{
    int *taken = arg;

    for (int i = STREAMS - 1; i >= 0; i--)
        eddy_io_free(streams[i]);
    *taken = eddy_dgram_into_fd(dgram);
    return NULL;
}

static void what_outlives_its_loop_is_freed_by_any_thread(void **state)
{
    eddy_core *core = test_core();
    pthread_t thread;
    int taken = 0;

    (void)state;
    make_streams(core);
    (void)eddy_core_free(core);
    assert_int_equal(pthread_create(&thread, NULL, free_all, &taken), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(taken, EDDY_LOOP_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_says_that_the_loop_is_gone),
        cmocka_unit_test(what_outlives_its_loop_is_freed_by_any_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
