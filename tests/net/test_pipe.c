/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_pipe.c - pipes as byte streams: reading, writing, waiting, ends. Other kinds of descriptors, and
 * shared ones: test_pipe_kinds.c; FIFOs: test_pipe_fifo.c.
 */
#include "pipes.h"

enum { LARGE = 1000 * 1000, ROOM = 64 * 1024 };
static unsigned char large[LARGE];

static void new_pair(eddy_core *core, eddy_pipe **reader, eddy_pipe **writer)
{
    assert_int_equal(eddy_pipe_pair(eddy_core_handle(core), reader, writer), 0);
}

/* ---- bytes ---- */

static void bytes_go_through_and_then_the_end(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;

    (void)state;
    new_pair(core, &reader, &writer);
    assert_false(eddy_pipe_is_pooled(reader));
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "hello", 5), 5);
    do_expect(core, eddy_pipe_io(reader), "hello", 5);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "last", 4), 4);
    assert_int_equal(do_shutdown(core, eddy_pipe_io(writer)), 0);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "x", 1), -EPIPE);
    do_expect(core, eddy_pipe_io(reader), "last", 4);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 0);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 0);
    eddy_pipe_free(writer);
    eddy_pipe_free(reader);
    test_core_end(core);
}

static void a_reader_waits_for_as_much_as_it_asks_for(void **state)
{
    eddy_core *core = test_core();
    eddy_result filled = EDDY_PENDING;
    eddy_pipe *reader, *writer;

    (void)state;
    new_pair(core, &reader, &writer);
    test_spawn(core, talk, .io = eddy_pipe_io(reader), .verb = FILL, .len = 10, .result = &filled);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(do_write(core, eddy_pipe_io(writer), &"0123456789"[i], 1), 1);
        test_settle(core);
        assert_int_equal(filled, EDDY_PENDING);
    }
    assert_int_equal(eddy_io_view(eddy_pipe_io(reader)).len, 9);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "9", 1), 1);
    assert_int_equal(test_until_done(core, &filled), 10);
    assert_memory_equal(eddy_io_view(eddy_pipe_io(reader)).data, "0123456789", 10);
    eddy_io_consume(eddy_pipe_io(reader), 4);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 6);
    eddy_pipe_free(writer);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 7), 0);
    assert_int_equal(eddy_io_view(eddy_pipe_io(reader)).len, 6);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), ROOM + 1), -EMSGSIZE);
    eddy_pipe_free(reader);
    test_core_end(core);
}

static void what_is_left_unread_stays_from_turn_to_turn(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;

    (void)state;
    new_pair(core, &reader, &writer);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), large, 3000), 3000);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 3000);
    test_settle(core);
    for (size_t at = 0; at < 3000; at += 100) {
        assert_memory_equal(eddy_io_view(eddy_pipe_io(reader)).data, large + at, 100);
        eddy_io_consume(eddy_pipe_io(reader), 100);
        test_settle(core);
    }
    assert_int_equal(eddy_io_view(eddy_pipe_io(reader)).len, 0);
    eddy_pipe_free(reader);
    eddy_pipe_free(writer);
    test_core_end(core);
}

/* The loop has one block, which a stream needs. */
static void bytes_that_nobody_reads_hold_no_block_of_the_pool(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.recv_bytes_max = (size_t)64 * 1024});
    eddy_result filled = EDDY_PENDING;
    eddy_pipe *reader, *writer;
    eddy_tcp *tcp;
    int peer;

    (void)state;
    new_pair(core, &reader, &writer);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "few", 3), 3);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 3);
    test_settle(core);
    peer = test_peer(core, &tcp);
    test_peer_send(peer, "x", 1);
    test_spawn(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = 1, .result = &filled);
    assert_int_equal(test_until_done(core, &filled), 1);
    do_expect(core, eddy_pipe_io(reader), "few", 3);
    eddy_pipe_free(reader);
    eddy_pipe_free(writer);
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

