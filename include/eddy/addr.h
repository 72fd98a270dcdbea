/* SPDX-License-Identifier: MIT */
/*
 * eddy/addr.h - the address of an endpoint: an IPv4 or IPv6 address and a port, as a plain value
 * that is copied freely, compared, printed, and read from text with an exact word on what is
 * wrong with it.
 *
 * It is pure text and number work: nothing is looked up, no system call is made. Names of hosts
 * need a resolver and are refused, with one exception: `localhost`, which is 127.0.0.1. Names of
 * interfaces (`fe80::1%eth0`) are refused too; their numbers (`fe80::1%2`) are read.
 *
 * Texts that are read:      `1.2.3.4:80` `[::1]:80` `[fe80::1%2]:80` `localhost:80`
 *   any IPv4 address:       `:80` `*:80` (0.0.0.0; for IPv6 as well say `[::]:80`)
 *   with the default port:  `1.2.3.4` `[::1]` `::1` `fe80::1%2` `localhost` `*`
 */
#ifndef EDDY_ADDR_H
#define EDDY_ADDR_H

#include "eddy/base.h"

typedef enum eddy_addr_family {
    EDDY_ADDR_NONE = 0, /* no address; what a zeroed eddy_addr is */
    EDDY_ADDR_IPV4 = 1,
    EDDY_ADDR_IPV6 = 2
} eddy_addr_family;

/** An address and a port. 24 bytes, for ever; reserved bytes are zero. */
typedef struct eddy_addr {
    uint8_t family; /* an eddy_addr_family */
    uint8_t reserved[1];
    uint16_t port;     /* host order; 0: any */
    uint32_t scope_id; /* IPv6: number of the interface, 0: none */
    uint8_t ip[16];    /* network order; IPv4 uses the first four, the others are zero */
} eddy_addr;

/** Why a text is not an address. */
typedef struct eddy_addr_error {
    size_t at;        /* offset of the first bad piece, or of where a missing one belongs */
    const char *what; /* static text, e.g. "the port is above 65535" */
} eddy_addr_error;

/** Room for the longest printed address and its NUL. */
#define EDDY_ADDR_TEXT_MAX 64

EDDY_EXTERN_C_BEGIN

/**
 * Read an address from text, in one of the forms listed at the top of this file.
 *
 * Strict, so that a text means the same to every reader: no leading zeros in an octet, a
 * scope or a port, always four octets, nothing before or after the address.
 * @param text          NUL-terminated text                     borrowed
 * @param default_port  the port when the text has none; 0: any
 * @param out           the address; left untouched on failure
 * @param error         what is wrong and where, left untouched on success; may be NULL
 * @return              0, or -EINVAL
 * Thread: any. Allocates: no. Cost: no system call, linear in the text.
 * See: RFC 4291 section 2.2, inet_pton(3)
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_addr_parse(const char *text, uint16_t default_port,
                                                    eddy_addr *out, eddy_addr_error *error);

/**
 * Print an address and its port: `1.2.3.4:80`, `[::1]:80`, `[fe80::1%2]:80`, `none`.
 * IPv6 is in the one form of RFC 5952, an IPv4-mapped one reads `[::ffff:1.2.3.4]:80`. What is
 * printed can be read back by eddy_addr_parse(), `none` excepted.
 * @param addr  the address                                    borrowed
 * @param text  receives as much as fits, and a NUL; may be NULL when size is 0
 * @param size  bytes at text; EDDY_ADDR_TEXT_MAX is always enough
 * @return      length of the whole text without its NUL; it was cut off when >= size
 * Thread: any. Allocates: no.
 * See: RFC 5952, snprintf(3)
 */
EDDY_API size_t eddy_addr_print(const eddy_addr *addr, char *text, size_t size);

/**
 * Make an IPv4 address: eddy_addr_ipv4(192, 168, 0, 1, 80) is 192.168.0.1:80.
 * @param a     first octet
 * @param b     second octet
 * @param c     third octet
 * @param d     fourth octet
 * @param port  port, 0: any
 * @return      the address
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_addr eddy_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);

/**
 * Every IPv4 address of this machine, 0.0.0.0: to listen on.
 * @param port  port, 0: any
 * @return      the address
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_addr eddy_addr_ipv4_any(uint16_t port);

/**
 * This machine itself, 127.0.0.1.
 * @param port  port, 0: any
 * @return      the address
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_addr eddy_addr_ipv4_loopback(uint16_t port);

/**
 * Every IPv6 address of this machine, `::`: to listen on. A dual-stack listener takes IPv4 too.
 * @param port  port, 0: any
 * @return      the address
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_addr eddy_addr_ipv6_any(uint16_t port);

/**
 * This machine itself, `::1`.
 * @param port  port, 0: any
 * @return      the address
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_addr eddy_addr_ipv6_loopback(uint16_t port);

/**
 * Tell whether two addresses are the same: family, port, address, and for IPv6 the scope. An
 * IPv4 address and its IPv4-mapped IPv6 form are different; two NONE are the same.
 * @param a  one address                                       borrowed
 * @param b  another                                           borrowed
 * @return   true when they are the same
 * Thread: any. Allocates: no.
 */
EDDY_API bool eddy_addr_equal(const eddy_addr *a, const eddy_addr *b);

/**
 * Tell whether an address is this machine's own: 127.0.0.0/8, ::1, or ::ffff:127.0.0.0/104, as
 * which a dual-stack listener sees a local IPv4 peer.
 * @param addr  the address; its port does not matter          borrowed
 * @return      true when it is
 * Thread: any. Allocates: no.
 */
EDDY_API bool eddy_addr_is_loopback(const eddy_addr *addr);

/**
 * Tell whether an address stands for every address of this machine: 0.0.0.0, :: or
 * ::ffff:0.0.0.0.
 * @param addr  the address; its port does not matter          borrowed
 * @return      true when it does; false for NONE
 * Thread: any. Allocates: no.
 */
EDDY_API bool eddy_addr_is_any(const eddy_addr *addr);

EDDY_EXTERN_C_END

#endif
