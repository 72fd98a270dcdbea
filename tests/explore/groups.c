/* SPDX-License-Identifier: MIT */
/*
 * groups - explored: bosses that own groups of workers, who share permits and send items, within
 * scopes with deadlines, racing and joining children; groups that are cancelled, aborted and shut down
 * at any moment, on hosts that crash, pause and run out of memory.
 *
 * What must hold: no worker outlives its boss; the `done` of each has run once; in the end all permits
 * are there, each item that was accepted was received, once, and the group's counts are those of what
 * happened.
 */
#include "scene.h"

#define BOSSES  3 /* on each host */
#define HOSTS   2
#define WORKERS 12
#define PERMITS 3
#define ALIVE   UINT32_C(0xB055A11E)

struct boss {
    EDDY_FRAME;
    uint32_t alive; /* ALIVE as long as workers may use it */
    eddy_group *workers, *consumers;
    eddy_semaphore *permits;
    eddy_sender *sender;
    eddy_receiver *receiver;
    eddy_pool *pool;
    eddy_future *job;
    uint32_t jobs;          /* that the pool has run */
    uint32_t spawned, done; /* workers; spawn errors count as both */
    uint32_t accepted, received;
    uint64_t accepted_sum, received_sum;
    bool disturbed; /* somebody was asked to end, or dropped, or there was no memory */
    uint32_t i;
    eddy_ticket room;
    struct nap nap;
    struct eddy_shutdown shutdown;
    eddy_group_report report;
    eddy_ended ended;
};

/* ---- a worker ---- */

/* Sends one item, and knows when it was accepted. */
struct deliver {
    EDDY_FRAME;
    struct boss *boss;
    uint64_t item;
    eddy_ticket ticket;
};

EDDY_ASYNC(deliver, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_sender_poll_send(self->boss->sender, task, &self->ticket, &self->item));
        if (n == 0) {
            self->boss->accepted++;
            self->boss->accepted_sum += self->item;
        }
        EDDY_END(n);
}

/* Sleeps; a stubborn one that is asked to end does not hurry to. */
struct rest {
    EDDY_FRAME;
    struct nap nap;
    bool stubborn;
    eddy_result asked;
};

EDDY_ASYNC(rest, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, scene_random(300) * EDDY_MILLISECOND);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        if (n == 0 || !self->stubborn)
            EDDY_RETURN(n);
        self->asked = n;
        nap_start(&self->nap, task, scene_random(200) * EDDY_MILLISECOND);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        EDDY_END(self->asked);
}

/* With permits held: races a delivery with a rest, or does both. */
struct shift {
    EDDY_FRAME;
    struct boss *boss;
    uint32_t need, held;
    uint64_t item;
    eddy_ticket ticket;
    struct deliver deliver;
    struct rest rest;
    union {
        struct eddy_select2 either;
        struct eddy_join2 both;
    };
};

static void shift_done(struct shift *self)
{
    SCENE_CHECK(self->boss->alive == ALIVE, "a shift outlives its boss");
    if (self->held > 0)
        eddy_semaphore_add(self->boss->permits, self->held);
}

EDDY_ASYNC(shift, shift_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(
            n, eddy_semaphore_poll_acquire(self->boss->permits, task, &self->ticket, self->need));
        if (n < 0)
            EDDY_RETURN(n);
        self->held = self->need;
        self->deliver = EDDY_INIT(deliver, .boss = self->boss, .item = self->item);
        self->rest = EDDY_INIT(rest, .stubborn = self->item % 3 == 0);
        if (self->item % 2 == 0)
            EDDY_SELECT2(n, &self->either, &self->deliver.frame, &self->rest.frame);
        else
            EDDY_JOIN2(n, &self->both, &self->deliver.frame, &self->rest.frame);
        EDDY_END(n);
}

struct worker {
    EDDY_FRAME;
    struct boss *boss;
    int64_t limit_ns, grace_ns;
    struct shift shift;
    struct eddy_scope scope;
};

static void worker_done(struct worker *self)
{
    SCENE_CHECK(self->boss->alive == ALIVE, "a worker outlives its boss");
    self->boss->done++;
}

EDDY_ASYNC(worker, worker_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->scope = EDDY_INIT(eddy_scope, .inner = &self->shift.frame,
                                .duration_ns = self->limit_ns, .grace_ns = self->grace_ns);
        EDDY_AWAIT(n, &self->scope);
        EDDY_END(n);
}

/* ---- the consumer ---- */

struct consumer {
    EDDY_FRAME;
    struct boss *boss;
    uint64_t item;
};

static void consumer_done(struct consumer *self)
{
    SCENE_CHECK(self->boss->alive == ALIVE, "a consumer outlives its boss");
}

EDDY_ASYNC(consumer, consumer_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->boss->receiver, task, &self->item));
            if (n <= 0)
                break;
            self->boss->received++;
            self->boss->received_sum += self->item;
        }
        EDDY_END(n);
}

/* ---- a boss ---- */

static void boss_done(struct boss *self)
{
    eddy_group_free(self->workers);
    eddy_sender_free(self->sender);
    eddy_group_free(self->consumers);
    eddy_receiver_free(self->receiver);
    eddy_semaphore_free(self->permits);
    eddy_pool_release(self->pool);
    SCENE_CHECK(self->spawned == self->done, "%u workers were spawned, %u are done",
                (unsigned)self->spawned, (unsigned)self->done);
    self->alive = 0;
    scene_ended();
}

static eddy_on_error some_policy(void)
{
    static const eddy_on_error policies[] = {EDDY_KEEP_GOING, EDDY_CANCEL_OTHERS, EDDY_DROP_OTHERS};

    return policies[scene_random(3)];
}

