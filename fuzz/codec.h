/* SPDX-License-Identifier: MIT */
/*
 * codec.h - what must hold of every decoder, for the fuzz programs of codecs: whatever the bytes, it says
 * the same however they are cut. In one piece, byte by byte, and in pieces that the input chooses.
 */
#ifndef FUZZ_CODEC_H
#define FUZZ_CODEC_H

#include <stdint.h>

#include "../tests/codec/codec_run.h"
#include "check.h"

enum { FUZZ_CUTS_MAX = 4096 };

static struct codec_log fuzz_expected, fuzz_got;

static inline void fuzz_same(const struct codec_case *of, eddy_bytes input, const size_t *cuts,
                             size_t count)
{
    for (int eager = 0; eager < 2; eager++) {
        codec_run(of, input, cuts, count, eager, &fuzz_got);
        FUZZ_CHECK(strcmp(fuzz_got.text, fuzz_expected.text) == 0,
                   "%s, %zu pieces of %zu bytes: '%s', not '%s'", of->decoder->name, count + 1,
                   input.len, fuzz_got.text, fuzz_expected.text);
    }
}

/* The log is in fuzz_expected. */
static inline void fuzz_decoder(const struct codec_case *of, eddy_bytes input, unsigned seed)
{
    static size_t cuts[FUZZ_CUTS_MAX];
    size_t count = 0;

    codec_run(of, input, NULL, 0, false, &fuzz_expected);
    if (input.len > FUZZ_CUTS_MAX)
        return;
    for (size_t i = 0; i < input.len; i++)
        cuts[i] = i + 1;
    fuzz_same(of, input, cuts, input.len);
    for (size_t at = seed % 7; at < input.len; at += 1 + seed % 13) {
        cuts[count++] = at;
        seed = seed * 1103515245 + 12345;
    }
    fuzz_same(of, input, cuts, count);
}

/* Encode an item behind what is there; false: it was refused. Nothing is written beyond the room, and
 * nothing when the room is too small. */
static inline bool fuzz_encode(const eddy_encoder *encoder, void *state, const void *item,
                               struct codec_log *out)
{
    eddy_result need = encoder->encode(state, item, NULL, 0), wrote;
    unsigned char *memory;

    if (need < 0)
        return false;
    FUZZ_CHECK((size_t)need < sizeof out->text - out->len, "%s: %lld bytes", encoder->name,
               (long long)need);
    memory = malloc((size_t)need + 1); /* one more, which stays as it is */
    FUZZ_CHECK(memory != NULL, "no memory");
    memory[need] = 0xa5;
    wrote = encoder->encode(state, item, memory, (size_t)need);
    FUZZ_CHECK(wrote == need && memory[need] == 0xa5, "%s needs %lld and writes %lld",
               encoder->name, (long long)need, (long long)wrote);
    memcpy(out->text + out->len, memory, (size_t)need);
    out->len += (size_t)need;
    free(memory);
    return true;
}

#endif
