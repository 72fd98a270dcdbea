/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads slow */
/*
 * test_threads.c - thread-safe oneshots, locks, permits, notifications, barriers, initialisation, watches
 * and broadcasts between real threads and loops.
 */
#include <stdlib.h>

#include "threads.h"

/* ---- oneshot ---- */

enum { PAIRS = 20000 };

struct pairs {
    eddy_oneshot_sender *senders[PAIRS];
    eddy_oneshot_receiver *receivers[PAIRS];
    int sent[PAIRS], got[PAIRS];
    atomic_int wrong;
};

static struct pairs *make_pairs(void)
{
    eddy_oneshot_options options = {.size_bytes = sizeof options, .item_bytes = sizeof(int)};
    struct pairs *self = test_calloc(1, sizeof *self);

    assert_non_null(self);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(eddy_oneshot_new(NULL, &options, &self->senders[i], &self->receivers[i]),
                         0);
    return self;
}

static void race(struct pairs *self, void (*one)(void *arg, int index),
                 void (*other)(void *arg, int index))
{
    struct crowd crowd = {0};

    crowd_add(&crowd, 1, one, self);
    crowd_add(&crowd, 1, other, self);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&self->wrong), 0);
}

static void send_all(void *arg, int index)
{
    struct pairs *self = arg;

    (void)index;
    for (int i = 0; i < PAIRS; i++) {
        self->sent[i] = eddy_oneshot_send(self->senders[i], &i);
        eddy_oneshot_sender_free(self->senders[i]);
    }
}

static void close_and_look(void *arg, int index)
{
    struct pairs *self = arg;

    (void)index;
    for (int i = 0; i < PAIRS; i++) {
        int item = -1;

        eddy_oneshot_close(self->receivers[i]);
        self->got[i] = eddy_oneshot_try_receive(self->receivers[i], &item);
        if (self->got[i] == 1 && item != i)
            atomic_fetch_add(&self->wrong, 1);
        eddy_oneshot_receiver_free(self->receivers[i]);
    }
}

/* upstream: oneshot::cancel_sends (20,000 races of send and close) */
static void cancel_sends_either_arrive_or_stay_with_the_sender(void **state)
{
    struct pairs *pairs = make_pairs();

    (void)state;
    race(pairs, send_all, close_and_look);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(pairs->got[i] == 1, pairs->sent[i] == 0);
    test_free(pairs);
}

static void receive_all(void *arg, int index)
{
    struct pairs *self = arg;

    (void)index;
    for (int i = 0; i < PAIRS; i++) {
        int item = -1;

        if (eddy_oneshot_wait_receive(self->receivers[i], &item) != 1 || item != i)
            atomic_fetch_add(&self->wrong, 1);
        eddy_oneshot_receiver_free(self->receivers[i]);
    }
}

static void items_sent_to_a_thread_that_blocks_all_arrive(void **state)
{
    struct pairs *pairs = make_pairs();

    (void)state;
    race(pairs, send_all, receive_all);
    test_free(pairs);
}

/* Waits for all to be closed, one after the other, on a loop. */
struct watch_closed {
    EDDY_FRAME;
    struct pairs *pairs;
    int at;
};
EDDY_ASYNC(watch_closed, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < PAIRS; self->at++) {
            EDDY_POLL(n, eddy_oneshot_poll_closed(self->pairs->senders[self->at], task));
            if (n != 0)
                EDDY_RETURN(n);
            eddy_oneshot_sender_free(self->pairs->senders[self->at]);
        }
        EDDY_END(0);
}

static eddy_future *make_watch_closed(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(watch_closed, .pairs = arg));
}

static void watch_them_close(void *arg, int index)
{
    struct pairs *self = arg;

    (void)index;
    if (run_alone(make_watch_closed, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

static void free_receivers(void *arg, int index)
{
    struct pairs *self = arg;

    (void)index;
    for (int i = 0; i < PAIRS; i++)
        eddy_oneshot_receiver_free(self->receivers[i]);
}

/* upstream: oneshot::cancel_lots (20,000) */
static void cancel_lots_all_wake_the_sender(void **state)
{
    struct pairs *pairs = make_pairs();

    (void)state;
    race(pairs, watch_them_close, free_receivers);
    test_free(pairs);
}

/* ---- locks and permits ---- */

enum { ADDS = 10000 };

struct counter {
    eddy_mutex *mutex;
    eddy_semaphore *semaphore;
    long value; /* only with the lock */
    atomic_int inside, most, wrong;
};

static void add_blocking(void *arg, int index)
{
    struct counter *self = arg;

    (void)index;
    for (int i = 0; i < ADDS; i++) {
        eddy_mutex_wait_lock(self->mutex);
        self->value++;
        eddy_mutex_unlock(self->mutex);
    }
}

struct adder {
    EDDY_FRAME;
    struct counter *counter;
    int left;
    eddy_ticket ticket;
};
EDDY_ASYNC(adder, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_mutex_poll_lock(self->counter->mutex, task, &self->ticket));
            if (n != 0)
                EDDY_RETURN(n);
            self->counter->value++;
            eddy_mutex_unlock(self->counter->mutex);
        }
        EDDY_END(0);
}

static eddy_future *make_adder(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(adder, .counter = arg, .left = ADDS));
}

