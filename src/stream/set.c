/* SPDX-License-Identifier: MIT */
/*
 * set.c - see set.h. An entry's memory stays until it is told, or until the stream is done: its future
 * may look at what lies behind it in its own `done`.
 */
#include "stream/set.h"

_Static_assert(sizeof(eddy__entry) % 16 == 0, "what lies behind an entry is aligned to 16");

void eddy__entries_init(eddy__entries *self, eddy_core *core, bool ordered)
{
    self->core = core;
    eddy__branches_init(&self->set);
    eddy__list_init(&self->line);
    self->ordered = ordered;
}

static eddy__entry *entry_of_branch(eddy__branch *branch)
{
    return EDDY__CONTAINER(branch, eddy__entry, branch);
}

static eddy__entry *entry_of_place(eddy__node *place)
{
    return EDDY__CONTAINER(place, eddy__entry, place);
}

eddy__entry *eddy__entry_new(eddy__entries *self, size_t payload_bytes)
{
    eddy_core *core = self->core;
    eddy__entry *entry = NULL;

    if (!core->gone && payload_bytes <= SIZE_MAX - sizeof *entry)
        entry = eddy__slab_alloc(&core->slab, sizeof *entry + payload_bytes);
    if (entry == NULL)
        return NULL;
    entry->bytes = sizeof *entry + payload_bytes;
    entry->result = EDDY_PENDING;
    eddy__list_init(&entry->place);
    eddy__branch_init(&entry->branch, core);
    self->count++;
    return entry;
}

void eddy__entry_start(eddy__entries *self, eddy__entry *entry, eddy_future *future, bool hurry)
{
    entry->future = future;
    if (self->ordered)
        eddy__list_append(&self->line, &entry->place);
    eddy__branches_add(&self->set, &entry->branch);
    if (hurry)
        eddy__branches_hurry(&self->set, &entry->branch);
}

void eddy__entry_start_ended(eddy__entries *self, eddy__entry *entry, eddy_result result)
{
    entry->result = result;
    eddy__list_append(&self->line, &entry->place);
}

void eddy__entry_poll(eddy__entries *self, eddy__branch *branch, eddy_task *task)
{
    eddy__entry *entry = entry_of_branch(branch);
    eddy_result result = eddy__branch_poll(branch, entry->future, task);

    if (result == EDDY_PENDING)
        return;
    entry->future = NULL;
    entry->result = result;
    eddy__branches_remove(branch);
    if (!self->ordered)
        eddy__list_append(&self->line, &entry->place);
}

eddy__entry *eddy__entries_first(const eddy__entries *self)
{
    return eddy__list_empty(&self->line) ? NULL : entry_of_place(self->line.next);
}

eddy__entry *eddy__entries_first_ended(const eddy__entries *self)
{
    eddy__entry *first = eddy__entries_first(self);

    return first != NULL && first->result != EDDY_PENDING ? first : NULL;
}

void eddy__entry_free(eddy__entries *self, eddy__entry *entry)
{
    eddy__list_remove(&entry->place);
    self->count--;
    eddy__core_object_free(self->core, entry, entry->bytes);
}

eddy_future *eddy__entry_take(eddy__entries *self, eddy__branch *branch)
{
    eddy__entry *entry = entry_of_branch(branch);
    eddy_future *future = entry->future;

    entry->future = NULL;
    eddy__branch_close(branch);
    eddy__branches_remove(branch);
    if (!self->ordered)
        eddy__list_append(&self->line, &entry->place);
    return future;
}

void eddy__entries_end(eddy__entries *self)
{
    while (!eddy__list_empty(&self->line))
        eddy__entry_free(self, entry_of_place(self->line.next));
}
