/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_write.c - all of one range and of several, flushing and half-closing as futures: whatever is
 * accepted at a time, and gone on with after a drop at any moment.
 */
#include "script.h"
#include "starved.h"

#include "../support/drop.h"
#include "../support/net.h"
#include "eddy/io_write.h"

static const char text[] = "now is the time for all good men to come";
#define TEXT_LEN (sizeof text - 1)

static eddy_handle *handle_of(eddy_core *core)
{
    return eddy_core_handle(core);
}

static eddy_bytes bytes(const char *at, size_t len)
{
    return (eddy_bytes){(const unsigned char *)at, len};
}

/* ---- all ---- */

static void write_all_writes_all_whatever_is_accepted(void **state)
{
    (void)state;
    for (size_t accept = 0; accept <= TEXT_LEN; accept++) {
        eddy_core *core = test_core();
        struct script script = {.accept = accept, .holds = true};
        eddy_bytes rest = bytes(text, TEXT_LEN);

        (void)script_init(&script);
        assert_int_equal(
            script_run(core, eddy_io_write_all(handle_of(core), &script.io, &rest), &script, NULL),
            0);
        assert_int_equal(rest.len, 0);
        assert_int_equal(script.out_len, TEXT_LEN);
        assert_memory_equal(script.out, text, TEXT_LEN);
        assert_int_equal(script.flushes, 0);
        test_core_end(core);
    }
}

/* The text in ranges, empty ones among them. */
struct ranges {
    eddy_bytes part[8];
    eddy_parts rest;
};

static void cut(struct ranges *self, size_t first, size_t second)
{
    const eddy_bytes parts[8] = {
        bytes(text, 0),
        bytes(text, first),
        bytes(text, 0),
        bytes(text, 0),
        bytes(text + first, second),
        bytes(text + first + second, 1),
        bytes(text + first + second + 1, TEXT_LEN - first - second - 1),
        bytes(text, 0),
    };

    memcpy(self->part, parts, sizeof parts);
    self->rest = (eddy_parts){self->part, 8};
}

static void writev_all_writes_all_ranges_whatever_is_accepted(void **state)
{
    (void)state;
    for (size_t accept = 0; accept <= TEXT_LEN; accept++)
        for (size_t first = 0; first < TEXT_LEN - 10; first += 7) {
            eddy_core *core = test_core();
            struct script script = {.accept = accept};
            struct ranges ranges;

            cut(&ranges, first, 9);
            (void)script_init(&script);
            assert_int_equal(
                script_run(core, eddy_io_writev_all(handle_of(core), &script.io, &ranges.rest),
                           &script, NULL),
                0);
            assert_int_equal(ranges.rest.count, 0);
            assert_int_equal(script.out_len, TEXT_LEN);
            assert_memory_equal(script.out, text, TEXT_LEN);
            test_core_end(core);
        }
}

static void writing_nothing_succeeds_at_once(void **state)
{
    eddy_core *core = test_core();
    struct script script = {.refuse = -EPIPE};
    eddy_bytes rest = {NULL, 0}, empty[2] = {{NULL, 0}, {NULL, 0}};
    eddy_parts parts = {empty, 2};

    (void)state;
    (void)script_init(&script);
    assert_int_equal(eddy_core_run(core, eddy_io_write_all(handle_of(core), &script.io, &rest)), 0);
    assert_int_equal(eddy_core_run(core, eddy_io_writev_all(handle_of(core), &script.io, &parts)),
                     0);
    test_core_end(core);
}

static void error_leaves_what_was_not_accepted(void **state)
{
    eddy_core *core = test_core();
    struct script script = {.accept = 7};
    eddy_bytes rest = bytes(text, TEXT_LEN);
    eddy_join *join;

    (void)state;
    (void)script_init(&script);
    join = test_spawn_join_future(core, eddy_io_write_all(handle_of(core), &script.io, &rest),
                                  __FILE__, __LINE__);
    (void)test_settle(core);
    script.refuse = -EPIPE;
    script_step(&script);
    assert_int_equal(test_join_end(core, join), -EPIPE);
    assert_int_equal(rest.len, TEXT_LEN - 7);
    assert_ptr_equal(rest.data, text + 7);
    test_core_end(core);
}

/* ---- flush, shutdown ---- */

static void flush_and_shutdown_wait_until_they_are_done(void **state)
{
    eddy_core *core = test_core();
    struct script script = {.holds = true};
    eddy_bytes rest = bytes(text, TEXT_LEN);

    (void)state;
    (void)script_init(&script);
    assert_int_equal(eddy_core_run(core, eddy_io_write_all(handle_of(core), &script.io, &rest)), 0);
    assert_int_equal(script.flushed, 0);
    assert_int_equal(script_run(core, eddy_io_flush(handle_of(core), &script.io), &script, NULL),
                     0);
    assert_int_equal(script.flushed, TEXT_LEN);
    assert_false(script.shut);
    assert_int_equal(script_run(core, eddy_io_shutdown(handle_of(core), &script.io), &script, NULL),
                     0);
    assert_true(script.shut);
    test_core_end(core);
}

