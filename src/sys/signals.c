/* SPDX-License-Identifier: MIT */
/*
 * signals.c - one process-wide table of who listens to which signal, walked by the handler without a
 * lock.
 *
 * A handler may run at any moment on any thread, so it can wait for nobody, and a listener's memory
 * must not go while it looks at it. `inside` counts the handlers that walk a row. Whoever takes a
 * listener out unlinks it and then waits until `inside` is 0 once. In the single order S of all seq_cst
 * operations:
 *
 *   handler: inside += 1 ; load links            remover: store link ; load inside
 *
 * Either the load of `inside` comes after the increment and sees it, and the remover waits; or all
 * loads of links come after the store, and the handler does not meet the listener. The handler's
 * decrement (release) pairs with the remover's load (acquire, being seq_cst): all that the handler did
 * with the listener happened before its memory goes. A remover whose own thread is interrupted by a
 * handler waits for nobody: that handler is over before it goes on. Handlers are short and lock-free,
 * so the wait is; what was installed before ours is called when we are no longer inside.
 *
 * All else is guarded by `lock`, which no handler takes, and which is held across fork(2): the child
 * gets a table without listeners, and the handlers as they were before us.
 */
#include "sys/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#ifndef NSIG
#define NSIG 65
#endif

struct row {
    eddy__atomic_ptr first; /* listener */
    eddy__atomic_u64 inside;
    eddy__atomic_ptr before; /* struct sigaction: what was installed before us; NULL: never yet */
    struct sigaction actions[2];
    eddy__signal_listener *simulated;
};

static struct row rows[NSIG];
static uint32_t forks; /* seen so far */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Signals whose handler runs on this thread: one that chains back to us must not go round. */
static _Thread_local uint64_t running __attribute__((tls_model("initial-exec")));

static void lock_table(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void unlock_table(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* ---- in a handler ---- */

/* Nobody listens: then it does what it does by itself, when this handler has returned. Inside: whoever
 * begins to listen meanwhile installs us after this. */
static void leave_it_to_the_system(const struct sigaction *before, int number)
{
    if ((before->sa_flags & SA_SIGINFO) != 0 || before->sa_handler != SIG_DFL)
        return;
    (void)sigaction(number, before, NULL);
    (void)raise(number);
}

static void call_before(const struct sigaction *before, int number, siginfo_t *info, void *context)
{
    if ((before->sa_flags & SA_SIGINFO) != 0)
        before->sa_sigaction(number, info, context);
    else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
        before->sa_handler(number);
}

static struct sigaction tell_listeners(struct row *row, int number)
{
    eddy__signal_listener *listener;
    struct sigaction before;

    eddy__atomic_fetch_add(&row->inside, 1, memory_order_seq_cst);   /* wait_outside */
    listener = eddy__atomic_load(&row->first, memory_order_seq_cst); /* link, unlink */
    before = *(struct sigaction *)eddy__atomic_load(&row->before, memory_order_seq_cst);
    if (listener == NULL)
        leave_it_to_the_system(&before, number);
    while (listener != NULL) {
        listener->came(listener);
        listener = eddy__atomic_load(&listener->next, memory_order_seq_cst); /* unlink */
    }
    eddy__atomic_fetch_sub(&row->inside, 1, memory_order_release); /* wait_outside */
    return before;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    const uint64_t bit = UINT64_C(1) << (number - 1);
    struct sigaction before;
    int error = errno;

    if ((running & bit) != 0)
        return;
    running |= bit;
    before = tell_listeners(&rows[number], number);
    call_before(&before, number, info, context);
    running &= ~bit;
    errno = error;
}

/* ---- installing ---- */

/* Until no handler walks the row that began before this was called. */
static void wait_outside(struct row *row)
{
    for (;;) {
        uint64_t inside = eddy__atomic_load(&row->inside, memory_order_seq_cst); /* on_signal */

        if (inside == 0)
            return;
        eddy__atomic_pause_while(&row->inside, inside);
    }
}

static bool is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == on_signal;
}

static bool is_same(const struct sigaction *a, const struct sigaction *b)
{
    if ((a->sa_flags & SA_SIGINFO) != (b->sa_flags & SA_SIGINFO))
        return false;
    return (a->sa_flags & SA_SIGINFO) != 0 ? a->sa_sigaction == b->sa_sigaction
                                           : a->sa_handler == b->sa_handler;
}

/* Handlers that run may still copy the one before: write the other. */
static void remember(struct row *row, const struct sigaction *action)
{
    struct sigaction *old = eddy__atomic_load(&row->before, memory_order_relaxed); /* lock */
    struct sigaction *fresh = old == &row->actions[0] ? &row->actions[1] : &row->actions[0];

    wait_outside(row);
    *fresh = *action;
    eddy__atomic_store(&row->before, fresh, memory_order_seq_cst); /* tell_listeners */
}

/* Someone who had saved ours may have put it back when we were gone: then there is nothing to do. */
static int install(struct row *row, int number)
{
    struct sigaction ours = {.sa_sigaction = on_signal,
                             .sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP | SA_ONSTACK};
    struct sigaction before, was;

    (void)sigemptyset(&ours.sa_mask);
    if (sigaction(number, NULL, &before) != 0)
        return -errno;
    if (is_ours(&before))
        return 0;
    remember(row, &before); /* the handler may run as soon as it is installed */
    if (sigaction(number, &ours, &was) != 0)
        return -errno;
    if (!is_same(&was, &before))
        remember(row, &was);
    return 0;
}

/* Who has come after us stays, and goes on calling us, who then call who was before us. */
static void uninstall(struct row *row, int number)
{
    struct sigaction now;

    if (sigaction(number, NULL, &now) == 0 && is_ours(&now))
        (void)sigaction(number, eddy__atomic_load(&row->before, memory_order_relaxed), NULL);
}

/* ---- fork ---- */

/* The parent's listeners are not the child's. Its handlers must not be either: a signal that kills
 * would do nothing. */
static void reset_in_child(void)
{
    for (int number = 1; number < NSIG; number++) {
        struct row *row = &rows[number];

        if (eddy__atomic_load(&row->before, memory_order_relaxed) != NULL)
            uninstall(row, number);
        eddy__atomic_store(&row->first, NULL, memory_order_relaxed); /* no other thread is there */
        eddy__atomic_store(&row->inside, 0, memory_order_relaxed);
        row->simulated = NULL;
    }
    forks++;
    unlock_table();
}

static void watch_forks_once(void)
{
    (void)pthread_atfork(lock_table, unlock_table, reset_in_child);
}

/* ---- listeners ---- */

/* Faults of the program itself: to go on after them is to meet them again. */
static bool is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL;
}

