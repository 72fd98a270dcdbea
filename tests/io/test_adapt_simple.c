/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_adapt_simple.c - the byte streams around nothing, the counting one, the borrowing one, taking an
 * adaptor off, and what all are without memory and without a loop.
 */
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "reactor/core.h"
#include "support/death.h"
#include "support/heap.h"

static eddy_core *core;
static eddy_io *a, *b;

static eddy_handle *handle(void)
{
    return eddy_core_handle(core);
}

static void begin(void)
{
    core = test_core();
    assert_int_equal(eddy_io_memory_pair(handle(), NULL, &a, &b), 0);
}

static void end(void)
{
    eddy_io_free(a);
    eddy_io_free(b);
    test_core_end(core);
}

static void assert_accepts_nothing(eddy_io *io)
{
    eddy_buf *buf = eddy_buf_new(NULL, 3);

    assert_non_null(buf);
    assert_int_equal(io_write(core, io, "x", 1), -EPIPE);
    assert_int_equal(io_write_buf(core, io, buf), -EPIPE);
    assert_int_equal(io_flush(core, io), 0);
    assert_int_equal(io_shutdown(core, io), 0);
    eddy_buf_release(buf);
}

/* ---- around nothing ---- */

static void the_empty_stream_ends_at_once_and_accepts_nothing(void **state)
{
    eddy_io *io;

    (void)state;
    core = test_core();
    io = eddy_io_empty(handle());
    io_expect_end(core, io);
    assert_accepts_nothing(io);
    eddy_io_free(io);
    test_core_end(core);
}

static void the_sink_accepts_all_until_its_shutdown(void **state)
{
    const eddy_bytes parts[] = {{(const unsigned char *)"abc", 3},
                                {(const unsigned char *)"de", 2}};
    eddy_buf *buf = eddy_buf_new(NULL, 100000);
    eddy_io *io;

    (void)state;
    assert_non_null(buf);
    core = test_core();
    io = eddy_io_sink(handle());
    assert_int_equal(io_writev(core, io, parts, 2), 5);
    assert_int_equal(io_write_buf(core, io, buf), 100000);
    assert_true(eddy_buf_is_unique(buf));
    assert_int_equal(io_flush(core, io), 0);
    io_expect_end(core, io);
    assert_int_equal(io_shutdown(core, io), 0);
    assert_accepts_nothing(io);
    eddy_io_abort(io);
    eddy_buf_release(buf);
    test_core_end(core);
}

static void repeat_gives_one_byte_for_ever(void **state)
{
    eddy_io *io;

    (void)state;
    core = test_core();
    io = eddy_io_repeat(handle(), 'z');
    for (int i = 0; i < 3; i++) {
        assert_int_equal(io_fill(core, io, 4096), 4096);
        assert_int_equal(eddy_io_view(io).data[4095], 'z');
        eddy_io_consume(io, 4096);
    }
    io_expect_text(core, io, "zzz");
    assert_int_equal(io_fill(core, io, 4097), -EMSGSIZE);
    assert_accepts_nothing(io);
    io = eddy_io_take(handle(), io, 10000);
    while (io_fill(core, io, 1) > 0)
        eddy_io_consume(io, eddy_io_view(io).len);
    assert_int_equal(eddy_io_take_left(io), 0);
    eddy_io_free(io);
    test_core_end(core);
}

static void bytes_in_memory_are_read_where_they_are(void **state)
{
    static const unsigned char bytes[] = "abcdef";
    eddy_io *io;

    (void)state;
    core = test_core();
    io = eddy_io_from_bytes(handle(), (eddy_bytes){bytes, 6});
    assert_int_equal(io_fill(core, io, 2), 6);
    assert_ptr_equal(eddy_io_view(io).data, bytes);
    eddy_io_consume(io, 4);
    assert_int_equal(io_fill(core, io, 3), 0);
    assert_int_equal(eddy_io_view(io).len, 2);
    io_expect_text(core, io, "ef");
    io_expect_end(core, io);
    assert_accepts_nothing(io);
    eddy_io_free(io);
    test_core_end(core);
}

