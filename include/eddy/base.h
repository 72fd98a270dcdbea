/* SPDX-License-Identifier: MIT */
/*
 * eddy/base.h - the few words that every other header uses: how a result reads, what "not yet"
 * is, units of time, the version, and the markers of exported functions.
 *
 * A result is one signed number. `>= 0` is the answer (often a count), `< 0` an error: `-errno`
 * or one of eddy's own codes (eddy/error.h). EDDY_PENDING, the most negative number, means "not
 * yet: the task will be woken". `if (r < 0) return r;` therefore passes on both "not yet" and
 * "failed"; where the two must be told apart, use eddy_is_error().
 */
#ifndef EDDY_BASE_H
#define EDDY_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
#define EDDY_EXTERN_C_BEGIN extern "C" {
#define EDDY_EXTERN_C_END   }
#define EDDY_NORETURN       [[noreturn]]
#else
#define EDDY_EXTERN_C_BEGIN
#define EDDY_EXTERN_C_END
#define EDDY_NORETURN _Noreturn
#endif

#if defined(__GNUC__)
#define EDDY_API            __attribute__((visibility("default")))
#define EDDY_NODISCARD      __attribute__((warn_unused_result))
#define EDDY_PRINTF(at, va) __attribute__((format(printf, at, va)))
#else
#define EDDY_API
#define EDDY_NODISCARD
#define EDDY_PRINTF(at, va)
#endif

#define EDDY_VERSION_MAJOR 0
#define EDDY_VERSION_MINOR 1
#define EDDY_VERSION_PATCH 0
/* One number to compare: 0x00010000 is 0.1.0. */
#define EDDY_VERSION                                                                               \
    ((EDDY_VERSION_MAJOR << 24) | (EDDY_VERSION_MINOR << 16) | (EDDY_VERSION_PATCH << 8))

EDDY_EXTERN_C_BEGIN

/** A count (>= 0), an error (< 0), or EDDY_PENDING. */
typedef int64_t eddy_result;

/** Not yet: what was polled has arranged for the task to be woken. Never leaves eddy_core_run(). */
#define EDDY_PENDING INT64_MIN

/** Durations and points of time are nanoseconds in an int64_t; points of time are monotonic. */
#define EDDY_MICROSECOND INT64_C(1000)
#define EDDY_MILLISECOND INT64_C(1000000)
#define EDDY_SECOND      INT64_C(1000000000)
#define EDDY_FOREVER     INT64_MAX

/** Bytes somewhere in memory; says nothing about who owns them. */
typedef struct eddy_bytes {
    const unsigned char *data;
    size_t len;
} eddy_bytes;

/**
 * Tell whether a result is an error: negative, and not "not yet".
 * @param result  any result
 * @return        true when it is an error
 * Thread: any. Allocates: no.
 */
EDDY_API bool eddy_is_error(eddy_result result);

/**
 * The version of the library that is loaded, to compare with EDDY_VERSION.
 * @return  the number EDDY_VERSION had when the library was built
 * Thread: any. Allocates: no.
 */
EDDY_API uint32_t eddy_version(void);

EDDY_EXTERN_C_END

#endif
