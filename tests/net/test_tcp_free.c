/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_tcp_free.c - who may still be waiting on a stream that is freed: the task that frees it, or
 * one that the end of the loop has yet to drop. Any other is an assertion that names it, in
 * release builds too. That a freed stream's number can be had again at once. And that other threads
 * may not touch a stream.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/net.h"
#include "reactor/core.h"

enum { LARGE = 200 * 1000 };
static unsigned char large[LARGE];

/* ---- mistakes ---- */

/* Waits on the stream, which is not its own, and how it is freed under its feet. */
struct mistake {
    test_io_fn *wait;
    void (*free)(eddy_tcp *tcp);
    bool by_task;
};

struct freer {
    EDDY_FRAME;
    eddy_tcp *tcp;
    void (*free)(eddy_tcp *tcp);
};

EDDY_ASYNC(freer, eddy_nothing)
{
    EDDY_BEGIN
        self->free(self->tcp);
        EDDY_END(0);
}

static void make_mistake(void *arg)
{
    const struct mistake *mistake = arg;
    eddy_core *core = test_core();
    eddy_tcp *tcp;

    (void)test_peer_slow(core, &tcp);
    assert_true(test_write(core, tcp, large, LARGE) > 0);
    test_spawn(core, test_io, .poll = mistake->wait, .tcp = tcp, .rest = {large, LARGE}, .len = 1);
    test_settle(core);
    if (mistake->by_task)
        (void)test_run(core, freer, .tcp = tcp, .free = mistake->free);
    else
        mistake->free(tcp);
}

static void freeing_what_another_task_waits_on_is_an_assertion_that_names_it(void **state)
{
    static const struct {
        test_io_fn *wait;
        const char *text;
    } waits[] = {
        {test_io_fill, "freed while task 'test_io' waits for tcp: read"},
        {test_io_write_all, "freed while task 'test_io' waits for tcp: write"},
        {test_io_flush, "freed while task 'test_io' waits for tcp: flush"},
        {test_io_shutdown, "freed while task 'test_io' waits for tcp: shutdown"},
        {test_io_close, "freed while task 'test_io' waits for tcp: close"},
        {test_io_gone, "freed while task 'test_io' waits for tcp: gone"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        struct mistake mistake = {waits[i].wait, eddy_tcp_free, i % 2 == 0};

        assert_dies(make_mistake, &mistake, waits[i].text);
        mistake.free = eddy_tcp_abort;
        mistake.by_task = !mistake.by_task;
        assert_dies(make_mistake, &mistake, waits[i].text);
    }
}

static void free_half(void *arg)
{
    bool reading = *(bool *)arg;
    eddy_core *core = test_core();
    eddy_tcp_reader reader;
    eddy_tcp_writer writer;
    eddy_tcp *tcp;

    (void)test_peer_slow(core, &tcp);
    eddy_tcp_split(tcp, &reader, &writer);
    test_spawn(core, test_io, .poll = reading ? test_io_fill : test_io_write_all, .tcp = tcp,
               .rest = {large, LARGE}, .len = 1);
    test_settle(core);
    if (reading)
        eddy_tcp_reader_free(&reader);
    else
        eddy_tcp_writer_free(&writer);
}

static void freeing_a_half_that_another_task_waits_on_is_an_assertion(void **state)
{
    bool reading = true;

    (void)state;
    assert_dies(free_half, &reading, "freed while task 'test_io' waits for tcp: read");
    reading = false;
    assert_dies(free_half, &reading, "freed while task 'test_io' waits for tcp: write");
}

/* ---- what is no mistake ---- */

static void one_half_may_be_freed_while_a_task_waits_on_the_other(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int reading = 0; reading < 2; reading++) {
        eddy_tcp_reader reader;
        eddy_tcp_writer writer;
        eddy_result result = EDDY_PENDING;
        eddy_tcp *tcp;
        int peer = test_peer_slow(core, &tcp);
        int ending;

        eddy_tcp_split(tcp, &reader, &writer);
        test_spawn(core, test_io, .poll = reading ? test_io_fill : test_io_write_all, .tcp = tcp,
                   .rest = {large, LARGE}, .len = 1, .result = &result);
        test_settle(core);
        assert_int_equal(result, EDDY_PENDING);
        if (reading)
            eddy_tcp_writer_free(&writer);
        else
            eddy_tcp_reader_free(&reader);
        test_peer_send(peer, "x", 1);
        if (!reading)
            test_peer_expect(core, peer, 0, LARGE);
        assert_int_equal(test_until_done(core, &result), reading);
        eddy_tcp_reader_free(&reader);
        eddy_tcp_writer_free(&writer);
        (void)test_peer_drain(core, peer, LARGE, LARGE + 1, &ending);
        test_peer_close(peer);
        test_until_fds(core, fds);
    }
    test_core_end(core);
}

