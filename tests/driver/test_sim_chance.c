/* SPDX-License-Identifier: MIT */
/*
 * test_sim_chance.c - what the simulated driver leaves to chance: each kind, happening whenever it
 * can, does what it says and keeps the contract; and one seed is one run.
 */
#include "support/sim_room.h"

#include <string.h>

static void whatever_is_left_to_chance_bytes_arrive_intact_and_in_order(void **state)
{
    room r;
    end near, far;

    (void)state;
    for (int i = 0; i <= EDDY_CHAOS_LOSS; i++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            room_open(&r, seed, (eddy_chaos)i);
            if (i == EDDY_CHAOS_LOSS)
                odds(&r, EDDY_CHAOS_LOSS, ROOM_ALWAYS / 20);
            exchange(&r, &near, &far);
            (void)room_close(&r);
        }
    }
}

static void all_chances_at_once_keep_the_bytes(void **state)
{
    room r;
    end near, far;

    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        room_open(&r, seed, EDDY_CHAOS_RING);
        for (int i = 0; i < EDDY_CHAOS_LOSS; i++)
            odds(&r, (eddy_chaos)i, ROOM_ALWAYS / 4);
        exchange(&r, &near, &far);
        (void)room_close(&r);
    }
}

static uint64_t hash_of(uint64_t seed)
{
    room r;
    end near, far;

    room_open(&r, seed, EDDY_CHAOS_SPLIT);
    for (int i = 0; i < EDDY_CHAOS_LOSS; i++)
        odds(&r, (eddy_chaos)i, ROOM_ALWAYS / 3);
    exchange(&r, &near, &far);
    return room_close(&r);
}

static void the_same_seed_gives_the_same_hash_and_another_another(void **state)
{
    (void)state;
    assert_true(hash_of(1) == hash_of(1));
    assert_true(hash_of(2) == hash_of(2));
    assert_true(hash_of(1) != hash_of(2));
}

static void a_split_read_leaves_the_rest_for_later(void **state)
{
    room r;
    end near, far;
    uint32_t pieces = 0;

    (void)state;
    room_open(&r, 3, EDDY_CHAOS_SPLIT);
    connect_ends(&r, &near, &far);
    assert_int_equal(end_send(&near, 1000), 1000);
    while (room_go(&r))
        continue;
    end_credit(&far, ROOM_CREDIT);
    while (far.got < 1000) {
        size_t before = far.got;

        assert_true(room_go(&r));
        pieces += far.got != before;
    }
    assert_true(far.largest < 1000);
    assert_true(pieces > 1);
    detach_both(&r, &near, &far);
    (void)room_close(&r);
}

static void a_short_write_says_how_much_has_left(void **state)
{
    room r;
    end near, far;

    (void)state;
    room_open(&r, 3, EDDY_CHAOS_SHORT_WRITE);
    connect_ends(&r, &near, &far);
    assert_int_equal(end_send(&near, 1000), EDDY_PENDING);
    GO_UNTIL(&r, !near.flying);
    assert_in_range(near.sent, 1, 999);
    end_credit(&far, ROOM_CREDIT);
    while (room_go(&r))
        continue;
    assert_int_equal(far.got, near.sent);
    detach_both(&r, &near, &far);
    (void)room_close(&r);
}

static void a_send_that_is_put_off_is_told_once_and_later(void **state)
{
    room r;
    end near, far;
    int64_t start;
    bool took_time = false;

    (void)state;
    room_open(&r, 3, EDDY_CHAOS_IN_FLIGHT);
    connect_ends(&r, &near, &far);
    end_credit(&far, ROOM_CREDIT);
    for (uint32_t i = 0; i < 20; i++) {
        start = r.sim->now_ns;
        assert_int_equal(end_send(&near, 100), EDDY_PENDING);
        GO_UNTIL(&r, !near.flying);
        took_time = took_time || r.sim->now_ns > start;
        assert_int_equal(near.sents, i + 1);
        assert_int_equal(near.sent, (i + 1) * 100);
    }
    assert_true(took_time);
    GO_UNTIL(&r, far.got == near.sent);
    detach_both(&r, &near, &far);
    (void)room_close(&r);
}

