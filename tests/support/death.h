/* SPDX-License-Identifier: MIT */
/*
 * death.h - for tests of assertions: shows that a function ends the program, and what it says.
 *
 * The function runs in a forked child whose standard error the parent reads. Dying means SIGABRT
 * with the expected text among what was written. The child leaves without any clean-up, so leak
 * checkers do not report it, and a cmocka assertion that fails in it aborts it with another text.
 * Call it while the test has no other thread; the child of one that has may start no new ones.
 */
#ifndef EDDY_TESTS_DEATH_H
#define EDDY_TESTS_DEATH_H

#include <stddef.h>

/* Fails the test unless fn(arg) aborts and its standard error contains `text`. */
#define assert_dies(fn, arg, text) death_check((fn), (arg), (text), __FILE__, __LINE__)

void death_check(void (*fn)(void *arg), void *arg, const char *text, const char *file, int line);

/* Runs fn(arg) in a child and collects the first `size - 1` bytes of its standard error in
 * `output`. Returns NULL when it aborted saying `text`, else what was wrong, as static text. */
const char *death_problem(void (*fn)(void *arg), void *arg, const char *text, char *output,
                          size_t size);

#endif
