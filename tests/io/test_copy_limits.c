/* SPDX-License-Identifier: MIT */
/* eddy-test: sim chance */
/*
 * test_copy_limits.c - how long a copy both ways waits for bytes, in virtual time.
 */
#include "script.h"

#include "eddy/io_copy.h"

enum { STEP_MS = 100 };

/* Spawned with limits in seconds; 0: none. */
static eddy_join *spawn(eddy_core *core, struct script *a, struct script *b, eddy_copied *copied,
                        int half_s, int idle_s)
{
    const eddy_copy_options options = {.size_bytes = sizeof options,
                                       .half_close_timeout_ns = half_s * EDDY_SECOND,
                                       .idle_timeout_ns = idle_s * EDDY_SECOND};

    return test_spawn_join_future(core,
                                  eddy_io_copy_bidirectional(eddy_core_handle(core), script_init(a),
                                                             script_init(b), &options, copied),
                                  __FILE__, __LINE__);
}

/* It ends after so many seconds of silence, neither before nor much later. */
static void assert_ends_after(eddy_core *core, eddy_join *join, int seconds)
{
    test_pass(core, seconds * EDDY_SECOND - STEP_MS * EDDY_MILLISECOND);
    assert_null(eddy_join_ended(join));
    test_pass(core, 2 * STEP_MS * EDDY_MILLISECOND);
    assert_non_null(eddy_join_ended(join));
    assert_string_equal(eddy_join_ended(join)->why.operation, "deadline");
    assert_int_equal(test_join_end(core, join), -ETIMEDOUT);
}

static void way_that_says_nothing_after_the_other_has_ended_is_given_up(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        eddy_core *core = test_core();
        struct script ended = script_reading("abc", 0), silent = script_reading("defghi", 2);
        struct script *a = i == 0 ? &ended : &silent, *b = i == 0 ? &silent : &ended;
        eddy_copied copied;
        eddy_join *join = spawn(core, a, b, &copied, 3, 0);

        (void)test_settle(core);
        assert_int_equal(silent.shutdowns, 1);
        test_pass(core, 2 * EDDY_SECOND);
        script_step(&silent); /* each byte that passes gives it time */
        assert_ends_after(core, join, 3);
        assert_ptr_equal(copied.failed, &silent.io);
        assert_int_equal(ended.out_len, 2);
        assert_int_equal(ended.shutdowns, 0);
        test_core_end(core);
    }
}

static void half_close_limit_says_nothing_about_ways_that_are_both_open(void **state)
{
    eddy_core *core = test_core();
    struct script a = script_reading("abc", 3), b = script_reading("de", 2);
    eddy_copied copied;
    eddy_join *join = spawn(core, &a, &b, &copied, 3, 0);

    (void)state;
    test_pass(core, 100 * EDDY_SECOND);
    assert_null(eddy_join_ended(join));
    script_step(&a); /* all, and the end */
    assert_ends_after(core, join, 3);
    assert_ptr_equal(copied.failed, &b.io);
    test_core_end(core);
}

static void silence_of_both_is_given_up(void **state)
{
    eddy_core *core = test_core();
    struct script a = script_reading("abcdef", 2), b = script_reading("ghi", 2);
    eddy_copied copied;
    eddy_join *join = spawn(core, &a, &b, &copied, 0, 5);

    (void)state;
    test_pass(core, 4 * EDDY_SECOND);
    script_step(&a);
    test_pass(core, 4 * EDDY_SECOND);
    script_step(&b);
    assert_ends_after(core, join, 5);
    assert_null(copied.failed);
    assert_int_equal(copied.a_to_b, 2);
    assert_int_equal(copied.b_to_a, 2);
    test_core_end(core);
}

static void of_two_limits_the_shorter_one_counts_when_one_way_has_ended(void **state)
{
    (void)state;
    for (int half = 2; half <= 6; half += 4) {
        eddy_core *core = test_core();
        struct script a = script_reading("", 0), b = script_reading("ghi", 2);
        eddy_copied copied;
        eddy_join *join = spawn(core, &a, &b, &copied, half, 4);

        assert_ends_after(core, join, half < 4 ? half : 4);
        assert_ptr_equal(copied.failed, &b.io);
        test_core_end(core);
    }
}

static void request_to_end_beats_the_limit(void **state)
{
    eddy_core *core = test_core();
    struct script a = script_reading("", 0), b = script_reading("ghi", 2);
    eddy_copied copied;
    eddy_join *join = spawn(core, &a, &b, &copied, 3, 3);

    (void)state;
    test_pass(core, EDDY_SECOND);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_null(copied.failed);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(way_that_says_nothing_after_the_other_has_ended_is_given_up),
        cmocka_unit_test(half_close_limit_says_nothing_about_ways_that_are_both_open),
        cmocka_unit_test(silence_of_both_is_given_up),
        cmocka_unit_test(of_two_limits_the_shorter_one_counts_when_one_way_has_ended),
        cmocka_unit_test(request_to_end_beats_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
