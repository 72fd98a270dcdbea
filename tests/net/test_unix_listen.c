/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_unix_listen.c - listening at a name, and the file that a path is: a stale one is reported, and
 * replaced on request only; one that lives never; our own is removed in the end, another's never.
 */
#include "unixes.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

#define REPLACE                                                                                    \
    (eddy_unix_listen_options)                                                                     \
    {                                                                                              \
        .size_bytes = sizeof(eddy_unix_listen_options), .replace_stale = true                      \
    }

static int try_listen(eddy_core *core, const eddy_unix_addr *addr, eddy_unix_listen_options options,
                      eddy_listener **out)
{
    return eddy_unix_listen(eddy_core_handle(core), addr, &options, out);
}

static int is_stale(eddy_core *core, const eddy_unix_addr *addr)
{
    return eddy_unix_is_stale(eddy_core_handle(core), addr);
}

/* Somebody is served there. */
static void expect_service(eddy_core *core, eddy_listener *listener, const eddy_unix_addr *addr)
{
    eddy_unix *client = connect_to(core, addr);
    eddy_tcp *served = test_accept(core, listener);

    assert_int_equal(test_write(core, client, "hello", 5), 5);
    test_expect(core, served, "hello", 5);
    eddy_tcp_free(client);
    eddy_tcp_free(served);
}

static void leave_stale(const eddy_unix_addr *addr)
{
    close(raw_bound(addr, SOCK_STREAM, 1));
}

/* ---- names ---- */

static void a_listener_tells_its_name(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr path = at_path("name"), abstract, name;
    eddy_listener *listener = listener_at(core, &path);

    (void)state;
    assert_int_equal(eddy_unix_listener_name(listener, &name), 0);
    assert_true(eddy_unix_addr_equal(&name, &path));
    eddy_listener_free(listener);
    assert_int_equal(eddy_unix_addr_abstract("eddy\0test", 9, &abstract), 0);
    abstract.name[4] = (char)getpid(); /* several tests may run at once */
    abstract.name[5] = (char)(getpid() >> 8);
    listener = listener_at(core, &abstract);
    assert_int_equal(eddy_unix_listener_name(listener, &name), 0);
    assert_true(eddy_unix_addr_equal(&name, &abstract));
    expect_service(core, listener, &abstract);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void a_listener_without_a_name_is_given_an_abstract_one(void **state)
{
    const eddy_unix_addr none = {0};
    eddy_core *core = test_core();
    eddy_listener *listener = listener_at(core, &none);
    eddy_unix_addr name;

    (void)state;
    assert_int_equal(eddy_unix_listener_name(listener, &name), 0);
    assert_int_equal(name.kind, EDDY_UNIX_ABSTRACT);
    assert_true(name.len > 0);
    expect_service(core, listener, &name);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void a_tcp_listener_has_no_unix_name(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name;
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);

    (void)state;
    assert_int_equal(eddy_unix_listener_name(listener, &name), -EAFNOSUPPORT);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    const size_t size = sizeof(eddy_unix_listen_options);
    const eddy_unix_listen_options bad[] = {
        {.size_bytes = 3},
        {.size_bytes = size, .backlog = -1},
        {.size_bytes = size, .accept_max = 65537},
        {.size_bytes = size, .mode = 010000},
    };
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("bad");
    eddy_listener *listener;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(try_listen(core, &addr, bad[i], &listener), -EINVAL);
    assert_false(is_there("bad"));
    addr = at_path("no/such/folder");
    assert_int_equal(eddy_unix_listen(eddy_core_handle(core), &addr, NULL, &listener), -ENOENT);
    test_core_end(core);
}

static void the_path_has_the_permissions_asked_for_whatever_the_umask_is(void **state)
{
    static const uint32_t modes[] = {0600, 0660, 0777, 0640};
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("mode");
    mode_t before = umask(027);

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        eddy_unix_listen_options options = {.size_bytes = sizeof options, .mode = modes[i]};
        eddy_listener *listener;
        struct stat file;

        assert_int_equal(try_listen(core, &addr, options, &listener), 0);
        assert_int_equal(stat(path_of("mode"), &file), 0);
        assert_int_equal(file.st_mode & 07777, modes[i]);
        eddy_listener_free(listener);
    }
    umask(before);
    test_core_end(core);
}

/* ---- stale paths ---- */

