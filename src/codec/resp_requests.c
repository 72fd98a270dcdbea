/* SPDX-License-Identifier: MIT */
/*
 * resp_requests.c - requests of RESP: "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n", or "ECHO hi\r\n".
 *
 * A request that is not whole is gone on with at its first argument that is not. The input may have
 * moved meanwhile, so its arguments are moved with it.
 */
#include <errno.h>

#include "base/alloc.h"
#include "codec/resp.h"
#include "codec/scan.h"

static eddy_result bad(eddy_resp_requests *self, eddy_result error, size_t at, size_t *used)
{
    return eddy__codec_bad(&self->error, error, at, used);
}

/* ---- arguments ---- */

static size_t args_max_of(const eddy_resp_requests *self)
{
    return eddy__codec_max(self->args_max, EDDY_RESP_ARGS_MAX);
}

static const eddy_allocator *allocator_of(const eddy_resp_requests *self)
{
    return eddy__allocator_or_malloc(self->allocator);
}

static eddy_bytes *args(eddy_resp_requests *self)
{
    return self->many != NULL ? self->many : self->few;
}

static size_t room(const eddy_resp_requests *self)
{
    return self->many != NULL ? self->many_max : sizeof self->few / sizeof *self->few;
}

static void free_many(eddy_resp_requests *self)
{
    eddy__free(allocator_of(self), self->many, self->many_max * sizeof *self->many);
    self->many = NULL;
    self->many_max = 0;
}

/* Twice as much. The arguments have come, so there is no more of it than of them. */
static bool grow(eddy_resp_requests *self)
{
    size_t max = 2 * room(self);
    eddy_bytes *many = eddy__alloc(allocator_of(self), max * sizeof *many);

    if (many == NULL)
        return false;
    memcpy(many, args(self), self->argc * sizeof *many);
    free_many(self);
    self->many = many;
    self->many_max = max;
    return true;
}

static bool add(eddy_resp_requests *self, const unsigned char *data, size_t len)
{
    if (self->argc == room(self) && !grow(self))
        return false;
    args(self)[self->argc++] = (eddy_bytes){data, len};
    return true;
}

/* The input is where it was, or elsewhere. */
static void move_args(eddy_resp_requests *self, const unsigned char *data)
{
    uintptr_t base = self->base;

    self->base = (uintptr_t)data;
    if (base == self->base)
        return;
    for (size_t i = 0; i < self->argc; i++) {
        eddy_bytes *arg = &args(self)[i];

        arg->data = data + ((uintptr_t)arg->data - base);
    }
}

static eddy_result give(eddy_resp_requests *self, void *item)
{
    eddy_resp_request request = {self->argc, args(self)};

    memcpy(item, &request, sizeof request);
    self->at = 0;
    self->argc = 0;
    return 1;
}

/* ---- in a line: its end, LF or CR LF, counts for nothing ---- */

