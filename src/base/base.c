/* SPDX-License-Identifier: MIT */
/*
 * base.c - the two functions of eddy/base.h: is a result an error, and which version is loaded.
 * Names and texts of errors are in error.c.
 */
#include "eddy/base.h"

bool eddy_is_error(eddy_result result)
{
    return result < 0 && result != EDDY_PENDING;
}

uint32_t eddy_version(void)
{
    return EDDY_VERSION;
}
