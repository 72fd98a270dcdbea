/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_remote.c - jobs from other threads: order, exactly one of make and drop, refusal, calls, and
 * the kernel wakes they cost.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"

static eddy_remote *remote_of(eddy_core *core)
{
    eddy_remote *remote = NULL;

    assert_int_equal(eddy_remote_new(eddy_core_handle(core), &remote), 0);
    return remote;
}

/* What became of a job. */
struct fate {
    atomic_int made;
    atomic_int dropped;
    eddy_handle *handle;
    pthread_t thread;
    struct test_trace trace;
    struct test_gate *gate;
    int yields;
    eddy_result value;
};

static struct fate *fate_of(void *payload)
{
    return *(struct fate **)payload;
}

static eddy_future *make_nothing(void *payload, eddy_handle *handle)
{
    struct fate *fate = fate_of(payload);

    fate->handle = handle;
    fate->thread = pthread_self();
    atomic_fetch_add(&fate->made, 1);
    return NULL;
}

static eddy_future *make_value(void *payload, eddy_handle *handle)
{
    struct fate *fate = fate_of(payload);

    make_nothing(payload, handle);
    return eddy_box(handle, EDDY_FUTURE(test_value, .trace = &fate->trace, .value = fate->value,
                                        .yields = fate->yields));
}

static eddy_future *make_wait(void *payload, eddy_handle *handle)
{
    struct fate *fate = fate_of(payload);

    make_nothing(payload, handle);
    return eddy_box(handle, EDDY_FUTURE(test_wait, .trace = &fate->trace, .gate = fate->gate));
}

static void drop_fate(void *payload)
{
    atomic_fetch_add(&fate_of(payload)->dropped, 1);
}

static const eddy_job nothing_job = {make_nothing, drop_fate, sizeof(struct fate *)};
static const eddy_job value_job = {make_value, drop_fate, sizeof(struct fate *)};
static const eddy_job wait_job = {make_wait, drop_fate, sizeof(struct fate *)};

static int send_job(eddy_remote *remote, const eddy_job *job, struct fate *fate)
{
    return eddy_remote_spawn(remote, job, &fate);
}

static void job_sent_from_the_loops_own_thread_runs_later_never_inside(void **state)
{
    eddy_core *core = test_core();
    eddy_remote *remote = remote_of(core);
    struct fate fate = {0};

    (void)state;
    assert_int_equal(send_job(remote, &value_job, &fate), 0);
    assert_int_equal(atomic_load(&fate.made), 0);
    assert_int_equal(test_run(core, test_value, .yields = 3), 0);
    assert_int_equal(atomic_load(&fate.made), 1);
    assert_int_equal(atomic_load(&fate.dropped), 0);
    assert_ptr_equal(fate.handle, eddy_core_handle(core));
    assert_int_equal(fate.trace.polls, 1);
    assert_int_equal(fate.trace.dones, 1);
    assert_int_equal(test_stats(core).jobs_run, 1);
    eddy_remote_release(remote);
    test_core_end(core);
}

struct sender {
    EDDY_FRAME;
    eddy_remote *remote;
    struct fate *fate;
    int turns;
};
static eddy_result sender_wait(struct sender *self, eddy_task *task)
{
    if (atomic_load(&self->fate->made) > 0)
        return 0;
    if (self->turns++ == 20)
        return -ETIMEDOUT;
    eddy__yield(task);
    return EDDY_PENDING;
}
EDDY_ASYNC(sender, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(send_job(self->remote, &value_job, self->fate), 0);
        assert_int_equal(atomic_load(&self->fate->made), 0); /* never inside */
        EDDY_POLL(n, sender_wait(self, task));
        EDDY_END(n);
}

static void job_sent_from_within_a_task_works(void **state)
{
    eddy_core *core = test_core();
    eddy_remote *remote = remote_of(core);
    struct fate fate = {0};

    (void)state;
    assert_int_equal(test_run(core, sender, .remote = remote, .fate = &fate), 0);
    test_settle(core);
    assert_int_equal(fate.trace.dones, 1);
    eddy_remote_release(remote);
    test_core_end(core);
}

