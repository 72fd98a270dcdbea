/* SPDX-License-Identifier: MIT */
/*
 * test_world_thread.c - a simulated world is of one thread: another that touches any of its loops
 * trips an assertion.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/death.h"
#include "support/sim_world.h"

struct touch {
    void *(*verb)(void *arg);
    eddy_world *world;
    eddy_host *host;
    eddy_remote *remote;
    eddy_waker waker;
};

static eddy_future *nothing_make(void *payload, eddy_handle *handle)
{
    (void)payload;
    (void)handle;
    return NULL;
}

static void *send_job(void *arg)
{
    static const eddy_job job = {nothing_make, NULL, 0};
    int result = eddy_remote_spawn(((struct touch *)arg)->remote, &job, NULL);

    (void)result;
    return NULL;
}

static void *release_remote(void *arg)
{
    eddy_remote_release(((struct touch *)arg)->remote);
    return NULL;
}

static void *wake_task(void *arg)
{
    (void)eddy_waker_wake(&((struct touch *)arg)->waker);
    return NULL;
}

static void *run_world(void *arg)
{
    (void)eddy_world_run(((struct touch *)arg)->world, NULL);
    return NULL;
}

static void *turn_core(void *arg)
{
    (void)eddy_core_turn(eddy_host_core(((struct touch *)arg)->host), 0);
    return NULL;
}

static void *restart_host(void *arg)
{
    (void)eddy_host_restart(((struct touch *)arg)->host);
    return NULL;
}

static void *pause_host(void *arg)
{
    eddy_host_pause(((struct touch *)arg)->host, EDDY_SECOND);
    return NULL;
}

static void *add_host(void *arg)
{
    eddy_host *host;

    (void)eddy_world_host(((struct touch *)arg)->world, "b", "10.0.0.2", &host);
    return NULL;
}

static void *heal_world(void *arg)
{
    eddy_world_heal(((struct touch *)arg)->world);
    return NULL;
}

struct sleeper {
    EDDY_FRAME;
    eddy_waker *waker;
};

EDDY_ASYNC(sleeper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN(void)
        eddy_task_waker(task, self->waker);
        EDDY_POLL(n, eddy_task_park(task, "nobody"));
        EDDY_END(n);
}

static void open_touch(struct touch *touch)
{
    eddy_handle *handle;

    touch->world = test_calm_world();
    touch->host = test_host(touch->world, "a", "10.0.0.1");
    handle = eddy_core_handle(eddy_host_core(touch->host));
    assert_int_equal(eddy_remote_new(handle, &touch->remote), 0);
    assert_int_equal(eddy_spawn(handle, EDDY_FUTURE(sleeper, .waker = &touch->waker)), 0);
    assert_int_equal(eddy_core_turn(eddy_host_core(touch->host), 0), 1);
}

/* The child of a fork(2) makes all of it itself: what came from its parent is none of its. */
static void in_a_thread(void *arg)
{
    struct touch *touch = arg;
    pthread_t thread;

    open_touch(touch);
    assert_int_equal(pthread_create(&thread, NULL, touch->verb, touch), 0);
    (void)pthread_join(thread, NULL);
}

static void another_thread_may_touch_nothing_of_a_world(void **state)
{
    static void *(*const verbs[])(void *) = {send_job,   release_remote, wake_task,
                                             run_world,  turn_core,      restart_host,
                                             pause_host, add_host,       heal_world};

    (void)state;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct touch touch = {.verb = verbs[i]};

        assert_dies(in_a_thread, &touch, "thread");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_thread_may_touch_nothing_of_a_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
