/* SPDX-License-Identifier: MIT */
/*
 * redis_call.h - a request on its way through a command: its words, and the answers that many give.
 */
#ifndef EXAMPLES_REDIS_CALL_H
#define EXAMPLES_REDIS_CALL_H

#include <stdint.h>

#include "redis_out.h"
#include "redis_store.h"

#define REDIS_OVER        1 /* a time that is over */
#define REDIS_NOT_INTEGER "ERR value is not an integer or out of range"

/* Bytes of the values in one answer: what a short request can make, and have kept for a client that does
   not read. */
#define REDIS_ANSWER_MAX ((size_t)16 << 20)

/* One request on its way. */
struct redis_call {
    struct redis_store *store;
    const eddy_bytes *argv;
    size_t argc;
    struct redis_out *out;
    bool quit; /* set: the client goes */
};

/* ---- words ---- */

/* A word of at most eight letters as a number, without case. 0: it is longer. */
static inline uint64_t redis_word(const unsigned char *text, size_t len)
{
    uint64_t word = 0;

    if (len > sizeof word)
        return 0;
    memcpy(&word, text, len);
    return word & UINT64_C(0xdfdfdfdfdfdfdfdf);
}

static inline bool redis_is(eddy_bytes arg, const char *word)
{
    return arg.len == strlen(word) &&
           redis_word(arg.data, arg.len) == redis_word((const unsigned char *)word, arg.len);
}

/* As Redis: no plus, no zeros in front, no blanks. */
static inline bool redis_integer(eddy_bytes text, int64_t *number)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    char digits[24], *end;

    if (text.len <= negative || text.len >= sizeof digits ||
        (text.data[negative] <= '0' && (text.len > 1 || text.data[0] != '0')))
        return false;
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    errno = 0;
    *number = strtoll(digits, &end, 10);
    return errno == 0 && end == digits + text.len;
}

/* A point of the loop's clock, so many units from now; what is over is over at once. */
static inline bool redis_time(const struct redis_call *call, eddy_bytes text, int64_t unit_ns,
                              int64_t *when_ns)
{
    int64_t now = eddy_now_ns(call->store->handle), amount;

    if (!redis_integer(text, &amount)) {
        redis_out_error(call->out, REDIS_NOT_INTEGER);
        return false;
    }
    if (amount > (INT64_MAX - now) / unit_ns) {
        redis_out_error(call->out, "ERR invalid expire time");
        return false;
    }
    *when_ns = amount > 0 ? now + amount * unit_ns : REDIS_OVER;
    return true;
}

static inline void redis_ok(struct redis_call *call)
{
    redis_out_text(call->out, "+OK\r\n");
}

static inline void redis_null(struct redis_call *call)
{
    redis_out_text(call->out, "$-1\r\n");
}

static inline void redis_no_memory(struct redis_call *call)
{
    redis_out_error(call->out, "OOM out of memory");
}

static inline void redis_number(struct redis_call *call, int64_t number)
{
    redis_out_number(call->out, EDDY_RESP_INTEGER, number);
}

#endif
