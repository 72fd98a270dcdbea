/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_copy_both.c - two byte streams passed on to each other: each end by itself, errors with the side
 * they come from, both ways in turn, and gone on with after a drop at any moment.
 */
#include "script.h"
#include "starved.h"

#include "../support/drop.h"
#include "../support/net.h"
#include "eddy/io_copy.h"

static const char up[] = "now is the time for all good men";
static const char down[] = "to come to the aid of the party, and to stay";
#define UP_LEN   (sizeof up - 1)
#define DOWN_LEN (sizeof down - 1)

static eddy_future *copy_both(eddy_core *core, struct script *a, struct script *b,
                              eddy_copied *copied)
{
    return eddy_io_copy_bidirectional(eddy_core_handle(core), &a->io, &b->io, NULL, copied);
}

/* ---- both ways ---- */

static void both_ways_are_copied_and_both_ends_are_passed_on(void **state)
{
    (void)state;
    for (size_t piece = 0; piece < 9; piece++)
        for (size_t accept = 0; accept < 9; accept++) {
            eddy_core *core = test_core();
            struct script a = script_reading(up, piece), b = script_reading(down, 8 - piece);
            eddy_copied copied;

            a.accept = accept;
            b.accept = 8 - accept;
            a.holds = b.holds = true;
            (void)script_init(&a);
            (void)script_init(&b);
            assert_int_equal(script_run(core, copy_both(core, &a, &b, &copied), &a, &b),
                             UP_LEN + DOWN_LEN);
            assert_int_equal(copied.a_to_b, UP_LEN);
            assert_int_equal(copied.b_to_a, DOWN_LEN);
            assert_null(copied.failed);
            assert_int_equal(a.out_len, DOWN_LEN);
            assert_memory_equal(a.out, down, DOWN_LEN);
            assert_int_equal(b.out_len, UP_LEN);
            assert_memory_equal(b.out, up, UP_LEN);
            assert_int_equal(a.shutdowns, 1);
            assert_int_equal(b.shutdowns, 1);
            assert_int_equal(a.frees + b.frees, 0);
            test_core_end(core);
        }
}

/* `quiet` says nothing and ends when it has been shut down. */
static void check_half_close(struct script *a, struct script *b, struct script *speaker,
                             struct script *quiet)
{
    eddy_core *core = test_core();
    eddy_copied copied;
    eddy_join *join;

    (void)script_init(a);
    (void)script_init(b);
    join = test_spawn_join_future(core, copy_both(core, a, b, &copied), __FILE__, __LINE__);
    (void)test_settle(core);
    assert_int_equal(quiet->shutdowns, 1); /* behind what was written */
    assert_int_equal(quiet->out_len, speaker->in_len);
    assert_int_equal(speaker->shutdowns, 0);
    assert_null(eddy_join_ended(join));
    script_step(quiet);
    (void)test_settle(core);
    assert_int_equal(speaker->out_len, quiet->piece); /* the answer goes on */
    while (eddy_join_ended(join) == NULL) {
        script_step(quiet);
        (void)test_turn(core);
    }
    assert_int_equal(test_join_end(core, join), UP_LEN + DOWN_LEN);
    assert_int_equal(speaker->shutdowns, 1);
    assert_int_equal(quiet->shutdowns, 1);
    test_core_end(core);
}

static void end_of_either_is_passed_on_while_the_other_way_goes_on(void **state)
{
    struct script a = script_reading(up, 0), b = script_reading(down, 5);

    (void)state;
    check_half_close(&a, &b, &a, &b);
    a = script_reading(up, 5);
    b = script_reading(down, 0);
    check_half_close(&a, &b, &b, &a);
}

