/* SPDX-License-Identifier: MIT */
/*
 * timers.c - one timer among X that are live: to start, to stop, to set anew; and X tasks that each
 * sleep once, a quarter of a million of them due in each second.
 */
#include <stdlib.h>

#include "growth.h"

enum { OPERATIONS = 1000000, SAMPLES_MAX = 65536, EACH_NS = 4000, LEAD_NS = 2000 };

/* ---- start, stop, set anew ---- */

static int64_t random_delay(void)
{
    return 1000 * EDDY_SECOND + (int64_t)(growth_random() % 3600000) * EDDY_MILLISECOND;
}

/* One task waits for all of them: it is about timers, not about tasks. */
struct book {
    EDDY_FRAME;
    eddy_core *core;
    uint32_t count, repeats;
    eddy_sleep *sleeps;
    uint32_t *order;
    int64_t *delays;
    int64_t start_ns, cancel_ns, later_ns, sooner_ns;
};

static void start_all(struct book *self, eddy_task *task)
{
    int64_t begin_ns = growth_cpu_ns();
    uint32_t pending = 0;

    for (uint32_t i = 0; i < self->count; i++) {
        eddy_sleep_start(&self->sleeps[i], task, self->delays[i]);
        pending += eddy_sleep_poll(&self->sleeps[i], task) == EDDY_PENDING;
    }
    self->start_ns += growth_cpu_ns() - begin_ns;
    growth_check(pending == self->count, "timers that were started");
}

/* Each of them, in no order, to `shift_ns` from what it was: a later time leaves it where it is in
 * the wheel, an earlier one moves it. */
static int64_t move_all(struct book *self, eddy_task *task, int64_t shift_ns)
{
    int64_t begin_ns = growth_cpu_ns();

    for (uint32_t i = 0; i < self->count; i++) {
        uint32_t at = self->order[i];

        eddy_sleep_start(&self->sleeps[at], task, self->delays[at] + shift_ns);
    }
    return growth_cpu_ns() - begin_ns;
}

static void cancel_all(struct book *self, eddy_task *task)
{
    int64_t begin_ns = growth_cpu_ns();

    for (uint32_t i = 0; i < self->count; i++)
        eddy_sleep_stop(&self->sleeps[self->order[i]], task);
    self->cancel_ns += growth_cpu_ns() - begin_ns;
}

static uint64_t timers_live(eddy_core *core)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    return stats.timers_live;
}

