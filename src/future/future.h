/* SPDX-License-Identifier: MIT */
/*
 * future.h - the inside of chains (chain.c): one boxed future that has a current future and a list
 * of what is to be done afterwards. All that eddy/compose.h puts in sequence is one: its sources
 * ready, lazy and loop too, so that what a callback gives can be joined into the chain that called.
 */
#ifndef EDDY__FUTURE_H
#define EDDY__FUTURE_H

#include "eddy/compose.h"
#include "reactor/core.h"

/* What a step does. */
typedef enum eddy__step_action {
    EDDY__STEP_NEXT,    /* go on with another future */
    EDDY__STEP_MAKE,    /* the same, whatever the value was */
    EDDY__STEP_MAP,     /* another value */
    EDDY__STEP_LOOK,    /* just look */
    EDDY__STEP_RELEASE, /* the one that runs in all cases */
    EDDY__STEP_FLATTEN, /* go on with the future in *inner */
    EDDY__STEP_LOOP,    /* make, and stay, as long as the value is EDDY_CONTINUE */
} eddy__step_action;

/* After what: others are left out. */
enum {
    EDDY__ON_SUCCESS = 1 << 0,
    EDDY__ON_ERROR = 1 << 1,
    EDDY__ON_BOTH = EDDY__ON_SUCCESS | EDDY__ON_ERROR,
};

/* Of the loop's slab, two to a cache line. */
typedef struct eddy__step {
    struct eddy__step *after;
    union {
        eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result value);
        eddy_future *(*make)(void *arg, eddy_handle *handle);
        eddy_result (*map)(void *arg, eddy_result value);
        void (*look)(void *arg, eddy_result value);
        void (*release)(void *arg);
        eddy_future **inner;
    } fn;
    void *arg;
    uint8_t action; /* eddy__step_action */
    uint8_t on;
} eddy__step;

typedef struct eddy__chain {
    EDDY_FRAME;
    eddy_core *core;
    eddy_future *current;     /* boxed, a child; NULL between steps */
    eddy__step *first, *last; /* the latter until the first poll */
    eddy_result value;        /* of what ended last */
} eddy__chain;

/* A chain without steps: ends with `value`. NULL: no memory. */
eddy__chain *eddy__chain_new(eddy_core *core, const eddy_type *type, eddy_result value);
/* Put a step on a future, which is or becomes a chain. As the public constructors: never fails. */
eddy_future *eddy__chain_add(eddy_future *input, eddy__step step, const char *verb);

/* Take back the only child of a future, which adopted it and has not polled it; NULL, or a static one:
 * there is nothing to take back. The opposite of eddy_future_adopt(). */
static inline void eddy__future_disown(eddy_future *parent, eddy_future *child)
{
    if (parent->child == NULL)
        return;
    parent->child = NULL;
    child->state &= ~(uint32_t)EDDY__FUTURE_LINKED;
}

/* They differ in their names only. */
extern const eddy_type eddy__ready_type, eddy__lazy_type, eddy__loop_type;

#endif
