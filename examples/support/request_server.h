/* SPDX-License-Identifier: MIT */
/*
 * request_server.h - a request/response server as async functions. A request is a line
 * "ID PAYLOAD\n", its response a line "ID ANSWER\n" (request_text.h); no client uses an ID for a
 * second request, nor one of another client's. The requests of one connection are answered one
 * after the other, in their order. A line that is no request ends the connection.
 *
 * Each request is executed at most once in the server's life: the server keeps every answer, and
 * answers a request that comes again, on whatever connection and whatever its payload, from there.
 * So a client may ask again when it does not know what became of a request. "Life" is that of
 * struct request_server: a server that is started anew remembers nothing. When it keeps
 * `answers_max` answers, or memory is short, it executes nothing new: a new request ends its
 * connection.
 */
#ifndef EXAMPLES_REQUEST_SERVER_H
#define EXAMPLES_REQUEST_SERVER_H

#include <eddy/eddy.h>
#include <stdlib.h>

#include "line.h"
#include "request_text.h"

#define REQUEST_BUCKETS     1024
#define REQUEST_ANSWERS_MAX 100000

/* What was answered to a request. */
struct request_answer {
    struct request_answer *next; /* in its bucket */
    uint64_t id;
    size_t len;
    char line[REQUEST_LINE_MAX]; /* the whole response */
};

/**
 * Execute a request.
 * @param arg      as given to request_server_init()
 * @param id       of the request
 * @param payload  borrowed for the call
 * @param answer   room for REQUEST_TEXT_MAX bytes; no newline goes there
 * @return         length of the answer
 */
typedef size_t request_execute(void *arg, uint64_t id, eddy_bytes payload, char *answer);

/* The caller's memory; it must outlive the loop. */
struct request_server {
    request_execute *execute;
    void *arg;
    int64_t work_ns; /* how long a request takes: its first answer leaves so much later. One that
                        comes again meanwhile is answered at once */
    size_t answers, answers_max;
    uint64_t repeats; /* requests that were answered from memory */
    struct request_answer *bucket[REQUEST_BUCKETS];
};

/**
 * Make a server that has executed nothing yet.
 * @param self     set
 * @param execute  what a request does
 * @param arg      handed to it
 */
static inline void request_server_init(struct request_server *self, request_execute *execute,
                                       void *arg)
{
    *self =
        (struct request_server){.execute = execute, .arg = arg, .answers_max = REQUEST_ANSWERS_MAX};
}

/**
 * Forget all answers.
 * @param self  server; no task uses it any more
 */
static inline void request_server_deinit(struct request_server *self)
{
    for (size_t i = 0; i < REQUEST_BUCKETS; i++) {
        while (self->bucket[i] != NULL) {
            struct request_answer *answer = self->bucket[i];

            self->bucket[i] = answer->next;
            free(answer);
        }
    }
    self->answers = 0;
}

static inline struct request_answer *request_remembered(const struct request_server *self,
                                                        uint64_t id)
{
    struct request_answer *answer = self->bucket[id % REQUEST_BUCKETS];

    while (answer != NULL && answer->id != id)
        answer = answer->next;
    return answer;
}

/* Memory comes first, so that what was executed is remembered. NULL: it was not executed. */
static inline struct request_answer *request_answer_new(struct request_server *self, uint64_t id,
                                                        eddy_bytes payload)
{
    struct request_answer *answer =
        self->answers < self->answers_max ? malloc(sizeof *answer) : NULL;
    unsigned char text[REQUEST_TEXT_MAX];
    size_t len;

    if (answer == NULL)
        return NULL;
    len = self->execute(self->arg, id, payload, (char *)text);
    answer->id = id;
    answer->len = request_print(answer->line, id, (eddy_bytes){text, len});
    answer->next = self->bucket[id % REQUEST_BUCKETS];
    self->bucket[id % REQUEST_BUCKETS] = answer;
    self->answers++;
    return answer;
}

/* One client: answer its requests. */
struct request_session {
    EDDY_FRAME;
    struct request_server *server;
    eddy_tcp *client;
    struct line line;
    eddy_sleep work;
    eddy_bytes rest; /* of the response, in the server's memory */
};

static inline void request_session_done(struct request_session *self)
{
    eddy_tcp_free(self->client);
}

/* Have the response to the line, and when it is ready. False: there is none. */
static inline bool request_session_take(struct request_session *self, eddy_task *task)
{
    struct request_server *server = self->server;
    struct request_answer *answer;
    int64_t work_ns = 0;
    eddy_bytes payload;
    uint64_t id;

    if (!request_parse(self->line.text, &id, &payload))
        return false;
    answer = request_remembered(server, id);
    if (answer != NULL) {
        server->repeats++;
    } else {
        answer = request_answer_new(server, id, payload);
        work_ns = server->work_ns;
    }
    if (answer == NULL)
        return false;
    self->rest = (eddy_bytes){(const unsigned char *)answer->line, answer->len};
    eddy_sleep_start(&self->work, task, work_ns);
    return true;
}

EDDY_ASYNC(request_session, request_session_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, line_poll(&self->line, self->client, task, REQUEST_LINE_MAX));
            if (n <= 0 || !request_session_take(self, task))
                break;
            eddy_tcp_consume(self->client, (size_t)n);
            EDDY_POLL(n, eddy_sleep_poll(&self->work, task));
            if (n < 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_write_all(self->client, task, &self->rest));
            if (n < 0)
                break;
        }
        EDDY_END(0);
}

/* As of struct eddy_server; `arg` is the server. */
static inline int request_client_start(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    return eddy_group_spawn(group, EDDY_FUTURE(request_session, .server = arg, .client = tcp));
}

#endif
