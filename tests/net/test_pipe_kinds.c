/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers threads */
/*
 * test_pipe_kinds.c - whatever a descriptor is, and whoever else uses it: files, /dev/null, terminals,
 * pipes and sockets are read and written, as standard input and output are, and what is shared is left
 * as it was.
 */
#include "pipes.h"

#include <sys/wait.h>

enum { LARGE = 300 * 1000 };
static unsigned char large[LARGE];

/* ---- kinds ---- */

/* What is read at one descriptor comes from, what is written goes to, another one. */
typedef struct kind {
    const char *name;
    /* fds[0]: to be used; fds[1]: to feed or see it by, -1: by reading fds[0] itself */
    void (*make)(int fds[2], bool reading);
    bool pooled;
} kind;

static void make_file(int fds[2], bool reading)
{
    (void)reading;
    fds[0] = raw_file();
    fds[1] = -1;
}

static void make_pipe(int fds[2], bool reading)
{
    int both[2];

    raw_pipe(both);
    fds[0] = both[reading ? 0 : 1];
    fds[1] = both[reading ? 1 : 0];
}

static void make_terminal(int fds[2], bool reading)
{
    (void)reading;
    raw_terminal(&fds[1], &fds[0]);
}

/* The other side of a terminal: it must not be opened anew. */
static void make_master(int fds[2], bool reading)
{
    (void)reading;
    raw_terminal(&fds[0], &fds[1]);
}

