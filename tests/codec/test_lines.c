/* SPDX-License-Identifier: MIT */
/*
 * test_lines.c - lines and delimited items: ends of all kinds, limits, errors at their byte, and that
 * what was searched is not searched again.
 */
#include "codec_check.h"

#include "../support/death.h"

static const eddy_lines_codec five = {.line_max = 5};

static struct codec_case lines_of(const eddy_lines_codec *state)
{
    return (struct codec_case){&eddy_lines_decoder, state, sizeof *state, codec_print_bytes, NULL};
}

static void lines_end_in_lf_or_crlf_and_the_last_in_nothing(void **state)
{
    static const eddy_lines_codec plain = {0};
    struct codec_case lines = lines_of(&plain);

    (void)state;
    CODEC_CHECK(&lines, "", ".");
    CODEC_CHECK(&lines, "one\ntwo\r\n\n\r\nlast", "[one][two][][][last].");
    CODEC_CHECK(&lines, "one\n", "[one].");
    CODEC_CHECK(&lines, "a\rb\r\r\n", "[a\\0db\\0d].");
    CODEC_CHECK(&lines, "last\r", "[last\\0d].");
    CODEC_CHECK(&lines, "one\n\r", "[one][\\0d].");
    CODEC_CHECK(&lines, "nul \0 and \xff\n", "[nul \\00 and \\ff].");
}

static void line_of_the_limit_is_taken_and_one_byte_more_is_an_error_there(void **state)
{
    struct codec_case lines = lines_of(&five);

    (void)state;
    CODEC_CHECK(&lines, "12345\n12345\r\n12345", "[12345][12345][12345].");
    CODEC_CHECK(&lines, "12345\r", "!EMSGSIZE@6.");
    CODEC_CHECK(&lines, "123456\n", "!EMSGSIZE@6.");
    CODEC_CHECK(&lines, "12345\r6\nok\n", "!EMSGSIZE@6[ok].");
    CODEC_CHECK(&lines, "12345\r\r\nok\n", "!EMSGSIZE@6[ok].");
    CODEC_CHECK(&lines, "123456", "!EMSGSIZE@6.");
}

static void line_that_is_too_long_is_told_before_its_end_comes(void **state)
{
    for (size_t len = 5; len <= 7; len++) {
        eddy_lines_codec lines = five;
        eddy_bytes rest = {(const unsigned char *)"1234567", len}, item;
        size_t need = 0;
        eddy_result n = eddy_decode(&eddy_lines_decoder, &lines, &rest, &need, &item);

        (void)state;
        assert_int_equal(n, len > 5 ? -EMSGSIZE : 0);
        assert_int_equal(rest.len, len > 5 ? len - 6 : 5);
    }
}

static void lines_go_on_behind_one_that_is_too_long(void **state)
{
    struct codec_case lines = lines_of(&five);

    (void)state;
    CODEC_CHECK(&lines, "a\n1234567890\nb\n", "[a]!EMSGSIZE@8[b].");
    CODEC_CHECK(&lines, "1234567890\n1234567890\nb", "!EMSGSIZE@6!EMSGSIZE@17[b].");
    CODEC_CHECK(&lines, "1234567890", "!EMSGSIZE@6.");
}

static void zero_is_a_limit_too(void **state)
{
    static eddy_lines_codec plain;
    unsigned char *text = malloc(EDDY_CODEC_TEXT_MAX + 2);
    eddy_bytes rest = {text, EDDY_CODEC_TEXT_MAX + 2}, line;
    size_t need;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', rest.len);
    assert_int_equal(eddy_decode(&eddy_lines_decoder, &plain, &rest, &need, &line), -EMSGSIZE);
    assert_int_equal(rest.len, 1);
    free(text);
}

/* Would the search begin anew, a newline in what was searched would be found. */
static void what_was_searched_is_not_searched_again(void **state)
{
    eddy_lines_codec lines = {0};
    unsigned char text[] = "long line";
    eddy_bytes rest = {text, 4}, line;
    size_t need = 0;

    (void)state;
    assert_int_equal(eddy_decode(&eddy_lines_decoder, &lines, &rest, &need, &line), 0);
    assert_int_equal(need, 5);
    text[1] = '\n';
    rest.len = sizeof text - 1;
    assert_int_equal(eddy_decode(&eddy_lines_decoder, &lines, &rest, &need, &line), 0);
    assert_int_equal(need, sizeof text);
}

static void lines_are_decoded_as_they_were_encoded(void **state)
{
    static const char *const texts[] = {"one", "", "12345"};

    (void)state;
    for (int crlf = 0; crlf < 2; crlf++) {
        eddy_lines_codec codec = {.line_max = 5, .crlf = crlf};
        struct codec_case lines = lines_of(&codec);
        unsigned char out[100];
        size_t len = 0;

        for (size_t i = 0; i < 3; i++)
            assert_int_equal(codec_encode_text(&eddy_lines_encoder, &codec, texts[i], out, &len),
                             0);
        codec_check(&lines, out, len, "[one][][12345].");
        assert_int_equal(len, 8 + (crlf ? 6 : 3));
        assert_int_equal(codec_encode_text(&eddy_lines_encoder, &codec, "123456", out, &len),
                         -EMSGSIZE);
        assert_int_equal(codec_encode_text(&eddy_lines_encoder, &codec, "1\n2", out, &len),
                         -EINVAL);
    }
}

