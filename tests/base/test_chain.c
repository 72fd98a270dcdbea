/* SPDX-License-Identifier: MIT */
/*
 * test_chain.c - chains of slices: the order, the sum, and who owns what. Writing one: io/test_write_chain.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "eddy/chain.h"
#include "support/death.h"
#include "support/heap.h"

static struct test_heap heap;
static eddy_allocator allocator;
static eddy_chain chain;

static int begin(void **state)
{
    (void)state;
    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    eddy_chain_init(&chain, &allocator);
    return 0;
}

static int end(void **state)
{
    (void)state;
    eddy_chain_deinit(&chain);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return 0;
}

static eddy_slice slice_of(const char *text)
{
    eddy_slice slice = {0};

    assert_int_equal(eddy_slice_copy(&allocator, text, strlen(text), &slice), 0);
    return slice;
}

static void push_back(const char *text)
{
    eddy_slice slice = slice_of(text);

    assert_int_equal(eddy_chain_push_back(&chain, &slice), 0);
    assert_null(slice.buf);
}

static void push_front(const char *text)
{
    eddy_slice slice = slice_of(text);

    assert_int_equal(eddy_chain_push_front(&chain, &slice), 0);
}

static void assert_shows(const char *expected)
{
    eddy_bytes parts[40];
    size_t count = eddy_chain_parts(&chain, parts, 40);
    char text[400] = "";
    size_t len = 0;

    assert_int_equal(count, eddy_chain_count(&chain));
    for (size_t i = 0; i < count; i++) {
        assert_true(parts[i].len > 0);
        assert_ptr_equal(parts[i].data, eddy_slice_bytes(eddy_chain_at(&chain, i)).data);
        memcpy(text + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    text[len] = '\0';
    assert_string_equal(text, expected);
    assert_int_equal(eddy_chain_len(&chain), len);
}

static void slices_stand_in_the_order_in_which_they_were_put(void **state)
{
    (void)state;
    assert_shows("");
    push_back("c");
    push_front("b");
    push_back("d");
    push_front("a");
    assert_shows("abcd");
    assert_int_equal(eddy_chain_count(&chain), 4);
}

static void an_empty_slice_is_not_kept(void **state)
{
    eddy_slice slice = slice_of("x");

    (void)state;
    eddy_slice_truncate(&slice, 0);
    assert_int_equal(eddy_chain_push_back(&chain, &slice), 0);
    assert_null(slice.buf);
    assert_int_equal(eddy_chain_push_front(&chain, &slice), 0);
    assert_int_equal(eddy_chain_count(&chain), 0);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

/* The ring wraps, grows while it is wrapped, and keeps the order. */
static void many_slices_grow_the_list_at_any_place(void **state)
{
    char expected[200] = "", text[4];

    (void)state;
    for (int i = 0; i < 5; i++) {
        push_back("--");
        push_back("--");
        eddy_chain_consume(&chain, 4);
    }
    for (int i = 0; i < 33; i++) {
        (void)snprintf(text, sizeof text, "%d ", i);
        push_back(text);
        strcat(expected, text);
    }
    assert_shows(expected);
    for (int i = 0; i < 33; i++) {
        eddy_slice first = eddy_chain_pop_front(&chain);

        (void)snprintf(text, sizeof text, "%d ", i);
        assert_memory_equal(eddy_slice_bytes(&first).data, text, strlen(text));
        eddy_slice_release(&first);
    }
    assert_null(eddy_chain_pop_front(&chain).buf);
    assert_shows("");
}

static void bytes_are_consumed_across_slices(void **state)
{
    (void)state;
    push_back("abc");
    push_back("def");
    push_back("ghi");
    eddy_chain_consume(&chain, 0);
    eddy_chain_consume(&chain, 1);
    assert_shows("bcdefghi");
    eddy_chain_consume(&chain, 2);
    assert_shows("defghi");
    assert_int_equal(eddy_chain_count(&chain), 2);
    eddy_chain_consume(&chain, 4);
    assert_shows("hi");
    eddy_chain_consume(&chain, 2);
    assert_shows("");
}

static void only_so_many_parts_are_filled_as_there_is_room_for(void **state)
{
    eddy_bytes parts[2];

    (void)state;
    push_back("a");
    push_back("b");
    push_back("c");
    assert_int_equal(eddy_chain_parts(&chain, parts, 2), 2);
    assert_memory_equal(parts[1].data, "b", 1);
}

static void all_zero_is_an_empty_chain(void **state)
{
    eddy_chain other = {0};
    eddy_slice slice = slice_of("x");

    (void)state;
    assert_int_equal(eddy_chain_len(&other), 0);
    assert_int_equal(eddy_chain_push_front(&other, &slice), 0);
    assert_int_equal(eddy_chain_len(&other), 1);
    eddy_chain_deinit(&other);
    eddy_chain_deinit(&other);
}

static void without_memory_the_slice_stays_the_callers(void **state)
{
    eddy_slice slice = slice_of("x");

    (void)state;
    for (int i = 0; i < 8; i++) {
        eddy_slice same = eddy_slice_clone(&slice);

        atomic_store(&heap.fail_at, i == 0 ? atomic_load(&heap.calls) : -1);
        if (i == 0) {
            assert_int_equal(eddy_chain_push_front(&chain, &same), -ENOMEM);
            assert_non_null(same.buf);
        }
        assert_int_equal(eddy_chain_push_back(&chain, &same), 0);
    }
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    assert_int_equal(eddy_chain_push_back(&chain, &slice), -ENOMEM);
    assert_shows("xxxxxxxx");
    eddy_slice_release(&slice);
}

static void consume_too_much(void *arg)
{
    eddy_chain mine = {0};
    eddy_slice slice = {0};

    (void)arg;
    (void)eddy_slice_copy(NULL, "abc", 3, &slice);
    (void)eddy_chain_push_back(&mine, &slice);
    eddy_chain_consume(&mine, 5);
}

static void ask_for_none(void *arg)
{
    (void)arg;
    (void)eddy_chain_at(&(eddy_chain){0}, 0);
}

static void out_of_range_use_says_what_and_by_how_much(void **state)
{
    (void)state;
    assert_dies(consume_too_much, NULL, "5 bytes are consumed of a chain of 3, 2 too many");
    assert_dies(ask_for_none, NULL, "slice 0 is asked for of a chain of 0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slices_stand_in_the_order_in_which_they_were_put),
        TEST(an_empty_slice_is_not_kept),
        TEST(many_slices_grow_the_list_at_any_place),
        TEST(bytes_are_consumed_across_slices),
        TEST(only_so_many_parts_are_filled_as_there_is_room_for),
        TEST(all_zero_is_an_empty_chain),
        TEST(without_memory_the_slice_stays_the_callers),
        TEST(out_of_range_use_says_what_and_by_how_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
