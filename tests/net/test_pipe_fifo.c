/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_pipe_fifo.c - FIFOs: either end is opened without waiting for the other.
 */
#include "pipes.h"

static char path[64];

static int begin(void **state)
{
    char folder[] = "/tmp/eddy-fifo-XXXXXX";

    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/fifo", folder);
    return mkfifo(path, 0600);
}

static int end(void **state)
{
    (void)state;
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    return rmdir(path);
}

static eddy_pipe *open_end(eddy_core *core, eddy_fifo_end which)
{
    eddy_pipe *pipe;

    assert_int_equal(eddy_fifo_open(eddy_core_handle(core), path, which, &pipe), 0);
    return pipe;
}

static void a_reader_waits_for_the_first_writer_and_ends_with_the_last(void **state)
{
    eddy_core *core = test_core();
    eddy_result filled = EDDY_PENDING;
    eddy_pipe *reader = open_end(core, EDDY_FIFO_READ);
    int first, second;

    (void)state;
    test_spawn(core, talk, .io = eddy_pipe_io(reader), .verb = FILL, .len = 5, .result = &filled);
    test_pass(core, 10 * EDDY_MILLISECOND);
    assert_int_equal(filled, EDDY_PENDING);
    first = open(path, O_WRONLY | O_CLOEXEC);
    second = open(path, O_WRONLY | O_CLOEXEC);
    test_pass(core, 5 * EDDY_MILLISECOND);
    assert_int_equal(filled, EDDY_PENDING);
    assert_int_equal(write(first, "fi", 2), 2);
    close(first);
    test_pass(core, 5 * EDDY_MILLISECOND);
    assert_int_equal(filled, EDDY_PENDING);
    assert_int_equal(write(second, "rst", 3), 3);
    assert_int_equal(test_until_done(core, &filled), 5);
    eddy_io_consume(eddy_pipe_io(reader), 5);
    close(second);
    assert_int_equal(do_fill(core, eddy_pipe_io(reader), 1), 0);
    eddy_pipe_free(reader);
    test_core_end(core);
}

static void a_writer_that_says_nothing_is_an_end_too(void **state)
{
    eddy_core *core = test_core();
    eddy_result filled = EDDY_PENDING;
    eddy_pipe *reader = open_end(core, EDDY_FIFO_READ);

    (void)state;
    test_spawn(core, talk, .io = eddy_pipe_io(reader), .verb = FILL, .len = 1, .result = &filled);
    test_settle(core);
    close(open(path, O_WRONLY | O_CLOEXEC));
    assert_int_equal(test_until_done(core, &filled), 0);
    eddy_pipe_free(reader);
    test_core_end(core);
}

static void a_reader_that_is_to_go_on_hears_every_writer(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *reader = open_end(core, EDDY_FIFO_READ_ON);

    (void)state;
    for (int i = 0; i < 3; i++) {
        eddy_result filled = EDDY_PENDING;
        int writer = open(path, O_WRONLY | O_CLOEXEC);

        assert_int_equal(write(writer, "again", 5), 5);
        close(writer);
        do_expect(core, eddy_pipe_io(reader), "again", 5);
        test_spawn(core, talk, .io = eddy_pipe_io(reader), .verb = FILL, .len = 1,
                   .result = &filled);
        test_pass(core, 3 * EDDY_MILLISECOND);
        assert_int_equal(filled, EDDY_PENDING);
        writer = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(writer, "x", 1), 1);
        assert_int_equal(test_until_done(core, &filled), 1);
        eddy_io_consume(eddy_pipe_io(reader), 1);
        close(writer);
    }
    assert_int_equal(do_write(core, eddy_pipe_io(reader), "x", 1), -EBADF);
    eddy_pipe_free(reader);
    test_core_end(core);
}

