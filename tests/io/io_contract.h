/* SPDX-License-Identifier: MIT */
/*
 * io_contract.h - what include/eddy/io.h promises of every byte stream, as tests over any kind of which
 * two connected ones can be made:
 *
 *     static const struct io_kind tcp = {"tcp", io_tcp_pair, .fill_max = 65536, .tells_abort = true};
 *
 *     return io_contract_holds(&tcp);
 *
 * Whatever is promised of one kind alone is no matter of this file.
 */
#ifndef EDDY_TEST_IO_CONTRACT_H
#define EDDY_TEST_IO_CONTRACT_H

#include "io_verbs.h"
#include "support/death.h"
#include "support/drop.h"

/* A kind of byte stream. */
struct io_kind {
    const char *name;
    /* Two that are connected; 0 or -errno. */
    int (*pair)(eddy_core *core, eddy_io **a, eddy_io **b);
    size_t fill_max; /* so many bytes can be asked for, and no more; 0: that is not tested */
    bool
        tells_abort; /* the peer of an aborted one gets -ECONNRESET; else the end or another error */
    bool one_way;    /* only `a` writes and only `b` reads */
};

static const struct io_kind *io_kind;

/* `pair` of an io_kind: over TCP. */
static inline int io_tcp_pair(eddy_core *core, eddy_io **a, eddy_io **b)
{
    eddy_tcp *one, *other;
    int error = eddy_tcp_pair(eddy_core_handle(core), &one, &other);

    if (error == 0) {
        *a = eddy_tcp_io(one);
        *b = eddy_tcp_io(other);
    }
    return error;
}

struct io_world {
    eddy_core *core;
    eddy_io *a, *b;
};

static inline void io_world_on(struct io_world *self, eddy_core *core)
{
    self->core = core;
    assert_int_equal(io_kind->pair(core, &self->a, &self->b), 0);
}

static inline struct io_world io_world_begin(void)
{
    struct io_world world;

    io_world_on(&world, test_core());
    return world;
}

/* What lingers is waited for. */
static inline bool io_world_is_quiet(void *core)
{
    return test_stats(core).timers_live == 0;
}

static inline void io_world_end(struct io_world *self)
{
    eddy_io_free(self->a);
    eddy_io_free(self->b);
    test_until(self->core, io_world_is_quiet, self->core);
    test_core_end(self->core);
}

/* ---- bytes ---- */

enum { IO_MANY = 200 * 1000 };

static inline void io_send_and_receive(struct io_world *self, size_t min)
{
    size_t sent = 0, received = 0;
    eddy_join *sender = test_spawn_join(self->core, io_sender, .io = self->a, .have = &sent,
                                        .total = IO_MANY, .shut = true);

    assert_int_equal(test_run(self->core, io_receiver, .io = self->b, .have = &received,
                              .total = IO_MANY, .min = min),
                     0);
    assert_int_equal(received, IO_MANY);
    assert_int_equal(test_join_end(self->core, sender), 0);
    io_expect_end(self->core, self->b);
}

static inline void io_what_is_written_is_read_in_order_and_then_the_end(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    io_send_and_receive(&world, 1);
    io_world_end(&world);
}

static inline void io_fill_shows_as_many_contiguous_bytes_as_it_is_asked_for(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    io_send_and_receive(&world, 1000);
    io_world_end(&world);
}

static inline void io_fill_for_more_than_it_can_hold_is_refused(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    if (io_kind->fill_max > 0) {
        size_t sent = 0, received = 0;
        eddy_join *sender = test_spawn_join(world.core, io_sender, .io = world.a, .have = &sent,
                                            .total = io_kind->fill_max);

        assert_int_equal(io_fill(world.core, world.b, io_kind->fill_max + 1), -EMSGSIZE);
        assert_int_equal(test_run(world.core, io_receiver, .io = world.b, .have = &received,
                                  .total = io_kind->fill_max, .min = io_kind->fill_max),
                         0);
        assert_int_equal(test_join_end(world.core, sender), 0);
    }
    io_world_end(&world);
}

