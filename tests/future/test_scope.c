/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_scope.c - a part of a task that is asked to end: by its deadline, by a call, by what is around
 * it; what is inside may clean up and wait for that, within the grace time.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/drop.h"
#include "../support/loop.h"

#define MS EDDY_MILLISECOND

/* Waits at a gate; when it is asked to end, says goodbye for so long, then returns what it was told. */
struct polite {
    EDDY_FRAME;
    struct test_gate *gate;
    struct test_trace *trace;
    int64_t goodbye_ns;
    int64_t *deadline_ns; /* noted at the first poll, if not NULL */
    eddy_result *told;
    eddy_result said;
    eddy_sleep sleep;
};
static void polite_done(struct polite *self)
{
    test_trace_done(self->trace);
}
EDDY_ASYNC(polite, polite_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->deadline_ns != NULL)
            *self->deadline_ns = eddy_task_deadline_ns(task);
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        self->said = n;
        if (self->told != NULL)
            *self->told = n;
        if (n < 0 && self->goodbye_ns > 0) {
            eddy_sleep_start(&self->sleep, task, self->goodbye_ns);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        }
        EDDY_END(n < 0 ? n : self->said);
}

/* A scope around a polite one; both live in the frame. */
struct scoped {
    EDDY_FRAME;
    struct polite inner;
    struct eddy_scope scope;
    struct eddy_scope outer;
    int64_t duration_ns, grace_ns, outer_ns;
    struct eddy_scope **out;
};
static void scoped_begin(struct scoped *self)
{
    self->scope = EDDY_INIT(eddy_scope, .inner = &self->inner.frame,
                            .duration_ns = self->duration_ns, .grace_ns = self->grace_ns);
    self->outer = EDDY_INIT(eddy_scope, .inner = &self->scope.frame, .duration_ns = self->outer_ns);
    if (self->out != NULL)
        *self->out = &self->scope;
}
EDDY_ASYNC(scoped, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        scoped_begin(self);
        EDDY_AWAIT_FUTURE(n, self->outer_ns != 0 ? &self->outer.frame : &self->scope.frame);
        EDDY_END(n);
}

#define INNER(...) .inner = EDDY_INIT(polite, __VA_ARGS__)

