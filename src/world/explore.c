/* SPDX-License-Identifier: MIT */
/*
 * explore.c - the main() of a scenario: runs it over seeds, counts its memory, tells what failed
 * and how to see that again, and lists the marks that were reached.
 *
 * It knows nothing of processors, chunks and how a failure is reduced: that is tools/explore, which
 * starts programs like this one and reads what they print. One thread, as the world it makes.
 */
#include "eddy/explore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "eddy/error.h"
#include "sim/sim.h"

/* ---- marks ---- */

#if defined(__ELF__)
/* Made by the linker when anything is in the section; each program and shared library has its own
 * pair, so that a scenario is to be linked with the static library. */
#define HIDDEN_WEAK __attribute__((weak, visibility("hidden")))
extern eddy_mark __start_eddy_marks[] HIDDEN_WEAK;
extern eddy_mark __stop_eddy_marks[] HIDDEN_WEAK;

static const eddy_mark *first_mark(void)
{
    return __start_eddy_marks;
}

static const eddy_mark *end_of_marks(void)
{
    return __stop_eddy_marks;
}
#else
static const eddy_mark *first_mark(void)
{
    return NULL;
}

static const eddy_mark *end_of_marks(void)
{
    return NULL;
}
#endif

/* Where the section was padded there is no name. */
static bool has_name(const eddy_mark *mark, const char *name)
{
    return mark->name != NULL && strcmp(mark->name, name) == 0;
}

/* A macro that was expanded twice, or inlined from a header, is one mark. */
static bool came_before(const eddy_mark *mark)
{
    for (const eddy_mark *at = first_mark(); at < mark; at++)
        if (has_name(at, mark->name))
            return true;
    return false;
}

static void print_marks(void)
{
    for (const eddy_mark *mark = first_mark(); mark < end_of_marks(); mark++) {
        unsigned long reached = 0;

        if (mark->name == NULL || came_before(mark))
            continue;
        for (const eddy_mark *at = mark; at < end_of_marks(); at++)
            reached += has_name(at, mark->name) ? at->reached : 0;
        (void)printf("mark %lu %s\n", reached, mark->name);
    }
}

/* ---- memory ---- */

/* What goes through it is counted; one world, one thread. */
typedef struct counted {
    const eddy_allocator *inner;
    uint64_t blocks, bytes; /* that are out */
} counted;

static void *counted_alloc(size_t size, void *arg)
{
    counted *self = arg;
    void *memory = eddy__alloc(self->inner, size);

    if (memory != NULL) {
        self->blocks++;
        self->bytes += size;
    }
    return memory;
}

static void counted_free(void *memory, size_t size, void *arg)
{
    counted *self = arg;

    self->blocks--;
    self->bytes -= size;
    eddy__free(self->inner, memory, size);
}

/* ---- one run ---- */

typedef struct outcome {
    uint64_t hash;
    const char *failed; /* NULL: all that must hold did */
    char text[160];     /* room for `failed` */
} outcome;

static void look_at_memory(outcome *result, const counted *memory)
{
    if (result->failed != NULL || (memory->blocks == 0 && memory->bytes == 0))
        return;
    (void)snprintf(result->text, sizeof result->text,
                   "%" PRIu64 " blocks of memory with %" PRIu64 " bytes were not given back",
                   memory->blocks, memory->bytes);
    result->failed = result->text;
}

static void run_seed(const eddy_scenario *scenario, uint64_t seed, outcome *result)
{
    counted memory = {.inner = eddy__allocator_or_malloc(scenario->options.allocator)};
    const eddy_allocator counting = {counted_alloc, counted_free, &memory};
    eddy_world_options options = scenario->options;
    eddy_world *world;
    int error;

    if (options.size_bytes == 0)
        options.size_bytes = sizeof options;
    options.seed = seed;
    options.allocator = &counting;
    result->hash = 0;
    result->failed = NULL;
    error = eddy_world_new(&options, &world);
    if (error != 0) {
        (void)snprintf(result->text, sizeof result->text, "there is no world: %s",
                       eddy_error_name(error));
        result->failed = result->text;
        return;
    }
    result->failed = scenario->run(world);
    result->hash = eddy_world_hash(world);
    eddy_world_free(world);
    look_at_memory(result, &memory);
}

/* ---- the command line ---- */

typedef struct command {
    const char *program;
    uint64_t from, to; /* seeds */
    bool range, progress, marks, kinds;
} command;