static inline void io_a_view_shows_the_same_until_it_is_consumed(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    assert_int_equal(eddy_io_view(world.b).len, 0);
    io_write_text(world.core, world.a, "abcdef");
    assert_true(io_fill(world.core, world.b, 6) == 6);
    assert_memory_equal(eddy_io_view(world.b).data, "abcdef", 6);
    eddy_io_consume(world.b, 0);
    assert_int_equal(io_fill(world.core, world.b, 2), 6);
    eddy_io_consume(world.b, 4);
    assert_int_equal(eddy_io_view(world.b).len, 2);
    assert_memory_equal(eddy_io_view(world.b).data, "ef", 2);
    eddy_io_consume(world.b, 2);
    assert_int_equal(eddy_io_view(world.b).len, 0);
    io_world_end(&world);
}

static inline void io_a_peek_leaves_the_bytes_and_a_read_takes_them(void **state)
{
    struct io_world world = io_world_begin();
    char memory[10] = "";

    (void)state;
    io_write_text(world.core, world.a, "abcdef");
    assert_true(io_fill(world.core, world.b, 6) == 6);
    assert_int_equal(io_peek(world.core, world.b, memory, 3), 3);
    assert_memory_equal(memory, "abc", 3);
    assert_int_equal(io_read(world.core, world.b, memory, 4), 4);
    assert_memory_equal(memory, "abcd", 4);
    assert_int_equal(io_peek(world.core, world.b, memory, sizeof memory), 2);
    assert_int_equal(io_read(world.core, world.b, memory, sizeof memory), 2);
    assert_memory_equal(memory, "ef", 2);
    io_world_end(&world);
}

static inline void io_fewer_bytes_than_asked_for_are_shown_at_the_end(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    io_write_text(world.core, world.a, "abc");
    assert_int_equal(io_shutdown(world.core, world.a), 0);
    assert_int_equal(io_fill(world.core, world.b, 4), 0);
    assert_int_equal(eddy_io_view(world.b).len, 3);
    assert_int_equal(io_fill(world.core, world.b, 3), 3);
    io_expect_text(world.core, world.b, "abc");
    io_expect_end(world.core, world.b);
    io_world_end(&world);
}

/* ---- writing ---- */

static inline void io_parts_are_written_in_order_and_empty_ones_are_nothing(void **state)
{
    struct io_world world = io_world_begin();
    const eddy_bytes parts[] = {{(const unsigned char *)"ab", 2},
                                {NULL, 0},
                                {(const unsigned char *)"c", 1},
                                {(const unsigned char *)"def", 3}};

    (void)state;
    assert_int_equal(io_writev(world.core, world.a, parts, 4), 6);
    assert_int_equal(io_writev(world.core, world.a, parts + 1, 1), 0);
    assert_int_equal(io_writev(world.core, world.a, parts, 0), 0);
    io_expect_text(world.core, world.b, "abcdef");
    io_world_end(&world);
}

/* Writes until it would wait. Returns how many bytes it took. */
static inline size_t io_write_until_full(struct io_world *self, size_t piece)
{
    static unsigned char memory[IO_PIECE_MAX];
    static eddy_result n; /* both outlive the call: the last writer goes on later */
    size_t all = 0;

    n = 0;
    do {
        assert_in_range(n, 0, IO_PIECE_MAX);
        all += (size_t)n;
        assert_true(all < (size_t)1 << 28);
        test_pattern_fill(memory, piece, all);
        test_spawn(self->core, io_verb, .poll = io_verb_write, .io = self->a,
                   .rest = {memory, piece}, .result = &n);
        n = EDDY_PENDING;
        test_settle(self->core);
        if (n == EDDY_PENDING) /* the kernel may only be slow */
            test_pass(self->core, 20 * EDDY_MILLISECOND);
    } while (n != EDDY_PENDING);
    return all;
}

