/* SPDX-License-Identifier: MIT */
/*
 * net.c - see net.h.
 */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "net.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "eddy/tcp_options.h"
#include "sys/sockaddr.h"

/* ---- the raw peer ---- */

static int peer_socket(int family)
{
    struct timeval limit = {.tv_sec = 10};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    return fd;
}

static eddy_addr local_addr(int fd)
{
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;

    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &size), 0);
    return eddy__sockaddr_to_addr(&storage);
}

int test_peer_listen(int backlog, eddy_addr *addr)
{
    struct sockaddr_storage storage;
    int fd = peer_socket(AF_INET);
    socklen_t size;

    *addr = eddy_addr_ipv4_loopback(0);
    size = eddy__sockaddr_from(addr, &storage);
    assert_int_equal(bind(fd, (struct sockaddr *)&storage, size), 0);
    assert_int_equal(listen(fd, backlog), 0);
    *addr = local_addr(fd);
    return fd;
}

int test_peer_socket(void)
{
    return peer_socket(AF_INET);
}

void test_peer_connect_to(int fd, const eddy_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(addr, &storage);

    while (connect(fd, (struct sockaddr *)&storage, size) < 0 && errno != EISCONN)
        assert_true(errno == EINTR || errno == EALREADY); /* a ring may interrupt what blocks */
}

int test_peer_connect(const eddy_addr *addr)
{
    int fd = peer_socket(addr->family == EDDY_ADDR_IPV6 ? AF_INET6 : AF_INET);

    test_peer_connect_to(fd, addr);
    return fd;
}

int test_peer_accept(int listener)
{
    struct timeval limit = {.tv_sec = 10};
    int fd;

    do
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

int test_peer_try_accept(int listener)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};

    return poll(&ready, 1, 0) == 1 ? test_peer_accept(listener) : -1;
}

int test_peer(eddy_core *core, eddy_tcp **stream)
{
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);
    int peer = test_peer_connect(&addr);
    int fd = test_peer_accept(listener);

    close(listener);
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fd, stream), 0);
    return peer;
}

/* A small window wants small segments: the kernel fills up a window that is smaller than one only
 * once in 200 ms. Both must be so before the connection is made. */
int test_peer_slow(eddy_core *core, eddy_tcp **stream)
{
    const int segment = 1000;
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);
    int peer = test_peer_socket();
    int fd;

    assert_int_equal(setsockopt(peer, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment), 0);
    test_peer_small_buffers(peer);
    test_peer_connect_to(peer, &addr);
    fd = test_peer_accept(listener);
    close(listener);
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fd, stream), 0);
    assert_int_equal(eddy_tcp_set_send_buffer(*stream, 4096), 0);
    return peer;
}

void test_peer_send(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        assert_true(n > 0 || (n < 0 && errno == EINTR));
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

void test_peer_recv(int fd, void *memory, size_t len)
{
    char *at = memory;

    while (len > 0) {
        ssize_t n = recv(fd, at, len, MSG_WAITALL);

        assert_true(n > 0 || (n < 0 && errno == EINTR));
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

long test_peer_try_recv(int fd, void *memory, size_t len)
{
    ssize_t n = recv(fd, memory, len, MSG_DONTWAIT);

    return n < 0 ? -errno : n;
}

size_t test_peer_try_send(int fd, const void *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    return n < 0 ? 0 : (size_t)n;
}

int test_peer_ending(int fd)
{
    char byte;
    ssize_t n;

    do
        n = recv(fd, &byte, 1, 0);
    while (n < 0 && errno == EINTR);
    assert_true(n <= 0);
    return n == 0 ? 0 : -errno;
}

void test_peer_shutdown(int fd)
{
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

void test_peer_close(int fd)
{
    assert_int_equal(close(fd), 0);
}

void test_peer_reset(int fd)
{
    struct linger linger = {.l_onoff = 1};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(close(fd), 0);
}

void test_peer_small_buffers(int fd)
{
    int bytes = 4096;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
}

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

const eddy_type test_io_type = {io_poll, io_done, sizeof(struct test_io), "test_io"};

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

const eddy_type test_echo_type = {echo_poll, echo_end, sizeof(struct test_echo), "test_echo"};

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

int test_open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = -1; /* this one */

    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
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

static int set_fds_limit(int to)
{
    struct rlimit limit;
    int before;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    before = (int)limit.rlim_cur;
    limit.rlim_cur = (rlim_t)to;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

int test_fds_forbid(void)
{
    int lowest = dup(0); /* all below are in use */

    assert_true(lowest >= 0);
    close(lowest);
    return set_fds_limit(lowest);
}

void test_fds_allow(int before)
{
    (void)set_fds_limit(before);
}