static void a_slice_is_kept_until_the_stream_is_freed(void **state)
{
    eddy_slice slice = {0}, same;
    eddy_io *io;

    (void)state;
    core = test_core();
    assert_int_equal(eddy_slice_copy(NULL, "abc", 3, &slice), 0);
    same = eddy_slice_clone(&slice);
    io = eddy_io_from_slice(handle(), &slice);
    assert_null(slice.buf);
    io_expect_text(core, io, "abc");
    io_expect_end(core, io);
    assert_false(eddy_buf_is_unique(same.buf));
    eddy_io_free(io);
    assert_true(eddy_buf_is_unique(same.buf));
    eddy_slice_release(&same);
    io = eddy_io_from_slice(handle(), &slice); /* of nothing */
    io_expect_end(core, io);
    eddy_io_abort(io);
    test_core_end(core);
}

/* ---- counting ---- */

static void what_goes_through_is_counted(void **state)
{
    const eddy_bytes parts[] = {{(const unsigned char *)"abc", 3},
                                {(const unsigned char *)"de", 2}};
    eddy_io_counts counts = {0};
    eddy_buf *buf = eddy_buf_new(NULL, 10);

    (void)state;
    assert_non_null(buf);
    memset(eddy_buf_data(buf), 'x', 10);
    begin();
    a = eddy_io_counted(handle(), a, &counts);
    assert_int_equal(io_writev(core, a, parts, 2), 5);
    assert_int_equal(io_write_buf(core, a, buf), 10);
    assert_int_equal(counts.written, 15);
    io_write_text(core, b, "1234567");
    assert_int_equal(io_fill(core, a, 1), 7);
    assert_int_equal(counts.read, 0);
    eddy_io_consume(a, 5);
    assert_int_equal(counts.read, 5);
    eddy_buf_release(buf);
    end();
}

static void what_is_forwarded_is_counted_at_both(void **state)
{
    eddy_io_counts from = {0}, to = {0};

    (void)state;
    begin();
    a = eddy_io_counted(handle(), a, &from);
    b = eddy_io_counted(handle(), b, &to);
    io_write_text(core, b, "abc");
    assert_int_equal(io_fill(core, a, 3), 3);
    assert_int_equal(io_forward(core, a, b), 3);
    assert_int_equal(from.read, 3);
    assert_int_equal(to.written, 6);
    end();
}

/* ---- borrowing, taking off ---- */

static void a_borrowed_stream_outlives_its_borrowers(void **state)
{
    eddy_io *one;
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)state;
    begin();
    one = eddy_io_borrow(handle(), a);
    io_write_text(core, one, "abc");
    eddy_io_free(one);
    one = eddy_io_borrow(handle(), a);
    eddy_io_abort(one);
    one = eddy_io_borrow(handle(), a);
    eddy_io_split(one, &reader, &writer);
    eddy_io_writer_free(&writer);
    eddy_io_reader_free(&reader);
    io_write_text(core, a, "def");
    io_expect_text(core, b, "abcdef");
    end();
}

/* A half has an owner, so adaptors on it borrow. */
static void an_adaptor_may_stand_on_a_half(void **state)
{
    eddy_io_reader reader;
    eddy_io_writer writer;
    eddy_io *limited;

    (void)state;
    begin();
    io_write_text(core, b, "abcdef");
    eddy_io_split(a, &reader, &writer);
    limited = eddy_io_take(handle(), eddy_io_borrow(handle(), reader.io), 3);
    io_expect_text(core, limited, "abc");
    io_expect_end(core, limited);
    eddy_io_free(limited);
    io_expect_text(core, reader.io, "def");
    a = eddy_io_reunite(&reader, &writer);
    end();
}

