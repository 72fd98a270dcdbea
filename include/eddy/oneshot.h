/* SPDX-License-Identifier: MIT */
/*
 * eddy/oneshot.h - one item from one sender to one receiver: the answer to a question.
 *
 * Each side sees the other one go: the receiver gets EDDY_CLOSED when the sender is freed without
 * having sent; the sender may ask, or wait, whether anybody is still interested.
 *
 * Both handles are freed by their owners, whatever happened. Made with a handle it is for the tasks
 * of that loop; made with NULL it is thread-safe (see eddy/ticket.h).
 */
#ifndef EDDY_ONESHOT_H
#define EDDY_ONESHOT_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_oneshot_sender eddy_oneshot_sender;
typedef struct eddy_oneshot_receiver eddy_oneshot_receiver;

/** Zero means the default, but for the first two. */
typedef struct eddy_oneshot_options {
    size_t size_bytes; /* sizeof(eddy_oneshot_options) */
    size_t item_bytes; /* of the item, > 0 */
    /* Destroys an item that is never received; NULL: nothing to do. */
    void (*drop_item)(void *arg, void *item);
    void *arg;                       /* handed to drop_item */
    const eddy_allocator *allocator; /* of a thread-safe one; copied; default malloc(3) */
} eddy_oneshot_options;

/**
 * Make a oneshot.
 * @param handle    loop whose tasks use it; NULL: thread-safe
 * @param options   copied
 * @param sender    set, owned by the caller; untouched on error
 * @param receiver  set, owned by the caller; untouched on error
 * @return          0; -EINVAL: options of an unknown size, or an item of no bytes; -ENOMEM,
 *                  EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: once, the item's room included.
 */
EDDY_API int eddy_oneshot_new(eddy_handle *handle, const eddy_oneshot_options *options,
                              eddy_oneshot_sender **sender, eddy_oneshot_receiver **receiver);

/* ---- the sender ---- */

/**
 * Send the item. Never waits.
 * @param self  sender that has not sent yet (asserted); still to be freed
 * @param item  item_bytes, copied when this returns 0
 * @return      0: sent: it is received, or destroyed by drop_item; EDDY_CLOSED: the receiver is
 *              gone or has closed, and the item is the caller's
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_oneshot_send(eddy_oneshot_sender *self, const void *item);

/**
 * Wait until the receiver is gone, or has closed: to stop working on an answer that nobody wants.
 * @param self  sender; one task at a time may wait (asserted)
 * @param task  current task; waits as "oneshot: closed"
 * @return      0: closed, at this and every later poll; EDDY_PENDING; -ECANCELED; -ENOMEM
 *              (thread-safe)
 * Dropping: loses nothing. Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_oneshot_poll_closed(eddy_oneshot_sender *self,
                                                             eddy_task *task);

/**
 * Block the thread until the receiver is gone, or has closed.
 * @param self  sender of a thread-safe one (asserted); nobody else may wait on it (asserted)
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API void eddy_oneshot_wait_closed(eddy_oneshot_sender *self);

/**
 * Tell whether the receiver is gone, or has closed.
 * @param self  sender
 * @return      true: sending would give EDDY_CLOSED, for ever
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API bool eddy_oneshot_is_closed(eddy_oneshot_sender *self);

/**
 * Give the sender back. When it has not sent, the receiver gets EDDY_CLOSED.
 * @param self  sender; NULL does nothing; nobody may wait on it (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_oneshot_sender_free(eddy_oneshot_sender *self);

/**
 * eddy_oneshot_poll_closed() as a future.
 * @param handle  loop that will poll it
 * @param sender  borrowed until the future has ended
 * @return        boxed future with the results of eddy_oneshot_poll_closed(); never NULL
 * Dropping: loses nothing. Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_oneshot_closed(eddy_handle *handle, eddy_oneshot_sender *sender);

/* ---- the receiver ---- */

/**
 * Wait for the item.
 * @param self  receiver; one task at a time may wait (asserted)
 * @param task  current task; waits as "oneshot: receive"
 * @param item  item_bytes; written only when this returns 1
 * @return      1: the item is in *item, and the caller's; EDDY_CLOSED: it was received before, or
 *              will never come; EDDY_PENDING; -ECANCELED; -ENOMEM (thread-safe), nothing is lost by
 *              it
 * Dropping: loses nothing. Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_oneshot_poll_receive(eddy_oneshot_receiver *self,
                                                              eddy_task *task, void *item);

/**
 * Take the item if it is there.
 * @param self  receiver
 * @param item  item_bytes; written only when this returns 1
 * @return      1: the item is in *item; -EAGAIN: not yet; EDDY_CLOSED
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_oneshot_try_receive(eddy_oneshot_receiver *self, void *item);

/**
 * Take the item; block the thread until it is there.
 * @param self  receiver of a thread-safe one (asserted); nobody else may wait on it (asserted)
 * @param item  item_bytes; written only when this returns 1
 * @return      1: the item is in *item; EDDY_CLOSED
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_oneshot_wait_receive(eddy_oneshot_receiver *self, void *item);

/**
 * Refuse an item that was not sent yet. One that was can still be received.
 * @param self  receiver
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_oneshot_close(eddy_oneshot_receiver *self);

/**
 * Close, and destroy by drop_item what was sent and not received.
 * @param self  receiver; NULL does nothing; nobody may wait on it (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_oneshot_receiver_free(eddy_oneshot_receiver *self);

/**
 * eddy_oneshot_poll_receive() as a future.
 * @param handle    loop that will poll it
 * @param receiver  borrowed until the future has ended
 * @param item      item_bytes, borrowed until the future has ended
 * @return          boxed future with the results of eddy_oneshot_poll_receive(); never NULL
 * Dropping: loses nothing while it is pending. Once it has ended with 1 the item is in *item, and
 * the caller's, whatever becomes of the future that it was a part of. Allocates: from the loop's
 * slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_oneshot_receive(eddy_handle *handle, eddy_oneshot_receiver *receiver,
                                           void *item);

EDDY_EXTERN_C_END

#endif
