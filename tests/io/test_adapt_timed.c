/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_adapt_timed.c - limits on waiting: for bytes, for room, for anything to move.
 */
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "reactor/core.h"

static eddy_core *core;
static eddy_io *a, *b;

#define MS EDDY_MILLISECOND

static int64_t now_ms(void)
{
    return eddy_now_ns(eddy_core_handle(core)) / MS;
}

/* `a` is timed. */
static void begin(int64_t read_ns, int64_t write_ns, int64_t idle_ns)
{
    core = test_core();
    assert_int_equal(eddy_io_memory_pair(eddy_core_handle(core),
                                         EDDY_OPTIONS(eddy_io_memory_options, .room_bytes = 10), &a,
                                         &b),
                     0);
    a = eddy_io_timed(eddy_core_handle(core), a,
                      EDDY_OPTIONS(eddy_io_timed_options, .read_ns = read_ns, .write_ns = write_ns,
                                   .idle_ns = idle_ns));
}

static void end(void)
{
    eddy_io_free(a);
    eddy_io_free(b);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

static void a_read_that_waits_too_long_is_told_and_can_be_tried_again(void **state)
{
    int64_t begun_ms;

    (void)state;
    begin(30 * MS, 0, 0);
    for (int i = 0; i < 2; i++) {
        begun_ms = now_ms();
        assert_int_equal(io_fill(core, a, 1), -ETIMEDOUT);
        assert_true(now_ms() - begun_ms >= 29);
    }
    io_write_text(core, b, "late");
    io_expect_text(core, a, "late");
    assert_int_equal(io_write(core, a, "1234567890", 10), 10);
    end();
}

static void what_is_there_beats_a_limit_that_has_passed(void **state)
{
    (void)state;
    begin(10 * MS, 0, 0);
    io_write_text(core, b, "there");
    test_pass(core, 20 * MS);
    io_expect_text(core, a, "there");
    end();
}

static void a_write_that_waits_too_long_is_told_and_lost_nothing(void **state)
{
    eddy_bytes rest = {(const unsigned char *)"x", 1};

    (void)state;
    begin(0, 30 * MS, 0);
    assert_int_equal(io_write(core, a, "1234567890", 10), 10);
    assert_int_equal(test_run(core, io_verb, .poll = io_verb_write_all, .io = a, .rest = rest),
                     -ETIMEDOUT);
    io_expect_text(core, b, "1234567890");
    io_write_text(core, a, "x");
    io_expect_text(core, b, "x");
    end();
}

/* ---- dropped waits ---- */

/* Waits for bytes so long, then drops that. */
static void wait_a_while(int64_t duration_ns)
{
    eddy_join *join = test_spawn_join(core, io_verb, .poll = io_verb_fill, .io = a, .len = 1);

    test_settle(core);
    test_pass(core, duration_ns);
    eddy_join_abort(join);
    eddy_join_free(join);
}

static void the_time_of_a_dropped_wait_stands_still(void **state)
{
    int64_t begun_ms;

    (void)state;
    begin(300 * MS, 0, 0);
    wait_a_while(10 * MS);
    test_pass(core, 400 * MS); /* nobody waits */
    begun_ms = now_ms();
    assert_int_equal(io_fill(core, a, 1), -ETIMEDOUT);
    assert_true(now_ms() - begun_ms >= 100);
    end();
}

static void dropping_again_and_again_does_not_make_the_limit_longer(void **state)
{
    int64_t begun_ms;

    (void)state;
    begin(400 * MS, 0, 0);
    for (int i = 0; i < 10; i++)
        wait_a_while(20 * MS);
    begun_ms = now_ms();
    assert_int_equal(
        eddy_core_run(core, EDDY_FUTURE(io_verb, .poll = io_verb_fill, .io = a, .len = 1)),
        -ETIMEDOUT);
    assert_in_range(now_ms() - begun_ms, 0, 390);
    end();
}

/* ---- idle ---- */

static void a_stream_in_which_nothing_moves_is_told_to_who_waits(void **state)
{
    int64_t begun_ms;

    (void)state;
    begin(0, 0, 30 * MS);
    begun_ms = now_ms();
    assert_int_equal(io_fill(core, a, 1), -ETIMEDOUT);
    assert_true(now_ms() - begun_ms >= 29);
    end();
}

/* Writes a byte every 60 ms, five times. */
struct dripping {
    EDDY_FRAME;
    eddy_io *io;
    int left;
    eddy_sleep sleep;
};

EDDY_ASYNC(dripping, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->left = 5; self->left > 0; self->left--) {
            eddy_sleep_start(&self->sleep, task, 60 * MS);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            EDDY_POLL(n, eddy_io_poll_write(self->io, task, "x", 1));
        }
        EDDY_END(n);
}

/* The reader gets nothing for 300 ms, but the other direction is alive. */
static void the_other_direction_keeps_it_from_being_idle(void **state)
{
    eddy_join *writer;
    int64_t begun_ms;

    (void)state;
    begin(0, 0, 400 * MS);
    begun_ms = now_ms();
    writer = test_spawn_join(core, dripping, .io = a);
    assert_int_equal(io_fill(core, a, 1), -ETIMEDOUT);
    assert_true(now_ms() - begun_ms >= 698);
    assert_int_equal(test_join_end(core, writer), 1);
    end();
}

/* ---- cancelling ---- */

static void a_request_to_end_is_told_by_the_wait(void **state)
{
    eddy_join *join;

    (void)state;
    begin(1000 * MS, 0, 0);
    join = test_spawn_join(core, io_verb, .poll = io_verb_fill, .io = a, .len = 1);
    test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    end();
}

static void limits_that_make_no_sense_are_told_by_every_call(void **state)
{
    (void)state;
    begin(0, 0, 0);
    eddy_io_free(a);
    a = eddy_io_timed(eddy_core_handle(core), b,
                      EDDY_OPTIONS(eddy_io_timed_options, .read_ns = -1));
    b = NULL;
    assert_int_equal(io_fill(core, a, 1), -EINVAL);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_that_waits_too_long_is_told_and_can_be_tried_again),
        cmocka_unit_test(what_is_there_beats_a_limit_that_has_passed),
        cmocka_unit_test(a_write_that_waits_too_long_is_told_and_lost_nothing),
        cmocka_unit_test(the_time_of_a_dropped_wait_stands_still),
        cmocka_unit_test(dropping_again_and_again_does_not_make_the_limit_longer),
        cmocka_unit_test(a_stream_in_which_nothing_moves_is_told_to_who_waits),
        cmocka_unit_test(the_other_direction_keeps_it_from_being_idle),
        cmocka_unit_test(a_request_to_end_is_told_by_the_wait),
        cmocka_unit_test(limits_that_make_no_sense_are_told_by_every_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
