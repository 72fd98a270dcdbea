/* SPDX-License-Identifier: MIT */
/*
 * inbox.c - two lock-free ways into a loop and the protocol by which it sleeps (see inbox.h).
 * No lock, no OS call, no user code: a thread that is stopped anywhere in here delays what it was
 * just putting in, and nobody else.
 *
 * Jobs: a bounded ring of cells (Vyukov). A sender takes a ticket by CAS on `tail`, fills the cell
 * of that number and publishes it by storing ticket + 1 as the cell's sequence; the loop takes the
 * cells in ticket order and hands each back by storing the ticket it serves next. CLOSED is a bit
 * of `tail`, so a ticket is either taken before the close, and then the loop waits for its cell,
 * or never. A ticket taken and not yet published hides the jobs behind it. That needs no care: its
 * sender has yet to look whether the loop sleeps.
 *
 * Wakes: see wakes.c.
 *
 * Sleep: AWAKE or ASLEEP. The loop: ASLEEP, look at both queues, block. A sender: publish, look at
 * `sleep`, and if it can turn ASLEEP into AWAKE call the kernel. A third state ("about to sleep")
 * would save the call when a sender comes in the few nanoseconds between the announcement and the
 * look, for one more atomic write in every sleep: not worth it.
 *
 * Which order pairs with which (S: the single order of all seq_cst operations):
 *
 *   sleep protocol   sender: publish (a cell, the top of the wakes, `holders`) ; load `sleep`
 *                    loop:   store `sleep` = ASLEEP ; load the same three words
 *                    All four are seq_cst. In S either the sender's load comes after the store,
 *                    sees ASLEEP (or that another sender has turned it) and the kernel is called;
 *                    or the loop's load comes after the publication and sees it. Any weaker order
 *                    lets both look before either has written, and a wake is lost.
 *                    The CAS that turns ASLEEP is seq_cst, lest a sender read it as if it came
 *                    after a later ASLEEP. The loop's own store of AWAKE may be relaxed: its
 *                    later ASLEEP follows it in program order.
 *   cell sequence    publish (release by seq_cst) -> take's load (acquire): the job's bytes.
 *                    take's store (release) -> push's load (acquire): the cell has been read.
 *   tail             relaxed: only the tickets count, and a word's own order never goes back.
 *                    close's fetch_or tells the last ticket; their bytes come by the cells.
 *   wakes            see wakes.c.
 *   holders, memory  release's fetch_sub (release) -> refs' load, the last fetch_sub (acquire):
 *                    what a former holder did. Two counters, because a release may have to wake the
 *                    loop after `holders` has told of it and before the memory may go.
 */
#include "base/inbox.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/wakes.h"
#include "eddy/error.h"

#define CACHE_LINE 64
#define CLOSED     (UINT64_C(1) << 63) /* bit of `tail`; tickets do not get that far */
#define JOBS_MAX   (UINT32_C(1) << 24)

enum { AWAKE, ASLEEP };

typedef struct cell {
    eddy__atomic_u64 sequence; /* ticket: free for it; ticket + 1: its job is there */
    const void *type;
    alignas(16) unsigned char payload[EDDY__JOB_PAYLOAD];
} cell;

_Static_assert(sizeof(cell) == CACHE_LINE, "a job costs one cache line");

struct eddy__inbox {
    /* Set once. */
    eddy_allocator allocator;
    void (*wake_kernel)(void *arg);
    void (*entered)(void *arg);
    void (*closed)(void *arg);
    void *wake_arg;
    void *block; /* what the allocator gave */
    cell *cells;
    uint32_t jobs_max;

    /* Written by those who put in; one line each. */
    alignas(CACHE_LINE) eddy__atomic_u64 tail;
    alignas(CACHE_LINE) eddy__atomic_u32 holders;
    eddy__atomic_u32 memory;
    eddy__wakes wakes;

    /* Read by all who put in, written about twice per sleep. */
    alignas(CACHE_LINE) eddy__atomic_u32 sleep;
    eddy__atomic_u64 kernel_wakes;

    /* Loop only. */
    alignas(CACHE_LINE) uint64_t head; /* next ticket to take */
    uint64_t end;                      /* once closed: the ticket that was never given */
    bool is_closed;
};

static size_t block_size(uint32_t jobs_max)
{
    return sizeof(eddy__inbox) + jobs_max * sizeof(cell) + CACHE_LINE - 1;
}

