/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_broadcast.c - all items to all receivers, in order; who lags is told exactly how much is
 * lost; each item is destroyed once. All claims hold for both kinds.
 */
#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle;
    eddy_broadcast_sender *sender;
    eddy_broadcast_receiver *receiver;
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

static void begin(struct world *self, int kind, uint32_t capacity)
{
    eddy_broadcast_options options = {.size_bytes = sizeof options,
                                      .item_bytes = sizeof(int),
                                      .capacity = capacity,
                                      .copy_item = copy_item,
                                      .drop_item = drop_item,
                                      .arg = self};

    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(eddy_broadcast_new(handle_of_kind(self->core, kind), &options, &self->sender,
                                        &self->receiver),
                     0);
}

static void free_sender(struct world *self)
{
    eddy_broadcast_sender_free(self->sender);
    self->sender = NULL;
}

static void free_receiver(struct world *self)
{
    eddy_broadcast_receiver_free(self->receiver);
    self->receiver = NULL;
}

static void end(struct world *self)
{
    free_sender(self);
    free_receiver(self);
    test_core_end(self->core);
}

static eddy_result send_int(struct world *self, int value)
{
    return eddy_broadcast_send(self->sender, &value);
}

/* The item, or what try_next said when there was none. Items are > 0. */
static int try_next(eddy_broadcast_receiver *receiver)
{
    int item = -1;
    int n = eddy_broadcast_try_next(receiver, &item);

    return n == 1 ? item : n;
}

static void new_refuses_impossible_options(void **state)
{
    eddy_broadcast_options options = {.size_bytes = 3, .item_bytes = 4, .capacity = 1};
    eddy_broadcast_sender *sender = NULL;
    eddy_broadcast_receiver *receiver = NULL;

    (void)state;
    assert_int_equal(eddy_broadcast_new(NULL, &options, &sender, &receiver), -EINVAL);
    options = (eddy_broadcast_options){.size_bytes = sizeof options, .item_bytes = 4};
    assert_int_equal(eddy_broadcast_new(NULL, &options, &sender, &receiver), -EINVAL);
    options = (eddy_broadcast_options){.size_bytes = sizeof options, .capacity = 4};
    assert_int_equal(eddy_broadcast_new(NULL, &options, &sender, &receiver), -EINVAL);
    assert_null(sender);
    assert_null(receiver);
}

static void every_receiver_gets_every_item_in_order(void **state)
{
    enum { RECEIVERS = 40, ITEMS = 10 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_broadcast_receiver *receivers[RECEIVERS];

        begin(&world, kind, ITEMS);
        for (int i = 0; i < RECEIVERS; i++)
            assert_int_equal(eddy_broadcast_subscribe(world.sender, &receivers[i]), 0);
        for (int value = 1; value <= ITEMS; value++)
            assert_int_equal(send_int(&world, value), RECEIVERS + 1);
        for (int i = 0; i < RECEIVERS; i++) {
            for (int value = 1; value <= ITEMS; value++)
                assert_int_equal(try_next(receivers[i]), value);
            assert_int_equal(try_next(receivers[i]), -EAGAIN);
        }
        assert_int_equal(world.drops, 0); /* one has read nothing yet */
        for (int value = 1; value <= ITEMS; value++) {
            assert_int_equal(try_next(world.receiver), value);
            assert_int_equal(world.drops, value);
        }
        assert_int_equal(world.copies, (RECEIVERS + 1) * ITEMS);
        for (int i = 0; i < RECEIVERS; i++)
            eddy_broadcast_receiver_free(receivers[i]);
        end(&world);
        assert_int_equal(world.drops, ITEMS);
    }
}

static void an_item_wakes_all_that_wait(void **state)
{
    enum { RECEIVERS = 40 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_broadcast_receiver *receivers[RECEIVERS];
        struct asked next[RECEIVERS];
        int items[RECEIVERS] = {0};

        begin(&world, kind, 1);
        for (int i = 0; i < RECEIVERS; i++) {
            assert_int_equal(eddy_broadcast_subscribe(world.sender, &receivers[i]), 0);
            ask(world.core, &next[i],
                eddy_broadcast_receive(world.handle, receivers[i], &items[i]));
            asked_waits(world.core, &next[i]);
        }
        assert_int_equal(send_int(&world, 7), RECEIVERS + 1);
        for (int i = 0; i < RECEIVERS; i++) {
            asked_gave(world.core, &next[i], 1);
            assert_int_equal(items[i], 7);
            eddy_broadcast_receiver_free(receivers[i]);
        }
        end(&world);
    }
}

