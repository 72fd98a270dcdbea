/* SPDX-License-Identifier: MIT */
/*
 * net.c - see net.h: the verbs of a stream and driving the loop. The raw peer is net_peer.c's.
 */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "net.h"

#include <errno.h>

/* ---- the pattern ---- */

unsigned char test_pattern(size_t at)
{
    return (unsigned char)((at * 31) ^ (at >> 8) ^ (at >> 15));
}

void test_pattern_fill(unsigned char *memory, size_t len, size_t at)
{
    for (size_t i = 0; i < len; i++)
        memory[i] = test_pattern(at + i);
}

void test_pattern_check(const unsigned char *memory, size_t len, size_t at)
{
    for (size_t i = 0; i < len; i++)
        if (memory[i] != test_pattern(at + i))
            fail_msg("byte %zu is %u, not %u", at + i, memory[i], test_pattern(at + i));
}

static int64_t fail_time(eddy_core *core)
{
    return eddy_now_ns(eddy_core_handle(core)) + 10 * EDDY_SECOND;
}

size_t test_peer_drain(eddy_core *core, int fd, size_t have, size_t most, int *ending)
{
    static unsigned char memory[64 * 1024];
    int64_t until_ns = fail_time(core);
    long n = -EAGAIN;

    while (have < most && (n > 0 || n == -EAGAIN)) {
        n = test_peer_try_recv(fd, memory,
                               most - have < sizeof memory ? most - have : sizeof memory);
        if (n > 0) {
            test_pattern_check(memory, (size_t)n, have);
            have += (size_t)n;
        } else if (n == -EAGAIN) {
            assert_true(eddy_now_ns(eddy_core_handle(core)) < until_ns);
            assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
        }
    }
    if (ending != NULL)
        *ending = n > 0 ? -EAGAIN : (int)n;
    return have;
}

void test_peer_expect(eddy_core *core, int fd, size_t from, size_t to)
{
    assert_int_equal(test_peer_drain(core, fd, from, to, NULL), to);
}

/* ---- the verbs ---- */

static eddy_result io_poll(eddy_future *frame, eddy_task *task)
{
    struct test_io *self = (struct test_io *)(void *)frame;
    eddy_result result = self->poll(self, task);

    if (result == EDDY_PENDING || self->result == NULL)
        return result;
    *self->result = result;
    return 0;
}

static void io_done(eddy_future *frame)
{
    (void)frame; /* it owns nothing */
}

const eddy_type test_io_type = {io_poll, io_done, sizeof(struct test_io), "test_io", NULL};

eddy_result test_io_fill(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_fill(self->tcp, task, self->len);
}

eddy_result test_io_read(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_read(self->tcp, task, self->memory, self->len);
}

eddy_result test_io_peek(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_peek(self->tcp, task, self->memory, self->len);
}

eddy_result test_io_write(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_write(self->tcp, task, self->rest.data, self->rest.len);
}

eddy_result test_io_write_all(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_write_all(self->tcp, task, &self->rest);
}

eddy_result test_io_writev(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_writev(self->tcp, task, self->memory, self->len);
}

eddy_result test_io_flush(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_flush(self->tcp, task);
}

eddy_result test_io_shutdown(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_shutdown(self->tcp, task);
}

eddy_result test_io_close(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_close(self->tcp, task);
}

eddy_result test_io_gone(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_gone(self->tcp, task);
}

eddy_result test_io_connected(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_connected(self->tcp, task);
}

eddy_result test_io_forward(struct test_io *self, eddy_task *task)
{
    return eddy_tcp_poll_forward(self->tcp, self->to, task);
}

eddy_result test_io_accept(struct test_io *self, eddy_task *task)
{
    return eddy_listener_poll_accept(self->listener, task, self->client);
}

eddy_result test_fill(eddy_core *core, eddy_tcp *tcp, size_t min)
{
    return test_run(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = min);
}

eddy_result test_read(eddy_core *core, eddy_tcp *tcp, void *memory, size_t len)
{
    return test_run(core, test_io, .poll = test_io_read, .tcp = tcp, .memory = memory, .len = len);
}

void test_expect(eddy_core *core, eddy_tcp *tcp, const void *data, size_t len)
{
    const char *at = data;
    char memory[64];

    while (len > 0) {
        eddy_result n = test_read(core, tcp, memory, len < sizeof memory ? len : sizeof memory);

        assert_in_range(n, 1, len);
        assert_memory_equal(memory, at, (size_t)n);
        at += n;
        len -= (size_t)n;
    }
}

