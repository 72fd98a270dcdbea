/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_pool.c - what a driver does when the pool is dry: streams queue for a buffer, first
 * come first served; nothing is lost, nobody spins, and no error is told.
 */
#include "support/driver_world.h"

#include <string.h>

enum { PEERS = 20, BLOCK = 4096, EACH = 5 * BLOCK, MUCH = 1 << 20, RETURNS_MAX = 5 };

static side s[PEERS];

static void open_dry(world *w, uint32_t blocks)
{
    static unsigned char data[EACH];

    world_open(w, (world_options){.block_bytes = BLOCK, .blocks_max = blocks});
    pattern_fill(data, 0, sizeof data);
    for (size_t i = 0; i < PEERS; i++) {
        side_pair(w, &s[i]);
        s[i].hold = true;
        side_credit(w, &s[i], MUCH);
    }
    world_settle(w);
    for (size_t i = 0; i < PEERS; i++)
        plain_write(w, s[i].peer, data, sizeof data);
    world_settle(w);
}

static size_t total(void)
{
    size_t len = 0;

    for (size_t i = 0; i < PEERS; i++)
        len += s[i].len;
    return len;
}

static void release_all(void)
{
    for (size_t i = 0; i < PEERS; i++)
        side_release_held(&s[i]);
}

static void finish_all(world *w)
{
    for (size_t i = 0; i < PEERS; i++)
        side_finish(w, &s[i]);
    world_close(w);
}

static void a_dry_pool_is_no_error_and_does_not_spin(void **state)
{
    world w;

    (void)state;
    for (uint32_t blocks = 1; blocks <= 2; blocks++) {
        open_dry(&w, blocks);
        assert_true(total() <= blocks * BLOCK);
        assert_true(total() > 0);
        assert_true(world_returns(&w) <= RETURNS_MAX);
        assert_true(w.driver->counters.starved >= PEERS - 2 * blocks);
        for (size_t i = 0; i < PEERS; i++)
            assert_true(strcmp(s[i].order, s[i].len != 0 ? "B" : "") == 0);
        finish_all(&w);
    }
}

static void all_bytes_come_as_buffers_are_given_back(void **state)
{
    world w;

    (void)state;
    for (uint32_t blocks = 1; blocks <= 3; blocks++) {
        open_dry(&w, blocks);
        while (total() < (size_t)PEERS * EACH) {
            size_t before = total();

            release_all();
            WORLD_UNTIL(&w, total() != before);
        }
        for (size_t i = 0; i < PEERS; i++)
            pattern_check(s[i].bytes, 0, s[i].len);
        finish_all(&w);
    }
}

/* What one turn can give is at most the whole pool. */
static void nobody_is_served_again_before_everybody_was_served(void **state)
{
    world w;

    (void)state;
    for (uint32_t blocks = 1; blocks <= 2; blocks++) {
        open_dry(&w, blocks);
        for (;;) {
            size_t before = total(), least = EACH, most = 0;

            for (size_t i = 0; i < PEERS; i++) {
                least = s[i].len < least ? s[i].len : least;
                most = s[i].len > most ? s[i].len : most;
            }
            if (least > 0)
                break;
            assert_true(most <= 2 * blocks * BLOCK);
            release_all();
            WORLD_UNTIL(&w, total() != before);
        }
        finish_all(&w);
    }
}

static void a_buffer_goes_to_who_has_waited_longest(void **state)
{
    static unsigned char data[BLOCK];
    world w;

    (void)state;
    world_open(&w, (world_options){.block_bytes = BLOCK, .blocks_max = 1});
    for (size_t i = 0; i < PEERS; i++) {
        side_pair(&w, &s[i]);
        s[i].hold = true;
        side_credit(&w, &s[i], MUCH);
    }
    world_settle(&w);
    /* One after the other: the first takes the block, each next one queues. */
    for (size_t i = 0; i < PEERS; i++) {
        plain_write(&w, s[i].peer, data, sizeof data);
        world_settle(&w);
    }
    for (size_t i = 0; i < PEERS; i++) {
        WORLD_UNTIL(&w, s[i].len != 0);
        for (size_t j = i + 1; j < PEERS; j++)
            assert_int_equal(s[j].len, 0);
        while (s[i].len < BLOCK) {
            side_release_held(&s[i]);
            world_settle(&w);
        }
        side_release_held(&s[i]);
    }
    finish_all(&w);
}