static void one_that_lags_is_told_once_how_much_and_goes_on_with_the_oldest(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (uint32_t capacity = 1; capacity <= 9; capacity++) {
            for (int lost = 1; lost <= 20; lost += 3) {
                struct world world;
                int all = (int)capacity + lost;
                struct asked next;
                int item = 0;

                begin(&world, kind, capacity);
                for (int value = 1; value <= all; value++)
                    assert_int_equal(send_int(&world, value), 1);
                assert_int_equal(world.drops, lost);
                ask(world.core, &next, eddy_broadcast_receive(world.handle, world.receiver, &item));
                asked_gave(world.core, &next, EDDY_LAGGED);
                assert_int_equal(eddy_broadcast_lost(world.receiver), lost);
                assert_int_equal(item, 0);
                for (int value = lost + 1; value <= all; value++)
                    assert_int_equal(try_next(world.receiver), value);
                assert_int_equal(try_next(world.receiver), -EAGAIN);
                end(&world);
                assert_int_equal(world.drops, all);
            }
        }
    }
}

static void capacity_is_exact(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (uint32_t capacity = 1; capacity <= 9; capacity++) {
            struct world world;

            begin(&world, kind, capacity);
            for (int value = 1; value <= (int)capacity; value++)
                assert_int_equal(send_int(&world, value), 1);
            assert_int_equal(try_next(world.receiver), 1);
            assert_int_equal(send_int(&world, 100), 1); /* in the place of what was read */
            for (int value = 2; value <= (int)capacity; value++)
                assert_int_equal(try_next(world.receiver), value);
            assert_int_equal(try_next(world.receiver), 100);
            end(&world);
        }
    }
}

static void a_slow_one_does_not_hold_up_a_fast_one(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_broadcast_receiver *fast;

        begin(&world, kind, 2);
        assert_int_equal(eddy_broadcast_subscribe(world.sender, &fast), 0);
        for (int value = 1; value <= 50; value++) {
            assert_int_equal(send_int(&world, value), 2);
            assert_int_equal(try_next(fast), value);
        }
        assert_int_equal(try_next(world.receiver), EDDY_LAGGED);
        assert_int_equal(eddy_broadcast_lost(world.receiver), 48);
        assert_int_equal(try_next(world.receiver), 49);
        eddy_broadcast_receiver_free(fast);
        end(&world);
        assert_int_equal(world.drops, 50);
    }
}

static void a_subscriber_gets_what_is_sent_from_then_on_a_clone_what_was_left(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_broadcast_receiver *late, *clone;

        begin(&world, kind, 3);
        for (int value = 1; value <= 4; value++)
            assert_int_equal(send_int(&world, value), 1);
        assert_int_equal(eddy_broadcast_subscribe(world.sender, &late), 0);
        assert_int_equal(eddy_broadcast_receiver_clone(world.receiver, &clone), 0);
        assert_int_equal(send_int(&world, 5), 3);
        assert_int_equal(try_next(late), 5);
        assert_int_equal(try_next(late), -EAGAIN);
        for (int i = 0; i < 2; i++) {
            eddy_broadcast_receiver *one = i == 0 ? clone : world.receiver;

            assert_int_equal(try_next(one), EDDY_LAGGED);
            assert_int_equal(eddy_broadcast_lost(one), 2);
            for (int value = 3; value <= 5; value++)
                assert_int_equal(try_next(one), value);
        }
        assert_int_equal(world.drops, 5);
        eddy_broadcast_receiver_free(late);
        eddy_broadcast_receiver_free(clone);
        end(&world);
    }
}

static void when_the_senders_are_gone_receivers_get_what_is_left_then_the_end(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_broadcast_sender *second;
        struct asked next;
        int item;

        begin(&world, kind, 3);
        second = eddy_broadcast_sender_retain(world.sender);
        assert_int_equal(send_int(&world, 1), 1);
        free_sender(&world);
        assert_int_equal(try_next(world.receiver), 1);
        ask(world.core, &next, eddy_broadcast_receive(world.handle, world.receiver, &item));
        asked_waits(world.core, &next);
        eddy_broadcast_sender_free(second);
        asked_gave(world.core, &next, 0);
        assert_int_equal(try_next(world.receiver), 0);
        end(&world);
    }
}

static void sending_to_nobody_fails_and_the_item_is_the_callers(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;

        begin(&world, kind, 3);
        assert_int_equal(send_int(&world, 1), 1);
        free_receiver(&world);
        assert_int_equal(world.drops, 1); /* what it alone had still to read */
        assert_true(eddy_broadcast_is_closed(world.sender));
        assert_int_equal(send_int(&world, 2), EDDY_CLOSED);
        assert_int_equal(eddy_broadcast_subscribe(world.sender, &world.receiver), 0);
        assert_false(eddy_broadcast_is_closed(world.sender));
        assert_int_equal(try_next(world.receiver), -EAGAIN);
        assert_int_equal(send_int(&world, 3), 1);
        assert_int_equal(try_next(world.receiver), 3);
        end(&world);
        assert_int_equal(world.drops, 2);
    }
}

