/* SPDX-License-Identifier: MIT */
/*
 * raw_uring_source.c - every connection is sent the pattern, without end: one slice on its way at a
 * time. A client that goes away is noticed by the send that fails.
 */
#include <stdlib.h>

#include "../load/pattern.h"
#include "raw_uring.h"

struct sink {
    int slot;
    uint64_t sent;
};

static struct pattern pattern;

static void sink_send(struct sink *self)
{
    struct io_uring_sqe *sqe = ring_sqe();

    io_uring_prep_send(sqe, self->slot, pattern_at(&pattern, self->sent), PATTERN_SLICE,
                       MSG_WAITALL | MSG_NOSIGNAL);
    sqe->flags |= IOSQE_FIXED_FILE;
    sqe->user_data = ring_tag(self, OP_SEND);
}

static void sink_close(struct sink *self)
{
    struct io_uring_sqe *sqe = ring_sqe();

    io_uring_prep_close_direct(sqe, (unsigned)self->slot);
    ring_quiet(sqe);
    free(self);
}

static void sink_sent(void *object, const struct io_uring_cqe *cqe)
{
    struct sink *self = object;

    if (cqe->res <= 0) {
        sink_close(self);
        return;
    }
    self->sent += (uint64_t)cqe->res;
    sink_send(self);
}

static void sink_open(int slot)
{
    struct sink *self = server_alloc(1, sizeof *self);

    self->slot = slot;
    sink_send(self);
}

static void after(void)
{
}

void raw_uring_source(const struct server_args *args)
{
    static const struct mode_hooks hooks = {
        .done = {[OP_SEND] = sink_sent},
        .accepted = sink_open,
        .after = after,
    };

    pattern_fill(&pattern);
    ring_accept(args->port);
    ring_run(&hooks);
}
