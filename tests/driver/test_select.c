/* SPDX-License-Identifier: MIT */
/*
 * test_select.c - which driver a loop gets: by name, by environment, by what works here; and that
 * a system that refuses io_uring is no reason to fail.
 *
 * What a process may do is changed in forked children.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

enum { NOBODY = 65534, SYS_URING_FIRST = 425, SYS_URING_LAST = 427 };

typedef struct chosen {
    int error;
    char name[16];
    char why[128];
} chosen;

/* Choose, see that bytes pass, close. */
static chosen choose(const char *name, uint32_t without)
{
    chosen result = {0};
    const char *why = "";
    eddy__pool pool;
    eddy__driver *driver = NULL;
    eddy__driver_options options = {.allocator = &eddy__allocator_malloc,
                                    .pool = &pool,
                                    .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
                                    .without = without};

    eddy__pool_init(&pool, &eddy__allocator_malloc, 64 * 1024, 8);
    result.error = eddy__driver_select(name, &options, &driver, &why);
    strncpy(result.why, why, sizeof result.why - 1);
    if (result.error == 0) {
        eddy__event event;

        strncpy(result.name, driver->type->name, sizeof result.name - 1);
        if (driver->type->wait(driver, 0, &event, 1) != 0)
            result.error = -EIO;
        driver->type->close(driver, false);
    }
    eddy__pool_deinit(&pool);
    close(options.wake_fd);
    return result;
}

static void unknown_name_is_refused(void **state)
{
    chosen got = choose("kqueue", 0);

    (void)state;
    assert_int_equal(got.error, -EINVAL);
    assert_non_null(strstr(got.why, "epoll"));
    assert_non_null(strstr(got.why, "io_uring"));
    assert_non_null(strstr(got.why, "sim"));
    assert_int_equal(setenv("EDDY_DRIVER", "select", 1), 0);
    got = choose(NULL, 0);
    assert_int_equal(got.error, -EINVAL);
    assert_int_equal(unsetenv("EDDY_DRIVER"), 0);
}

static void name_decides_before_the_environment_decides_before_the_order(void **state)
{
    chosen got;

    (void)state;
    assert_int_equal(setenv("EDDY_DRIVER", "epoll", 1), 0);
    got = choose(NULL, 0);
    assert_string_equal(got.name, "epoll");
    assert_non_null(strstr(got.why, "EDDY_DRIVER"));
    assert_int_equal(setenv("EDDY_DRIVER", "nonsense", 1), 0);
    got = choose("epoll", 0);
    assert_int_equal(got.error, 0);
    assert_string_equal(got.name, "epoll");
    assert_int_equal(setenv("EDDY_DRIVER", "", 1), 0);
    assert_int_equal(choose(NULL, 0).error, 0);
    assert_int_equal(unsetenv("EDDY_DRIVER"), 0);
}

static void the_simulated_driver_is_had_by_name_alone(void **state)
{
    chosen got = choose("sim", 0);

    (void)state;
    assert_int_equal(got.error, 0);
    assert_string_equal(got.name, "sim");
    assert_int_equal(setenv("EDDY_DRIVER", "sim", 1), 0);
    got = choose(NULL, 0);
    assert_int_equal(got.error, 0);
    assert_string_equal(got.name, "sim");
    assert_int_equal(unsetenv("EDDY_DRIVER"), 0);
    got = choose(NULL, 0);
    assert_string_not_equal(got.name, "sim");
    got = choose(NULL, EDDY__WITHOUT_IO_URING);
    assert_string_not_equal(got.name, "sim");
}

static void without_what_io_uring_stands_on_epoll_is_chosen(void **state)
{
    chosen got = choose(NULL, EDDY__WITHOUT_IO_URING);

    (void)state;
    assert_string_equal(got.name, "epoll");
    assert_non_null(strstr(got.why, "forbidden"));
    got = choose(NULL, EDDY__WITHOUT_MULTISHOT_RECV);
    assert_string_equal(got.name, "epoll");
    assert_non_null(strstr(got.why, "multishot"));
    assert_int_equal(choose("io_uring", EDDY__WITHOUT_IO_URING).error, -EPERM);
    assert_int_equal(choose("io_uring", EDDY__WITHOUT_MULTISHOT_RECV).error, -EOPNOTSUPP);
}

/* What is chosen in a child after limit() has changed what it may do. */
static chosen choose_limited(void (*limit)(void), const char *name)
{
    chosen got = {.error = -EIO};
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        limit();
        got = choose(name, 0);
        _exit(write(ends[1], &got, sizeof got) == (ssize_t)sizeof got ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &got, sizeof got), sizeof got);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return got;
}

/* As a container's default profile does. */
static void forbid_io_uring(void)
{
    struct sock_filter filter[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
        {BPF_JMP | BPF_JGE | BPF_K, 0, 2, SYS_URING_FIRST},
        {BPF_JMP | BPF_JGT | BPF_K, 1, 0, SYS_URING_LAST},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(2);
}

/* The limit does not bind root. */
static void limit_locked_memory(rlim_t bytes)
{
    struct rlimit limit = {bytes, bytes};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (geteuid() == 0 && setuid(NOBODY) != 0))
        _exit(2);
}

static void lock_no_memory(void)
{
    limit_locked_memory(0);
}

static void lock_64_kib(void)
{
    limit_locked_memory(64 * 1024);
}

static void lock_8_mib(void)
{
    limit_locked_memory(8 * 1024 * 1024);
}

static void forbidden_system_call_means_epoll(void **state)
{
    chosen got = choose_limited(forbid_io_uring, NULL);

    (void)state;
    assert_int_equal(got.error, 0);
    assert_string_equal(got.name, "epoll");
    assert_non_null(strstr(got.why, "forbidden"));
    assert_int_equal(choose_limited(forbid_io_uring, "io_uring").error, -EPERM);
}

static void little_locked_memory_means_a_small_ring_or_epoll(void **state)
{
    chosen best = choose(NULL, 0);
    chosen got = choose_limited(lock_no_memory, NULL);

    (void)state;
    assert_int_equal(got.error, 0);
    got = choose_limited(lock_64_kib, NULL);
    assert_int_equal(got.error, 0);
    got = choose_limited(lock_8_mib, NULL);
    assert_int_equal(got.error, 0);
    assert_string_equal(got.name, best.name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_name_is_refused),
        cmocka_unit_test(name_decides_before_the_environment_decides_before_the_order),
        cmocka_unit_test(the_simulated_driver_is_had_by_name_alone),
        cmocka_unit_test(without_what_io_uring_stands_on_epoll_is_chosen),
        cmocka_unit_test(forbidden_system_call_means_epoll),
        cmocka_unit_test(little_locked_memory_means_a_small_ring_or_epoll),
    };

    (void)unsetenv("EDDY_DRIVER");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
