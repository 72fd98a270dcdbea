/* SPDX-License-Identifier: MIT */
/*
 * loop.c - see loop.h.
 */
#include "loop.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "net_backend.h"
#include "reactor/core.h"
#include "support/bare.h"

enum { TURNS_MAX = 1000 };

bool test_is_simulated(void)
{
    const char *name = getenv("EDDY_DRIVER");

    return name != NULL && strcmp(name, "sim") == 0;
}

int test_groups(const struct CMUnitTest *everywhere, size_t everywhere_n,
                const struct CMUnitTest *kernel, size_t kernel_n)
{
    int failed = _cmocka_run_group_tests("everywhere", everywhere, everywhere_n, NULL, NULL);

    if (!test_is_simulated())
        failed += _cmocka_run_group_tests("kernel", kernel, kernel_n, NULL, NULL);
    return failed;
}

eddy_core *test_core_with(eddy_core_options options)
{
    eddy_core *core = NULL;

    options.size_bytes = sizeof options;
    options.driver_without |= bare_without();
    assert_int_equal(eddy_core_new(&options, &core), 0);
    return core;
}

/* How many polls a turn makes shall not depend on how busy the machine is. */
eddy_core *test_core(void)
{
    return test_core_with((eddy_core_options){.turn_time_ns = 60 * EDDY_SECOND});
}

eddy_core *test_core_of_budget(uint32_t task_budget)
{
    eddy_core *core = test_core();

    core->options.task_budget = task_budget;
    return core;
}

void test_core_end(eddy_core *core)
{
    assert_int_equal(eddy_core_free(core), 0);
    test_net_sim_rest();
}

void test_spawn_future(eddy_core *core, eddy_future *future, const char *file, int line)
{
    _assert_int_equal((LargestIntegralType)eddy_spawn(eddy_core_handle(core), future), 0, file,
                      line);
}

eddy_join *test_spawn_join_future(eddy_core *core, eddy_future *future, const char *file, int line)
{
    eddy_join *join = NULL;
    int error = eddy_spawn_joinable(eddy_core_handle(core), future, &join);

    _assert_int_equal((LargestIntegralType)error, 0, file, line);
    return join;
}

eddy_result test_join_end(eddy_core *core, eddy_join *join)
{
    eddy_result result = test_run(core, test_join, .join = join);

    eddy_join_free(join);
    return result;
}

int test_turn(eddy_core *core)
{
    eddy_result polls = eddy_core_turn(core, 0);

    assert_in_range(polls, 0, INT_MAX);
    return (int)polls;
}

int test_settle(eddy_core *core)
{
    int all = 0;

    for (int turns = 0; turns < TURNS_MAX; turns++) {
        int polls = test_turn(core);

        all += polls;
        if (polls == 0)
            return all;
    }
    fail_msg("the loop is still busy after %d turns", TURNS_MAX);
    return all;
}

void test_pass(eddy_core *core, int64_t duration_ns)
{
    eddy_handle *handle = eddy_core_handle(core);
    int64_t end_ns = eddy_now_ns(handle) + duration_ns;
    int64_t left_ns = duration_ns;

    while (left_ns > 0) {
        assert_true(eddy_core_turn(core, left_ns) >= 0);
        left_ns = end_ns - eddy_now_ns(handle);
    }
    test_settle(core);
}

int64_t test_clock_ns(const eddy_core *core)
{
    struct timespec now;

    if (core->sim != NULL)
        return eddy__sim_local_ns(core->driver->cpu->host);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return now.tv_sec * EDDY_SECOND + now.tv_nsec;
}

void test_spin(eddy_handle *handle, int64_t duration_ns)
{
    int64_t end_ns = eddy_now_ns(handle) + duration_ns;

    while (eddy_now_ns(handle) < end_ns)
        if (handle->core->sim != NULL)
            eddy__sim_pass(handle->core->sim, duration_ns);
}

