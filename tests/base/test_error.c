/* SPDX-License-Identifier: MIT */
/*
 * test_error.c - names and texts of results; the oracle for errno names is the C library.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eddy/error.h"

static void own_codes_never_meet_an_errno(void **state)
{
    (void)state;
#define CHECK_RANGE(name, number, text) assert_true((name) <= -10001 && (name) > -20000);
    EDDY_ERROR_MAP(CHECK_RANGE)
#undef CHECK_RANGE
}

static void own_codes_are_errors_with_their_name_and_text(void **state)
{
    (void)state;
#define CHECK_ROW(name, number, text)                                                              \
    assert_true(eddy_is_error(name));                                                              \
    assert_string_equal(eddy_error_name(name), #name);                                             \
    assert_string_equal(eddy_strerror(name), text);
    EDDY_ERROR_MAP(CHECK_ROW)
#undef CHECK_ROW
}

/* The numbers are part of the ABI: a new code takes a new number. */
static void own_codes_keep_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(EDDY_LOOP_GONE, -10001);
    assert_int_equal(EDDY_DEADLOCK, -10002);
    assert_int_equal(EDDY_INBOX_FULL, -10003);
    assert_int_equal(EDDY_DROPPED, -10004);
    assert_int_equal(EDDY_TASKS_FULL, -10005);
}

static void counts_read_ok(void **state)
{
    (void)state;
    assert_string_equal(eddy_error_name(0), "OK");
    assert_string_equal(eddy_error_name(INT64_MAX), "OK");
    assert_string_equal(eddy_strerror(17), "no error");
}

static void pending_is_named_and_is_no_error(void **state)
{
    (void)state;
    assert_false(eddy_is_error(EDDY_PENDING));
    assert_string_equal(eddy_error_name(EDDY_PENDING), "EDDY_PENDING");
    assert_string_equal(eddy_strerror(EDDY_PENDING), "not yet");
}

static void is_error_is_exactly_negative_and_not_pending(void **state)
{
    (void)state;
    assert_false(eddy_is_error(0));
    assert_false(eddy_is_error(INT64_MAX));
    assert_true(eddy_is_error(-1));
    assert_true(eddy_is_error(-EPIPE));
    assert_true(eddy_is_error(INT64_MIN + 1));
}

static void errnos_of_networking_are_named(void **state)
{
    (void)state;
    assert_string_equal(eddy_error_name(-ECONNRESET), "ECONNRESET");
    assert_string_equal(eddy_strerror(-ECONNRESET), "connection reset by peer");
    assert_string_equal(eddy_error_name(-EMFILE), "EMFILE");
    assert_string_equal(eddy_error_name(-EAGAIN), "EAGAIN");
    assert_string_equal(eddy_error_name(-EOPNOTSUPP), "EOPNOTSUPP");
    assert_string_equal(eddy_error_name(-ETIMEDOUT), "ETIMEDOUT");
}

static void codes_in_no_table_are_unknown(void **state)
{
    static const eddy_result codes[] = {-4095, -9999, -10000, -10999, INT64_MIN + 1, -0x100000068};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_string_equal(eddy_error_name(codes[i]), "EUNKNOWN");
        assert_string_equal(eddy_strerror(codes[i]), "unknown error");
    }
}

static void every_result_has_a_text(void **state)
{
    (void)state;
    for (eddy_result code = -10100; code <= 1; code++) {
        assert_true(strlen(eddy_error_name(code)) > 0);
        assert_true(strlen(eddy_strerror(code)) > 0);
    }
}

static void errno_names_agree_with_the_c_library(void **state)
{
    (void)state;
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
    int named = 0;

    for (int code = 1; code < 4096; code++) {
        const char *name = eddy_error_name(-code);

        if (strcmp(name, "EUNKNOWN") == 0)
            continue;
        assert_non_null(strerrorname_np(code));
        assert_string_equal(name, strerrorname_np(code));
        named++;
    }
    assert_true(named >= 100);
#else
    print_message("skipped: this C library cannot name an errno\n");
    skip();
#endif
}

static void loaded_version_is_the_header_version(void **state)
{
    (void)state;
    assert_int_equal(eddy_version(), EDDY_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_codes_never_meet_an_errno),
        cmocka_unit_test(own_codes_are_errors_with_their_name_and_text),
        cmocka_unit_test(own_codes_keep_their_numbers),
        cmocka_unit_test(counts_read_ok),
        cmocka_unit_test(pending_is_named_and_is_no_error),
        cmocka_unit_test(is_error_is_exactly_negative_and_not_pending),
        cmocka_unit_test(errnos_of_networking_are_named),
        cmocka_unit_test(codes_in_no_table_are_unknown),
        cmocka_unit_test(every_result_has_a_text),
        cmocka_unit_test(errno_names_agree_with_the_c_library),
        cmocka_unit_test(loaded_version_is_the_header_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
