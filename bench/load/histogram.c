/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - reading a histogram.
 */
#include "histogram.h"

/* The middle of what a slot stands for. */
static double middle(unsigned slot)
{
    unsigned shift;
    uint64_t low;

    if (slot < HISTOGRAM_STEPS)
        return slot;
    shift = (slot >> HISTOGRAM_BITS) - 1u;
    low = (uint64_t)(HISTOGRAM_STEPS + (slot & (HISTOGRAM_STEPS - 1u))) << shift;
    return (double)low + (double)(UINT64_C(1) << shift) / 2.0;
}

double histogram_quantile(const struct histogram *self, double part)
{
    uint64_t wanted = (uint64_t)(part * (double)self->count);
    uint64_t seen = 0;

    for (unsigned slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
        seen += self->slots[slot];
        if (self->slots[slot] > 0 && seen > wanted)
            return middle(slot) < (double)self->max ? middle(slot) : (double)self->max;
    }
    return (double)self->max;
}
