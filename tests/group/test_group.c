/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_group.c - who owns tasks: they end before their group, their number has a limit, their results
 * are handed out or told, and one error may end the others.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/loop.h"
#include "eddy/group.h"
#include "eddy/serve.h"
#include "reactor/core.h"

#define MS EDDY_MILLISECOND

static eddy_group *new_group(eddy_core *core, eddy_group_options options)
{
    eddy_group *group = NULL;

    options.size_bytes = sizeof options;
    assert_int_equal(eddy_group_new(eddy_core_handle(core), &options, &group), 0);
    return group;
}

static eddy_group_report report_of(const eddy_group *group)
{
    eddy_group_report report;

    memset(&report, 0xa5, sizeof report);
    eddy_group_report_get(group, &report);
    return report;
}

#define spawn(group, ...) assert_int_equal(eddy_group_spawn((group), EDDY_FUTURE(__VA_ARGS__)), 0)

/* ---- owning ---- */

static void free_of_a_group_ends_its_tasks_before_it_returns(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_gate gates[3] = {0};
    struct test_trace trace[3] = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        spawn(group, test_wait, .gate = &gates[i], .trace = &trace[i]);
    assert_int_equal(eddy_group_tasks(group), 3);
    test_settle(core);
    eddy_group_free(group);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(trace[i].dones, 1);
        assert_null(gates[i].waiter.branch);
    }
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

/* Owns a group; its tasks look at `alive`, which is over when its own `done` has run. */
struct owner {
    EDDY_FRAME;
    eddy_group *group;
    struct test_gate *gate;
    bool *alive;
};
static void owner_done(struct owner *self)
{
    eddy_group_free(self->group);
    *self->alive = false;
}
EDDY_ASYNC(owner, owner_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

struct member {
    EDDY_FRAME;
    struct test_gate *gate;
    const bool *alive;
    int *seen_alive;
};
static void member_done(struct member *self)
{
    *self->seen_alive += *self->alive;
}
EDDY_ASYNC(member, member_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

/* Also when the owner is dropped by another drop: tasks end before what they work for. */
static void tasks_end_before_the_task_that_owns_their_group(void **state)
{
    eddy_core *core = test_core();
    eddy_group *outer = new_group(core, (eddy_group_options){0});
    eddy_group *inner = new_group(core, (eddy_group_options){0});
    struct test_gate gates[3] = {0};
    bool alive = true;
    int seen = 0;

    (void)state;
    spawn(outer, owner, .group = inner, .gate = &gates[0], .alive = &alive);
    spawn(inner, member, .gate = &gates[1], .alive = &alive, .seen_alive = &seen);
    spawn(inner, member, .gate = &gates[2], .alive = &alive, .seen_alive = &seen);
    test_settle(core);
    eddy_group_free(outer);
    assert_false(alive);
    assert_int_equal(seen, 2);
    test_core_end(core);
}

/* Frees the group it is in, inside its own poll. */
struct suicide {
    EDDY_FRAME;
    eddy_group *group;
    struct test_trace *trace;
};
static void suicide_done(struct suicide *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(suicide, suicide_done)
{
    eddy_result n;
    struct test_trace *trace;

    EDDY_BEGIN
        eddy_group_free(self->group);
        trace = self->trace;
        assert_int_equal(trace->dones, 0);
        EDDY_POLL(n, eddy_task_park(task, "never"));
        EDDY_END(n);
}

static void task_may_free_the_group_it_is_in(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_trace trace[2] = {0};
    struct test_gate gate = {0};

    (void)state;
    spawn(group, suicide, .group = group, .trace = &trace[0]);
    spawn(group, test_wait, .gate = &gate, .trace = &trace[1]);
    test_settle(core);
    assert_int_equal(trace[0].dones, 1);
    assert_int_equal(trace[1].dones, 1);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

/* Frees its group in its `done`. */
struct last {
    EDDY_FRAME;
    eddy_group *group;
};
static void last_done(struct last *self)
{
    eddy_group_free(self->group);
}
EDDY_ASYNC(last, last_done)
{
    EDDY_BEGIN
        EDDY_END(0);
}

static void done_of_a_task_may_free_its_group(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_trace trace = {0};
    struct test_gate gate = {0};

    (void)state;
    spawn(group, test_wait, .gate = &gate, .trace = &trace);
    spawn(group, last, .group = group);
    test_settle(core);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void group_of_a_task_is_told(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_gate gate = {0};
    eddy_join *join = NULL;

    (void)state;
    assert_int_equal(eddy_group_spawn_joinable(group, EDDY_FUTURE(test_wait, .gate = &gate), &join),
                     0);
    test_settle(core);
    assert_ptr_equal(eddy_task_group(eddy__branch_task(gate.waiter.branch)), group);
    test_gate_open(&gate, 3);
    assert_int_equal(test_join_end(core, join), 3);
    eddy_group_free(group);
    test_core_end(core);
}

static void group_may_be_freed_after_its_loop(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true});
    struct test_gate gate = {0};
    struct test_trace trace = {0};

    (void)state;
    spawn(group, test_value, .value = 1);
    spawn(group, test_wait, .gate = &gate, .trace = &trace);
    test_settle(core);
    test_core_end(core);
    assert_int_equal(trace.dones, 1);
    eddy_group_free(group);
}

/* ---- limits ---- */

/* Waits for room, then spawns; `count` times. */
struct feeder {
    EDDY_FRAME;
    eddy_group *group;
    struct test_gate *gates;
    int count, *spawned, *order;
    int i;
    eddy_ticket place;
};
EDDY_ASYNC(feeder, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < self->count; self->i++) {
            EDDY_POLL(n, eddy_group_poll_room(self->group, task, &self->place));
            if (n < 0)
                EDDY_RETURN(n);
            spawn(self->group, test_wait, .gate = &self->gates[*self->spawned]);
            (*self->spawned)++;
        }
        EDDY_END(0);
}

static void room_is_waited_for_at_the_limit(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.tasks_max = 2});
    struct test_gate gates[4] = {0};
    int spawned = 0;
    eddy_join *join = test_spawn_join(core, feeder, .group = group, .gates = gates, .count = 4,
                                      .spawned = &spawned);

    (void)state;
    test_settle(core);
    assert_int_equal(spawned, 2);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value, .value = 0)), EDDY_TASKS_FULL);
    test_gate_open(&gates[1], 0);
    test_settle(core);
    assert_int_equal(spawned, 3);
    test_gate_open(&gates[0], 0);
    test_settle(core);
    assert_int_equal(spawned, 4);
    assert_int_equal(test_join_end(core, join), 0);
    eddy_group_free(group);
    test_core_end(core);
}