static void counts_are_current_while_it_runs(void **state)
{
    eddy_core *core = test_core();
    struct script a = script_reading(up, 5), b = script_reading(down, 5);
    eddy_copied copied = {77, 77, NULL};
    eddy_join *join;

    (void)state;
    (void)script_init(&a);
    (void)script_init(&b);
    join = test_spawn_join_future(core, copy_both(core, &a, &b, &copied), __FILE__, __LINE__);
    assert_int_equal(copied.a_to_b, 0);
    assert_int_equal(copied.b_to_a, 0);
    script_step(&a);
    (void)test_settle(core);
    assert_int_equal(copied.a_to_b, 5);
    assert_int_equal(copied.b_to_a, 0);
    script_step(&b);
    (void)test_settle(core);
    assert_int_equal(copied.b_to_a, 5);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

/* ---- errors ---- */

enum side { READ_A, WRITE_A, READ_B, WRITE_B };

static void errors_name_their_side(void **state)
{
    (void)state;
    for (enum side side = READ_A; side <= WRITE_B; side++) {
        eddy_core *core = test_core();
        struct script a = script_reading(up, 5), b = script_reading(down, 5);
        struct script *broken = side == READ_A || side == WRITE_A ? &a : &b;
        eddy_copied copied;

        if (side == READ_A || side == READ_B)
            broken->ending = -ECONNRESET;
        else
            broken->refuse = -ECONNRESET;
        (void)script_init(&a);
        (void)script_init(&b);
        assert_int_equal(script_run(core, copy_both(core, &a, &b, &copied), &a, &b), -ECONNRESET);
        assert_ptr_equal(copied.failed, &broken->io);
        assert_int_equal(copied.a_to_b, a.consumed);
        assert_int_equal(copied.b_to_a, b.consumed);
        if (side == READ_A)
            assert_int_equal(copied.a_to_b, UP_LEN); /* what came before */
        test_core_end(core);
    }
}

static void copy_that_is_asked_to_end_says_so(void **state)
{
    eddy_core *core = test_core();
    struct script a = script_reading(up, 5), b = script_reading(down, 5);
    eddy_copied copied;
    eddy_join *join;

    (void)state;
    (void)script_init(&a);
    (void)script_init(&b);
    join = test_spawn_join_future(core, copy_both(core, &a, &b, &copied), __FILE__, __LINE__);
    (void)test_settle(core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_null(copied.failed);
    test_core_end(core);
}

static void wrong_options_are_refused(void **state)
{
    eddy_core *core = test_core();
    struct script a = script_reading(up, 0), b = script_reading(down, 0);
    const eddy_copy_options wrong[] = {
        {.half_close_timeout_ns = 1},
        {.size_bytes = sizeof wrong[0], .half_close_timeout_ns = -1},
        {.size_bytes = sizeof wrong[0], .idle_timeout_ns = -1},
    };

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            eddy_core_run(core, eddy_io_copy_bidirectional(eddy_core_handle(core), &a.io, &b.io,
                                                           &wrong[i], NULL)),
            -EINVAL);
    test_core_end(core);
}

/* ---- fairness ---- */

static void way_that_never_pauses_leaves_the_other_its_turn(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        eddy_core *core = test_core();
        struct script fast = script_reading(up, 0), slow = script_reading(down, 5);
        struct script *a = i == 0 ? &fast : &slow, *b = i == 0 ? &slow : &fast;
        struct test_trace trace = {0};
        eddy_copied copied;
        eddy_join *join;

        fast.endless = true;
        slow.forgets = true;
        (void)script_init(a);
        (void)script_init(b);
        join = test_spawn_join_future(core, copy_both(core, a, b, &copied), __FILE__, __LINE__);
        test_spawn(core, test_value, .trace = &trace, .yields = 30);
        for (int turn = 0; turn < 200; turn++) {
            (void)test_turn(core);
            script_step(&slow);
        }
        assert_int_equal(trace.dones, 1);
        assert_int_equal(fast.out_len, DOWN_LEN);
        assert_memory_equal(fast.out, down, DOWN_LEN);
        assert_int_equal(fast.shutdowns, 1);
        eddy_join_abort(join);
        eddy_join_free(join);
        test_core_end(core);
    }
}

/* ---- drops ---- */

struct world {
    struct script a, b;
    eddy_copied copied;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.a = script_reading(up, 3), .b = script_reading(down, 4)};
    world->a.accept = 2;
    world->b.holds = true;
    (void)script_init(&world->a);
    (void)script_init(&world->b);
    return copy_both(core, &world->a, &world->b, &world->copied);
}

static void step(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    script_step(&world->a);
    script_step(&world->b);
}

/* Another copy goes on, unless an end was passed on already: a script takes nothing after that. */
static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == UP_LEN + DOWN_LEN || result == EDDY_DROPPED);
    assert_int_equal(world->copied.a_to_b, world->a.consumed);
    assert_int_equal(world->copied.b_to_a, world->b.consumed);
    assert_int_equal(world->b.out_len, world->a.consumed);
    assert_int_equal(world->a.out_len, world->b.consumed);
    if (core != NULL)
        assert_true(script_run(core, copy_both(core, &world->a, &world->b, NULL), &world->a,
                               &world->b) >= 0);
    assert_memory_equal(world->b.out, up, world->b.out_len);
    assert_memory_equal(world->a.out, down, world->a.out_len);
    assert_true(core == NULL || (world->b.out_len == UP_LEN && world->a.out_len == DOWN_LEN));
}

