/* SPDX-License-Identifier: MIT */
/*
 * test_inbox_model.c - the inbox in every interleaving of a few threads (see atomic_model.h): no
 * wake is lost, no job is lost or doubled, a freed owner is never woken, the kernel is not called
 * too often. The code under test is compiled into this file with the model's scheduler in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EDDY__ATOMIC_MODEL "model/atomic_model.h"
#include "base/inbox.c" /* NOLINT(bugprone-suspicious-include) */
#undef CACHE_LINE
#include "base/wakes.c" /* NOLINT(bugprone-suspicious-include) */

enum { SENDERS = 2, JOBS = 2, NOT_SENT = 1 };

/* Everything the threads of a scenario share. What is atomic is a scheduling point too. */
static struct {
    eddy__inbox *inbox;
    eddy__atomic_u64 signal;        /* the kernel's: 1 ends the loop's wait */
    eddy__atomic_u64 done[SENDERS]; /* what a waker wants the owner to see */
    uint32_t index[SENDERS], generation[SENDERS];
    int owner[SENDERS + 1];
    unsigned woken[SENDERS + 1]; /* how often, by owner */
    bool seen[SENDERS];          /* the owner saw what the waker did before */
    eddy_result sent[SENDERS][JOBS];
    unsigned taken[SENDERS][JOBS];
    int last[SENDERS]; /* last job taken of each sender */
    unsigned announced, slept, closed;
    bool open;
} shared;

static void model_wake_kernel(void *arg)
{
    (void)arg;
    eddy__model_check(!shared.closed, "the kernel is woken after the inbox has gone");
    eddy__atomic_store(&shared.signal, 1, memory_order_seq_cst);
}

static void count_closed(void *arg)
{
    (void)arg;
    shared.closed++;
}

static void set_up(uint32_t references)
{
    const eddy__inbox_options options = {
        .jobs_max = 2, .wake_kernel = model_wake_kernel, .closed = count_closed};

    memset(&shared, 0, sizeof(shared));
    memset(shared.last, -1, sizeof(shared.last));
    for (int i = 0; i < SENDERS * JOBS; i++)
        shared.sent[i / JOBS][i % JOBS] = NOT_SENT;
    eddy__model_check(eddy__inbox_new(&options, &shared.inbox) == 0, "out of memory");
    shared.open = true;
    while (references-- > 1)
        eddy__inbox_retain(shared.inbox);
}

static void open_slot(int which, int owner)
{
    eddy_result result = eddy__inbox_slot_new(shared.inbox, &shared.owner[owner],
                                              &shared.index[which], &shared.generation[which]);

    eddy__model_check(result == 0, "no slot");
}

static void set_up_plain(void)
{
    set_up(1);
}

static void set_up_one_slot(void)
{
    set_up(1);
    open_slot(0, 0);
    shared.index[1] = shared.index[0];
    shared.generation[1] = shared.generation[0];
}

static void set_up_two_slots(void)
{
    set_up(1);
    open_slot(0, 0);
    open_slot(1, 1);
}

static void set_up_holders(void)
{
    set_up(3);
}

/* The threads. */

#define THREAD(name, body)                                                                         \
    static void name(void)                                                                         \
    {                                                                                              \
        body;                                                                                      \
    }

static void waker(int self)
{
    eddy__atomic_store(&shared.done[self], 1, memory_order_relaxed);
    eddy__model_check(eddy__inbox_wake(shared.inbox, shared.index[self], shared.generation[self]),
                      "a wake of a living owner says that it is gone");
}

THREAD(waker_0, waker(0))
THREAD(waker_1, waker(1))

static void wake_twice(void)
{
    waker(0);
    eddy__atomic_store(&shared.done[1], 1, memory_order_relaxed);
    waker(0);
}

static void late_waker(void)
{
    (void)eddy__inbox_wake(shared.inbox, shared.index[0], shared.generation[0]);
}

static void push_one(int self, int job)
{
    const int payload[2] = {self, job};

    shared.sent[self][job] = eddy__inbox_push(shared.inbox, &shared, payload, sizeof(payload));
}

static void set_up_full(void)
{
    set_up(1);
    push_one(0, 0);
    push_one(1, 0);
    eddy__model_check(eddy__inbox_push(shared.inbox, NULL, NULL, 0) == EDDY_INBOX_FULL,
                      "two jobs do not fill the ring");
}

THREAD(push_second_0, push_one(0, 1))
THREAD(push_second_1, push_one(1, 1))

static void push_two_0(void)
{
    push_one(0, 0);
    push_one(0, 1);
}

THREAD(push_one_0, push_one(0, 0))
THREAD(push_one_1, push_one(1, 0))
THREAD(releaser, eddy__inbox_release(shared.inbox))

