/* SPDX-License-Identifier: MIT */
/*
 * report.c - what a run found, as one JSON object on standard output. What was not measured, because
 * the run failed before that or `pid` was not given, is null or 0.
 */
#include "system.h"

#include "mode.h"
#include "run.h"
#include <stdio.h>
#include <unistd.h>

static double seconds(uint64_t from, uint64_t to)
{
    return (double)(to - from) / (double)SECOND_NS;
}

/* a / b, or 0 where there is no b. */
static double share(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void print_setting(const struct run *self)
{
    const struct options *options = &self->options;

    printf("{\"mode\":\"%s\",\"ok\":%s,\"error\":\"%s\"", options->mode->name,
           self->error[0] == '\0' ? "true" : "false", self->error);
    printf(",\"conns\":%llu,\"size\":%llu,\"depth\":%llu", (unsigned long long)options->conns,
           (unsigned long long)options->size, (unsigned long long)options->depth);
}

static void print_speed(const struct run *self, double wall)
{
    const struct histogram *latency = &self->latency;

    printf(",\"wall\":%.4f,\"requests\":%llu,\"rps\":%.1f,\"gbps\":%.4f", wall,
           (unsigned long long)self->requests, share((double)self->requests, wall),
           share((double)self->bytes, wall) / 1e9);
    printf(",\"p50_us\":%.2f,\"p99_us\":%.2f,\"p999_us\":%.2f,\"max_us\":%.2f",
           histogram_quantile(latency, .5) / 1e3, histogram_quantile(latency, .99) / 1e3,
           histogram_quantile(latency, .999) / 1e3, (double)latency->max / 1e3);
}

/* Processor time for a request, and the part of one processor. */
static void print_time(const char *who, double busy_s, double requests, double wall)
{
    printf(",\"%s_ns\":%.4f,\"%s_util\":%.4f", who, share(busy_s * 1e9, requests), who,
           share(busy_s, wall));
}

static void print_cost(const struct run *self, double wall)
{
    const struct account *before = &self->before, *after = &self->after;
    double requests = (double)self->requests;
    double ticks = wall * (double)sysconf(_SC_CLK_TCK);

    if (self->options.pid != 0)
        print_time("srv", seconds(before->server_ns, after->server_ns), requests, wall);
    else
        printf(",\"srv_ns\":null,\"srv_util\":null");
    print_time("load", seconds(before->own_ns, after->own_ns), requests, wall);
    for (int i = 0; i < ACCOUNT_CPUS; i++) {
        printf(",\"cpu%d_busy\":%.4f,\"steal%d\":%.4f", i,
               share((double)(after->busy[i] - before->busy[i]), ticks), i,
               share((double)(after->stolen[i] - before->stolen[i]), ticks));
    }
    printf(",\"lost\":%llu", (unsigned long long)self->lost);
}

/* A run that went wrong has no figures: what was counted up to then stands for nothing. */
static void forget(struct run *self)
{
    self->after = self->before;
    self->requests = 0;
    self->bytes = 0;
    self->latency = (struct histogram){0};
    self->extra[0] = '\0';
}

bool run_report(struct run *self)
{
    double wall;

    if (self->error[0] == '\0' && self->requests == 0)
        run_fail(self, "no request was answered", 0);
    if (self->error[0] != '\0')
        forget(self);
    wall = seconds(self->before.time_ns, self->after.time_ns);
    print_setting(self);
    print_speed(self, wall);
    print_cost(self, wall);
    printf("%s}\n", self->extra);
    if (self->error[0] != '\0')
        fprintf(stderr, "load: %s\n", self->error);
    return self->error[0] == '\0';
}
