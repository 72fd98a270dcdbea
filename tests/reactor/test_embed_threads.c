/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_embed_threads.c - eddy_core_fd(): readable for what other threads have for the loop, by
 * whatever way they send it.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/death.h"
#include "eddy/fd.h"
#include "embed.h"

struct visitor {
    eddy_remote *remote;
    eddy_waker waker;
    eddy_result result;
    atomic_int jobs;
    int sends;
};

static eddy_future *job_make(void *payload, eddy_handle *handle)
{
    (void)handle;
    atomic_fetch_add(&(*(struct visitor **)payload)->jobs, 1);
    return NULL;
}

static const eddy_job job = {job_make, NULL, sizeof(struct visitor *)};

static void *send_jobs(void *arg)
{
    struct visitor *visitor = arg;

    for (int i = 0; i < visitor->sends; i++)
        while (eddy_remote_spawn(visitor->remote, &job, &visitor) == EDDY_INBOX_FULL)
            continue;
    return NULL;
}

static void a_job_of_another_thread_is_work(void **state)
{
    struct embed embed = embed_start();
    struct visitor visitor = {.sends = 20000};
    pthread_t thread;

    (void)state;
    assert_false(embed_readable(&embed, 0));
    /* made outside of a turn, in a loop that is quiet */
    assert_int_equal(eddy_remote_new(eddy_core_handle(embed.core), &visitor.remote), 0);
    assert_false(embed_readable(&embed, 0));
    assert_int_equal(pthread_create(&thread, NULL, send_jobs, &visitor), 0);
    while (atomic_load(&visitor.jobs) < visitor.sends) {
        assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
        assert_true(eddy_core_turn(embed.core, 0) >= 0);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    embed_pump(&embed);
    assert_false(embed_readable(&embed, 0));
    eddy_remote_release(visitor.remote);
    embed_pump(&embed);
    embed_end(&embed);
}

/* One at a time, so that each finds the loop asleep. */
static void a_job_finds_a_quiet_loop_each_time(void **state)
{
    struct embed embed = embed_start();
    struct visitor visitor = {.sends = 1};

    (void)state;
    assert_int_equal(eddy_remote_new(eddy_core_handle(embed.core), &visitor.remote), 0);
    for (int i = 0; i < 100; i++) {
        assert_false(embed_readable(&embed, 0));
        send_jobs(&visitor);
        assert_true(embed_readable(&embed, 0));
        assert_in_range(embed_pump(&embed), 1, 2);
        assert_int_equal(atomic_load(&visitor.jobs), i + 1);
    }
    eddy_remote_release(visitor.remote);
    embed_pump(&embed);
    embed_end(&embed);
}

static void *wake(void *arg)
{
    struct visitor *visitor = arg;

    assert_true(eddy_waker_wake(&visitor->waker));
    return NULL;
}

struct parker {
    EDDY_FRAME;
    struct visitor *visitor;
    int polls;
};
static eddy_result park(struct parker *self, eddy_task *task)
{
    return ++self->polls > 1 ? 0 : eddy_task_park(task, "test: a thread");
}
EDDY_ASYNC(parker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(eddy_task_waker(task, &self->visitor->waker), 0);
        EDDY_POLL(n, park(self, task));
        EDDY_END(self->visitor->result = n);
}

static void a_waker_of_another_thread_is_work(void **state)
{
    struct embed embed = embed_start();
    struct visitor visitor = {.result = EDDY_PENDING};
    pthread_t thread;

    (void)state;
    test_spawn(embed.core, parker, .visitor = &visitor);
    embed_pump(&embed);
    assert_false(embed_readable(&embed, 0));
    assert_int_equal(pthread_create(&thread, NULL, wake, &visitor), 0);
    assert_int_equal(embed_until_done(&embed, &visitor.result), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    eddy_waker_release(&visitor.waker);
    embed_end(&embed);
}

static eddy_result work(void *arg)
{
    (void)arg;
    return 42;
}

struct worked {
    EDDY_FRAME;
    eddy_result *result;
    eddy_future *future;
};
EDDY_ASYNC(worked, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_AWAIT_FUTURE(n, self->future);
        EDDY_END(*self->result = n);
}

static void the_result_of_a_pool_is_work(void **state)
{
    struct embed embed = embed_start();
    eddy_pool *pool = NULL;

    (void)state;
    assert_int_equal(eddy_pool_new(NULL, &pool), 0);
    for (int i = 0; i < 20; i++) {
        eddy_result result = EDDY_PENDING;

        test_spawn(embed.core, worked, .result = &result,
                   .future = eddy_blocking(eddy_core_handle(embed.core), pool, work, NULL));
        assert_int_equal(embed_until_done(&embed, &result), 42);
    }
    assert_int_equal(eddy_pool_end(pool, EDDY_POOL_FINISH), 0);
    eddy_pool_release(pool);
    embed_end(&embed);
}

struct heard {
    EDDY_FRAME;
    eddy_result *result;
    eddy_signal *signal;
};
static void heard_done(struct heard *self)
{
    eddy_signal_free(self->signal);
}
EDDY_ASYNC(heard, heard_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_signal_poll(self->signal, task));
        EDDY_END(*self->result = n);
}

static void a_signal_is_work(void **state)
{
    struct embed embed = embed_start();
    eddy_result result = EDDY_PENDING;
    eddy_signal *listens = NULL;

    (void)state;
    assert_int_equal(eddy_signal_new(eddy_core_handle(embed.core), SIGUSR1, &listens), 0);
    test_spawn(embed.core, heard, .result = &result, .signal = listens);
    embed_pump(&embed);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(embed_until_done(&embed, &result) >= 0);
    embed_end(&embed);
}

/* ---- descriptors of others ---- */

struct rung {
    EDDY_FRAME;
    eddy_fd *bell;
    int *rings;
    uint64_t count;
};
static void rung_done(struct rung *self)
{
    eddy_fd_free(self->bell);
}
EDDY_ASYNC(rung, rung_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_fd_poll_read(self->bell, task, &self->count, sizeof self->count));
            if (n < 0)
                EDDY_RETURN(n);
            ++*self->rings;
        }
        EDDY_END(0);
}

