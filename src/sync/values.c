/* SPDX-License-Identifier: MIT */
/*
 * values.c - see values.h.
 */
#include "sync/values.h"

#include <string.h>

static size_t value_bytes(const eddy__values *self)
{
    return sizeof(eddy__value) + self->item_bytes;
}

static eddy__value *take_spare(eddy__values *self)
{
    eddy__value *value;

    eddy__sync_lock(self->sync);
    value = self->spare;
    if (value != NULL) {
        self->spare = value->next;
        self->spares--;
    }
    eddy__sync_unlock(self->sync);
    return value;
}

eddy__value *eddy__value_new(eddy__values *self, const void *item)
{
    eddy__value *value = take_spare(self);

    if (value == NULL)
        value = eddy__sync_alloc(self->sync, value_bytes(self));
    if (value == NULL)
        return NULL;
    value->next = NULL;
    value->refs = 1;
    memcpy(value->item, item, self->item_bytes);
    return value;
}

void eddy__value_forget(eddy__values *self, eddy__value *value)
{
    bool kept;

    eddy__sync_lock(self->sync);
    kept = self->spares < self->spares_max;
    if (kept) {
        value->next = self->spare;
        self->spare = value;
        self->spares++;
    }
    eddy__sync_unlock(self->sync);
    if (!kept)
        eddy__sync_release(self->sync, value, value_bytes(self));
}

void eddy__value_release(eddy__value *value, eddy__value **retired)
{
    if (--value->refs > 0)
        return;
    value->next = *retired;
    *retired = value;
}

void eddy__values_retire(eddy__values *self, eddy__value *retired)
{
    while (retired != NULL) {
        eddy__value *value = retired;

        retired = value->next;
        if (self->drop_item != NULL)
            self->drop_item(self->arg, value->item);
        eddy__value_forget(self, value);
    }
}

void eddy__value_copy(const eddy__values *self, const eddy__value *value, void *to)
{
    if (self->copy_item != NULL)
        self->copy_item(self->arg, to, value->item);
    else
        memcpy(to, value->item, self->item_bytes);
}

void eddy__values_deinit(eddy__values *self)
{
    while (self->spare != NULL) {
        eddy__value *value = self->spare;

        self->spare = value->next;
        eddy__sync_release(self->sync, value, value_bytes(self));
    }
}