/* A decimal number up to the end of the text, or up to `stop`. NULL: there is none. */
static const char *parse_number(const char *text, uint64_t *number)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return NULL;
    *number = strtoull(text, &end, 10);
    return end;
}

static bool parse_seed(const char *text, command *self)
{
    const char *end = parse_number(text, &self->from);

    self->to = self->from + 1;
    self->range = false;
    return end != NULL && *end == '\0' &&
           self->from < UINT64_MAX; /* which strtoull also says of more */
}

static bool parse_seeds(const char *text, command *self)
{
    const char *end = parse_number(text, &self->from);

    if (end == NULL || strncmp(end, "..", 2) != 0)
        return false;
    end = parse_number(end + 2, &self->to);
    self->range = true;
    return end != NULL && *end == '\0' && self->from < self->to;
}

static bool parse_word(const char *word, command *self)
{
    if (strncmp(word, "--seed=", 7) == 0)
        return parse_seed(word + 7, self);
    if (strncmp(word, "--seeds=", 8) == 0)
        return parse_seeds(word + 8, self);
    if (strcmp(word, "--progress") == 0)
        return self->progress = true;
    if (strcmp(word, "--marks") == 0)
        return self->marks = true;
    if (strcmp(word, "--kinds") == 0)
        return self->kinds = true;
    return false;
}

static bool parse(int argc, char **argv, command *self)
{
    *self = (command){.program = argc > 0 ? argv[0] : "PROGRAM", .to = 1};
    for (int i = 1; i < argc; i++) {
        if (!parse_word(argv[i], self)) {
            (void)fprintf(stderr,
                          "usage: %s [--seed=N | --seeds=A..B] [--progress] [--marks] | --kinds\n",
                          self->program);
            return false;
        }
    }
    return true;
}

/* ---- what is told ---- */

static void print_kinds(void)
{
    for (int i = 0; i < EDDY_CHAOS_COUNT; i++)
        (void)printf("%s %s\n", eddy__sim_is_fault((eddy_chaos)i) ? "fault" : "kind",
                     eddy__sim_chaos_name((eddy_chaos)i));
}

static void tell_failure(const command *self, const char *name, uint64_t seed,
                         const outcome *result)
{
    const char *chaos = getenv("EDDY_CHAOS");
    bool limited = chaos != NULL && chaos[0] != '\0';

    (void)fprintf(stderr, "explore: %s: seed %" PRIu64 " failed: %s\n", name, seed, result->failed);
    (void)fprintf(stderr, "explore: hash %016" PRIx64 "\n", result->hash);
    (void)fprintf(stderr, "explore: to see it again: %s%s%sEDDY_TRACE=1 %s --seed=%" PRIu64 "\n",
                  limited ? "EDDY_CHAOS='" : "", limited ? chaos : "", limited ? "' " : "",
                  self->program, seed);
}

/* A sum over all runs, so that the sums of parts can be added up, in any order. */
static uint64_t add_hash(uint64_t sum, uint64_t seed, uint64_t hash)
{
    uint64_t z = hash + (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return sum + (z ^ (z >> 31));
}

/* False: a run failed. */
static bool run_all(const command *self, const eddy_scenario *scenario)
{
    uint64_t sum = 0;
    outcome result;

    for (uint64_t seed = self->from; seed < self->to; seed++) {
        if (self->progress) {
            (void)printf("at %" PRIu64 "\n", seed);
            (void)fflush(stdout);
        }
        run_seed(scenario, seed, &result);
        sum = add_hash(sum, seed, result.hash);
        if (!self->range || result.failed != NULL)
            (void)printf("seed %" PRIu64 " hash %016" PRIx64 "\n", seed, result.hash);
        if (result.failed != NULL) {
            tell_failure(self, scenario->name, seed, &result);
            return false;
        }
    }
    if (self->range)
        (void)printf("%" PRIu64 " seeds, hash %016" PRIx64 "\n", self->to - self->from, sum);
    return true;
}

int eddy_explore_main(int argc, char **argv, const eddy_scenario *scenario)
{
    command self;
    bool held;

    if (!parse(argc, argv, &self))
        return 2;
    if (self.kinds) {
        print_kinds();
        return 0;
    }
    held = run_all(&self, scenario);
    if (self.marks)
        print_marks();
    return held ? 0 : 1;
}
