/* SPDX-License-Identifier: MIT */
/* eddy-test: threads */
/*
 * test_inbox_threads.c - real threads push, wake, release and use stale slots against a loop that
 * really sleeps. What is counted: every job once and in order, no wake lost, no more kernel wakes
 * than sleeps. Under the thread sanitizer it also shows that each hand-over is ordered.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/atomic.h"
#include "base/inbox.h"
#include "eddy/error.h"
#include "sys/wakefd.h"

enum { THREADS = 4, JOBS_MAX = 64, JOBS = 20000, WAKES = 20000, ROUNDS = 200, LOST_MS = 20000 };

typedef struct test_world {
    eddy__inbox *inbox;
    int wakefd;
    eddy__atomic_u32 closed, arrived, round;
    uint64_t announced, kernel_wakes;
} test_world;

/* One thread and what it shares with the loop. */
typedef struct sender {
    pthread_t thread;
    test_world *world;
    uint64_t id;
    uint32_t index, generation;
    eddy__atomic_u32 told; /* relaxed: only the wake after it makes it known */
    uint64_t plain;        /* not even atomic: only the wake hands it over */
    uint64_t accepted, failed;
} sender;

static void signal_kernel(void *arg)
{
    eddy__wakefd_signal(((test_world *)arg)->wakefd);
}

static void count_closed(void *arg)
{
    eddy__atomic_fetch_add(&((test_world *)arg)->closed, 1, memory_order_relaxed);
}

static void open_world(test_world *self)
{
    const eddy__inbox_options options = {
        .jobs_max = JOBS_MAX,
        .wake_kernel = signal_kernel,
        .closed = count_closed,
        .wake_arg = self,
    };

    memset(self, 0, sizeof(*self));
    self->wakefd = eddy__wakefd_open();
    assert_true(self->wakefd >= 0);
    assert_int_equal(eddy__inbox_new(&options, &self->inbox), 0);
}

static void close_world(test_world *self)
{
    self->kernel_wakes = eddy__inbox_kernel_wakes(self->inbox);
    eddy__inbox_release(self->inbox);
    assert_int_equal(eddy__atomic_load(&self->closed, memory_order_relaxed), 1);
    eddy__wakefd_close(self->wakefd);
    assert_true(self->kernel_wakes <= self->announced);
}

/* One slot that all senders wake. */
static void open_common_slot(test_world *self, sender *senders)
{
    uint32_t index, generation;

    assert_int_equal(eddy__inbox_slot_new(self->inbox, senders, &index, &generation), 0);
    for (int i = 0; i < THREADS; i++) {
        senders[i].index = index;
        senders[i].generation = generation;
    }
}

static void start(test_world *world, sender *senders, void *(*run)(void *arg))
{
    for (uint64_t i = 0; i < THREADS; i++) {
        senders[i].world = world;
        senders[i].id = i;
        eddy__inbox_retain(world->inbox);
        assert_int_equal(pthread_create(&senders[i].thread, NULL, run, &senders[i]), 0);
    }
}

static void join(sender *senders)
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
}

/* Sleep until something is there. The limit only turns a lost wake into a failure. */
static void sleep_if_quiet(test_world *self)
{
    struct pollfd wait = {.fd = self->wakefd, .events = POLLIN};
    uint64_t signals;

    self->announced++;
    if (!eddy__inbox_prepare_sleep(self->inbox))
        return;
    assert_int_equal(poll(&wait, 1, LOST_MS), 1);
    assert_int_equal(read(self->wakefd, &signals, sizeof(signals)), sizeof(signals));
    eddy__inbox_awake(self->inbox);
}

static void *push_all(void *arg)
{
    sender *self = arg;

    for (uint64_t job = 0; job < JOBS;) {
        const uint64_t payload[2] = {self->id, job};
        eddy_result result = eddy__inbox_push(self->world->inbox, self, payload, sizeof(payload));

        if (result == EDDY_LOOP_GONE)
            break;
        if (result == 0)
            job++;
        else
            sched_yield(); /* full */
        self->accepted = job;
    }
    eddy__inbox_release(self->world->inbox);
    return NULL;
}

