/* SPDX-License-Identifier: MIT */
/*
 * unixes.h - for tests of Unix sockets: a folder of their own, names in it, and plain blocking
 * sockets of the kernel. Included once per test program.
 */
#ifndef EDDY_TEST_UNIXES_H
#define EDDY_TEST_UNIXES_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/net.h"
#include "eddy/unix.h"
#include "sys/unix.h"

static char unixes_folder[64];

/* Group set-up and tear-down: the folder must be empty in the end. */
static int unixes_begin(void **state)
{
    (void)state;
    strcpy(unixes_folder, "/tmp/eddy-unix-XXXXXX");
    return mkdtemp(unixes_folder) == NULL ? -1 : 0;
}

static int unixes_end(void **state)
{
    (void)state;
    return rmdir(unixes_folder);
}

/* The path of that name in the folder; two at a time. */
static inline const char *path_of(const char *name)
{
    static char paths[2][128];
    static unsigned at;
    char *path = paths[at++ % 2];

    assert_true(snprintf(path, sizeof *paths, "%s/%s", unixes_folder, name) < (int)sizeof *paths);
    return path;
}

static inline eddy_unix_addr at_path(const char *name)
{
    const char *path = path_of(name);
    eddy_unix_addr addr;

    assert_int_equal(eddy_unix_addr_path(path, strlen(path), &addr), 0);
    return addr;
}

static inline bool is_there(const char *name)
{
    return test_path_is_there(path_of(name));
}

static inline eddy_listener *listener_at(eddy_core *core, const eddy_unix_addr *addr)
{
    eddy_listener *listener;

    assert_int_equal(eddy_unix_listen(eddy_core_handle(core), addr, NULL, &listener), 0);
    return listener;
}

static inline eddy_unix *connect_to(eddy_core *core, const eddy_unix_addr *addr)
{
    eddy_unix *client;

    assert_int_equal(eddy_unix_connect(eddy_core_handle(core), addr, &client), 0);
    return client;
}

/* A socket of the kernel that is bound, and listens when `backlog` >= 0. */
static inline int raw_bound(const eddy_unix_addr *addr, int type, int backlog)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__unix_sockaddr_from(addr, &storage);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&storage, size), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* One that is connected, or -errno; waits for nothing. */
static inline int raw_connected(const eddy_unix_addr *addr)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__unix_sockaddr_from(addr, &storage);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&storage, size) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

#endif
