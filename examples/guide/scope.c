/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Scopes": a part of a task has a deadline, and the time to roll back.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* Reserves a seat and waits for the money, which never comes. */
struct order {
    EDDY_FRAME;
    const char *name;
    bool stubborn; /* goes on waiting when it is asked to end */
    eddy_sleep sleep;
};

static void order_done(struct order *self)
{
    printf("%s: done\n", self->name);
}

static void order_look(struct order *self, eddy_task *task)
{
    int64_t left_ns = eddy_task_deadline_ns(task) - eddy_now_ns(eddy_task_handle(task));

    printf("%s: at most %s left\n", self->name,
           left_ns > 40 * EDDY_MILLISECOND ? "a second" : "40 ms");
}

EDDY_ASYNC(order, order_done)
{
    eddy_result n;

    EDDY_BEGIN
        order_look(self, task);
        do {
            eddy_sleep_start(&self->sleep, task, EDDY_FOREVER);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            printf("%s: %s\n", self->name, eddy_error_name(n));
        } while (self->stubborn);

        eddy_sleep_start(&self->sleep, task, 5 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        printf("%s: the seat is given back\n", self->name);
        EDDY_END(-ETIMEDOUT);
}

/* The same order in a scope of its own, of a second. */
struct shop {
    EDDY_FRAME;
    struct order order;
    struct eddy_scope scope;
};

EDDY_ASYNC(shop, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->scope =
            EDDY_INIT(eddy_scope, .inner = &self->order.frame, .duration_ns = EDDY_SECOND);
        EDDY_AWAIT(n, &self->scope);
        EDDY_END(n);
}

struct visitor {
    EDDY_FRAME;
    struct shop shop;
    struct order order;
    struct eddy_scope scope;
};

EDDY_ASYNC(visitor, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->shop = EDDY_INIT(shop, .order = EDDY_INIT(order, .name = "nested"));
        self->scope =
            EDDY_INIT(eddy_scope, .inner = &self->shop.frame, .duration_ns = 40 * EDDY_MILLISECOND);
        EDDY_AWAIT(n, &self->scope);
        printf("the scope ended with %s\n", eddy_error_name(n));

        self->order = EDDY_INIT(order, .name = "stubborn", .stubborn = true);
        self->scope =
            EDDY_INIT(eddy_scope, .inner = &self->order.frame, .duration_ns = 40 * EDDY_MILLISECOND,
                      .grace_ns = 20 * EDDY_MILLISECOND);
        EDDY_AWAIT(n, &self->scope);
        printf("the scope ended with %s\n", eddy_error_name(n));
        EDDY_END(0);
}

int main(void)
{
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_core_run(core, EDDY_FUTURE(visitor));
    eddy_core_free(core);
    return result < 0;
}
