/* SPDX-License-Identifier: MIT */
/*
 * unix.c - Unix stream sockets of a simulated host: names, connecting, listening, pairs. See unix.h.
 */
#include "sim/unix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "eddy/unix.h"

/* A name that is taken. */
typedef struct name {
    eddy__node of_host;
    eddy_unix_addr addr;
    eddy__sim_socket *socket; /* who listens there; NULL: a path that was left behind */
    uint64_t inode;           /* of a path: another one each time that it is made */
} name;

/* ---- names ---- */

void eddy__sim_names_init(eddy__sim_host *host)
{
    eddy__list_init(&host->names);
}

static void free_name(eddy__sim_host *host, name *self)
{
    eddy__list_remove(&self->of_host);
    eddy__free(host->sim->allocator, self, sizeof *self);
}

void eddy__sim_names_free(eddy__sim_host *host)
{
    while (!eddy__list_empty(&host->names))
        free_name(host, EDDY__CONTAINER(host->names.next, name, of_host));
}

static bool same_name(const eddy_unix_addr *a, const eddy_unix_addr *b)
{
    return a->kind == b->kind && a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
}

/* NULL: nobody has it. */
static name *find_name(const eddy__sim_host *host, const eddy_unix_addr *addr)
{
    EDDY__LIST_FOR_EACH (node, &host->names) {
        name *it = EDDY__CONTAINER(node, name, of_host);

        if (same_name(&it->addr, addr))
            return it;
    }
    return NULL;
}

static bool is_stale(const name *self)
{
    return self->addr.kind == EDDY_UNIX_PATH && self->socket == NULL;
}

/* An abstract one, as the kernel gives to who asks for none. */
static eddy_unix_addr next_name(eddy__sim_host *host)
{
    eddy_unix_addr addr = {.kind = EDDY_UNIX_ABSTRACT, .len = 5};

    do {
        char text[16];

        (void)snprintf(text, sizeof text, "%05x", (unsigned)(++host->names_given & 0xFFFFF));
        memcpy(addr.name, text, addr.len);
    } while (find_name(host, &addr) != NULL);
    return addr;
}

/* 0, -EADDRINUSE, -ENOMEM. */
static int take_name(eddy__sim_socket *self, const eddy_unix_addr *addr, bool replace_stale,
                     name **out)
{
    eddy__sim_host *host = self->host;
    name *it = find_name(host, addr);

    if (it != NULL && !(replace_stale && is_stale(it)))
        return -EADDRINUSE;
    if (it == NULL) {
        it = eddy__calloc(host->sim->allocator, sizeof *it);
        if (it == NULL)
            return -ENOMEM;
        it->addr = *addr;
        eddy__list_append(&host->names, &it->of_host);
    }
    it->socket = self;
    it->inode = ++host->inodes;
    *out = it;
    return 0;
}

/* ---- sockets ---- */

static bool equip(eddy__sim_socket *self)
{
    self->named = eddy__calloc(self->host->sim->allocator, sizeof *self->named);
    self->options[EDDY__SOCKET_NODELAY] = 1;
    return self->named != NULL;
}

/* With a descriptor; NULL: *error says why. */
static eddy__sim_socket *open_named(eddy__sim_host *host, int *error)
{
    eddy__sim_socket *self = eddy__sim_socket_open(host, false, error);

    if (self == NULL || equip(self))
        return self;
    eddy__sim_socket_undo(self);
    *error = -ENOMEM;
    return NULL;
}

void eddy__sim_named_free(eddy__sim_socket *self)
{
    EDDY__LIST_FOR_EACH_SAFE (node, next, &self->host->names) {
        name *it = EDDY__CONTAINER(node, name, of_host);

        if (it->socket != self)
            continue;
        it->socket = NULL;
        if (it->addr.kind == EDDY_UNIX_ABSTRACT)
            free_name(self->host, it);
    }
    eddy__free(self->host->sim->allocator, self->named, sizeof *self->named);
}

void eddy__sim_named_mark(const eddy__sim_socket *self, eddy__sim_header *header)
{
    if (self->fd >= 0 || self->listener != NULL)
        return;
    header->flags |= EDDY__SIM_GONE;
    if (self->named->left_unread)
        header->error = -ECONNRESET;
}

void eddy__sim_named_heed(eddy__sim_socket *self, const eddy__sim_header *header)
{
    eddy__sim_named *named = self->named;

    if ((header->flags & EDDY__SIM_GONE) == 0 || !self->fin_received)
        return;
    named->gone = true;
    if (header->error != 0 && !named->was_told) {
        named->was_told = true;
        self->error = header->error;
    }
    eddy__sim_tell(self);
}

bool eddy__sim_named_has(eddy__socket_option option)
{
    return option == EDDY__SOCKET_RECV_BUFFER || option == EDDY__SOCKET_SEND_BUFFER ||
           option == EDDY__SOCKET_KEEPALIVE || option == EDDY__SOCKET_LINGER;
}

/* ---- connecting ---- */

