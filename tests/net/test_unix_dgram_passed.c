/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_unix_dgram_passed.c - descriptors and credentials that go with a message: each descriptor that
 * comes is given or closed, whatever the receiver has asked for.
 */
#include "dgrams.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../support/death.h"

enum { PIPES = 4 };

struct world {
    eddy_core *core;
    eddy_dgram *a, *b;
    int pipes[PIPES][2];
    int fds; /* open before anything is passed */
};

static void begin(struct world *world, eddy_unix_type type)
{
    *world = (struct world){.core = test_core()};
    assert_int_equal(
        eddy_unix_dgram_pair(eddy_core_handle(world->core), type, &world->a, &world->b), 0);
    for (int i = 0; i < PIPES; i++)
        assert_int_equal(pipe(world->pipes[i]), 0);
    test_settle(world->core);
    world->fds = test_open_fds();
}

static void end(struct world *world)
{
    assert_int_equal(test_open_fds(), world->fds);
    for (int i = 0; i < PIPES; i++) {
        close(world->pipes[i][0]);
        close(world->pipes[i][1]);
    }
    eddy_dgram_free(world->a);
    eddy_dgram_free(world->b);
    test_core_end(world->core);
}

/* "!" and the writing ends of `count` pipes. */
static eddy_result send_pipes(struct world *world, int count)
{
    int fds[PIPES];
    eddy_passed passed = {.fds = fds, .count = (size_t)count};
    eddy_datagram datagram = {.data = "!", .len = 1, .passed = &passed};

    for (int i = 0; i < count; i++)
        fds[i] = world->pipes[i][1];
    return dg_send_many(world->core, world->a, &datagram, 1);
}

static eddy_datagram recv_passed(struct world *world, eddy_passed *passed)
{
    static char memory[8];
    eddy_datagram datagram = {.data = memory, .room = sizeof memory, .passed = passed};

    assert_int_equal(dg_recv_many(world->core, world->b, &datagram, 1), 1);
    assert_int_equal(datagram.len, 1);
    return datagram;
}

/* What is written into it comes out of the pipe. */
static void check_pipe(struct world *world, int at, int fd)
{
    char byte = 0;

    assert_int_equal(write(fd, "w", 1), 1);
    assert_int_equal(read(world->pipes[at][0], &byte, 1), 1);
    assert_int_equal(byte, 'w');
    close(fd);
}

static void check_passing(eddy_unix_type type)
{
    struct world world;
    int fds[PIPES];
    eddy_passed passed = {.fds = fds, .room = PIPES};
    eddy_datagram datagram;

    begin(&world, type);
    assert_int_equal(send_pipes(&world, 3), 1);
    datagram = recv_passed(&world, &passed);
    assert_int_equal(datagram.flags, 0);
    assert_int_equal(passed.count, 3);
    assert_false(passed.has_credentials);
    for (int i = 0; i < 3; i++)
        check_pipe(&world, i, fds[i]);
    assert_int_equal(send_pipes(&world, 0), 1); /* none */
    datagram = recv_passed(&world, &passed);
    assert_int_equal(passed.count, 0);
    end(&world);
}

static void descriptors_are_passed_and_work(void **state)
{
    (void)state;
    check_passing(EDDY_UNIX_DATAGRAM);
    check_passing(EDDY_UNIX_SEQPACKET);
}

static void passed_descriptors_are_closed_by_an_exec(void **state)
{
    struct world world;
    int fd;
    eddy_passed passed = {.fds = &fd, .room = 1};

    (void)state;
    begin(&world, EDDY_UNIX_DATAGRAM);
    assert_int_equal(send_pipes(&world, 1), 1);
    (void)recv_passed(&world, &passed);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    close(fd);
    end(&world);
}

static void what_there_is_no_room_for_is_closed_and_told(void **state)
{
    struct world world;
    int fds[PIPES] = {-1, -1, -1, -1};

    (void)state;
    for (size_t room = 0; room < PIPES; room++) {
        eddy_passed passed = {.fds = fds, .room = room};
        eddy_datagram datagram;

        begin(&world, EDDY_UNIX_SEQPACKET);
        assert_int_equal(send_pipes(&world, PIPES), 1);
        datagram = recv_passed(&world, &passed);
        assert_int_equal(datagram.flags, EDDY_DATAGRAM_PASSED_CUT);
        assert_int_equal(passed.count, room);
        for (size_t i = 0; i < room; i++)
            check_pipe(&world, (int)i, fds[i]);
        end(&world);
    }
}

