/* SPDX-License-Identifier: MIT */
/*
 * udp_echo - send back what each peer sends, many datagrams at a call.
 *
 *     udp_echo [ADDRESS] [--port=N] [--driver=NAME]     default 127.0.0.1:8080; try: nc -u 127.0.0.1 8080
 */
#include <eddy/eddy.h>

#include "support/udp.h"

enum { BATCH = EDDY_DGRAM_AT_ONCE, ROOM = EDDY_DGRAM_BYTES_MAX };

/* Pages that no datagram needs are never touched. */
static unsigned char memory[BATCH][ROOM];

struct echo {
    EDDY_FRAME;
    eddy_dgram *dgram;
    eddy_datagram list[BATCH];
    uint32_t count, sent;
};

static void make_room(struct echo *self)
{
    for (int i = 0; i < BATCH; i++)
        self->list[i] = (eddy_datagram){.data = memory[i], .room = ROOM};
}

/* A datagram that was received says all that is needed to send it: it goes back as it came. One that
 * cannot be sent is lost, as UDP may; the others are not. */
EDDY_ASYNC(echo, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            make_room(self);
            EDDY_POLL(n, eddy_dgram_poll_recv_many(self->dgram, task, self->list, BATCH));
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

int main(int argc, char **argv)
{
    struct args args = {.usage = "udp_echo [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    eddy_dgram *dgram;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    dgram = udp_bind(&args, core);
    udp_say(dgram, "udp_echo", core);
    result = udp_until_signal(core, EDDY_FUTURE(echo, .dgram = dgram));
    eddy_dgram_free(dgram);
    eddy_core_free(core);
    return args_end(&args, result);
}
