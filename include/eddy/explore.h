/* SPDX-License-Identifier: MIT */
/*
 * eddy/explore.h - run a scenario over many seeds: the main() of a program that tools/explore
 * drives, and marks for the rare states that exploring must reach.
 *
 * A scenario makes a program of its own out of a world (eddy/sim.h): hosts, tasks, faults, and says
 * whether all that must hold did hold. For tests; nothing in a server needs it.
 */
#ifndef EDDY_EXPLORE_H
#define EDDY_EXPLORE_H

#include "eddy/sim.h"

/* One rare state; see EDDY_SOMETIMES. */
typedef struct eddy_mark {
    const char *name;
    unsigned long reached; /* times; may miss some when threads race for it */
} eddy_mark;

/**
 * Mark a rare state that exploring must reach: a long run in which it never was fails. `name` is a
 * string literal, unique in the program. Costs one load and a store where it stands.
 * (A linker section gathers the marks; elsewhere than with ELF they do nothing.)
 */
#if defined(__ELF__)
#define EDDY_SOMETIMES(text)                                                                       \
    do {                                                                                           \
        static eddy_mark eddy__mark_here                                                           \
            __attribute__((section("eddy_marks"), used, aligned(16))) = {text, 0};                 \
        __atomic_store_n(&eddy__mark_here.reached,                                                 \
                         __atomic_load_n(&eddy__mark_here.reached, __ATOMIC_RELAXED) + 1,          \
                         __ATOMIC_RELAXED);                                                        \
    } while (0)
#else
#define EDDY_SOMETIMES(text) ((void)0)
#endif

EDDY_EXTERN_C_BEGIN

/** What eddy_explore_main() runs for each seed. */
typedef struct eddy_scenario {
    const char *name;
    /**
     * Do it all: make hosts, run, check. NULL: all that must hold did; else what did not, in words
     * (static text, or in memory that stays until the next call).
     */
    const char *(*run)(eddy_world *world);
    eddy_world_options options; /* size_bytes may be 0: filled in; seed is given by the run */
} eddy_scenario;

/**
 * The main() of a scenario's program.
 *     PROGRAM                      one run, seed 0
 *     PROGRAM --seed=N             one run; EDDY_TRACE=1 shows it; prints "seed N hash H"
 *     PROGRAM --seeds=A..B         B - A runs; stops at the first that fails
 *     PROGRAM --progress           writes "at N" for each run to standard output, for a driver
 *     PROGRAM --marks              after the runs, a line "mark TIMES NAME" for each EDDY_SOMETIMES
 *     PROGRAM --kinds              a line "kind NAME" or "fault NAME" for all that is left to chance
 * Each run checks, besides what the scenario says, that no memory of the world is left. A failure
 * prints what failed and the one command that shows it again.
 * @param argc      of main
 * @param argv      of main
 * @param scenario  borrowed
 * @return          0; 1: a run failed; 2: the command line is wrong
 * Thread: the world's.
 */
EDDY_API int eddy_explore_main(int argc, char **argv, const eddy_scenario *scenario);

EDDY_EXTERN_C_END

#endif
