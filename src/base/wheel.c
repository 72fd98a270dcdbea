/* SPDX-License-Identifier: MIT */
/*
 * wheel.c - the timer wheel of wheel.h.
 *
 * Where a timer stands. Write ticks in base 64. A timer stands on the level of the highest digit
 * in which its tick differs from elapsed_ticks, in the slot of that digit's value: level 0 holds
 * what comes within the current 64 ticks, level 1 the rest of the current 64^2, and so on. Ticks
 * that differ above the sixth digit, in their *block* of 64^6 ticks, stand in the far slot: slot 0
 * of the top level, which is otherwise never used, as a digit that is higher than elapsed_ticks'
 * own is at least 1.
 *
 * What follows from it:
 * - Nothing wraps. In every level the occupied slots lie behind the digit of elapsed_ticks (level
 *   0: at or behind), and every timer of a level is due before any timer of the next. So the first
 *   bit of the first word that is not 0 is the next slot, and there is no "slot of the next round"
 *   to be mistaken for one of this round, whatever the clock and the delay.
 * - Before elapsed_ticks becomes a tick at which a slot begins, that slot is emptied, and its
 *   timers are placed anew, each on a lower level. The far slot is emptied when elapsed_ticks
 *   enters the block of its earliest timer. So the first rule holds for all timers at all times.
 * - Equals keep their order. The place is a function of the timer's tick and elapsed_ticks alone:
 *   at any time all timers of one tick stand in the same slot. There they stand in start order,
 *   for a start appends; and a slot is carried down front to back, appending, to levels that are
 *   empty by then (all they held was due earlier). A timer that was moved later goes by the tick
 *   it was placed for until that comes, and only then is appended elsewhere; but in the far slot
 *   every timer goes by its deadline as it is, for what keeps the slot together is only that all
 *   of these are in later blocks.
 *
 * A timer stores the low 32 bits of the tick it was placed for. Where it stands implies the rest:
 * above its level the digits are those of elapsed_ticks, on its level the digit is the slot, and
 * below the top level there are 30 bits. (In the far slot this is not so, nor needed.)
 *
 * Ticks are uint64_t and at most 2^63 - 1, so that no sum here overflows; turning them back into
 * nanoseconds saturates.
 */
#include "base/wheel.h"

#include "base/assert.h"

enum {
    DIGIT_BITS = 6,
    DIGIT_MASK = EDDY__WHEEL_SLOTS - 1,
    BLOCK_BITS = DIGIT_BITS * EDDY__WHEEL_LEVELS,
    TOP = EDDY__WHEEL_LEVELS - 1,
    FAR_SLOT = 0,
    FAR = TOP * EDDY__WHEEL_SLOTS + FAR_SLOT /* as eddy__timer's `where` */
};

typedef struct place {
    unsigned level, slot;
    uint64_t tick; /* when something is to be done there; not before elapsed_ticks */
} place;

static uint64_t tick_at(const eddy__wheel *self, int64_t now_ns)
{
    return now_ns > 0 ? (uint64_t)now_ns >> self->tick_shift : 0;
}

/* The tick of a deadline: rounded up, and never one that is done with. */
static uint64_t tick_due(const eddy__wheel *self, int64_t deadline_ns)
{
    uint64_t round_up = (UINT64_C(1) << self->tick_shift) - 1;
    uint64_t tick = deadline_ns > 0 ? ((uint64_t)deadline_ns + round_up) >> self->tick_shift : 0;
    return tick > self->elapsed_ticks ? tick : self->elapsed_ticks;
}

static unsigned lowest_bit(uint64_t word)
{
    return (unsigned)__builtin_ctzll(word);
}

/* The highest base-64 digit in which two ticks differ; 0 when they are the same. */
static unsigned highest_difference(uint64_t a, uint64_t b)
{
    return (63U - (unsigned)__builtin_clzll((a ^ b) | DIGIT_MASK)) / DIGIT_BITS;
}

/* The first tick of a slot, not the far one, that is not done with. */
static uint64_t slot_tick(const eddy__wheel *self, unsigned level, unsigned slot)
{
    unsigned shift = level * DIGIT_BITS;
    return (self->elapsed_ticks >> (shift + DIGIT_BITS) << DIGIT_BITS | slot) << shift;
}

/* The tick a timer was placed for; it is not in the far slot. */
static uint64_t placed_tick(const eddy__wheel *self, const eddy__timer *timer)
{
    unsigned level = timer->where / EDDY__WHEEL_SLOTS, slot = timer->where % EDDY__WHEEL_SLOTS;
    uint64_t below = (UINT64_C(1) << (level * DIGIT_BITS)) - 1;
    return slot_tick(self, level, slot) | (timer->tick_low & below);
}

static bool far_is_occupied(const eddy__wheel *self)
{
    return (self->occupied[TOP] >> FAR_SLOT & 1) != 0;
}

/* Put a timer, which is in no list, where its tick belongs. */
static void place_timer(eddy__wheel *self, eddy__timer *timer, uint64_t tick)
{
    unsigned level = highest_difference(tick, self->elapsed_ticks);
    unsigned slot = FAR_SLOT;
    if (level <= TOP) {
        slot = (unsigned)(tick >> (level * DIGIT_BITS)) & DIGIT_MASK;
    } else {
        level = TOP;
        if (!far_is_occupied(self) || tick < self->far_ticks)
            self->far_ticks = tick;
    }
    timer->tick_low = (uint32_t)tick;
    timer->where = (uint16_t)(level * EDDY__WHEEL_SLOTS + slot);
    self->occupied[level] |= UINT64_C(1) << slot;
    eddy__list_append(&self->slots[level][slot], &timer->link);
}