/* A job whose make sends the next job. */
struct relay {
    eddy_remote *remote;
    int *left;
};
static eddy_future *make_relay(void *payload, eddy_handle *handle);
static const eddy_job relay_job = {make_relay, NULL, sizeof(struct relay)};
static eddy_future *make_relay(void *payload, eddy_handle *handle)
{
    struct relay *relay = payload;

    (void)handle;
    if (--*relay->left > 0)
        assert_int_equal(eddy_remote_spawn(relay->remote, &relay_job, relay), 0);
    return NULL;
}

static void job_may_send_a_job(void **state)
{
    eddy_core *core = test_core();
    int left = 50;
    struct relay relay = {remote_of(core), &left};

    (void)state;
    assert_int_equal(eddy_remote_spawn(relay.remote, &relay_job, &relay), 0);
    for (int turns = 0; left > 0 && turns < 200; turns++)
        test_turn(core);
    assert_int_equal(left, 0);
    eddy_remote_release(relay.remote);
    test_core_end(core);
}

static unsigned char seen_bytes[EDDY_JOB_PAYLOAD_MAX];

static eddy_future *make_copy(void *payload, eddy_handle *handle)
{
    (void)handle;
    assert_int_equal((uintptr_t)payload % sizeof(void *), 0);
    memcpy(seen_bytes, payload, sizeof seen_bytes);
    return NULL;
}

static eddy_future *make_empty(void *payload, eddy_handle *handle)
{
    (void)payload;
    (void)handle;
    seen_bytes[0] = 99;
    return NULL;
}

static void payload_is_copied_whole(void **state)
{
    static const eddy_job largest = {make_copy, NULL, EDDY_JOB_PAYLOAD_MAX};
    static const eddy_job empty = {make_empty, NULL, 0};
    eddy_core *core = test_core();
    eddy_remote *remote = remote_of(core);
    unsigned char bytes[EDDY_JOB_PAYLOAD_MAX];
    unsigned char copy[EDDY_JOB_PAYLOAD_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = copy[i] = (unsigned char)(i * 37 + 1);
    assert_int_equal(eddy_remote_spawn(remote, &largest, bytes), 0);
    memset(bytes, 0, sizeof bytes);
    test_settle(core);
    test_settle(core);
    assert_memory_equal(seen_bytes, copy, sizeof copy);
    assert_int_equal(eddy_remote_spawn(remote, &empty, NULL), 0);
    test_settle(core);
    test_settle(core);
    assert_int_equal(seen_bytes[0], 99);
    eddy_remote_release(remote);
    test_core_end(core);
}

static void send_too_much(void *arg)
{
    static const eddy_job too_large = {make_copy, NULL, EDDY_JOB_PAYLOAD_MAX + 1};
    unsigned char bytes[EDDY_JOB_PAYLOAD_MAX + 1] = {0};

    (void)arg;
    (void)!eddy_remote_spawn(remote_of(test_core()), &too_large, bytes);
}

static void payload_beyond_the_limit_is_asserted(void **state)
{
    (void)state;
    assert_dies(send_too_much, NULL, "payload has 49 bytes");
}

static void full_inbox_refuses_and_touches_nothing(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.inbox_max = 4});
    eddy_remote *remote = remote_of(core);
    struct fate accepted = {0};
    struct fate refused = {0};

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++)
            assert_int_equal(send_job(remote, &nothing_job, &accepted), 0);
        assert_int_equal(send_job(remote, &nothing_job, &refused), EDDY_INBOX_FULL);
        test_settle(core);
        test_settle(core);
        assert_int_equal(atomic_load(&accepted.made), (round + 1) * 4);
    }
    assert_int_equal(atomic_load(&refused.made) + atomic_load(&refused.dropped), 0);
    eddy_remote_release(remote);
    test_core_end(core);
    assert_int_equal(atomic_load(&refused.made) + atomic_load(&refused.dropped), 0);
    assert_int_equal(atomic_load(&accepted.dropped), 0);
}

