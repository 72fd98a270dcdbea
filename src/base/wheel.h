/* SPDX-License-Identifier: MIT */
/*
 * wheel.h - a hierarchical timer wheel: 6 levels of 64 slots, each level with one word that tells
 * which of its slots hold a timer. Starting, stopping and firing are O(1); a timer that only
 * waits costs nothing.
 *
 * It is a data structure: it reads no clock, allocates nothing, calls nobody. Its owner, the
 * loop, tells it what time it is and receives the timers that are due as a list. Times are
 * nanoseconds of any clock that starts at or after 0; what lies below 0 counts as 0.
 *
 * A tick is 2^shift ns. A timer belongs to the first tick that does not begin before its
 * deadline, and fires when that tick has come: never early, at most one tick late. Timers fire in
 * the order of their ticks, those of the same tick in the order in which they were started. A
 * deadline that is past when it is started belongs to the tick at which the wheel stands.
 *
 * Moving a deadline later only writes a field. The timer's place is looked at when its old tick
 * comes; then it is put back, and for the order among equals that moment is its start. (One that
 * is so far away that it stands in the far slot, see wheel.c, goes by its new deadline at once:
 * its start stays what it was if only the field is written, and is now if it is started again.)
 *
 * Not thread-safe; not movable in memory, the timers in it point into it.
 */
#ifndef EDDY__WHEEL_H
#define EDDY__WHEEL_H

#include "base/list.h"
#include "eddy/base.h"

#define EDDY__WHEEL_LEVELS    6
#define EDDY__WHEEL_SLOTS     64
#define EDDY__WHEEL_SHIFT_MAX 30

/* Embedded in its owner, which must not move or free it while it is armed or in a list of due. */
typedef struct eddy__timer {
    eddy__node link;     /* in a slot of the wheel, in a list of due, or alone */
    int64_t deadline_ns; /* never fires earlier; while armed it may be written to a later one */
    uint32_t tick_low;   /* the lower part of the tick it is placed for; private */
    uint16_t where;      /* level * 64 + slot, which imply the upper part; private */
    bool armed;          /* it is in the wheel; private to write, anyone's to read */
    uint8_t kind;        /* the owner's: the wheel never looks at it */
} eddy__timer;

/* All fields are private. */
typedef struct eddy__wheel {
    uint64_t occupied[EDDY__WHEEL_LEVELS]; /* bit n: slot n of the level holds a timer */
    eddy__node slots[EDDY__WHEEL_LEVELS][EDDY__WHEEL_SLOTS];
    uint64_t elapsed_ticks; /* all before this tick is done; what is due in it may still come */
    uint64_t far_ticks;     /* no timer in the far slot is due before this tick, if it has any */
    uint32_t count;
    uint8_t tick_shift;
} eddy__wheel;

/**
 * Make an empty wheel.
 * @param self        the caller's memory
 * @param now_ns      the time at which it starts
 * @param tick_shift  one tick is 2^tick_shift ns; 0..30
 */
void eddy__wheel_init(eddy__wheel *self, int64_t now_ns, uint8_t tick_shift);

/**
 * Make a timer that is not armed and whose kind is 0.
 * @param timer  the caller's memory
 */
void eddy__timer_init(eddy__timer *timer);

/**
 * Arm a timer, or give an armed one another deadline. One that was due but has not been taken
 * from its list of due leaves that list.
 * @param self         the wheel
 * @param timer        initialised, in no other wheel   borrowed until it is due or stopped
 * @param deadline_ns  any number; a past one is due at the next advance, also when that comes at
 *                     the same time; EDDY_FOREVER is due never, as far as the clock can count
 * Cost: O(1). On an armed timer, a deadline not earlier than its place only writes the field.
 */
void eddy__wheel_start(eddy__wheel *self, eddy__timer *timer, int64_t deadline_ns);

/**
 * Arm a timer that is in no list, whatever else its memory holds, but for its kind.
 * @param self         the wheel
 * @param timer        not armed, in no list                borrowed until it is due or stopped
 * @param deadline_ns  as for eddy__wheel_start()
 * Cost: O(1).
 */
void eddy__wheel_arm(eddy__wheel *self, eddy__timer *timer, int64_t deadline_ns);

/**
 * Disarm a timer; one that is in a list of due is taken out of it. Harmless on any other.
 * @param self   the wheel
 * @param timer  initialised
 * Cost: O(1).
 */
void eddy__wheel_stop(eddy__wheel *self, eddy__timer *timer);

/**
 * Tell when eddy__wheel_advance() next has something to do: a timer to fire, to put back or to
 * carry to a lower level. Advancing whenever this says so fires each timer exactly at its tick;
 * unless deadlines are moved meanwhile, at most 7 such advances pass until one fires.
 * @param self  the wheel
 * @return      a time that is not later than the next timer's tick, or is past when that is past;
 *              EDDY_FOREVER when there is no timer, or none the clock can reach
 * Cost: one look at each level's word.
 */
int64_t eddy__wheel_next_ns(const eddy__wheel *self);

/**
 * Move on to a time: append all timers due by then to a list, disarmed, in firing order. What the
 * caller starts while it works off the list is looked at by the next advance.
 * @param self    the wheel
 * @param now_ns  the time; one before an earlier advance's counts as that one's
 * @param due     a list's head; what it already holds stays in front
 * Cost: O(timers that are due, put back or carried down), however far the time has jumped. Each
 * is carried down at most 6 times; those more than 64^6 ticks away are also looked at together
 * whenever the first of them comes nearer than that.
 */
void eddy__wheel_advance(eddy__wheel *self, int64_t now_ns, eddy__node *due);

/**
 * Count the armed timers.
 * @param self  the wheel
 * @return      their number; those in a list of due are not among them
 */
uint32_t eddy__wheel_count(const eddy__wheel *self);

#endif