static void a_starved_stream_can_be_detached(void **state)
{
    world w;

    (void)state;
    open_dry(&w, 1);
    for (size_t i = 0; i < PEERS; i += 2)
        side_end(&w, &s[i]);
    for (size_t i = 0; i < PEERS; i += 2)
        side_deinit(&w, &s[i]);
    for (size_t i = 1; i < PEERS; i += 2) {
        world_begin(&w);
        while (s[i].len < EACH) {
            for (size_t j = 1; j < PEERS; j += 2)
                side_release_held(&s[j]);
            world_step(&w, "all bytes", __FILE__, __LINE__);
        }
        pattern_check(s[i].bytes, 0, EACH);
    }
    for (size_t i = 1; i < PEERS; i += 2)
        side_finish(&w, &s[i]);
    world_close(&w);
}

static void a_starved_stream_can_be_sent_to_and_hung_up(void **state)
{
    static unsigned char data[256 * 1024];
    world w;
    char byte;

    (void)state;
    open_dry(&w, 1);
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(side_send_wait(&w, &s[i], "x", 1), 1);
        assert_int_equal(plain_recv(&w, s[i].peer, &byte, 1), 1);
    }
    for (size_t i = 0; i < PEERS; i++) {
        uint32_t sents;

        (void)side_block(&w, &s[i], data, sizeof data);
        sents = s[i].sents;
        while (plain_recv(&w, s[i].peer, data, sizeof data) > 0)
            ;
        WORLD_UNTIL(&w, s[i].sents == sents + 1);
        side_watch(&w, &s[i]);
    }
    for (size_t i = 0; i < PEERS; i++) {
        assert_int_equal(plain_shutdown(&w, s[i].peer), 0);
        WORLD_UNTIL(&w, strchr(s[i].order, 'H') != NULL);
    }
    assert_true(world_returns(&w) <= RETURNS_MAX);
    finish_all(&w);
}

static void a_block_that_was_given_back_is_used_again_while_others_are_held(void **state)
{
    world w;
    side held, busy;

    (void)state;
    world_open(&w, (world_options){.block_bytes = BLOCK, .blocks_max = 4});
    side_pair(&w, &held);
    side_pair(&w, &busy);
    held.hold = true;
    side_credit(&w, &held, MUCH);
    side_credit(&w, &busy, MUCH);
    plain_write(&w, held.peer, "kept", 4);
    WORLD_UNTIL(&w, held.len == 4);
    for (size_t i = 0; i < 100; i++) {
        unsigned char data[1000];

        pattern_fill(data, busy.len, sizeof data);
        plain_write(&w, busy.peer, data, sizeof data);
        WORLD_UNTIL(&w, busy.len == (i + 1) * sizeof data);
    }
    pattern_check(busy.bytes, 0, busy.len);
    assert_memory_equal(held.bytes, "kept", 4);
    side_finish(&w, &held);
    side_finish(&w, &busy);
    world_close(&w);
}

/* The handlers sit on what they got until the wait has returned. */
static void a_hundred_peers_share_two_blocks_fairly_and_without_spinning(void **state)
{
    enum { HUNDRED = 100, ROUNDS = 3, WAITS_MAX = 40 };
    static side peers[HUNDRED];
    world w;
    int waits = 0;

    (void)state;
    world_open(&w, (world_options){.block_bytes = BLOCK, .blocks_max = 2});
    for (size_t i = 0; i < HUNDRED; i++) {
        side_pair(&w, &peers[i]);
        peers[i].hold = true;
        side_credit(&w, &peers[i], MUCH);
    }
    for (size_t round = 1; round <= ROUNDS; round++) {
        size_t done = 0;

        for (size_t i = 0; i < HUNDRED; i++)
            plain_write(&w, peers[i].peer, "ten bytes.", 10);
        world_settle(&w);
        while (done < HUNDRED) {
            (void)world_wait(&w, 0);
            assert_true(waits++ < WAITS_MAX * HUNDRED * ROUNDS);
            done = 0;
            for (size_t i = 0; i < HUNDRED; i++) {
                side_release_held(&peers[(i + round) % HUNDRED]);
                assert_true(peers[i].len <= 10 * round);
                done += peers[i].len == 10 * round;
            }
        }
        assert_true(world_returns(&w) <= RETURNS_MAX);
    }
    for (size_t i = 0; i < HUNDRED; i++) {
        assert_string_equal(peers[i].order, "B");
        side_finish(&w, &peers[i]);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dry_pool_is_no_error_and_does_not_spin),
        cmocka_unit_test(all_bytes_come_as_buffers_are_given_back),
        cmocka_unit_test(nobody_is_served_again_before_everybody_was_served),
        cmocka_unit_test(a_buffer_goes_to_who_has_waited_longest),
        cmocka_unit_test(a_starved_stream_can_be_detached),
        cmocka_unit_test(a_starved_stream_can_be_sent_to_and_hung_up),
        cmocka_unit_test(a_block_that_was_given_back_is_used_again_while_others_are_held),
        cmocka_unit_test(a_hundred_peers_share_two_blocks_fairly_and_without_spinning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