static void a_send_that_is_put_off_ends_with_its_slot(void **state)
{
    room r;
    end near, far;

    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        room_open(&r, seed, EDDY_CHAOS_IN_FLIGHT);
        connect_ends(&r, &near, &far);
        end_credit(&far, ROOM_CREDIT);
        assert_int_equal(end_send(&near, 100), EDDY_PENDING);
        end_detach(&near);
        GO_UNTIL(&r, near.ended);
        assert_int_equal(near.sents, 0);
        memset(near.data, 0xEE, sizeof near.data);
        GO_UNTIL(&r, far.over);
        assert_int_equal(far.got, near.slot.sent);
        end_detach(&far);
        GO_UNTIL(&r, far.ended);
        (void)room_close(&r);
    }
}

static void a_send_that_is_put_off_waits_for_room(void **state)
{
    room r;
    end near, far;
    uint32_t sents;

    (void)state;
    room_open(&r, 0, EDDY_CHAOS_IN_FLIGHT);
    pair_ends(&r, &near, &far);
    do {
        assert_int_equal(end_send(&near, sizeof near.data), EDDY_PENDING);
        while (room_go(&r))
            continue;
    } while (!near.flying);
    sents = near.sents;
    assert_int_equal(near.error, 0);
    end_credit(&far, INT32_MAX);
    GO_UNTIL(&r, !near.flying);
    assert_int_equal(near.sents, sents + 1);
    GO_UNTIL(&r, far.got == near.sent);
    detach_both(&r, &near, &far);
    (void)room_close(&r);
}

/* A send that is cut off, and then the next slot of that number. */
static void cut_off_and_go_on(uint64_t seed)
{
    room r;
    end near, far, next;
    int fds[2];

    room_open(&r, seed, EDDY_CHAOS_IN_FLIGHT);
    pair_ends(&r, &near, &far);
    assert_int_equal(r.a.host->system.type->pair(&r.a.host->system, fds), 0);
    assert_int_equal(end_send(&near, 100), EDDY_PENDING);
    end_detach(&near);
    end_detach(&far);
    GO_UNTIL(&r, near.ended && far.ended);
    memset(near.data, 0xEE, sizeof near.data);
    odds(&r, EDDY_CHAOS_IN_FLIGHT, 0);
    odds(&r, EDDY_CHAOS_SHORT_WRITE, ROOM_ALWAYS);
    end_init(&next, &r.a);
    end_attach(&next, fds[0], EDDY__SLOT_STREAM);
    end_init(&far, &r.a);
    end_attach(&far, fds[1], EDDY__SLOT_STREAM);
    end_credit(&next, ROOM_CREDIT);
    end_credit(&far, ROOM_CREDIT);
    assert_true(next.slot.index == near.slot.index || far.slot.index == near.slot.index);
    assert_int_equal(end_send(&next, 1000), EDDY_PENDING);
    assert_int_equal(end_send(&far, 1000), EDDY_PENDING);
    GO_UNTIL(&r, !next.flying && !far.flying && far.got == next.sent && next.got == far.sent);
    detach_both(&r, &next, &far);
    (void)room_close(&r);
}

static void nothing_of_a_send_that_was_cut_off_outlives_its_driver(void **state)
{
    room r;
    end near, far;

    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        room_open(&r, seed, EDDY_CHAOS_IN_FLIGHT);
        pair_ends(&r, &near, &far);
        assert_int_equal(end_send(&near, 100), EDDY_PENDING);
        end_detach(&near);
        end_detach(&far);
        GO_UNTIL(&r, near.ended && far.ended);
        (void)room_close(&r);
    }
}

static void nothing_of_a_send_that_was_cut_off_is_left_to_the_next_slot(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++)
        cut_off_and_go_on(seed);
}

