/* SPDX-License-Identifier: MIT */
/*
 * test_resp_values.c - values of RESP, shown and owned: all kinds, limits, errors at their byte, memory.
 */
#include "codec_check.h"

#include "../support/death.h"
#include "../support/heap.h"
#include "resp_print.h"

static struct codec_case values_of(const eddy_resp_values *state)
{
    return (struct codec_case){&eddy_resp_values_decoder, state, sizeof *state, resp_print_value,
                               resp_values_deinit};
}

static struct codec_case replies_of(const eddy_resp_values *state)
{
    return (struct codec_case){&eddy_resp_replies_decoder, state, sizeof *state, resp_print_reply,
                               resp_values_deinit};
}

/* Both decoders say the same. */
#define CHECK(text, expected, ...)                                                                 \
    do {                                                                                           \
        eddy_resp_values options = {__VA_ARGS__};                                                  \
        struct codec_case one = values_of(&options), other = replies_of(&options);                 \
        CODEC_CHECK(&one, text, expected);                                                         \
        CODEC_CHECK(&other, text, expected);                                                       \
    } while (0)

static void values_of_version_two(void **state)
{
    (void)state;
    CHECK("+OK\r\n-ERR no\r\n:-12\r\n$2\r\nhi\r\n$0\r\n\r\n", "[+OK][-ERR no][:-12][$hi][$].", 0);
    CHECK("$-1\r\n*-1\r\n*0\r\n+\r\n", "[_][_][*][+].", 0);
    CHECK("*3\r\n:1\r\n*2\r\n+a\r\n$1\r\nb\r\n*0\r\n:2\r\n", "[*(:1)(*(+a)($b))(*)][:2].", 0);
    CHECK(":9223372036854775807\r\n:-9223372036854775808\r\n:+5\r\n",
          "[:9223372036854775807][:-9223372036854775808][:5].", 0);
    CHECK("", ".", 0);
}

static void values_of_version_three(void **state)
{
    (void)state;
    CHECK("_\r\n#t\r\n#f\r\n,-1.5e9\r\n,inf\r\n,nan\r\n(-123456789012345678901234567890\r\n",
          "[_][#1][#0][,-1.5e9][,inf][,nan][(-123456789012345678901234567890].", 0);
    CHECK("!5\r\nERR a\r\n=8\r\ntxt:some\r\n=4\r\nmkd:\r\n", "[!ERR a][=txt:some][=mkd:].", 0);
    CHECK("%1\r\n+k\r\n:1\r\n~2\r\n:1\r\n:2\r\n>1\r\n+m\r\n", "[%(+k)(:1)][~(:1)(:2)][>(+m)].", 0);
    CHECK("*1\r\n|1\r\n+ttl\r\n:9\r\n$1\r\nx\r\n|0\r\n:3\r\n", "[*(|(+ttl)(:9)($x))][|(:3)].", 0);
}

static void bad_value_is_an_error_at_its_byte_for_ever(void **state)
{
    (void)state;
    CHECK(":1\r\n?\r\n", "[:1]!EBADMSG@4", 0);
    CHECK("+a\rb\r\n", "!EBADMSG@3", 0);
    CHECK("+a\nb\r\n", "!EBADMSG@2", 0);
    CHECK(":1x\r\n", "!EBADMSG@2", 0);
    CHECK(":\r\n", "!EBADMSG@1", 0);
    CHECK(":9223372036854775808\r\n", "!EMSGSIZE@19", 0);
    CHECK("$99999999999999999999\r\n", "!EMSGSIZE@19", .bulk_max = SIZE_MAX);
    CHECK("~99999999999999999999\r\n", "!EMSGSIZE@19", 0);
    CHECK("$-2\r\n", "!EBADMSG@1", 0);
    CHECK("$-1x", "!EBADMSG@3", 0);
    CHECK("!-1\r\n", "!EBADMSG@1", 0);
    CHECK("*-2\r\n", "!EBADMSG@1", 0);
    CHECK("%-1\r\n", "!EBADMSG@1", 0);
    CHECK("#x\r\n", "!EBADMSG@1", 0);
    CHECK("#tt\r\n", "!EBADMSG@2", 0);
    CHECK("_x\r\n", "!EBADMSG@1", 0);
    CHECK(",1.x\r\n", "!EBADMSG@3", 0);
    CHECK(",\r\n", "!EBADMSG@1", 0);
    CHECK("(12-\r\n", "!EBADMSG@3", 0);
    CHECK("=3\r\ntxt\r\n", "!EBADMSG@1", 0);
    CHECK("=4\r\ntxt-\r\n", "!EBADMSG@7", 0);
    CHECK("*2\r\n:1\r\n*1\r\n$1\r\nab\r\n", "!EBADMSG@17", 0);
    CHECK("*2\r\n:1\r\n", "!EBADMSG@0", 0);
}