static void a_writer_is_held_up_by_a_slow_reader_and_loses_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_bytes rest = {large, LARGE};
    eddy_result written = EDDY_PENDING;
    unsigned char memory[1777];
    eddy_pipe *reader, *writer;
    size_t had = 0;

    (void)state;
    new_pair(core, &reader, &writer);
    test_spawn(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE_ALL, .rest = &rest,
               .result = &written);
    test_settle(core);
    assert_int_equal(written, EDDY_PENDING);
    assert_true(rest.len >= LARGE - 2 * ROOM);
    while (had < LARGE) {
        eddy_result n = do_read(core, eddy_pipe_io(reader), memory, sizeof memory);

        assert_true(n > 0);
        test_pattern_check(memory, (size_t)n, had);
        had += (size_t)n;
    }
    assert_int_equal(test_until_done(core, &written), 0);
    eddy_pipe_free(reader);
    eddy_pipe_free(writer);
    test_core_end(core);
}

/* Every room that the pipe can have for it, byte by byte around a page. */
static void a_small_write_is_accepted_whole_or_waits(void **state)
{
    eddy_core *core = test_core();
    unsigned char memory[EDDY_IO_WRITE_WHOLE];

    (void)state;
    for (size_t room = 4090; room <= 4100; room++) {
        eddy_result written = EDDY_PENDING;
        eddy_pipe *writer;
        int fds[2];

        raw_pipe(fds);
        writer = pipe_over(core, fds[1], false, NULL);
        assert_int_equal(do_write_all(core, eddy_pipe_io(writer), large, ROOM), 0);
        assert_int_equal(read(fds[0], memory, 4096), 4096);
        if (room != 4096)
            assert_int_equal(read(fds[0], memory, 4096), 4096);
        test_spawn(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE, .memory = large,
                   .len = EDDY_IO_WRITE_WHOLE, .result = &written);
        test_settle(core);
        assert_int_equal(test_until_done(core, &written), EDDY_IO_WRITE_WHOLE);
        written = EDDY_PENDING;
        test_spawn(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE, .memory = large,
                   .len = EDDY_IO_WRITE_WHOLE - (room - 4090), .result = &written);
        while (written == EDDY_PENDING) {
            assert_true(read(fds[0], memory, 1000) > 0);
            (void)eddy_core_turn(core, EDDY_MILLISECOND);
        }
        assert_int_equal(written, EDDY_IO_WRITE_WHOLE - (room - 4090));
        close(fds[0]);
        eddy_io_abort(eddy_pipe_io(writer));
    }
    test_core_end(core);
}

static void parts_are_written_in_order_and_small_ones_together(void **state)
{
    const eddy_bytes parts[] = {{(const unsigned char *)"one ", 4},
                                {NULL, 0},
                                {(const unsigned char *)"two ", 4},
                                {(const unsigned char *)"three", 5}};
    const eddy_bytes halves[] = {{large, 3000}, {large + 3000, 3000}};
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;

    (void)state;
    new_pair(core, &reader, &writer);
    assert_int_equal(
        test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITEV, .parts = parts, .len = 4),
        13);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 13);
    do_expect(core, eddy_pipe_io(reader), "one two three", 13);
    assert_int_equal(test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITEV,
                              .parts = parts + 1, .len = 1),
                     0);
    assert_int_equal(
        test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITEV, .parts = halves, .len = 2),
        6000);
    do_expect(core, eddy_pipe_io(reader), large, 6000);
    eddy_pipe_free(reader);
    eddy_pipe_free(writer);
    test_core_end(core);
}

static void a_buffer_is_accepted_whole_and_flushed_when_it_is_read(void **state)
{
    eddy_core *core = test_core();
    eddy_result flushed = EDDY_PENDING;
    eddy_pipe *reader, *writer;
    eddy_buf *buf = eddy_buf_new(NULL, LARGE);

    (void)state;
    assert_non_null(buf);
    memcpy(eddy_buf_data(buf), large, LARGE);
    new_pair(core, &reader, &writer);
    assert_int_equal(test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE_BUF, .buf = buf,
                              .len = LARGE),
                     LARGE);
    eddy_buf_release(buf);
    test_spawn(core, talk, .io = eddy_pipe_io(writer), .verb = FLUSH, .result = &flushed);
    test_settle(core);
    assert_int_equal(flushed, EDDY_PENDING);
    do_expect(core, eddy_pipe_io(reader), large, LARGE);
    assert_int_equal(test_until_done(core, &flushed), 0);
    eddy_pipe_free(reader);
    eddy_pipe_free(writer);
    test_core_end(core);
}

/* ---- ends and errors ---- */

