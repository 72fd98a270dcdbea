/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers kernel */
/*
 * test_contract_ready_end.c - an EDDY__SLOT_READY at its edges: what cannot be attached, a hang-up
 * that nobody reads, and detach(), after which a descriptor is closed, or with keep_fd usable and
 * registered nowhere.
 */
#include "ready.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Waits that return for nothing in 200 ms, at most. */
enum { RETURNS_MAX = 5 };

/* The descriptor stays the test's. */
static void watch_kept(world *w, side *s, int fd)
{
    watch(w, s, fd);
    s->slot.keep_fd = true;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int returns_in_200_ms(world *w)
{
    int returns = 0;

    for (int i = 0; i < 4; i++)
        returns += world_returns(w) - 1; /* the last one of each is the deadline's */
    return returns;
}

/* 0, or what attach() says; then nothing has come of it. */
static int try_attach(world *w, int fd)
{
    eddy__slot slot = {0};

    return w->type->attach(w->driver, &slot, fd, EDDY__SLOT_READY);
}

/* ---- attach ---- */

static void what_cannot_be_polled_is_refused_and_stays_the_callers(void **state)
{
    char path[] = "/tmp/eddy-ready-XXXXXX";
    int fds[] = {mkstemp(path), open("/dev/null", O_RDWR | O_CLOEXEC),
                 open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    world w;

    (void)state;
    assert_int_equal(unlink(path), 0);
    world_open(&w, (world_options){0});
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        assert_true(fds[i] >= 0);
        assert_int_equal(try_attach(&w, fds[i]), -EPERM);
        assert_int_equal(close(fds[i]), 0);
    }
    world_settle(&w);
    world_close(&w);
}

static void a_descriptor_that_is_none_is_refused(void **state)
{
    world w;
    int fd;

    (void)state;
    world_open(&w, (world_options){0});
    fd = dup(w.wake_fd);
    (void)close(fd);
    assert_int_equal(try_attach(&w, fd), -EBADF);
    world_close(&w);
}

static void a_descriptor_is_attached_once_and_again_after_its_end(void **state)
{
    world w;
    side s[3];
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    for (int i = 0; i < 3; i++) {
        watch_kept(&w, &s[i], ends[0]);
        assert_int_equal(try_attach(&w, ends[0]), -EEXIST);
        if (i != 0)
            world_settle(&w);
        assert_int_equal(try_attach(&w, ends[0]), -EEXIST);
        w.type->detach(w.driver, &s[i].slot); /* free for the next one before it has ended */
    }
    WORLD_UNTIL(&w, w.attached == 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    world_close(&w);
}

static void a_copy_of_the_descriptor_can_be_attached_beside_it(void **state)
{
    world w;
    side a, b;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    watch(&w, &a, ends[0]);
    watch(&w, &b, dup(ends[0]));
    put(ends[1], "x");
    WORLD_UNTIL(&w, (a.ready & READABLE) && (b.ready & READABLE));
    side_finish(&w, &a);
    b.ready = 0;
    put(ends[1], "x");
    WORLD_UNTIL(&w, b.ready & READABLE);
    side_finish(&w, &b);
    (void)close(ends[1]);
    world_close(&w);
}

static void attach_without_memory_fails_and_leaves_nothing(void **state)
{
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    w.no_memory = true;
    assert_int_equal(try_attach(&w, ends[0]), -ENOMEM);
    w.no_memory = false;
    watch(&w, &s, ends[0]);
    put(ends[1], "x");
    WORLD_UNTIL(&w, s.ready & READABLE);
    side_finish(&w, &s);
    (void)close(ends[1]);
    world_close(&w);
}

static void another_epoll_instance_can_be_watched(void **state)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN};
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &interest), 0);
    watch(&w, &s, epoll);
    world_settle(&w);
    for (int i = 0; i < 10; i++) {
        uint64_t value = 1;

        assert_int_equal(s.ready & READABLE, 0);
        assert_int_equal(write(event, &value, sizeof value), sizeof value);
        WORLD_UNTIL(&w, s.ready & READABLE);
        assert_int_equal(read(event, &value, sizeof value), sizeof value);
        assert_int_equal(epoll_wait(epoll, &interest, 1, 0), 0); /* as its owner would */
        world_settle(&w);
        s.ready = 0;
    }
    side_finish(&w, &s);
    (void)close(event);
    world_close(&w);
}

