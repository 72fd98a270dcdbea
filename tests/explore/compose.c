/* SPDX-License-Identifier: MIT */
/*
 * compose - explored: trees of combinators that chance has made up (chains, joins, selects, time
 * limits, scopes, shared futures, loops, sets), over leaves that sleep, yield, fail, wait at gates and
 * for permits, room and tokens; they are asked to end, dropped, turn against themselves, and crash
 * with their hosts, at any moment, with and without memory.
 *
 * What must hold: each future is done exactly once, after its children; nothing waits for a tree that
 * is over; no permit, token or item is lost; a request to end reaches every leaf that runs, once; and
 * each combinator says what must come of what its children said.
 *
 * A gardener grows one tree after the other, a place has some of them, and each host some places.
 */
#include "scene.h"

#include "compose_garden.h"

#define HOSTS     2
#define PLACES    2 /* on each host */
#define GARDENERS 3 /* in each place */
#define STRIKES   6 /* at hosts, fewer than */

/* ---- a place ---- */

struct place_task {
    EDDY_FRAME;
    struct place place;
    eddy_group *gardeners, *helpers;
    eddy_receiver *receiver;
    bool over;
    struct nap nap;
};

/* Opens the gates, one or the other, as long as there are gardeners. */
struct opener {
    EDDY_FRAME;
    struct place_task *at;
    struct nap nap;
};

EDDY_ASYNC(opener, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (!self->at->over) {
            nap_start(&self->nap, task, scene_random(60) * EDDY_MILLISECOND);
            EDDY_POLL(n, nap_poll(&self->nap, task));
            if (n < 0)
                EDDY_RETURN(n);
            gate_open(&self->at->place.gate[scene_random(GATES)]);
        }
        EDDY_END(0);
}

/* Takes the items. */
struct taker {
    EDDY_FRAME;
    struct place_task *at;
    uint64_t item;
    struct nap nap;
};

EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->at->receiver, task, &self->item));
            if (n <= 0)
                break;
            self->at->place.received++;
            self->at->place.received_sum += self->item;
            nap_start(&self->nap, task, scene_random(20) * EDDY_MILLISECOND);
            EDDY_POLL(n, nap_poll(&self->nap, task));
        }
        EDDY_END(n);
}

static void place_task_done(struct place_task *self)
{
    eddy_group_free(self->gardeners);
    eddy_group_free(self->helpers);
    eddy_sender_free(self->place.sender);
    eddy_receiver_free(self->receiver);
    eddy_sender_free(self->place.token_sender);
    eddy_receiver_free(self->place.token_receiver);
    eddy_mutex_free(self->place.token_mutex);
    eddy_semaphore_free(self->place.permits);
    scene_ended();
}

static int place_channels(struct place *self, eddy_handle *handle, eddy_receiver **receiver)
{
    eddy_channel_options options = {
        .size_bytes = sizeof options, .item_bytes = sizeof(uint64_t), .capacity = 2};
    uint64_t token = 0;
    int error = eddy_channel_new(handle, &options, &self->sender, receiver);

    options.capacity = TOKENS;
    if (error == 0)
        error = eddy_channel_new(handle, &options, &self->token_sender, &self->token_receiver);
    for (; error == 0 && token < TOKENS; token++)
        error = eddy_sender_try_send(self->token_sender, &token);
    return error;
}

/* `shared`: thread-safe ones, which wake by wakers. */
static int place_begin(struct place_task *self, eddy_handle *handle, bool shared)
{
    eddy_handle *of = shared ? NULL : handle;
    int error = place_channels(&self->place, of, &self->receiver);

    if (error == 0)
        error = eddy_mutex_new(of, NULL, &self->place.token_mutex);
    if (error == 0)
        error = eddy_semaphore_new(of, NULL, PERMITS, &self->place.permits);
    if (error == 0)
        error = eddy_group_new(handle, NULL, &self->gardeners);
    if (error == 0)
        error = eddy_group_new(handle, NULL, &self->helpers);
    if (error == 0)
        error = eddy_group_spawn(self->helpers, EDDY_FUTURE(opener, .at = self));
    if (error == 0)
        error = eddy_group_spawn(self->helpers, EDDY_FUTURE(taker, .at = self));
    for (int i = 0; error == 0 && i < GARDENERS; i++)
        error = eddy_group_spawn(self->gardeners, EDDY_FUTURE(gardener, .place = &self->place));
    return error;
}

