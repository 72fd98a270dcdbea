/* SPDX-License-Identifier: MIT */
/*
 * web.h - for the tests of eddy-curl: a web server as a task of the same loop, and a transfer with all
 * that belongs to it.
 *
 *     GET /bytes/N    N bytes of the pattern         GET /half/N   N promised, half sent, then silence
 *     GET /hang/0     silence                        GET /none/0   the connection is closed
 *     GET /status/N   that status, no body           POST /...     takes the body, says how long it was
 */
#ifndef EDDY_TEST_WEB_H
#define EDDY_TEST_WEB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <eddy/curl.h>
#include <eddy/fd.h>

#include "support/net.h"

struct web {
    eddy_core *core;
    eddy_addr addr;
    eddy_join *join;
    int connections, open, open_most, requests;
};

/* ---- one client of the server ---- */

struct web_client {
    EDDY_FRAME;
    struct web *web;
    eddy_tcp *tcp;
    unsigned char *answer;
    eddy_bytes rest;
    size_t seen; /* bytes of the request that were looked at */
    size_t body; /* bytes of its body that are still to come */
    char kind[16];
    unsigned long number;
};

static inline void web_client_done(struct web_client *self)
{
    eddy_tcp_free(self->tcp);
    free(self->answer);
    self->web->open--;
}

/* The request's head is there: take it. */
static inline bool web_take_head(struct web_client *self)
{
    eddy_bytes view = eddy_tcp_view(self->tcp);
    const char *text = (const char *)view.data;
    const char *end = memmem(text, view.len, "\r\n\r\n", 4);
    const char *length = memmem(text, view.len, "Content-Length: ", 16);

    self->seen = view.len;
    if (end == NULL)
        return false;
    assert_int_equal(sscanf(text, "%*[A-Z] /%15[a-z]/%lu", self->kind, &self->number), 2);
    self->body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
    if (self->body > 0)
        self->number = self->body;
    eddy_tcp_consume(self->tcp, (size_t)(end + 4 - text));
    self->seen = 0;
    self->web->requests++;
    return true;
}

static inline bool web_is(const struct web_client *self, const char *kind)
{
    return strcmp(self->kind, kind) == 0;
}

static inline void web_answer(struct web_client *self)
{
    size_t body = web_is(self, "bytes") || web_is(self, "half") ? self->number : 0;
    size_t room = body + 200;
    int head;

    free(self->answer);
    self->answer = malloc(room);
    assert_non_null(self->answer);
    if (web_is(self, "bytes") || web_is(self, "half"))
        head = snprintf((char *)self->answer, room,
                        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body);
    else if (web_is(self, "status"))
        head = snprintf((char *)self->answer, room, "HTTP/1.1 %lu Hm\r\nContent-Length: 0\r\n\r\n",
                        self->number);
    else
        head =
            snprintf((char *)self->answer, room,
                     "HTTP/1.1 200 OK\r\nX-Took: %lu\r\nContent-Length: 0\r\n\r\n", self->number);
    test_pattern_fill(self->answer + head, body, 0);
    self->rest =
        (eddy_bytes){self->answer, (size_t)head + (web_is(self, "half") ? body / 2 : body)};
}

static inline void web_take_body(struct web_client *self)
{
    size_t len = eddy_tcp_view(self->tcp).len;

    if (len > self->body)
        len = self->body;
    eddy_tcp_consume(self->tcp, len);
    self->body -= len;
}

EDDY_ASYNC(web_client, web_client_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            do {
                EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, self->seen + 1));
                if (n <= 0)
                    EDDY_RETURN(0);
            } while (!web_take_head(self));
            while (self->body > 0) {
                EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
                if (n <= 0)
                    EDDY_RETURN(0);
                web_take_body(self);
            }
            if (web_is(self, "none"))
                EDDY_RETURN(0);
            if (!web_is(self, "hang"))
                web_answer(self);
            EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, &self->rest));
            if (n < 0)
                EDDY_RETURN(0);
            if (web_is(self, "hang") || web_is(self, "half")) {
                EDDY_POLL(n, eddy_tcp_poll_gone(self->tcp, task));
                EDDY_RETURN(0);
            }
        }
        EDDY_END(0);
}

