/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_odd.c - groups at odd moments: hooks that end what is being ended, members that wait at
 * their own group, policies that meet requests to end, a loop that is full.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "eddy/serve.h"
#include "group_world.h"

/* Does not listen: swallows each request, and counts them. */
struct deaf {
    EDDY_FRAME;
    struct test_gate *gate;
    int *asked;
};
EDDY_ASYNC(deaf, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, test_gate_poll(self->gate, task));
            if (n != -ECANCELED)
                break;
            ++*self->asked;
        }
        EDDY_END(n);
}

/* ---- the hook ---- */

enum what { ABORT_JOIN, ABORT_GROUP, FREE_GROUP };

struct plot {
    enum what what;
    eddy_group *group;
    eddy_join *join;
    int told;
};

static void on_cut_off(void *arg, const eddy_ended *ended, const char *waits)
{
    struct plot *plot = arg;

    assert_int_equal(ended->result, EDDY_DROPPED);
    assert_non_null(strstr(waits, "test: gate"));
    if (plot->told++ > 0)
        return;
    if (plot->what == ABORT_JOIN)
        eddy_join_abort(plot->join);
    else if (plot->what == ABORT_GROUP)
        eddy_group_abort(plot->group);
    else
        eddy_group_free(plot->group);
}

static void hook_may_end_whatever_is_left(void **state)
{
    (void)state;
    for (enum what what = ABORT_JOIN; what <= FREE_GROUP; what++) {
        struct plot plot = {.what = what};
        eddy_core *core = test_core();
        struct test_gate gates[3] = {0};
        int asked = 0;

        plot.group =
            new_group(core, (eddy_group_options){.on_cut_off = on_cut_off, .hook_arg = &plot});
        spawn(plot.group, deaf, .gate = &gates[0], .asked = &asked);
        assert_int_equal(
            eddy_group_spawn_joinable(
                plot.group, EDDY_FUTURE(deaf, .gate = &gates[1], .asked = &asked), &plot.join),
            0);
        spawn(plot.group, deaf, .gate = &gates[2], .asked = &asked);
        test_settle(core);
        eddy_group_cancel(plot.group, MS);
        test_pass(core, 20 * MS);
        assert_int_equal(plot.told, what == ABORT_JOIN ? 2 : 1);
        assert_int_equal(test_stats(core).tasks_live, 0);
        eddy_join_free(plot.join);
        if (what != FREE_GROUP)
            eddy_group_free(plot.group);
        test_core_end(core);
    }
}

/* Spawns its successor, when it is dropped. */
struct heir {
    EDDY_FRAME;
    eddy_group *group;
    struct test_gate *gates;
    int number;
    int *born;
};
static void heir_done(struct heir *self);
EDDY_ASYNC(heir, heir_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(&self->gates[self->number], task));
        EDDY_END(n);
}
static void heir_done(struct heir *self)
{
    if (self->number == 2)
        return;
    ++*self->born;
    (void)eddy_group_spawn(self->group,
                           EDDY_FUTURE(heir, .group = self->group, .gates = self->gates,
                                       .number = self->number + 1, .born = self->born));
}