static void all_that_was_accepted_arrives_though_the_writer_is_freed(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;
    eddy_buf *buf = eddy_buf_new(NULL, LARGE);

    (void)state;
    assert_non_null(buf);
    memcpy(eddy_buf_data(buf), large, LARGE);
    new_pair(core, &reader, &writer);
    assert_int_equal(test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE_BUF, .buf = buf,
                              .len = LARGE),
                     LARGE);
    eddy_buf_release(buf);
    eddy_pipe_free(writer);
    do_expect(core, eddy_pipe_io(reader), large, LARGE);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 0);
    eddy_pipe_free(reader);
    test_core_end(core);
}

static void a_reader_that_never_reads_is_waited_for_no_longer_than_said(void **state)
{
    eddy_core *core = test_core();
    const eddy_pipe_options options = {.size_bytes = sizeof options,
                                       .linger_ns = 20 * EDDY_MILLISECOND};
    eddy_buf *buf = eddy_buf_new(NULL, LARGE);
    eddy_pipe *writer;
    int fds[2], open;

    (void)state;
    assert_non_null(buf);
    raw_pipe(fds);
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fds[1], &options, &writer), 0);
    assert_int_equal(test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE_BUF, .buf = buf,
                              .len = LARGE),
                     LARGE);
    eddy_buf_release(buf);
    open = test_open_fds();
    eddy_pipe_free(writer);
    assert_int_equal(test_open_fds(), open);
    test_until_fds(core, open - 1);
    assert_true(test_stats(core).bytes_cut_off >= LARGE - 2 * ROOM);
    assert_int_equal(test_stats(core).closes_cut_off, 1);
    close(fds[0]);
    eddy_core_free(core);
}

static void what_is_thrown_away_does_not_arrive(void **state)
{
    eddy_core *core = test_core();
    eddy_buf *buf = eddy_buf_new(NULL, LARGE);
    unsigned char memory[4096];
    eddy_pipe *reader, *writer;
    eddy_result n;
    size_t had = 0;

    (void)state;
    assert_non_null(buf);
    new_pair(core, &reader, &writer);
    assert_int_equal(test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE_BUF, .buf = buf,
                              .len = LARGE),
                     LARGE);
    eddy_buf_release(buf);
    eddy_io_abort(eddy_pipe_io(writer));
    while ((n = do_read(core, eddy_pipe_io(reader), memory, sizeof memory)) > 0)
        had += (size_t)n;
    assert_int_equal(n, 0);
    assert_true(had <= 2 * ROOM);
    eddy_pipe_free(reader);
    test_core_end(core);
}

static void a_write_that_nobody_can_read_is_an_error_and_no_signal(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;
    struct sigaction action;
    int fds;

    (void)state;
    assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
    new_pair(core, &reader, &writer);
    test_settle(core);
    fds = test_open_fds();
    eddy_pipe_free(reader);
    test_until_fds(core, fds - 1);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "x", 1), -EPIPE);
    assert_int_equal(do_write_all(core, eddy_pipe_io(writer), large, LARGE), -EPIPE);
    assert_int_equal(do_flush(core, eddy_pipe_io(writer)), -EPIPE);
    assert_int_equal(do_shutdown(core, eddy_pipe_io(writer)), -EPIPE);
    eddy_pipe_free(writer);
    test_core_end(core);
}

static void a_reader_that_goes_ends_the_waiting_of_the_writer(void **state)
{
    eddy_core *core = test_core();
    eddy_bytes rest = {large, LARGE};
    eddy_result written = EDDY_PENDING;
    eddy_pipe *reader, *writer;

    (void)state;
    new_pair(core, &reader, &writer);
    test_spawn(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE_ALL, .rest = &rest,
               .result = &written);
    test_settle(core);
    assert_int_equal(written, EDDY_PENDING);
    eddy_pipe_free(reader);
    assert_int_equal(test_until_done(core, &written), -EPIPE);
    eddy_pipe_free(writer);
    test_core_end(core);
}

static void each_end_knows_its_direction(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;

    (void)state;
    new_pair(core, &reader, &writer);
    assert_int_equal(do_write(core, eddy_pipe_io(reader), "x", 1), -EBADF);
    assert_int_equal(do_flush(core, eddy_pipe_io(reader)), -EBADF);
    assert_int_equal(do_fill(core, eddy_pipe_io(writer), 1), -EBADF);
    eddy_pipe_free(reader);
    eddy_pipe_free(writer);
    test_core_end(core);
}

