/* SPDX-License-Identifier: MIT */
/*
 * test_model_line.c - lines of tickets in every interleaving (model.h), by a semaphore, a mutex, a
 * notify and a once: no permit and no wake is lost when some in line are dropped, woken or not;
 * nobody has what others have; who stands in line is not overtaken.
 */
#include "model.h"
#include "sync/mutex.c"     /* NOLINT(bugprone-suspicious-include) */
#include "sync/notify.c"    /* NOLINT(bugprone-suspicious-include) */
#include "sync/semaphore.c" /* NOLINT(bugprone-suspicious-include) */
#define asking once_asking
#include "sync/once.c" /* NOLINT(bugprone-suspicious-include) */

static struct {
    eddy_semaphore *semaphore;
    eddy_mutex *mutex;
    eddy_notify *notify;
    eddy_once *once;
    eddy_ticket tickets[MODEL_THREADS];
    int taken, overtaken, inside, done;
    eddy__atomic_u64 seat; /* a step of its own inside a lock */
} shared;

static void set_up(uint32_t permits)
{
    memset(&shared, 0, sizeof shared);
    model_tasks_begin();
    eddy__model_check(eddy_semaphore_new(NULL, &model_allocator, permits, &shared.semaphore) == 0 &&
                          eddy_mutex_new(NULL, &model_allocator, &shared.mutex) == 0 &&
                          eddy_notify_new(NULL, &model_allocator, &shared.notify) == 0 &&
                          eddy_once_new(NULL, &model_allocator, &shared.once) == 0,
                      "out of memory");
}

static void set_up_none(void)
{
    set_up(0);
}

static void clean_up(void)
{
    eddy_semaphore_free(shared.semaphore);
    eddy_mutex_free(shared.mutex);
    eddy_notify_free(shared.notify);
    eddy_once_free(shared.once);
    model_check_clean();
}

static eddy_ticket *my_ticket(void)
{
    return &shared.tickets[model.current];
}

/* ---- permits ---- */

static eddy_result poll_one(void)
{
    return eddy_semaphore_poll_acquire(shared.semaphore, model_current(), my_ticket(), 1);
}

static void take_one(void)
{
    eddy_result n;

    MODEL_AWAIT(n, poll_one());
    eddy__model_check(n == 0, "an open semaphore refuses");
    shared.taken++;
}

static void take_one_blocking(void)
{
    eddy__model_check(eddy_semaphore_wait_acquire(shared.semaphore, 1) == 0,
                      "an open semaphore refuses");
    shared.taken++;
}

/* Dropped after its first poll, at whatever moment that is for the others; what it got it gives
 * back. */
static void poll_and_drop(void)
{
    eddy_result n = poll_one();

    if (n == 0)
        eddy_semaphore_add(shared.semaphore, 1);
    model_drop(my_ticket());
}

/* Polled twice without a reason in between. */
static void poll_twice_and_drop(void)
{
    eddy_result n = poll_one();

    if (n == EDDY_PENDING)
        n = poll_one();
    if (n == 0)
        eddy_semaphore_add(shared.semaphore, 1);
    model_drop(my_ticket());
}

/* First polled as a part of another task: it is that of the last poll which is to be woken. */
static void move_and_take_one(void)
{
    eddy_task *other = &model_tasks[MODEL_TASKS - 1].task;
    eddy_result n = eddy_semaphore_poll_acquire(shared.semaphore, other, my_ticket(), 1);

    if (n == EDDY_PENDING)
        MODEL_AWAIT(n, poll_one());
    eddy__model_check(n == 0, "an open semaphore refuses");
    shared.taken++;
}

static void add_one(void)
{
    eddy_semaphore_add(shared.semaphore, 1);
}

static void add_two(void)
{
    eddy_semaphore_add(shared.semaphore, 2);
}

static void close_it(void)
{
    eddy_semaphore_close(shared.semaphore);
}

static void take_one_or_closed(void)
{
    eddy_result n;

    MODEL_AWAIT(n, poll_one());
    eddy__model_check(n == 0 || n == EDDY_CLOSED, "neither a permit nor closed");
    shared.taken += n == 0;
}

static void check_one_taken(void)
{
    eddy__model_check(shared.taken == 1, "not exactly one has the permit");
    eddy__model_check(eddy_semaphore_permits(shared.semaphore) == 0, "a permit is doubled");
    clean_up();
}

static void check_two_taken(void)
{
    eddy__model_check(shared.taken == 2, "not two have the two permits");
    eddy__model_check(eddy_semaphore_permits(shared.semaphore) == 0, "a permit is doubled");
    clean_up();
}

