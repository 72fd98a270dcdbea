/* SPDX-License-Identifier: MIT */
/* eddy-test: sim slow */
/*
 * test_seeds.c - a troupe of tasks on one channel, semaphore, mutex or broadcast, in a simulated
 * world, for 1,000 seeds each: they come and go, nap, and are dropped or cancelled at random, woken
 * or not. In the end all that was sent was received or destroyed, all that was taken was given
 * back, and nobody waits. With even seeds the objects are of one loop; with odd ones they are
 * thread-safe and the tasks are on two.
 */
#include <string.h>

#include "asked.h"
#include "support/sim_world.h"

enum { SEEDS = 1000, SLOTS = 8, TURNS = 30, CUTS = 60, RING = 4, PERMITS = 4 };

struct play;

/* One part of the play; a task has it at a time. */
struct slot {
    struct play *play;
    const struct role *role;
    int index, left; /* what is left to do; 0: it is over */
    eddy_join *join; /* NULL: nobody has the part */
    bool ended;      /* who had it has gone */
};

struct play {
    eddy_world *world;
    eddy_core *cores[2];
    bool two_loops;
    struct slot slots[SLOTS];
    int cuts;
    bool closes; /* the receiver closes at some time */
    eddy_sender *sender;
    eddy_receiver *receiver;
    eddy_semaphore *semaphore;
    eddy_mutex *mutex;
    eddy_broadcast_sender *caster;
    eddy_broadcast_receiver *hearers[SLOTS];
    int sent, received, destroyed, queued;
    int last[SLOTS]; /* by sender */
    int out, inside, turns;
    int seen[SLOTS], lost[SLOTS];
    const char *failure;
};

/* A task. */
struct actor {
    EDDY_FRAME;
    struct slot *slot;
    eddy_ticket ticket;
    eddy_sleep nap;
    bool napping;
    uint32_t holds, wants; /* permits, or the lock */
    int item;
};

enum { GO_ON = 1 }; /* a step was made */

struct role {
    /* One step: GO_ON, 0 when it is over, EDDY_PENDING, or an error: the actor leaves. */
    eddy_result (*step)(struct actor *self, eddy_task *task);
    /* After a nap, and when it is dropped: give back what it holds. */
    void (*release)(struct actor *self);
};

static uint32_t chance(struct play *play, uint32_t below)
{
    return eddy_world_random(play->world, below);
}

static void check(struct play *play, bool holds, const char *rule)
{
    if (!holds && play->failure == NULL)
        play->failure = rule;
}

/* ---- actors ---- */

static void release(struct actor *self)
{
    if (self->holds > 0)
        self->slot->role->release(self);
    self->holds = 0;
}

static eddy_result actor_poll(eddy_future *frame, eddy_task *task)
{
    struct actor *self = (struct actor *)(void *)frame;
    eddy_result n = GO_ON;

    while (n == GO_ON) {
        if (self->napping) {
            n = eddy_sleep_poll(&self->nap, task);
            if (n != 0)
                return n == EDDY_PENDING ? n : 0;
            self->napping = false;
            release(self);
        }
        if (self->slot->left == 0)
            return 0;
        n = self->slot->role->step(self, task);
        if (n == GO_ON && (self->holds > 0 || chance(self->slot->play, 3) == 0)) {
            eddy_sleep_start(&self->nap, task, chance(self->slot->play, 5) * EDDY_MILLISECOND);
            self->napping = true;
        }
    }
    return n == EDDY_PENDING ? n : 0;
}

static void actor_done(eddy_future *frame)
{
    struct actor *self = (struct actor *)(void *)frame;
    struct slot *slot = self->slot;

    release(self);
    slot->ended = true;
}

static const eddy_type actor_type = {actor_poll, actor_done, sizeof(struct actor), "actor", NULL};

static void cast_part(struct slot *slot)
{
    struct play *play = slot->play;
    eddy_core *core = play->cores[play->two_loops ? slot->index % 2 : 0];

    slot->ended = false;
    slot->join = test_spawn_join(core, actor, .slot = slot);
}