static void every_adaptor_that_has_one_inside_comes_off(void **state)
{
    eddy_io_counts counts = {0};
    eddy_io *inner;

    (void)state;
    begin();
    io_write_text(core, b, "abcdef");
    inner = a;
    a = eddy_io_take(handle(), a, 5);
    a = eddy_io_counted(handle(), a, &counts);
    a = eddy_io_rate(handle(), a, EDDY_OPTIONS(eddy_io_rate_options, .read_per_s = 1000000));
    a = eddy_io_timed(handle(), a, EDDY_OPTIONS(eddy_io_timed_options, .read_ns = EDDY_SECOND));
    a = eddy_io_buffered(handle(), a, 10, 10);
    a = eddy_io_borrow(handle(), a);
    io_expect_text(core, a, "ab");
    for (int i = 0; i < 6; i++)
        a = eddy_io_unwrap(a);
    assert_ptr_equal(a, inner);
    io_expect_text(core, a, "cdef");
    end();
}

/* ---- without memory, without a loop ---- */

static eddy_io *adapt(int which, eddy_io *io)
{
    static eddy_io_counts counts;
    eddy_slice slice = {0};

    switch (which) {
    case 0:
        return eddy_io_take(handle(), io, 3);
    case 1:
        return eddy_io_counted(handle(), io, &counts);
    case 2:
        return eddy_io_rate(handle(), io, EDDY_OPTIONS(eddy_io_rate_options, .read_per_s = 9));
    case 3:
        return eddy_io_timed(handle(), io, EDDY_OPTIONS(eddy_io_timed_options, .read_ns = 9));
    case 4:
        return eddy_io_buffered(handle(), io, 3, 3);
    case 5:
        return eddy_io_chain(handle(), eddy_io_empty(handle()), io);
    default:
        eddy_io_free(io);
        break;
    }
    assert_int_equal(eddy_slice_copy(NULL, "abc", 3, &slice), 0);
    if (which == 6)
        io = eddy_io_from_slice(handle(), &slice);
    eddy_slice_release(&slice);
    if (which == 7)
        io = eddy_io_from_bytes(handle(), (eddy_bytes){(const unsigned char *)"a", 1});
    if (which == 8)
        io = eddy_io_empty(handle());
    if (which == 9)
        io = eddy_io_sink(handle());
    if (which == 10)
        io = eddy_io_repeat(handle(), 'x');
    return io;
}

enum { ADAPTORS = 11 };

/* Nobody owns it, so it can be split by many. */
static void assert_splits_again_and_again(eddy_io *io)
{
    eddy_io_reader readers[2];
    eddy_io_writer writers[2];

    for (int i = 0; i < 2; i++)
        eddy_io_split(io, &readers[i], &writers[i]);
    eddy_io_reader_free(&readers[0]);
    eddy_io_writer_free(&writers[0]);
    assert_ptr_equal(eddy_io_reunite(&readers[1], &writers[1]), io);
}

static void assert_fails(eddy_io *io, eddy_result error)
{
    eddy_buf *buf = eddy_buf_new(NULL, 1);

    assert_non_null(buf);
    assert_int_equal(io_fill(core, io, 1), error);
    assert_int_equal(io_write(core, io, "x", 1), error);
    assert_int_equal(io_write_buf(core, io, buf), error);
    assert_int_equal(io_flush(core, io), error);
    assert_int_equal(io_shutdown(core, io), error);
    assert_int_equal(eddy_io_view(io).len, 0);
    eddy_io_consume(io, 0);
    assert_ptr_equal(eddy_io_unwrap(io), io);
    eddy_buf_release(buf);
    assert_splits_again_and_again(io);
    eddy_io_abort(io);
    eddy_io_free(io);
}

static void without_memory_an_adaptor_fails_and_has_freed_what_it_was_given(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);

    (void)state;
    for (int which = 0; which < ADAPTORS; which++) {
        eddy_io *io;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        eddy__slab_keep_apart(&core->slab);
        assert_int_equal(eddy_io_memory_pair(handle(), NULL, &a, &b), 0);
        if (which == 5) /* the empty one before it */
            atomic_store(&heap.fail_at, atomic_load(&heap.calls) + 1);
        else
            atomic_store(&heap.fail_at, atomic_load(&heap.calls));
        io = adapt(which, a);
        atomic_store(&heap.fail_at, -1);
        assert_fails(io, -ENOMEM);
        io_expect_end(core, b); /* `a` is gone */
        eddy_io_free(b);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
    }
}

