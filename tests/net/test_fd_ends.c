/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_fd_ends.c - foreign descriptors: who is registered and who is refused, and all the ways to
 * go: while somebody waits, within an event, with the loop.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/un.h>

#include "../support/net.h"
#include "fd_world.h"

static int try_new(eddy_core *core, int number)
{
    eddy_fd *fd = NULL;
    int error = eddy_fd_new(eddy_core_handle(core), number, NULL, &fd);

    assert_true((error == 0) == (fd != NULL));
    eddy_fd_free(fd);
    return error;
}

static eddy_fd *new_owned(eddy_core *core, int number)
{
    const eddy_fd_options options = {.size_bytes = sizeof options, .own = true};
    eddy_fd *fd = NULL;

    assert_int_equal(eddy_fd_new(eddy_core_handle(core), number, &options, &fd), 0);
    return fd;
}

static void close_both(int ends[2])
{
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
}

/* ---- registering ---- */

static void what_cannot_be_polled_is_refused_and_stays_the_callers(void **state)
{
    char path[] = "/tmp/eddy-fd-XXXXXX";
    int file = mkstemp(path), null = open("/dev/null", O_RDWR | O_CLOEXEC);
    eddy_core *core = test_core();
    const eddy_fd_options strange = {.size_bytes = 3, .own = true};
    eddy_fd *fd = NULL;
    int none;

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(try_new(core, file), -EPERM);
    assert_int_equal(try_new(core, null), -EPERM);
    none = dup(file);
    (void)close(none);
    assert_int_equal(try_new(core, none), -EBADF);
    assert_int_equal(try_new(core, -1), -EBADF);
    assert_int_equal(eddy_fd_new(eddy_core_handle(core), file, &strange, &fd), -EINVAL);
    assert_int_equal(close(file), 0);
    assert_int_equal(close(null), 0);
    test_core_end(core);
}

/* mio: double register fails; deregister and register again works. */
static void a_descriptor_is_registered_once_and_again_when_it_is_free(void **state)
{
    eddy_core *core = test_core();
    eddy_fd *fd;
    int ends[2];

    (void)state;
    fd_pipe(ends);
    fd_put(ends[1], "x");
    for (int i = 0; i < 5; i++) {
        fd = fd_new(core, ends[0]);
        assert_int_equal(try_new(core, ends[0]), -EEXIST);
        if (i % 2 == 0)
            assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
        eddy_fd_free(fd);
    }
    close_both(ends);
    test_core_end(core);
}

/* Unlike mio, where an object belongs to the first poll it was registered with. */
static void two_loops_may_have_one_descriptor(void **state)
{
    eddy_core *cores[2] = {test_core(), test_core()};
    eddy_fd *fds[2];
    int ends[2];

    (void)state;
    fd_pipe(ends);
    for (int i = 0; i < 2; i++)
        fds[i] = fd_new(cores[i], ends[0]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fd_now(cores[i], fds[i], EDDY_FD_READABLE), 0);
    fd_put(ends[1], "x");
    for (int i = 0; i < 2; i++)
        assert_int_equal(fd_until(cores[i], fds[i], EDDY_FD_READABLE), EDDY_FD_READABLE);
    for (int i = 0; i < 2; i++) {
        eddy_fd_free(fds[i]);
        test_core_end(cores[i]);
    }
    close_both(ends);
}

/* ---- owned or not ---- */

static void it_is_closed_only_if_it_is_owned(void **state)
{
    eddy_core *core = test_core();
    int a[2], b[2];

    (void)state;
    fd_pipe(a);
    fd_pipe(b);
    eddy_fd_free(fd_new(core, a[0]));
    eddy_fd_free(new_owned(core, b[0]));
    (void)test_settle(core);
    assert_true(fd_is_open(a[0]));
    assert_false(fd_is_open(b[0]));
    close_both(a);
    (void)close(b[1]);
    eddy_fd_free(NULL);
    test_core_end(core);
}

static void what_is_taken_back_is_open_whoever_owned_it(void **state)
{
    eddy_core *core = test_core();
    int a[2], b[2];
    eddy_fd *fd;

    (void)state;
    fd_pipe(a);
    fd_pipe(b);
    fd = new_owned(core, a[0]);
    assert_int_equal(eddy_fd_number(fd), a[0]);
    (void)test_settle(core);
    assert_int_equal(eddy_fd_into_fd(fd), a[0]);
    assert_int_equal(eddy_fd_into_fd(fd_new(core, b[0])), b[0]);
    (void)test_settle(core);
    assert_true(fd_is_open(a[0]));
    assert_true(fd_is_open(b[0]));
    assert_int_equal(try_new(core, a[0]), 0);
    close_both(a);
    close_both(b);
    test_core_end(core);
}

