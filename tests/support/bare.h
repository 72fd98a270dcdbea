/* SPDX-License-Identifier: MIT */
/*
 * bare.h - the bare runs of the tests: with EDDY_TEST_BARE in the environment, a driver does
 * without every feature that it can do without, as on an old kernel. Everything must still pass.
 *
 * Not about features whose absence makes the driver give up; tests/driver/test_fallback.c is.
 */
#ifndef EDDY_TESTS_BARE_H
#define EDDY_TESTS_BARE_H

#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"

enum {
    BARE = EDDY__WITHOUT_INCREMENTAL | EDDY__WITHOUT_DEFER_TASKRUN |
           EDDY__WITHOUT_MULTISHOT_ACCEPT | EDDY__WITHOUT_EPOLL_PWAIT2 |
           EDDY__WITHOUT_MULTISHOT_TIMER | EDDY__WITHOUT_UNTOLD_SENDS,
};

/* What to leave off in this run. A number in place of "all" leaves off just these features. */
static inline uint32_t bare_without(void)
{
    const char *bare = getenv("EDDY_TEST_BARE");

    if (bare == NULL)
        return 0;
    return strcmp(bare, "all") == 0 ? (uint32_t)BARE : (uint32_t)strtoul(bare, NULL, 0);
}

#endif