/* In the first act, now and then. */
static void place_disturb(struct place_task *self)
{
    uint32_t what = scene.calm ? 0 : scene_random(6);

    if (what == 1)
        eddy_group_cancel(self->gardeners, scene_random(60) * EDDY_MILLISECOND);
    if (what == 2)
        eddy_group_abort(self->gardeners);
}

static void place_check(const struct place_task *self)
{
    const struct place *place = &self->place;
    uint64_t token;
    int tokens = 0;

    SCENE_CHECK(eddy_semaphore_permits(place->permits) == PERMITS, "%u of %d permits are there",
                (unsigned)eddy_semaphore_permits(place->permits), PERMITS);
    SCENE_CHECK(eddy_mutex_try_lock(place->token_mutex) == 0, "a mutex was left locked");
    while (tokens < TOKENS && eddy_receiver_try_next(place->token_receiver, &token) == 1)
        tokens++;
    SCENE_CHECK(tokens == TOKENS, "%d of %d tokens are there", tokens, TOKENS);
    SCENE_CHECK(place->accepted == place->received && place->accepted_sum == place->received_sum,
                "%u items were accepted, %u received", (unsigned)place->accepted,
                (unsigned)place->received);
    for (int i = 0; i < GATES; i++)
        SCENE_CHECK(place->gate[i].first == NULL, "somebody is left at a gate");
}

EDDY_ASYNC(place_task, place_task_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = place_begin(self, eddy_task_handle(task), scene_random(2) == 0);
        if (n < 0)
            EDDY_RETURN(0); /* short of memory */
        nap_start(&self->nap, task, scene_random(1000) * EDDY_MILLISECOND);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        place_disturb(self);
        EDDY_POLL(n, eddy_group_poll_idle(self->gardeners, task));
        self->over = true;
        eddy_sender_free(self->place.sender);
        self->place.sender = NULL;
        EDDY_POLL(n, eddy_group_poll_idle(self->helpers, task));
        place_check(self);
        EDDY_END(0);
}

/* ---- the scene ---- */

static void spawn_places(eddy_handle *handle)
{
    for (int i = 0; i < PLACES; i++)
        scene_spawn(handle, EDDY_FUTURE(place_task));
}

static int host_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    if (!scene.calm)
        spawn_places(handle);
    return 0;
}

/* When all tasks are over, no timer runs. */
static void check_timers(void)
{
    for (unsigned i = 0; i < scene.hosts && !scene.wrong; i++) {
        eddy_core_stats stats;

        eddy_core_stats_get(eddy_host_core(scene.host[i]), &stats);
        SCENE_CHECK(stats.tasks_live > 0 || stats.timers_live == 0, "%u timers are left on host %u",
                    (unsigned)stats.timers_live, i);
    }
}

/* Between two looks, in the first act. */
static void strike(void)
{
    eddy_host *host = scene.host[scene_random(HOSTS)];
    uint32_t what = scene_random(5);

    if (what == 0 || eddy_host_core(host) == NULL) {
        eddy_host_crash(host);
        (void)eddy_host_restart(host);
    } else if (what == 1) {
        eddy_host_pause(host, scene_random(4000) * EDDY_MILLISECOND);
    }
}

static const char *run(eddy_world *world)
{
    scene_begin(world);
    if (scene_random(4) == 0)
        eddy_world_odds(world, EDDY_CHAOS_NO_MEMORY, 5000);
    for (int i = 0; i < HOSTS; i++)
        scene_host(i == 0 ? "one" : "two", host_boot);
    for (uint32_t left = scene_random(STRIKES); left > 0; left--) {
        scene_run(scene_over, scene_random(300) * EDDY_MILLISECOND, NULL);
        strike();
    }
    scene_faults();
    scene_second_act(0, spawn_places);
    check_timers();
    return scene_end(0, 0);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {
        .name = "compose", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
