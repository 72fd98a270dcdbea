/* SPDX-License-Identifier: MIT */
/*
 * test_inbox.c - what the inbox promises when only one thread looks: jobs in order and within
 * limits, when the kernel is woken, where the memory goes. Wakes: test_wakes.c. Races:
 * test_inbox_threads.c, and all interleavings: tests/model/test_inbox_model.c.
 */
#include <errno.h>

#include "../support/death.h"
#include "eddy/error.h"
#include "inbox_world.h"

static const char number_job = 0; /* its address is the type */

static void push_number(eddy__inbox *inbox, int number, eddy_result expected)
{
    assert_int_equal(eddy__inbox_push(inbox, &number_job, &number, sizeof(number)), expected);
}

static void take_number(eddy__inbox *inbox, int expected)
{
    int payload[EDDY__JOB_PAYLOAD / sizeof(int)];
    const void *type;

    assert_true(eddy__inbox_take(inbox, &type, payload));
    assert_ptr_equal(type, &number_job);
    assert_int_equal(payload[0], expected);
}

static void assert_no_job(eddy__inbox *inbox)
{
    unsigned char payload[EDDY__JOB_PAYLOAD];
    const void *type;

    assert_false(eddy__inbox_take(inbox, &type, payload));
}

static void jobs_come_out_in_order_however_often_the_ring_goes_round(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    int in = 0, out = 0;

    for (int round = 0; round < 100; round++) {
        for (int i = 0; i <= round % JOBS_MAX; i++)
            push_number(inbox, in++, 0);
        while (out < in)
            take_number(inbox, out++);
        assert_no_job(inbox);
    }
}

static void a_payload_of_any_length_arrives_whole(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    unsigned char sent[EDDY__JOB_PAYLOAD], taken[EDDY__JOB_PAYLOAD];
    const void *type;

    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (unsigned char)(i + 1);
    for (size_t len = 0; len <= sizeof(sent); len++) {
        const void *payload = len > 0 ? sent : NULL;

        assert_int_equal(eddy__inbox_push(inbox, NULL, payload, len), 0);
        assert_true(eddy__inbox_take(inbox, &type, taken));
        assert_null(type);
        assert_memory_equal(sent, taken, len);
    }
}

static void a_full_inbox_refuses_until_one_is_taken(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;

    for (int i = 0; i < JOBS_MAX; i++)
        push_number(inbox, i, 0);
    push_number(inbox, -1, EDDY_INBOX_FULL);
    take_number(inbox, 0);
    push_number(inbox, JOBS_MAX, 0);
    push_number(inbox, -1, EDDY_INBOX_FULL);
    for (int i = 1; i <= JOBS_MAX; i++)
        take_number(inbox, i);
    assert_no_job(inbox);
}

static void a_closed_inbox_refuses_but_gives_back_what_it_accepted(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    target late;

    push_number(inbox, 1, 0);
    push_number(inbox, 2, 0);
    eddy__inbox_close(inbox);
    eddy__inbox_close(inbox);
    push_number(inbox, 3, EDDY_LOOP_GONE);
    take_number(inbox, 1);
    take_number(inbox, 2);
    assert_no_job(inbox);
    push_number(inbox, 4, EDDY_LOOP_GONE);
    assert_int_equal(eddy__inbox_slot_new(inbox, &late, &late.index, &late.generation),
                     EDDY_LOOP_GONE);
}

static void the_kernel_is_woken_once_per_sleep_and_never_while_awake(void **state)
{
    world *self = *state;
    target woken;

    open_target(self->inbox, &woken);
    push_number(self->inbox, 1, 0);
    wake_target(self->inbox, &woken);
    assert_int_equal(self->kernel_wakes, 0);
    take_number(self->inbox, 1);
    eddy__inbox_next_wake(self->inbox);
    for (unsigned sleep = 1; sleep <= 3; sleep++) {
        assert_true(eddy__inbox_prepare_sleep(self->inbox));
        assert_int_equal(self->kernel_wakes, sleep - 1);
        push_number(self->inbox, 2, 0);
        wake_target(self->inbox, &woken);
        push_number(self->inbox, 3, 0);
        assert_int_equal(self->kernel_wakes, sleep);
        eddy__inbox_awake(self->inbox);
        take_number(self->inbox, 2);
        take_number(self->inbox, 3);
        assert_ptr_equal(eddy__inbox_next_wake(self->inbox), &woken);
    }
    assert_int_equal(eddy__inbox_kernel_wakes(self->inbox), 3);
}

