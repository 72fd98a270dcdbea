/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_lines.c - delimiters and lines, shown where they were received: of any length up to the limit,
 * whatever the pieces in which they come, searched once, and gone on with after a drop.
 */
#include "script.h"
#include "starved.h"

#include "../support/death.h"
#include "../support/drop.h"
#include "../support/net.h"
#include "eddy/io_read.h"

static const char text[] = "one\r\ntwo\n\n\r\n\rfour\n three and more\r\nlast";
static const char lines[] = "one|two|||\rfour| three and more|last|"; /* the same with bars */

enum { LIMIT = 100 };

/* ---- a reader ---- */

/* Takes lines until the end or an error, and writes them down, each with a bar behind it. */
struct reader {
    EDDY_FRAME;
    eddy_io *io;
    eddy_stream *stream; /* NULL: by the poll function */
    char *out;
    eddy_search search;
    eddy_bytes line;
};

static void reader_done(struct reader *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

static void write_down(char *out, eddy_bytes line)
{
    size_t at = strlen(out);

    memcpy(out + at, line.data, line.len);
    memcpy(out + at + line.len, "|", 2);
}

static eddy_result reader_poll_line(struct reader *self, eddy_task *task)
{
    if (self->stream != NULL)
        return eddy_stream_poll_next(self->stream, task, &self->line);
    return eddy_io_poll_line(self->io, task, &self->search, &self->line);
}

EDDY_ASYNC(reader, reader_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->stream != NULL)
            eddy_future_adopt(&self->frame, &self->stream->frame);
        for (;;) {
            EDDY_POLL(n, reader_poll_line(self, task));
            if (n <= 0)
                break;
            write_down(self->out, self->line);
            if (self->stream == NULL)
                eddy_io_consume(self->io, (size_t)n);
        }
        EDDY_END(n);
}

static eddy_future *read_lines(eddy_core *core, eddy_io *io, size_t limit, char *out)
{
    return eddy_box(eddy_core_handle(core),
                    EDDY_FUTURE(reader, .io = io, .search = {limit, 0}, .out = out));
}

static eddy_future *read_stream(eddy_core *core, eddy_io *io, size_t limit, char *out)
{
    eddy_stream *stream = eddy_io_lines(eddy_core_handle(core), io, limit);

    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(reader, .stream = stream, .out = out));
}

typedef eddy_future *read_fn(eddy_core *core, eddy_io *io, size_t limit, char *out);
static read_fn *const ways[] = {read_lines, read_stream};

/* ---- lines ---- */

static void lines_are_whole_whatever_the_pieces(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++)
        for (size_t piece = 0; piece < sizeof text; piece++) {
            eddy_core *core = test_core();
            struct script script = script_reading(text, piece);
            char out[100] = "";

            (void)script_init(&script);
            assert_int_equal(
                script_run(core, ways[way](core, &script.io, LIMIT, out), &script, NULL), 0);
            assert_string_equal(out, lines);
            assert_int_equal(script.consumed, sizeof text - 1);
            test_core_end(core);
        }
}

static void nothing_has_no_lines(void **state)
{
    eddy_core *core = test_core();
    struct script script = script_reading("", 0);
    char out[10] = "";

    (void)state;
    (void)script_init(&script);
    assert_int_equal(eddy_core_run(core, read_lines(core, &script.io, LIMIT, out)), 0);
    assert_int_equal(eddy_core_run(core, read_stream(core, &script.io, LIMIT, out)), 0);
    assert_string_equal(out, "");
    test_core_end(core);
}

static void lines_as_long_as_the_limit_are_whole_and_longer_ones_are_refused(void **state)
{
    static const char four[] = "123\n12\r\n1234\n1\n";

    (void)state;
    for (size_t way = 0; way < 2; way++)
        for (size_t piece = 0; piece < sizeof four; piece++) {
            eddy_core *core = test_core();
            struct script script = script_reading(four, piece);
            char out[20] = "";

            (void)script_init(&script);
            for (int i = 0; i < 3; i++) /* again and again */
                assert_int_equal(
                    script_run(core, ways[way](core, &script.io, 4, out), &script, NULL),
                    -EMSGSIZE);
            assert_string_equal(out, "123|12|");
            assert_int_equal(script.consumed, 8);
            assert_int_equal(script_run(core, ways[way](core, &script.io, 5, out), &script, NULL),
                             0);
            assert_string_equal(out, "123|12|1234|1|");
            test_core_end(core);
        }
}

static void errors_come_behind_the_lines_before_them(void **state)
{
    eddy_core *core = test_core();
    struct script script = script_reading("one\ntw", 1);
    char out[20] = "";

    (void)state;
    script.ending = -ECONNRESET;
    (void)script_init(&script);
    assert_int_equal(script_run(core, read_lines(core, &script.io, LIMIT, out), &script, NULL),
                     -ECONNRESET);
    assert_string_equal(out, "one|");
    test_core_end(core);
}

/* ---- searching ---- */

/* One look at the stream. */
struct looker {
    EDDY_FRAME;
    eddy_io *io;
    eddy_search *search;
    unsigned char delimiter;
};

EDDY_ASYNC(looker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_io_poll_until(self->io, task, self->delimiter, self->search));
        EDDY_END(n);
}

