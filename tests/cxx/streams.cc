// SPDX-License-Identifier: MIT
//
// streams.cc - streams and sinks from C++17: a stream function, adaptors with lambdas, sets of futures,
// what collects, and what is sent. Exits with 0 when all of it worked.
#include "program.h"

#include <cerrno>

namespace
{

// The numbers below `end`; one error on the way.
struct numbers {
    EDDY_STREAM_FRAME;
    int at, end;
    int *ends;
    eddy_sleep nap;
};

void numbers_done(numbers *self)
{
    ++*self->ends;
}

EDDY_STREAM(numbers, int, numbers_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->nap, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->nap, task));
        EDDY_EMIT_ERROR(-EPIPE);
        for (; self->at < self->end; self->at++) {
            *item = self->at;
            EDDY_EMIT();
        }
        EDDY_END(0);
}

eddy_stream *numbers_new(eddy_handle *handle, int end, int *ends)
{
    numbers self = {};

    self.stream.frame.type = &numbers_type.base;
    self.stream.item_bytes = sizeof(int);
    self.end = end;
    self.ends = ends;
    return eddy_stream_box(handle, &self.stream);
}

// Takes them one by one.
struct taker {
    EDDY_FRAME;
    eddy_stream *stream;
    int sum, errors, item;
};

EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->stream->frame);
        do {
            EDDY_NEXT(n, self->stream, &self->item);
            if (n > 0)
                self->sum += self->item;
            self->errors += n < 0;
        } while (n != 0);
        EDDY_END(self->sum + 1000 * self->errors);
}

void functions(const Loop &loop)
{
    int ends = 0;
    taker future = {};

    future.frame.type = &taker_type;
    future.stream = numbers_new(loop.handle(), 10, &ends);
    REQUIRE(loop.run(&future.frame) == 1045);
    REQUIRE(ends == 1);
    eddy_stream_drop(numbers_new(loop.handle(), 10, &ends), nullptr);
    REQUIRE(ends == 2);
}

void adaptors(const Loop &loop)
{
    static const int items[] = {1, 2, 3, 4, 5};
    eddy_stream *stream = eddy_stream_array(loop.handle(), items, 5, sizeof items[0]);
    int64_t squares[4];

    stream = eddy_stream_filter(
        stream, [](void *, const void *item) { return *static_cast<const int *>(item) % 2 != 0; },
        nullptr);
    stream = eddy_stream_map(
        stream, sizeof squares[0],
        [](void *, const void *item, void *out) {
            int value = *static_cast<const int *>(item);

            *static_cast<int64_t *>(out) = int64_t(value) * value;
            return 0;
        },
        nullptr);
    REQUIRE(loop.run(eddy_stream_collect(stream, squares, 4)) == 3);
    REQUIRE(squares[0] == 1 && squares[1] == 9 && squares[2] == 25);

    eddy_stream *both[] = {eddy_stream_array(loop.handle(), items, 5, sizeof items[0]),
                           eddy_stream_array(loop.handle(), items, 2, sizeof items[0])};
    stream = eddy_stream_select(both, 2);
    REQUIRE(loop.run(eddy_stream_count(eddy_stream_throttle(stream, 1000))) == 7);
}

void sets(const Loop &loop)
{
    eddy_handle *handle = loop.handle();
    eddy_stream *set = eddy_futures_unordered(handle);
    uint64_t keys = 0;

    REQUIRE(eddy_futures_push(set, eddy_ready(handle, 5), 1) == 0);
    REQUIRE(eddy_futures_push(set, eddy_ready(handle, -EPIPE), 2) == 0);
    REQUIRE(eddy_futures_len(set) == 2);
    eddy_future *all = eddy_futures_for_each(
        set,
        [](void *arg, const eddy_outcome *outcome) -> eddy_result {
            *static_cast<uint64_t *>(arg) += outcome->key;
            return 0;
        },
        &keys);
    REQUIRE(loop.run(all) == 2 && keys == 3);
}

void sinks(const Loop &loop)
{
    static const int items[] = {1, 2, 3};
    int64_t memory[4];
    size_t count;
    eddy_sink *sink = eddy_sink_array(loop.handle(), memory, 4, sizeof memory[0], &count);
    eddy_stream *stream = eddy_stream_array(loop.handle(), items, 3, sizeof items[0]);

    sink = eddy_sink_map(
        eddy_sink_buffer(sink, 2), sizeof items[0],
        [](void *, const void *item, void *out) {
            *static_cast<int64_t *>(out) = -*static_cast<const int *>(item);
            return 0;
        },
        nullptr);
    REQUIRE(loop.run(eddy_stream_forward(stream, sink)) == 0);
    REQUIRE(count == 3 && memory[2] == -3);
}

} // namespace

int main()
{
    Loop loop;

    functions(loop);
    adaptors(loop);
    sets(loop);
    sinks(loop);
    return 0;
}
