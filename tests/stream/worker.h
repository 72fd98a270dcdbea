/* SPDX-License-Identifier: MIT */
/*
 * worker.h - a future that makes an item of an item.
 */
#ifndef EDDY_TEST_WORKER_H
#define EDDY_TEST_WORKER_H

#include "streams.h"

enum { WORKER_FAILS = 99 };

/* Owns an item, waits, and makes another one of it; WORKER_FAILS is an error. */
struct worker {
    EDDY_FRAME;
    struct world *world;
    struct item item;
    bool owns;
    int64_t add;
    struct item *out; /* NULL: the value is only noted */
    eddy_sleep sleep;
};

static inline void worker_done(struct worker *self)
{
    self->world->futures_done++;
    if (self->owns)
        item_drop(&self->item);
}

EDDY_ASYNC(worker, worker_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        if (n < 0)
            EDDY_RETURN(n);
        self->owns = false;
        if (item_take(&self->item) == WORKER_FAILS)
            EDDY_RETURN(-EDOM);
        if (self->out != NULL)
            *self->out = item_new(self->world, self->item.value + self->add);
        else
            note(self->world, self->item.value);
        EDDY_END(1);
}

/* `item` is its own from now on. */
static inline eddy_future *work(struct world *world, struct item item, int64_t add, void *out)
{
    world->futures++;
    return box(world, EDDY_FUTURE(worker, .world = world, .item = item, .owns = true, .add = add,
                                  .out = out));
}

static inline eddy_future *add_ten_later(void *arg, eddy_handle *handle, const void *item,
                                         void *out)
{
    (void)handle;
    return work(arg, *(const struct item *)item, 10, out);
}

#endif
