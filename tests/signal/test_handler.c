/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_handler.c - what becomes of a process's signal handlers: chained, put back, not inherited, and
 * good neighbours of those that come later. Of the kernel only.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ears.h"

#include "eddy/error.h"

static struct sigaction action_of(int signum)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    assert_int_equal(sigaction(signum, NULL, &action), 0);
    return action;
}

static void set_handler(int signum, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    assert_int_equal(sigaction(signum, &action, NULL), 0);
}

static volatile sig_atomic_t plain_calls, info_calls, info_pid;

static void plain_handler(int signum)
{
    plain_calls += signum == SIGUSR1;
    errno = EXDEV; /* rude */
}

static void info_handler(int signum, siginfo_t *info, void *context)
{
    info_calls += signum == SIGUSR1 && context != NULL;
    info_pid = info->si_pid;
}

static void handler_before_is_called_too_and_put_back(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signals[2];

    (void)state;
    plain_calls = 0;
    set_handler(SIGUSR1, plain_handler);
    for (int i = 0; i < 2; i++)
        signals[i] = ears_new(core, SIGUSR1);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(plain_calls, 1);
    assert_int_equal(ears_run(core, signals[0], 1), 1);
    eddy_signal_free(signals[0]);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(plain_calls, 2);
    eddy_signal_free(signals[1]);
    assert_ptr_equal(action_of(SIGUSR1).sa_handler, plain_handler);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(plain_calls, 3);
    set_handler(SIGUSR1, SIG_DFL);
    test_core_end(core);
}

static void handler_with_info_is_given_it(void **state)
{
    struct sigaction action = {.sa_sigaction = info_handler, .sa_flags = SA_SIGINFO};
    eddy_core *core = test_core();
    eddy_signal *signal;

    (void)state;
    info_calls = 0;
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    signal = ears_new(core, SIGUSR1);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(info_calls, 1);
    assert_int_equal(info_pid, getpid());
    eddy_signal_free(signal);
    assert_ptr_equal(action_of(SIGUSR1).sa_sigaction, info_handler);
    set_handler(SIGUSR1, SIG_DFL);
    test_core_end(core);
}

static void handler_leaves_errno_alone(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal;

    (void)state;
    set_handler(SIGUSR1, plain_handler);
    signal = ears_new(core, SIGUSR1);
    errno = ENOTTY;
    (void)raise(SIGUSR1);
    assert_int_equal(errno, ENOTTY);
    eddy_signal_free(signal);
    set_handler(SIGUSR1, SIG_DFL);
    test_core_end(core);
}

static void listening_keeps_a_deadly_signal_from_killing_until_the_last_goes(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signals[2] = {ears_new(core, SIGTERM), ears_new(core, SIGTERM)};
    int status = 0;
    pid_t child;

    (void)state;
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(ears_run(core, signals[0], 1), 1);
    eddy_signal_free(signals[0]);
    assert_int_equal(raise(SIGTERM), 0);
    eddy_signal_free(signals[1]);
    assert_ptr_equal(action_of(SIGTERM).sa_handler, SIG_DFL);
    child = fork();
    if (child == 0) {
        (void)raise(SIGTERM);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    test_core_end(core);
}

static void ignored_signal_is_heard_and_ignored_again(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal;

    (void)state;
    set_handler(SIGHUP, SIG_IGN);
    signal = ears_new(core, SIGHUP);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    assert_ptr_equal(action_of(SIGHUP).sa_handler, SIG_IGN);
    set_handler(SIGHUP, SIG_DFL);
    test_core_end(core);
}

/* tokio-signal: drop_then_get_a_signal */
static void signal_after_the_last_listener_goes_where_it_went_before(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    plain_calls = 0;
    set_handler(SIGUSR1, plain_handler);
    eddy_signal_free(ears_new(core, SIGUSR1));
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(plain_calls, 1);
    set_handler(SIGUSR1, SIG_DFL);
    test_core_end(core);
}

static void child_that_ends_is_heard_of(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGCHLD);
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(0);
    assert_int_equal(ears_run(core, signal, 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    eddy_signal_free(signal);
    assert_ptr_equal(action_of(SIGCHLD).sa_handler, SIG_DFL);
    test_core_end(core);
}

static void real_time_signals_are_all_counted(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGRTMIN + 3);
    sigset_t set, before;

    (void)state;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGRTMIN + 3);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(raise(SIGRTMIN + 3), 0);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(ears_run(core, signal, 10), 10);
    eddy_signal_free(signal);
    test_core_end(core);
}

static void signals_that_are_pending_are_one(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    sigset_t set, before;

    (void)state;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    test_core_end(core);
}

/* ---- somebody else installs a handler over ours ---- */

static struct sigaction under_polite;
static volatile sig_atomic_t polite_calls;

