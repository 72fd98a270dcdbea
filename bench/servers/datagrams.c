/* SPDX-License-Identifier: MIT */
/*
 * datagrams.c - datagrams in batches; see datagrams.h.
 */
#include "datagrams.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "common.h"

#define BATCH 64

static struct mmsghdr messages[BATCH];
static struct iovec places[BATCH];
static struct sockaddr_in senders[BATCH];
static char bytes[BATCH][SERVER_DATAGRAM_MAX];

static void message_reset(int i)
{
    places[i].iov_len = sizeof bytes[i];
    messages[i].msg_hdr.msg_namelen = sizeof senders[i];
}

void datagrams_init(void)
{
    for (int i = 0; i < BATCH; i++) {
        places[i].iov_base = bytes[i];
        messages[i].msg_hdr =
            (struct msghdr){.msg_name = &senders[i], .msg_iov = &places[i], .msg_iovlen = 1};
        message_reset(i);
    }
}

/* All of them; on loopback the buffer is hardly ever full, so waiting for it may hold the loop. */
static void send_back(int fd, int count)
{
    int sent = 0;

    while (sent < count) {
        int more = sendmmsg(fd, messages + sent, (unsigned)(count - sent), 0);

        if (more > 0)
            sent += more;
        else if (errno == EAGAIN || errno == ENOBUFS)
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1);
        else if (errno != EINTR)
            sent++; /* nobody is there any more */
    }
}

void datagrams_echo(int fd)
{
    int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);

    for (int i = 0; i < count; i++)
        places[i].iov_len = messages[i].msg_len;
    send_back(fd, count);
    for (int i = 0; i < count; i++)
        message_reset(i);
}
