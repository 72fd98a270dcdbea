/* SPDX-License-Identifier: MIT */
/*
 * trace.c - the timeline: one line for each thing that happens, and a hash over all of them. What
 * goes in are names, counted numbers and the room's time, never a pointer, so that two runs of one
 * seed can be compared across compilers and sanitizers.
 */
#include <stdio.h>
#include <string.h>

#include "eddy/error.h"
#include "sim/sim.h"

static uint64_t add_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 29);
}

static uint64_t add_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001B3);
    return add_word(hash, 0xFF);
}

static void write_line(eddy__sim *self, const char *host, const char *who, uint64_t number,
                       const char *what, int64_t result)
{
    char line[200], name[64], value[40];

    if (number != 0)
        (void)snprintf(name, sizeof name, "%s#%llu", who, (unsigned long long)number);
    else
        (void)snprintf(name, sizeof name, "%s", who);
    if (result < 0 && strcmp(eddy_error_name(result), "EUNKNOWN") != 0)
        (void)snprintf(value, sizeof value, "%s", eddy_error_name(result));
    else
        (void)snprintf(value, sizeof value, "%lld", (long long)result);
    (void)snprintf(line, sizeof line, "%5lld.%09lld  %-12s %-20s %-20s %s",
                   (long long)(self->now_ns / EDDY_SECOND), (long long)(self->now_ns % EDDY_SECOND),
                   host, name, what, value);
    if (self->trace != NULL)
        self->trace(self->trace_arg, line);
    else
        (void)fprintf(stderr, "%s\n", line);
}

void eddy__sim_trace(eddy__sim *self, const eddy__sim_host *host, const char *who, uint64_t number,
                     const char *what, int64_t result)
{
    uint64_t hash = self->hash;

    hash = add_word(hash, (uint64_t)self->now_ns);
    hash = add_word(hash, host == NULL ? 0 : host->index + 1);
    hash = add_text(hash, who);
    hash = add_word(hash, number);
    hash = add_text(hash, what);
    self->hash = add_word(hash, (uint64_t)result);
    if (self->traced)
        write_line(self, host == NULL ? "-" : host->name, who, number, what, result);
}
