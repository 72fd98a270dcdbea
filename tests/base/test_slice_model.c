/* SPDX-License-Identifier: MIT */
/*
 * test_slice_model.c - slices beside plain copies of what they should show: whatever is done to one, and
 * whichever allocation fails, none ever changes because of another.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eddy/slice.h"
#include "support/heap.h"

enum { SLICES = 6, MOST = 40000, STEPS = 60000 };

static struct model {
    eddy_slice slice;
    unsigned char data[MOST];
    size_t len;
} models[SLICES];

static struct test_heap heap;
static uint32_t seed;

static size_t below(size_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return limit > 0 ? (seed >> 8) % limit : 0;
}

static void check_error(int error)
{
    assert_int_equal(error, -ENOMEM);
    assert_true(atomic_load(&heap.fail_at) >= 0);
}

static void append(struct model *self, struct model *other, size_t at)
{
    unsigned char bytes[300];
    size_t len = below(sizeof bytes);
    int error;

    (void)other;
    (void)at;
    if (self->len + len > MOST)
        return;
    memset(bytes, (int)below(256), sizeof bytes);
    error = eddy_slice_append(&self->slice, bytes, len);
    if (error != 0) {
        check_error(error);
        return;
    }
    memcpy(self->data + self->len, bytes, len);
    self->len += len;
}

/* Half of what was reserved is filled. */
static void reserve(struct model *self, struct model *other, size_t at)
{
    unsigned char *room = NULL;
    size_t more = 2 + below(9000);
    int error;

    (void)other;
    (void)at;
    if (self->len + more > MOST)
        return;
    error = eddy_slice_reserve(&self->slice, more, &room);
    if (error != 0) {
        check_error(error);
        return;
    }
    memset(room, (int)more & 255, more);
    memset(self->data + self->len, (int)more & 255, more / 2);
    eddy_slice_extend(&self->slice, more / 2);
    self->len += more / 2;
}

static void cut_front(struct model *self, size_t at)
{
    memmove(self->data, self->data + at, self->len - at);
    self->len -= at;
}

static void becomes(struct model *self, eddy_slice slice, const unsigned char *data, size_t len)
{
    eddy_slice_release(&self->slice);
    self->slice = slice;
    memcpy(self->data, data, len);
    self->len = len;
}

static void split_off(struct model *self, struct model *other, size_t at)
{
    if (self == other)
        return;
    becomes(other, eddy_slice_split_off(&self->slice, at), self->data + at, self->len - at);
    self->len = at;
}

static void split_to(struct model *self, struct model *other, size_t at)
{
    if (self == other)
        return;
    becomes(other, eddy_slice_split_to(&self->slice, at), self->data, at);
    cut_front(self, at);
}

static void sub(struct model *self, struct model *other, size_t at)
{
    if (self != other)
        becomes(other, eddy_slice_sub(&self->slice, at, self->len - at), self->data + at,
                self->len - at);
}

static void write_own(struct model *self, struct model *other, size_t at)
{
    unsigned char *own = eddy_slice_own(&self->slice);

    (void)other;
    (void)at;
    if (own == NULL) {
        assert_true(self->len == 0 || atomic_load(&heap.fail_at) >= 0);
        return;
    }
    for (size_t i = 0; i < self->len; i += 7)
        own[i] = self->data[i] = (unsigned char)(self->data[i] + 1);
}

static void advance(struct model *self, struct model *other, size_t at)
{
    (void)other;
    eddy_slice_advance(&self->slice, at);
    cut_front(self, at);
}

static void truncate_at(struct model *self, struct model *other, size_t at)
{
    (void)other;
    eddy_slice_truncate(&self->slice, at);
    self->len = at;
}

static void (*const verbs[])(struct model *self, struct model *other, size_t at) = {
    append, append, reserve, split_off, split_to, sub, write_own, advance, truncate_at};

static void check_all(int step)
{
    for (int i = 0; i < SLICES; i++) {
        eddy_bytes bytes = eddy_slice_bytes(&models[i].slice);

        assert_int_equal(bytes.len, models[i].len);
        if (bytes.len > 0 && memcmp(bytes.data, models[i].data, bytes.len) != 0)
            fail_msg("step %d: slice %d shows something else", step, i);
    }
}

static void no_slice_changes_because_of_another(void **state)
{
    eddy_allocator allocator;

    (void)state;
    seed = 12345;
    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    for (int i = 0; i < SLICES; i++)
        assert_int_equal(eddy_slice_new(&allocator, i % 2 != 0 ? 16 : 0, &models[i].slice), 0);
    for (int step = 0; step < STEPS; step++) {
        struct model *self = &models[below(SLICES)], *other = &models[below(SLICES)];
        bool fails = below(7) == 0;

        atomic_store(&heap.fail_at, fails ? atomic_load(&heap.calls) : -1);
        verbs[below(sizeof verbs / sizeof *verbs)](self, other, below(self->len + 1));
        check_all(step);
    }
    for (int i = 0; i < SLICES; i++)
        eddy_slice_release(&models[i].slice);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_slice_changes_because_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
