/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Datagrams": several at a call, one that is too long, an empty one, and a peer that is not
 * there.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

#define COUNT 3

struct post {
    EDDY_FRAME;
    eddy_dgram *from, *to;
    eddy_addr address; /* of `to` */
    eddy_datagram letters[COUNT];
    char room[COUNT][8];
    uint32_t sent, received;
};

static void post_done(struct post *self)
{
    eddy_dgram_free(self->from);
    eddy_dgram_free(self->to);
}

/* Two sockets, and the letters that go from one to the other. */
static int post_begin(struct post *self, eddy_handle *handle)
{
    static char texts[COUNT][16] = {"short", "", "a longer one"};
    static const size_t lens[COUNT] = {5, 0, 12};
    const eddy_addr any_port = eddy_addr_ipv4_loopback(0);
    int error = eddy_dgram_bind(handle, &any_port, NULL, &self->from);

    if (error == 0)
        error = eddy_dgram_bind(handle, &any_port, NULL, &self->to);
    if (error == 0)
        error = eddy_dgram_local_addr(self->to, &self->address);
    for (int i = 0; i < COUNT; i++)
        self->letters[i] = (eddy_datagram){.data = texts[i], .len = lens[i], .peer = self->address};
    return error;
}

static void post_make_room(struct post *self)
{
    for (int i = 0; i < COUNT; i++)
        self->letters[i] = (eddy_datagram){.data = self->room[i], .room = sizeof self->room[i]};
}

static void post_show(struct post *self, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const eddy_datagram *letter = &self->letters[i];

        printf("'%.*s', %zu bytes%s\n", (int)letter->len, (const char *)letter->data,
               letter->full_len, letter->flags & EDDY_DATAGRAM_TRUNCATED ? ", cut off" : "");
    }
    self->received += count;
}

EDDY_ASYNC(post, post_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = post_begin(self, eddy_task_handle(task));
        if (n < 0)
            EDDY_RETURN(n);
        while (self->sent < COUNT) {
            EDDY_POLL(n, eddy_dgram_poll_send_many(self->from, task, self->letters + self->sent,
                                                   COUNT - self->sent));
            if (n < 0)
                EDDY_RETURN(n);
            self->sent += (uint32_t)n;
        }
        while (self->received < COUNT) {
            post_make_room(self);
            EDDY_POLL(n, eddy_dgram_poll_recv_many(self->to, task, self->letters, COUNT));
            if (n < 0)
                EDDY_RETURN(n);
            post_show(self, (uint32_t)n);
        }

        eddy_dgram_free(self->to); /* and now nobody has its port */
        self->to = NULL;
        n = eddy_dgram_connect(self->from, &self->address);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_dgram_poll_send(self->from, task, "hello?", 6));
        printf("send: %s\n", eddy_error_name(n));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_dgram_poll_recv(self->from, task, self->room[0], sizeof self->room[0]));
        printf("receive: %s\n", eddy_error_name(n));
        EDDY_END(0);
}

int main(void)
{
    eddy_core *core;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_core_run(core, EDDY_FUTURE(post));
    eddy_core_free(core);
    return n < 0;
}