/* mio: deregister, then no more events; pitfall 6: nobody holds it open. */
static void one_that_was_freed_may_be_closed_at_once_and_the_peer_sees_the_end(void **state)
{
    eddy_core *core = test_core();
    char byte;
    int ends[2];
    eddy_fd *fd;

    (void)state;
    fd_pair(ends);
    fd = fd_new(core, ends[0]);
    assert_int_equal(fd_until(core, fd, EDDY_FD_WRITABLE), EDDY_FD_WRITABLE);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    assert_int_equal(read(ends[1], &byte, 1), 0);
    (void)close(ends[1]);
    test_core_end(core);
}

/* ---- while somebody waits ---- */

static void a_task_that_waits_can_be_dropped_and_then_it_is_freed(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join;
    int ends[2];
    eddy_fd *fd;

    (void)state;
    fd_pipe(ends);
    fd = fd_new(core, ends[0]);
    for (int i = 0; i < 3; i++) {
        join = test_spawn_join(core, fd_wait, .fd = fd, .mask = EDDY_FD_READABLE);
        (void)test_settle(core);
        eddy_join_abort(join);
        eddy_join_free(join);
    }
    eddy_fd_free(fd);
    fd_put(ends[1], "x");
    for (int i = 0; i < 5; i++)
        (void)eddy_core_turn(core, EDDY_MILLISECOND);
    close_both(ends);
    test_core_end(core);
}

/* What a library does that closes its socket whenever it likes. */
static void let_go_ends_all_waits_and_the_registration_at_once(void **state)
{
    eddy_core *core = test_core();
    eddy_join *reader, *writer;
    char byte;
    int ends[2];
    eddy_fd *fd;

    (void)state;
    for (int owned = 0; owned < 2; owned++) {
        fd_pair(ends);
        fd_fill(ends[0]);
        fd = owned != 0 ? new_owned(core, ends[0]) : fd_new(core, ends[0]);
        reader = test_spawn_join(core, fd_wait, .fd = fd, .mask = EDDY_FD_READABLE);
        writer = test_spawn_join(core, fd_wait, .fd = fd, .mask = EDDY_FD_WRITABLE);
        for (int i = 0; i < 3; i++)
            (void)eddy_core_turn(core, EDDY_MILLISECOND);
        eddy_fd_let_go(fd);
        eddy_fd_let_go(fd);
        assert_int_equal(try_new(core, ends[0]), 0); /* nobody has it */
        assert_int_equal(close(ends[0]), 0);
        (void)fd_drain(ends[1]);
        assert_int_equal(read(ends[1], &byte, 1), 0);
        assert_int_equal(test_join_end(core, reader), -EBADF);
        assert_int_equal(test_join_end(core, writer), -EBADF);
        assert_int_equal(fd_until(core, fd, EDDY_FD_PRIORITY), -EBADF);
        (void)test_settle(core);
        eddy_fd_free(fd);
        (void)close(ends[1]);
    }
    test_core_end(core);
}

/* Its task has been asked for at the same moment; and the object outlives the loop. */
static void let_go_is_allowed_when_it_is_ready_and_after_the_loop(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join;
    int ends[2];
    eddy_fd *fd;

    (void)state;
    fd_pipe(ends);
    fd_put(ends[1], "x");
    fd = fd_new(core, ends[0]);
    join = test_spawn_join(core, fd_wait, .fd = fd, .mask = EDDY_FD_READABLE);
    for (int i = 0; i < 3; i++)
        (void)eddy_core_turn(core, EDDY_MILLISECOND);
    eddy_fd_let_go(fd);
    assert_int_equal(test_join_end(core, join), EDDY_FD_READABLE);
    assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), -EBADF);
    test_core_end(core);
    eddy_fd_let_go(fd);
    assert_int_equal(eddy_fd_into_fd(fd), ends[0]);
    close_both(ends);
}

/* Waits on both sides, is woken for one, and frees it though its other wait is armed. */
struct freeing {
    EDDY_FRAME;
    eddy_fd *fd;
    eddy_fd *other; /* freed, too; nobody waits for it */
};

static eddy_result freeing_poll(eddy_future *frame, eddy_task *task)
{
    struct freeing *self = (struct freeing *)(void *)frame;
    eddy_result out = eddy_fd_poll_ready(self->fd, task, EDDY_FD_PRIORITY | EDDY_FD_WRITABLE);
    eddy_result in = eddy_fd_poll_ready(self->fd, task, EDDY_FD_READABLE);

    assert_int_equal(out, EDDY_PENDING);
    if (in == EDDY_PENDING)
        return in;
    eddy_fd_free(self->fd);
    eddy_fd_free(self->other);
    return in;
}

static const eddy_type freeing_type = {freeing_poll, fd_wait_done, sizeof(struct freeing),
                                       "freeing", NULL};

