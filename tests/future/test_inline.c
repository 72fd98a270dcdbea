/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_inline.c - join and select of two or three as members of an async function: children that are
 * members, too, or boxed.
 */
#include "../support/death.h"
#include "../support/drop.h"
#include "boxed.h"
#include "eddy/select_inline.h"
#include "reactor/core.h"

/* What a parent waits at, and what becomes of it. */
struct places {
    struct test_gate gates[3];
    struct test_trace traces[3];
    struct test_trace parent;
};

/* ---- both ---- */

/* Waits for a member and a boxed future, then looks at what they said. */
struct both {
    EDDY_FRAME;
    struct places *at;
    struct test_wait member;
    eddy_future *boxed;
    struct eddy_join2 join;
};
EDDY_ASYNC(both, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->member =
            EDDY_INIT(test_wait, .gate = &self->at->gates[0], .trace = &self->at->traces[0]);
        self->boxed =
            eddy_box(eddy_task_handle(task), EDDY_FUTURE(test_wait, .gate = &self->at->gates[1],
                                                         .trace = &self->at->traces[1]));
        EDDY_JOIN2(n, &self->join, &self->member.frame, self->boxed);
        assert_null(self->join.a);
        assert_null(self->join.b);
        EDDY_END(n * 10000 + self->join.ra * 100 + self->join.rb);
}

static void join2_polls_the_woken_child_and_tells_both_outcomes(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int first = 0; first < 2; first++) {
        struct places at = {0};
        eddy_join *join = test_spawn_join(core, both, .at = &at);

        test_settle(core);
        test_gate_open(&at.gates[first], first + 1);
        test_settle(core);
        assert_int_equal(at.traces[first].dones, 1);
        assert_int_equal(at.traces[1 - first].polls, 1);
        test_gate_open(&at.gates[1 - first], 2 - first);
        assert_int_equal(test_join_end(core, join), 102);
    }
    test_core_end(core);
}

static void join2_goes_on_after_an_error_and_counts_it(void **state)
{
    eddy_core *core = test_core();
    struct places at = {0};
    eddy_join *join = test_spawn_join(core, both, .at = &at);

    (void)state;
    test_settle(core);
    test_gate_open(&at.gates[0], -1);
    test_settle(core);
    test_gate_open(&at.gates[1], 7);
    assert_int_equal(test_join_end(core, join), 10000 - 100 + 7);
    test_core_end(core);
}

/* ---- three, and again ---- */

struct rounds {
    EDDY_FRAME;
    int upto;
    int i;
    eddy_result sum;
    struct test_value a, b, c;
    struct eddy_join3 all;
    struct eddy_select3 one;
};
EDDY_ASYNC(rounds, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < self->upto; self->i++) {
            self->a = EDDY_INIT(test_value, .value = 1, .yields = self->i % 3);
            self->b = EDDY_INIT(test_value, .value = 2, .yields = self->i % 2);
            self->c = EDDY_INIT(test_value, .value = -EIO, .yields = self->i % 5);
            EDDY_JOIN3(n, &self->all, &self->a.frame, &self->b.frame, &self->c.frame);
            assert_int_equal(n, 1);
            assert_int_equal(self->all.rc, -EIO);
            self->sum += self->all.ra + self->all.rb;
            self->a = EDDY_INIT(test_value, .value = 10, .yields = 7);
            self->b = EDDY_INIT(test_value, .value = 20, .yields = 3 + self->i % 2);
            self->c = EDDY_INIT(test_value, .value = 30, .yields = 9);
            EDDY_SELECT3(n, &self->one, &self->a.frame, &self->b.frame, &self->c.frame);
            assert_int_equal(self->one.winner, 1);
            self->sum += n;
        }
        EDDY_END(self->sum);
}

static void joins_and_selects_of_three_are_made_anew_in_a_loop(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(test_run(core, rounds, .upto = 100), 100 * 23);
    test_core_end(core);
}

/* ---- the first ---- */