/* With time and credentials beside them, just those come that were asked for: the system closes the
 * others itself, and only its word tells of them. */
static void what_the_system_has_no_room_for_is_told(void **state)
{
    struct world world;
    int fd = -1;
    eddy_passed passed = {.fds = &fd, .room = 1};
    eddy_datagram datagram;

    (void)state;
    begin(&world, EDDY_UNIX_SEQPACKET);
    assert_int_equal(eddy_dgram_set_tell_credentials(world.b, true), 0);
    assert_int_equal(send_pipes(&world, PIPES), 1);
    datagram = recv_passed(&world, &passed);
    assert_int_equal(datagram.flags, EDDY_DATAGRAM_PASSED_CUT);
    assert_int_equal(passed.count, 1);
    assert_true(passed.has_credentials);
    check_pipe(&world, 0, fd);
    end(&world);
}

/* Neither by the call that could have, nor by the one that cannot. */
static void what_nobody_asked_for_is_closed(void **state)
{
    struct world world;
    char memory[8];

    (void)state;
    begin(&world, EDDY_UNIX_DATAGRAM);
    assert_int_equal(send_pipes(&world, 2), 1);
    assert_int_equal(recv_passed(&world, NULL).flags, EDDY_DATAGRAM_PASSED_CUT);
    assert_int_equal(send_pipes(&world, PIPES), 1);
    assert_int_equal(dg_recv(world.core, world.b, memory, sizeof memory, NULL), 1);
    assert_int_equal(send_pipes(&world, 1), 1);
    assert_int_equal(dg_recv(world.core, world.b, memory, 0, NULL), -EMSGSIZE);
    end(&world);
}

/* A system may pass a descriptor of its own making: of the process that sent it. */
static void what_somebody_else_asked_for_is_closed(void **state)
{
    eddy_core *core = test_core();
    eddy_dgram *dgram;
    char memory[2];
    int fds[2], open, on = 1;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    /* Older systems know no such option, and then nothing is passed. */
    (void)setsockopt(fds[0], SOL_SOCKET, 76 /* SO_PASSPIDFD */, &on, sizeof on);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), fds[0], &dgram), 0);
    test_settle(core);
    open = test_open_fds();
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(dg_recv(core, dgram, memory, sizeof memory, NULL), 1);
    assert_int_equal(test_open_fds(), open);
    eddy_dgram_free(dgram);
    close(fds[1]);
    test_core_end(core);
}

static void what_is_never_received_goes_with_the_socket(void **state)
{
    struct world world;
    char byte;

    (void)state;
    begin(&world, EDDY_UNIX_DATAGRAM);
    assert_int_equal(send_pipes(&world, 1), 1);
    eddy_dgram_free(world.a);
    eddy_dgram_free(world.b);
    test_until_fds(world.core, world.fds - 2);
    world.fds = world.fds - 2;
    world.a = world.b = NULL;
    close(world.pipes[0][1]);
    assert_int_equal(read(world.pipes[0][0], &byte, 1), 0); /* nobody has the other end */
    assert_int_equal(dup2(world.pipes[1][1], world.pipes[0][1]), world.pipes[0][1]);
    end(&world);
}

static void too_many_are_refused(void **state)
{
    static int fds[EDDY_PASSED_MAX + 1];
    struct world world;
    eddy_passed passed = {.fds = fds, .count = EDDY_PASSED_MAX + 1};
    eddy_datagram datagram = {.data = "!", .len = 1, .passed = &passed};

    (void)state;
    begin(&world, EDDY_UNIX_DATAGRAM);
    for (size_t i = 0; i <= EDDY_PASSED_MAX; i++)
        fds[i] = world.pipes[0][0];
    assert_int_equal(dg_send_many(world.core, world.a, &datagram, 1), -EINVAL);
    passed.count = EDDY_PASSED_MAX;
    assert_int_equal(dg_send_many(world.core, world.a, &datagram, 1), 1);
    passed = (eddy_passed){.fds = fds, .room = EDDY_PASSED_MAX + 1};
    assert_int_equal(recv_passed(&world, &passed).flags, 0);
    assert_int_equal(passed.count, EDDY_PASSED_MAX);
    for (size_t i = 0; i < EDDY_PASSED_MAX; i++)
        close(fds[i]);
    fds[0] = -1;
    passed = (eddy_passed){.fds = fds, .count = 1};
    assert_int_equal(dg_send_many(world.core, world.a, &datagram, 1), -EBADF);
    end(&world);
}

