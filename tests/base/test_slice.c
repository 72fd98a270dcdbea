/* SPDX-License-Identifier: MIT */
/* eddy-test: threads */
/*
 * test_slice.c - slices: what is cut, what is copied, and that no slice ever changes because of another.
 * The tests of EasyBuf (tokio-core's io/frame.rs) are here under their names.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "eddy/slice.h"
#include "support/death.h"
#include "support/heap.h"

static struct test_heap heap;
static eddy_allocator allocator;

static int begin(void **state)
{
    (void)state;
    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    return 0;
}

/* Everything has come back. */
static int end(void **state)
{
    (void)state;
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return 0;
}

static long allocations(void)
{
    return atomic_load(&heap.calls);
}

static eddy_slice slice_of(const char *text)
{
    eddy_slice slice = {0};

    assert_int_equal(eddy_slice_copy(&allocator, text, strlen(text), &slice), 0);
    return slice;
}

static void assert_shows(const eddy_slice *slice, const char *text)
{
    eddy_bytes bytes = eddy_slice_bytes(slice);

    assert_int_equal(bytes.len, strlen(text));
    if (bytes.len > 0)
        assert_memory_equal(bytes.data, text, bytes.len);
}

static void append(eddy_slice *slice, const char *text)
{
    assert_int_equal(eddy_slice_append(slice, text, strlen(text)), 0);
}

/* ---- making ---- */

static void a_slice_of_nothing_needs_no_memory_and_can_be_cut_and_released(void **state)
{
    eddy_slice none = {0}, copy, part;

    (void)state;
    assert_int_equal(eddy_slice_copy(&allocator, NULL, 0, &none), 0);
    copy = eddy_slice_clone(&none);
    part = eddy_slice_split_off(&copy, 0);
    assert_null(eddy_slice_bytes(&part).data);
    assert_null(eddy_slice_own(&part));
    assert_true(eddy_slice_equal(&part, &none));
    eddy_slice_release(&none);
    eddy_slice_release(&copy);
    eddy_slice_release(&part);
    assert_int_equal(allocations(), 0);
}

static void a_slice_of_a_buffer_takes_over_its_reference(void **state)
{
    eddy_buf *buf = eddy_buf_new(&allocator, 6);
    eddy_slice slice;
    size_t from;

    (void)state;
    assert_non_null(buf);
    memcpy(eddy_buf_data(buf), "abcdef", 6);
    slice = eddy_slice_of_buf(buf, 1, 4);
    assert_shows(&slice, "bcde");
    assert_ptr_equal(eddy_slice_buf(&slice, &from), buf);
    assert_int_equal(from, 1);
    eddy_slice_release(&slice);
    assert_null(eddy_slice_buf(&slice, &from));
}

static void more_than_a_buffer_can_hold_is_refused(void **state)
{
    eddy_slice slice = {0};
    unsigned char *room = NULL;

    (void)state;
    assert_int_equal(eddy_slice_new(&allocator, (size_t)INT32_MAX + 1, &slice), -EMSGSIZE);
    assert_int_equal(eddy_slice_copy(&allocator, "", (size_t)INT32_MAX + 1, &slice), -EMSGSIZE);
    slice = slice_of("a");
    assert_int_equal(eddy_slice_reserve(&slice, INT32_MAX, &room), -EMSGSIZE);
    assert_null(room);
    assert_shows(&slice, "a");
    eddy_slice_release(&slice);
}

/* ---- cutting ---- */

