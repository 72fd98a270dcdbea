/* SPDX-License-Identifier: MIT */
/*
 * eddy/channel.h - a queue of items between tasks, or threads: many senders, one receiver.
 *
 * Bounded: it holds as many items as its capacity says, not one more; a sender waits in line for
 * room. Unbounded: sending never waits. Items are plain bytes of one size, copied in and out; what
 * they own travels with them, and what is never received goes to the drop_item hook.
 *
 * The end: when the last sender is given back the receiver gets what is queued, then 0. When the
 * receiver closes, senders get EDDY_CLOSED and what is queued can still be received, so that
 * closing and then receiving until 0 loses nothing. When the receiver is freed, what is queued is
 * destroyed.
 *
 * Made with a handle it is for the tasks of that loop; made with NULL it is thread-safe, and has
 * the wait_ forms for plain threads (see eddy/ticket.h).
 */
#ifndef EDDY_CHANNEL_H
#define EDDY_CHANNEL_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_sender eddy_sender;
typedef struct eddy_receiver eddy_receiver;

/* A capacity: no limit but memory. */
#define EDDY_UNBOUNDED UINT32_MAX

/** Zero means the default, but for the first three. */
typedef struct eddy_channel_options {
    size_t size_bytes; /* sizeof(eddy_channel_options) */
    size_t item_bytes; /* of one item, > 0 */
    uint32_t capacity; /* items, >= 1, or EDDY_UNBOUNDED; 0 is an error */
    /* Destroys an item that is never received; NULL: nothing to do. */
    void (*drop_item)(void *arg, void *item);
    void *arg;                       /* handed to drop_item */
    const eddy_allocator *allocator; /* of a thread-safe channel; copied; default malloc(3) */
} eddy_channel_options;

/**
 * Make a channel with one sender.
 * @param handle    loop whose tasks use it; NULL: thread-safe
 * @param options   copied
 * @param sender    set, owned by the caller; untouched on error
 * @param receiver  set, owned by the caller; untouched on error
 * @return          0; -EINVAL: options of an unknown size, items of no bytes, a capacity of 0 or
 *                  one that no memory could hold; -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop; any when thread-safe. Allocates: capacity * item_bytes at once, so that sending
 * needs no memory; unbounded: pieces of about 1 KiB, as needed.
 */
EDDY_API int eddy_channel_new(eddy_handle *handle, const eddy_channel_options *options,
                              eddy_sender **sender, eddy_receiver **receiver);

/* ---- the senders ---- */

/**
 * Take one more reference, for one more sender.
 * @param self  sender
 * @return      the same sender, to be given back once more
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API eddy_sender *eddy_sender_retain(eddy_sender *self);

/**
 * Give a reference back. With the last one the channel ends: the receiver is woken. Nobody may
 * stand in line for the last one (asserted).
 * @param self  sender; NULL does nothing
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_sender_free(eddy_sender *self);

/**
 * Send an item, when there is room; else wait in line for it.
 * @param self    sender
 * @param task    current task; waits as "channel: send"
 * @param ticket  place in the line
 * @param item    item_bytes, copied when this returns 0
 * @return        0: sent; EDDY_PENDING; EDDY_CLOSED: the receiver is gone, or has closed;
 *                -ECANCELED; -ENOMEM (unbounded, or thread-safe). But for 0 the item is the
 *                caller's
 * Dropping: the item is the caller's; the place in the line goes to the next. Allocates: a piece
 * when unbounded. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_sender_poll_send(eddy_sender *self, eddy_task *task,
                                                          eddy_ticket *ticket, const void *item);

/**
 * Wait until there is room, and keep it: the next eddy_sender_poll_send() with the same ticket
 * finds room, whatever others send meanwhile.
 * @param self    sender
 * @param task    current task; waits as "channel: send"
 * @param ticket  keeps the room until it is sent with, or leaves (eddy_ticket_leave()), or the
 *                future that polled here ends or is dropped
 * @return        0: there is room; otherwise as eddy_sender_poll_send()
 * Dropping: gives the room back. Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_sender_poll_ready(eddy_sender *self, eddy_task *task,
                                                           eddy_ticket *ticket);

/**
 * Send an item if that is possible now: there is room, and nobody stands in line for it.
 * @param self  sender
 * @param item  item_bytes, copied when this returns 0
 * @return      0: sent; -EAGAIN: full; EDDY_CLOSED; -ENOMEM, EDDY_LOOP_GONE (unbounded). But for 0
 *              the item is the caller's
 * Thread: loop; any when thread-safe. Allocates: a piece when unbounded.
 */
