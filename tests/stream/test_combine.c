/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_combine.c - zip, chain and flatten. A pair of 1 and 2 is noted as 12.
 */
#include "streams.h"

struct pair {
    struct item left;
    char odd; /* so that the right one is not where the left one ends */
    struct item right;
};

static int64_t digits(const void *bytes)
{
    const struct pair *pair = bytes;

    assert_int_equal(pair->odd, 0);
    return 10 * item_take(&pair->left) + item_take(&pair->right);
}

static eddy_stream *pairs(eddy_stream *left, eddy_stream *right)
{
    return EDDY_ZIP(left, right, struct pair, right);
}

static void zip_of_equal_streams_gives_pairs(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, pairs(SCRIPT(&world, 1, WAIT(2), 2, 3), SCRIPT(&world, 4, 5, WAIT(1), 6)),
             digits, 14, 25, 36);
    world_end(&world);
}

static void zip_ends_with_the_shorter_one_and_drops_what_it_holds(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, pairs(SCRIPT(&world, 1, 2, 3), SCRIPT(&world, 4)), digits, 14);
    GIVES_BY(&world, pairs(SCRIPT(&world, 1, WAIT(3)), SCRIPT(&world, 4, 5, 6)), digits, 14);
    GIVES_BY(&world, pairs(SCRIPT(&world, END), SCRIPT(&world, 4)), digits, END);
    world_end(&world);
}

/* Polls to the end; then nothing is held any more. */
struct ender {
    EDDY_FRAME;
    struct world *world;
    eddy_stream *stream;
    struct pair pair;
};

EDDY_ASYNC(ender, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_NEXT(n, self->stream, &self->pair);
            if (n > 0)
                (void)digits(&self->pair);
        } while (n != 0);
        world_check(self->world);
        EDDY_END(0);
}

static void zip_releases_all_when_it_tells_its_end(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    assert_int_equal(test_run(world.core, ender, .world = &world,
                              .stream = pairs(SCRIPT(&world, 1, 2, 3), SCRIPT(&world, 4))),
                     0);
    assert_int_equal(world.items, 3);
    world_end(&world);
}

static void error_of_one_side_of_a_zip_keeps_the_item_of_the_other(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES_BY(&world, pairs(SCRIPT(&world, -EIO, 1, 2), SCRIPT(&world, 4, -EPERM, 5)), digits, -EIO,
             14, -EPERM, 25);
    GIVES_BY(&world, pairs(SCRIPT(&world, 1, WAIT(2), -EIO, 2), SCRIPT(&world, 4, 5)), digits, 14,
             -EIO, 25);
    world_end(&world);
}

static void zip_too_tight_left(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_zip(SCRIPT(&world, 1), SCRIPT(&world, 2), 8, 64);
}

static void zip_too_tight_right(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_zip(SCRIPT(&world, 1), SCRIPT(&world, 2), 24, 40);
}

static void pair_without_room_is_caught(void **state)
{
    (void)state;
    assert_dies(zip_too_tight_left, NULL, "an item of the first, 24 bytes, does not fit in front");
    assert_dies(zip_too_tight_right, NULL, "the second, 24 bytes, does not fit at 24 of a pair");
}

/* ---- chain ---- */

static void chain_gives_one_stream_then_the_other(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_chain(SCRIPT(&world, 1, -EIO, WAIT(1), 2), SCRIPT(&world, 3, WAIT(1), 4)), 1,
          -EIO, 2, 3, 4);
    world_end(&world);
}

static bool first_is_done(void *arg, const void *bytes)
{
    struct world *world = arg;

    (void)bytes;
    note(world, 100 + world->dones);
    return true;
}

static void first_of_a_chain_is_done_before_the_second_is_polled(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_chain(SCRIPT(&world, 1),
                            eddy_stream_filter(SCRIPT(&world, 2), first_is_done, &world)),
          1, 101, 2);
    world_end(&world);
}

static void chain_other_sizes(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_chain(SCRIPT(&world, 1), numbers(&world, 1));
}

static void chain_of_items_of_two_sizes_is_caught(void **state)
{
    (void)state;
    assert_dies(chain_other_sizes, NULL, "eddy_stream_chain: items of 24 and of 8 bytes");
}

/* ---- flatten ---- */

/* Of an item comes a stream of two, which own something; 5: one that could not be made. */
static int two_of_each(void *arg, const void *bytes, void *out)
{
    static const int64_t scripts[][4] = {
        {1, WAIT(1), 10, END}, {2, -EIO, 20, END}, {3, WAIT(1), 30, END}};
    struct world *world = arg;
    int64_t value = item_take(bytes);
    eddy_stream *stream;

    if (value <= 3)
        stream = script_new(world, scripts[value - 1]);
    else
        stream = value == 5 ? failed_stream(world)
                            : eddy_stream_empty(handle_of(world), sizeof(struct item));
    memcpy(out, &stream, sizeof stream);
    return 0;
}

