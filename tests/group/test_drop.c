/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_drop.c - each wait at a group, and a shutdown, dropped at every moment: no result is lost,
 * and those who come later are told what they would have been told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/drop.h"
#include "eddy/serve.h"
#include "group_world.h"

enum { TASKS = 3 };

struct world {
    eddy_group *group;
    struct test_gate gates[TASKS];
    int opened, taken;
    int64_t sum;
};

/* Waits at the group; of 'n', next, as often as there is a result. */
struct wait {
    EDDY_FRAME;
    struct world *world;
    char kind;
    eddy_ticket place;
    eddy_ended ended;
};
static eddy_result wait_poll_once(struct wait *self, eddy_task *task)
{
    eddy_group *group = self->world->group;

    if (self->kind == 'n')
        return eddy_group_poll_next(group, task, &self->ended);
    return self->kind == 'i' ? eddy_group_poll_idle(group, task)
                             : eddy_group_poll_closing(group, task, &self->place);
}
EDDY_ASYNC(wait, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, wait_poll_once(self, task));
            if (n != 1)
                break;
            self->world->taken++;
            self->world->sum += self->ended.result;
        }
        EDDY_END(n);
}

static void begin(struct world *world, eddy_core *core)
{
    *world = (struct world){0};
    world->group = new_group(core, (eddy_group_options){.keep_results = true});
    for (int i = 0; i < TASKS; i++)
        spawn(world->group, test_wait, .gate = &world->gates[i]);
}

static eddy_future *begin_wait(struct world *world, eddy_core *core, char kind)
{
    begin(world, core);
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(wait, .world = world, .kind = kind));
}

static eddy_future *begin_next(void *arg, eddy_core *core)
{
    return begin_wait(arg, core, 'n');
}

static eddy_future *begin_idle(void *arg, eddy_core *core)
{
    return begin_wait(arg, core, 'i');
}

static eddy_future *begin_closing(void *arg, eddy_core *core)
{
    return begin_wait(arg, core, 'c');
}

static eddy_future *begin_shutdown(void *arg, eddy_core *core)
{
    struct world *world = arg;

    begin(world, core);
    return eddy_box(eddy_core_handle(core),
                    EDDY_FUTURE(eddy_shutdown, .group = world->group, .finish_ns = EDDY_FOREVER,
                                .grace_ns = EDDY_SECOND));
}

/* One task ends after the other, then the group closes. */
static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (world->opened < TASKS)
        test_gate_open(&world->gates[world->opened], 1 << world->opened);
    else
        eddy_group_close(world->group);
    world->opened++;
}

/* Whoever comes after it finds what it has left. */
static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    if (core != NULL) {
        while (world->opened <= TASKS)
            step(world, core);
        test_settle(core);
        assert_int_equal(test_run(core, wait, .world = world, .kind = 'n'), 0);
        assert_int_equal(world->taken, TASKS);
        assert_int_equal(world->sum, (1 << TASKS) - 1);
        assert_int_equal(test_run(core, wait, .world = world, .kind = 'i'), 0);
        assert_int_equal(test_run(core, wait, .world = world, .kind = 'c'), EDDY_CLOSED);
    }
    eddy_group_free(world->group);
}

static void waits_at_a_group_dropped_anywhere_lose_no_result(void **state)
{
    eddy_future *(*const begins[])(void *, eddy_core *) = {begin_next, begin_idle, begin_closing,
                                                           begin_shutdown};
    struct world world;

    (void)state;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        struct test_drop drop = {.begin = begins[i], .step = step, .end = end, .world = &world};

        assert_true(test_drop_anywhere(&drop) >= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_at_a_group_dropped_anywhere_lose_no_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
