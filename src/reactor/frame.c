/* SPDX-License-Identifier: MIT */
/*
 * frame.c - trees of futures: polling a child, ending a tree. A future keeps its live children in
 * a list, so that dropping it in the middle of anything finds them all. Ending is iterative: a
 * million-deep chain needs no more stack than a short one.
 *
 * Order at the end of a future: its children (each the same way), then the waits it has armed, then
 * its `done`, then its memory if it was boxed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reactor/core.h"

/* The upper half of `state` holds a hash of the address at the first poll. */
static uint32_t place_of(const eddy_future *future)
{
    uintptr_t address = (uintptr_t)future;

    return (uint32_t)((address >> 4) ^ (address >> 20)) & 0xffffu;
}

void eddy__future_start(eddy_future *future)
{
    future->state |= EDDY__FUTURE_STARTED | place_of(future) << 16;
}

void eddy__future_check(const eddy_future *future)
{
    EDDY_ASSERT((future->state & EDDY__FUTURE_ENDED) == 0,
                "future '%s' is polled after it ended: construct it anew first",
                future->type->name);
    EDDY_ASSERT(future->state >> 16 == place_of(future),
                "future '%s' was moved after its first poll: keep it where it is",
                future->type->name);
}

void eddy__bad_resume(const eddy_future *frame, const char *function, int line)
{
    EDDY_ASSERT(frame->line != UINT32_MAX, "future '%s' is polled after it finished (%s, line %d)",
                frame->type->name, function, line);
    EDDY_ASSERT(false,
                "async function '%s' is resumed at line %u, where none of its waits is (%s, line "
                "%d): is a wait inside a switch?",
                frame->type->name, (unsigned)frame->line, function, line);
    abort();
}

void eddy__future_count_shield(eddy_future *future, bool on)
{
    uint32_t count = future->state / EDDY__FUTURE_SHIELD % 256;

    EDDY_ASSERT(!on || count < 255, "future '%s' puts up more than 255 shields",
                future->type->name);
    if (on)
        future->state += EDDY__FUTURE_SHIELD;
    else if (count > 0)
        future->state -= EDDY__FUTURE_SHIELD;
}

/* Who is dropped behind a shield cannot take it away. */
static void take_shields_away(const eddy_future *future, eddy_task *task)
{
    uint32_t count = future->state / EDDY__FUTURE_SHIELD % 256;
    eddy__branch *branch = task->branch;

    if ((future->state & EDDY__FUTURE_APART) != 0)
        return;
    branch->shields = (uint16_t)(branch->shields > count ? branch->shields - count : 0);
}

/* One future without children. */
static void end_one(eddy_future *future, eddy_task *task)
{
    uint32_t state = future->state;

    if (task != NULL && (state & EDDY__FUTURE_STARTED) != 0 &&
        !eddy__list_empty(&task->branch->waits))
        eddy__waiters_disarm(task->branch, future, future->type->size_bytes);
    if (task != NULL && (state & EDDY__FUTURE_SHIELD * 255) != 0)
        take_shields_away(future, task);
    future->state |= EDDY__FUTURE_ENDED;
    future->type->done(future);
    if ((state & EDDY__FUTURE_BOXED) != 0)
        eddy__future_free_box(future);
}

/* Takes one off: first those in the list, then those that its type keeps otherwise. */
static eddy_future *next_child(eddy_future *top)
{
    eddy_future *child = top->child;

    if (child != NULL) {
        top->child = child->sibling;
        return child;
    }
    if (top->type->take_child == NULL)
        return NULL;
    do {
        child = top->type->take_child(top);
    } while (child != NULL && (child->state & EDDY__FUTURE_STATIC) != 0);
    if (child != NULL)
        child->state |= EDDY__FUTURE_APART;
    return child;
}

/* Depth first with the `sibling` links as the stack: each future on it has been taken off its
 * parent's list of children. */
