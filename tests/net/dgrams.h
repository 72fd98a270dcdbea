/* SPDX-License-Identifier: MIT */
/*
 * dgrams.h - for tests of datagram sockets: every poll function of one as a future that a test runs in
 * one line. The other end is a second socket of the same loop, so that all holds in a simulated world, too.
 */
#ifndef EDDY_TEST_DGRAMS_H
#define EDDY_TEST_DGRAMS_H

#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/net.h"
#include "eddy/dgram.h"
#include "eddy/dgram_options.h"
#include "eddy/unix_dgram.h"

/* One poll function with its arguments; *result, if wanted: EDDY_PENDING until it ends. */
struct dg {
    EDDY_FRAME;
    eddy_result (*poll)(struct dg *self, eddy_task *task);
    eddy_dgram *dgram;
    void *memory;
    size_t len;
    eddy_addr *from;
    const eddy_addr *to;
    eddy_unix_addr *name;
    eddy_datagram *list;
    uint32_t n;
    eddy_dgram **client;
    eddy_result *result;
};

static inline void dg_done(struct dg *self)
{
    (void)self;
}

EDDY_ASYNC(dg, dg_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, self->poll(self, task));
        if (self->result != NULL)
            *self->result = n;
        EDDY_END(n);
}

static inline eddy_result dg_poll_recv(struct dg *self, eddy_task *task)
{
    return eddy_dgram_poll_recv_from(self->dgram, task, self->memory, self->len, self->from);
}

static inline eddy_result dg_poll_recv_many(struct dg *self, eddy_task *task)
{
    return eddy_dgram_poll_recv_many(self->dgram, task, self->list, self->n);
}

static inline eddy_result dg_poll_send(struct dg *self, eddy_task *task)
{
    if (self->to == NULL)
        return eddy_dgram_poll_send(self->dgram, task, self->memory, self->len);
    return eddy_dgram_poll_send_to(self->dgram, task, self->memory, self->len, self->to);
}

static inline eddy_result dg_poll_send_many(struct dg *self, eddy_task *task)
{
    return eddy_dgram_poll_send_many(self->dgram, task, self->list, self->n);
}

static inline eddy_result dg_recv(eddy_core *core, eddy_dgram *dgram, void *memory, size_t room,
                                  eddy_addr *from)
{
    return test_run(core, dg, .poll = dg_poll_recv, .dgram = dgram, .memory = memory, .len = room,
                    .from = from);
}

static inline eddy_result dg_recv_many(eddy_core *core, eddy_dgram *dgram, eddy_datagram *list,
                                       uint32_t n)
{
    return test_run(core, dg, .poll = dg_poll_recv_many, .dgram = dgram, .list = list, .n = n);
}

/* To the connected peer when `to` is NULL. */
static inline eddy_result dg_send(eddy_core *core, eddy_dgram *dgram, const char *data, size_t len,
                                  const eddy_addr *to)
{
    return test_run(core, dg, .poll = dg_poll_send, .dgram = dgram,
                    .memory = (void *)(uintptr_t)data, .len = len, .to = to);
}

static inline eddy_result dg_send_many(eddy_core *core, eddy_dgram *dgram, eddy_datagram *list,
                                       uint32_t n)
{
    return test_run(core, dg, .poll = dg_poll_send_many, .dgram = dgram, .list = list, .n = n);
}

/* One on 127.0.0.1; *addr: where. */
static inline eddy_dgram *dg_bind(eddy_core *core, eddy_addr *addr)
{
    eddy_addr at = eddy_addr_ipv4_loopback(0);
    eddy_dgram *dgram = NULL;

    assert_int_equal(eddy_dgram_bind(eddy_core_handle(core), &at, NULL, &dgram), 0);
    assert_int_equal(eddy_dgram_local_addr(dgram, addr), 0);
    return dgram;
}

static inline eddy_dgram *dg_bind_with(eddy_core *core, eddy_addr at, eddy_dgram_options options,
                                       eddy_addr *addr)
{
    eddy_dgram *dgram = NULL;

    options.size_bytes = sizeof options;
    assert_int_equal(eddy_dgram_bind(eddy_core_handle(core), &at, &options, &dgram), 0);
    assert_int_equal(eddy_dgram_local_addr(dgram, addr), 0);
    return dgram;
}

static inline void assert_addr(const eddy_addr *a, const eddy_addr *b)
{
    assert_true(eddy_addr_equal(a, b));
}

/* ---- for what the kernel has ---- */

static inline uint32_t loopback(void)
{
    return if_nametoindex("lo");
}

static inline eddy_addr with_port(eddy_addr addr, uint16_t port)
{
    addr.port = port;
    return addr;
}

static inline eddy_addr address(const char *text)
{
    eddy_addr addr;

    assert_int_equal(eddy_addr_parse(text, 0, &addr, NULL), 0);
    return addr;
}

/* Receive one with all that it tells. */
static inline eddy_datagram recv_one(eddy_core *core, eddy_dgram *dgram, char *memory, size_t room)
{
    eddy_datagram datagram = {.data = memory, .room = room};

    assert_int_equal(dg_recv_many(core, dgram, &datagram, 1), 1);
    return datagram;
}

#endif
