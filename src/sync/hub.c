/* SPDX-License-Identifier: MIT */
/*
 * hub.c - see hub.h.
 */
#include "sync/hub.h"

#include <errno.h>

void eddy__hub_init(eddy__hub *self, eddy__values values)
{
    eddy__line_init(&self->line, &self->sync, 0);
    self->values = values;
    self->values.sync = &self->sync;
    self->senders = self->receivers = 1;
    self->refs = 2;
}

void eddy__hub_add_sender(eddy__hub *self)
{
    eddy__sync_lock(&self->sync);
    self->senders++;
    self->refs++;
    eddy__sync_unlock(&self->sync);
}

bool eddy__hub_drop_sender(eddy__hub *self)
{
    eddy__wakeups wakeups;

    eddy__wakeups_init(&wakeups);
    eddy__sync_lock(&self->sync);
    if (--self->senders == 0)
        eddy__wakeups_all(&wakeups, &self->line);
    eddy__sync_leave(&self->sync, &wakeups);
    return eddy__hub_release(self);
}

void eddy__hub_add_receiver(eddy__hub *self)
{
    self->receivers++;
    self->refs++;
}

bool eddy__hub_release(eddy__hub *self)
{
    bool gone;

    eddy__sync_lock(&self->sync);
    gone = --self->refs == 0;
    eddy__sync_unlock(&self->sync);
    return gone;
}

bool eddy__hub_is_closed(eddy__hub *self)
{
    bool closed;

    eddy__sync_lock(&self->sync);
    closed = self->receivers == 0;
    eddy__sync_unlock(&self->sync);
    return closed;
}

int eddy__hub_no_value(const eddy__hub *self)
{
    return self->sync.shared == NULL && self->sync.core->gone ? EDDY_LOOP_GONE : -ENOMEM;
}

void eddy__hub_give_back(eddy__hub *self, eddy__value *value)
{
    eddy__value *retired = NULL;

    eddy__sync_lock(&self->sync);
    eddy__value_release(value, &retired);
    eddy__sync_unlock(&self->sync);
    eddy__values_retire(&self->values, retired);
}
