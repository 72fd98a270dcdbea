/* SPDX-License-Identifier: MIT */
/*
 * slice.c - eddy_slice: cutting is arithmetic on two numbers, writing begins with the question who else
 * refers to the memory. See eddy/slice.h.
 *
 * Bytes of a buffer that no slice shows belong to nobody, and whoever is alone may overwrite them: that
 * is what makes appending in place safe.
 */
#include "eddy/slice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/block.h"

/* ---- making one ---- */

int eddy_slice_new(const eddy_allocator *allocator, size_t room, eddy_slice *out)
{
    eddy_buf *buf;

    if (room > INT32_MAX)
        return -EMSGSIZE;
    buf = eddy_buf_new(allocator, room == 0 ? EDDY_SLICE_ROOM : room);
    if (buf == NULL)
        return -ENOMEM;
    *out = (eddy_slice){.buf = buf};
    return 0;
}

int eddy_slice_copy(const eddy_allocator *allocator, const void *data, size_t len, eddy_slice *out)
{
    eddy_slice made = {0};
    int error = len == 0 ? 0 : eddy_slice_new(allocator, len, &made);

    if (error != 0)
        return error;
    if (len > 0)
        memcpy(made.buf->data, data, len);
    made.len = (uint32_t)len;
    *out = made;
    return 0;
}

eddy_slice eddy_slice_of_buf(eddy_buf *buf, size_t from, size_t len)
{
    EDDY_ASSERT(from <= buf->size_bytes && len <= buf->size_bytes - from,
                "a slice of %zu bytes from byte %zu on is asked for of a buffer of %u", len, from,
                buf->size_bytes);
    return (eddy_slice){.buf = buf, .from = (uint32_t)from, .len = (uint32_t)len};
}

eddy_slice eddy_slice_clone(const eddy_slice *self)
{
    if (self->buf != NULL)
        (void)eddy_buf_retain(self->buf);
    return *self;
}

void eddy_slice_release(eddy_slice *self)
{
    eddy_buf_release(self->buf);
    *self = (eddy_slice){0};
}

/* ---- looking ---- */

eddy_bytes eddy_slice_bytes(const eddy_slice *self)
{
    return (eddy_bytes){self->buf == NULL ? NULL : self->buf->data + self->from, self->len};
}

eddy_buf *eddy_slice_buf(const eddy_slice *self, size_t *from)
{
    *from = self->from;
    return self->buf;
}

bool eddy_slice_equal(const eddy_slice *a, const eddy_slice *b)
{
    return a->len == b->len && eddy_slice_compare(a, b) == 0;
}

