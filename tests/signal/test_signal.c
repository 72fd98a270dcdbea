/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_signal.c - waiting for signals: who is told, how often, and what becomes of it when somebody
 * goes.
 */
#include <errno.h>
#include <string.h>

#include "ears.h"

#include "eddy/error.h"
#include "reactor/core.h"

/* tokio-signal: simple */
static void signal_is_told(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);

    (void)state;
    ears_send(core, SIGUSR1);
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    test_core_end(core);
}

/* tokio-signal: twice */
static void second_signal_is_told_too(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    eddy_join *join;

    (void)state;
    for (int i = 0; i < 2; i++) {
        join = test_spawn_join(core, ears, .signal = signal, .until = 1);
        test_settle(core);
        ears_send(core, SIGUSR1);
        assert_int_equal(test_join_end(core, join), 1);
    }
    eddy_signal_free(signal);
    test_core_end(core);
}

/* tokio-signal: notify_both */
static void two_listeners_of_a_signal_are_both_told(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signals[2] = {ears_new(core, SIGUSR2), ears_new(core, SIGUSR2)};
    eddy_join *joins[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        joins[i] = test_spawn_join(core, ears, .signal = signals[i], .until = 1);
    test_settle(core);
    ears_send(core, SIGUSR2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(test_join_end(core, joins[i]), 1);
        eddy_signal_free(signals[i]);
    }
    test_core_end(core);
}

/* tokio-signal: dropping_signal_does_not_deregister_any_other_instances */
static void freeing_one_does_not_affect_its_siblings(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signals[5];
    int64_t heard[5] = {0};
    eddy_join *joins[5];

    (void)state;
    for (int i = 0; i < 5; i++) {
        signals[i] = ears_new(core, SIGUSR1);
        joins[i] =
            test_spawn_join(core, ears, .signal = signals[i], .until = 100, .heard = &heard[i]);
    }
    test_settle(core);
    for (int gone = 0; gone < 5; gone++) { /* the newest, the oldest, from in between */
        static const int order[] = {4, 0, 2, 1, 3};

        ears_send(core, SIGUSR1);
        test_settle(core);
        for (int i = gone; i < 5; i++)
            assert_int_equal(heard[order[i]], gone + 1);
        eddy_join_abort(joins[order[gone]]);
        eddy_join_free(joins[order[gone]]);
        eddy_signal_free(signals[order[gone]]);
    }
    test_core_end(core);
}

static void other_signals_are_not_told(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *one = ears_new(core, SIGUSR1), *two = ears_new(core, SIGUSR2);
    int64_t heard[2] = {0};

    (void)state;
    test_spawn(core, ears, .signal = one, .until = 100, .heard = &heard[0]);
    test_spawn(core, ears, .signal = two, .until = 100, .heard = &heard[1]);
    test_settle(core);
    ears_send(core, SIGUSR2);
    test_settle(core);
    assert_int_equal(heard[0], 0);
    assert_int_equal(heard[1], 1);
    test_core_end(core);
    eddy_signal_free(one);
    eddy_signal_free(two);
}

static void signals_that_come_before_anybody_waits_are_counted(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);

    (void)state;
    for (int i = 0; i < 3; i++)
        ears_send(core, SIGUSR1);
    assert_int_equal(ears_run(core, signal, 3), 3);
    eddy_signal_free(signal);
    test_core_end(core);
}

static void what_was_told_is_not_told_again(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    int64_t heard = 0;

    (void)state;
    ears_send(core, SIGUSR1);
    ears_send(core, SIGUSR1);
    assert_int_equal(ears_run(core, signal, 2), 2);
    test_spawn(core, ears, .signal = signal, .until = 100, .heard = &heard);
    test_settle(core);
    assert_int_equal(heard, 0);
    ears_send(core, SIGUSR1);
    test_settle(core);
    assert_int_equal(heard, 1);
    test_core_end(core);
    eddy_signal_free(signal);
}

static void numbers_that_cannot_be_listened_to_are_refused(void **state)
{
    static const int numbers[] = {-1,     0,      SIGKILL, SIGSTOP, SIGSEGV,
                                  SIGBUS, SIGFPE, SIGILL,  65,      1000};
    eddy_core *core = test_core();
    eddy_signal *signal = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_int_equal(eddy_signal_new(eddy_core_handle(core), numbers[i], &signal), -EINVAL);
    assert_null(signal);
    assert_int_equal(eddy_signal_raise(eddy_core_handle(core), -1), 0);
    assert_int_equal(eddy_signal_raise(eddy_core_handle(core), 1000), 0);
    eddy_signal_free(NULL);
    test_core_end(core);
}

