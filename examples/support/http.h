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
    "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: "     \
    "close\r\n\r\n"
#define HTTP_TOO_LARGE                                                                             \
    "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: "            \
    "close\r\n\r\n"

/* The head of one request. */
struct http_head {
    size_t len;          /* blank line included; 0: it is not complete yet */
    const char *refusal; /* the answer, when it is not the greeting */
    bool close;          /* no other request follows on this connection */
    bool bodiless;       /* HEAD: the answer is its head alone */
};

/* Whether a line is the header `name`, which ends in a colon. The case does not matter. */
static inline bool http_line_is(const unsigned char *line, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    return len > name_len && line[name_len - 1] == ':' &&
           strncasecmp((const char *)line, name, name_len) == 0;
}

/* Whether a list like "keep-alive, Close" has the word `close` in it. */
static inline bool http_says_close(const unsigned char *value, const unsigned char *end)
{
    while (value < end) {
        size_t len = 0;

        while (value < end && (*value <= ' ' || *value == ','))
            value++;
        while (value + len < end && value[len] > ' ' && value[len] != ',')
            len++;
        if (len == 5 && strncasecmp((const char *)value, "close", 5) == 0)
            return true;
        value += len;
    }
    return false;
}

/* Whether no request can follow one with this header: it asks for the end, or it announces a body,
 * which we do not read. */
static inline bool http_line_ends(const unsigned char *line, size_t len)
{
    static const char keep[] = "Connection: keep-alive\r"; /* as nearly all write it */
    const unsigned char *end = line + len;
    unsigned char first = line[0] | 0x20;

    if (len == sizeof keep - 1 && memcmp(line, keep, sizeof keep - 1) == 0)
        return false;
    if (first == 'c' && http_line_is(line, len, "connection:"))
        return http_says_close(line + strlen("connection:"), end);
    if (first == 'c' && http_line_is(line, len, "content-length:")) {
        for (line += strlen("content-length:"); line < end; line++)
            if (*line > ' ' && *line != '0')
                return true;
        return false;
    }
    return first == 't' && http_line_is(line, len, "transfer-encoding:");
}

/* The length of the line at `line` when it is the one that ends a head, else 0. */
static inline size_t http_blank(const unsigned char *line, const unsigned char *end)
{
    if (*line > '\r')
        return 0;
    if (*line == '\r' && end - line > 1 && line[1] == '\n')
        return 2;
    return *line == '\n';
}

/* What the request line says, which ends at `end`. HTTP/1.0 does not stay. */
static inline void http_head_judge(struct http_head *head, const unsigned char *line,
                                   const unsigned char *end)
{
    head->bodiless = end - line >= 5 && memcmp(line, "HEAD ", 5) == 0;
    if (!head->bodiless && (end - line < 4 || memcmp(line, "GET ", 4) != 0)) {
        head->refusal = HTTP_NOT_GET;
        head->close = true;
    } else if (end - line < 14 || memcmp(end - 9, "HTTP/1.1\r", 9) != 0)
        head->close = true;
}

/* Look at the request in front of `view`, line by line, once. */
static inline struct http_head http_head_parse(eddy_bytes view)
{
    size_t limit = view.len < HTTP_HEAD_MAX ? view.len : HTTP_HEAD_MAX;
    const unsigned char *line, *end = view.data + limit;
    const unsigned char *next = memchr(view.data, '\n', limit);
    struct http_head head = {0, NULL, false, false};

    if (next != NULL)
        http_head_judge(&head, view.data, next);
    while (next != NULL && (line = next + 1) < end) {
        head.len = http_blank(line, end);
        if (head.len > 0) {
            head.len += (size_t)(line - view.data);
            return head;
        }
        next = memchr(line, '\n', (size_t)(end - line));
        if (next != NULL && http_line_ends(line, (size_t)(next - line)))
            head.close = true;
    }
    if (limit == HTTP_HEAD_MAX)
        head = (struct http_head){view.len, HTTP_TOO_LARGE, true, false};
    return head;
}

/* The greeting, made anew once a second; [1] says that the connection ends with it. */
struct http_greeting {
    char text[2][256];
    size_t len[2];
};

#define HTTP_BODY "Hello, World!"

static inline void http_greeting_make(struct http_greeting *self)
{
    char date[64];
    struct tm utc;
    time_t now = time(NULL);

    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    for (int last = 0; last < 2; last++)
        self->len[last] = (size_t)snprintf(
            self->text[last], sizeof self->text[last],
            "HTTP/1.1 200 OK\r\nServer: eddy\r\nDate: %s\r\n"
            "Content-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n%s",
            date, strlen(HTTP_BODY), last ? "Connection: close\r\n" : "", HTTP_BODY);
}

#endif
