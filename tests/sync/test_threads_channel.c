/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads slow */
/*
 * test_threads_channel.c - the thread-safe channel between real threads and loops: all arrives
 * once, in the order of each sender, and the ends are seen whatever happens at the same time.
 */
#include "threads.h"

enum { SENDERS = 8, EACH = 10000 };

struct shared {
    eddy_sender *sender;
    eddy_receiver *receiver;
    int next[SENDERS]; /* what must come from each sender */
    long count;
    atomic_int wrong;
};

/* Items are 1 + EACH * sender + number. */
static void see(struct shared *self, int item)
{
    int sender = (item - 1) / EACH, number = (item - 1) % EACH;

    if (self->next[sender] != number)
        atomic_fetch_add(&self->wrong, 1);
    self->next[sender] = number + 1;
    self->count++;
}

static void send_blocking(void *arg, int index)
{
    struct shared *self = arg;

    for (int i = 0; i < EACH; i++) {
        int item = 1 + EACH * index + i;

        if (eddy_sender_wait_send(self->sender, &item) != 0)
            atomic_fetch_add(&self->wrong, 1);
    }
    eddy_sender_free(self->sender);
}

struct sending {
    struct shared *shared;
    int index;
};

static eddy_future *make_send_row(void *arg, eddy_handle *handle)
{
    struct sending *self = arg;
    int first = 1 + EACH * self->index;

    return eddy_box(handle, EDDY_FUTURE(send_row, .sender = self->shared->sender, .first = first,
                                        .last = first + EACH - 1));
}

static void send_from_a_loop(void *arg, int index)
{
    struct sending sending = {arg, index};

    if (run_alone(make_send_row, &sending) != 0)
        atomic_fetch_add(&sending.shared->wrong, 1);
}

static void receive_blocking(void *arg, int index)
{
    struct shared *self = arg;
    int item;

    (void)index;
    while (eddy_receiver_wait_next(self->receiver, &item) == 1)
        see(self, item);
}

/* Receives all on a loop, and tells see(). */
struct hear {
    EDDY_FRAME;
    struct shared *shared;
    int item;
};
EDDY_ASYNC(hear, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->shared->receiver, task, &self->item));
            if (n != 1)
                break;
            see(self->shared, self->item);
        }
        EDDY_END(n);
}

static eddy_future *make_hear(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(hear, .shared = arg));
}

static void receive_on_a_loop(void *arg, int index)
{
    struct shared *self = arg;

    (void)index;
    if (run_alone(make_hear, self) != 0)
        atomic_fetch_add(&self->wrong, 1);
}

static void stress(uint32_t capacity, void (*send)(void *arg, int index),
                   void (*receive)(void *arg, int index))
{
    struct shared shared = {0};
    struct crowd crowd = {0};

    make_thread_safe_channel(capacity, &shared.sender, &shared.receiver);
    for (int i = 1; i < SENDERS; i++)
        (void)eddy_sender_retain(shared.sender);
    crowd_add(&crowd, 1, receive, &shared);
    crowd_add(&crowd, SENDERS, send, &shared);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&shared.wrong), 0);
    assert_int_equal(shared.count, (long)SENDERS * EACH);
    eddy_receiver_free(shared.receiver);
}

/* upstream: mpsc::stress_shared_unbounded */
static void stress_shared_unbounded(void **state)
{
    (void)state;
    stress(EDDY_UNBOUNDED, send_blocking, receive_on_a_loop);
    stress(EDDY_UNBOUNDED, send_from_a_loop, receive_blocking);
}

/* upstream: mpsc::stress_shared_bounded_hard, mpsc::send_recv_threads_no_capacity (the least is
 * 1) */
static void stress_shared_bounded_hard(void **state)
{
    (void)state;
    stress(1, send_blocking, receive_on_a_loop);
    stress(3, send_from_a_loop, receive_on_a_loop);
}

/* upstream: mpsc::send_recv_threads */
static void send_recv_threads_block_without_a_loop(void **state)
{
    (void)state;
    stress(16, send_blocking, receive_blocking);
}

/* ---- a receiver that goes from thread to thread ---- */

enum { RELAY = 4, TURNS = 300, BITE = 25 };

struct relay {
    struct shared shared;
    eddy_mutex *mutex; /* who has it may receive */
};

static eddy_future *make_bite(void *arg, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(receive_row, .receiver = arg, .most = BITE));
}

static void bite(void *arg, int index)
{
    struct relay *self = arg;

    for (int turn = 0; turn < TURNS; turn++) {
        eddy_result n = 0;

        eddy_mutex_wait_lock(self->mutex);
        if (index % 2 == 0)
            n = run_alone(make_bite, self->shared.receiver);
        else
            for (int item; n < BITE && eddy_receiver_wait_next(self->shared.receiver, &item) == 1;)
                n++;
        self->shared.count += n;
        eddy_mutex_unlock(self->mutex);
    }
}

static void feed(void *arg, int index)
{
    struct relay *self = arg;

    (void)index;
    for (int i = 0; i < RELAY * TURNS * BITE; i++)
        if (eddy_sender_wait_send(self->shared.sender, &i) != 0)
            atomic_fetch_add(&self->shared.wrong, 1);
    eddy_sender_free(self->shared.sender);
}