static void dropped_waiter_for_room_passes_it_on(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.tasks_max = 1});
    struct test_gate gates[3] = {0};
    int spawned = 1;
    eddy_join *first, *second;

    (void)state;
    spawn(group, test_wait, .gate = &gates[0]);
    first = test_spawn_join(core, feeder, .group = group, .gates = gates, .count = 1,
                            .spawned = &spawned);
    test_settle(core);
    second = test_spawn_join(core, feeder, .group = group, .gates = gates, .count = 1,
                             .spawned = &spawned);
    test_settle(core);
    test_gate_open(&gates[0], 0);
    while (eddy_group_tasks(group) > 0) /* the room is told to the first ... */
        test_turn(core);
    eddy_join_abort(first); /* ... which is gone before it can take it, or has taken it */
    test_settle(core);
    assert_int_equal(spawned, 2);
    eddy_join_free(first);
    eddy_join_abort(second);
    eddy_join_free(second);
    eddy_group_free(group);
    test_core_end(core);
}

static void closed_group_refuses_and_tells_those_who_wait(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.tasks_max = 1});
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    int spawned = 0;
    eddy_join *join = test_spawn_join(core, feeder, .group = group, .gates = &gate, .count = 2,
                                      .spawned = &spawned);

    (void)state;
    test_settle(core);
    eddy_group_close(group);
    assert_int_equal(test_join_end(core, join), EDDY_CLOSED);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value, .trace = &trace)),
                     EDDY_CLOSED);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(eddy_group_tasks(group), 1); /* who is there goes on */
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- results ---- */

/* Takes results until none is left. */
struct taker {
    EDDY_FRAME;
    eddy_group *group;
    int64_t *sum;
    int *count;
    eddy_ended ended;
};
EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_group_poll_next(self->group, task, &self->ended));
            if (n <= 0)
                break;
            assert_string_equal(self->ended.name, "test_value");
            *self->sum += self->ended.result;
            ++*self->count;
        }
        EDDY_END(n);
}

