/* SPDX-License-Identifier: MIT */
/*
 * account.h - who has used the processors so far, and what memory the server has. Two accounts are
 * taken, before and after what is measured; the difference is the cost.
 */
#ifndef BENCH_LOAD_ACCOUNT_H
#define BENCH_LOAD_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of these the load of each is told: the server has the first and the load generator the second. */
#define ACCOUNT_CPUS 2

struct account {
    uint64_t time_ns;
    uint64_t server_ns; /* processor time of the server's process, all its threads */
    uint64_t own_ns;    /* and of this one */
    /* By the system's clock tick: busy for anybody, and taken away by the host of this machine. */
    uint64_t busy[ACCOUNT_CPUS];
    uint64_t stolen[ACCOUNT_CPUS];
};

/* Look at all of them. `server` 0: there is none to look at. */
void account_take(struct account *self, pid_t server);

/* Whether there is such a process whose time can be read. */
bool account_knows(pid_t server);

/* How many kB /proc/PID/status tells for the key ("VmRSS:"); -1 when it does not. */
long account_memory_kb(pid_t server, const char *key);

#endif