static void cutting_copies_nothing_and_leaves_the_other_part(void **state)
{
    eddy_slice all = slice_of("hello, world");
    const unsigned char *at = eddy_slice_bytes(&all).data;
    eddy_slice front = eddy_slice_split_to(&all, 5);
    eddy_slice back = eddy_slice_split_off(&all, 2);
    eddy_slice part = eddy_slice_sub(&back, 1, 3);

    (void)state;
    assert_shows(&front, "hello");
    assert_shows(&all, ", ");
    assert_shows(&back, "world");
    assert_shows(&part, "orl");
    assert_ptr_equal(eddy_slice_bytes(&part).data, at + 8);
    eddy_slice_advance(&back, 4);
    eddy_slice_truncate(&front, 1);
    assert_shows(&back, "d");
    assert_shows(&front, "h");
    assert_int_equal(allocations(), 1);
    eddy_slice_release(&all);
    eddy_slice_release(&front);
    eddy_slice_release(&back);
    assert_shows(&part, "orl"); /* the last one keeps the memory */
    eddy_slice_release(&part);
}

static void a_slice_may_be_cut_at_both_of_its_ends(void **state)
{
    eddy_slice all = slice_of("ab");
    eddy_slice none = eddy_slice_split_to(&all, 0), whole;

    (void)state;
    assert_shows(&none, "");
    whole = eddy_slice_split_to(&all, 2);
    assert_shows(&whole, "ab");
    assert_shows(&all, "");
    eddy_slice_release(&none);
    eddy_slice_release(&whole);
    eddy_slice_release(&all);
}

/* ---- appending ---- */

static void an_append_is_in_place_while_nobody_else_has_the_memory(void **state)
{
    eddy_slice slice = {0};

    (void)state;
    assert_int_equal(eddy_slice_new(&allocator, 0, &slice), 0);
    for (int i = 0; i < EDDY_SLICE_ROOM / 8; i++)
        append(&slice, "12345678");
    assert_int_equal(allocations(), 1);
    append(&slice, "9"); /* full: twice as much */
    assert_int_equal(allocations(), 2);
    assert_int_equal(atomic_load(&heap.blocks), 1);
    for (int i = 0; i < EDDY_SLICE_ROOM / 8 - 1; i++)
        append(&slice, "12345678");
    assert_int_equal(allocations(), 2);
    assert_memory_equal(eddy_slice_bytes(&slice).data + EDDY_SLICE_ROOM - 8, "12345678912345678",
                        17);
    eddy_slice_release(&slice);
}

static void an_append_never_changes_what_another_slice_shows(void **state)
{
    eddy_slice front = slice_of("frontback");
    eddy_slice back = eddy_slice_split_off(&front, 5);
    eddy_slice same = eddy_slice_clone(&front);

    (void)state;
    append(&front, "!!!!"); /* "back" lies there */
    append(&same, "....");
    assert_shows(&front, "front!!!!");
    assert_shows(&same, "front....");
    assert_shows(&back, "back");
    eddy_slice_release(&front);
    eddy_slice_release(&same);
    eddy_slice_release(&back);
}

static void a_slice_that_is_consumed_and_appended_to_for_ever_needs_no_more_memory(void **state)
{
    eddy_slice slice = {0};

    (void)state;
    assert_int_equal(eddy_slice_new(&allocator, 64, &slice), 0);
    append(&slice, "0123456789");
    for (int i = 0; i < 10000; i++) {
        eddy_slice_advance(&slice, 10);
        append(&slice, "0123456789");
        assert_shows(&slice, "0123456789");
    }
    assert_int_equal(allocations(), 1);
    eddy_slice_release(&slice);
}

/* Moving eight bytes to gain four, again and again, would be slow. */
static void few_free_bytes_before_a_slice_are_not_worth_moving_it(void **state)
{
    eddy_slice slice = {0};

    (void)state;
    assert_int_equal(eddy_slice_new(&allocator, 16, &slice), 0);
    append(&slice, "----12345678");
    eddy_slice_advance(&slice, 4);
    append(&slice, "9abcd");
    assert_shows(&slice, "123456789abcd");
    assert_int_equal(allocations(), 2);
    eddy_slice_release(&slice);
}

