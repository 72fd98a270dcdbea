/* SPDX-License-Identifier: MIT */
/*
 * watch.c - the part of watching polls that asks the clock.
 */
#include "reactor/watch.h"

/* The clock was just read: nothing can be told before the shorter of the two limits has passed. */
static void go_on(eddy__watch *self, int64_t now_ns, uint64_t ticks)
{
    const eddy_core_options *options = &self->core->options;
    int64_t left_ns = options->turn_time_ns - (now_ns - self->start_ns);

    self->over = left_ns <= 0;
    if (options->stall_limit_ns < left_ns)
        left_ns = options->stall_limit_ns;
    self->quiet = self->counted ? eddy__ticks_within(left_ns) : 0;
    self->clock_ns = now_ns;
    self->clock_ticks = ticks;
    self->before = eddy__ticks();
}

void eddy__watch_begin(eddy__watch *self, eddy_core *core)
{
    self->core = core;
    self->start_ns = core->now_ns;
    self->counted = EDDY__TICKS_HAVE && core->sim == NULL;
    go_on(self, core->now_ns, core->now_ticks);
}

/* Its part of the time since the clock was read last. Not less than it took: the counter is read after
 * the clock when that time begins, before it when it ends. */
static int64_t took_ns(const eddy__watch *self, int64_t now_ns, uint64_t ticks)
{
    double all_ns = (double)(now_ns - self->clock_ns);

    if (!self->counted || ticks == self->clock_ticks)
        return now_ns - self->clock_ns;
    return (int64_t)(all_ns * (double)(ticks - self->before) / (double)(ticks - self->clock_ticks));
}

static EDDY__COLD void tell_stall(eddy_core *core, const eddy__watched *who, int64_t took_ns)
{
    core->stats.stalls++;
    if (took_ns > core->stats.stall_longest_ns)
        core->stats.stall_longest_ns = took_ns;
    if (core->options.on_stall != NULL)
        core->options.on_stall(core->options.hook_arg,
                               who->name != NULL ? who->name : who->type->name, who->id, took_ns);
}

void eddy__watch_look(eddy__watch *self, const eddy__watched *who, uint64_t ticks)
{
    int64_t now_ns = eddy__core_now(self->core);
    int64_t took = took_ns(self, now_ns, ticks);

    if (took > self->core->options.stall_limit_ns)
        tell_stall(self->core, who, took);
    go_on(self, now_ns, eddy__ticks());
}