static void jobs_still_queued_when_the_loop_ends_are_dropped_once(void **state)
{
    enum { COUNT = 10 };
    eddy_core *core = test_core();
    eddy_remote *remote = remote_of(core);
    struct fate fates[COUNT] = {0};

    (void)state;
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(send_job(remote, &value_job, &fates[i]), 0);
    test_core_end(core);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(atomic_load(&fates[i].made), 0);
        assert_int_equal(atomic_load(&fates[i].dropped), 1);
    }
    eddy_remote_release(remote);
}

static void after_the_loops_end_a_job_is_refused_and_touched_by_nobody(void **state)
{
    eddy_core *core = test_core();
    eddy_remote *remote = remote_of(core);
    struct fate fate = {0};
    struct fate *payload = &fate;

    (void)state;
    test_core_end(core);
    assert_int_equal(send_job(remote, &value_job, &fate), EDDY_LOOP_GONE);
    assert_int_equal(eddy_remote_call(remote, &value_job, &payload), EDDY_LOOP_GONE);
    assert_int_equal(atomic_load(&fate.made) + atomic_load(&fate.dropped), 0);
    eddy_remote_release(eddy_remote_retain(remote));
    eddy_remote_release(remote);
    eddy_remote_release(NULL);
}

/* A job whose drop sends a job: too late, and no crash. */
static atomic_int resent;

static void drop_and_send(void *payload)
{
    struct relay *relay = payload;

    atomic_store(&resent, eddy_remote_spawn(relay->remote, &relay_job, relay));
}

static void job_sent_from_a_drop_is_refused(void **state)
{
    static const eddy_job again = {make_relay, drop_and_send, sizeof(struct relay)};
    eddy_core *core = test_core();
    int left = 50;
    struct relay relay = {remote_of(core), &left};

    (void)state;
    assert_int_equal(eddy_remote_spawn(relay.remote, &again, &relay), 0);
    test_core_end(core);
    assert_int_equal(atomic_load(&resent), EDDY_LOOP_GONE);
    eddy_remote_release(relay.remote);
}

/* A job that makes a timer and drops it at once. */
static eddy_future *make_and_drop_timer(void *payload, eddy_handle *handle)
{
    struct fate *fate = fate_of(payload);
    eddy_join *join = NULL;

    assert_int_equal(eddy_spawn_joinable(handle,
                                         EDDY_FUTURE(test_nap, .trace = &fate->trace,
                                                     .duration_ns = 100 * EDDY_MILLISECOND),
                                         &join),
                     0);
    eddy_join_abort(join);
    eddy_join_free(join);
    make_nothing(payload, handle);
    return NULL;
}

static const eddy_job timer_job = {make_and_drop_timer, drop_fate, sizeof(struct fate *)};

struct courier {
    eddy_remote *remote;
    const eddy_job *job;
    struct fate *fate;
    int result;
};

static void *carry(void *arg)
{
    struct courier *self = arg;

    self->result = send_job(self->remote, self->job, self->fate);
    eddy_remote_release(self->remote);
    return NULL;
}

static void timer_made_and_dropped_in_a_job_from_another_thread_works(void **state)
{
    eddy_core *core = test_core();
    struct fate fate = {0};
    struct courier courier = {remote_of(core), &timer_job, &fate, 1};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, carry, &courier), 0);
    while (atomic_load(&fate.made) == 0)
        assert_true(eddy_core_turn(core, EDDY_SECOND) >= 0);
    pthread_join(thread, NULL);
    assert_int_equal(courier.result, 0);
    test_settle(core);
    assert_int_equal(fate.trace.dones, 1);
    assert_true(pthread_equal(fate.thread, pthread_self()));
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

/* ---- order ---- */

enum { SENDERS = 4, JOBS = 3000 };

struct numbered {
    int sender;
    int number;
};
static int next_number[SENDERS];
static atomic_int out_of_order;

