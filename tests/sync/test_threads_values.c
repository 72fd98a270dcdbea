/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads slow */
/*
 * test_threads_values.c - a thread-safe watch and broadcast: whole values, in order, each destroyed
 * once.
 */
#include "threads.h"

enum { VALUES = 20000, READERS = 4 };

/* Both halves tell whether a value was torn; it is destroyed once. */
struct value {
    int number, again;
};

struct news {
    eddy_watch_sender *setter;
    eddy_watch_receiver *watchers[READERS];
    eddy_broadcast_sender *caster;
    eddy_broadcast_receiver *hearers[READERS];
    atomic_int copies, drops, wrong;
    long seen[READERS], lost[READERS];
};

static void copy_value(void *arg, void *to, const void *from)
{
    struct news *self = arg;

    memcpy(to, from, sizeof(struct value));
    atomic_fetch_add(&self->copies, 1);
}

static void drop_value(void *arg, void *item)
{
    struct news *self = arg;

    ((struct value *)item)->again = -1;
    atomic_fetch_add(&self->drops, 1);
}

static void set_values(void *arg, int index)
{
    struct news *self = arg;

    (void)index;
    for (int i = 1; i <= VALUES; i++) {
        struct value value = {i, i};

        if (eddy_watch_send(self->setter, &value) != 0)
            atomic_fetch_add(&self->wrong, 1);
    }
    eddy_watch_sender_free(self->setter);
}

static int look(struct news *self, eddy_watch_receiver *watcher, int before)
{
    const struct value *value = eddy_watch_borrow(watcher);
    int number = value->number;

    if (number < before || value->again != number)
        atomic_fetch_add(&self->wrong, 1);
    eddy_watch_return(watcher, value);
    return number;
}

static void watch_blocking(void *arg, int index)
{
    struct news *self = arg;
    eddy_watch_receiver *watcher = self->watchers[index];
    int last = 0;

    while (eddy_watch_wait_changed(watcher) == 1)
        last = look(self, watcher, last);
    if (last != VALUES)
        atomic_fetch_add(&self->wrong, 1);
}

struct watching {
    EDDY_FRAME;
    struct news *news;
    eddy_watch_receiver *watcher;
    int last;
};
EDDY_ASYNC(watching, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_watch_poll_changed(self->watcher, task));
            if (n != 1)
                break;
            self->last = look(self->news, self->watcher, self->last);
        }
        EDDY_END(n == 0 && self->last == VALUES ? 0 : -EIO);
}

struct reader {
    struct news *news;
    int index;
};

static eddy_future *make_watching(void *arg, eddy_handle *handle)
{
    struct reader *self = arg;

    return eddy_box(handle, EDDY_FUTURE(watching, .news = self->news,
                                        .watcher = self->news->watchers[2 + self->index]));
}

static void watch_on_a_loop(void *arg, int index)
{
    struct reader reader = {arg, index};

    if (run_alone(make_watching, &reader) != 0)
        atomic_fetch_add(&reader.news->wrong, 1);
}

static void watchers_see_whole_values_in_order_and_the_last(void **state)
{
    struct news news = {0};
    struct crowd crowd = {0};
    struct value first = {0, 0};
    eddy_watch_options options = {.size_bytes = sizeof options,
                                  .item_bytes = sizeof first,
                                  .drop_item = drop_value,
                                  .arg = &news};

    (void)state;
    assert_int_equal(eddy_watch_new(NULL, &options, &first, &news.setter, &news.watchers[0]), 0);
    for (int i = 1; i < READERS; i++)
        assert_int_equal(eddy_watch_subscribe(news.setter, &news.watchers[i]), 0);
    crowd_add(&crowd, 2, watch_blocking, &news);
    crowd_add(&crowd, 2, watch_on_a_loop, &news);
    crowd_add(&crowd, 1, set_values, &news);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&news.wrong), 0);
    for (int i = 0; i < READERS; i++)
        eddy_watch_receiver_free(news.watchers[i]);
    assert_int_equal(atomic_load(&news.drops), VALUES + 1);
}

static void cast_values(void *arg, int index)
{
    struct news *self = arg;

    (void)index;
    for (int i = 1; i <= VALUES; i++) {
        struct value value = {i, i};

        if (eddy_broadcast_send(self->caster, &value) != READERS)
            atomic_fetch_add(&self->wrong, 1);
    }
    eddy_broadcast_sender_free(self->caster);
}

/* What it has seen and what it has lost must be all. */
static void hear_one(struct news *self, int index, eddy_result n, const struct value *value)
{
    if (n == EDDY_LAGGED) {
        self->lost[index] += (long)eddy_broadcast_lost(self->hearers[index]);
        return;
    }
    self->seen[index]++;
    if (value->number != self->seen[index] + self->lost[index] || value->again != value->number)
        atomic_fetch_add(&self->wrong, 1);
}

static void hear_blocking(void *arg, int index)
{
    struct news *self = arg;
    struct value value;
    int n;

    while ((n = eddy_broadcast_wait_next(self->hearers[index], &value)) != 0)
        hear_one(self, index, n, &value);
}

struct hearing {
    EDDY_FRAME;
    struct news *news;
    int index;
    struct value value;
};
EDDY_ASYNC(hearing, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(
                n, eddy_broadcast_poll_next(self->news->hearers[self->index], task, &self->value));
            if (n != 1 && n != EDDY_LAGGED)
                break;
            hear_one(self->news, self->index, n, &self->value);
        }
        EDDY_END(n);
}

static eddy_future *make_hearing(void *arg, eddy_handle *handle)
{
    struct reader *self = arg;

    return eddy_box(handle, EDDY_FUTURE(hearing, .news = self->news, .index = 2 + self->index));
}

static void hear_on_a_loop(void *arg, int index)
{
    struct reader reader = {arg, index};

    if (run_alone(make_hearing, &reader) != 0)
        atomic_fetch_add(&reader.news->wrong, 1);
}

static void hearers_get_each_item_once_or_are_told_that_it_is_lost(void **state)
{
    struct news news = {0};
    struct crowd crowd = {0};
    long seen = 0;
    eddy_broadcast_options options = {.size_bytes = sizeof options,
                                      .item_bytes = sizeof(struct value),
                                      .capacity = 7,
                                      .copy_item = copy_value,
                                      .drop_item = drop_value,
                                      .arg = &news};

    (void)state;
    assert_int_equal(eddy_broadcast_new(NULL, &options, &news.caster, &news.hearers[0]), 0);
    for (int i = 1; i < READERS; i++)
        assert_int_equal(eddy_broadcast_subscribe(news.caster, &news.hearers[i]), 0);
    crowd_add(&crowd, 2, hear_blocking, &news);
    crowd_add(&crowd, 2, hear_on_a_loop, &news);
    crowd_add(&crowd, 1, cast_values, &news);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&news.wrong), 0);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(news.seen[i] + news.lost[i], VALUES);
        seen += news.seen[i];
        eddy_broadcast_receiver_free(news.hearers[i]);
    }
    assert_int_equal(atomic_load(&news.copies), seen);
    assert_int_equal(atomic_load(&news.drops), VALUES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watchers_see_whole_values_in_order_and_the_last),
        cmocka_unit_test(hearers_get_each_item_once_or_are_told_that_it_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
