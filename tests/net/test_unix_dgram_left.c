/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_unix_dgram_left.c - sockets in a loop that is freed from elsewhere: by another thread, when its own has
 * ended, and by a child of fork(2).
 */
#include "unix_dgrams.h"

#include <pthread.h>
#include <sys/wait.h>

/* A loop whose thread has ended, with a socket in it. */
struct left {
    eddy_core *core;
    eddy_dgram *dgram;
    eddy_unix_addr name;
};

static void *leave_a_loop(void *arg)
{
    struct left *left = arg;

    left->core = test_core();
    left->dgram = bind_at(left->core, &left->name);
    (void)test_turn(left->core);
    return NULL;
}

static void a_path_goes_with_a_loop_that_another_thread_frees(void **state)
{
    struct left left = {.name = at_path("left")};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, leave_a_loop, &left), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(is_there("left"));
    (void)eddy_core_free(left.core);
    assert_false(is_there("left"));
    eddy_dgram_free(left.dgram);
}

static void a_child_that_frees_the_loop_leaves_sockets_to_its_parent(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("parent");
    eddy_dgram *a = bind_at(core, NULL), *b = bind_at(core, &name);
    int status = 0;
    char memory[8];
    pid_t child;

    (void)state;
    test_settle(core);
    child = fork();
    if (child == 0) {
        (void)eddy_core_free(core);
        _exit(is_there("parent") ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(send_name(core, a, "hello", &name), 5);
    assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 5);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_goes_with_a_loop_that_another_thread_frees),
        cmocka_unit_test(a_child_that_frees_the_loop_leaves_sockets_to_its_parent),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
