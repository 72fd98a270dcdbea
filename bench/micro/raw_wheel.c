/* SPDX-License-Identifier: MIT */
/*
 * raw_wheel.c - the wheel. A timer is in the list of the highest digit (of 6 bits) in which its time
 * differs from now; when the wheel comes to that digit, the timer moves to a lower one.
 */
#include "raw_wheel.h"

#include <stddef.h>

enum { LEVELS = 6, BITS = 6, SLOTS = 1 << BITS };

static struct {
    uint64_t now_ms;
    uint64_t used[LEVELS]; /* a bit for each list that a timer was put in; may be empty again */
    wheel_timer *lists[LEVELS][SLOTS];
} wheel;

uint64_t wheel_now_ms(void)
{
    return wheel.now_ms;
}

static void put(wheel_timer *timer, unsigned level, uint64_t due_ms)
{
    unsigned slot = (unsigned)(due_ms >> (BITS * level)) % SLOTS;
    wheel_timer **list = &wheel.lists[level][slot];

    timer->next = *list;
    if (timer->next != NULL)
        timer->next->link = &timer->next;
    timer->link = list;
    *list = timer;
    wheel.used[level] |= UINT64_C(1) << slot;
}

void wheel_start(wheel_timer *self)
{
    uint64_t due_ms = self->due_ms > wheel.now_ms ? self->due_ms : wheel.now_ms + 1;
    uint64_t differs = due_ms ^ wheel.now_ms;
    unsigned level = (63 - (unsigned)__builtin_clzll(differs)) / BITS;

    put(self, level < LEVELS ? level : LEVELS - 1, due_ms);
}

void wheel_stop(wheel_timer *self)
{
    *self->link = self->next;
    if (self->next != NULL)
        self->next->link = self->link;
}

unsigned wheel_wait_ms(void)
{
    unsigned at = (unsigned)(wheel.now_ms % SLOTS);
    uint64_t ahead = at == SLOTS - 1 ? 0 : wheel.used[0] >> (at + 1);

    return ahead != 0 ? (unsigned)__builtin_ctzll(ahead) + 1 : SLOTS - at;
}

static wheel_timer *take(unsigned level)
{
    unsigned slot = (unsigned)(wheel.now_ms >> (BITS * level)) % SLOTS;
    wheel_timer *list = wheel.lists[level][slot];

    wheel.lists[level][slot] = NULL;
    wheel.used[level] &= ~(UINT64_C(1) << slot);
    return list;
}

/* What is due now goes to the list that is fired next. */
static void move_down(wheel_timer *list)
{
    wheel_timer *next;

    for (; list != NULL; list = next) {
        next = list->next;
        if (list->due_ms <= wheel.now_ms)
            put(list, 0, wheel.now_ms);
        else
            wheel_start(list);
    }
}

void wheel_tick(void (*fire)(wheel_timer *timer))
{
    wheel_timer *list, *next;

    wheel.now_ms++;
    for (unsigned level = 1; level < LEVELS; level++) {
        if ((wheel.now_ms & ((UINT64_C(1) << (BITS * level)) - 1)) != 0)
            break;
        move_down(take(level));
    }
    for (list = take(0); list != NULL; list = next) {
        next = list->next;
        fire(list);
    }
}
