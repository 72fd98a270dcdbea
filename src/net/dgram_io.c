/* SPDX-License-Identifier: MIT */
/*
 * dgram_io.c - what a datagram socket sends and receives.
 *
 * Poll the readiness; call the system; told -EAGAIN, say that it is not so any more, and poll again:
 * then the task waits. Any other answer is the result.
 */
#include <errno.h>

#include "eddy/unix_dgram.h"
#include "net/dgram.h"
#include "sys/datagrams_unix.h"

static const eddy_wait_type recv_wait = {.why = "dgram: receive", .external = true};
static const eddy_wait_type send_wait = {.why = "dgram: send", .external = true};

_Static_assert(EDDY_DGRAM_AT_ONCE == EDDY__DATAGRAMS_AT_ONCE, "one is told what the other does");

/* Leave a note about an error: with whom. */
static eddy_result told(const eddy_dgram *self, eddy_task *task, const char *operation,
                        const eddy_addr *peer, eddy_result error)
{
    eddy_addr connected = {.family = EDDY_ADDR_NONE};

    if (peer == NULL || peer->family == EDDY_ADDR_NONE) {
        if (self->connected)
            (void)eddy_dgram_peer_addr(self, &connected);
        peer = &connected;
    }
    return eddy_why_note(task, operation, peer, error);
}

static uint32_t at_once(uint32_t n)
{
    return n < EDDY_DGRAM_AT_ONCE ? n : EDDY_DGRAM_AT_ONCE;
}

/* ---- receiving ---- */

/* Unix: one. */
static eddy_result recv_now(eddy_dgram *self, eddy_datagram *list, uint32_t n)
{
    eddy__system *system = eddy__dgram_system(self);
    int fd = self->ready.source.slot.fd;
    int error;

    if (!eddy__dgram_is_unix(self))
        return self->calls->recv(system, fd, list, n);
    error = self->calls->unix_names->recv(system, fd, (eddy__datagram_sort)self->sort, list);
    return error == 0 ? 1 : error;
}

eddy_result eddy__dgram_poll_recv(eddy_dgram *self, eddy_task *task, eddy_datagram *list,
                                  uint32_t n)
{
    for (;;) {
        eddy_result result =
            eddy__ready_poll(&self->ready, task, EDDY__SIDE_READ, EDDY__IS_READABLE, &recv_wait);

        if (result < 0)
            return result;
        result = recv_now(self, list, n);
        if (result == EDDY_CLOSED || result > 0)
            return result;
        if (result != -EAGAIN)
            return told(self, task, recv_wait.why, NULL, result);
        eddy__ready_clear(&self->ready, EDDY__IS_READABLE);
    }
}

eddy_result eddy_dgram_poll_recv_many(eddy_dgram *self, eddy_task *task, eddy_datagram *list,
                                      uint32_t n)
{
    EDDY_ASSERT(n > 0, "eddy_dgram_poll_recv_many: an array of 0 datagrams");
    return eddy__dgram_poll_recv(self, task, list, at_once(n));
}

static eddy_result recv_one(eddy_dgram *self, eddy_task *task, eddy_datagram *datagram)
{
    eddy_result result;

    EDDY_ASSERT(!self->joins, "a socket that joins segments is asked for one datagram: use "
                              "eddy_dgram_poll_recv_many()");
    result = eddy__dgram_poll_recv(self, task, datagram, 1);
    if (result < 0)
        return result;
    if ((datagram->flags & EDDY_DATAGRAM_TRUNCATED) != 0)
        return told(self, task, recv_wait.why, &datagram->peer, -EMSGSIZE);
    return (eddy_result)datagram->len;
}

eddy_result eddy_dgram_poll_recv_from(eddy_dgram *self, eddy_task *task, void *memory, size_t room,
                                      eddy_addr *from)
{
    eddy_datagram datagram = {.data = memory, .room = room};
    eddy_result result = recv_one(self, task, &datagram);

    if (from != NULL && (result >= 0 || result == -EMSGSIZE))
        *from = datagram.peer;
    return result;
}

eddy_result eddy_dgram_poll_recv(eddy_dgram *self, eddy_task *task, void *memory, size_t room)
{
    return eddy_dgram_poll_recv_from(self, task, memory, room, NULL);
}

/* ---- sending ---- */

