/* SPDX-License-Identifier: MIT */
/*
 * eddy/resp.h - RESP, the protocol that Redis and its clients speak: versions 2 and 3, without streamed
 * strings and aggregates. Tables as in eddy/codecs.h, for both sides: a server decodes requests and
 * encodes values, a client encodes requests and decodes values.
 *
 *     eddy_resp_requests in = {0};
 *     eddy_resp_request request;
 *     while ((n = eddy_decode(&eddy_resp_requests_decoder, &in, &view, &need, &request)) > 0)
 *         answer(&request.argv[0], request.argc);
 *
 * Nothing is copied: arguments and texts point into the input, and are valid until the next poll. Only
 * eddy_resp_replies_decoder makes values that last. What was parsed of a request or a value that is not
 * whole yet is not parsed again.
 *
 * Errors as in eddy/codecs.h, all of them for ever: -EBADMSG; -EMSGSIZE: a limit is exceeded, told when
 * the number that exceeds it has come, before there is memory for it; or an integer, a length or a count
 * goes beyond 64 bits. -ENOMEM: the bytes are kept, and the next call tries again.
 */
#ifndef EDDY_RESP_H
#define EDDY_RESP_H

#include "eddy/alloc.h"
#include "eddy/codecs.h"

EDDY_EXTERN_C_BEGIN

/** What limits of 0 stand for. */
#define EDDY_RESP_ARGS_MAX   ((size_t)1024)
#define EDDY_RESP_VALUES_MAX ((size_t)65536)

/** Values within values within values: no more than so many. */
#define EDDY_RESP_DEPTH_MAX 32

/* ---- requests ---- */

/** A command and its arguments: at least one. */
typedef struct eddy_resp_request {
    size_t argc;
    const eddy_bytes *argv;
} eddy_resp_request;

/** State of the codec of requests. */
typedef struct eddy_resp_requests {
    size_t args_max; /* arguments, the command included; 0: EDDY_RESP_ARGS_MAX */
    size_t bulk_max; /* bytes of one; 0: EDDY_CODEC_BLOCK_MAX */
    size_t line_max; /* bytes of a request in a line, without its end; 0: EDDY_CODEC_TEXT_MAX */
    const eddy_allocator *allocator; /* for more than a few arguments; NULL: malloc(3) */
    /* private */
    eddy_bytes few[8];
    eddy_bytes *many; /* NULL: few is enough */
    size_t many_max;
    size_t argc, left; /* arguments that were parsed, that are missing */
    size_t at;         /* bytes that were parsed; 0: a request begins */
    uintptr_t base;    /* where the input was */
    struct eddy__scan scan;
    eddy_result error;
} eddy_resp_requests;

/**
 * Requests: arrays of bulk strings, and lines of words that are separated by blanks, as a person types
 * them (quotes are no more than characters). Empty ones are skipped. The item is an eddy_resp_request.
 * State: eddy_resp_requests. Allocates: rarely, for requests of more than eight arguments.
 */
EDDY_API extern const eddy_decoder eddy_resp_requests_decoder;

/**
 * Requests, as arrays of bulk strings. -EMSGSIZE: one of the limits is exceeded; -EINVAL: there is no
 * command. State: eddy_resp_requests.
 */
EDDY_API extern const eddy_encoder eddy_resp_requests_encoder;

/**
 * Free the memory of a state.
 * @param self  state; as one that begins, its limits kept. No item of it is used any more
 * Thread: that of the state. Allocates: no.
 */
EDDY_API void eddy_resp_requests_deinit(eddy_resp_requests *self);

/* ---- values ---- */

