/* SPDX-License-Identifier: MIT */
/* eddy-test: slow */
/*
 * test_set_seeds.c - programs drawn from a seed: trees of joins, selects, sets and concurrent streams
 * over the leaves of grove.h, asked to end or dropped at any time; in half of the worlds allocations
 * fail, too.
 *
 * What must hold: each leaf is done once; each result of a set comes once, and in its place; what
 * runs ends (a lost wake would be a deadlock of the world); no memory is left.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/heap.h"
#include "../support/loop.h"
#include "eddy/select.h"
#include "eddy/select_inline.h"
#include "eddy/stream_source.h"
#include "grove.h"

enum { SEEDS = 1000, DEPTH = 3 };

/* ---- sets ---- */

static eddy_result set_told(void *arg, const struct eddy_outcome *outcome)
{
    struct set *set = arg;

    assert_true(outcome->key < set->pushed);
    assert_true(!set->ordered || outcome->key == set->told);
    assert_int_equal(set->seen[outcome->key], 0);
    set->seen[outcome->key] = 1;
    set->told++;
    return any(100) == 0 ? -EINTR : 0;
}

/* Takes all that a set tells, and knows when it is gone. */
struct watch {
    EDDY_FRAME;
    struct set *set;
    eddy_future *inner;
};
static void watch_done(struct watch *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_future_drop(self->inner);
    self->set->stream = NULL;
}
EDDY_ASYNC(watch, watch_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_AWAIT_FUTURE(n, self->inner);
        self->set->stream = NULL;
        assert_true(n < 0 ||
                    (n == (eddy_result)self->set->told && self->set->told == self->set->pushed));
        EDDY_END(n);
}

static eddy_future *build(uint32_t depth);

static eddy_future *build_set(uint32_t depth)
{
    uint32_t children = any(6);
    eddy_future *all;
    struct set *set;

    if (grove.sets_n == SETS_MAX)
        return new_leaf(NULL);
    set = &grove.sets[grove.sets_n++];
    set->ordered = any(2) == 0;
    set->stream =
        set->ordered ? eddy_futures_ordered(grove.handle) : eddy_futures_unordered(grove.handle);
    for (; children > 0; children--) {
        eddy_future *child = build(depth);

        if (eddy_futures_push(set->stream, child, set->pushed) == 0)
            set->pushed++;
    }
    all = eddy_futures_for_each(set->stream, set_told, set);
    if ((all->state & EDDY__FUTURE_STATIC) != 0) /* without memory the set is gone already */
        set->stream = NULL;
    return eddy_box(grove.handle, EDDY_FUTURE(watch, .set = set, .inner = all));
}

/* ---- streams ---- */

static const uint32_t items[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static eddy_future *work(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)arg;
    (void)handle;
    (void)item;
    return new_leaf(out);
}

static eddy_future *each(void *arg, eddy_handle *handle, const void *item)
{
    (void)item;
    (void)handle;
    (void)arg;
    return new_leaf(NULL);
}

/* Takes what comes of all items: as many as there are. */
struct drain {
    EDDY_FRAME;
    eddy_stream *stream;
    uint32_t left;
    int32_t last, value;
    bool ordered;
};
static void drain_done(struct drain *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}
EDDY_ASYNC(drain, drain_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->last = -1;
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->value);
            if (n == 0 || n == -ENOMEM)
                break;
            assert_true(self->left > 0);
            self->left--;
            if (n < 0 || !self->ordered)
                continue;
            assert_true(self->value > self->last || self->value == 0); /* leaves by number */
            self->last = self->value;
        }
        assert_true(n == -ENOMEM || self->left == 0);
        EDDY_END(n);
}

static eddy_future *build_stream(void)
{
    uint32_t count = any(16);
    uint32_t limit = 1 + any(5);
    uint32_t kind = any(3);
    eddy_stream *stream = eddy_stream_array(grove.handle, items, count, sizeof items[0]);

    if (kind == 0)
        return eddy_stream_for_each_concurrent(stream, limit, each, NULL);
    stream = kind == 1 ? eddy_stream_buffered(stream, limit, sizeof(int32_t), work, NULL)
                       : eddy_stream_buffer_unordered(stream, limit, sizeof(int32_t), work, NULL);
    return eddy_box(grove.handle,
                    EDDY_FUTURE(drain, .stream = stream, .left = count, .ordered = kind == 1));
}

/* ---- joins and selects ---- */

static eddy_future *build_keep(uint32_t depth)
{
    eddy_future *futures[3];
    struct keep *keep;

    if (grove.keeps_n == KEEPS_MAX)
        return new_leaf(NULL);
    keep = &grove.keeps[grove.keeps_n++];
    for (int i = 0; i < 3; i++)
        futures[i] = build(depth);
    memcpy(keep->futures, futures, sizeof futures); /* others look into it from now on */
    return eddy_select_keep(grove.handle, keep->futures, 3, NULL);
}

/* With what others have left over, now and then. */
static eddy_future *build_left(uint32_t depth)
{
    if (grove.keeps_n > 0) {
        eddy_future **place = &grove.keeps[any(grove.keeps_n)].futures[any(3)];
        eddy_future *left = *place;

        *place = NULL;
        if (left != NULL)
            return left;
    }
    return build(depth);
}

