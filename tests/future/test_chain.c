/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_chain.c - what steps on a future do: which callbacks run, with what, and what comes of it.
 * When what is released, and what chains cost, is in test_chain_order.c.
 */
#include "boxed.h"

#include <string.h>

#include "../support/clock.h"

/* ---- a use of it, whole ---- */

/* Asks two servers for a number, the second one when the first does not answer. */
struct lookup {
    struct world *world;
    struct test_gate answers[2];
    eddy_result errors_seen[2];
    int asked, lines, ended;
};

static eddy_future *ask(void *arg, eddy_handle *handle, eddy_result question)
{
    struct lookup *self = arg;

    (void)handle;
    assert_int_equal(question, 42);
    self->world->leaves++;
    return box(self->world->core, EDDY_FUTURE(test_wait, .trace = &self->world->trace,
                                              .gate = &self->answers[self->asked++]));
}

static eddy_future *begin_lookup(void *arg, eddy_handle *handle)
{
    return eddy_and_then(eddy_ready(handle, 42), ask, arg);
}

static eddy_future *ask_another(void *arg, eddy_handle *handle, eddy_result error)
{
    struct lookup *self = arg;

    self->errors_seen[self->asked - 1] = error;
    return self->asked < 2 ? begin_lookup(self, handle) : eddy_ready(handle, error);
}

static eddy_result count_lines(void *arg, eddy_result answer)
{
    struct lookup *self = arg;

    self->lines += (int)answer;
    return self->lines;
}

static void end_lookup(void *arg)
{
    struct lookup *self = arg;

    self->ended++;
}

static eddy_future *look_up(struct lookup *self)
{
    eddy_handle *handle = eddy_core_handle(self->world->core);
    eddy_future *work = eddy_lazy(handle, begin_lookup, self);

    work = eddy_timeout_after(work, EDDY_SECOND);
    work = eddy_or_else(work, ask_another, self);
    work = eddy_timeout_after(work, EDDY_SECOND * 3 / 2);
    work = eddy_map(work, count_lines, self);
    return eddy_finally(work, end_lookup, self);
}

static void lookup_with_a_fallback_and_limits_reads_like_a_list(void **state)
{
    struct test_clock *clock;
    struct world world = {.core = test_clock_core(&clock)};
    struct lookup lookup = {.world = &world};
    eddy_join *join;

    (void)state;
    test_gate_open(&lookup.answers[0], 12); /* the first one answers */
    assert_int_equal(eddy_core_run(world.core, look_up(&lookup)), 12);
    assert_int_equal(lookup.asked, 1);

    lookup = (struct lookup){.world = &world}; /* the second one does */
    join = spawn_boxed(world.core, look_up(&lookup));
    test_pass(world.core, EDDY_SECOND * 5 / 4);
    assert_int_equal(lookup.errors_seen[0], -ETIMEDOUT);
    test_gate_open(&lookup.answers[1], 7);
    assert_int_equal(test_join_end(world.core, join), 7);

    lookup = (struct lookup){.world = &world}; /* none does */
    assert_int_equal(eddy_core_run(world.core, look_up(&lookup)), -ETIMEDOUT);
    assert_int_equal(lookup.asked, 2);
    assert_int_equal(lookup.lines, 0);
    assert_int_equal(lookup.ended, 1);
    check_world(&world);
    test_core_end(world.core);
}

/* ---- outcomes ---- */

static eddy_result plus_ten(void *arg, eddy_result value)
{
    (void)arg;
    return value + 10;
}

static eddy_result to_error(void *arg, eddy_result value)
{
    (void)arg;
    (void)value;
    return -EPROTO;
}

static eddy_result to_value(void *arg, eddy_result error)
{
    (void)arg;
    return -error;
}

static eddy_future *next_value(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    return eddy_ready(handle, value + 100);
}

static eddy_future *next_error(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    (void)value;
    return eddy_ready(handle, -EPIPE);
}

static eddy_future *next_slow(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)arg;
    return eddy_box(handle, EDDY_FUTURE(test_value, .yields = 2, .value = value < 0 ? 50 : -EIO));
}

static void look(void *arg, eddy_result value)
{
    eddy_result *seen = arg;

    *seen = value;
}

