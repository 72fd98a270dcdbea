/* SPDX-License-Identifier: MIT */
/*
 * atomic.h - atomic words and the operations on them, each with its memory order spelled out: a
 * thin shim over <stdatomic.h>. Whoever shares a word between threads uses these and nothing else,
 * and says at each call which operation of the other thread the order pairs with.
 *
 * There is no fence here, on purpose: the sanitizer does not understand fences, and an order that
 * sits on the object is one a reader can find the partner of.
 *
 * The shim exists so that a test can replace the scheduler: with EDDY__ATOMIC_MODEL defined as the
 * path of a header (tests/model/atomic_model.h), each operation first stops at EDDY__ATOMIC_STEP,
 * where the test decides which thread goes on.
 */
#ifndef EDDY__ATOMIC_H
#define EDDY__ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct eddy__atomic_u32 {
    _Atomic uint32_t value;
} eddy__atomic_u32;

typedef struct eddy__atomic_u64 {
    _Atomic uint64_t value;
} eddy__atomic_u64;

typedef struct eddy__atomic_ptr {
    void *_Atomic value;
} eddy__atomic_ptr;

#if defined(EDDY__ATOMIC_MODEL)
#include EDDY__ATOMIC_MODEL
#else
#include <threads.h>
#define EDDY__ATOMIC_STEP(object, writes) ((void)0)
#define EDDY__ATOMIC_PAUSE(object, seen)  ((void)(object), (void)(seen), thrd_yield())
#endif

/* Set a word that no other thread can see yet. */
#define eddy__atomic_init(object, with) atomic_init(&(object)->value, (with))

#define eddy__atomic_load(object, order)                                                           \
    (EDDY__ATOMIC_STEP(&(object)->value, false), atomic_load_explicit(&(object)->value, (order)))

#define eddy__atomic_store(object, with, order)                                                    \
    (EDDY__ATOMIC_STEP(&(object)->value, true),                                                    \
     atomic_store_explicit(&(object)->value, (with), (order)))

#define eddy__atomic_exchange(object, with, order)                                                 \
    (EDDY__ATOMIC_STEP(&(object)->value, true),                                                    \
     atomic_exchange_explicit(&(object)->value, (with), (order)))

/* Strong compare and swap: true and `with` is in, or false and *expected is what was found. */
#define eddy__atomic_cas(object, expected, with, order, order_failed)                              \
    (EDDY__ATOMIC_STEP(&(object)->value, true),                                                    \
     atomic_compare_exchange_strong_explicit(&(object)->value, (expected), (with), (order),        \
                                             (order_failed)))

/* These three return what was there before. */
#define eddy__atomic_fetch_add(object, with, order)                                                \
    (EDDY__ATOMIC_STEP(&(object)->value, true),                                                    \
     atomic_fetch_add_explicit(&(object)->value, (with), (order)))

#define eddy__atomic_fetch_sub(object, with, order)                                                \
    (EDDY__ATOMIC_STEP(&(object)->value, true),                                                    \
     atomic_fetch_sub_explicit(&(object)->value, (with), (order)))

#define eddy__atomic_fetch_or(object, with, order)                                                 \
    (EDDY__ATOMIC_STEP(&(object)->value, true),                                                    \
     atomic_fetch_or_explicit(&(object)->value, (with), (order)))

/* Let others run: the caller spins until the u64 word is no longer `seen`. Orders nothing. */
#define eddy__atomic_pause_while(object, seen) EDDY__ATOMIC_PAUSE(&(object)->value, (seen))

#endif
