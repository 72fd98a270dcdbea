/* SPDX-License-Identifier: MIT */
/*
 * lines.c - lines of text, whose end is LF or CR LF.
 */
#include <errno.h>

#include "codec/scan.h"

/* A CR before the LF is no part of the line: there may be one byte more than the limit. */
static struct eddy__scan_limits limits_of(const eddy_lines_codec *self)
{
    static const unsigned char newline = '\n';

    return (struct eddy__scan_limits){
        .delimiter = {&newline, 1},
        .max = eddy__codec_max(self->line_max, EDDY_CODEC_TEXT_MAX),
        .extra = 1,
    };
}

/* Not all of it is there, and it is too long, whatever comes. */
static bool is_too_long(const struct eddy__scan_limits *limits, eddy_bytes in)
{
    return in.len > limits->max && in.data[limits->max] != '\r';
}

static eddy_result lines_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_lines_codec *self = state;
    struct eddy__scan_limits limits = limits_of(self);
    eddy_result result = eddy__scan(&self->scan, &limits, in, used);
    size_t len;

    if (result == 0 && *used == 0 && is_too_long(&limits, in))
        return eddy__scan_bad(&self->scan, &limits, used);
    if (result <= 0)
        return result;
    len = eddy__line_len(in.data, *used - 1);
    if (len > limits.max)
        return eddy__scan_bad(&self->scan, &limits, used);
    return eddy__codec_give(item, in.data, len);
}

/* The last line lacks its end. A CR alone is none. */
static eddy_result lines_eof(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_lines_codec *self = state;
    eddy_result result = eddy__scan_eof(&self->scan, in, used);

    if (result <= 0)
        return result;
    return in.len > limits_of(self).max ? -EMSGSIZE : eddy__codec_give(item, in.data, in.len);
}

const eddy_decoder eddy_lines_decoder = {
    .name = "lines",
    .item_bytes = sizeof(eddy_bytes),
    .decode = lines_decode,
    .eof = lines_eof,
};

static eddy_result lines_encode(void *state, const void *item, unsigned char *out, size_t room)
{
    const eddy_lines_codec *self = state;
    eddy_bytes line = eddy__codec_item(item);
    size_t end = self->crlf ? 2 : 1;

    if (line.len > limits_of(self).max)
        return -EMSGSIZE;
    if (line.len > 0 && memchr(line.data, '\n', line.len) != NULL)
        return -EINVAL;
    if (line.len + end <= room) {
        out = eddy__codec_put(out, line.data, line.len);
        (void)eddy__codec_put(out, &"\r\n"[2 - end], end);
    }
    return (eddy_result)(line.len + end);
}

const eddy_encoder eddy_lines_encoder = {
    .name = "lines",
    .item_bytes = sizeof(eddy_bytes),
    .encode = lines_encode,
};
