/* SPDX-License-Identifier: MIT */
/*
 * passed.c - see passed.h.
 */
#include "sys/passed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sys/datagrams_io.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD 4 /* since Linux 6.5 */
#endif

_Static_assert(sizeof(struct ucred) == 3 * sizeof(int), "there is room for it in control data");

int eddy__passed_put(struct msghdr *to, const eddy_passed *passed)
{
    if (passed == NULL || passed->count == 0)
        return 0;
    if (passed->count > EDDY_PASSED_MAX)
        return -EINVAL;
    eddy__control_put(to, SOL_SOCKET, SCM_RIGHTS, passed->fds, passed->count * sizeof(int));
    return 0;
}

/* Room for credentials and time is there always: without it the kernel would say that something was cut
 * off. When these do not come, a few descriptors more than asked for do. */
size_t eddy__passed_room(const eddy_passed *passed)
{
    size_t room = passed == NULL ? 0 : passed->room;

    if (room > EDDY_PASSED_MAX)
        room = EDDY_PASSED_MAX;
    return EDDY__PASSED_RECV_BYTES - EDDY__PASSED_SEND_BYTES +
           (room == 0 ? 0 : CMSG_LEN(room * sizeof(int)));
}

/* Give or close. False: one was closed. */
static bool take_fds(const struct cmsghdr *head, eddy_passed *passed)
{
    size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    bool all = true;

    for (size_t i = 0; i < count; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
        if (passed != NULL && passed->count < passed->room) {
            passed->fds[passed->count++] = fd;
            continue;
        }
        (void)close(fd);
        all = false;
    }
    return all;
}

static void take_credentials(const struct cmsghdr *head, eddy_passed *passed)
{
    struct ucred them;

    if (passed == NULL)
        return;
    memcpy(&them, CMSG_DATA(head), sizeof them);
    passed->credentials =
        (eddy_unix_credentials){.pid = them.pid, .uid = them.uid, .gid = them.gid};
    passed->has_credentials = true;
}

bool eddy__passed_take(struct msghdr *from, eddy_passed *passed, bool *stamped)
{
    bool all = (from->msg_flags & MSG_CTRUNC) == 0;

    *stamped = false;
    if (passed != NULL) {
        passed->count = 0;
        passed->has_credentials = false;
    }
    for (struct cmsghdr *head = CMSG_FIRSTHDR(from); head != NULL; head = CMSG_NXTHDR(from, head)) {
        if (head->cmsg_level != SOL_SOCKET)
            continue;
        if (head->cmsg_type == SCM_RIGHTS)
            all = take_fds(head, passed) && all;
        else if (head->cmsg_type == SCM_CREDENTIALS)
            take_credentials(head, passed);
        else if (head->cmsg_type == SCM_TIMESTAMP)
            *stamped = true;
        else if (head->cmsg_type ==
                 SCM_PIDFD) /* an adopted socket may have been asked to tell it */
            (void)take_fds(head, NULL);
    }
    return all;
}
