/* SPDX-License-Identifier: MIT */
/*
 * dgram.c - a datagram socket as an object of the loop: making it, connecting it, ending it.
 */
#include <errno.h>

#include "net/dgram.h"
#include "sys/datagrams_unix.h"

static eddy_dgram *dgram_of(eddy__source *source)
{
    return EDDY__CONTAINER(eddy__ready_of(source), eddy_dgram, ready);
}

static void dgram_tend(eddy__source *source)
{
    (void)source; /* never asked for */
}

/* The path of a Unix socket goes before the socket does. */
static void remove_path(eddy_dgram *self)
{
    eddy__system *system = eddy__dgram_system(self);

    if (self->place.ours)
        system->type->unix_sockets->remove(system, &self->place);
}

static void dgram_ended(eddy__source *source)
{
    eddy_dgram *self = dgram_of(source);

    eddy__alarm_stop(source->core, &self->retry);
    remove_path(self);
}

static const eddy__source_type dgram_type = {
    .name = "datagram socket",
    .size_bytes = sizeof(eddy_dgram),
    .event = eddy__ready_event,
    .tend = dgram_tend,
    .ended = dgram_ended,
};

/* ---- making one ---- */

int eddy__dgram_calls(eddy_core *core, const char *verb, const eddy__datagrams **calls)
{
    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, verb);
    *calls = core->driver->system->type->datagrams;
    return *calls != NULL ? 0 : -EOPNOTSUPP;
}

int eddy__dgram_new(eddy_core *core, int fd, eddy__datagram_sort sort, eddy_dgram **out)
{
    eddy__ready *ready;
    eddy_dgram *self;
    /* Until it turns out otherwise: so nothing that is there has to wait for the next turn. */
    int error =
        eddy__ready_new(core, &dgram_type, fd, EDDY__IS_READABLE | EDDY__IS_WRITABLE, &ready);

    if (error != 0)
        return error;
    self = EDDY__CONTAINER(ready, eddy_dgram, ready);
    self->system = core->driver->system;
    self->calls = self->system->type->datagrams;
    self->sort = (uint8_t)sort;
    eddy__alarm_init(&self->retry, eddy__dgram_retry);
    if (sort == EDDY__DATAGRAM_SEQPACKET)
        (void)self->calls->unix_names->tell_end(self->system, fd);
    *out = self;
    return 0;
}

static bool options_hold(const eddy_dgram_options *options)
{
    return options->size_bytes == sizeof *options && options->recv_buffer <= INT32_MAX &&
           options->send_buffer <= INT32_MAX &&
           (unsigned)options->dual_stack <= EDDY_DUAL_STACK_OFF;
}

/* What is not asked for is left as the system has it. */
static int set_options(eddy__system *system, int fd, const eddy_dgram_options *options)
{
    const struct {
        eddy__datagram_option option;
        int value; /* 0: not asked for */
    } asked[] = {
        {EDDY__DATAGRAM_BROADCAST, options->broadcast},
        {EDDY__DATAGRAM_TELL_LOCAL, options->tell_local},
        {EDDY__DATAGRAM_TELL_CLASS, options->tell_class},
        {EDDY__DATAGRAM_JOIN_SEGMENTS, options->join_segments},
        {EDDY__DATAGRAM_RECV_BUFFER, (int)options->recv_buffer},
        {EDDY__DATAGRAM_SEND_BUFFER, (int)options->send_buffer},
    };
    int error = 0;

    for (size_t i = 0; error == 0 && i < sizeof asked / sizeof asked[0]; i++) {
        if (asked[i].value != 0)
            error = system->type->datagrams->set(system, fd, asked[i].option, asked[i].value);
    }
    return error;
}

/* Options first: the first datagram that comes finds them. */
static int prepare(eddy__system *system, int fd, const eddy_addr *addr,
                   const eddy_dgram_options *options)
{
    const signed char only_v6[] = {-1, 0, 1};
    eddy__datagram_bind how = {
        .reuse_address = options->reuse_address,
        .reuse_port = options->reuse_port,
        .only_v6 = only_v6[options->dual_stack],
    };
    int error = set_options(system, fd, options);

    return error == 0 ? system->type->datagrams->bind(system, fd, addr, &how) : error;
}

