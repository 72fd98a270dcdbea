/* SPDX-License-Identifier: MIT */
/*
 * http.h - the part of HTTP that every measured server does alike: the scanner counts the request
 * heads that have come in whole and keeps a head that has not, and the answer is one block with a
 * copy for each request. No header is looked at. C11 and C++; header only, so that it is compiled
 * into the server's own functions.
 */
#ifndef BENCH_SERVERS_HTTP_H
#define BENCH_SERVERS_HTTP_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"

#define HTTP_HEAD_MAX    4096 /* bytes of a request */
#define HTTP_ANSWER_MAX  256
/* The least that counts as a request is "GET " and a blank line, and one more request may have begun
 * in the read before: no read holds more. */
#define HTTP_REQUESTS    (SERVER_READ_BYTES / 8 + 1)
#define HTTP_ANSWERS_MAX (HTTP_REQUESTS * HTTP_ANSWER_MAX)

/* A head that has come in part. All zero: none. */
struct http_head {
    char *bytes; /* HTTP_HEAD_MAX, from the first time there is need */
    size_t size;
};

struct http_answer {
    char bytes[HTTP_ANSWER_MAX];
    size_t size;
    time_t second; /* that its date tells */
};

/* Write the answer anew when another second has begun: once a turn, or by a timer. */
static inline void http_answer_date(struct http_answer *self, const char *server)
{
    time_t now = time(NULL);
    struct tm parts;
    char date[64];

    if (now == self->second)
        return;
    self->second = now;
    gmtime_r(&now, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    self->size = (size_t)snprintf(self->bytes, sizeof self->bytes,
                                  "HTTP/1.1 200 OK\r\nServer: %s\r\nDate: %s\r\n"
                                  "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\n"
                                  "Hello, World!",
                                  server, date);
}

/* So many answers, one behind the other. Returns their bytes. */
static inline size_t http_answer_copy(const struct http_answer *self, char *out, int requests)
{
    char *at = out;

    for (int i = 0; i < requests; i++) {
        memcpy(at, self->bytes, self->size);
        at += self->size;
    }
    return (size_t)(at - out);
}

/* The end of the head that begins at `at`, or NULL when it is not there. */
static inline const char *http_head_end(const char *at, const char *end)
{
    while ((at = (const char *)memchr(at, '\r', (size_t)(end - at))) != NULL && end - at >= 4) {
        if (at[1] == '\n' && at[2] == '\r' && at[3] == '\n')
            return at + 4;
        at++;
    }
    return NULL;
}

/* How many whole heads there are, and of how many bytes; -1: this is no GET. */
static inline int http_scan(const char *bytes, size_t size, size_t *used)
{
    const char *at = bytes, *end = bytes + size, *next;
    int requests = 0;

    while (at < end && (next = http_head_end(at, end)) != NULL) {
        if (memcmp(at, "GET ", 4) != 0)
            return -1;
        at = next;
        requests++;
    }
    *used = (size_t)(at - bytes);
    return requests;
}

static inline int http_head_keep(struct http_head *self, const char *bytes, size_t size)
{
    if (size > HTTP_HEAD_MAX - self->size)
        return -1;
    if (self->bytes == NULL)
        self->bytes = (char *)server_alloc(1, HTTP_HEAD_MAX);
    memcpy(self->bytes + self->size, bytes, size);
    self->size += size;
    return 0;
}

/* Complete the head that has been kept with the first of these bytes, if its end is among them.
 * `*used` of them belong to it. Returns 1, 0 when it goes on, -1 when it is wrong. */
static inline int http_head_finish(struct http_head *self, const char *bytes, size_t size,
                                   size_t *used)
{
    size_t before = self->size, room = HTTP_HEAD_MAX - before;
    const char *end;

    if (http_head_keep(self, bytes, size < room ? size : room) < 0)
        return -1;
    end = http_head_end(self->bytes, self->bytes + self->size);
    if (end == NULL)
        return self->size == HTTP_HEAD_MAX ? -1 : 0;
    /* What had been kept was no whole head: the end lies within the new bytes. */
    *used = (size_t)(end - self->bytes) - before;
    self->size = 0;
    return memcmp(self->bytes, "GET ", 4) == 0 ? 1 : -1;
}

/* Take what has come. Returns how many requests are to be answered, or -1: end the connection. */
static inline int http_take(struct http_head *self, const char *bytes, size_t size)
{
    size_t used = 0;
    int first = 0, requests;

    if (self->size > 0) {
        first = http_head_finish(self, bytes, size, &used);
        if (first <= 0)
            return first;
        bytes += used;
        size -= used;
    }
    requests = http_scan(bytes, size, &used);
    if (requests < 0 || (used < size && http_head_keep(self, bytes + used, size - used) < 0))
        return -1;
    return first + requests;
}

static inline void http_head_free(struct http_head *self)
{
    free(self->bytes);
}

#endif