static inline int web_serve(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    struct web *web = arg;

    web->connections++;
    if (++web->open > web->open_most)
        web->open_most = web->open;
    return eddy_group_spawn(group, EDDY_FUTURE(web_client, .web = web, .tcp = tcp));
}

static inline void web_start(struct web *self, eddy_core *core)
{
    eddy_listener *listener;

    *self = (struct web){.core = core};
    listener = test_listener(core, &self->addr);
    self->join =
        test_spawn_join(core, eddy_server, .listener = listener, .client = web_serve, .arg = self);
}

static inline void web_stop(struct web *self)
{
    eddy_join_abort(self->join);
    eddy_join_free(self->join);
    test_settle(self->core);
}

/* ---- a loop with a server, and an object under test ---- */

struct place {
    eddy_core *core;
    struct web web;
    eddy_curl *curl;
    int fds;
};

/* What a loop keeps open once it has had a foreign descriptor. */
static inline void place_warm_up(eddy_core *core)
{
    int pair[2];
    eddy_fd *fd;

    assert_int_equal(pipe(pair), 0);
    assert_int_equal(eddy_fd_new(eddy_core_handle(core), pair[0], NULL, &fd), 0);
    eddy_fd_free(fd);
    test_settle(core);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static inline void place_open(struct place *self, const eddy_curl_options *options)
{
    self->core = test_core();
    place_warm_up(self->core);
    self->fds = test_open_fds();
    web_start(&self->web, self->core);
    test_settle(self->core);
    assert_int_equal(eddy_curl_new(eddy_core_handle(self->core), options, &self->curl), 0);
}

/* No task, no timer, no descriptor is left. */
static inline void place_close(struct place *self)
{
    assert_int_equal(eddy_curl_transfers(self->curl), 0);
    eddy_curl_free(self->curl);
    test_settle(self->core);
    web_stop(&self->web);
    assert_int_equal(test_stats(self->core).tasks_live, 0);
    assert_int_equal(test_stats(self->core).timers_live, 0);
    test_until_fds(self->core, self->fds);
    test_core_end(self->core);
}

/* ---- a transfer ---- */

struct load {
    CURL *easy;
    CURLcode code;
    size_t got;
    size_t pause_at; /* stop there, once */
    size_t refuse_at;
    bool paused;
    eddy_result result;
    eddy_join *join;
};

static inline size_t load_write(char *data, size_t one, size_t len, void *arg)
{
    struct load *self = arg;

    assert_int_equal(one, 1);
    if (self->refuse_at > 0 && self->got + len >= self->refuse_at)
        return 0;
    if (self->pause_at > 0 && self->got + len >= self->pause_at) {
        self->pause_at = 0;
        self->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    test_pattern_check((const unsigned char *)data, len, self->got);
    self->got += len;
    return len;
}

static inline void load_init(struct load *self, const struct web *web, const char *path)
{
    char url[128];

    *self = (struct load){.easy = curl_easy_init(), .result = EDDY_PENDING};
    assert_non_null(self->easy);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", web->addr.port, path);
    assert_int_equal(curl_easy_setopt(self->easy, CURLOPT_URL, url), CURLE_OK);
    curl_easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, load_write);
    curl_easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(self->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(self->easy, CURLOPT_PROXY, "");
}

static inline void load_free(struct load *self)
{
    curl_easy_cleanup(self->easy);
    self->easy = NULL;
}

struct loading {
    EDDY_FRAME;
    struct load *load;
    eddy_future *transfer;
};
static inline void loading_done(struct loading *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_future_drop(self->transfer);
}
EDDY_ASYNC(loading, loading_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_AWAIT_FUTURE(n, self->transfer);
        EDDY_END(self->load->result = n);
}

/* Begin it, in a task of its own. */
static inline void load_start(struct load *self, eddy_core *core, eddy_curl *curl)
{
    self->join = test_spawn_join(core, loading, .load = self,
                                 .transfer = eddy_curl_perform(curl, self->easy, &self->code));
}

/* Wait for its end. */
static inline eddy_result load_end(struct load *self, eddy_core *core)
{
    (void)test_until_done(core, &self->result);
    test_settle(core);
    eddy_join_free(self->join);
    return self->result;
}

static inline eddy_result load_run(struct load *self, eddy_core *core, eddy_curl *curl)
{
    load_start(self, core, curl);
    return load_end(self, core);
}

#endif