static void make_socket(int fds[2], bool reading)
{
    (void)reading;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static const kind kinds[] = {
    {"file", make_file, true},          {"pipe", make_pipe, false},
    {"terminal", make_terminal, false}, {"master", make_master, true},
    {"socket", make_socket, false},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void close_both(const int fds[2])
{
    close(fds[0]);
    if (fds[1] >= 0)
        close(fds[1]);
}

/* Bytes that can be read at fds[0]. */
static void feed(const int fds[2], const void *data, size_t len)
{
    if (fds[1] >= 0)
        assert_int_equal(write(fds[1], data, len), len);
    else
        assert_int_equal(pwrite(fds[0], data, len, lseek(fds[0], 0, SEEK_CUR)), len);
}

/* What was written to fds[0]. */
static void see(eddy_core *core, const int fds[2], const void *data, size_t len)
{
    unsigned char memory[4096];

    for (size_t had = 0; had < len;) {
        struct pollfd ready = {.fd = fds[1], .events = POLLIN};
        ssize_t n;

        if (fds[1] >= 0 && poll(&ready, 1, 0) == 0) {
            (void)eddy_core_turn(core, EDDY_MILLISECOND);
            continue;
        }
        n = fds[1] >= 0 ? read(fds[1], memory, sizeof memory)
                        : pread(fds[0], memory, sizeof memory, (off_t)had);
        assert_true(n > 0 && had + (size_t)n <= len);
        assert_memory_equal(memory, (const unsigned char *)data + had, (size_t)n);
        had += (size_t)n;
    }
}

/* A pipe over one of a kind that is shared. */
struct sample {
    eddy_core *core;
    eddy_pipe *pipe;
    int fds[2], flags; /* those of fds[0], which must stay */
};

static struct sample sample_begin(eddy_pool *pool, int at, bool reading, const char *fed)
{
    struct sample self = {.core = test_core()};

    kinds[at].make(self.fds, reading);
    self.flags = flags_of(self.fds[0]);
    if (fed != NULL)
        feed(self.fds, fed, strlen(fed));
    self.pipe = pipe_over(self.core, self.fds[0], true, pool);
    assert_int_equal(eddy_pipe_is_pooled(self.pipe), kinds[at].pooled);
    assert_int_equal(flags_of(self.fds[0]), self.flags);
    return self;
}

static void sample_end(const struct sample *self)
{
    assert_int_equal(flags_of(self->fds[0]), self->flags);
    eddy_pipe_free(self->pipe);
    test_core_end(self->core);
    assert_int_equal(flags_of(self->fds[0]), self->flags);
    close_both(self->fds);
}

static void every_kind_is_read_and_left_as_it_was_when_it_is_shared(void **state)
{
    eddy_pool *pool = small_pool();

    (void)state;
    for (int i = 0; i < KINDS; i++) {
        struct sample one = sample_begin(pool, i, true, "first");
        eddy_io *io = eddy_pipe_io(one.pipe);

        do_expect(one.core, io, "first", 5);
        if (one.fds[1] >= 0) {
            feed(one.fds, "second", 6);
            do_expect(one.core, io, "second", 6);
        } else {
            assert_int_equal(do_fill(one.core, io, 1), 0);
        }
        sample_end(&one);
    }
    eddy_pool_release(pool);
}

static void every_kind_is_written_and_left_as_it_was_when_it_is_shared(void **state)
{
    eddy_pool *pool = small_pool();

    (void)state;
    for (int i = 0; i < KINDS; i++) {
        struct sample one = sample_begin(pool, i, false, NULL);
        eddy_io *io = eddy_pipe_io(one.pipe);

        assert_int_equal(do_write(one.core, io, "hello ", 6), 6);
        assert_int_equal(do_write(one.core, io, "world", 5), 5);
        assert_int_equal(do_flush(one.core, io), 0);
        see(one.core, one.fds, "hello world", 11);
        sample_end(&one);
    }
    eddy_pool_release(pool);
}

static void much_is_written_and_arrives_though_it_is_freed_at_once(void **state)
{
    eddy_pool *pool = small_pool();

    (void)state;
    for (int i = 0; i < KINDS; i++) {
        eddy_core *core = test_core();
        eddy_buf *buf = eddy_buf_new(NULL, LARGE);
        eddy_pipe *pipe;
        int fds[2];

        assert_non_null(buf);
        memcpy(eddy_buf_data(buf), large, LARGE);
        kinds[i].make(fds, false);
        pipe = pipe_over(core, fds[0], true, pool);
        assert_int_equal(test_run(core, talk, .io = eddy_pipe_io(pipe), .verb = WRITE_BUF,
                                  .buf = buf, .len = LARGE),
                         LARGE);
        eddy_buf_release(buf);
        eddy_pipe_free(pipe);
        if (fds[1] < 0)
            test_pass(core, 50 * EDDY_MILLISECOND);
        see(core, fds, large, LARGE);
        test_core_end(core);
        close_both(fds);
    }
    eddy_pool_release(pool);
}

/* Cut off with its loop, in the middle of both. */
static void what_is_shared_is_left_as_it_was_when_the_loop_goes_first(void **state)
{
    eddy_pool *pool = small_pool();

    (void)state;
    for (int i = 0; i < 2 * KINDS; i++) {
        bool reading = i % 2 == 0;
        eddy_core *core = test_core();
        /* What a master writes and nobody reads would hold the thread in the kernel (eddy/pipe.h). */
        eddy_bytes rest = {large, kinds[i / 2].make == make_master ? 1000 : LARGE};
        eddy_pipe *pipe;
        int fds[2], flags;

        kinds[i / 2].make(fds, reading);
        flags = flags_of(fds[0]);
        pipe = pipe_over(core, fds[0], true, pool);
        test_spawn(core, talk, .io = eddy_pipe_io(pipe), .verb = reading ? FILL : WRITE_ALL,
                   .rest = &rest, .len = 1);
        for (int turn = 0; turn < 3; turn++)
            (void)eddy_core_turn(core, 0);
        (void)eddy_core_free(core);
        assert_int_equal(flags_of(fds[0]), flags);
        eddy_pipe_free(pipe);
        close_both(fds);
    }
    eddy_pool_release(pool);
}

/* What a thread writes late does not go to whoever has the number by then. */
static void a_shared_descriptor_may_be_closed_as_soon_as_the_pipe_is_freed(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        eddy_pool *pool = small_pool();
        int fd = raw_file(), stranger;
        eddy_core *core = test_core();
        eddy_pipe *pipe = pipe_over(core, fd, true, pool);
        eddy_bytes rest = {large, LARGE};

        test_spawn(core, talk, .io = eddy_pipe_io(pipe), .verb = WRITE_ALL, .rest = &rest);
        (void)eddy_core_turn(core, 0);
        (void)eddy_core_free(core);
        eddy_pipe_free(pipe);
        close(fd);
        stranger = raw_file();
        assert_int_equal(stranger, fd);
        eddy_pool_release(pool);
        assert_int_equal(lseek(stranger, 0, SEEK_END), 0);
        close(stranger);
    }
}

static void what_is_our_own_is_closed_in_the_end(void **state)
{
    eddy_pool *pool = small_pool();

    (void)state;
    for (int i = 0; i < KINDS; i++) {
        int before = test_open_fds();
        eddy_core *core = test_core();
        eddy_pipe *pipe;
        int fds[2];

        kinds[i].make(fds, true);
        feed(fds, "own", 3);
        pipe = pipe_over(core, fds[0], false, pool);
        do_expect(core, eddy_pipe_io(pipe), "own", 3);
        eddy_pipe_free(pipe);
        test_core_end(core);
        if (fds[1] >= 0)
            close(fds[1]);
        for (int n = 0; n < 1000 && test_open_fds() > before; n++)
            usleep(1000); /* a thread of the pool may be the last to let go */
        assert_int_equal(test_open_fds(), before);
    }
    eddy_pool_release(pool);
}

static void what_is_our_own_is_closed_by_an_exec(void **state)
{
    eddy_pool *pool = small_pool();
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < KINDS; i++) {
        eddy_pipe *pipe;
        int fds[2];

        kinds[i].make(fds, true);
        assert_int_equal(fcntl(fds[0], F_SETFD, 0), 0);
        pipe = pipe_over(core, fds[0], false, pool);
        assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
        eddy_pipe_free(pipe);
        if (fds[1] >= 0)
            close(fds[1]);
    }
    test_core_end(core);
    eddy_pool_release(pool);
}

