/* SPDX-License-Identifier: MIT */
/*
 * test_copied.c - items that last: equal to those of the codec that is copied, whatever becomes of the
 * bytes; without memory they are made later; and slices that are encoded are released.
 */
#include "codec_check.h"

#include "../support/death.h"
#include "../support/heap.h"
#include "eddy/codec_copied.h"

static void print_slice(struct codec_log *log, const void *item)
{
    eddy_slice slice;
    eddy_bytes bytes;

    memcpy(&slice, item, sizeof slice);
    bytes = eddy_slice_bytes(&slice);
    codec_print_bytes(log, &bytes);
}

/* A state of both: the copier points to the lines behind it. */
static void copies_are_what_the_codec_makes(void **state)
{
    eddy_netstring_codec inner = {0};
    eddy_copied_codec copied = {.decoder = &eddy_netstring_decoder, .decoder_state = &inner};
    struct codec_case of = {&eddy_copied_decoder, &copied, sizeof copied, print_slice, NULL};

    (void)state;
    CODEC_CHECK(&of, "3:one,0:,3:two,", "[one][][two].");
    CODEC_CHECK(&of, "3:one,3:tw", "[one]!EBADMSG@6");
}

static void last_line_is_copied_too(void **state)
{
    eddy_lines_codec inner = {0};
    eddy_copied_codec copied = {.decoder = &eddy_lines_decoder, .decoder_state = &inner};
    struct codec_case of = {&eddy_copied_decoder, &copied, sizeof copied, print_slice, NULL};

    (void)state;
    CODEC_CHECK(&of, "one\ntwo", "[one][two].");
}

static void without_memory_an_item_is_made_later(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_lines_codec inner = {0};
    eddy_copied_codec copied = {.decoder = &eddy_lines_decoder, .decoder_state = &inner};
    eddy_bytes rest = {(const unsigned char *)"one\ntwo", 7};
    eddy_slice slice;
    size_t need = 0;

    (void)state;
    test_heap_init(&heap, 0);
    allocator = test_heap_allocator(&heap);
    copied.allocator = &allocator;
    assert_int_equal(eddy_decode(&eddy_copied_decoder, &copied, &rest, &need, &slice), -ENOMEM);
    assert_int_equal(rest.len, 7);
    assert_int_equal(eddy_decode(&eddy_copied_decoder, &copied, &rest, &need, &slice), 1);
    assert_int_equal(eddy_slice_bytes(&slice).len, 3);
    assert_int_equal(rest.len, 3);
    eddy_slice_release(&slice);
    assert_int_equal(eddy_decode(&eddy_copied_decoder, &copied, &rest, &need, &slice), 0);
    test_heap_init(&heap, 0);
    assert_int_equal(eddy_decode_eof(&eddy_copied_decoder, &copied, &rest, &slice), -ENOMEM);
    assert_int_equal(eddy_decode_eof(&eddy_copied_decoder, &copied, &rest, &slice), 1);
    assert_memory_equal(eddy_slice_bytes(&slice).data, "two", 3);
    eddy_slice_release(&slice);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

/* Lines of at most four bytes, the newline included, by the limit of the table. */
static void limit_of_the_inner_table_holds(void **state)
{
    eddy_decoder small = eddy_fixed_decoder;
    eddy_fixed_codec five = {5};
    eddy_copied_codec copied = {.decoder = &small, .decoder_state = &five};
    struct codec_case of = {&eddy_copied_decoder, &copied, sizeof copied, print_slice, NULL};

    (void)state;
    small.frame_max = 5;
    CODEC_CHECK(&of, "12345abcde", "[12345][abcde].");
    small.frame_max = 4;
    CODEC_CHECK(&of, "12345abcde", "!EMSGSIZE@0");
}

static void slices_are_released_when_they_are_encoded(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_lines_codec inner = {.line_max = 5};
    eddy_copied_codec copied = {.encoder = &eddy_lines_encoder, .encoder_state = &inner};
    eddy_slice slice;
    unsigned char out[20];
    size_t len = 0;

    (void)state;
    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    assert_int_equal(eddy_slice_copy(&allocator, "hello", 5, &slice), 0);
    assert_int_equal(codec_encode(&eddy_copied_encoder, &copied, &slice, out, &len), 0);
    assert_memory_equal(out, "hello\n", 6);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_int_equal(eddy_slice_copy(&allocator, "too long", 8, &slice), 0);
    assert_int_equal(codec_encode(&eddy_copied_encoder, &copied, &slice, out, &len), -EMSGSIZE);
    assert_int_equal(eddy_slice_bytes(&slice).len, 8);
    eddy_copied_encoder.drop_item(&slice);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_int_equal(eddy_copied_encoder.finish(&copied, out, sizeof out), 0);
}

static void decode_by_nothing(void *arg)
{
    eddy_copied_codec none = {0};
    eddy_bytes rest = {arg, 1};
    eddy_slice slice;
    size_t need;

    (void)!eddy_decode(&eddy_copied_decoder, &none, &rest, &need, &slice);
}

static void mistakes_are_told(void **state)
{
    static char text[] = "abc";

    (void)state;
    assert_dies(decode_by_nothing, text, "copies the items of a decoder of eddy_bytes");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_what_the_codec_makes),
        cmocka_unit_test(last_line_is_copied_too),
        cmocka_unit_test(without_memory_an_item_is_made_later),
        cmocka_unit_test(limit_of_the_inner_table_holds),
        cmocka_unit_test(slices_are_released_when_they_are_encoded),
        cmocka_unit_test(mistakes_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