static eddy_future *make_numbered(void *payload, eddy_handle *handle)
{
    struct numbered *job = payload;

    (void)handle;
    if (next_number[job->sender]++ != job->number)
        atomic_fetch_add(&out_of_order, 1);
    return NULL;
}

static const eddy_job numbered_job = {make_numbered, NULL, sizeof(struct numbered)};

struct clerk {
    eddy_remote *remote;
    int sender;
};

static void *send_many(void *arg)
{
    struct clerk *self = arg;

    for (int i = 0; i < JOBS; i++) {
        struct numbered job = {self->sender, i};

        while (eddy_remote_spawn(self->remote, &numbered_job, &job) == EDDY_INBOX_FULL)
            sched_yield();
    }
    eddy_remote_release(self->remote);
    return NULL;
}

static void jobs_of_one_sender_run_in_their_order(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.inbox_max = 64, .inbox_turn = 16});
    eddy_remote *remote = remote_of(core);
    struct clerk clerks[SENDERS];
    pthread_t threads[SENDERS];
    eddy_core_stats stats;

    (void)state;
    memset(next_number, 0, sizeof next_number);
    for (int i = 0; i < SENDERS; i++) {
        clerks[i] = (struct clerk){eddy_remote_retain(remote), i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &clerks[i]), 0);
    }
    eddy_remote_release(remote);
    for (;;) { /* the last sender's release turns waiting for ever into a deadlock */
        eddy_result n = eddy_core_turn(core, EDDY_FOREVER);

        if (n == EDDY_DEADLOCK)
            break;
        assert_true(n >= 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(next_number[i], JOBS);
    }
    assert_int_equal(atomic_load(&out_of_order), 0);
    stats = test_stats(core);
    assert_int_equal(stats.jobs_run, SENDERS * JOBS);
    assert_true(stats.kernel_wakes <= stats.turns); /* a turn sleeps at most once */
    test_core_end(core);
}

/* ---- kernel wakes ---- */

static atomic_int sent;

static void *send_hundred(void *arg)
{
    struct clerk *self = arg;

    for (int i = 0; i < 100; i++) {
        struct numbered job = {self->sender, i};

        assert_int_equal(eddy_remote_spawn(self->remote, &numbered_job, &job), 0);
        atomic_fetch_add(&sent, 1);
    }
    eddy_remote_release(self->remote);
    return NULL;
}

/* Is busy in one poll until a hundred jobs were sent. */
struct busy {
    EDDY_FRAME;
};
EDDY_ASYNC(busy, eddy_nothing)
{
    EDDY_BEGIN
        while (atomic_load(&sent) < 100)
            sched_yield();
        EDDY_END(0);
}

static void jobs_for_a_busy_loop_cost_no_kernel_wake(void **state)
{
    eddy_core *core = test_core();
    struct clerk clerk = {remote_of(core), 0};
    pthread_t thread;

    (void)state;
    memset(next_number, 0, sizeof next_number);
    atomic_store(&sent, 0);
    test_spawn(core, busy);
    assert_int_equal(pthread_create(&thread, NULL, send_hundred, &clerk), 0);
    test_settle(core);
    pthread_join(thread, NULL);
    test_settle(core);
    assert_int_equal(next_number[0], 100);
    assert_int_equal(test_stats(core).kernel_wakes, 0);
    test_core_end(core);
}

/* ---- calls ---- */

struct caller {
    eddy_remote *remote;
    const eddy_job *job;
    struct fate *fate;
    eddy_result result;
};

static void *call(void *arg)
{
    struct caller *self = arg;

    self->result = eddy_remote_call(self->remote, self->job, &self->fate);
    eddy_remote_release(self->remote);
    return NULL;
}

/* Make the call from another thread, drive the loop until nothing can come any more. */
static eddy_result call_and_drive(eddy_core *core, const eddy_job *job, struct fate *fate)
{
    struct caller caller = {remote_of(core), job, fate, 1};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, call, &caller), 0);
    while (eddy_core_turn(core, EDDY_FOREVER) != EDDY_DEADLOCK)
        continue;
    pthread_join(thread, NULL);
    return caller.result;
}

