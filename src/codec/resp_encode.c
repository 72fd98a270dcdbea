/* SPDX-License-Identifier: MIT */
/*
 * resp_encode.c - values of RESP as bytes. Each is written twice: first for its length, when all rules
 * are looked at, then to where it goes.
 */
#include <errno.h>

#include "codec/resp_scan.h"

struct encoding {
    struct eddy__resp_writer writer;
    bool resp3;
    eddy_result error;
};

static bool is_right(eddy_resp_kind kind, eddy_bytes text)
{
    size_t bad_at;

    switch (kind) {
    case EDDY_RESP_DOUBLE:
        return eddy__resp_is_double(text, &bad_at);
    case EDDY_RESP_BIG_NUMBER:
        return eddy__resp_is_big_number(text, &bad_at);
    case EDDY_RESP_VERBATIM:
        return text.len >= 4 && text.data[3] == ':';
    case EDDY_RESP_STATUS:
    case EDDY_RESP_ERROR:
        return text.len == 0 || (memchr(text.data, '\r', text.len) == NULL &&
                                 memchr(text.data, '\n', text.len) == NULL);
    default:
        return true;
    }
}

static void encode_line(struct encoding *self, const eddy_resp_value *value)
{
    unsigned char kind = (unsigned char)value->kind;

    if (!is_right(value->kind, value->as.text))
        self->error = -EINVAL;
    eddy__resp_write(&self->writer, &kind, 1);
    eddy__resp_write(&self->writer, value->as.text.data, value->as.text.len);
    eddy__resp_write(&self->writer, "\r\n", 2);
}

static void encode_text(struct encoding *self, const eddy_resp_value *value)
{
    if (!is_right(value->kind, value->as.text))
        self->error = -EINVAL;
    eddy__resp_write_text(&self->writer, value->kind, value->as.text);
}

static void encode_null(struct encoding *self)
{
    if (self->resp3)
        eddy__resp_write(&self->writer, "_\r\n", 3);
    else
        eddy__resp_write(&self->writer, "$-1\r\n", 5);
}

static void encode_one(struct encoding *self, const eddy_resp_value *value, int depth);

/* What the number in front of them says. */
static eddy_result number_of(eddy_resp_kind kind, size_t count)
{
    bool pairs = kind == EDDY_RESP_MAP || kind == EDDY_RESP_ATTRIBUTE;

    if (pairs && count % 2 != (kind == EDDY_RESP_ATTRIBUTE))
        return -EINVAL;
    return (eddy_result)(pairs ? count / 2 : count);
}

static void encode_items(struct encoding *self, const eddy_resp_value *value, int depth)
{
    size_t count = value->as.items.count;
    eddy_result number = number_of(value->kind, count);

    if (number < 0 || (count > 0 && depth == EDDY_RESP_DEPTH_MAX)) {
        self->error = -EINVAL;
        return;
    }
    eddy__resp_write_number(&self->writer, value->kind, number);
    for (size_t i = 0; i < count && self->error == 0; i++)
        encode_one(self, &value->as.items.data[i], depth + 1);
}

static void encode_one(struct encoding *self, const eddy_resp_value *value, int depth)
{
    switch (value->kind) {
    case EDDY_RESP_NULL:
        encode_null(self);
        return;
    case EDDY_RESP_BOOLEAN:
        eddy__resp_write(&self->writer, value->as.integer != 0 ? "#t\r\n" : "#f\r\n", 4);
        return;
    case EDDY_RESP_INTEGER:
        eddy__resp_write_number(&self->writer, EDDY_RESP_INTEGER, value->as.integer);
        return;
    case EDDY_RESP_STATUS:
    case EDDY_RESP_ERROR:
    case EDDY_RESP_DOUBLE:
    case EDDY_RESP_BIG_NUMBER:
        encode_line(self, value);
        return;
    case EDDY_RESP_BULK:
    case EDDY_RESP_BULK_ERROR:
    case EDDY_RESP_VERBATIM:
        encode_text(self, value);
        return;
    case EDDY_RESP_ARRAY:
    case EDDY_RESP_MAP:
    case EDDY_RESP_SET:
    case EDDY_RESP_PUSH:
    case EDDY_RESP_ATTRIBUTE:
        encode_items(self, value, depth);
        return;
    }
    self->error = -EINVAL;
}

static eddy_result values_encode(void *state, const void *item, unsigned char *out, size_t room)
{
    const eddy_resp_values *self = state;
    struct encoding count = {.resp3 = self != NULL && self->resp3};
    struct encoding writing = {.writer = {out, 0}, .resp3 = count.resp3};
    eddy_resp_value value;

    memcpy(&value, item, sizeof value);
    encode_one(&count, &value, 0);
    if (count.error != 0)
        return count.error;
    if (count.writer.len <= room)
        encode_one(&writing, &value, 0);
    return (eddy_result)count.writer.len;
}

const eddy_encoder eddy_resp_values_encoder = {
    .name = "resp values",
    .item_bytes = sizeof(eddy_resp_value),
    .encode = values_encode,
};
