/* SPDX-License-Identifier: MIT */
/*
 * resp_scan.c - where a value of RESP ends, without making anything of it: every limit and every rule is
 * looked at here. A value that is not whole is gone on with at the last of those in it that is not.
 */
#include "codec/resp_scan.h"

#include <errno.h>

#include "base/assert.h"

static eddy_result bad(eddy_resp_values *self, eddy_result error, size_t at, size_t *used)
{
    return eddy__codec_bad(&self->error, error, at, used);
}

int64_t eddy__resp_items(eddy_resp_kind kind, int64_t number)
{
    if (kind == EDDY_RESP_MAP)
        return 2 * number;
    if (kind == EDDY_RESP_ATTRIBUTE)
        return 2 * number + 1;
    return number;
}

/* ---- values that hold none ---- */

/* Is the line what it may be? Else *bad_at is where not. */
static bool is_right(eddy_resp_kind kind, eddy_bytes line, size_t *bad_at)
{
    const unsigned char *newline;

    if (kind == EDDY_RESP_DOUBLE)
        return eddy__resp_is_double(line, bad_at);
    if (kind == EDDY_RESP_BIG_NUMBER)
        return eddy__resp_is_big_number(line, bad_at);
    newline = line.len > 0 ? memchr(line.data, '\n', line.len) : NULL;
    if (newline != NULL)
        *bad_at = (size_t)(newline - line.data);
    return newline == NULL;
}

static eddy_result judge_line(eddy_resp_values *self, eddy_bytes in, size_t from, size_t end,
                              size_t *used)
{
    eddy_bytes line = {in.data + from, end - from};
    size_t at = end, bad_at;

    if (!is_right(in.data[self->at], line, &bad_at))
        return bad(self, -EBADMSG, from + bad_at, used);
    if (!eddy__resp_ends(in.data, &at))
        return bad(self, -EBADMSG, at, used);
    self->at = at;
    self->text_len += line.len;
    return 1;
}

/* Up to CR LF. What was searched for the CR is not searched again. */
static eddy_result scan_line(eddy_resp_values *self, eddy_bytes in, size_t *used)
{
    size_t max = eddy__codec_max(self->line_max, EDDY_CODEC_TEXT_MAX);
    size_t from = self->at + 1, searched = self->seen > from ? self->seen : from;
    const unsigned char *cr =
        in.len > searched ? memchr(in.data + searched, '\r', in.len - searched) : NULL;
    size_t end = cr != NULL ? (size_t)(cr - in.data) : in.len;

    if (end - from > max)
        return bad(self, -EMSGSIZE, from + max, used);
    self->seen = end;
    if (cr == NULL || end + 1 == in.len)
        return 0;
    return judge_line(self, in, from, end, used);
}

static eddy_result scan_number(eddy_resp_values *self, eddy_bytes in, size_t *used)
{
    size_t at = self->at + 1;
    int64_t number;
    eddy_result result = eddy__resp_number(in, &at, &number);

    if (result < 0)
        return bad(self, result, at, used);
    if (result > 0)
        self->at = at;
    return result;
}

/* "#t", "_": `len` characters, then CR LF. */
static eddy_result scan_short(eddy_resp_values *self, eddy_bytes in, size_t len, size_t *used)
{
    size_t at = self->at + len;

    if (!eddy__codec_has(in, at + 2, used))
        return 0;
    if (len == 2 && in.data[at - 1] != 't' && in.data[at - 1] != 'f')
        return bad(self, -EBADMSG, at - 1, used);
    if (!eddy__resp_ends(in.data, &at))
        return bad(self, -EBADMSG, at, used);
    self->at = at;
    return 1;
}

/* "$-1": > 0: it is. */
static eddy_result scan_null(eddy_resp_values *self, eddy_bytes in)
{
    static const char null[] = "-1\r\n";
    size_t from = self->at + 1;

    if (in.len - from < 4 || memcmp(in.data + from, null, 4) != 0)
        return 0;
    self->at = from + 4;
    return 1;
}

/* May these bytes still become "-1" and its end? Then it is too early for any word on them. */
static bool may_be_null(const eddy_resp_values *self, eddy_bytes in)
{
    size_t from = self->at + 1;

    return in.len - from < 4 && memcmp(in.data + from, "-1\r", in.len - from) == 0;
}