static bool take_one(void)
{
    const void *type;
    int payload[EDDY__JOB_PAYLOAD / sizeof(int)];

    if (!eddy__inbox_take(shared.inbox, &type, payload))
        return false;
    eddy__model_check(type == &shared, "a job has changed its type");
    shared.taken[payload[0]][payload[1]]++;
    eddy__model_check(shared.last[payload[0]] < payload[1], "jobs of one sender overtake");
    shared.last[payload[0]] = payload[1];
    return true;
}

static bool run_one_owner(void)
{
    int *owner = eddy__inbox_next_wake(shared.inbox);

    if (!owner)
        return false;
    shared.woken[owner - shared.owner]++;
    for (int i = 0; i < SENDERS; i++) {
        if (eddy__atomic_load(&shared.done[i], memory_order_relaxed))
            shared.seen[i] = true;
    }
    return true;
}

static void block(void)
{
    shared.slept++;
    eddy__atomic_pause_while(&shared.signal, 0);
    eddy__atomic_store(&shared.signal, 0, memory_order_seq_cst);
    eddy__inbox_awake(shared.inbox);
}

/* The loop, for ever. */
static void loop(void)
{
    for (;;) {
        bool worked = take_one();

        if (run_one_owner() || worked)
            continue;
        shared.announced++;
        if (eddy__inbox_prepare_sleep(shared.inbox))
            block();
    }
}

/* The loop until nobody else can reach it. */
static void loop_until_alone(void)
{
    for (;;) {
        if (!eddy__inbox_prepare_sleep(shared.inbox))
            continue;
        if (eddy__inbox_refs(shared.inbox) == 1)
            break;
        block();
    }
    eddy__inbox_awake(shared.inbox);
    eddy__inbox_release(shared.inbox);
    shared.open = false;
}

static void loop_that_closes(void)
{
    (void)take_one();
    eddy__inbox_close(shared.inbox);
    while (take_one()) {
    }
}

static void loop_that_closes_on_wakes(void)
{
    (void)run_one_owner();
    eddy__inbox_close(shared.inbox);
    eddy__inbox_slot_free(shared.inbox, shared.index[0]);
}

/* Frees the owner of slot 0 and gives its place to owner 2. */
static void loop_that_reuses(void)
{
    uint32_t first = shared.index[0], second = 0, generation = 0;

    eddy__inbox_slot_free(shared.inbox, first);
    (void)eddy__inbox_slot_new(shared.inbox, &shared.owner[2], &second, &generation);
    eddy__model_check(second != first || generation != shared.generation[0],
                      "a slot comes back under its old generation");
    (void)run_one_owner();
    (void)run_one_owner();
}

/* What must hold at the end. */

static void clean_up(void)
{
    if (shared.open)
        eddy__inbox_release(shared.inbox);
    eddy__model_check(shared.closed == 1, "closed() is not called exactly once");
}

static void check_quiet(void)
{
    uint64_t kernel_wakes = eddy__inbox_kernel_wakes(shared.inbox);

    eddy__model_check(!eddy__inbox_ready(shared.inbox), "the loop sleeps on something to do");
    /* The last announcement stands: only those before it can have been answered, each once. */
    eddy__model_check(kernel_wakes < shared.announced, "two kernel wakes for one sleep");
    eddy__model_check(shared.slept <= kernel_wakes + 1, "a sleep ended without a wake");
}

static void check_wakes(void)
{
    check_quiet();
    eddy__model_check(shared.seen[0] && shared.seen[1], "a wake is lost");
    eddy__model_check(shared.woken[0] <= 2 && shared.woken[1] <= 1, "a wake counts twice");
    clean_up();
}

static void check_each_job_once(void)
{
    for (int i = 0; i < SENDERS * JOBS; i++) {
        unsigned taken = shared.taken[i / JOBS][i % JOBS];

        if (shared.sent[i / JOBS][i % JOBS] == 0)
            eddy__model_check(taken == 1, "an accepted job is not taken exactly once");
        else
            eddy__model_check(taken == 0, "a refused job is taken");
    }
}

static void check_jobs(void)
{
    check_quiet();
    check_each_job_once();
    for (int i = 0; i < SENDERS * JOBS; i++)
        eddy__model_check(shared.sent[i / JOBS][i % JOBS] != EDDY_LOOP_GONE,
                          "an open inbox refuses");
    eddy__model_check(shared.sent[0][0] == 0 || shared.sent[1][0] == 0,
                      "an empty inbox says that it is full");
    clean_up();
}

static void check_closed_jobs(void)
{
    check_each_job_once();
    eddy__model_check(eddy__inbox_push(shared.inbox, NULL, NULL, 0) == EDDY_LOOP_GONE,
                      "a job is accepted after the close");
    clean_up();
}

