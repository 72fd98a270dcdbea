/* SPDX-License-Identifier: MIT */
/*
 * loop.h - what most tests of the loop need: a core whose end is checked, a place to wait at, tiny
 * futures that count what happens to them, and turns until something is so.
 *
 * Nothing here waits for time but test_pass(). A failure fails the test that called. With
 * EDDY_DRIVER=sim all cores live on one simulated host, and time is virtual.
 */
#ifndef EDDY_TEST_LOOP_H
#define EDDY_TEST_LOOP_H

#include "eddy/eddy.h"

/* Does EDDY_DRIVER ask for the simulated driver? */
bool test_is_simulated(void);
/* The tests of a file: those that hold everywhere, and those of what only the kernel has, which are
 * not there on the simulated driver. Returns how many failed. */
#define TEST_GROUPS(everywhere, kernel)                                                            \
    test_groups((everywhere), sizeof(everywhere) / sizeof((everywhere)[0]), (kernel),              \
                sizeof(kernel) / sizeof((kernel)[0]))
struct CMUnitTest;
int test_groups(const struct CMUnitTest *everywhere, size_t everywhere_n,
                const struct CMUnitTest *kernel, size_t kernel_n);

/* A core of the driver that EDDY_DRIVER names; fails the test when there is none. */
eddy_core *test_core(void);
/* The same with options (size_bytes is filled in). */
eddy_core *test_core_with(eddy_core_options options);
/* The same with a task budget below the least that an option can ask for. */
eddy_core *test_core_of_budget(uint32_t task_budget);
/* Free it and assert that nothing was left unsent. */
void test_core_end(eddy_core *core);

/* The calling function's line of code is no matter: run until `future` ends. */
#define test_run(core, ...) eddy_core_run((core), EDDY_FUTURE(__VA_ARGS__))
/* Spawn a task and assert that this works. */
#define test_spawn(core, ...)                                                                      \
    test_spawn_future((core), EDDY_FUTURE(__VA_ARGS__), __FILE__, __LINE__)
void test_spawn_future(eddy_core *core, eddy_future *future, const char *file, int line);
/* The same, joinable. */
#define test_spawn_join(core, ...)                                                                 \
    test_spawn_join_future((core), EDDY_FUTURE(__VA_ARGS__), __FILE__, __LINE__)
eddy_join *test_spawn_join_future(eddy_core *core, eddy_future *future, const char *file, int line);

/* Wait for the task in a run, give the handle back, return what it gave. */
eddy_result test_join_end(eddy_core *core, eddy_join *join);

/* A turn that does not block; returns its polls and fails the test on an error. */
int test_turn(eddy_core *core);
/* Turns until one makes no poll; fails the test after 1000. Returns the polls. */
int test_settle(eddy_core *core);
/* Drive the loop for so long, by its clock. */
void test_pass(eddy_core *core, int64_t duration_ns);
/* What the system's monotonic clock shows, whatever the loop believes. */
int64_t test_clock_ns(const eddy_core *core);
/* Burn the clock. */
void test_spin(eddy_handle *handle, int64_t duration_ns);

eddy_core_stats test_stats(const eddy_core *core);

/* What eddy_core_dump() wrote, lines ended by newlines; cut off at the end of the array. */
struct test_text {
    char text[16384];
    size_t len;
    int lines;
};
void test_dump(eddy_core *core, struct test_text *text);

/* Take a child back from the future that polled it: nobody polls it, nothing in it waits. */
void test_release_child(eddy_future *parent, eddy_future *child, eddy_task *task);

/* What happened to a future: the ones below count here. */
struct test_trace {
    int polls;
    int dones;
    int order; /* which `done` it was among all that are traced, 1, 2, 3 ... */
};
void test_trace_done(struct test_trace *trace);

/* A place where one task can wait until it is opened. All zero: closed. */
struct test_gate {
    eddy_waiter waiter;
    bool open;
    eddy_result result;
};
/* The gate's result once it is open; waits as "test: gate". */
EDDY_NODISCARD eddy_result test_gate_poll(struct test_gate *self, eddy_task *task);
void test_gate_open(struct test_gate *self, eddy_result result);

/* Lets the others go `yields` times, then returns `value`. `trace` may be NULL in all of these. */
struct test_value {
    EDDY_FRAME;
    struct test_trace *trace;
    int yields;
    eddy_result value;
};
extern const eddy_type test_value_type;

/* Waits at the gate and returns its result. */
struct test_wait {
    EDDY_FRAME;
    struct test_trace *trace;
    struct test_gate *gate;
};
extern const eddy_type test_wait_type;

/* Joins a task and returns what it gave. */
struct test_join {
    EDDY_FRAME;
    eddy_join *join;
};
extern const eddy_type test_join_type;

/* Sleeps, then returns 0. */
struct test_nap {
    EDDY_FRAME;
    struct test_trace *trace;
    int64_t duration_ns;
    eddy_sleep sleep;
    bool asleep;
};
extern const eddy_type test_nap_type;

#endif
