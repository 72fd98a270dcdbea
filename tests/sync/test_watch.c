/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_watch.c - the latest value: who has not seen it is told, what is looked at stays, each value
 * is destroyed once. All claims hold for both kinds.
 */
#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle;
    eddy_watch_sender *sender;
    eddy_watch_receiver *receiver;
    int copies, dropped, drops;
};

static void copy_item(void *arg, void *to, const void *from)
{
    ((struct world *)arg)->copies++;
    *(int *)to = *(const int *)from;
}

static void drop_item(void *arg, void *item)
{
    struct world *self = arg;

    self->dropped += *(int *)item;
    self->drops++;
}

static void begin(struct world *self, int kind)
{
    eddy_watch_options options = {.size_bytes = sizeof options,
                                  .item_bytes = sizeof(int),
                                  .copy_item = copy_item,
                                  .drop_item = drop_item,
                                  .arg = self};
    int first = 1;

    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(eddy_watch_new(handle_of_kind(self->core, kind), &options, &first,
                                    &self->sender, &self->receiver),
                     0);
}

static void end(struct world *self)
{
    eddy_watch_sender_free(self->sender);
    eddy_watch_receiver_free(self->receiver);
    test_core_end(self->core);
}

static int send_int(struct world *self, int value)
{
    return eddy_watch_send(self->sender, &value);
}

static int look(eddy_watch_receiver *receiver)
{
    int value = 0;

    eddy_watch_copy(receiver, &value);
    return value;
}

static void ask_changed(struct world *world, struct asked *self, eddy_watch_receiver *receiver)
{
    ask(world->core, self, eddy_watch_changed(world->handle, receiver));
}

static void new_refuses_impossible_options(void **state)
{
    eddy_watch_options options = {.size_bytes = 3, .item_bytes = 4};
    eddy_watch_sender *sender = NULL;
    eddy_watch_receiver *receiver = NULL;
    int first = 1;

    (void)state;
    assert_int_equal(eddy_watch_new(NULL, &options, &first, &sender, &receiver), -EINVAL);
    options = (eddy_watch_options){.size_bytes = sizeof options};
    assert_int_equal(eddy_watch_new(NULL, &options, &first, &sender, &receiver), -EINVAL);
    assert_null(sender);
    assert_null(receiver);
}

static void the_first_value_is_a_change_until_it_is_looked_at(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked changed;

        begin(&world, kind);
        for (int i = 0; i < 2; i++) {
            ask_changed(&world, &changed, world.receiver);
            asked_gave(world.core, &changed, 1);
        }
        assert_int_equal(look(world.receiver), 1);
        assert_int_equal(eddy_watch_try_changed(world.receiver), -EAGAIN);
        assert_int_equal(look(world.receiver), 1);
        assert_int_equal(world.copies, 2);
        end(&world);
        assert_int_equal(world.drops, 1);
    }
}

static void a_send_wakes_all_and_only_the_latest_value_is_seen(void **state)
{
    enum { RECEIVERS = 40 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_watch_receiver *receivers[RECEIVERS];
        struct asked changes[RECEIVERS];

        begin(&world, kind);
        for (int i = 0; i < RECEIVERS; i++) {
            assert_int_equal(eddy_watch_subscribe(world.sender, &receivers[i]), 0);
            assert_int_equal(look(receivers[i]), 1);
            ask_changed(&world, &changes[i], receivers[i]);
            asked_waits(world.core, &changes[i]);
        }
        for (int value = 2; value <= 5; value++)
            assert_int_equal(send_int(&world, value), 0);
        for (int i = 0; i < RECEIVERS; i++) {
            asked_gave(world.core, &changes[i], 1);
            assert_int_equal(look(receivers[i]), 5);
            eddy_watch_receiver_free(receivers[i]);
        }
        assert_int_equal(world.dropped, 1 + 2 + 3 + 4);
        end(&world);
        assert_int_equal(world.dropped, 1 + 2 + 3 + 4 + 5);
        assert_int_equal(world.drops, 5);
    }
}

