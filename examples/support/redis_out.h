/* SPDX-License-Identifier: MIT */
/*
 * redis_out.h - answers of RESP, put one behind the other into memory that grows. An answer for which
 * there is no memory makes the whole fail, which is asked for once.
 */
#ifndef EXAMPLES_REDIS_OUT_H
#define EXAMPLES_REDIS_OUT_H

#include <eddy/eddy.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redis_out {
    unsigned char *data;
    size_t len, room;
    bool failed;
};

/* Room for so many bytes more. */
static inline bool redis_out_room(struct redis_out *self, size_t more)
{
    size_t room = 2 * (self->len + more);
    unsigned char *data;

    if (self->room - self->len >= more)
        return true;
    data = realloc(self->data, room);
    if (data == NULL) {
        self->failed = true;
        return false;
    }
    self->data = data;
    self->room = room;
    return true;
}

static inline void redis_out_raw(struct redis_out *self, const void *data, size_t len)
{
    if (!redis_out_room(self, len))
        return;
    memcpy(self->data + self->len, data, len);
    self->len += len;
}

/* What is known when the program is made. */
#define redis_out_text(self, text) redis_out_raw(self, text, sizeof(text) - 1)

static inline void redis_out_number(struct redis_out *self, eddy_resp_kind kind, int64_t number)
{
    if (redis_out_room(self, EDDY_RESP_NUMBER_MAX))
        self->len += eddy_resp_put_number(kind, number, self->data + self->len);
}

static inline void redis_out_bulk(struct redis_out *self, eddy_bytes bytes)
{
    unsigned char *to;

    if (!redis_out_room(self, EDDY_RESP_NUMBER_MAX + bytes.len + 2))
        return;
    to = self->data + self->len;
    to += eddy_resp_put_number(EDDY_RESP_BULK, (int64_t)bytes.len, to);
    if (bytes.len > 0)
        memcpy(to, bytes.data, bytes.len);
    to += bytes.len;
    *to++ = '\r';
    *to++ = '\n';
    self->len = (size_t)(to - self->data);
}

static inline void redis_out_string(struct redis_out *self, const char *text)
{
    redis_out_bulk(self, (eddy_bytes){(const unsigned char *)text, strlen(text)});
}

static inline void redis_out_error(struct redis_out *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An error: a line, so what would end it becomes a blank. */
static inline void redis_out_error(struct redis_out *self, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\r' || *at == '\n')
            *at = ' ';
    redis_out_text(self, "-");
    redis_out_raw(self, text, strlen(text));
    redis_out_text(self, "\r\n");
}

#endif
