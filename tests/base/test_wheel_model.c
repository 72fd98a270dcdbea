/* SPDX-License-Identifier: MIT */
/*
 * test_wheel_model.c - random histories of src/base/wheel.h against a model that is too simple to
 * be wrong: an array, from which the least (tick, start) is taken by looking at every entry. The
 * clocks start just before the ticks at which the wheel's levels turn over, and near the clock's
 * end. EDDY_TEST_SEEDS=n runs n times as many histories.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/wheel.h"

enum { TIMERS = 48, STEPS = 400, COMMON = 5, SEEDS = 24, ADVANCES_MAX = 7, BLOCK_BITS = 36 };

#define CENTURY (INT64_C(3155760000) * EDDY_SECOND)

/* What the model knows of a timer. */
typedef struct entry {
    bool armed;
    uint64_t tick, start;
    int64_t deadline_ns;
} entry;

typedef struct history {
    eddy__wheel wheel;
    eddy__timer timers[TIMERS];
    eddy__node due;
    entry entries[TIMERS];
    uint64_t elapsed, starts; /* the model's clock in ticks, and its count of starts */
    int64_t now_ns;
    int64_t common[COMMON]; /* deadlines that many timers share */
    uint64_t random, first_random;
    unsigned shift, step;
} history;

#define CHECK(self, condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("shift %u, random %#llx, step %u: %s", (self)->shift,                         \
                     (unsigned long long)(self)->first_random, (self)->step, #condition);          \
    } while (0)