static void dev_null_is_an_end_and_swallows_all(void **state)
{
    eddy_pool *pool = small_pool();
    eddy_core *core = test_core();
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    eddy_pipe *pipe;

    (void)state;
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fd, NULL, &pipe), -EPERM);
    assert_int_equal(flags_of(fd) & O_NONBLOCK, 0);
    pipe = pipe_over(core, fd, false, pool);
    assert_true(eddy_pipe_is_pooled(pipe));
    assert_int_equal(do_write_all(core, eddy_pipe_io(pipe), large, LARGE), 0);
    assert_int_equal(do_fill(core, eddy_pipe_io(pipe), 1), 0);
    assert_int_equal(do_shutdown(core, eddy_pipe_io(pipe)), 0);
    eddy_pipe_free(pipe);
    test_core_end(core);
    eddy_pool_release(pool);
}

static void errors_of_a_file_are_told_by_the_next_write_or_flush(void **state)
{
    eddy_pool *pool = small_pool();
    eddy_core *core = test_core();
    eddy_pipe *pipe = pipe_over(core, open("/dev/full", O_WRONLY | O_CLOEXEC), false, pool);

    (void)state;
    assert_int_equal(do_write(core, eddy_pipe_io(pipe), "x", 1), 1);
    assert_int_equal(do_flush(core, eddy_pipe_io(pipe)), -ENOSPC);
    assert_int_equal(do_write(core, eddy_pipe_io(pipe), "x", 1), -EPIPE);
    eddy_pipe_free(pipe);
    pipe = pipe_over(core, open("/dev/full", O_WRONLY | O_CLOEXEC), false, pool);
    assert_int_equal(do_write_all(core, eddy_pipe_io(pipe), large, LARGE), -ENOSPC);
    eddy_pipe_free(pipe);
    test_core_end(core);
    eddy_pool_release(pool);
}

