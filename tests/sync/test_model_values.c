/* SPDX-License-Identifier: MIT */
/*
 * test_model_values.c - a watch and a broadcast in every interleaving (model.h): who waits is told
 * of a change, or hears each item; each value is destroyed once; a receiver that looks and waits
 * again while all are being woken is not lost.
 */
#include "model.h"
#include "sync/broadcast.c" /* NOLINT(bugprone-suspicious-include) */
#include "sync/hub.c"       /* NOLINT(bugprone-suspicious-include) */
#include "sync/values.c"    /* NOLINT(bugprone-suspicious-include) */
#define new_receiver watch_new_receiver
#define add_receiver watch_add_receiver
#define asking       watch_asking
#include "sync/watch.c" /* NOLINT(bugprone-suspicious-include) */

enum { READERS = 2 };

static struct {
    eddy_watch_sender *setter;
    eddy_watch_receiver *watchers[READERS];
    eddy_broadcast_sender *caster;
    eddy_broadcast_receiver *hearers[READERS];
    int made, destroyed;
} shared;

static void destroy(void *arg, void *item)
{
    (void)arg;
    eddy__model_check(*(int *)item >= 0, "a value is destroyed twice");
    *(int *)item = -1;
    shared.destroyed++;
}

static void begin(void)
{
    memset(&shared, 0, sizeof shared);
    model_tasks_begin();
}

static void check_values(void)
{
    eddy__model_check(shared.made == shared.destroyed, "a value is destroyed twice, or not at all");
    model_check_clean();
}

/* ---- watch: 0, then 1 ---- */

/* Both have seen the first value and wait; nobody may ever poll the second again. */
static void set_up_watchers(void)
{
    eddy_watch_options options = {.size_bytes = sizeof options,
                                  .item_bytes = sizeof(int),
                                  .drop_item = destroy,
                                  .allocator = &model_allocator};
    int value = 0;

    begin();
    shared.made = 1;
    eddy__model_check(eddy_watch_new(NULL, &options, &value, &shared.setter, &shared.watchers[0]) ==
                              0 &&
                          eddy_watch_subscribe(shared.setter, &shared.watchers[1]) == 0,
                      "out of memory");
    for (model.current = 0; model.current < READERS; model.current++) {
        eddy_watch_receiver *watcher = shared.watchers[model.current];

        eddy_watch_copy(watcher, &value);
        eddy__model_check(eddy_watch_poll_changed(watcher, model_current()) == EDDY_PENDING,
                          "a change out of nothing");
    }
    model.current = 0;
}

static void set_one(void)
{
    int value = 1;

    shared.made++;
    eddy__model_check(eddy_watch_send(shared.setter, &value) == 0, "a send is refused");
}

static void end_setting(void)
{
    eddy_watch_sender_free(shared.setter);
    shared.setter = NULL;
}

static void see_change(void)
{
    eddy_result n;

    model_sleep();
    MODEL_AWAIT(n, eddy_watch_poll_changed(shared.watchers[model.current], model_current()));
    eddy__model_check(n == 1, "who waits is not told of the change");
}

static void see_end(void)
{
    eddy_result n;

    model_sleep();
    MODEL_AWAIT(n, eddy_watch_poll_changed(shared.watchers[model.current], model_current()));
    eddy__model_check(n == 0, "who waits is not told of the end");
}

/* Looks without having been woken, perhaps while it is just being woken; then waits again, and
 * drops. */
static void look_and_wait_again(void)
{
    eddy_watch_receiver *watcher = shared.watchers[model.current];
    const int *value = eddy_watch_borrow(watcher);
    eddy_result n = eddy_watch_poll_changed(watcher, model_current());

    eddy__model_check(*value != 1 || n == EDDY_PENDING, "what was seen is told as a change");
    eddy__model_check(*value >= 0, "a value that is lent is destroyed");
    eddy_watch_return(watcher, value);
    model_drop(&watcher->ticket);
}

static void set_two(void)
{
    for (int value = 1; value <= 2; value++) {
        shared.made++;
        eddy__model_check(eddy_watch_send(shared.setter, &value) == 0, "a send is refused");
    }
}

/* Looks before each poll, woken or not, until it has seen the last value. */
static void look_until_the_last(void)
{
    eddy_watch_receiver *watcher = shared.watchers[model.current];
    int value = 0;

    eddy_watch_copy(watcher, &value);
    while (value < 2) {
        if (eddy_watch_poll_changed(watcher, model_current()) == EDDY_PENDING)
            model_sleep();
        eddy_watch_copy(watcher, &value);
    }
    model_drop(&watcher->ticket);
}

