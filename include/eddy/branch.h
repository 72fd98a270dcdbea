/* SPDX-License-Identifier: MIT */
/*
 * eddy/branch.h - memory for branches: the parts of a task that are woken on their own. Opaque; they
 * stand as members in the embedded forms of join, select and scope, and have no verbs of their own.
 */
#ifndef EDDY_BRANCH_H
#define EDDY_BRANCH_H

#include "eddy/base.h"

EDDY_EXTERN_C_BEGIN

/** One child that is woken, asked to end and shielded on its own. All zero at first. */
typedef struct eddy_branch {
    void *reserved[11];
} eddy_branch;

/** The branches of one future. All zero at first. */
typedef struct eddy_branches {
    void *reserved[15];
} eddy_branches;

EDDY_EXTERN_C_END

#endif