static void a_failing_limit_has_nothing_left(void **state)
{
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_io *io;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    eddy__slab_keep_apart(&core->slab);
    assert_int_equal(eddy_io_memory_pair(handle(), NULL, &a, &b), 0);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls));
    io = eddy_io_take(handle(), a, 7);
    assert_int_equal(eddy_io_take_left(io), 0);
    eddy_io_free(b);
    test_core_end(core);
}

static void adaptors_are_safe_to_free_after_their_loop(void **state)
{
    eddy_io *ends[2 * ADAPTORS];

    (void)state;
    core = test_core();
    for (int which = 0; which < ADAPTORS; which++) {
        assert_int_equal(eddy_io_memory_pair(handle(), NULL, &a, &b), 0);
        ends[2 * which] = adapt(which, a);
        ends[2 * which + 1] = b;
    }
    (void)eddy_core_free(core);
    for (int i = 0; i < 2 * ADAPTORS; i++)
        (i % 3 == 0 ? eddy_io_abort : eddy_io_free)(ends[i]);
}

/* ---- mistakes ---- */

static void wrap_a_half(void *arg)
{
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)arg;
    begin();
    eddy_io_split(a, &reader, &writer);
    (void)eddy_io_take(handle(), a, 3);
}

static void unwrap_a_chain(void *arg)
{
    (void)arg;
    begin();
    (void)eddy_io_unwrap(eddy_io_chain(handle(), a, b));
}

static void unwrap_halves(void *arg)
{
    eddy_io_reader reader;
    eddy_io_writer writer;

    (void)arg;
    begin();
    a = eddy_io_take(handle(), a, 3);
    eddy_io_split(a, &reader, &writer);
    (void)eddy_io_unwrap(a);
}

static void consume_of_nothing(void *arg)
{
    (void)arg;
    begin();
    eddy_io_consume(eddy_io_empty(handle()), 1);
}

static void use_of_another_loop(void *arg)
{
    eddy_io *io;

    (void)arg;
    core = test_core();
    io = eddy_io_empty(handle());
    core = test_core();
    (void)io_fill(core, io, 1);
}

static void misuse_is_an_assertion(void **state)
{
    (void)state;
    assert_dies(wrap_a_half, NULL, "that was split: use eddy_io_borrow() on a half");
    assert_dies(unwrap_a_chain, NULL, "eddy_io_unwrap: a chain stream has nothing to give back");
    assert_dies(unwrap_halves, NULL, "eddy_io_unwrap: the stream was split");
    assert_dies(consume_of_nothing, NULL, "1 bytes are consumed of the 0 that are in view");
    assert_dies(use_of_another_loop, NULL, "uses the empty stream of another loop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_empty_stream_ends_at_once_and_accepts_nothing),
        cmocka_unit_test(the_sink_accepts_all_until_its_shutdown),
        cmocka_unit_test(repeat_gives_one_byte_for_ever),
        cmocka_unit_test(bytes_in_memory_are_read_where_they_are),
        cmocka_unit_test(a_slice_is_kept_until_the_stream_is_freed),
        cmocka_unit_test(what_goes_through_is_counted),
        cmocka_unit_test(what_is_forwarded_is_counted_at_both),
        cmocka_unit_test(a_borrowed_stream_outlives_its_borrowers),
        cmocka_unit_test(an_adaptor_may_stand_on_a_half),
        cmocka_unit_test(every_adaptor_that_has_one_inside_comes_off),
        cmocka_unit_test(without_memory_an_adaptor_fails_and_has_freed_what_it_was_given),
        cmocka_unit_test(a_failing_limit_has_nothing_left),
        cmocka_unit_test(adaptors_are_safe_to_free_after_their_loop),
        cmocka_unit_test(misuse_is_an_assertion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