static void a_receiver_that_is_woken_and_dropped_leaves_the_item(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked next;
        int item = 0;

        begin(&world, kind, 1);
        ask(world.core, &next, eddy_broadcast_receive(world.handle, world.receiver, &item));
        assert_int_equal(send_int(&world, 8), 1);
        asked_drop(&next);
        ask(world.core, &next, eddy_broadcast_receive(world.handle, world.receiver, &item));
        asked_gave(world.core, &next, 1);
        assert_int_equal(item, 8);
        end(&world);
    }
}

static void sending_again_and_again_allocates_nothing(void **state)
{
    struct world world;
    uint64_t calls;

    (void)state;
    begin(&world, ONE_LOOP, 4);
    for (int i = 0; i < 6; i++)
        assert_int_equal(send_int(&world, i), 1);
    calls = test_stats(world.core).heap_calls;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(send_int(&world, i), 1);
        if (i % 3 == 0)
            (void)try_next(world.receiver);
    }
    assert_int_equal(test_stats(world.core).heap_calls, calls);
    end(&world);
}

/* While it is copied others send so much that it is overwritten: it stays until that is over. */
static void copy_and_overwrite(void *arg, void *to, const void *from)
{
    struct world *world = arg;
    int drops = world->drops;

    if (++world->copies == 1)
        for (int value = 10; value < 20; value++)
            assert_int_equal(send_int(world, value), 1);
    *(int *)to = *(const int *)from;
    if (world->copies == 1)
        assert_in_range(world->drops - drops, 0, 9);
}

static void an_item_that_is_overwritten_while_it_is_copied_stays_until_then(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world = {.core = test_core()};
        eddy_broadcast_options options = {.size_bytes = sizeof options,
                                          .item_bytes = sizeof(int),
                                          .capacity = 2,
                                          .copy_item = copy_and_overwrite,
                                          .drop_item = drop_item,
                                          .arg = &world};

        assert_int_equal(eddy_broadcast_new(handle_of_kind(world.core, kind), &options,
                                            &world.sender, &world.receiver),
                         0);
        assert_int_equal(send_int(&world, 5), 1);
        assert_int_equal(try_next(world.receiver), 5);
        assert_int_equal(try_next(world.receiver), EDDY_LAGGED);
        assert_int_equal(try_next(world.receiver), 18);
        end(&world);
        assert_int_equal(world.drops, 11);
    }
}

static void the_handles_may_be_freed_after_the_loop(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked next;
        int item;

        begin(&world, kind, 3);
        ask(world.core, &next, eddy_broadcast_receive(world.handle, world.receiver, &item));
        test_core_end(world.core);
        eddy_join_free(next.join);
        free_sender(&world);
        free_receiver(&world);
    }
}

/* ---- misuse ---- */

static void free_while_a_task_waits(void *arg)
{
    struct world world;
    struct asked next;
    int item;

    begin(&world, *(int *)arg, 1);
    ask(world.core, &next, eddy_broadcast_receive(world.handle, world.receiver, &item));
    free_receiver(&world);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        assert_dies(free_while_a_task_waits, &kind,
                    "eddy_broadcast_receiver_free: a task still waits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_refuses_impossible_options),
        cmocka_unit_test(every_receiver_gets_every_item_in_order),
        cmocka_unit_test(an_item_wakes_all_that_wait),
        cmocka_unit_test(one_that_lags_is_told_once_how_much_and_goes_on_with_the_oldest),
        cmocka_unit_test(capacity_is_exact),
        cmocka_unit_test(a_slow_one_does_not_hold_up_a_fast_one),
        cmocka_unit_test(a_subscriber_gets_what_is_sent_from_then_on_a_clone_what_was_left),
        cmocka_unit_test(when_the_senders_are_gone_receivers_get_what_is_left_then_the_end),
        cmocka_unit_test(sending_to_nobody_fails_and_the_item_is_the_callers),
        cmocka_unit_test(a_receiver_that_is_woken_and_dropped_leaves_the_item),
        cmocka_unit_test(sending_again_and_again_allocates_nothing),
        cmocka_unit_test(an_item_that_is_overwritten_while_it_is_copied_stays_until_then),
        cmocka_unit_test(the_handles_may_be_freed_after_the_loop),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
