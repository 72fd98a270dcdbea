/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Recursion": an async function that calls itself, through a box: the size of a tree of which
 * every node takes a while to read.
 */
#include <eddy/eddy.h>
#include <stdio.h>

struct node {
    const char *name;
    int bytes;
    const struct node *inside, *next;
};

static const struct node async = {.name = "async.c", .bytes = 2200};
static const struct node group = {.name = "group.c", .bytes = 3100, .next = &async};
static const struct node guide = {.name = "guide", .inside = &group};
static const struct node echo = {.name = "echo.c", .bytes = 900, .next = &guide};
static const struct node examples = {.name = "examples", .inside = &echo};

/* The bytes of a node and all that is inside of it. */
struct measure {
    EDDY_FRAME;
    const struct node *node;
    const struct node *at; /* inside */
    int depth;
    eddy_result bytes;
    eddy_future *inner; /* boxed: a struct cannot have itself as a member */
    eddy_sleep reading;
};

EDDY_ASYNC_DECLARE(measure);

EDDY_ASYNC(measure, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->reading, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->reading, task));
        if (n < 0)
            EDDY_RETURN(n);
        self->bytes = self->node->bytes;
        for (self->at = self->node->inside; self->at != NULL; self->at = self->at->next) {
            self->inner = eddy_box(eddy_task_handle(task), EDDY_FUTURE(measure, .node = self->at,
                                                                       .depth = self->depth + 1));
            EDDY_AWAIT_FUTURE(n, self->inner);
            if (n < 0)
                EDDY_RETURN(n);
            self->bytes += n;
        }
        printf("%*s%s: %d\n", 2 * self->depth, "", self->node->name, (int)self->bytes);
        EDDY_END(self->bytes);
}

int main(void)
{
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_core_run(core, EDDY_FUTURE(measure, .node = &examples));
    eddy_core_free(core);
    return result != 6200;
}
