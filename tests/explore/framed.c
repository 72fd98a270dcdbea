/* SPDX-License-Identifier: MIT */
/*
 * framed - explored: a server of length-delimited frames and its clients. Each frame that arrives is
 * one that was sent, whole, in order, once; each answer is the one to the oldest question. A client
 * loses its patience now and then: it drops its stream of frames in the middle and goes on with a new
 * one, of which no byte may be missing. Some ask a server on their own host, by a Unix socket with
 * little room for those who wait. Without faults all is answered.
 */
#include "scene.h"

#define PORT       6
#define CLIENTS    6 /* on each host */
#define FRAMES     30
#define FRAME_MAX  1800
#define BURST_MAX  6
#define TURNED     0x55 /* an answer is the question with these bits turned */
#define LENGTH_LEN 2

#define PATH "/run/frames"

static uint64_t number; /* of clients */

static eddy_unix_addr local_name(void)
{
    eddy_unix_addr name = {0};
    int error = eddy_unix_addr_path(PATH, sizeof PATH - 1, &name);

    SCENE_CHECK(error == 0, "%s is no name: %s", PATH, eddy_error_name(error));
    return name;
}

static eddy_length_delimited codec(void)
{
    return (eddy_length_delimited){.frame_max = FRAME_MAX, .length_bytes = LENGTH_LEN};
}

/* ---- the server ---- */

struct session {
    EDDY_FRAME;
    eddy_duplex both;
    eddy_length_delimited in, out;
    eddy_bytes item, answer;
    unsigned char memory[FRAME_MAX];
};

static void session_done(struct session *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_duplex_drop(&self->both, NULL);
}

static void session_turn(struct session *self)
{
    SCENE_CHECK(self->item.len <= FRAME_MAX, "a frame of %u bytes", (unsigned)self->item.len);
    for (size_t i = 0; i < self->item.len && i < FRAME_MAX; i++)
        self->memory[i] = self->item.data[i] ^ TURNED;
    self->answer = (eddy_bytes){self->memory, self->item.len};
}

EDDY_ASYNC(session, session_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->both.in->frame);
        eddy_future_adopt(&self->frame, &self->both.out->frame);
        for (;;) {
            EDDY_NEXT(n, self->both.in, &self->item);
            if (n <= 0)
                break;
            session_turn(self);
            EDDY_POLL(n, eddy_sink_poll_send(self->both.out, task, &self->answer));
            if (n == 0) /* what the sink has taken may still be with it */
                EDDY_POLL(n, eddy_sink_poll_flush(self->both.out, task));
            if (n < 0)
                break;
        }
        if (n == 0)
            EDDY_POLL(n, eddy_sink_poll_close(self->both.out, task));
        EDDY_END(0);
}

/* The codec's states are in the session, which is copied when it is spawned: so it makes both halves
 * itself. */
struct begin {
    EDDY_FRAME;
    eddy_tcp *tcp;
    struct session session;
};

