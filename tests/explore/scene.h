/* SPDX-License-Identifier: MIT */
/*
 * scene.h - what the explored scenarios share: the world at hand, what was found wrong first, hosts
 * that are there whatever strikes them, clients that are counted, naps that are checked, and bytes
 * that tell where they belong.
 *
 * A scenario has two acts. In the first one everything that chance has may happen, and what the
 * clients see must be true, though not all of it. Then the faults stop: what is left must end, and
 * new clients must get everything within a bound of time. Private to tests/explore.
 */
#ifndef EXPLORE_SCENE_H
#define EXPLORE_SCENE_H

#include <eddy/eddy.h>
#include <eddy/explore.h>
#include <eddy/sim.h>
#include <eddy/sim_faults.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SCENE_HOSTS_MAX 6
#define SCENE_ACT_NS    (20 * EDDY_SECOND) /* faults strike for so long, in the world's time */
#define SCENE_LIMIT_NS  (15 * EDDY_SECOND) /* a client gives up after so long, by its clock */
#define SCENE_BOUND_NS  (60 * EDDY_SECOND) /* without faults, all clients have ended by then */

struct scene {
    eddy_world *world;
    eddy_host *host[SCENE_HOSTS_MAX];
    unsigned hosts;
    uint64_t tasks[SCENE_HOSTS_MAX]; /* when the second act began */
    bool calm;                       /* it has begun */
    unsigned begun, ended;           /* clients */
    bool wrong;
    char text[512]; /* what went wrong first */
};

static struct scene scene;

/* ---- what must hold ---- */

EDDY_PRINTF(1, 2) static inline void scene_wrong(const char *format, ...)
{
    va_list args;

    if (scene.wrong)
        return;
    scene.wrong = true;
    va_start(args, format);
    (void)vsnprintf(scene.text, sizeof scene.text, format, args);
    va_end(args);
    eddy_world_note(scene.world, scene.text);
}

/* Note what does not hold, once; the run goes on to its next look at scene.wrong. */
#define SCENE_CHECK(condition, ...)                                                                \
    do {                                                                                           \
        if (!(condition))                                                                          \
            scene_wrong(__VA_ARGS__);                                                              \
    } while (0)

static inline void scene_begin(eddy_world *world)
{
    scene = (struct scene){.world = world};
}

static inline uint32_t scene_random(uint32_t below)
{
    return eddy_world_random(scene.world, below);
}

static inline uint64_t scene_count(eddy_chaos chaos)
{
    return eddy_world_chaos_count(scene.world, chaos);
}

/* Nothing has happened by which bytes that were accepted may be missing before an orderly end: a
 * server that is short of memory ends a conversation early. */
static inline bool scene_ends_are_true(void)
{
    return scene_count(EDDY_CHAOS_NO_MEMORY) == 0;
}

/* ---- hosts ---- */

/* A host by its number: 0 is 10.0.0.1. `boot` gets the host's number as a pointer to it. */
static inline void scene_host(const char *name, int (*boot)(void *arg, eddy_handle *handle))
{
    static const unsigned numbers[SCENE_HOSTS_MAX] = {0, 1, 2, 3, 4, 5};
    unsigned number = scene.hosts++;
    char ip[16];

    (void)snprintf(ip, sizeof ip, "10.0.0.%u", number + 1);
    if (eddy_world_host(scene.world, name, ip, &scene.host[number]) != 0) {
        scene_wrong("no host %s", name);
        return;
    }
    if (eddy_host_boot(scene.host[number], boot, (void *)(uintptr_t)&numbers[number]) == 0)
        return;
    /* Short of memory, by chance. */
    for (int i = 0; i < 100 && eddy_host_restart(scene.host[number]) != 0; i++)
        continue;
}

static inline eddy_addr scene_addr(unsigned host, uint16_t port)
{
    return eddy_host_addr(scene.host[host], port);
}

static inline int scene_listen(eddy_handle *handle, unsigned host, uint16_t port,
                               eddy_listener **listener)
{
    eddy_addr addr = scene_addr(host, port);

    return eddy_listener_bind(handle, &addr, NULL, listener);
}

/* A server for good, or an error by which the boot fails, and is tried again. */
static inline int scene_serve(eddy_handle *handle, eddy_listener *listener,
                              int (*client)(void *, eddy_group *, eddy_tcp *), void *arg)
{
    eddy_group *group = NULL;
    int error = eddy_group_new(handle, NULL, &group);

    if (error != 0) {
        eddy_listener_free(listener);
        return error;
    }
    return eddy_spawn(handle, EDDY_FUTURE(eddy_server, .listener = listener, .group = group,
                                          .client = client, .arg = arg));
}

static inline uint64_t scene_tasks(unsigned host)
{
    eddy_core *core = eddy_host_core(scene.host[host]);
    eddy_core_stats stats;

    if (core == NULL)
        return 0;
    eddy_core_stats_get(core, &stats);
    return stats.tasks_live;
}

/* ---- clients ---- */

/* The frame's `done` calls scene_ended(), also when there was no memory for the task. */
static inline void scene_spawn(eddy_handle *handle, eddy_future *client)
{
    int error;

    scene.begun++;
    error = eddy_spawn(handle, client);
    SCENE_CHECK(error == 0 || !scene.calm, "spawn: %s", eddy_error_name(error));
}

static inline void scene_ended(void)
{
    scene.ended++;
    SCENE_CHECK(scene.ended <= scene.begun, "a client has ended twice");
}

static inline bool scene_over(void *arg)
{
    (void)arg;
    return scene.wrong || scene.ended == scene.begun;
}

static inline bool scene_broken(void *arg)
{
    (void)arg;
    return scene.wrong;
}

