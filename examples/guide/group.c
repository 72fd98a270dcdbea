/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Groups": three tasks work for one purpose. The first error ends the others, and says what
 * it was about.
 */
#include <eddy/eddy.h>
#include <stdio.h>

/* Takes some time, then gives a number. */
struct compute {
    EDDY_FRAME;
    int64_t time_ns;
    int number;
    eddy_sleep sleep;
};

EDDY_ASYNC(compute, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, self->time_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n < 0 ? n : self->number);
}

/* Asks a server that is not there, after a while. */
struct fetch {
    EDDY_FRAME;
    eddy_addr nobody;
    eddy_sleep sleep;
    eddy_tcp *server;
};

static void fetch_done(struct fetch *self)
{
    eddy_tcp_free(self->server);
}

/* What is known about the error, while the task goes on. */
static void fetch_look(eddy_task *task)
{
    const eddy_failure *why = eddy_why(task);

    if (why != NULL) /* without memory there is no note */
        printf("fetch: nobody at port %d\n", why->peer.port);
}

EDDY_ASYNC(fetch, fetch_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, 20 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        n = eddy_tcp_connect(eddy_task_handle(task), &self->nobody, &self->server);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->server, task));
        if (n < 0)
            fetch_look(task);
        EDDY_END(n);
}

struct work {
    EDDY_FRAME;
    eddy_group *group;
    eddy_ended ended;
};

static void work_done(struct work *self)
{
    eddy_group_free(self->group); /* with whatever tasks are left */
}

static int work_begin(struct work *self, eddy_handle *handle)
{
    int error = eddy_group_new(
        handle,
        EDDY_OPTIONS(eddy_group_options, .keep_results = true, .on_error = EDDY_CANCEL_OTHERS),
        &self->group);

    if (error == 0)
        error = eddy_group_spawn(
            self->group, EDDY_FUTURE(compute, .time_ns = 5 * EDDY_MILLISECOND, .number = 42));
    if (error == 0)
        error = eddy_group_spawn(self->group, EDDY_FUTURE(compute, .time_ns = 60 * EDDY_SECOND));
    if (error == 0)
        error =
            eddy_group_spawn(self->group, EDDY_FUTURE(fetch, .nobody = eddy_addr_ipv4_loopback(1)));
    return error;
}

static void work_tell(const eddy_ended *ended)
{
    char text[128];

    if (ended->result >= 0) {
        printf("%s: %d\n", ended->name, (int)ended->result);
        return;
    }
    eddy_why_text(&ended->why, text, sizeof text);
    printf("%s: %s\n", ended->name, ended->why.operation ? text : eddy_error_name(ended->result));
}

EDDY_ASYNC(work, work_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = work_begin(self, eddy_task_handle(task));
        while (n >= 0) {
            EDDY_POLL(n, eddy_group_poll_next(self->group, task, &self->ended));
            if (n != 1)
                break; /* 0: none is left */
            work_tell(&self->ended);
        }
        EDDY_END(n);
}

int main(void)
{
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_core_run(core, EDDY_FUTURE(work));
    eddy_core_free(core);
    return result < 0;
}
