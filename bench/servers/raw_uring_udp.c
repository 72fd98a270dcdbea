/* SPDX-License-Identifier: MIT */
/*
 * raw_uring_udp.c - one multishot receive, and a send for each datagram out of the buffer it came
 * into; all of a turn's are submitted at once.
 */
#include <errno.h>
#include <stdlib.h>

#include "raw_uring.h"

#define HEADER (sizeof(struct io_uring_recvmsg_out) + sizeof(struct sockaddr_in))

static const struct pool_shape shape = {
    .size = SERVER_DATAGRAM_MAX + HEADER, .first = 256, .most = 1024};

static int socket_fd;
static bool receiving;
/* What the kernel is to put before each datagram. */
static struct msghdr layout = {.msg_namelen = sizeof(struct sockaddr_in)};
/* A buffer's number is that of its message, too. */
static struct msghdr messages[POOL_MAX];
static struct iovec places[POOL_MAX];

static void receive(void)
{
    struct io_uring_sqe *sqe = ring_sqe();

    io_uring_prep_recvmsg_multishot(sqe, 0, &layout, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT | IOSQE_FIXED_FILE;
    sqe->buf_group = POOL_GROUP;
    sqe->user_data = ring_tag(NULL, OP_RECV);
    receiving = true;
}

static void answer(char *bytes, size_t size, unsigned buffer)
{
    struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(bytes, (int)size, &layout);
    struct io_uring_sqe *sqe;

    if (out == NULL || (out->flags & MSG_TRUNC) != 0) {
        pool_drop(buffer);
        return;
    }
    places[buffer].iov_base = io_uring_recvmsg_payload(out, &layout);
    places[buffer].iov_len = io_uring_recvmsg_payload_length(out, (int)size, &layout);
    messages[buffer].msg_name = io_uring_recvmsg_name(out);
    messages[buffer].msg_namelen = out->namelen;
    messages[buffer].msg_iov = &places[buffer];
    messages[buffer].msg_iovlen = 1;
    sqe = ring_sqe();
    io_uring_prep_sendmsg(sqe, 0, &messages[buffer], 0);
    sqe->flags |= IOSQE_FIXED_FILE;
    /* The message's address tells the buffer's number again. */
    sqe->user_data = ring_tag(&messages[buffer], OP_SEND);
}

static void received(void *object, const struct io_uring_cqe *cqe)
{
    (void)object;
    if (cqe->res > 0)
        answer(pool_take(cqe), (size_t)cqe->res, pool_buffer_of(cqe));
    else
        pool_take_nothing(cqe);
    if (cqe->res == -ENOBUFS)
        pool_grow();
    if (!(cqe->flags & IORING_CQE_F_MORE))
        receiving = false;
}

static void sent(void *object, const struct io_uring_cqe *cqe)
{
    (void)cqe;
    pool_drop((unsigned)((struct msghdr *)object - messages));
}

static void after(void)
{
    pool_publish();
    if (!receiving && pool.at_kernel > 0)
        receive();
}

void raw_uring_udp(const struct server_args *args)
{
    static const struct mode_hooks hooks = {
        .done = {[OP_RECV] = received, [OP_SEND] = sent},
        .after = after,
    };
    int error;

    socket_fd = server_udp(args->port);
    error = io_uring_register_files(&ring, &socket_fd, 1);
    if (error < 0) {
        errno = -error;
        server_die("io_uring_register_files");
    }
    pool_start(&shape);
    receive();
    ring_run(&hooks);
}