static void flatten_exhausts_each_stream_in_turn(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_flatten(eddy_stream_map(SCRIPT(&world, 1, 4, -EPERM, 2, WAIT(1), 3),
                                              sizeof(eddy_stream *), two_of_each, &world),
                              sizeof(struct item)),
          1, 10, -EPERM, 2, -EIO, 20, 3, 30);
    assert_int_equal(world.dones, 4);
    world_end(&world);
}

static void flatten_tells_the_error_of_a_stream_that_could_not_be_made_once(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_flatten(
              eddy_stream_map(SCRIPT(&world, 1, 5, 2), sizeof(eddy_stream *), two_of_each, &world),
              sizeof(struct item)),
          1, 10, -ENOMEM, 2, -EIO, 20);
    world_end(&world);
}

static void flatten_other_things(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    (void)eddy_stream_flatten(SCRIPT(&world, 1), 8);
}

static void flatten_null(void *arg)
{
    static eddy_stream *const none = NULL;
    struct world world;

    (void)arg;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_flatten(eddy_stream_array(handle_of(&world), &none, 1, sizeof none), 8), END);
}

static void flatten_other_items(void *arg)
{
    struct world world;

    (void)arg;
    world_begin(&world);
    GIVES(&world,
          eddy_stream_flatten(
              eddy_stream_map(SCRIPT(&world, 1), sizeof(eddy_stream *), two_of_each, &world), 8),
          END);
}

static void flatten_of_what_is_no_stream_is_caught(void **state)
{
    (void)state;
    assert_dies(flatten_other_things, NULL,
                "eddy_stream_flatten: items of 24 bytes are no streams");
    assert_dies(flatten_null, NULL, "eddy_stream_flatten: an item is NULL, no stream");
    assert_dies(flatten_other_items, NULL,
                "eddy_stream_flatten: a stream of items of 24 bytes, not of 8 as was said");
}

static void chain_of_one_stream(void *arg)
{
    eddy_stream *stream = eddy_stream_empty(eddy_core_handle(test_core()), 8);

    (void)arg;
    (void)eddy_stream_chain(stream, stream);
}

static void select_of_one_stream_twice(void *arg)
{
    eddy_stream *stream = eddy_stream_empty(eddy_core_handle(test_core()), 8);

    (void)arg;
    (void)eddy_stream_select(EDDY_STREAMS(stream, stream));
}

static void skip_of_what_a_take_has(void *arg)
{
    eddy_stream *stream = eddy_stream_empty(eddy_core_handle(test_core()), 8);

    (void)arg;
    (void)eddy_stream_take(stream, 1);
    (void)eddy_stream_skip(stream, 1);
}

static void release(void *item)
{
    (void)item;
}

static void owning_of_what_a_take_has(void *arg)
{
    eddy_stream *stream = eddy_stream_empty(eddy_core_handle(test_core()), 8);

    (void)arg;
    (void)eddy_stream_take(stream, 1);
    (void)eddy_stream_owning(stream, release);
}

static void stream_that_was_taken_over_is_nobody_elses(void **state)
{
    (void)state;
    assert_dies(chain_of_one_stream, NULL, "stream_chain is given stream 'stream_empty' twice");
    assert_dies(select_of_one_stream_twice, NULL, "after another took it over");
    assert_dies(skip_of_what_a_take_has, NULL, "after another took it over");
    assert_dies(owning_of_what_a_take_has, NULL, "after another took it over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zip_of_equal_streams_gives_pairs),
        cmocka_unit_test(zip_ends_with_the_shorter_one_and_drops_what_it_holds),
        cmocka_unit_test(zip_releases_all_when_it_tells_its_end),
        cmocka_unit_test(error_of_one_side_of_a_zip_keeps_the_item_of_the_other),
        cmocka_unit_test(pair_without_room_is_caught),
        cmocka_unit_test(chain_gives_one_stream_then_the_other),
        cmocka_unit_test(first_of_a_chain_is_done_before_the_second_is_polled),
        cmocka_unit_test(chain_of_items_of_two_sizes_is_caught),
        cmocka_unit_test(flatten_exhausts_each_stream_in_turn),
        cmocka_unit_test(flatten_tells_the_error_of_a_stream_that_could_not_be_made_once),
        cmocka_unit_test(stream_that_was_taken_over_is_nobody_elses),
        cmocka_unit_test(flatten_of_what_is_no_stream_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
