/* SPDX-License-Identifier: MIT */
/*
 * encoded.c - a sink of items whose frames, made by an encoder, a byte stream sends; and both directions
 * of one, framed.
 *
 * An item is encoded once, when it is taken; so a frame that the byte stream does not accept is kept, and
 * goes before the next. The byte stream accepts it whole: a small one is copied into its out-queue, a
 * large one is encoded into a buffer that it sends without copying. So no drop tears a frame, and there
 * is memory for one only while it is kept: an idle connection holds none.
 */
#include "eddy/buf.h"
#include "eddy/transport.h"
#include "sink/sink.h"
#include "stream/bridge.h"

enum {
    ROOM_FIRST = 256,               /* bytes, for the first frame */
    ROOM_MAX = EDDY_IO_WRITE_WHOLE, /* a longer frame has a buffer of its own */
};

struct encoded {
    eddy_sink sink;
    eddy_io *io;
    eddy_io_writer half; /* zero: the byte stream is borrowed */
    const eddy_encoder *encoder;
    void *state;
    unsigned char *small; /* memory for a frame; NULL: there is none, or a large one */
    size_t small_bytes;
    eddy_buf *large;   /* a frame; NULL: there is none, or a small one */
    size_t len;        /* of the frame; 0: none is kept */
    size_t guess;      /* bytes that the next frame is given at first */
    eddy_result error; /* to be told next; 0: none */
    bool finished;     /* what comes after the last item was encoded */
};

static void free_frame(struct encoded *self)
{
    eddy__items_free(&self->sink.frame, self->small, self->small_bytes, 1);
    eddy_buf_release(self->large);
    self->small = NULL;
    self->large = NULL;
    self->len = 0;
}

/* ---- writing ---- */

/* Does the frame that is kept live on after this error, to be tried again? */
static bool is_passing(eddy_result error)
{
    return eddy__is_request(error) || error == -ENOMEM;
}

static eddy_result write_frame(struct encoded *self, eddy_task *task)
{
    eddy_result result = self->large != NULL
                             ? eddy_io_poll_write_buf(self->io, task, self->large, 0, self->len)
                             : eddy_io_poll_write(self->io, task, self->small, self->len);

    EDDY_ASSERT(result < 0 || result == (eddy_result)self->len,
                "a %s stream has accepted %lld bytes of a write of %zu, which must be whole",
                self->io->type->name, (long long)result, self->len);
    return result > 0 ? 0 : result;
}

/* 0: no frame is kept any more. */
static eddy_result write_kept(struct encoded *self, eddy_task *task)
{
    eddy_result result = self->error;

    self->error = 0;
    if (result != 0 || self->len == 0)
        return result;
    result = write_frame(self, task);
    if (result != EDDY_PENDING && !is_passing(result))
        free_frame(self);
    return result;
}

/* ---- encoding ---- */

/* Of an item, or (NULL) of the end. */
static eddy_result encode(const struct encoded *self, const void *item, unsigned char *out,
                          size_t room)
{
    return item != NULL ? self->encoder->encode(self->state, item, out, room)
                        : self->encoder->finish(self->state, out, room);
}

static unsigned char *make_room(struct encoded *self, size_t room)
{
    eddy_core *core = eddy__boxed_core(&self->sink.frame);

    if (room > ROOM_MAX) {
        self->large = eddy_buf_new(&core->memory.inner, room);
        return self->large != NULL ? eddy_buf_data(self->large) : NULL;
    }
    self->small = eddy__items_new(core, room, 1);
    self->small_bytes = room;
    return self->small;
}

/* In so much room. Its length, which may be more; or an error. */
static eddy_result encode_within(struct encoded *self, const void *item, size_t room)
{
    unsigned char *out = make_room(self, room);

    return out != NULL ? encode(self, item, out, room) : -ENOMEM;
}

static size_t first_room(const struct encoded *self)
{
    size_t max = self->encoder->frame_max;

    return max != 0 && max < self->guess ? max : self->guess;
}

/* It needs more room than it was given. */
static eddy_result encode_again(struct encoded *self, const void *item, size_t need)
{
    eddy_result result;

    free_frame(self);
    if (self->encoder->frame_max != 0 && need > self->encoder->frame_max)
        return -EMSGSIZE;
    result = encode_within(self, item, need);
    EDDY_ASSERT(result <= (eddy_result)need, "encoder '%s' wanted %zu bytes, and now %lld",
                self->encoder->name, need, (long long)result);
    return result;
}

/* A protocol's frames are of a size: the next is tried with as much room as this one took. */
static void learn(struct encoded *self, size_t len)
{
    if (len > self->guess)
        self->guess = len < ROOM_MAX ? len : ROOM_MAX;
}