static void results_are_taken_as_they_end(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true});
    int64_t sum = 0;
    int count = 0;

    (void)state;
    for (int i = 0; i < 10; i++)
        spawn(group, test_value, .value = 1 << i, .yields = 10 - i);
    assert_int_equal(test_run(core, taker, .group = group, .sum = &sum, .count = &count), 0);
    assert_int_equal(sum, 1023);
    assert_int_equal(count, 10);
    eddy_group_free(group);
    test_core_end(core);
}

static void results_not_taken_count_against_the_limit(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true, .tasks_max = 1});
    int64_t sum = 0;
    int count = 0;

    (void)state;
    spawn(group, test_value, .value = 5);
    test_settle(core);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value)), EDDY_TASKS_FULL);
    assert_int_equal(test_run(core, taker, .group = group, .sum = &sum, .count = &count), 0);
    spawn(group, test_value, .value = 6);
    test_settle(core);
    eddy_group_free(group); /* the second result is thrown away */
    assert_int_equal(sum, 5);
    test_core_end(core);
}

static void hook(void *arg, const eddy_ended *ended)
{
    *(eddy_result *)arg = ended->result;
}

static void error_that_is_not_kept_goes_to_the_loops_hook(void **state)
{
    eddy_result told = 0;
    eddy_core *core = test_core_with((eddy_core_options){.on_task_error = hook, .hook_arg = &told});
    eddy_group *group = new_group(core, (eddy_group_options){0});

    (void)state;
    spawn(group, test_value, .value = -EIO);
    spawn(group, test_value, .value = 3);
    test_settle(core);
    assert_int_equal(told, -EIO);
    assert_int_equal(report_of(group).errors, 1);
    assert_int_equal(report_of(group).ended, 2);
    assert_int_equal(report_of(group).first_error.result, -EIO);
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- policies ---- */

static void first_error_cancels_the_others(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group =
        new_group(core, (eddy_group_options){.keep_results = true, .on_error = EDDY_CANCEL_OTHERS});
    struct test_gate gates[2] = {0};

    (void)state;
    spawn(group, test_wait, .gate = &gates[0]);
    spawn(group, test_wait, .gate = &gates[1]);
    spawn(group, test_value, .value = -EIO, .yields = 3);
    test_settle(core);
    assert_int_equal(eddy_group_tasks(group), 0);
    assert_int_equal(report_of(group).errors, 3); /* -EIO, and twice -ECANCELED */
    assert_int_equal(report_of(group).first_error.result, -EIO);
    assert_int_equal(report_of(group).dropped, 0);
    eddy_group_free(group);
    test_core_end(core);
}

static void first_error_drops_the_others(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group =
        new_group(core, (eddy_group_options){.keep_results = true, .on_error = EDDY_DROP_OTHERS});
    struct test_gate gates[2] = {0};

    (void)state;
    spawn(group, test_wait, .gate = &gates[0]);
    spawn(group, test_wait, .gate = &gates[1]);
    spawn(group, test_value, .value = -EIO, .yields = 3);
    test_settle(core);
    assert_int_equal(eddy_group_tasks(group), 0);
    assert_int_equal(report_of(group).errors, 1);
    assert_int_equal(report_of(group).dropped, 2);
    eddy_group_free(group);
    test_core_end(core);
}

static void error_that_a_join_handle_takes_is_no_matter_of_the_policy(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.on_error = EDDY_DROP_OTHERS});
    struct test_gate gate = {0};
    eddy_join *join = NULL;

    (void)state;
    spawn(group, test_wait, .gate = &gate);
    assert_int_equal(
        eddy_group_spawn_joinable(group, EDDY_FUTURE(test_value, .value = -EIO), &join), 0);
    assert_int_equal(test_join_end(core, join), -EIO);
    assert_int_equal(eddy_group_tasks(group), 1);
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- cancel, grace, drop, report ---- */

/* Does not listen: swallows each request. */
struct deaf {
    EDDY_FRAME;
    struct test_gate *gate;
};
EDDY_ASYNC(deaf, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, test_gate_poll(self->gate, task));
        } while (n == -ECANCELED);
        EDDY_END(n);
}