static void begin_done(struct begin *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(begin, begin_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->session = EDDY_INIT(session, .in = codec(), .out = codec());
        self->session.both = eddy_io_framed(eddy_task_handle(task), eddy_tcp_io(self->tcp),
                                            &eddy_length_delimited_decoder, &self->session.in,
                                            &eddy_length_delimited_encoder, &self->session.out);
        self->tcp = NULL; /* the halves' */
        EDDY_AWAIT(n, &self->session);
        EDDY_END(n);
}

static int session_start(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    (void)arg;
    return eddy_group_spawn(group, EDDY_FUTURE(begin, .tcp = tcp));
}

static int server_boot(void *arg, eddy_handle *handle)
{
    eddy_listener *listener;
    int error = scene_listen(handle, *(const unsigned *)arg, PORT, &listener);

    return error == 0 ? scene_serve(handle, listener, session_start, NULL) : error;
}

/* A crash leaves the path behind. */
static int serve_locally(eddy_handle *handle)
{
    eddy_unix_addr name = local_name();
    eddy_listener *listener = NULL;
    int error = eddy_unix_listen(handle, &name,
                                 EDDY_OPTIONS(eddy_unix_listen_options, .backlog = 1,
                                              .accept_max = 1, .replace_stale = true),
                                 &listener);

    return error == 0 ? scene_serve(handle, listener, session_start, NULL) : error;
}

/* ---- clients ---- */

struct client {
    EDDY_FRAME;
    eddy_addr server;
    uint64_t number;
    bool calm, local, complete;
    eddy_tcp *tcp;
    eddy_stream *in;
    eddy_sink *out;
    eddy_length_delimited in_state, out_state;
    uint32_t sent, heard, burst;
    size_t lens[FRAMES];
    unsigned char memory[FRAME_MAX];
    eddy_bytes item, question;
    struct nap nap, limit, patience;
};

/* Streams and sinks are children: they have ended before this. */
static void client_done(struct client *self)
{
    if (self->complete)
        eddy_tcp_free(self->tcp);
    else
        eddy_tcp_abort(self->tcp);
    scene_ended();
}

static void client_listen(struct client *self, eddy_task *task)
{
    self->in_state = codec();
    self->in = eddy_io_decoded(eddy_task_handle(task), eddy_tcp_io(self->tcp),
                               &eddy_length_delimited_decoder, &self->in_state);
    eddy_future_adopt(&self->frame, &self->in->frame);
}

static int client_connect(struct client *self, eddy_task *task)
{
    eddy_unix_addr name = local_name();

    return self->local ? eddy_unix_connect(eddy_task_handle(task), &name, &self->tcp)
                       : eddy_tcp_connect(eddy_task_handle(task), &self->server, &self->tcp);
}

static void client_begin(struct client *self, eddy_task *task)
{
    self->out_state = codec();
    client_listen(self, task);
    self->out = eddy_io_encoded(eddy_task_handle(task), eddy_tcp_io(self->tcp),
                                &eddy_length_delimited_encoder, &self->out_state);
    eddy_future_adopt(&self->frame, &self->out->frame);
}

static void client_ask(struct client *self)
{
    size_t len = scene_random(scene_random(3) == 0 ? FRAME_MAX + 1 : 40);

    self->lens[self->sent] = len;
    pattern_fill(self->memory, len, self->number * FRAMES + self->sent, 0);
    self->question = (eddy_bytes){self->memory, len};
}

static eddy_result client_hear(struct client *self, eddy_task *task)
{
    eddy_result n =
        nap_within(&self->patience, task, eddy_stream_poll_next(self->in, task, &self->item));

    if (n != -ETIMEDOUT || eddy_now_ns(eddy_task_handle(task)) >= self->limit.until_ns)
        return n;
    EDDY_SOMETIMES("framed: a stream of frames is dropped in the middle");
    eddy_stream_drop(self->in, task);
    client_listen(self, task);
    nap_start(&self->patience, task, SCENE_LIMIT_NS);
    return client_hear(self, task);
}

static void client_check(struct client *self)
{
    uint64_t stream = self->number * FRAMES + self->heard;

    SCENE_CHECK(self->heard < self->sent, "client %u: an answer to no question",
                (unsigned)self->number);
    if (self->heard >= self->sent)
        return;
    SCENE_CHECK(self->item.len == self->lens[self->heard],
                "client %u: answer %u has %u bytes, the question had %u", (unsigned)self->number,
                (unsigned)self->heard, (unsigned)self->item.len, (unsigned)self->lens[self->heard]);
    for (size_t i = 0; i < self->item.len; i++)
        SCENE_CHECK((self->item.data[i] ^ TURNED) == pattern_byte(stream, i),
                    "client %u: answer %u is wrong at byte %u", (unsigned)self->number,
                    (unsigned)self->heard, (unsigned)i);
    self->heard++;
}

static void client_judge(struct client *self, eddy_result n)
{
    self->complete = n == 0 && self->heard == FRAMES;
    SCENE_CHECK(self->complete || !self->calm, "client %u: %s after %u answers, without faults",
                (unsigned)self->number, eddy_error_name(n), (unsigned)self->heard);
    SCENE_CHECK(n != 0 || self->complete || !scene_ends_are_true(),
                "client %u: an orderly end after %u of %u answers", (unsigned)self->number,
                (unsigned)self->heard, (unsigned)self->sent);
}

/* Some questions, then as many answers. > 0: go on. */
EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, scene_random(3000) * EDDY_MILLISECOND);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        nap_start(&self->limit, task, SCENE_LIMIT_NS);
        n = client_connect(self, task);
        if (n == 0)
            EDDY_POLL(n, nap_within(&self->limit, task, eddy_tcp_poll_connected(self->tcp, task)));
        if (n == 0)
            client_begin(self, task);
        while (n >= 0 && self->heard < FRAMES) {
            self->burst = 1 + scene_random(BURST_MAX);
            for (; n >= 0 && self->burst > 0 && self->sent < FRAMES; self->burst--) {
                client_ask(self);
                EDDY_POLL(n, nap_within(&self->limit, task,
                                        eddy_sink_poll_send(self->out, task, &self->question)));
                self->sent += n >= 0;
            }
            if (n >= 0)
                EDDY_POLL(n, nap_within(&self->limit, task, eddy_sink_poll_flush(self->out, task)));
            nap_start(&self->patience, task, scene_random(200) * EDDY_MILLISECOND);
            while (n >= 0 && self->heard < self->sent) {
                EDDY_POLL(n, client_hear(self, task));
                if (n <= 0)
                    break;
                client_check(self);
            }
            if (n == 0 && self->heard < self->sent)
                break;
        }
        if (n > 0)
            EDDY_POLL(n, nap_within(&self->limit, task, eddy_sink_poll_close(self->out, task)));
        client_judge(self, n);
        EDDY_END(0);
}

static void spawn_clients(eddy_handle *handle)
{
    for (int i = 0; i < CLIENTS; i++)
        scene_spawn(handle, EDDY_FUTURE(client, .server = scene_addr(0, PORT), .number = ++number,
                                        .calm = scene.calm, .local = scene_random(2) == 0));
}

static int clients_boot(void *arg, eddy_handle *handle)
{
    int error = serve_locally(handle);

    (void)arg;
    if (error == 0 && !scene.calm)
        spawn_clients(handle);
    return error;
}

/* ---- the scene ---- */

static const char *run(eddy_world *world)
{
    number = 0;
    scene_begin(world);
    scene_host("server", server_boot);
    scene_host("anna", clients_boot);
    scene_host("bert", clients_boot);
    scene_faults();
    scene_second_act(1, spawn_clients);
    scene_settle();
    return scene_end(scene.hosts, 1);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {
        .name = "framed", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
