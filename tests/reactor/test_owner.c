/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_owner.c - one thread owns a loop: who that is, what the others are told, and what is left of
 * it in a forked child.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

static eddy_core *victim;
static eddy_join *victims_join;
static struct test_gate gate;

static void use_run(void)
{
    (void)test_run(victim, test_value);
}
static void use_turn(void)
{
    (void)eddy_core_turn(victim, 0);
}
static void use_spawn(void)
{
    (void)eddy_spawn(eddy_core_handle(victim), EDDY_FUTURE(test_value));
}
static void use_spawn_joinable(void)
{
    eddy_join *join;

    (void)eddy_spawn_joinable(eddy_core_handle(victim), EDDY_FUTURE(test_value), &join);
}
static void use_box(void)
{
    (void)eddy_box(eddy_core_handle(victim), EDDY_FUTURE(test_value));
}
static void use_remote_new(void)
{
    eddy_remote *remote;

    (void)eddy_remote_new(eddy_core_handle(victim), &remote);
}
static void use_abort(void)
{
    eddy_join_abort(victims_join);
}
static void use_cancel(void)
{
    eddy_join_cancel(victims_join, 0);
}
static void use_join_free(void)
{
    eddy_join_free(victims_join);
}
static void use_wake(void)
{
    eddy_waiter_wake(&gate.waiter);
}
static void use_free(void)
{
    (void)eddy_core_free(victim);
}

static void (*const uses[])(void) = {
    use_run,        use_turn,  use_spawn,  use_spawn_joinable, use_box,  use_wake,
    use_remote_new, use_abort, use_cancel, use_join_free,      use_free,
};
enum { USES = sizeof uses / sizeof uses[0] };

/* A loop that this thread owns, with a task that waits. */
static void make_victim(void)
{
    victim = test_core();
    gate = (struct test_gate){.open = false};
    victims_join = test_spawn_join(victim, test_wait, .gate = &gate);
    test_settle(victim);
}

static void *use_it(void *arg)
{
    uses[*(int *)arg]();
    return NULL;
}

static void use_off_its_thread(void *arg)
{
    pthread_t thread;

    make_victim();
    pthread_create(&thread, NULL, use_it, arg);
    pthread_join(thread, NULL);
}

static void use_off_the_owners_thread_is_asserted(void **state)
{
    (void)state;
    for (int i = 0; i < USES; i++)
        assert_dies(use_off_its_thread, &i, "off the loop's thread");
}

static void *make_core(void *arg)
{
    *(eddy_core **)arg = test_core();
    test_spawn(*(eddy_core **)arg, test_value, .value = 0);
    return NULL;
}

static void loop_made_on_a_thread_that_ended_runs_on_another(void **state)
{
    eddy_core *core = NULL;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, make_core, &core), 0);
    pthread_join(thread, NULL);
    assert_int_equal(test_run(core, test_nap, .duration_ns = EDDY_MILLISECOND), 0);
    assert_int_equal(test_stats(core).tasks_ended, 1);
    test_core_end(core);
}

struct visit {
    eddy_core *core;
    eddy_result result;
};

static void *run_it(void *arg)
{
    struct visit *visit = arg;

    visit->result = test_run(visit->core, test_nap, .duration_ns = EDDY_MILLISECOND);
    return NULL;
}

static void loop_made_here_is_owned_by_the_thread_that_runs_it_first(void **state)
{
    struct visit visit = {test_core(), 1};
    struct test_trace trace = {0};
    pthread_t thread;

    (void)state;
    test_spawn(visit.core, test_value, .trace = &trace);
    assert_int_equal(pthread_create(&thread, NULL, run_it, &visit), 0);
    pthread_join(thread, NULL);
    assert_int_equal(visit.result, 0);
    assert_int_equal(trace.dones, 1);
    test_core_end(visit.core); /* its owner's thread has ended: any thread may */
}

static void *leave_tasks(void *arg)
{
    struct visit *visit = arg;

    test_spawn(visit->core, test_nap, .duration_ns = 3600 * EDDY_SECOND);
    test_settle(visit->core);
    return NULL;
}