static void raise_tells_the_listeners_of_one_loop(void **state)
{
    eddy_core *core = test_core(), *other = test_core();
    eddy_signal *here[2] = {ears_new(core, SIGUSR1), ears_new(core, SIGUSR1)};
    eddy_signal *there = ears_new(other, SIGUSR1);
    int64_t heard = 0;

    (void)state;
    test_spawn(other, ears, .signal = there, .until = 100, .heard = &heard);
    test_settle(other);
    assert_int_equal(eddy_signal_raise(eddy_core_handle(core), SIGUSR1), 2);
    assert_int_equal(eddy_signal_raise(eddy_core_handle(core), SIGUSR2), 0);
    assert_int_equal(ears_run(core, here[0], 1), 1);
    assert_int_equal(ears_run(core, here[1], 1), 1);
    test_settle(other);
    assert_int_equal(heard, 0);
    eddy_signal_free(here[0]);
    eddy_signal_free(here[1]);
    test_core_end(core);
    test_core_end(other);
    eddy_signal_free(there);
}

static void cancel_ends_the_wait_and_loses_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    eddy_join *join = test_spawn_join(core, ears, .signal = signal, .until = 1);

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    ears_send(core, SIGUSR1);
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    test_core_end(core);
}

/* Asks for two signals in each poll, and notes at which it heard of which. */
struct reader {
    EDDY_FRAME;
    eddy_signal *signals[2];
    int polls;
    int *heard_at;
};

static eddy_result reader_poll(eddy_future *frame, eddy_task *task)
{
    struct reader *self = (struct reader *)(void *)frame;

    self->polls++;
    for (int i = 0; i < 2; i++)
        if (self->heard_at[i] == 0 && eddy_signal_poll(self->signals[i], task) != EDDY_PENDING)
            self->heard_at[i] = self->polls;
    return self->heard_at[0] != 0 && self->heard_at[1] != 0 ? 0 : EDDY_PENDING;
}

static void reader_done(eddy_future *frame)
{
    (void)frame;
}

static const eddy_type reader_type = {reader_poll, reader_done, sizeof(struct reader), "reader",
                                      NULL};

static void being_told_costs_budget(void **state)
{
    eddy_core *core = test_core_of_budget(1);
    eddy_signal *signals[2] = {ears_new(core, SIGUSR1), ears_new(core, SIGUSR2)};
    int heard_at[2] = {0};

    (void)state;
    ears_send(core, SIGUSR1);
    ears_send(core, SIGUSR2);
    assert_int_equal(
        test_run(core, reader, .signals = {signals[0], signals[1]}, .heard_at = heard_at), 0);
    assert_true(heard_at[0] != heard_at[1]); /* both were there, and one had to wait */
    eddy_signal_free(signals[0]);
    eddy_signal_free(signals[1]);
    test_core_end(core);
}

static void task_that_is_dropped_leaves_the_signal_to_the_next(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    eddy_join *join = test_spawn_join(core, ears, .signal = signal, .until = 1);

    (void)state;
    test_settle(core);
    ears_send(core, SIGUSR1); /* wakes it */
    eddy_join_abort(join);    /* and it never looks */
    eddy_join_free(join);
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    test_core_end(core);
}

static void report_says_that_a_signal_is_waited_for(void **state)
{
    static struct test_text text;
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);

    (void)state;
    test_spawn(core, ears, .signal = signal, .until = 1);
    test_settle(core);
    assert_int_equal(core->external_waits, 1);
    test_dump(core, &text);
    assert_non_null(strstr(text.text, "waits for signal (ears:"));
    test_core_end(core);
    eddy_signal_free(signal);
}

static void signal_can_be_freed_after_its_loop(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);

    (void)state;
    test_spawn(core, ears, .signal = signal, .until = 1);
    test_settle(core);
    test_core_end(core);
    if (!test_is_simulated())
        assert_int_equal(raise(SIGUSR1), 0); /* wakes nobody */
    eddy_signal_free(signal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signal_is_told),
        cmocka_unit_test(second_signal_is_told_too),
        cmocka_unit_test(two_listeners_of_a_signal_are_both_told),
        cmocka_unit_test(freeing_one_does_not_affect_its_siblings),
        cmocka_unit_test(other_signals_are_not_told),
        cmocka_unit_test(signals_that_come_before_anybody_waits_are_counted),
        cmocka_unit_test(what_was_told_is_not_told_again),
        cmocka_unit_test(numbers_that_cannot_be_listened_to_are_refused),
        cmocka_unit_test(raise_tells_the_listeners_of_one_loop),
        cmocka_unit_test(cancel_ends_the_wait_and_loses_nothing),
        cmocka_unit_test(being_told_costs_budget),
        cmocka_unit_test(task_that_is_dropped_leaves_the_signal_to_the_next),
        cmocka_unit_test(report_says_that_a_signal_is_waited_for),
        cmocka_unit_test(signal_can_be_freed_after_its_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