/* The steps by name, and what they make of a 1, and of -EBUSY. */
static const struct outcome {
    eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result value);
    eddy_result (*map)(void *arg, eddy_result value);
    const char *step;
    eddy_result of_value, of_error;
} outcomes[] = {
    {NULL, plus_ten, "map", 11, -EBUSY},           {NULL, to_error, "map", -EPROTO, -EBUSY},
    {NULL, plus_ten, "map_err", 1, -EBUSY + 10},   {NULL, to_value, "map_err", 1, EBUSY},
    {next_value, NULL, "and_then", 101, -EBUSY},   {next_error, NULL, "and_then", -EPIPE, -EBUSY},
    {next_slow, NULL, "and_then", -EIO, -EBUSY},   {next_value, NULL, "or_else", 1, -EBUSY + 100},
    {next_error, NULL, "or_else", 1, -EPIPE},      {next_slow, NULL, "or_else", 1, 50},
    {next_value, NULL, "then", 101, -EBUSY + 100}, {next_error, NULL, "then", -EPIPE, -EPIPE},
    {next_slow, NULL, "then", -EIO, 50},
};

static eddy_future *put_on(eddy_future *input, const struct outcome *outcome)
{
    if (strcmp(outcome->step, "map") == 0)
        return eddy_map(input, outcome->map, NULL);
    if (strcmp(outcome->step, "map_err") == 0)
        return eddy_map_err(input, outcome->map, NULL);
    if (strcmp(outcome->step, "and_then") == 0)
        return eddy_and_then(input, outcome->next, NULL);
    if (strcmp(outcome->step, "or_else") == 0)
        return eddy_or_else(input, outcome->next, NULL);
    return eddy_then(input, outcome->next, NULL);
}

/* futures 0.1: all, result_smoke; eventual, and_then1-2, or_else1-2, map_err1-3 */
static void each_step_makes_of_value_and_error_what_it_says(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        const struct outcome *outcome = &outcomes[i];

        for (int yields = 0; yields < 2; yields++) { /* on a future that is ready, and not yet */
            eddy_future *value = put_on(leaf(&world, yields, 1), outcome);
            eddy_future *error = put_on(leaf(&world, yields, -EBUSY), outcome);

            assert_int_equal(eddy_core_run(world.core, value), outcome->of_value);
            assert_int_equal(eddy_core_run(world.core, error), outcome->of_error);
        }
        assert_int_equal(eddy_core_run(world.core, put_on(ready(world.core, 1), outcome)),
                         outcome->of_value); /* and on a chain */
    }
    check_world(&world);
    test_core_end(world.core);
}

/* What a step makes of a value can be an error for the next, and the other way round. */
static void steps_work_on_what_the_step_before_gave(void **state)
{
    eddy_core *core = test_core();
    eddy_future *work = ready(core, 0);

    (void)state;
    work = eddy_map(work, plus_ten, NULL);        /* 10: 0 is a success */
    work = eddy_map(work, to_error, NULL);        /* -EPROTO */
    work = eddy_map(work, plus_ten, NULL);        /* left out */
    work = eddy_and_then(work, next_value, NULL); /* left out */
    work = eddy_or_else(work, next_slow, NULL);   /* 50 */
    work = eddy_map_err(work, to_value, NULL);    /* left out */
    work = eddy_and_then(work, next_value, NULL); /* 150 */
    work = eddy_then(work, next_value, NULL);     /* 250 */
    assert_int_equal(eddy_core_run(core, work), 250);
    test_core_end(core);
}

/* futures 0.1: all, test_empty */
static void future_that_is_never_ready_keeps_every_step_pending(void **state)
{
    eddy_core *core = test_core();
    eddy_future *slot;
    eddy_result seen = 0;
    eddy_join *joins[9];
    size_t n = 0;

    (void)state;
    joins[n++] = spawn_boxed(core, eddy_map(never(core), plus_ten, NULL));
    joins[n++] = spawn_boxed(core, eddy_map_err(never(core), plus_ten, NULL));
    joins[n++] = spawn_boxed(core, eddy_and_then(never(core), next_value, NULL));
    joins[n++] = spawn_boxed(core, eddy_or_else(never(core), next_value, NULL));
    joins[n++] = spawn_boxed(core, eddy_then(never(core), next_value, NULL));
    joins[n++] = spawn_boxed(core, eddy_inspect(never(core), look, &seen));
    joins[n++] = spawn_boxed(core, eddy_inspect_err(never(core), look, &seen));
    joins[n++] = spawn_boxed(core, eddy_flatten(never(core), &slot));
    joins[n++] = spawn_boxed(core, eddy_timeout_after(never(core), EDDY_FOREVER));
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, n);
    while (n > 0) {
        eddy_join_abort(joins[--n]);
        assert_int_equal(test_join_end(core, joins[n]), EDDY_DROPPED);
    }
    assert_int_equal(seen, 0);
    test_core_end(core);
}

