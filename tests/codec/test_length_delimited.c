/* SPDX-License-Identifier: MIT */
/*
 * test_length_delimited.c - frames with a length field: every option, the limits, and numbers at the
 * edges of what numbers can be.
 */
#include "codec_check.h"

#include "../support/death.h"
#include "eddy/length_delimited.h"

static struct codec_case of(const eddy_length_delimited *state)
{
    return (struct codec_case){&eddy_length_delimited_decoder, state, sizeof *state,
                               codec_print_bytes, NULL};
}

#define CHECK(text, expected, ...)                                                                 \
    do {                                                                                           \
        eddy_length_delimited options = {__VA_ARGS__};                                             \
        struct codec_case one = of(&options);                                                      \
        CODEC_CHECK(&one, text, expected);                                                         \
    } while (0)

static void usual_frame_has_four_bytes_of_length_in_front(void **state)
{
    (void)state;
    CHECK("", ".", 0);
    CHECK("\0\0\0\x09"
          "abcdefghi",
          "[abcdefghi].", 0);
    CHECK("\0\0\0\x09"
          "abcdefghi\0\0\0\x03"
          "123\0\0\0\0\0\0\0\x0b"
          "hello world",
          "[abcdefghi][123][][hello world].", 0);
}

static void frame_that_is_cut_off_is_an_error(void **state)
{
    (void)state;
    CHECK("\0\0", "!EBADMSG@0", 0);
    CHECK("\0\0\0\x09"
          "abcd",
          "!EBADMSG@0", 0);
    CHECK("\0\0\0\x01"
          "a\0\0\0\x01",
          "[a]!EBADMSG@5", 0);
}

static void length_field_has_one_to_eight_bytes_in_either_order(void **state)
{
    (void)state;
    for (uint8_t width = 1; width <= 8; width++) {
        for (int little = 0; little < 2; little++) {
            eddy_length_delimited codec = {.length_bytes = width, .little_endian = little};
            struct codec_case one = of(&codec);
            unsigned char text[40] = {0};

            text[little ? 0 : width - 1] = 3;
            (void)codec_put(text + width, "abc");
            text[width + 3 + (little ? 0 : width - 1)] = 1;
            text[2 * width + 3] = 'd';
            codec_check(&one, text, (size_t)(2 * width + 4), "[abc][d].");
        }
    }
}

static void shapes_of_the_page(void **state)
{
    (void)state;
    CHECK("\0\x05hello", "[hello].", .length_bytes = 2);
    CHECK("\0\x07hello\0\x02", "[hello][].", .length_bytes = 2, .adjustment = -2);
    CHECK("\0\x05hello", "[\\00\\05hello].", .length_bytes = 2, .adjustment = 2,
          .skip = EDDY_SKIP_NOTHING);
    CHECK("H\0\x05Ghello", "[Ghello].", .length_offset = 1, .length_bytes = 2, .adjustment = 1,
          .skip = 3);
    CHECK("H\0\x08Ghello", "[Ghello].", .length_offset = 1, .length_bytes = 2, .adjustment = -2,
          .skip = 3);
    /* The item begins in the middle of the head, or behind it. */
    CHECK("H\0\x05Ghello", "[\\05Ghello].", .length_offset = 1, .length_bytes = 2, .adjustment = 2,
          .skip = 2);
    CHECK("H\0\x05Ghello", "[hello].", .length_offset = 1, .length_bytes = 2, .skip = 4);
}

static void length_field_is_limited_before_it_is_adjusted(void **state)
{
    (void)state;
    CHECK("\x04"
          "abcdefgh\x05",
          "[abcdefgh]!EMSGSIZE@9", .length_bytes = 1, .frame_max = 4, .adjustment = 4);
    CHECK("\x0a", "!EMSGSIZE@0", .length_bytes = 1, .frame_max = 9, .adjustment = -9);
    CHECK("HHH\x0a", "!EMSGSIZE@3", .length_bytes = 1, .length_offset = 3, .frame_max = 9);
    CHECK("\0\x80\0\x01", "!EMSGSIZE@0", 0); /* 8 MiB and one */
}