/* ---- doubles and big numbers: digits, in the places that the protocol has for them ---- */

static const char *const doubles[] = {"0",      "-0",  "+7",   "10.25", "1e9",   "1E+9",  "1e-9",
                                      "-3.5e0", "inf", "-inf", "nan",   "00.10", "1.5e3", NULL};
static const char *const big_numbers[] = {"0", "-12", "+12", "00123456789012345678901234567890",
                                          NULL};
/* With the place of the byte that is wrong. */
static const struct {
    eddy_resp_kind kind;
    const char *text;
    int bad_at;
} no_numbers[] = {
    {EDDY_RESP_DOUBLE, "-", 1},       {EDDY_RESP_DOUBLE, ".", 0},
    {EDDY_RESP_DOUBLE, ".5", 0},      {EDDY_RESP_DOUBLE, "5.", 2},
    {EDDY_RESP_DOUBLE, "e", 0},       {EDDY_RESP_DOUBLE, "1e", 2},
    {EDDY_RESP_DOUBLE, "1e-", 3},     {EDDY_RESP_DOUBLE, "1.2.3", 3},
    {EDDY_RESP_DOUBLE, "--1", 1},     {EDDY_RESP_DOUBLE, "1-", 1},
    {EDDY_RESP_DOUBLE, "1e2e3", 3},   {EDDY_RESP_DOUBLE, "+inf", 1},
    {EDDY_RESP_DOUBLE, "-nan", 1},    {EDDY_RESP_DOUBLE, "infx", 0},
    {EDDY_RESP_DOUBLE, "0x10", 1},    {EDDY_RESP_BIG_NUMBER, "-", 1},
    {EDDY_RESP_BIG_NUMBER, "+", 1},   {EDDY_RESP_BIG_NUMBER, "", 0},
    {EDDY_RESP_BIG_NUMBER, "+-1", 1}, {EDDY_RESP_BIG_NUMBER, "1.5", 1},
};

/* Encode such a value, and decode it again. */
static void both_ways(eddy_resp_kind kind, const char *text)
{
    eddy_resp_value value = {.kind = kind, .as.text = {(const unsigned char *)text, strlen(text)}};
    eddy_resp_values state = {0};
    struct codec_case one = values_of(&state);
    unsigned char out[100];
    char expected[100];
    size_t len = 0;

    assert_int_equal(codec_encode(&eddy_resp_values_encoder, NULL, &value, out, &len), 0);
    (void)snprintf(expected, sizeof expected, "[%c%s].", (int)kind, text);
    codec_check(&one, out, len, expected);
}

static void numbers_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; doubles[i] != NULL; i++)
        both_ways(EDDY_RESP_DOUBLE, doubles[i]);
    for (size_t i = 0; big_numbers[i] != NULL; i++)
        both_ways(EDDY_RESP_BIG_NUMBER, big_numbers[i]);
}

static void what_is_no_number_goes_no_way(void **state)
{
    eddy_resp_values none = {0};
    struct codec_case one = values_of(&none);
    unsigned char out[100];

    (void)state;
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++) {
        const char *text = no_numbers[i].text;
        eddy_resp_value value = {.kind = no_numbers[i].kind,
                                 .as.text = {(const unsigned char *)text, strlen(text)}};
        char line[100], expected[100];
        size_t len = 0;
        int n = snprintf(line, sizeof line, "%c%s\r\n", (int)value.kind, text);

        assert_int_equal(codec_encode(&eddy_resp_values_encoder, NULL, &value, out, &len), -EINVAL);
        (void)snprintf(expected, sizeof expected, "!EBADMSG@%d", 1 + no_numbers[i].bad_at);
        codec_check(&one, line, (size_t)n, expected);
    }
}

static void limits_are_told_before_the_bytes_come(void **state)
{
    (void)state;
    CHECK("$3\r\nabc\r\n$4\r\n", "[$abc]!EMSGSIZE@10", .bulk_max = 3);
    CHECK("+abc\r\n+abcd", "[+abc]!EMSGSIZE@10", .line_max = 3);
    CHECK("*2\r\n:1\r\n:2\r\n*3\r\n", "[*(:1)(:2)]!EMSGSIZE@13", .values_max = 2);
    CHECK("*2\r\n*2\r\n", "!EMSGSIZE@5", .values_max = 3);
    CHECK("%2\r\n", "!EMSGSIZE@1", .values_max = 3);
    CHECK("*9223372036854775807\r\n", "!EMSGSIZE@1", .values_max = SIZE_MAX);
    CHECK("%4611686018427387904\r\n", "!EMSGSIZE@1", .values_max = SIZE_MAX);
    CHECK("*1\r\n*0\r\n*1\r\n*1\r\n", "[*(*)]!EMSGSIZE@12", .depth_max = 1);
    CHECK(
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
        "*1\r\n*1\r\n*1\r\n",
        "!EMSGSIZE@128", 0);
}

