/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_foreign.c - byte streams that somebody else wrote, by what eddy/io.h says and no more: they know of
 * no budget, and are always ready. Whoever reads or copies them lets others go.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/loop.h"
#include "eddy/chain.h"
#include "eddy/codecs.h"
#include "eddy/io_copy.h"
#include "eddy/io_read.h"
#include "eddy/stream_collect.h"
#include "eddy/transport.h"

enum { VIEW_BYTES = 4096 };

/* The same bytes without end; what is written is counted. */
struct foreign {
    eddy_io io;
    unsigned char bytes[VIEW_BYTES];
    uint64_t written;
    bool idle; /* accepts nothing of some, which is wrong */
};

static struct foreign *foreign_of(const eddy_io *io)
{
    return (struct foreign *)(uintptr_t)io;
}

static eddy_result foreign_fill(eddy_io *io, eddy_task *task, size_t min)
{
    (void)io;
    (void)task;
    return min > VIEW_BYTES ? -EMSGSIZE : VIEW_BYTES;
}

static eddy_bytes foreign_view(const eddy_io *io)
{
    return (eddy_bytes){foreign_of(io)->bytes, VIEW_BYTES};
}

static void foreign_consume(eddy_io *io, size_t len)
{
    (void)io;
    assert_true(len <= VIEW_BYTES);
}

static eddy_result foreign_writev(eddy_io *io, eddy_task *task, const eddy_bytes *parts,
                                  size_t count)
{
    struct foreign *self = foreign_of(io);
    uint64_t before = self->written;

    (void)task;
    for (size_t i = 0; i < count && !self->idle; i++)
        self->written += parts[i].len;
    return (eddy_result)(self->written - before);
}

static eddy_result foreign_write_buf(eddy_io *io, eddy_task *task, eddy_buf *buf, size_t from,
                                     size_t len)
{
    eddy_bytes part = {eddy_buf_data(buf) + from, len};

    return foreign_writev(io, task, &part, 1);
}

static eddy_result foreign_flush(eddy_io *io, eddy_task *task)
{
    (void)io;
    (void)task;
    return 0;
}

static void foreign_stop(eddy_io *io)
{
    (void)io;
}

static const eddy_io_type foreign_type = {
    .name = "foreign",
    .fill = foreign_fill,
    .view = foreign_view,
    .consume = foreign_consume,
    .writev = foreign_writev,
    .write_buf = foreign_write_buf,
    .flush = foreign_flush,
    .shutdown = foreign_flush,
    .stop_reading = foreign_stop,
    .stop_writing = foreign_stop,
    .abort = foreign_stop,
    .free = foreign_stop,
};

static struct foreign a, b;
static eddy_core *core;

static void begin(void)
{
    a = b = (struct foreign){.io.type = &foreign_type};
    memset(a.bytes, '\n', sizeof a.bytes);
    core = test_core();
}

/* Beside the future, which never ends, another task goes on. */
static void lets_others_go(eddy_future *future)
{
    struct test_trace trace = {0};
    eddy_join *join = test_spawn_join_future(core, future, __FILE__, __LINE__);

    test_spawn(core, test_value, .trace = &trace, .yields = 5);
    for (int turn = 0; turn < 100 && trace.dones == 0; turn++)
        (void)test_turn(core);
    assert_int_equal(trace.dones, 1);
    assert_null(eddy_join_ended(join));
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(core);
}

static void a_copy_without_end_lets_others_go(void **state)
{
    (void)state;
    begin();
    lets_others_go(eddy_io_copy(eddy_core_handle(core), &a.io, &b.io, NULL));
    assert_true(b.written > 0);
}

static void a_copy_both_ways_without_end_lets_others_go(void **state)
{
    (void)state;
    begin();
    lets_others_go(eddy_io_copy_bidirectional(eddy_core_handle(core), &a.io, &b.io, NULL, NULL));
    assert_true(a.written > 0 && b.written > 0);
}

static void lines_without_end_let_others_go(void **state)
{
    (void)state;
    begin();
    lets_others_go(eddy_stream_count(eddy_io_lines(eddy_core_handle(core), &a.io, 100)));
}

static void items_without_end_let_others_go(void **state)
{
    eddy_lines_codec lines = {0};

    (void)state;
    begin();
    lets_others_go(eddy_stream_count(
        eddy_io_decoded(eddy_core_handle(core), &a.io, &eddy_lines_decoder, &lines)));
}

static void a_read_to_the_end_that_never_comes_lets_others_go(void **state)
{
    eddy_gathered into = {0};

    (void)state;
    begin();
    lets_others_go(eddy_io_read_to_end(eddy_core_handle(core), &a.io, INT32_MAX, &into));
    eddy_buf_release(into.buf);
}

/* ---- mistakes ---- */

struct writing_chain {
    EDDY_FRAME;
    eddy_chain chain;
};

EDDY_ASYNC(writing_chain, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_io_poll_write_chain(&b.io, task, &self->chain));
        EDDY_END(n);
}

static void accepts_nothing(void *arg)
{
    eddy_chain chain = {0};
    eddy_slice slice;

    (void)arg;
    begin();
    b.idle = true;
    assert_int_equal(eddy_slice_copy(NULL, "abc", 3, &slice), 0);
    assert_int_equal(eddy_chain_push_back(&chain, &slice), 0);
    (void)test_run(core, writing_chain, .chain = chain);
}

static void a_write_of_a_chain_of_which_nothing_is_accepted_is_asserted(void **state)
{
    (void)state;
    assert_dies(accepts_nothing, NULL, "a foreign stream has accepted 0 bytes of some");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_without_end_lets_others_go),
        cmocka_unit_test(a_copy_both_ways_without_end_lets_others_go),
        cmocka_unit_test(lines_without_end_let_others_go),
        cmocka_unit_test(items_without_end_let_others_go),
        cmocka_unit_test(a_read_to_the_end_that_never_comes_lets_others_go),
        cmocka_unit_test(a_write_of_a_chain_of_which_nothing_is_accepted_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