/* Take one job, check that it is the next of its sender, and count it. */
static bool take_next(test_world *self, const sender *senders, uint64_t *taken)
{
    uint64_t payload[EDDY__JOB_PAYLOAD / sizeof(uint64_t)];
    const void *type;

    if (!eddy__inbox_take(self->inbox, &type, payload))
        return false;
    assert_ptr_equal(type, &senders[payload[0]]);
    assert_int_equal(payload[1], taken[payload[0]]);
    taken[payload[0]]++;
    return true;
}

static void every_job_arrives_once_and_in_its_senders_order(void **state)
{
    sender senders[THREADS] = {0};
    uint64_t taken[THREADS] = {0}, all = 0;
    test_world world;

    (void)state;
    open_world(&world);
    start(&world, senders, push_all);
    while (all < (uint64_t)THREADS * JOBS) {
        if (take_next(&world, senders, taken))
            all++;
        else
            sleep_if_quiet(&world);
    }
    join(senders);
    assert_false(take_next(&world, senders, taken));
    close_world(&world);
}

static void a_close_in_the_middle_takes_what_it_accepted_and_no_more(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        sender senders[THREADS] = {0};
        uint64_t taken[THREADS] = {0};
        test_world world;

        open_world(&world);
        start(&world, senders, push_all);
        for (int i = 0; i < round;) {
            if (take_next(&world, senders, taken))
                i++;
            else
                sleep_if_quiet(&world);
        }
        eddy__inbox_close(world.inbox);
        while (take_next(&world, senders, taken)) {
        }
        join(senders);
        assert_false(take_next(&world, senders, taken));
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(taken[i], senders[i].accepted);
        close_world(&world);
    }
}

static void *tell_and_wake(void *arg)
{
    sender *self = arg;

    for (uint32_t i = 1; i <= WAKES; i++) {
        eddy__atomic_store(&self->told, i, memory_order_relaxed);
        if (!eddy__inbox_wake(self->world->inbox, self->index, self->generation))
            self->failed++;
    }
    eddy__inbox_release(self->world->inbox);
    return NULL;
}

/* Run woken owners until all that was told has been seen: what an owner does not see when it runs
 * must wake it again. Returns how often an owner ran. */
static uint64_t listen_until_all_told(test_world *self, sender *senders)
{
    uint32_t seen[THREADS] = {0};
    uint64_t runs = 0, all = 0;

    while (all < (uint64_t)THREADS * WAKES) {
        if (!eddy__inbox_next_wake(self->inbox)) {
            sleep_if_quiet(self);
            continue;
        }
        runs++;
        for (int i = 0; i < THREADS; i++) {
            uint32_t told = eddy__atomic_load(&senders[i].told, memory_order_relaxed);

            all += told - seen[i];
            seen[i] = told;
        }
    }
    return runs;
}

static void wakes_of_one_owner_merge_and_none_is_lost(void **state)
{
    sender senders[THREADS] = {0};
    uint64_t runs;
    test_world world;

    (void)state;
    open_world(&world);
    open_common_slot(&world, senders);
    start(&world, senders, tell_and_wake);
    runs = listen_until_all_told(&world, senders);
    join(senders);
    while (eddy__inbox_next_wake(world.inbox))
        runs++;
    assert_true(runs <= (uint64_t)THREADS * WAKES);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(senders[i].failed, 0);
    close_world(&world);
}

static void *write_and_wake_each_round(void *arg)
{
    sender *self = arg;
    test_world *world = self->world;

    for (uint32_t round = 1; round <= ROUNDS; round++) {
        self->plain = round;
        if (!eddy__inbox_wake(world->inbox, self->index, self->generation))
            self->failed++;
        eddy__atomic_fetch_add(&world->arrived, 1, memory_order_relaxed);
        while (eddy__atomic_load(&world->round, memory_order_acquire) <
               round) /* the loop's store */
            sched_yield();
    }
    eddy__inbox_release(world->inbox);
    return NULL;
}

/* All four have returned from their wake, known by a relaxed counter that orders nothing; one run
 * of the owner then reads what all four wrote. Three of the wakes found the slot queued. */
