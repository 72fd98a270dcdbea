/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_select_fair.c - nobody is preferred unless that was asked for, nobody starves, and every child
 * hears of a request to end; and races that another thread decides.
 */
#include <pthread.h>
#include <sched.h>

#include "reactor/core.h"
#include "selects.h"

/* ---- fairness ---- */

/* One select after the other, of three that are ready; a select of two in between, so that a mere
 * counter would not do. */
static void nobody_is_preferred(void **state)
{
    enum { ROUNDS = 3000 };
    eddy_core *core = test_core();
    int wins[3] = {0};
    int wins_between[2] = {0};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        size_t winner = 99;
        eddy_future *three = eddy_select(
            handle_of(core), EDDY_FUTURES(ready(core, 0), ready(core, 0), ready(core, 0)), &winner);
        eddy_future *two;

        assert_int_equal(eddy_core_run(core, three), 0);
        wins[winner]++;
        two = eddy_select(handle_of(core), EDDY_FUTURES(ready(core, 0), ready(core, 0)), &winner);
        assert_int_equal(eddy_core_run(core, two), 0);
        wins_between[winner]++;
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(wins[i], ROUNDS / 3 - 200, ROUNDS / 3 + 200);
    for (int i = 0; i < 2; i++)
        assert_in_range(wins_between[i], ROUNDS / 2 - 200, ROUNDS / 2 + 200);
    test_core_end(core);
}

/* A budget may be spent before the first child has its turn; ready() needs some. */
static void biased_prefers_the_first(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 200; i++) {
        size_t winner = 99;
        eddy_future *first = eddy_select_biased(
            handle_of(core), EDDY_FUTURES(value_of(core, 0, 1, NULL), value_of(core, 0, 2, NULL)),
            &winner);

        assert_int_equal(eddy_core_run(core, first), 1);
        assert_int_equal(winner, 0);
    }
    test_core_end(core);
}

/* By turns of the wakes, or by place. */
static void later_the_order_of_wakes_decides_unless_biased(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int biased = 0; biased < 2; biased++) {
        struct test_gate gates[3] = {0};
        size_t winner = 99;
        eddy_join *join =
            spawn_boxed(core, selects[biased](handle_of(core),
                                              EDDY_FUTURES(wait_at(core, &gates[0], NULL),
                                                           wait_at(core, &gates[1], NULL),
                                                           wait_at(core, &gates[2], NULL)),
                                              &winner));

        test_settle(core);
        test_gate_open(&gates[2], 2);
        test_gate_open(&gates[0], 0);
        assert_int_equal(test_join_end(core, join), biased ? 0 : 2);
        assert_int_equal(winner, biased ? 0 : 2);
    }
    test_core_end(core);
}

/* Pitfall: a timer beside a future that is always ready never fires. */
static void busy_child_does_not_hold_up_a_timer(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < SELECTS; kind++) {
        struct test_trace trace = {0};
        size_t winner = 99;
        eddy_future *busy = value_of(core, 1000000000, 1, &trace);
        eddy_future *nap = box(core, EDDY_FUTURE(test_nap, .duration_ns = EDDY_MILLISECOND));

        assert_int_equal(
            eddy_core_run(core, selects[kind](handle_of(core), EDDY_FUTURES(busy, nap), &winner)),
            0);
        assert_int_equal(winner, 1);
        assert_int_equal(trace.dones, 1);
    }
    test_core_end(core);
}

/* Spends all the budget there is in each poll, for ever. */
struct glutton {
    EDDY_FRAME;
    int polls;
};
static eddy_result glutton_poll(eddy_future *frame, eddy_task *task)
{
    (void)frame;
    while (eddy__task_spend(task))
        continue;
    return eddy__task_yield(task);
}
static void glutton_done(eddy_future *frame)
{
    (void)frame;
}
static const eddy_type glutton_type = {glutton_poll, glutton_done, sizeof(struct glutton),
                                       "glutton", NULL};

static void child_that_spends_the_budget_does_not_starve_the_others(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < SELECTS; kind++) {
        size_t winner = 99;
        eddy_future *first = selects[kind](
            handle_of(core),
            EDDY_FUTURES(box(core, EDDY_FUTURE(glutton, .polls = 0)), value_of(core, 3, 6, NULL)),
            &winner);

        assert_int_equal(eddy_core_run(core, first), 6);
        assert_int_equal(winner, 1);
    }
    test_core_end(core);
}

