/* SPDX-License-Identifier: MIT */
/*
 * test_inbox_litmus.c - the one race on which the sleep protocol hangs, provoked on real hardware:
 * a thread puts something in at the very moment at which the loop goes to sleep. At least one of
 * the two must see the other. A processor with store buffers (every one) makes both miss when an
 * order in inbox.c is weaker than sequentially consistent: not in every run, but never when it is
 * right. Neither the thread sanitizer nor the model, where no two steps overlap, can show that.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/atomic.h"
#include "base/inbox.h"

enum { ROUNDS = 100000, SPINS = 2000 };

typedef struct meeting {
    eddy__inbox *inbox;
    void (*put)(struct meeting *self);
    uint32_t index, generation;
    _Alignas(64) eddy__atomic_u32 arrived; /* two threads per meeting, two meetings per round */
    _Alignas(64) eddy__atomic_u32 woken;
} meeting;

static void count_wake(void *arg)
{
    eddy__atomic_fetch_add(&((meeting *)arg)->woken, 1, memory_order_relaxed);
}

/* Leave together, as nearly as two processors can. */
static void meet(meeting *self, uint32_t number)
{
    uint32_t spins = 0;

    eddy__atomic_fetch_add(&self->arrived, 1, memory_order_acq_rel); /* the load of the other */
    while (eddy__atomic_load(&self->arrived, memory_order_acquire) < 2 * number) {
        if (++spins % SPINS == 0)
            sched_yield();
    }
}

static void put_job(meeting *self)
{
    (void)eddy__inbox_push(self->inbox, NULL, NULL, 0);
}

static void put_wake(meeting *self)
{
    (void)eddy__inbox_wake(self->inbox, self->index, self->generation);
}

static void *put_each_round(void *arg)
{
    meeting *self = arg;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        meet(self, 2 * round + 1);
        self->put(self);
        meet(self, 2 * round + 2);
    }
    return NULL;
}

static void take_all(meeting *self)
{
    unsigned char payload[EDDY__JOB_PAYLOAD];
    const void *type;

    while (eddy__inbox_take(self->inbox, &type, payload)) {
    }
    while (eddy__inbox_next_wake(self->inbox)) {
    }
}

/* Returns how often the loop fell asleep and nobody called the kernel. */
static uint32_t race(void (*put)(meeting *self))
{
    meeting self = {.put = put};
    const eddy__inbox_options options = {
        .jobs_max = 2, .wake_kernel = count_wake, .wake_arg = &self};
    uint32_t lost = 0;
    pthread_t thread;

    assert_int_equal(eddy__inbox_new(&options, &self.inbox), 0);
    assert_int_equal(eddy__inbox_slot_new(self.inbox, &self, &self.index, &self.generation), 0);
    assert_int_equal(pthread_create(&thread, NULL, put_each_round, &self), 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t before = eddy__atomic_load(&self.woken, memory_order_relaxed);
        bool asleep;

        meet(&self, 2 * round + 1);
        asleep = eddy__inbox_prepare_sleep(self.inbox);
        meet(&self, 2 * round + 2);
        if (asleep && eddy__atomic_load(&self.woken, memory_order_relaxed) == before)
            lost++;
        eddy__inbox_awake(self.inbox);
        take_all(&self);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    eddy__inbox_release(self.inbox);
    return lost;
}

static void a_push_and_a_loop_going_to_sleep_never_miss_each_other(void **state)
{
    (void)state;
    assert_int_equal(race(put_job), 0);
}

static void a_wake_and_a_loop_going_to_sleep_never_miss_each_other(void **state)
{
    (void)state;
    assert_int_equal(race(put_wake), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_push_and_a_loop_going_to_sleep_never_miss_each_other),
        cmocka_unit_test(a_wake_and_a_loop_going_to_sleep_never_miss_each_other),
    };

    return cmocka_run_group_tests_name("base/inbox: litmus", tests, NULL, NULL);
}
