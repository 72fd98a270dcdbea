/* SPDX-License-Identifier: MIT */
/*
 * eddy/error.h - what a negative result means: eddy's own codes, and the name and the text of
 * every code.
 *
 * A negative eddy_result is `-errno`, one of the codes below, or EDDY_PENDING. eddy's own codes
 * lie below -10000 and so never meet a `-errno`; a code keeps its number for ever. One table
 * makes the enum, the names and the texts: a log says "EDDY_INBOX_FULL", never "-10003".
 *
 * It is not strerror(): it knows eddy's codes too, it ignores the locale and it is thread-safe.
 */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include "eddy/base.h"

/* X(name, number, text): the code is `-number`. */
#define EDDY_ERROR_MAP(X)                                                                          \
    X(EDDY_LOOP_GONE, 10001, "the event loop is gone")                                             \
    X(EDDY_DEADLOCK, 10002, "nothing on this loop can ever happen again")                          \
    X(EDDY_INBOX_FULL, 10003, "the loop's inbox is full")                                          \
    X(EDDY_DROPPED, 10004, "the task was dropped before it finished")                              \
    X(EDDY_TASKS_FULL, 10005, "the limit on tasks is reached")                                     \
    X(EDDY_CONTINUE, 10006, "go round again")                                                      \
    X(EDDY_CLOSED, 10007, "the other end is gone")                                                 \
    X(EDDY_LAGGED, 10008, "the reader was too slow, and items are lost to it")                     \
    X(EDDY_UNEXPECTED_END, 10009, "the bytes ended too early")

#define EDDY__ERROR_CONSTANT(name, number, text) name = -(number),

/** eddy's own errors; each is an eddy_result. */
enum eddy_error { EDDY_ERROR_MAP(EDDY__ERROR_CONSTANT) };

#undef EDDY__ERROR_CONSTANT

EDDY_EXTERN_C_BEGIN

/**
 * The name of a result's code, for logs and traces.
 * @param result  any result
 * @return        "ECONNRESET", "EDDY_LOOP_GONE", ...; "OK" when >= 0; "EDDY_PENDING";
 *                "EUNKNOWN" for a code that is in no table; static text, never NULL
 * Thread: any. Allocates: no.
 * See: errno(3)
 */
EDDY_API const char *eddy_error_name(eddy_result result);

/**
 * A result's code in words, for people.
 * @param result  any result
 * @return        "connection reset by peer", ...; "no error" when >= 0; "not yet" for
 *                EDDY_PENDING; "unknown error" for a code that is in no table; static text,
 *                never NULL
 * Thread: any. Allocates: no.
 * See: strerror(3)
 */
EDDY_API const char *eddy_strerror(eddy_result result);

EDDY_EXTERN_C_END

#endif