static void a_pool_that_has_ended_is_an_error(void **state)
{
    eddy_pool *pool = small_pool();
    eddy_core *core = test_core();
    eddy_pipe *pipe = pipe_over(core, raw_file(), false, pool);

    (void)state;
    eddy_pool_release(pool);
    assert_int_equal(do_fill(core, eddy_pipe_io(pipe), 1), EDDY_CLOSED);
    assert_int_equal(do_write(core, eddy_pipe_io(pipe), "x", 1), EDDY_CLOSED);
    eddy_pipe_free(pipe);
    test_core_end(core);
}

/* Nobody types: the thread that waits for that is freed with the pipe. */
static void a_waiting_thread_is_let_go_and_takes_nothing(void **state)
{
    eddy_pool *pool = small_pool();
    eddy_core *core = test_core();
    eddy_result filled = EDDY_PENDING;
    eddy_pipe *pipe;
    char got[5] = "";
    int fds[2];

    (void)state;
    make_master(fds, true);
    pipe = pipe_over(core, fds[0], true, pool);
    test_spawn(core, talk, .io = eddy_pipe_io(pipe), .verb = FILL, .len = 1, .result = &filled);
    test_pass(core, 10 * EDDY_MILLISECOND);
    assert_int_equal(filled, EDDY_PENDING);
    eddy_core_free(core);
    eddy_pipe_free(pipe);
    eddy_pool_release(pool); /* waits for its threads */
    assert_int_equal(write(fds[1], "type", 4), 4);
    assert_int_equal(read(fds[0], got, 4), 4);
    assert_string_equal(got, "type");
    close_both(fds);
}

/* Nobody looks at what is written: its time is up, and the thread is let go. */
static void a_thread_that_writes_in_vain_is_let_go(void **state)
{
    eddy_pool *pool = small_pool();
    eddy_core *core = test_core();
    const eddy_pipe_options options = {.size_bytes = sizeof options,
                                       .shared = true,
                                       .pool = pool,
                                       .linger_ns = 10 * EDDY_MILLISECOND};
    eddy_pipe *pipe;
    int fds[2];

    (void)state;
    make_master(fds, true);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_RDWR | O_NONBLOCK), 0);
    for (int full = 0; full < 20; full++) { /* the terminal moves bytes on in its own time */
        while (write(fds[0], large, LARGE) > 0 || write(fds[0], large, 1) > 0)
            full = 0;
        usleep(1000);
    }
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fds[0], &options, &pipe), 0);
    assert_int_equal(do_write(core, eddy_pipe_io(pipe), "x", 1), 1);
    eddy_pipe_free(pipe);
    test_core_end(core);
    eddy_pool_release(pool); /* waits for its threads */
    close_both(fds);
}

static void a_child_that_frees_the_loop_leaves_the_threads_to_its_parent(void **state)
{
    eddy_pool *pool = small_pool();
    eddy_core *core = test_core();
    eddy_result filled = EDDY_PENDING;
    eddy_pipe *pipe;
    pid_t child;
    int fds[2], status;

    (void)state;
    make_master(fds, true);
    pipe = pipe_over(core, fds[0], true, pool);
    test_spawn(core, talk, .io = eddy_pipe_io(pipe), .verb = FILL, .len = 1, .result = &filled);
    test_pass(core, 10 * EDDY_MILLISECOND);
    child = fork();
    if (child == 0) {
        (void)eddy_core_free(core);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    test_pass(core, 10 * EDDY_MILLISECOND);
    assert_int_equal(filled, EDDY_PENDING);
    assert_int_equal(write(fds[1], "type", 4), 4);
    for (int n = 0; n < 1000 && filled == EDDY_PENDING; n++)
        test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(filled, 4);
    eddy_pipe_free(pipe);
    test_core_end(core);
    eddy_pool_release(pool);
    close_both(fds);
}

/* ---- refusals ---- */

static void what_is_refused_is_left_as_it_was(void **state)
{
    eddy_core *core = test_core();
    int fd = open("/dev/null", O_RDWR); /* NOLINT(android-cloexec-open): that is to be seen */
    eddy_pipe *pipe;
    int flags = flags_of(fd);

    (void)state;
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fd, NULL, &pipe), -EPERM);
    assert_int_equal(flags_of(fd), flags);
    assert_int_equal(fcntl(fd, F_GETFD), 0);
    close(fd);
    test_core_end(core);
}