struct cut {
    int count;
    char name[16];
    char waits[128];
};
static void on_cut_off(void *arg, const eddy_ended *ended, const char *waits)
{
    struct cut *cut = arg;

    cut->count++;
    assert_int_equal(ended->result, EDDY_DROPPED);
    strncpy(cut->name, ended->name, sizeof cut->name - 1);
    strncpy(cut->waits, waits, sizeof cut->waits - 1);
}

static void task_that_does_not_end_in_the_grace_time_is_cut_off_and_told(void **state)
{
    struct cut cut = {0};
    eddy_core *core = test_core();
    eddy_group *group =
        new_group(core, (eddy_group_options){.on_cut_off = on_cut_off, .hook_arg = &cut});
    struct test_gate gates[2] = {0};

    (void)state;
    spawn(group, deaf, .gate = &gates[0]);
    test_settle(core);
    eddy_group_cancel(group, 5 * MS);
    spawn(group, deaf, .gate = &gates[1]); /* was not asked */
    test_pass(core, 50 * MS);
    assert_int_equal(eddy_group_tasks(group), 1);
    assert_int_equal(report_of(group).cut_off, 1);
    assert_int_equal(cut.count, 1);
    assert_string_equal(cut.name, "deaf");
    assert_non_null(strstr(cut.waits, "test: gate"));
    eddy_group_free(group);
    test_core_end(core);
}

static eddy_result run_shutdown(eddy_core *core, eddy_group *group, int64_t finish_ns,
                                int64_t grace_ns, eddy_group_report *report)
{
    return test_run(core, eddy_shutdown, .group = group, .finish_ns = finish_ns,
                    .grace_ns = grace_ns, .report = report);
}

static void shutdown_lets_tasks_finish_then_asks_then_cuts_off(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true});
    struct test_gate gates[2] = {0};
    eddy_group_report report;

    (void)state;
    spawn(group, test_nap, .duration_ns = 5 * MS);
    spawn(group, test_wait, .gate = &gates[0]);
    spawn(group, deaf, .gate = &gates[1]);
    assert_int_equal(run_shutdown(core, group, 20 * MS, 20 * MS, &report), 1);
    assert_int_equal(report.ended, 3);
    assert_int_equal(report.cut_off, 1);
    assert_int_equal(report.errors, 1); /* the one that was asked, and ended */
    eddy_group_free(group);
    test_core_end(core);
}

static void shutdown_of_an_idle_group_is_ready_at_once(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});

    (void)state;
    assert_int_equal(run_shutdown(core, group, EDDY_FOREVER, EDDY_FOREVER, NULL), 0);
    assert_int_equal(eddy_group_spawn(group, EDDY_FUTURE(test_value)), EDDY_CLOSED);
    eddy_group_free(group);
    test_core_end(core);
}

static void shutdown_that_is_asked_to_end_hurries(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true});
    struct test_gate gate = {0};
    eddy_join *join = test_spawn_join(core, eddy_shutdown, .group = group,
                                      .finish_ns = EDDY_FOREVER, .grace_ns = EDDY_FOREVER);

    (void)state;
    spawn(group, test_wait, .gate = &gate);
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(report_of(group).errors, 1);
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- misuse, memory ---- */

static void options_are_checked(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = NULL;
    eddy_group_options options = {.size_bytes = sizeof options, .grace_ns = -1};

    (void)state;
    assert_int_equal(eddy_group_new(eddy_core_handle(core), &options, &group), -EINVAL);
    options = (eddy_group_options){.size_bytes = 3};
    assert_int_equal(eddy_group_new(eddy_core_handle(core), &options, &group), -EINVAL);
    assert_null(group);
    test_core_end(core);
}

static void die_by_next_without_results(void *arg)
{
    eddy_core *core = test_core();
    int64_t sum;
    int count;

    (void)arg;
    (void)test_run(core, taker, .group = new_group(core, (eddy_group_options){0}), .sum = &sum,
                   .count = &count);
}

static void next_of_a_group_that_keeps_nothing_is_asserted(void **state)
{
    (void)state;
    assert_dies(die_by_next_without_results, NULL, "results that it does not keep");
}

struct own_idle {
    EDDY_FRAME;
    eddy_group *group;
};
EDDY_ASYNC(own_idle, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_group_poll_idle(self->group, task));
        EDDY_END(n);
}

static void die_by_waiting_for_itself(void *arg)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});

    (void)arg;
    spawn(group, own_idle, .group = group);
    test_settle(core);
}