static eddy_result scan_text(eddy_resp_values *self, eddy_bytes in, size_t *used)
{
    struct eddy__resp_text text;
    size_t at = self->at + 1;
    eddy_result result;

    if (in.data[self->at] == EDDY_RESP_BULK) {
        if (scan_null(self, in) > 0)
            return 1;
        if (may_be_null(self, in))
            return 0;
    }
    result = eddy__resp_text(in, eddy__codec_max(self->bulk_max, EDDY_CODEC_BLOCK_MAX), &at, used,
                             &text);
    if (result < 0)
        return bad(self, result, at, used);
    if (result == 0)
        return 0;
    if (in.data[self->at] == EDDY_RESP_VERBATIM && (text.len < 4 || in.data[text.body + 3] != ':'))
        return bad(self, -EBADMSG, text.len < 4 ? text.head : text.body + 3, used);
    self->at = at;
    self->text_len += text.len;
    return 1;
}

/* ---- values that hold others ---- */

static size_t depth_max_of(const eddy_resp_values *self)
{
    size_t max = eddy__codec_max(self->depth_max, EDDY_RESP_DEPTH_MAX);

    EDDY_ASSERT(max <= EDDY_RESP_DEPTH_MAX, "depth_max %zu: at most %d", max, EDDY_RESP_DEPTH_MAX);
    return max;
}

/* `count` values are to come. */
static eddy_result open_items(eddy_resp_values *self, int64_t count, size_t *used)
{
    size_t max = eddy__codec_max(self->values_max, EDDY_RESP_VALUES_MAX);

    if ((uint64_t)count > max - self->values)
        return bad(self, -EMSGSIZE, self->at + 1, used);
    if (self->depth == depth_max_of(self))
        return bad(self, -EMSGSIZE, self->at, used);
    self->values += (size_t)count;
    self->left[self->depth++] = (size_t)count;
    return 1;
}

static eddy_result scan_items(eddy_resp_values *self, eddy_bytes in, size_t *used)
{
    eddy_resp_kind kind = in.data[self->at];
    size_t at = self->at + 1;
    int64_t number = 0, count;
    eddy_result result = eddy__resp_number(in, &at, &number);

    if (result < 0)
        return bad(self, result, at, used);
    if (result == 0)
        return 0;
    if (number < 0 && (number != -1 || kind != EDDY_RESP_ARRAY))
        return bad(self, -EBADMSG, self->at + 1, used);
    if (number > INT64_MAX / 4)
        return bad(self, -EMSGSIZE, self->at + 1, used);
    count = eddy__resp_items(kind, number);
    if (count > 0)
        result = open_items(self, count, used);
    if (result > 0)
        self->at = at;
    return result;
}

/* ---- all of them ---- */

static eddy_result scan_one(eddy_resp_values *self, eddy_bytes in, size_t *used)
{
    switch ((eddy_resp_kind)in.data[self->at]) {
    case EDDY_RESP_NULL:
        return scan_short(self, in, 1, used);
    case EDDY_RESP_BOOLEAN:
        return scan_short(self, in, 2, used);
    case EDDY_RESP_INTEGER:
        return scan_number(self, in, used);
    case EDDY_RESP_STATUS:
    case EDDY_RESP_ERROR:
    case EDDY_RESP_DOUBLE:
    case EDDY_RESP_BIG_NUMBER:
        return scan_line(self, in, used);
    case EDDY_RESP_BULK:
    case EDDY_RESP_BULK_ERROR:
    case EDDY_RESP_VERBATIM:
        return scan_text(self, in, used);
    case EDDY_RESP_ARRAY:
    case EDDY_RESP_MAP:
    case EDDY_RESP_SET:
    case EDDY_RESP_PUSH:
    case EDDY_RESP_ATTRIBUTE:
        return scan_items(self, in, used);
    default:
        return bad(self, -EBADMSG, self->at, used);
    }
}

/* A value is whole, and with it maybe those that it is the last of. */
static void close_items(eddy_resp_values *self)
{
    while (self->depth > 0 && --self->left[self->depth - 1] == 0)
        self->depth--;
}

static void begin(eddy_resp_values *self)
{
    self->values = 0;
    self->text_len = 0;
}

eddy_result eddy__resp_scan(eddy_resp_values *self, eddy_bytes in, size_t *used)
{
    if (self->error != 0)
        return self->error;
    if (self->at == 0)
        begin(self);
    do {
        size_t depth = self->depth;
        eddy_result result;

        *used = 0;
        result = self->at < in.len ? scan_one(self, in, used) : 0;
        if (result <= 0)
            return result;
        if (self->depth == depth)
            close_items(self);
    } while (self->depth > 0);
    *used = self->at;
    self->at = self->seen = 0;
    return 1;
}