static bool is_blank(unsigned char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static eddy_result add_word(eddy_resp_requests *self, const unsigned char *word, size_t len)
{
    if (self->argc == args_max_of(self))
        return -EMSGSIZE;
    return add(self, word, len) ? 0 : -ENOMEM;
}

/* The words of a line. */
static eddy_result split(eddy_resp_requests *self, const unsigned char *line, size_t len)
{
    eddy_result result = 0;

    self->argc = 0;
    for (size_t i = 0; i < len && result == 0; i++) {
        size_t from = i;

        while (i < len && !is_blank(line[i]))
            i++;
        if (i > from)
            result = add_word(self, line + from, i - from);
    }
    return result;
}

static eddy_result decode_line(eddy_resp_requests *self, eddy_bytes in, size_t *used, void *item)
{
    static const unsigned char newline = '\n';
    struct eddy__scan_limits limits = {
        {&newline, 1}, eddy__codec_max(self->line_max, EDDY_CODEC_TEXT_MAX), 1};
    eddy_result result = eddy__scan(&self->scan, &limits, in, used);
    size_t len;

    if (self->scan.step != 0)
        return bad(self, -EMSGSIZE, *used, used);
    if (result <= 0)
        return result;
    len = eddy__line_len(in.data, *used - 1);
    if (len > limits.max)
        return bad(self, -EMSGSIZE, limits.max, used);
    result = split(self, in.data, len);
    if (result < 0) {
        *used = 0;
        return result;
    }
    return self->argc > 0 ? give(self, item) : 0;
}

/* ---- as an array ---- */

/* > 0: go on with the arguments; 0: not yet, or it is empty. */
static eddy_result decode_head(eddy_resp_requests *self, eddy_bytes in, size_t *used)
{
    int64_t count = 0;
    size_t at = 1;
    eddy_result result = eddy__resp_number(in, &at, &count);

    if (result < 0)
        return bad(self, result, at, used);
    if (result == 0)
        return 0;
    if (count > 0 && (uint64_t)count > args_max_of(self))
        return bad(self, -EMSGSIZE, 1, used);
    if (count <= 0) {
        *used = at;
        return 0;
    }
    self->at = at;
    self->left = (size_t)count;
    self->argc = 0;
    self->base = (uintptr_t)in.data;
    return 1;
}

static eddy_result decode_arg(eddy_resp_requests *self, eddy_bytes in, size_t *used)
{
    struct eddy__resp_text text;
    size_t at = self->at + 1;
    eddy_result result;

    *used = 0;
    if (self->at == in.len)
        return 0;
    if (in.data[self->at] != EDDY_RESP_BULK)
        return bad(self, -EBADMSG, self->at, used);
    result = eddy__resp_text(in, eddy__codec_max(self->bulk_max, EDDY_CODEC_BLOCK_MAX), &at, used,
                             &text);
    if (result < 0)
        return bad(self, result, at, used);
    if (result == 0)
        return 0;
    if (!add(self, in.data + text.body, text.len)) {
        *used = 0;
        return -ENOMEM;
    }
    self->at = at;
    self->left--;
    return 1;
}

static eddy_result requests_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    eddy_resp_requests *self = state;

    if (self->error != 0)
        return self->error;
    if (self->at > 0) {
        move_args(self, in.data);
    } else {
        eddy_result result;

        if (in.data[0] != EDDY_RESP_ARRAY)
            return decode_line(self, in, used, item);
        result = decode_head(self, in, used);
        if (result <= 0)
            return result;
    }
    while (self->left > 0) {
        eddy_result result = decode_arg(self, in, used);

        if (result <= 0)
            return result;
    }
    *used = self->at;
    return give(self, item);
}

void eddy_resp_requests_deinit(eddy_resp_requests *self)
{
    free_many(self);
    self->argc = self->left = self->at = 0;
    self->scan = (struct eddy__scan){0};
    self->error = 0;
}

const eddy_decoder eddy_resp_requests_decoder = {
    .name = "resp requests",
    .item_bytes = sizeof(eddy_resp_request),
    .decode = requests_decode,
};

/* ---- encoding ---- */

static void write_request(struct eddy__resp_writer *writer, const eddy_resp_request *request)
{
    eddy__resp_write_number(writer, EDDY_RESP_ARRAY, (int64_t)request->argc);
    for (size_t i = 0; i < request->argc; i++)
        eddy__resp_write_text(writer, EDDY_RESP_BULK, request->argv[i]);
}

static eddy_result check_limits(const eddy_resp_requests *self, const eddy_resp_request *request)
{
    size_t max = eddy__codec_max(self->bulk_max, EDDY_CODEC_BLOCK_MAX);

    if (request->argc == 0)
        return -EINVAL;
    if (request->argc > args_max_of(self))
        return -EMSGSIZE;
    for (size_t i = 0; i < request->argc; i++)
        if (request->argv[i].len > max)
            return -EMSGSIZE;
    return 0;
}

static eddy_result requests_encode(void *state, const void *item, unsigned char *out, size_t bytes)
{
    struct eddy__resp_writer count = {NULL, 0}, writer = {out, 0};
    eddy_resp_request request;
    eddy_result result;

    memcpy(&request, item, sizeof request);
    result = check_limits(state, &request);
    if (result < 0)
        return result;
    write_request(&count, &request);
    if (count.len <= bytes)
        write_request(&writer, &request);
    return (eddy_result)count.len;
}

const eddy_encoder eddy_resp_requests_encoder = {
    .name = "resp requests",
    .item_bytes = sizeof(eddy_resp_request),
    .encode = requests_encode,
};