/* Both are told in one turn; the one whose task comes first removes itself and the other. */
static void it_is_removed_inside_its_own_event_and_inside_that_of_another(void **state)
{
    eddy_core *core = test_core();
    int a[2], b[2];
    eddy_fd *first, *second;

    (void)state;
    for (int i = 0; i < 4; i++) {
        eddy_join *join;

        fd_pair(a);
        fd_pair(b);
        fd_fill(a[0]);
        first = fd_new(core, a[0]);
        second = i % 2 == 0 ? fd_new(core, b[0]) : new_owned(core, b[0]);
        join = test_spawn_join(core, freeing, .fd = first, .other = second);
        for (int turn = 0; turn < 3; turn++)
            (void)eddy_core_turn(core, EDDY_MILLISECOND);
        if (i >= 2) {
            fd_put(b[1], "x");
            fd_put(a[1], "x");
        } else {
            fd_put(a[1], "x");
            fd_put(b[1], "x");
        }
        assert_int_equal(test_join_end(core, join), EDDY_FD_READABLE);
        (void)test_settle(core);
        close_both(a);
        if (i % 2 == 0)
            (void)close(b[0]);
        (void)close(b[1]);
    }
    test_core_end(core);
}

/* pitfall 4: the number is another's before the event of its former owner is looked at. */
static void the_heir_of_a_number_is_not_told_what_was_its_former_owners(void **state)
{
    eddy_core *core = test_core();
    int old[2], new[2];
    eddy_fd *fd;

    (void)state;
    for (int i = 0; i < 20; i++) {
        int number;

        fd_pipe(old);
        fd = fd_new(core, old[0]);
        (void)test_settle(core);
        fd_put(old[1], "x");
        if (i % 2 == 0)
            (void)eddy_core_turn(core, 0);
        number = eddy_fd_into_fd(fd);
        fd_pipe(new);
        assert_int_equal(dup3(new[0], number, O_CLOEXEC), number);
        (void)close(new[0]);
        fd = fd_new(core, number);
        assert_int_equal(fd_now(core, fd, EDDY_FD_READABLE), 0);
        fd_put(new[1], "x");
        assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
        eddy_fd_free(fd);
        (void)close(number);
        (void)close(new[1]);
        (void)close(old[1]);
    }
    test_core_end(core);
}

/* A fault of the owner's, which ends no other. */
static void one_that_its_owner_closed_first_can_still_be_freed(void **state)
{
    eddy_core *core = test_core();
    int ends[2];
    eddy_fd *fd;

    (void)state;
    for (int i = 0; i < 2; i++) {
        fd_pipe(ends);
        fd = fd_new(core, ends[0]);
        if (i == 0)
            (void)test_settle(core);
        (void)close(ends[0]);
        for (int turn = 0; turn < 5; turn++)
            (void)eddy_core_turn(core, EDDY_MILLISECOND);
        eddy_fd_free(fd);
        (void)test_settle(core);
        (void)close(ends[1]);
    }
    test_core_end(core);
}

/* ---- with the loop ---- */

static void held_beyond_the_loop_it_is_closed_if_owned_and_safe_to_free(void **state)
{
    eddy_core *core = test_core();
    int a[2], b[2], c[2];
    eddy_fd *kept, *owned, *taken;

    (void)state;
    fd_pipe(a);
    fd_pipe(b);
    fd_pipe(c);
    kept = fd_new(core, a[0]);
    owned = new_owned(core, b[0]);
    taken = new_owned(core, c[0]);
    (void)test_settle(core);
    test_core_end(core);
    assert_true(fd_is_open(a[0]));
    assert_false(fd_is_open(b[0]));
    eddy_fd_clear(kept, EDDY_FD_READABLE);
    assert_int_equal(eddy_fd_into_fd(kept), a[0]);
    eddy_fd_free(owned);
    assert_int_equal(eddy_fd_into_fd(taken), EDDY_LOOP_GONE);
    close_both(a);
    (void)close(b[1]);
    (void)close(c[1]);
}

/* A loop whose thread has ended, with descriptors in it; another thread frees it. */
struct left {
    eddy_core *core;
    eddy_fd *kept, *owned;
    int a, b;
};

static void *leave_a_loop(void *arg)
{
    struct left *left = arg;

    left->core = test_core();
    left->kept = fd_new(left->core, left->a);
    left->owned = new_owned(left->core, left->b);
    (void)eddy_core_turn(left->core, 0);
    return NULL;
}

