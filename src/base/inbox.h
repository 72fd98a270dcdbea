/* SPDX-License-Identifier: MIT */
/*
 * inbox.h - the one way by which other threads reach a loop: jobs (a function's table and 48 bytes,
 * copied in, run once) and wakes ("look at this again": a slot and its generation, any number of
 * wakes becoming one). Lock-free, bounded, and quiet: the kernel is asked to wake the loop only
 * when the loop sleeps, once per sleep.
 *
 * It knows no operating system (the kernel's wake is a function given by the maker) and neither
 * tasks nor futures: an owner is a pointer, a job type is a pointer. It is not a channel between
 * user tasks.
 *
 * "loop" below: only the thread that owns the loop. "any": any thread that holds a reference.
 * The memory lives until the last reference is released; after close() everything is refused.
 */
#ifndef EDDY__INBOX_H
#define EDDY__INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eddy/alloc.h"
#include "eddy/base.h"

/* Bytes that travel with a job. */
#define EDDY__JOB_PAYLOAD 48

typedef struct eddy__inbox eddy__inbox;

typedef struct eddy__inbox_options {
    const eddy_allocator *allocator; /* copied; NULL: malloc */
    uint32_t jobs_max;               /* jobs that wait at once: a power of two, at least 2 */
    /* Make the sleeping loop return from its wait. Any thread, also once the loop has closed the
     * inbox: what it uses must live until closed(). */
    void (*wake_kernel)(void *arg);
    /* Called first by whoever puts in, wakes or releases; NULL: anybody may. For loops that no
     * other thread may touch. */
    void (*entered)(void *arg);
    /* The last reference is gone; the memory goes right after. Any thread; may be NULL. */
    void (*closed)(void *arg);
    void *wake_arg;
} eddy__inbox_options;

/**
 * Make an inbox; the caller holds the first reference and is the loop.
 * @param options  copied
 * @param out      the inbox
 * @return         0; -ENOMEM
 * Allocates: 64 bytes per job of jobs_max, and a first segment of wake slots.
 */
int eddy__inbox_new(const eddy__inbox_options *options, eddy__inbox **out);

/**
 * Take one more reference.
 * @param self  inbox on which the caller, or who handed it over, holds one
 * Thread: any.
 */
void eddy__inbox_retain(eddy__inbox *self);

/**
 * Give a reference back. The last one frees the memory. When only one is left and the loop
 * sleeps, the loop is woken: it may find that nobody can reach it any more.
 * @param self  inbox; not to be touched afterwards
 * Thread: any.
 */
void eddy__inbox_release(eddy__inbox *self);

/**
 * How many references there are. A loop that holds the only one and would sleep for ever asks
 * *after* prepare_sleep() said true: then a release that it does not see here wakes it.
 * @param self  inbox
 * @return      references; everything done by those who released theirs is visible to the caller
 * Thread: loop.
 */
uint32_t eddy__inbox_refs(eddy__inbox *self);

/**
 * Put a job in, behind all jobs that this thread has put in before.
 * @param self         inbox
 * @param type         what take() will return; not looked at
 * @param payload      copied
 * @param payload_len  bytes, 0..EDDY__JOB_PAYLOAD
 * @return             0: take() will return it exactly once; EDDY_INBOX_FULL, EDDY_LOOP_GONE:
 *                     nothing happened
 * Thread: any. Allocates: no. Cost: a system call only if the loop sleeps and nobody else woke it.
 */
eddy_result eddy__inbox_push(eddy__inbox *self, const void *type, const void *payload,
                             size_t payload_len);

/**
 * Take the next job out. After close() it waits for those that other threads are just putting in,
 * so "false" then means that there will never be one again.
 * @param self     inbox
 * @param type     as given to push()
 * @param payload  room for EDDY__JOB_PAYLOAD bytes
 * @return         false: none there
 * Thread: loop.
 */
bool eddy__inbox_take(eddy__inbox *self, const void **type, void *payload);

/**
 * Make something that other threads can wake.
 * @param self        inbox
 * @param owner       what next_wake() will return; not NULL
 * @param index       names the slot, never 0
 * @param generation  names this use of the slot
 * @return            0; -ENOMEM; EDDY_LOOP_GONE after close()
 * Thread: loop. Allocates: a segment when all slots are in use; segments double in size.
 */
eddy_result eddy__inbox_slot_new(eddy__inbox *self, void *owner, uint32_t *index,
                                 uint32_t *generation);

/**
 * The owner goes away: wakes under its generation do nothing from now on, nor does one that is
 * queued. After close() this does nothing: close() has done it.
 * @param self   inbox
 * @param index  of a slot in use
 * Thread: loop.
 */
void eddy__inbox_slot_free(eddy__inbox *self, uint32_t index);

/**
 * Wake the owner of a slot: next_wake() will return it. What the caller wrote before, in whatever
 * way, is visible to the loop when it does. Wakes of one slot coalesce until then.
 * @param self        inbox
 * @param index       as given by slot_new(); any other number is a slot that is gone
 * @param generation  as given with it
 * @return            false: the target is gone, nothing happened
 * Thread: any. Allocates: no. Cost: as push(); one already queued costs one load and one atomic
 * write of the same value.
 */
bool eddy__inbox_wake(eddy__inbox *self, uint32_t index, uint32_t generation);

/**
 * Take the next woken owner, in the order of the wakes. A wake that comes after this has returned
 * queues the owner again.
 * @param self  inbox
 * @return      owner; NULL: none
 * Thread: loop.
 */
void *eddy__inbox_next_wake(eddy__inbox *self);

/**
 * Is there a job or a wake to take?
 * @param self  inbox
 * @return      true: take() or next_wake() has something (it may be a wake whose owner is gone)
 * Thread: loop. Cost: two loads.
 */
bool eddy__inbox_ready(eddy__inbox *self);

/**
 * Announce that the loop is about to block in the kernel. From then on whoever puts something in
 * calls wake_kernel, once.
 * @param self  inbox
 * @return      true: nothing is there, block now, and call awake() afterwards; false: something
 *              came, the announcement is taken back
 * Thread: loop.
 */
bool eddy__inbox_prepare_sleep(eddy__inbox *self);

/**
 * The loop no longer blocks, for whatever reason.
 * @param self  inbox
 * Thread: loop.
 */
void eddy__inbox_awake(eddy__inbox *self);

/**
 * Refuse everything from now on. Jobs that were accepted can still be taken, and must be (to drop
 * them); queued wakes and all slots are gone.
 * @param self  inbox, awake
 * Thread: loop.
 */
void eddy__inbox_close(eddy__inbox *self);

/**
 * How often wake_kernel was called since the start.
 * @param self  inbox
 * @return      calls, at most one per prepare_sleep()
 * Thread: any.
 */
uint64_t eddy__inbox_kernel_wakes(eddy__inbox *self);

#endif