int eddy_dgram_bind(eddy_handle *handle, const eddy_addr *addr, const eddy_dgram_options *options,
                    eddy_dgram **out)
{
    const eddy_dgram_options defaults = {.size_bytes = sizeof defaults};
    const eddy__datagrams *calls;
    eddy__system *system;
    int error = eddy__dgram_calls(handle->core, "eddy_dgram_bind", &calls);
    int fd;

    if (error != 0)
        return error;
    if (options == NULL)
        options = &defaults;
    if (addr->family == EDDY_ADDR_NONE || !options_hold(options))
        return -EINVAL;
    system = handle->core->driver->system;
    fd = calls->open(system, addr);
    if (fd < 0)
        return fd;
    error = prepare(system, fd, addr, options);
    if (error == 0)
        error = eddy__dgram_new(handle->core, fd, EDDY__DATAGRAM_IP, out);
    if (error != 0)
        system->type->close(system, fd);
    else
        (*out)->joins = options->join_segments;
    return error;
}

/* What an adopted socket has been told before. */
static void learn(eddy_dgram *self, int fd)
{
    eddy__system *system = eddy__dgram_system(self);
    eddy_addr peer;
    int joins = 0;

    self->connected = system->type->peer_addr(system, fd, &peer) == 0;
    if (self->sort == EDDY__DATAGRAM_IP)
        (void)self->calls->get(system, fd, EDDY__DATAGRAM_JOIN_SEGMENTS, &joins);
    self->joins = joins != 0;
}

int eddy_dgram_adopt(eddy_handle *handle, int fd, eddy_dgram **out)
{
    const eddy__datagrams *calls;
    eddy__datagram_sort sort;
    int error = eddy__dgram_calls(handle->core, "eddy_dgram_adopt", &calls);

    if (error == 0)
        error = calls->adopt(handle->core->driver->system, fd, &sort);
    if (error == 0)
        error = eddy__dgram_new(handle->core, fd, sort, out);
    if (error == 0)
        learn(*out, fd);
    return error;
}

/* ---- connecting ---- */

int eddy__dgram_fd(const eddy_dgram *self, const char *verb)
{
    if (eddy__dgram_core(self)->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(eddy__dgram_core(self), verb);
    return self->ready.source.slot.fd;
}

int eddy_dgram_connect(eddy_dgram *self, const eddy_addr *to)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_connect");
    int error;

    if (fd < 0)
        return fd;
    if (to->family == EDDY_ADDR_NONE)
        return -EINVAL;
    error = self->calls->connect(eddy__dgram_system(self), fd, to);
    if (error == 0)
        self->connected = true;
    return error;
}

int eddy_dgram_disconnect(eddy_dgram *self)
{
    const eddy_addr nobody = {.family = EDDY_ADDR_NONE};
    int fd = eddy__dgram_fd(self, "eddy_dgram_disconnect");
    int error;

    if (fd < 0)
        return fd;
    error = self->calls->connect(eddy__dgram_system(self), fd, &nobody);
    if (error == 0)
        self->connected = false;
    return error;
}

/* ---- what it is ---- */

int eddy_dgram_local_addr(const eddy_dgram *self, eddy_addr *addr)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_local_addr");
    eddy__system *system;

    if (fd < 0)
        return fd;
    system = eddy__dgram_system(self);
    return system->type->local_addr(system, fd, addr);
}

int eddy_dgram_peer_addr(const eddy_dgram *self, eddy_addr *addr)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_peer_addr");
    eddy__system *system;

    if (fd < 0)
        return fd;
    system = eddy__dgram_system(self);
    return system->type->peer_addr(system, fd, addr);
}

int eddy_dgram_fd(const eddy_dgram *self)
{
    return eddy__dgram_fd(self, "eddy_dgram_fd");
}

/* ---- ending ---- */

static void free_it(eddy_dgram *self)
{
    if (!eddy__dgram_core(self)->gone) {
        eddy__core_check(eddy__dgram_core(self), "eddy_dgram_free");
        eddy__alarm_stop(eddy__dgram_core(self), &self->retry);
        remove_path(self);
    }
    eddy__ready_free(&self->ready);
}

static void check_whole(const eddy_dgram *self)
{
    EDDY_ASSERT(self->halves == 0, "a datagram socket is freed that was given to a stream and a "
                                   "sink: it goes with them");
}

int eddy_dgram_into_fd(eddy_dgram *self)
{
    int fd = eddy__dgram_fd(self, "eddy_dgram_into_fd");

    check_whole(self);
    self->place.ours = false;
    self->ready.source.slot.keep_fd = true;
    free_it(self);
    return fd;
}

void eddy_dgram_free(eddy_dgram *self)
{
    if (self == NULL)
        return;
    check_whole(self);
    free_it(self);
}

void eddy__dgram_half_free(eddy_dgram *self)
{
    if (--self->halves == 0)
        free_it(self);
}
