/* SPDX-License-Identifier: MIT */
/*
 * gate.h - what the files of gate_eddy share. The program does the same work at every run, to the
 * instruction: one thread, clients and server by turns, and a clock that stands still unless a
 * workload moves it on. It measures no time: it counts.
 */
#ifndef BENCH_GATE_GATE_H
#define BENCH_GATE_GATE_H

#include <eddy/eddy.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit statuses: this machine does not permit the driver, or to look at another process. */
enum { GATE_NO_DRIVER = 77, GATE_NO_TRACE = 78 };

/* What one run counts, from the end of its warming up on. */
struct gate_counts {
    uint64_t requests;
    uint64_t turns;
    uint64_t heap;        /* malloc(3) and the like, inside turns */
    uint64_t clock_reads; /* clock_gettime(2), inside turns: no system call, yet not free */
    bool steady;          /* the warming up is over */
    bool in_turn;         /* of the steady part: system calls count now (calls.c) */
};

/* In memory that is shared with the process that counts system calls, if there is one. */
extern struct gate_counts *gate_counts;

struct gate {
    eddy_core *core;
    eddy_handle *handle;
};

/* A workload: start() makes all that it needs, then rounds follow. */
struct gate_workload {
    const char *name;
    void (*start)(struct gate *self);
    uint64_t (*round)(struct gate *self); /* returns how many requests it was */
};

/* Each ends with an unnamed one. */
extern const struct gate_workload gate_tcp_workloads[], gate_udp_workloads[],
    gate_timer_workloads[], gate_task_workloads[];

/* Ends the program when something is not as it must be: a count is worth nothing then. */
void gate_check(bool is_right, const char *what);

/* One turn of the loop that does not wait, with what it does counted. */
void gate_turn(struct gate *self);

/* Starts a task. */
void gate_spawn(struct gate *self, eddy_future *future);

/* Of workloads without I/O: so many things happen in a round, fewer than a limit of a turn allows,
 * and each adds one to gate_done. */
enum { GATE_MANY = 64 };
extern uint64_t gate_done;

/* Turns until all have happened. */
uint64_t gate_round_many(struct gate *self);

/* ---- clock.c ---- */

/* One tick of the timers' wheel: see clock.c. */
enum { GATE_TICK_SHIFT = 30 };
#define GATE_TICK_NS (INT64_C(1) << GATE_TICK_SHIFT)

/* Move the clock that the library reads; it stands still between. */
void gate_clock_advance(uint32_t ticks);

/* ---- calls.c ---- */

/* Run `run` in a process of its own, count the system calls that it makes while gate_counts->in_turn.
 * Returns the exit status of that process. */
int gate_calls_count(int (*run)(void *arg), void *arg);

/* Print them by name, as a member of a JSON object. */
void gate_calls_print(void);

/* ---- sockets.c: clients, of which the library knows nothing ---- */

/* A socket of the given type, connected to the port, that does not block. */
int gate_socket_connect(int type, uint16_t port);

/* The same from another address for each number: the system keeps a port that was closed first from
 * being used again for a minute, and a run would use up those of one address. */
int gate_socket_connect_from(int type, uint16_t port, uint64_t number);

/* Send it all at once. */
void gate_socket_send(int fd, const void *data, size_t len);

/* Receive what is there, up to `room`; 0: nothing yet. The peer must not have closed. */
size_t gate_socket_recv(int fd, void *data, size_t room);

/* Whether the peer has closed. */
bool gate_socket_at_end(int fd);

#endif
