/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_contract_wake.c - driver.h, sentence 8, wakes: wait() returns when the loop's wake is used,
 * before, while and after it sleeps, by this thread or another, and not for old ones.
 */
#include "support/bare.h"
#include "support/driver_world.h"

#include <pthread.h>
#include <semaphore.h>

enum { MUCH = 1 << 20 };

static void a_wake_before_the_wait_is_not_lost(void **state)
{
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 100; i++) {
        world_wake(&w);
        if (i % 3 == 0)
            world_wake(&w);
        (void)world_wait(&w, EDDY_FOREVER);
    }
    world_close(&w);
}

struct waker {
    world *w;
    sem_t go;
    int rounds;
};

static void *wake_again_and_again(void *arg)
{
    struct waker *self = arg;

    for (int i = 0; i < self->rounds; i++) {
        sem_wait(&self->go);
        world_wake(self->w);
    }
    return NULL;
}

static void a_wake_from_another_thread_ends_the_wait(void **state)
{
    struct waker waker = {.rounds = 200};
    pthread_t thread;
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    waker.w = &w;
    assert_int_equal(sem_init(&waker.go, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, wake_again_and_again, &waker), 0);
    for (int i = 0; i < waker.rounds; i++) {
        sem_post(&waker.go);
        (void)world_wait(&w, EDDY_FOREVER);
    }
    pthread_join(thread, NULL);
    sem_destroy(&waker.go);
    world_close(&w);
}

static void *wake_until_told(void *arg)
{
    struct waker *self = arg;

    while (sem_trywait(&self->go) != 0)
        world_wake(self->w);
    return NULL;
}

/* The wake descriptor is the loop's: it outlives the driver, and may be written at any moment. */
static void wakes_while_the_driver_opens_works_and_closes_are_no_harm(void **state)
{
    struct waker waker = {.w = NULL};
    pthread_t thread;
    world w;
    side s;

    (void)state;
    assert_int_equal(sem_init(&waker.go, 0, 0), 0);
    for (int i = 0; i < 20; i++) {
        eddy__driver *second = NULL;
        const char *why;
        eddy__driver_options options = {.allocator = &w.allocator, .pool = &w.pool};

        world_open(&w, (world_options){0});
        waker.w = &w;
        assert_int_equal(pthread_create(&thread, NULL, wake_until_told, &waker), 0);
        options.wake_fd = w.wake_fd;
        options.without = bare_without();
        side_tcp(&w, &s);
        side_credit(&w, &s, MUCH);
        (void)world_wait(&w, 0);
        side_finish(&w, &s);
        assert_int_equal(eddy__driver_select(NULL, &options, &second, &why), 0);
        for (int waits = 0; waits < i % 3; waits++) {
            eddy__event none;

            assert_int_equal(second->type->wait(second, EDDY_FOREVER, &none, 1), 0);
        }
        second->type->close(second, false);
        sem_post(&waker.go);
        pthread_join(thread, NULL);
        world_close(&w);
    }
    sem_destroy(&waker.go);
}

static void old_wakes_do_not_keep_the_loop_awake(void **state)
{
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 10; i++)
        world_wake(&w);
    assert_true(world_returns(&w) <= 12);
    assert_true(world_returns(&w) <= 3);
    world_close(&w);
}

static void every_wait_is_counted(void **state)
{
    world w;
    uint64_t waits;

    (void)state;
    world_open(&w, (world_options){0});
    waits = w.driver->counters.waits;
    for (int i = 0; i < 10; i++) {
        world_wake(&w);
        (void)world_wait(&w, EDDY_FOREVER);
    }
    /* A system call of any kind may bring completions; then no kernel is entered for them. */
    assert_in_range(w.driver->counters.waits, waits + (bare_without() != 0 ? 1 : 10), waits + 10);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(a_wake_before_the_wait_is_not_lost),
        cmocka_unit_test(old_wakes_do_not_keep_the_loop_awake),
        cmocka_unit_test(every_wait_is_counted),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_wake_from_another_thread_ends_the_wait),
        cmocka_unit_test(wakes_while_the_driver_opens_works_and_closes_are_no_harm),
    };

    return WORLD_RUN(everywhere, kernel);
}
