/* SPDX-License-Identifier: MIT */
/*
 * test_blocks.c - items of one length, netstrings, items behind a varint, and bytes as they come.
 */
#include "codec_check.h"

#include "../support/death.h"

/* ---- one length ---- */

static void fixed_items_are_of_one_length(void **state)
{
    eddy_fixed_codec three = {3};
    struct codec_case of = {&eddy_fixed_decoder, &three, sizeof three, codec_print_bytes, NULL};
    unsigned char out[100];
    size_t len = 0;

    (void)state;
    CODEC_CHECK(&of, "abcdefghi", "[abc][def][ghi].");
    CODEC_CHECK(&of, "abcde", "[abc]!EBADMSG@3");
    CODEC_CHECK(&of, "", ".");
    assert_int_equal(codec_encode_text(&eddy_fixed_encoder, &three, "xyz", out, &len), 0);
    assert_int_equal(codec_encode_text(&eddy_fixed_encoder, &three, "xy", out, &len), -EINVAL);
    assert_int_equal(codec_encode_text(&eddy_fixed_encoder, &three, "wxyz", out, &len), -EINVAL);
    codec_check(&of, out, len, "[xyz].");
}

static void decode_no_length(void *arg)
{
    eddy_fixed_codec none = {0};
    eddy_bytes rest = {arg, 1}, item;
    size_t need;

    (void)!eddy_decode(&eddy_fixed_decoder, &none, &rest, &need, &item);
}

static void fixed_needs_a_length(void **state)
{
    static char text[] = "abc";

    (void)state;
    assert_dies(decode_no_length, text, "needs item_len");
}

/* ---- netstrings ---- */

static const eddy_netstring_codec netstring_20 = {.item_max = 20};
static const struct codec_case netstrings = {&eddy_netstring_decoder, &netstring_20,
                                             sizeof netstring_20, codec_print_bytes, NULL};

static void netstrings_are_taken(void **state)
{
    (void)state;
    CODEC_CHECK(&netstrings, "5:hello,0:,1:,,", "[hello][][,].");
    CODEC_CHECK(&netstrings, "20:12345678901234567890,", "[12345678901234567890].");
    CODEC_CHECK(&netstrings, "5:hell", "!EBADMSG@0");
    CODEC_CHECK(&netstrings, "1:a,5", "[a]!EBADMSG@4");
}

static void bad_netstring_is_an_error_at_its_byte_for_ever(void **state)
{
    (void)state;
    CODEC_CHECK(&netstrings, "1:a,x:hello,", "[a]!EBADMSG@4");
    CODEC_CHECK(&netstrings, "1:a,:hello,", "[a]!EBADMSG@4");
    CODEC_CHECK(&netstrings, "1x:hello,", "!EBADMSG@1");
    CODEC_CHECK(&netstrings, "00:,", "!EBADMSG@1");
    CODEC_CHECK(&netstrings, "01:a,", "!EBADMSG@1");
    CODEC_CHECK(&netstrings, "-1:a,", "!EBADMSG@0");
    CODEC_CHECK(&netstrings, "5:hello;1:a,", "!EBADMSG@7");
}

static void netstring_that_is_too_long_is_told_at_the_digit(void **state)
{
    static const eddy_netstring_codec seven = {.item_max = 7}, any = {.item_max = SIZE_MAX};
    struct codec_case of = netstrings;

    (void)state;
    CODEC_CHECK(&of, "21:", "!EMSGSIZE@1");
    CODEC_CHECK(&of, "200:", "!EMSGSIZE@2");
    CODEC_CHECK(&of, "99999999999999999999999999:", "!EMSGSIZE@1");
    of.state = &seven;
    CODEC_CHECK(&of, "7:1234567,8:", "[1234567]!EMSGSIZE@10");
    of.state = &any;
    CODEC_CHECK(&of, "18446744073709551615:", "!EMSGSIZE@19");
    CODEC_CHECK(&of, "18446744073709551616:", "!EMSGSIZE@19");
}

static void netstrings_are_decoded_as_they_were_encoded(void **state)
{
    eddy_netstring_codec codec = netstring_20;
    unsigned char out[100];
    size_t len = 0;

    (void)state;
    assert_int_equal(codec_encode_text(&eddy_netstring_encoder, &codec, "hello", out, &len), 0);
    assert_int_equal(codec_encode_text(&eddy_netstring_encoder, &codec, "", out, &len), 0);
    assert_int_equal(
        codec_encode_text(&eddy_netstring_encoder, &codec, "12345678901234567890", out, &len), 0);
    codec_check(&netstrings, out, len, "[hello][][12345678901234567890].");
    assert_int_equal(
        codec_encode_text(&eddy_netstring_encoder, &codec, "123456789012345678901", out, &len),
        -EMSGSIZE);
}

