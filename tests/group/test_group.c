/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_group.c - who owns tasks: they end before their group, whoever frees it, and whenever.
 */
#include "group_world.h"

#include "../support/death.h"
#include "../support/heap.h"
#include "reactor/core.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_of_a_group_ends_its_tasks_before_it_returns),
        cmocka_unit_test(tasks_end_before_the_task_that_owns_their_group),
        cmocka_unit_test(task_may_free_the_group_it_is_in),
        cmocka_unit_test(done_of_a_task_may_free_its_group),
        cmocka_unit_test(group_of_a_task_is_told),
        cmocka_unit_test(group_may_be_freed_after_its_loop),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(waiting_for_ones_own_group_is_asserted),
        cmocka_unit_test(memory_that_is_out_is_told_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
