/* SPDX-License-Identifier: MIT */
/*
 * assert.h - EDDY_ASSERT: catches a mistake of the programmer, in release builds too.
 *
 * It prints one line, `eddy: file.c:12: function: message`, to standard error and aborts. The
 * message names the object, the rule that was broken and what to do about it. What the world
 * does (a peer, a full disk, no memory) is never asserted: that is a result, see eddy/error.h.
 *
 * Internal; include it as "base/assert.h". The check costs a compare and a branch that is never
 * taken; all else is out of line and cold.
 */
#ifndef EDDY__ASSERT_H
#define EDDY__ASSERT_H

#include "eddy/base.h"

#if defined(__GNUC__)
#define EDDY__COLD     __attribute__((cold, noinline))
#define EDDY__NOINLINE __attribute__((noinline))
#else
#define EDDY__COLD
#define EDDY__NOINLINE
#endif

/* EDDY_ASSERT(condition, format, ...): an expression of type void; the condition is evaluated
 * once, the arguments of the format only when it does not hold. */
#define EDDY_ASSERT(condition, ...)                                                                \
    ((condition) ? (void)0 : eddy__panic(__FILE__, __LINE__, __func__, __VA_ARGS__))

EDDY_EXTERN_C_BEGIN

/* Print where and why, then abort. For places that are wrong to reach at all, and for
 * EDDY_ASSERT. The folder of `file` is not printed; a message of more than about 900 bytes is
 * cut off. */
EDDY_NORETURN void eddy__panic(const char *file, int line, const char *function, const char *format,
                               ...) EDDY_PRINTF(4, 5) EDDY__COLD;

EDDY_EXTERN_C_END

#endif
