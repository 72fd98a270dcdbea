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

/* Length of the first complete head in `view`, blank line included; 0: not complete yet. */
static inline size_t http_head_len(eddy_bytes view)
{
    const unsigned char *at = view.data;
    const unsigned char *end = view.data + view.len;

    while (end - at >= 4 && (at = memchr(at, '\r', (size_t)(end - at - 3))) != NULL) {
        if (memcmp(at, "\r\n\r\n", 4) == 0)
            return (size_t)(at + 4 - view.data);
        at++;
    }
    return 0;
}

static inline bool http_is_get(eddy_bytes head)
{
    return head.len > 4 && memcmp(head.data, "GET ", 4) == 0;
}

/* Does one of the head's lines say `Connection: close`? HTTP/1.0 closes anyway. */
static inline bool http_wants_close(eddy_bytes head)
{
    static const char close_line[] = "\nconnection: close";
    const char *at = (const char *)head.data;
    size_t left = head.len;

    while ((at = memchr(at, '\n', left)) != NULL) {
        left = head.len - (size_t)(at - (const char *)head.data);
        if (left >= sizeof close_line && strncasecmp(at, close_line, sizeof close_line - 1) == 0)
            return true;
        at++;
        left--;
    }
    at = memchr(head.data, '\r', head.len);
    return at == NULL || at - (const char *)head.data < 8 || memcmp(at - 8, "HTTP/1.1", 8) != 0;
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
