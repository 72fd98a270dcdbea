/* SPDX-License-Identifier: MIT */
/* eddy-test: threads */
/*
 * test_assert.c - what EDDY_ASSERT prints and how it ends the program, and that the helper which
 * shows this (tests/support/death.h) is not satisfied by anything less.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/death.h"
#include "base/assert.h"

static int evaluated;

static int count_evaluation(int value)
{
    evaluated++;
    return value;
}

static void assertion_that_holds_does_nothing(void **state)
{
    (void)state;
    evaluated = 0;
    EDDY_ASSERT(count_evaluation(1) == 1, "this is not printed");
    EDDY_ASSERT(true, "arguments stay unevaluated: %d", count_evaluation(2));
    assert_int_equal(evaluated, 1);
}

static int line_of_assertion;

static void break_a_rule(void *arg)
{
    line_of_assertion = __LINE__ + 1;
    EDDY_ASSERT(arg != NULL, "timer %d was started twice: stop it first", 7);
}

static void assertion_that_fails_aborts_with_its_message(void **state)
{
    (void)state;
    assert_dies(break_a_rule, NULL, "timer 7 was started twice: stop it first");
}

static void message_is_one_line_that_names_file_line_and_function(void **state)
{
    char output[256];
    char expected[256];

    (void)state;
    break_a_rule(&output); /* holds; learns the line */
    assert_null(death_problem(break_a_rule, NULL, "", output, sizeof(output)));
    snprintf(expected, sizeof(expected),
             "eddy: test_assert.c:%d: break_a_rule: timer 7 was started twice: stop it first\n",
             line_of_assertion);
    assert_string_equal(output, expected);
}

static void panic_from_folder(void *arg)
{
    eddy__panic(arg, 3, "f", "boom");
}

static void folders_of_the_file_are_not_printed(void **state)
{
    char output[64];

    (void)state;
    assert_null(death_problem(panic_from_folder, "/a/b/c.c", "", output, sizeof(output)));
    assert_string_equal(output, "eddy: c.c:3: f: boom\n");
    assert_null(death_problem(panic_from_folder, "a\\b\\c.c", "", output, sizeof(output)));
    assert_string_equal(output, "eddy: c.c:3: f: boom\n");
}

static void panic_at_length(void *arg)
{
    eddy__panic("c.c", 3, "f", "%s", (const char *)arg);
}

static void long_message_is_cut_off_and_still_ends_its_line(void **state)
{
    char message[4000];
    char output[4096];

    (void)state;
    memset(message, 'x', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    assert_null(death_problem(panic_at_length, message, "f: xxxx", output, sizeof(output)));
    assert_in_range(strlen(output), 900, 1024);
    assert_string_equal(output + strlen(output) - 3, "xx\n");
}

static void panic_in_a_long_function(void *arg)
{
    eddy__panic("c.c", 3, arg, "unseen");
}

static void long_place_is_cut_off_too(void **state)
{
    char name[2000];
    char output[4096];

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_null(death_problem(panic_in_a_long_function, name, "c.c:3: n", output, sizeof(output)));
    assert_in_range(strlen(output), 900, 1024);
}

static void leak_and_return(void *arg)
{
    char **kept = arg;

    *kept = malloc(10);
    *kept = NULL;
}

static void exit_quietly(void *arg)
{
    (void)arg;
    _exit(0);
}

static void raise_segv(void *arg)
{
    (void)arg;
    fputs("boom", stderr);
    raise(SIGSEGV);
}

static void fail_in_cmocka(void *arg)
{
    (void)arg;
    fail_msg("a cmocka assertion");
}

static void death_helper_refuses_anything_less(void **state)
{
    char output[4096];
    char *kept = NULL;

    (void)state;
    assert_string_equal(death_problem(leak_and_return, &kept, "", output, sizeof(output)),
                        "it did not die");
    assert_string_equal(death_problem(exit_quietly, NULL, "", output, sizeof(output)),
                        "it did not die");
    assert_string_equal(death_problem(raise_segv, NULL, "boom", output, sizeof(output)),
                        "it died of another signal than SIGABRT");
    assert_string_equal(
        death_problem(break_a_rule, NULL, "another message", output, sizeof(output)),
        "it died without saying so");
    assert_string_equal(death_problem(fail_in_cmocka, NULL, "timer 7", output, sizeof(output)),
                        "it died without saying so");
}

static void write_much_then_abort(void *arg)
{
    (void)arg;
    for (int i = 0; i < 4000; i++)
        fputs("a line that fills the pipe several times over\n", stderr);
    abort();
}

static void death_helper_reads_more_than_a_pipe_holds(void **state)
{
    char output[64];

    (void)state;
    assert_null(death_problem(write_much_then_abort, NULL, "a line", output, sizeof(output)));
    assert_int_equal(strlen(output), sizeof(output) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assertion_that_holds_does_nothing),
        cmocka_unit_test(assertion_that_fails_aborts_with_its_message),
        cmocka_unit_test(message_is_one_line_that_names_file_line_and_function),
        cmocka_unit_test(folders_of_the_file_are_not_printed),
        cmocka_unit_test(long_message_is_cut_off_and_still_ends_its_line),
        cmocka_unit_test(long_place_is_cut_off_too),
        cmocka_unit_test(death_helper_refuses_anything_less),
        cmocka_unit_test(death_helper_reads_more_than_a_pipe_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