static uint64_t random_word(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint64_t random_below(history *self, uint64_t limit)
{
    return random_word(&self->random) % limit;
}

/* A number below 2^bits, of any magnitude. */
static int64_t random_magnitude(history *self, unsigned bits)
{
    return (int64_t)(random_word(&self->random) >> (64 - bits + random_below(self, bits)));
}

static int64_t add_saturating(int64_t a, int64_t b)
{
    return b > INT64_MAX - a ? INT64_MAX : a + b;
}

/* The time at which a tick begins. */
static int64_t time_of(const history *self, uint64_t tick)
{
    return tick > (uint64_t)INT64_MAX >> self->shift ? INT64_MAX : (int64_t)(tick << self->shift);
}

/* The model's own rounding, by division. */
static uint64_t model_tick(const history *self, int64_t deadline_ns)
{
    uint64_t size = UINT64_C(1) << self->shift, deadline = (uint64_t)deadline_ns;
    uint64_t tick = deadline_ns < 0 ? 0 : deadline / size + (deadline % size != 0);
    return tick > self->elapsed ? tick : self->elapsed;
}

static bool model_is_far(const history *self, uint64_t tick)
{
    return tick >> BLOCK_BITS != self->elapsed >> BLOCK_BITS;
}

static void model_start(history *self, entry *one, int64_t deadline_ns)
{
    uint64_t tick = model_tick(self, deadline_ns);
    one->deadline_ns = deadline_ns;
    if (one->armed && !model_is_far(self, one->tick) && tick >= one->tick)
        return;
    one->armed = true;
    one->tick = tick;
    one->start = ++self->starts;
}

static void model_write_later(history *self, entry *one, int64_t deadline_ns)
{
    one->deadline_ns = deadline_ns;
    if (model_is_far(self, one->tick))
        one->tick = model_tick(self, deadline_ns);
}

/* The armed timer with the least (tick, start); TIMERS when none is armed. */
static unsigned model_first(const history *self)
{
    unsigned first = TIMERS;
    for (unsigned i = 0; i < TIMERS; i++) {
        const entry *one = &self->entries[i], *least = &self->entries[first % TIMERS];
        if (!one->armed)
            continue;
        if (first == TIMERS || one->tick < least->tick ||
            (one->tick == least->tick && one->start < least->start))
            first = i;
    }
    return first;
}

/* The next timer that is due at `target`; TIMERS when there is none. Puts back what was moved. */
static unsigned model_fire(history *self, uint64_t target)
{
    for (;;) {
        unsigned first = model_first(self);
        entry *one = &self->entries[first % TIMERS];
        if (first == TIMERS || one->tick > target)
            return TIMERS;
        self->elapsed = one->tick;
        if (model_tick(self, one->deadline_ns) > one->tick) {
            one->tick = model_tick(self, one->deadline_ns);
            one->start = ++self->starts;
            continue;
        }
        one->armed = false;
        return first;
    }
}

/* The level and slot where a tick belongs, by division. */
static unsigned place_of(const history *self, uint64_t tick)
{
    uint64_t digit = tick, round = tick / 64, clock = self->elapsed / 64;
    for (unsigned level = 0; level < 6; level++, digit /= 64, round /= 64, clock /= 64)
        if (round == clock)
            return level * 64 + (unsigned)(digit % 64);
    return 5 * 64;
}

/* Every armed timer stands where it belongs, and the words tell which slots are occupied. */
static void check_places(history *self)
{
    uint64_t occupied[6] = {0};
    uint32_t count = 0;
    for (unsigned i = 0; i < TIMERS; i++) {
        const entry *one = &self->entries[i];
        CHECK(self, self->timers[i].armed == one->armed);
        if (!one->armed)
            continue;
        unsigned place = place_of(self, one->tick);
        CHECK(self, self->timers[i].where == place);
        occupied[place / 64] |= UINT64_C(1) << place % 64;
        count++;
    }
    for (unsigned level = 0; level < 6; level++)
        CHECK(self, self->wheel.occupied[level] == occupied[level]);
    CHECK(self, eddy__wheel_count(&self->wheel) == count);
}

static void check_next(history *self)
{
    int64_t next = eddy__wheel_next_ns(&self->wheel);
    unsigned first = model_first(self);
    if (first == TIMERS) {
        CHECK(self, next == EDDY_FOREVER);
        return;
    }
    uint64_t tick = self->entries[first].tick;
    CHECK(self, next <= time_of(self, tick));
    /* It lies ahead, lest the loop spins, unless something is due at once. */
    CHECK(self, next == EDDY_FOREVER || tick <= self->elapsed || next > self->now_ns);
    CHECK(self, next != EDDY_FOREVER || time_of(self, tick) == EDDY_FOREVER);
}

/* Advance both; they must agree on what fires, in which order. Returns how many fired. */
static unsigned advance(history *self, int64_t now_ns)
{
    unsigned fired = 0;
    if (now_ns > self->now_ns)
        self->now_ns = now_ns;
    uint64_t target = (uint64_t)self->now_ns >> self->shift;
    eddy__wheel_advance(&self->wheel, now_ns, &self->due);
    for (; !eddy__list_empty(&self->due); fired++) {
        eddy__timer *timer = EDDY__CONTAINER(self->due.next, eddy__timer, link);
        CHECK(self, timer == &self->timers[model_fire(self, target) % TIMERS]);
        CHECK(self, timer->deadline_ns <= self->now_ns);
        eddy__list_remove(&timer->link);
    }
    CHECK(self, model_fire(self, target) == TIMERS);
    self->elapsed = target;
    check_places(self);
    check_next(self);
    return fired;
}

static int64_t random_deadline(history *self)
{
    int64_t tick = INT64_C(1) << self->shift;
    switch (random_below(self, 12)) {
    case 0:
        return self->now_ns;
    case 1:
        return add_saturating(self->now_ns, 1);
    case 2:
        return EDDY_FOREVER;
    case 3:
        return add_saturating(self->now_ns, CENTURY);
    case 4: /* the past */
        return self->now_ns - random_magnitude(self, 62);
    case 5: /* soon */
        return add_saturating(self->now_ns, tick * (int64_t)random_below(self, 200));
    case 6:
    case 7:
    case 8: /* ties */
        return self->common[random_below(self, COMMON)];
    default:
        return add_saturating(self->now_ns, random_magnitude(self, 63));
    }
}

static int64_t random_now(history *self)
{
    int64_t tick = INT64_C(1) << self->shift;
    switch (random_below(self, 16)) {
    case 0:
        return self->now_ns - random_magnitude(self, 62);
    case 1:
        return self->now_ns;
    case 2:
        return add_saturating(self->now_ns, 1);
    case 3:
        return add_saturating(self->now_ns, random_magnitude(self, 60));
    case 4: /* about the time at which many fire */
        return self->common[random_below(self, COMMON)] - (int64_t)random_below(self, 3);
    case 5:
    case 6:
        return add_saturating(self->now_ns, random_magnitude(self, self->shift + 20));
    case 7:
    case 8:
        return add_saturating(self->now_ns, tick * (int64_t)random_below(self, 5000));
    default:
        return eddy__wheel_next_ns(&self->wheel) - (random_below(self, 4) == 0);
    }
}

static void start_one(history *self, unsigned i, int64_t deadline_ns)
{
    eddy__wheel_start(&self->wheel, &self->timers[i], deadline_ns);
    model_start(self, &self->entries[i], deadline_ns);
}

static void stop_one(history *self, unsigned i)
{
    eddy__wheel_stop(&self->wheel, &self->timers[i]);
    self->entries[i].armed = false;
}

static void random_change(history *self)
{
    unsigned i = (unsigned)random_below(self, TIMERS);
    eddy__timer *timer = &self->timers[i];
    int64_t deadline = random_deadline(self);
    switch (random_below(self, 8)) {
    case 0:
    case 1:
        stop_one(self, i);
        break;
    case 2:
    case 3: /* later, by the field alone */
        if (!timer->armed || deadline < timer->deadline_ns)
            break;
        timer->deadline_ns = deadline;
        model_write_later(self, &self->entries[i], deadline);
        break;
    default: /* a start, or an earlier or later re-arming */
        start_one(self, i, deadline);
    }
}

static void make_history(history *self, unsigned shift, uint64_t tick, uint64_t seed)
{
    *self = (history){.shift = shift, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    self->first_random = self->random;
    self->now_ns = add_saturating(time_of(self, tick), random_magnitude(self, shift + 1));
    self->elapsed = (uint64_t)self->now_ns >> shift;
    eddy__wheel_init(&self->wheel, self->now_ns, (uint8_t)shift);
    eddy__list_init(&self->due);
    for (int i = 0; i < TIMERS; i++)
        eddy__timer_init(&self->timers[i]);
    for (unsigned i = 0; i < COMMON; i++) {
        unsigned bits = shift + 12 + 6 * i;
        self->common[i] =
            add_saturating(self->now_ns, random_magnitude(self, bits < 63 ? bits : 63));
    }
}

/* Run `play` from clocks just before each level's turn, for several lengths of a tick. */
static void play_all(void (*play)(history *self))
{
    static const unsigned shifts[] = {0, 10, 20, 30};
    static history self;
    const char *wish = getenv("EDDY_TEST_SEEDS");
    uint64_t seeds = SEEDS * (wish != NULL && atoi(wish) > 0 ? (uint64_t)atoi(wish) : 1);
    for (uint64_t seed = 1; seed <= seeds; seed++)
        for (unsigned level = 0; level <= 8; level++)
            for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
                uint64_t last = (uint64_t)INT64_MAX >> shifts[i], turn = UINT64_C(1) << 6 * level;
                uint64_t before = seed % 4 * seed % 100, rounds = 1 + seed / 2 % 3;
                uint64_t tick = level == 8 || turn > last / 3 ? last : rounds * turn;
                make_history(&self, shifts[i], tick > before ? tick - before : 0,
                             seed * 1000 + level * 10 + i);
                play(&self);
            }
}

static void play_at_random(history *self)
{
    for (self->step = 0; self->step < STEPS; self->step++) {
        if (random_below(self, 4) != 0)
            random_change(self);
        else
            advance(self, random_now(self));
    }
    advance(self, INT64_MAX); /* whatever can fire has fired, nothing is lost */
    CHECK(self, eddy__wheel_next_ns(&self->wheel) == EDDY_FOREVER);
}

static void wheel_agrees_with_a_sorted_model_from_every_turn_of_a_level(void **state)
{
    (void)state;
    play_all(play_at_random);
}

/* Wake only when the wheel says so: each timer fires exactly when its tick begins. */
static void play_next(history *self)
{
    for (unsigned i = 0; i < TIMERS; i++)
        start_one(self, i, random_deadline(self));
    for (unsigned i = 0; i < TIMERS; i += 3)
        stop_one(self, i);
    advance(self, self->now_ns);
    for (unsigned waited = 1; eddy__wheel_next_ns(&self->wheel) != EDDY_FOREVER; waited++) {
        unsigned first = model_first(self);
        int64_t due_ns = time_of(self, self->entries[first].tick);
        bool fired = advance(self, eddy__wheel_next_ns(&self->wheel)) > 0;
        self->step++;
        CHECK(self, fired == (self->now_ns == due_ns));
        CHECK(self, waited <= ADVANCES_MAX);
        if (fired)
            waited = 0;
    }
}

static void wheel_next_leads_to_each_tick_within_seven_advances(void **state)
{
    (void)state;
    play_all(play_next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_agrees_with_a_sorted_model_from_every_turn_of_a_level),
        cmocka_unit_test(wheel_next_leads_to_each_tick_within_seven_advances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