/* Unix: one. Of a stream: bytes of it. */
static eddy_result send_unix(eddy_dgram *self, int fd, const eddy_datagram *datagram)
{
    eddy__datagram_sort sort = (eddy__datagram_sort)self->sort;
    int sent = self->calls->unix_names->send(eddy__dgram_system(self), fd, sort, datagram);

    return sent < 0 || sort == EDDY__DATAGRAM_STREAM ? sent : 1;
}

static eddy_result send_now(eddy_dgram *self, const eddy_datagram *list, uint32_t n)
{
    int fd = self->ready.source.slot.fd;
    int error = self->later;

    self->later = 0;
    if (error != 0)
        return error;
    if (eddy__dgram_is_unix(self))
        return send_unix(self, fd, list);
    return self->calls->send(eddy__dgram_system(self), fd, list, n,
                             self->connected ? &self->later : NULL);
}

eddy_result eddy__dgram_poll_send(eddy_dgram *self, eddy_task *task, const eddy_datagram *list,
                                  uint32_t n)
{
    for (;;) {
        eddy_result result = eddy__dgram_poll_room(self, task, list[0].name, &send_wait);

        if (result < 0)
            return result;
        result = send_now(self, list, n);
        if (result == -EAGAIN) {
            eddy__dgram_no_room(self, list[0].name);
            continue;
        }
        eddy__dgram_had_room(self);
        return result > 0 ? result : told(self, task, send_wait.why, &list[0].peer, result);
    }
}

/* The mistakes that the system would not tell. */
static void check_list(const eddy_dgram *self, const eddy_datagram *list, uint32_t n)
{
    EDDY_ASSERT(n > 0, "eddy_dgram_poll_send_many: an array of 0 datagrams");
    for (uint32_t i = 0; i < n; i++)
        EDDY_ASSERT(eddy__dgram_is_unix(self) || (list[i].passed == NULL && list[i].name == NULL),
                    "a UDP datagram is to go to a Unix name, or to carry descriptors");
}

eddy_result eddy_dgram_poll_send_many(eddy_dgram *self, eddy_task *task, const eddy_datagram *list,
                                      uint32_t n)
{
    n = at_once(n);
    check_list(self, list, n);
    return eddy__dgram_poll_send(self, task, list, n);
}

/* The bytes are only read. */
static void *unconst(const void *data)
{
    union {
        const void *in;
        void *out;
    } same = {data};

    return same.out;
}

static eddy_result send_one(eddy_dgram *self, eddy_task *task, const eddy_datagram *datagram)
{
    eddy_result result = eddy__dgram_poll_send(self, task, datagram, 1);

    return result > 0 && self->sort != EDDY__DATAGRAM_STREAM ? (eddy_result)datagram->len : result;
}

eddy_result eddy_dgram_poll_send_to(eddy_dgram *self, eddy_task *task, const void *data, size_t len,
                                    const eddy_addr *to)
{
    const eddy_datagram datagram = {.data = unconst(data), .len = len, .peer = *to};

    return send_one(self, task, &datagram);
}

eddy_result eddy_dgram_poll_send(eddy_dgram *self, eddy_task *task, const void *data, size_t len)
{
    const eddy_datagram datagram = {.data = unconst(data), .len = len};

    return send_one(self, task, &datagram);
}

/* ---- to names, and from them ---- */

static void check_unix(const eddy_dgram *self, const char *verb)
{
    EDDY_ASSERT(eddy__dgram_is_unix(self), "%s: a UDP socket has no names", verb);
}

eddy_result eddy_dgram_poll_send_name(eddy_dgram *self, eddy_task *task, const void *data,
                                      size_t len, const eddy_unix_addr *to)
{
    eddy_unix_addr name = *to;
    const eddy_datagram datagram = {.data = unconst(data), .len = len, .name = &name};

    check_unix(self, "eddy_dgram_poll_send_name");
    return send_one(self, task, &datagram);
}

eddy_result eddy_dgram_poll_recv_name(eddy_dgram *self, eddy_task *task, void *memory, size_t room,
                                      eddy_unix_addr *from)
{
    eddy_datagram datagram = {.data = memory, .room = room, .name = from};

    check_unix(self, "eddy_dgram_poll_recv_name");
    return recv_one(self, task, &datagram);
}
