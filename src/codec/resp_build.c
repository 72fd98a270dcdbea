/* SPDX-License-Identifier: MIT */
/*
 * resp_build.c - values of RESP, made of bytes that were found to be right: nothing is checked again. The
 * values within one lie side by side; recursion is as deep as a scan allows.
 */
#include "codec/resp_scan.h"

static unsigned char next_byte(struct eddy__resp_builder *self)
{
    return self->data[self->at++];
}

/* A number and its CR LF. */
static int64_t take_number(struct eddy__resp_builder *self)
{
    int64_t number = 0;

    (void)eddy__resp_number((eddy_bytes){self->data, self->at + EDDY_RESP_NUMBER_MAX}, &self->at,
                            &number);
    return number;
}

static void put_text(struct eddy__resp_builder *self, eddy_resp_value *value, size_t len)
{
    const unsigned char *from = self->data + self->at;

    value->as.text = (eddy_bytes){from, len};
    self->at += len + 2;
    if (self->text == NULL)
        return;
    value->as.text.data = self->text;
    self->text = eddy__codec_put(self->text, from, len);
}

static size_t line_len(const struct eddy__resp_builder *self)
{
    size_t end = self->at;

    while (self->data[end] != '\r')
        end++;
    return end - self->at;
}

static void build_text(struct eddy__resp_builder *self, eddy_resp_value *value)
{
    int64_t len = take_number(self);

    if (len < 0)
        *value = (eddy_resp_value){.kind = EDDY_RESP_NULL};
    else
        put_text(self, value, (size_t)len);
}

static void build_items(struct eddy__resp_builder *self, eddy_resp_value *value)
{
    int64_t count = eddy__resp_items(value->kind, take_number(self));
    eddy_resp_value *items = self->nodes;

    if (count < 0) {
        *value = (eddy_resp_value){.kind = EDDY_RESP_NULL};
        return;
    }
    value->as.items.data = items;
    value->as.items.count = (size_t)count;
    if (count > 0) /* else there may be no memory for any */
        self->nodes += count;
    for (size_t i = 0; i < (size_t)count; i++)
        eddy__resp_build(self, &items[i]);
}

void eddy__resp_build(struct eddy__resp_builder *self, eddy_resp_value *value)
{
    *value = (eddy_resp_value){.kind = (eddy_resp_kind)next_byte(self)};
    switch (value->kind) {
    case EDDY_RESP_NULL:
        self->at += 2;
        return;
    case EDDY_RESP_BOOLEAN:
        value->as.integer = next_byte(self) == 't';
        self->at += 2;
        return;
    case EDDY_RESP_INTEGER:
        value->as.integer = take_number(self);
        return;
    case EDDY_RESP_STATUS:
    case EDDY_RESP_ERROR:
    case EDDY_RESP_DOUBLE:
    case EDDY_RESP_BIG_NUMBER:
        put_text(self, value, line_len(self));
        return;
    case EDDY_RESP_BULK:
    case EDDY_RESP_BULK_ERROR:
    case EDDY_RESP_VERBATIM:
        build_text(self, value);
        return;
    case EDDY_RESP_ARRAY:
    case EDDY_RESP_MAP:
    case EDDY_RESP_SET:
    case EDDY_RESP_PUSH:
    case EDDY_RESP_ATTRIBUTE:
        build_items(self, value);
        return;
    }
}
