/* SPDX-License-Identifier: MIT */
/*
 * retry - requests with a time limit that are sent again when no answer came, and a server that
 * executes each once all the same: it numbers what it is sent, and takes 150 ms for that; the
 * client waits for 100 ms only, and gets what its first try was answered by asking a second time.
 *
 *     retry [--driver=NAME]                      both of them, over loopback
 *     retry ADDRESS [--port=N] [--driver=NAME]   the client alone
 *     retry --port=N [--driver=NAME]             the server alone, on 127.0.0.1, until a signal
 */
#include <eddy/eddy.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "support/args.h"
#include "support/request_client.h"
#include "support/request_server.h"
#include "support/until_signal.h"

static const char *const words[] = {"an", "eddy", "is", "a", "loop", "in", "a", "stream"};

#define WORDS (sizeof words / sizeof *words)

/* What the server does: "WORD" gets "NUMBER WORD", and no number is given twice. */
static size_t number_execute(void *arg, uint64_t id, eddy_bytes payload, char *answer)
{
    uint64_t *number = arg;
    size_t room = REQUEST_TEXT_MAX;
    size_t len = (size_t)snprintf(answer, room, "%" PRIu64 " ", ++*number);

    (void)id;
    room -= len;
    memcpy(answer + len, payload.data, payload.len < room ? payload.len : room);
    return len + (payload.len < room ? payload.len : room);
}

/* All words, one after the other. */
struct ask {
    EDDY_FRAME;
    struct request_client *client;
    uint64_t first_id;
    size_t at;
    struct request_call call;
};

static void ask_done(struct ask *self)
{
    request_client_close(self->client);
}

static void ask_next(struct ask *self)
{
    const char *word = words[self->at];

    self->call = EDDY_INIT(request_call, .client = self->client, .id = self->first_id + self->at,
                           .payload = {(const unsigned char *)word, strlen(word)});
}

EDDY_ASYNC(ask, ask_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < WORDS; self->at++) {
            ask_next(self);
            EDDY_AWAIT(n, &self->call);
            if (n < 0)
                EDDY_RETURN(n);
            printf("'%s': '%.*s' at attempt %" PRIu32 "\n", words[self->at], (int)n,
                   (const char *)self->client->answer, self->call.attempts);
        }
        EDDY_END(0);
}

/* IDs that no other client has, as far as a clock can tell. */
static uint64_t first_id(void)
{
    struct timespec now;

    timespec_get(&now, TIME_UTC);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static eddy_result run_client(eddy_core *core, const eddy_addr *address)
{
    struct request_client client;

    request_client_init(&client, address);
    client.timeout_ns = 100 * EDDY_MILLISECOND;
    client.first_delay_ns = 50 * EDDY_MILLISECOND;
    client.attempts_max = 6;
    return eddy_core_run(core, EDDY_FUTURE(ask, .client = &client, .first_id = first_id()));
}

static eddy_result start_server(eddy_core *core, struct request_server *server,
                                const struct args *args, eddy_addr *address)
{
    eddy_listener *listener = args_listen(args, core, NULL);

    (void)eddy_listener_local_addr(listener, address);
    args_say(listener, "retry", core);
    return eddy_spawn(eddy_core_handle(core),
                      EDDY_FUTURE(eddy_server, .listener = listener, .client = request_client_start,
                                  .arg = server));
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "retry [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(0)}};
    struct request_server server;
    uint64_t number = 0;
    eddy_core *core;
    eddy_result result = 0;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    request_server_init(&server, number_execute, &number);
    server.work_ns = 150 * EDDY_MILLISECOND;
    if (args.addresses == 0)
        result = start_server(core, &server, &args, &args.address[0]);
    if (result == 0 && args.addresses == 0 && args.port != NULL)
        result = eddy_core_run(core, EDDY_FUTURE(until_signal));
    else if (result == 0)
        result = run_client(core, &args.address[0]);
    eddy_core_free(core);
    request_server_deinit(&server);
    return args_end(&args, result);
}
