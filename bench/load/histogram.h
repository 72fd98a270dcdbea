/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - how often which latency: 64 equal steps within each power of two, so that a value is
 * known to 1.6 % whatever its size, and adding one costs a few instructions.
 */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS  6u
#define HISTOGRAM_STEPS (1u << HISTOGRAM_BITS)
#define HISTOGRAM_SLOTS ((64u - HISTOGRAM_BITS + 1u) << HISTOGRAM_BITS)

struct histogram {
    uint64_t slots[HISTOGRAM_SLOTS];
    uint64_t count;
    uint64_t max;
};

/* The slot of a value. Below HISTOGRAM_STEPS each value has its own. */
static inline unsigned histogram_slot(uint64_t value)
{
    unsigned shift;

    if (value < HISTOGRAM_STEPS)
        return (unsigned)value;
    shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
    return ((shift + 1u) << HISTOGRAM_BITS) + ((unsigned)(value >> shift) & (HISTOGRAM_STEPS - 1u));
}

/* Count a value `times` times. */
static inline void histogram_add(struct histogram *self, uint64_t value, uint64_t times)
{
    self->slots[histogram_slot(value)] += times;
    self->count += times;
    if (value > self->max)
        self->max = value;
}

/* The value that the share `part` (0..1) of all values do not exceed; 0 when there are none. */
double histogram_quantile(const struct histogram *self, double part);

#endif
