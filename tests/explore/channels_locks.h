/* SPDX-License-Identifier: MIT */
/*
 * channels_locks.h - talks by a mutex, a semaphore, a notify, a barrier, a once: nobody has what
 * another one has, nobody waits in vain, and what somebody has who goes is there for the next.
 *
 * Private to tests/explore/channels.c.
 */
#ifndef EXPLORE_CHANNELS_LOCKS_H
#define EXPLORE_CHANNELS_LOCKS_H

#include "channels_talk.h"

#define PERMITS  3
#define PATIENCE (2 * EDDY_SECOND) /* of who waits for others that may be gone */

/* ---- a mutex: `held` by so many ---- */

struct mutex_guest {
    GUEST;
    uint32_t left;
    bool has;
    eddy_ticket ticket;
};

static void mutex_guest_unlocks(struct mutex_guest *self)
{
    if (!self->has)
        return;
    self->has = false;
    self->talk->held--;
    eddy_mutex_unlock(self->talk->mutex);
}

static void mutex_guest_done(struct mutex_guest *self)
{
    mutex_guest_unlocks(self);
    guest_done(self->talk, self->finished);
}

static void mutex_guest_locked(struct mutex_guest *self)
{
    self->has = true;
    SCENE_CHECK(self->talk->held++ == 0, "two have one mutex");
}

EDDY_ASYNC(mutex_guest, mutex_guest_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->left = scene_random(4); self->left > 0; self->left--) {
            n = scene_random(4) == 0 ? eddy_mutex_try_lock(self->talk->mutex) : -EAGAIN;
            if (n == -EAGAIN)
                EDDY_POLL(n, eddy_mutex_poll_lock(self->talk->mutex, task, &self->ticket));
            if (n < 0)
                EDDY_RETURN(0);
            mutex_guest_locked(self);
            nap_start(&self->nap, task, some_time(30));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            mutex_guest_unlocks(self);
            if (n < 0)
                EDDY_RETURN(0);
        }
        self->finished = true;
        EDDY_END(0);
}

static int mutex_begin(struct talk *self, eddy_handle *handle)
{
    int error = eddy_mutex_new(handle, NULL, &self->mutex);

    for (unsigned left = 1 + some_guests(); error == 0 && left > 0; left--)
        talk_invite(self, EDDY_FUTURE(mutex_guest, .talk = self));
    return error;
}

static void mutex_over(struct talk *self)
{
    SCENE_CHECK(self->held == 0 && eddy_mutex_try_lock(self->mutex) == 0,
                "a mutex was left locked");
    eddy_mutex_free(self->mutex);
}

/* ---- a semaphore: of its permits so many are `held` ---- */

struct permit_guest {
    GUEST;
    uint32_t left, need, has;
    eddy_ticket ticket;
};

static void permit_guest_gives_back(struct permit_guest *self)
{
    if (self->has == 0)
        return;
    self->talk->held -= self->has;
    eddy_semaphore_add(self->talk->semaphore, self->has);
    self->has = 0;
}

static void permit_guest_done(struct permit_guest *self)
{
    permit_guest_gives_back(self);
    guest_done(self->talk, self->finished);
}

static void permit_guest_takes(struct permit_guest *self)
{
    self->has = self->need;
    self->talk->held += self->need;
    SCENE_CHECK(self->talk->held <= PERMITS, "%u of %d permits are held",
                (unsigned)self->talk->held, PERMITS);
}

EDDY_ASYNC(permit_guest, permit_guest_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->left = scene_random(4); self->left > 0; self->left--) {
            self->need = 1 + scene_random(PERMITS);
            EDDY_POLL(n, eddy_semaphore_poll_acquire(self->talk->semaphore, task, &self->ticket,
                                                     self->need));
            if (n < 0)
                EDDY_RETURN(0);
            permit_guest_takes(self);
            nap_start(&self->nap, task, some_time(30));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            permit_guest_gives_back(self);
            if (n < 0)
                EDDY_RETURN(0);
        }
        self->finished = true;
        EDDY_END(0);
}

static int semaphore_begin(struct talk *self, eddy_handle *handle)
{
    int error = eddy_semaphore_new(handle, NULL, PERMITS, &self->semaphore);

    for (unsigned left = 1 + some_guests(); error == 0 && left > 0; left--)
        talk_invite(self, EDDY_FUTURE(permit_guest, .talk = self));
    return error;
}

static void semaphore_over(struct talk *self)
{
    SCENE_CHECK(eddy_semaphore_permits(self->semaphore) == PERMITS, "%u of %d permits are there",
                (unsigned)eddy_semaphore_permits(self->semaphore), PERMITS);
    eddy_semaphore_free(self->semaphore);
}

/* ---- a notify: so many things are `ready` ---- */

struct maker {
    GUEST;
    uint32_t left;
};

/* After the last one nothing more comes. */
static void maker_done(struct maker *self)
{
    self->talk->over = --self->talk->senders == 0;
    if (self->talk->over)
        eddy_notify_waiters(self->talk->notify);
    guest_done(self->talk, self->finished);
}

EDDY_ASYNC(maker, maker_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->left = scene_random(6); self->left > 0; self->left--) {
            nap_start(&self->nap, task, some_time(30));
            EDDY_POLL(n, nap_poll(&self->nap, task));
            if (n < 0)
                EDDY_RETURN(0);
            self->talk->ready++;
            eddy_notify_one(self->talk->notify);
        }
        self->finished = true;
        EDDY_END(0);
}

struct user {
    GUEST;
    eddy_ticket ticket;
};

