/* SPDX-License-Identifier: MIT */
/*
 * select.c - which driver a loop gets. The only file that names the drivers; everything else asks
 * for what one can do. The order is by speed: io_uring where all it needs works, else epoll, which
 * works everywhere. The simulated one is no kernel: it is had by its name alone.
 */
#include "driver/driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Those of the kernel first. */
static const eddy__driver_type *const drivers[] = {&eddy__uring_driver, &eddy__epoll_driver,
                                                   &eddy__sim_driver};

enum { DRIVERS_N = sizeof drivers / sizeof drivers[0], KERNEL_DRIVERS_N = DRIVERS_N - 1 };

/* Why the fastest driver was passed over. */
static const char *why_not(int error)
{
    switch (error) {
    case -ENOSYS:
        return "this kernel has no io_uring";
    case -EPERM:
    case -EACCES:
        return "io_uring is forbidden here";
    case -ENOMEM:
        return "there is not enough memory for io_uring (see RLIMIT_MEMLOCK)";
    case -EMFILE:
    case -ENFILE:
        return "there was no free descriptor for io_uring";
    case -EOPNOTSUPP:
        return "this kernel's io_uring has no multishot receive into provided buffers";
    default:
        return "io_uring does not work here";
    }
}

/* Why the driver that was named does not work. */
static const char *why_not_named(const eddy__driver_type *type, int error)
{
    if (type == &eddy__uring_driver)
        return why_not(error);
    return type == &eddy__epoll_driver ? "epoll does not work here"
                                       : "there is not enough memory to simulate";
}

static int select_named(const char *name, const eddy__driver_options *options, eddy__driver **out,
                        const char **why)
{
    for (size_t i = 0; i < DRIVERS_N; i++) {
        if (strcmp(name, drivers[i]->name) == 0) {
            int error = drivers[i]->open(options, out);

            if (error < 0)
                *why = why_not_named(drivers[i], error);
            return error;
        }
    }
    *why = "no driver has that name; there are io_uring, epoll and sim";
    return -EINVAL;
}

static int select_best(const eddy__driver_options *options, eddy__driver **out, const char **why)
{
    int error = drivers[0]->open(options, out);

    if (error == 0) {
        *why = "io_uring was tried and works";
        return 0;
    }
    *why = why_not(error);
    for (size_t i = 1; error < 0 && i < KERNEL_DRIVERS_N; i++)
        error = drivers[i]->open(options, out);
    return error;
}

int eddy__driver_select(const char *name, const eddy__driver_options *options, eddy__driver **out,
                        const char **why)
{
    const char *wanted = name;

    if (wanted != NULL) {
        *why = "the program asked for it by name";
        return select_named(wanted, options, out, why);
    }
    wanted = getenv("EDDY_DRIVER");
    if (wanted != NULL && wanted[0] != '\0') {
        *why = "EDDY_DRIVER in the environment names it";
        return select_named(wanted, options, out, why);
    }
    return select_best(options, out, why);
}
