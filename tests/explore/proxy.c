/* SPDX-License-Identifier: MIT */
/*
 * proxy - explored: the proxy of the examples on a host of its own, behind it an echo server and a
 * talker, before it clients. Both ends of each conversation are passed on by themselves, bytes are
 * equal, and what arrives of a broken conversation is the beginning of it.
 *
 * The talker says all it has, ends its side and only then hears the other: with the echo server,
 * which ends last, either half-close is there.
 */
#include "echo_client.h"
#include "support/echo_server.h"
#include "support/proxy_server.h"

#define ECHO_PORT  7
#define TALK_PORT  9
#define CLIENTS    3 /* on each host */
#define TALK_BYTES 9000

enum { BACKEND, PROXY, SERVERS };
enum { DOWN = 1000000, UP }; /* the streams of the two sides of a talk */

static uint64_t number; /* of clients */

/* ---- the two halves of a talk ---- */

/* Say all of a stream, and the end. */
struct speak {
    EDDY_FRAME;
    eddy_tcp *tcp;
    uint64_t stream, said;
    unsigned char memory[700];
    eddy_bytes rest;
};

static void speak_take(struct speak *self)
{
    size_t left = TALK_BYTES - (size_t)self->said;

    self->rest = (eddy_bytes){self->memory, 1 + scene_random(sizeof self->memory)};
    if (self->rest.len > left)
        self->rest.len = left;
    pattern_fill(self->memory, self->rest.len, self->stream, self->said);
    self->said += self->rest.len;
}

EDDY_ASYNC(speak, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->said < TALK_BYTES) {
            speak_take(self);
            EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, &self->rest));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_POLL(n, eddy_tcp_poll_shutdown(self->tcp, task));
        EDDY_END(n);
}

/* Hear a stream to its end. */
struct hear {
    EDDY_FRAME;
    eddy_tcp *tcp;
    uint64_t stream, heard;
};

static void hear_take(struct hear *self)
{
    eddy_bytes bytes = eddy_tcp_view(self->tcp);

    SCENE_CHECK(pattern_is(bytes, self->stream, self->heard), "talk: wrong bytes at %u of %s",
                (unsigned)self->heard, self->stream == UP ? "up" : "down");
    self->heard += bytes.len;
    SCENE_CHECK(self->heard <= TALK_BYTES, "talk: %u bytes", (unsigned)self->heard);
    eddy_tcp_consume(self->tcp, bytes.len);
}

EDDY_ASYNC(hear, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n > 0)
                hear_take(self);
        } while (n > 0);
        SCENE_CHECK(n < 0 || self->heard == TALK_BYTES || !scene_ends_are_true(),
                    "talk: an orderly end after %u bytes %s", (unsigned)self->heard,
                    self->stream == UP ? "up" : "down");
        EDDY_END(n == 0 && self->heard < TALK_BYTES ? -ECONNRESET : n);
}

/* ---- the talker: behind the proxy ---- */

struct talker {
    EDDY_FRAME;
    eddy_tcp *tcp;
    struct speak speak;
    struct hear hear;
    bool complete;
};

/* Whoever has not said all must not end in an orderly way. */
static void talker_done(struct talker *self)
{
    if (self->complete)
        eddy_tcp_free(self->tcp);
    else
        eddy_tcp_abort(self->tcp);
}

EDDY_ASYNC(talker, talker_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->speak = EDDY_INIT(speak, .tcp = self->tcp, .stream = DOWN);
        self->hear = EDDY_INIT(hear, .tcp = self->tcp, .stream = UP);
        EDDY_AWAIT(n, &self->speak);
        if (n >= 0)
            EDDY_AWAIT(n, &self->hear);
        self->complete = n == 0;
        EDDY_END(0);
}

/* Owns the listener; a talker for each client. */
struct talkers {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void talkers_done(struct talkers *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(talkers, talkers_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task), EDDY_FUTURE(talker, .tcp = self->client));
        }
        EDDY_END(n);
}

/* ---- the talker's client: hears all, then says all ---- */