static void *ring(void *arg)
{
    const uint64_t one = 1;

    assert_int_equal(write(*(int *)arg, &one, sizeof one), sizeof one);
    return NULL;
}

/* An eventfd of the user's, written by another thread: the kernel does not nest what it tells of
 * those. Once before the loop is embedded, and again. */
static void an_eventfd_rung_by_a_thread_is_work_each_time(void **state)
{
    struct embed embed = {.core = test_core()};
    int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int late = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int rings = 0;
    eddy_fd *fd = NULL;

    (void)state;
    assert_int_equal(eddy_fd_new(eddy_core_handle(embed.core), bell, NULL, &fd), 0);
    test_spawn(embed.core, rung, .bell = fd, .rings = &rings);
    test_settle(embed.core);
    embed.fd = eddy_core_fd(embed.core);
    assert_int_equal(eddy_fd_new(eddy_core_handle(embed.core), late, NULL, &fd), 0);
    test_spawn(embed.core, rung, .bell = fd, .rings = &rings);
    embed_pump(&embed);
    for (int i = 0; i < 40; i++) {
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, ring, i % 2 == 0 ? &bell : &late), 0);
        while (rings == i) {
            assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
            embed_pump(&embed);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_int_equal(rings, 40);
    embed_end(&embed);
    (void)close(bell);
    (void)close(late);
}

static void *ask_for_it(void *arg)
{
    (void)eddy_core_fd(arg);
    return NULL;
}

static void call_off_thread(void *arg)
{
    struct embed embed = embed_start();
    pthread_t thread;

    (void)arg;
    (void)pthread_create(&thread, NULL, ask_for_it, embed.core);
    (void)pthread_join(thread, NULL);
}

static void the_call_off_its_thread_is_asserted(void **state)
{
    (void)state;
    assert_dies(call_off_thread, NULL, "eddy_core_fd is called off the loop's thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_call_off_its_thread_is_asserted),
        cmocka_unit_test(a_job_of_another_thread_is_work),
        cmocka_unit_test(a_job_finds_a_quiet_loop_each_time),
        cmocka_unit_test(a_waker_of_another_thread_is_work),
        cmocka_unit_test(the_result_of_a_pool_is_work),
        cmocka_unit_test(a_signal_is_work),
        cmocka_unit_test(an_eventfd_rung_by_a_thread_is_work_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