/* The writer that waits is accepted later, with all of its small piece. */
static inline void io_a_small_write_is_accepted_whole_or_waits_until_the_peer_reads(void **state)
{
    struct io_world world = io_world_begin();
    enum { PIECE = 4000 };
    size_t full, received = 0;

    (void)state;
    full = io_write_until_full(&world, PIECE);
    assert_true(full > 0);
    assert_int_equal(full % PIECE, 0);
    assert_int_equal(test_run(world.core, io_receiver, .io = world.b, .have = &received,
                              .total = full + PIECE, .min = 1),
                     0);
    assert_int_equal(received, full + PIECE);
    io_world_end(&world);
}

static inline void io_a_buffer_is_accepted_whole_and_given_back(void **state)
{
    struct io_world world = io_world_begin();
    eddy_buf *buf = eddy_buf_new(NULL, IO_MANY);
    size_t received = 0;

    (void)state;
    test_pattern_fill(eddy_buf_data(buf), IO_MANY, 0);
    assert_int_equal(io_write_buf(world.core, world.a, buf), IO_MANY);
    assert_int_equal(test_run(world.core, io_receiver, .io = world.b, .have = &received,
                              .total = IO_MANY, .min = 1),
                     0);
    assert_int_equal(io_flush(world.core, world.a), 0);
    assert_true(eddy_buf_is_unique(buf));
    eddy_buf_release(buf);
    io_world_end(&world);
}

static inline void io_what_was_flushed_is_the_readers_to_take(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    assert_int_equal(io_flush(world.core, world.a), 0); /* nothing is a little */
    io_write_text(world.core, world.a, "abc");
    assert_int_equal(io_flush(world.core, world.a), 0);
    io_expect_text(world.core, world.b, "abc");
    io_world_end(&world);
}

static inline void io_after_a_shutdown_writes_are_refused_and_reading_goes_on(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    io_write_text(world.core, world.a, "question");
    assert_int_equal(io_shutdown(world.core, world.a), 0);
    assert_int_equal(io_shutdown(world.core, world.a), 0);
    assert_int_equal(io_write(world.core, world.a, "x", 1), -EPIPE);
    assert_int_equal(io_write(world.core, world.a, "x", 1), -EPIPE);
    io_expect_text(world.core, world.b, "question");
    io_expect_end(world.core, world.b);
    if (!io_kind->one_way) {
        io_write_text(world.core, world.b, "answer");
        io_expect_text(world.core, world.a, "answer");
    }
    io_world_end(&world);
}

static inline void io_forward_moves_what_is_in_view(void **state)
{
    struct io_world world = io_world_begin(), next;

    (void)state;
    io_world_on(&next, world.core);
    assert_int_equal(io_forward(world.core, world.b, next.a), 0); /* nothing is there */
    io_write_text(world.core, world.a, "forwarded");
    assert_true(io_fill(world.core, world.b, 9) == 9);
    assert_int_equal(io_forward(world.core, world.b, next.a), 9);
    assert_int_equal(eddy_io_view(world.b).len, 0);
    io_expect_text(world.core, next.b, "forwarded");
    eddy_io_free(next.a);
    eddy_io_free(next.b);
    io_world_end(&world);
}

/* ---- two tasks ---- */

/* Each end reads and writes at the same time, far more than there is room for. */
static inline void io_one_task_may_read_while_another_writes(void **state)
{
    struct io_world world = io_world_begin();
    size_t sent[2] = {0}, received[2] = {0};
    eddy_io *ends[2] = {world.a, world.b};
    eddy_join *joins[4];

    (void)state;
    for (int i = 0; i < 2 && !io_kind->one_way; i++) {
        joins[2 * i] = test_spawn_join(world.core, io_sender, .io = ends[i], .have = &sent[i],
                                       .total = IO_MANY, .shut = true);
        joins[2 * i + 1] = test_spawn_join(world.core, io_receiver, .io = ends[1 - i],
                                           .have = &received[i], .total = IO_MANY, .min = 100);
    }
    for (int i = 0; i < 4 && !io_kind->one_way; i++)
        assert_int_equal(test_join_end(world.core, joins[i]), 0);
    io_world_end(&world);
}

