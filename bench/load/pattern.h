/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - the bytes that the load generator sends and expects, and that a server in the mode
 * `source` sends: byte k of a stream is byte (base + k) % PATTERN_PERIOD of one table. The period
 * is a prime, so neighbouring messages and streams never agree, and a byte lost, doubled or taken
 * from another stream is always seen. `source` has the base 0.
 *
 * C11 and C++; everything is here. Fill one struct pattern at the start (not on the stack: it is
 * large) and take bytes out of it where they lie:
 *
 *     static struct pattern pattern;
 *     pattern_fill(&pattern);
 *     sent = send(fd, pattern_at(&pattern, sent_so_far), PATTERN_SLICE, 0);
 */
#ifndef BENCH_LOAD_PATTERN_H
#define BENCH_LOAD_PATTERN_H

#include <stdint.h>

#define PATTERN_PERIOD 65521u
/* So many bytes are in one piece wherever one begins. */
#define PATTERN_SLICE  (1u << 18)

struct pattern {
    unsigned char bytes[PATTERN_PERIOD + PATTERN_SLICE];
};

/* Fill the table: xorshift64, one byte of each number. */
static inline void pattern_fill(struct pattern *self)
{
    uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

    for (uint32_t i = 0; i < PATTERN_PERIOD; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self->bytes[i] = (unsigned char)(x >> 32);
    }
    for (uint32_t i = PATTERN_PERIOD; i < PATTERN_PERIOD + PATTERN_SLICE; i++)
        self->bytes[i] = self->bytes[i - PATTERN_PERIOD];
}

/* The bytes from `place` (base + k) on: PATTERN_SLICE of them. */
static inline const unsigned char *pattern_at(const struct pattern *self, uint64_t place)
{
    return self->bytes + place % PATTERN_PERIOD;
}

#endif