static void a_loop_that_woke_by_itself_is_not_woken(void **state)
{
    world *self = *state;

    assert_true(eddy__inbox_prepare_sleep(self->inbox));
    eddy__inbox_awake(self->inbox);
    push_number(self->inbox, 1, 0);
    assert_int_equal(self->kernel_wakes, 0);
}

static void a_loop_with_something_to_do_does_not_sleep(void **state)
{
    world *self = *state;
    target woken;

    open_target(self->inbox, &woken);
    push_number(self->inbox, 1, 0);
    assert_true(eddy__inbox_ready(self->inbox));
    assert_false(eddy__inbox_prepare_sleep(self->inbox));
    take_number(self->inbox, 1);
    wake_target(self->inbox, &woken);
    assert_true(eddy__inbox_ready(self->inbox));
    assert_false(eddy__inbox_prepare_sleep(self->inbox));
    wake_target(self->inbox, &woken);
    assert_int_equal(self->kernel_wakes, 0);
}

static void refused_and_merged_things_wake_no_kernel(void **state)
{
    world *self = *state;
    target gone;

    open_target(self->inbox, &gone);
    eddy__inbox_slot_free(self->inbox, gone.index);
    assert_true(eddy__inbox_prepare_sleep(self->inbox));
    assert_false(wake_target(self->inbox, &gone));
    assert_int_equal(self->kernel_wakes, 0);
}

static void the_last_other_holder_wakes_a_sleeping_loop(void **state)
{
    world *self = *state;

    assert_int_equal(eddy__inbox_refs(self->inbox), 1);
    eddy__inbox_retain(self->inbox);
    eddy__inbox_retain(self->inbox);
    assert_int_equal(eddy__inbox_refs(self->inbox), 3);
    assert_true(eddy__inbox_prepare_sleep(self->inbox));
    eddy__inbox_release(self->inbox);
    assert_int_equal(self->kernel_wakes, 0);
    eddy__inbox_release(self->inbox);
    assert_int_equal(self->kernel_wakes, 1);
    assert_int_equal(eddy__inbox_refs(self->inbox), 1);
}

static void the_memory_lives_until_the_last_release(void **state)
{
    world *self = *state;
    target gone;

    open_target(self->inbox, &gone);
    eddy__inbox_retain(self->inbox);
    eddy__inbox_close(self->inbox);
    eddy__inbox_release(self->inbox);
    assert_int_equal(self->closed, 0);
    assert_false(wake_target(self->inbox, &gone));
    push_number(self->inbox, 1, EDDY_LOOP_GONE);
    eddy__inbox_release(self->inbox);
    assert_int_equal(self->closed, 1);
    assert_true(self->memory_when_closed);
    assert_int_equal(self->live_bytes, 0);
}

static void out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
    world self;
    int allocations = 0;

    (void)state;
    while (world_open(&self, allocations, 2) == -ENOMEM) {
        assert_int_equal(self.live_bytes, 0);
        assert_true(++allocations < 10);
    }
    assert_true(allocations > 0);
    eddy__inbox_release(self.inbox);
    assert_int_equal(self.live_bytes, 0);
}

static void push_too_much(void *arg)
{
    unsigned char payload[EDDY__JOB_PAYLOAD + 1] = {0};

    (void)eddy__inbox_push(arg, NULL, payload, sizeof(payload));
}

static void open_odd_size(void *arg)
{
    (void)world_open(arg, NEVER, 6);
}

static void mistakes_are_asserted(void **state)
{
    eddy__inbox *inbox = ((world *)*state)->inbox;
    world other;

    assert_dies(push_too_much, inbox, "at most 48 bytes, not 49");
    assert_dies(open_odd_size, &other, "power of two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(jobs_come_out_in_order_however_often_the_ring_goes_round),
        WORLD_TEST(a_payload_of_any_length_arrives_whole),
        WORLD_TEST(a_full_inbox_refuses_until_one_is_taken),
        WORLD_TEST(a_closed_inbox_refuses_but_gives_back_what_it_accepted),
        WORLD_TEST(the_kernel_is_woken_once_per_sleep_and_never_while_awake),
        WORLD_TEST(a_loop_that_woke_by_itself_is_not_woken),
        WORLD_TEST(a_loop_with_something_to_do_does_not_sleep),
        WORLD_TEST(refused_and_merged_things_wake_no_kernel),
        WORLD_TEST(the_last_other_holder_wakes_a_sleeping_loop),
        WORLD_TEST(the_memory_lives_until_the_last_release),
        cmocka_unit_test(out_of_memory_is_an_error_and_leaks_nothing),
        WORLD_TEST(mistakes_are_asserted),
    };

    return cmocka_run_group_tests_name("base/inbox", tests, NULL, NULL);
}
