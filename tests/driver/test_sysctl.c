/* SPDX-License-Identifier: MIT */
/* eddy-test: alone long */
/*
 * test_sysctl.c - io_uring forbidden to ordinary users by the administrator, kernel.io_uring_disabled:
 * the loop runs on epoll and says why, and asking for io_uring by name is refused.
 *
 * It changes that setting of the whole machine for a moment, to the stricter value, so it has to be
 * allowed by EDDY_TEST_SYSCTL=1 in the environment; else, and for who is not root, it is skipped.
 * The same answer of the kernel, EPERM, is given by a filter in test_fallback.c on every run.
 */
#include "support/driver_world.h"

#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, SKIPPED = 77, FINE = 23 };

static const char path[] = "/proc/sys/kernel/io_uring_disabled";

/* The setting, or -1. */
static int setting(void)
{
    FILE *file = fopen(path, "r");
    int value = -1;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%d", &value) != 1)
        value = -1;
    (void)fclose(file);
    return value;
}

static bool set(int value)
{
    FILE *file = fopen(path, "w");
    bool done;

    if (file == NULL)
        return false;
    done = fprintf(file, "%d\n", value) > 0;
    return fclose(file) == 0 && done;
}

static int as_nobody(void)
{
    eddy_core *core = NULL;

    if (setuid(NOBODY) != 0)
        return 2;
    if (eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver = "io_uring"), &core) != -EPERM)
        return 3;
    if (eddy_core_new(NULL, &core) != 0)
        return 4;
    if (strcmp(eddy_core_driver_name(core), "epoll") != 0 ||
        strstr(eddy_core_driver_reason(core), "forbidden") == NULL)
        return 5;
    return eddy_core_free(core) == 0 ? FINE : 6;
}

static void a_sysctl_that_forbids_io_uring_means_epoll_and_a_reason(void **state)
{
    int before = setting(), status = 0;
    pid_t child;

    (void)state;
    assert_true(before != 0 || set(1));
    child = fork();
    if (child == 0)
        _exit(as_nobody());
    (void)waitpid(child, &status, 0);
    if (before == 0)
        assert_true(set(0));
    assert_true(child > 0 && WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sysctl_that_forbids_io_uring_means_epoll_and_a_reason),
    };
    const char *allowed = getenv("EDDY_TEST_SYSCTL");

    (void)unsetenv("EDDY_DRIVER");
    if (setting() < 0 || geteuid() != 0 ||
        (setting() == 0 && (allowed == NULL || strcmp(allowed, "1") != 0))) {
        printf("skipped: it needs root, %s and EDDY_TEST_SYSCTL=1\n", path);
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