static void check_closed(void)
{
    eddy__model_check(eddy_semaphore_permits(shared.semaphore) + (uint64_t)shared.taken == 1,
                      "a permit is lost or doubled");
    clean_up();
}

CLAIM(a_permit_reaches_the_task_that_waits, set_up_none, check_one_taken, {take_one, false},
      {add_one, false})
CLAIM(a_permit_reaches_the_thread_that_waits, set_up_none, check_one_taken,
      {take_one_blocking, false}, {add_one, false})
CLAIM(a_permit_reaches_the_task_that_polled_last, set_up_none, check_one_taken,
      {move_and_take_one, false}, {add_one, false})
CLAIM(a_drop_in_line_loses_no_permit_for_a_task, set_up_none, check_one_taken,
      {poll_and_drop, false}, {take_one, false}, {add_one, false})
CLAIM(a_drop_in_line_loses_no_permit_for_a_thread, set_up_none, check_one_taken,
      {poll_and_drop, false}, {take_one_blocking, false}, {add_one, false})
CLAIM(two_drops_in_line_lose_no_permit, set_up_none, check_one_taken, {poll_and_drop, false},
      {poll_twice_and_drop, false}, {take_one, false}, {add_one, false})
CLAIM(two_permits_in_one_reach_two, set_up_none, check_two_taken, {take_one, false},
      {take_one_blocking, false}, {add_two, false})
CLAIM(two_permits_in_one_reach_two_past_a_drop, set_up_none, check_two_taken, {take_one, false},
      {take_one, false}, {poll_and_drop, false}, {add_two, false})
CLAIM(a_close_ends_all_waits_and_loses_no_permit, set_up_none, check_closed,
      {take_one_or_closed, false}, {take_one_or_closed, false}, {close_it, false}, {add_one, false})

/* ---- first come ---- */

/* Thread 0 stands in line before anything begins. */
static void set_up_line(void)
{
    set_up(0);
    model.current = 0;
    eddy__model_check(poll_one() == EDDY_PENDING, "a permit out of nothing");
}

static void go_on_taking(void)
{
    eddy_result n;

    model_sleep();
    MODEL_AWAIT(n, poll_one());
    eddy__model_check(n == 0, "an open semaphore refuses");
    shared.taken++;
}

static void try_to_overtake(void)
{
    if (eddy_semaphore_try_acquire(shared.semaphore, 1) == 0)
        shared.overtaken++;
}

static void check_not_overtaken(void)
{
    eddy__model_check(shared.overtaken == 0 || shared.taken == 1, "a newcomer overtakes");
    check_one_taken();
}

CLAIM(a_newcomer_does_not_overtake_who_stands_in_line, set_up_line, check_not_overtaken,
      {go_on_taking, false}, {try_to_overtake, false}, {add_one, false})

/* ---- the lock ---- */

static void inside_alone(void)
{
    shared.inside++;
    eddy__atomic_store(&shared.seat, 1, memory_order_relaxed); /* others may run here */
    eddy__model_check(shared.inside == 1, "two have the lock");
    shared.inside--;
    shared.done++;
    eddy_mutex_unlock(shared.mutex);
}

static void lock_task(void)
{
    eddy_result n;

    MODEL_AWAIT(n, eddy_mutex_poll_lock(shared.mutex, model_current(), my_ticket()));
    inside_alone();
}

static void lock_thread(void)
{
    eddy_mutex_wait_lock(shared.mutex);
    inside_alone();
}

static void lock_and_drop(void)
{
    if (eddy_mutex_poll_lock(shared.mutex, model_current(), my_ticket()) == 0)
        inside_alone();
    model_drop(my_ticket());
}

static void check_lock(void)
{
    eddy__model_check(shared.done >= 2, "a lock is lost");
    eddy__model_check(eddy_mutex_try_lock(shared.mutex) == 0, "it stays locked");
    clean_up();
}

CLAIM(two_never_have_the_lock_and_both_get_it, set_up_none, check_lock, {lock_task, false},
      {lock_thread, false})
CLAIM(a_lock_goes_past_a_drop, set_up_none, check_lock, {lock_and_drop, false}, {lock_task, false},
      {lock_thread, false})

/* ---- notifications ---- */

static eddy_result poll_notify(void)
{
    return eddy_notify_poll(shared.notify, model_current(), my_ticket());
}

static void be_notified(void)
{
    eddy_result n;

    MODEL_AWAIT(n, poll_notify());
    shared.taken++;
}

static void be_notified_or_drop(void)
{
    if (poll_notify() == 0)
        eddy_notify_one(shared.notify);
    model_drop(my_ticket());
}

static void notify_one(void)
{
    eddy_notify_one(shared.notify);
}