static void what_is_reserved_can_be_filled_and_taken_in(void **state)
{
    eddy_slice slice = slice_of("ab");
    unsigned char *room = NULL;

    (void)state;
    assert_int_equal(eddy_slice_reserve(&slice, 4, &room), 0);
    memcpy(room, "cdef", 4);
    assert_shows(&slice, "ab");
    eddy_slice_extend(&slice, 3);
    assert_shows(&slice, "abcde");
    eddy_slice_extend(&slice, 0);
    assert_int_equal(allocations(), 2);
    eddy_slice_release(&slice);
}

static void a_clone_may_be_appended_to_what_it_is_a_clone_of(void **state)
{
    eddy_slice slice = slice_of("ab");
    eddy_slice same = eddy_slice_clone(&slice);
    eddy_bytes bytes = eddy_slice_bytes(&same);

    (void)state;
    assert_int_equal(eddy_slice_append(&slice, bytes.data, bytes.len), 0);
    assert_shows(&slice, "abab");
    eddy_slice_release(&slice);
    eddy_slice_release(&same);
}

static void a_slice_without_memory_appends_with_malloc(void **state)
{
    eddy_slice slice = {0};

    (void)state;
    append(&slice, "text");
    assert_shows(&slice, "text");
    assert_int_equal(allocations(), 0);
    eddy_slice_release(&slice);
}

/* Each allocation in turn: nothing changes, nothing leaks. */
static void without_memory_nothing_has_changed(void **state)
{
    eddy_slice slice = slice_of("abc"), other = eddy_slice_clone(&slice), made = {0};
    unsigned char *room = NULL;

    (void)state;
    atomic_store(&heap.fail_at, allocations());
    assert_int_equal(eddy_slice_append(&slice, "d", 1), -ENOMEM);
    atomic_store(&heap.fail_at, allocations());
    assert_int_equal(eddy_slice_reserve(&slice, 1, &room), -ENOMEM);
    atomic_store(&heap.fail_at, allocations());
    assert_null(eddy_slice_own(&slice));
    atomic_store(&heap.fail_at, allocations());
    assert_int_equal(eddy_slice_copy(&allocator, "x", 1, &made), -ENOMEM);
    atomic_store(&heap.fail_at, allocations());
    assert_int_equal(eddy_slice_new(&allocator, 1, &made), -ENOMEM);
    assert_null(made.buf);
    assert_null(room);
    assert_shows(&slice, "abc");
    assert_shows(&other, "abc");
    append(&slice, "d");
    eddy_slice_release(&slice);
    eddy_slice_release(&other);
}

/* ---- frozen ---- */

static void frozen_bytes_can_be_cut_and_cloned_and_stay_frozen(void **state)
{
    eddy_slice slice = slice_of("abc"), part;

    (void)state;
    eddy_slice_freeze(&slice);
    part = eddy_slice_split_to(&slice, 1);
    assert_shows(&part, "a");
    assert_shows(&slice, "bc");
    assert_true(part.frozen);
    eddy_slice_release(&slice);
    assert_false(slice.frozen);
    append(&slice, "new"); /* it is another one now */
    eddy_slice_release(&slice);
    eddy_slice_release(&part);
}

/* ---- threads ---- */

enum { ROUNDS = 5000, THREADS = 3 };

/* Each thread writes into the memory when it finds itself alone. */
static void *take_and_write(void *arg)
{
    eddy_slice *slice = arg;

    for (int i = 0; i < ROUNDS; i++) {
        eddy_slice mine = eddy_slice_clone(slice);
        unsigned char *bytes = eddy_slice_own(&mine);

        assert_non_null(bytes);
        memset(bytes, i, eddy_slice_bytes(&mine).len);
        eddy_slice_release(&mine);
    }
    memset(eddy_slice_own(slice), 'x', 3); /* whoever is last does it in place */
    eddy_slice_release(slice);
    return NULL;
}