struct either {
    EDDY_FRAME;
    struct places *at;
    struct test_wait member;
    eddy_future *boxed;
    struct eddy_select2 select;
};
static void either_done(struct either *self)
{
    test_trace_done(&self->at->parent);
}
EDDY_ASYNC(either, either_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->member =
            EDDY_INIT(test_wait, .gate = &self->at->gates[0], .trace = &self->at->traces[0]);
        self->boxed =
            eddy_box(eddy_task_handle(task), EDDY_FUTURE(test_wait, .gate = &self->at->gates[1],
                                                         .trace = &self->at->traces[1]));
        EDDY_SELECT2(n, &self->select, &self->member.frame, self->boxed);
        assert_int_equal(self->at->traces[0].dones, 1);
        assert_int_equal(self->at->traces[1].dones, 1); /* the loser, too, by now */
        EDDY_POLL(n, test_gate_poll(&self->at->gates[2], task));
        EDDY_END(self->select.winner * 100 + n);
}

static void select2_drops_its_loser_before_it_returns(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int first = 0; first < 2; first++) {
        for (int early = 0; early < 2; early++) {
            struct places at = {0};
            eddy_join *join;

            if (early)
                test_gate_open(&at.gates[first], 1);
            join = test_spawn_join(core, either, .at = &at);
            test_settle(core);
            test_gate_open(&at.gates[first], 1);
            test_settle(core);
            assert_null(at.gates[1 - first].waiter.branch);
            test_gate_open(&at.gates[1 - first], 1);
            assert_int_equal(test_settle(core), 0);
            test_gate_open(&at.gates[2], 7);
            assert_int_equal(test_join_end(core, join), first * 100 + 7);
        }
    }
    test_core_end(core);
}

/* Many selects of what is ready: who wins? */
struct contest {
    EDDY_FRAME;
    int *wins;
    int i;
    bool biased;
    struct test_value a, b;
    struct eddy_select2 select;
};
EDDY_ASYNC(contest, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < 1000; self->i++) {
            self->a = EDDY_INIT(test_value, .value = 0);
            self->b = EDDY_INIT(test_value, .value = 1);
            self->select = EDDY_INIT(eddy_select2, .a = &self->a.frame, .b = &self->b.frame,
                                     .biased = self->biased);
            EDDY_AWAIT(n, &self->select);
            assert_int_equal(n, self->select.winner);
            self->wins[n]++;
        }
        EDDY_END(0);
}

static void select2_is_fair_unless_biased(void **state)
{
    eddy_core *core = test_core();
    int wins[2][2] = {{0}};

    (void)state;
    assert_int_equal(test_run(core, contest, .wins = wins[0]), 0);
    assert_int_equal(test_run(core, contest, .wins = wins[1], .biased = true), 0);
    assert_in_range(wins[0][0], 400, 600);
    assert_in_range(wins[0][1], 400, 600);
    assert_int_equal(wins[1][0], 1000);
    test_core_end(core);
}

/* ---- requests ---- */

static void request_to_end_reaches_both_members(void **state)
{
    eddy_core *core = test_core();
    struct places at = {0};
    eddy_join *join = test_spawn_join(core, both, .at = &at);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), 20000 - ECANCELED * 101);
    test_core_end(core);
}

/* ---- drops ---- */

/* A select of a join and a value, all of them members. */
struct nest {
    EDDY_FRAME;
    struct world *world;
    eddy_future *boxed;
    struct test_value a, b;
    struct eddy_join2 join;
    struct eddy_select2 select;
    struct eddy_select3 three;
};
EDDY_ASYNC(nest, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->world->leaves += 2;
        self->a = EDDY_INIT(test_value, .trace = &self->world->trace, .yields = 3, .value = 1);
        self->b = EDDY_INIT(test_value, .trace = &self->world->trace, .yields = 6);
        self->boxed = at_gate(self->world);
        self->join = EDDY_INIT(eddy_join2, .a = &self->a.frame, .b = self->boxed);
        EDDY_SELECT2(n, &self->select, &self->join.frame, &self->b.frame);
        if (n < 0)
            EDDY_RETURN(n);
        self->world->leaves++;
        self->a = EDDY_INIT(test_value, .trace = &self->world->trace, .yields = 2, .value = 7);
        self->boxed = leaf(self->world, 3, 8);
        EDDY_SELECT3(n, &self->three, &self->a.frame, self->boxed, leaf(self->world, 4, 9));
        EDDY_END(n == -ENOMEM ? n : 7);
}