/* Would the search begin anew, a CR in what was searched would be found. */
static void what_was_searched_of_a_line_is_not_searched_again(void **state)
{
    eddy_resp_values values = {0};
    unsigned char text[] = "+long line";
    eddy_bytes rest = {text, 4};
    eddy_resp_value value;
    size_t need = 0;

    (void)state;
    assert_int_equal(eddy_decode(&eddy_resp_values_decoder, &values, &rest, &need, &value), 0);
    assert_int_equal(need, 5);
    text[2] = '\r';
    rest.len = sizeof text - 1;
    assert_int_equal(eddy_decode(&eddy_resp_values_decoder, &values, &rest, &need, &value), 0);
    assert_int_equal(need, sizeof text);
    eddy_resp_values_deinit(&values);
}

static void depth_of_the_limit_is_taken(void **state)
{
    unsigned char text[4 * EDDY_RESP_DEPTH_MAX + 4];
    eddy_resp_values values = {0};
    eddy_bytes rest = {text, sizeof text};
    eddy_resp_value value;
    size_t need;

    (void)state;
    for (size_t i = 0; i < EDDY_RESP_DEPTH_MAX; i++)
        (void)codec_put(text + 4 * i, "*1\r\n");
    (void)codec_put(text + sizeof text - 4, ":7\r\n");
    assert_int_equal(eddy_decode(&eddy_resp_values_decoder, &values, &rest, &need, &value), 1);
    for (size_t i = 0; i < EDDY_RESP_DEPTH_MAX; i++)
        value = value.as.items.data[0];
    assert_int_equal(value.as.integer, 7);
    eddy_resp_values_deinit(&values);
}

static void without_memory_a_value_is_made_later(void **state)
{
    static const unsigned char text[] = "*1\r\n$1\r\nx\r\n";
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_resp_values values = {.allocator = &allocator};
    eddy_bytes rest = {text, sizeof text - 1};
    eddy_resp_value value;
    eddy_resp_reply reply;
    size_t need;

    (void)state;
    test_heap_init(&heap, 0);
    assert_int_equal(eddy_decode(&eddy_resp_values_decoder, &values, &rest, &need, &value),
                     -ENOMEM);
    assert_int_equal(eddy_decode(&eddy_resp_values_decoder, &values, &rest, &need, &value), 1);
    eddy_resp_values_deinit(&values);
    rest = (eddy_bytes){text, sizeof text - 1};
    test_heap_init(&heap, 0);
    assert_int_equal(eddy_decode(&eddy_resp_replies_decoder, &values, &rest, &need, &reply),
                     -ENOMEM);
    assert_int_equal(eddy_decode(&eddy_resp_replies_decoder, &values, &rest, &need, &reply), 1);
    assert_int_equal(atomic_load(&heap.blocks), 1);
    eddy_resp_reply_free(&reply);
    assert_int_equal(reply.value.kind, EDDY_RESP_NULL);
    eddy_resp_reply_free(&reply);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
}

/* What stands in a number alone takes no memory, however often it comes. */
static void small_replies_take_no_memory(void **state)
{
    static const unsigned char text[] = ":1\r\n$-1\r\n*0\r\n$0\r\n\r\n";
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_resp_values values = {.allocator = &allocator};
    eddy_bytes rest = {text, sizeof text - 1};
    eddy_resp_reply reply;
    size_t need;

    (void)state;
    test_heap_init(&heap, -1);
    while (eddy_decode(&eddy_resp_replies_decoder, &values, &rest, &need, &reply) > 0)
        eddy_resp_reply_free(&reply);
    assert_int_equal(rest.len, 0);
    assert_int_equal(atomic_load(&heap.calls), 0);
}

/* ---- encoding ---- */

static eddy_resp_value text_of(eddy_resp_kind kind, const char *text)
{
    return (eddy_resp_value){.kind = kind, .as.text = {(const unsigned char *)text, strlen(text)}};
}

static eddy_resp_value items_of(eddy_resp_kind kind, eddy_resp_value *data, size_t count)
{
    eddy_resp_value value = {.kind = kind};

    value.as.items.data = data;
    value.as.items.count = count;
    return value;
}

