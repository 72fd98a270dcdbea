/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_chunks.c - items by the dozen. A chunk of 1, 2 and 3 is noted as 123.
 */
#include "streams.h"

static int64_t digits(const void *bytes)
{
    const eddy_chunk *chunk = bytes;
    const struct item *items = chunk->items;
    int64_t number = 0;

    assert_int_equal((uintptr_t)chunk->items % 16, 0);
    for (size_t i = 0; i < chunk->count; i++)
        number = 10 * number + item_take(&items[i]);
    return number;
}

static void chunks_are_full_when_the_count_is_exact(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_chunks(SCRIPT(&world, 1, 2, 3), 3), digits, 123);
    GIVES_BY(&world, eddy_stream_chunks(SCRIPT(&world, 1, WAIT(1), 2), 1), digits, 1, 2);
    GIVES_BY(&world, eddy_stream_chunks(SCRIPT(&world, 1, 2, 3, WAIT(1), 4), 2), digits, 12, 34);
    world_end(&world);
}

static void last_chunk_holds_the_remainder(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_chunks(SCRIPT(&world, 1, 2, 3, 4, 5), 2), digits, 12, 34, 5);
    GIVES_BY(&world, eddy_stream_chunks(SCRIPT(&world, END), 2), digits, END);
    world_end(&world);
}

static void items_before_an_error_are_given_before_it(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, eddy_stream_chunks(SCRIPT(&world, 1, -EIO, -EPERM, 2, 3, -ENOENT), 2), digits,
             1, -EIO, -EPERM, 23, -ENOENT);
    world_end(&world);
}

static void no_items(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_chunks(SCRIPT(&world, 1), 0);
}

static void chunks_of_no_items_are_caught(void **state)
{
    (void)state;
    assert_dies(no_items, NULL, "chunks of no items");
}

/* ---- or time ---- */

static void chunk_is_given_when_its_first_item_is_old(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(
        &world,
        eddy_stream_chunks_timeout(SCRIPT(&world, 1, WAIT(4), 2, WAIT(8), 3, 4, 5, WAIT(20), 6), 3,
                                   10 * EDDY_MILLISECOND),
        digits, 12, 345, 6);
    world_end(&world);
}

/* Notes when each chunk came, in milliseconds. */
struct watch {
    int64_t start_ns, at_ms[4];
    eddy_handle *handle;
    size_t count;
};

static void note_time(void *arg, const void *bytes)
{
    struct watch *self = arg;

    (void)bytes;
    assert_in_range(self->count, 0, 3);
    self->at_ms[self->count++] = (eddy_now_ns(self->handle) - self->start_ns) / EDDY_MILLISECOND;
}

static void age_of_a_chunk_begins_with_its_first_item(void **state)
{
    struct world world;
    struct watch watch;

    (void)state;
    world_begin(&world);
    watch = (struct watch){.start_ns = world.clock->now_ns, .handle = handle_of(&world)};
    GIVES_BY(&world,
             eddy_stream_inspect(
                 eddy_stream_chunks_timeout(SCRIPT(&world, WAIT(50), 1, WAIT(4), 2, WAIT(100), 3),
                                            3, 10 * EDDY_MILLISECOND),
                 note_time, &watch),
             digits, 12, 3);
    assert_in_range(watch.at_ms[0], 60, 63);
    assert_in_range(watch.at_ms[1], 154, 158); /* the end of the input is not waited for */
    world_end(&world);
}

static void own_limit_of_the_input_is_an_error_behind_the_items(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world,
             eddy_stream_chunks_timeout(
                 eddy_stream_timeout(SCRIPT(&world, 1, WAIT(8), 2), 5 * EDDY_MILLISECOND), 3,
                 EDDY_SECOND),
             digits, 1, -ETIMEDOUT, 2);
    world_end(&world);
}

static void no_age(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_chunks_timeout(SCRIPT(&world, 1), 1, 0);
}

static void chunks_of_no_age_are_caught(void **state)
{
    (void)state;
    assert_dies(no_age, NULL, "chunks of an age of 0 ns: it must be above 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_full_when_the_count_is_exact),
        cmocka_unit_test(last_chunk_holds_the_remainder),
        cmocka_unit_test(items_before_an_error_are_given_before_it),
        cmocka_unit_test(chunks_of_no_items_are_caught),
        cmocka_unit_test(chunk_is_given_when_its_first_item_is_old),
        cmocka_unit_test(age_of_a_chunk_begins_with_its_first_item),
        cmocka_unit_test(own_limit_of_the_input_is_an_error_behind_the_items),
        cmocka_unit_test(chunks_of_no_age_are_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