/* Looks again and again at bytes that it does not take. */
struct io_looker {
    EDDY_FRAME;
    eddy_io *io;
    int looks;
};

EDDY_ASYNC(io_looker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->looks = 0; self->looks < 1000; self->looks++)
            EDDY_POLL(n, eddy_io_poll_fill(self->io, task, 1));
        EDDY_END(n);
}

static inline void io_a_task_that_never_waits_spends_its_budget(void **state)
{
    struct io_world world = io_world_begin();
    uint64_t before;

    (void)state;
    io_write_text(world.core, world.a, "abc");
    assert_true(io_fill(world.core, world.b, 1) > 0);
    before = test_stats(world.core).limit_task_budget;
    assert_true(test_run(world.core, io_looker, .io = world.b) > 0);
    assert_true(test_stats(world.core).limit_task_budget > before);
    io_world_end(&world);
}

static inline void io_a_cancelled_wait_ends_and_the_stream_goes_on(void **state)
{
    struct io_world world = io_world_begin();
    eddy_join *join =
        test_spawn_join(world.core, io_verb, .poll = io_verb_fill, .io = world.b, .len = 1);

    (void)state;
    test_settle(world.core);
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(world.core, join), -ECANCELED);
    io_write_text(world.core, world.a, "abc");
    io_expect_text(world.core, world.b, "abc");
    io_world_end(&world);
}

/* ---- ending ---- */

static inline void io_what_was_written_is_delivered_though_the_stream_is_freed(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    io_write_text(world.core, world.a, "last words");
    eddy_io_free(world.a);
    world.a = NULL;
    io_expect_text(world.core, world.b, "last words");
    io_expect_end(world.core, world.b);
    io_world_end(&world);
}

/* What the peer reads of what came before is no matter: it comes to an end. */
static inline void io_an_abort_is_told_to_the_peer(void **state)
{
    struct io_world world = io_world_begin();
    eddy_result n;

    (void)state;
    io_write_text(world.core, world.a, "abc");
    assert_int_equal(io_flush(world.core, world.a), 0);
    eddy_io_abort(world.a);
    world.a = NULL;
    while (n = io_fill(world.core, world.b, 1), n > 0)
        eddy_io_consume(world.b, (size_t)n);
    if (io_kind->tells_abort)
        assert_int_equal(n, -ECONNRESET);
    assert_int_equal(io_fill(world.core, world.b, 1), n);
    io_world_end(&world);
}

static inline void io_writing_to_a_peer_that_is_gone_fails_sooner_or_later(void **state)
{
    struct io_world world = io_world_begin();
    eddy_result n;

    (void)state;
    eddy_io_free(world.b);
    world.b = NULL;
    do {
        test_pass(world.core, EDDY_MILLISECOND);
        n = io_write(world.core, world.a, "x", 1);
    } while (n == 1);
    assert_true(n == -EPIPE || n == -ECONNRESET);
    assert_int_equal(io_write(world.core, world.a, "x", 1), -EPIPE);
    io_world_end(&world);
}

static inline void io_freed_after_its_loop_it_is_safe_to_free(void **state)
{
    struct io_world world = io_world_begin();

    (void)state;
    io_write_text(world.core, world.a, "abc");
    assert_int_equal(io_flush(world.core, world.a), 0);
    (void)eddy_core_free(world.core);
    eddy_io_free(world.b);
    eddy_io_abort(world.a);
}

/* ---- halves ---- */

static inline void io_halves_end_one_by_one(void **state)
{
    struct io_world world = io_world_begin();
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)state;
    eddy_io_split(world.a, &reader, &writer);
    io_write_text(world.core, writer.io, "abc");
    eddy_io_writer_free(&writer);
    assert_null(writer.io);
    io_expect_text(world.core, world.b, "abc");
    io_expect_end(world.core, world.b);
    if (!io_kind->one_way) {
        io_write_text(world.core, world.b, "def");
        io_expect_text(world.core, reader.io, "def");
    }
    eddy_io_reader_free(&reader);
    world.a = NULL;
    io_world_end(&world);
}

