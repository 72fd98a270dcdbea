/* SPDX-License-Identifier: MIT */
/*
 * test_uring.c - what is io_uring's alone: a ring that one thread makes, another runs and a third
 * closes, and closing while operations are in flight. The rest is in the test_contract programs.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

/* More than the submission ring holds. */
enum { PAIRS = 600, EVENTS = 64, SKIPPED = 77 };

typedef struct ring_world {
    eddy__pool pool;
    eddy__driver *driver;
    eddy__driver_options options;
    eddy__slot slots[PAIRS];
    int peers[PAIRS];
    uint32_t sent, finished, received, ended;
} ring_world;

static int ring_open_without(ring_world *self, uint32_t without)
{
    *self = (ring_world){.driver = NULL};
    eddy__pool_init(&self->pool, &eddy__allocator_malloc, 64 * 1024, 64);
    self->options = (eddy__driver_options){.allocator = &eddy__allocator_malloc,
                                           .pool = &self->pool,
                                           .wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
                                           .without = without};
    return eddy__uring_driver.open(&self->options, &self->driver);
}

static int ring_open(ring_world *self)
{
    return ring_open_without(self, 0);
}

static void ring_pairs(ring_world *self)
{
    for (int i = 0; i < PAIRS; i++) {
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
                         0);
        self->peers[i] = fds[1];
        assert_int_equal(
            eddy__uring_driver.attach(self->driver, &self->slots[i], fds[0], EDDY__SLOT_STREAM), 0);
        self->slots[i].credit = 100;
        eddy__uring_driver.credit(self->driver, &self->slots[i]);
    }
}

static void ring_free(ring_world *self)
{
    for (int i = 0; i < PAIRS; i++)
        close(self->peers[i]);
    assert_int_equal(self->pool.blocks, self->pool.blocks_free);
    eddy__pool_deinit(&self->pool);
    close(self->options.wake_fd);
}

/* One wait, counted: what it returned. */
static int ring_look(ring_world *self, int64_t deadline_ns)
{
    eddy__event events[EVENTS];
    int n = eddy__uring_driver.wait(self->driver, deadline_ns, events, EVENTS);

    for (int i = 0; i < n; i++) {
        if (events[i].type == EDDY__BYTES) {
            self->received++;
            eddy__block_release(events[i].block);
        }
        self->sent += events[i].type == EDDY__SENT && events[i].result == 2;
        self->finished += events[i].type == EDDY__SENT;
        self->ended += events[i].type == EDDY__ENDED;
    }
    return n;
}

/* False: the driver is broken, or nothing came in ten seconds. A wait may come back with nothing
 * to tell: what ended only made the next step due. */
static bool ring_turn(ring_world *self)
{
    int64_t deadline = eddy__uring_driver.now(self->driver) + 10 * EDDY_SECOND;

    return ring_look(self, deadline) >= 0 && eddy__uring_driver.now(self->driver) < deadline;
}

static void *run_until_all_sent_and_received(void *arg)
{
    ring_world *self = arg;

    while ((self->sent < PAIRS || self->received < PAIRS) && ring_turn(self)) {
    }
    return NULL;
}

static void *run_to_the_end(void *arg)
{
    ring_world *self = arg;

    run_until_all_sent_and_received(self);
    for (int i = 0; i < PAIRS; i++)
        eddy__uring_driver.detach(self->driver, &self->slots[i]);
    while (self->ended < PAIRS && ring_turn(self)) {
    }
    eddy__uring_driver.close(self->driver, false);
    return NULL;
}

/* Queue a gathered send on each, from here; the header and the array are not looked at later. */
static void queue_sends(ring_world *self)
{
    static unsigned char x[] = {'x'}, y[] = {'y'};

    for (int i = 0; i < PAIRS; i++) {
        eddy__iov parts[2] = {{x, 1}, {y, 1}};

        assert_true(eddy__uring_driver.send(self->driver, &self->slots[i], parts, 2) ==
                    EDDY_PENDING);
        assert_int_equal(send(self->peers[i], "z", 1, MSG_NOSIGNAL), 1);
    }
}

static void run_in_a_thread(void *(*run)(void *), ring_world *self)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, run, self), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void ring_made_here_is_run_there_with_all_that_was_queued(void **state)
{
    ring_world w;
    char two[3] = "";

    (void)state;
    assert_int_equal(ring_open(&w), 0);
    ring_pairs(&w);
    queue_sends(&w);
    run_in_a_thread(run_to_the_end, &w);
    assert_int_equal(w.sent, PAIRS);
    assert_int_equal(w.received, PAIRS);
    assert_int_equal(w.ended, PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(read(w.peers[i], two, 2), 2);
        assert_string_equal(two, "xy");
        assert_int_equal(read(w.peers[i], two, 2), 0);
    }
    ring_free(&w);
}

static void thread_that_ended_leaves_a_ring_that_can_be_closed(void **state)
{
    ring_world w;
    char two[3];

    (void)state;
    assert_int_equal(ring_open(&w), 0);
    ring_pairs(&w);
    queue_sends(&w);
    run_in_a_thread(run_until_all_sent_and_received, &w);
    eddy__uring_driver.close(w.driver, true);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(read(w.peers[i], two, 2), 2);
    ring_free(&w);
}