/* What was searched is remembered outside: a byte that is turned into a delimiter there is not seen. */
static void what_was_searched_is_not_searched_again(void **state)
{
    eddy_core *core = test_core();
    char bytes[] = "aaaaaaaaaa;bb;";
    struct script script = {.in = bytes, .in_len = sizeof bytes - 1, .piece = 5};
    eddy_search search = {.limit = LIMIT};
    eddy_join *join;

    (void)state;
    (void)script_init(&script);
    join = test_spawn_join(core, looker, .io = &script.io, .search = &search, .delimiter = ';');
    script_step(&script);
    (void)test_settle(core);
    assert_int_equal(search.searched, 5);
    bytes[2] = ';';
    script_step(&script);
    (void)test_settle(core);
    script_step(&script);
    assert_int_equal(test_join_end(core, join), 11);
    assert_int_equal(search.searched, 0);
    assert_int_equal(script.consumed, 0);
    /* It is shown until it is consumed; a search that begins anew sees everything. */
    assert_int_equal(test_run(core, looker, .io = &script.io, .search = &search, .delimiter = ';'),
                     3);
    eddy_io_consume(&script.io, 11);
    assert_int_equal(test_run(core, looker, .io = &script.io, .search = &search, .delimiter = ';'),
                     3);
    eddy_io_consume(&script.io, 3);
    assert_int_equal(test_run(core, looker, .io = &script.io, .search = &search, .delimiter = ';'),
                     0);
    test_core_end(core);
}

/* ---- drops ---- */

struct world {
    struct script script;
    char out[100];
    read_fn *read;
};

static eddy_future *begin(void *arg, eddy_core *core)
{
    struct world *world = arg;

    world->script = script_reading(text, 3);
    world->out[0] = '\0';
    return world->read(core, script_init(&world->script), LIMIT, world->out);
}

static void step(void *arg, eddy_core *core)
{
    (void)core;
    script_step(&((struct world *)arg)->script);
}

/* Another reader goes on. */
static void end(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    if (core == NULL)
        return;
    assert_int_equal(script_run(core, read_lines(core, &world->script.io, LIMIT, world->out),
                                &world->script, NULL),
                     0);
    assert_string_equal(world->out, lines);
}

static void lines_can_be_dropped_at_any_moment_and_be_gone_on_with(void **state)
{
    struct world world;
    const struct test_drop drop = {begin, step, end, &world, {0}};

    (void)state;
    for (size_t way = 0; way < 2; way++) {
        world.read = ways[way];
        assert_true(test_drop_anywhere(&drop) > 10);
    }
}

/* ---- over TCP ---- */

static void over_tcp_lines_arrive_byte_by_byte(void **state)
{
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        eddy_core *core = test_core();
        char out[100] = "";
        eddy_tcp *tcp;
        int peer = test_peer(core, &tcp);
        eddy_join *join = test_spawn_join_future(
            core, ways[way](core, eddy_tcp_io(tcp), LIMIT, out), __FILE__, __LINE__);

        for (size_t i = 0; i < sizeof text - 1; i++) {
            test_peer_send(peer, text + i, 1);
            (void)test_settle(core);
        }
        test_peer_shutdown(peer);
        assert_int_equal(test_join_end(core, join), 0);
        assert_string_equal(out, lines);
        eddy_tcp_free(tcp);
        test_peer_close(peer);
        test_core_end(core);
    }
}

static void over_tcp_a_line_longer_than_the_window_is_refused_and_still_there(void **state)
{
    static char line[20000];
    eddy_core *core = test_core();
    char out[10] = "";
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .recv_window_bytes = 8192};

    (void)state;
    memset(line, 'x', sizeof line);
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    test_peer_send(peer, line, sizeof line);
    assert_int_equal(eddy_core_run(core, read_lines(core, eddy_tcp_io(tcp), 60000, out)),
                     -EMSGSIZE);
    test_expect(core, tcp, line, sizeof line);
    assert_string_equal(out, "");
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

/* ---- memory, misuse ---- */

static void without_memory_the_stream_is_a_failed_one(void **state)
{
    struct script script = script_reading(text, 0);
    struct starved starved;
    eddy_core *core = starved_begin(&starved);
    eddy_stream *stream;

    (void)state;
    (void)script_init(&script);
    starve(&starved);
    stream = eddy_io_lines(eddy_core_handle(core), &script.io, LIMIT);
    assert_int_equal(test_run(core, reader, .stream = stream), -ENOMEM);
    assert_int_equal(script.fills, 0);
    starved_end(&starved);
}

static void lines_of_nothing(void *arg)
{
    (void)arg;
    (void)eddy_io_lines(eddy_core_handle(test_core()), NULL, 0);
}

static void search_without_a_limit(void *arg)
{
    eddy_core *core = test_core();
    struct script script = script_reading(text, 0);
    eddy_search search = {0};

    (void)arg;
    (void)script_init(&script);
    (void)test_run(core, looker, .io = &script.io, .search = &search);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(lines_of_nothing, NULL, "lines of at most 0 bytes");
    assert_dies(search_without_a_limit, NULL, "0 bytes were searched, the limit is 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_whole_whatever_the_pieces),
        cmocka_unit_test(nothing_has_no_lines),
        cmocka_unit_test(lines_as_long_as_the_limit_are_whole_and_longer_ones_are_refused),
        cmocka_unit_test(errors_come_behind_the_lines_before_them),
        cmocka_unit_test(what_was_searched_is_not_searched_again),
        cmocka_unit_test(lines_can_be_dropped_at_any_moment_and_be_gone_on_with),
        cmocka_unit_test(over_tcp_lines_arrive_byte_by_byte),
        cmocka_unit_test(over_tcp_a_line_longer_than_the_window_is_refused_and_still_there),
        cmocka_unit_test(without_memory_the_stream_is_a_failed_one),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
