/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_task.c - spawning: never inline, from anywhere on the loop's thread, limits, names and
 * numbers, and where the errors go that nobody joined. Joining is in test_join.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

static void spawn_never_polls_inline(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};

    (void)state;
    test_spawn(core, test_value, .trace = &trace);
    assert_int_equal(trace.polls, 0);
    assert_int_equal(trace.dones, 0);
    test_settle(core);
    assert_int_equal(trace.polls, 1);
    test_core_end(core);
}

static void spawn_copies_the_future(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    struct test_value mine = EDDY_INIT(test_value, .trace = &trace, .yields = 1);

    (void)state;
    assert_int_equal(eddy_spawn(eddy_core_handle(core), &mine.frame), 0);
    memset(&mine, 0xff, sizeof mine);
    assert_int_equal(test_settle(core), 2);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

struct large {
    EDDY_FRAME;
    unsigned char bytes[20000];
    struct test_trace *trace;
    int i;
};
static void large_done(struct large *self)
{
    for (size_t i = 0; i < sizeof self->bytes; i++)
        assert_int_equal(self->bytes[i], (unsigned char)(i * 7));
    test_trace_done(self->trace);
}
EDDY_ASYNC(large, large_done)
{
    EDDY_BEGIN
        for (self->i = 0; self->i < 3; self->i++)
            EDDY_YIELD();
        EDDY_END(0);
}

static void spawn_copies_a_large_future_whole(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    static struct large mine;

    (void)state;
    mine = EDDY_INIT(large, .trace = &trace);
    for (size_t i = 0; i < sizeof mine.bytes; i++)
        mine.bytes[i] = (unsigned char)(i * 7);
    assert_int_equal(eddy_spawn(eddy_core_handle(core), &mine.frame), 0);
    assert_int_equal(test_settle(core), 4);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

static void spawn_takes_over_a_boxed_future(void **state)
{
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_handle *handle = eddy_core_handle(core);

    (void)state;
    assert_int_equal(eddy_spawn(handle, eddy_box(handle, EDDY_FUTURE(test_value, .trace = &trace))),
                     0);
    assert_int_equal(trace.polls + trace.dones, 0);
    test_settle(core);
    assert_int_equal(trace.polls, 1);
    assert_int_equal(trace.dones, 1);
    test_core_end(core);
}

struct spawner {
    EDDY_FRAME;
    struct test_trace *child;
    eddy_handle *handle;
    bool in_done;
};
static void spawner_done(struct spawner *self)
{
    if (self->in_done)
        assert_int_equal(eddy_spawn(self->handle, EDDY_FUTURE(test_value, .trace = self->child)),
                         0);
    if (self->in_done)
        assert_int_equal(self->child->polls, 0);
}
EDDY_ASYNC(spawner, spawner_done)
{
    EDDY_BEGIN
        if (!self->in_done)
            assert_int_equal(
                eddy_spawn(eddy_task_handle(task), EDDY_FUTURE(test_value, .trace = self->child)),
                0);
        assert_int_equal(self->child->polls, 0);
        EDDY_END(0);
}

static void spawn_works_within_a_task(void **state)
{
    eddy_core *core = test_core();
    struct test_trace child = {0};

    (void)state;
    test_spawn(core, spawner, .child = &child);
    test_settle(core);
    assert_int_equal(child.dones, 1);
    test_core_end(core);
}

static void spawn_works_in_a_done(void **state)
{
    eddy_core *core = test_core();
    struct test_trace child = {0};

    (void)state;
    test_spawn(core, spawner, .child = &child, .in_done = true, .handle = eddy_core_handle(core));
    test_settle(core);
    assert_int_equal(child.dones, 1);
    test_core_end(core);
}

static void spawn_works_in_the_done_of_a_task_that_is_aborted(void **state)
{
    eddy_core *core = test_core();
    struct test_trace child = {0};
    eddy_join *join = test_spawn_join(core, spawner, .child = &child, .in_done = true,
                                      .handle = eddy_core_handle(core));

    (void)state;
    eddy_join_abort(join);
    eddy_join_free(join);
    test_settle(core);
    assert_int_equal(child.polls, 1);
    assert_int_equal(child.dones, 1);
    test_core_end(core);
}

/* Spawns the next of its kind until `left` is 0. */
struct chain {
    EDDY_FRAME;
    int left;
    struct test_trace *last;
};
EDDY_ASYNC(chain, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = 0;
        if (self->left > 0)
            n = eddy_spawn(eddy_task_handle(task),
                           EDDY_FUTURE(chain, .left = self->left - 1, .last = self->last));
        else
            test_trace_done(self->last);
        EDDY_END(n);
}

static void task_may_spawn_its_successor_again_and_again(void **state)
{
    eddy_core *core = test_core();
    struct test_trace last = {0};

    (void)state;
    test_spawn(core, chain, .left = 500, .last = &last);
    assert_int_equal(test_settle(core), 501);
    assert_int_equal(last.dones, 1);
    assert_int_equal(test_stats(core).tasks_live, 0);
    test_core_end(core);
}

static void spawn_beyond_the_limit_is_an_error_and_done_has_run(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.tasks_max = 2});
    struct test_gate gate = {0};
    struct test_trace refused = {0};
    eddy_handle *handle = eddy_core_handle(core);
    eddy_join *join = (eddy_join *)&gate;

    (void)state;
    test_spawn(core, test_wait, .gate = &gate);
    test_spawn(core, test_value, .value = 0);
    assert_int_equal(eddy_spawn(handle, EDDY_FUTURE(test_value, .trace = &refused)),
                     EDDY_TASKS_FULL);
    assert_int_equal(refused.dones, 1);
    assert_int_equal(eddy_spawn_joinable(handle, EDDY_FUTURE(test_value, .trace = &refused), &join),
                     EDDY_TASKS_FULL);
    assert_int_equal(refused.dones, 2);
    assert_ptr_equal(join, &gate); /* untouched on error */
    assert_int_equal(
        eddy_spawn(handle, eddy_box(handle, EDDY_FUTURE(test_value, .trace = &refused))),
        EDDY_TASKS_FULL);
    assert_int_equal(refused.dones, 3);
    assert_int_equal(refused.polls, 0);
    assert_int_equal(test_stats(core).limit_tasks, 3);
    test_settle(core); /* one of the two ends */
    test_spawn(core, test_value, .trace = &refused);
    test_settle(core);
    assert_int_equal(refused.polls, 1);
    test_core_end(core);
}

