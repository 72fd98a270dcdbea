/* SPDX-License-Identifier: MIT */
/*
 * dgram.h - the inside of a datagram socket: what its files share, and what its stream and sink of
 * messages need.
 *
 *   dgram.c          one over a descriptor, connecting, ending
 *   dgram_io.c       sending and receiving
 *   dgram_room.c     waiting until something can be sent
 *   dgram_futures.c  the boxed futures
 *   dgram_options.c  options and groups
 *   unix_dgram.c     those of Unix: names, pairs, connections of messages
 *
 * It is its readiness (ready.h) and the calls of its system: no datagram is ever held here.
 */
#ifndef EDDY__DGRAM_H
#define EDDY__DGRAM_H

#include "eddy/dgram.h"
#include "net/ready.h"
#include "sys/datagrams.h"
#include "sys/unix.h"

struct eddy_dgram {
    eddy__ready ready;
    const eddy__datagrams *calls;
    eddy__system *system; /* outlives the driver, which a loop that ends may close first */
    eddy__alarm retry;    /* runs while `full` is not asked again */
    int64_t retry_ns;
    eddy_unix_addr
        full;  /* a receiver that has no room, and does not tell when it has; unnamed: none */
    int later; /* an error for the next send; 0: none */
    uint32_t multicast_interface;
    uint8_t sort;   /* an eddy__datagram_sort */
    uint8_t halves; /* of a framed one that are held; 0: it was not given to one */
    bool connected;
    bool joins;   /* segments are joined */
    bool in_vain; /* the last attempt to send to the peer found no room */
    eddy__unix_place place;
};

static inline eddy_core *eddy__dgram_core(const eddy_dgram *self)
{
    return self->ready.source.core;
}

static inline eddy__system *eddy__dgram_system(const eddy_dgram *self)
{
    return self->system;
}

static inline bool eddy__dgram_is_unix(const eddy_dgram *self)
{
    return self->sort != EDDY__DATAGRAM_IP;
}

/* The calls of a loop's system; -EOPNOTSUPP, EDDY_LOOP_GONE. Asserts the thread. */
int eddy__dgram_calls(eddy_core *core, const char *verb, const eddy__datagrams **calls);
/* One over a descriptor, which is its own when this succeeds. */
int eddy__dgram_new(eddy_core *core, int fd, eddy__datagram_sort sort, eddy_dgram **out);
/* The descriptor to work on, or EDDY_LOOP_GONE. Asserts the thread. */
int eddy__dgram_fd(const eddy_dgram *self, const char *verb);
/* One of two halves is given back; it is freed with the second. */
void eddy__dgram_half_free(eddy_dgram *self);

/* What the poll forms are. `n` up to EDDY_DGRAM_AT_ONCE; > 0, EDDY_PENDING or an error. */
eddy_result eddy__dgram_poll_recv(eddy_dgram *self, eddy_task *task, eddy_datagram *list,
                                  uint32_t n);
eddy_result eddy__dgram_poll_send(eddy_dgram *self, eddy_task *task, const eddy_datagram *list,
                                  uint32_t n);
/* Around a call that wants room: eddy__ready_poll(); then there was none, or there was. `to`: the Unix
 * receiver that is to have it, NULL: the socket itself and its peer. */
eddy_result eddy__dgram_poll_room(eddy_dgram *self, eddy_task *task, const eddy_unix_addr *to,
                                  const eddy_wait_type *type);
void eddy__dgram_no_room(eddy_dgram *self, const eddy_unix_addr *to);
void eddy__dgram_had_room(eddy_dgram *self);
/* The alarm of a receiver that had no room. */
void eddy__dgram_retry(eddy__alarm *alarm);

#endif
