/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_loops.c - signals and several loops, each on its thread: all are told, wherever the handler
 * runs; listeners come and go in the middle of a storm.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "ears.h"

enum { LOOPS = 6, ROUNDS = 20 };

struct loop {
    pthread_t thread;
    atomic_int *ready;
    eddy_result result;
};

static void *listen_once(void *arg)
{
    struct loop *self = arg;
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    eddy_join *join = test_spawn_join(core, ears, .signal = signal, .until = 1);

    test_settle(core);
    atomic_fetch_add(self->ready, 1);
    self->result = test_join_end(core, join);
    eddy_signal_free(signal);
    test_core_end(core);
    return NULL;
}

/* tokio-signal: multi_loop */
static void loops_on_many_threads_are_all_told(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct loop loops[LOOPS];
        atomic_int ready = 0;

        for (int i = 0; i < LOOPS; i++) {
            loops[i] = (struct loop){.ready = &ready};
            assert_int_equal(pthread_create(&loops[i].thread, NULL, listen_once, &loops[i]), 0);
        }
        while (atomic_load(&ready) < LOOPS)
            sched_yield();
        assert_int_equal(kill(getpid(), SIGUSR1), 0); /* to whichever thread */
        for (int i = 0; i < LOOPS; i++) {
            assert_int_equal(pthread_join(loops[i].thread, NULL), 0);
            assert_int_equal(loops[i].result, 1);
        }
    }
}

/* tokio-signal: dropping_loops_does_not_cause_starvation */
static void loop_that_goes_does_not_take_the_signal_from_others(void **state)
{
    eddy_core *first = test_core(), *second = test_core();
    eddy_signal *of_first = ears_new(first, SIGUSR2), *of_second = ears_new(second, SIGUSR2);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(raise(SIGUSR2), 0);
        assert_int_equal(ears_run(first, of_first, 1), 1);
        assert_int_equal(ears_run(second, of_second, 1), 1);
    }
    test_core_end(first); /* its listener stays */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(raise(SIGUSR2), 0);
        assert_int_equal(ears_run(second, of_second, 1), 1);
    }
    eddy_signal_free(of_first);
    assert_int_equal(raise(SIGUSR2), 0);
    assert_int_equal(ears_run(second, of_second, 1), 1);
    eddy_signal_free(of_second);
    test_core_end(second);
}

/* ---- a sleeping loop ---- */

static void *send_when_it_sleeps(void *arg)
{
    eddy_core *core = arg;

    (void)core;
    for (int i = 0; i < 1000; i++)
        sched_yield();
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    return NULL;
}

static void signal_wakes_a_loop_that_sleeps(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, send_when_it_sleeps, core), 0);
        assert_int_equal(ears_run(core, signal, 1),
                         1); /* no deadlock, though nothing else is there */
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    eddy_signal_free(signal);
    test_core_end(core);
}

/* ---- a storm ---- */

struct storm {
    atomic_bool over;
    atomic_long sent, heard;
};

static void *send_storm(void *arg)
{
    struct storm *storm = arg;

    while (!atomic_load(&storm->over)) {
        assert_int_equal(kill(getpid(), SIGUSR1), 0);
        atomic_fetch_add(&storm->sent, 1);
        sched_yield();
    }
    return NULL;
}

/* Loops that begin to listen, are told a few times, and stop, over and over. */
static void *listen_in_storm(void *arg)
{
    struct storm *storm = arg;

    for (int round = 0; round < ROUNDS; round++) {
        eddy_core *core = test_core();
        eddy_signal *signals[3];

        for (int i = 0; i < 3; i++)
            signals[i] = ears_new(core, SIGUSR1);
        for (int i = 0; i < 3; i++) {
            assert_true(ears_run(core, signals[i], 5) >= 5);
            atomic_fetch_add(&storm->heard, 5);
            eddy_signal_free(signals[i]);
        }
        test_core_end(core);
    }
    return NULL;
}

static void nobody(int signum)
{
    (void)signum;
}

static void listeners_may_come_and_go_in_a_storm(void **state)
{
    struct sigaction action = {.sa_handler = nobody, .sa_flags = SA_RESTART};
    struct storm storm = {0};
    pthread_t listeners[3], sender;

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0); /* or it would kill in between */
    assert_int_equal(pthread_create(&sender, NULL, send_storm, &storm), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&listeners[i], NULL, listen_in_storm, &storm), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(listeners[i], NULL), 0);
    atomic_store(&storm.over, true);
    assert_int_equal(pthread_join(sender, NULL), 0);
    assert_int_equal(atomic_load(&storm.heard), 3 * ROUNDS * 3 * 5);
    assert_int_equal(sigaction(SIGUSR1, NULL, &action), 0);
    assert_ptr_equal(action.sa_handler, nobody);
    action.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_on_many_threads_are_all_told),
        cmocka_unit_test(loop_that_goes_does_not_take_the_signal_from_others),
        cmocka_unit_test(signal_wakes_a_loop_that_sleeps),
        cmocka_unit_test(listeners_may_come_and_go_in_a_storm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
