/* SPDX-License-Identifier: MIT */
/*
 * sim_world.c - see sim_world.h.
 */
#include "sim_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t bytes_live;

static void *counted_alloc(size_t size, void *arg)
{
    (void)arg;
    bytes_live += size;
    return malloc(size);
}

static void counted_free(void *memory, size_t size, void *arg)
{
    (void)arg;
    bytes_live -= size;
    free(memory);
}

eddy_world *test_world(uint64_t seed, eddy_world_options options)
{
    const eddy_allocator counted = {counted_alloc, counted_free, NULL};
    eddy_world *world = NULL;

    options.size_bytes = sizeof options;
    options.seed = seed;
    options.allocator = &counted;
    bytes_live = 0;
    assert_int_equal(eddy_world_new(&options, &world), 0);
    return world;
}

eddy_world *test_calm_world(void)
{
    return test_world(0, (eddy_world_options){.calm = true});
}

void test_world_end(eddy_world *world)
{
    eddy_world_free(world);
    assert_int_equal(bytes_live, 0);
}

eddy_host *test_host(eddy_world *world, const char *name, const char *ip)
{
    eddy_host *host = NULL;

    assert_int_equal(eddy_world_host(world, name, ip, &host), 0);
    return host;
}

/* ---- the server ---- */

struct test_accept {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void accept_done(struct test_accept *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(test_accept, accept_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task),
                             EDDY_FUTURE(test_echo, .client = self->client));
        }
        EDDY_END(n);
}

int test_boot_echo(void *arg, eddy_handle *handle)
{
    const eddy_addr any = eddy_addr_ipv4_any(TEST_ECHO_PORT);
    eddy_listener *listener;
    int error = eddy_listener_bind(handle, &any, NULL, &listener);

    (void)arg;
    return error != 0 ? error : eddy_spawn(handle, EDDY_FUTURE(test_accept, .listener = listener));
}

/* ---- the client ---- */

static void client_done(struct test_client *self)
{
    if (*self->result == EDDY_PENDING)
        *self->result = EDDY_DROPPED;
    if (*self->result < 0)
        eddy_tcp_abort(self->tcp);
    else
        eddy_tcp_free(self->tcp);
}

static size_t piece_len(const struct test_client *self)
{
    size_t left = self->len - self->sent;

    return left < sizeof self->piece ? left : sizeof self->piece;
}

static void take(struct test_client *self, size_t n)
{
    test_pattern_check(self->piece, n, self->got_bytes);
    self->got_bytes += n;
    assert_true(self->got_bytes <= self->sent);
    if (self->got != NULL)
        *self->got = self->got_bytes;
}

static eddy_result client_run(struct test_client *self, eddy_task *task)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->to, &self->tcp);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        while (n >= 0 && self->sent < self->len) {
            test_pattern_fill(self->piece, piece_len(self), self->sent);
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, self->piece, piece_len(self)));
            if (n < 0)
                break;
            self->sent += (size_t)n;
            while (self->got_bytes < self->sent) {
                EDDY_POLL(n, eddy_tcp_poll_read(self->tcp, task, self->piece, sizeof self->piece));
                if (n <= 0)
                    EDDY_RETURN(n == 0 ? -EPROTO : n);
                take(self, (size_t)n);
            }
        }
        if (n >= 0)
            EDDY_POLL(n, eddy_tcp_poll_shutdown(self->tcp, task));
        if (n >= 0)
            EDDY_POLL(n, eddy_tcp_poll_read(self->tcp, task, self->piece, sizeof self->piece));
        EDDY_END(n < 0 ? n : n > 0 ? -EPROTO : (eddy_result)self->got_bytes);
}

static eddy_result client_poll(eddy_future *frame, eddy_task *task)
{
    struct test_client *self = (struct test_client *)(void *)frame;
    eddy_result result = client_run(self, task);

    if (result != EDDY_PENDING)
        *self->result = result;
    return result == EDDY_PENDING ? result : 0;
}

static void client_end(eddy_future *frame)
{
    client_done((struct test_client *)(void *)frame);
}

const eddy_type test_client_type = {client_poll, client_end, sizeof(struct test_client), "client",
                                    NULL};

void test_client_start(eddy_host *from, eddy_host *to, size_t len, eddy_result *result, size_t *got)
{
    *result = EDDY_PENDING;
    assert_int_equal(eddy_spawn(eddy_core_handle(eddy_host_core(from)),
                                EDDY_FUTURE(test_client, .to = eddy_host_addr(to, TEST_ECHO_PORT),
                                            .len = len, .got = got, .result = result)),
                     0);
}

bool test_has_result(void *arg)
{
    return *(eddy_result *)arg != EDDY_PENDING;
}

eddy_result test_world_result(eddy_world *world, eddy_result *result)
{
    eddy_until until = {.holds = test_has_result,
                        .arg = result,
                        .time_ns = eddy_world_now_ns(world) + 3600 * EDDY_SECOND};

    assert_int_equal(eddy_world_run(world, &until), 0);
    return *result;
}

/* ---- what it says ---- */

static char text[8192];

static void add_line(void *arg, const char *line)
{
    (void)arg;
    strncat(text, line, sizeof text - strlen(text) - 2);
    strcat(text, "\n");
}

const char *test_world_text(eddy_world *world)
{
    text[0] = '\0';
    eddy_world_dump(world, add_line, NULL);
    return text;
}