static void a_writer_waits_for_the_first_reader(void **state)
{
    eddy_core *core = test_core();
    eddy_result written = EDDY_PENDING;
    eddy_pipe *writer = open_end(core, EDDY_FIFO_WRITE);
    char got[6] = "";
    int reader;

    (void)state;
    assert_int_equal(do_flush(core, eddy_pipe_io(writer)), 0);
    test_spawn(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE, .memory = "hello", .len = 5,
               .result = &written);
    test_pass(core, 10 * EDDY_MILLISECOND);
    assert_int_equal(written, EDDY_PENDING);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(test_until_done(core, &written), 5);
    assert_int_equal(read(reader, got, 5), 5);
    assert_string_equal(got, "hello");
    assert_int_equal(do_shutdown(core, eddy_pipe_io(writer)), 0);
    test_settle(core);
    assert_int_equal(read(reader, got, 5), 0);
    close(reader);
    eddy_pipe_free(writer);
    test_core_end(core);
}

static void a_writer_finds_a_reader_that_is_there_at_once(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *reader = open_end(core, EDDY_FIFO_READ);
    eddy_pipe *writer = open_end(core, EDDY_FIFO_WRITE);
    int fds;

    (void)state;
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "hello", 5), 5);
    do_expect(core, eddy_pipe_io(reader), "hello", 5);
    fds = test_open_fds();
    eddy_pipe_free(reader);
    test_until_fds(core, fds - 1);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "x", 1), -EPIPE);
    eddy_pipe_free(writer);
    test_core_end(core);
}

static void a_writer_without_reader_can_be_freed_ended_and_outlive_its_loop(void **state)
{
    eddy_core *core = test_core();
    eddy_pipe *writer = open_end(core, EDDY_FIFO_WRITE);
    int fds = test_open_fds();

    (void)state;
    eddy_pipe_free(writer);
    writer = open_end(core, EDDY_FIFO_WRITE);
    assert_int_equal(do_shutdown(core, eddy_pipe_io(writer)), 0);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "x", 1), -EPIPE);
    eddy_pipe_free(writer);
    writer = open_end(core, EDDY_FIFO_WRITE);
    eddy_io_abort(eddy_pipe_io(writer));
    assert_true(test_open_fds() <= fds + 1); /* the loop's own, made when it first runs */
    writer = open_end(core, EDDY_FIFO_WRITE);
    eddy_core_free(core);
    eddy_pipe_free(writer);
}

static void a_path_that_is_no_fifo_is_refused(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_pipe *pipe;

    (void)state;
    for (int which = EDDY_FIFO_READ; which <= EDDY_FIFO_WRITE; which++) {
        assert_int_equal(eddy_fifo_open(handle, "/dev/null", (eddy_fifo_end)which, &pipe), -EINVAL);
        assert_int_equal(eddy_fifo_open(handle, "/no/such", (eddy_fifo_end)which, &pipe), -ENOENT);
    }
    assert_int_equal(eddy_fifo_open(handle, path, (eddy_fifo_end)9, &pipe), -EINVAL);
    test_core_end(core);
}

static void a_fifo_that_is_removed_meanwhile_is_told_to_the_writer(void **state)
{
    eddy_core *core = test_core();
    eddy_result written = EDDY_PENDING;
    eddy_pipe *writer = open_end(core, EDDY_FIFO_WRITE);

    (void)state;
    test_spawn(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE, .memory = "x", .len = 1,
               .result = &written);
    test_settle(core);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(test_until_done(core, &written), -ENOENT);
    assert_int_equal(do_write(core, eddy_pipe_io(writer), "x", 1), -EPIPE);
    eddy_pipe_free(writer);
    assert_int_equal(mkfifo(path, 0600), 0);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_waits_for_the_first_writer_and_ends_with_the_last),
        cmocka_unit_test(a_writer_that_says_nothing_is_an_end_too),
        cmocka_unit_test(a_reader_that_is_to_go_on_hears_every_writer),
        cmocka_unit_test(a_writer_waits_for_the_first_reader),
        cmocka_unit_test(a_writer_finds_a_reader_that_is_there_at_once),
        cmocka_unit_test(a_writer_without_reader_can_be_freed_ended_and_outlive_its_loop),
        cmocka_unit_test(a_path_that_is_no_fifo_is_refused),
        cmocka_unit_test(a_fifo_that_is_removed_meanwhile_is_told_to_the_writer),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