/* upstream: mpsc::stress_receiver_multi_task_bounded_hard */
static void stress_receiver_multi_task_bounded_hard(void **state)
{
    struct relay relay = {.shared = {0}};
    struct crowd crowd = {0};
    int item;

    (void)state;
    make_thread_safe_channel(5, &relay.shared.sender, &relay.shared.receiver);
    assert_int_equal(eddy_mutex_new(NULL, NULL, &relay.mutex), 0);
    crowd_add(&crowd, RELAY, bite, &relay);
    crowd_add(&crowd, 1, feed, &relay);
    crowd_run(&crowd);
    assert_int_equal(relay.shared.count, RELAY * TURNS * BITE);
    assert_int_equal(eddy_receiver_try_next(relay.shared.receiver, &item), 0);
    eddy_receiver_free(relay.shared.receiver);
    eddy_mutex_free(relay.mutex);
}

/* ---- ends that race ---- */

enum { RACES = 10000 };

struct races {
    eddy_sender *senders[RACES];
    eddy_receiver *receivers[RACES];
    int sent[RACES], got[RACES];
    atomic_int wrong;
};

static struct races *make_races(uint32_t capacity)
{
    struct races *self = test_calloc(1, sizeof *self);

    assert_non_null(self);
    for (int i = 0; i < RACES; i++)
        make_thread_safe_channel(capacity, &self->senders[i], &self->receivers[i]);
    return self;
}

static void race(struct races *self, void (*one)(void *arg, int index),
                 void (*other)(void *arg, int index))
{
    struct crowd crowd = {0};

    crowd_add(&crowd, 1, one, self);
    crowd_add(&crowd, 1, other, self);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&self->wrong), 0);
}

static void send_and_drop(void *arg, int index)
{
    struct races *self = arg;

    (void)index;
    for (int i = 0; i < RACES; i++) {
        if (eddy_sender_try_send(self->senders[i], &i) != 0)
            atomic_fetch_add(&self->wrong, 1);
        eddy_sender_free(self->senders[i]);
    }
}

static void receive_until_the_end(void *arg, int index)
{
    struct races *self = arg;

    (void)index;
    for (int i = 0; i < RACES; i++) {
        for (int item; eddy_receiver_wait_next(self->receivers[i], &item) == 1;)
            self->got[i] += item == i ? 1 : 100;
        eddy_receiver_free(self->receivers[i]);
    }
}

/* upstream: mpsc::stress_drop_sender (10,000 times) */
static void stress_drop_sender_loses_no_item_that_was_sent_before(void **state)
{
    struct races *races = make_races(1);

    (void)state;
    race(races, send_and_drop, receive_until_the_end);
    for (int i = 0; i < RACES; i++)
        assert_int_equal(races->got[i], 1);
    test_free(races);
}

static void try_send_until_closed(void *arg, int index)
{
    struct races *self = arg;

    (void)index;
    for (int i = 0; i < RACES; i++) {
        int n;

        do {
            n = eddy_sender_try_send(self->senders[i], &self->sent[i]);
            self->sent[i] += n == 0;
        } while (n != EDDY_CLOSED && self->sent[i] < 3);
        if (n != EDDY_CLOSED && n != 0)
            atomic_fetch_add(&self->wrong, 1);
        eddy_sender_free(self->senders[i]);
    }
}

static void close_and_drain(void *arg, int index)
{
    struct races *self = arg;

    (void)index;
    for (int i = 0; i < RACES; i++) {
        eddy_receiver_close(self->receivers[i]);
        for (int item; eddy_receiver_try_next(self->receivers[i], &item) == 1;)
            self->got[i] = item == self->got[i] ? item + 1 : 100;
        eddy_receiver_free(self->receivers[i]);
    }
}

/* upstream: mpsc-close::stress_try_send_as_receiver_closes, mpsc::stress_close_receiver: what
 * was drained after the close is without a gap, and the send that failed is the next number */
static void stress_try_send_as_receiver_closes_leaks_no_successful_send(void **state)
{
    struct races *races = make_races(4);

    (void)state;
    race(races, try_send_until_closed, close_and_drain);
    for (int i = 0; i < RACES; i++)
        assert_int_equal(races->got[i], races->sent[i]);
    test_free(races);
}

/* ---- blocked threads hear of the end ---- */

struct blocked {
    eddy_sender *sender;
    eddy_receiver *receiver;
    atomic_int closed;
};

static void block_in_send(void *arg, int index)
{
    struct blocked *self = arg;

    while (eddy_sender_wait_send(self->sender, &index) == 0)
        continue;
    atomic_fetch_add(&self->closed, 1);
    eddy_sender_free(self->sender);
}

static void close_after_some(void *arg, int index)
{
    struct blocked *self = arg;

    for (int i = 0; i < 1000; i++)
        (void)!eddy_receiver_wait_next(self->receiver, &index);
    eddy_receiver_close(self->receiver);
}

static void threads_that_block_in_a_send_are_told_of_the_close(void **state)
{
    struct blocked blocked = {0};
    struct crowd crowd = {0};

    (void)state;
    make_thread_safe_channel(2, &blocked.sender, &blocked.receiver);
    for (int i = 1; i < 8; i++)
        (void)eddy_sender_retain(blocked.sender);
    crowd_add(&crowd, 8, block_in_send, &blocked);
    crowd_add(&crowd, 1, close_after_some, &blocked);
    crowd_run(&crowd);
    assert_int_equal(atomic_load(&blocked.closed), 8);
    eddy_receiver_free(blocked.receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_shared_unbounded),
        cmocka_unit_test(stress_shared_bounded_hard),
        cmocka_unit_test(send_recv_threads_block_without_a_loop),
        cmocka_unit_test(stress_receiver_multi_task_bounded_hard),
        cmocka_unit_test(stress_drop_sender_loses_no_item_that_was_sent_before),
        cmocka_unit_test(stress_try_send_as_receiver_closes_leaks_no_successful_send),
        cmocka_unit_test(threads_that_block_in_a_send_are_told_of_the_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
