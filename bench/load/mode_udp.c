/* SPDX-License-Identifier: MIT */
/*
 * mode_udp.c - datagrams: each socket has `depth` slots, and each slot one datagram on its way. A
 * datagram tells its slot and its number in the slot, and the bytes after that follow from both: so
 * one that is changed, cut, doubled or comes back at another socket is seen. What has not come back
 * for a while is lost: it is counted, and its slot sends the next.
 */
#include "system.h"

#include "mode.h"
#include "run.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOST_NS UINT64_C(50000000)
enum { SLOTS = 64, DATAGRAM = 2048, RECEIVE_BUFFER = 1 << 20, LATE_US = 50000 };

/* What a datagram begins with. */
struct mark {
    uint64_t number; /* of the datagrams in this slot */
    uint32_t slot;
    uint32_t socket;
};

struct slot {
    uint64_t sent_ns;
    uint64_t number;
    uint64_t lost; /* below this number some were given up, and may come late */
    bool is_sent;  /* and not back */
};

struct sock {
    int fd;
    uint32_t index;
    struct slot slots[SLOTS];
};

/* Datagrams on their way out, and in, of one call. */
struct batch {
    struct mmsghdr headers[SLOTS];
    struct iovec vectors[SLOTS];
    unsigned char bytes[SLOTS][DATAGRAM];
};

static struct {
    struct sock *socks;
    uint64_t count;
    uint64_t swept_ns;
    struct batch out;
    struct batch in;
} udp;

static void batch_init(struct batch *self, size_t size)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        self->vectors[i] = (struct iovec){.iov_base = self->bytes[i], .iov_len = size};
        self->headers[i].msg_hdr = (struct msghdr){.msg_iov = &self->vectors[i], .msg_iovlen = 1};
    }
}

/* What follows the mark. */
static const unsigned char *body(const struct run *run, const struct mark *mark)
{
    return pattern_at(&run->pattern, mark->number * 31 + mark->slot * 7919u + mark->socket);
}

/* Put the slot's next datagram into the batch that goes out. */
static void put(struct run *run, struct sock *self, uint32_t slot, unsigned place, uint64_t now_ns)
{
    struct mark mark = {++self->slots[slot].number, slot, self->index};

    self->slots[slot].is_sent = true;
    self->slots[slot].sent_ns = now_ns;
    memcpy(udp.out.bytes[place], &mark, sizeof mark);
    memcpy(udp.out.bytes[place] + sizeof mark, body(run, &mark), run->options.size - sizeof mark);
    run->owed++;
}

/* Send the first so many of the batch. */
static void send_batch(struct run *run, struct sock *self, unsigned count)
{
    unsigned done = 0;

    while (done < count) {
        int some = sendmmsg(self->fd, udp.out.headers + done, count - done, 0);

        if (some < 0) {
            run_fail(run, "send", errno);
            return;
        }
        done += (unsigned)some;
    }
}

/* Fill every slot that has nothing on its way. */
static void fill(struct run *run, struct sock *self, uint64_t now_ns)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < run->options.depth; i++) {
        if (!self->slots[i].is_sent)
            put(run, self, i, count++, now_ns);
    }
    send_batch(run, self, count);
}

/* Whether this one is what was sent; then its mark. */
static bool is_right(struct run *run, const struct sock *self, unsigned place, struct mark *mark)
{
    const unsigned char *bytes = udp.in.bytes[place];
    size_t len = udp.in.headers[place].msg_len;

    if (len != run->options.size) {
        run_fail(run, "a datagram came back with another length", 0);
        return false;
    }
    memcpy(mark, bytes, sizeof *mark);
    if (mark->socket != self->index || mark->slot >= run->options.depth ||
        mark->number > self->slots[mark->slot].number ||
        memcmp(bytes + sizeof *mark, body(run, mark), len - sizeof *mark) != 0) {
        run_fail(run, "a datagram came back changed", 0);
        return false;
    }
    return true;
}

/* Whether it is the answer to what the slot has on its way. */
static bool take(struct run *run, struct sock *self, const struct mark *mark, uint64_t now_ns)
{
    struct slot *slot = &self->slots[mark->slot];

    if (slot->is_sent && mark->number == slot->number) {
        slot->is_sent = false;
        run->owed--;
        run_answered(run, now_ns, slot->sent_ns, 1);
        return true;
    }
    if (mark->number > slot->lost)
        run_fail(run, "a datagram came back twice", 0);
    return false;
}

