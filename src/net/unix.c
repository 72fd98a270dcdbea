/* SPDX-License-Identifier: MIT */
/*
 * unix.c - Unix stream sockets: where streams and listeners of that kind come from, and their names.
 * All else is tcp_*.c and listener.c: once it is connected, a stream is a stream.
 *
 * A connection stands at once, or is refused; but whoever listens may have no room, and nobody tells
 * when he has. Then the stream waits without a descriptor, and an alarm tries again.
 */
#include "eddy/unix.h"

#include <errno.h>

#include "eddy/explore.h"
#include "net/tcp.h"
#include "sys/unix.h"

#define RETRY_MIN_NS EDDY_MILLISECOND
#define RETRY_MAX_NS (64 * EDDY_MILLISECOND)

/* What a stream has that was connected to a name: while it tries, and for the note of an error. */
typedef struct eddy__dial {
    eddy_tcp *tcp;
    eddy__alarm alarm;
    int64_t delay_ns;
    eddy_unix_addr to;
} eddy__dial;

static const eddy__unix_sockets *sockets_of(const eddy_core *core)
{
    return core->driver->system->type->unix_sockets;
}

static eddy__dial *dial_of(eddy_tcp *self)
{
    return EDDY__CONTAINER(self->extra->name, eddy__dial, to);
}

void eddy__unix_dial_free(eddy_tcp *self)
{
    eddy_core *core = self->source.core;
    eddy__dial *dial = dial_of(self);

    eddy__alarm_stop(core, &dial->alarm);
    eddy__slab_free(&core->slab, dial, sizeof *dial);
    self->extra->name = NULL;
}

/* ---- connecting ---- */

/* As the driver would tell it. Nothing is there yet that could be of use after a failure. */
static void connected(eddy_tcp *self, int result)
{
    eddy__event event = {.slot = &self->source.slot, .type = EDDY__CONNECTED, .result = result};

    self->source.type->event(&self->source, &event);
}

/* The descriptor is the stream's now. */
static void attach(eddy_tcp *self, int fd)
{
    eddy__system *system = self->source.core->driver->system;
    int error = eddy__source_attach(&self->source, fd, EDDY__SLOT_STREAM);

    if (error != 0)
        system->type->close(system, fd);
    connected(self, error);
}

static void try_connect(eddy_tcp *self)
{
    eddy_core *core = self->source.core;
    eddy__dial *dial = dial_of(self);
    int fd = sockets_of(core)->connect(core->driver->system, &dial->to);

    if (fd >= 0) {
        attach(self, fd);
    } else if (fd != -EAGAIN) {
        connected(self, fd);
    } else {
        EDDY_SOMETIMES("unix: whoever listens has no room");
        dial->delay_ns = dial->delay_ns == 0 ? RETRY_MIN_NS : 2 * dial->delay_ns;
        if (dial->delay_ns > RETRY_MAX_NS)
            dial->delay_ns = RETRY_MAX_NS;
        eddy__alarm_start(core, &dial->alarm, dial->delay_ns);
    }
}

static void retry(eddy__alarm *alarm)
{
    try_connect(EDDY__CONTAINER(alarm, eddy__dial, alarm)->tcp);
}

/* A stream that is about to connect. NULL: no memory. */
static eddy_tcp *dial_new(eddy_core *core, const eddy_unix_addr *to)
{
    eddy__dial *dial = eddy__slab_alloc(&core->slab, sizeof *dial);
    eddy_tcp *self = dial == NULL ? NULL : eddy__tcp_new_unattached(core);

    if (self != NULL && eddy__tcp_extra_get(self) == NULL) {
        eddy__source_release(&self->source);
        self = NULL;
    }
    if (self == NULL) {
        eddy__slab_free(&core->slab, dial, sizeof *dial);
        return NULL;
    }
    *dial = (eddy__dial){.tcp = self, .to = *to};
    eddy__alarm_init(&dial->alarm, retry);
    self->extra->name = &dial->to;
    self->source.flags |= EDDY__TCP_CONNECTING | EDDY__SOURCE_ENDS;
    return self;
}

int eddy_unix_connect(eddy_handle *handle, const eddy_unix_addr *to, eddy_unix **out)
{
    eddy_core *core = handle->core;
    eddy_tcp *self;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_unix_connect");
    if (sockets_of(core) == NULL)
        return -EAFNOSUPPORT;
    if (to->kind == EDDY_UNIX_UNNAMED)
        return -EINVAL;
    self = dial_new(core, to);
    if (self == NULL)
        return -ENOMEM;
    try_connect(self);
    *out = self;
    return 0;
}

/* ---- pairs ---- */

int eddy_unix_pair(eddy_handle *handle, eddy_unix **a, eddy_unix **b)
{
    eddy_core *core = handle->core;
    eddy__system *system;
    eddy_tcp *first = NULL;
    int fds[2];
    int error;

    if (core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(core, "eddy_unix_pair");
    if (sockets_of(core) == NULL)
        return -EAFNOSUPPORT;
    system = core->driver->system;
    error = sockets_of(core)->pair(system, fds);
    if (error != 0)
        return error;
    error = eddy__tcp_new(core, fds[0], &first);
    if (error != 0)
        system->type->close(system, fds[0]);
    else
        error = eddy__tcp_new(core, fds[1], b);
    if (error != 0) {
        system->type->close(system, fds[1]);
        eddy_tcp_free(first);
        return error;
    }
    *a = first;
    return 0;
}

/* ---- names ---- */

/* 0: *fd can be asked. */
static int descriptor(const eddy__source *source, const char *verb, int *fd)
{
    if (source->core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(source->core, verb);
    if (sockets_of(source->core) == NULL)
        return -EAFNOSUPPORT;
    *fd = source->slot.fd;
    return *fd >= 0 ? 0 : -ENOTCONN;
}

int eddy_unix_local_name(const eddy_unix *self, eddy_unix_addr *name)
{
    int fd;
    int error = descriptor(&self->source, "eddy_unix_local_name", &fd);

    if (error != 0)
        return error;
    return sockets_of(self->source.core)->local_name(self->source.core->driver->system, fd, name);
}

int eddy_unix_peer_name(const eddy_unix *self, eddy_unix_addr *name)
{
    int fd;
    int error = descriptor(&self->source, "eddy_unix_peer_name", &fd);

    if (error != 0)
        return error;
    return sockets_of(self->source.core)->peer_name(self->source.core->driver->system, fd, name);
}

int eddy_unix_peer_credentials(const eddy_unix *self, eddy_unix_credentials *out)
{
    int fd;
    int error = descriptor(&self->source, "eddy_unix_peer_credentials", &fd);

    if (error != 0)
        return error;
    return sockets_of(self->source.core)->credentials(self->source.core->driver->system, fd, out);
}
