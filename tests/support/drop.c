/* SPDX-License-Identifier: MIT */
/*
 * drop.c - see drop.h. The future is the only child of a frame that counts its polls.
 */
#include "drop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "heap.h"
#include "net.h"
#include "reactor/core.h"

enum { SECONDS_MAX = 20, POLLS_MAX = 1000 };

static const char *const way_names[TEST_DROP_WAYS] = {"abort", "queued", "child", "self", "core"};

/* One loop, one world, one future. */
struct moment {
    const struct test_drop *drop;
    enum test_drop_way way;
    int at; /* polls after which it is dropped */
    struct test_heap heap;
    eddy_core *core;
    eddy_join *join;
    eddy_task *task; /* of the future, from its first poll to its end */
    time_t until;    /* by the kernel's clock: the test hangs, fail it */
    int polls, dones;
    bool reached; /* the moment came */
};

/* ---- the frame around the future ---- */

struct watched {
    EDDY_FRAME;
    struct moment *moment;
    eddy_future *inner;
};

static eddy_result watched_poll(eddy_future *frame, eddy_task *task)
{
    struct watched *self = (struct watched *)(void *)frame;
    struct moment *moment = self->moment;
    eddy_result result;
    bool now;

    moment->task = task;
    now = ++moment->polls == moment->at;
    if (now && moment->way == TEST_DROP_SELF) {
        moment->reached = true;
        eddy_join_abort(moment->join);
    }
    result = eddy_future_poll_child(frame, self->inner, task);
    if (result != EDDY_PENDING || !now || moment->way != TEST_DROP_CHILD)
        return result;
    moment->reached = true;
    eddy_future_drop_child(frame, self->inner, task);
    return EDDY_DROPPED;
}

static void watched_done(eddy_future *frame)
{
    struct watched *self = (struct watched *)(void *)frame;

    if (self->moment->polls == 0)
        eddy_future_drop(self->inner);
    self->moment->task = NULL;
    self->moment->dones++;
}

static const eddy_type watched_type = {watched_poll, watched_done, sizeof(struct watched),
                                       "watched", NULL};

/* ---- the neighbour: runs in every turn, before whatever was woken since its last poll ---- */

struct killer {
    EDDY_FRAME;
    struct moment *moment;
};

static eddy_result killer_poll(eddy_future *frame, eddy_task *task)
{
    struct moment *moment = ((struct killer *)(void *)frame)->moment;

    if (moment->dones > 0)
        return 0;
    if (moment->polls == moment->at && moment->task != NULL &&
        (moment->task->trunk.state & EDDY__BRANCH_QUEUED) != 0) {
        moment->reached = true;
        eddy_join_abort(moment->join);
        return 0;
    }
    eddy__yield(task);
    return EDDY_PENDING;
}

static void killer_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type killer_type = {killer_poll, killer_done, sizeof(struct killer), "killer",
                                      NULL};

/* ---- one moment ---- */

static time_t kernel_seconds(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return now.tv_sec;
}

static void step(struct moment *self)
{
    if (kernel_seconds() > self->until)
        fail_msg("drop by %s at poll %d: the end does not come", way_names[self->way], self->at);
    assert_true(eddy_core_turn(self->core, 10 * EDDY_MILLISECOND) >= 0);
    if (self->drop->step != NULL)
        self->drop->step(self->drop->world, self->core);
}

static void begin(struct moment *self)
{
    const eddy_allocator allocator = test_heap_allocator(&self->heap);
    eddy_core_options options = self->drop->options;
    eddy_future *inner;

    self->until = kernel_seconds() + SECONDS_MAX;
    test_heap_init(&self->heap, -1);
    options.allocator = &allocator;
    self->core = test_core_with(options);
    inner = self->drop->begin(self->drop->world, self->core);
    assert_non_null(inner);
    if (self->way == TEST_DROP_QUEUED)
        test_spawn(self->core, killer, .moment = self);
    self->join = test_spawn_join(self->core, watched, .moment = self, .inner = inner);
}

static bool is_between_turns(enum test_drop_way way)
{
    return way == TEST_DROP_ABORT || way == TEST_DROP_CORE;
}

static void go_there(struct moment *self)
{
    while (self->dones == 0 && !(is_between_turns(self->way) && self->polls >= self->at))
        step(self);
    if (self->dones == 0 && is_between_turns(self->way))
        self->reached = true;
    if (self->dones == 0 && self->way == TEST_DROP_ABORT)
        eddy_join_abort(self->join);
}

static void check_loop_is_clean(struct moment *self)
{
    while (test_stats(self->core).tasks_live > 0)
        step(self);
    test_settle(self->core);
    assert_int_equal(test_stats(self->core).timers_live, 0);
    assert_int_equal(self->core->external_waits, 0);
    assert_int_equal(self->core->drops, 0);
}

static void end_world(struct moment *self, eddy_core *core, eddy_result result)
{
    if (self->drop->end != NULL)
        self->drop->end(self->drop->world, core, result);
}

static void end_with_loop(struct moment *self)
{
    (void)eddy_core_free(self->core);
    assert_int_equal(self->dones, 1);
    eddy_join_free(self->join);
    end_world(self, NULL, EDDY_DROPPED);
}

static void end_before_loop(struct moment *self)
{
    eddy_result result;

    assert_int_equal(self->dones, 1);
    result = test_join_end(self->core, self->join);
    if (self->reached && self->way != TEST_DROP_SELF)
        assert_int_equal(result, EDDY_DROPPED);
    end_world(self, self->core, result);
    check_loop_is_clean(self);
    (void)eddy_core_free(self->core);
}

/* Returns false when the future ended before the moment came. */
static bool try_moment(const struct test_drop *drop, enum test_drop_way way, int at)
{
    struct moment self = {.drop = drop, .way = way, .at = at};
    int fds = test_open_fds();

    begin(&self);
    go_there(&self);
    if (way == TEST_DROP_CORE && self.dones == 0)
        end_with_loop(&self);
    else
        end_before_loop(&self);
    assert_int_equal(self.dones, 1);
    assert_int_equal(atomic_load(&self.heap.blocks), 0);
    assert_false(atomic_load(&self.heap.bad_free));
    assert_int_equal(test_open_fds(), fds);
    return self.reached;
}

static int try_way(const struct test_drop *drop, enum test_drop_way way)
{
    int at = is_between_turns(way) ? 0 : 1;

    while (try_moment(drop, way, at)) {
        assert_true(at < POLLS_MAX);
        at++;
    }
    return at - 1;
}

int test_drop_anywhere(const struct test_drop *self)
{
    int last = try_way(self, TEST_DROP_ABORT);

    for (int way = TEST_DROP_ABORT + 1; way < TEST_DROP_WAYS; way++)
        (void)try_way(self, (enum test_drop_way)way);
    return last;
}
