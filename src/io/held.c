/* SPDX-License-Identifier: MIT */
/*
 * held.c - see held.h.
 */
#include "io/held.h"

#include <string.h>

enum { ROOM_LEAST = 512 };

static bool grow(eddy__held *self, eddy_core *core, size_t more)
{
    size_t room = self->len + more > 2 * self->len ? self->len + more : 2 * self->len;
    unsigned char *memory;

    if (room < ROOM_LEAST)
        room = ROOM_LEAST;
    memory = eddy__slab_alloc(&core->slab, room);
    if (memory == NULL)
        return false;
    if (self->len > 0)
        memcpy(memory, self->memory + self->at, self->len);
    eddy__slab_free(&core->slab, self->memory, self->room);
    self->memory = memory;
    self->room = room;
    self->at = 0;
    return true;
}

/* Bytes are moved to the beginning when at least as many were taken off before them: then each is moved
 * once at most for each that was taken. */
bool eddy__held_reserve(eddy__held *self, eddy_core *core, size_t more)
{
    if (self->room - self->at - self->len >= more)
        return true;
    if (self->at < self->len || self->room - self->len < more)
        return grow(self, core, more);
    memmove(self->memory, self->memory + self->at, self->len);
    self->at = 0;
    return true;
}

void eddy__held_append(eddy__held *self, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(self->memory + self->at + self->len, data, len);
    self->len += len;
}

void eddy__held_consume(eddy__held *self, size_t len)
{
    self->at += len;
    self->len -= len;
    if (self->len == 0)
        self->at = 0;
}

void eddy__held_free(eddy__held *self, eddy_core *core)
{
    if (self->memory != NULL)
        eddy__core_object_free(core, self->memory, self->room);
    *self = (eddy__held){0};
}