static void displace_timer(eddy__wheel *self, eddy__timer *timer)
{
    unsigned level = timer->where / EDDY__WHEEL_SLOTS, slot = timer->where % EDDY__WHEEL_SLOTS;
    if (timer->link.prev == timer->link.next) /* both are the slot: it is alone there */
        self->occupied[level] &= ~(UINT64_C(1) << slot);
    eddy__list_remove(&timer->link);
}

/* Move all that a slot holds to `taken`, which is not initialised yet. */
static void empty_slot(eddy__wheel *self, unsigned level, unsigned slot, eddy__node *taken)
{
    eddy__list_init(taken);
    eddy__list_splice(taken, &self->slots[level][slot]);
    self->occupied[level] &= ~(UINT64_C(1) << slot);
}

/* Find the occupied slot that comes first; false when there is none. */
static bool first_place(const eddy__wheel *self, place *at)
{
    for (unsigned level = 0; level <= TOP; level++) {
        uint64_t near = self->occupied[level];
        if (level == TOP)
            near &= ~(UINT64_C(1) << FAR_SLOT);
        if (near == 0)
            continue;
        at->level = level;
        at->slot = lowest_bit(near);
        at->tick = slot_tick(self, level, at->slot);
        return true;
    }
    at->level = TOP;
    at->slot = FAR_SLOT;
    at->tick = self->far_ticks;
    return far_is_occupied(self);
}

/* elapsed_ticks has reached the slot: carry its timers down, to where they belong from here. */
static void carry_down(eddy__wheel *self, unsigned level, unsigned slot)
{
    eddy__node taken;
    empty_slot(self, level, slot, &taken);
    EDDY__LIST_FOR_EACH_SAFE (it, following, &taken) {
        eddy__timer *timer = EDDY__CONTAINER(it, eddy__timer, link);
        bool far = timer->where == FAR;
        place_timer(self, timer,
                    far ? tick_due(self, timer->deadline_ns) : placed_tick(self, timer));
    }
}

/* elapsed_ticks is the slot's one tick: its timers are due, but for those that were moved later. */
static void fire(eddy__wheel *self, unsigned slot, eddy__node *due)
{
    eddy__node taken;
    empty_slot(self, 0, slot, &taken);
    EDDY__LIST_FOR_EACH_SAFE (it, following, &taken) {
        eddy__timer *timer = EDDY__CONTAINER(it, eddy__timer, link);
        uint64_t tick = tick_due(self, timer->deadline_ns);
        if (tick > self->elapsed_ticks) {
            place_timer(self, timer, tick);
            continue;
        }
        timer->armed = false;
        self->count--;
        eddy__list_append(due, it);
    }
}

void eddy__wheel_init(eddy__wheel *self, int64_t now_ns, uint8_t tick_shift)
{
    EDDY_ASSERT(tick_shift <= EDDY__WHEEL_SHIFT_MAX,
                "wheel: tick_shift is %u, use 0 (a tick is 1 ns) to %d (about 1 s)",
                (unsigned)tick_shift, EDDY__WHEEL_SHIFT_MAX);
    *self = (eddy__wheel){0};
    self->tick_shift = tick_shift;
    self->elapsed_ticks = tick_at(self, now_ns);
    for (unsigned level = 0; level <= TOP; level++)
        for (unsigned slot = 0; slot < EDDY__WHEEL_SLOTS; slot++)
            eddy__list_init(&self->slots[level][slot]);
}

void eddy__timer_init(eddy__timer *timer)
{
    *timer = (eddy__timer){0};
    eddy__list_init(&timer->link);
}

void eddy__wheel_arm(eddy__wheel *self, eddy__timer *timer, int64_t deadline_ns)
{
    timer->deadline_ns = deadline_ns;
    timer->armed = true;
    self->count++;
    place_timer(self, timer, tick_due(self, deadline_ns));
}

void eddy__wheel_start(eddy__wheel *self, eddy__timer *timer, int64_t deadline_ns)
{
    uint64_t tick;
    if (!timer->armed) {
        eddy__list_take(&timer->link); /* it may still be in a list of due */
        eddy__wheel_arm(self, timer, deadline_ns);
        return;
    }
    tick = tick_due(self, deadline_ns);
    timer->deadline_ns = deadline_ns;
    if (timer->where != FAR && tick >= placed_tick(self, timer))
        return;
    displace_timer(self, timer);
    place_timer(self, timer, tick);
}

void eddy__wheel_stop(eddy__wheel *self, eddy__timer *timer)
{
    if (!timer->armed) {
        eddy__list_remove(&timer->link); /* it may still be in a list of due */
        return;
    }
    self->count--;
    timer->armed = false;
    displace_timer(self, timer);
}

int64_t eddy__wheel_next_ns(const eddy__wheel *self)
{
    place at;
    if (!first_place(self, &at) || at.tick > (uint64_t)INT64_MAX >> self->tick_shift)
        return EDDY_FOREVER;
    return (int64_t)(at.tick << self->tick_shift);
}

void eddy__wheel_advance(eddy__wheel *self, int64_t now_ns, eddy__node *due)
{
    uint64_t target = tick_at(self, now_ns);
    place at;
    if (target < self->elapsed_ticks)
        target = self->elapsed_ticks;
    while (first_place(self, &at) && at.tick <= target) {
        self->elapsed_ticks = at.tick;
        if (at.level == 0)
            fire(self, at.slot, due);
        else
            carry_down(self, at.level, at.slot);
    }
    self->elapsed_ticks = target;
    /* The block of the far slot's earliest timer may have begun, though its tick is yet to come. */
    if (far_is_occupied(self) && self->far_ticks >> BLOCK_BITS == target >> BLOCK_BITS)
        carry_down(self, TOP, FAR_SLOT);
}

uint32_t eddy__wheel_count(const eddy__wheel *self)
{
    return self->count;
}
