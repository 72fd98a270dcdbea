/* SPDX-License-Identifier: MIT */
/*
 * test_resp_requests.c - requests of RESP: arrays and lines, limits, errors at their byte, memory.
 */
#include "codec_check.h"

#include "../support/heap.h"
#include "resp_print.h"

static struct codec_case of(const eddy_resp_requests *state)
{
    return (struct codec_case){&eddy_resp_requests_decoder, state, sizeof *state,
                               resp_print_request, resp_requests_deinit};
}

#define CHECK(text, expected, ...)                                                                 \
    do {                                                                                           \
        eddy_resp_requests options = {__VA_ARGS__};                                                \
        struct codec_case one = of(&options);                                                      \
        CODEC_CHECK(&one, text, expected);                                                         \
    } while (0)

static void requests_are_arrays_of_texts(void **state)
{
    (void)state;
    CHECK("*1\r\n$4\r\nPING\r\n", "[PING].", 0);
    CHECK("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\nv\r\n\0\r\n*1\r\n$0\r\n\r\n",
          "[SET|k|v\\0d\\0a\\00][].", 0);
    CHECK("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n", "[PING].", 0);
    CHECK("*01\r\n$004\r\nPING\r\n", "[PING].", 0);
    CHECK("", ".", 0);
}

static void requests_are_lines_too(void **state)
{
    (void)state;
    CHECK("PING\r\n", "[PING].", 0);
    CHECK("\r\n\n  SET\tk  \"v w\" \nGET k\r\n", "[SET|k|\"v|w\"][GET|k].", 0);
    CHECK("PING\r\n*1\r\n$4\r\nPING\r\nPING\n", "[PING][PING][PING].", 0);
    CHECK("PING", "!EBADMSG@0", 0);
}

static void request_may_have_many_arguments(void **state)
{
    (void)state;
    CHECK("*20\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n$1\r\nf\r\n$1\r\ng\r\n"
          "$1\r\nh\r\n$1\r\ni\r\n$1\r\nj\r\n$1\r\nk\r\n$1\r\nl\r\n$1\r\nm\r\n$1\r\nn\r\n$1\r\no\r\n"
          "$1\r\np\r\n$1\r\nq\r\n$1\r\nr\r\n$1\r\ns\r\n$1\r\nt\r\nPING\n",
          "[a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t][PING].", 0);
    CHECK("a b c d e f g h i j k l m n o p q r s t\n", "[a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t].",
          0);
}

static void bad_request_is_an_error_at_its_byte_for_ever(void **state)
{
    (void)state;
    CHECK("PING\r\n*x\r\n", "[PING]!EBADMSG@7", 0);
    CHECK("*1\r\n:4\r\nPING\r\n", "!EBADMSG@4", 0);
    CHECK("*1\r\n$x\r\n", "!EBADMSG@5", 0);
    CHECK("*1\r\n$-1\r\n", "!EBADMSG@5", 0);
    CHECK("*1\r\n$\r\n", "!EBADMSG@5", 0);
    CHECK("*1\r\n$4\rPING\r\n", "!EBADMSG@7", 0);
    CHECK("*1\r\n$4\r\nPINGx\n", "!EBADMSG@12", 0);
    CHECK("*1\r\n$4\r\nPING\rx", "!EBADMSG@13", 0);
    CHECK("*2\r\n$4\r\nPING\r\n4\r\n", "!EBADMSG@14", 0);
    CHECK("*1\r\n$4\r\nPI", "!EBADMSG@0", 0);
}

static void limits_are_told_before_the_bytes_come(void **state)
{
    (void)state;
    CHECK("*1\r\n$4\r\nPING\r\n*3\r\n", "[PING]!EMSGSIZE@15", .args_max = 2);
    CHECK("*9223372036854775807\r\n", "!EMSGSIZE@1", 0);
    CHECK("*9223372036854775808\r\n", "!EMSGSIZE@19", 0);
    CHECK("*000000000000000000001\r\n", "!EMSGSIZE@21", 0);
    CHECK("*1\r\n$99999999999999999999\r\n", "!EMSGSIZE@23", .bulk_max = SIZE_MAX);
    CHECK("*1025\r\n", "!EMSGSIZE@1", 0);
    CHECK("*1\r\n$3\r\nGET\r\n*1\r\n$4\r\n", "[GET]!EMSGSIZE@18", .bulk_max = 3);
    CHECK("*1\r\n$9223372036854775807\r\n", "!EBADMSG@0", .bulk_max = SIZE_MAX);
    CHECK("1 3 5\n1 3 567", "[1|3|5]!EMSGSIZE@11", .line_max = 5);
    CHECK("1 3 5\r\n1 3 5\n1 3 56\n", "[1|3|5][1|3|5]!EMSGSIZE@18", .line_max = 5);
    CHECK("1 3 5\r6\n", "!EMSGSIZE@5", .line_max = 5);
    CHECK("1 3 5 7\n1 3 5 7 9\n", "[1|3|5|7]!EMSGSIZE@8", .args_max = 4);
}