/* Who is to be accepted; NULL: no memory. */
static eddy__sim_socket *make_child(eddy__sim_socket *listener, eddy__sim_socket *client)
{
    eddy__sim_socket *child = eddy__sim_socket_new(listener->host, false);

    if (child == NULL)
        return NULL;
    if (!equip(child) || eddy__sim_tcp_marry(client, child) != 0) {
        eddy__sim_socket_free(child);
        return NULL;
    }
    child->named->local = listener->named->local;
    client->named->peer = listener->named->local;
    return child;
}

static int connect_to(eddy__sim_socket *self, const eddy_unix_addr *to)
{
    const name *it = find_name(self->host, to);
    eddy__sim_socket *child;

    if (it == NULL && to->kind == EDDY_UNIX_PATH)
        return -ENOENT;
    if (it == NULL || it->socket == NULL)
        return -ECONNREFUSED;
    if (eddy__sim_tcp_is_full(it->socket))
        return -EAGAIN;
    child = make_child(it->socket, self);
    if (child == NULL)
        return -ENOMEM;
    eddy__sim_tcp_queue(it->socket, child);
    return 0;
}

static int unix_connect(eddy__system *system, const eddy_unix_addr *to)
{
    int error;
    eddy__sim_socket *self;

    if (to->kind == EDDY_UNIX_UNNAMED)
        return -EINVAL;
    self = open_named(eddy__sim_host_of(system), &error);
    if (self == NULL)
        return error;
    error = connect_to(self, to);
    if (error == 0)
        return self->fd;
    eddy__sim_socket_undo(self);
    return error;
}

static int unix_pair(eddy__system *system, int fds[2])
{
    int error;
    eddy__sim_socket *a = open_named(eddy__sim_host_of(system), &error), *b;

    if (a == NULL)
        return error;
    b = open_named(eddy__sim_host_of(system), &error);
    if (b != NULL)
        error = eddy__sim_tcp_marry(a, b);
    if (b != NULL && error == 0) {
        fds[0] = a->fd;
        fds[1] = b->fd;
        return 0;
    }
    if (b != NULL)
        eddy__sim_socket_undo(b);
    eddy__sim_socket_undo(a);
    return error;
}

/* ---- listening ---- */

static void fill_place(const name *it, eddy__unix_place *place)
{
    place->ours = it->addr.kind == EDDY_UNIX_PATH;
    place->inode = it->inode;
    place->addr = it->addr;
}

static int unix_listen(eddy__system *system, const eddy_unix_addr *addr,
                       const eddy__unix_listen *options, eddy__unix_place *place)
{
    int error;
    eddy__sim_host *host = eddy__sim_host_of(system);
    eddy__sim_socket *self = open_named(host, &error);
    name *it;

    *place = (eddy__unix_place){.ours = false};
    if (self == NULL)
        return error;
    self->named->local = addr->kind == EDDY_UNIX_UNNAMED ? next_name(host) : *addr;
    error = take_name(self, &self->named->local, options->replace_stale, &it);
    if (error != 0) {
        eddy__sim_socket_undo(self);
        return error;
    }
    fill_place(it, place);
    eddy__sim_tcp_listen(self, options->backlog);
    return self->fd;
}

/* A host that is down changes no files any more. */
static void unix_remove(eddy__system *system, eddy__unix_place *place)
{
    eddy__sim_host *host = eddy__sim_host_of(system);
    name *it = find_name(host, &place->addr);

    if (!place->ours || host->down)
        return;
    place->ours = false;
    if (it != NULL && it->inode == place->inode)
        free_name(host, it);
}

static int unix_is_stale(eddy__system *system, const eddy_unix_addr *addr)
{
    const name *it = find_name(eddy__sim_host_of(system), addr);

    return it != NULL && is_stale(it);
}

/* ---- what is told ---- */

/* NULL: it is none; *error says why. */
static const eddy__sim_socket *find(eddy__system *system, int fd, int *error)
{
    const eddy__sim_socket *self = eddy__sim_socket_of(eddy__sim_host_of(system), fd);

    *error = self == NULL ? -EBADF : -EAFNOSUPPORT;
    return self != NULL && self->named != NULL ? self : NULL;
}

static int unix_local_name(eddy__system *system, int fd, eddy_unix_addr *out)
{
    int error;
    const eddy__sim_socket *self = find(system, fd, &error);

    if (self == NULL)
        return error;
    *out = self->named->local;
    return 0;
}

static int unix_peer_name(eddy__system *system, int fd, eddy_unix_addr *out)
{
    int error;
    const eddy__sim_socket *self = find(system, fd, &error);

    if (self == NULL)
        return error;
    if (self->state != EDDY__SIM_TCP_OPEN || self->named->gone)
        return -ENOTCONN;
    *out = self->named->peer;
    return 0;
}

/* All programs of a host are one process, of its administrator. */
static int unix_credentials(eddy__system *system, int fd, eddy_unix_credentials *out)
{
    int error;
    const eddy__sim_socket *self = find(system, fd, &error);

    if (self == NULL)
        return error;
    *out = (eddy_unix_credentials){.pid = (int32_t)self->host->index + 1};
    return 0;
}

const eddy__unix_sockets eddy__sim_unix_sockets = {
    .connect = unix_connect,
    .listen = unix_listen,
    .remove = unix_remove,
    .is_stale = unix_is_stale,
    .pair = unix_pair,
    .local_name = unix_local_name,
    .peer_name = unix_peer_name,
    .credentials = unix_credentials,
};
