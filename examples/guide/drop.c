/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Dropping": what was waited for is withdrawn, what had come is still there, and each `done`
 * runs once, the children's first.
 */
#include <eddy/eddy.h>
#include <stdio.h>

/* Waits for ten bytes, and leaves them where they are. */
struct reader {
    EDDY_FRAME;
    eddy_tcp *from;
};

static void reader_done(struct reader *self)
{
    (void)self;
    printf("  done: reader\n");
}

EDDY_ASYNC(reader, reader_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->from, task, 10));
        EDDY_END(n);
}

struct patient {
    EDDY_FRAME;
    eddy_tcp *near, *far;
    struct reader reader;
    struct eddy_timeout limited;
};

static void patient_done(struct patient *self)
{
    eddy_tcp_free(self->near);
    eddy_tcp_free(self->far);
    printf("  done: patient\n");
}

EDDY_ASYNC(patient, patient_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_pair(eddy_task_handle(task), &self->near, &self->far);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_write(self->far, task, "hello", 5));

        self->reader = EDDY_INIT(reader, .from = self->near);
        self->limited = EDDY_INIT(eddy_timeout, .inner = &self->reader.frame,
                                  .duration_ns = 20 * EDDY_MILLISECOND);
        EDDY_AWAIT(n, &self->limited);
        printf("%s, and %zu bytes are still there\n", eddy_error_name(n),
               eddy_tcp_view(self->near).len);

        EDDY_POLL(n, eddy_tcp_poll_write(self->far, task, " eddy", 5));
        self->reader = EDDY_INIT(reader, .from = self->near);
        EDDY_AWAIT(n, &self->reader);
        printf("'%.*s'\n", (int)n, (const char *)eddy_tcp_view(self->near).data);

        if (n < 0)
            EDDY_RETURN(n);
        eddy_tcp_consume(self->near, (size_t)n);
        self->reader = EDDY_INIT(reader, .from = self->near);
        EDDY_AWAIT(n, &self->reader); /* nothing comes any more */
        EDDY_END(n);
}

/* Gives the patient up after a while. */
struct owner {
    EDDY_FRAME;
    eddy_join *patient;
    eddy_sleep sleep;
};

static void owner_done(struct owner *self)
{
    eddy_join_free(self->patient);
}

EDDY_ASYNC(owner, owner_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_spawn_joinable(eddy_task_handle(task), EDDY_FUTURE(patient), &self->patient);
        if (n < 0)
            EDDY_RETURN(n);
        eddy_sleep_start(&self->sleep, task, 60 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        printf("dropping the task\n");
        eddy_join_abort(self->patient);
        EDDY_POLL(n, eddy_join_poll(self->patient, task));
        printf("%s\n", eddy_error_name(n));
        EDDY_END(0);
}

int main(void)
{
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_core_run(core, EDDY_FUTURE(owner));
    eddy_core_free(core);
    return result < 0;
}
