/* SPDX-License-Identifier: MIT */
/*
 * chain_steps.c - the public constructors of a chain's steps; what the steps do is in chain.c.
 */
#include "future/future.h"

eddy_future *eddy_then(eddy_future *input,
                       eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result value),
                       void *arg)
{
    const eddy__step step = {
        .fn.next = next, .arg = arg, .action = EDDY__STEP_NEXT, .on = EDDY__ON_BOTH};

    return eddy__chain_add(input, step, "eddy_then");
}

eddy_future *eddy_and_then(eddy_future *input,
                           eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result value),
                           void *arg)
{
    const eddy__step step = {
        .fn.next = next, .arg = arg, .action = EDDY__STEP_NEXT, .on = EDDY__ON_SUCCESS};

    return eddy__chain_add(input, step, "eddy_and_then");
}

eddy_future *eddy_or_else(eddy_future *input,
                          eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result error),
                          void *arg)
{
    const eddy__step step = {
        .fn.next = next, .arg = arg, .action = EDDY__STEP_NEXT, .on = EDDY__ON_ERROR};

    return eddy__chain_add(input, step, "eddy_or_else");
}

eddy_future *eddy_map(eddy_future *input, eddy_result (*map)(void *arg, eddy_result value),
                      void *arg)
{
    const eddy__step step = {
        .fn.map = map, .arg = arg, .action = EDDY__STEP_MAP, .on = EDDY__ON_SUCCESS};

    return eddy__chain_add(input, step, "eddy_map");
}

eddy_future *eddy_map_err(eddy_future *input, eddy_result (*map)(void *arg, eddy_result error),
                          void *arg)
{
    const eddy__step step = {
        .fn.map = map, .arg = arg, .action = EDDY__STEP_MAP, .on = EDDY__ON_ERROR};

    return eddy__chain_add(input, step, "eddy_map_err");
}

eddy_future *eddy_inspect(eddy_future *input, void (*look)(void *arg, eddy_result value), void *arg)
{
    const eddy__step step = {
        .fn.look = look, .arg = arg, .action = EDDY__STEP_LOOK, .on = EDDY__ON_SUCCESS};

    return eddy__chain_add(input, step, "eddy_inspect");
}

eddy_future *eddy_inspect_err(eddy_future *input, void (*look)(void *arg, eddy_result error),
                              void *arg)
{
    const eddy__step step = {
        .fn.look = look, .arg = arg, .action = EDDY__STEP_LOOK, .on = EDDY__ON_ERROR};

    return eddy__chain_add(input, step, "eddy_inspect_err");
}

eddy_future *eddy_finally(eddy_future *input, void (*release)(void *arg), void *arg)
{
    const eddy__step step = {
        .fn.release = release, .arg = arg, .action = EDDY__STEP_RELEASE, .on = EDDY__ON_BOTH};

    return eddy__chain_add(input, step, "eddy_finally");
}

eddy_future *eddy_flatten(eddy_future *input, eddy_future **inner)
{
    const eddy__step step = {.fn.inner = inner, .action = EDDY__STEP_FLATTEN, .on = EDDY__ON_BOTH};

    *inner = NULL;
    return eddy__chain_add(input, step, "eddy_flatten");
}
