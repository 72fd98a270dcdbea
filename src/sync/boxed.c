/* SPDX-License-Identifier: MIT */
/*
 * boxed.c - see boxed.h.
 */
#include "sync/boxed.h"

eddy_future *eddy__boxed_new(eddy_handle *handle, const eddy_type *type, struct eddy__boxed of)
{
    struct eddy__boxed *self;

    eddy__core_check(handle->core, type->name);
    self = eddy__future_new(handle->core, type);
    if (self == NULL)
        return eddy__future_failed(handle->core);
    self->object = of.object;
    self->in = of.in;
    self->out = of.out;
    self->need = of.need;
    return &self->frame;
}

void eddy__boxed_done(eddy_future *future)
{
    (void)future;
}