static void notify_all(void)
{
    eddy_notify_waiters(shared.notify);
}

static void check_notified(void)
{
    eddy__model_check(shared.taken == 1, "a notification is lost");
    eddy__model_check(eddy_notify_try(shared.notify) == -EAGAIN, "a notification is doubled");
    clean_up();
}

/* Threads 0 and 1 wait before anything begins. */
static void set_up_waiters(void)
{
    set_up(0);
    for (model.current = 0; model.current < 2; model.current++)
        eddy__model_check(poll_notify() == EDDY_PENDING, "a notification out of nothing");
    model.current = 0;
}

static void hear_of_it(void)
{
    eddy_result n;

    model_sleep();
    MODEL_AWAIT(n, poll_notify());
    shared.taken++;
}

/* Woken by no one: it polls again while the wakes of all are being made, then drops. */
static void poll_again_and_drop(void)
{
    shared.done += poll_notify() == 0;
    model_drop(my_ticket());
}

static void check_all_notified(void)
{
    eddy__model_check(shared.taken == 1, "notify_waiters has passed one over");
    eddy__model_check(eddy_notify_try(shared.notify) == -EAGAIN, "notify_waiters is remembered");
    clean_up();
}

CLAIM(a_notification_goes_past_a_drop, set_up_none, check_notified, {be_notified_or_drop, false},
      {be_notified, false}, {notify_one, false})
CLAIM(all_that_wait_are_notified_while_one_polls_and_drops, set_up_waiters, check_all_notified,
      {poll_again_and_drop, false}, {hear_of_it, false}, {notify_all, false})
CLAIM(all_that_wait_are_notified_beside_a_newcomer, set_up_waiters, check_all_notified,
      {poll_again_and_drop, false}, {hear_of_it, false}, {notify_all, false},
      {be_notified_or_drop, false})

/* ---- the turn to do it ---- */

static eddy_result poll_once(void)
{
    return eddy_once_poll(shared.once, model_current(), my_ticket());
}

static void do_it(void)
{
    eddy_result n;

    MODEL_AWAIT(n, poll_once());
    if (n == 1) {
        shared.done++;
        eddy_once_finish(shared.once, my_ticket(), true);
    }
    eddy__model_check(eddy_once_is_done(shared.once), "it goes on before it is done");
}

static void do_it_blocking(void)
{
    if (eddy_once_wait(shared.once) == 1) {
        shared.done++;
        eddy_once_finish(shared.once, NULL, true);
    }
    eddy__model_check(eddy_once_is_done(shared.once), "it goes on before it is done");
}

static void take_the_turn_and_drop(void)
{
    (void)!poll_once();
    model_drop(my_ticket());
}

static void check_done_once(void)
{
    eddy__model_check(shared.done == 1, "it is not done once");
    clean_up();
}

CLAIM(it_is_done_once_by_whoever_has_the_turn, set_up_none, check_done_once, {do_it, false},
      {do_it_blocking, false})
CLAIM(a_drop_with_the_turn_or_before_it_hands_it_on, set_up_none, check_done_once,
      {take_the_turn_and_drop, false}, {do_it, false}, {do_it_blocking, false})

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_permit_reaches_the_task_that_waits),
        cmocka_unit_test(a_permit_reaches_the_thread_that_waits),
        cmocka_unit_test(a_permit_reaches_the_task_that_polled_last),
        cmocka_unit_test(a_drop_in_line_loses_no_permit_for_a_task),
        cmocka_unit_test(a_drop_in_line_loses_no_permit_for_a_thread),
        cmocka_unit_test(two_drops_in_line_lose_no_permit),
        cmocka_unit_test(two_permits_in_one_reach_two),
        cmocka_unit_test(two_permits_in_one_reach_two_past_a_drop),
        cmocka_unit_test(a_close_ends_all_waits_and_loses_no_permit),
        cmocka_unit_test(a_newcomer_does_not_overtake_who_stands_in_line),
        cmocka_unit_test(two_never_have_the_lock_and_both_get_it),
        cmocka_unit_test(a_lock_goes_past_a_drop),
        cmocka_unit_test(a_notification_goes_past_a_drop),
        cmocka_unit_test(all_that_wait_are_notified_while_one_polls_and_drops),
        cmocka_unit_test(all_that_wait_are_notified_beside_a_newcomer),
        cmocka_unit_test(it_is_done_once_by_whoever_has_the_turn),
        cmocka_unit_test(a_drop_with_the_turn_or_before_it_hands_it_on),
    };

    return cmocka_run_group_tests_name("sync: lines, every interleaving", tests, NULL, NULL);
}
