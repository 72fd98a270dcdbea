/* SPDX-License-Identifier: MIT */
/*
 * answer.h - the answer that an HTTP server has to give: "HTTP/1.1 200", headers Server, Date,
 * Content-Type: text/plain and Content-Length: 13 in any order among others, and "Hello, World!".
 * The first answer is read in full; every later one has to be the same byte by byte but for its date.
 */
#ifndef BENCH_LOAD_ANSWER_H
#define BENCH_LOAD_ANSWER_H

#include <stddef.h>

enum { ANSWER_MAX = 1024 };

struct answer {
    char bytes[ANSWER_MAX]; /* the latest */
    size_t len;             /* 0: none has been seen */
    size_t date;            /* where its date begins */
};

/* The length of the answer that these bytes begin with. 0: more bytes are needed, or, when
 * `complaint` was set, this is none. */
size_t answer_match(struct answer *self, const char *bytes, size_t len, const char **complaint);

#endif