static eddy__inbox *make_block(const eddy_allocator *allocator, uint32_t jobs_max)
{
    void *block = eddy__calloc(allocator, block_size(jobs_max));
    size_t skip = (CACHE_LINE - (uintptr_t)block % CACHE_LINE) % CACHE_LINE;
    eddy__inbox *self;

    if (!block)
        return NULL;
    self = (eddy__inbox *)(void *)((unsigned char *)block + skip);
    self->allocator = *allocator;
    self->block = block;
    self->cells = (cell *)(void *)(self + 1);
    self->jobs_max = jobs_max;
    return self;
}

static void free_memory(eddy__inbox *self)
{
    eddy_allocator allocator = self->allocator;

    eddy__wakes_deinit(&self->wakes);
    eddy__free(&allocator, self->block, block_size(self->jobs_max));
}

static void init_block(eddy__inbox *self, const eddy__inbox_options *options)
{
    self->wake_kernel = options->wake_kernel;
    self->entered = options->entered;
    self->closed = options->closed;
    self->wake_arg = options->wake_arg;
    for (uint32_t i = 0; i < self->jobs_max; i++)
        eddy__atomic_init(&self->cells[i].sequence, i);
    eddy__atomic_init(&self->tail, 0);
    eddy__atomic_init(&self->holders, 1);
    eddy__atomic_init(&self->memory, 1);
    eddy__atomic_init(&self->sleep, AWAKE);
    eddy__atomic_init(&self->kernel_wakes, 0);
}

int eddy__inbox_new(const eddy__inbox_options *options, eddy__inbox **out)
{
    uint32_t jobs_max = options->jobs_max;
    eddy__inbox *self;

    EDDY_ASSERT(jobs_max >= 2 && jobs_max <= JOBS_MAX && (jobs_max & (jobs_max - 1)) == 0,
                "an inbox's jobs_max must be a power of two in 2..%u, not %u", JOBS_MAX, jobs_max);
    self = make_block(eddy__allocator_or_malloc(options->allocator), jobs_max);
    if (!self)
        return -ENOMEM;
    init_block(self, options);
    if (eddy__wakes_init(&self->wakes, &self->allocator) != 0) {
        free_memory(self);
        return -ENOMEM;
    }
    *out = self;
    return 0;
}

static inline void check_thread(const eddy__inbox *self)
{
    if (self->entered)
        self->entered(self->wake_arg);
}

/* To be called after a publication: see "sleep protocol" above. */
static void wake_if_asleep(eddy__inbox *self)
{
    uint32_t sleep = eddy__atomic_load(&self->sleep, memory_order_seq_cst); /* prepare_sleep */

    if (sleep == AWAKE)
        return; /* it will look at the queues before it sleeps */
    if (!eddy__atomic_cas(&self->sleep, &sleep, AWAKE, memory_order_seq_cst, memory_order_relaxed))
        return; /* another sender is calling the kernel, or the loop woke by itself */
    eddy__atomic_fetch_add(&self->kernel_wakes, 1, memory_order_relaxed); /* only counts */
    self->wake_kernel(self->wake_arg);
}

void eddy__inbox_retain(eddy__inbox *self)
{
    /* Relaxed: the caller's own reference, or whoever lent it, keeps both above 0. */
    eddy__atomic_fetch_add(&self->memory, 1, memory_order_relaxed);
    eddy__atomic_fetch_add(&self->holders, 1, memory_order_relaxed);
}

void eddy__inbox_release(eddy__inbox *self)
{
    check_thread(self);
    if (eddy__atomic_fetch_sub(&self->holders, 1, memory_order_seq_cst) == 2) /* refs */
        wake_if_asleep(self);
    /* acq_rel: the last one sees all that the others did. */
    if (eddy__atomic_fetch_sub(&self->memory, 1, memory_order_acq_rel) != 1)
        return;
    if (self->closed)
        self->closed(self->wake_arg);
    free_memory(self);
}

uint32_t eddy__inbox_refs(eddy__inbox *self)
{
    return eddy__atomic_load(&self->holders, memory_order_seq_cst); /* release */
}

/* Take a ticket and its cell: 0, EDDY_INBOX_FULL, EDDY_LOOP_GONE. */
static eddy_result claim(eddy__inbox *self, uint64_t *ticket, cell **out)
{
    uint64_t tail = eddy__atomic_load(&self->tail, memory_order_relaxed);

    for (;;) {
        cell *place = &self->cells[tail & (self->jobs_max - 1)];
        uint64_t sequence;

        if (tail & CLOSED)
            return EDDY_LOOP_GONE;
        sequence = eddy__atomic_load(&place->sequence, memory_order_acquire); /* take's store */
        if (sequence < tail)
            return EDDY_INBOX_FULL; /* the job of one round before is still there */
        if (sequence > tail) {
            tail = eddy__atomic_load(&self->tail, memory_order_relaxed); /* others were faster */
        } else if (eddy__atomic_cas(&self->tail, &tail, tail + 1, memory_order_relaxed,
                                    memory_order_relaxed)) {
            *ticket = tail;
            *out = place;
            return 0;
        }
    }
}