/* Calls whoever was there before. */
static void polite_handler(int signum, siginfo_t *info, void *context)
{
    polite_calls++;
    if ((under_polite.sa_flags & SA_SIGINFO) != 0)
        under_polite.sa_sigaction(signum, info, context);
    else if (under_polite.sa_handler != SIG_DFL && under_polite.sa_handler != SIG_IGN)
        under_polite.sa_handler(signum);
}

static void install_polite(void)
{
    struct sigaction action = {.sa_sigaction = polite_handler, .sa_flags = SA_SIGINFO};

    polite_calls = 0;
    assert_int_equal(sigaction(SIGUSR1, &action, &under_polite), 0);
}

static void handler_over_ours_stays_and_goes_on_calling(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);

    (void)state;
    install_polite();
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(ears_run(core, signal, 1), 1);
    assert_int_equal(polite_calls, 1);
    eddy_signal_free(signal);
    assert_ptr_equal(action_of(SIGUSR1).sa_sigaction, polite_handler);
    signal = ears_new(core, SIGUSR1); /* over it, which calls us, who are called already */
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(ears_run(core, signal, 1), 1);
    assert_int_equal(polite_calls, 2);
    eddy_signal_free(signal);
    assert_ptr_equal(action_of(SIGUSR1).sa_sigaction, polite_handler);
    set_handler(SIGUSR1, SIG_DFL);
    test_core_end(core);
}

/* It is gone, and has put back what it found: us, though nobody listens any more. */
static void die_by_what_was_put_back(void)
{
    assert_int_equal(sigaction(SIGUSR1, &under_polite, NULL), 0);
    (void)raise(SIGUSR1);
}

static void handler_that_is_put_back_without_listeners_does_what_was_before(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    int status = 0;
    pid_t child;

    (void)state;
    install_polite();
    eddy_signal_free(signal);
    child = fork();
    if (child == 0) {
        die_by_what_was_put_back();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    assert_int_equal(sigaction(SIGUSR1, &under_polite, NULL), 0);
    signal = ears_new(core, SIGUSR1); /* finds itself installed */
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    assert_ptr_equal(action_of(SIGUSR1).sa_handler, SIG_DFL);
    test_core_end(core);
}

/* ---- fork ---- */

static int status_of(pid_t child)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void child_of_fork_has_the_handlers_from_before(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGTERM);
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        if (action_of(SIGTERM).sa_handler == SIG_DFL)
            (void)raise(SIGTERM); /* would be swallowed */
        _exit(0);
    }
    status = status_of(child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(raise(SIGTERM), 0); /* the parent still listens */
    assert_int_equal(ears_run(core, signal, 1), 1);
    eddy_signal_free(signal);
    test_core_end(core);
}

static int listen_in_child(eddy_core *core, eddy_signal *signal)
{
    eddy_core *own;
    eddy_signal *ours;
    eddy_result n;

    (void)alarm(20);
    (void)eddy_core_free(core);
    eddy_signal_free(signal);
    own = test_core();
    ours = ears_new(own, SIGUSR1);
    (void)raise(SIGUSR1);
    n = ears_run(own, ours, 1);
    eddy_signal_free(ours);
    (void)eddy_core_free(own);
    return n == 1 && action_of(SIGUSR1).sa_handler == SIG_DFL ? 7 : 1;
}

static void child_of_fork_frees_the_parents_and_listens_anew(void **state)
{
    eddy_core *core = test_core();
    eddy_signal *signal = ears_new(core, SIGUSR1);
    int64_t heard = 0;
    pid_t child;

    (void)state;
    test_spawn(core, ears, .signal = signal, .until = 100, .heard = &heard);
    test_settle(core);
    child = fork();
    if (child == 0)
        _exit(listen_in_child(core, signal));
    assert_int_equal(WEXITSTATUS(status_of(child)), 7);
    test_settle(core);
    assert_int_equal(heard, 0); /* what the child got is the child's */
    ears_send(core, SIGUSR1);
    test_settle(core);
    assert_int_equal(heard, 1);
    test_core_end(core);
    eddy_signal_free(signal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handler_before_is_called_too_and_put_back),
        cmocka_unit_test(handler_with_info_is_given_it),
        cmocka_unit_test(handler_leaves_errno_alone),
        cmocka_unit_test(listening_keeps_a_deadly_signal_from_killing_until_the_last_goes),
        cmocka_unit_test(ignored_signal_is_heard_and_ignored_again),
        cmocka_unit_test(signal_after_the_last_listener_goes_where_it_went_before),
        cmocka_unit_test(child_that_ends_is_heard_of),
        cmocka_unit_test(real_time_signals_are_all_counted),
        cmocka_unit_test(signals_that_are_pending_are_one),
        cmocka_unit_test(handler_over_ours_stays_and_goes_on_calling),
        cmocka_unit_test(handler_that_is_put_back_without_listeners_does_what_was_before),
        cmocka_unit_test(child_of_fork_has_the_handlers_from_before),
        cmocka_unit_test(child_of_fork_frees_the_parents_and_listens_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