static void loop_of_a_thread_that_ended_can_be_freed_with_tasks_and_timers_in_it(void **state)
{
    struct visit visit = {test_core(), 1};
    struct test_trace trace = {0};
    struct test_gate local = {0};
    eddy_join *join = test_spawn_join(visit.core, test_wait, .gate = &local, .trace = &trace);
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, leave_tasks, &visit), 0);
    pthread_join(thread, NULL);
    test_core_end(visit.core);
    assert_int_equal(trace.dones, 1);
    eddy_join_free(join);
}

static void run_after_the_owner_ended(void *arg)
{
    struct visit visit = {test_core(), 1};
    pthread_t thread;

    (void)arg;
    pthread_create(&thread, NULL, run_it, &visit);
    pthread_join(thread, NULL);
    (void)test_run(visit.core, test_value);
}

static void run_by_another_thread_after_the_owner_ended_is_asserted(void **state)
{
    (void)state;
    assert_dies(run_after_the_owner_ended, NULL, "eddy_core_run is called off the loop's thread");
}

static void *run_a_loop_of_its_own(void *arg)
{
    eddy_core *core = test_core();

    for (int i = 0; i < 50; i++)
        *(eddy_result *)arg += test_run(core, test_value, .yields = 3, .value = 1);
    *(eddy_result *)arg += test_run(core, test_nap, .duration_ns = EDDY_MILLISECOND);
    test_core_end(core);
    return NULL;
}

static void loops_on_many_threads_do_not_meet(void **state)
{
    pthread_t threads[4];
    eddy_result sums[4] = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_a_loop_of_its_own, &sums[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(sums[i], 50);
    }
}

/* ---- fork ---- */

static void use_in_a_child(void *arg)
{
    pid_t child;
    int status;

    make_victim();
    child = fork();
    if (child == 0) {
        uses[*(int *)arg]();
        _exit(0);
    }
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
        abort(); /* pass the child's death on */
}

static void use_in_a_forked_child_is_asserted_with_one_clear_message(void **state)
{
    (void)state;
    for (int i = 0; i < USES; i++) {
        if (uses[i] == use_free || uses[i] == use_join_free)
            continue;
        assert_dies(use_in_a_child, &i, "this loop was made before fork(2)");
    }
}

static void free_in_a_forked_child_leaves_the_parents_loop_alone(void **state)
{
    struct test_trace trace = {0};
    pid_t child;
    int status = 0;

    (void)state;
    make_victim();
    test_spawn(victim, test_nap, .duration_ns = 2 * EDDY_MILLISECOND, .trace = &trace);
    test_settle(victim);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        eddy_core_free(victim);
        eddy_join_free(victims_join);
        _exit(trace.dones == 1 ? 23 : 24);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 23);

    assert_int_equal(test_run(victim, test_nap, .duration_ns = 4 * EDDY_MILLISECOND), 0);
    assert_int_equal(trace.dones, 1);
    test_gate_open(&gate, 3);
    assert_int_equal(test_join_end(victim, victims_join), 3);
    test_core_end(victim);
}

static void forked_child_can_make_a_loop_of_its_own(void **state)
{
    pid_t child;
    int status = 0;

    (void)state;
    make_victim();
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        eddy_core *core = NULL;
        eddy_result n = eddy_core_new(NULL, &core);

        if (n == 0)
            n = test_run(core, test_nap, .duration_ns = EDDY_MILLISECOND);
        eddy_core_free(core);
        eddy_core_free(victim);
        _exit(n == 0 ? 23 : 24);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 23);
    eddy_join_free(victims_join);
    test_core_end(victim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(use_off_the_owners_thread_is_asserted),
        cmocka_unit_test(loops_on_many_threads_do_not_meet),
        cmocka_unit_test(use_in_a_forked_child_is_asserted_with_one_clear_message),
        cmocka_unit_test(free_in_a_forked_child_leaves_the_parents_loop_alone),
        cmocka_unit_test(forked_child_can_make_a_loop_of_its_own),
    };
    /* A simulated loop is for ever of the thread that made it. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(loop_made_on_a_thread_that_ended_runs_on_another),
        cmocka_unit_test(loop_made_here_is_owned_by_the_thread_that_runs_it_first),
        cmocka_unit_test(loop_of_a_thread_that_ended_can_be_freed_with_tasks_and_timers_in_it),
        cmocka_unit_test(run_by_another_thread_after_the_owner_ended_is_asserted),
    };

    return TEST_GROUPS(tests, kernel);
}