/* Its children wait, reading and writing at once; it frees the stream and polls them no more. */
struct both {
    EDDY_FRAME;
    eddy_tcp *tcp;
    struct test_io reading, writing;
    bool begun;
};

EDDY_ASYNC(both, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->reading = EDDY_INIT(test_io, .poll = test_io_fill, .tcp = self->tcp, .len = 1);
        self->writing =
            EDDY_INIT(test_io, .poll = test_io_write_all, .tcp = self->tcp, .rest = {large, LARGE});
        n = eddy_future_poll_child(&self->frame, &self->reading.frame, task);
        assert_int_equal(n, EDDY_PENDING);
        for (;;) {
            n = eddy_future_poll_child(&self->frame, &self->writing.frame, task);
            assert_int_equal(n, EDDY_PENDING);
            if (eddy_tcp_queued(self->tcp) > 0 && self->begun)
                break;
            self->begun = true;
            EDDY_YIELD();
        }
        eddy_tcp_abort(self->tcp);
        EDDY_END(0);
}

static void the_task_that_frees_may_be_waiting_itself(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);

    (void)state;
    assert_int_equal(test_run(core, both, .tcp = tcp), 0);
    assert_int_equal(core->external_waits, 0);
    test_peer_close(peer);
    test_until_fds(core, fds);
    test_core_end(core);
}

/* A task's `done` may free what others wait on once the loop ends: they are dropped next. */
struct owner {
    EDDY_FRAME;
    eddy_tcp *tcp;
    struct test_gate *gate;
};

static void owner_done(struct owner *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(owner, owner_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void the_end_of_the_loop_may_free_it_before_those_that_wait(void **state)
{
    (void)state;
    for (int owner_first = 0; owner_first < 2; owner_first++) {
        struct test_gate gate = {.open = false};
        eddy_core *core = test_core();
        eddy_tcp *tcp;
        int peer = test_peer(core, &tcp);

        if (owner_first)
            test_spawn(core, owner, .tcp = tcp, .gate = &gate);
        test_spawn(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = 1);
        test_spawn(core, test_io, .poll = test_io_gone, .tcp = tcp);
        if (!owner_first)
            test_spawn(core, owner, .tcp = tcp, .gate = &gate);
        test_settle(core);
        test_core_end(core);
        test_peer_close(peer);
    }
}

static void descriptors_go_back_and_come_again_in_a_thousand_rounds(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        eddy_tcp *a, *b;

        assert_int_equal(eddy_tcp_pair(eddy_core_handle(core), &a, &b), 0);
        assert_int_equal(test_write(core, a, "once", 4), 4);
        test_expect(core, b, "once", 4);
        if (i % 2 == 0)
            eddy_tcp_free(a);
        else
            eddy_tcp_abort(a);
        eddy_tcp_free(b);
        assert_true(test_open_fds() <= fds + 8);
    }
    test_until_fds(core, fds);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

/* ---- off the loop's thread ---- */

static eddy_tcp *others;

static void use_view(void)
{
    (void)eddy_tcp_view(others);
}
static void use_queued(void)
{
    (void)eddy_tcp_queued(others);
}
static void use_split(void)
{
    eddy_tcp_reader reader;
    eddy_tcp_writer writer;

    eddy_tcp_split(others, &reader, &writer);
}
static void use_consume(void)
{
    eddy_tcp_consume(others, 0);
}
static void use_try_write(void)
{
    assert_int_equal(eddy_tcp_try_write(others, "x", 1), 1);
}
static void use_push(void)
{
    eddy_tcp_push(others);
}

static void (*const uses[])(void) = {
    use_view, use_queued, use_split, use_consume, use_try_write, use_push,
};

static void *use_it(void *arg)
{
    uses[*(size_t *)arg]();
    return NULL;
}

static void use_off_its_thread(void *arg)
{
    eddy_core *core = test_core();
    pthread_t thread;

    (void)test_peer(core, &others);
    test_turn(core); /* from here on it is this thread's */
    pthread_create(&thread, NULL, use_it, arg);
    pthread_join(thread, NULL);
}

static void use_off_the_loops_thread_is_an_assertion(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        assert_dies(use_off_its_thread, &i, "off the loop's thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freeing_what_another_task_waits_on_is_an_assertion_that_names_it),
        cmocka_unit_test(freeing_a_half_that_another_task_waits_on_is_an_assertion),
        cmocka_unit_test(one_half_may_be_freed_while_a_task_waits_on_the_other),
        cmocka_unit_test(the_task_that_frees_may_be_waiting_itself),
        cmocka_unit_test(the_end_of_the_loop_may_free_it_before_those_that_wait),
        cmocka_unit_test(use_off_the_loops_thread_is_an_assertion),
        cmocka_unit_test(descriptors_go_back_and_come_again_in_a_thousand_rounds),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
