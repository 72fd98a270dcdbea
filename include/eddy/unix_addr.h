/* SPDX-License-Identifier: MIT */
/*
 * eddy/unix_addr.h - the name of a Unix socket: a path, an abstract name, or none.
 *
 * A name is bytes and a length, never text that ends at a NUL: an abstract name may hold NULs, and one
 * that is as long as the system allows has no room for one.
 */
#ifndef EDDY_UNIX_ADDR_H
#define EDDY_UNIX_ADDR_H

#include "eddy/base.h"

EDDY_EXTERN_C_BEGIN

/** Bytes of the longest path (its NUL not counted), and of the longest abstract name. */
#define EDDY_UNIX_NAME_MAX 107

typedef enum eddy_unix_kind {
    EDDY_UNIX_UNNAMED =
        0, /* what a zeroed eddy_unix_addr is: a socket that is not bound, one of a pair */
    EDDY_UNIX_PATH = 1,
    EDDY_UNIX_ABSTRACT = 2 /* lives as long as its sockets, in no folder (Linux) */
} eddy_unix_kind;

/** The name of a Unix socket. 112 bytes, for ever; what is beyond `len` is zero. */
typedef struct eddy_unix_addr {
    uint8_t kind; /* an eddy_unix_kind */
    uint8_t reserved[3];
    uint8_t len; /* bytes of name */
    char name
        [EDDY_UNIX_NAME_MAX]; /* the path without a NUL, or the abstract name without its leading NUL */
} eddy_unix_addr;

EDDY_EXTERN_C_END

#endif
