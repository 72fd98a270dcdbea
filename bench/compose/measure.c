/* SPDX-License-Identifier: MIT */
/*
 * measure.c - times each measure: passes that grow until one is long enough, which also warm up
 * what is kept for reuse; one that counts allocations; then the timed ones, of which the shortest
 * counts, because whatever disturbs a pass makes it longer.
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PASS_MS = 10, PASSES = 5, GROWTH_MAX = 16 };

static const measure *running;
static uint64_t pass_ns = PASS_MS * UINT64_C(1000000);
static unsigned long passes = PASSES;

/* The pass under way, and then what came of it. */
static bool has_begun, is_counted;
static uint64_t took_ns, allocations;

void measure_check(bool is_right, const char *what)
{
    if (is_right)
        return;
    fprintf(stderr, "%s: wrong result: %s\n", running->name, what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(running->parallel ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

void measure_begin(void)
{
    has_begun = true;
    allocations = heap_counted();
    heap_is_counting = is_counted;
    took_ns = now_ns();
}

void measure_end(void)
{
    if (!has_begun)
        return;
    has_begun = false;
    took_ns = now_ns() - took_ns;
    heap_is_counting = false;
    allocations = heap_counted() - allocations;
}

/* One pass; returns how many operations it really was. */
static uint64_t pass(void *arg, uint64_t count)
{
    measure_begin();
    count = running->run(arg, count);
    measure_end();
    return count;
}

/* How many operations make a pass of about the wanted length. */
static uint64_t calibrate(void *arg)
{
    uint64_t count = 16;

    for (;;) {
        double wanted;

        count = pass(arg, count);
        if (took_ns >= pass_ns * 3 / 4)
            return count;
        wanted = (double)count * (double)pass_ns / ((double)took_ns + 1) + 1;
        count = wanted < (double)(count * GROWTH_MAX) ? (uint64_t)wanted : count * GROWTH_MAX;
    }
}

static void print(double value, const char *unit)
{
    printf("{\"bench\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", running->name, value, unit);
    fflush(stdout);
}

static void run_one(const measure *self, void *arg)
{
    uint64_t count, done;
    double best_ns = 0;

    running = self;
    count = calibrate(arg);
    is_counted = true;
    done = pass(arg, count);
    is_counted = false;
    print((double)allocations / (double)done, "allocs");
    for (unsigned long i = 0; i < passes; i++) {
        double each_ns;

        done = pass(arg, count);
        each_ns = (double)took_ns / (double)done;
        if (i == 0 || each_ns < best_ns)
            best_ns = each_ns;
    }
    print(best_ns, "ns");
}

/* ---- the command line ---- */

static const char *value_of(const char *argument, const char *option)
{
    size_t length = strlen(option);

    return strncmp(argument, option, length) == 0 ? argument + length : NULL;
}

enum mode { MODE_RUN, MODE_LIST, MODE_VERSION };

/* Takes the options out; the names stay, and their number is returned. */
static int take_options(int argc, char **argv, enum mode *mode)
{
    int names = 0;

    for (int i = 1; i < argc; i++) {
        const char *value;

        if ((value = value_of(argv[i], "--pass-ms=")) != NULL)
            pass_ns = strtoull(value, NULL, 10) * UINT64_C(1000000);
        else if ((value = value_of(argv[i], "--passes=")) != NULL)
            passes = strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--list") == 0)
            *mode = MODE_LIST;
        else if (strcmp(argv[i], "--version") == 0)
            *mode = MODE_VERSION;
        else
            argv[names++] = argv[i];
    }
    return names;
}

static bool is_named(const measure *self, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(self->name, names[i]) == 0)
            return true;
    return count == 0;
}

int measure_main(int argc, char **argv, const measure_program *program)
{
    enum mode mode = MODE_RUN;
    int names = take_options(argc, argv, &mode);

    if (mode == MODE_VERSION) {
        puts(program->version);
        return 0;
    }
    for (const measure *const *list = program->lists; *list != NULL; list++) {
        for (const measure *at = *list; at->name != NULL; at++) {
            if (mode == MODE_LIST)
                printf("%s %s\n", at->name, at->parallel ? "parallel" : "alone");
            else if (is_named(at, argv, names))
                run_one(at, program->arg);
        }
    }
    return 0;
}
