/* SPDX-License-Identifier: MIT */
/*
 * unix.c - the names of a simulated host; its Unix stream sockets: connecting, listening, pairs. See
 * unix.h.
 */
#include "sim/unix.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "eddy/unix.h"
#include "sim/unix_dgram.h"

/* A name that is taken. */
typedef struct name {
    eddy__node of_host;
    eddy_unix_addr addr;
    eddy__sim_socket *socket; /* whose it is; NULL: a path that was left behind */
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

static bool is_of_sort(const name *self, eddy__datagram_sort sort)
{
    return self->addr.kind == EDDY_UNIX_PATH || self->socket->named->sort == sort;
}

/* NULL: nobody has it. `sort`: of an abstract one. */
static name *find_name(const eddy__sim_host *host, const eddy_unix_addr *addr,
                       eddy__datagram_sort sort)
{
    EDDY__LIST_FOR_EACH (node, &host->names) {
        name *it = EDDY__CONTAINER(node, name, of_host);

        if (same_name(&it->addr, addr) && is_of_sort(it, sort))
            return it;
    }
    return NULL;
}

static bool is_stale(const name *self)
{
    return self->addr.kind == EDDY_UNIX_PATH && self->socket == NULL;
}

/* An abstract one, as the kernel gives to who asks for none. */
static eddy_unix_addr next_name(eddy__sim_host *host, eddy__datagram_sort sort)
{
    eddy_unix_addr addr = {.kind = EDDY_UNIX_ABSTRACT, .len = 5};

    do {
        char text[16];

        (void)snprintf(text, sizeof text, "%05x", (unsigned)(++host->names_given & 0xFFFFF));
        memcpy(addr.name, text, addr.len);
    } while (find_name(host, &addr, sort) != NULL);
    return addr;
}

/* 0, -EADDRINUSE, -ENOMEM. */
static int take_name(eddy__sim_socket *self, const eddy_unix_addr *addr, bool replace_stale,
                     name **out)
{
    eddy__sim_host *host = self->host;
    name *it = find_name(host, addr, self->named->sort);

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

static void fill_place(const name *it, eddy__unix_place *place)
{
    place->ours = it->addr.kind == EDDY_UNIX_PATH;
    place->inode = it->inode;
    place->addr = it->addr;
}

int eddy__sim_named_bind(eddy__sim_socket *self, const eddy_unix_addr *addr, bool replace_stale,
                         eddy__unix_place *place)
{
    eddy_unix_addr local =
        addr->kind == EDDY_UNIX_UNNAMED ? next_name(self->host, self->named->sort) : *addr;
    name *it;
    int error = take_name(self, &local, replace_stale, &it);

    *place = (eddy__unix_place){.ours = false};
    if (error != 0)
        return error;
    self->named->local = local;
    fill_place(it, place);
    return 0;
}

int eddy__sim_named_find(const eddy__sim_socket *self, const eddy_unix_addr *addr,
                         eddy__sim_socket **out)
{
    const name *it = find_name(self->host, addr, self->named->sort);

    if (it == NULL && addr->kind == EDDY_UNIX_PATH)
        return -ENOENT;
    if (it == NULL || it->socket == NULL)
        return -ECONNREFUSED;
    *out = it->socket;
    return it->socket->named->sort == self->named->sort ? 0 : -EPROTOTYPE;
}

/* ---- sockets ---- */

bool eddy__sim_named_equip(eddy__sim_socket *self, eddy__datagram_sort sort)
{
    self->named = eddy__calloc(self->host->sim->allocator, sizeof *self->named);
    if (self->named == NULL)
        return false;
    self->named->sort = sort;
    self->options[EDDY__SOCKET_NODELAY] = 1;
    return true;
}

/* With a descriptor; NULL: *error says why. */
static eddy__sim_socket *open_named(eddy__sim_host *host, int *error)
{
    eddy__sim_socket *self = eddy__sim_socket_open(host, false, error);

    if (self == NULL || eddy__sim_named_equip(self, EDDY__DATAGRAM_STREAM))
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
    if (!eddy__sim_named_equip(child, EDDY__DATAGRAM_STREAM) ||
        eddy__sim_tcp_marry(client, child) != 0) {
        eddy__sim_socket_free(child);
        return NULL;
    }
    child->named->local = listener->named->local;
    client->named->peer = listener->named->local;
    return child;
}

static int connect_to(eddy__sim_socket *self, const eddy_unix_addr *to)
{
    eddy__sim_socket *listener, *child;
    int error = eddy__sim_named_find(self, to, &listener);

    if (error != 0)
        return error;
    if (eddy__sim_tcp_is_full(listener))
        return -EAGAIN;
    child = make_child(listener, self);
    if (child == NULL)
        return -ENOMEM;
    eddy__sim_tcp_queue(listener, child);
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

static int unix_listen(eddy__system *system, const eddy_unix_addr *addr,
                       const eddy__unix_listen *options, eddy__unix_place *place)
{
    int error;
    eddy__sim_socket *self = open_named(eddy__sim_host_of(system), &error);

    *place = (eddy__unix_place){.ours = false};
    if (self == NULL)
        return error;
    error = eddy__sim_named_bind(self, addr, options->replace_stale, place);
    if (error != 0) {
        eddy__sim_socket_undo(self);
        return error;
    }
    eddy__sim_tcp_listen(self, options->backlog);
    return self->fd;
}

/* A host that is down changes no files any more. */
static void unix_remove(eddy__system *system, eddy__unix_place *place)
{
    eddy__sim_host *host = eddy__sim_host_of(system);
    name *it = find_name(host, &place->addr, EDDY__DATAGRAM_STREAM);

    if (!place->ours || host->down)
        return;
    place->ours = false;
    if (it != NULL && it->inode == place->inode)
        free_name(host, it);
}

static int unix_is_stale(eddy__system *system, const eddy_unix_addr *addr)
{
    const name *it = NULL;

    if (addr->kind == EDDY_UNIX_PATH)
        it = find_name(eddy__sim_host_of(system), addr, EDDY__DATAGRAM_STREAM);
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
    if (self->mailbox != NULL)
        return eddy__sim_mailbox_peer(self, out);
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
    if (self->named->knows_nobody)
        *out = (eddy_unix_credentials){.pid = 0, .uid = UINT32_MAX, .gid = UINT32_MAX};
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
