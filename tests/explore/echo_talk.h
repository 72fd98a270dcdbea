/* SPDX-License-Identifier: MIT */
/*
 * echo_talk.h - the two directions of a talk with an echo server as async functions: bytes that
 * tell where they belong are written in all the ways there are, and what comes back is read in all
 * the ways there are and compared. Private to tests/explore.
 */
#ifndef EXPLORE_ECHO_TALK_H
#define EXPLORE_ECHO_TALK_H

#include "scene.h"

#define ECHO_PIECE_MAX 3000
#define ECHO_NEVER     UINT64_MAX

/* What both directions know. */
struct echo_talk {
    uint64_t number; /* of the client: says which bytes */
    uint64_t total;  /* to say */
    uint64_t leave;  /* when so many bytes have come */
    uint64_t said, heard;
    eddy_tcp *tcp;
    bool said_all, end; /* our end is on its way; the server's has come */
};

/* ---- speaking ---- */

struct echo_say {
    EDDY_FRAME;
    struct echo_talk *talk;
    unsigned char memory[ECHO_PIECE_MAX];
    eddy_bytes rest;
    eddy_buf *buf;
    uint32_t way;
    struct nap nap;
};

static inline void echo_say_done(struct echo_say *self)
{
    eddy_buf_release(self->buf);
}

static inline void echo_say_take(struct echo_say *self, eddy_task *task)
{
    uint64_t left = self->talk->total - self->talk->said;
    size_t len = 1 + scene_random(scene_random(2) == 0 ? 10 : ECHO_PIECE_MAX);

    len = len < left ? len : (size_t)left;
    self->way = scene_random(5);
    pattern_fill(self->memory, len, self->talk->number, self->talk->said);
    self->rest = (eddy_bytes){self->memory, len};
    nap_start(&self->nap, task, scene_random(4) == 0 ? scene_random(50) * EDDY_MILLISECOND : 0);
}

/* Without memory for a buffer it goes by copy. */
static inline eddy_result echo_say_buf(struct echo_say *self, eddy_task *task)
{
    if (self->buf == NULL)
        self->buf = eddy_buf_new(NULL, self->rest.len);
    if (self->buf == NULL)
        return eddy_tcp_poll_write(self->talk->tcp, task, self->rest.data, self->rest.len);
    memcpy(eddy_buf_data(self->buf), self->rest.data, self->rest.len);
    return eddy_tcp_poll_write_buf(self->talk->tcp, task, self->buf, 0, self->rest.len);
}

static inline eddy_result echo_say_parts(struct echo_say *self, eddy_task *task)
{
    size_t half = self->rest.len / 2;
    eddy_bytes parts[] = {{self->rest.data, half}, {self->rest.data + half, self->rest.len - half}};

    return eddy_tcp_poll_writev(self->talk->tcp, task, parts, 2);
}

static inline eddy_result echo_say_now(struct echo_say *self)
{
    eddy_result n = eddy_tcp_try_write(self->talk->tcp, self->rest.data, self->rest.len);

    return n == -EAGAIN ? 0 : n;
}

static inline eddy_result echo_say_some(struct echo_say *self, eddy_task *task)
{
    switch (self->way) {
    case 0:
        return echo_say_buf(self, task);
    case 1:
        return echo_say_parts(self, task);
    case 2:
        return echo_say_now(self);
    default:
        return eddy_tcp_poll_write(self->talk->tcp, task, self->rest.data, self->rest.len);
    }
}

/* So many bytes were accepted; when it was none, wait the next time. */
static inline void echo_say_note(struct echo_say *self, eddy_result n)
{
    SCENE_CHECK((size_t)n <= self->rest.len, "%d bytes of %u were accepted", (int)n,
                (unsigned)self->rest.len);
    self->talk->said += (uint64_t)n;
    self->rest.data += n;
    self->rest.len -= (size_t)n;
    if (n == 0)
        self->way = 4;
    eddy_buf_release(self->buf);
    self->buf = NULL;
    if (scene_random(8) == 0)
        eddy_tcp_push(self->talk->tcp);
}

EDDY_ASYNC(echo_say, echo_say_done)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->talk->said < self->talk->total) {
            echo_say_take(self, task);
            EDDY_POLL(n, nap_poll(&self->nap, task));
            while (n >= 0 && self->rest.len > 0) {
                EDDY_POLL(n, echo_say_some(self, task));
                if (n >= 0)
                    echo_say_note(self, n);
            }
            if (n >= 0 && self->way == 3)
                EDDY_POLL(n, eddy_tcp_poll_flush(self->talk->tcp, task));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_POLL(n, eddy_tcp_poll_shutdown(self->talk->tcp, task));
        self->talk->said_all = n == 0;
        EDDY_END(n);
}

/* ---- hearing ---- */

struct echo_hear {
    EDDY_FRAME;
    struct echo_talk *talk;
    unsigned char memory[ECHO_PIECE_MAX];
    uint32_t way;
    size_t len;
};

static inline void echo_hear_check(struct echo_hear *self, eddy_bytes bytes)
{
    struct echo_talk *talk = self->talk;

    SCENE_CHECK(pattern_is(bytes, talk->number, talk->heard),
                "client %u: wrong bytes among the %u at %u", (unsigned)talk->number,
                (unsigned)bytes.len, (unsigned)talk->heard);
    SCENE_CHECK(talk->heard + bytes.len <= talk->said,
                "client %u: %u bytes have come, %u were sent", (unsigned)talk->number,
                (unsigned)(talk->heard + bytes.len), (unsigned)talk->said);
}

static inline eddy_result echo_hear_some(struct echo_hear *self, eddy_task *task)
{
    eddy_tcp *tcp = self->talk->tcp;

    switch (self->way) {
    case 0:
        return eddy_tcp_poll_read(tcp, task, self->memory, self->len);
    case 1:
        return eddy_tcp_poll_peek(tcp, task, self->memory, self->len);
    default:
        return eddy_tcp_poll_fill(tcp, task, self->len);
    }
}

/* Look at what has come and take some of it; the end has come when nothing is left at it. */
static inline bool echo_hear_take(struct echo_hear *self, eddy_result n)
{
    eddy_bytes bytes = {self->memory, (size_t)n};

    if (self->way > 1) {
        bytes = eddy_tcp_view(self->talk->tcp);
        SCENE_CHECK(n == 0 || (bytes.len == (size_t)n && bytes.len >= self->len),
                    "%u bytes in view, told were %d of %u", (unsigned)bytes.len, (int)n,
                    (unsigned)self->len);
    }
    echo_hear_check(self, bytes);
    if (self->way == 1 && bytes.len > eddy_tcp_view(self->talk->tcp).len)
        bytes.len = eddy_tcp_view(self->talk->tcp).len;
    if (self->way > 1 && n > 0 && scene_random(2) == 0)
        bytes.len = scene_random((uint32_t)bytes.len) + 1;
    if (self->way > 0)
        eddy_tcp_consume(self->talk->tcp, bytes.len);
    self->talk->heard += bytes.len;
    return n == 0;
}

EDDY_ASYNC(echo_hear, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->talk->heard < self->talk->leave) {
            self->way = scene_random(5);
            self->len = 1 + scene_random(self->way == 4 ? ECHO_PIECE_MAX : 20);
            EDDY_POLL(n, echo_hear_some(self, task));
            if (n < 0)
                EDDY_RETURN(n);
            if (echo_hear_take(self, n)) {
                self->talk->end = true;
                EDDY_RETURN(0);
            }
        }
        EDDY_END(1); /* it leaves */
}

#endif
