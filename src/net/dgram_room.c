/* SPDX-License-Identifier: MIT */
/*
 * dgram_room.c - waiting until something can be sent.
 *
 * The system tells of room in a socket's own buffer, and in that of the peer it is connected to. But an
 * attempt to send to a Unix receiver that found no room makes the socket writable anew, for an instant: the
 * datagram was in its own buffer before it was refused. Who believed that would try for ever. epoll looks
 * again before it tells, io_uring does not: so after an attempt in vain the system is asked first.
 *
 * Of a Unix receiver that it is not connected to, it tells nothing at all. Such a one is asked again when
 * an alarm has gone off, which passes for readiness of a kind of its own; others may be sent to meanwhile.
 */
#include "net/dgram.h"

#include "sys/datagrams_unix.h"

#define RETRY_MIN_NS EDDY_MILLISECOND
#define RETRY_MAX_NS (32 * EDDY_MILLISECOND)

/* In eddy__ready.is: the alarm has gone off. No driver tells this bit. */
enum { IS_RETRY = 1 << 16 };

static bool is_full(const eddy_dgram *self, const eddy_unix_addr *to)
{
    return to != NULL && self->full.kind != EDDY_UNIX_UNNAMED &&
           eddy_unix_addr_equal(to, &self->full);
}

/* What is told of room may be the echo of the last attempt. */
static void check_room(eddy_dgram *self)
{
    const eddy__ready *ready = &self->ready;

    if (!self->in_vain || ready->source.core->gone || (ready->is & EDDY__IS_WRITABLE) == 0)
        return;
    if (self->calls->unix_names->has_room(eddy__dgram_system(self), ready->source.slot.fd))
        self->in_vain = false;
    else
        eddy__ready_clear(&self->ready, EDDY__IS_WRITABLE);
}

eddy_result eddy__dgram_poll_room(eddy_dgram *self, eddy_task *task, const eddy_unix_addr *to,
                                  const eddy_wait_type *type)
{
    uint32_t wanted = is_full(self, to) ? IS_RETRY : EDDY__IS_WRITABLE;

    if (wanted == EDDY__IS_WRITABLE)
        check_room(self);
    return eddy__ready_poll(&self->ready, task, EDDY__SIDE_WRITE, wanted, type);
}

void eddy__dgram_no_room(eddy_dgram *self, const eddy_unix_addr *to)
{
    if (to == NULL || to->kind == EDDY_UNIX_UNNAMED) { /* a connection of messages ignores names */
        eddy__ready_clear(&self->ready, EDDY__IS_WRITABLE);
        self->in_vain = eddy__dgram_is_unix(self) && self->calls->unix_names->has_room != NULL;
        return;
    }
    eddy__ready_clear(&self->ready, IS_RETRY);
    self->retry_ns = is_full(self, to) ? 2 * self->retry_ns : RETRY_MIN_NS;
    if (self->retry_ns > RETRY_MAX_NS)
        self->retry_ns = RETRY_MAX_NS;
    self->full = *to;
    eddy__alarm_start(eddy__dgram_core(self), &self->retry, self->retry_ns);
}

void eddy__dgram_had_room(eddy_dgram *self)
{
    if (self->full.kind == EDDY_UNIX_UNNAMED)
        return;
    self->full = (eddy_unix_addr){.kind = EDDY_UNIX_UNNAMED};
    eddy__alarm_stop(eddy__dgram_core(self), &self->retry);
}

void eddy__dgram_retry(eddy__alarm *alarm)
{
    eddy_dgram *self = EDDY__CONTAINER(alarm, eddy_dgram, retry);
    eddy__source *source = &self->ready.source;
    const eddy__event event = {&source->slot, EDDY__READY, IS_RETRY, NULL, NULL};

    eddy__ready_event(source, &event);
}
