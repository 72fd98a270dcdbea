/* SPDX-License-Identifier: MIT */
/*
 * test_wakefd.c - the wake descriptor as a driver watches it: edge-triggered, never read.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/death.h"
#include "sys/wakefd.h"

static int ready(int epoll)
{
    struct epoll_event event;

    return epoll_wait(epoll, &event, 1, 0);
}

static void each_signal_is_one_edge_though_nobody_reads(void **state)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int fd = eddy__wakefd_open(), epoll = epoll_create1(EPOLL_CLOEXEC);

    (void)state;
    assert_true(fd >= 0 && epoll >= 0);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
    assert_int_equal(ready(epoll), 0);
    for (int i = 0; i < 1000; i++) {
        eddy__wakefd_signal(fd);
        assert_int_equal(ready(epoll), 1);
        assert_int_equal(ready(epoll), 0);
    }
    eddy__wakefd_signal(fd);
    eddy__wakefd_signal(fd);
    assert_int_equal(ready(epoll), 1);
    assert_int_equal(ready(epoll), 0);
    close(epoll);
    eddy__wakefd_close(fd);
}

static void it_is_nonblocking_and_closed_on_exec_and_close_closes(void **state)
{
    int fd = eddy__wakefd_open();

    (void)state;
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    eddy__wakefd_close(fd);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void signal_closed(void *arg)
{
    eddy__wakefd_signal(*(int *)arg);
}

static void a_signal_on_a_closed_descriptor_is_asserted(void **state)
{
    int fd = eddy__wakefd_open();

    (void)state;
    assert_true(fd >= 0);
    eddy__wakefd_close(fd);
    assert_dies(signal_closed, &fd, "was it closed by someone else?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signal_is_one_edge_though_nobody_reads),
        cmocka_unit_test(it_is_nonblocking_and_closed_on_exec_and_close_closes),
        cmocka_unit_test(a_signal_on_a_closed_descriptor_is_asserted),
    };

    return cmocka_run_group_tests_name("sys/wakefd", tests, NULL, NULL);
}
