/* SPDX-License-Identifier: MIT */
/*
 * timers.c - workloads of timers: stopped before their time, put off, and fired. One request is one
 * timer.
 */
#include "gate.h"

/* Ticks of the timers' wheel; durations are of two and more. */
enum { TIMES = 8, SHORTEST = 2, ROUND_TICKS = SHORTEST + TIMES + 1, PUT_OFF_TICKS = 1000 };

struct timers {
    EDDY_FRAME;
    eddy_sleep sleeps[GATE_MANY];
};

/* It is the first poll that arms a timer. */
static void arm(eddy_sleep *sleep, eddy_task *task, int64_t delay_ns)
{
    eddy_sleep_start(sleep, task, delay_ns);
    gate_check(eddy_sleep_poll(sleep, task) == EDDY_PENDING, "a timer that runs");
}

/* Started, and stopped before its time: a limit around something that is done. */
static void start_and_stop(struct timers *self, eddy_task *task)
{
    for (int i = 0; i < GATE_MANY; i++)
        arm(&self->sleeps[i], task, (SHORTEST + i) * GATE_TICK_NS);
    for (int i = 0; i < GATE_MANY; i++)
        eddy_sleep_stop(&self->sleeps[i], task);
    gate_done += GATE_MANY;
}

EDDY_ASYNC(timers, eddy_nothing)
{
    EDDY_BEGIN
        for (;;) {
            start_and_stop(self, task);
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static void start_timer_stop(struct gate *self)
{
    gate_spawn(self, EDDY_FUTURE(timers));
}

static uint64_t round_clock(struct gate *self)
{
    gate_clock_advance(ROUND_TICKS);
    return gate_round_many(self);
}

/* Put off again and again, as idle limits are; the clock goes on, so the wheel has to follow. */
struct put_off {
    EDDY_FRAME;
    eddy_sleep sleeps[GATE_MANY];
    bool armed;
};

static void put_all_off(struct put_off *self, eddy_task *task)
{
    for (int i = 0; i < GATE_MANY; i++) {
        if (self->armed)
            eddy_sleep_start(&self->sleeps[i], task, PUT_OFF_TICKS * GATE_TICK_NS);
        else
            arm(&self->sleeps[i], task, PUT_OFF_TICKS * GATE_TICK_NS);
    }
    self->armed = true;
    gate_done += GATE_MANY;
}

EDDY_ASYNC(put_off, eddy_nothing)
{
    EDDY_BEGIN
        for (;;) {
            put_all_off(self, task);
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static void start_timer_rearm(struct gate *self)
{
    gate_spawn(self, EDDY_FUTURE(put_off));
}

struct ticker {
    EDDY_FRAME;
    int64_t period_ns;
    eddy_sleep sleep;
};
EDDY_ASYNC(ticker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            eddy_sleep_start(&self->sleep, task, self->period_ns);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            gate_check(n == 0, "a timer that fires");
            gate_done++;
        }
        EDDY_END(0);
}

/* Each fires once in a round, at eight different times. */
static void start_timer_fire(struct gate *self)
{
    for (int i = 0; i < GATE_MANY; i++)
        gate_spawn(self, EDDY_FUTURE(ticker, .period_ns = (SHORTEST + i % TIMES) * GATE_TICK_NS));
    gate_turn(self);
}

const struct gate_workload gate_timer_workloads[] = {
    {"timer_stop", start_timer_stop, round_clock},
    {"timer_rearm", start_timer_rearm, round_clock},
    {"timer_fire", start_timer_fire, round_clock},
    {NULL, NULL, NULL},
};
