/* SPDX-License-Identifier: MIT */
/*
 * bridge_decoded.c - the items that a decoder makes of what a byte stream receives.
 *
 * Bytes are looked at where they lie, and released when the next item is asked for, or the stream is
 * dropped: an item may point to them until then. What no item was made of is left in the byte stream,
 * so there is no state here that a drop could lose.
 */
#include <errno.h>

#include "stream/bridge.h"

struct decoded {
    eddy_stream stream;
    eddy_io *io;
    eddy_io_reader half; /* zero: the byte stream is borrowed */
    const eddy_decoder *decoder;
    void *state;
    uint64_t offset;    /* bytes that something was made of, those of `told` included */
    uint64_t failed_at; /* where what the last error was about begins */
    size_t told;        /* bytes in front that an item was made of; released at the next poll */
    size_t need;        /* bytes that must be in view before the decoder is asked again */
    bool at_eof;        /* nothing more comes: `eof` goes on */
};

static void release_told(struct decoded *self)
{
    size_t told = self->told;

    self->told = 0;
    eddy_io_consume(self->io, told);
}

/* The first `used` bytes are done with, well or badly. */
static void use(struct decoded *self, size_t used)
{
    self->told = used;
    self->offset += used;
}

/* An error that the bytes have, not the way they came. */
static eddy_result fail(struct decoded *self, eddy_task *task, eddy_result error)
{
    self->failed_at = self->offset;
    return eddy_why_note(task, "decode", NULL, error);
}

/* What the decoder may see of a view. */
static eddy_bytes within_limit(const struct decoded *self, eddy_bytes view)
{
    if (self->decoder->frame_max != 0 && view.len > self->decoder->frame_max)
        view.len = self->decoder->frame_max;
    return view;
}

/* One that is too long is found again at the next poll. */
static eddy_result wait_for(struct decoded *self, eddy_task *task, size_t frame)
{
    if (self->decoder->frame_max != 0 && frame > self->decoder->frame_max)
        return fail(self, task, -EMSGSIZE);
    self->need = frame;
    return 0;
}

static void check_used(const struct decoded *self, eddy_bytes in, size_t used)
{
    EDDY_ASSERT(used <= in.len, "decoder '%s' has used %zu bytes of %zu", self->decoder->name, used,
                in.len);
}

/* > 0: an item; 0: more bytes are needed, or the rest is to be looked at again; an error. */
static eddy_result decode(struct decoded *self, eddy_task *task, eddy_bytes in, void *item)
{
    size_t used = 0;
    eddy_result result = self->decoder->decode(self->state, in, &used, item);

    self->need = 1;
    if (result == 0 && (used == 0 || used > in.len))
        return wait_for(self, task, used == 0 ? in.len + 1 : used);
    check_used(self, in, used);
    if (result < 0)
        result = fail(self, task, result);
    use(self, used);
    if (result <= 0)
        release_told(self);
    return result;
}

/* What remains. 0: the end. */
static eddy_result decode_eof(struct decoded *self, eddy_task *task, eddy_bytes in, void *item)
{
    size_t used = 0;
    eddy_result result;

    if (self->decoder->eof == NULL)
        return in.len == 0 ? 0 : fail(self, task, -EBADMSG);
    result = self->decoder->eof(self->state, in, &used, item);
    check_used(self, in, used);
    if (result < 0)
        result = fail(self, task, result);
    use(self, used);
    if (result < 0)
        release_told(self);
    return result;
}

/* The peer has closed, and fewer bytes are left than the decoder needs. All of them must be in view,
 * which may take memory: asking for one more than is there sees to that. */
static eddy_result at_end(struct decoded *self, eddy_task *task, void *item)
{
    while (!self->at_eof) {
        eddy_result more = eddy_io_poll_fill(self->io, task, eddy_io_view(self->io).len + 1);

        if (more < 0)
            return more;
        self->at_eof = more == 0;
    }
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    return decode_eof(self, task, eddy_io_view(self->io), item);
}

/* One look of the decoder at what is there. Items that are there already cost budget as those that
 * come do. */
static eddy_result look(struct decoded *self, eddy_task *task, eddy_bytes view, void *item)
{
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    return decode(self, task, within_limit(self, view), item);
}

static eddy_result decoded_next(eddy_stream *stream, eddy_task *task, void *item)
{
    struct decoded *self = (struct decoded *)(void *)stream;

    release_told(self);
    while (!self->at_eof) {
        eddy_bytes view = eddy_io_view(self->io);
        eddy_result result;

        if (view.len >= self->need) {
            result = look(self, task, view, item);
            if (result != 0)
                return result;
            continue;
        }
        result = eddy_io_poll_fill(self->io, task, self->need);
        if (result < 0)
            return result == -EMSGSIZE ? fail(self, task, result) : result;
        if (result == 0)
            return at_end(self, task, item);
    }
    return at_end(self, task, item);
}

/* The bytes of an item that was told are used up, whatever becomes of the item. */
static void decoded_done(eddy_future *frame)
{
    struct decoded *self = (struct decoded *)(void *)frame;

    release_told(self);
    eddy_io_reader_free(&self->half);
}

static const eddy_stream_type decoded_type = {
    .base = {eddy_stream_no_future, decoded_done, sizeof(struct decoded), "io_decoded", NULL},
    .poll_next = decoded_next,
};

eddy_stream *eddy_io_decoded(eddy_handle *handle, eddy_io *io, const eddy_decoder *decoder,
                             void *state)
{
    struct decoded *self = eddy__stream_new_source(handle, &decoded_type, decoder->item_bytes);

    if (self == NULL)
        return eddy__stream_failed(handle->core);
    self->io = io;
    self->decoder = decoder;
    self->state = state;
    self->need = 1;
    return eddy_stream_owning(&self->stream, decoder->drop_item);
}

void eddy__decoded_own(eddy_stream *stream, eddy_io_reader half)
{
    if (eddy__stream_is_failed(stream))
        eddy_io_reader_free(&half);
    else
        ((struct decoded *)(void *)stream)->half = half;
}

eddy_io_reader eddy__decoded_disown(eddy_stream *stream)
{
    struct decoded *self = (struct decoded *)(void *)stream;
    eddy_io_reader half = {NULL};

    if (eddy__stream_is_failed(stream))
        return half;
    EDDY_ASSERT(stream->frame.type == &decoded_type.base,
                "eddy_duplex_into_io: stream '%s' is not what eddy_io_framed() gave",
                stream->frame.type->name);
    release_told(self);
    half = self->half;
    self->half.io = NULL;
    return half;
}

/* ---- where it is ---- */

static const struct decoded *decoded_of(const eddy_stream *stream, const char *verb)
{
    EDDY_ASSERT(stream->frame.type == &decoded_type.base,
                "%s: stream '%s' is not what eddy_io_decoded() gave", verb,
                stream->frame.type->name);
    return (const struct decoded *)(const void *)stream;
}

uint64_t eddy_decoded_offset(const eddy_stream *self)
{
    return eddy__stream_is_failed(self) ? 0 : decoded_of(self, "eddy_decoded_offset")->offset;
}

uint64_t eddy_decoded_error_offset(const eddy_stream *self)
{
    return eddy__stream_is_failed(self) ? 0
                                        : decoded_of(self, "eddy_decoded_error_offset")->failed_at;
}
