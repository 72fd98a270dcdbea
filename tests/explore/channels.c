/* SPDX-License-Identifier: MIT */
/*
 * channels - explored: talks by channels, oneshots, watches and broadcasts, locks, permits, notices,
 * barriers and onces, between tasks of one host and, thread-safe, between the loops of several hosts;
 * guests come and go at any time: they have a limit, are dropped, asked to end, and crash with their
 * host, in the middle of a wait, woken and not polled yet, or with what they have.
 *
 * What must hold is told in channels_queues.h, channels_values.h and channels_locks.h. And all guests
 * end, once the faults have: whoever was to be woken was.
 */
#include "scene.h"

#include "channels_locks.h"
#include "channels_queues.h"
#include "channels_values.h"

#define HOSTS       3
#define FIRST_TALKS 16 /* in the first act */

static const struct talk_kind kinds[] = {
    {"channel", channel_begin, channel_over}, {"oneshot", oneshot_begin, oneshot_over},
    {"watch", watch_begin, values_over},      {"broadcast", broadcast_begin, values_over},
    {"mutex", mutex_begin, mutex_over},       {"semaphore", semaphore_begin, semaphore_over},
    {"notify", notify_begin, notify_over},    {"barrier", barrier_begin, barrier_over},
    {"once", once_begin, once_over},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void begin_talk(const struct talk_kind *kind, bool shared)
{
    struct talk *talk = &talks[talk_count];
    eddy_core *core = eddy_host_core(scene.host[scene_random(HOSTS)]);
    int error;

    if (talk_count == TALKS_MAX || (!shared && core == NULL))
        return;
    talk_count++;
    *talk = (struct talk){.kind = kind};
    if (!shared)
        talk->handle = eddy_core_handle(core);
    talk->live++; /* so that it is not over before all are there */
    error = kind->begin(talk, talk->handle);
    SCENE_CHECK(error == 0 || error == -ENOMEM, "no %s was made: %s", kind->name,
                eddy_error_name(error));
    if (--talk->live == 0 && error == 0)
        kind->over(talk);
}

/* ---- what strikes in the first act ---- */

static void forget_guest(unsigned place)
{
    eddy_join_free(guests[place]);
    guests[place] = guests[--guest_count];
}

static void strike_guest(void)
{
    eddy_join *join;
    unsigned place;

    if (guest_count == 0)
        return;
    place = scene_random(guest_count);
    join = guests[place];
    if (join == NULL || eddy_join_ended(join) != NULL) {
        forget_guest(place);
    } else if (scene_random(2) == 0) {
        eddy_join_abort(join);
    } else {
        eddy_join_cancel(join, scene_random(30) * EDDY_MILLISECOND);
    }
}

static void strike_host(void)
{
    eddy_host *host = scene.host[scene_random(HOSTS)];
    uint32_t what = scene_random(12);

    if (what == 0 || eddy_host_core(host) == NULL) {
        eddy_host_crash(host);
        (void)eddy_host_restart(host);
    } else if (what < 3) {
        eddy_host_pause(host, scene_random(2000) * EDDY_MILLISECOND);
    }
}

/* ---- the scene ---- */

static int host_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    (void)handle;
    return 0;
}

static void first_act(void)
{
    for (int i = 0; i < FIRST_TALKS && !scene.wrong; i++) {
        const struct talk_kind *kind = &kinds[scene_random(KINDS)];

        begin_talk(kind, scene_random(2) == 0);
        scene_run(scene_broken, scene_random(60) * EDDY_MILLISECOND, NULL);
        for (uint32_t left = scene_random(4); left > 0; left--)
            strike_guest();
        strike_host();
    }
    scene_faults();
}

static void second_act(void)
{
    for (size_t i = 0; i < KINDS && !scene.wrong; i++) {
        begin_talk(&kinds[i], false);
        begin_talk(&kinds[i], true);
    }
    scene_calm();
}

/* All have ended, and nobody was disturbed in the second act. */
static void check_talks(unsigned calm_from)
{
    for (unsigned i = 0; i < talk_count; i++) {
        SCENE_CHECK(talks[i].live == 0, "%u guests of a %s are left", talks[i].live,
                    talks[i].kind->name);
        SCENE_CHECK(i < calm_from || talks[i].gone == 0, "%u guests of a %s have gone early",
                    talks[i].gone, talks[i].kind->name);
    }
}

static const char *run(eddy_world *world)
{
    unsigned calm_from;

    scene_begin(world);
    talk_count = guest_count = 0;
    if (scene_random(4) == 0)
        eddy_world_odds(world, EDDY_CHAOS_NO_MEMORY, 5000);
    for (int i = 0; i < HOSTS; i++)
        scene_host(i == 0 ? "one" : i == 1 ? "two" : "three", host_boot);
    first_act();
    calm_from = talk_count;
    second_act();
    if (!scene.wrong)
        check_talks(calm_from);
    while (guest_count > 0)
        forget_guest(0);
    return scene_end(0, 0);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {
        .name = "channels", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
