/* SPDX-License-Identifier: MIT */
/*
 * resp.h - the words that requests and values of RESP have in common: numbers that end a line, and texts
 * whose length stands in front.
 */
#ifndef EDDY__RESP_H
#define EDDY__RESP_H

#include "codec/codec.h"
#include "eddy/resp.h"

/* A number that may have a sign, then CR LF. > 0: it is *number, and *at is behind it; 0: more bytes are
 * needed; -EBADMSG: *at is the bad byte; -EMSGSIZE: the digit that takes it beyond 64 bits. */
eddy_result eddy__resp_number(eddy_bytes in, size_t *at, int64_t *number);

struct eddy__resp_text {
    size_t head; /* where its length stands: the bad byte of one that is too long */
    size_t body; /* where it begins */
    size_t len;
};

/* The text whose length stands at `head`, CR LF behind it. > 0: *at is behind it; 0: *need bytes are
 * needed; -EBADMSG, -EMSGSIZE: *at is the bad byte. */
eddy_result eddy__resp_text(eddy_bytes in, size_t max, size_t *at, size_t *need,
                            struct eddy__resp_text *text);

/* CR LF, which is there. Else *at is the byte that is neither. */
bool eddy__resp_ends(const unsigned char *data, size_t *at);

/* Is it a double (a big number)? Else *bad_at is the first byte that is wrong; text.len: it ends too
 * early. */
bool eddy__resp_is_double(eddy_bytes text, size_t *bad_at);
bool eddy__resp_is_big_number(eddy_bytes text, size_t *bad_at);

/* ---- writing ---- */

/* Counts what is written, and writes it where `out` is not NULL. */
struct eddy__resp_writer {
    unsigned char *out;
    size_t len;
};

void eddy__resp_write(struct eddy__resp_writer *self, const void *data, size_t len);
void eddy__resp_write_number(struct eddy__resp_writer *self, eddy_resp_kind kind, int64_t number);
/* With its length in front and CR LF behind. */
void eddy__resp_write_text(struct eddy__resp_writer *self, eddy_resp_kind kind, eddy_bytes text);

#endif
