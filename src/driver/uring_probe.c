/* SPDX-License-Identifier: MIT */
/*
 * uring_probe.c - the self-test: every feature the driver stands on is tried for real, on a ring
 * and sockets of its own, because neither versions nor feature flags tell what a kernel or a
 * sandbox really does. Done once per process; failures that may pass (no descriptors, no memory)
 * are not remembered.
 */
#include "driver/uring.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    PROBE_ENTRIES = 8,
    PLACES = 4,
    BUFFER_BYTES = 64,
    PAGE_BYTES = 4096,
    BUFFERS_AT = 1024,
    RECV_ID = 1,
    ACCEPT_ID = 2,
    CANCEL_ID = 3,
    SEND_ID = 4,
    SEND_PARTS = 64, /* each is the page: more than the socket takes */
};
#define NOTHING_TOLD  (INT32_C(1) << 30)
#define PROBE_WAIT_NS (500 * EDDY_MILLISECOND)

typedef struct probe {
    eddy__uring_ring ring;
    unsigned char *page; /* places of the buffer ring, then the buffers */
    int pair[2];
    uint32_t armed; /* 1 << id of the operations that go on */
    int error;      /* what entering the ring was refused with: a sandbox may allow the rest */
} probe;

/* The next completion with that id, or false: none came in time. */
static bool probe_next(probe *self, uint64_t id, eddy__uring_cqe *out)
{
    eddy__uring_ring *ring = &self->ring;

    for (;;) {
        while (ring->cq_head != eddy__uring_ring_cq_tail(ring)) {
            *out = ring->cqes[ring->cq_head++ & ring->cq_mask];
            eddy__uring_ring_seen(ring);
            if ((out->flags & EDDY__URING_CQE_MORE) == 0)
                self->armed &= ~(1U << out->user_data);
            if (out->user_data == id)
                return true;
        }
        int got = eddy__uring_ring_enter_timeout(ring, 1, PROBE_WAIT_NS);

        if (got == -ETIME)
            return false;
        if (got < 0 && got != -EINTR) {
            self->error = got;
            return false;
        }
    }
}

/* An entry for an operation that goes on until it is cancelled. */
static eddy__uring_sqe *probe_arm(probe *self, uint8_t opcode, int fd, uint32_t id)
{
    eddy__uring_sqe *sqe = eddy__uring_ring_sqe(&self->ring);

    EDDY_ASSERT(sqe != NULL, "the self-test filled its ring of %d entries", PROBE_ENTRIES);
    sqe->opcode = opcode;
    sqe->fd = fd;
    sqe->user_data = id;
    self->armed |= 1U << id;
    return sqe;
}

/* Cancel the operation and wait for its end. False: it goes on. */
static bool probe_cancel(probe *self, uint32_t id)
{
    eddy__uring_cqe cqe;

    if ((self->armed & 1U << id) == 0)
        return true;
    probe_arm(self, EDDY__URING_OP_ASYNC_CANCEL, -1, CANCEL_ID)->addr = id;
    while ((self->armed & 1U << id) != 0) {
        if (!probe_next(self, id, &cqe))
            return false;
        if (id == ACCEPT_ID && cqe.res >= 0)
            (void)close(cqe.res);
    }
    return true;
}

/* Write `text` at one end: one receive must tell of exactly these bytes, and say that it goes on.
 * Where they are, or NULL. */
static unsigned char *probe_receive(probe *self, const char *text, eddy__uring_cqe *cqe)
{
    const uint32_t want = EDDY__URING_CQE_MORE | EDDY__URING_CQE_BUFFER;
    size_t len = strlen(text);

    if (send(self->pair[1], text, len, MSG_NOSIGNAL) != (ssize_t)len ||
        !probe_next(self, RECV_ID, cqe) || cqe->res != (int32_t)len || (cqe->flags & want) != want)
        return NULL;
    return self->page + BUFFERS_AT + (cqe->flags >> EDDY__URING_CQE_BUFFER_SHIFT) * BUFFER_BYTES;
}

/* Two receives of one submission, into buffers of the ring; if incremental, into the same one. */
static int probe_recv(probe *self, bool incremental)
{
    eddy__uring_sqe *sqe = probe_arm(self, EDDY__URING_OP_RECV, self->pair[0], RECV_ID);
    eddy__uring_cqe first, second;
    unsigned char *a, *b;
    int error = -EOPNOTSUPP;

    sqe->flags = EDDY__URING_SQE_BUFFER_SELECT;
    sqe->ioprio = EDDY__URING_RECV_MULTISHOT;
    a = probe_receive(self, "one", &first);
    b = a != NULL ? probe_receive(self, "other", &second) : NULL;
    if (b != NULL && incremental) {
        if (a == b && (first.flags & second.flags & EDDY__URING_CQE_BUF_MORE) != 0 &&
            memcmp(a, "oneother", 8) == 0)
            error = 0;
    } else if (b != NULL && a != b &&
               ((first.flags | second.flags) & EDDY__URING_CQE_BUF_MORE) == 0 &&
               memcmp(a, "one", 3) == 0 && memcmp(b, "other", 5) == 0) {
        error = 0;
    }
    /* The page may be freed only when the kernel writes into it no more. */
    if (!probe_cancel(self, RECV_ID))
        self->page = NULL;
    return self->error != 0 ? self->error : error;
}

/* Connect: the accept that is armed must tell of it, and say that it goes on. */
static bool probe_client(probe *self, const struct sockaddr_un *address, socklen_t len)
{
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    eddy__uring_cqe cqe = {.res = -1};
    bool works = client >= 0 && connect(client, (const struct sockaddr *)address, len) == 0 &&
                 probe_next(self, ACCEPT_ID, &cqe) && cqe.res >= 0 &&
                 (cqe.flags & EDDY__URING_CQE_MORE) != 0;

    if (cqe.res >= 0)
        (void)close(cqe.res);
    if (client >= 0)
        (void)close(client);
    return works;
}

