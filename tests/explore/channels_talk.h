/* SPDX-License-Identifier: MIT */
/*
 * channels_talk.h - talks: one object of eddy/sync.h and the guests who use it, tasks of one host or,
 * when the object is thread-safe, of several. Guests come at any time, and go at any time: some have a
 * limit after which they are dropped, and the scene drops others and asks them to end.
 *
 * Private to tests/explore/channels.c.
 */
#ifndef EXPLORE_CHANNELS_TALK_H
#define EXPLORE_CHANNELS_TALK_H

#include "scene.h"

#define TALKS_MAX   64
#define GUESTS_MAX  512
#define SENDERS_MAX 4

struct talk;

/* A kind of object. */
struct talk_kind {
    const char *name;
    /* Make the object (handle NULL: thread-safe) and invite the guests. 0, or an error: there is no
     * object, and no guest. */
    int (*begin)(struct talk *self, eddy_handle *handle);
    /* The last guest has gone: free the object, and look at what is left. */
    void (*over)(struct talk *self);
};

struct item {
    uint32_t sender, number;
};

struct talk {
    const struct talk_kind *kind;
    eddy_handle *handle; /* of the host whose tasks use it; NULL: those of all hosts */
    unsigned live, gone; /* guests: not done; done before they had finished */
    unsigned senders;

    /* what is sent */
    uint64_t accepted, received, destroyed; /* items */
    uint64_t accepted_sum, ended_sum;       /* of their numbers: received or destroyed */
    uint32_t next[SENDERS_MAX];             /* not before that number comes one from each sender */
    uint32_t capacity;
    bool drained; /* the receiver was told the end */

    /* what is held */
    uint32_t held, ready, count, leaders, passed;
    bool over, done;

    union {
        eddy_mutex *mutex;
        eddy_semaphore *semaphore;
        eddy_notify *notify;
        eddy_barrier *barrier;
        eddy_once *once;
    };
};

static struct talk talks[TALKS_MAX];
static unsigned talk_count;
static eddy_join *guests[GUESTS_MAX];
static unsigned guest_count;

/* ---- guests ---- */

/* What all frames of guests begin with. */
#define GUEST                                                                                      \
    EDDY_FRAME;                                                                                    \
    struct talk *talk;                                                                             \
    bool finished;                                                                                 \
    struct nap nap

static inline void guest_done(struct talk *talk, bool finished)
{
    talk->gone += !finished;
    if (--talk->live == 0)
        talk->kind->over(talk);
    scene_ended();
}

static inline eddy_handle *some_host(const struct talk *self)
{
    eddy_core *core;

    if (self->handle != NULL)
        return self->handle;
    core = eddy_host_core(scene.host[scene_random(scene.hosts)]);
    return core != NULL ? eddy_core_handle(core) : NULL;
}

/* Have one more guest; its `done` calls guest_done() in any case. */
static inline void talk_invite(struct talk *self, eddy_future *guest)
{
    eddy_handle *handle = some_host(self);
    eddy_join *join = NULL;
    int error = EDDY_CLOSED;

    self->live++;
    scene.begun++;
    if (handle == NULL) {
        eddy_future_drop(guest);
        return;
    }
    if (!scene.calm && scene_random(3) == 0) {
        int64_t limit_ns = scene_random(200) * EDDY_MILLISECOND;

        guest = eddy_timeout_after(eddy_box(handle, guest), limit_ns);
    }
    error = eddy_spawn_joinable(handle, guest, &join);
    SCENE_CHECK(error == 0 || !scene.calm, "spawn: %s", eddy_error_name(error));
    if (guest_count < GUESTS_MAX)
        guests[guest_count++] = join;
    else
        eddy_join_free(join);
}

/* Up to `most` milliseconds, often none at all. */
static inline int64_t some_time(uint32_t most)
{
    uint32_t most_now = scene_random(2) == 0 ? 0 : most;

    return scene_random(most_now + 1) * EDDY_MILLISECOND;
}

static inline unsigned some_guests(void)
{
    return 1 + scene_random(SENDERS_MAX);
}

/* ---- items ---- */

static inline void item_accepted(struct talk *self, const struct item *item)
{
    self->accepted++;
    self->accepted_sum += item->number;
    SCENE_CHECK(self->accepted - self->received - self->destroyed <= self->capacity,
                "a %s holds more than its capacity", self->kind->name);
}

static inline void item_ended(struct talk *self, const struct item *item)
{
    self->ended_sum += item->number;
    SCENE_CHECK(item->sender < SENDERS_MAX && item->number >= self->next[item->sender],
                "an item of a %s came twice, or out of order", self->kind->name);
    self->next[item->sender] = item->number + 1;
}

static inline void item_received(struct talk *self, const struct item *item)
{
    self->received++;
    item_ended(self, item);
}

static inline void item_destroy(void *arg, void *item)
{
    struct talk *self = arg;

    self->destroyed++;
    item_ended(self, item);
}

static inline void items_check(const struct talk *self)
{
    SCENE_CHECK(self->accepted == self->received + self->destroyed &&
                    self->accepted_sum == self->ended_sum,
                "of %u items of a %s %u were received and %u destroyed", (unsigned)self->accepted,
                self->kind->name, (unsigned)self->received, (unsigned)self->destroyed);
    SCENE_CHECK(!self->drained || self->destroyed == 0,
                "%u items of a %s were destroyed, though its receiver has seen the end",
                (unsigned)self->destroyed, self->kind->name);
}

#endif
