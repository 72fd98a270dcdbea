/* SPDX-License-Identifier: MIT */
/*
 * eddy_explore_main(): what it prints and returns for scenarios that hold, fail and leak. What
 * drives such programs is tested by tests/tools/test_explore.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eddy/eddy.h"
#include "eddy/explore.h"

/* ---- scenarios ---- */

struct nap {
    EDDY_FRAME;
    eddy_sleep sleep;
};

EDDY_ASYNC(nap, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, EDDY_SECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n);
}

static eddy_remote *kept; /* so that what a test leaves is no leak of the program */

static eddy_handle *handle_of_a_host(eddy_world *world)
{
    eddy_host *host;

    assert_int_equal(eddy_world_host(world, "host", "10.0.0.1", &host), 0);
    return eddy_core_handle(eddy_host_core(host));
}

static const char *sleep_a_second(eddy_world *world)
{
    assert_int_equal(eddy_spawn(handle_of_a_host(world), EDDY_FUTURE(nap)), 0);
    (void)eddy_world_run(world, NULL);
    EDDY_SOMETIMES("test: a second has passed");
    if (eddy_world_now_ns(world) < 0)
        EDDY_SOMETIMES("test: time went back");
    return NULL;
}

static const char *fail_when_told(eddy_world *world)
{
    char seed[32];

    (void)snprintf(seed, sizeof seed, "%u", (unsigned)eddy_world_random(world, 7));
    eddy_world_note(world, seed);
    return getenv("TEST_FAILS") != NULL ? "it was told to" : NULL;
}

static const char *keep_a_remote(eddy_world *world)
{
    assert_int_equal(eddy_remote_new(handle_of_a_host(world), &kept), 0);
    return NULL;
}

/* ---- running one ---- */

static char printed[8192];

/* Run it with up to two words; what it prints goes to `printed`. */
static int explore(const char *(*run)(eddy_world *), const char *first, const char *second)
{
    char program[] = "scenario", words[2][64];
    char *argv[] = {program, words[0], words[1], NULL};
    const eddy_scenario scenario = {.name = "test", .run = run, .options = {.calm = true}};
    FILE *file = tmpfile();
    int out = dup(1), error = dup(2), status;
    size_t len;

    assert_non_null(file);
    (void)snprintf(words[0], sizeof words[0], "%s", first != NULL ? first : "");
    (void)snprintf(words[1], sizeof words[1], "%s", second != NULL ? second : "");
    (void)fflush(stdout);
    assert_true(dup2(fileno(file), 1) == 1 && dup2(fileno(file), 2) == 2);
    status = eddy_explore_main(1 + (first != NULL) + (second != NULL), argv, &scenario);
    (void)fflush(stdout);
    assert_true(dup2(out, 1) == 1 && dup2(error, 2) == 2);
    assert_true(close(out) == 0 && close(error) == 0);
    rewind(file);
    len = fread(printed, 1, sizeof printed - 1, file);
    printed[len] = '\0';
    assert_int_equal(fclose(file), 0);
    return status;
}

static void assert_printed(const char *text)
{
    if (strstr(printed, text) == NULL)
        fail_msg("'%s' is not in: %s", text, printed);
}

/* ---- what is claimed ---- */

static void one_run_prints_seed_and_hash(void **state)
{
    (void)state;
    assert_int_equal(explore(sleep_a_second, NULL, NULL), 0);
    assert_printed("seed 0 hash ");
    assert_int_equal(explore(sleep_a_second, "--seed=18446744073709551614", NULL), 0);
    assert_printed("seed 18446744073709551614 hash ");
}

static void a_range_prints_its_number_and_one_hash(void **state)
{
    (void)state;
    assert_int_equal(explore(sleep_a_second, "--seeds=3..13", "--progress"), 0);
    assert_printed("at 3\nat 4\n");
    assert_printed("at 12\n10 seeds, hash ");
}

static uint64_t hash_of(const char *seeds)
{
    assert_int_equal(explore(fail_when_told, seeds, NULL), 0);
    return strtoull(strstr(printed, "hash ") + 5, NULL, 16);
}

static void hashes_of_parts_add_up(void **state)
{
    (void)state;
    assert_int_equal(hash_of("--seeds=0..9"), hash_of("--seeds=0..4") + hash_of("--seeds=4..9"));
}

static void a_failure_tells_how_to_see_it_again(void **state)
{
    (void)state;
    assert_int_equal(setenv("TEST_FAILS", "1", 1), 0);
    assert_int_equal(explore(fail_when_told, "--seeds=5..9", NULL), 1);
    assert_printed("explore: test: seed 5 failed: it was told to\n");
    assert_printed("EDDY_TRACE=1 scenario --seed=5\n");
    assert_int_equal(setenv("EDDY_CHAOS", "order,loss#3", 1), 0);
    assert_int_equal(explore(fail_when_told, "--seed=5", NULL), 1);
    assert_printed("EDDY_CHAOS='order,loss#3' EDDY_TRACE=1 scenario --seed=5\n");
    assert_int_equal(unsetenv("EDDY_CHAOS"), 0);
    assert_int_equal(unsetenv("TEST_FAILS"), 0);
}

static void memory_that_is_left_fails(void **state)
{
    (void)state;
    assert_int_equal(explore(keep_a_remote, NULL, NULL), 1);
    assert_printed("seed 0 failed: ");
    assert_printed(" bytes were not given back\n");
}

static void marks_are_listed_with_how_often_they_were_reached(void **state)
{
    (void)state;
    assert_int_equal(explore(sleep_a_second, "--seeds=0..10", "--marks"), 0);
    assert_printed("mark 0 test: time went back\n");
    assert_non_null(strstr(printed, " test: a second has passed\n"));
    assert_null(strstr(printed, "mark 0 test: a second has passed\n"));
}

static void kinds_of_chance_are_listed(void **state)
{
    (void)state;
    assert_int_equal(explore(sleep_a_second, "--kinds", NULL), 0);
    assert_printed("kind order\n");
    assert_printed("fault reset\n");
}

static void a_wrong_command_line_is_told(void **state)
{
    static const char *const wrong[] = {"--seed=", "--seed=x",  "--seeds=4",    "--seeds=4..4",
                                        "five",    "--seed=5x", "--seeds=4..5x"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(explore(sleep_a_second, wrong[i], NULL), 2);
        assert_printed("usage: scenario ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_run_prints_seed_and_hash),
        cmocka_unit_test(a_range_prints_its_number_and_one_hash),
        cmocka_unit_test(hashes_of_parts_add_up),
        cmocka_unit_test(a_failure_tells_how_to_see_it_again),
        cmocka_unit_test(marks_are_listed_with_how_often_they_were_reached),
        cmocka_unit_test(kinds_of_chance_are_listed),
        cmocka_unit_test(a_wrong_command_line_is_told),
        /* The last one: what it leaves is never given back. */
        cmocka_unit_test(memory_that_is_left_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
