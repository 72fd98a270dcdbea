/* SPDX-License-Identifier: MIT */
/*
 * check.h - how a fuzz program says that something that must hold does not: the claim goes to
 * standard error and the process aborts, which libFuzzer takes for a finding. Unlike assert() it is
 * there in every build.
 */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define FUZZ_CHECK(holds, ...)                                                                     \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n    ", __FILE__, __LINE__, #holds);   \
            (void)fprintf(stderr, __VA_ARGS__);                                                    \
            (void)fputc('\n', stderr);                                                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
