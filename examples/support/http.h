/* SPDX-License-Identifier: MIT */
/*
 * http.h - just enough HTTP/1.1 to greet: where a request's head ends, whether the client wants to
 * stay, and one answer with the date of the second. No I/O here: bytes in, bytes out.
 */
#ifndef EXAMPLES_HTTP_H
#define EXAMPLES_HTTP_H

#include <eddy/eddy.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define HTTP_HEAD_MAX 8192
#define HTTP_NOT_GET                                                                               \
    "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nContent-Length: 0\r\nConnection: "           \
    "close\r\n\r\n"
#define HTTP_TOO_LARGE                                                                             \
    "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: "            \
    "close\r\n\r\n"

/* The head of one request. */
struct http_head {
    size_t len; /* blank line included; 0: it is not complete yet */
    bool is_get;
    bool close; /* the client wants the connection to end after the answer */
};

static inline bool http_line_says_close(const unsigned char *line, size_t len)
{
    static const char text[] = "connection: close";

    return (line[0] | 0x20) == 'c' && len >= sizeof text - 1 &&
           strncasecmp((const char *)line, text, sizeof text - 1) == 0;
}

/* Look at the request in front of `view`, line by line, once. HTTP/1.0 does not stay. */
static inline struct http_head http_head_parse(eddy_bytes view)
{
    const unsigned char *line = view.data, *end = view.data + view.len, *next;
    struct http_head head = {0, view.len > 4 && memcmp(line, "GET ", 4) == 0, false};

    while ((next = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        if (next - line <= 1 && line != view.data) {
            head.len = (size_t)(next + 1 - view.data);
            return head;
        }
        if (line == view.data)
            head.close = next - line < 10 || memcmp(next - 9, "HTTP/1.1\r", 9) != 0;
        else if (http_line_says_close(line, (size_t)(next - line)))
            head.close = true;
        line = next + 1;
    }
    return head;
}

/* The greeting, made anew once a second. */
struct http_greeting {
    char text[256];
    size_t len;
};

static inline void http_greeting_make(struct http_greeting *self)
{
    char date[64];
    struct tm utc;
    time_t now = time(NULL);

    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    self->len = (size_t)snprintf(self->text, sizeof self->text,
                                 "HTTP/1.1 200 OK\r\nServer: eddy\r\nDate: %s\r\n"
                                 "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\n"
                                 "Hello, World!",
                                 date);
}

#endif
