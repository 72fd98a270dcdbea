/* SPDX-License-Identifier: MIT */
/*
 * net.h - for tests of streams: a raw peer that is a plain blocking socket, and every poll function
 * of a stream as a future that a test runs in one line.
 *
 * The peer is used from the thread of the loop: what it sends over loopback is there when the call
 * returns; what it is to receive, the loop must have been driven for. A raw call that would wait
 * for ever fails the test after ten seconds.
 *
 * With EDDY_DRIVER=sim all of this is simulated: the loop and the raw peer live on one host, and
 * the ten seconds are virtual.
 */
#ifndef EDDY_TEST_NET_H
#define EDDY_TEST_NET_H

#include "loop.h"

/* ---- the raw peer ---- */

/* A stream of the loop, and the raw socket at its other end. */
int test_peer(eddy_core *core, eddy_tcp **stream);
/* The same with little room in the kernel, about 20 KB in all: what is written soon waits, and goes
 * on as fast as the peer reads. */
int test_peer_slow(eddy_core *core, eddy_tcp **stream);
/* A raw socket that listens on 127.0.0.1; *addr: where. */
int test_peer_listen(int backlog, eddy_addr *addr);
/* The same at an address, port 0: any. */
int test_peer_listen_at(const eddy_addr *at, int backlog);
/* A socket that has a port of 127.0.0.1, and does not listen; *addr: where. */
int test_peer_deaf(eddy_addr *addr);
int test_peer_connect(const eddy_addr *addr);
/* The same in two steps; IPv4. */
int test_peer_socket(void);
int test_peer_socket_v6(void);
void test_peer_connect_to(int fd, const eddy_addr *addr);
/* A socket that begins to connect, whatever comes of it. */
int test_peer_connect_later(const eddy_addr *addr);
/* Where a socket is. */
eddy_addr test_peer_addr(int fd);
int test_peer_accept(int listener);
/* The same without waiting; -1: nobody is there. */
int test_peer_try_accept(int listener);

void test_peer_send(int fd, const void *data, size_t len);
/* Exactly so many bytes. */
void test_peer_recv(int fd, void *memory, size_t len);
/* What is there, without waiting: bytes; 0 at the end; -errno, -EAGAIN when there is nothing. */
long test_peer_try_recv(int fd, void *memory, size_t len);
/* As much as the kernel takes now, at most len. */
size_t test_peer_try_send(int fd, const void *data, size_t len);
/* What the next recv says: 0 for the end, -ECONNRESET, ... Waits. */
int test_peer_ending(int fd);
void test_peer_shutdown(int fd);
void test_peer_close(int fd);
/* Close it so that the other end is reset. */
void test_peer_reset(int fd);
/* Small kernel buffers, so that little is under way. */
void test_peer_small_buffers(int fd);

/* Byte number `at` of a stream that tells apart what is lost, doubled or out of order. */
unsigned char test_pattern(size_t at);
void test_pattern_fill(unsigned char *memory, size_t len, size_t at);
void test_pattern_check(const unsigned char *memory, size_t len, size_t at);

/* The peer reads, while the loop is driven, byte `have` and on of the pattern, until it has `most`
 * of them or the connection ends. Returns how many it has then; *ending, if wanted: 0 the end,
 * -ECONNRESET, -EAGAIN neither yet. */
size_t test_peer_drain(eddy_core *core, int fd, size_t have, size_t most, int *ending);
/* The peer gets all bytes of the pattern from `from` to `to`. */
void test_peer_expect(eddy_core *core, int fd, size_t from, size_t to);

/* ---- the verbs of a stream, as futures ---- */

struct test_io;
typedef eddy_result test_io_fn(struct test_io *self, eddy_task *task);

/* One poll function with its arguments, until it ends; *result: EDDY_PENDING until then. */
struct test_io {
    EDDY_FRAME;
    test_io_fn *poll;
    eddy_tcp *tcp, *to;
    eddy_listener *listener;
    eddy_tcp **client;
    void *memory;
    size_t len;
    eddy_bytes rest;
    eddy_result *result;
};
extern const eddy_type test_io_type;

test_io_fn test_io_fill, test_io_read, test_io_peek, test_io_write, test_io_writev,
    test_io_write_all, test_io_flush, test_io_shutdown, test_io_close, test_io_gone,
    test_io_connected, test_io_forward, test_io_accept;

eddy_result test_fill(eddy_core *core, eddy_tcp *tcp, size_t min);
eddy_result test_read(eddy_core *core, eddy_tcp *tcp, void *memory, size_t len);
/* Just these bytes, in as many reads as it takes. */
void test_expect(eddy_core *core, eddy_tcp *tcp, const void *data, size_t len);
eddy_result test_peek(eddy_core *core, eddy_tcp *tcp, void *memory, size_t len);
eddy_result test_write(eddy_core *core, eddy_tcp *tcp, const void *data, size_t len);
eddy_result test_write_all(eddy_core *core, eddy_tcp *tcp, const void *data, size_t len);
eddy_result test_flush(eddy_core *core, eddy_tcp *tcp);
eddy_result test_shutdown(eddy_core *core, eddy_tcp *tcp);
eddy_result test_close(eddy_core *core, eddy_tcp *tcp);
eddy_result test_gone(eddy_core *core, eddy_tcp *tcp);
eddy_result test_connected(eddy_core *core, eddy_tcp *tcp);
eddy_result test_forward(eddy_core *core, eddy_tcp *from, eddy_tcp *to);
eddy_tcp *test_accept(eddy_core *core, eddy_listener *listener);

/* A listener on 127.0.0.1; *addr: where. */
eddy_listener *test_listener(eddy_core *core, eddy_addr *addr);

/* Sends back what comes, until the end, then frees the stream. */
struct test_echo {
    EDDY_FRAME;
    eddy_tcp *client;
};
extern const eddy_type test_echo_type;

/* Turns that may wait up to 10 ms each, until `stands(arg)`; fails the test after ten seconds. */
void test_until(eddy_core *core, bool (*stands)(void *arg), void *arg);
/* The same until *result is not EDDY_PENDING; returns it. */
eddy_result test_until_done(eddy_core *core, const eddy_result *result);
/* The same until *count is at least `least`. */
void test_until_count(eddy_core *core, const int *count, int least);
/* How many descriptors the process, or the simulated host, has open. */
int test_open_fds(void);
/* Is it non-blocking, and closed in the child of an exec? A simulated one always is. */
bool test_fd_is_careful(int fd);
/* Is there a file of that path, a socket's on a simulated host? */
bool test_path_is_there(const char *path);
/* Who a program of the test is to its peers. */
struct eddy_unix_credentials test_ourselves(void);
/* A number that changes with its flags; a simulated one has none. */
int test_fd_flags(int fd);
/* Turns until no more than so many are open: closing may take the loop one or two. */
void test_until_fds(eddy_core *core, int fds);
/* No descriptor can be made any more, until one of those that are open is closed. Returns what
 * test_fds_allow() wants to know. */
int test_fds_forbid(void);
void test_fds_allow(int before);

#endif