static void add_on_a_loop(void *arg, int index)
{
    struct counter *self = arg;

    (void)index;
    if (run_alone(make_adder, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

/* upstream: bilock::concurrent (2 x 10,000) */
static void concurrent_increments_are_all_counted(void **state)
{
    struct counter counter = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_mutex_new(NULL, NULL, &counter.mutex), 0);
    crowd_add(&crowd, 2, add_blocking, &counter);
    crowd_add(&crowd, 2, add_on_a_loop, &counter);
    crowd_run(&crowd);
    assert_int_equal(counter.value, 4L * ADDS);
    assert_int_equal(atomic_load(&counter.wrong), 0);
    eddy_mutex_free(counter.mutex);
}

enum { PERMITS = 5, ACQUIRES = 3000 };

static void use_permits(void *arg, int index)
{
    struct counter *self = arg;
    uint32_t need = (uint32_t)index % PERMITS + 1;

    for (int i = 0; i < ACQUIRES; i++) {
        if (eddy_semaphore_wait_acquire(self->semaphore, need) != 0)
            atomic_fetch_add(&self->wrong, 1);
        if (atomic_fetch_add(&self->inside, (int)need) + (int)need > PERMITS)
            atomic_fetch_add(&self->wrong, 1);
        atomic_fetch_sub(&self->inside, (int)need);
        eddy_semaphore_add(self->semaphore, need);
    }
}

static void there_are_never_more_permits_out_than_there_are(void **state)
{
    struct counter counter = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_semaphore_new(NULL, NULL, PERMITS, &counter.semaphore), 0);
    crowd_add(&crowd, 8, use_permits, &counter);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&counter.wrong), 0);
    assert_int_equal(eddy_semaphore_permits(counter.semaphore), PERMITS);
    eddy_semaphore_free(counter.semaphore);
}

/* ---- drops while others give: nothing is lost ---- */

enum { GIVEN = 5000, DROPPERS = 6 };

static void give_permits(void *arg, int index)
{
    struct counter *self = arg;

    (void)index;
    for (int i = 0; i < GIVEN; i++)
        eddy_semaphore_add(self->semaphore, 1);
}

/* On a loop: tasks that acquire are dropped, woken or not, and made anew, until all permits are got. */
static void take_and_drop(void *arg, int index)
{
    struct counter *self = arg;
    eddy_core *core = test_core();
    struct asked asked[DROPPERS] = {{0}};
    unsigned chance = 1;
    int got = 0;

    (void)index;
    while (got < GIVEN) {
        for (int i = 0; i < DROPPERS; i++) {
            chance = chance * 1103515245u + 12345u;
            if (asked[i].join != NULL && asked[i].result != EDDY_PENDING) {
                got += asked[i].result == 0;
                asked_drop(&asked[i]);
            } else if (asked[i].join != NULL && chance >> 16 & 1) {
                asked_drop(&asked[i]);
            }
            if (asked[i].join == NULL)
                ask_later(core, &asked[i],
                          eddy_acquire(eddy_core_handle(core), self->semaphore, 1));
        }
        (void)test_turn(core);
    }
    for (int i = 0; i < DROPPERS; i++)
        asked_drop(&asked[i]);
    self->value = got;
    test_core_end(core);
}

static void waits_that_are_dropped_while_a_thread_gives_lose_no_permit(void **state)
{
    struct counter counter = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_semaphore_new(NULL, NULL, 0, &counter.semaphore), 0);
    crowd_add(&crowd, 1, give_permits, &counter);
    crowd_add(&crowd, 1, take_and_drop, &counter);
    crowd_run(&crowd);
    assert_int_equal(counter.value + (long)eddy_semaphore_permits(counter.semaphore), GIVEN);
    eddy_semaphore_free(counter.semaphore);
}

/* ---- notify: two threads toss a ball ---- */

enum { TOSSES = 5000 };

struct ball {
    eddy_notify *there, *back;
    int tosses; /* handed over by the notifications alone */
    atomic_int wrong;
};

static void toss(void *arg, int index)
{
    struct ball *self = arg;

    (void)index;
    for (int i = 0; i < TOSSES; i++) {
        self->tosses++;
        eddy_notify_one(self->there);
        eddy_notify_wait(self->back);
    }
}

struct catch_ball {
    EDDY_FRAME;
    struct ball *ball;
    int left;
    eddy_ticket ticket;
};
EDDY_ASYNC(catch_ball, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->left > 0; self->left--) {
            EDDY_POLL(n, eddy_notify_poll(self->ball->there, task, &self->ticket));
            if (n != 0)
                EDDY_RETURN(n);
            self->ball->tosses++;
            eddy_notify_one(self->ball->back);
        }
        EDDY_END(0);
}