/* ---- who cuts ---- */

struct cutter {
    EDDY_FRAME;
    struct play *play;
    eddy_sleep nap;
};

static void cut(struct slot *slot)
{
    if (slot->join == NULL || slot->ended)
        return;
    if (chance(slot->play, 2) == 0)
        eddy_join_abort(slot->join);
    else
        eddy_join_cancel(slot->join, EDDY_FOREVER);
}

static bool is_over(void *arg)
{
    const struct play *play = arg;

    for (int i = 0; i < SLOTS; i++)
        if (play->slots[i].join != NULL || play->slots[i].left > 0)
            return false;
    return true;
}

/* Who has gone is replaced, while there is something left to do. */
static void recast(struct play *play)
{
    for (int i = 0; i < SLOTS; i++) {
        struct slot *slot = &play->slots[i];

        if (slot->join != NULL && slot->ended) {
            eddy_join_free(slot->join);
            slot->join = NULL;
        }
        if (slot->join == NULL && slot->left > 0)
            cast_part(slot);
    }
}

/* When nothing is sent any more the ends are given back. */
static void give_ends_back(struct play *play, const struct role *sends)
{
    for (int i = 0; i < SLOTS; i++)
        if (play->slots[i].role == sends && play->slots[i].left > 0)
            return;
    eddy_sender_free(play->sender);
    eddy_broadcast_sender_free(play->caster);
    play->sender = NULL;
    play->caster = NULL;
}

static void cutter_turn(struct cutter *self)
{
    struct play *play = self->play;

    if (play->cuts > 0 && chance(play, 2) == 0) {
        play->cuts--;
        cut(&play->slots[chance(play, SLOTS)]);
    }
    recast(play);
    give_ends_back(play, play->slots[SLOTS - 1].role);
}

EDDY_ASYNC(cutter, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (!is_over(self->play)) {
            cutter_turn(self);
            eddy_sleep_start(&self->nap, task, EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->nap, task));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(0);
}

/* ---- the channel ---- */

static void drop_item(void *arg, void *item)
{
    struct play *play = arg;

    (void)item;
    play->destroyed++;
}

static eddy_result send_step(struct actor *self, eddy_task *task)
{
    struct slot *slot = self->slot;
    struct play *play = slot->play;
    eddy_result n;

    self->item = slot->index * 1000 + 100 - slot->left;
    n = eddy_sender_poll_send(play->sender, task, &self->ticket, &self->item);
    if (n == 0) {
        play->sent++;
        check(play, ++play->queued <= RING, "more in the channel than it holds");
        slot->left--;
        return GO_ON;
    }
    if (n == EDDY_CLOSED)
        slot->left = 0;
    return n;
}

static void see_item(struct play *play, int item)
{
    int sender = item / 1000;

    check(play, play->last[sender] < item, "items of one sender overtake");
    play->last[sender] = item;
    play->received++;
    play->queued--;
}

static eddy_result receive_step(struct actor *self, eddy_task *task)
{
    struct play *play = self->slot->play;
    eddy_result n;

    if (play->closes && chance(play, 50) == 0)
        eddy_receiver_close(play->receiver);
    n = eddy_receiver_poll_next(play->receiver, task, &self->item);
    if (n == 1)
        see_item(play, self->item);
    if (n == 0)
        self->slot->left = 0;
    return n;
}

static const struct role receives = {receive_step, NULL};
static const struct role sends = {send_step, NULL};

static void set_channel(struct play *play)
{
    eddy_channel_options options = {.size_bytes = sizeof options,
                                    .item_bytes = sizeof(int),
                                    .capacity = 1 + chance(play, RING),
                                    .drop_item = drop_item,
                                    .arg = play};
    eddy_handle *handle = eddy_core_handle(play->cores[0]);

    assert_int_equal(
        eddy_channel_new(play->two_loops ? NULL : handle, &options, &play->sender, &play->receiver),
        0);
    play->closes = chance(play, 3) == 0;
    memset(play->last, -1, sizeof play->last);
    for (int i = 0; i < SLOTS; i++)
        play->slots[i].role = i == 0 ? &receives : &sends;
}

