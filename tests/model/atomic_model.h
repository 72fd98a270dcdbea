/* SPDX-License-Identifier: MIT */
/*
 * atomic_model.h - runs a few small threads in every order that can make a difference.
 *
 * A test defines EDDY__ATOMIC_MODEL as this file's path and includes the .c under test: each atomic
 * operation in it then stops at eddy__model_step(), and the explorer decides who goes on. Threads
 * are coroutines. An execution is a list of choices; the next one repeats it up to the last place
 * where another choice is left (depth first, by running again). Sleep sets leave out orders that
 * only swap neighbouring steps on different words, or two loads: every other order is run, so the
 * search is exhaustive (Godefroid 1996). What it explores is sequentially consistent: it proves the
 * protocol, not the memory orders, which are the thread sanitizer's and the comment's business.
 *
 * A thread marked `daemon` need not end: an execution is over when nothing but blocked daemons is
 * left. Anything else that blocks for ever is a deadlock, such as a lost wake.
 * Threads may not use cmocka's assertions (they jump): they call eddy__model_check().
 */
#ifndef EDDY_TESTS_ATOMIC_MODEL_H
#define EDDY_TESTS_ATOMIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#define EDDY__ATOMIC_STEP(object, writes) eddy__model_step((object), (writes))
#define EDDY__ATOMIC_PAUSE(object, seen)  eddy__model_pause((object), (seen))

enum { MODEL_THREADS = 4, MODEL_STEPS = 400, MODEL_STACK = 64 * 1024 };

typedef struct model_thread {
    void (*run)(void);
    bool daemon;
} model_thread;

/* What is to be explored. set_up and check run outside of the threads, once per execution. */
typedef struct model_scenario {
    const char *name;
    void (*set_up)(void);
    model_thread threads[MODEL_THREADS];
    void (*check)(void); /* looks at the end, and cleans up */
} model_scenario;

typedef struct model_fiber {
    ucontext_t context;
    bool ended;
    const volatile void *object; /* the word of its next step, and whether that writes it */
    bool writes;
    _Atomic uint64_t *waits_for; /* not NULL: blocked while this is `seen` */
    uint64_t seen;
} model_fiber;

typedef struct model_choice {
    uint8_t chosen, enabled, asleep, explored; /* all but the first: sets of threads */
} model_choice;

static struct {
    const model_scenario *scenario;
    ucontext_t main;
    model_fiber fibers[MODEL_THREADS];
    uint32_t threads, current;
    bool inside; /* a fiber runs */
    model_choice trail[MODEL_STEPS];
    uint32_t depth, length; /* of this execution; of the choices to repeat */
    uint64_t executions, redundant;
    const char *failure;
} model;

static unsigned char model_stacks[MODEL_THREADS][MODEL_STACK];

/* Of a broken rule the first is remembered; the search ends with this execution. */
static void eddy__model_check(bool holds, const char *rule)
{
    if (!holds && !model.failure)
        model.failure = rule;
}

static void model_yield(void)
{
    model.inside = false;
    swapcontext(&model.fibers[model.current].context, &model.main);
    model.inside = true;
}

static void eddy__model_step(const volatile void *object, bool writes)
{
    if (!model.inside)
        return; /* set_up and check are not threads */
    model.fibers[model.current].object = object;
    model.fibers[model.current].writes = writes;
    model_yield();
}

/* Block until *object is no longer `seen`. */
static void eddy__model_pause(_Atomic uint64_t *object, uint64_t seen)
{
    model_fiber *self = &model.fibers[model.current];

    if (!model.inside) {
        eddy__model_check(false, "check or set_up would wait for ever");
        return;
    }
    self->waits_for = object;
    self->seen = seen;
    eddy__model_step(object, false);
    self->waits_for = NULL;
}

static void model_enter(void)
{
    model.inside = true;
    model.scenario->threads[model.current].run();
    model.inside = false;
    model.fibers[model.current].ended = true;
}

static void model_resume(uint32_t thread)
{
    model.current = thread;
    swapcontext(&model.main, &model.fibers[thread].context);
}

