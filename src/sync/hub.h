/* SPDX-License-Identifier: MIT */
/*
 * hub.h - what watch and broadcast have in common: values that senders give to all receivers. Both
 * sides are counted, and so is who still needs the struct: senders that are being given back, senders
 * and receivers. First member of both.
 */
#ifndef EDDY__SYNC_HUB_H
#define EDDY__SYNC_HUB_H

#include "sync/queue.h"
#include "sync/values.h"

typedef struct eddy__hub {
    eddy__sync sync;
    eddy__line line; /* of receivers */
    eddy__values values;
    uint32_t senders, receivers, refs;
} eddy__hub;

/* One sender, one receiver. `values` but for its `sync`. */
void eddy__hub_init(eddy__hub *self, eddy__values values);
void eddy__hub_add_sender(eddy__hub *self);
/* One sender fewer; true: nobody needs the struct any more, free it. */
bool eddy__hub_drop_sender(eddy__hub *self);
/* Locked. */
void eddy__hub_add_receiver(eddy__hub *self);
/* Whoever it was needs the struct no more; true: nobody does, free it. */
bool eddy__hub_release(eddy__hub *self);
/* No receiver is left. */
bool eddy__hub_is_closed(eddy__hub *self);
/* Why there was no value: -ENOMEM, EDDY_LOOP_GONE. */
int eddy__hub_no_value(const eddy__hub *self);
/* Give back a reference to a value. Not under the lock. */
void eddy__hub_give_back(eddy__hub *self, eddy__value *value);

#endif