/* ---- requests ---- */

static void request_to_end_reaches_every_child(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gates[2] = {0};
    struct test_trace traces[2] = {0};
    eddy_join *join =
        spawn_boxed(core, eddy_select_ok(handle_of(core),
                                         EDDY_FUTURES(wait_at(core, &gates[0], &traces[0]),
                                                      wait_at(core, &gates[1], &traces[1])),
                                         NULL));

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_int_equal(traces[0].polls, 2);
    assert_int_equal(traces[1].polls, 2);
    join = spawn_boxed(core,
                       eddy_select(handle_of(core), EDDY_FUTURES(never(core), never(core)), NULL));
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    test_core_end(core);
}

/* ---- wakers of other threads ---- */

enum { RACES = 10000 };

/* Two children and the thread that ends one of them. */
struct duel {
    pthread_mutex_t lock;
    eddy_waker wakers[2];
    bool here[2];  /* a child waits for this shot */
    bool fired[2]; /* it has come */
    bool over;
    uint32_t draws;
};

struct duellist {
    EDDY_FRAME;
    struct duel *duel;
    int side;
};

static eddy_result duellist_poll(eddy_future *frame, eddy_task *task)
{
    struct duellist *self = (struct duellist *)(void *)frame;
    struct duel *duel = self->duel;
    bool fired;

    pthread_mutex_lock(&duel->lock);
    fired = duel->fired[self->side];
    if (!duel->here[self->side]) {
        assert_int_equal(eddy_task_waker(task, &duel->wakers[self->side]), 0);
        duel->here[self->side] = true;
    }
    pthread_mutex_unlock(&duel->lock);
    return fired ? self->side : eddy_task_park(task, "test: duel");
}

static void duellist_done(eddy_future *frame)
{
    struct duellist *self = (struct duellist *)(void *)frame;
    struct duel *duel = self->duel;

    pthread_mutex_lock(&duel->lock);
    eddy_waker_release(&duel->wakers[self->side]);
    duel->here[self->side] = duel->fired[self->side] = false;
    pthread_mutex_unlock(&duel->lock);
}

static const eddy_type duellist_type = {duellist_poll, duellist_done, sizeof(struct duellist),
                                        "duellist", NULL};

static bool shoot(struct duel *duel)
{
    int side = (int)((duel->draws = duel->draws * 1664525u + 1013904223u) >> 31);
    bool over;

    pthread_mutex_lock(&duel->lock);
    if (duel->here[side] && !duel->fired[side]) {
        duel->fired[side] = true;
        (void)eddy_waker_wake(&duel->wakers[side]);
    }
    over = duel->over;
    pthread_mutex_unlock(&duel->lock);
    return !over;
}

static void *shooter(void *arg)
{
    while (shoot(arg))
        sched_yield();
    return NULL;
}

/* The select4 of futures 0.1. */
static void races_decided_by_another_thread_all_end(void **state)
{
    eddy_core *core = test_core();
    struct duel duel = {.lock = PTHREAD_MUTEX_INITIALIZER};
    int wins[2] = {0};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, shooter, &duel), 0);
    for (int i = 0; i < RACES; i++) {
        size_t winner = 99;
        eddy_future *a = box(core, EDDY_FUTURE(duellist, .duel = &duel, .side = 0));
        eddy_future *b = box(core, EDDY_FUTURE(duellist, .duel = &duel, .side = 1));
        eddy_result result =
            eddy_core_run(core, eddy_select(handle_of(core), EDDY_FUTURES(a, b), &winner));

        assert_int_equal(result, winner);
        wins[winner]++;
    }
    pthread_mutex_lock(&duel.lock);
    duel.over = true;
    pthread_mutex_unlock(&duel.lock);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(wins[0] > RACES / 10 && wins[1] > RACES / 10);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(nobody_is_preferred),
        cmocka_unit_test(biased_prefers_the_first),
        cmocka_unit_test(later_the_order_of_wakes_decides_unless_biased),
        cmocka_unit_test(busy_child_does_not_hold_up_a_timer),
        cmocka_unit_test(child_that_spends_the_budget_does_not_starve_the_others),
        cmocka_unit_test(request_to_end_reaches_every_child),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(races_decided_by_another_thread_all_end),
    };

    return TEST_GROUPS(everywhere, kernel);
}
