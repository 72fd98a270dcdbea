/* SPDX-License-Identifier: MIT */
/*
 * net_backend.h - private to net_*.c: what a raw peer (net.h) is made of, once for the kernel's
 * sockets and once for those of the simulated host that the loops of EDDY_DRIVER=sim live on.
 *
 * Each function is the verb of net.h that has its name, and fails the test in the same cases. A
 * simulated verb that would block lets the room's time go on, for ten seconds at most; what it has
 * sent is there when it returns, as over the kernel's loopback.
 */
#ifndef EDDY_TEST_NET_BACKEND_H
#define EDDY_TEST_NET_BACKEND_H

#include "eddy/unix.h"
#include "net.h"

typedef struct test_net {
    /* A blocking TCP socket of the address's family. */
    int (*socket)(const eddy_addr *addr);
    int (*listen)(const eddy_addr *at, int backlog);
    /* Bound, but nobody listens. */
    int (*bind)(const eddy_addr *at);
    eddy_addr (*local_addr)(int fd);
    void (*connect_to)(int fd, const eddy_addr *addr);
    void (*connect_later)(int fd, const eddy_addr *addr);
    int (*accept)(int listener);
    int (*try_accept)(int listener);
    long (*send)(int fd, const void *data, size_t len); /* waits; bytes, or -errno */
    long (*recv)(int fd, void *memory, size_t len);     /* waits; bytes, 0, or -errno */
    long (*try_send)(int fd, const void *data, size_t len);
    long (*try_recv)(int fd, void *memory, size_t len);
    void (*shutdown)(int fd);
    void (*close)(int fd);
    void (*reset)(int fd);
    void (*small_buffers)(int fd);
    void (*small_segments)(int fd);
    bool (*is_careful)(int fd);
    bool (*path_is_there)(const char *path);
    eddy_unix_credentials (*ourselves)(void);
    int (*flags)(int fd);
    int (*open_fds)(void);
    int (*fds_forbid)(void);
    void (*fds_allow)(int before);
} test_net;

extern const test_net test_net_kernel, test_net_sim;

/* A simulated room that only this is kept for goes. */
void test_net_sim_rest(void);

#endif