static void call_returns_the_futures_result(void **state)
{
    eddy_core *core = test_core();
    struct fate fate = {.value = 77, .yields = 3};

    (void)state;
    assert_int_equal(call_and_drive(core, &value_job, &fate), 77);
    assert_int_equal(fate.trace.dones, 1);
    assert_int_equal(atomic_load(&fate.made), 1);
    assert_int_equal(atomic_load(&fate.dropped), 0);
    test_core_end(core);
}

static void call_returns_an_error_to_the_caller_alone(void **state)
{
    eddy_core *core = test_core();
    struct fate fate = {.value = -ECONNREFUSED};

    (void)state;
    assert_int_equal(call_and_drive(core, &value_job, &fate), -ECONNREFUSED);
    assert_int_equal(test_stats(core).task_errors, 0);
    test_core_end(core);
}

static void call_whose_make_returns_no_future_gives_zero(void **state)
{
    eddy_core *core = test_core();
    struct fate fate = {.value = 77};

    (void)state;
    assert_int_equal(call_and_drive(core, &nothing_job, &fate), 0);
    test_core_end(core);
}

static void call_of_a_job_that_was_never_taken_ends_with_the_loop(void **state)
{
    eddy_core *core = test_core();
    struct fate fate = {0};
    struct caller caller = {remote_of(core), &value_job, &fate, 1};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, call, &caller), 0);
    test_spin(eddy_core_handle(core), EDDY_MILLISECOND);
    test_core_end(core);
    pthread_join(thread, NULL);
    assert_true(caller.result == EDDY_LOOP_GONE || caller.result == EDDY_DROPPED);
    assert_int_equal(atomic_load(&fate.made), 0);
    assert_in_range(atomic_load(&fate.dropped), 0, 1);
}

static void call_whose_task_is_under_way_ends_with_the_loop(void **state)
{
    eddy_core *core = test_core();
    struct test_gate gate = {0};
    struct fate fate = {.gate = &gate};
    struct caller caller = {remote_of(core), &wait_job, &fate, 1};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, call, &caller), 0);
    while (fate.trace.polls == 0)
        assert_true(eddy_core_turn(core, EDDY_SECOND) >= 0);
    test_core_end(core);
    pthread_join(thread, NULL);
    assert_int_equal(caller.result, EDDY_DROPPED);
    assert_int_equal(fate.trace.dones, 1);
}

static void call_with_a_full_inbox_is_not_sent(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.inbox_max = 2});
    eddy_remote *remote = remote_of(core);
    struct fate filler = {0};
    struct fate fate = {0};
    struct caller caller = {eddy_remote_retain(remote), &value_job, &fate, 1};
    pthread_t thread;

    (void)state;
    while (send_job(remote, &nothing_job, &filler) == 0)
        continue;
    assert_int_equal(pthread_create(&thread, NULL, call, &caller), 0);
    pthread_join(thread, NULL);
    assert_int_equal(caller.result, EDDY_INBOX_FULL);
    eddy_remote_release(remote);
    test_core_end(core);
    assert_int_equal(atomic_load(&fate.made) + atomic_load(&fate.dropped), 0);
    assert_int_equal(atomic_load(&filler.dropped), 2);
}

struct self_caller {
    EDDY_FRAME;
    eddy_remote *remote;
    struct fate *fate;
};
EDDY_ASYNC(self_caller, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_remote_call(self->remote, &value_job, &self->fate);
        EDDY_END(n);
}

static void call_myself(void *arg)
{
    eddy_core *core = test_core();
    struct fate fate = {0};

    (void)arg;
    (void)test_run(core, self_caller, .remote = remote_of(core), .fate = &fate);
}

/* Nobody would ever take it: this is the thread that runs the loop. */
static void call_myself_between_turns(void *arg)
{
    eddy_core *core = test_core();
    struct fate fate = {0}, *pointer = &fate;

    (void)arg;
    test_turn(core);
    assert_int_equal(eddy_remote_call(remote_of(core), &value_job, &pointer), 0);
}