static void abort_drops_those_that_are_there_not_their_successors(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_gate gates[3] = {0};
    int born = 0;

    (void)state;
    spawn(group, heir, .group = group, .gates = gates, .born = &born);
    test_settle(core);
    eddy_group_abort(group);
    assert_int_equal(born, 1);
    assert_int_equal(eddy_group_tasks(group), 1);
    eddy_group_free(group); /* closed: nobody is born any more */
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

/* Frees its group when it is dropped. */
struct avenger {
    EDDY_FRAME;
    eddy_group *group;
    struct test_gate *gate;
};
static void avenger_done(struct avenger *self)
{
    eddy_group_free(self->group);
}
EDDY_ASYNC(avenger, avenger_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        EDDY_END(n);
}

static void done_of_an_aborted_task_may_free_the_group(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_gate gates[3] = {0};
    struct test_trace trace[2] = {0};

    (void)state;
    spawn(group, test_wait, .gate = &gates[0], .trace = &trace[0]);
    spawn(group, avenger, .gate = &gates[1], .group = group);
    spawn(group, test_wait, .gate = &gates[2], .trace = &trace[1]);
    test_settle(core);
    eddy_group_abort(group);
    assert_int_equal(trace[0].dones + trace[1].dones, 2);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

/* ---- members that wait at their own group ---- */

struct member {
    EDDY_FRAME;
    eddy_group *group;
    bool for_room;
    eddy_result *said;
    eddy_ticket place;
};
static eddy_result member_poll(struct member *self, eddy_task *task)
{
    return self->for_room ? eddy_group_poll_room(self->group, task, &self->place)
                          : eddy_group_poll_closing(self->group, task, &self->place);
}
EDDY_ASYNC(member, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, member_poll(self, task));
        *self->said = n;
        EDDY_END(0);
}

static void members_that_wait_at_their_group_are_dropped_with_it(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.tasks_max = 2});
    eddy_result said[2] = {1, 1};

    (void)state;
    spawn(group, member, .group = group, .said = &said[0]);
    spawn(group, member, .group = group, .said = &said[1], .for_room = true);
    test_settle(core);
    eddy_group_free(group);
    assert_int_equal(said[0], 1);
    assert_int_equal(said[1], 1);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

static void members_are_told_that_their_group_is_closing(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    eddy_result said = 1;

    (void)state;
    spawn(group, member, .group = group, .said = &said);
    test_settle(core);
    eddy_group_close(group);
    test_settle(core);
    assert_int_equal(said, EDDY_CLOSED);
    assert_int_equal(eddy_group_tasks(group), 0);
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- policies and requests ---- */

/* Asked to end, it cleans up for a while, and is not to be disturbed by a second request. */
struct cleaner {
    EDDY_FRAME;
    struct test_gate *gate;
    int *cleaned, *disturbed;
    int64_t clean_ns;
    eddy_sleep sleep;
};
EDDY_ASYNC(cleaner, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        eddy_sleep_start(&self->sleep, task, self->clean_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        *(n == 0 ? self->cleaned : self->disturbed) += 1;
        EDDY_END(-ECANCELED);
}

static void end_of_a_task_that_was_asked_asks_nobody_again(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group =
        new_group(core, (eddy_group_options){.keep_results = true, .on_error = EDDY_CANCEL_OTHERS});
    struct test_gate gates[2] = {0};
    int cleaned = 0, disturbed = 0;

    (void)state;
    spawn(group, cleaner, .gate = &gates[0], .cleaned = &cleaned, .disturbed = &disturbed,
          .clean_ns = 5 * MS);
    spawn(group, cleaner, .gate = &gates[1], .cleaned = &cleaned, .disturbed = &disturbed,
          .clean_ns = 50 * MS);
    spawn(group, test_value, .value = -EIO, .yields = 2);
    test_pass(core, 200 * MS);
    assert_int_equal(eddy_group_tasks(group), 0);
    assert_int_equal(cleaned, 2);
    assert_int_equal(disturbed, 0);
    eddy_group_free(group);
    test_core_end(core);
}

static void grace_of_a_shutdown_is_not_the_policys(void **state)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){.keep_results = true,
                                                             .on_error = EDDY_CANCEL_OTHERS,
                                                             .grace_ns = EDDY_FOREVER});
    struct test_gate gates[2] = {0};
    int asked = 0;

    (void)state;
    spawn(group, test_wait, .gate = &gates[0]);
    spawn(group, deaf, .gate = &gates[1], .asked = &asked);
    assert_int_equal(test_run(core, eddy_shutdown, .group = group, .grace_ns = 20 * MS), 1);
    assert_int_equal(asked, 1);
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- a loop that is full ---- */

