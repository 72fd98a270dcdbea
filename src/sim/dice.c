/* SPDX-License-Identifier: MIT */
/*
 * dice.c - what is left to chance. Every kind of thing has its own row of numbers, made from the
 * seed, the kind and a count alone: whether the 17th connect is refused does not depend on how
 * often anything else was asked. So a run can be repeated with some occasions left out, and the
 * others stay what they were (but for what the program then does otherwise).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/sim.h"

#define MILLION 1000000u

/* Rows of details: a new kind of chance must not change the numbers that a program draws itself. */
enum { DETAILS = 1000, OWN_NUMBERS = 27 };

typedef struct kind {
    const char *name;
    uint32_t ppm;
} kind;

#define CHAOS_KIND(name, text, ppm, what) {text, ppm},
static const kind kinds[EDDY_CHAOS_COUNT] = {EDDY_CHAOS_MAP(CHAOS_KIND)};
#undef CHAOS_KIND

/* Number n of a row: splitmix64's finish over all that names it. */
static uint64_t mix(uint64_t seed, uint64_t row, uint64_t n)
{
    uint64_t z = seed + row * UINT64_C(0xD1B54A32D192ED03) + n * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

bool eddy__sim_is_fault(eddy_chaos chaos)
{
    return chaos > EDDY_CHAOS_BATCH && chaos != EDDY_CHAOS_SPURIOUS;
}

const char *eddy__sim_chaos_name(eddy_chaos chaos)
{
    return kinds[chaos].name;
}

/* ---- EDDY_CHAOS ---- */

static int find_kind(const char *name, size_t len)
{
    for (int i = 0; i < EDDY_CHAOS_COUNT; i++)
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
            return i;
    return -1;
}

static int keep_occasion(eddy__sim *self, eddy__sim_chance *chance, uint64_t number)
{
    uint32_t n = chance->keep_n == UINT32_MAX ? 0 : chance->keep_n;
    uint64_t *keep = eddy__alloc(self->allocator, (n + 1) * sizeof *keep);

    if (keep == NULL)
        return -ENOMEM;
    if (n > 0)
        memcpy(keep, chance->keep, n * sizeof *keep);
    if (chance->keep != NULL)
        eddy__free(self->allocator, chance->keep, n * sizeof *keep);
    keep[n] = number;
    chance->keep = keep;
    chance->keep_n = n + 1;
    return 0;
}

/* One word of the list: a name, or a name and the number of an occasion. */
static int keep_word(eddy__sim *self, const char *word, size_t len, bool *kept)
{
    const char *hash = memchr(word, '#', len);
    size_t name_len = hash != NULL ? (size_t)(hash - word) : len;
    int chaos = find_kind(word, name_len);

    if (chaos < 0 || (hash != NULL && (hash[1] < '0' || hash[1] > '9'))) {
        (void)fprintf(stderr, "eddy: EDDY_CHAOS: nothing is called '%.*s'\n", (int)len, word);
        return -EINVAL;
    }
    kept[chaos] = true;
    return hash == NULL ? 0
                        : keep_occasion(self, &self->chances[chaos], strtoull(hash + 1, NULL, 10));
}

static int keep_list(eddy__sim *self, const char *list)
{
    bool kept[EDDY_CHAOS_COUNT] = {false};
    int error = 0;

    while (*list != '\0' && error == 0) {
        size_t len = strcspn(list, ",");

        if (len > 0 && (len != 4 || memcmp(list, "calm", len) != 0))
            error = keep_word(self, list, len, kept);
        list += len + (list[len] == ',');
    }
    for (int i = 0; i < EDDY_CHAOS_COUNT; i++)
        if (!kept[i])
            self->chances[i].keep_n = 0;
    return error;
}

int eddy__sim_dice_init(eddy__sim *self, bool calm, bool faults)
{
    const char *list = getenv("EDDY_CHAOS");

    for (int i = 0; i < EDDY_CHAOS_COUNT; i++) {
        bool on = !calm && (faults || !eddy__sim_is_fault((eddy_chaos)i));

        self->chances[i] = (eddy__sim_chance){.ppm = on ? kinds[i].ppm : 0, .keep_n = UINT32_MAX};
    }
    return list != NULL && list[0] != '\0' ? keep_list(self, list) : 0;
}

void eddy__sim_dice_deinit(eddy__sim *self)
{
    for (int i = 0; i < EDDY_CHAOS_COUNT; i++) {
        eddy__sim_chance *chance = &self->chances[i];

        if (chance->keep != NULL)
            eddy__free(self->allocator, chance->keep, chance->keep_n * sizeof *chance->keep);
    }
}

/* ---- rolling ---- */

static bool may_happen(const eddy__sim_chance *chance)
{
    if (chance->keep_n == UINT32_MAX)
        return true;
    if (chance->keep == NULL)
        return chance->keep_n > 0;
    for (uint32_t i = 0; i < chance->keep_n; i++)
        if (chance->keep[i] == chance->rolls)
            return true;
    return false;
}

bool eddy__sim_happens(eddy__sim *self, eddy_chaos chaos)
{
    eddy__sim_chance *chance = &self->chances[chaos];
    bool fault = eddy__sim_is_fault(chaos);

    chance->rolls++;
    chance->draws = 0;
    if (chance->ppm == 0 || (fault && self->healed))
        return false;
    if (mix(self->seed, (uint64_t)chaos, chance->rolls) % MILLION >= chance->ppm ||
        !may_happen(chance))
        return false;
    chance->happened++;
    if (fault)
        eddy__sim_trace(self, NULL, kinds[chaos].name, chance->rolls, "fault", 0);
    return true;
}

static uint64_t row_of(eddy_chaos chaos)
{
    uint64_t number = (uint64_t)chaos;

    if (chaos == EDDY_CHAOS_COUNT)
        return DETAILS + OWN_NUMBERS;
    return DETAILS + number + (number >= OWN_NUMBERS ? 1 : 0);
}

static uint64_t draw(eddy__sim *self, eddy_chaos chaos)
{
    eddy__sim_chance *chance = &self->chances[chaos];

    return mix(self->seed, row_of(chaos), (chance->rolls << 20) + ++chance->draws);
}

uint32_t eddy__sim_draw(eddy__sim *self, eddy_chaos chaos, uint32_t below)
{
    return (uint32_t)((draw(self, chaos) >> 32) * (uint64_t)below >> 32);
}

int64_t eddy__sim_draw_ns(eddy__sim *self, eddy_chaos chaos, int64_t below_ns)
{
    return below_ns <= 1 ? 0 : (int64_t)(draw(self, chaos) % (uint64_t)below_ns);
}
