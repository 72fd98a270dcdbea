/* SPDX-License-Identifier: MIT */
/*
 * account.c - processor time by the clocks of processes and /proc/stat, memory by /proc/PID/status.
 */
#include "system.h"

#include "account.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line of /proc/stat: "cpu1 user nice system idle iowait irq softirq steal ...". */
static void take_line(struct account *self, const char *line)
{
    unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;
    unsigned cpu;

    if (sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, &user, &nice, &system,
               &idle, &iowait, &irq, &softirq, &steal) != 9)
        return;
    if (cpu >= ACCOUNT_CPUS)
        return;
    self->busy[cpu] = user + nice + system + irq + softirq;
    self->stolen[cpu] = steal;
}

static void take_cpus(struct account *self)
{
    FILE *file = fopen("/proc/stat", "re");
    char line[512];

    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        /* The first line, of all processors together, has a space where the number would be. */
        if (strncmp(line, "cpu", 3) == 0 && line[3] != ' ')
            take_line(self, line);
    }
    fclose(file);
}

static uint64_t process_ns(pid_t process)
{
    clockid_t clock;

    return clock_getcpuclockid(process, &clock) == 0 ? clock_read(clock) : 0;
}

void account_take(struct account *self, pid_t server)
{
    *self = (struct account){0};
    take_cpus(self);
    self->server_ns = server != 0 ? process_ns(server) : 0;
    self->own_ns = clock_read(CLOCK_PROCESS_CPUTIME_ID);
    self->time_ns = clock_now();
}

bool account_knows(pid_t server)
{
    clockid_t clock;

    return clock_getcpuclockid(server, &clock) == 0;
}

long account_memory_kb(pid_t server, const char *key)
{
    char path[64];
    char line[256];
    long kb = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)server);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while (kb < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0)
            kb = strtol(line + strlen(key), NULL, 10);
    }
    fclose(file);
    return kb;
}
