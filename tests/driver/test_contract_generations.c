/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_generations.c - slots are told apart for ever: with generations of three bits, an
 * index is used eight times and then retired, and no event reaches the wrong slot.
 *
 * The table is compiled into this program, with small generations, in place of the library's.
 */
#undef EDDY__GENERATION_BITS
#define EDDY__GENERATION_BITS 3

#include "driver/slots.c" // NOLINT(bugprone-suspicious-include): see above
#include "support/driver_world.h"

enum { USES = 8, ROUNDS = 2000, MUCH = 1 << 20 };

static void an_index_is_used_eight_times_and_never_twice_with_one_generation(void **state)
{
    static uint8_t seen[256][USES];
    eddy__slots slots;
    eddy__slot slot = {0};

    (void)state;
    eddy__slots_init(&slots, &eddy__allocator_malloc);
    for (int i = 0; i < 200 * USES; i++) {
        assert_int_equal(eddy__slots_add(&slots, &slot), 0);
        assert_true(slot.index < 256 && slot.generation < USES);
        assert_int_equal(seen[slot.index][slot.generation]++, 0);
        assert_ptr_equal(eddy__slots_find(&slots, slot.index, slot.generation), &slot);
        assert_null(eddy__slots_find(&slots, slot.index, slot.generation + 1));
        eddy__slots_remove(&slots, &slot);
        assert_null(eddy__slots_find(&slots, slot.index, slot.generation));
    }
    assert_int_equal(slots.retired, 200);
    eddy__slots_deinit(&slots);
}

static void numbers_that_were_never_given_find_nobody(void **state)
{
    eddy__slots slots;

    (void)state;
    eddy__slots_init(&slots, &eddy__allocator_malloc);
    assert_null(eddy__slots_find(&slots, 0, 0));
    assert_null(eddy__slots_find(&slots, UINT32_MAX, UINT32_MAX));
    eddy__slots_deinit(&slots);
}

static void many_live_slots_are_all_found(void **state)
{
    static eddy__slot many[1000];
    eddy__slots slots;

    (void)state;
    eddy__slots_init(&slots, &eddy__allocator_malloc);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(eddy__slots_add(&slots, &many[i]), 0);
    for (size_t i = 0; i < 1000; i++)
        assert_ptr_equal(eddy__slots_find(&slots, many[i].index, many[i].generation), &many[i]);
    for (size_t i = 0; i < 1000; i++)
        eddy__slots_remove(&slots, &many[i]);
    assert_int_equal(slots.live, 0);
    eddy__slots_deinit(&slots);
}

static void a_slot_used_again_and_again_under_load_gets_its_own_events(void **state)
{
    world w;
    side steady, s;

    (void)state;
    world_open(&w, (world_options){0});
    side_pair(&w, &steady);
    side_credit(&w, &steady, MUCH);
    for (size_t i = 0; i < ROUNDS; i++) {
        side_pair(&w, &s);
        side_credit(&w, &s, MUCH);
        if (i % 3 == 0)
            (void)world_wait(&w, 0);
        plain_write(&w, s.peer, &(char){(char)i}, 1);
        plain_write(&w, steady.peer, &(char){(char)i}, 1);
        if (i % 2 == 0) {
            WORLD_UNTIL(&w, s.len == 1);
            assert_int_equal(s.bytes[0], (unsigned char)i);
        }
        side_finish(&w, &s);
    }
    WORLD_UNTIL(&w, steady.len == ROUNDS);
    for (size_t i = 0; i < ROUNDS; i++)
        assert_int_equal(steady.bytes[i], (unsigned char)i);
    side_finish(&w, &steady);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_is_used_eight_times_and_never_twice_with_one_generation),
        cmocka_unit_test(numbers_that_were_never_given_find_nobody),
        cmocka_unit_test(many_live_slots_are_all_found),
        cmocka_unit_test(a_slot_used_again_and_again_under_load_gets_its_own_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