static void waiting_for_ones_own_group_is_asserted(void **state)
{
    (void)state;
    assert_dies(die_by_waiting_for_itself, NULL, "it would wait for itself");
}

static void memory_that_is_out_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    for (long fail_at = 0; fail_at < 40; fail_at++) {
        struct test_heap heap;
        eddy_allocator allocator;
        eddy_core *core = NULL;
        eddy_group *group = NULL;
        eddy_join *join = NULL;
        struct test_trace trace[2] = {0};
        eddy_core_options options = {.size_bytes = sizeof options, .allocator = &allocator};
        int tried = 0;

        test_heap_init(&heap, fail_at);
        allocator = test_heap_allocator(&heap);
        if (eddy_core_new(&options, &core) == 0 &&
            eddy_group_new(eddy_core_handle(core), NULL, &group) == 0) {
            (void)eddy_group_spawn(group, EDDY_FUTURE(test_value, .trace = &trace[0]));
            if (eddy_group_spawn_joinable(group, EDDY_FUTURE(test_value, .trace = &trace[1]),
                                          &join) != 0)
                assert_null(join);
            tried = 2;
            (void)eddy_core_turn(core, 0);
        }
        eddy_join_free(join);
        eddy_group_free(group);
        assert_int_equal(trace[0].dones + trace[1].dones, tried);
        eddy_core_free(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
    }
}

/* ---- dropped anywhere ---- */

struct drop_world {
    eddy_group *group;
    struct test_gate gates[3];
    int spawned;
};

static eddy_future *drop_begin(void *arg, eddy_core *core)
{
    struct drop_world *world = arg;

    *world = (struct drop_world){0};
    world->group = new_group(core, (eddy_group_options){.tasks_max = 1});
    return eddy_box(eddy_core_handle(core),
                    EDDY_FUTURE(feeder, .group = world->group, .gates = world->gates, .count = 3,
                                .spawned = &world->spawned));
}

static void drop_step(void *arg, eddy_core *core)
{
    struct drop_world *world = arg;

    (void)core;
    if (world->spawned > 0)
        test_gate_open(&world->gates[world->spawned - 1], 0);
}

static void drop_end(void *arg, eddy_core *core, eddy_result result)
{
    struct drop_world *world = arg;

    (void)core;
    (void)result;
    eddy_group_free(world->group);
}

static void waiter_for_room_dropped_anywhere_leaves_nothing(void **state)
{
    struct drop_world world;
    struct test_drop drop = {
        .begin = drop_begin, .step = drop_step, .end = drop_end, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_of_a_group_ends_its_tasks_before_it_returns),
        cmocka_unit_test(tasks_end_before_the_task_that_owns_their_group),
        cmocka_unit_test(task_may_free_the_group_it_is_in),
        cmocka_unit_test(done_of_a_task_may_free_its_group),
        cmocka_unit_test(group_of_a_task_is_told),
        cmocka_unit_test(group_may_be_freed_after_its_loop),
        cmocka_unit_test(room_is_waited_for_at_the_limit),
        cmocka_unit_test(dropped_waiter_for_room_passes_it_on),
        cmocka_unit_test(closed_group_refuses_and_tells_those_who_wait),
        cmocka_unit_test(results_are_taken_as_they_end),
        cmocka_unit_test(results_not_taken_count_against_the_limit),
        cmocka_unit_test(error_that_is_not_kept_goes_to_the_loops_hook),
        cmocka_unit_test(first_error_cancels_the_others),
        cmocka_unit_test(first_error_drops_the_others),
        cmocka_unit_test(error_that_a_join_handle_takes_is_no_matter_of_the_policy),
        cmocka_unit_test(task_that_does_not_end_in_the_grace_time_is_cut_off_and_told),
        cmocka_unit_test(shutdown_lets_tasks_finish_then_asks_then_cuts_off),
        cmocka_unit_test(shutdown_of_an_idle_group_is_ready_at_once),
        cmocka_unit_test(shutdown_that_is_asked_to_end_hurries),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(next_of_a_group_that_keeps_nothing_is_asserted),
        cmocka_unit_test(waiting_for_ones_own_group_is_asserted),
        cmocka_unit_test(memory_that_is_out_is_told_and_nothing_leaks),
        cmocka_unit_test(waiter_for_room_dropped_anywhere_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