/* One accept of one submission takes two connections. */
static bool probe_accept(probe *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof address;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool works = false;

    /* A bare family binds to a free abstract name. */
    if (listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0 &&
        listen(listener, 2) == 0 && getsockname(listener, (struct sockaddr *)&address, &len) == 0) {
        eddy__uring_sqe *sqe = probe_arm(self, EDDY__URING_OP_ACCEPT, listener, ACCEPT_ID);

        sqe->op_flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
        sqe->ioprio = EDDY__URING_ACCEPT_MULTISHOT;
        works = probe_client(self, &address, len) && probe_client(self, &address, len);
        (void)probe_cancel(self, ACCEPT_ID);
    }
    if (listener >= 0)
        (void)close(listener);
    return works;
}

/* What a send that is told of only when it falls short has come to, once it is submitted: the bytes
 * that left, -errno, or NOTHING_TOLD. */
static int32_t probe_send(probe *self, struct iovec *parts, size_t n)
{
    struct msghdr header = {.msg_iov = parts, .msg_iovlen = n};
    eddy__uring_sqe *sqe = probe_arm(self, EDDY__URING_OP_SENDMSG, self->pair[0], SEND_ID);
    eddy__uring_ring *ring = &self->ring;

    sqe->flags = EDDY__URING_SQE_CQE_SKIP_SUCCESS;
    sqe->op_flags = MSG_NOSIGNAL | MSG_WAITALL | MSG_DONTWAIT;
    sqe->addr = (uint64_t)(uintptr_t)&header;
    sqe->len = 1;
    if (eddy__uring_ring_enter(ring, 0, EDDY__URING_ENTER_GETEVENTS, NULL, 0) != 1)
        return -EIO;
    if (ring->cq_head == eddy__uring_ring_cq_tail(ring))
        return NOTHING_TOLD;
    self->armed &= ~(1U << SEND_ID);
    ring->cq_head++;
    eddy__uring_ring_seen(ring);
    return ring->cqes[(ring->cq_head - 1) & ring->cq_mask].res;
}

/* A send that does not wait is over when it was submitted, and told of only if some of it is left. */
static bool probe_sends(probe *self)
{
    struct iovec parts[SEND_PARTS];
    const int least = 1;
    int32_t some;

    for (size_t i = 0; i < SEND_PARTS; i++)
        parts[i] = (struct iovec){self->page, PAGE_BYTES};
    parts[0].iov_len = 1;
    if (probe_send(self, parts, 1) != NOTHING_TOLD)
        return false;
    self->armed &= ~(1U << SEND_ID);
    (void)setsockopt(self->pair[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    some = probe_send(self, parts, SEND_PARTS);
    if (some > 0 && some < NOTHING_TOLD && probe_send(self, parts + 1, 1) == -EAGAIN)
        return true;
    if (!probe_cancel(self, SEND_ID))
        self->page = NULL;
    return false;
}

static int probe_start(probe *self, bool incremental)
{
    int error = eddy__uring_ring_enable(&self->ring);
    eddy__uring_buf *places = (eddy__uring_buf *)(void *)self->page;

    if (error == 0)
        error = eddy__uring_ring_add_buffers(&self->ring, places, PLACES,
                                             incremental ? EDDY__URING_PBUF_INC : 0);
    if (error < 0)
        return error;
    for (uint32_t id = 0; id < PLACES; id++)
        eddy__uring_buf_put(places, PLACES - 1, (uint16_t)id,
                            self->page + BUFFERS_AT + (size_t)id * BUFFER_BYTES, BUFFER_BYTES,
                            (uint16_t)id);
    eddy__uring_buf_publish(places, PLACES);
    return 0;
}

/* Try everything on a ring of its own. */
static int probe_run(bool incremental, eddy__uring_abilities *out)
{
    probe self = {.page = NULL};
    void *page;
    int error = eddy__uring_ring_open(&self.ring, PROBE_ENTRIES, false);

    if (error < 0)
        return error;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, self.pair) < 0) {
        error = -errno;
        goto no_pair;
    }
    page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    self.page = page;
    if (page == MAP_FAILED) {
        error = -ENOMEM;
        goto no_page;
    }
    error = probe_start(&self, incremental);
    if (error == 0)
        error = probe_recv(&self, incremental);
    if (error == 0) {
        out->multishot_accept = probe_accept(&self);
        out->untold_sends = self.page != NULL && probe_sends(&self);
    }
    if (self.page != NULL)
        (void)munmap(page, PAGE_BYTES);
no_page:
    (void)close(self.pair[0]);
    (void)close(self.pair[1]);
no_pair:
    eddy__uring_ring_close(&self.ring, true);
    return error;
}

int eddy__uring_probe(eddy__uring_abilities *out)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static eddy__uring_abilities known;
    static int known_error;
    static bool done;
    int error;

    (void)pthread_mutex_lock(&lock);
    error = known_error;
    if (!done) {
        known = (eddy__uring_abilities){.incremental = true};
        error = probe_run(true, &known);
        if (error == -EINVAL || error == -EOPNOTSUPP) {
            known.incremental = false;
            error = probe_run(false, &known);
        }
        if (error == -EINVAL)
            error = -EOPNOTSUPP;
        known_error = error;
        done = error != -ENOMEM && error != -EMFILE && error != -ENFILE && error != -EAGAIN;
    }
    *out = known;
    (void)pthread_mutex_unlock(&lock);
    return error;
}