static void one_that_is_not_owned_is_left_open_by_whoever_frees_the_loop(void **state)
{
    struct left left;
    int a[2], b[2];
    pthread_t thread;

    (void)state;
    fd_pipe(a);
    fd_pipe(b);
    left = (struct left){.a = a[0], .b = b[0]};
    assert_int_equal(pthread_create(&thread, NULL, leave_a_loop, &left), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)eddy_core_free(left.core);
    assert_true(fd_is_open(a[0]));
    assert_false(fd_is_open(b[0]));
    eddy_fd_free(left.kept);
    eddy_fd_free(left.owned);
    assert_true(fd_is_open(a[0]));
    close_both(a);
    (void)close(b[1]);
}

struct late {
    EDDY_FRAME;
    eddy_fd *fd;
    eddy_handle *handle;
    int number;
};

/* Runs as the loop ends: it may free, and may not register. */
static void late_done(struct late *self)
{
    eddy_fd *another = NULL;

    eddy_fd_free(self->fd);
    assert_int_equal(eddy_fd_new(self->handle, self->number, NULL, &another), EDDY_LOOP_GONE);
}

EDDY_ASYNC(late, late_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_fd_poll_readable(self->fd, task));
        EDDY_END(n);
}

static void a_task_that_ends_with_the_loop_may_free_it_and_registers_no_more(void **state)
{
    eddy_core *core = test_core();
    int ends[2];

    (void)state;
    fd_pipe(ends);
    test_spawn(core, late, .fd = fd_new(core, ends[0]), .handle = eddy_core_handle(core),
               .number = ends[0]);
    (void)test_settle(core);
    test_core_end(core);
    close_both(ends);
}

/* ---- a receiver without room ---- */

struct sender {
    EDDY_FRAME;
    eddy_fd *fd;
    int *tries, *sent;
};

EDDY_ASYNC(sender, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_fd_poll_writable(self->fd, task));
            if (n < 0)
                break;
            ++*self->tries;
            if (send(eddy_fd_number(self->fd), "x", 1, MSG_NOSIGNAL) == 1)
                ++*self->sent;
            else
                eddy_fd_clear(self->fd, EDDY_FD_WRITABLE);
        }
        EDDY_END(n);
}

/* Of a name that the sender is connected to, and that is not connected back. */
static void datagram_ends(int ends[2])
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t size = sizeof name;

    for (int i = 0; i < 2; i++) {
        ends[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(ends[i] >= 0);
    }
    assert_int_equal(bind(ends[0], (struct sockaddr *)&name, sizeof name.sun_family), 0);
    assert_int_equal(getsockname(ends[0], (struct sockaddr *)&name, &size), 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&name, size), 0);
}

static void who_tries_in_vain_does_not_wake_himself(void **state)
{
    eddy_core *core = test_core();
    int ends[2], tries = 0, sent = 0, before;
    eddy_fd *fd;

    (void)state;
    datagram_ends(ends);
    fd = fd_new(core, ends[1]);
    test_spawn(core, sender, .fd = fd, .tries = &tries, .sent = &sent);
    (void)test_settle(core);
    assert_true(sent > 0);
    before = tries;
    for (int i = 0; i < 100; i++)
        (void)eddy_core_turn(core, 0);
    assert_in_range(tries - before, 0, 2);
    before = sent;
    assert_true(fd_drain(ends[0]) > 0);
    test_until_count(core, &sent, 2 * before); /* there is room again */
    assert_int_equal(sent, 2 * before);
    assert_int_equal(eddy_core_free(core), 0);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_tries_in_vain_does_not_wake_himself),
        cmocka_unit_test(what_cannot_be_polled_is_refused_and_stays_the_callers),
        cmocka_unit_test(a_descriptor_is_registered_once_and_again_when_it_is_free),
        cmocka_unit_test(two_loops_may_have_one_descriptor),
        cmocka_unit_test(it_is_closed_only_if_it_is_owned),
        cmocka_unit_test(what_is_taken_back_is_open_whoever_owned_it),
        cmocka_unit_test(one_that_was_freed_may_be_closed_at_once_and_the_peer_sees_the_end),
        cmocka_unit_test(a_task_that_waits_can_be_dropped_and_then_it_is_freed),
        cmocka_unit_test(let_go_ends_all_waits_and_the_registration_at_once),
        cmocka_unit_test(let_go_is_allowed_when_it_is_ready_and_after_the_loop),
        cmocka_unit_test(it_is_removed_inside_its_own_event_and_inside_that_of_another),
        cmocka_unit_test(the_heir_of_a_number_is_not_told_what_was_its_former_owners),
        cmocka_unit_test(one_that_its_owner_closed_first_can_still_be_freed),
        cmocka_unit_test(held_beyond_the_loop_it_is_closed_if_owned_and_safe_to_free),
        cmocka_unit_test(one_that_is_not_owned_is_left_open_by_whoever_frees_the_loop),
        cmocka_unit_test(a_task_that_ends_with_the_loop_may_free_it_and_registers_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
