/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads slow */
/*
 * test_threads_oneshot.c - thread-safe oneshots between two threads, or a thread and a loop, 20,000
 * races of each kind.
 */
#include "threads.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_sends_either_arrive_or_stay_with_the_sender),
        cmocka_unit_test(items_sent_to_a_thread_that_blocks_all_arrive),
        cmocka_unit_test(cancel_lots_all_wake_the_sender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
