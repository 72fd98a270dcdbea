/* SPDX-License-Identifier: MIT */
/*
 * Guide, "The end of a server": two clients at a time, and an end in good order. Server and clients
 * are on one loop.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the server ---- */

/* One client: greet it, wait for the word, and see it off. A client that says "sleep" finds a session
   that does not listen to anybody for a minute. */
struct session {
    EDDY_FRAME;
    eddy_tcp *client;
    eddy_sleep sleep;
};

static void session_done(struct session *self)
{
    eddy_tcp_free(self->client);
}

/* The client's word, of which the length is in `n`. */
static bool session_says_sleep(struct session *self, eddy_result n)
{
    bool sleep = n >= 6 && memcmp(eddy_tcp_view(self->client).data, "sleep\n", 6) == 0;

    if (n > 0)
        eddy_tcp_consume(self->client, (size_t)n);
    return sleep;
}

EDDY_ASYNC(session, session_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write(self->client, task, "welcome\n", 8));
        EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 6));
        if (session_says_sleep(self, n)) {
            eddy_task_shield(task, true);
            eddy_sleep_start(&self->sleep, task, 60 * EDDY_SECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            eddy_task_shield(task, false);
        } else if (n > 0) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 1)); /* until it leaves */
        }
        if (n == -ECANCELED)
            EDDY_POLL(n, eddy_tcp_poll_write(self->client, task, "closing\n", 8));
        EDDY_END(0);
}

static int session_spawn(void *arg, eddy_group *group, eddy_tcp *client)
{
    (void)arg;
    return eddy_group_spawn(group, EDDY_FUTURE(session, .client = client));
}

/* ---- the clients ---- */

struct guest {
    EDDY_FRAME;
    const char *name, *says; /* six bytes */
    int64_t comes_ns;
    int64_t leaves_ns; /* after the greeting */
    eddy_addr server;
    eddy_tcp *tcp;
    eddy_sleep sleep;
};

static void guest_done(struct guest *self)
{
    eddy_tcp_free(self->tcp);
}

static void guest_hear(struct guest *self, eddy_result n)
{
    const char *text = (const char *)eddy_tcp_view(self->tcp).data;

    if (n <= 0)
        printf("%s hears the end%s\n", self->name, n < 0 ? ", a broken one" : "");
    else
        printf("%s hears: %.*s\n", self->name, (int)strcspn(text, "\n"), text);
    if (n > 0)
        eddy_tcp_consume(self->tcp, 8);
}

EDDY_ASYNC(guest, guest_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, self->comes_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        n = eddy_tcp_connect(eddy_task_handle(task), &self->server, &self->tcp);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, self->says, 6));
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 8));
        guest_hear(self, n);
        if (n <= 0)
            EDDY_RETURN(0);
        eddy_sleep_start(&self->sleep, task, self->leaves_ns);
        EDDY_POLL(n, eddy_within(&self->sleep, task, eddy_tcp_poll_fill(self->tcp, task, 8)));
        if (n == -ETIMEDOUT)
            printf("%s leaves\n", self->name);
        else
            guest_hear(self, n);
        EDDY_END(0);
}

static int invite(eddy_handle *handle, const eddy_addr *server)
{
    int error =
        eddy_spawn(handle, EDDY_FUTURE(guest, .name = "anna", .says = "hello\n",
                                       .leaves_ns = 50 * EDDY_MILLISECOND, .server = *server));

    if (error == 0)
        error = eddy_spawn(handle, EDDY_FUTURE(guest, .name = "bert", .says = "sleep\n",
                                               .comes_ns = 5 * EDDY_MILLISECOND,
                                               .leaves_ns = EDDY_FOREVER, .server = *server));
    if (error == 0)
        error = eddy_spawn(handle, EDDY_FUTURE(guest, .name = "carl", .says = "hello\n",
                                               .comes_ns = 10 * EDDY_MILLISECOND,
                                               .leaves_ns = EDDY_FOREVER, .server = *server));
    return error;
}

int main(void)
{
    eddy_addr address = eddy_addr_ipv4_loopback(0);
    eddy_group_report report = {0};
    eddy_core *core;
    eddy_listener *listener;
    eddy_future *evening;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_listener_bind(eddy_core_handle(core), &address, NULL, &listener);
    if (result == 0)
        result = eddy_listener_local_addr(listener, &address);
    if (result == 0)
        result = invite(eddy_core_handle(core), &address);
    if (result == 0) {
        evening = eddy_box(eddy_core_handle(core),
                           EDDY_FUTURE(eddy_sleep_for, .duration_ns = 200 * EDDY_MILLISECOND));
        result =
            eddy_core_run(core, EDDY_FUTURE(eddy_server, .listener = listener,
                                            .client = session_spawn, .until = evening,
                                            .clients_max = 2, .finish_ns = 50 * EDDY_MILLISECOND,
                                            .grace_ns = 50 * EDDY_MILLISECOND, .report = &report));
        printf("%d clients, %d cut off\n", (int)report.spawned, (int)report.cut_off);
        /* The server is gone; its last words are on their way. */
        (void)eddy_core_run(core,
                            EDDY_FUTURE(eddy_sleep_for, .duration_ns = 50 * EDDY_MILLISECOND));
    }
    eddy_core_free(core);
    return result < 0;
}
