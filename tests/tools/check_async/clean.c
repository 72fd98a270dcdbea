/* SPDX-License-Identifier: MIT */
/*
 * Async functions as people write them: no trap in it.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- echo: one client, with a limit on its silence ---- */

struct echo {
    EDDY_FRAME;
    eddy_tcp *client;
    eddy_deadline limit;
    uint64_t bytes;
};

static void echo_done(struct echo *self)
{
    eddy_tcp_free(self->client);
}

EDDY_ASYNC(echo, echo_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            eddy_sleep_start(&self->limit, task, 30 * EDDY_SECOND);
            EDDY_POLL(n,
                      eddy_within(&self->limit, task, eddy_tcp_poll_fill(self->client, task, 1)));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_forward(self->client, self->client, task));
            if (eddy_is_error(n))
                break;
            self->bytes += (uint64_t)n;
        }
        EDDY_END(n);
}

/* ---- http: one connection, keep-alive, requests split at any byte ---- */

struct http {
    EDDY_FRAME;
    eddy_tcp *client;
    size_t need;
    eddy_bytes rest;
    bool keep;
    union {
        struct echo upgraded;
        struct eddy_sleep_for pause;
    } at;
};

static void http_done(struct http *self)
{
    eddy_tcp_free(self->client);
}

static size_t head_len(eddy_bytes view)
{
    for (size_t i = 3; i < view.len; i++) {
        if (memcmp(view.data + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    }
    return 0;
}

EDDY_ASYNC(http, http_done)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    eddy_result n;
    eddy_bytes view;
    size_t len;
    char line[32];

    EDDY_BEGIN
        self->keep = true;
        while (self->keep) {
            self->need = 1;
            do {
                EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, self->need));
                if (n == 0)
                    EDDY_RETURN(0);
                if (n < 0)
                    goto failed;
                view = eddy_tcp_view(self->client);
                len = head_len(view);
                self->need = view.len + 1;
            } while (len == 0 && self->need < 8192);
            if (len == 0) {
                n = -EMSGSIZE;
                goto failed;
            }
            self->keep = memchr(view.data, 'C', len) == NULL;
            if (view.data[0] == 'U') {
                eddy_tcp_consume(self->client, len);
                self->at.upgraded = EDDY_INIT(echo, .client = self->client);
                EDDY_AWAIT(n, &self->at.upgraded);
                break;
            } else if (view.data[0] == 'W') {
                eddy_tcp_consume(self->client, len);
                self->at.pause = EDDY_INIT(eddy_sleep_for, .duration_ns = EDDY_SECOND);
                EDDY_AWAIT(n, &self->at.pause);
                if (n < 0)
                    EDDY_RETURN(n);
            } else {
                eddy_tcp_consume(self->client, len);
            }
            snprintf(line, sizeof line, "%zu", len = 2);
            self->rest = (eddy_bytes){(const unsigned char *)answer, sizeof answer - len / 2};
            EDDY_POLL(n, eddy_tcp_poll_write_all(self->client, task, &self->rest));
            switch (n) {
            case -EPIPE:
            case -ECONNRESET:
                self->keep = false;
                break;
            default:
                self->keep = self->keep && n >= 0;
            }
        }
        EDDY_POLL(n, eddy_tcp_poll_close(self->client, task));
        if (0) {
        failed:
            eddy_tcp_abort(self->client);
        }
        EDDY_END(n);
}

/* ---- chat: every line to every member, in the order of a list ---- */

struct member {
    EDDY_FRAME;
    eddy_tcp *tcp;
    struct member *next;
    struct room *room;
    char line[256];
    size_t len;
};
struct room {
    struct member *members;
    struct member *at;
    unsigned lost;
};

static void member_done(struct member *self)
{
    eddy_tcp_free(self->tcp);
}

#define FOR_EACH_MEMBER(item, room)                                                                \
    for ((item) = (room)->members; (item) != NULL; (item) = (item)->next)

EDDY_ASYNC(member, member_done)
{
    eddy_result n, sent;
    struct member *other;
    eddy_bytes view;
    const unsigned char *end;

    EDDY_BEGIN
        sent = 0;
        if (sent == 0 && self->room->members == self)
            EDDY_YIELD();
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        while (n > 0) {
            view = eddy_tcp_view(self->tcp);
            end = memchr(view.data, '\n', view.len);
            if (end == NULL) {
                if (view.len > sizeof self->line)
                    EDDY_RETURN(-EMSGSIZE);
                self->len = view.len + 1;
                EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, self->len));
                continue;
            }
            self->len = (size_t)(end - view.data) + 1;
            memcpy(self->line, view.data, self->len);
            eddy_tcp_consume(self->tcp, self->len);
            FOR_EACH_MEMBER(other, self->room)
            {
                if (other == self)
                    continue;
                sent = eddy_tcp_try_write(other->tcp, self->line, self->len);
                if (sent < 0)
                    self->room->lost++;
            }
            for (self->room->at = self->room->members; self->room->at != NULL;
                 self->room->at = self->room->at->next) {
                EDDY_POLL(sent, eddy_tcp_poll_flush(self->room->at->tcp, task));
                if (sent < 0)
                    self->room->lost++;
            }
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        }
        EDDY_END(n);
}

/* ---- accept: a client is a member of the frame until it is handed over ---- */

struct server {
    EDDY_FRAME;
    eddy_handle *handle;
    eddy_listener *listener;
    eddy_tcp *client;
};

EDDY_ASYNC(server, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (true) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                EDDY_RETURN(n);
            n = eddy_spawn(self->handle, EDDY_FUTURE(echo, .client = self->client));
            if (n < 0) {
                fprintf(stderr, "spawn: %s\n", eddy_error_name(n));
                EDDY_YIELD();
            }
        }
        EDDY_END(0);
}