static void *make_and_queue(void *arg)
{
    ring_world *self = arg;

    if (ring_open(self) == 0) {
        ring_pairs(self);
        queue_sends(self);
    }
    return NULL;
}

/* The kernel cancels what a thread has submitted when it ends; here it has submitted nothing. */
static void ring_made_by_a_thread_that_has_ended_is_run_here(void **state)
{
    ring_world w = {.driver = NULL};

    (void)state;
    run_in_a_thread(make_and_queue, &w);
    assert_non_null(w.driver);
    run_to_the_end(&w);
    assert_int_equal(w.sent, PAIRS);
    assert_int_equal(w.received, PAIRS);
    assert_int_equal(w.ended, PAIRS);
    ring_free(&w);
}

static void ring_that_was_never_run_is_closed_with_all_that_was_queued(void **state)
{
    ring_world w;
    char byte;

    (void)state;
    assert_int_equal(ring_open(&w), 0);
    ring_pairs(&w);
    queue_sends(&w);
    eddy__uring_driver.close(w.driver, false);
    for (int i = 0; i < PAIRS; i++)
        assert_true(read(w.peers[i], &byte, 1) <= 0);
    ring_free(&w);
}

static void closing_ends_what_is_in_flight(void **state)
{
    ring_world w;
    char byte;

    (void)state;
    assert_int_equal(ring_open(&w), 0);
    ring_pairs(&w);
    queue_sends(&w);
    run_until_all_sent_and_received(&w);
    assert_int_equal(w.received, PAIRS);
    eddy__uring_driver.close(w.driver, false);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(read(w.peers[i], &byte, 1), 1);
        assert_int_equal(read(w.peers[i], &byte, 1), 1);
        assert_int_equal(read(w.peers[i], &byte, 1), 0);
    }
    ring_free(&w);
}

/* Slots at both ends, and each sends to the other: twice as many completions as slots, which is
 * more than the completion queue has room for. Without deferred work the kernel adds them on its
 * own, whether or not they are read. */
static void more_completions_than_the_queue_holds_are_all_told(void **state)
{
    enum { ENDS = 2400, WAITS_MAX = 20000 };
    static eddy__slot slots[ENDS];
    static unsigned char x[] = {'x'};
    ring_world w;
    eddy__iov part = {x, 1};
    eddy__event none;
    int fds[2] = {-1, -1};

    (void)state;
    assert_int_equal(ring_open_without(&w, EDDY__WITHOUT_DEFER_TASKRUN), 0);
    memset(slots, 0, sizeof slots);
    for (int i = 0; i < ENDS; i++) {
        if (i % 2 == 0)
            assert_int_equal(
                socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        assert_int_equal(
            eddy__uring_driver.attach(w.driver, &slots[i], fds[i % 2], EDDY__SLOT_STREAM), 0);
        slots[i].credit = 100;
        eddy__uring_driver.credit(w.driver, &slots[i]);
    }
    assert_int_equal(eddy__uring_driver.wait(w.driver, 0, &none, 1), 0); /* all are armed now */
    for (int i = 0; i < ENDS; i++)
        assert_true(eddy__uring_driver.send(w.driver, &slots[i], &part, 1) == EDDY_PENDING);
    /* By waits that do not sleep: they, too, must fetch what the queue had no room for. */
    for (int i = 0; i < WAITS_MAX && (w.finished < ENDS || w.received < ENDS); i++)
        assert_true(ring_look(&w, 0) >= 0);
    assert_int_equal(w.finished, ENDS);
    assert_int_equal(w.received, ENDS);
    assert_true(w.driver->counters.overflows > 0);
    for (int i = 0; i < ENDS; i++)
        eddy__uring_driver.detach(w.driver, &slots[i]);
    while (w.ended < ENDS && ring_turn(&w)) {
    }
    assert_int_equal(w.ended, ENDS);
    eddy__uring_driver.close(w.driver, false);
    assert_int_equal(w.pool.blocks, w.pool.blocks_free);
    eddy__pool_deinit(&w.pool);
    close(w.options.wake_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_made_here_is_run_there_with_all_that_was_queued),
        cmocka_unit_test(thread_that_ended_leaves_a_ring_that_can_be_closed),
        cmocka_unit_test(ring_made_by_a_thread_that_has_ended_is_run_here),
        cmocka_unit_test(more_completions_than_the_queue_holds_are_all_told),
        cmocka_unit_test(ring_that_was_never_run_is_closed_with_all_that_was_queued),
        cmocka_unit_test(closing_ends_what_is_in_flight),
    };
    struct rlimit files;
    ring_world w;
    int error = ring_open(&w);

    if (error < 0) {
        printf("io_uring does not work here: errno %d\n", -error);
        return SKIPPED;
    }
    eddy__uring_driver.close(w.driver, false);
    close(w.options.wake_fd);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