static void credentials_tell_who_sent_it(void **state)
{
    struct world world;
    int fds[2];
    eddy_passed passed = {.fds = fds, .room = 2};
    char memory[8];

    (void)state;
    begin(&world, EDDY_UNIX_DATAGRAM);
    assert_int_equal(eddy_dgram_set_tell_credentials(world.b, true), 0);
    assert_int_equal(send_pipes(&world, 2), 1);
    assert_int_equal(recv_passed(&world, &passed).flags, 0);
    assert_true(passed.has_credentials);
    assert_int_equal(passed.credentials.pid, getpid());
    assert_int_equal(passed.credentials.uid, getuid());
    assert_int_equal(passed.credentials.gid, getgid());
    assert_int_equal(passed.count, 2);
    check_pipe(&world, 0, fds[0]);
    check_pipe(&world, 1, fds[1]);
    assert_int_equal(dg_send(world.core, world.a, "x", 1, NULL), 1);
    assert_int_equal(dg_recv(world.core, world.b, memory, sizeof memory, NULL), 1);
    assert_int_equal(eddy_dgram_set_tell_credentials(world.b, false), 0);
    assert_int_equal(send_pipes(&world, 0), 1);
    (void)recv_passed(&world, &passed);
    assert_false(passed.has_credentials);
    end(&world);
}

/* ---- beside a byte stream ---- */

static void a_byte_stream_passes_descriptors_too(void **state)
{
    struct world world;
    int ends[2], fd;
    eddy_passed passed = {.fds = &fd, .room = 1};
    eddy_dgram *a, *b;
    char memory[8];

    (void)state;
    begin(&world, EDDY_UNIX_DATAGRAM);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(world.core), ends[0], &a), 0);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(world.core), ends[1], &b), 0);
    eddy_dgram_free(world.a);
    eddy_dgram_free(world.b);
    world.a = a;
    world.b = b;
    test_until_fds(world.core, world.fds);
    assert_int_equal(send_pipes(&world, 1), 1);
    (void)recv_passed(&world, &passed);
    assert_int_equal(passed.count, 1);
    check_pipe(&world, 0, fd);
    assert_int_equal(dg_send(world.core, a, "bytes", 5, NULL), 5);
    assert_int_equal(dg_recv(world.core, b, memory, 2, NULL), 2); /* the rest is not lost */
    assert_int_equal(dg_recv(world.core, b, memory, 8, NULL), 3);
    assert_int_equal(dg_send(world.core, a, "", 0, NULL), -EINVAL); /* that would be nothing */
    eddy_dgram_free(a);
    world.a = NULL;
    test_settle(world.core);
    assert_int_equal(dg_recv(world.core, b, memory, 8, NULL), EDDY_CLOSED);
    test_until_fds(world.core, world.fds - 1);
    world.fds--;
    end(&world);
}

/* What a stream has room for is taken, and told. */
static void a_byte_stream_takes_a_part(void **state)
{
    enum { LARGE = 4 * 1024 * 1024 };
    static char large[LARGE];
    eddy_core *core = test_core();
    eddy_dgram *a, *b;
    eddy_result sent;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), ends[0], &a), 0);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), ends[1], &b), 0);
    sent = dg_send(core, a, large, LARGE, NULL);
    assert_true(sent > 0 && sent < LARGE);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

/* ---- mistakes ---- */

static void pass_over_udp(void *arg)
{
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *dgram = dg_bind(core, &at);
    eddy_passed passed = {.count = 0};
    eddy_datagram datagram = {.data = "x", .len = 1, .peer = at, .passed = &passed};

    (void)arg;
    (void)dg_send_many(core, dgram, &datagram, 1);
}

static void descriptors_do_not_go_over_the_network(void **state)
{
    (void)state;
    assert_dies(pass_over_udp, NULL, "to carry descriptors");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_passed_and_work),
        cmocka_unit_test(passed_descriptors_are_closed_by_an_exec),
        cmocka_unit_test(what_there_is_no_room_for_is_closed_and_told),
        cmocka_unit_test(what_the_system_has_no_room_for_is_told),
        cmocka_unit_test(what_nobody_asked_for_is_closed),
        cmocka_unit_test(what_somebody_else_asked_for_is_closed),
        cmocka_unit_test(what_is_never_received_goes_with_the_socket),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(credentials_tell_who_sent_it),
        cmocka_unit_test(a_byte_stream_passes_descriptors_too),
        cmocka_unit_test(a_byte_stream_takes_a_part),
        cmocka_unit_test(descriptors_do_not_go_over_the_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
