/* SPDX-License-Identifier: MIT */
/*
 * scan.h - the search for a delimiter that goes on where it stopped, gives up at a limit, and goes on
 * behind the next delimiter after that.
 */
#ifndef EDDY__SCAN_H
#define EDDY__SCAN_H

#include "codec/codec.h"

struct eddy__scan_limits {
    eddy_bytes delimiter;
    size_t max; /* bytes in front of it */
    size_t
        extra; /* so many more may belong to the end: the caller judges, and says eddy__scan_bad() */
};

/**
 * As eddy_decoder.decode.
 * @return  > 0: *used bytes are an item and its delimiter; 0; -EMSGSIZE, once for each item that is too
 *          long
 */
eddy_result eddy__scan(struct eddy__scan *self, const struct eddy__scan_limits *limits,
                       eddy_bytes in, size_t *used);

/* The item in front turned out to be too long: as eddy__scan() does when it finds that. */
eddy_result eddy__scan_bad(struct eddy__scan *self, const struct eddy__scan_limits *limits,
                           size_t *used);

/* As eddy_decoder.eof: > 0: all of `in` is an item without its delimiter, at most max + extra bytes. */
eddy_result eddy__scan_eof(struct eddy__scan *self, eddy_bytes in, size_t *used);

/* Of the bytes in front of a LF, those that are the line: a CR in front of it is of its end. */
static inline size_t eddy__line_len(const unsigned char *line, size_t len)
{
    return len > 0 && line[len - 1] == '\r' ? len - 1 : len;
}

/* Where the delimiter begins; in.len: nowhere. */
size_t eddy__scan_find(eddy_bytes in, size_t from, eddy_bytes delimiter);

#endif