static void numbers_at_the_edges_overflow_nothing(void **state)
{
    static const char ones[] = "\xff\xff\xff\xff\xff\xff\xff\xff";

    (void)state;
    CHECK(ones, "!EMSGSIZE@0", .length_bytes = 8);
    CHECK(ones, "!EMSGSIZE@0", .length_bytes = 8, .frame_max = SIZE_MAX);
    CHECK(ones, "!EMSGSIZE@0", .length_bytes = 8, .frame_max = SIZE_MAX, .adjustment = INT64_MIN);
    CHECK("\x7f\xff\xff\xff\xff\xff\xff\xff", "!EBADMSG@0", .length_bytes = 8,
          .frame_max = SIZE_MAX);
    CHECK("\x7f\xff\xff\xff\xff\xff\xff\xff", "!EBADMSG@0", .length_bytes = 8,
          .frame_max = SIZE_MAX, .adjustment = INT64_MAX);
    CHECK("\x01", "!EBADMSG@0", .length_bytes = 1, .adjustment = INT64_MAX);
    CHECK("\x01", "!EBADMSG@0", .length_bytes = 1, .adjustment = INT64_MIN);
    CHECK("\x03", "!EBADMSG@0", .length_bytes = 1, .adjustment = -4);
    CHECK("\x04\x05x", "[][x].", .length_bytes = 1, .adjustment = -4);
}

static void frame_that_ends_within_its_length_field_is_an_error(void **state)
{
    (void)state;
    CHECK("\0\0", "!EBADMSG@0", .length_bytes = 2, .skip = EDDY_SKIP_NOTHING);
    CHECK("\0\x01", "!EBADMSG@0", .length_bytes = 2, .skip = EDDY_SKIP_NOTHING);
    CHECK("\0\x02", "[\\00\\02].", .length_bytes = 2, .skip = EDDY_SKIP_NOTHING);
    CHECK("ab\0\0", "!EBADMSG@2", .length_bytes = 2, .length_offset = 2, .skip = 1);
}

/* The limit changes between frames, and in the middle of one. */
static void limit_that_changes_is_for_the_next_frame(void **state)
{
    static const unsigned char text[] = "\0\0\0\x09"
                                        "abcdefghi\0\0\0\x09"
                                        "abcdefghi";

    (void)state;
    for (size_t come = 0; come <= 13; come++) {
        eddy_length_delimited codec = {0};
        eddy_bytes rest = {text, come}, item = {NULL, 0};
        size_t need = 1;
        eddy_result first =
            eddy_decode(&eddy_length_delimited_decoder, &codec, &rest, &need, &item);

        assert_int_equal(first, come == 13);
        codec.frame_max = 5;
        rest.len += sizeof text - 1 - come;
        if (come < 4) {
            first = eddy_decode(&eddy_length_delimited_decoder, &codec, &rest, &need, &item);
            assert_int_equal(first, -EMSGSIZE);
            continue;
        }
        if (first == 0)
            first = eddy_decode(&eddy_length_delimited_decoder, &codec, &rest, &need, &item);
        assert_int_equal(first, 1);
        assert_int_equal(item.len, 9);
        first = eddy_decode(&eddy_length_delimited_decoder, &codec, &rest, &need, &item);
        assert_int_equal(first, -EMSGSIZE);
        assert_ptr_equal(rest.data, text + 13);
    }
}

/* ---- encoding ---- */

static eddy_result encode(eddy_length_delimited codec, const char *text, unsigned char *out,
                          size_t *len)
{
    return codec_encode_text(&eddy_length_delimited_encoder, &codec, text, out, len);
}

#define ENCODES(bytes, text, ...)                                                                  \
    do {                                                                                           \
        unsigned char out[100];                                                                    \
        size_t len = 0;                                                                            \
        assert_int_equal(encode((eddy_length_delimited){__VA_ARGS__}, text, out, &len), 0);        \
        assert_int_equal(len, sizeof(bytes) - 1);                                                  \
        assert_memory_equal(out, bytes, len);                                                      \
    } while (0)

#define REFUSES(error, text, ...)                                                                  \
    do {                                                                                           \
        unsigned char out[100];                                                                    \
        size_t len = 0;                                                                            \
        assert_int_equal(encode((eddy_length_delimited){__VA_ARGS__}, text, out, &len), error);    \
    } while (0)

static const eddy_bytes head = {(const unsigned char *)"HXXG", 4};

static void frames_are_encoded_in_every_shape(void **state)
{
    (void)state;
    ENCODES("\0\0\0\x05hello", "hello", 0);
    ENCODES("\0\0\0\0", "", 0);
    ENCODES("\x05\0\0hello", "hello", .length_bytes = 3, .little_endian = true);
    ENCODES("\0\x07hello", "hello", .length_bytes = 2, .adjustment = -2);
    ENCODES("\0\x04hello", "hello", .length_bytes = 2, .adjustment = 1);
    ENCODES("H\0\x05hello", "hello", .length_bytes = 2, .length_offset = 1, .head = head);
    ENCODES("\0\0\x05hello", "hello", .length_bytes = 2, .length_offset = 1);
    ENCODES("H\0\x05Ghello", "hello", .length_bytes = 2, .length_offset = 1, .skip = 4,
            .head = head);
    ENCODES("H\0\x05G\0hello", "hello", .length_bytes = 2, .length_offset = 1, .skip = 5,
            .head = head);
    ENCODES("\0\x05hello", "XXhello", .length_bytes = 2, .adjustment = 2,
            .skip = EDDY_SKIP_NOTHING);
}