static void result_in_time_is_the_scopes(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {.open = true, .result = 7};
    struct test_trace trace = {0};

    (void)state;
    assert_int_equal(
        test_run(core, scoped, INNER(.gate = &gate, .trace = &trace), .duration_ns = EDDY_SECOND),
        7);
    assert_int_equal(trace.dones, 1);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

static void deadline_is_told_by_the_wait_inside_which_may_say_goodbye(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_result told = 0;
    int64_t before_ns = test_clock_ns(core);

    (void)state;
    assert_int_equal(
        test_run(core, scoped,
                 INNER(.gate = &gate, .trace = &trace, .told = &told, .goodbye_ns = 3 * MS),
                 .duration_ns = 2 * MS),
        -ETIMEDOUT);
    assert_int_equal(told, -ETIMEDOUT);
    assert_int_equal(trace.dones, 1);
    assert_true(test_clock_ns(core) - before_ns >= 5 * MS);
    test_core_end(core);
}

static void goodbye_beyond_the_grace_time_is_cut_off(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    int64_t before_ns = test_clock_ns(core);

    (void)state;
    assert_int_equal(
        test_run(core, scoped,
                 INNER(.gate = &gate, .trace = &trace, .goodbye_ns = 1000 * EDDY_SECOND),
                 .duration_ns = 2 * MS, .grace_ns = 2 * MS),
        -ETIMEDOUT);
    assert_int_equal(trace.dones, 1);
    assert_true(test_clock_ns(core) - before_ns < 1000 * EDDY_SECOND);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

static void cancel_of_a_scope_reaches_only_what_is_inside(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_result told = 0;
    struct eddy_scope *scope = NULL;
    eddy_join *join =
        test_spawn_join(core, scoped, INNER(.gate = &gate, .told = &told), .out = &scope);

    (void)state;
    test_settle(core);
    eddy_scope_cancel(scope);
    assert_int_equal(told, 0); /* a request: nothing runs inside the call */
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(told, -ECANCELED);
    test_core_end(core);
}

static void request_to_the_task_goes_down_through_scopes(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    eddy_result told = 0;
    eddy_join *join = test_spawn_join(core, scoped, INNER(.gate = &gate, .told = &told),
                                      .duration_ns = EDDY_SECOND, .outer_ns = 2 * EDDY_SECOND);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(told, -ECANCELED);
    test_core_end(core);
}

static void earliest_deadline_of_nested_scopes_counts_and_is_inherited(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    int64_t seen_ns = 0, before_ns = test_clock_ns(core);
    eddy_result told = 0;

    (void)state;
    assert_int_equal(test_run(core, scoped,
                              INNER(.gate = &gate, .told = &told, .deadline_ns = &seen_ns),
                              .duration_ns = 1000 * EDDY_SECOND, .outer_ns = 3 * MS),
                     -ETIMEDOUT);
    assert_int_equal(told, -ETIMEDOUT);
    assert_true(seen_ns >= before_ns + 3 * MS);
    assert_true(seen_ns < before_ns + 1000 * EDDY_SECOND);
    test_core_end(core);
}

static void without_a_scope_there_is_no_deadline(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {.open = true};
    int64_t seen_ns = 0;

    (void)state;
    assert_int_equal(test_run(core, polite, .gate = &gate, .deadline_ns = &seen_ns), 0);
    assert_int_equal(seen_ns, EDDY_FOREVER);
    test_core_end(core);
}

/* Shielded while it waits at the first gate, not at the second. */
struct shielded {
    EDDY_FRAME;
    struct test_gate *gates;
    eddy_result *said;
};
EDDY_ASYNC(shielded, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_task_shield(task, true);
        EDDY_POLL(n, test_gate_poll(&self->gates[0], task));
        self->said[0] = n;
        eddy_task_shield(task, false);
        EDDY_POLL(n, test_gate_poll(&self->gates[1], task));
        self->said[1] = n;
        EDDY_END(n);
}

struct shielding {
    EDDY_FRAME;
    struct shielded inner;
    struct eddy_scope scope;
};
EDDY_ASYNC(shielding, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->scope = EDDY_INIT(eddy_scope, .inner = &self->inner.frame, .duration_ns = 2 * MS);
        EDDY_AWAIT(n, &self->scope);
        EDDY_END(n);
}

static void shield_holds_a_deadline_back_until_its_end(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    eddy_join *join = test_spawn_join(core, shielding,
                                      .inner = EDDY_INIT(shielded, .gates = gates, .said = said));

    (void)state;
    test_pass(core, 10 * MS);
    assert_int_equal(said[0], 1);
    test_gate_open(&gates[0], 5);
    assert_int_equal(test_join_end(core, join), -ETIMEDOUT);
    assert_int_equal(said[0], 5);
    assert_int_equal(said[1], -ETIMEDOUT);
    test_core_end(core);
}

static void request_to_end_is_not_forgotten_for_a_deadline_behind_a_shield(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    eddy_join *join = test_spawn_join(core, shielding,
                                      .inner = EDDY_INIT(shielded, .gates = gates, .said = said));

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    test_pass(core, 10 * MS); /* the deadline comes later */
    test_gate_open(&gates[0], 5);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(said[1], -ECANCELED);
    test_core_end(core);
}

/* A shielded wait that a timeout drops; then a wait of its own. */
struct unshielded {
    EDDY_FRAME;
    struct test_gate *gates;
    eddy_result *said;
    struct shielded inner;
    struct eddy_timeout limited;
};
EDDY_ASYNC(unshielded, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->inner = EDDY_INIT(shielded, .gates = self->gates, .said = self->said);
        self->limited = EDDY_INIT(eddy_timeout, .inner = &self->inner.frame, .duration_ns = 2 * MS);
        EDDY_AWAIT(n, &self->limited);
        EDDY_POLL(n, test_gate_poll(&self->gates[1], task));
        self->said[1] = n;
        EDDY_END(n);
}

static void shield_goes_with_the_future_that_put_it_up(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    eddy_result said[2] = {1, 1};
    eddy_join *join = test_spawn_join(core, unshielded, .gates = gates, .said = said);

    (void)state;
    test_pass(core, 10 * MS);
    assert_non_null(gates[1].waiter.branch);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(said[1], -ECANCELED);
    test_core_end(core);
}

/* ---- dropped anywhere ---- */

struct drop_world {
    struct test_gate gate;
    struct test_trace trace;
};

static eddy_future *drop_begin(void *arg, eddy_core *core)
{
    struct drop_world *world = arg;

    *world = (struct drop_world){0};
    return eddy_box(
        eddy_core_handle(core),
        EDDY_FUTURE(scoped,
                    INNER(.gate = &world->gate, .trace = &world->trace, .goodbye_ns = 2 * MS),
                    .duration_ns = 2 * MS, .outer_ns = 500 * MS));
}

static void drop_end(void *arg, eddy_core *core, eddy_result result)
{
    struct drop_world *world = arg;

    (void)core;
    (void)result;
    assert_true(world->trace.dones <= 1);
    assert_null(world->gate.waiter.branch);
}

static void dropped_anywhere_leaves_nothing(void **state)
{
    struct drop_world world;
    struct test_drop drop = {.begin = drop_begin, .end = drop_end, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

/* Never begun: the inner future is the scope's from its first poll on. */
static void scope_dropped_before_its_first_poll_drops_a_boxed_inner_one(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_trace trace = {0};
    eddy_handle *handle = eddy_core_handle(core);
    eddy_future *inner = eddy_box(handle, EDDY_FUTURE(polite, .gate = &gate, .trace = &trace));

    (void)state;
    eddy_future_drop(eddy_box(handle, EDDY_FUTURE(eddy_scope, .inner = inner)));
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void dump_shows_what_is_waited_for_inside(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_text text;
    eddy_join *join =
        test_spawn_join(core, scoped, INNER(.gate = &gate), .duration_ns = EDDY_SECOND);

    (void)state;
    test_settle(core);
    test_dump(core, &text);
    assert_non_null(strstr(text.text, "scope (scope:0) [test: gate (polite:"));
    assert_non_null(strstr(text.text, "deadline"));
    eddy_join_abort(join);
    eddy_join_free(join);
    assert_null(gate.waiter.branch);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_in_time_is_the_scopes),
        cmocka_unit_test(deadline_is_told_by_the_wait_inside_which_may_say_goodbye),
        cmocka_unit_test(goodbye_beyond_the_grace_time_is_cut_off),
        cmocka_unit_test(cancel_of_a_scope_reaches_only_what_is_inside),
        cmocka_unit_test(request_to_the_task_goes_down_through_scopes),
        cmocka_unit_test(earliest_deadline_of_nested_scopes_counts_and_is_inherited),
        cmocka_unit_test(without_a_scope_there_is_no_deadline),
        cmocka_unit_test(shield_holds_a_deadline_back_until_its_end),
        cmocka_unit_test(request_to_end_is_not_forgotten_for_a_deadline_behind_a_shield),
        cmocka_unit_test(shield_goes_with_the_future_that_put_it_up),
        cmocka_unit_test(dropped_anywhere_leaves_nothing),
        cmocka_unit_test(scope_dropped_before_its_first_poll_drops_a_boxed_inner_one),
        cmocka_unit_test(dump_shows_what_is_waited_for_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