void eddy__future_end(eddy_future *future, eddy_task *task)
{
    eddy_future *stack = future;

    if ((future->state & EDDY__FUTURE_STATIC) != 0)
        return; /* shared by all loops: not even its links may be written */
    future->sibling = NULL;
    while (stack != NULL) {
        eddy_future *top = stack;
        eddy_future *child = next_child(top);

        if (child != NULL) {
            child->state |= top->state & EDDY__FUTURE_APART;
            child->sibling = stack;
            stack = child;
        } else {
            stack = top->sibling;
            end_one(top, task);
        }
    }
}

static bool is_child(const eddy_future *parent, const eddy_future *child)
{
    for (const eddy_future *at = parent->child; at != NULL; at = at->sibling)
        if (at == child)
            return true;
    return false;
}

static void unlink_child(eddy_future *parent, eddy_future *child)
{
    for (eddy_future **at = &parent->child; *at != NULL; at = &(*at)->sibling) {
        if (*at == child) {
            *at = child->sibling;
            child->state &= ~(uint32_t)EDDY__FUTURE_LINKED;
            return;
        }
    }
}

static void link_child(eddy_future *parent, eddy_future *child)
{
    EDDY_ASSERT(!is_child(parent, child),
                "future '%s' is constructed anew while it still runs as a child of '%s': drop it "
                "first",
                child->type->name, parent->type->name);
    child->sibling = parent->child;
    parent->child = child;
    child->state |= EDDY__FUTURE_LINKED;
}

void eddy__future_begin_child(eddy_future *parent, eddy_future *child)
{
    if ((child->state & EDDY__FUTURE_LINKED) == 0)
        link_child(parent, child);
    if ((child->state & EDDY__FUTURE_STARTED) == 0)
        eddy__future_start(child);
    eddy__future_check(child);
}

/* As deep as polls nest. */
void eddy__future_disarm(eddy_future *future, eddy__branch *branch)
{
    if ((future->state & EDDY__FUTURE_STATIC) != 0)
        return;
    eddy__waiters_disarm(branch, future, future->type->size_bytes);
    for (eddy_future *child = future->child; child != NULL; child = child->sibling)
        eddy__future_disarm(child, branch);
}

void eddy_future_adopt(eddy_future *parent, eddy_future *child)
{
    if (child == NULL || (child->state & EDDY__FUTURE_STATIC) != 0)
        return;
    EDDY_ASSERT((child->state & EDDY__FUTURE_BOXED) != 0,
                "future '%s' is adopted but not boxed: a member of its parent needs no adoption",
                child->type->name);
    EDDY_ASSERT((child->state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_LINKED)) == 0,
                "future '%s' is adopted after its first poll, or twice", child->type->name);
    link_child(parent, child);
}

bool eddy_future_is_new(const eddy_future *self)
{
    return (self->state & EDDY__FUTURE_STARTED) == 0;
}

eddy_result eddy_future_poll_child(eddy_future *parent, eddy_future *child, eddy_task *task)
{
    eddy_future *outer = task->at;
    eddy_result result;

    if ((child->state & EDDY__FUTURE_STATIC) != 0)
        return child->type->poll(child, task);
    eddy__future_begin_child(parent, child);
    task->at = child;
    result = child->type->poll(child, task);
    task->at = outer;
    if (result != EDDY_PENDING) {
        unlink_child(parent, child);
        eddy__future_end(child, task);
    }
    return result;
}

void eddy_future_drop_child(eddy_future *parent, eddy_future *child, eddy_task *task)
{
    if ((child->state & EDDY__FUTURE_ENDED) != 0)
        return;
    unlink_child(parent, child);
    eddy__future_end(child, task);
}

void eddy_future_drop(eddy_future *self)
{
    if (self == NULL)
        return;
    EDDY_ASSERT((self->state & (EDDY__FUTURE_STARTED | EDDY__FUTURE_LINKED | EDDY__FUTURE_ENDED)) ==
                    0,
                "future '%s' was polled already, or adopted: its parent or its task drops it",
                self->type->name);
    eddy__future_end(self, NULL);
}