static void model_make(uint32_t thread)
{
    ucontext_t *context = &model.fibers[thread].context;

    getcontext(context);
    context->uc_stack.ss_sp = model_stacks[thread];
    context->uc_stack.ss_size = MODEL_STACK;
    context->uc_link = &model.main;
    makecontext(context, model_enter, 0);
}

/* Make all coroutines and run each up to its first step. */
static void model_start(void)
{
    memset(model.fibers, 0, sizeof(model.fibers));
    for (uint32_t i = 0; i < model.threads; i++) {
        model_make(i);
        model_resume(i);
    }
}

static uint8_t model_enabled(void)
{
    uint8_t enabled = 0;

    for (uint32_t i = 0; i < model.threads; i++) {
        model_fiber *fiber = &model.fibers[i];

        if (!fiber->ended && !(fiber->waits_for && *fiber->waits_for == fiber->seen))
            enabled = (uint8_t)(enabled | 1U << i);
    }
    return enabled;
}

static bool model_independent(const model_fiber *one, const model_fiber *other)
{
    return one->object != other->object || (!one->writes && !other->writes);
}

/* Who need not go next once this choice has been made: what they would do was explored before it,
 * and it is the same after it. */
static uint8_t model_asleep_after(const model_choice *choice)
{
    uint32_t candidates = choice->asleep | choice->explored;
    uint8_t asleep = 0;

    for (uint32_t i = 0; i < model.threads; i++) {
        if ((candidates >> i & 1) && i != choice->chosen &&
            model_independent(&model.fibers[i], &model.fibers[choice->chosen]))
            asleep = (uint8_t)(asleep | 1U << i);
    }
    return asleep;
}

static uint8_t model_lowest(uint32_t set)
{
    return (uint8_t)__builtin_ctz(set);
}

static void model_check_blocked(void)
{
    for (uint32_t i = 0; i < model.threads; i++) {
        if (!model.fibers[i].ended && !model.scenario->threads[i].daemon)
            eddy__model_check(false, "a thread waits for ever");
    }
}

/* One execution to its end. Returns whether it was a new one: when all that could go on is asleep
 * the rest is redundant, and is run in any order only to clean up. */
static bool model_execute(void)
{
    uint8_t asleep = 0, enabled;
    bool redundant = false;

    model.depth = 0;
    for (; (enabled = model_enabled()) != 0; model.depth++) {
        model_choice *choice = &model.trail[model.depth];

        if (model.depth == MODEL_STEPS) {
            eddy__model_check(false, "the execution does not end");
            return false;
        }
        if (!redundant && model.depth >= model.length) {
            redundant = (enabled & ~asleep) == 0;
            *choice = (model_choice){0, enabled, asleep, 0};
            if (!redundant)
                choice->chosen = model_lowest(enabled & ~(uint32_t)asleep);
            model.length = redundant ? model.depth : model.depth + 1;
        }
        if (!redundant)
            asleep = model_asleep_after(choice);
        model_resume(redundant ? model_lowest(enabled) : choice->chosen);
    }
    model_check_blocked();
    return !redundant;
}

/* Change the last choice that can be changed; false: there is none left. */
static bool model_backtrack(void)
{
    while (model.length > 0) {
        model_choice *choice = &model.trail[model.length - 1];
        uint32_t left;

        choice->explored = (uint8_t)(choice->explored | 1U << choice->chosen);
        left = choice->enabled & ~(uint32_t)choice->asleep & ~(uint32_t)choice->explored;
        if (left) {
            choice->chosen = model_lowest(left);
            return true;
        }
        model.length--;
    }
    return false;
}

/* Run all executions. NULL, or the rule that was broken; prints how many there were. */
static const char *model_explore(const model_scenario *scenario)
{
    memset(&model, 0, sizeof(model));
    model.scenario = scenario;
    while (model.threads < MODEL_THREADS && scenario->threads[model.threads].run)
        model.threads++;
    do {
        scenario->set_up();
        model_start();
        if (model_execute())
            model.executions++;
        else
            model.redundant++;
        scenario->check();
    } while (!model.failure && model_backtrack());
    printf("%s: %llu interleavings (+ %llu redundant), %s\n", scenario->name,
           (unsigned long long)model.executions, (unsigned long long)model.redundant,
           model.failure ? model.failure : "every rule holds");
    return model.failure;
}

#endif
