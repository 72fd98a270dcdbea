/* SPDX-License-Identifier: MIT */
/*
 * srv_http.h - the benchmark's server in the mode `http`: the answer and the scanner are those of all
 * servers that are measured (servers/http.h), everything else is as in examples/support/http_server.h. A
 * head that came in part stays unread.
 */
#ifndef BENCH_SRV_HTTP_H
#define BENCH_SRV_HTTP_H

#include <eddy/eddy.h>

#include "servers/http.h"

struct http_client {
    EDDY_FRAME;
    const struct http_answer *answer;
    eddy_tcp *tcp;
    size_t want; /* bytes that must be in view before it is worth looking */
};

static inline void http_client_done(struct http_client *self)
{
    eddy_tcp_free(self->tcp);
}

/* As many answers as are surely small enough to be accepted whole, or to wait. */
enum { HTTP_AT_ONCE = EDDY_TCP_WRITE_WHOLE / HTTP_ANSWER_MAX };

/* Answer the requests that are in view, up to so many. */
static inline eddy_result http_client_poll_answers(struct http_client *self, eddy_task *task)
{
    eddy_bytes view = eddy_tcp_view(self->tcp), parts[HTTP_AT_ONCE];
    const char *begin = (const char *)view.data, *end = begin + view.len, *at = begin, *next;
    size_t count = 0;
    eddy_result n = 0;

    while (count < HTTP_AT_ONCE && at < end && (next = http_head_end(at, end)) != NULL) {
        if (memcmp(at, "GET ", 4) != 0)
            return -EPROTO;
        parts[count++] =
            (eddy_bytes){(const unsigned char *)self->answer->bytes, self->answer->size};
        at = next;
    }
    if (count > 0)
        n = eddy_tcp_poll_writev(self->tcp, task, parts, count);
    if (n < 0)
        return n;
    self->want = count < HTTP_AT_ONCE ? (size_t)(end - at) + 1 : 1;
    eddy_tcp_consume(self->tcp, (size_t)(at - begin));
    return n;
}

EDDY_ASYNC(http_client, http_client_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->want = 1;
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, self->want));
            if (n <= 0)
                break; /* 0: the client closed */
            EDDY_POLL(n, http_client_poll_answers(self, task));
            if (n < 0)
                break;
        }
        EDDY_END(0);
}

/* As of struct eddy_server; `arg` is the answer. */
static inline int http_client_start(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    return eddy_group_spawn(group, EDDY_FUTURE(http_client, .answer = arg, .tcp = tcp));
}

/* Keeps the answer's date. */
struct http_date {
    EDDY_FRAME;
    struct http_answer *answer;
    eddy_interval second;
};

EDDY_ASYNC(http_date, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_interval_start(&self->second, task, EDDY_SECOND, EDDY_MISSED_SKIP);
        do {
            http_answer_date(self->answer, "eddy");
            EDDY_POLL(n, eddy_interval_poll(&self->second, task));
        } while (n >= 0);
        EDDY_END(n);
}

#endif