/* ---- drops ---- */

struct world {
    struct script script;
    eddy_bytes rest;
    struct ranges ranges;
};

static eddy_future *begin_all(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.script = {.accept = 3}, .rest = bytes(text, TEXT_LEN)};
    return eddy_io_write_all(handle_of(core), script_init(&world->script), &world->rest);
}

static eddy_future *begin_ranges(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.script = {.accept = 3}};
    cut(&world->ranges, 10, 5);
    return eddy_io_writev_all(handle_of(core), script_init(&world->script), &world->ranges.rest);
}

static void step(void *arg, eddy_core *core)
{
    (void)core;
    script_step(&((struct world *)arg)->script);
}

/* Another future goes on with what is left. */
static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    assert_memory_equal(world->script.out, text, world->script.out_len);
    if (core == NULL)
        return;
    assert_int_equal(script_run(core,
                                eddy_io_write_all(handle_of(core), &world->script.io, &world->rest),
                                &world->script, NULL),
                     0);
    assert_int_equal(
        script_run(core,
                   eddy_io_writev_all(handle_of(core), &world->script.io, &world->ranges.rest),
                   &world->script, NULL),
        0);
    assert_int_equal(world->script.out_len, TEXT_LEN);
    assert_memory_equal(world->script.out, text, TEXT_LEN);
}

static void any_write_can_be_dropped_at_any_moment_and_be_gone_on_with(void **state)
{
    struct world world;
    struct test_drop drop = {begin_all, step, end, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > 10);
    drop.begin = begin_ranges;
    assert_true(test_drop_anywhere(&drop) > 10);
}

static eddy_future *begin_flush(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.script = {.holds = true, .out_len = 5}};
    return eddy_io_flush(handle_of(core), script_init(&world->script));
}

static eddy_future *begin_shutdown(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.script = {.holds = true, .out_len = 5}};
    return eddy_io_shutdown(handle_of(core), script_init(&world->script));
}

static void end_shutdown(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    if (core != NULL && !world->script.shut)
        assert_int_equal(script_run(core, eddy_io_shutdown(handle_of(core), &world->script.io),
                                    &world->script, NULL),
                         0);
}

static void flush_and_shutdown_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_flush, step, end_shutdown, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 1);
    drop.begin = begin_shutdown;
    assert_true(test_drop_anywhere(&drop) >= 1);
}

/* ---- over TCP ---- */

static void over_tcp_many_small_ranges_arrive(void **state)
{
    enum { PARTS = 5000 };
    static unsigned char memory[PARTS];
    static eddy_bytes parts[PARTS];
    eddy_core *core = test_core();
    eddy_parts rest = {parts, PARTS};
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .send_queue_bytes = 4096};
    eddy_join *join;

    (void)state;
    test_pattern_fill(memory, PARTS, 0);
    for (size_t i = 0; i < PARTS; i++)
        parts[i] = (eddy_bytes){memory + i, 1};
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    join = test_spawn_join_future(
        core, eddy_io_writev_all(handle_of(core), eddy_tcp_io(tcp), &rest), __FILE__, __LINE__);
    test_peer_expect(core, peer, 0, PARTS);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(eddy_core_run(core, eddy_io_shutdown(handle_of(core), eddy_tcp_io(tcp))), 0);
    assert_int_equal(test_peer_ending(peer), 0);
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

/* ---- memory ---- */

static void without_memory_for_a_future_it_fails(void **state)
{
    struct script script = {0};
    eddy_io *io = script_init(&script);
    struct starved starved;
    eddy_core *core = starved_begin(&starved);

    (void)state;
    starve(&starved);
    assert_int_equal(eddy_core_run(core, eddy_io_flush(handle_of(core), io)), -ENOMEM);
    assert_int_equal(script.flushes, 0);
    starved_end(&starved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_all_writes_all_whatever_is_accepted),
        cmocka_unit_test(writev_all_writes_all_ranges_whatever_is_accepted),
        cmocka_unit_test(writing_nothing_succeeds_at_once),
        cmocka_unit_test(error_leaves_what_was_not_accepted),
        cmocka_unit_test(flush_and_shutdown_wait_until_they_are_done),
        cmocka_unit_test(any_write_can_be_dropped_at_any_moment_and_be_gone_on_with),
        cmocka_unit_test(flush_and_shutdown_can_be_dropped_at_any_moment),
        cmocka_unit_test(over_tcp_many_small_ranges_arrive),
        cmocka_unit_test(without_memory_for_a_future_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
