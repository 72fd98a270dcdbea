/* SPDX-License-Identifier: MIT */
/*
 * simulated - chapter 2 of the guide: a client and a server in a simulated world. The link between
 * them is cut for a minute, which takes no time at all, and nothing is lost.
 *
 *     simulated [SEED]
 */
#include <eddy/eddy.h>
#include <eddy/sim.h>
#include <eddy/sim_faults.h>
#include <stdio.h>
#include <stdlib.h>

/* One client of the server: send back what it sends. */
struct echo {
    EDDY_FRAME;
    eddy_tcp *client;
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
            EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 1));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_forward(self->client, self->client, task));
            if (n < 0)
                break;
        }
        EDDY_END(0);
}

struct server {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void server_done(struct server *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(server, server_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task), EDDY_FUTURE(echo, .client = self->client));
        }
        EDDY_END(n);
}

/* What runs on the server's host, now and after each restart. */
static int boot_server(void *arg, eddy_handle *handle)
{
    const eddy_addr any = eddy_addr_ipv4_any(7);
    eddy_listener *listener;
    int error = eddy_listener_bind(handle, &any, NULL, &listener);

    (void)arg;
    return error != 0 ? error : eddy_spawn(handle, EDDY_FUTURE(server, .listener = listener));
}

/* Ten words, one a second, each echoed; then it says how long that took. */
struct talker {
    EDDY_FRAME;
    eddy_addr to;
    eddy_tcp *tcp;
    eddy_sleep pause;
    int words;
};

static void talker_done(struct talker *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(talker, talker_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->to, &self->tcp);
        if (n < 0)
            EDDY_RETURN(n);
        while (self->words < 10) {
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "eddy", 4));
            if (n < 0)
                EDDY_RETURN(n);
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 4));
            if (n < 4)
                EDDY_RETURN(n < 0 ? n : EDDY_DROPPED);
            eddy_tcp_consume(self->tcp, 4);
            self->words++;
            eddy_sleep_start(&self->pause, task, EDDY_SECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->pause, task));
        }
        EDDY_END(self->words);
}

/* Cuts the link in the third second, and heals it a minute later. */
struct storm {
    EDDY_FRAME;
    eddy_host *one, *other;
    eddy_sleep pause;
};

EDDY_ASYNC(storm, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->pause, task, 3 * EDDY_SECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->pause, task));
        eddy_host_cut(self->one, self->other);
        eddy_sleep_start(&self->pause, task, 60 * EDDY_SECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->pause, task));
        eddy_host_uncut(self->one, self->other);
        EDDY_END(n);
}

/* The hosts and what runs on them. */
static int prepare(eddy_world *world, eddy_host **server, eddy_host **client)
{
    int error = eddy_world_host(world, "server", "10.0.0.1", server);

    if (error == 0)
        error = eddy_world_host(world, "client", "10.0.0.2", client);
    if (error == 0)
        error = eddy_host_boot(*server, boot_server, NULL);
    if (error == 0)
        error = eddy_spawn(eddy_core_handle(eddy_host_core(*client)),
                           EDDY_FUTURE(storm, .one = *client, .other = *server));
    return error;
}

int main(int argc, char **argv)
{
    const eddy_world_options options = {.size_bytes = sizeof options,
                                        .seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1};
    eddy_world *world = NULL;
    eddy_host *server, *client;
    eddy_result words = eddy_world_new(&options, &world);

    if (words == 0)
        words = prepare(world, &server, &client);
    if (words == 0)
        words = eddy_core_run(eddy_host_core(client),
                              EDDY_FUTURE(talker, .to = eddy_host_addr(server, 7)));
    if (words < 0)
        fprintf(stderr, "%s: %s\n", eddy_error_name(words), eddy_strerror(words));
    else
        printf("%lld words in %lld seconds\nhash %016llx\n", (long long)words,
               (long long)(eddy_world_now_ns(world) / EDDY_SECOND),
               (unsigned long long)eddy_world_hash(world));
    eddy_world_free(world);
    return words != 10;
}
