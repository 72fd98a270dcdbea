/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_contract_wait.c - driver.h, sentence 8: wait() returns by its deadline, not before without
 * cause, at once while anything is queued, when it is woken, and when a signal comes.
 */
#include "support/bare.h"
#include "support/driver_world.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* LATE is generous: the machine may be busy. It still tells a wait that has lost its deadline. */
#define LATE (2 * EDDY_SECOND)

enum { MUCH = 1 << 20, MANY = 50, IDLE_MAX = 10 };

static const uint32_t timers[] = {0, EDDY__WITHOUT_MULTISHOT_TIMER,
                                  EDDY__WITHOUT_MULTISHOT_TIMER | EDDY__WITHOUT_EPOLL_PWAIT2};
enum { TIMERS = sizeof timers / sizeof timers[0] };

static void wake(const world *w)
{
    uint64_t one = 1;

    assert_int_equal(write(w->wake_fd, &one, sizeof one), sizeof one);
}

static void a_deadline_that_has_passed_does_not_block(void **state)
{
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        start = world_now(&w);
        assert_int_equal(world_wait(&w, 0), 0);
        assert_int_equal(world_wait(&w, -1), 0);
        assert_int_equal(world_wait(&w, INT64_MIN), 0);
        assert_int_equal(world_wait(&w, 1), 0);
        assert_int_equal(world_wait(&w, start), 0);
        assert_true(world_now(&w) - start < LATE);
        world_close(&w);
    }
}

/* Waits until the deadline, however often wait() returns. Returns how often. */
static int wait_out(world *w, int64_t deadline_ns)
{
    int waits = 0;

    while (world_now(w) < deadline_ns) {
        assert_int_equal(world_wait(w, deadline_ns), 0);
        waits++;
    }
    assert_true(world_now(w) - deadline_ns < LATE);
    return waits;
}

static void the_first_deadline_is_met_and_never_early(void **state)
{
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        for (int64_t ms = 0; ms < 8; ms++) {
            int64_t deadline;

            world_open(&w, (world_options){.without = timers[i]});
            deadline = world_now(&w) + ms * EDDY_MILLISECOND + 100 * EDDY_MICROSECOND;
            assert_int_equal(world_wait(&w, deadline), 0);
            assert_true(world_now(&w) >= deadline);
            assert_true(world_now(&w) < deadline + LATE);
            world_close(&w);
        }
    }
}

static void deadlines_that_move_in_any_direction_are_met(void **state)
{
    static const int64_t offsets_us[] = {3000, 1000, 2000, 10, 5000, 4000, 300, 3000, 1, 2500};
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        for (size_t j = 0; j < sizeof offsets_us / sizeof offsets_us[0]; j++) {
            start = world_now(&w);
            wake(&w); /* leave with the far deadline still set */
            (void)world_wait(&w, start + (j % 2 == 0 ? 2 : 3600) * EDDY_SECOND);
            assert_true(wait_out(&w, start + offsets_us[j] * EDDY_MICROSECOND) <= 4);
        }
        world_close(&w);
    }
}

static void a_near_deadline_behind_a_nearer_one_is_met(void **state)
{
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        start = world_now(&w);
        wake(&w);
        (void)world_wait(&w, start + 3 * EDDY_MILLISECOND);
        /* The alarm of the 3 ms may wake it once, for nothing. */
        assert_true(wait_out(&w, start + 12 * EDDY_MILLISECOND) <= 4);
        world_close(&w);
    }
}