eddy_core_stats test_stats(const eddy_core *core)
{
    eddy_core_stats stats;

    memset(&stats, 0xa5, sizeof stats); /* what is not filled in shows */
    eddy_core_stats_get(core, &stats);
    return stats;
}

static void add_line(void *arg, const char *line)
{
    struct test_text *text = arg;
    size_t len = strlen(line);

    text->lines++;
    assert_null(strchr(line, '\n'));
    if (text->len + len + 2 > sizeof text->text)
        return;
    memcpy(text->text + text->len, line, len);
    text->len += len;
    text->text[text->len++] = '\n';
    text->text[text->len] = '\0';
}

void test_dump(eddy_core *core, struct test_text *text)
{
    text->text[0] = '\0';
    text->len = 0;
    text->lines = 0;
    eddy_core_dump(core, add_line, text);
}

void test_release_child(eddy_future *parent, eddy_future *child, eddy_task *task)
{
    eddy_future **at = &parent->child;

    while (*at != child)
        at = &(*at)->sibling;
    *at = child->sibling;
    child->state &= ~(uint32_t)EDDY__FUTURE_LINKED;
    eddy__future_disarm(child, task->branch);
}

void test_trace_done(struct test_trace *trace)
{
    static int order;

    if (trace == NULL)
        return;
    trace->dones++;
    trace->order = ++order;
}

static void count_poll(struct test_trace *trace)
{
    if (trace != NULL)
        trace->polls++;
}

static const eddy_wait_type gate_wait = {"test: gate", NULL, false};

eddy_result test_gate_poll(struct test_gate *self, eddy_task *task)
{
    if (!self->open)
        return eddy_waiter_park(&self->waiter, task, &gate_wait);
    eddy_waiter_clear(&self->waiter);
    return self->result;
}

void test_gate_open(struct test_gate *self, eddy_result result)
{
    self->open = true;
    self->result = result;
    eddy_waiter_wake(&self->waiter);
}

static eddy_result value_poll(eddy_future *frame, eddy_task *task)
{
    struct test_value *self = (struct test_value *)(void *)frame;

    count_poll(self->trace);
    if (self->yields-- <= 0)
        return self->value;
    eddy__yield(task);
    return EDDY_PENDING;
}

static void value_done(eddy_future *frame)
{
    test_trace_done(((struct test_value *)(void *)frame)->trace);
}

const eddy_type test_value_type = {value_poll, value_done, sizeof(struct test_value), "test_value",
                                   NULL};

static eddy_result wait_poll(eddy_future *frame, eddy_task *task)
{
    struct test_wait *self = (struct test_wait *)(void *)frame;

    count_poll(self->trace);
    return test_gate_poll(self->gate, task);
}

static void wait_done(eddy_future *frame)
{
    test_trace_done(((struct test_wait *)(void *)frame)->trace);
}

const eddy_type test_wait_type = {wait_poll, wait_done, sizeof(struct test_wait), "test_wait",
                                  NULL};

static eddy_result join_poll(eddy_future *frame, eddy_task *task)
{
    return eddy_join_poll(((struct test_join *)(void *)frame)->join, task);
}

static void join_done(eddy_future *frame)
{
    (void)frame;
}

const eddy_type test_join_type = {join_poll, join_done, sizeof(struct test_join), "test_join",
                                  NULL};

static eddy_result nap_poll(eddy_future *frame, eddy_task *task)
{
    struct test_nap *self = (struct test_nap *)(void *)frame;

    count_poll(self->trace);
    if (!self->asleep)
        eddy_sleep_start(&self->sleep, task, self->duration_ns);
    self->asleep = true;
    return eddy_sleep_poll(&self->sleep, task);
}

static void nap_done(eddy_future *frame)
{
    test_trace_done(((struct test_nap *)(void *)frame)->trace);
}

const eddy_type test_nap_type = {nap_poll, nap_done, sizeof(struct test_nap), "test_nap", NULL};