/* 0: there is a frame, maybe an empty one; an error: there is none, and the item was not taken. */
static eddy_result make_frame(struct encoded *self, const void *item)
{
    size_t room = first_room(self);
    eddy_result result = encode_within(self, item, room);

    if (result > (eddy_result)room)
        result = encode_again(self, item, (size_t)result);
    if (result > 0) {
        learn(self, (size_t)result);
        self->len = (size_t)result;
        return 0;
    }
    free_frame(self);
    return result;
}

/* ---- the sink ---- */

static eddy_result encoded_send(eddy_sink *sink, eddy_task *task, const void *item)
{
    struct encoded *self = (struct encoded *)(void *)sink;
    eddy_result result = write_kept(self, task);

    if (result == 0)
        result = make_frame(self, item);
    if (result != 0)
        return result;
    result = write_kept(self, task);
    /* The item is taken: an error has to wait for the next call. */
    if (result != EDDY_PENDING)
        self->error = result;
    return 0;
}

static eddy_result encoded_flush(eddy_sink *sink, eddy_task *task)
{
    struct encoded *self = (struct encoded *)(void *)sink;
    eddy_result result = write_kept(self, task);

    return result != 0 ? result : eddy_io_poll_flush(self->io, task);
}

static eddy_result encoded_close(eddy_sink *sink, eddy_task *task)
{
    struct encoded *self = (struct encoded *)(void *)sink;
    eddy_result result = write_kept(self, task);

    if (result == 0 && !self->finished && self->encoder->finish != NULL) {
        result = make_frame(self, NULL);
        self->finished = result == 0;
    }
    if (result == 0)
        result = encoded_flush(sink, task);
    return result != 0 ? result : eddy_io_poll_shutdown(self->io, task);
}

static void encoded_done(eddy_future *frame)
{
    struct encoded *self = (struct encoded *)(void *)frame;

    free_frame(self);
    eddy_io_writer_free(&self->half);
}

static const eddy_sink_type encoded_type = {
    .base = {eddy_sink_no_future, encoded_done, sizeof(struct encoded), "io_encoded", NULL},
    .start_send = encoded_send,
    .flush = encoded_flush,
    .close = encoded_close,
};

eddy_sink *eddy_io_encoded(eddy_handle *handle, eddy_io *io, const eddy_encoder *encoder,
                           void *state)
{
    struct encoded *self;

    eddy__core_check(handle->core, "eddy_io_encoded");
    self = eddy__sink_new(handle->core, &encoded_type, encoder->item_bytes);
    if (self == NULL)
        return eddy__sink_failed(handle->core);
    self->io = io;
    self->encoder = encoder;
    self->state = state;
    self->guess = ROOM_FIRST;
    return eddy_sink_owning(&self->sink, encoder->drop_item);
}

/* ---- both ---- */

eddy_duplex eddy_io_framed(eddy_handle *handle, eddy_io *io, const eddy_decoder *decoder,
                           void *decoder_state, const eddy_encoder *encoder, void *encoder_state)
{
    eddy_duplex both = {
        eddy_io_decoded(handle, io, decoder, decoder_state),
        eddy_io_encoded(handle, io, encoder, encoder_state),
    };
    eddy_io_reader reader;
    eddy_io_writer writer;

    eddy_io_split(io, &reader, &writer);
    eddy__decoded_own(both.in, reader);
    if (eddy__sink_is_failed(both.out))
        eddy_io_writer_free(&writer);
    else
        ((struct encoded *)(void *)both.out)->half = writer;
    return both;
}

void eddy_duplex_drop(eddy_duplex *self, eddy_task *task)
{
    eddy_stream *in = self->in;
    eddy_sink *out = self->out;

    *self = (eddy_duplex){NULL, NULL};
    eddy_stream_drop(in, task);
    eddy_sink_drop(out, task);
}

/* Zero: the sink is a failed one. */
static eddy_io_writer disown(eddy_sink *sink)
{
    struct encoded *self = (struct encoded *)(void *)sink;
    eddy_io_writer half = {NULL};

    if (eddy__sink_is_failed(sink))
        return half;
    EDDY_ASSERT(sink->frame.type == &encoded_type.base,
                "eddy_duplex_into_io: sink '%s' is not what eddy_io_framed() gave",
                sink->frame.type->name);
    EDDY_ASSERT(self->len == 0, "eddy_duplex_into_io: a frame of %zu bytes is kept: flush first",
                self->len);
    half = self->half;
    self->half.io = NULL;
    return half;
}

eddy_io *eddy_duplex_into_io(eddy_duplex *self, eddy_task *task)
{
    eddy_io_reader reader;
    eddy_io_writer writer;

    EDDY_ASSERT(self->in != NULL && self->out != NULL,
                "eddy_duplex_into_io: a half is missing, and with it its part of the byte stream");
    reader = eddy__decoded_disown(self->in);
    writer = disown(self->out);
    eddy_duplex_drop(self, task);
    if (reader.io != NULL && writer.io != NULL)
        return eddy_io_reunite(&reader, &writer);
    eddy_io_reader_free(&reader);
    eddy_io_writer_free(&writer);
    return NULL;
}