static void number_that_does_not_fit_is_refused(void **state)
{
    static char text[300];

    (void)state;
    memset(text, 'x', 255);
    for (size_t i = 255; i < 300; i++)
        text[i] = '\0';
    REFUSES(-EMSGSIZE, "123456", .frame_max = 5);
    REFUSES(-EMSGSIZE, "12345", .frame_max = 5, .adjustment = -1);
    REFUSES(-EOVERFLOW, "12345", .adjustment = 6);
    REFUSES(-EOVERFLOW, "12345", .adjustment = INT64_MIN);
    REFUSES(-EOVERFLOW, "12345", .adjustment = INT64_MAX);
    REFUSES(-EMSGSIZE, "12345", .adjustment = -INT64_MAX, .frame_max = 1000);
    REFUSES(-EOVERFLOW, text, .length_bytes = 1, .adjustment = -1);
    REFUSES(-EINVAL, "1", .length_bytes = 2, .skip = EDDY_SKIP_NOTHING);
    REFUSES(-EINVAL, "12345678", .skip = SIZE_MAX / 2);
    REFUSES(-EINVAL, "12345678", .skip = SIZE_MAX / 2 + 1);
    REFUSES(-EINVAL, "12345678", .skip = SIZE_MAX - 1);
    text[254] = '\0';
    {
        unsigned char out[300];
        size_t len = 0;

        assert_int_equal(
            encode((eddy_length_delimited){.length_bytes = 1, .adjustment = -1}, text, out, &len),
            0);
        assert_int_equal(out[0], 255);
    }
}

/* Every width, offset, order, and a few adjustments and skips: what goes in comes out. */
static void check_round_trip(const eddy_length_delimited *options)
{
    eddy_length_delimited codec = *options;
    struct codec_case one = of(options);
    unsigned char out[400];
    size_t len = 0;

    if (codec_encode_text(&eddy_length_delimited_encoder, &codec, "hello, world", out, &len) != 0)
        return;
    assert_int_equal(
        codec_encode_text(&eddy_length_delimited_encoder, &codec, "good-bye to it", out, &len), 0);
    codec_same_byte_by_byte(&one, (eddy_bytes){out, len}, "[hello, world][good-bye to it].");
    codec_same(&one, (eddy_bytes){out, len}, NULL, 0, "[hello, world][good-bye to it].");
}

static void frames_are_decoded_as_they_were_encoded(void **state)
{
    static const size_t skips[] = {0, 12, 20};

    (void)state;
    for (uint8_t width = 1; width <= 8; width++)
        for (size_t offset = 0; offset < 4; offset++)
            for (int64_t adjustment = -12; adjustment <= 12; adjustment++)
                for (size_t i = 0; i < 6; i++) {
                    eddy_length_delimited codec = {.length_bytes = width,
                                                   .length_offset = offset,
                                                   .adjustment = adjustment,
                                                   .skip = skips[i / 2],
                                                   .little_endian = i % 2,
                                                   .head = head};

                    check_round_trip(&codec);
                }
}

/* ---- mistakes ---- */

static void decode_with(void *arg)
{
    eddy_bytes rest = {(const unsigned char *)"abc", 3}, item;
    size_t need;

    (void)!eddy_decode(&eddy_length_delimited_decoder, arg, &rest, &need, &item);
}

static void mistakes_are_told(void **state)
{
    eddy_length_delimited wide = {.length_bytes = 9}, far = {.length_offset = SIZE_MAX};

    (void)state;
    assert_dies(decode_with, &wide, "a length field of 9 bytes");
    assert_dies(decode_with, &far, "at most 2^31 - 1");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_frame_has_four_bytes_of_length_in_front),
        cmocka_unit_test(frame_that_is_cut_off_is_an_error),
        cmocka_unit_test(length_field_has_one_to_eight_bytes_in_either_order),
        cmocka_unit_test(shapes_of_the_page),
        cmocka_unit_test(length_field_is_limited_before_it_is_adjusted),
        cmocka_unit_test(numbers_at_the_edges_overflow_nothing),
        cmocka_unit_test(frame_that_ends_within_its_length_field_is_an_error),
        cmocka_unit_test(limit_that_changes_is_for_the_next_frame),
        cmocka_unit_test(frames_are_encoded_in_every_shape),
        cmocka_unit_test(number_that_does_not_fit_is_refused),
        cmocka_unit_test(frames_are_decoded_as_they_were_encoded),
        cmocka_unit_test(mistakes_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