static void end_channel(struct play *play)
{
    eddy_receiver_free(play->receiver);
    check(play, play->sent == play->received + play->destroyed, "an item is lost or doubled");
    check(play, play->closes || play->received == (SLOTS - 1) * TURNS, "not all was sent");
}

/* ---- permits ---- */

static void release_permits(struct actor *self)
{
    self->slot->play->out -= (int)self->holds;
    eddy_semaphore_add(self->slot->play->semaphore, self->holds);
}

static eddy_result acquire_step(struct actor *self, eddy_task *task)
{
    struct play *play = self->slot->play;
    eddy_result n;

    if (self->wants == 0)
        self->wants = 1 + chance(play, PERMITS);
    n = eddy_semaphore_poll_acquire(play->semaphore, task, &self->ticket, self->wants);
    if (n != 0)
        return n;
    self->holds = self->wants;
    self->wants = 0;
    self->slot->left--;
    play->out += (int)self->holds;
    check(play, play->out <= PERMITS, "more permits are out than there are");
    return GO_ON;
}

static const struct role acquires = {acquire_step, release_permits};

static void set_permits(struct play *play)
{
    eddy_handle *handle = eddy_core_handle(play->cores[0]);

    assert_int_equal(
        eddy_semaphore_new(play->two_loops ? NULL : handle, NULL, PERMITS, &play->semaphore), 0);
    for (int i = 0; i < SLOTS; i++)
        play->slots[i].role = &acquires;
}

static void end_permits(struct play *play)
{
    check(play, play->out == 0, "somebody still has permits");
    check(play, eddy_semaphore_permits(play->semaphore) == PERMITS, "a permit is lost or doubled");
    eddy_semaphore_free(play->semaphore);
}

/* ---- the lock ---- */

static void unlock(struct actor *self)
{
    self->slot->play->inside--;
    eddy_mutex_unlock(self->slot->play->mutex);
}

static eddy_result lock_step(struct actor *self, eddy_task *task)
{
    struct play *play = self->slot->play;
    eddy_result n = eddy_mutex_poll_lock(play->mutex, task, &self->ticket);

    if (n != 0)
        return n;
    self->holds = 1;
    self->slot->left--;
    play->turns++;
    check(play, ++play->inside == 1, "two have the lock");
    return GO_ON;
}

static const struct role locks = {lock_step, unlock};

static void set_lock(struct play *play)
{
    eddy_handle *handle = eddy_core_handle(play->cores[0]);

    assert_int_equal(eddy_mutex_new(play->two_loops ? NULL : handle, NULL, &play->mutex), 0);
    for (int i = 0; i < SLOTS; i++)
        play->slots[i].role = &locks;
}

static void end_lock(struct play *play)
{
    check(play, eddy_mutex_try_lock(play->mutex) == 0, "it stays locked");
    check(play, play->turns == SLOTS * TURNS, "not all have had their turns");
    eddy_mutex_free(play->mutex);
}

/* ---- the broadcast ---- */

static eddy_result cast_step(struct actor *self, eddy_task *task)
{
    struct play *play = self->slot->play;
    int item = play->sent + 1;
    eddy_result n = eddy_broadcast_send(play->caster, &item);

    (void)task;
    check(play, n > 0, "a broadcast is refused");
    play->sent++;
    self->slot->left--;
    return GO_ON;
}

static eddy_result hear_step(struct actor *self, eddy_task *task)
{
    struct slot *slot = self->slot;
    struct play *play = slot->play;
    eddy_broadcast_receiver *hearer = play->hearers[slot->index];
    eddy_result n = eddy_broadcast_poll_next(hearer, task, &self->item);

    if (n == 1)
        play->seen[slot->index]++;
    if (n == EDDY_LAGGED)
        play->lost[slot->index] += (int)eddy_broadcast_lost(hearer);
    if (n == 1)
        check(play, self->item == play->seen[slot->index] + play->lost[slot->index],
              "an item is passed over, or told twice");
    if (n == 0)
        slot->left = 0;
    return n == EDDY_LAGGED ? GO_ON : n;
}

