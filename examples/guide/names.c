/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Unix sockets": a name that somebody has left behind, one that is taken again, and who is at
 * the other end.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What a program leaves that is killed: a path that nobody listens at. */
static int leave_behind(eddy_handle *handle, const eddy_unix_addr *name)
{
    eddy_listener *listener;
    int error = eddy_unix_listen(
        handle, name, EDDY_OPTIONS(eddy_unix_listen_options, .leave_path = true), &listener);

    if (error == 0)
        eddy_listener_free(listener);
    return error;
}

/* Listen there, and first see that it is not simple. */
static int listen_again(eddy_handle *handle, const eddy_unix_addr *name, eddy_listener **listener)
{
    int error = eddy_unix_listen(handle, name, NULL, listener);

    printf("listen: %s\n", eddy_error_name(error));
    if (error != -EADDRINUSE)
        return error;
    if (eddy_unix_is_stale(handle, name) == 1)
        printf("nobody has it\n");
    error = eddy_unix_listen(
        handle, name, EDDY_OPTIONS(eddy_unix_listen_options, .replace_stale = true), listener);
    printf("listen, replacing: %s\n", eddy_error_name(error));
    return error;
}

struct meeting {
    EDDY_FRAME;
    eddy_unix_addr name;
    eddy_listener *listener;
    eddy_unix *caller, *callee;
};

static void meeting_done(struct meeting *self)
{
    eddy_tcp_free(self->caller);
    eddy_tcp_free(self->callee);
    eddy_listener_free(self->listener); /* removes the path */
}

static void meeting_look(struct meeting *self)
{
    eddy_unix_credentials who;
    eddy_unix_addr name;

    if (eddy_unix_peer_credentials(self->callee, &who) == 0)
        printf("the caller is %s\n", who.pid > 0 ? "known to the system" : "a stranger");
    if (eddy_unix_peer_name(self->caller, &name) == 0)
        printf("the callee is at %s\n",
               eddy_unix_addr_equal(&name, &self->name) ? "that name" : "another name");
    if (eddy_unix_peer_name(self->callee, &name) == 0)
        printf("the caller has %s\n", name.kind == EDDY_UNIX_UNNAMED ? "no name" : "a name");
}

EDDY_ASYNC(meeting, meeting_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = leave_behind(eddy_task_handle(task), &self->name);
        if (n == 0)
            n = listen_again(eddy_task_handle(task), &self->name, &self->listener);
        if (n == 0)
            n = eddy_unix_connect(eddy_task_handle(task), &self->name, &self->caller);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->caller, task));
        if (n == 0)
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->callee));
        if (n == 0)
            meeting_look(self);
        EDDY_END(n);
}

int main(void)
{
    char folder[] = "/tmp/eddy-guide-XXXXXX", path[64];
    eddy_unix_addr name;
    eddy_core *core;
    eddy_result n;

    if (mkdtemp(folder) == NULL)
        return 1;
    n = eddy_unix_addr_path(path, (size_t)snprintf(path, sizeof path, "%s/socket", folder), &name);
    if (n == 0)
        n = eddy_core_new(NULL, &core);
    if (n == 0) {
        n = eddy_core_run(core, EDDY_FUTURE(meeting, .name = name));
        eddy_core_free(core);
    }
    (void)unlink(path); /* if it went wrong: else it is gone */
    printf("%s\n", rmdir(folder) == 0 ? "nothing is left" : "something is left");
    return n < 0;
}