static void what_is_no_stream_of_bytes_is_refused(void **state)
{
    const eddy_pipe_options bad[] = {{.size_bytes = 1},
                                     {.size_bytes = sizeof *bad, .linger_ns = -1}};
    eddy_core *core = test_core();
    eddy_pipe *pipe;
    int fds[2], folder = open("/tmp", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), 12345, NULL, &pipe), -EBADF);
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fds[0], NULL, &pipe), -EINVAL);
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), folder, NULL, &pipe), -EISDIR);
    close_both(fds);
    raw_pipe(fds);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fds[0], &bad[i], &pipe), -EINVAL);
    close_both(fds);
    fds[0] = raw_file();
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), fds[0], NULL, &pipe), -EPERM);
    close(fds[0]);
    close(folder);
    test_core_end(core);
}

/* ---- standard input and output ---- */

/* Descriptor `fd` is `to` until put_back(). */
static int replace(int fd, int to)
{
    int before = dup(fd);

    assert_true(before >= 0);
    assert_int_equal(dup2(to, fd), fd);
    return before;
}

static void put_back(int fd, int before)
{
    assert_int_equal(dup2(before, fd), fd);
    close(before);
}

static void standard_input_is_read_whatever_it_is(void **state)
{
    eddy_pool *pool = small_pool();

    (void)state;
    for (int i = 0; i < KINDS; i++) {
        eddy_core *core = test_core();
        eddy_pipe *input;
        int fds[2], before, flags;

        kinds[i].make(fds, true);
        flags = flags_of(fds[0]);
        before = replace(0, fds[0]);
        feed(fds, "typed", 5);
        assert_int_equal(eddy_stdin(eddy_core_handle(core), pool, &input), 0);
        do_expect(core, eddy_pipe_io(input), "typed", 5);
        eddy_pipe_free(input);
        test_core_end(core);
        assert_int_equal(flags_of(0), flags);
        put_back(0, before);
        close_both(fds);
    }
    eddy_pool_release(pool);
}

static void standard_output_and_error_are_written_whatever_they_are(void **state)
{
    eddy_pool *pool = small_pool();

    (void)state;
    fflush(stdout);
    for (int i = 0; i < 2 * KINDS; i++) {
        int number = 1 + i % 2, fds[2], before, flags;
        eddy_core *core = test_core();
        eddy_pipe *output;
        eddy_result written = 0, flushed = 0, error;

        kinds[i / 2].make(fds, false);
        flags = flags_of(fds[0]);
        before = replace(number, fds[0]);
        error = number == 1 ? eddy_stdout(eddy_core_handle(core), pool, &output)
                            : eddy_stderr(eddy_core_handle(core), pool, &output);
        if (error == 0) {
            written = do_write(core, eddy_pipe_io(output), "shown", 5);
            flushed = do_flush(core, eddy_pipe_io(output));
            eddy_pipe_free(output);
        }
        put_back(number, before);
        assert_int_equal(error, 0);
        assert_int_equal(written, 5);
        assert_int_equal(flushed, 0);
        see(core, fds, "shown", 5);
        assert_int_equal(flags_of(fds[0]), flags);
        test_core_end(core);
        close_both(fds);
    }
    eddy_pool_release(pool);
}

/* ---- sockets ---- */

