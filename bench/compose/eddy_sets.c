/* SPDX-License-Identifier: MIT */
/*
 * eddy_sets.c - some futures at once: join and select, embedded and boxed. The children are pending
 * once, so that each is parked, woken and polled again.
 */
#include <eddy/compose.h>
#include <eddy/select.h>
#include <eddy/select_inline.h>

#include "eddy.h"

enum { MANY = 100 };

static eddy_future *tick_new(eddy_handle *handle, eddy_result value)
{
    return eddy_box(handle, EDDY_FUTURE(tick, .value = value));
}

/* ---- embedded ---- */

struct join_2 {
    EDDY_FRAME;
    uint64_t times, sum;
    struct total *total;
    struct tick first, second;
    struct eddy_join2 both;
};
EDDY_ASYNC(join_2, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->times > 0; self->times--) {
            self->first = EDDY_INIT(tick, .value = 1);
            self->second = EDDY_INIT(tick, .value = 2);
            EDDY_JOIN2(n, &self->both, &self->first.frame, &self->second.frame);
            self->sum += (uint64_t)(self->both.ra + self->both.rb);
        }
        total_add(self->total, self->sum);
        EDDY_END(0);
}

static eddy_future *join_2_new(eddy_handle *handle, uint64_t times, struct total *total)
{
    return eddy_box(handle, EDDY_FUTURE(join_2, .times = times, .total = total));
}

static uint64_t run_join_2(void *core, uint64_t count)
{
    struct total total;
    uint64_t done = fan(core, count, join_2_new, &total);

    measure_check(total.sum == 3 * done, "sum of what was joined");
    return done;
}

struct never {
    EDDY_FRAME;
    struct gate gate;
};
EDDY_ASYNC(never, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, gate_poll(&self->gate, task));
        EDDY_END(n);
}

struct select_2 {
    EDDY_FRAME;
    uint64_t times, sum;
    struct total *total;
    struct tick first;
    struct never second;
    struct eddy_select2 either;
};
EDDY_ASYNC(select_2, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->times > 0; self->times--) {
            self->first = EDDY_INIT(tick, .value = 1);
            self->second = EDDY_INIT(never);
            EDDY_SELECT2(n, &self->either, &self->first.frame, &self->second.frame);
            self->sum += (uint64_t)n;
        }
        total_add(self->total, self->sum);
        EDDY_END(0);
}

static eddy_future *select_2_new(eddy_handle *handle, uint64_t times, struct total *total)
{
    return eddy_box(handle, EDDY_FUTURE(select_2, .times = times, .total = total));
}

static uint64_t run_select_2(void *core, uint64_t count)
{
    struct total total;
    uint64_t done = fan(core, count, select_2_new, &total);

    measure_check(total.sum == done, "winners");
    return done;
}

/* ---- boxed ---- */

/* Awaits boxed futures made by `make`, and adds up what `value` says of each when it has ended. */
struct boxed {
    EDDY_FRAME;
    eddy_future *(*make)(struct boxed *self, eddy_handle *handle);
    uint64_t (*value)(const struct boxed *self, eddy_result result);
    uint64_t times, sum;
    struct total *total;
    eddy_future *future;
    eddy_result results[MANY];
};
EDDY_ASYNC(boxed, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->times > 0; self->times--) {
            self->future = self->make(self, eddy_task_handle(task));
            EDDY_AWAIT_FUTURE(n, self->future);
            self->sum += self->value(self, n);
        }
        total_add(self->total, self->sum);
        EDDY_END(0);
}

static eddy_future *make_join_2(struct boxed *self, eddy_handle *handle)
{
    return eddy_join_all(handle, EDDY_FUTURES(tick_new(handle, 1), tick_new(handle, 2)),
                         self->results);
}

static uint64_t value_join_2(const struct boxed *self, eddy_result result)
{
    return result == 0 ? (uint64_t)(self->results[0] + self->results[1]) : 0;
}

static eddy_future *join_2_boxed_new(eddy_handle *handle, uint64_t times, struct total *total)
{
    return eddy_box(handle, EDDY_FUTURE(boxed, .make = make_join_2, .value = value_join_2,
                                        .times = times, .total = total));
}

static uint64_t run_join_2_boxed(void *core, uint64_t count)
{
    struct total total;
    uint64_t done = fan(core, count, join_2_boxed_new, &total);

    measure_check(total.sum == 3 * done, "sum of what was joined");
    return done;
}

static eddy_future *make_join_100(struct boxed *self, eddy_handle *handle)
{
    eddy_future *futures[MANY];

    for (int i = 0; i < MANY; i++)
        futures[i] = tick_new(handle, i);
    return eddy_join_all(handle, futures, MANY, self->results);
}

static uint64_t value_join_100(const struct boxed *self, eddy_result result)
{
    uint64_t sum = 0;

    measure_check(result == 0, "a joined future failed");
    for (int i = 0; i < MANY; i++)
        sum += (uint64_t)self->results[i];
    return sum;
}

static eddy_future *join_100_new(eddy_handle *handle, uint64_t times, struct total *total)
{
    return eddy_box(handle, EDDY_FUTURE(boxed, .make = make_join_100, .value = value_join_100,
                                        .times = times, .total = total));
}

static uint64_t run_join_100(void *core, uint64_t count)
{
    struct total total;
    uint64_t done = fan(core, count, join_100_new, &total);

    measure_check(total.sum == measure_sum(MANY) * done, "sum of what was joined");
    return done;
}

static eddy_future *make_select_2(struct boxed *self, eddy_handle *handle)
{
    (void)self;
    return eddy_select(handle, EDDY_FUTURES(tick_new(handle, 1), eddy_never(handle)), NULL);
}

static uint64_t value_select_2(const struct boxed *self, eddy_result result)
{
    (void)self;
    return (uint64_t)result;
}

static eddy_future *select_2_boxed_new(eddy_handle *handle, uint64_t times, struct total *total)
{
    return eddy_box(handle, EDDY_FUTURE(boxed, .make = make_select_2, .value = value_select_2,
                                        .times = times, .total = total));
}

static uint64_t run_select_2_boxed(void *core, uint64_t count)
{
    struct total total;
    uint64_t done = fan(core, count, select_2_boxed_new, &total);

    measure_check(total.sum == done, "winners");
    return done;
}

const measure eddy_sets[] = {
    {"join_2", run_join_2, false},
    {"join_2_boxed", run_join_2_boxed, false},
    {"join_100", run_join_100, false},
    {"select_2", run_select_2, false},
    {"select_2_boxed", run_select_2_boxed, false},
    {NULL, NULL, false},
};
