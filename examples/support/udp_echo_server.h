/* SPDX-License-Identifier: MIT */
/*
 * udp_echo_server.h - the datagram echo as an async function, shared by the example and the benchmark:
 * many datagrams at a call.
 */
#ifndef EXAMPLES_UDP_ECHO_SERVER_H
#define EXAMPLES_UDP_ECHO_SERVER_H

#include <eddy/eddy.h>

enum { UDP_ECHO_BATCH = EDDY_DGRAM_AT_ONCE, UDP_ECHO_ROOM = EDDY_DGRAM_BYTES_MAX };

/* Pages that no datagram needs are never touched. */
static unsigned char udp_echo_memory[UDP_ECHO_BATCH][UDP_ECHO_ROOM];

struct udp_echo {
    EDDY_FRAME;
    eddy_dgram *dgram;
    eddy_datagram list[UDP_ECHO_BATCH];
    uint32_t count, sent;
};

static inline void udp_echo_make_room(struct udp_echo *self)
{
    for (int i = 0; i < UDP_ECHO_BATCH; i++)
        self->list[i] = (eddy_datagram){.data = udp_echo_memory[i], .room = UDP_ECHO_ROOM};
}

/* A datagram that was received says all that is needed to send it: it goes back as it came. One that
 * cannot be sent is lost, as UDP may; the others are not. */
EDDY_ASYNC(udp_echo, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            udp_echo_make_room(self);
            EDDY_POLL(n, eddy_dgram_poll_recv_many(self->dgram, task, self->list, UDP_ECHO_BATCH));
            if (n < 0)
                break;
            self->count = (uint32_t)n;
            for (self->sent = 0; self->sent < self->count;) {
                EDDY_POLL(n, eddy_dgram_poll_send_many(self->dgram, task, self->list + self->sent,
                                                       self->count - self->sent));
                self->sent += n > 0 ? (uint32_t)n : 1;
            }
        }
        EDDY_END(n);
}

#endif
