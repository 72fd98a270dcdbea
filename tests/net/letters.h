/* SPDX-License-Identifier: MIT */
/*
 * letters.h - for tests of framed datagram sockets: a message, its codec, a stream of one socket and a sink
 * of another. Included once per test program.
 */
#ifndef EDDY_TEST_LETTERS_H
#define EDDY_TEST_LETTERS_H

#include "dgrams.h"
#include "eddy/dgram_framed.h"
#include "eddy/stream_collect.h"

enum { TEXT = 3000 };

/* A message: text and whose it is. One that begins with '?' cannot be decoded, one with '-' is none. */
struct letter {
    size_t len;
    eddy_addr peer;
    char text[TEXT];
};

static inline eddy_result decode(void *state, const eddy_datagram *in, void *item)
{
    struct letter *letter = item;
    const char *text = in->data;

    (void)state;
    if (in->len > 0 && text[0] == '?')
        return -EBADMSG;
    if (in->len > 0 && text[0] == '-')
        return 0;
    letter->len = in->len;
    letter->peer = in->peer;
    memcpy(letter->text, text, in->len < TEXT ? in->len : TEXT);
    return 1;
}

static inline eddy_result encode(void *state, const void *item, eddy_datagram *out)
{
    const struct letter *letter = item;

    (void)state;
    if (letter->len > 0 && letter->text[0] == '?')
        return -EBADMSG;
    if (letter->len <= out->room) {
        memcpy(out->data, letter->text, letter->len);
        out->peer = letter->peer;
    }
    return (eddy_result)letter->len;
}

static const eddy_dgram_decoder decoder = {"letter", sizeof(struct letter), decode, NULL};
static const eddy_dgram_encoder encoder = {"letter", sizeof(struct letter), TEXT - 1, encode, NULL};

struct world {
    eddy_core *core;
    eddy_dgram *a, *b;
    eddy_addr at_a, at_b;
    eddy_stream *in; /* of b */
    eddy_sink *out;  /* of a */
    struct letter letter;
};

static inline void begin_at(struct world *world, eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);

    *world = (struct world){.core = core};
    world->a = dg_bind(core, &world->at_a);
    world->b = dg_bind(core, &world->at_b);
    world->in = eddy_dgram_decoded(handle, world->b, &decoder, NULL);
    world->out = eddy_dgram_encoded(handle, world->a, &encoder, NULL);
}

static inline void end_at(struct world *world)
{
    eddy_stream_drop(world->in, NULL);
    eddy_sink_drop(world->out, NULL);
    eddy_dgram_free(world->a);
    eddy_dgram_free(world->b);
}

static inline struct world *begin(void)
{
    static struct world world;

    begin_at(&world, test_core());
    return &world;
}

static inline void end(struct world *world)
{
    end_at(world);
    test_core_end(world->core);
}

static inline struct letter letter_to(const eddy_addr *to, const char *text)
{
    struct letter letter = {.len = strlen(text), .peer = *to};

    memcpy(letter.text, text, letter.len);
    return letter;
}

static inline eddy_result put(struct world *world, const char *text)
{
    struct letter letter = letter_to(&world->at_b, text);

    return eddy_core_run(world->core, eddy_sink_send(world->out, &letter));
}

static inline eddy_result get(struct world *world)
{
    return eddy_core_run(
        world->core, eddy_stream_next(eddy_core_handle(world->core), world->in, &world->letter));
}

#endif