static eddy_future *build_many(uint32_t depth)
{
    eddy_future *futures[5];
    size_t count = 1 + any(5);

    for (size_t i = 0; i < count; i++)
        futures[i] = build(depth);
    switch (any(5)) {
    case 0:
        return eddy_join_all(grove.handle, futures, count, NULL);
    case 1:
        return eddy_try_join_all(grove.handle, futures, count, NULL);
    case 2:
        return eddy_select(grove.handle, futures, count, NULL);
    case 3:
        return eddy_select_biased(grove.handle, futures, count, NULL);
    default:
        return eddy_select_ok(grove.handle, futures, count, NULL);
    }
}

static eddy_future *build_inline(uint32_t depth)
{
    eddy_future *a = build(depth);
    eddy_future *b = build(depth);
    eddy_future *c = build(depth);

    if (any(2) == 0)
        return eddy_box(grove.handle, EDDY_FUTURE(eddy_join3, .a = a, .b = b, .c = c));
    return eddy_box(grove.handle, EDDY_FUTURE(eddy_select3, .a = a, .b = b, .c = c));
}

static eddy_future *build(uint32_t depth)
{
    if (depth == 0)
        return new_leaf(NULL);
    switch (any(8)) {
    case 0:
        return build_set(depth - 1);
    case 1:
        return build_stream();
    case 2:
        return build_keep(depth - 1);
    case 3:
        return build_left(depth - 1);
    case 4:
        return build_inline(depth - 1);
    case 5:
        return eddy_timeout_after(build(depth - 1), some_time());
    default:
        return build_many(depth - 1);
    }
}

/* ---- a world ---- */

/* Starts tasks, asks some to end, drops some, and polls what was left over. */
struct gardener {
    EDDY_FRAME;
    uint32_t rounds;
    eddy_sleep sleep;
};

static void spawn_one(uint32_t at)
{
    if (grove.tasks[at] == NULL)
        (void)eddy_spawn_joinable(grove.handle, build(DEPTH), &grove.tasks[at]);
}

static void end_one(uint32_t at)
{
    if (grove.tasks[at] == NULL)
        return;
    switch (any(4)) {
    case 0:
        eddy_join_abort(grove.tasks[at]);
        break;
    case 1:
        eddy_join_cancel(grove.tasks[at], any(2) == 0 ? EDDY_FOREVER : some_time());
        break;
    default:
        break;
    }
    eddy_join_free(grove.tasks[at]);
    grove.tasks[at] = NULL;
}

static void tidy_one(void)
{
    eddy_future **place;
    eddy_future *left;

    if (grove.keeps_n == 0)
        return;
    place = &grove.keeps[any(grove.keeps_n)].futures[any(3)];
    left = *place;
    *place = NULL;
    if (left != NULL && any(2) == 0)
        (void)eddy_spawn(grove.handle, left);
    else
        eddy_future_drop(left);
}

EDDY_ASYNC(gardener, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->rounds > 0; self->rounds--) {
            spawn_one(any(TASKS));
            tidy_one();
            eddy_sleep_start(&self->sleep, task, some_time());
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            end_one(any(TASKS));
        }
        EDDY_END(0);
}

static void ignore_error(void *arg, const eddy_ended *ended)
{
    (void)arg;
    (void)ended;
}

static void print_line(void *arg, const char *line)
{
    (void)arg;
    print_error("%s\n", line);
}

static void give_back_all(void)
{
    for (int i = 0; i < TASKS; i++)
        eddy_join_free(grove.tasks[i]);
    for (uint32_t i = 0; i < grove.keeps_n; i++) {
        for (int k = 0; k < 3; k++) {
            eddy_future *left = grove.keeps[i].futures[k];

            grove.keeps[i].futures[k] = NULL;
            eddy_future_drop(left);
        }
    }
}

static void run_seed(uint64_t seed)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    const eddy_core_options core = {.size_bytes = sizeof core, .on_task_error = ignore_error};
    const eddy_world_options options = {
        .size_bytes = sizeof options, .seed = seed, .allocator = &allocator, .core = &core};
    eddy_host *host;

    memset(&grove, 0, sizeof grove);
    test_heap_init(&heap, -1);
    assert_int_equal(eddy_world_new(&options, &grove.world), 0);
    assert_int_equal(eddy_world_host(grove.world, "a", "10.0.0.1", &host), 0);
    grove.handle = eddy_core_handle(eddy_host_core(host));
    if (seed % 2 == 1)
        eddy_world_odds(grove.world, EDDY_CHAOS_NO_MEMORY, 20000);
    (void)eddy_spawn(grove.handle, EDDY_FUTURE(gardener, .rounds = 12));
    if (eddy_world_run(grove.world, NULL) != 0) {
        eddy_world_dump(grove.world, print_line, NULL);
        fail_msg("seed %d: the world stands still", (int)seed);
    }
    give_back_all();
    for (uint32_t i = 0; i < grove.leaves; i++)
        if (grove.dones[i] != 1)
            fail_msg("seed %d: leaf %d was done %d times", (int)seed, (int)i, grove.dones[i]);
    eddy_world_free(grove.world);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

static void programs_of_sets_keep_their_promises_for_a_thousand_seeds(void **state)
{
    uint64_t leaves = 0;

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        run_seed(seed);
        leaves += grove.leaves;
    }
    assert_true(leaves > SEEDS * 50); /* they were not all empty */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_of_sets_keep_their_promises_for_a_thousand_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
