/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_hangup.c - driver.h, EDDY__HANGUP: told once to whom watches, credit or not; and a
 * hang-up that nobody reads or watches does not keep the loop awake.
 */
#include "support/driver_world.h"

#include <string.h>

enum { RETURNS_MAX = 5, MUCH = 1 << 20 };

static void watched(const char *words, bool reset, const char *order)
{
    world w;
    side s;

    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_watch(&w, &s);
    world_settle(&w);
    assert_string_equal(s.order, "");
    if (words[0] != '\0')
        plain_write(&w, s.peer, words, strlen(words));
    world_settle(&w);
    assert_string_equal(s.order, "");
    if (reset)
        plain_reset(&w, s.peer);
    else
        plain_close(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, s.order[0] != '\0');
    assert_string_equal(s.order, "H");
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_string_equal(s.order, "H");
    side_credit(&w, &s, MUCH);
    WORLD_UNTIL(&w, strpbrk(s.order, "ER") != NULL);
    world_settle(&w);
    assert_string_equal(s.order, order);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_watcher_without_credit_is_told_once_and_may_read_on(void **state)
{
    (void)state;
    watched("", false, "HE");
    watched("words", false, "HBE");
    watched("", true, "HR");
    watched("words", true, "HBR");
}

static void a_watcher_that_comes_late_is_told(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_pair(&w, &s);
    plain_write(&w, s.peer, "words", 5);
    plain_close(&w, s.peer);
    s.peer = -1;
    world_settle(&w);
    assert_string_equal(s.order, "");
    side_watch(&w, &s);
    WORLD_UNTIL(&w, s.order[0] != '\0');
    world_settle(&w);
    assert_string_equal(s.order, "H");
    side_finish(&w, &s);
    world_close(&w);
}

static void a_watcher_with_credit_gets_bytes_and_end_and_at_most_one_hangup(void **state)
{
    world w;
    side s;
    char *hangup;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    side_watch(&w, &s);
    world_settle(&w);
    plain_write(&w, s.peer, "words", 5);
    plain_close(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, strchr(s.order, 'E') != NULL);
    world_settle(&w);
    assert_int_equal(s.len, 5);
    hangup = strchr(s.order, 'H');
    assert_true(hangup == NULL || strchr(hangup + 1, 'H') == NULL);
    assert_true(s.order[strlen(s.order) - 1] == 'E');
    side_finish(&w, &s);
    world_close(&w);
}

static void who_was_told_the_end_is_told_no_hangup(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_pair(&w, &s);
    side_credit(&w, &s, MUCH);
    plain_close(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, strchr(s.order, 'E') != NULL);
    side_watch(&w, &s);
    world_settle(&w);
    assert_string_equal(s.order, "E");
    side_finish(&w, &s);
    world_close(&w);
}

enum how { CLOSES, RESETS, HALF_CLOSES };

static void nobody_reads(bool tcp, const char *words, enum how how)
{
    world w;
    side s;

    world_open(&w, (world_options){0});
    (tcp ? side_tcp : side_unix)(&w, &s);
    if (words[0] != '\0')
        plain_write(&w, s.peer, words, strlen(words));
    if (how == HALF_CLOSES) {
        assert_int_equal(plain_shutdown(&w, s.peer), 0);
    } else {
        if (how == RESETS)
            plain_reset(&w, s.peer);
        else
            plain_close(&w, s.peer);
        s.peer = -1;
    }
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_int_equal(s.len, 0);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_hangup_that_nobody_reads_does_not_spin(void **state)
{
    (void)state;
    nobody_reads(true, "", CLOSES);
    nobody_reads(true, "words", CLOSES);
    nobody_reads(true, "", RESETS);
    nobody_reads(true, "words", RESETS);
    nobody_reads(true, "words", HALF_CLOSES);
}

static void a_hangup_of_a_unix_socket_that_nobody_reads_does_not_spin(void **state)
{
    (void)state;
    nobody_reads(false, "", CLOSES);
    nobody_reads(false, "words", CLOSES);
}

static void an_end_that_was_told_does_not_spin(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    plain_close(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, strchr(s.order, 'E') != NULL);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_string_equal(s.order, "E");
    side_finish(&w, &s);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(a_watcher_without_credit_is_told_once_and_may_read_on),
        cmocka_unit_test(a_watcher_that_comes_late_is_told),
        cmocka_unit_test(a_watcher_with_credit_gets_bytes_and_end_and_at_most_one_hangup),
        cmocka_unit_test(who_was_told_the_end_is_told_no_hangup),
        cmocka_unit_test(a_hangup_that_nobody_reads_does_not_spin),
        cmocka_unit_test(an_end_that_was_told_does_not_spin),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_hangup_of_a_unix_socket_that_nobody_reads_does_not_spin),
    };

    return WORLD_RUN(everywhere, kernel);
}