/** What a value is, by the character in front of it. */
typedef enum eddy_resp_kind {
    EDDY_RESP_NULL = '_',    /* also "$-1" and "*-1" */
    EDDY_RESP_BULK = '$',    /* text: any bytes */
    EDDY_RESP_STATUS = '+',  /* text: a line, "OK" */
    EDDY_RESP_ERROR = '-',   /* text: a line, "ERR and why" */
    EDDY_RESP_INTEGER = ':', /* integer */
    EDDY_RESP_ARRAY = '*',   /* items */
    EDDY_RESP_BOOLEAN = '#', /* integer: 0 or 1; any but 0 is encoded as 1 */
    EDDY_RESP_DOUBLE = ',',  /* text, for strtod(3): digits, maybe with a sign in front, a point and
                                   digits, an exponent: "-3.14e+2"; "inf", "-inf", "nan" */
    EDDY_RESP_BIG_NUMBER = '(', /* text: digits, maybe with a sign in front */
    EDDY_RESP_BULK_ERROR = '!', /* text: any bytes */
    EDDY_RESP_VERBATIM = '=',   /* text: three characters, a colon, any bytes: "txt:..." */
    EDDY_RESP_MAP = '%',        /* items: key, value, key, value, ... */
    EDDY_RESP_SET = '~',        /* items */
    EDDY_RESP_PUSH = '>',       /* items: not asked for */
    EDDY_RESP_ATTRIBUTE = '|',  /* items: key, value, ..., and last the value that they are about */
} eddy_resp_kind;

/** A value: what its kind says. */
typedef struct eddy_resp_value {
    eddy_resp_kind kind;
    union {
        eddy_bytes text;
        int64_t integer;
        struct {
            struct eddy_resp_value *data;
            size_t count;
        } items;
    } as;
} eddy_resp_value;

/** State of the codec of values. */
typedef struct eddy_resp_values {
    size_t bulk_max;   /* bytes of one text; 0: EDDY_CODEC_BLOCK_MAX */
    size_t line_max;   /* bytes of a status, an error, a number; 0: EDDY_CODEC_TEXT_MAX */
    size_t values_max; /* values in one, at all depths; 0: EDDY_RESP_VALUES_MAX */
    size_t depth_max;  /* arrays (maps, ...) within arrays: 1 is one that holds no other, but empty
                          ones; 0: EDDY_RESP_DEPTH_MAX, and no more than that (asserted) */
    bool resp3;        /* encoder: NULL is "_", not "$-1" */
    const eddy_allocator *allocator; /* NULL: malloc(3) */
    /* private */
    size_t at, seen;         /* bytes that were parsed; of these, of a line that has no end yet */
    size_t depth;            /* values that are not whole */
    size_t values, text_len; /* what is in them so far */
    size_t left[EDDY_RESP_DEPTH_MAX];
    eddy_resp_value *nodes;
    size_t nodes_max;
    eddy_result error;
} eddy_resp_values;

/**
 * Values: the item is an eddy_resp_value whose texts point into the input, and its items into the state.
 * State: eddy_resp_values. Allocates: when one has more values in it than any before.
 */
EDDY_API extern const eddy_decoder eddy_resp_values_decoder;

/**
 * Values. -EINVAL: a line with an end in it, a number or a verbatim text that is none, a map with a key
 * only, an attribute without its value, too deep. Limits are for decoding. The item is an
 * eddy_resp_value; what it points to stays the caller's. State: eddy_resp_values, or NULL.
 */
EDDY_API extern const eddy_encoder eddy_resp_values_encoder;

/**
 * Free the memory of a state.
 * @param self  state; as one that begins, its limits kept. No item of it is used any more
 * Thread: that of the state. Allocates: no.
 */
EDDY_API void eddy_resp_values_deinit(eddy_resp_values *self);

/** A value with all that is in it, in one piece of memory. */
typedef struct eddy_resp_reply {
    eddy_resp_value value;
    void *memory; /* private; NULL: it needs none */
} eddy_resp_reply;

/**
 * Values that last: the item is an eddy_resp_reply, owned by whoever gets it. State: eddy_resp_values.
 * Allocates: once for each that has text or items.
 */
EDDY_API extern const eddy_decoder eddy_resp_replies_decoder;

/**
 * Free a reply.
 * @param self  reply; its value is a null then
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_resp_reply_free(eddy_resp_reply *self);

/* ---- by hand ---- */

/** Bytes that eddy_resp_put_number() writes at most. */
#define EDDY_RESP_NUMBER_MAX 24

/**
 * Write a character, a number and an end of line: an integer, or what comes before a bulk string or an
 * array. For servers that put their answers together in memory of their own.
 * @param kind    EDDY_RESP_INTEGER, EDDY_RESP_BULK, EDDY_RESP_ARRAY, ...
 * @param number  the integer, the bytes, the items
 * @param out     room for EDDY_RESP_NUMBER_MAX bytes
 * @return        bytes written
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_resp_put_number(eddy_resp_kind kind, int64_t number, unsigned char *out);

EDDY_EXTERN_C_END

#endif
