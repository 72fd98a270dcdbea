/* SPDX-License-Identifier: MIT */
/*
 * micro.c - main(), clocks, random numbers, and what there is to say about timers that fire.
 */
#include "micro.h"

#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const micro_group *running;

void micro_fail(const char *what)
{
    fprintf(stderr, "%s: wrong: %s\n", running != NULL ? running->name : "micro", what);
    exit(1);
}

void micro_print(const char *bench, double value, const char *unit)
{
    printf("{\"bench\":\"%s\",\"value\":%.4f,\"unit\":\"%s\"}\n", bench, value, unit);
    fflush(stdout);
}

void micro_print_since(const char *bench, uint64_t start_ns, uint64_t count)
{
    micro_print(bench, (double)(micro_thread_ns() - start_ns) / (double)count, "ns");
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

void micro_print_spread(const char *bench, uint64_t *values_ns, size_t count)
{
    size_t median = count / 2, last_hundredth = count - count / 100;
    char name[64];

    qsort(values_ns, count, sizeof *values_ns, compare);
    (void)snprintf(name, sizeof name, "%s_p50", bench);
    micro_print(name, (double)values_ns[median] / 1e3, "us");
    (void)snprintf(name, sizeof name, "%s_p99", bench);
    micro_print(name, (double)values_ns[last_hundredth] / 1e3, "us");
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

uint64_t micro_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t micro_thread_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t micro_random(void)
{
    static uint64_t state = UINT64_C(88172645463325252);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* ---- memory ---- */

void *micro_memory(size_t count, size_t size_bytes)
{
    void *memory = malloc(count * size_bytes);

    micro_check(memory != NULL, "memory");
    return memset(memory, 0, count * size_bytes);
}

const uint32_t *micro_shuffled(uint32_t count)
{
    uint32_t *numbers = micro_memory(count, sizeof *numbers);

    for (uint32_t i = 0; i < count; i++)
        numbers[i] = i;
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t other = (uint32_t)(micro_random() % (i + 1)), kept = numbers[i];

        numbers[i] = numbers[other];
        numbers[other] = kept;
    }
    return numbers;
}

/* Touches memory that malloc(3) then keeps: the first touch of a page is dear, most of all in a
 * virtual machine, and would be charged to whatever is measured first. */
static void warm_memory(void)
{
    const size_t size_bytes = (size_t)1 << 30;
    char *memory;

    mallopt(M_TRIM_THRESHOLD, 2000 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    memory = malloc(size_bytes - 4096);
    micro_check(memory != NULL, "memory");
    for (size_t i = 0; i < size_bytes - 4096; i += 4096)
        ((volatile char *)memory)[i] = 1;
    free(memory);
}

/* ---- timers that fire ---- */

enum { LATE_EACH = 16 }; /* of so many timers one is looked at: the clock costs time, too */

static uint64_t late_ns[TIMERS / LATE_EACH + 1];
static size_t fired, lates;

bool micro_fired(uint64_t due_ns)
{
    if (++fired % LATE_EACH == 0) {
        uint64_t now_ns = micro_now_ns();

        late_ns[lates++] = now_ns > due_ns ? now_ns - due_ns : 0;
    }
    return fired == TIMERS;
}

void micro_print_fired(uint64_t start_ns)
{
    double each_ns = (double)(micro_thread_ns() - start_ns) / TIMERS;

    micro_check(fired == TIMERS, "timers that fired");
    micro_print("timer_fire_1M", each_ns, "CPU ns");
    micro_print_spread("timer_fire_late", late_ns, lates);
}

/* ---- the command line ---- */

const char *micro_option(int argc, char **argv, const char *option)
{
    size_t length = strlen(option);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], option, length) == 0)
            return argv[i] + length;
    return NULL;
}

/* Without names all are meant. */
static bool is_named(const micro_group *group, int argc, char **argv)
{
    bool has_names = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], group->name) == 0)
            return true;
        has_names |= argv[i][0] != '-';
    }
    return !has_names;
}

static void pin_to_first(void)
{
    cpu_set_t processors;

    CPU_ZERO(&processors);
    CPU_SET(0, &processors);
    (void)sched_setaffinity(0, sizeof processors, &processors); /* a hint: it may be forbidden */
}

int micro_main(int argc, char **argv, const micro_group *groups)
{
    bool has_run = false;

    pin_to_first();
    warm_memory();
    for (running = groups; running->name != NULL; running++) {
        if (!is_named(running, argc, argv))
            continue;
        running->run();
        has_run = true;
    }
    if (!has_run)
        fprintf(stderr, "%s: no such group of figures\n", argv[0]);
    return has_run ? 0 : 2;
}