static void a_socket_goes_both_ways_and_is_half_closed(void **state)
{
    eddy_core *core = test_core();
    char got[6] = "";
    eddy_pipe *pipe;
    int fds[2];

    (void)state;
    make_socket(fds, true);
    pipe = pipe_over(core, fds[0], false, NULL);
    assert_int_equal(do_write(core, eddy_pipe_io(pipe), "ask", 3), 3);
    assert_int_equal(do_shutdown(core, eddy_pipe_io(pipe)), 0);
    assert_int_equal(read(fds[1], got, 5), 3);
    assert_int_equal(read(fds[1], got, 5), 0);
    assert_int_equal(write(fds[1], "answer", 6), 6);
    do_expect(core, eddy_pipe_io(pipe), "answer", 6);
    close(fds[1]);
    assert_int_equal(do_fill(core, eddy_pipe_io(pipe), 1), 0);
    eddy_pipe_free(pipe);
    test_core_end(core);
}

static void a_small_write_to_a_socket_with_little_room_is_whole(void **state)
{
    eddy_core *core = test_core();
    unsigned char memory[5000];
    size_t sent = 0, had = 0;
    eddy_pipe *pipe;
    int fds[2], bytes = 1;

    (void)state;
    make_socket(fds, true);
    assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
    pipe = pipe_over(core, fds[0], false, NULL);
    while (sent < 200 * 1000) {
        eddy_result written = EDDY_PENDING;
        size_t len = 1 + sent % EDDY_IO_WRITE_WHOLE;

        test_spawn(core, talk, .io = eddy_pipe_io(pipe), .verb = WRITE, .memory = large + sent,
                   .len = len, .result = &written);
        while (written == EDDY_PENDING) {
            ssize_t n;

            (void)eddy_core_turn(core, 0);
            n = recv(fds[1], memory, 777, MSG_DONTWAIT);
            if (n > 0)
                test_pattern_check(memory, (size_t)n, had);
            had += n > 0 ? (size_t)n : 0;
        }
        assert_int_equal(written, len);
        sent += len;
    }
    eddy_pipe_free(pipe);
    while (had < sent) {
        ssize_t n = recv(fds[1], memory, sizeof memory, MSG_DONTWAIT);

        if (n > 0) {
            test_pattern_check(memory, (size_t)n, had);
            had += (size_t)n;
        }
        (void)eddy_core_turn(core, 0);
    }
    close(fds[1]);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read_and_left_as_it_was_when_it_is_shared),
        cmocka_unit_test(every_kind_is_written_and_left_as_it_was_when_it_is_shared),
        cmocka_unit_test(much_is_written_and_arrives_though_it_is_freed_at_once),
        cmocka_unit_test(what_is_shared_is_left_as_it_was_when_the_loop_goes_first),
        cmocka_unit_test(a_shared_descriptor_may_be_closed_as_soon_as_the_pipe_is_freed),
        cmocka_unit_test(what_is_our_own_is_closed_in_the_end),
        cmocka_unit_test(what_is_our_own_is_closed_by_an_exec),
        cmocka_unit_test(dev_null_is_an_end_and_swallows_all),
        cmocka_unit_test(errors_of_a_file_are_told_by_the_next_write_or_flush),
        cmocka_unit_test(a_pool_that_has_ended_is_an_error),
        cmocka_unit_test(a_waiting_thread_is_let_go_and_takes_nothing),
        cmocka_unit_test(a_thread_that_writes_in_vain_is_let_go),
        cmocka_unit_test(a_child_that_frees_the_loop_leaves_the_threads_to_its_parent),
        cmocka_unit_test(what_is_refused_is_left_as_it_was),
        cmocka_unit_test(what_is_no_stream_of_bytes_is_refused),
        cmocka_unit_test(standard_input_is_read_whatever_it_is),
        cmocka_unit_test(standard_output_and_error_are_written_whatever_they_are),
        cmocka_unit_test(a_socket_goes_both_ways_and_is_half_closed),
        cmocka_unit_test(a_small_write_to_a_socket_with_little_room_is_whole),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
