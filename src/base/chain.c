/* SPDX-License-Identifier: MIT */
/*
 * chain.c - eddy_chain: a ring of slices and the sum of their bytes. See eddy/chain.h; what writes one
 * is in io/write_chain.c.
 */
#include "eddy/chain.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/assert.h"

enum { ROOM_FIRST = 8 };

static const eddy_allocator *allocator_of(const eddy_chain *self)
{
    return eddy__allocator_or_malloc(self->allocator.alloc == NULL ? NULL : &self->allocator);
}

static eddy_slice *place(const eddy_chain *self, size_t at)
{
    return &self->places[(self->first + at) & (self->room - 1)];
}

void eddy_chain_init(eddy_chain *self, const eddy_allocator *allocator)
{
    *self = (eddy_chain){.allocator = *eddy__allocator_or_malloc(allocator)};
}

static void drop_first(eddy_chain *self)
{
    eddy_slice first = eddy_chain_pop_front(self);

    eddy_slice_release(&first);
}

void eddy_chain_deinit(eddy_chain *self)
{
    while (self->count > 0)
        drop_first(self);
    eddy__free(allocator_of(self), self->places, self->room * sizeof *self->places);
    *self = (eddy_chain){.allocator = self->allocator};
}

/* ---- putting in ---- */

static int make_room(eddy_chain *self)
{
    uint32_t room = self->room == 0 ? ROOM_FIRST : 2 * self->room;
    eddy_slice *places;

    if (self->count < self->room)
        return 0;
    places = eddy__alloc(allocator_of(self), room * sizeof *places);
    if (places == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < self->count; i++)
        places[i] = *place(self, i);
    eddy__free(allocator_of(self), self->places, self->room * sizeof *places);
    self->places = places;
    self->room = room;
    self->first = 0;
    return 0;
}

/* True: there is no more to do, and *error is the answer. */
static bool is_settled(eddy_chain *self, eddy_slice *slice, int *error)
{
    *error = 0;
    if (eddy_slice_bytes(slice).len == 0) {
        eddy_slice_release(slice);
        return true;
    }
    *error = make_room(self);
    return *error != 0;
}

static void put(eddy_chain *self, size_t at, eddy_slice *slice)
{
    *place(self, at) = *slice;
    self->count++;
    self->len += eddy_slice_bytes(slice).len;
    *slice = (eddy_slice){0};
}

int eddy_chain_push_back(eddy_chain *self, eddy_slice *slice)
{
    int error;

    if (!is_settled(self, slice, &error))
        put(self, self->count, slice);
    return error;
}

int eddy_chain_push_front(eddy_chain *self, eddy_slice *slice)
{
    int error;

    if (is_settled(self, slice, &error))
        return error;
    self->first = (self->first - 1) & (self->room - 1);
    put(self, 0, slice);
    return 0;
}

/* ---- taking out ---- */

eddy_slice eddy_chain_pop_front(eddy_chain *self)
{
    eddy_slice slice = {0};

    if (self->count == 0)
        return slice;
    slice = *place(self, 0);
    self->first = (self->first + 1) & (self->room - 1);
    self->count--;
    self->len -= eddy_slice_bytes(&slice).len;
    return slice;
}

void eddy_chain_consume(eddy_chain *self, size_t len)
{
    EDDY_ASSERT(len <= self->len, "%zu bytes are consumed of a chain of %zu, %zu too many", len,
                self->len, len - self->len);
    while (len > 0 && len >= eddy_slice_bytes(place(self, 0)).len) {
        len -= eddy_slice_bytes(place(self, 0)).len;
        drop_first(self);
    }
    if (len > 0) {
        eddy_slice_advance(place(self, 0), len);
        self->len -= len;
    }
}

/* ---- looking ---- */

size_t eddy_chain_len(const eddy_chain *self)
{
    return self->len;
}

size_t eddy_chain_count(const eddy_chain *self)
{
    return self->count;
}

const eddy_slice *eddy_chain_at(const eddy_chain *self, size_t at)
{
    EDDY_ASSERT(at < self->count, "slice %zu is asked for of a chain of %u", at, self->count);
    return place(self, at);
}

size_t eddy_chain_parts(const eddy_chain *self, eddy_bytes *parts, size_t max)
{
    size_t count = self->count < max ? self->count : max;

    for (size_t i = 0; i < count; i++)
        parts[i] = eddy_slice_bytes(place(self, i));
    return count;
}
