/* SPDX-License-Identifier: MIT */
/*
 * test_pipes.c - no write to a pipe raises SIGPIPE, on kernels old and new, and one that was pending
 * before stays pending.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/pipes.h"

static const eddy_bytes word = {(const unsigned char *)"word", 4};

static int broken_pipe(void)
{
    int fds[2];

    assert_int_equal(eddy__pipe_pair(fds), 0);
    close(fds[0]);
    return fds[1];
}

static bool is_pending(void)
{
    sigset_t pending;

    assert_int_equal(sigpending(&pending), 0);
    return sigismember(&pending, SIGPIPE) == 1;
}

static void a_write_to_a_broken_pipe_is_an_error_and_no_signal(void **state)
{
    int fd = broken_pipe();
    sigset_t before, after;

    (void)state;
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(eddy__pipe_write(fd, false, &word, 1), -EPIPE);
        assert_int_equal(eddy__pipe_write_guarded(fd, &word, 1), -EPIPE);
    }
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    assert_int_equal(sigismember(&before, SIGPIPE), sigismember(&after, SIGPIPE));
    assert_false(is_pending());
    close(fd);
}

static void a_signal_that_was_pending_before_stays(void **state)
{
    const struct timespec at_once = {0, 0};
    int fd = broken_pipe();
    sigset_t sigpipe, before;

    (void)state;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &sigpipe, &before), 0);
    assert_int_equal(eddy__pipe_write_guarded(fd, &word, 1), -EPIPE);
    assert_false(is_pending()); /* blocked, and taken all the same */
    assert_int_equal(pthread_kill(pthread_self(), SIGPIPE), 0);
    assert_int_equal(eddy__pipe_write_guarded(fd, &word, 1), -EPIPE);
    assert_true(is_pending());
    assert_int_equal(sigtimedwait(&sigpipe, NULL, &at_once), SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    close(fd);
}

static void what_can_be_written_is_written_either_way(void **state)
{
    char got[9] = "";
    int fds[2];

    (void)state;
    assert_int_equal(eddy__pipe_pair(fds), 0);
    assert_int_equal(eddy__pipe_write(fds[1], false, &word, 1), 4);
    assert_int_equal(eddy__pipe_write_guarded(fds[1], &word, 1), 4);
    assert_int_equal(eddy__pipe_read(fds[0], false, got, 8), 8);
    assert_string_equal(got, "wordword");
    assert_int_equal(eddy__pipe_read(fds[0], false, got, 8), -EAGAIN);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_to_a_broken_pipe_is_an_error_and_no_signal),
        cmocka_unit_test(a_signal_that_was_pending_before_stays),
        cmocka_unit_test(what_can_be_written_is_written_either_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
