/* SPDX-License-Identifier: MIT */
/*
 * eddy/watch.h - the latest value of something: settings, a state, a progress.
 *
 * A send replaces the value; each receiver learns that it has changed since that receiver last
 * looked, and looks at the latest: values in between are not seen. There is always a value, from
 * the beginning on. Looking is by a copy, or by borrowing the value where it lies.
 *
 * Many senders, many receivers. Made with a handle it is for the tasks of that loop; made with NULL
 * it is thread-safe (see eddy/ticket.h). Hooks never run while others are kept out.
 */
#ifndef EDDY_WATCH_H
#define EDDY_WATCH_H

#include "eddy/alloc.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_watch_sender eddy_watch_sender;
typedef struct eddy_watch_receiver eddy_watch_receiver;

/** Zero means the default, but for the first two. */
typedef struct eddy_watch_options {
    size_t size_bytes; /* sizeof(eddy_watch_options) */
    size_t item_bytes; /* of the value, > 0 */
    /* Makes a second value out of one, for eddy_watch_copy(); NULL: its bytes are copied. */
    void (*copy_item)(void *arg, void *to, const void *from);
    /* Destroys a value that was replaced, or is the last; not its copies. NULL: nothing to do. */
    void (*drop_item)(void *arg, void *item);
    void *arg;                       /* handed to the hooks */
    const eddy_allocator *allocator; /* of a thread-safe one; copied; default malloc(3) */
} eddy_watch_options;

/**
 * Make a watch with its first value, one sender and one receiver, which has not seen it yet.
 * @param handle    loop whose tasks use it; NULL: thread-safe
 * @param options   copied
 * @param first     item_bytes, copied when this returns 0
 * @param sender    set, owned by the caller; untouched on error
 * @param receiver  set, owned by the caller; untouched on error
 * @return          0; -EINVAL: options of an unknown size, or values of no bytes; -ENOMEM,
 *                  EDDY_LOOP_GONE. But for 0 the value is the caller's
 * Thread: loop; any when thread-safe. Allocates: yes.
 */
EDDY_API int eddy_watch_new(eddy_handle *handle, const eddy_watch_options *options,
                            const void *first, eddy_watch_sender **sender,
                            eddy_watch_receiver **receiver);

/* ---- the senders ---- */

/**
 * Take one more reference, for one more sender.
 * @param self  sender
 * @return      the same sender, to be given back once more
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API eddy_watch_sender *eddy_watch_sender_retain(eddy_watch_sender *self);

/**
 * Give a reference back. With the last one the receivers are told, and can still look at the last
 * value.
 * @param self  sender; NULL does nothing
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_watch_sender_free(eddy_watch_sender *self);

/**
 * Replace the value. Never waits.
 * @param self  sender
 * @param item  item_bytes, copied when this returns 0
 * @return      0: it is the value now; EDDY_CLOSED: no receiver is left; -ENOMEM. But for 0 the
 *              item is the caller's
 * Thread: loop; any when thread-safe. Allocates: when the value before is still being looked at;
 * else no.
 */
EDDY_API EDDY_NODISCARD int eddy_watch_send(eddy_watch_sender *self, const void *item);

/**
 * Tell whether anybody still looks.
 * @param self  sender
 * @return      true: no receiver is left; eddy_watch_subscribe() makes a new one
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API bool eddy_watch_is_closed(eddy_watch_sender *self);

/**
 * Make a receiver that has not seen the present value.
 * @param self  sender
 * @param out   set, owned by the caller; untouched on error
 * @return      0; -ENOMEM
 * Thread: loop; any when thread-safe. Allocates: yes.
 */
EDDY_API int eddy_watch_subscribe(eddy_watch_sender *self, eddy_watch_receiver **out);

/* ---- the receivers ---- */

/**
 * Make a receiver that has seen what this one has.
 * @param self  receiver
 * @param out   set, owned by the caller; untouched on error
 * @return      0; -ENOMEM
 * Thread: loop; any when thread-safe. Allocates: yes.
 */
EDDY_API int eddy_watch_receiver_clone(eddy_watch_receiver *self, eddy_watch_receiver **out);

/**
 * Give a receiver back.
 * @param self  receiver; NULL does nothing; nobody may wait on it (asserted), and what it has
 *              borrowed must have been returned (asserted)
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_watch_receiver_free(eddy_watch_receiver *self);

/**
 * Wait until the value is one that this receiver has not looked at.
 * @param self  receiver; one task at a time may wait (asserted)
 * @param task  current task; waits as "watch: change"
 * @return      1: it has changed, and does not count as seen before eddy_watch_copy() or
 *              eddy_watch_borrow(); 0: the last value was seen, and the senders are gone;
 *              EDDY_PENDING; -ECANCELED; -ENOMEM (thread-safe)
 * Dropping: loses nothing. Allocates: no. Thread: loop; of any loop when thread-safe.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_watch_poll_changed(eddy_watch_receiver *self,
                                                            eddy_task *task);

/**
 * Tell whether the value is one that this receiver has not looked at.
 * @param self  receiver
 * @return      1: it has changed; 0: never again; -EAGAIN: not now
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_watch_try_changed(eddy_watch_receiver *self);

/**
 * Block the thread until the value is one that this receiver has not looked at.
 * @param self  receiver of a thread-safe one (asserted); nobody else may use it meanwhile
 * @return      1: it has changed; 0: never again
 * Thread: any but one that a loop must run on meanwhile. Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD int eddy_watch_wait_changed(eddy_watch_receiver *self);

/**
 * Copy the latest value; it counts as seen.
 * @param self  receiver
 * @param item  item_bytes, filled by copy_item
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_watch_copy(eddy_watch_receiver *self, void *item);

/**
 * Look at the latest value where it lies; it counts as seen. It stays as it is, whatever is sent
 * meanwhile, until it is returned.
 * @param self  receiver
 * @return      item_bytes, read-only, until eddy_watch_return()
 * Thread: loop; any when thread-safe. Allocates: no.
 */
EDDY_API const void *eddy_watch_borrow(eddy_watch_receiver *self);

/**
 * Return a value that was borrowed.
 * @param self  the receiver that has borrowed it
 * @param item  as given by eddy_watch_borrow(); not to be touched any more
 * Thread: loop, any once the loop is freed; any when thread-safe. Allocates: no.
 */
EDDY_API void eddy_watch_return(eddy_watch_receiver *self, const void *item);

/**
 * eddy_watch_poll_changed() as a future.
 * @param handle    loop that will poll it
 * @param receiver  borrowed until the future has ended
 * @return          boxed future with the results of eddy_watch_poll_changed(); never NULL
 * Dropping: loses nothing. Allocates: from the loop's slab. Thread: loop.
 */
EDDY_API eddy_future *eddy_watch_changed(eddy_handle *handle, eddy_watch_receiver *receiver);

EDDY_EXTERN_C_END

#endif
