/* SPDX-License-Identifier: MIT */
/*
 * Guide, "What a drop costs": a read that is given up half way, and gone on with.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

struct patient {
    EDDY_FRAME;
    eddy_io *near, *far;
    unsigned char word[11];
    eddy_room rest; /* of the word */
};

static void patient_done(struct patient *self)
{
    eddy_io_free(self->near);
    eddy_io_free(self->far);
}

/* A connection on which a wait lasts 20 ms at most. */
static int patient_begin(struct patient *self, eddy_handle *handle)
{
    int error = eddy_io_memory_pair(handle, NULL, &self->near, &self->far);

    if (error == 0)
        self->near =
            eddy_io_timed(handle, self->near,
                          EDDY_OPTIONS(eddy_io_timed_options, .read_ns = 20 * EDDY_MILLISECOND));
    return error;
}

EDDY_ASYNC(patient, patient_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = patient_begin(self, eddy_task_handle(task));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_io_poll_write(self->far, task, "half", 4));

        self->rest = (eddy_room){self->word, 10};
        EDDY_POLL(n, eddy_io_poll_read_exact(self->near, task, &self->rest));
        printf("%s, with %zu bytes to come\n", eddy_error_name(n), self->rest.len);

        EDDY_POLL(n, eddy_io_poll_write(self->far, task, " a cup and more", 15));
        EDDY_POLL(n, eddy_io_poll_read_exact(self->near, task, &self->rest));
        printf("%s: '%s'\n", eddy_error_name(n), (const char *)self->word);
        printf("%zu bytes are unread\n", eddy_io_view(self->near).len);
        EDDY_END(0);
}

int main(void)
{
    eddy_core *core;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_core_run(core, EDDY_FUTURE(patient));
    eddy_core_free(core);
    return n < 0;
}
