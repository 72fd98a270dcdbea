/* SPDX-License-Identifier: MIT */
/*
 * libevent.c - the in-process figures of libevent. A task is an event that is made active, and once
 * more from its own callback. Only the base that threads send to has locks.
 */
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <stdlib.h>

#include "micro.h"

static struct event_base *base;
static struct event *timers;
static uint64_t *due_ns;

/* ---- timers ---- */

static struct timeval microseconds(uint64_t us)
{
    return (struct timeval){.tv_sec = (time_t)(us / 1000000),
                            .tv_usec = (suseconds_t)(us % 1000000)};
}

static void start(struct event *timer, uint64_t delay_ms)
{
    struct timeval delay = microseconds(delay_ms * 1000);

    evtimer_add(timer, &delay);
}

static void on_nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg; /* it is deleted before its time */
}

static void init_timers(event_callback_fn callback)
{
    timers = micro_memory(TIMERS, sizeof *timers);
    for (int i = 0; i < TIMERS; i++)
        evtimer_assign(&timers[i], base, callback, &timers[i]);
}

static void start_and_cancel(void)
{
    const uint32_t *order = micro_shuffled(TIMERS);
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TIMERS; i++)
        start(&timers[i], START_MIN_MS + micro_random() % START_SPAN_MS);
    micro_print_since("timer_start_1M", start_ns, TIMERS);
    start_ns = micro_thread_ns();
    for (int i = 0; i < TIMERS; i++)
        evtimer_del(&timers[order[i]]);
    micro_print_since("timer_cancel_1M", start_ns, TIMERS);
    micro_check(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) == 0,
                "timers that were deleted");
}

static void rearm(void)
{
    uint64_t start_ns;

    for (int i = 0; i < TIMERS_LIVE; i++)
        start(&timers[i], REARM_MS + micro_random() % REARM_SPAN_MS);
    start_ns = micro_thread_ns();
    for (uint64_t i = 0; i < TIMERS; i++)
        start(&timers[micro_random() % TIMERS_LIVE], REARM_MS + i / 1000);
    micro_print_since("timer_rearm_10k", start_ns, TIMERS);
    for (int i = 0; i < TIMERS_LIVE; i++)
        evtimer_del(&timers[i]);
}

static void run_timers(void)
{
    init_timers(on_nothing);
    start_and_cancel();
    rearm();
}

static void on_fired(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    (void)micro_fired(due_ns[(struct event *)arg - timers]);
}

/* A delay counts from when it is given, not from the beginning of the turn: what has passed since
 * then is taken off. */
static void start_for(struct event *timer, uint64_t when_ns)
{
    uint64_t now_ns = micro_now_ns();
    struct timeval delay = microseconds(when_ns > now_ns ? (when_ns - now_ns) / 1000 : 0);

    evtimer_add(timer, &delay);
}

static void run_fire(void)
{
    uint64_t base_ns, start_ns;

    init_timers(on_fired);
    due_ns = micro_memory(TIMERS, sizeof *due_ns);
    base_ns = micro_now_ns();
    for (int i = 0; i < TIMERS; i++) {
        due_ns[i] = base_ns + (FIRE_MIN_MS + micro_random() % FIRE_SPAN_MS) * 1000000;
        start_for(&timers[i], due_ns[i]);
    }
    start_ns = micro_thread_ns();
    event_base_dispatch(base);
    micro_print_fired(start_ns);
}

/* ---- tasks ---- */

struct work {
    struct event event;
    int calls;
};

static unsigned works_live;
static uint64_t works_ended;

static void on_active(evutil_socket_t fd, short what, void *arg)
{
    struct work *self = arg;

    (void)fd, (void)what;
    if (++self->calls < 2) {
        event_active(&self->event, EV_TIMEOUT, 0);
        return;
    }
    free(self);
    works_live--;
    works_ended++;
}

static void spawn_work(void)
{
    struct work *self = malloc(sizeof *self);

    micro_check(self != NULL, "memory");
    self->calls = 0;
    event_assign(&self->event, base, -1, 0, on_active, self);
    event_active(&self->event, EV_TIMEOUT, 0);
}

static void run_spawn(void)
{
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TASKS / BATCH; i++) {
        for (works_live = 0; works_live < BATCH; works_live++)
            spawn_work();
        while (works_live > 0)
            event_base_loop(base, EVLOOP_NONBLOCK);
    }
    micro_print_since("spawn_yield", start_ns, TASKS);
    micro_check(works_ended == TASKS, "tasks that ended");
}

/* ---- threads ---- */

static struct event async;
static bool is_over;

static void on_async(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    is_over = micro_queue_receive();
    if (is_over)
        event_base_loopbreak(base);
}

static void wake(void)
{
    event_active(&async, EV_READ, 0);
}

static void run_until_over(void)
{
    for (is_over = false; !is_over;)
        event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
}

static void run_threads(void)
{
    event_base_free(base);
    evthread_use_pthreads();
    base = event_base_new();
    micro_check(base != NULL, "a base with locks");
    event_assign(&async, base, -1, EV_PERSIST, on_async, NULL);
    micro_queue_threads(wake, run_until_over);
}

int main(int argc, char **argv)
{
    static const micro_group groups[] = {{"timers", run_timers},
                                         {"fire", run_fire},
                                         {"spawn", run_spawn},
                                         {"threads", run_threads},
                                         {NULL, NULL}};
    struct event_config *config = event_config_new();

    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    event_config_free(config);
    micro_check(base != NULL, "a base");
    return micro_main(argc, argv, groups);
}