static void check_reuse(void)
{
    eddy__model_check(shared.woken[2] == 0, "a stale wake reaches the next owner");
    eddy__model_check(shared.woken[0] == 0, "a freed owner is woken");
    (void)run_one_owner(); /* what came late is popped, and its slot can be used again */
    eddy__model_check(!eddy__inbox_ready(shared.inbox), "a popped slot is still queued");
    clean_up();
}

static void check_closed_wakes(void)
{
    eddy__model_check(shared.woken[0] <= 1, "a closed owner is woken");
    eddy__model_check(!run_one_owner() && !eddy__inbox_ready(shared.inbox), "closed, yet ready");
    eddy__model_check(!eddy__inbox_wake(shared.inbox, shared.index[0], shared.generation[0]),
                      "a closed owner can be woken");
    clean_up();
}

static void explore(const model_scenario *scenario)
{
    const char *broken = model_explore(scenario);

    if (broken)
        fail_msg("%s: %s", scenario->name, broken);
}

#define CLAIM(claim, set_up, check, ...)                                                           \
    static void claim(void **state)                                                                \
    {                                                                                              \
        const model_scenario scenario = {#claim, set_up, {__VA_ARGS__}, check};                    \
                                                                                                   \
        (void)state;                                                                               \
        explore(&scenario);                                                                        \
    }

CLAIM(two_wakers_of_one_owner_lose_no_wake, set_up_one_slot, check_wakes, {waker_0, false},
      {waker_1, false}, {loop, true})
CLAIM(two_wakers_of_two_owners_lose_no_wake, set_up_two_slots, check_wakes, {waker_0, false},
      {waker_1, false}, {loop, true})
CLAIM(a_second_wake_is_merged_or_queued_again, set_up_one_slot, check_wakes, {wake_twice, false},
      {loop, true})
CLAIM(two_senders_lose_no_job_of_a_sleeping_loop, set_up_plain, check_jobs, {push_one_0, false},
      {push_one_1, false}, {loop, true})
CLAIM(a_full_ring_refuses_and_stays_in_order, set_up_full, check_jobs, {push_second_0, false},
      {push_second_1, false}, {loop, true})
CLAIM(a_loop_that_falls_asleep_loses_no_second_job, set_up_plain, check_jobs, {push_two_0, false},
      {loop, true})
CLAIM(a_close_takes_or_refuses_each_job, set_up_plain, check_closed_jobs, {push_two_0, false},
      {push_one_1, false}, {loop_that_closes, false})
CLAIM(a_close_ends_all_wakes, set_up_one_slot, check_closed_wakes, {late_waker, false},
      {late_waker, false}, {loop_that_closes_on_wakes, false})
CLAIM(a_stale_wake_never_reaches_the_next_owner, set_up_one_slot, check_reuse, {late_waker, false},
      {late_waker, false}, {loop_that_reuses, false})
CLAIM(the_last_release_wakes_and_frees_once, set_up_holders, clean_up, {releaser, false},
      {releaser, false}, {loop_until_alone, false})

/* Not a matter of interleavings, but of the inside: a slot is used 2^32 - 1 times, then never. */
static void a_slot_retires_before_its_generation_wraps(void **state)
{
    uint32_t index = 0, generation = 0;

    (void)state;
    set_up_one_slot();
    atomic_store(&slot_at(&shared.inbox->wakes, shared.index[0])->state.value,
                 UINT32_MAX * GENERATION);
    assert_true(eddy__inbox_wake(shared.inbox, shared.index[0], UINT32_MAX));
    eddy__inbox_slot_free(shared.inbox, shared.index[0]);
    assert_null(eddy__inbox_next_wake(shared.inbox));
    assert_int_equal(eddy__inbox_slot_new(shared.inbox, &shared, &index, &generation), 0);
    assert_int_not_equal(index, shared.index[0]);
    for (uint32_t old = 0; old < 3; old++)
        assert_false(eddy__inbox_wake(shared.inbox, shared.index[0], old));
    assert_false(eddy__inbox_wake(shared.inbox, shared.index[0], UINT32_MAX));
    clean_up();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_wakers_of_one_owner_lose_no_wake),
        cmocka_unit_test(two_wakers_of_two_owners_lose_no_wake),
        cmocka_unit_test(a_second_wake_is_merged_or_queued_again),
        cmocka_unit_test(two_senders_lose_no_job_of_a_sleeping_loop),
        cmocka_unit_test(a_full_ring_refuses_and_stays_in_order),
        cmocka_unit_test(a_loop_that_falls_asleep_loses_no_second_job),
        cmocka_unit_test(a_close_takes_or_refuses_each_job),
        cmocka_unit_test(a_close_ends_all_wakes),
        cmocka_unit_test(a_stale_wake_never_reaches_the_next_owner),
        cmocka_unit_test(the_last_release_wakes_and_frees_once),
        cmocka_unit_test(a_slot_retires_before_its_generation_wraps),
    };

    return cmocka_run_group_tests_name("base/inbox: every interleaving", tests, NULL, NULL);
}