static void copy_can_be_dropped_at_any_moment_and_be_gone_on_with(void **state)
{
    struct world world;
    const struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > 10);
}

/* ---- memory ---- */

static void without_memory_for_a_future_it_fails(void **state)
{
    struct script a = script_reading(up, 0), b = script_reading(down, 0);
    struct starved starved;
    eddy_core *core = starved_begin(&starved);

    (void)state;
    (void)script_init(&a);
    (void)script_init(&b);
    starve(&starved);
    assert_int_equal(eddy_core_run(core, copy_both(core, &a, &b, NULL)), -ENOMEM);
    assert_int_equal(a.fills, 0);
    starved_end(&starved);
}

/* ---- over TCP ---- */

/* A session in an async function: owns both streams, as a proxy does. */
struct session {
    EDDY_FRAME;
    eddy_tcp *a, *b;
    eddy_io **failed;
    struct eddy_copy_bidirectional both;
};

static void session_done(struct session *self)
{
    *self->failed = self->both.failed;
    eddy_tcp_free(self->a);
    eddy_tcp_free(self->b);
}

EDDY_ASYNC(session, session_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->both = EDDY_INIT(eddy_copy_bidirectional, .a = eddy_tcp_io(self->a),
                               .b = eddy_tcp_io(self->b));
        EDDY_AWAIT(n, &self->both);
        EDDY_END(n);
}

static void over_tcp_both_half_closes_are_passed_on(void **state)
{
    enum { BYTES = 300 * 1024 };
    static unsigned char memory[BYTES];
    eddy_core *core = test_core();
    eddy_tcp *a, *b;
    int client = test_peer(core, &a), server = test_peer(core, &b);
    eddy_io *failed;
    eddy_join *join = test_spawn_join(core, session, .a = a, .b = b, .failed = &failed);
    size_t sent = 0, have = 0;
    int ending;

    (void)state;
    test_pattern_fill(memory, BYTES, 0);
    test_peer_send(client, memory, 1000);
    test_peer_shutdown(client);
    assert_int_equal(test_peer_drain(core, server, 0, SIZE_MAX, &ending), 1000);
    assert_int_equal(ending, 0);
    while (have < BYTES) { /* the answer, long after */
        sent += test_peer_try_send(server, memory + sent, BYTES - sent);
        have = test_peer_drain(core, client, have, sent, NULL);
    }
    test_peer_shutdown(server);
    assert_int_equal(test_peer_drain(core, client, have, SIZE_MAX, &ending), BYTES);
    assert_int_equal(ending, 0);
    assert_int_equal(test_join_end(core, join), BYTES + 1000);
    assert_null(failed);
    test_peer_close(client);
    test_peer_close(server);
    test_pass(core, 5 * EDDY_MILLISECOND);
    test_core_end(core);
}

static void over_tcp_a_reset_names_its_side_and_is_noted(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *a, *b;
    int client = test_peer(core, &a), server = test_peer(core, &b);
    eddy_io *b_io = eddy_tcp_io(b), *failed;
    eddy_join *join = test_spawn_join(core, session, .a = a, .b = b, .failed = &failed);

    (void)state;
    (void)test_settle(core);
    test_peer_reset(server);
    while (eddy_join_ended(join) == NULL)
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    assert_string_equal(eddy_join_ended(join)->why.operation, "tcp: read");
    assert_int_equal(test_join_end(core, join), -ECONNRESET);
    assert_ptr_equal(failed, b_io);
    test_peer_close(client);
    test_pass(core, 5 * EDDY_MILLISECOND);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_are_copied_and_both_ends_are_passed_on),
        cmocka_unit_test(end_of_either_is_passed_on_while_the_other_way_goes_on),
        cmocka_unit_test(counts_are_current_while_it_runs),
        cmocka_unit_test(errors_name_their_side),
        cmocka_unit_test(copy_that_is_asked_to_end_says_so),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(way_that_never_pauses_leaves_the_other_its_turn),
        cmocka_unit_test(copy_can_be_dropped_at_any_moment_and_be_gone_on_with),
        cmocka_unit_test(without_memory_for_a_future_it_fails),
        cmocka_unit_test(over_tcp_both_half_closes_are_passed_on),
        cmocka_unit_test(over_tcp_a_reset_names_its_side_and_is_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