/* A poll of what io_uring itself has made ready ends with each wake, and must be armed anew. */
static void another_driver_can_be_watched(void **state)
{
    enum { TIMES = 10 };
    world w, inner;
    side s, stream;
    int fd;

    (void)state;
    world_open(&w, (world_options){0});
    world_open(&inner, (world_options){0});
    side_tcp(&inner, &stream);
    side_credit(&inner, &stream, TIMES);
    world_settle(&inner);
    fd = inner.type->expose(inner.driver);
    assert_true(fd >= 0);
    watch_kept(&w, &s, fd);
    for (size_t i = 0; i < TIMES; i++) {
        while (!inner.type->settle(inner.driver, EDDY_FOREVER))
            world_settle(&inner);
        world_settle(&w); /* of what was before it was settled */
        s.ready = 0;
        plain_write(&inner, stream.peer, "x", 1);
        WORLD_UNTIL(&w, s.ready & READABLE);
        WORLD_UNTIL(&inner, stream.len == i + 1);
    }
    side_end(&w, &s);
    side_finish(&inner, &stream);
    world_close(&inner);
    world_close(&w);
}

/* ---- nobody reads ---- */

/* pitfall 3 */
static void a_hangup_that_nobody_reads_does_not_spin(void **state)
{
    world w;
    side out, in, tcp;
    int a[2], b[2], pair[2];

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(a);
    make_pipe(b);
    plain_pair(&w, pair);
    watch(&w, &in, a[0]);
    watch(&w, &out, b[1]);
    watch(&w, &tcp, pair[0]);
    put(a[1], "x");
    (void)close(a[1]);
    (void)close(b[0]);
    plain_reset(&w, pair[1]);
    WORLD_UNTIL(&w, (in.ready & HANGUP) && (tcp.ready & HANGUP) && (out.ready & EDDY__IS_ERROR));
    world_settle(&w);
    assert_true(returns_in_200_ms(&w) <= RETURNS_MAX);
    side_finish(&w, &in);
    side_finish(&w, &out);
    side_finish(&w, &tcp);
    world_close(&w);
}

static void readiness_that_nobody_takes_does_not_spin(void **state)
{
    world w;
    side s;
    int pair[2];

    (void)state;
    world_open(&w, (world_options){0});
    plain_pair(&w, pair);
    watch(&w, &s, pair[0]);
    put(pair[1], "x");
    WORLD_UNTIL(&w, (s.ready & READABLE) && (s.ready & WRITABLE));
    assert_true(returns_in_200_ms(&w) <= RETURNS_MAX);
    plain_close(&w, pair[1]);
    side_finish(&w, &s);
    world_close(&w);
}

/* The slave of a terminal whose master is closed was hung up, and has nothing left to wait in: each
 * poll of it is over at once. */
static void a_terminal_that_was_hung_up_is_told_and_does_not_spin(void **state)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    int slaves[2];
    world w;
    side before, after;

    (void)state;
    if (master < 0)
        skip(); /* a machine without /dev/ptmx */
    world_open(&w, (world_options){0});
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    for (int i = 0; i < 2; i++) {
        slaves[i] = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        assert_true(slaves[i] >= 0);
    }
    watch(&w, &before, slaves[0]);
    WORLD_UNTIL(&w, before.ready & WRITABLE);
    (void)close(master);
    watch(&w, &after, slaves[1]);
    WORLD_UNTIL(&w, (before.ready & HANGUP) && (after.ready & HANGUP));
    assert_int_equal(before.ready & (READABLE | WRITABLE), READABLE | WRITABLE);
    assert_int_equal(after.ready & (READABLE | WRITABLE), READABLE | WRITABLE);
    world_settle(&w);
    assert_true(returns_in_200_ms(&w) <= RETURNS_MAX);
    side_finish(&w, &before);
    side_finish(&w, &after);
    world_close(&w);
}

/* Some files can be polled, and have nothing to wait in. */
static void a_file_that_is_always_ready_does_not_spin(void **state)
{
    int fd = open("/proc/sys/vm/swappiness", O_RDONLY | O_CLOEXEC);
    world w;
    side s;

    (void)state;
    if (fd < 0)
        skip(); /* a machine without /proc/sys */
    world_open(&w, (world_options){0});
    watch(&w, &s, fd);
    WORLD_UNTIL(&w, s.ready & READABLE);
    world_settle(&w);
    assert_true(returns_in_200_ms(&w) <= RETURNS_MAX);
    side_finish(&w, &s);
    world_close(&w);
}