/* ---- varints ---- */

static const eddy_varint_codec varint_300 = {.item_max = 300};
static const struct codec_case varints = {&eddy_varint_decoder, &varint_300, sizeof varint_300,
                                          codec_print_bytes, NULL};

static void varints_are_taken(void **state)
{
    (void)state;
    CODEC_CHECK(&varints, "\x05hello\x00\x01,", "[hello][][,].");
    CODEC_CHECK(&varints, "\x85\x80\x80\x00hello", "[hello].");
    CODEC_CHECK(&varints, "\x05hell", "!EBADMSG@0");
    CODEC_CHECK(&varints, "\x01z\x80", "[z]!EBADMSG@2");
}

static void varint_of_more_than_64_bits_is_an_error_at_its_byte(void **state)
{
    static const eddy_varint_codec any = {.item_max = SIZE_MAX};
    struct codec_case of = varints;

    (void)state;
    CODEC_CHECK(&of, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", "!EBADMSG@9");
    CODEC_CHECK(&of, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", "!EBADMSG@9");
    of.state = &any;
    CODEC_CHECK(&of, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "!EMSGSIZE@9");
}

static void varint_that_is_too_long_is_told_before_its_last_byte(void **state)
{
    (void)state;
    CODEC_CHECK(&varints, "\x01z\xad\x02", "[z]!EMSGSIZE@3");
    CODEC_CHECK(&varints, "\x80\x80\x01", "!EMSGSIZE@2");
    CODEC_CHECK(&varints, "\xff\xff\xff\xff", "!EMSGSIZE@1");
}

static void varints_are_decoded_as_they_were_encoded(void **state)
{
    eddy_varint_codec codec = varint_300;
    unsigned char text[301], out[800];
    size_t len = 0;

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t bytes = 0; bytes <= sizeof text; bytes++) {
        eddy_bytes item = {text, bytes}, got;
        eddy_result result = codec_encode(&eddy_varint_encoder, &codec, &item, out, &len);
        eddy_bytes rest = {out, len};
        size_t need;

        assert_int_equal(result, bytes <= 300 ? 0 : -EMSGSIZE);
        if (result < 0)
            break;
        assert_int_equal(len, bytes + (bytes < 128 ? 1 : 2));
        assert_int_equal(eddy_decode(&eddy_varint_decoder, &codec, &rest, &need, &got), 1);
        assert_int_equal(got.len, bytes);
        assert_int_equal(rest.len, 0);
        len = 0;
    }
}

/* ---- no cut ---- */

static void bytes_come_as_they_are(void **state)
{
    struct codec_case of = {&eddy_bytes_decoder, NULL, 0, codec_print_bytes, NULL};
    eddy_bytes input = {(const unsigned char *)"abcdef", 6};
    size_t cuts[] = {1, 1, 3};
    unsigned char out[10];
    size_t len = 0;

    (void)state;
    codec_same(&of, input, NULL, 0, "[abcdef].");
    codec_same(&of, input, cuts, 3, "[a][bc][def].");
    assert_int_equal(codec_encode_text(&eddy_bytes_encoder, NULL, "abc", out, &len), 0);
    assert_int_equal(codec_encode_text(&eddy_bytes_encoder, NULL, "", out, &len), 0);
    assert_int_equal(codec_encode_text(&eddy_bytes_encoder, NULL, "de", out, &len), 0);
    assert_int_equal(len, 5);
    assert_memory_equal(out, "abcde", 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_items_are_of_one_length),
        cmocka_unit_test(fixed_needs_a_length),
        cmocka_unit_test(netstrings_are_taken),
        cmocka_unit_test(bad_netstring_is_an_error_at_its_byte_for_ever),
        cmocka_unit_test(netstring_that_is_too_long_is_told_at_the_digit),
        cmocka_unit_test(netstrings_are_decoded_as_they_were_encoded),
        cmocka_unit_test(varints_are_taken),
        cmocka_unit_test(varint_of_more_than_64_bits_is_an_error_at_its_byte),
        cmocka_unit_test(varint_that_is_too_long_is_told_before_its_last_byte),
        cmocka_unit_test(varints_are_decoded_as_they_were_encoded),
        cmocka_unit_test(bytes_come_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