struct told {
    int count;
    char name[32];
    uint64_t id;
    eddy_result error;
};

static void tell(void *arg, const eddy_ended *ended)
{
    struct told *told = arg;

    told->count++;
    strncpy(told->name, ended->name, sizeof told->name - 1);
    told->id = ended->id;
    told->error = ended->result;
}

static eddy_core *telling_core(struct told *told)
{
    return test_core_with((eddy_core_options){.on_task_error = tell, .hook_arg = told});
}

static void error_that_nobody_joined_goes_to_the_hook(void **state)
{
    struct told told = {0};
    eddy_core *core = telling_core(&told);

    (void)state;
    test_spawn(core, test_value, .value = 5);
    test_spawn(core, test_value, .value = -ECONNRESET, .yields = 1);
    test_settle(core);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.name, "test_value");
    assert_int_equal(told.id, 2);
    assert_int_equal(told.error, -ECONNRESET);
    assert_int_equal(test_stats(core).task_errors, 1);
    test_core_end(core);
}

static void error_of_a_detached_task_goes_to_the_hook(void **state)
{
    struct told told = {0};
    eddy_core *core = telling_core(&told);
    eddy_join *join = test_spawn_join(core, test_value, .value = -EPIPE);

    (void)state;
    eddy_join_free(join);
    test_settle(core);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.error, -EPIPE);
    test_core_end(core);
}

static void error_of_a_task_whose_join_is_freed_unread_is_not_lost(void **state)
{
    struct told told = {0};
    eddy_core *core = telling_core(&told);
    eddy_join *join = test_spawn_join(core, test_value, .value = -EPIPE);

    (void)state;
    test_settle(core);
    eddy_join_free(join);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.error, -EPIPE);
    assert_int_equal(test_stats(core).task_errors, 1);
    test_core_end(core);
}

static void error_that_was_joined_is_not_told_to_the_hook(void **state)
{
    struct told told = {0};
    eddy_core *core = telling_core(&told);

    (void)state;
    assert_int_equal(test_join_end(core, test_spawn_join(core, test_value, .value = -EPIPE)),
                     -EPIPE);
    assert_int_equal(told.count, 0);
    assert_int_equal(test_stats(core).task_errors, 0);
    test_core_end(core);
    assert_int_equal(told.count, 0);
}

static void error_without_a_hook_is_counted(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    test_spawn(core, test_value, .value = -EPIPE);
    test_settle(core);
    assert_int_equal(test_stats(core).task_errors, 1);
    test_core_end(core);
}

static void dropped_task_is_no_error(void **state)
{
    struct told told = {0};
    eddy_core *core = telling_core(&told);
    struct test_gate gate = {0};
    struct test_gate other = {0};
    eddy_join *join = test_spawn_join(core, test_wait, .gate = &gate);

    (void)state;
    test_spawn(core, test_wait, .gate = &other);
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
    assert_int_equal(told.count, 0);
}

struct who {
    EDDY_FRAME;
    uint64_t *id;
    char *name;
    eddy_handle **handle;
    const char *set_name;
};
EDDY_ASYNC(who, eddy_nothing)
{
    EDDY_BEGIN
        if (self->set_name != NULL)
            eddy_task_set_name(task, self->set_name);
        *self->id = eddy_task_id(task);
        strcpy(self->name, eddy_task_name(task));
        *self->handle = eddy_task_handle(task);
        EDDY_END(0);
}

