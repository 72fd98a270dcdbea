/* SPDX-License-Identifier: MIT */
/*
 * growth.c - how costs grow: growth_eddy WHAT X [--driver=NAME]. A process for each size, so that
 * none is helped or hindered by what another has left in memory. bench/runner/growth.py runs all of
 * them; bench/GROWTH.md is what comes of it.
 */
#include "growth.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    void (*run)(uint32_t x);
    uint32_t max;
} parts[] = {
    {"timers", growth_timers, 10000000}, {"tasks", growth_tasks, 10000000},
    {"remotes", growth_remotes, 64},     {"channels", growth_channels, 64},
    {"loops", growth_loops, 64},         {"connections", growth_connections, 1000000},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static const char *driver;
static uint32_t size;

void growth_print(const char *bench, double value, const char *unit)
{
    printf("{\"bench\":\"%s\",\"x\":%u,\"value\":%.4f,\"unit\":\"%s\"}\n", bench, size, value,
           unit);
    fflush(stdout);
}

void growth_check(bool is_right, const char *what)
{
    if (is_right)
        return;
    fprintf(stderr, "growth_eddy: wrong result: %s\n", what);
    exit(1);
}

eddy_core *growth_core(uint32_t inbox_max)
{
    eddy_core *core;
    int error =
        eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver = driver, .tasks_max = 20000000,
                                   .inbox_max = inbox_max, .stall_limit_ns = -1),
                      &core);

    if (error != 0) {
        fprintf(stderr, "growth_eddy: a loop: %s\n", eddy_strerror(error));
        exit(1);
    }
    return core;
}

void growth_run(eddy_core *core, eddy_future *future)
{
    eddy_result result = eddy_core_run(core, future);

    if (result < 0)
        fprintf(stderr, "growth_eddy: %s\n", eddy_strerror(result));
    growth_check(result == 0, "the future failed");
}

void growth_pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    (void)sched_setaffinity(0, sizeof set, &set); /* there may be only one */
}

void growth_thread(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    growth_check(pthread_create(thread, NULL, run, arg) == 0, "a thread");
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return time.tv_sec * EDDY_SECOND + time.tv_nsec;
}

int64_t growth_wall_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t growth_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t growth_heap(eddy_core *core)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    return stats.heap_bytes;
}

void *growth_memory(size_t count, size_t bytes)
{
    void *memory = malloc(count * bytes);

    growth_check(memory != NULL, "memory");
    return memset(memory, 0, count * bytes);
}

uint64_t growth_random(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

uint32_t *growth_shuffled(uint32_t count)
{
    uint32_t *order = growth_memory(count, sizeof *order);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = (uint32_t)(growth_random() % (i + 1));

        order[i] = order[other];
        order[other] = i;
    }
    return order;
}

static int usage(void)
{
    fputs("usage: growth_eddy {", stderr);
    for (int i = 0; i < PARTS; i++)
        fprintf(stderr, "%s%s", i > 0 ? "|" : "", parts[i].name);
    fputs("} X [--driver=io_uring|epoll]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const char option[] = "--driver=";

    for (int i = 3; i < argc; i++) {
        if (strncmp(argv[i], option, sizeof option - 1) != 0)
            return usage();
        driver = argv[i] + sizeof option - 1;
    }
    if (argc < 3)
        return usage();
    size = (uint32_t)strtoul(argv[2], NULL, 10);
    for (int i = 0; i < PARTS; i++) {
        if (strcmp(parts[i].name, argv[1]) != 0 || size < 1 || size > parts[i].max)
            continue;
        growth_pin(0);
        parts[i].run(size);
        return 0;
    }
    return usage();
}