struct hearer {
    EDDY_FRAME;
    eddy_addr proxy;
    eddy_tcp *tcp;
    bool calm;
    struct speak speak;
    struct hear hear;
    struct nap nap, limit;
    bool complete;
};

static void hearer_done(struct hearer *self)
{
    if (self->complete)
        eddy_tcp_free(self->tcp);
    else
        eddy_tcp_abort(self->tcp);
    scene_ended();
}

static eddy_result hearer_connect(struct hearer *self, eddy_task *task)
{
    int error = eddy_tcp_connect(eddy_task_handle(task), &self->proxy, &self->tcp);

    nap_start(&self->limit, task, SCENE_LIMIT_NS);
    self->speak = EDDY_INIT(speak, .tcp = self->tcp, .stream = UP);
    self->hear = EDDY_INIT(hear, .tcp = self->tcp, .stream = DOWN);
    return error;
}

static eddy_result hearer_poll(struct hearer *self, eddy_future *half, eddy_task *task)
{
    return nap_within(&self->limit, task, eddy_future_poll_child(&self->frame, half, task));
}

EDDY_ASYNC(hearer, hearer_done)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, scene_random(3000) * EDDY_MILLISECOND);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        n = hearer_connect(self, task);
        if (n == 0)
            EDDY_POLL(n, nap_within(&self->limit, task, eddy_tcp_poll_connected(self->tcp, task)));
        if (n == 0)
            EDDY_POLL(n, hearer_poll(self, &self->hear.frame, task));
        if (n == 0)
            EDDY_POLL(n, hearer_poll(self, &self->speak.frame, task));
        self->complete = n == 0;
        SCENE_CHECK(!self->calm || self->complete, "hearer: %s after %u and %u bytes",
                    eddy_error_name(n), (unsigned)self->hear.heard, (unsigned)self->speak.said);
        EDDY_END(0);
}

/* ---- the scene ---- */

static int backend_boot(void *arg, eddy_handle *handle)
{
    eddy_listener *listener;
    int error = scene_listen(handle, *(const unsigned *)arg, ECHO_PORT, &listener);

    if (error == 0)
        error = scene_serve(handle, listener, echo_client, NULL);
    if (error == 0)
        error = scene_listen(handle, *(const unsigned *)arg, TALK_PORT, &listener);
    return error == 0 ? eddy_spawn(handle, EDDY_FUTURE(talkers, .listener = listener)) : error;
}

static eddy_addr backends[2]; /* of the two ports */

static int pass_on(eddy_handle *handle, uint16_t port, eddy_addr *backend)
{
    eddy_listener *listener;
    int error = scene_listen(handle, PROXY, port, &listener);

    *backend = scene_addr(BACKEND, port);
    return error == 0 ? scene_serve(handle, listener, proxy_client, backend) : error;
}

static int proxy_boot(void *arg, eddy_handle *handle)
{
    int error = pass_on(handle, ECHO_PORT, &backends[0]);

    (void)arg;
    return error == 0 ? pass_on(handle, TALK_PORT, &backends[1]) : error;
}

static void spawn_clients(eddy_handle *handle)
{
    eddy_addr echo = scene_addr(PROXY, ECHO_PORT), talk = scene_addr(PROXY, TALK_PORT);

    for (int i = 0; i < CLIENTS; i++)
        echo_client_spawn(handle, &echo, ++number);
    scene_spawn(handle, EDDY_FUTURE(hearer, .proxy = talk, .calm = scene.calm));
    echo_late_spawn(handle, &echo, ++number);
    echo_ender_spawn(handle, &echo);
}

static int clients_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    if (!scene.calm)
        spawn_clients(handle);
    return 0;
}

static const char *run(eddy_world *world)
{
    number = 0;
    scene_begin(world);
    scene_host("backend", backend_boot);
    scene_host("proxy", proxy_boot);
    scene_host("anna", clients_boot);
    scene_host("bert", clients_boot);
    scene_faults();
    scene_second_act(SERVERS, spawn_clients);
    scene_settle();
    return scene_end(SERVERS, 2);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {
        .name = "proxy", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