static void a_receiver_that_is_woken_and_dropped_still_sees_the_change_later(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked changed;

        begin(&world, kind);
        assert_int_equal(look(world.receiver), 1);
        ask_changed(&world, &changed, world.receiver);
        assert_int_equal(send_int(&world, 2), 0);
        asked_drop(&changed);
        assert_int_equal(eddy_watch_try_changed(world.receiver), 1);
        ask_changed(&world, &changed, world.receiver);
        asked_gave(world.core, &changed, 1);
        assert_int_equal(look(world.receiver), 2);
        end(&world);
    }
}

static void when_the_senders_are_gone_the_last_value_is_seen_then_the_end(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_watch_sender *second;
        struct asked changed;

        begin(&world, kind);
        second = eddy_watch_sender_retain(world.sender);
        assert_int_equal(look(world.receiver), 1);
        ask_changed(&world, &changed, world.receiver);
        eddy_watch_sender_free(world.sender);
        asked_waits(world.core, &changed);
        eddy_watch_sender_free(second);
        world.sender = NULL;
        asked_gave(world.core, &changed, 0);
        assert_int_equal(eddy_watch_try_changed(world.receiver), 0);
        assert_int_equal(look(world.receiver), 1);
        end(&world);

        begin(&world, kind);
        assert_int_equal(send_int(&world, 2), 0);
        eddy_watch_sender_free(world.sender);
        world.sender = NULL;
        assert_int_equal(eddy_watch_try_changed(world.receiver), 1);
        assert_int_equal(look(world.receiver), 2);
        assert_int_equal(eddy_watch_try_changed(world.receiver), 0);
        end(&world);
    }
}

static void sending_to_nobody_fails_and_a_new_receiver_sees_the_value_before(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;

        begin(&world, kind);
        assert_false(eddy_watch_is_closed(world.sender));
        eddy_watch_receiver_free(world.receiver);
        assert_true(eddy_watch_is_closed(world.sender));
        assert_int_equal(send_int(&world, 2), EDDY_CLOSED);
        assert_int_equal(world.drops, 0);
        assert_int_equal(eddy_watch_subscribe(world.sender, &world.receiver), 0);
        assert_int_equal(look(world.receiver), 1);
        assert_int_equal(send_int(&world, 3), 0);
        assert_int_equal(look(world.receiver), 3);
        end(&world);
    }
}

static void a_clone_has_seen_what_the_first_has(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_watch_receiver *clone;

        begin(&world, kind);
        assert_int_equal(eddy_watch_receiver_clone(world.receiver, &clone), 0);
        assert_int_equal(eddy_watch_try_changed(clone), 1);
        eddy_watch_receiver_free(clone);
        assert_int_equal(look(world.receiver), 1);
        assert_int_equal(eddy_watch_receiver_clone(world.receiver, &clone), 0);
        assert_int_equal(eddy_watch_try_changed(clone), -EAGAIN);
        assert_int_equal(send_int(&world, 2), 0);
        assert_int_equal(look(world.receiver), 2);
        assert_int_equal(eddy_watch_try_changed(clone), 1); /* each on its own */
        eddy_watch_receiver_free(clone);
        end(&world);
    }
}

static void what_is_borrowed_stays_until_it_is_returned(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        const int *one, *again, *two;

        begin(&world, kind);
        one = eddy_watch_borrow(world.receiver);
        again = eddy_watch_borrow(world.receiver);
        assert_ptr_equal(one, again);
        assert_int_equal(eddy_watch_try_changed(world.receiver), -EAGAIN);
        assert_int_equal(send_int(&world, 20), 0);
        assert_int_equal(send_int(&world, 300), 0);
        assert_int_equal(world.dropped, 20);
        assert_int_equal(*one, 1);
        two = eddy_watch_borrow(world.receiver);
        assert_int_equal(*two, 300);
        eddy_watch_return(world.receiver, one);
        assert_int_equal(world.dropped, 20);
        eddy_watch_return(world.receiver, again);
        assert_int_equal(world.dropped, 21);
        eddy_watch_return(world.receiver, two);
        assert_int_equal(world.dropped, 21);
        end(&world);
        assert_int_equal(world.dropped, 321);
    }
}

