/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_fd_misuse.c - foreign descriptors: a programmer's mistakes end the program, and name the
 * rule.
 */
#include "../support/death.h"
#include "fd_world.h"

static eddy_fd *idle_fd(eddy_core *core)
{
    int ends[2];

    fd_pipe(ends);
    return fd_new(core, ends[0]);
}

static void wait_twice(void *arg)
{
    eddy_core *core = test_core();
    eddy_fd *fd = idle_fd(core);

    (void)arg;
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_READABLE);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_PRIORITY);
    (void)test_settle(core);
}

static void write_twice(void *arg)
{
    eddy_core *core = test_core();
    eddy_fd *fd = idle_fd(core);

    (void)arg;
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_WRITABLE);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_WRITABLE | EDDY_FD_READABLE);
    (void)test_settle(core);
}

static void free_while_waited_for(void *arg)
{
    eddy_core *core = test_core();
    eddy_fd *fd = idle_fd(core);

    (void)arg;
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_READABLE);
    (void)test_settle(core);
    eddy_fd_free(fd);
}

static void take_while_waited_for(void *arg)
{
    eddy_core *core = test_core();
    eddy_fd *fd = idle_fd(core);

    (void)arg;
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_WRITABLE);
    (void)test_settle(core);
    (void)eddy_fd_into_fd(fd);
}

static void wait_on_another_loop(void *arg)
{
    eddy_core *core = test_core(), *other = test_core();

    (void)arg;
    (void)test_run(other, fd_wait, .fd = idle_fd(core), .mask = EDDY_FD_READABLE);
}

static void wait_for_nothing(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)test_run(core, fd_wait, .fd = idle_fd(core), .mask = 0);
}

static void clear_too_much(void *arg)
{
    (void)arg;
    eddy_fd_clear(idle_fd(test_core()), EDDY_FD_READABLE | 1 << 7);
}

static void future_for_nothing(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)eddy_fd_ready(eddy_core_handle(core), idle_fd(core), 0);
}

struct reading {
    EDDY_FRAME;
    eddy_fd *fd;
    size_t len;
    char memory[8];
};

EDDY_ASYNC(reading, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_fd_poll_read(self->fd, task, self->memory, self->len));
        EDDY_END(n);
}

static void read_a_blocking_one(void *arg)
{
    eddy_core *core = test_core();
    int ends[2];

    (void)arg;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)test_run(core, reading, .fd = fd_new(core, ends[0]), .len = 8);
}

static void read_nothing(void *arg)
{
    eddy_core *core = test_core();

    (void)arg;
    (void)test_run(core, reading, .fd = idle_fd(core), .len = 0);
}

static void two_tasks_on_one_side_are_told_apart(void **state)
{
    (void)state;
    assert_dies(wait_twice, NULL, "two tasks would wait for fd: read of one object");
    assert_dies(write_twice, NULL, "two tasks would wait for fd: write of one object");
}

static void one_that_somebody_waits_for_is_not_freed(void **state)
{
    (void)state;
    assert_dies(free_while_waited_for, NULL,
                "a fd is freed while task 'fd_wait' waits for fd: read");
    assert_dies(take_while_waited_for, NULL,
                "a fd is freed while task 'fd_wait' waits for fd: write");
}

static void a_task_of_another_loop_does_not_wait_for_it(void **state)
{
    (void)state;
    assert_dies(wait_on_another_loop, NULL, "uses a fd of another loop");
}

static void a_mask_names_something_and_nothing_unknown(void **state)
{
    (void)state;
    assert_dies(wait_for_nothing, NULL, "eddy_fd_poll_ready is called with 0x0");
    assert_dies(clear_too_much, NULL, "eddy_fd_clear is called with 0x81");
    assert_dies(future_for_nothing, NULL, "eddy_fd_ready is called with 0x0");
}

static void a_blocking_descriptor_is_not_read_and_never_by_0_bytes(void **state)
{
    (void)state;
    assert_dies(read_a_blocking_one, NULL, "which is blocking: set O_NONBLOCK first");
    assert_dies(read_nothing, NULL, "eddy_fd_poll_read is asked for 0 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_tasks_on_one_side_are_told_apart),
        cmocka_unit_test(one_that_somebody_waits_for_is_not_freed),
        cmocka_unit_test(a_task_of_another_loop_does_not_wait_for_it),
        cmocka_unit_test(a_mask_names_something_and_nothing_unknown),
        cmocka_unit_test(a_blocking_descriptor_is_not_read_and_never_by_0_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