/* Receive what is there, up to a batch, and send the next of each slot that is free then. */
static void receive(struct run *run, struct sock *self)
{
    int count = recvmmsg(self->fd, udp.in.headers, SLOTS, MSG_DONTWAIT, NULL);
    uint64_t now_ns = clock_now();
    unsigned sent = 0;
    struct mark mark;

    if (count < 0 && errno != EAGAIN)
        run_fail(run, "receive", errno);
    for (unsigned i = 0; (int)i < count && is_right(run, self, i, &mark); i++) {
        run_received(run, run->options.size);
        if (take(run, self, &mark, now_ns) && run_goes_on(run))
            put(run, self, mark.slot, sent++, now_ns);
    }
    if (run->phase != RUN_OVER)
        send_batch(run, self, sent);
}

/* Give up what has not come back for long. */
static void sweep(struct run *run, struct sock *self, uint64_t now_ns)
{
    bool is_any = false;

    for (uint32_t i = 0; i < run->options.depth; i++) {
        struct slot *slot = &self->slots[i];

        if (!slot->is_sent || now_ns < slot->sent_ns + LOST_NS)
            continue;
        slot->is_sent = false;
        slot->lost = slot->number;
        run->owed--;
        run->lost += run->phase == RUN_WARM ? 0 : 1;
        is_any = true;
    }
    if (is_any && run_goes_on(run))
        fill(run, self, now_ns);
}

static void sweep_all(struct run *run)
{
    if (run->now_ns - udp.swept_ns < LOST_NS / 2)
        return;
    udp.swept_ns = run->now_ns;
    for (uint64_t i = 0; i < udp.count && run->phase != RUN_OVER; i++)
        sweep(run, &udp.socks[i], run->now_ns);
}

/* A run_handler; also called when nothing has come for a while, with NULL. */
static void handle(struct run *run, void *thing, uint32_t events)
{
    (void)events;
    if (thing != NULL)
        receive(run, thing);
    if (run->phase != RUN_OVER)
        sweep_all(run);
}

static void open_one(struct run *run, struct sock *self, uint32_t index)
{
    struct sockaddr_in server = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)run->options.port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = self};
    int len = RECEIVE_BUFFER;

    self->index = index;
    self->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0 || connect(self->fd, (struct sockaddr *)&server, sizeof server) != 0 ||
        setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &len, sizeof len) != 0 ||
        epoll_ctl(run->epoll, EPOLL_CTL_ADD, self->fd, &event) != 0)
        run_fail(run, "socket", errno);
}

/* What comes after the last answer was not asked for. */
static void expect_quiet(struct run *run)
{
    usleep(LATE_US);
    for (uint64_t i = 0; i < udp.count && run->error[0] == '\0'; i++)
        receive(run, &udp.socks[i]);
}

static void run_udp(struct run *run)
{
    udp.count = run->options.conns;
    udp.socks = calloc(udp.count, sizeof *udp.socks);
    if (udp.socks == NULL) {
        run_fail(run, "sockets", ENOMEM);
        return;
    }
    batch_init(&udp.out, run->options.size);
    batch_init(&udp.in, DATAGRAM);
    run->is_idle_told = true;
    run_start(run);
    for (uint32_t i = 0; i < udp.count; i++) {
        udp.socks[i].fd = -1;
        if (run->phase != RUN_OVER)
            open_one(run, &udp.socks[i], i);
        if (run->phase != RUN_OVER)
            fill(run, &udp.socks[i], clock_now());
    }
    run_loop(run, handle);
    expect_quiet(run);
    for (uint64_t i = 0; i < udp.count; i++) {
        if (udp.socks[i].fd >= 0)
            close(udp.socks[i].fd);
    }
    free(udp.socks);
}

const struct mode mode_udp = {
    .name = "udp",
    .run = run_udp,
    .conns = {1, 10000, 8},
    .size = {sizeof(struct mark), 2000, 64},
    .depth = {1, SLOTS, 8},
    .pid = {0, INT32_MAX, 0},
};
