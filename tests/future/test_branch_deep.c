/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers slow */
/*
 * test_branch_deep.c - joins and selects in each other a million deep, never polled: they are dropped
 * on a small stack.
 */
#include "deep.h"
#include "eddy/futures.h"
#include "eddy/select.h"
#include "eddy/stream_source.h"

/* Puts one around the other, DEEP times, then drops it all. */
static eddy_future *deep_drop(struct deep *self,
                              eddy_future *(*around)(struct deep *self, eddy_future *inner))
{
    eddy_future *all = ready(self->core, 0);

    for (int i = 0; i < DEEP; i++)
        all = around(self, all);
    eddy_future_drop(all);
    return ready(self->core, 5);
}

/* Counts itself when it is dropped. */
struct counted {
    EDDY_FRAME;
    struct deep *deep;
};
static void counted_done(struct counted *self)
{
    self->deep->released++;
}
EDDY_ASYNC(counted, counted_done)
{
    EDDY_BEGIN
        EDDY_END(0);
}

static eddy_future *counted_of(struct deep *self)
{
    return box(self->core, EDDY_FUTURE(counted, .deep = self));
}

static eddy_future *in_join(struct deep *self, eddy_future *inner)
{
    return eddy_join_all(eddy_core_handle(self->core), EDDY_FUTURES(counted_of(self), inner), NULL);
}

static eddy_future *in_race(struct deep *self, eddy_future *inner)
{
    return eddy_race(inner, counted_of(self));
}

static eddy_future *in_keep(struct deep *self, eddy_future *inner)
{
    static eddy_future *futures[2]; /* borrowed by all of them, which never come to use it */

    futures[0] = counted_of(self);
    futures[1] = inner;
    return eddy_select_keep(eddy_core_handle(self->core), futures, 2, NULL);
}

static eddy_result nothing(void *arg, const struct eddy_outcome *outcome)
{
    (void)arg;
    (void)outcome;
    return 0;
}

static eddy_future *in_set(struct deep *self, eddy_future *inner)
{
    eddy_stream *set = eddy_futures_unordered(eddy_core_handle(self->core));

    (void)eddy_futures_push(set, counted_of(self), 0);
    (void)eddy_futures_push(set, inner, 1);
    return eddy_futures_for_each(set, nothing, NULL);
}

static eddy_future *drop_joins(struct deep *self)
{
    return deep_drop(self, in_join);
}

static eddy_future *drop_races(struct deep *self)
{
    return deep_drop(self, in_race);
}

static eddy_future *drop_keeps(struct deep *self)
{
    return deep_drop(self, in_keep);
}

static eddy_future *drop_sets(struct deep *self)
{
    return deep_drop(self, in_set);
}

static eddy_future *no_work(void *arg, eddy_handle *handle, const void *item, void *out)
{
    (void)arg;
    (void)item;
    (void)out;
    return eddy_ready(handle, 0);
}

static eddy_result never_asked(void *arg, eddy_task *task, void *item)
{
    (void)arg;
    (void)task;
    (void)item;
    return 0;
}

static eddy_future *drop_buffered(struct deep *self)
{
    eddy_handle *handle = eddy_core_handle(self->core);
    eddy_stream *all = eddy_stream_poll_fn(handle, sizeof(int), never_asked, NULL);

    for (int i = 0; i < DEEP; i++)
        all = eddy_stream_buffered(all, 1, sizeof(int), no_work, NULL);
    eddy_stream_drop(all, NULL);
    self->released = DEEP;
    return ready(self->core, 5);
}

static void sets_of_sets_a_million_deep_are_dropped_on_a_small_stack(void **state)
{
    eddy_future *(*const makes[])(struct deep *) = {drop_joins, drop_races, drop_keeps, drop_sets,
                                                    drop_buffered};

    (void)state;
    for (size_t i = 0; i < sizeof makes / sizeof makes[0]; i++) {
        struct deep deep = {.make = makes[i]};

        deep_run(&deep);
        assert_int_equal(deep.result, 5);
        assert_int_equal(deep.released, DEEP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_of_sets_a_million_deep_are_dropped_on_a_small_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