static inline void io_without_its_reading_half_a_stream_writes_on(void **state)
{
    struct io_world world = io_world_begin();
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)state;
    eddy_io_split(world.a, &reader, &writer);
    eddy_io_reader_free(&reader);
    if (!io_kind->one_way)
        io_write_text(world.core, world.b, "nobody reads this");
    io_write_text(world.core, writer.io, "abc");
    io_expect_text(world.core, world.b, "abc");
    eddy_io_writer_free(&writer);
    world.a = NULL;
    io_world_end(&world);
}

static inline void io_reunited_halves_are_the_stream(void **state)
{
    struct io_world world = io_world_begin();
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)state;
    eddy_io_split(world.a, &reader, &writer);
    assert_ptr_equal(eddy_io_reunite(&reader, &writer), world.a);
    io_write_text(world.core, world.a, "abc");
    io_expect_text(world.core, world.b, "abc");
    io_world_end(&world);
}

/* ---- drops ---- */

enum { IO_DROPPED = 100 * 1000 };

/* One of the two is dropped at every moment, the other goes on. */
struct io_dropping {
    struct io_world ends;
    eddy_join *other; /* the task that is not dropped */
    size_t sent, received;
};

static inline struct io_dropping *io_dropping_begin(void *arg, eddy_core *core)
{
    struct io_dropping *self = arg;

    *self = (struct io_dropping){0};
    io_world_on(&self->ends, core);
    return self;
}

static inline eddy_future *io_begin_receiver(void *arg, eddy_core *core)
{
    struct io_dropping *self = io_dropping_begin(arg, core);

    self->other = test_spawn_join(core, io_sender, .io = self->ends.a, .have = &self->sent,
                                  .total = IO_DROPPED, .shut = true);
    return eddy_box(eddy_core_handle(core),
                    EDDY_FUTURE(io_receiver, .io = self->ends.b, .have = &self->received,
                                .total = IO_DROPPED, .min = 700));
}

static inline eddy_future *io_begin_sender(void *arg, eddy_core *core)
{
    struct io_dropping *self = io_dropping_begin(arg, core);

    self->other = test_spawn_join(core, io_receiver, .io = self->ends.b, .have = &self->received,
                                  .total = IO_DROPPED, .min = 700);
    return eddy_box(eddy_core_handle(core),
                    EDDY_FUTURE(io_sender, .io = self->ends.a, .have = &self->sent,
                                .total = IO_DROPPED, .shut = true));
}

static inline void io_dropping_end(struct io_dropping *self, eddy_core *core)
{
    if (core != NULL) {
        assert_int_equal(test_join_end(core, self->other), 0);
        assert_int_equal(self->received, IO_DROPPED);
    } else {
        eddy_join_free(self->other);
    }
    eddy_io_free(self->ends.a);
    eddy_io_free(self->ends.b);
    if (core != NULL)
        test_until(core, io_world_is_quiet, core);
}

/* Another goes on where the dropped one stopped. */
static inline void io_end_receiver(void *arg, eddy_core *core, eddy_result result)
{
    struct io_dropping *self = arg;

    (void)result;
    if (core != NULL)
        assert_int_equal(test_run(core, io_receiver, .io = self->ends.b, .have = &self->received,
                                  .total = IO_DROPPED, .min = 700),
                         0);
    io_dropping_end(self, core);
}

static inline void io_end_sender(void *arg, eddy_core *core, eddy_result result)
{
    struct io_dropping *self = arg;

    (void)result;
    if (core != NULL)
        assert_int_equal(test_run(core, io_sender, .io = self->ends.a, .have = &self->sent,
                                  .total = IO_DROPPED, .shut = true),
                         0);
    io_dropping_end(self, core);
}

