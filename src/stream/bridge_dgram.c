/* SPDX-License-Identifier: MIT */
/*
 * bridge_dgram.c - the items that a decoder makes of what a datagram socket receives: one datagram at a
 * time, into memory of the stream's, where it stays until the next is asked for.
 */
#include "stream/bridge_dgram.h"

#include <errno.h>

#include "net/dgram.h"
#include "stream/stream.h"

/* One more than any has, so that none is taken for a longer one that was cut. */
enum { ROOM = EDDY_DGRAM_BYTES_MAX + 1 };

struct dgrams {
    eddy_stream stream;
    eddy_dgram *dgram;
    bool owns_half;
    const eddy_dgram_decoder *decoder;
    void *state;
    unsigned char *memory; /* ROOM bytes */
    eddy_datagram received;
    eddy_unix_addr name;
    size_t at; /* of joined segments: bytes in front that were decoded */
    bool more; /* there are segments behind them */
};

static eddy_result receive(struct dgrams *self, eddy_task *task)
{
    eddy_result result;

    self->received = (eddy_datagram){.data = self->memory, .room = ROOM, .name = &self->name};
    result = eddy__dgram_poll_recv(self->dgram, task, &self->received, 1);
    if (result < 0)
        return result;
    if ((self->received.flags & EDDY_DATAGRAM_TRUNCATED) != 0)
        return eddy_why_note(task, "dgram: receive", &self->received.peer, -EMSGSIZE);
    self->at = 0;
    self->more = true;
    return 1;
}

/* The next datagram of those that were received as one. */
static eddy_datagram take_segment(struct dgrams *self)
{
    eddy_datagram segment = self->received;
    size_t left = self->received.len - self->at;

    segment.data = self->memory + self->at;
    segment.len = left;
    if (segment.segment_bytes != 0 && segment.segment_bytes < left)
        segment.len = segment.segment_bytes;
    segment.full_len = segment.len;
    segment.segment_bytes = 0;
    self->at += segment.len;
    self->more = self->at < self->received.len;
    return segment;
}

static eddy_result dgrams_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct dgrams *self = (struct dgrams *)(void *)stream;

    for (;;) {
        eddy_datagram segment;
        eddy_result result;

        if (self->more && !eddy__task_spend(task))
            return eddy__task_yield(task);
        if (!self->more) {
            result = receive(self, task);
            if (result <= 0)
                return result == EDDY_CLOSED ? 0 : result;
        }
        segment = take_segment(self);
        result = self->decoder->decode(self->state, &segment, item);
        if (result != 0)
            return result;
    }
}

static void dgrams_done(eddy_future *frame)
{
    struct dgrams *self = (struct dgrams *)(void *)frame;

    if (self->memory != NULL)
        eddy__core_object_free(((const eddy__box *)(const void *)frame - 1)->core, self->memory,
                               ROOM);
    if (self->owns_half)
        eddy__dgram_half_free(self->dgram);
}

static const eddy_stream_type dgrams_type = {
    .base = {eddy_stream_no_future, dgrams_done, sizeof(struct dgrams), "dgram_decoded", NULL},
    .poll_next = dgrams_next,
};

eddy_stream *eddy_dgram_decoded(eddy_handle *handle, eddy_dgram *dgram,
                                const eddy_dgram_decoder *decoder, void *state)
{
    struct dgrams *self = eddy__stream_new_source(handle, &dgrams_type, decoder->item_bytes);

    if (self == NULL)
        return eddy__stream_failed(handle->core);
    self->dgram = dgram;
    self->decoder = decoder;
    self->state = state;
    self->memory = eddy__slab_alloc(&handle->core->slab, ROOM);
    if (self->memory == NULL) {
        eddy_future_drop(&self->stream.frame);
        return eddy__stream_failed(handle->core);
    }
    return eddy_stream_owning(&self->stream, decoder->drop_item);
}

void eddy__dgram_decoded_own(eddy_stream *stream, eddy_dgram *dgram)
{
    if (eddy__stream_is_failed(stream))
        eddy__dgram_half_free(dgram);
    else
        ((struct dgrams *)(void *)stream)->owns_half = true;
}