static eddy_future *begin_nest(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return box(core, EDDY_FUTURE(nest, .world = world));
}

static void end_world(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    (void)result;
    check_world(arg);
}

/* A join of a member and two boxed ones, one of which is woken. */
struct trio {
    EDDY_FRAME;
    struct world *world;
    eddy_future *boxed[2];
    struct test_value a;
    struct eddy_join3 join;
};
EDDY_ASYNC(trio, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->world->leaves++;
        self->a = EDDY_INIT(test_value, .trace = &self->world->trace, .yields = 2, .value = 1);
        self->boxed[0] = at_gate(self->world);
        self->boxed[1] = leaf(self->world, 4, 3);
        EDDY_JOIN3(n, &self->join, &self->a.frame, self->boxed[0], self->boxed[1]);
        assert_int_equal(self->join.ra, 1);
        if (n > 0)
            EDDY_RETURN(-ENOMEM);
        assert_int_equal(self->join.rb, 7);
        assert_int_equal(self->join.rc, 3);
        EDDY_END(11);
}

static eddy_future *begin_trio(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.core = core};
    return box(core, EDDY_FUTURE(trio, .world = world));
}

static void embedded_forms_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_nest, step, end_world, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 4, 14);
    drop.begin = begin_trio;
    assert_in_range(test_drop_anywhere(&drop), 3, 14);
}

static void embedded_forms_need_no_memory_of_their_own(void **state)
{
    (void)state;
    fail_each(begin_nest, 7);
    fail_each(begin_trio, 11);
}

/* Boxed, or as a task, they own their children from the start. */
static void one_that_was_never_polled_drops_its_boxed_children(void **state)
{
    eddy_core *core = test_core();
    struct world world = {.core = core};
    eddy_future *a, *b, *c;

    (void)state;
    a = leaf(&world, 1, 1);
    b = at_gate(&world);
    eddy_future_drop(box(core, EDDY_FUTURE(eddy_join2, .a = a, .b = b)));
    assert_int_equal(world.trace.dones, 2);
    a = leaf(&world, 1, 1);
    b = leaf(&world, 9, 2);
    c = at_gate(&world);
    eddy_future_drop(EDDY_FUTURE(eddy_select3, .a = a, .b = b, .c = c));
    assert_int_equal(world.trace.dones, 5);
    a = leaf(&world, 1, 1);
    b = leaf(&world, 9, 2);
    assert_int_equal(test_run(core, eddy_select2, .a = a, .b = b), 1);
    check_world(&world);
    test_core_end(core);
}

/* ---- mistakes ---- */

static void run_join_without_b(void *arg)
{
    eddy_core *core = test_core();
    eddy_future *a = ready(core, 1);

    (void)test_run(core, eddy_join2, .a = a, .b = arg);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_dies(run_join_without_b, NULL, "awaits a join or select without future 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join2_polls_the_woken_child_and_tells_both_outcomes),
        cmocka_unit_test(join2_goes_on_after_an_error_and_counts_it),
        cmocka_unit_test(joins_and_selects_of_three_are_made_anew_in_a_loop),
        cmocka_unit_test(select2_drops_its_loser_before_it_returns),
        cmocka_unit_test(select2_is_fair_unless_biased),
        cmocka_unit_test(request_to_end_reaches_both_members),
        cmocka_unit_test(embedded_forms_can_be_dropped_at_any_moment),
        cmocka_unit_test(embedded_forms_need_no_memory_of_their_own),
        cmocka_unit_test(one_that_was_never_polled_drops_its_boxed_children),
        cmocka_unit_test(mistakes_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