static void drop_wait(void)
{
    model_drop(&shared.watchers[model.current]->ticket);
}

static void check_watch(void)
{
    eddy_watch_sender_free(shared.setter);
    for (int i = 0; i < READERS; i++) {
        model_drop(&shared.watchers[i]->ticket);
        eddy_watch_receiver_free(shared.watchers[i]);
    }
    check_values();
}

CLAIM(watchers_that_wait_are_told_of_a_change, set_up_watchers, check_watch, {see_change, false},
      {see_change, false}, {set_one, false})
CLAIM(watchers_that_wait_are_told_of_the_end, set_up_watchers, check_watch, {see_end, false},
      {see_end, false}, {end_setting, false})
CLAIM(a_watcher_that_drops_keeps_nobody_from_being_told, set_up_watchers, check_watch,
      {see_change, false}, {drop_wait, false}, {set_one, false})
CLAIM(a_watcher_that_looks_and_waits_again_keeps_nobody_from_being_told, set_up_watchers,
      check_watch, {see_change, false}, {look_and_wait_again, false}, {set_one, false})

CLAIM(a_watcher_that_looks_before_each_poll_is_told_of_the_next, set_up_watchers, check_watch,
      {look_until_the_last, false}, {set_two, false})

/* ---- broadcast: room for one ---- */

static void set_up_broadcast(void)
{
    eddy_broadcast_options options = {.size_bytes = sizeof options,
                                      .item_bytes = sizeof(int),
                                      .capacity = 1,
                                      .drop_item = destroy,
                                      .allocator = &model_allocator};

    begin();
    eddy__model_check(eddy_broadcast_new(NULL, &options, &shared.caster, &shared.hearers[0]) == 0 &&
                          eddy_broadcast_subscribe(shared.caster, &shared.hearers[1]) == 0,
                      "out of memory");
}

static void cast(int items)
{
    for (int item = 1; item <= items; item++) {
        shared.made++;
        eddy__model_check(eddy_broadcast_send(shared.caster, &item) > 0, "a broadcast is refused");
    }
}

static void cast_two(void)
{
    cast(2);
}

static void cast_one(void)
{
    cast(1);
}

static void hear(int items)
{
    eddy_broadcast_receiver *hearer = shared.hearers[model.current];
    eddy_result n;
    int item, heard = 0;

    while (heard < items) {
        MODEL_AWAIT(n, eddy_broadcast_poll_next(hearer, model_current(), &item));
        if (n == EDDY_LAGGED)
            heard += (int)eddy_broadcast_lost(hearer);
        else
            eddy__model_check(n == 1 && item == ++heard, "an item is passed over, or told twice");
    }
}

static void hear_two(void)
{
    hear(2);
}

static void hear_one(void)
{
    hear(1);
}

static void hear_and_go(void)
{
    eddy_broadcast_receiver *hearer = shared.hearers[model.current];
    int item;

    (void)!eddy_broadcast_poll_next(hearer, model_current(), &item);
    model_drop(&hearer->ticket);
    eddy_broadcast_receiver_free(hearer);
    shared.hearers[model.current] = NULL;
}

static void check_broadcast(void)
{
    eddy_broadcast_sender_free(shared.caster);
    for (int i = 0; i < READERS; i++)
        eddy_broadcast_receiver_free(shared.hearers[i]);
    check_values();
}

CLAIM(each_item_is_heard_once_or_told_to_be_lost, set_up_broadcast, check_broadcast,
      {hear_two, false}, {cast_two, false})
CLAIM(an_item_is_heard_by_both, set_up_broadcast, check_broadcast, {hear_one, false},
      {hear_one, false}, {cast_one, false})
CLAIM(an_item_is_heard_past_one_that_goes, set_up_broadcast, check_broadcast, {hear_one, false},
      {hear_and_go, false}, {cast_one, false})

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watchers_that_wait_are_told_of_a_change),
        cmocka_unit_test(watchers_that_wait_are_told_of_the_end),
        cmocka_unit_test(a_watcher_that_drops_keeps_nobody_from_being_told),
        cmocka_unit_test(a_watcher_that_looks_and_waits_again_keeps_nobody_from_being_told),
        cmocka_unit_test(a_watcher_that_looks_before_each_poll_is_told_of_the_next),
        cmocka_unit_test(each_item_is_heard_once_or_told_to_be_lost),
        cmocka_unit_test(an_item_is_heard_by_both),
        cmocka_unit_test(an_item_is_heard_past_one_that_goes),
    };

    return cmocka_run_group_tests_name("sync: values, every interleaving", tests, NULL, NULL);
}