static void user_done(struct user *self)
{
    guest_done(self->talk, self->finished);
}

EDDY_ASYNC(user, user_done)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->talk->ready > 0 || !self->talk->over) {
            if (self->talk->ready == 0) {
                EDDY_POLL(n, eddy_notify_poll(self->talk->notify, task, &self->ticket));
            } else {
                self->talk->ready--;
                nap_start(&self->nap, task, some_time(20));
                EDDY_POLL(n, nap_poll(&self->nap, task));
            }
            if (n < 0)
                EDDY_RETURN(0);
        }
        self->finished = true;
        EDDY_END(0);
}

static int notify_begin(struct talk *self, eddy_handle *handle)
{
    int error = eddy_notify_new(handle, NULL, &self->notify);

    if (error != 0)
        return error;
    self->senders = some_guests();
    for (unsigned left = some_guests(); left > 0; left--)
        talk_invite(self, EDDY_FUTURE(user, .talk = self));
    for (unsigned left = self->senders; left > 0; left--)
        talk_invite(self, EDDY_FUTURE(maker, .talk = self));
    return 0;
}

static void notify_over(struct talk *self)
{
    eddy_notify_free(self->notify);
    SCENE_CHECK(self->gone > 0 || self->ready == 0, "%u things are left over",
                (unsigned)self->ready);
}

/* ---- a barrier, for `count` at a time ---- */

struct barrier_guest {
    GUEST;
    eddy_ticket ticket;
};

static void barrier_guest_done(struct barrier_guest *self)
{
    guest_done(self->talk, self->finished);
}

static void barrier_guest_passes(struct barrier_guest *self, bool leads)
{
    struct talk *talk = self->talk;

    self->finished = true;
    talk->leaders += leads;
    talk->passed++;
    SCENE_CHECK(talk->passed <= talk->leaders * talk->count,
                "a barrier for %u has let %u pass with %u leaders", (unsigned)talk->count,
                (unsigned)talk->passed, (unsigned)talk->leaders);
}

EDDY_ASYNC(barrier_guest, barrier_guest_done)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, some_time(60));
        EDDY_POLL(n, nap_poll(&self->nap, task));
        if (n < 0)
            EDDY_RETURN(0);
        nap_start(&self->nap, task, PATIENCE);
        EDDY_POLL(n, nap_within(&self->nap, task,
                                eddy_barrier_poll(self->talk->barrier, task, &self->ticket)));
        if (n >= 0)
            barrier_guest_passes(self, n == 1);
        EDDY_END(0);
}

static int barrier_begin(struct talk *self, eddy_handle *handle)
{
    unsigned rounds = some_guests();
    int error;

    self->count = 1 + scene_random(3);
    error = eddy_barrier_new(handle, NULL, self->count, &self->barrier);
    for (unsigned left = rounds * self->count; error == 0 && left > 0; left--)
        talk_invite(self, EDDY_FUTURE(barrier_guest, .talk = self));
    return error;
}

/* Who was let pass and did not hear of it is gone. */
static void barrier_over(struct talk *self)
{
    SCENE_CHECK(self->leaders * self->count <= self->passed + self->gone,
                "a barrier for %u had %u leaders, %u passed and %u are gone", (unsigned)self->count,
                (unsigned)self->leaders, (unsigned)self->passed, self->gone);
    eddy_barrier_free(self->barrier);
}

/* ---- a once: so many are at it (`held`) ---- */

struct once_guest {
    GUEST;
    bool has;
    eddy_ticket ticket;
};

static void once_guest_done(struct once_guest *self)
{
    self->talk->held -= self->has;
    guest_done(self->talk, self->finished);
}

static void once_guest_begins(struct once_guest *self)
{
    self->has = true;
    SCENE_CHECK(self->talk->held++ == 0, "two are at what is to be done once");
    SCENE_CHECK(!self->talk->done, "what was done is to be done again");
}

/* Does it, or fails, or leaves it undone without a word. */
static void once_guest_ends(struct once_guest *self)
{
    uint32_t what = scene_random(4);

    if (what == 0)
        return;
    self->has = false;
    self->talk->held--;
    self->talk->done = what > 1;
    eddy_once_finish(self->talk->once, &self->ticket, self->talk->done);
}

EDDY_ASYNC(once_guest, once_guest_done)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, some_time(60));
        EDDY_POLL(n, nap_poll(&self->nap, task));
        if (n == 0)
            EDDY_POLL(n, eddy_once_poll(self->talk->once, task, &self->ticket));
        SCENE_CHECK(n != 0 || self->talk->done, "what is said to be done was not");
        self->finished = n == 0;
        if (n != 1)
            EDDY_RETURN(0);
        once_guest_begins(self);
        nap_start(&self->nap, task, some_time(30));
        EDDY_POLL(n, nap_poll(&self->nap, task));
        if (n < 0)
            EDDY_RETURN(0);
        once_guest_ends(self);
        self->finished = true;
        EDDY_END(0);
}

static int once_begin(struct talk *self, eddy_handle *handle)
{
    int error = eddy_once_new(handle, NULL, &self->once);

    for (unsigned left = 1 + some_guests(); error == 0 && left > 0; left--)
        talk_invite(self, EDDY_FUTURE(once_guest, .talk = self));
    return error;
}

static void once_over(struct talk *self)
{
    SCENE_CHECK(self->held == 0, "somebody is left at what is to be done once");
    SCENE_CHECK(eddy_once_is_done(self->once) == self->done, "a once is done, or is not");
    eddy_once_free(self->once);
}

#endif
