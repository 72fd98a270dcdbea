/* SPDX-License-Identifier: MIT */
/*
 * group_world.h - what the tests of groups share.
 */
#ifndef EDDY_TESTS_GROUP_WORLD_H
#define EDDY_TESTS_GROUP_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "eddy/group.h"

#define MS EDDY_MILLISECOND

static inline eddy_group *new_group(eddy_core *core, eddy_group_options options)
{
    eddy_group *group = NULL;

    options.size_bytes = sizeof options;
    assert_int_equal(eddy_group_new(eddy_core_handle(core), &options, &group), 0);
    return group;
}

static inline eddy_group_report report_of(const eddy_group *group)
{
    eddy_group_report report;

    memset(&report, 0xa5, sizeof report);
    eddy_group_report_get(group, &report);
    return report;
}

#define spawn(group, ...) assert_int_equal(eddy_group_spawn((group), EDDY_FUTURE(__VA_ARGS__)), 0)

#endif