/* ---- inspect ---- */

/* futures 0.1: inspect, smoke */
static void inspect_sees_successes_only_and_inspect_err_errors_only(void **state)
{
    eddy_core *core = test_core();
    eddy_result good = 99, bad = 99;
    eddy_future *work = eddy_inspect_err(eddy_inspect(ready(core, 40), look, &good), look, &bad);

    (void)state;
    assert_int_equal(eddy_core_run(core, work), 40);
    assert_int_equal(good, 40);
    assert_int_equal(bad, 99);
    good = bad = 99;
    work = eddy_inspect_err(eddy_inspect(ready(core, -EIO), look, &good), look, &bad);
    assert_int_equal(eddy_core_run(core, work), -EIO);
    assert_int_equal(good, 99);
    assert_int_equal(bad, -EIO);
    test_core_end(core);
}

/* ---- flatten ---- */

/* Ends with `value`, having put a future that ends with `inner_value` into the slot. */
struct outer {
    EDDY_FRAME;
    struct world *world;
    eddy_future **slot;
    int yields;
    eddy_result value, inner_value;
};

static void outer_done(struct outer *self)
{
    test_trace_done(&self->world->trace);
}

EDDY_ASYNC(outer, outer_done)
{
    EDDY_BEGIN
        if (self->yields > 0)
            EDDY_YIELD();
        *self->slot = leaf(self->world, self->yields, self->inner_value);
        EDDY_END(self->value);
}

static eddy_result run_flatten(struct world *world, int yields, eddy_result value,
                               eddy_result inner_value)
{
    eddy_future *outer =
        box(world->core, EDDY_FUTURE(outer, .world = world, .slot = &world->inner, .yields = yields,
                                     .value = value, .inner_value = inner_value));

    world->leaves++;
    return eddy_core_run(world->core, eddy_flatten(outer, &world->inner));
}

/* futures 0.1: all, flatten */
static void flatten_goes_on_with_the_inner_future_of_a_success(void **state)
{
    struct world world = {.core = test_core()};

    (void)state;
    for (int yields = 0; yields < 2; yields++) {
        assert_int_equal(run_flatten(&world, yields, 0, 10), 10);
        assert_int_equal(run_flatten(&world, yields, 3, -EIO), -EIO);
        assert_int_equal(run_flatten(&world, yields, -EPERM, 10), -EPERM); /* inner: dropped */
        assert_int_equal(run_flatten(&world, yields, -EPERM, -EIO), -EPERM);
        check_world(&world);
    }
    world.inner = NULL;
    assert_int_equal(
        eddy_core_run(world.core, eddy_flatten(ready(world.core, -EPERM), &world.inner)), -EPERM);
    test_core_end(world.core);
}

static eddy_result put_never(void *arg, eddy_result value)
{
    struct world *world = arg;

    world->inner = never(world->core);
    return value;
}

static void flatten_is_pending_as_long_as_outer_or_inner_is(void **state)
{
    struct world world = {.core = test_core()};
    eddy_core *core = world.core;
    eddy_future *work = eddy_flatten(eddy_map(ready(core, 1), put_never, &world), &world.inner);
    eddy_join *join = spawn_boxed(core, work);
    eddy_join *outer = spawn_boxed(core, eddy_flatten(never(core), &world.inner));

    (void)state;
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 2);
    eddy_join_abort(join);
    eddy_join_abort(outer);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    assert_int_equal(test_join_end(core, outer), EDDY_DROPPED);
    test_core_end(core);
}

/* What is put there after all, by a future that is dropped before flatten comes to it. */
static void flatten_drops_what_it_does_not_come_to(void **state)
{
    struct world world = {.core = test_core()};
    eddy_future *work = eddy_flatten(leaf(&world, 0, 1), &world.inner);

    (void)state;
    world.inner = leaf(&world, 0, 2);
    eddy_future_drop(work);
    check_world(&world);
    test_core_end(world.core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup_with_a_fallback_and_limits_reads_like_a_list),
        cmocka_unit_test(each_step_makes_of_value_and_error_what_it_says),
        cmocka_unit_test(steps_work_on_what_the_step_before_gave),
        cmocka_unit_test(future_that_is_never_ready_keeps_every_step_pending),
        cmocka_unit_test(inspect_sees_successes_only_and_inspect_err_errors_only),
        cmocka_unit_test(flatten_goes_on_with_the_inner_future_of_a_success),
        cmocka_unit_test(flatten_is_pending_as_long_as_outer_or_inner_is),
        cmocka_unit_test(flatten_drops_what_it_does_not_come_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