static void a_hang_up_that_nobody_looks_at_does_not_keep_the_loop_awake(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *readers[2], *writers[2];
    uint64_t turns;

    (void)state;
    for (int i = 0; i < 2; i++)
        new_pair(core, &readers[i], &writers[i]);
    assert_int_equal(do_write(core, eddy_pipe_io(writers[0]), "unread", 6), 6);
    assert_int_equal(do_fill(core, eddy_pipe_io(readers[0]), 1), 6);
    eddy_pipe_free(writers[0]);
    eddy_pipe_free(readers[1]);
    test_settle(core);
    turns = test_stats(core).turns;
    test_pass(core, 200 * EDDY_MILLISECOND);
    assert_true(test_stats(core).turns - turns <= 6);
    eddy_pipe_free(readers[0]);
    eddy_pipe_free(writers[1]);
    test_core_end(core);
}

static void pipes_outlive_their_loop_and_say_so(void **state)
{
    eddy_core *core = test_core(), *other;
    eddy_pipe *reader, *writer;

    (void)state;
    new_pair(core, &reader, &writer);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "lost", 4), 4);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 4);
    eddy_core_free(core);
    other = test_core();
    assert_int_equal(do_fill(other, eddy_pipe_io(reader), 1), EDDY_LOOP_GONE);
    assert_int_equal(do_write(other, eddy_pipe_io(writer), "x", 1), EDDY_LOOP_GONE);
    assert_int_equal(eddy_io_view(eddy_pipe_io(reader)).len, 0);
    eddy_pipe_free(reader);
    eddy_pipe_free(writer);
    test_core_end(other);
}

static void pipes_are_copied_one_into_the_other(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *from, *from_writer, *to, *to_reader;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    new_pair(core, &from, &from_writer);
    new_pair(core, &to_reader, &to);
    assert_int_equal(do_write(core, eddy_pipe_io(from_writer), "over", 4), 4);
    assert_int_equal(do_fill(core, eddy_pipe_io(from), 4), 4);
    assert_int_equal(
        test_run(core, talk, .io = eddy_pipe_io(from), .to = eddy_pipe_io(to), .verb = FORWARD), 4);
    assert_int_equal(do_fill(core, eddy_pipe_io(to_reader), 4), 4);
    assert_int_equal(test_run(core, talk, .io = eddy_pipe_io(to_reader), .to = eddy_tcp_io(tcp),
                              .verb = FORWARD),
                     4);
    test_settle(core);
    assert_int_equal(test_peer_try_recv(peer, large, 4), 4);
    assert_memory_equal(large, "over", 4);
    test_pattern_fill(large, 4, 0);
    eddy_pipe_free(from);
    eddy_pipe_free(from_writer);
    eddy_pipe_free(to);
    eddy_pipe_free(to_reader);
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_through_and_then_the_end),
        cmocka_unit_test(a_reader_waits_for_as_much_as_it_asks_for),
        cmocka_unit_test(what_is_left_unread_stays_from_turn_to_turn),
        cmocka_unit_test(bytes_that_nobody_reads_hold_no_block_of_the_pool),
        cmocka_unit_test(a_writer_is_held_up_by_a_slow_reader_and_loses_nothing),
        cmocka_unit_test(a_small_write_is_accepted_whole_or_waits),
        cmocka_unit_test(parts_are_written_in_order_and_small_ones_together),
        cmocka_unit_test(a_buffer_is_accepted_whole_and_flushed_when_it_is_read),
        cmocka_unit_test(all_that_was_accepted_arrives_though_the_writer_is_freed),
        cmocka_unit_test(a_reader_that_never_reads_is_waited_for_no_longer_than_said),
        cmocka_unit_test(what_is_thrown_away_does_not_arrive),
        cmocka_unit_test(a_write_that_nobody_can_read_is_an_error_and_no_signal),
        cmocka_unit_test(a_reader_that_goes_ends_the_waiting_of_the_writer),
        cmocka_unit_test(each_end_knows_its_direction),
        cmocka_unit_test(a_hang_up_that_nobody_looks_at_does_not_keep_the_loop_awake),
        cmocka_unit_test(pipes_outlive_their_loop_and_say_so),
        cmocka_unit_test(pipes_are_copied_one_into_the_other),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