/* Linked first, so that no handler that comes from now on finds nobody. */
static int link_real(struct row *row, eddy__signal_listener *self)
{
    void *first = eddy__atomic_load(&row->first, memory_order_relaxed); /* lock */
    int error = 0;

    eddy__atomic_init(&self->next, first);
    eddy__atomic_store(&row->first, self, memory_order_seq_cst); /* tell_listeners */
    if (first == NULL) {
        wait_outside(row); /* for those that found nobody */
        error = install(row, self->number);
    }
    if (error == 0)
        return 0;
    eddy__atomic_store(&row->first, NULL, memory_order_seq_cst);
    wait_outside(row);
    return error;
}

int eddy__signals_add(eddy__signal_listener *self, bool simulated)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int number = self->number;
    int error = 0;

    if (number < 1 || number >= NSIG || number == SIGKILL || number == SIGSTOP || is_fault(number))
        return -EINVAL;
    (void)pthread_once(&once, watch_forks_once);
    lock_table();
    self->forks = forks;
    self->simulated = simulated;
    if (simulated) {
        eddy__atomic_init(&self->next, rows[number].simulated);
        rows[number].simulated = self;
    } else {
        error = link_real(&rows[number], self);
    }
    unlock_table();
    return error;
}

/* The listener's own link stays: a handler that stands on it goes on from there. */
static void unlink_real(struct row *row, eddy__signal_listener *self)
{
    eddy__atomic_ptr *at = &row->first;
    eddy__signal_listener *it;

    while ((it = eddy__atomic_load(at, memory_order_relaxed)) != self) /* lock */
        at = &it->next;
    eddy__atomic_store(at, eddy__atomic_load(&self->next, memory_order_relaxed),
                       memory_order_seq_cst); /* tell_listeners */
    if (eddy__atomic_load(&row->first, memory_order_relaxed) == NULL)
        uninstall(row, self->number);
    wait_outside(row);
}

static void unlink_simulated(struct row *row, eddy__signal_listener *self)
{
    eddy__signal_listener *next = eddy__atomic_load(&self->next, memory_order_relaxed); /* lock */
    eddy__signal_listener *it = row->simulated;

    if (it == self) {
        row->simulated = next;
        return;
    }
    while (eddy__atomic_load(&it->next, memory_order_relaxed) != self)
        it = eddy__atomic_load(&it->next, memory_order_relaxed);
    eddy__atomic_store(&it->next, next, memory_order_relaxed);
}

void eddy__signals_remove(eddy__signal_listener *self)
{
    struct row *row = &rows[self->number];

    lock_table();
    if (self->forks == forks) { /* else it is the parent's */
        if (self->simulated)
            unlink_simulated(row, self);
        else
            unlink_real(row, self);
    }
    unlock_table();
}

static uint32_t tell(eddy__signal_listener *first,
                     bool (*wanted)(const eddy__signal_listener *listener, const void *arg),
                     const void *arg)
{
    uint32_t n = 0;

    for (eddy__signal_listener *it = first; it != NULL;
         it = eddy__atomic_load(&it->next, memory_order_relaxed)) { /* lock */
        if (wanted(it, arg)) {
            it->came(it);
            n++;
        }
    }
    return n;
}

uint32_t eddy__signals_raise(int number,
                             bool (*wanted)(const eddy__signal_listener *listener, const void *arg),
                             const void *arg)
{
    uint32_t n;

    if (number < 1 || number >= NSIG)
        return 0;
    lock_table();
    n = tell(eddy__atomic_load(&rows[number].first, memory_order_relaxed), wanted, arg);
    n += tell(rows[number].simulated, wanted, arg);
    unlock_table();
    return n;
}
