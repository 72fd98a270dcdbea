/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads slow */
/*
 * test_stress.c - several loops on threads of their own share one pool, drop futures at random, and
 * end it in the middle: each job is released exactly once, and everybody hears something.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "stage.h"

#include "eddy/error.h"

enum { LOOPS = 4, JOBS = 400, ROUNDS = 32, DROPS = 10000 };

/* Counts of all jobs of a round. */
struct counts {
    atomic_int made, runs, tells, drops, releases;
    atomic_bool *began; /* by the job's number; may be NULL */
};

struct job {
    struct counts *counts;
    int number;
};

static eddy_result run_job(void *arg)
{
    struct job *self = arg;

    atomic_fetch_add(&self->counts->runs, 1);
    if (self->counts->began != NULL)
        atomic_store(&self->counts->began[self->number], true);
    return self->number;
}

static void tell_job(void *arg, eddy_result result)
{
    (void)result;
    atomic_fetch_add(&((struct job *)arg)->counts->tells, 1);
}

static void drop_job(void *arg, eddy_result result)
{
    (void)result;
    atomic_fetch_add(&((struct job *)arg)->counts->drops, 1);
}

static void release_job(void *arg)
{
    atomic_fetch_add(&((struct job *)arg)->counts->releases, 1);
    free(arg);
}

static const eddy_work job_work = {run_job, tell_job, drop_job, release_job};

/* One loop, on its thread. */
struct loop {
    pthread_t thread;
    eddy_pool *pool;
    struct counts *counts;
    unsigned seed;
    int live;
    int results, refused;
};

struct client {
    EDDY_FRAME;
    struct loop *loop;
    int number;
    int patience; /* polls; 0: without end */
    eddy_future *inner;
};

static void client_done(struct client *self)
{
    self->loop->live--;
}

static eddy_result wait_impatiently(struct client *self, eddy_task *task)
{
    eddy_result n = eddy_future_poll_child(&self->frame, self->inner, task);

    if (n != EDDY_PENDING || self->patience == 0)
        return n;
    if (--self->patience > 0) {
        eddy__yield(task);
        return EDDY_PENDING;
    }
    eddy_future_drop_child(&self->frame, self->inner, task);
    return EDDY_DROPPED;
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;
    struct job *job;

    EDDY_BEGIN
        job = malloc(sizeof *job);
        assert_non_null(job);
        *job = (struct job){self->loop->counts, self->number};
        atomic_fetch_add(&self->loop->counts->made, 1);
        self->inner = eddy_blocking_work(eddy_task_handle(task), self->loop->pool, &job_work, job);
        EDDY_POLL(n, wait_impatiently(self, task));
        if (n >= 0)
            assert_int_equal(n, self->number);
        else
            assert_true(n == EDDY_DROPPED || n == EDDY_CLOSED);
        self->loop->results += n >= 0;
        self->loop->refused += n == EDDY_CLOSED;
        EDDY_END(0);
}

static void *loop_main(void *arg)
{
    struct loop *self = arg;
    eddy_core *core = test_core();

    for (int i = 0; i < JOBS; i++) {
        int patience = (int)(self->seed = self->seed * 1103515245u + 12345u) / 65536 % 8;

        self->live++;
        test_spawn(core, client, .loop = self, .number = i,
                   .patience = patience < 0 ? 0 : patience);
        if (i % 16 == 0)
            assert_true(eddy_core_turn(core, 0) >= 0);
    }
    while (self->live > 0 && (self->seed % 3 != 0 || self->live > JOBS / 4))
        assert_true(eddy_core_turn(core, EDDY_FOREVER) >= 0);
    (void)eddy_core_free(core); /* some go with jobs under way */
    return NULL;
}