/* ---- detach ---- */

static void detach_closes_or_keeps_as_it_was_told(void **state)
{
    world w;
    side kept, closed;
    int a[2], b[2];

    (void)state;
    world_open(&w, (world_options){0});
    for (int waits = 0; waits < 3; waits++) {
        make_pipe(a);
        make_pipe(b);
        watch_kept(&w, &kept, a[0]);
        watch(&w, &closed, b[0]);
        for (int i = 0; i < waits; i++)
            world_settle(&w);
        side_end(&w, &kept);
        side_end(&w, &closed);
        assert_true(is_open(a[0]));
        assert_false(is_open(b[0]));
        put(a[1], "x");
        assert_int_equal(read(a[0], (char[1]){0}, 1), 1);
        assert_int_equal(fcntl(a[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        (void)close(a[0]);
        (void)close(a[1]);
        (void)close(b[1]);
    }
    world_close(&w);
}

static void a_kept_descriptor_is_registered_nowhere_when_detach_returns(void **state)
{
    world w;
    side s;
    int ends[2];
    ssize_t n;

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    watch_kept(&w, &s, ends[0]);
    world_settle(&w);
    w.type->detach(w.driver, &s.slot);
    (void)close(ends[0]);
    n = write(ends[1], "x", 1); /* nobody has the other end open, no driver either */
    assert_int_equal(n, -1);
    assert_int_equal(errno, EPIPE);
    WORLD_UNTIL(&w, !s.attached);
    assert_string_equal(strchr(s.order, 'X'), "X");
    (void)close(ends[1]);
    world_close(&w);
}

static void after_detach_nothing_but_the_end_is_told(void **state)
{
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    for (int keep = 0; keep < 2; keep++) {
        make_pipe(ends);
        watch(&w, &s, ends[0]);
        s.slot.keep_fd = keep != 0;
        world_settle(&w);
        put(ends[1], "x"); /* on its way when it is detached */
        side_end(&w, &s);
        world_settle(&w);
        assert_string_equal(s.order, "X");
        if (keep != 0)
            (void)close(ends[0]);
        (void)close(ends[1]);
    }
    world_close(&w);
}

/* Both are ready in one batch, and what is told of the first detaches the second. */
static void a_slot_may_be_detached_between_the_events_of_one_batch(void **state)
{
    world w;
    side s[2];
    int ends[2][2];

    (void)state;
    world_open(&w, (world_options){0});
    w.events_max = 1;
    for (int round = 0; round < 10; round++) {
        side *first, *second;

        for (int i = 0; i < 2; i++) {
            make_pipe(ends[i]);
            watch(&w, &s[i], ends[i][0]);
            s[i].slot.keep_fd = round % 2 != 0;
        }
        world_settle(&w);
        put(ends[0][1], "x");
        put(ends[1][1], "x");
        WORLD_UNTIL(&w, s[0].events + s[1].events != 0);
        first = s[0].events != 0 ? &s[0] : &s[1];
        second = s[0].events != 0 ? &s[1] : &s[0];
        side_end(&w, second);
        assert_string_equal(second->order, "X");
        side_end(&w, first);
        for (int i = 0; i < 2; i++) {
            if (round % 2 != 0)
                (void)close(ends[i][0]);
            (void)close(ends[i][1]);
        }
    }
    world_close(&w);
}

/* pitfalls 4 and 6 */
static void the_heir_of_a_number_gets_no_event_of_its_former_owner(void **state)
{
    world w;
    side a, b, heir;
    int one[2], two[2], third[2];

    (void)state;
    world_open(&w, (world_options){0});
    w.events_max = 1;
    for (int round = 0; round < 10; round++) {
        side *first, *second;
        int number;

        make_pipe(one);
        make_pipe(two);
        watch_kept(&w, &a, one[0]);
        watch_kept(&w, &b, two[0]);
        world_settle(&w);
        put(one[1], "x");
        put(two[1], "x");
        WORLD_UNTIL(&w, a.events + b.events != 0);
        first = a.events != 0 ? &a : &b;
        second = a.events != 0 ? &b : &a;
        number = second->slot.fd;
        w.type->detach(w.driver, &second->slot);
        make_pipe(third);
        assert_int_equal(dup3(third[0], number, O_CLOEXEC), number);
        (void)close(third[0]);
        watch(&w, &heir, number);
        WORLD_UNTIL(&w, !second->attached);
        world_settle(&w);
        assert_int_equal(heir.events, 0);
        put(third[1], "x");
        WORLD_UNTIL(&w, heir.ready & READABLE);
        side_finish(&w, &heir);
        side_end(&w, first);
        (void)close(number == one[0] ? two[0] : one[0]);
        (void)close(one[1]);
        (void)close(two[1]);
        (void)close(third[1]);
    }
    world_close(&w);
}

/* pitfall 6 */
static void a_copy_of_the_descriptor_makes_no_events_after_detach(void **state)
{
    world w;
    side s;
    int ends[2], copy;

    (void)state;
    world_open(&w, (world_options){0});
    make_pipe(ends);
    copy = dup(ends[0]);
    watch(&w, &s, ends[0]);
    world_settle(&w);
    side_end(&w, &s);
    put(ends[1], "x");
    assert_true(returns_in_200_ms(&w) <= RETURNS_MAX);
    (void)close(ends[1]);
    assert_true(returns_in_200_ms(&w) <= RETURNS_MAX);
    (void)close(copy);
    world_close(&w);
}

/* A fault of the caller's, which must not become the driver's. */
static void a_descriptor_that_its_owner_has_closed_ends_all_the_same(void **state)
{
    world w;
    side s, other;
    int ends[2], more[2];

    (void)state;
    world_open(&w, (world_options){0});
    for (int waits = 0; waits < 2; waits++) {
        make_pipe(ends);
        make_pipe(more);
        watch(&w, &other, more[0]);
        watch_kept(&w, &s, ends[0]);
        if (waits != 0)
            world_settle(&w);
        (void)close(ends[0]);
        put(more[1], "x");
        WORLD_UNTIL(&w, other.ready & READABLE);
        assert_true(returns_in_200_ms(&w) <= RETURNS_MAX);
        side_end(&w, &s);
        side_finish(&w, &other);
        (void)close(ends[1]);
        (void)close(more[1]);
    }
    world_close(&w);
}

static void a_slot_used_again_and_again_gets_its_own_readiness(void **state)
{
    enum { ROUNDS = 1000 };
    world w;
    side s;
    int ends[2];

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < ROUNDS; i++) {
        make_pipe(ends);
        watch(&w, &s, ends[0]);
        s.slot.keep_fd = i % 2 != 0;
        if (i % 3 == 0)
            (void)world_wait(&w, 0);
        if (i % 5 != 0) {
            put(ends[1], "x");
            WORLD_UNTIL(&w, s.ready != 0);
            assert_int_equal(s.ready, READABLE);
        }
        side_end(&w, &s);
        if (i % 2 != 0)
            (void)close(ends[0]);
        (void)close(ends[1]);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_polled_is_refused_and_stays_the_callers),
        cmocka_unit_test(a_descriptor_that_is_none_is_refused),
        cmocka_unit_test(a_descriptor_is_attached_once_and_again_after_its_end),
        cmocka_unit_test(a_copy_of_the_descriptor_can_be_attached_beside_it),
        cmocka_unit_test(attach_without_memory_fails_and_leaves_nothing),
        cmocka_unit_test(another_epoll_instance_can_be_watched),
        cmocka_unit_test(another_driver_can_be_watched),
        cmocka_unit_test(a_hangup_that_nobody_reads_does_not_spin),
        cmocka_unit_test(readiness_that_nobody_takes_does_not_spin),
        cmocka_unit_test(a_terminal_that_was_hung_up_is_told_and_does_not_spin),
        cmocka_unit_test(a_file_that_is_always_ready_does_not_spin),
        cmocka_unit_test(detach_closes_or_keeps_as_it_was_told),
        cmocka_unit_test(a_kept_descriptor_is_registered_nowhere_when_detach_returns),
        cmocka_unit_test(after_detach_nothing_but_the_end_is_told),
        cmocka_unit_test(a_slot_may_be_detached_between_the_events_of_one_batch),
        cmocka_unit_test(the_heir_of_a_number_gets_no_event_of_its_former_owner),
        cmocka_unit_test(a_copy_of_the_descriptor_makes_no_events_after_detach),
        cmocka_unit_test(a_descriptor_that_its_owner_has_closed_ends_all_the_same),
        cmocka_unit_test(a_slot_used_again_and_again_gets_its_own_readiness),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
