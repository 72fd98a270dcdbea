/* SPDX-License-Identifier: MIT */
/*
 * codec.h - what the codecs share: items of bytes in and out of memory that has no alignment, and the
 * way an error is told with the bad byte in front.
 */
#ifndef EDDY__CODEC_H
#define EDDY__CODEC_H

#include <string.h>

#include "eddy/codecs.h"

/* Room for digits of the largest length. */
enum { EDDY__DIGITS_MAX = 20 };

static inline eddy_bytes eddy__codec_item(const void *item)
{
    eddy_bytes bytes;

    memcpy(&bytes, item, sizeof bytes);
    return bytes;
}

static inline eddy_result eddy__codec_give(void *item, const unsigned char *data, size_t len)
{
    eddy_bytes bytes = {data, len};

    memcpy(item, &bytes, sizeof bytes);
    return 1;
}

/* Where the copy ends. */
static inline unsigned char *eddy__codec_put(unsigned char *out, const void *data, size_t len)
{
    if (len > 0)
        memcpy(out, data, len);
    return out + len;
}

/* The limit that an option says. It leaves room for what comes before and behind an item. */
static inline size_t eddy__codec_max(size_t option, size_t otherwise)
{
    if (option == 0)
        return otherwise;
    return option < SIZE_MAX / 2 ? option : SIZE_MAX / 2;
}

/* The byte at `at` is bad, and nothing can follow. The bytes before it are done with; then, and at every
 * later call, *error is told, which the decoder has to ask for first. */
static inline eddy_result eddy__codec_bad(eddy_result *error, eddy_result code, size_t at,
                                          size_t *used)
{
    *error = code;
    *used = at;
    return at > 0 ? 0 : code;
}

/* A frame of so many bytes has begun: is it there? *used says which. */
static inline bool eddy__codec_has(eddy_bytes in, size_t frame, size_t *used)
{
    *used = frame;
    return in.len >= frame;
}

/* Decimal digits of a number, at most EDDY__DIGITS_MAX, without an end. How many there are. */
size_t eddy__codec_digits(uint64_t number, unsigned char *out);

#endif