static int boss_begin(struct boss *self, eddy_handle *handle)
{
    eddy_group_options workers = {.size_bytes = sizeof workers, .name = "workers"};
    eddy_group_options consumers = {.size_bytes = sizeof consumers, .keep_results = true};
    eddy_pool_options jobs = {.size_bytes = sizeof jobs, .threads = 2};
    eddy_channel_options items = {.size_bytes = sizeof items, .item_bytes = sizeof(uint64_t)};
    int error;

    self->alive = ALIVE;
    workers.tasks_max = 2 + scene_random(4);
    workers.on_error = some_policy();
    workers.grace_ns = 50 * EDDY_MILLISECOND;
    items.capacity = 1 + scene_random(2);
    error = eddy_group_new(handle, &workers, &self->workers);
    if (error == 0)
        error = eddy_group_new(handle, &consumers, &self->consumers);
    if (error == 0)
        error = eddy_pool_new(&jobs, &self->pool);
    if (error == 0)
        error = eddy_semaphore_new(handle, NULL, PERMITS, &self->permits);
    if (error == 0)
        error = eddy_channel_new(handle, &items, &self->sender, &self->receiver);
    if (error == 0)
        error = eddy_group_spawn(self->consumers, EDDY_FUTURE(consumer, .boss = self));
    return error;
}

/* On a thread of the pool; in a world on its own, in the world's time. */
static eddy_result count_job(void *arg)
{
    return ++*(uint32_t *)arg;
}

static void boss_hire(struct boss *self)
{
    int64_t limit_ns = scene_random(2) == 0 ? 0 : scene_random(500) * EDDY_MILLISECOND;
    int64_t grace_ns = scene_random(2) == 0 ? 0 : scene_random(100) * EDDY_MILLISECOND;
    uint32_t need = 1 + scene_random(2);

    self->spawned++;
    if (eddy_group_spawn(self->workers,
                         EDDY_FUTURE(worker, .boss = self, .limit_ns = limit_ns,
                                     .grace_ns = grace_ns,
                                     .shift = EDDY_INIT(shift, .boss = self, .need = need,
                                                        .item = self->i + 1))) != 0)
        self->disturbed = true;
}

/* In the first act, now and then. */
static void boss_disturb(struct boss *self)
{
    uint32_t what = scene.calm ? 0 : scene_random(12);

    if (what == 1)
        eddy_group_cancel(self->workers, scene_random(60) * EDDY_MILLISECOND);
    if (what == 2)
        eddy_group_abort(self->workers);
}

static void boss_check(const struct boss *self)
{
    eddy_group_report report = self->report;

    SCENE_CHECK(eddy_semaphore_permits(self->permits) == PERMITS, "%u of %u permits are there",
                (unsigned)eddy_semaphore_permits(self->permits), PERMITS);
    SCENE_CHECK(self->accepted == self->received && self->accepted_sum == self->received_sum,
                "%u items were accepted, %u received", (unsigned)self->accepted,
                (unsigned)self->received);
    SCENE_CHECK(report.spawned == report.ended, "the group counts %u spawned, %u ended",
                (unsigned)report.spawned, (unsigned)report.ended);
    SCENE_CHECK(report.cut_off <= report.dropped, "more cut off than dropped");
}

EDDY_ASYNC(boss, boss_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = boss_begin(self, eddy_task_handle(task));
        if (n < 0)
            EDDY_RETURN(0); /* short of memory */
        for (; self->i < WORKERS; self->i++) {
            EDDY_POLL(n, eddy_group_poll_room(self->workers, task, &self->room));
            if (n < 0)
                break;
            boss_hire(self);
            boss_disturb(self);
            self->job = eddy_blocking(eddy_task_handle(task), self->pool, count_job, &self->jobs);
            EDDY_AWAIT_FUTURE(n, self->job);
            SCENE_CHECK(n < 0 || n == self->jobs, "a job says %d, %u were run", (int)n,
                        (unsigned)self->jobs);
            nap_start(&self->nap, task, scene_random(100) * EDDY_MILLISECOND);
            EDDY_POLL(n, nap_poll(&self->nap, task));
        }
        self->shutdown = EDDY_INIT(eddy_shutdown, .group = self->workers, .report = &self->report,
                                   .finish_ns = scene_random(1000) * EDDY_MILLISECOND,
                                   .grace_ns = scene_random(100) * EDDY_MILLISECOND);
        EDDY_AWAIT(n, &self->shutdown);
        SCENE_CHECK(eddy_group_tasks(self->workers) == 0, "a worker is left after the shutdown");
        eddy_sender_free(self->sender);
        self->sender = NULL;
        EDDY_POLL(n, eddy_group_poll_next(self->consumers, task, &self->ended));
        SCENE_CHECK(n == 1 && self->ended.result == 0, "the consumer ended with %s",
                    eddy_error_name(self->ended.result));
        boss_check(self);
        EDDY_END(0);
}

/* ---- the scene ---- */

static void spawn_bosses(eddy_handle *handle)
{
    for (int i = 0; i < BOSSES; i++)
        scene_spawn(handle, EDDY_FUTURE(boss));
}

static int host_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    if (!scene.calm)
        spawn_bosses(handle);
    return 0;
}

static const char *run(eddy_world *world)
{
    scene_begin(world);
    for (int i = 0; i < HOSTS; i++)
        scene_host(i == 0 ? "one" : "two", host_boot);
    scene_faults();
    scene_second_act(0, spawn_bosses);
    return scene_end(0, 0);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {
        .name = "groups", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