struct feeder {
    EDDY_FRAME;
    eddy_group *group;
    int *spawned;
    eddy_ticket place;
};
EDDY_ASYNC(feeder, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_group_poll_room(self->group, task, &self->place));
        assert_int_equal(n, 0);
        spawn(self->group, test_value, .value = 0);
        ++*self->spawned;
        EDDY_END(0);
}

static void room_is_waited_for_when_the_loop_is_full(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.tasks_max = 2});
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_gate gate = {0};
    int spawned = 0;

    (void)state;
    test_spawn(core, test_wait, .gate = &gate);
    test_spawn(core, feeder, .group = group, .spawned = &spawned);
    test_settle(core);
    assert_int_equal(spawned, 0);
    test_gate_open(&gate, 0);
    test_settle(core);
    assert_int_equal(spawned, 1);
    assert_int_equal(test_stats(core).limit_tasks, 0);
    eddy_group_free(group);
    test_core_end(core);
}

/* ---- freed by a member ---- */

/* Frees the group it is in, in its own poll or in its `done`. */
struct traitor {
    EDDY_FRAME;
    struct test_gate *gate;
    eddy_group **group;
    bool in_done;
};
static void traitor_free(struct traitor *self)
{
    eddy_group *group = *self->group;

    *self->group = NULL;
    eddy_group_free(group);
}
static void traitor_done(struct traitor *self)
{
    if (self->in_done)
        traitor_free(self);
}
EDDY_ASYNC(traitor, traitor_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, test_gate_poll(self->gate, task));
        } while (n < 0);
        traitor_free(self);
        EDDY_END(0);
}

struct outsider {
    EDDY_FRAME;
    eddy_group *group;
    eddy_ticket place;
};
EDDY_ASYNC(outsider, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_group_poll_closing(self->group, task, &self->place));
        EDDY_END(n);
}

static void die_by_freeing_what_another_waits_at(void *arg)
{
    eddy_core *core = test_core();
    eddy_group *group = new_group(core, (eddy_group_options){0});
    struct test_gate gate = {0};

    (void)arg;
    test_spawn(core, outsider, .group = group);
    spawn(group, traitor, .gate = &gate, .group = &group);
    test_settle(core);
    test_gate_open(&gate, 0);
    test_settle(core);
}

static void group_that_a_member_frees_while_another_waits_at_it_is_asserted(void **state)
{
    (void)state;
    assert_dies(die_by_freeing_what_another_waits_at, NULL, "1 still wait for it");
}

static void tell_nobody(void *arg, const eddy_ended *ended, const char *waits)
{
    (void)ended;
    (void)waits;
    ++*(int *)arg;
}

static void hook_of_a_group_that_is_freed_is_not_called(void **state)
{
    int told = 0;
    eddy_core *core = test_core();
    eddy_group *group =
        new_group(core, (eddy_group_options){.on_cut_off = tell_nobody, .hook_arg = &told});
    struct test_gate gate = {0};

    (void)state;
    spawn(group, traitor, .gate = &gate, .group = &group, .in_done = true);
    test_settle(core);
    eddy_group_cancel(group, 5 * MS);
    test_pass(core, 50 * MS);
    assert_null(group);
    assert_int_equal(told, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hook_may_end_whatever_is_left),
        cmocka_unit_test(abort_drops_those_that_are_there_not_their_successors),
        cmocka_unit_test(done_of_an_aborted_task_may_free_the_group),
        cmocka_unit_test(members_that_wait_at_their_group_are_dropped_with_it),
        cmocka_unit_test(members_are_told_that_their_group_is_closing),
        cmocka_unit_test(end_of_a_task_that_was_asked_asks_nobody_again),
        cmocka_unit_test(grace_of_a_shutdown_is_not_the_policys),
        cmocka_unit_test(room_is_waited_for_when_the_loop_is_full),
        cmocka_unit_test(group_that_a_member_frees_while_another_waits_at_it_is_asserted),
        cmocka_unit_test(hook_of_a_group_that_is_freed_is_not_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