EDDY_ASYNC(book, eddy_nothing)
{
    EDDY_BEGIN
        for (; self->repeats > 0; self->repeats--) {
            start_all(self, task);
            growth_check(timers_live(self->core) >= self->count, "timers that are live");
            self->later_ns += move_all(self, task, 100 * EDDY_SECOND);
            self->sooner_ns += move_all(self, task, -500 * EDDY_SECOND);
            cancel_all(self, task);
            growth_check(timers_live(self->core) < 8, "timers that were stopped");
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static void measure_book(uint32_t x)
{
    uint32_t repeats = growth_repeats(x, OPERATIONS);
    double all = (double)x * repeats;
    eddy_core *core = growth_core(0);
    struct book book = {
        .frame = {.type = &book_type}, .core = core, .count = x, .repeats = repeats};
    uint64_t heap;

    book.sleeps = growth_memory(x, sizeof *book.sleeps);
    book.delays = growth_memory(x, sizeof *book.delays);
    book.order = growth_shuffled(x);
    for (uint32_t i = 0; i < x; i++)
        book.delays[i] = random_delay();
    heap = growth_heap(core);
    growth_run(core, &book.frame);
    heap = growth_heap(core) - heap;
    growth_print("timer_start", (double)book.start_ns / all, "ns");
    growth_print("timer_later", (double)book.later_ns / all, "ns");
    growth_print("timer_sooner", (double)book.sooner_ns / all, "ns");
    growth_print("timer_cancel", (double)book.cancel_ns / all, "ns");
    growth_print("timer_bytes", (double)sizeof(eddy_sleep) + (double)heap / x, "B");
    eddy_core_free(core);
    free(book.order);
    free(book.delays);
    free(book.sleeps);
}

/* ---- fire ---- */

struct fire {
    eddy_core *core;
    uint32_t count, stride; /* every stride-th one's lateness is kept */
    uint32_t slept, fired, late;
    uint64_t sum;
    int64_t begin_ns; /* of the loop's clock: the first may be due */
    int64_t cpu_ns;   /* of the thread, when the last one had gone to sleep */
    int64_t asleep_ns;
    uint64_t heap;
    struct gate all;
    int64_t lateness[SAMPLES_MAX + 1];
};

/* The last that goes to sleep starts the clock, the last that wakes stops it. */
static void went_to_sleep(struct fire *self, eddy_task *task)
{
    if (++self->slept < self->count)
        return;
    self->heap = growth_heap(self->core) - self->heap;
    self->asleep_ns = eddy_now_ns(eddy_task_handle(task));
    self->cpu_ns = growth_cpu_ns();
}

static void woke(struct fire *self, eddy_task *task, uint64_t value, int64_t when_ns)
{
    self->sum += value;
    if (self->fired++ % self->stride == 0) {
        int64_t late_ns = eddy_now_ns(eddy_task_handle(task)) - when_ns;

        growth_check(late_ns >= 0, "a timer that fired too early");
        self->lateness[self->late++] = late_ns;
    }
    if (self->fired < self->count)
        return;
    self->cpu_ns = growth_cpu_ns() - self->cpu_ns;
    gate_open(&self->all);
}

struct sleeper {
    EDDY_FRAME;
    struct fire *fire;
    int64_t when_ns;
    uint64_t value;
    eddy_sleep sleep;
};

static eddy_result sleeper_poll(struct sleeper *self, eddy_task *task)
{
    eddy_result result;

    if (self->sleep.started)
        return eddy_sleep_poll(&self->sleep, task);
    eddy_sleep_start_at(&self->sleep, task, self->when_ns);
    result = eddy_sleep_poll(&self->sleep, task);
    went_to_sleep(self->fire, task);
    return result;
}

EDDY_ASYNC(sleeper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, sleeper_poll(self, task));
        growth_check(n == 0, "a sleep");
        woke(self->fire, task, self->value, self->when_ns);
        EDDY_END(0);
}

/* One each four microseconds on the average, so that the share of a turn that each bears is the
 * same at every size; a tick has about 260. Before, there is time for all to be made. */
static void spawn_sleepers(struct fire *self, eddy_task *task)
{
    eddy_handle *handle = eddy_task_handle(task);

    self->heap = growth_heap(self->core);
    self->begin_ns = eddy_now_ns(handle) + 100 * EDDY_MILLISECOND + (int64_t)self->count * LEAD_NS;
    for (uint32_t i = 0; i < self->count; i++) {
        int64_t when_ns =
            self->begin_ns + (int64_t)(growth_random() % ((uint64_t)self->count * EACH_NS));
        int error =
            eddy_spawn(handle, EDDY_FUTURE(sleeper, .fire = self, .when_ns = when_ns, .value = i));

        growth_check(error == 0, "spawn");
    }
}

struct firing {
    EDDY_FRAME;
    struct fire *fire;
};

EDDY_ASYNC(firing, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        spawn_sleepers(self->fire, task);
        EDDY_POLL(n, gate_poll(&self->fire->all, task));
        EDDY_END(n);
}

static int ascending(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static double late_us(const struct fire *self, double share)
{
    return (double)self->lateness[(uint32_t)(share * (self->late - 1))] / 1000;
}

static void measure_fire(uint32_t x)
{
    struct fire *fire = growth_memory(1, sizeof *fire);
    eddy_core *core = growth_core(0);

    *fire = (struct fire){.core = core, .count = x, .stride = x / SAMPLES_MAX + 1};
    growth_run(core, EDDY_FUTURE(firing, .fire = fire));
    growth_check(fire->sum == growth_sum(x), "sum of what the tasks added when they woke");
    growth_check(fire->asleep_ns < fire->begin_ns, "not all were asleep before the first was due");
    qsort(fire->lateness, fire->late, sizeof fire->lateness[0], ascending);
    growth_print("timer_fire", (double)fire->cpu_ns / x, "ns");
    growth_print("timer_late_p50", late_us(fire, 0.50), "us");
    growth_print("timer_late_p99", late_us(fire, 0.99), "us");
    growth_print("timer_late_max", late_us(fire, 1), "us");
    growth_print("sleeping_task_bytes", (double)fire->heap / x, "B");
    eddy_core_free(core);
    free(fire);
}

void growth_timers(uint32_t x)
{
    measure_book(x);
    measure_fire(x);
}