static void arguments_point_into_the_input(void **state)
{
    static const unsigned char text[] = "*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n";
    eddy_resp_requests requests = {0};
    eddy_resp_request request;
    eddy_bytes rest = {text, sizeof text - 1};
    size_t need;

    (void)state;
    assert_int_equal(eddy_decode(&eddy_resp_requests_decoder, &requests, &rest, &need, &request),
                     1);
    assert_ptr_equal(request.argv[0].data, text + 8);
    assert_ptr_equal(request.argv[1].data, text + 18);
}

/* It says how much it needs, so that a long argument does not wake anybody before it is there. */
static void length_of_an_argument_is_waited_for(void **state)
{
    static const unsigned char text[] = "*1\r\n$1000\r\nxxx";
    eddy_resp_requests requests = {0};
    eddy_resp_request request;
    eddy_bytes rest = {text, sizeof text - 1};
    size_t need = 0;

    (void)state;
    assert_int_equal(eddy_decode(&eddy_resp_requests_decoder, &requests, &rest, &need, &request),
                     0);
    assert_int_equal(need, 4 + 7 + 1000 + 2);
}

static size_t ten(unsigned char *out)
{
    size_t len = eddy_resp_put_number(EDDY_RESP_ARRAY, 10, out);

    for (int i = 0; i < 10; i++)
        len += codec_put(out + len, "$1\r\nx\r\n");
    return len;
}

static void without_memory_a_request_is_made_later(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_resp_requests requests = {.allocator = &allocator};
    eddy_resp_request request;
    unsigned char text[200];
    eddy_bytes rest = {text, ten(text)};
    size_t need;

    (void)state;
    rest.len += codec_put(text + rest.len, "1 2 3 4 5 6 7 8 9\n");
    test_heap_init(&heap, 0);
    assert_int_equal(eddy_decode(&eddy_resp_requests_decoder, &requests, &rest, &need, &request),
                     -ENOMEM);
    assert_int_equal(eddy_decode(&eddy_resp_requests_decoder, &requests, &rest, &need, &request),
                     1);
    assert_int_equal(request.argc, 10);
    eddy_resp_requests_deinit(&requests);
    test_heap_init(&heap, 0);
    assert_int_equal(eddy_decode(&eddy_resp_requests_decoder, &requests, &rest, &need, &request),
                     -ENOMEM);
    assert_int_equal(eddy_decode(&eddy_resp_requests_decoder, &requests, &rest, &need, &request),
                     1);
    assert_int_equal(request.argc, 9);
    eddy_resp_requests_deinit(&requests);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
}

static void requests_are_decoded_as_they_were_encoded(void **state)
{
    static const eddy_bytes set[] = {{(const unsigned char *)"SET", 3},
                                     {(const unsigned char *)"k", 1},
                                     {NULL, 0},
                                     {(const unsigned char *)"\r\n", 2}};
    eddy_resp_requests codec = {.args_max = 4, .bulk_max = 3};
    struct codec_case one = of(&codec);
    eddy_resp_request all = {4, set}, first = {1, set}, none = {0, set}, more = {5, set};
    static const eddy_bytes four = {(const unsigned char *)"four", 4};
    eddy_resp_request big = {1, &four};
    unsigned char out[200];
    size_t len = 0;

    (void)state;
    assert_int_equal(codec_encode(&eddy_resp_requests_encoder, &codec, &all, out, &len), 0);
    assert_int_equal(codec_encode(&eddy_resp_requests_encoder, &codec, &first, out, &len), 0);
    assert_int_equal(codec_encode(&eddy_resp_requests_encoder, &codec, &none, out, &len), -EINVAL);
    assert_int_equal(codec_encode(&eddy_resp_requests_encoder, &codec, &more, out, &len),
                     -EMSGSIZE);
    assert_int_equal(codec_encode(&eddy_resp_requests_encoder, &codec, &big, out, &len), -EMSGSIZE);
    codec_check(&one, out, len, "[SET|k||\\0d\\0a][SET].");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_arrays_of_texts),
        cmocka_unit_test(requests_are_lines_too),
        cmocka_unit_test(request_may_have_many_arguments),
        cmocka_unit_test(bad_request_is_an_error_at_its_byte_for_ever),
        cmocka_unit_test(limits_are_told_before_the_bytes_come),
        cmocka_unit_test(arguments_point_into_the_input),
        cmocka_unit_test(length_of_an_argument_is_waited_for),
        cmocka_unit_test(without_memory_a_request_is_made_later),
        cmocka_unit_test(requests_are_decoded_as_they_were_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