static void sending_again_and_again_allocates_nothing(void **state)
{
    struct world world;
    uint64_t calls;

    (void)state;
    begin(&world, ONE_LOOP);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_int(&world, i), 0);
    calls = test_stats(world.core).heap_calls;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send_int(&world, i), 0);
    assert_int_equal(test_stats(world.core).heap_calls, calls);
    end(&world);
}

/* A hook that sends: nothing is called under a lock. */
static void drop_and_send(void *arg, void *item)
{
    struct world *world = arg;

    world->drops++;
    if (*(int *)item == 1)
        assert_int_equal(send_int(world, 100), 0);
}

static void a_hook_may_use_the_watch(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world = {.core = test_core()};
        eddy_watch_options options = {.size_bytes = sizeof options,
                                      .item_bytes = sizeof(int),
                                      .drop_item = drop_and_send,
                                      .arg = &world};
        int first = 1;

        assert_int_equal(eddy_watch_new(handle_of_kind(world.core, kind), &options, &first,
                                        &world.sender, &world.receiver),
                         0);
        assert_int_equal(send_int(&world, 2), 0);
        assert_int_equal(world.drops, 2);
        assert_int_equal(look(world.receiver), 100);
        end(&world);
    }
}

static void the_handles_may_be_freed_after_the_loop(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked changed;
        const int *borrowed;

        begin(&world, kind);
        borrowed = eddy_watch_borrow(world.receiver);
        ask_changed(&world, &changed, world.receiver);
        test_core_end(world.core);
        eddy_join_free(changed.join);
        assert_int_equal(*borrowed, 1);
        eddy_watch_return(world.receiver, borrowed);
        eddy_watch_receiver_free(world.receiver);
        eddy_watch_sender_free(world.sender);
        assert_int_equal(world.drops, 1);
    }
}

/* ---- misuse ---- */

static void free_while_a_task_waits(void *arg)
{
    struct world world;
    struct asked changed;

    begin(&world, *(int *)arg);
    (void)look(world.receiver);
    ask_changed(&world, &changed, world.receiver);
    eddy_watch_receiver_free(world.receiver);
}

static void free_with_a_loan(void *arg)
{
    struct world world;

    begin(&world, *(int *)arg);
    (void)eddy_watch_borrow(world.receiver);
    eddy_watch_receiver_free(world.receiver);
}

static void return_what_was_not_borrowed(void *arg)
{
    struct world world;
    int item = 0;

    begin(&world, *(int *)arg);
    eddy_watch_return(world.receiver, &item);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        assert_dies(free_while_a_task_waits, &kind, "eddy_watch_receiver_free: a task still waits");
        assert_dies(free_with_a_loan, &kind, "what it has borrowed was not returned");
        assert_dies(return_what_was_not_borrowed, &kind, "has borrowed nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses_impossible_options),
        cmocka_unit_test(the_first_value_is_a_change_until_it_is_looked_at),
        cmocka_unit_test(a_send_wakes_all_and_only_the_latest_value_is_seen),
        cmocka_unit_test(a_receiver_that_is_woken_and_dropped_still_sees_the_change_later),
        cmocka_unit_test(when_the_senders_are_gone_the_last_value_is_seen_then_the_end),
        cmocka_unit_test(sending_to_nobody_fails_and_a_new_receiver_sees_the_value_before),
        cmocka_unit_test(a_clone_has_seen_what_the_first_has),
        cmocka_unit_test(what_is_borrowed_stays_until_it_is_returned),
        cmocka_unit_test(sending_again_and_again_allocates_nothing),
        cmocka_unit_test(a_hook_may_use_the_watch),
        cmocka_unit_test(the_handles_may_be_freed_after_the_loop),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
