/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers kernel */
/*
 * test_contract_ready_generations.c - pitfall 5 for mere readiness: with generations of three bits,
 * slots used again and again under load are told of their own descriptors and of no other.
 *
 * The table is compiled into this program, with small generations, in place of the library's.
 */
#undef EDDY__GENERATION_BITS
#define EDDY__GENERATION_BITS 3

#include "driver/slots.c" // NOLINT(bugprone-suspicious-include): see above
#include "support/driver_world.h"

#include <fcntl.h>
#include <unistd.h>

enum { ROUNDS = 10000 };

static void slots_of_short_generations_are_told_apart(void **state)
{
    world w;
    side steady, s;
    int ends[2], always[2];
    char byte;

    (void)state;
    world_open(&w, (world_options){0});
    assert_int_equal(pipe2(always, O_NONBLOCK | O_CLOEXEC), 0);
    side_init(&steady);
    side_attach(&w, &steady, always[0], EDDY__SLOT_READY);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
        side_init(&s);
        side_attach(&w, &s, ends[0], EDDY__SLOT_READY);
        if (i % 3 == 0)
            (void)world_wait(&w, 0);
        assert_int_equal(write(always[1], "x", 1), 1);
        if (i % 2 == 0) {
            assert_int_equal(write(ends[1], "x", 1), 1);
            WORLD_UNTIL(&w, s.ready != 0);
        }
        WORLD_UNTIL(&w, steady.ready != 0);
        assert_int_equal(read(always[0], &byte, 1), 1);
        steady.ready = 0;
        assert_true(i % 2 == 0 || s.events == 0);
        side_finish(&w, &s);
        (void)close(ends[1]);
    }
    side_finish(&w, &steady);
    (void)close(always[1]);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_of_short_generations_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