static eddy_future *make_catch(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(catch_ball, .ball = arg, .left = TOSSES));
}

static void catch_on_a_loop(void *arg, int index)
{
    struct ball *self = arg;

    (void)index;
    if (run_alone(make_catch, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

static void a_thread_and_a_task_notify_each_other(void **state)
{
    struct ball ball = {0};
    struct crowd crowd = {0};

    (void)state;
    assert_int_equal(eddy_notify_new(NULL, NULL, &ball.there), 0);
    assert_int_equal(eddy_notify_new(NULL, NULL, &ball.back), 0);
    crowd_add(&crowd, 1, toss, &ball);
    crowd_add(&crowd, 1, catch_on_a_loop, &ball);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&ball.wrong), 0);
    assert_int_equal(ball.tosses, 2 * TOSSES);
    eddy_notify_free(ball.there);
    eddy_notify_free(ball.back);
}

/* ---- barrier, once ---- */

enum { MEETERS = 6, MEETINGS = 1000 };

struct meeting {
    eddy_barrier *barrier;
    eddy_once *onces[MEETINGS];
    int made[MEETINGS]; /* only by whoever has the turn */
    atomic_int leaders[MEETINGS], wrong;
};

/* At each meeting one leads, and one does what is to be done once; half of them fail at first. */
static void meet_blocking(void *arg, int index)
{
    struct meeting *self = arg;

    for (int i = 0; i < MEETINGS; i++) {
        if (eddy_barrier_wait(self->barrier) == 1)
            atomic_fetch_add(&self->leaders[i], 1);
        if (eddy_once_wait(self->onces[i]) == 1)
            eddy_once_finish(self->onces[i], NULL, ++self->made[i] > 1 || index % 2 == 0);
        else if (self->made[i] == 0 || !eddy_once_is_done(self->onces[i]))
            atomic_fetch_add(&self->wrong, 1);
    }
}

struct meet {
    EDDY_FRAME;
    struct meeting *meeting;
    int at;
    eddy_ticket ticket;
};
EDDY_ASYNC(meet, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->at < MEETINGS; self->at++) {
            EDDY_POLL(n, eddy_barrier_poll(self->meeting->barrier, task, &self->ticket));
            if (n < 0)
                EDDY_RETURN(n);
            if (n == 1)
                atomic_fetch_add(&self->meeting->leaders[self->at], 1);
            EDDY_POLL(n, eddy_once_poll(self->meeting->onces[self->at], task, &self->ticket));
            if (n < 0)
                EDDY_RETURN(n);
            if (n == 1) {
                self->meeting->made[self->at]++;
                eddy_once_finish(self->meeting->onces[self->at], &self->ticket, true);
            }
        }
        EDDY_END(0);
}

static eddy_future *make_meet(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(meet, .meeting = arg));
}

static void meet_on_a_loop(void *arg, int index)
{
    struct meeting *self = arg;

    (void)index;
    if (run_alone(make_meet, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

static void threads_and_tasks_meet_and_one_of_them_leads_and_one_does_it(void **state)
{
    struct meeting *meeting = test_calloc(1, sizeof *meeting);
    struct crowd crowd = {0};

    (void)state;
    assert_non_null(meeting);
    assert_int_equal(eddy_barrier_new(NULL, NULL, MEETERS, &meeting->barrier), 0);
    for (int i = 0; i < MEETINGS; i++)
        assert_int_equal(eddy_once_new(NULL, NULL, &meeting->onces[i]), 0);
    crowd_add(&crowd, MEETERS / 2, meet_blocking, meeting);
    crowd_add(&crowd, MEETERS / 2, meet_on_a_loop, meeting);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&meeting->wrong), 0);
    for (int i = 0; i < MEETINGS; i++) {
        assert_int_equal(atomic_load(&meeting->leaders[i]), 1);
        assert_in_range(meeting->made[i], 1, 2);
        eddy_once_free(meeting->onces[i]);
    }
    eddy_barrier_free(meeting->barrier);
    test_free(meeting);
}

/* ---- watch, broadcast ---- */

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
        cmocka_unit_test(cancel_sends_either_arrive_or_stay_with_the_sender),
        cmocka_unit_test(items_sent_to_a_thread_that_blocks_all_arrive),
        cmocka_unit_test(cancel_lots_all_wake_the_sender),
        cmocka_unit_test(concurrent_increments_are_all_counted),
        cmocka_unit_test(there_are_never_more_permits_out_than_there_are),
        cmocka_unit_test(waits_that_are_dropped_while_a_thread_gives_lose_no_permit),
        cmocka_unit_test(a_thread_and_a_task_notify_each_other),
        cmocka_unit_test(threads_and_tasks_meet_and_one_of_them_leads_and_one_does_it),
        cmocka_unit_test(watchers_see_whole_values_in_order_and_the_last),
        cmocka_unit_test(hearers_get_each_item_once_or_are_told_that_it_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