static void the_timer_is_set_only_for_an_earlier_deadline(void **state)
{
    world w;
    side s;
    int64_t hour;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    hour = world_now(&w) + 3600 * EDDY_SECOND;
    for (size_t i = 0; i < 100; i++) {
        fd_write(s.peer, "x", 1);
        while (s.len == i)
            (void)world_wait(&w, hour + (int64_t)i);
    }
    assert_true(w.driver->counters.timer_arms <= 2);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_wake_before_the_wait_is_not_lost(void **state)
{
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 100; i++) {
        wake(&w);
        if (i % 3 == 0)
            wake(&w);
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
        wake(self->w);
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

static void old_wakes_do_not_keep_the_loop_awake(void **state)
{
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 10; i++)
        wake(&w);
    assert_true(world_returns(&w) <= 12);
    assert_true(world_returns(&w) <= 3);
    world_close(&w);
}

/* So many events, by waits that would block for ever if none were left. Some may come back with
 * nothing to tell (streams that found no buffer queue for one), but not many. */
static size_t got_in_all(world *w, size_t wanted)
{
    size_t got = 0;

    for (int idle = 0; got < wanted && idle < IDLE_MAX;) {
        int n = world_wait(w, EDDY_FOREVER);

        got += (size_t)n;
        idle += n == 0;
    }
    return got;
}

static void more_events_than_fit_come_by_and_by_without_blocking(void **state)
{
    static side s[MANY];
    world w;

    (void)state;
    for (uint32_t max = 1; max <= 7; max += 2) {
        world_open(&w, (world_options){0});
        w.events_max = max;
        for (size_t i = 0; i < MANY; i++) {
            side_unix(&w, &s[i]);
            side_credit(&w, &s[i], MUCH);
        }
        world_settle(&w);
        for (size_t i = 0; i < MANY; i++) {
            fd_write(s[i].peer, "x", 1);
            close(s[i].peer);
            s[i].peer = -1;
        }
        assert_int_equal(got_in_all(&w, 2 * MANY), 2 * MANY);
        for (size_t i = 0; i < MANY; i++) {
            assert_string_equal(s[i].order, "BE");
            w.type->detach(w.driver, &s[i].slot);
        }
        assert_int_equal(got_in_all(&w, MANY), MANY);
        for (size_t i = 0; i < MANY; i++)
            side_deinit(&s[i]);
        world_close(&w);
    }
}

static void an_end_that_is_due_does_not_block(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    world_settle(&w);
    w.type->detach(w.driver, &s.slot);
    while (s.attached)
        (void)world_wait(&w, EDDY_FOREVER);
    side_deinit(&s);
    world_close(&w);
}

static void credit_for_what_has_come_does_not_block(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, 1);
    world_settle(&w);
    fd_write(s.peer, "one", 3);
    WORLD_UNTIL(&w, s.len == 3);
    fd_write(s.peer, "two", 3);
    world_settle(&w);
    assert_int_equal(s.len, 3);
    side_credit(&w, &s, 1);
    while (s.len == 3)
        (void)world_wait(&w, EDDY_FOREVER);
    side_finish(&w, &s);
    world_close(&w);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void a_signal_ends_the_wait_early_without_an_error(void **state)
{
    struct sigaction action, before;
    struct itimerval alarm = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    world w;

    (void)state;
    for (size_t i = 0; i < TIMERS; i++) {
        int64_t start;

        world_open(&w, (world_options){.without = timers[i]});
        memset(&action, 0, sizeof action);
        action.sa_handler = count_signal;
        assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
        signals = 0;
        start = world_now(&w);
        assert_int_equal(setitimer(ITIMER_REAL, &alarm, NULL), 0);
        while (signals < 3)
            assert_int_equal(world_wait(&w, start + 100 * EDDY_SECOND), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
        assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
        assert_true(world_now(&w) - start < 50 * EDDY_SECOND);
        world_close(&w);
    }
}

static void every_wait_is_counted(void **state)
{
    world w;
    uint64_t waits;

    (void)state;
    world_open(&w, (world_options){0});
    waits = w.driver->counters.waits;
    for (int i = 0; i < 10; i++) {
        wake(&w);
        (void)world_wait(&w, EDDY_FOREVER);
    }
    /* A system call of any kind may bring completions; then no kernel is entered for them. */
    assert_in_range(w.driver->counters.waits, waits + (bare_without() != 0 ? 1 : 10), waits + 10);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_that_has_passed_does_not_block),
        cmocka_unit_test(the_first_deadline_is_met_and_never_early),
        cmocka_unit_test(deadlines_that_move_in_any_direction_are_met),
        cmocka_unit_test(a_near_deadline_behind_a_nearer_one_is_met),
        cmocka_unit_test(the_timer_is_set_only_for_an_earlier_deadline),
        cmocka_unit_test(a_wake_before_the_wait_is_not_lost),
        cmocka_unit_test(a_wake_from_another_thread_ends_the_wait),
        cmocka_unit_test(old_wakes_do_not_keep_the_loop_awake),
        cmocka_unit_test(more_events_than_fit_come_by_and_by_without_blocking),
        cmocka_unit_test(an_end_that_is_due_does_not_block),
        cmocka_unit_test(credit_for_what_has_come_does_not_block),
        cmocka_unit_test(a_signal_ends_the_wait_early_without_an_error),
        cmocka_unit_test(every_wait_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