static void call_on_the_loops_own_thread_is_asserted(void **state)
{
    (void)state;
    assert_dies(call_myself, NULL, "it would wait for itself");
    assert_dies(call_myself_between_turns, NULL, "it would wait for itself");
}

static void error_of_a_job_nobody_waits_for_goes_to_the_hook(void **state)
{
    eddy_core *core = test_core();
    eddy_remote *remote = remote_of(core);
    struct fate fate = {.value = -EIO};

    (void)state;
    assert_int_equal(send_job(remote, &value_job, &fate), 0);
    test_settle(core);
    test_settle(core);
    assert_int_equal(test_stats(core).task_errors, 1);
    eddy_remote_release(remote);
    test_core_end(core);
}

/* ---- the end, under fire ---- */

static atomic_int accepted_jobs;

static void *send_until_gone(void *arg)
{
    struct courier *self = arg;

    do {
        self->result = send_job(self->remote, self->job, self->fate);
        if (self->result == 0)
            atomic_fetch_add(&accepted_jobs, 1);
    } while (self->result != EDDY_LOOP_GONE);
    eddy_remote_release(self->remote);
    return NULL;
}

static void every_accepted_job_is_made_or_dropped_once_however_the_loop_ends(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        eddy_core *core = test_core_with((eddy_core_options){.inbox_max = 128});
        eddy_remote *remote = remote_of(core);
        struct fate fate = {0};
        struct courier couriers[3];
        pthread_t threads[3];

        atomic_store(&accepted_jobs, 0);
        for (int i = 0; i < 3; i++) {
            couriers[i] = (struct courier){eddy_remote_retain(remote), &nothing_job, &fate, 0};
            assert_int_equal(pthread_create(&threads[i], NULL, send_until_gone, &couriers[i]), 0);
        }
        for (int i = 0; i < 10; i++)
            test_turn(core);
        test_core_end(core);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&fate.made) + atomic_load(&fate.dropped),
                         atomic_load(&accepted_jobs));
        eddy_remote_release(remote);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_sent_from_the_loops_own_thread_runs_later_never_inside),
        cmocka_unit_test(job_sent_from_within_a_task_works),
        cmocka_unit_test(job_may_send_a_job),
        cmocka_unit_test(payload_is_copied_whole),
        cmocka_unit_test(payload_beyond_the_limit_is_asserted),
        cmocka_unit_test(full_inbox_refuses_and_touches_nothing),
        cmocka_unit_test(jobs_still_queued_when_the_loop_ends_are_dropped_once),
        cmocka_unit_test(after_the_loops_end_a_job_is_refused_and_touched_by_nobody),
        cmocka_unit_test(job_sent_from_a_drop_is_refused),
        cmocka_unit_test(call_on_the_loops_own_thread_is_asserted),
        cmocka_unit_test(error_of_a_job_nobody_waits_for_goes_to_the_hook),
    };
    /* A simulated loop is of one thread. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(timer_made_and_dropped_in_a_job_from_another_thread_works),
        cmocka_unit_test(jobs_of_one_sender_run_in_their_order),
        cmocka_unit_test(jobs_for_a_busy_loop_cost_no_kernel_wake),
        cmocka_unit_test(call_returns_the_futures_result),
        cmocka_unit_test(call_returns_an_error_to_the_caller_alone),
        cmocka_unit_test(call_whose_make_returns_no_future_gives_zero),
        cmocka_unit_test(call_of_a_job_that_was_never_taken_ends_with_the_loop),
        cmocka_unit_test(call_whose_task_is_under_way_ends_with_the_loop),
        cmocka_unit_test(call_with_a_full_inbox_is_not_sent),
        cmocka_unit_test(every_accepted_job_is_made_or_dropped_once_however_the_loop_ends),
    };

    return TEST_GROUPS(tests, kernel);
}