static inline void io_a_reader_can_be_dropped_at_any_moment_and_no_byte_is_lost(void **state)
{
    struct io_dropping world;
    struct test_drop drop = {io_begin_receiver, NULL, io_end_receiver, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 1000);
}

static inline void io_a_writer_can_be_dropped_at_any_moment_and_no_byte_is_lost(void **state)
{
    struct io_dropping world;
    struct test_drop drop = {io_begin_sender, NULL, io_end_sender, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 0, 1000);
}

/* ---- mistakes ---- */

static inline void io_consume_too_much(void *arg)
{
    struct io_world world = io_world_begin();

    (void)arg;
    io_write_text(world.core, world.a, "abc");
    (void)io_fill(world.core, world.b, 3);
    eddy_io_consume(world.b, 4);
}

static inline void io_ask_for_nothing(void *arg)
{
    struct io_world world = io_world_begin();

    (void)arg;
    (void)io_fill(world.core, world.b, 0);
}

static inline void io_free_under_a_reader(void *arg)
{
    struct io_world world = io_world_begin();

    (void)arg;
    test_spawn(world.core, io_verb, .poll = io_verb_fill, .io = world.b, .len = 1);
    test_settle(world.core);
    eddy_io_free(world.b);
}

static inline void io_misuse_is_an_assertion(void **state)
{
    (void)state;
    assert_dies(io_consume_too_much, NULL, "4 bytes are consumed of the 3 that are in view");
    assert_dies(io_ask_for_nothing, NULL, "asked for 0 bytes: ask for at least 1");
    assert_dies(io_free_under_a_reader, NULL, "is freed while task");
}

/* ---- all of it ---- */

/* How many did not hold. */
static inline int io_contract_holds(const struct io_kind *kind)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(io_what_is_written_is_read_in_order_and_then_the_end),
        cmocka_unit_test(io_fill_shows_as_many_contiguous_bytes_as_it_is_asked_for),
        cmocka_unit_test(io_fill_for_more_than_it_can_hold_is_refused),
        cmocka_unit_test(io_a_view_shows_the_same_until_it_is_consumed),
        cmocka_unit_test(io_a_peek_leaves_the_bytes_and_a_read_takes_them),
        cmocka_unit_test(io_fewer_bytes_than_asked_for_are_shown_at_the_end),
        cmocka_unit_test(io_parts_are_written_in_order_and_empty_ones_are_nothing),
        cmocka_unit_test(io_a_small_write_is_accepted_whole_or_waits_until_the_peer_reads),
        cmocka_unit_test(io_a_buffer_is_accepted_whole_and_given_back),
        cmocka_unit_test(io_what_was_flushed_is_the_readers_to_take),
        cmocka_unit_test(io_after_a_shutdown_writes_are_refused_and_reading_goes_on),
        cmocka_unit_test(io_forward_moves_what_is_in_view),
        cmocka_unit_test(io_one_task_may_read_while_another_writes),
        cmocka_unit_test(io_a_task_that_never_waits_spends_its_budget),
        cmocka_unit_test(io_a_cancelled_wait_ends_and_the_stream_goes_on),
        cmocka_unit_test(io_what_was_written_is_delivered_though_the_stream_is_freed),
        cmocka_unit_test(io_an_abort_is_told_to_the_peer),
        cmocka_unit_test(io_writing_to_a_peer_that_is_gone_fails_sooner_or_later),
        cmocka_unit_test(io_freed_after_its_loop_it_is_safe_to_free),
        cmocka_unit_test(io_halves_end_one_by_one),
        cmocka_unit_test(io_without_its_reading_half_a_stream_writes_on),
        cmocka_unit_test(io_reunited_halves_are_the_stream),
        cmocka_unit_test(io_a_reader_can_be_dropped_at_any_moment_and_no_byte_is_lost),
        cmocka_unit_test(io_a_writer_can_be_dropped_at_any_moment_and_no_byte_is_lost),
        cmocka_unit_test(io_misuse_is_an_assertion),
    };

    io_kind = kind;
    return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}

#endif
