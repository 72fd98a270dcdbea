/* SPDX-License-Identifier: MIT */
/*
 * dgram.c - a sink of items that are sent as datagrams; and both directions of a socket.
 *
 * An item is encoded once, when it is taken, and sent at once if there is room; else it is kept, and goes
 * before the next. That one is kept is a flag of its own: an empty datagram is one, too.
 */
#include "net/dgram.h"
#include "eddy/dgram_framed.h"
#include "sink/sink.h"
#include "stream/bridge_dgram.h"

enum { ROOM_FIRST = 2048 }; /* more than a packet of a usual network holds */

struct encoded {
    eddy_sink sink;
    eddy_dgram *dgram;
    bool owns_half;
    const eddy_dgram_encoder *encoder;
    void *state;
    unsigned char *memory; /* NULL: none was needed yet */
    size_t room;           /* bytes there */
    eddy_datagram out;
    eddy_unix_addr name;
    bool kept;         /* `out` was not sent yet */
    eddy_result error; /* to be told next; 0: none */
};

/* ---- sending ---- */

/* 0: none is kept any more; an error, but for a request to end, has cost the one that was. */
static eddy_result send_kept(struct encoded *self, eddy_task *task)
{
    eddy_result result = self->error;

    self->error = 0;
    if (result != 0 || !self->kept)
        return result;
    result = eddy__dgram_poll_send(self->dgram, task, &self->out, 1);
    if (result != EDDY_PENDING && !eddy__is_request(result))
        self->kept = false;
    return result > 0 ? 0 : result;
}

/* ---- encoding ---- */

static size_t most(const struct encoded *self)
{
    size_t max = self->encoder->bytes_max;

    return max != 0 ? max : EDDY_DGRAM_BYTES_MAX;
}

/* What was there is lost. */
static bool make_room(struct encoded *self, size_t room)
{
    const eddy_future *frame = &self->sink.frame;

    if (self->room >= room)
        return true;
    eddy__items_free(frame, self->memory, self->room, 1);
    self->memory = eddy__items_new(eddy__boxed_core(frame), room, 1);
    self->room = self->memory != NULL ? room : 0;
    return self->memory != NULL;
}

/* In so much room. Its length, which may be more; or an error. */
static eddy_result encode_within(struct encoded *self, const void *item, size_t room)
{
    if (!make_room(self, room))
        return -ENOMEM;
    self->name = (eddy_unix_addr){.kind = EDDY_UNIX_UNNAMED};
    self->out = (eddy_datagram){.data = self->memory, .room = self->room, .name = &self->name};
    return self->encoder->encode(self->state, item, &self->out);
}

/* 0: it is in `out`. An error: there is nothing, and the item was not taken. */
static eddy_result encode(struct encoded *self, const void *item)
{
    eddy_result len = encode_within(self, item, most(self) < ROOM_FIRST ? most(self) : ROOM_FIRST);

    if (len > (eddy_result)most(self))
        return -EMSGSIZE;
    if (len > (eddy_result)self->room) {
        size_t need = (size_t)len;

        len = encode_within(self, item, need);
        EDDY_ASSERT(len <= (eddy_result)need, "encoder '%s' wanted %zu bytes, and now %lld",
                    self->encoder->name, need, (long long)len);
    }
    if (len < 0)
        return len;
    self->out.len = (size_t)len;
    if (self->name.kind == EDDY_UNIX_UNNAMED)
        self->out.name = NULL;
    return 0;
}

/* ---- the sink ---- */

static eddy_result encoded_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct encoded *self = (struct encoded *)(void *)sink;
    eddy_result result = send_kept(self, task);

    if (result == 0)
        result = encode(self, item);
    if (result != 0)
        return result;
    self->kept = true;
    result = send_kept(self, task);
    /* The item is taken: an error has to wait for the next call. */
    if (result != EDDY_PENDING)
        self->error = result;
    return 0;
}

static eddy_result encoded_flush(eddy_sink *sink, eddy_task *task)
{
    return send_kept((struct encoded *)(void *)sink, task);
}

static void encoded_done(eddy_future *frame)
{
    struct encoded *self = (struct encoded *)(void *)frame;

    eddy__items_free(frame, self->memory, self->room, 1);
    if (self->owns_half)
        eddy__dgram_half_free(self->dgram);
}

static const eddy_sink_type encoded_type = {
    .base = {eddy_sink_no_future, encoded_done, sizeof(struct encoded), "dgram_encoded", NULL},
    .start_send = encoded_send,
    .flush = encoded_flush,
    .close = encoded_flush,
};

eddy_sink *eddy_dgram_encoded(eddy_handle *handle, eddy_dgram *dgram,
                              const eddy_dgram_encoder *encoder, void *state)
{
    struct encoded *self;

    eddy__core_check(handle->core, "eddy_dgram_encoded");
    self = eddy__sink_new(handle->core, &encoded_type, encoder->item_bytes);
    if (self == NULL)
        return eddy__sink_failed(handle->core);
    self->dgram = dgram;
    self->encoder = encoder;
    self->state = state;
    return eddy_sink_owning(&self->sink, encoder->drop_item);
}

/* ---- both ---- */

eddy_duplex eddy_dgram_framed(eddy_handle *handle, eddy_dgram *dgram,
                              const eddy_dgram_decoder *decoder, void *decoder_state,
                              const eddy_dgram_encoder *encoder, void *encoder_state)
{
    eddy_duplex both = {
        eddy_dgram_decoded(handle, dgram, decoder, decoder_state),
        eddy_dgram_encoded(handle, dgram, encoder, encoder_state),
    };

    EDDY_ASSERT(dgram->halves == 0, "eddy_dgram_framed: the socket was given to one before");
    dgram->halves = 2;
    eddy__dgram_decoded_own(both.in, dgram);
    if (eddy__sink_is_failed(both.out))
        eddy__dgram_half_free(dgram);
    else
        ((struct encoded *)(void *)both.out)->owns_half = true;
    return both;
}