static const struct role hears = {hear_step, NULL};
static const struct role casts = {cast_step, NULL};

static void set_broadcast(struct play *play)
{
    eddy_broadcast_options options = {.size_bytes = sizeof options,
                                      .item_bytes = sizeof(int),
                                      .capacity = 1 + chance(play, 2 * RING),
                                      .drop_item = drop_item,
                                      .arg = play};
    eddy_handle *handle = eddy_core_handle(play->cores[0]);

    assert_int_equal(eddy_broadcast_new(play->two_loops ? NULL : handle, &options, &play->caster,
                                        &play->hearers[0]),
                     0);
    for (int i = 1; i < SLOTS - 3; i++)
        assert_int_equal(eddy_broadcast_subscribe(play->caster, &play->hearers[i]), 0);
    for (int i = 0; i < SLOTS; i++)
        play->slots[i].role = i < SLOTS - 3 ? &hears : &casts;
}

static void end_broadcast(struct play *play)
{
    for (int i = 0; i < SLOTS - 3; i++) {
        check(play, play->seen[i] + play->lost[i] == play->sent, "an item is lost without a word");
        eddy_broadcast_receiver_free(play->hearers[i]);
    }
    check(play, play->destroyed == play->sent, "an item is destroyed twice, or not at all");
}

/* ---- a play ---- */

struct script {
    void (*set)(struct play *play);
    void (*end)(struct play *play);
};

/* NULL, or what did not hold. */
static const char *perform(const struct script *script, uint64_t seed)
{
    struct play play = {.world = test_world(seed, (eddy_world_options){0}), .cuts = CUTS};
    eddy_until until = {.holds = is_over, .arg = &play};

    play.two_loops = seed % 2 != 0;
    play.cores[0] = eddy_host_core(test_host(play.world, "a", "10.0.0.1"));
    play.cores[1] = eddy_host_core(test_host(play.world, "b", "10.0.0.2"));
    for (int i = 0; i < SLOTS; i++)
        play.slots[i] = (struct slot){.play = &play, .index = i, .left = TURNS};
    script->set(&play);
    test_spawn(play.cores[0], cutter, .play = &play);
    check(&play, eddy_world_run(play.world, &until) == 0, "somebody waits for ever");
    if (play.failure == NULL)
        script->end(&play);
    if (play.failure == NULL)
        test_world_end(play.world); /* else it is left as it is */
    return play.failure;
}

static void perform_all(const struct script *script)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const char *failure = perform(script, seed);

        if (failure != NULL)
            fail_msg("seed %d: %s", (int)seed, failure);
    }
}

static void a_channel_loses_no_item_whoever_is_cut(void **state)
{
    const struct script script = {set_channel, end_channel};

    (void)state;
    perform_all(&script);
}

static void a_semaphore_loses_no_permit_whoever_is_cut(void **state)
{
    const struct script script = {set_permits, end_permits};

    (void)state;
    perform_all(&script);
}

static void a_mutex_loses_no_turn_whoever_is_cut(void **state)
{
    const struct script script = {set_lock, end_lock};

    (void)state;
    perform_all(&script);
}

static void a_broadcast_tells_all_or_how_much_is_lost_whoever_is_cut(void **state)
{
    const struct script script = {set_broadcast, end_broadcast};

    (void)state;
    perform_all(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_loses_no_item_whoever_is_cut),
        cmocka_unit_test(a_semaphore_loses_no_permit_whoever_is_cut),
        cmocka_unit_test(a_mutex_loses_no_turn_whoever_is_cut),
        cmocka_unit_test(a_broadcast_tells_all_or_how_much_is_lost_whoever_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
