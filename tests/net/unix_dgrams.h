/* SPDX-License-Identifier: MIT */
/*
 * unix_dgrams.h - for tests of Unix datagrams: the poll functions that take names, in one line each.
 */
#ifndef EDDY_TEST_UNIX_DGRAMS_H
#define EDDY_TEST_UNIX_DGRAMS_H

#include "dgrams.h"
#include "unixes.h"

static inline eddy_result poll_send_name(struct dg *self, eddy_task *task)
{
    return eddy_dgram_poll_send_name(self->dgram, task, self->memory, self->len, self->name);
}

static inline eddy_result poll_recv_name(struct dg *self, eddy_task *task)
{
    return eddy_dgram_poll_recv_name(self->dgram, task, self->memory, self->len, self->name);
}

static inline eddy_result poll_connect_name(struct dg *self, eddy_task *task)
{
    return eddy_dgram_poll_connect_name(self->dgram, task, self->name);
}

static inline eddy_result poll_accept(struct dg *self, eddy_task *task)
{
    return eddy_dgram_poll_accept(self->dgram, task, self->client);
}

static inline eddy_result send_name(eddy_core *core, eddy_dgram *dgram, const char *text,
                                    eddy_unix_addr *to)
{
    return test_run(core, dg, .poll = poll_send_name, .dgram = dgram,
                    .memory = (void *)(uintptr_t)text, .len = strlen(text), .name = to);
}

static inline eddy_result recv_name(eddy_core *core, eddy_dgram *dgram, char *memory, size_t room,
                                    eddy_unix_addr *from)
{
    return test_run(core, dg, .poll = poll_recv_name, .dgram = dgram, .memory = memory, .len = room,
                    .name = from);
}

static inline eddy_result connect_name(eddy_core *core, eddy_dgram *dgram, eddy_unix_addr *to)
{
    return test_run(core, dg, .poll = poll_connect_name, .dgram = dgram, .name = to);
}

static inline eddy_dgram *bind_at(eddy_core *core, const eddy_unix_addr *name)
{
    eddy_dgram *dgram = NULL;

    assert_int_equal(eddy_unix_dgram_bind(eddy_core_handle(core), name, NULL, &dgram), 0);
    return dgram;
}

static inline void pair_of(eddy_core *core, eddy_unix_type type, eddy_dgram **a, eddy_dgram **b)
{
    assert_int_equal(eddy_unix_dgram_pair(eddy_core_handle(core), type, a, b), 0);
}

#endif