static void a_wake_that_is_merged_still_hands_over_what_was_written(void **state)
{
    sender senders[THREADS] = {0};
    test_world world;

    (void)state;
    open_world(&world);
    open_common_slot(&world, senders);
    start(&world, senders, write_and_wake_each_round);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        while (eddy__atomic_load(&world.arrived, memory_order_relaxed) < round * THREADS)
            sched_yield();
        assert_ptr_equal(eddy__inbox_next_wake(world.inbox), senders);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(senders[i].plain, round);
        assert_null(eddy__inbox_next_wake(world.inbox));
        eddy__atomic_store(&world.round, round, memory_order_release); /* write_and_wake */
    }
    join(senders);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(senders[i].failed, 0);
    close_world(&world);
}

static void *wake_until_gone(void *arg)
{
    sender *self = arg;

    eddy__atomic_fetch_add(&self->world->arrived, 1, memory_order_relaxed);
    while (eddy__inbox_wake(self->world->inbox, self->index, self->generation))
        self->accepted++;
    eddy__inbox_release(self->world->inbox);
    return NULL;
}

static void stale_wakes_never_reach_a_later_owner(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        sender senders[THREADS] = {0};
        int later[THREADS * 2];
        test_world world;

        open_world(&world);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(eddy__inbox_slot_new(world.inbox, &senders[i], &senders[i].index,
                                                  &senders[i].generation),
                             0);
        start(&world, senders, wake_until_gone);
        while (eddy__atomic_load(&world.arrived, memory_order_relaxed) < THREADS)
            sched_yield();
        for (int i = 0; i < THREADS * 2; i++) {
            uint32_t index, generation;
            const char *owner = eddy__inbox_next_wake(world.inbox);

            assert_true(owner < (char *)later || owner >= (char *)(later + THREADS * 2));
            if (i < THREADS)
                eddy__inbox_slot_free(world.inbox, senders[i].index);
            assert_int_equal(eddy__inbox_slot_new(world.inbox, &later[i], &index, &generation), 0);
        }
        join(senders);
        assert_null(eddy__inbox_next_wake(world.inbox));
        close_world(&world);
    }
}

static void *release_only(void *arg)
{
    eddy__inbox_release(((sender *)arg)->world->inbox);
    return NULL;
}

static void a_loop_left_alone_in_its_sleep_finds_out(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        sender senders[THREADS] = {0};
        struct pollfd wait = {.events = POLLIN};
        test_world world;

        open_world(&world);
        wait.fd = world.wakefd;
        start(&world, senders, release_only);
        world.announced++;
        assert_true(eddy__inbox_prepare_sleep(world.inbox));
        if (eddy__inbox_refs(world.inbox) > 1)
            assert_int_equal(poll(&wait, 1, LOST_MS), 1);
        assert_int_equal(eddy__inbox_refs(world.inbox), 1);
        eddy__inbox_awake(world.inbox);
        join(senders);
        close_world(&world);
    }
}

static void whoever_releases_last_frees_once(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        sender senders[THREADS] = {0};
        unsigned char payload[EDDY__JOB_PAYLOAD];
        const void *type;
        test_world world;

        open_world(&world);
        start(&world, senders, push_all);
        eddy__inbox_close(world.inbox);
        while (eddy__inbox_take(world.inbox, &type, payload)) {
        }
        eddy__inbox_release(world.inbox);
        join(senders);
        assert_int_equal(eddy__atomic_load(&world.closed, memory_order_relaxed), 1);
        eddy__wakefd_close(world.wakefd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_arrives_once_and_in_its_senders_order),
        cmocka_unit_test(a_close_in_the_middle_takes_what_it_accepted_and_no_more),
        cmocka_unit_test(wakes_of_one_owner_merge_and_none_is_lost),
        cmocka_unit_test(a_wake_that_is_merged_still_hands_over_what_was_written),
        cmocka_unit_test(stale_wakes_never_reach_a_later_owner),
        cmocka_unit_test(a_loop_left_alone_in_its_sleep_finds_out),
        cmocka_unit_test(whoever_releases_last_frees_once),
    };

    return cmocka_run_group_tests_name("base/inbox: threads", tests, NULL, NULL);
}