static void tasks_are_numbered_in_the_order_of_spawning(void **state)
{
    eddy_core *core = test_core();
    uint64_t ids[10];
    char names[10][16];
    eddy_handle *handles[10];

    (void)state;
    for (int round = 0; round < 2; round++) { /* a number is not used again */
        for (int i = 0; i < 5; i++) {
            int k = round * 5 + i;
            test_spawn(core, who, .id = &ids[k], .name = names[k], .handle = &handles[k]);
        }
        test_settle(core);
    }
    for (int i = 0; i < 10; i++)
        assert_int_equal(ids[i], i + 1);
    test_core_end(core);
}

static void task_is_named_after_its_future_unless_it_says_otherwise(void **state)
{
    eddy_core *core = test_core();
    uint64_t id;
    char name[16];
    eddy_handle *handle;

    (void)state;
    test_spawn(core, who, .id = &id, .name = name, .handle = &handle);
    test_settle(core);
    assert_string_equal(name, "who");
    test_spawn(core, who, .id = &id, .name = name, .handle = &handle, .set_name = "client 7");
    test_settle(core);
    assert_string_equal(name, "client 7");
    test_core_end(core);
}

static void task_knows_its_loops_handle(void **state)
{
    eddy_core *core = test_core();
    uint64_t id;
    char name[16];
    eddy_handle *handle = NULL;

    (void)state;
    test_spawn(core, who, .id = &id, .name = name, .handle = &handle);
    test_settle(core);
    assert_ptr_equal(handle, eddy_core_handle(core));
    test_core_end(core);
}

struct yielder {
    EDDY_FRAME;
    int *turn;
    int me;
    int *bad;
    int i;
};
EDDY_ASYNC(yielder, eddy_nothing)
{
    EDDY_BEGIN
        for (self->i = 0; self->i < 10; self->i++) {
            if (*self->turn % 3 != self->me)
                ++*self->bad;
            ++*self->turn;
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static void yield_lets_the_other_ready_tasks_go_first(void **state)
{
    eddy_core *core = test_core();
    int turn = 0;
    int bad = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        test_spawn(core, yielder, .turn = &turn, .me = i, .bad = &bad);
    assert_int_equal(test_settle(core), 33);
    assert_int_equal(turn, 30);
    assert_int_equal(bad, 0);
    test_core_end(core);
}

static void hundred_thousand_tasks_live_at_once(void **state)
{
    enum { COUNT = 100000 };
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    eddy_core_stats stats;

    (void)state;
    for (int i = 0; i < COUNT; i++)
        test_spawn(core, test_value, .trace = &trace, .yields = 1);
    assert_int_equal(test_stats(core).tasks_live, COUNT);
    assert_int_equal(test_settle(core), 2 * COUNT);
    stats = test_stats(core);
    assert_int_equal(stats.tasks_live, 0);
    assert_int_equal(stats.tasks_ended, COUNT);
    assert_int_equal(trace.dones, COUNT);
    test_core_end(core);
}

static void spawn_polled(void *arg)
{
    (void)arg;
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct test_wait mine = EDDY_INIT(test_wait, .gate = &gate);

    (void)eddy_core_run(core, &mine.frame); /* a deadlock: it was polled and dropped */
    eddy_spawn(eddy_core_handle(core), &mine.frame);
}

static void spawn_of_a_future_that_was_polled_is_asserted(void **state)
{
    (void)state;
    assert_dies(spawn_polled, NULL, "test_wait");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spawn_never_polls_inline),
        cmocka_unit_test(spawn_copies_the_future),
        cmocka_unit_test(spawn_copies_a_large_future_whole),
        cmocka_unit_test(spawn_takes_over_a_boxed_future),
        cmocka_unit_test(spawn_works_within_a_task),
        cmocka_unit_test(spawn_works_in_a_done),
        cmocka_unit_test(spawn_works_in_the_done_of_a_task_that_is_aborted),
        cmocka_unit_test(task_may_spawn_its_successor_again_and_again),
        cmocka_unit_test(spawn_beyond_the_limit_is_an_error_and_done_has_run),
        cmocka_unit_test(error_that_nobody_joined_goes_to_the_hook),
        cmocka_unit_test(error_of_a_detached_task_goes_to_the_hook),
        cmocka_unit_test(error_of_a_task_whose_join_is_freed_unread_is_not_lost),
        cmocka_unit_test(error_that_was_joined_is_not_told_to_the_hook),
        cmocka_unit_test(error_without_a_hook_is_counted),
        cmocka_unit_test(dropped_task_is_no_error),
        cmocka_unit_test(tasks_are_numbered_in_the_order_of_spawning),
        cmocka_unit_test(task_is_named_after_its_future_unless_it_says_otherwise),
        cmocka_unit_test(task_knows_its_loops_handle),
        cmocka_unit_test(yield_lets_the_other_ready_tasks_go_first),
        cmocka_unit_test(hundred_thousand_tasks_live_at_once),
        cmocka_unit_test(spawn_of_a_future_that_was_polled_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