static inline void scene_write(void *arg, const char *line)
{
    (void)arg;
    eddy_world_note(scene.world, line);
}

static inline void scene_run(bool (*holds)(void *arg), int64_t time_ns, const char *what)
{
    eddy_until until = {.holds = holds, .time_ns = eddy_world_now_ns(scene.world) + time_ns};
    eddy_result result = scene.wrong ? 0 : eddy_world_run(scene.world, &until);

    if (result == 0 || what == NULL)
        return;
    eddy_world_dump(scene.world, scene_write, NULL);
    scene_wrong("%s: %s, %u of %u clients have ended", what, eddy_error_name(result), scene.ended,
                scene.begun);
}

/* Let what is closing in the background be closed. */
static inline void scene_settle(void)
{
    scene_run(scene_broken, SCENE_LIMIT_NS, NULL);
}

/* The first act, and its end: the faults stop, and whoever is left must end. */
static inline void scene_faults(void)
{
    scene_run(scene_over, SCENE_ACT_NS, NULL);
    eddy_world_heal(scene.world);
    scene.calm = true;
    for (unsigned i = 0; i < scene.hosts; i++)
        SCENE_CHECK(eddy_host_core(scene.host[i]) != NULL, "host %u is down after healing", i);
    scene_run(scene_over, SCENE_BOUND_NS, "clients do not end when the faults have");
    scene_settle();
    for (unsigned i = 0; i < scene.hosts; i++)
        scene.tasks[i] = scene_tasks(i);
}

/* The second act's clients were spawned. */
static inline void scene_calm(void)
{
    scene_run(scene_over, SCENE_BOUND_NS, "clients do not end though there are no faults");
}

/* The second act: new clients on every host from this one on. */
static inline void scene_second_act(unsigned first, void (*spawn)(eddy_handle *handle))
{
    for (unsigned i = first; i < scene.hosts && !scene.wrong; i++)
        spawn(eddy_core_handle(eddy_host_core(scene.host[i])));
    scene_calm();
}

/* Nothing has happened by which one side of a connection may be gone and the other not know (a reset
 * is lost for good): a server that waits for such a client waits for ever. */
static inline bool scene_knows_who_is_gone(void)
{
    return scene_count(EDDY_CHAOS_HALF_OPEN) == 0 && scene_count(EDDY_CHAOS_CRASH) == 0 &&
           scene_count(EDDY_CHAOS_CUT) == 0 && scene_count(EDDY_CHAOS_CUT_ONE_WAY) == 0 &&
           scene_count(EDDY_CHAOS_PAUSE) == 0 && scene_count(EDDY_CHAOS_LOSS) == 0;
}

/*
 * The end: no task of a client is left; the first `servers` hosts have their own tasks, and others
 * at most as there were when the second act began. Then all hosts crash, and every client has
 * ended, once.
 */
static inline const char *scene_end(unsigned servers, uint64_t own)
{
    for (unsigned i = 0; i < scene.hosts; i++) {
        uint64_t tasks = scene_tasks(i), most = i < servers ? own : 0;

        if (i < servers && !scene_knows_who_is_gone())
            most = scene.tasks[i];
        SCENE_CHECK(i >= servers || tasks >= own, "a task of host %u's own is gone", i);
        SCENE_CHECK(tasks <= most, "%u tasks are left on host %u, at most %u may be",
                    (unsigned)tasks, i, (unsigned)most);
    }
    for (unsigned i = 0; i < scene.hosts; i++)
        eddy_host_crash(scene.host[i]);
    SCENE_CHECK(scene.begun == scene.ended, "%u clients have begun, %u ended", scene.begun,
                scene.ended);
    return scene.wrong ? scene.text : NULL;
}

/* ---- naps: no sleep ends early ---- */

struct nap {
    eddy_sleep sleep;
    int64_t until_ns;
};

static inline void nap_start(struct nap *self, eddy_task *task, int64_t duration_ns)
{
    self->until_ns = eddy_now_ns(eddy_task_handle(task)) + duration_ns;
    eddy_sleep_start(&self->sleep, task, duration_ns);
}

static inline eddy_result nap_poll(struct nap *self, eddy_task *task)
{
    eddy_result n = eddy_sleep_poll(&self->sleep, task);

    SCENE_CHECK(n != 0 || eddy_now_ns(eddy_task_handle(task)) >= self->until_ns,
                "a sleep has ended early");
    return n;
}

/* A limit around another poll, checked likewise. */
static inline eddy_result nap_within(struct nap *self, eddy_task *task, eddy_result result)
{
    eddy_result n = eddy_within(&self->sleep, task, result);

    SCENE_CHECK(result != EDDY_PENDING || n != -ETIMEDOUT ||
                    eddy_now_ns(eddy_task_handle(task)) >= self->until_ns,
                "a deadline has come early");
    return n;
}

/* ---- bytes that tell where they belong ---- */

static inline unsigned char pattern_byte(uint64_t stream, uint64_t at)
{
    uint64_t x = at * UINT64_C(0x9E3779B97F4A7C15) + stream * UINT64_C(0xC2B2AE3D27D4EB4F);

    x = (x ^ (x >> 29)) * UINT64_C(0xBF58476D1CE4E5B9);
    return (unsigned char)(x >> 56);
}

static inline void pattern_fill(unsigned char *memory, size_t len, uint64_t stream, uint64_t at)
{
    for (size_t i = 0; i < len; i++)
        memory[i] = pattern_byte(stream, at + i);
}

static inline bool pattern_is(eddy_bytes bytes, uint64_t stream, uint64_t at)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] != pattern_byte(stream, at + i))
            return false;
    return true;
}

#endif
