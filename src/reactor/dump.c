/* SPDX-License-Identifier: MIT */
/*
 * dump.c - the loop says what it is doing: one line for each task, with all it waits for. Reads
 * only; allocates nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reactor/core.h"

struct text {
    char *at;
    size_t room;
};

static EDDY_PRINTF(2, 3) void add(struct text *text, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text->at, text->room, format, args);
    va_end(args);
    if (len < 0)
        return;
    if ((size_t)len >= text->room)
        len = text->room > 0 ? (int)text->room - 1 : 0;
    text->at += len;
    text->room -= (size_t)len;
}

/* Depth first; sets in sets are few deep. */
static void add_waits(struct text *text, const eddy__branch *branch, const char **separator)
{
    EDDY__LIST_FOR_EACH (node, &branch->waits) {
        const eddy_waiter *waiter = EDDY__CONTAINER(node, eddy_waiter, in_branch);
        const eddy_future *frame = waiter->frame;
        const eddy__branches *set = eddy__branches_of(waiter);

        add(text, "%s%s", *separator, waiter->type->why);
        if (frame != NULL)
            add(text, " (%s:%u)", frame->type->name, (unsigned)frame->line);
        *separator = ", ";
        if (set == NULL || text->room <= 1)
            continue;
        *separator = " [";
        EDDY__LIST_FOR_EACH (member, &set->members)
            add_waits(text, EDDY__CONTAINER(member, eddy__branch, member), separator);
        if (strcmp(*separator, " [") != 0)
            add(text, "]");
        *separator = ", ";
    }
    if ((branch->state & EDDY__BRANCH_PARKED) != 0) {
        add(text, "%s%s", *separator, branch->parked_why);
        *separator = ", ";
    }
}

void eddy__task_describe(const eddy_task *task, int64_t now_ns, char *text, size_t size)
{
    struct text out = {text, size};
    const char *separator = "waits for ";

    add(&out, "task %llu '%s', age %.3f s, %u polls%s%s: ", (unsigned long long)task->id,
        eddy_task_name(task), (double)(now_ns - task->spawned_ns) / 1e9, (unsigned)task->polls,
        task->trunk.asked != 0 ? ", asked to end" : "",
        task->trunk.shields > 0 ? ", shielded" : "");
    if ((task->state & EDDY__TASK_RUNNING) != 0)
        add(&out, "runs");
    else if ((task->trunk.state & EDDY__BRANCH_QUEUED) != 0)
        add(&out, "is ready");
    else
        add_waits(&out, &task->trunk, &separator);
}

void eddy_core_dump(eddy_core *core, void (*write)(void *arg, const char *line), void *arg)
{
    char line[512];
    int64_t now_ns = eddy__core_now(core);

    eddy__core_check(core, "eddy_core_dump");
    if (core->deadlock[0] != '\0')
        write(arg, core->deadlock);
    EDDY__LIST_FOR_EACH (node, &core->tasks) {
        eddy__task_describe(EDDY__CONTAINER(node, eddy_task, trunk.member), now_ns, line,
                            sizeof line);
        write(arg, line);
    }
}