static void few_receive_buffers_are_one_two_or_three_and_small(void **state)
{
    bool seen[4] = {false}, small = false;
    room r;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        room_open(&r, seed, EDDY_CHAOS_RING);
        assert_in_range(r.a.pool.blocks_max, 1, 3);
        assert_in_range(r.a.pool.block_bytes, 64, ROOM_BLOCK);
        seen[r.a.pool.blocks_max] = true;
        small = small || r.a.pool.block_bytes == 64;
        (void)room_close(&r);
    }
    assert_true(seen[1] && seen[2] && seen[3] && small);
}

static void a_small_batch_passes_nobody_over_twice(void **state)
{
    enum { PAIRS = 6 };
    static end senders[PAIRS], receivers[PAIRS];
    bool small = false;
    room r;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        int first;

        room_open(&r, seed, EDDY_CHAOS_BATCH);
        for (size_t i = 0; i < PAIRS; i++) {
            pair_ends(&r, &senders[i], &receivers[i]);
            assert_int_equal(end_send(&senders[i], 10), 10);
        }
        while (room_go(&r))
            continue;
        for (size_t i = 0; i < PAIRS; i++)
            end_credit(&receivers[i], ROOM_CREDIT);
        first = node_wait(&r.a, 0);
        small = small || first < PAIRS;
        assert_true(first >= 1);
        (void)node_wait(&r.a, 0);
        for (size_t i = 0; i < PAIRS; i++)
            assert_int_equal(receivers[i].got, 10);
        for (size_t i = 0; i < PAIRS; i++)
            detach_both(&r, &senders[i], &receivers[i]);
        (void)room_close(&r);
    }
    assert_true(small);
}

/* Slots that have nothing to tell do not hide the one that has. */
static void a_small_batch_of_nothing_is_no_deadlock(void **state)
{
    enum { PAIRS = 6 };
    static end senders[PAIRS], receivers[PAIRS];
    room r;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        room_open(&r, seed, EDDY_CHAOS_COUNT);
        for (size_t i = 0; i < PAIRS; i++)
            pair_ends(&r, &senders[i], &receivers[i]);
        end_credit(&receivers[0], ROOM_CREDIT);
        for (size_t i = 0; i < PAIRS; i++)
            assert_int_equal(end_send(&senders[i], 10), 10);
        while (eddy__sim_step(r.sim, NULL, EDDY_FOREVER))
            continue;
        odds(&r, EDDY_CHAOS_BATCH, ROOM_ALWAYS);
        r.a.driver->cpu->woken = false;
        assert_int_equal(node_wait(&r.a, EDDY_FOREVER), 1);
        assert_int_equal(receivers[0].got, 10);
        for (size_t i = 0; i < PAIRS; i++)
            detach_both(&r, &senders[i], &receivers[i]);
        (void)room_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_left_to_chance_bytes_arrive_intact_and_in_order),
        cmocka_unit_test(all_chances_at_once_keep_the_bytes),
        cmocka_unit_test(the_same_seed_gives_the_same_hash_and_another_another),
        cmocka_unit_test(a_split_read_leaves_the_rest_for_later),
        cmocka_unit_test(a_short_write_says_how_much_has_left),
        cmocka_unit_test(a_send_that_is_put_off_is_told_once_and_later),
        cmocka_unit_test(a_send_that_is_put_off_ends_with_its_slot),
        cmocka_unit_test(a_send_that_is_put_off_waits_for_room),
        cmocka_unit_test(nothing_of_a_send_that_was_cut_off_is_left_to_the_next_slot),
        cmocka_unit_test(nothing_of_a_send_that_was_cut_off_outlives_its_driver),
        cmocka_unit_test(few_receive_buffers_are_one_two_or_three_and_small),
        cmocka_unit_test(a_small_batch_passes_nobody_over_twice),
        cmocka_unit_test(a_small_batch_of_nothing_is_no_deadlock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