eddy_result eddy__inbox_push(eddy__inbox *self, const void *type, const void *payload,
                             size_t payload_len)
{
    uint64_t ticket;
    cell *place;
    eddy_result result;

    EDDY_ASSERT(payload_len <= EDDY__JOB_PAYLOAD, "a job carries at most %d bytes, not %zu",
                EDDY__JOB_PAYLOAD, payload_len);
    check_thread(self);
    result = claim(self, &ticket, &place);
    if (result != 0)
        return result;
    place->type = type;
    if (payload_len > 0)
        memcpy(place->payload, payload, payload_len);
    eddy__atomic_store(&place->sequence, ticket + 1, memory_order_seq_cst); /* take, job_ready */
    wake_if_asleep(self);
    return 0;
}

/* The cell of the next job; NULL: none is there. */
static cell *next_cell(eddy__inbox *self)
{
    cell *place = &self->cells[self->head & (self->jobs_max - 1)];
    uint64_t sequence = eddy__atomic_load(&place->sequence, memory_order_acquire); /* push */

    if (sequence == self->head + 1)
        return place;
    if (!self->is_closed || self->head == self->end)
        return NULL;
    do { /* somebody got this ticket before the close and is filling the cell */
        eddy__atomic_pause_while(&place->sequence, sequence);
        sequence = eddy__atomic_load(&place->sequence, memory_order_acquire); /* push */
    } while (sequence != self->head + 1);
    return place;
}

bool eddy__inbox_take(eddy__inbox *self, const void **type, void *payload)
{
    cell *place = next_cell(self);

    if (!place)
        return false;
    *type = place->type;
    memcpy(payload, place->payload, EDDY__JOB_PAYLOAD);
    eddy__atomic_store(&place->sequence, self->head + self->jobs_max,
                       memory_order_release); /* claim */
    self->head++;
    return true;
}

eddy_result eddy__inbox_slot_new(eddy__inbox *self, void *owner, uint32_t *index,
                                 uint32_t *generation)
{
    EDDY_ASSERT(owner, "a wake slot needs an owner");
    if (self->is_closed)
        return EDDY_LOOP_GONE;
    return eddy__wakes_open(&self->wakes, owner, index, generation) ? 0 : -ENOMEM;
}

void eddy__inbox_slot_free(eddy__inbox *self, uint32_t index)
{
    if (self->is_closed)
        return; /* all slots went with the close */
    eddy__wakes_close(&self->wakes, index);
}

bool eddy__inbox_wake(eddy__inbox *self, uint32_t index, uint32_t generation)
{
    eddy__wake_outcome outcome;

    check_thread(self);
    outcome = eddy__wakes_add(&self->wakes, index, generation);
    if (outcome == EDDY__WAKE_ADDED)
        wake_if_asleep(self);
    return outcome != EDDY__WAKE_GONE;
}

void *eddy__inbox_next_wake(eddy__inbox *self)
{
    return self->is_closed ? NULL : eddy__wakes_next(&self->wakes);
}

static bool job_ready(eddy__inbox *self)
{
    cell *place = &self->cells[self->head & (self->jobs_max - 1)];

    return eddy__atomic_load(&place->sequence, memory_order_seq_cst) == self->head + 1; /* push */
}

bool eddy__inbox_ready(eddy__inbox *self)
{
    /* Once closed, wakes that were under way stay where they are. */
    return job_ready(self) || (!self->is_closed && eddy__wakes_ready(&self->wakes));
}

bool eddy__inbox_prepare_sleep(eddy__inbox *self)
{
    eddy__atomic_store(&self->sleep, ASLEEP, memory_order_seq_cst); /* wake_if_asleep */
    if (!eddy__inbox_ready(self))
        return true;
    eddy__inbox_awake(self);
    return false;
}

void eddy__inbox_awake(eddy__inbox *self)
{
    /* Relaxed: a sender that still sees ASLEEP calls the kernel once too often, no more. */
    eddy__atomic_store(&self->sleep, AWAKE, memory_order_relaxed);
}

void eddy__inbox_close(eddy__inbox *self)
{
    if (self->is_closed)
        return;
    self->end = eddy__atomic_fetch_or(&self->tail, CLOSED, memory_order_relaxed);
    self->is_closed = true;
    eddy__wakes_close_all(&self->wakes);
}

uint64_t eddy__inbox_kernel_wakes(eddy__inbox *self)
{
    return eddy__atomic_load(&self->kernel_wakes, memory_order_relaxed); /* only counts */
}
