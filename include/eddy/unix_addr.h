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

/** Bytes that are always enough for eddy_unix_addr_print(), its NUL included. */
#define EDDY_UNIX_ADDR_TEXT_MAX 440

/**
 * The name that is a path.
 * @param path  bytes, read only; need not end with a NUL          borrowed
 * @param len   how many, without a NUL
 * @param out   set; untouched on error
 * @return      0; -ENAMETOOLONG: more than EDDY_UNIX_NAME_MAX; -EINVAL: none, or there is a NUL in it
 * A relative path is looked up from where the process is, each time it is used.
 * Thread: any. Allocates: no. See: unix(7)
 */
EDDY_API EDDY_NODISCARD int eddy_unix_addr_path(const char *path, size_t len, eddy_unix_addr *out);

/**
 * An abstract name (Linux): any bytes, NULs too.
 * @param name  bytes, without the NUL that the system puts before them; may be NULL when len is 0
 * @param len   how many, 0..EDDY_UNIX_NAME_MAX
 * @param out   set; untouched on error
 * @return      0; -ENAMETOOLONG
 * Thread: any. Allocates: no. See: unix(7)
 */
EDDY_API EDDY_NODISCARD int eddy_unix_addr_abstract(const void *name, size_t len,
                                                    eddy_unix_addr *out);

/**
 * Print a name: `unix:/run/a.sock`, `unix:@abstract`, `unix:` for none. A byte that is not printable
 * ASCII, and a backslash, is shown as `\x00`.
 * @param addr  name                                              borrowed
 * @param text  receives as much as fits, and a NUL; may be NULL when size is 0
 * @param size  bytes at text; EDDY_UNIX_ADDR_TEXT_MAX is always enough
 * @return      length of the whole text without its NUL; it was cut off when >= size
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_unix_addr_print(const eddy_unix_addr *addr, char *text, size_t size);

/**
 * Whether two names are the same. Two unnamed ones are: a socket without a name is told apart from
 * another by nothing.
 * @param a  name                                                 borrowed
 * @param b  name                                                 borrowed
 * @return   true: kind, length and all bytes are equal
 * Thread: any. Allocates: no.
 */
EDDY_API bool eddy_unix_addr_equal(const eddy_unix_addr *a, const eddy_unix_addr *b);

EDDY_EXTERN_C_END

#endif
