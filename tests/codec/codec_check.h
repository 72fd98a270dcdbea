/* SPDX-License-Identifier: MIT */
/*
 * codec_check.h - what must hold of every codec: input gives the same items and errors, at the same
 * bytes, however it is cut; an encoder tells how much room it needs and writes no more than that; and
 * what it has written is decoded to the same again.
 */
#ifndef EDDY_TESTS_CODEC_CHECK_H
#define EDDY_TESTS_CODEC_CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec_run.h"

/* The input in those pieces must give that log. */
static inline void codec_same(const struct codec_case *of, eddy_bytes input, const size_t *cuts,
                              size_t count, const char *expected)
{
    struct codec_log log;

    for (int eager = 0; eager < 2; eager++) {
        codec_run(of, input, cuts, count, eager, &log);
        if (strcmp(log.text, expected) != 0)
            print_error("%s, cut at %zu of %zu, %zu pieces\n", of->decoder->name,
                        count > 0 ? cuts[0] : 0, input.len, count + 1);
        assert_string_equal(log.text, expected);
    }
}

static inline void codec_same_byte_by_byte(const struct codec_case *of, eddy_bytes input,
                                           const char *expected)
{
    size_t *cuts = malloc((input.len + 1) * sizeof *cuts);

    assert_non_null(cuts);
    for (size_t i = 0; i < input.len; i++)
        cuts[i] = i + 1;
    codec_same(of, input, cuts, input.len, expected);
    free(cuts);
}

/* In one piece, byte by byte, in every two pieces, in every three when that are not too many. */
static inline void codec_check(const struct codec_case *of, const void *data, size_t len,
                               const char *expected)
{
    eddy_bytes input = {data, len};
    size_t cuts[2];

    codec_same(of, input, NULL, 0, expected);
    codec_same_byte_by_byte(of, input, expected);
    for (cuts[0] = 0; cuts[0] <= len; cuts[0]++)
        codec_same(of, input, cuts, 1, expected);
    for (cuts[0] = 0; cuts[0] <= len && len <= 50; cuts[0]++)
        for (cuts[1] = cuts[0]; cuts[1] <= len; cuts[1]++)
            codec_same(of, input, cuts, 2, expected);
}

#define CODEC_CHECK(of, text, expected) codec_check(of, text, sizeof(text) - 1, expected)

/* The bytes of a text, without its end. How many. */
static inline size_t codec_put(unsigned char *to, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        to[i] = (unsigned char)text[i];
    return len;
}

/* Encode one item behind *len bytes of `out`. 0, or the encoder's error. */
static inline eddy_result codec_encode(const eddy_encoder *encoder, void *state, const void *item,
                                       unsigned char *out, size_t *len)
{
    eddy_result need = encoder->encode(state, item, NULL, 0);
    eddy_result wrote = need;

    if (need < 0)
        return need;
    out += *len;
    for (eddy_result room = 1; room < need; room += need / 7 + 1) {
        out[0] = 0xa5;
        assert_int_equal(encoder->encode(state, item, out, (size_t)room), need);
        assert_int_equal(out[0], 0xa5);
    }
    out[need] = 0xa5;
    if (need > 0) /* with no room it is a frame of no bytes, and encoded */
        wrote = encoder->encode(state, item, out, (size_t)need);
    assert_int_equal(wrote, need);
    assert_int_equal(out[need], 0xa5);
    *len += (size_t)need;
    return 0;
}

static inline eddy_result codec_encode_text(const eddy_encoder *encoder, void *state,
                                            const char *text, unsigned char *out, size_t *len)
{
    eddy_bytes item = {(const unsigned char *)text, strlen(text)};

    return codec_encode(encoder, state, &item, out, len);
}

#endif
