/* SPDX-License-Identifier: MIT */
/*
 * codec_run.h - a decoder at work on input that arrives in pieces, and a log of what it says, for tests
 * and fuzz programs. Each arrival moves the bytes to memory of exactly their length, so that neither a
 * look behind them nor one at where they were goes unseen by a sanitizer.
 */
#ifndef EDDY_TESTS_CODEC_RUN_H
#define EDDY_TESTS_CODEC_RUN_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eddy/codecs.h"
#include "eddy/error.h"

enum { CODEC_LOG_BYTES = 65536, CODEC_ITEM_BYTES = 128, CODEC_STATE_BYTES = 2048 };

/* "[item]" for each, "!NAME@n" for an error that leaves n bytes of the input behind it, "." for the end
 * of the input; nothing more is told after an error that is for ever. */
struct codec_log {
    char text[CODEC_LOG_BYTES];
    size_t len;
};

struct codec_case {
    const eddy_decoder *decoder;
    const void *state; /* as it is at first */
    size_t state_bytes;
    void (*print)(struct codec_log *log, const void *item);
    void (*deinit)(void *state); /* NULL: nothing to do */
};

static inline void codec_say(struct codec_log *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void codec_say(struct codec_log *self, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(self->text + self->len, sizeof self->text - self->len, format, args);
    va_end(args);
    self->len += (size_t)len;
    if (self->len > sizeof self->text - 1)
        self->len = sizeof self->text - 1;
}

static inline void codec_say_bytes(struct codec_log *self, eddy_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        codec_say(self, bytes.data[i] >= ' ' && bytes.data[i] <= '~' ? "%c" : "\\%02x",
                  bytes.data[i]);
}

/* Items that are eddy_bytes. */
static inline void codec_print_bytes(struct codec_log *log, const void *item)
{
    eddy_bytes bytes;

    memcpy(&bytes, item, sizeof bytes);
    codec_say(log, "[");
    codec_say_bytes(log, bytes);
    codec_say(log, "]");
}

struct codec_run {
    const struct codec_case *of;
    struct codec_log *log;
    eddy_bytes input;
    size_t used, come; /* bytes of the input */
    size_t need;
    size_t told_at; /* where the last error was, if one was */
    bool told, stuck;
    _Alignas(max_align_t) unsigned char state[CODEC_STATE_BYTES];
    _Alignas(max_align_t) unsigned char item[CODEC_ITEM_BYTES];
};

/* > 0: go on. */
static inline eddy_result codec_told(struct codec_run *self, eddy_result result, size_t used)
{
    self->used += used;
    if (result > 0) {
        self->of->print(self->log, self->item);
        if (self->of->decoder->drop_item != NULL)
            self->of->decoder->drop_item(self->item);
    } else if (result < 0) {
        self->stuck = used == 0;
        if (!self->stuck || self->told_at != self->used || !self->told)
            codec_say(self->log, "!%s@%zu", eddy_error_name(result), self->used);
        self->told_at = self->used;
        self->told = true;
    }
    return self->stuck ? 0 : result;
}

static inline void codec_decode(struct codec_run *self, eddy_bytes rest, bool at_eof)
{
    const eddy_decoder *decoder = self->of->decoder;
    eddy_result result;

    do {
        size_t before = rest.len;

        if (at_eof)
            result = eddy_decode_eof(decoder, self->state, &rest, self->item);
        else
            result = eddy_decode(decoder, self->state, &rest, &self->need, self->item);
        result = codec_told(self, result, before - rest.len);
    } while (result != 0);
}

/* Bytes that have come and were not used, in memory of their own. */
static inline void codec_look(struct codec_run *self, bool at_eof)
{
    size_t len = self->come - self->used;
    unsigned char *memory = malloc(len > 0 ? len : 1);

    if (memory == NULL)
        abort();
    if (len > 0)
        memcpy(memory, self->input.data + self->used, len);
    codec_decode(self, (eddy_bytes){memory, len}, at_eof);
    free(memory);
}

/* The input comes in pieces that end at `cuts`, which grow. `eager`: the decoder is asked at each arrival,
 * though it said that it needs more. */
static inline void codec_run(const struct codec_case *of, eddy_bytes input, const size_t *cuts,
                             size_t count, bool eager, struct codec_log *log)
{
    struct codec_run self = {.of = of, .log = log, .input = input, .need = 1};

    if (of->state_bytes > sizeof self.state || of->decoder->item_bytes > sizeof self.item)
        abort();
    if (of->state_bytes > 0)
        memcpy(self.state, of->state, of->state_bytes);
    log->len = 0;
    log->text[0] = '\0';
    for (size_t i = 0; i <= count && !self.stuck; i++) {
        self.come = i < count ? cuts[i] : input.len;
        if (eager || self.come - self.used >= self.need)
            codec_look(&self, false);
    }
    if (!self.stuck)
        codec_look(&self, true);
    if (!self.stuck)
        codec_say(log, ".");
    if (of->deinit != NULL)
        of->deinit(self.state);
}

#endif