static void slices_of_the_same_memory_may_be_used_by_different_threads(void **state)
{
    eddy_slice slices[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    slices[0] = slice_of("abc");
    for (int i = 1; i < THREADS; i++)
        slices[i] = eddy_slice_clone(&slices[0]);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_write, &slices[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* ---- frame::* of tokio-core ---- */

static void assert_text(const eddy_slice *slice, const char *expected)
{
    char text[100];

    assert_int_equal(eddy_slice_text(slice, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void frame_debug_empty_easybuf(void **state)
{
    eddy_slice none = {0}, slice = {0};

    (void)state;
    assert_text(&none, "0 of 0 bytes");
    assert_int_equal(eddy_slice_new(&allocator, 0, &slice), 0);
    assert_text(&slice, "0 of 8192 bytes");
    eddy_slice_release(&slice);
}

static void frame_debug_small_easybuf(void **state)
{
    eddy_slice slice = slice_of("\001\002\003\004\005\006");
    char text[8];

    (void)state;
    assert_text(&slice, "6 of 6 bytes: 01 02 03 04 05 06");
    assert_int_equal(eddy_slice_text(&slice, text, sizeof text), 31);
    assert_string_equal(text, "6 of 6 ");
    assert_int_equal(eddy_slice_text(&slice, NULL, 0), 31);
    eddy_slice_release(&slice);
}

static void frame_debug_small_split_easybuf(void **state)
{
    eddy_slice back = slice_of("\001\002\003\004\005\006");
    eddy_slice front = eddy_slice_split_to(&back, 3);

    (void)state;
    assert_text(&front, "3 of 6 bytes: 01 02 03");
    assert_text(&back, "3 of 6 bytes: 04 05 06");
    eddy_slice_release(&front);
    eddy_slice_release(&back);
}

static void frame_debug_large_easybuf(void **state)
{
    eddy_slice slice = slice_of("0123456789a"), ten = eddy_slice_sub(&slice, 0, 10);

    (void)state;
    assert_text(&slice, "11 of 11 bytes: 30 31 32 33 34 35 36 37 38 39 ...");
    assert_text(&ten, "10 of 11 bytes: 30 31 32 33 34 35 36 37 38 39");
    eddy_slice_release(&slice);
    eddy_slice_release(&ten);
}

static void frame_easybuf_get_mut_sliced(void **state)
{
    eddy_slice slice = slice_of("123456");
    const unsigned char *at = eddy_slice_bytes(&slice).data;

    (void)state;
    eddy_slice_truncate(&slice, 5);
    eddy_slice_advance(&slice, 1);
    assert_ptr_equal(eddy_slice_own(&slice), at + 1); /* alone: in place */
    append(&slice, "78");                             /* behind the end that is seen */
    assert_shows(&slice, "234578");
    eddy_slice_release(&slice);
}

static void frame_easybuf_get_mut_sliced_allocating_at_least_initial_capacity(void **state)
{
    eddy_slice slice = slice_of("123456");
    eddy_slice other = eddy_slice_split_to(&slice, 3);
    long before = allocations();

    (void)state;
    eddy_slice_own(&slice)[0] = '.';
    assert_shows(&slice, ".56");
    assert_shows(&other, "123");
    assert_text(&slice, "3 of 8192 bytes: 2e 35 36");
    append(&slice, "78");
    assert_int_equal(allocations(), before + 1);
    eddy_slice_release(&slice);
    eddy_slice_release(&other);
}

static void frame_easybuf_get_mut_sliced_allocating_required_capacity(void **state)
{
    eddy_slice slice = {0}, other;
    unsigned char *room;

    (void)state;
    assert_int_equal(eddy_slice_new(&allocator, 3 * EDDY_SLICE_ROOM, &slice), 0);
    assert_int_equal(eddy_slice_reserve(&slice, 3 * EDDY_SLICE_ROOM, &room), 0);
    memset(room, 7, 3 * EDDY_SLICE_ROOM);
    eddy_slice_extend(&slice, 3 * EDDY_SLICE_ROOM);
    other = eddy_slice_split_to(&slice, EDDY_SLICE_ROOM);
    assert_non_null(eddy_slice_own(&slice));
    assert_int_equal(eddy_buf_len(slice.buf), 2 * EDDY_SLICE_ROOM);
    eddy_slice_release(&slice);
    eddy_slice_release(&other);
}

static void frame_easybuf_into_vec_simple(void **state)
{
    eddy_slice slice = slice_of("123456");
    const unsigned char *at = eddy_slice_bytes(&slice).data;

    (void)state;
    assert_ptr_equal(eddy_slice_own(&slice), at);
    assert_int_equal(allocations(), 1);
    eddy_slice_release(&slice);
}

static void frame_easybuf_into_vec_sliced(void **state)
{
    eddy_slice slice = slice_of("123456");
    eddy_slice other = eddy_slice_split_to(&slice, 2);
    const unsigned char *at = eddy_slice_bytes(&slice).data;

    (void)state;
    eddy_slice_release(&other); /* alone again */
    assert_ptr_equal(eddy_slice_own(&slice), at);
    assert_shows(&slice, "3456");
    assert_int_equal(allocations(), 1);
    eddy_slice_release(&slice);
}

static void frame_easybuf_into_vec_sliced_allocating(void **state)
{
    eddy_slice slice = slice_of("123456");
    eddy_slice other = eddy_slice_split_to(&slice, 2);
    const unsigned char *at = eddy_slice_bytes(&slice).data;

    (void)state;
    assert_ptr_not_equal(eddy_slice_own(&slice), at);
    assert_shows(&slice, "3456");
    assert_shows(&other, "12");
    assert_int_equal(allocations(), 2);
    eddy_slice_release(&slice);
    eddy_slice_release(&other);
}

static void frame_easybuf_equality_same_underlying_vec(void **state)
{
    eddy_slice a = slice_of("123456"), b = eddy_slice_clone(&a);
    eddy_slice front = eddy_slice_sub(&a, 0, 3);

    (void)state;
    assert_true(eddy_slice_equal(&a, &b));
    assert_false(eddy_slice_equal(&a, &front));
    assert_true(eddy_slice_compare(&front, &a) < 0);
    assert_true(eddy_slice_compare(&a, &front) > 0);
    eddy_slice_release(&a);
    eddy_slice_release(&b);
    eddy_slice_release(&front);
}

static void frame_easybuf_equality_different_underlying_vec(void **state)
{
    eddy_slice a = slice_of("0123"), b = slice_of("1234"), c = slice_of("\377");

    (void)state;
    assert_false(eddy_slice_equal(&a, &b));
    assert_true(eddy_slice_compare(&a, &b) < 0);
    assert_true(eddy_slice_compare(&c, &b) > 0);
    eddy_slice_advance(&a, 1);
    eddy_slice_truncate(&b, 3);
    assert_true(eddy_slice_equal(&a, &b));
    eddy_slice_release(&a);
    eddy_slice_release(&b);
    eddy_slice_release(&c);
}

/* ---- mistakes ---- */

static eddy_slice three(void)
{
    eddy_slice slice = {0};

    (void)eddy_slice_copy(NULL, "abc", 3, &slice);
    return slice;
}

static void split_behind(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    (void)eddy_slice_split_off(&slice, 5);
}

static void split_to_behind(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    (void)eddy_slice_split_to(&slice, 4);
}

static void advance_too_far(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    eddy_slice_advance(&slice, 10);
}

static void truncate_to_more(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    eddy_slice_truncate(&slice, 4);
}

static void cut_out_behind(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    (void)eddy_slice_sub(&slice, 2, SIZE_MAX);
}

static void slice_a_buffer_behind(void *arg)
{
    (void)arg;
    (void)eddy_slice_of_buf(eddy_buf_new(NULL, 3), 1, 3);
}

static void append_to_frozen(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    eddy_slice_freeze(&slice);
    (void)eddy_slice_append(&slice, "d", 1);
}

static void own_frozen(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    eddy_slice_freeze(&slice);
    (void)eddy_slice_own(&slice);
}

static void append_itself(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    (void)eddy_slice_append(&slice, eddy_slice_bytes(&slice).data + 1, 2);
}

static void extend_too_far(void *arg)
{
    eddy_slice slice = three();

    (void)arg;
    eddy_slice_extend(&slice, 2);
}

static void extend_shared(void *arg)
{
    eddy_slice slice = three(), other = eddy_slice_split_off(&slice, 1);

    (void)arg;
    (void)other;
    eddy_slice_extend(&slice, 1);
}

static void out_of_range_use_says_what_and_by_how_much(void **state)
{
    (void)state;
    assert_dies(split_behind, NULL, "a slice of 3 bytes is split at byte 5, 2 behind its end");
    assert_dies(split_to_behind, NULL, "a slice of 3 bytes is split at byte 4, 1 behind its end");
    assert_dies(advance_too_far, NULL, "a slice of 3 bytes is advanced by 10, 7 too many");
    assert_dies(truncate_to_more, NULL, "a slice of 3 bytes is truncated to 4, 1 more than it has");
    assert_dies(cut_out_behind, NULL, "are cut out of a slice of 3 bytes");
    assert_dies(slice_a_buffer_behind, NULL,
                "of 3 bytes from byte 1 on is asked for of a buffer of 3");
    assert_dies(extend_too_far, NULL, "is extended by 2 bytes, behind it are 0: 2 too many");
}

static void writing_where_nothing_may_be_written_is_a_mistake(void **state)
{
    (void)state;
    assert_dies(append_to_frozen, NULL, "eddy_slice_append: the slice is frozen");
    assert_dies(own_frozen, NULL, "eddy_slice_own: the slice is frozen");
    assert_dies(append_itself, NULL, "a slice is appended to itself: clone");
    assert_dies(extend_shared, NULL, "whose memory is shared: reserve");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slice_of_nothing_needs_no_memory_and_can_be_cut_and_released),
        TEST(a_slice_of_a_buffer_takes_over_its_reference),
        TEST(more_than_a_buffer_can_hold_is_refused),
        TEST(cutting_copies_nothing_and_leaves_the_other_part),
        TEST(a_slice_may_be_cut_at_both_of_its_ends),
        TEST(an_append_is_in_place_while_nobody_else_has_the_memory),
        TEST(an_append_never_changes_what_another_slice_shows),
        TEST(a_slice_that_is_consumed_and_appended_to_for_ever_needs_no_more_memory),
        TEST(few_free_bytes_before_a_slice_are_not_worth_moving_it),
        TEST(what_is_reserved_can_be_filled_and_taken_in),
        TEST(a_clone_may_be_appended_to_what_it_is_a_clone_of),
        TEST(a_slice_without_memory_appends_with_malloc),
        TEST(without_memory_nothing_has_changed),
        TEST(frozen_bytes_can_be_cut_and_cloned_and_stay_frozen),
        TEST(slices_of_the_same_memory_may_be_used_by_different_threads),
        TEST(frame_debug_empty_easybuf),
        TEST(frame_debug_small_easybuf),
        TEST(frame_debug_small_split_easybuf),
        TEST(frame_debug_large_easybuf),
        TEST(frame_easybuf_get_mut_sliced),
        TEST(frame_easybuf_get_mut_sliced_allocating_at_least_initial_capacity),
        TEST(frame_easybuf_get_mut_sliced_allocating_required_capacity),
        TEST(frame_easybuf_into_vec_simple),
        TEST(frame_easybuf_into_vec_sliced),
        TEST(frame_easybuf_into_vec_sliced_allocating),
        TEST(frame_easybuf_equality_same_underlying_vec),
        TEST(frame_easybuf_equality_different_underlying_vec),
        TEST(out_of_range_use_says_what_and_by_how_much),
        TEST(writing_where_nothing_may_be_written_is_a_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