static void values_are_decoded_as_they_were_encoded(void **state)
{
    eddy_resp_value inner[] = {text_of(EDDY_RESP_BULK, "a\r\nb"),
                               {.kind = EDDY_RESP_INTEGER, .as.integer = INT64_MIN},
                               {.kind = EDDY_RESP_BOOLEAN, .as.integer = 1},
                               {.kind = EDDY_RESP_NULL}};
    eddy_resp_value all[] = {
        text_of(EDDY_RESP_STATUS, "OK"),        text_of(EDDY_RESP_ERROR, "ERR"),
        text_of(EDDY_RESP_DOUBLE, "1e-9"),      text_of(EDDY_RESP_BIG_NUMBER, "-99"),
        text_of(EDDY_RESP_BULK_ERROR, "a\n"),   text_of(EDDY_RESP_VERBATIM, "txt:"),
        items_of(EDDY_RESP_ARRAY, inner, 4),    items_of(EDDY_RESP_MAP, inner, 4),
        items_of(EDDY_RESP_SET, inner, 1),      items_of(EDDY_RESP_PUSH, inner, 0),
        items_of(EDDY_RESP_ATTRIBUTE, inner, 3)};
    eddy_resp_value whole = items_of(EDDY_RESP_ARRAY, all, sizeof all / sizeof *all);

    (void)state;
    for (int resp3 = 0; resp3 < 2; resp3++) {
        eddy_resp_values codec = {.resp3 = resp3};
        struct codec_case one = values_of(&codec);
        unsigned char out[500];
        size_t len = 0;

        assert_int_equal(codec_encode(&eddy_resp_values_encoder, &codec, &whole, out, &len), 0);
        codec_check(&one, out, len,
                    "[*(+OK)(-ERR)(,1e-9)((-99)(!a\\0a)(=txt:)"
                    "(*($a\\0d\\0ab)(:-9223372036854775808)(#1)(_))"
                    "(%($a\\0d\\0ab)(:-9223372036854775808)(#1)(_))(~($a\\0d\\0ab))(>)"
                    "(|($a\\0d\\0ab)(:-9223372036854775808)(#1))].");
    }
}

static void refuses(eddy_resp_value value)
{
    unsigned char out[500];
    size_t len = 0;

    assert_int_equal(codec_encode(&eddy_resp_values_encoder, NULL, &value, out, &len), -EINVAL);
}

static void value_that_would_be_another_is_refused(void **state)
{
    eddy_resp_value three[] = {
        {.kind = EDDY_RESP_NULL}, {.kind = EDDY_RESP_NULL}, {.kind = EDDY_RESP_NULL}};
    eddy_resp_value deep[EDDY_RESP_DEPTH_MAX + 1];

    (void)state;
    refuses(text_of(EDDY_RESP_STATUS, "O\nK"));
    refuses(text_of(EDDY_RESP_ERROR, "ERR\r"));
    refuses(text_of(EDDY_RESP_DOUBLE, "one"));
    refuses(text_of(EDDY_RESP_DOUBLE, ""));
    refuses(text_of(EDDY_RESP_BIG_NUMBER, "1.5"));
    refuses(text_of(EDDY_RESP_VERBATIM, "txt"));
    refuses(items_of(EDDY_RESP_MAP, three, 3));
    refuses(items_of(EDDY_RESP_ATTRIBUTE, three, 2));
    for (size_t i = 0; i < EDDY_RESP_DEPTH_MAX; i++)
        deep[i] = items_of(EDDY_RESP_ARRAY, &deep[i + 1], 1);
    deep[EDDY_RESP_DEPTH_MAX] = items_of(EDDY_RESP_ARRAY, three, 1);
    refuses(deep[0]);
}

/* ---- mistakes ---- */

static void decode_too_deep(void *arg)
{
    eddy_resp_values values = {.depth_max = EDDY_RESP_DEPTH_MAX + 1};
    eddy_bytes rest = {arg, 4};
    eddy_resp_value value;
    size_t need;

    (void)!eddy_decode(&eddy_resp_values_decoder, &values, &rest, &need, &value);
}

static void mistakes_are_told(void **state)
{
    static char text[] = "*1\r\n";

    (void)state;
    assert_dies(decode_too_deep, text, "depth_max 33: at most 32");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_version_two),
        cmocka_unit_test(values_of_version_three),
        cmocka_unit_test(bad_value_is_an_error_at_its_byte_for_ever),
        cmocka_unit_test(numbers_go_both_ways),
        cmocka_unit_test(what_is_no_number_goes_no_way),
        cmocka_unit_test(limits_are_told_before_the_bytes_come),
        cmocka_unit_test(what_was_searched_of_a_line_is_not_searched_again),
        cmocka_unit_test(depth_of_the_limit_is_taken),
        cmocka_unit_test(without_memory_a_value_is_made_later),
        cmocka_unit_test(small_replies_take_no_memory),
        cmocka_unit_test(values_are_decoded_as_they_were_encoded),
        cmocka_unit_test(value_that_would_be_another_is_refused),
        cmocka_unit_test(mistakes_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
