/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Several at once": all of them, or the first.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* Somebody who answers after a while. */
struct answer {
    EDDY_FRAME;
    const char *name;
    int64_t after_ns;
    eddy_result result;
    bool ended;
    eddy_sleep sleep;
};

static void answer_done(struct answer *self)
{
    if (!self->ended)
        printf("  (%s is dropped)\n", self->name);
}

EDDY_ASYNC(answer, answer_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, self->after_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        self->ended = true;
        EDDY_END(n < 0 ? n : self->result);
}

enum { SERVERS = 3 };

/* One knows, one does not, one takes its time. */
static void ask_all(eddy_handle *handle, eddy_future *all[SERVERS])
{
    all[0] = eddy_box(handle, EDDY_FUTURE(answer, .name = "slow", .result = 1,
                                          .after_ns = 90 * EDDY_MILLISECOND));
    all[1] = eddy_box(handle, EDDY_FUTURE(answer, .name = "stupid", .result = -ENOENT,
                                          .after_ns = 10 * EDDY_MILLISECOND));
    all[2] = eddy_box(handle, EDDY_FUTURE(answer, .name = "good", .result = 42,
                                          .after_ns = 50 * EDDY_MILLISECOND));
}

static void tell(const char *what, eddy_result result)
{
    if (result < 0)
        printf("%s: %s\n", what, eddy_error_name(result));
    else
        printf("%s: %d\n", what, (int)result);
}

int main(void)
{
    eddy_future *all[SERVERS];
    eddy_result results[SERVERS];
    size_t winner = 0;
    eddy_core *core;
    eddy_handle *handle;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    handle = eddy_core_handle(core);

    ask_all(handle, all);
    tell("join_all", eddy_core_run(core, eddy_join_all(handle, all, SERVERS, results)));
    for (int i = 0; i < SERVERS; i++)
        tell("  one of them", results[i]);

    ask_all(handle, all);
    tell("try_join_all", eddy_core_run(core, eddy_try_join_all(handle, all, SERVERS, NULL)));

    ask_all(handle, all);
    tell("select", eddy_core_run(core, eddy_select(handle, all, SERVERS, NULL)));

    ask_all(handle, all);
    tell("select_ok", eddy_core_run(core, eddy_select_ok(handle, all, SERVERS, &winner)));
    printf("number %d has won\n", (int)winner);
    eddy_core_free(core);
    return 0;
}