eddy_result test_peek(eddy_core *core, eddy_tcp *tcp, void *memory, size_t len)
{
    return test_run(core, test_io, .poll = test_io_peek, .tcp = tcp, .memory = memory, .len = len);
}

eddy_result test_write(eddy_core *core, eddy_tcp *tcp, const void *data, size_t len)
{
    return test_run(core, test_io, .poll = test_io_write, .tcp = tcp, .rest = {data, len});
}

eddy_result test_write_all(eddy_core *core, eddy_tcp *tcp, const void *data, size_t len)
{
    return test_run(core, test_io, .poll = test_io_write_all, .tcp = tcp, .rest = {data, len});
}

eddy_result test_flush(eddy_core *core, eddy_tcp *tcp)
{
    return test_run(core, test_io, .poll = test_io_flush, .tcp = tcp);
}

eddy_result test_shutdown(eddy_core *core, eddy_tcp *tcp)
{
    return test_run(core, test_io, .poll = test_io_shutdown, .tcp = tcp);
}

eddy_result test_close(eddy_core *core, eddy_tcp *tcp)
{
    return test_run(core, test_io, .poll = test_io_close, .tcp = tcp);
}

eddy_result test_gone(eddy_core *core, eddy_tcp *tcp)
{
    return test_run(core, test_io, .poll = test_io_gone, .tcp = tcp);
}

eddy_result test_connected(eddy_core *core, eddy_tcp *tcp)
{
    return test_run(core, test_io, .poll = test_io_connected, .tcp = tcp);
}

eddy_result test_forward(eddy_core *core, eddy_tcp *from, eddy_tcp *to)
{
    return test_run(core, test_io, .poll = test_io_forward, .tcp = from, .to = to);
}

eddy_tcp *test_accept(eddy_core *core, eddy_listener *listener)
{
    eddy_tcp *client = NULL;

    assert_int_equal(
        test_run(core, test_io, .poll = test_io_accept, .listener = listener, .client = &client),
        0);
    assert_non_null(client);
    return client;
}

eddy_listener *test_listener(eddy_core *core, eddy_addr *addr)
{
    eddy_listener *listener = NULL;
    eddy_addr any = eddy_addr_ipv4_loopback(0);

    assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &any, NULL, &listener), 0);
    assert_int_equal(eddy_listener_local_addr(listener, addr), 0);
    assert_int_not_equal(addr->port, 0);
    return listener;
}

/* ---- echo, and driving the loop ---- */

static void echo_done(struct test_echo *self)
{
    eddy_tcp_free(self->client);
}

static eddy_result echo_run(struct test_echo *self, eddy_task *task)
{
    eddy_result n;

    for (;;) {
        n = eddy_tcp_poll_fill(self->client, task, 1);
        if (n > 0)
            n = eddy_tcp_poll_forward(self->client, self->client, task);
        if (n <= 0)
            return n;
    }
}

static eddy_result echo_poll(eddy_future *frame, eddy_task *task)
{
    return echo_run((struct test_echo *)(void *)frame, task);
}

static void echo_end(eddy_future *frame)
{
    echo_done((struct test_echo *)(void *)frame);
}

const eddy_type test_echo_type = {echo_poll, echo_end, sizeof(struct test_echo), "test_echo", NULL};

void test_until(eddy_core *core, bool (*stands)(void *arg), void *arg)
{
    int64_t until_ns = fail_time(core);

    while (!stands(arg)) {
        assert_true(eddy_now_ns(eddy_core_handle(core)) < until_ns);
        assert_true(eddy_core_turn(core, 10 * EDDY_MILLISECOND) >= 0);
    }
}

static bool is_done(void *arg)
{
    return *(const eddy_result *)arg != EDDY_PENDING;
}

eddy_result test_until_done(eddy_core *core, const eddy_result *result)
{
    test_until(core, is_done, (void *)(uintptr_t)result);
    return *result;
}

struct count {
    const int *count;
    int least;
};

static bool is_reached(void *arg)
{
    const struct count *self = arg;

    return *self->count >= self->least;
}

void test_until_count(eddy_core *core, const int *count, int least)
{
    struct count self = {count, least};

    test_until(core, is_reached, &self);
}

static bool is_closed(void *arg)
{
    return test_open_fds() <= *(const int *)arg;
}

void test_until_fds(eddy_core *core, int fds)
{
    test_until(core, is_closed, &fds);
    assert_int_equal(test_open_fds(), fds);
}