int eddy_slice_compare(const eddy_slice *a, const eddy_slice *b)
{
    size_t both = a->len < b->len ? a->len : b->len;
    int order = both == 0 ? 0 : memcmp(a->buf->data + a->from, b->buf->data + b->from, both);

    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

enum { TEXT_BYTES = 10, TEXT_MAX = 96 };

size_t eddy_slice_text(const eddy_slice *self, char *text, size_t size)
{
    unsigned room = self->buf == NULL ? 0 : self->buf->size_bytes;
    uint32_t shown = self->buf == NULL ? 0 : self->len < TEXT_BYTES ? self->len : TEXT_BYTES;
    char whole[TEXT_MAX];
    size_t len = (size_t)snprintf(whole, sizeof whole, "%u of %u bytes", self->len, room);

    for (uint32_t i = 0; i < shown; i++)
        len += (size_t)snprintf(whole + len, sizeof whole - len, "%s%02x", i == 0 ? ": " : " ",
                                self->buf->data[self->from + i]);
    if (self->len > TEXT_BYTES)
        len += (size_t)snprintf(whole + len, sizeof whole - len, " ...");
    if (size > 0)
        (void)snprintf(text, size, "%s", whole);
    return len;
}

/* ---- cutting ---- */

eddy_slice eddy_slice_sub(const eddy_slice *self, size_t from, size_t len)
{
    eddy_slice part = *self;

    EDDY_ASSERT(from <= self->len && len <= self->len - from,
                "bytes %zu to %zu are cut out of a slice of %u bytes", from, from + len, self->len);
    part.from += (uint32_t)from;
    part.len = (uint32_t)len;
    return eddy_slice_clone(&part);
}

eddy_slice eddy_slice_split_off(eddy_slice *self, size_t at)
{
    eddy_slice back;

    EDDY_ASSERT(at <= self->len, "a slice of %u bytes is split at byte %zu, %zu behind its end",
                self->len, at, at - self->len);
    back = eddy_slice_sub(self, at, self->len - at);
    self->len = (uint32_t)at;
    return back;
}

eddy_slice eddy_slice_split_to(eddy_slice *self, size_t at)
{
    eddy_slice front;

    EDDY_ASSERT(at <= self->len, "a slice of %u bytes is split at byte %zu, %zu behind its end",
                self->len, at, at - self->len);
    front = eddy_slice_sub(self, 0, at);
    eddy_slice_advance(self, at);
    return front;
}

void eddy_slice_advance(eddy_slice *self, size_t len)
{
    EDDY_ASSERT(len <= self->len, "a slice of %u bytes is advanced by %zu, %zu too many", self->len,
                len, len - self->len);
    self->from += (uint32_t)len;
    self->len -= (uint32_t)len;
}

void eddy_slice_truncate(eddy_slice *self, size_t len)
{
    EDDY_ASSERT(len <= self->len, "a slice of %u bytes is truncated to %zu, %zu more than it has",
                self->len, len, len - self->len);
    self->len = (uint32_t)len;
}

/* ---- writing ---- */

static void check_writable(const eddy_slice *self, const char *verb)
{
    EDDY_ASSERT(!self->frozen, "%s: the slice is frozen: copy it to write", verb);
}

static bool is_alone(const eddy_slice *self)
{
    return self->buf != NULL && eddy_buf_is_unique(self->buf);
}

/* To memory of its own, of `room` bytes. */
static int move_out(eddy_slice *self, size_t room)
{
    eddy_buf *buf = eddy_buf_new(self->buf == NULL ? NULL : &self->buf->of.allocator, room);

    if (buf == NULL)
        return -ENOMEM;
    if (self->len > 0)
        memcpy(buf->data, self->buf->data + self->from, self->len);
    eddy_buf_release(self->buf);
    self->buf = buf;
    self->from = 0;
    return 0;
}

/* Room before the bytes is used when it is as much as they are: then each byte is moved at most once for
 * each byte that was taken off the front. */
static bool shift(eddy_slice *self, size_t more)
{
    if (self->from < self->len || self->buf->size_bytes - self->len < more)
        return false;
    memmove(self->buf->data, self->buf->data + self->from, self->len);
    self->from = 0;
    return true;
}

static size_t room_for(size_t len, size_t more)
{
    size_t room = len + more > 2 * len ? len + more : 2 * len;

    if (room < EDDY_SLICE_ROOM)
        return EDDY_SLICE_ROOM;
    return room > INT32_MAX ? INT32_MAX : room;
}

int eddy_slice_reserve(eddy_slice *self, size_t more, unsigned char **room)
{
    bool alone = is_alone(self);

    check_writable(self, "eddy_slice_reserve");
    if (more > INT32_MAX - (size_t)self->len)
        return -EMSGSIZE;
    if (!(alone && self->buf->size_bytes - self->from - self->len >= more) &&
        !(alone && shift(self, more)) && move_out(self, room_for(self->len, more)) != 0)
        return -ENOMEM;
    *room = self->buf->data + self->from + self->len;
    return 0;
}

void eddy_slice_extend(eddy_slice *self, size_t len)
{
    size_t room;

    if (len == 0)
        return;
    check_writable(self, "eddy_slice_extend");
    EDDY_ASSERT(is_alone(self),
                "a slice is extended by %zu bytes whose memory is shared: reserve "
                "room first",
                len);
    room = self->buf->size_bytes - self->from - self->len;
    EDDY_ASSERT(len <= room, "a slice is extended by %zu bytes, behind it are %zu: %zu too many",
                len, room, len - room);
    self->len += (uint32_t)len;
}

static void check_source(const eddy_slice *self, const unsigned char *data)
{
    const eddy_buf *buf = self->buf;

    EDDY_ASSERT(buf == NULL || (uintptr_t)data - (uintptr_t)buf->data >= buf->size_bytes ||
                    !is_alone(self),
                "a slice is appended to itself: clone what is appended first");
}

int eddy_slice_append(eddy_slice *self, const void *data, size_t len)
{
    unsigned char *room;
    int error;

    check_writable(self, "eddy_slice_append");
    if (len == 0)
        return 0;
    check_source(self, data);
    error = eddy_slice_reserve(self, len, &room);
    if (error != 0)
        return error;
    memcpy(room, data, len);
    self->len += (uint32_t)len;
    return 0;
}

unsigned char *eddy_slice_own(eddy_slice *self)
{
    check_writable(self, "eddy_slice_own");
    if (self->buf == NULL)
        return NULL;
    if (!is_alone(self) &&
        move_out(self, self->len > EDDY_SLICE_ROOM ? self->len : EDDY_SLICE_ROOM) != 0)
        return NULL;
    return self->buf->data + self->from;
}

void eddy_slice_freeze(eddy_slice *self)
{
    self->frozen = true;
}
