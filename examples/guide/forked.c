/* SPDX-License-Identifier: MIT */
/*
 * Guide, "fork": a child that frees the loop it has inherited, and makes one of its own; the parent's
 * goes on.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A word from one end of a connection to the other. */
struct word {
    EDDY_FRAME;
    eddy_tcp *near, *far;
};

static void word_done(struct word *self)
{
    eddy_tcp_free(self->near);
    eddy_tcp_free(self->far);
}

EDDY_ASYNC(word, word_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_pair(eddy_task_handle(task), &self->near, &self->far);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_write(self->near, task, "word", 4));
        if (n > 0)
            EDDY_POLL(n, eddy_tcp_poll_flush(self->near, task));
        if (n == 0)
            EDDY_POLL(n, eddy_tcp_poll_fill(self->far, task, 4));
        EDDY_END(n);
}

static int child(eddy_core *inherited)
{
    eddy_core *core;
    eddy_result n;

    eddy_core_free(inherited); /* the one thing that may be done with it */
    n = eddy_core_new(NULL, &core);
    if (n == 0) {
        n = eddy_core_run(core, EDDY_FUTURE(word));
        eddy_core_free(core);
    }
    printf("child: %d bytes\n", (int)n);
    return fflush(stdout) != 0 || n != 4;
}

int main(void)
{
    eddy_core *core;
    int status = 1;
    pid_t pid;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_core_run(core, EDDY_FUTURE(word));
    printf("parent: %d bytes\n", (int)n);
    fflush(stdout); /* else the child has it, too */
    pid = fork();
    if (pid == 0)
        _exit(child(core));
    if (pid > 0)
        waitpid(pid, &status, 0);
    n = eddy_core_run(core, EDDY_FUTURE(word));
    printf("parent: %d bytes\n", (int)n);
    eddy_core_free(core);
    return status != 0 || n != 4;
}