static void run_round(unsigned round)
{
    static const eddy_pool_how ways[] = {EDDY_POOL_FINISH, EDDY_POOL_CUT_OFF};
    struct counts counts = {0};
    struct loop loops[LOOPS];
    eddy_pool *pool = stage_pool(1 + round % 4, 8);
    int results = 0, refused = 0;

    for (unsigned i = 0; i < LOOPS; i++) {
        loops[i] = (struct loop){.pool = pool, .counts = &counts, .seed = round * 100 + i};
        assert_int_equal(pthread_create(&loops[i].thread, NULL, loop_main, &loops[i]), 0);
    }
    if (round % 2 == 1) { /* in the middle */
        while (atomic_load(&counts.runs) < JOBS)
            sched_yield();
        (void)eddy_pool_end(pool, ways[round / 2 % 2]);
    }
    for (int i = 0; i < LOOPS; i++) {
        pthread_join(loops[i].thread, NULL);
        results += loops[i].results;
        refused += loops[i].refused;
    }
    eddy_pool_release(pool);
    assert_int_equal(atomic_load(&counts.tells), results);
    assert_int_equal(atomic_load(&counts.runs),
                     atomic_load(&counts.tells) + atomic_load(&counts.drops));
    assert_true(refused == 0 || round % 2 == 1);
    assert_int_equal(atomic_load(&counts.releases), atomic_load(&counts.made));
}

static void loops_share_a_pool_and_every_job_is_released_once(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++)
        run_round(round);
}

/* Each future is dropped at about the moment at which its job ends. */
static void drop_races_with_the_end_of_the_job_and_the_result_is_destroyed_once(void **state)
{
    static atomic_bool began[DROPS];
    struct counts counts = {.began = began};
    eddy_core *core = test_core();
    eddy_pool *pool = stage_pool(2, 0);

    (void)state;
    for (int i = 0; i < DROPS; i++) {
        struct job *job = malloc(sizeof *job);
        eddy_join *join = NULL;

        assert_non_null(job);
        *job = (struct job){&counts, i};
        assert_int_equal(
            eddy_spawn_joinable(eddy_core_handle(core),
                                eddy_blocking_work(eddy_core_handle(core), pool, &job_work, job),
                                &join),
            0);
        test_turn(core);
        while (i % 4 != 0 && !atomic_load(&began[i]))
            sched_yield(); /* then it is in its last instructions */
        eddy_join_abort(join);
        eddy_join_free(join);
    }
    test_core_end(core);
    eddy_pool_release(pool);
    assert_int_equal(atomic_load(&counts.releases), DROPS);
    assert_int_equal(atomic_load(&counts.runs),
                     atomic_load(&counts.tells) + atomic_load(&counts.drops));
}

/* From many threads, with little room: no job is lost, whoever is refused keeps it. */
struct sender {
    pthread_t thread;
    eddy_pool *pool;
    struct counts *counts;
    int sent, refused;
};

static void *send_jobs(void *arg)
{
    struct sender *self = arg;

    for (int i = 0; i < JOBS; i++) {
        struct job *job = malloc(sizeof *job);
        int error;

        assert_non_null(job);
        *job = (struct job){self->counts, i};
        error = eddy_pool_submit(self->pool, &job_work, job);
        assert_true(error == 0 || error == -EAGAIN);
        self->sent += error == 0;
        self->refused += error != 0;
        if (error != 0)
            free(job);
    }
    return NULL;
}

static void submits_of_many_threads_are_all_run(void **state)
{
    struct counts counts = {0};
    struct sender senders[LOOPS];
    eddy_pool *pool = stage_pool(2, 16);
    int sent = 0;

    (void)state;
    for (int i = 0; i < LOOPS; i++) {
        senders[i] = (struct sender){.pool = pool, .counts = &counts};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_jobs, &senders[i]), 0);
    }
    for (int i = 0; i < LOOPS; i++) {
        pthread_join(senders[i].thread, NULL);
        sent += senders[i].sent;
    }
    eddy_pool_release(pool);
    assert_int_equal(atomic_load(&counts.runs), sent);
    assert_int_equal(atomic_load(&counts.drops), sent);
    assert_int_equal(atomic_load(&counts.releases), sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_share_a_pool_and_every_job_is_released_once),
        cmocka_unit_test(drop_races_with_the_end_of_the_job_and_the_result_is_destroyed_once),
        cmocka_unit_test(submits_of_many_threads_are_all_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
