/* SPDX-License-Identifier: MIT */
/*
 * eddy/broadcast.h - every item to every receiver, in order; who is too slow is told what it
 * missed.
 *
 * A ring holds the last `capacity` items. Sending never waits: it overwrites the oldest. Each
 * receiver reads at its own pace; one that lags so far behind that items were overwritten which it
 * had not read is told so once, with their number, and goes on with the oldest that is left. An
 * item is destroyed when all have read it, or when it is overwritten.
 *
 * Many senders, many receivers. Made with a handle it is for the tasks of that loop; made with NULL
 * it is thread-safe (see eddy/ticket.h). Hooks never run while others are kept out.
 */
#ifndef EDDY_BROADCAST_H
#define EDDY_BROADCAST_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_broadcast_sender eddy_broadcast_sender;
typedef struct eddy_broadcast_receiver eddy_broadcast_receiver;

/** Zero means the default, but for the first three. */
typedef struct eddy_broadcast_options {
    size_t size_bytes; /* sizeof(eddy_broadcast_options) */
    size_t item_bytes; /* of one item, > 0 */
    uint32_t capacity; /* items that are kept, >= 1 */
    /* Makes what a receiver gets out of the item in the ring, e.g. takes a reference; NULL: the
       bytes are copied. */
    void (*copy_item)(void *arg, void *to, const void *from);
    /* Destroys the item in the ring, once; not its copies. NULL: nothing to do. */
    void (*drop_item)(void *arg, void *item);
    void *arg;                       /* handed to the hooks */
    const eddy_allocator *allocator; /* of a thread-safe one; copied; default malloc(3) */
} eddy_broadcast_options;

/**
 * Make a broadcast with one sender and one receiver.
 * @param handle    loop whose tasks use it; NULL: thread-safe
 * @param options   copied
 * @param sender    set, owned by the caller; untouched on error
 * @param receiver  set, owned by the caller; untouched on error
 * @return          0; -EINVAL: options of an unknown size, items of no bytes, a capacity of 0;
 *                  -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: yes.
 */
EDDY_API int eddy_broadcast_new(eddy_handle *handle, const eddy_broadcast_options *options,
                                eddy_broadcast_sender **sender, eddy_broadcast_receiver **receiver);

/* ---- the senders ---- */

/**
 * Take one more reference, for one more sender.
 * @param self  sender
 * @return      the same sender, to be given back once more
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API eddy_broadcast_sender *eddy_broadcast_sender_retain(eddy_broadcast_sender *self);

/**
 * Give a reference back. With the last one the broadcast ends: receivers get what is left, then 0.
 * @param self  sender; NULL does nothing
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_broadcast_sender_free(eddy_broadcast_sender *self);

/**
 * Send an item to all receivers. Never waits; the oldest item makes room.
 * @param self  sender
 * @param item  item_bytes, copied when this returns more than 0
 * @return      how many receivers there are, > 0: it is sent; EDDY_CLOSED: none is left; -ENOMEM.
 *              On an error the item is the caller's
 * Thread: loop; any when thread-safe. Allocates: until the ring has been full once, or when an item
 * is overwritten while it is being copied.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_broadcast_send(eddy_broadcast_sender *self,
                                                        const void *item);

/**
 * Tell whether anybody listens.
 * @param self  sender
 * @return      true: no receiver is left; eddy_broadcast_subscribe() makes a new one
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API bool eddy_broadcast_is_closed(eddy_broadcast_sender *self);

/**
 * Make a receiver that gets what is sent from now on.
 * @param self  sender
 * @param out   set, owned by the caller; untouched on error
 * @return      0; -ENOMEM
 * Thread: loop; any when thread-safe. Allocates: yes.
 */
EDDY_API int eddy_broadcast_subscribe(eddy_broadcast_sender *self, eddy_broadcast_receiver **out);

/* ---- the receivers ---- */

/**
 * Make a receiver that gets all that this one has still to get.
 * @param self  receiver
 * @param out   set, owned by the caller; untouched on error
 * @return      0; -ENOMEM
 * Thread: loop; any when thread-safe. Allocates: yes. Cost: the items it has still to get.
 */
EDDY_API int eddy_broadcast_receiver_clone(eddy_broadcast_receiver *self,
                                           eddy_broadcast_receiver **out);

/**
 * Give a receiver back; what it alone had still to read is destroyed.
 * @param self  receiver; NULL does nothing; nobody may wait on it (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no. Cost: the items it
 * has not read.
 */
EDDY_API void eddy_broadcast_receiver_free(eddy_broadcast_receiver *self);

/**
 * Wait for the next item.
 * @param self  receiver; one task at a time may wait (asserted)
 * @param task  current task; waits as "broadcast: receive"
 * @param item  item_bytes; written only when this returns 1
 * @return      1: a copy of the item is in *item; 0: the end, and again at every later poll;
 *              EDDY_LAGGED: items were overwritten, eddy_broadcast_lost() tells how many, and the
 *              next poll gives the oldest that is left; EDDY_PENDING; -ECANCELED; -ENOMEM
 *              (thread-safe)
 * Dropping: loses nothing. Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_broadcast_poll_next(eddy_broadcast_receiver *self,
                                                             eddy_task *task, void *item);

/**
 * Take the next item if there is one now.
 * @param self  receiver
 * @param item  item_bytes; written only when this returns 1
 * @return      1, 0, EDDY_LAGGED as eddy_broadcast_poll_next(); -EAGAIN: none now
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_broadcast_try_next(eddy_broadcast_receiver *self, void *item);

/**
 * Take the next item; block the thread until there is one.
 * @param self  receiver of a thread-safe one (asserted); nobody else may use it meanwhile
 * @param item  item_bytes; written only when this returns 1
 * @return      1, 0, EDDY_LAGGED as eddy_broadcast_poll_next()
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_broadcast_wait_next(eddy_broadcast_receiver *self, void *item);

/**
 * How many items this receiver lost.
 * @param self  receiver
 * @return      items that the last EDDY_LAGGED stood for; 0 when there was none
 * Thread: who receives. Allocates: no.
 */
EDDY_API uint64_t eddy_broadcast_lost(const eddy_broadcast_receiver *self);

/**
 * eddy_broadcast_poll_next() as a future.
 * @param handle    loop that will poll it
 * @param receiver  borrowed until the future has ended
 * @param item      item_bytes, borrowed until the future has ended
 * @return          boxed future with the results of eddy_broadcast_poll_next(); never NULL
 * Dropping: loses nothing while it is pending. Once it has ended with 1 the copy is in *item, and
 * the caller's, whatever becomes of the future that it was a part of. Allocates: from the loop's
 * slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_broadcast_receive(eddy_handle *handle, eddy_broadcast_receiver *receiver,
                                             void *item);

EDDY_EXTERN_C_END

#endif