static void a_stale_path_is_reported_and_replaced_only_on_request(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("stale");
    eddy_listener *listener = NULL;

    (void)state;
    assert_int_equal(is_stale(core, &addr), 0); /* nothing is there */
    leave_stale(&addr);
    assert_int_equal(is_stale(core, &addr), 1);
    assert_int_equal(eddy_unix_listen(eddy_core_handle(core), &addr, NULL, &listener), -EADDRINUSE);
    assert_null(listener);
    assert_int_equal(is_stale(core, &addr), 1);
    assert_int_equal(try_listen(core, &addr, REPLACE, &listener), 0);
    assert_int_equal(is_stale(core, &addr), 0);
    expect_service(core, listener, &addr);
    eddy_listener_free(listener);
    assert_false(is_there("stale"));
    test_core_end(core);
}

static void expect_not_replaced(eddy_core *core, const char *name)
{
    eddy_unix_addr addr = at_path(name);
    eddy_listener *listener;
    struct stat before, after;

    assert_int_equal(lstat(path_of(name), &before), 0);
    assert_int_equal(is_stale(core, &addr), 0);
    assert_int_equal(try_listen(core, &addr, REPLACE, &listener), -EADDRINUSE);
    assert_int_equal(lstat(path_of(name), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void whoever_has_the_path_is_never_replaced(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("taken");
    int raw = raw_bound(&addr, SOCK_STREAM, 1);
    int fd;

    (void)state;
    expect_not_replaced(core, "taken");
    fd = raw_connected(&addr); /* asking has not filled its queue */
    assert_true(fd >= 0);
    close(fd);
    close(raw);
    unlink(path_of("taken"));
    raw = raw_bound(&addr, SOCK_STREAM, -1); /* does not listen yet */
    expect_not_replaced(core, "taken");
    close(raw);
    unlink(path_of("taken"));
    raw = raw_bound(&addr, SOCK_DGRAM, -1);
    expect_not_replaced(core, "taken");
    close(raw);
    unlink(path_of("taken"));
    test_core_end(core);
}

static void a_file_that_is_no_socket_is_never_replaced(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr target = at_path("target");

    (void)state;
    close(open(path_of("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    expect_not_replaced(core, "file");
    unlink(path_of("file"));
    leave_stale(&target);
    assert_int_equal(symlink("target", path_of("link")), 0);
    expect_not_replaced(core, "link");
    unlink(path_of("link"));
    unlink(path_of("target"));
    test_core_end(core);
}

/* Both find the path stale at the same moment, again and again: one of them has it in the end, and
 * works. */
static void of_two_that_replace_a_stale_path_at_once_exactly_one_serves(void **state)
{
    eddy_unix_addr addr = at_path("race");

    (void)state;
    for (int i = 0; i < 30; i++) {
        eddy_core *core;
        eddy_listener *listener = NULL;
        int hold[2], status = 0, error;
        char go = 0;
        pid_t child;

        leave_stale(&addr);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, hold), 0);
        child = fork();
        core = test_core();
        if (child == 0) {
            (void)!read(hold[1], &go, 1);
            error = try_listen(core, &addr, REPLACE, &listener);
            (void)!write(hold[1], &go, 1);
            (void)!read(hold[1], &go, 1);
            _exit(error == 0 ? 0 : error == -EADDRINUSE ? 1 : 2);
        }
        (void)!write(hold[0], &go, 1);
        error = try_listen(core, &addr, REPLACE, &listener);
        assert_true(error == 0 || error == -EADDRINUSE);
        (void)!read(hold[0], &go, 1);
        if (error == 0)
            expect_service(core, listener, &addr);
        else
            assert_int_equal(is_stale(core, &addr), 0);
        (void)!write(hold[0], &go, 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), error == 0 ? 1 : 0);
        eddy_listener_free(listener);
        unlink(path_of("race"));
        close(hold[0]);
        close(hold[1]);
        test_core_end(core);
    }
}

/* ---- the end ---- */

static void a_listener_removes_its_path_when_it_ends_or_its_loop_does(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("own");
    eddy_listener *listener = listener_at(core, &addr);

    (void)state;
    assert_true(is_there("own"));
    eddy_listener_free(listener);
    assert_false(is_there("own"));
    listener = listener_at(core, &addr);
    eddy_core_free(core);
    assert_false(is_there("own"));
    eddy_listener_free(listener);
}

static void another_ones_path_is_left_alone(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("lost");
    eddy_listener *first = listener_at(core, &addr), *second;

    (void)state;
    assert_int_equal(unlink(path_of("lost")), 0);
    second = listener_at(core, &addr);
    eddy_listener_free(first);
    expect_service(core, second, &addr);
    assert_int_equal(rename(path_of("lost"), path_of("moved")), 0);
    eddy_listener_free(second);
    assert_true(is_there("moved"));
    unlink(path_of("moved"));
    test_core_end(core);
}

static void a_path_that_is_to_be_left_is_left(void **state)
{
    eddy_unix_listen_options options = {.size_bytes = sizeof options, .leave_path = true};
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("left");
    eddy_listener *listener;

    (void)state;
    assert_int_equal(try_listen(core, &addr, options, &listener), 0);
    eddy_listener_free(listener);
    assert_int_equal(is_stale(core, &addr), 1);
    unlink(path_of("left"));
    test_core_end(core);
}

static void an_adopted_listener_leaves_its_path(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("adopted");
    eddy_listener *listener;

    (void)state;
    assert_int_equal(
        eddy_listener_adopt(eddy_core_handle(core), raw_bound(&addr, SOCK_STREAM, 4), &listener),
        0);
    expect_service(core, listener, &addr);
    eddy_listener_free(listener);
    assert_true(is_there("adopted"));
    unlink(path_of("adopted"));
    test_core_end(core);
}

/* A loop whose thread has ended, with a client in it that nobody has asked for. */
struct left {
    eddy_core *core;
    eddy_listener *listener;
    eddy_unix_addr addr;
    int client;
};

static void *leave_a_loop(void *arg)
{
    struct left *left = arg;

    left->core = test_core();
    left->listener = listener_at(left->core, &left->addr);
    expect_service(left->core, left->listener, &left->addr);
    left->client = raw_connected(&left->addr);
    for (int i = 0; i < 5; i++)
        (void)eddy_core_turn(left->core, EDDY_MILLISECOND);
    return NULL;
}

static void a_loop_that_another_thread_frees_takes_path_and_clients_along(void **state)
{
    struct left left = {.addr = at_path("left")};
    pthread_t thread;
    char byte;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, leave_a_loop, &left), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)eddy_core_free(left.core);
    assert_false(is_there("left"));
    assert_int_equal(read(left.client, &byte, 1), 0);
    close(left.client);
    eddy_listener_free(left.listener);
}

static void a_child_that_frees_the_loop_leaves_the_path_to_its_parent(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("parent");
    eddy_listener *listener = listener_at(core, &addr);
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        eddy_core_free(core);
        _exit(is_there("parent") ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_service(core, listener, &addr);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void no_descriptor_is_left_of_a_listener_that_could_not_be(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("many");
    eddy_listener *listener;
    int fds = test_open_fds(), before;

    (void)state;
    before = test_fds_forbid();
    assert_int_equal(eddy_unix_listen(eddy_core_handle(core), &addr, NULL, &listener), -EMFILE);
    test_fds_allow(before);
    leave_stale(&addr);
    assert_int_equal(eddy_unix_listen(eddy_core_handle(core), &addr, NULL, &listener), -EADDRINUSE);
    assert_int_equal(test_open_fds(), fds);
    unlink(path_of("many"));
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_tells_its_name),
        cmocka_unit_test(a_listener_without_a_name_is_given_an_abstract_one),
        cmocka_unit_test(a_tcp_listener_has_no_unix_name),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
        cmocka_unit_test(the_path_has_the_permissions_asked_for_whatever_the_umask_is),
        cmocka_unit_test(a_stale_path_is_reported_and_replaced_only_on_request),
        cmocka_unit_test(whoever_has_the_path_is_never_replaced),
        cmocka_unit_test(a_file_that_is_no_socket_is_never_replaced),
        cmocka_unit_test(of_two_that_replace_a_stale_path_at_once_exactly_one_serves),
        cmocka_unit_test(a_listener_removes_its_path_when_it_ends_or_its_loop_does),
        cmocka_unit_test(another_ones_path_is_left_alone),
        cmocka_unit_test(a_path_that_is_to_be_left_is_left),
        cmocka_unit_test(an_adopted_listener_leaves_its_path),
        cmocka_unit_test(a_loop_that_another_thread_frees_takes_path_and_clients_along),
        cmocka_unit_test(a_child_that_frees_the_loop_leaves_the_path_to_its_parent),
        cmocka_unit_test(no_descriptor_is_left_of_a_listener_that_could_not_be),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
