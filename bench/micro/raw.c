/* SPDX-License-Identifier: MIT */
/*
 * raw.c - the floor of the in-process figures: what a program for this one purpose does, with no
 * library. A wheel of timers, a list of tasks, and two ways for messages from threads: a queue
 * behind a mutex, which the peers are given, and a stack without locks, which is the best there is.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "micro.h"
#include "raw_wheel.h"

static int epoll, event;

/* ---- timers ---- */

static wheel_timer *timers;
static uint64_t base_ns; /* when the wheel's time was 0 */

static void start(wheel_timer *timer, uint64_t delay_ms)
{
    timer->due_ms = wheel_now_ms() + delay_ms;
    wheel_start(timer);
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
        wheel_stop(&timers[order[i]]);
    micro_print_since("timer_cancel_1M", start_ns, TIMERS);
}

static void rearm(void)
{
    uint64_t start_ns;

    for (int i = 0; i < TIMERS_LIVE; i++)
        start(&timers[i], REARM_MS + micro_random() % REARM_SPAN_MS);
    start_ns = micro_thread_ns();
    for (uint64_t i = 0; i < TIMERS; i++) {
        wheel_timer *timer = &timers[micro_random() % TIMERS_LIVE];

        wheel_stop(timer);
        start(timer, REARM_MS + i / 1000);
    }
    micro_print_since("timer_rearm_10k", start_ns, TIMERS);
    for (int i = 0; i < TIMERS_LIVE; i++)
        wheel_stop(&timers[i]);
}

static void run_timers(void)
{
    timers = micro_memory(TIMERS, sizeof *timers);
    start_and_cancel();
    rearm();
}

static bool all_fired;

static void on_fired(wheel_timer *timer)
{
    all_fired = micro_fired(base_ns + timer->due_ms * 1000000);
}

static void wait_until(uint64_t when_ns)
{
    struct timespec wait = {0};
    struct epoll_event ignored;
    uint64_t now_ns = micro_now_ns();

    if (when_ns <= now_ns)
        return;
    wait.tv_nsec = (long)(when_ns - now_ns); /* at most 64 ticks, well below a second */
    (void)epoll_pwait2(epoll, &ignored, 1, &wait, NULL);
}

static void run_fire(void)
{
    uint64_t start_ns;

    timers = micro_memory(TIMERS, sizeof *timers);
    base_ns = micro_now_ns() - wheel_now_ms() * 1000000;
    for (int i = 0; i < TIMERS; i++)
        start(&timers[i], FIRE_MIN_MS + micro_random() % FIRE_SPAN_MS);
    start_ns = micro_thread_ns();
    while (!all_fired) {
        while (!all_fired && wheel_now_ms() < (micro_now_ns() - base_ns) / 1000000)
            wheel_tick(on_fired);
        if (!all_fired)
            wait_until(base_ns + (wheel_now_ms() + wheel_wait_ms()) * 1000000);
    }
    micro_print_fired(start_ns);
}

/* ---- tasks ---- */

struct task {
    struct task *next;
    bool (*run)(struct task *self); /* true: it has ended */
    int calls;
};

static struct {
    struct task *first, **last;
} ready = {.last = &ready.first};
static uint64_t tasks_live, tasks_ended;

static void ready_add(struct task *task)
{
    task->next = NULL;
    *ready.last = task;
    ready.last = &task->next;
}

static bool run_twice(struct task *self)
{
    return ++self->calls == 2;
}

static void spawn_task(void)
{
    struct task *task = malloc(sizeof *task);

    micro_check(task != NULL, "memory");
    *task = (struct task){.run = run_twice};
    ready_add(task);
    tasks_live++;
}

static void run_ready(void)
{
    struct task *batch = ready.first, *next;

    ready.first = NULL;
    ready.last = &ready.first;
    for (; batch != NULL; batch = next) {
        next = batch->next;
        if (!batch->run(batch)) {
            ready_add(batch);
            continue;
        }
        free(batch);
        tasks_live--;
        tasks_ended++;
    }
}

static void run_spawn(void)
{
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TASKS / BATCH; i++) {
        for (int j = 0; j < BATCH; j++)
            spawn_task();
        while (tasks_live > 0)
            run_ready();
    }
    micro_print_since("spawn_yield", start_ns, TASKS);
    micro_check(tasks_ended == TASKS, "tasks that ended");
}

/* ---- messages through a queue behind a mutex ---- */

static void wake(void)
{
    uint64_t one = 1;

    micro_check(write(event, &one, sizeof one) == sizeof one, "a wake");
}

static void wait_for_event(void)
{
    struct epoll_event ignored;

    (void)epoll_wait(epoll, &ignored, 1, -1); /* by the edge: the event is never read */
}

static void run_queue(void)
{
    do
        wait_for_event();
    while (!micro_queue_receive());
}

/* ---- messages through a stack without locks ---- */

struct message {
    struct message *next;
    uint64_t value;
};

/*
 * The loop takes the whole stack at once, and sleeps only when it has announced that and then found
 * nothing; a sender looks at the announcement after it has put its message in. All of these are
 * seq_cst, so that not both miss the other.
 */
static _Atomic(struct message *) inbox;
static atomic_bool is_asleep;
static atomic_ullong wakes;
static struct message *messages;

static void stack_send(struct message *message)
{
    message->next = atomic_load_explicit(&inbox, memory_order_relaxed); /* the CAS tells */
    while (!atomic_compare_exchange_weak(&inbox, &message->next, message))
        continue;
    if (!atomic_load(&is_asleep) || !atomic_exchange(&is_asleep, false))
        return;
    atomic_fetch_add_explicit(&wakes, 1, memory_order_relaxed); /* only counts */
    wake();
}

static void stack_send_all(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        messages[i].value = i;
        stack_send(&messages[i]);
    }
}

static struct message *oldest_first(struct message *stack)
{
    struct message *list = NULL, *next;

    for (; stack != NULL; stack = next) {
        next = stack->next;
        stack->next = list;
        list = stack;
    }
    return list;
}

static void sleep_while_empty(void)
{
    atomic_store(&is_asleep, true);
    if (atomic_load(&inbox) == NULL)
        wait_for_event();
    atomic_store(&is_asleep, false);
}

static void run_stack(void)
{
    bool is_over = false;

    while (!is_over) {
        struct message *list = oldest_first(atomic_exchange(&inbox, NULL));

        if (list == NULL)
            sleep_while_empty();
        for (; list != NULL; list = list->next)
            is_over |= micro_receive(list->value);
    }
}

static void run_threads(void)
{
    static const micro_inbox stack = {.send_all = stack_send_all, .run = run_stack};
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET};

    event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    micro_check(event >= 0, "eventfd");
    micro_check(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &interest) == 0, "epoll_ctl");
    micro_queue_threads(wake, run_queue);
    messages = micro_memory(MESSAGES, sizeof *messages);
    micro_flood("xthread_flood_lockfree", 1, &stack);
    micro_print("xthread_flood_lockfree_wakes", (double)wakes * 1e3 / MESSAGES, "per 1000");
}

int main(int argc, char **argv)
{
    static const micro_group groups[] = {{"timers", run_timers},
                                         {"fire", run_fire},
                                         {"spawn", run_spawn},
                                         {"threads", run_threads},
                                         {NULL, NULL}};

    epoll = epoll_create1(EPOLL_CLOEXEC);
    micro_check(epoll >= 0, "epoll_create1");
    return micro_main(argc, argv, groups);
}
