/* SPDX-License-Identifier: MIT */
/*
 * bridge_codecs.h - three small codecs for tests: lines, shown where they were received; blocks, copied,
 * whose length stands in front; and commands of one letter, of which some are bad. And the end of a
 * test of one connection.
 */
#ifndef EDDY_TESTS_BRIDGE_CODECS_H
#define EDDY_TESTS_BRIDGE_CODECS_H

#include <errno.h>
#include <string.h>

#include "../support/net.h"
#include "eddy/codec.h"

static inline void end(eddy_core *core, eddy_tcp *tcp, int peer)
{
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

/* ---- lines ---- */

/* How much of what is there was searched already. */
struct line_state {
    size_t searched;
    int calls;
};

/* The item is eddy_bytes, without the newline. */
static inline eddy_result line_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    struct line_state *self = state;
    const unsigned char *end;
    eddy_bytes line = {in.data, 0};

    self->calls++;
    end = memchr(in.data + self->searched, '\n', in.len - self->searched);
    if (end == NULL) {
        self->searched = in.len;
        return 0;
    }
    self->searched = 0;
    line.len = (size_t)(end - in.data);
    *used = line.len + 1;
    memcpy(item, &line, sizeof line);
    return 1;
}

/* The last line may lack its newline. */
static inline eddy_result line_eof(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    if (in.len == 0)
        return 0;
    *used = in.len;
    memcpy(item, &in, sizeof in);
    return 1;
}

static const eddy_decoder line_decoder = {
    .name = "lines",
    .item_bytes = sizeof(eddy_bytes),
    .frame_max = 4096,
    .decode = line_decode,
    .eof = line_eof,
};

static inline eddy_result line_encode(void *state, const void *item, unsigned char *out,
                                      size_t room)
{
    eddy_bytes line;

    if (state != NULL)
        ++*(int *)state;
    memcpy(&line, item, sizeof line);
    if (line.len >= room)
        return (eddy_result)line.len + 1;
    memcpy(out, line.data, line.len);
    out[line.len] = '\n';
    return (eddy_result)line.len + 1;
}

/* `state`, if any: an int that counts the calls. */
static const eddy_encoder line_encoder = {
    .name = "lines",
    .item_bytes = sizeof(eddy_bytes),
    .encode = line_encode,
};

/* ---- blocks: two bytes of length, then so many ---- */

enum { BLOCK_MAX = 200 };

struct block {
    size_t len;
    unsigned char bytes[BLOCK_MAX];
};

/* `state`, if any: an int that counts the calls. */
static inline eddy_result block_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    struct block *block = item;
    size_t len;

    if (state != NULL)
        ++*(int *)state;
    if (in.len < 2) {
        *used = 2;
        return 0;
    }
    len = (size_t)in.data[0] << 8 | in.data[1];
    *used = 2 + len;
    if (*used > in.len)
        return 0;
    if (len > BLOCK_MAX) {
        *used = 0;
        return -EPROTO;
    }
    block->len = len;
    memcpy(block->bytes, in.data + 2, len);
    return 1;
}

static const eddy_decoder block_decoder = {
    .name = "blocks",
    .item_bytes = sizeof(struct block),
    .frame_max = 2 + BLOCK_MAX,
    .decode = block_decode,
};

static inline eddy_result block_encode(void *state, const void *item, unsigned char *out,
                                       size_t room)
{
    const struct block *block = item;

    (void)state;
    if (block->len + 2 > room)
        return (eddy_result)block->len + 2;
    out[0] = (unsigned char)(block->len >> 8);
    out[1] = (unsigned char)block->len;
    memcpy(out + 2, block->bytes, block->len);
    return (eddy_result)block->len + 2;
}

static const eddy_encoder block_encoder = {
    .name = "blocks",
    .item_bytes = sizeof(struct block),
    .frame_max = 2 + BLOCK_MAX,
    .encode = block_encode,
};

/* As block_decoder, but only the window limits a frame. */
static const eddy_decoder any_block_decoder = {
    .name = "any blocks",
    .item_bytes = sizeof(struct block),
    .decode = block_decode,
};

/* ---- letters: small ones are items, spaces are skipped, everything else is bad ---- */

static inline eddy_result letter_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    *used = 1;
    if (in.data[0] == ' ')
        return 0;
    if (in.data[0] < 'a' || in.data[0] > 'z')
        return -EILSEQ;
    memcpy(item, in.data, 1);
    return 1;
}

static const eddy_decoder letter_decoder = {
    .name = "letters",
    .item_bytes = 1,
    .decode = letter_decode,
};

#endif