/* ---- delimiters ---- */

static eddy_delimited_codec delimited(const char *delimiter, size_t max)
{
    return (eddy_delimited_codec){
        .delimiter = {(const unsigned char *)delimiter, strlen(delimiter)}, .item_max = max};
}

static struct codec_case case_of(const eddy_delimited_codec *state)
{
    return (struct codec_case){&eddy_delimited_decoder, state, sizeof *state, codec_print_bytes,
                               NULL};
}

static void delimiter_may_be_any_bytes(void **state)
{
    eddy_delimited_codec comma = delimited(",", 0), end = delimited("<end>", 0);
    eddy_delimited_codec aab = delimited("aab", 0);
    struct codec_case of = case_of(&comma);

    (void)state;
    CODEC_CHECK(&of, "one,,three,four", "[one][][three][four].");
    CODEC_CHECK(&of, "", ".");
    of = case_of(&end);
    CODEC_CHECK(&of, "one<end><en<end>d><end<end>x<en", "[one][<en][d><end][x<en].");
    of = case_of(&aab);
    CODEC_CHECK(&of, "aaabaabab", "[a][][ab].");
}

static void delimited_items_have_a_limit(void **state)
{
    eddy_delimited_codec two = delimited("--", 3);
    struct codec_case of = case_of(&two);

    (void)state;
    CODEC_CHECK(&of, "123--123", "[123][123].");
    CODEC_CHECK(&of, "1234--56--", "!EMSGSIZE@4[56].");
    CODEC_CHECK(&of, "123-4--56--", "!EMSGSIZE@4[56].");
    CODEC_CHECK(&of, "123456789", "!EMSGSIZE@4.");
    CODEC_CHECK(&of, "1234", "!EMSGSIZE@4.");
    CODEC_CHECK(&of, "123-", "!EMSGSIZE@4.");
}

static void item_that_would_be_cut_elsewhere_is_refused(void **state)
{
    eddy_delimited_codec aa = delimited("aa", 0), abab = delimited("abab", 9);
    unsigned char out[100];
    size_t len = 0;

    (void)state;
    assert_int_equal(codec_encode_text(&eddy_delimited_encoder, &aa, "xaay", out, &len), -EINVAL);
    assert_int_equal(codec_encode_text(&eddy_delimited_encoder, &aa, "xa", out, &len), -EINVAL);
    assert_int_equal(codec_encode_text(&eddy_delimited_encoder, &abab, "xab", out, &len), -EINVAL);
    assert_int_equal(codec_encode_text(&eddy_delimited_encoder, &abab, "0123456789", out, &len),
                     -EMSGSIZE);
    assert_int_equal(len, 0);
}

static void delimited_items_are_decoded_as_they_were_encoded(void **state)
{
    eddy_delimited_codec abab = delimited("abab", 9);
    struct codec_case of = case_of(&abab);
    unsigned char out[100];
    size_t len = 0;

    (void)state;
    assert_int_equal(codec_encode_text(&eddy_delimited_encoder, &abab, "xaba", out, &len), 0);
    assert_int_equal(codec_encode_text(&eddy_delimited_encoder, &abab, "", out, &len), 0);
    assert_int_equal(codec_encode_text(&eddy_delimited_encoder, &abab, "123456789", out, &len), 0);
    codec_check(&of, out, len, "[xaba][][123456789].");
}

/* ---- mistakes ---- */

static void decode_without_delimiter(void *arg)
{
    eddy_delimited_codec none = {.item_max = 3};
    eddy_bytes rest = {arg, 1}, item;
    size_t need;

    (void)!eddy_decode(&eddy_delimited_decoder, &none, &rest, &need, &item);
}

static void decode_elsewhere(void *arg)
{
    eddy_lines_codec lines = {0};
    eddy_bytes rest = {arg, 3}, item;
    size_t need;

    (void)!eddy_decode(&eddy_lines_decoder, &lines, &rest, &need, &item);
    rest.len = 2;
    (void)!eddy_decode(&eddy_lines_decoder, &lines, &rest, &need, &item);
}

static void mistakes_are_told(void **state)
{
    static char text[] = "abc";

    (void)state;
    assert_dies(decode_without_delimiter, text, "needs a delimiter");
    assert_dies(decode_elsewhere, text, "3 bytes were searched, and 2 are there");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_in_lf_or_crlf_and_the_last_in_nothing),
        cmocka_unit_test(line_of_the_limit_is_taken_and_one_byte_more_is_an_error_there),
        cmocka_unit_test(line_that_is_too_long_is_told_before_its_end_comes),
        cmocka_unit_test(lines_go_on_behind_one_that_is_too_long),
        cmocka_unit_test(zero_is_a_limit_too),
        cmocka_unit_test(what_was_searched_is_not_searched_again),
        cmocka_unit_test(lines_are_decoded_as_they_were_encoded),
        cmocka_unit_test(delimiter_may_be_any_bytes),
        cmocka_unit_test(delimited_items_have_a_limit),
        cmocka_unit_test(item_that_would_be_cut_elsewhere_is_refused),
        cmocka_unit_test(delimited_items_are_decoded_as_they_were_encoded),
        cmocka_unit_test(mistakes_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