EDDY_API EDDY_NODISCARD int eddy_sender_try_send(eddy_sender *self, const void *item);

/**
 * Send an item; block the thread until there is room.
 * @param self  sender of a thread-safe channel (asserted)
 * @param item  item_bytes, copied when this returns 0
 * @return      0: sent; EDDY_CLOSED, -ENOMEM (unbounded): the item is the caller's
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: a piece when unbounded.
 */
EDDY_API EDDY_NODISCARD int eddy_sender_wait_send(eddy_sender *self, const void *item);

/**
 * Tell whether sending is over.
 * @param self  sender
 * @return      true: the receiver is gone, or has closed; then it is so for ever
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API bool eddy_sender_is_closed(eddy_sender *self);

/**
 * eddy_sender_poll_send() as a future.
 * @param handle  loop that will poll it
 * @param sender  borrowed until the future has ended
 * @param item    item_bytes, borrowed until the future has ended
 * @return        boxed future with the results of eddy_sender_poll_send(); never NULL
 * Dropping: the item is the caller's. Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_send(eddy_handle *handle, eddy_sender *sender, const void *item);

/* ---- the receiver ---- */

/**
 * Wait for the next item.
 * @param self  receiver; one task at a time may wait (asserted)
 * @param task  current task; waits as "channel: receive"
 * @param item  item_bytes; written only when this returns 1
 * @return      1: an item is in *item, and the caller's; 0: the end, and again at every later poll;
 *              EDDY_PENDING; -ECANCELED; -ENOMEM (thread-safe), nothing is lost by it
 * Dropping: loses nothing. Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_receiver_poll_next(eddy_receiver *self, eddy_task *task,
                                                            void *item);

/**
 * Take the next item if there is one now.
 * @param self  receiver
 * @param item  item_bytes; written only when this returns 1
 * @return      1: an item is in *item; 0: the end; -EAGAIN: none now
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_receiver_try_next(eddy_receiver *self, void *item);

/**
 * Take the next item; block the thread until there is one.
 * @param self  receiver of a thread-safe channel (asserted); nobody else may wait on it (asserted)
 * @param item  item_bytes; written only when this returns 1
 * @return      1: an item is in *item; 0: the end
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_receiver_wait_next(eddy_receiver *self, void *item);

/**
 * Let nothing more in: senders get EDDY_CLOSED, also those in line. What is queued can still be
 * received; then comes the end.
 * @param self  receiver
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_receiver_close(eddy_receiver *self);

/**
 * Close, and destroy what is queued by drop_item.
 * @param self  receiver; NULL does nothing; nobody may wait on it (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_receiver_free(eddy_receiver *self);

/**
 * eddy_receiver_poll_next() as a future.
 * @param handle    loop that will poll it
 * @param receiver  borrowed until the future has ended
 * @param item      item_bytes, borrowed until the future has ended
 * @return          boxed future with the results of eddy_receiver_poll_next(); never NULL
 * Dropping: loses nothing while it is pending. Once it has ended with 1 the item is in *item, and
 * the caller's, whatever becomes of the future that it was a part of. Allocates: from the loop's
 * slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_receive(eddy_handle *handle, eddy_receiver *receiver, void *item);

EDDY_EXTERN_C_END

#endif
