/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Streams": items one after the other, changed on their way.
 */
#include <eddy/eddy.h>
#include <stdio.h>

/* A stream function: counts down, one number a tick. */
struct countdown {
    EDDY_STREAM_FRAME;
    int from;
    eddy_sleep sleep;
};

static void countdown_done(struct countdown *self)
{
    printf("  (the countdown stops at %d)\n", self->from);
}

EDDY_STREAM(countdown, int, countdown_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->from > 0; self->from--) {
            eddy_sleep_start(&self->sleep, task, 2 * EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
            if (n < 0)
                EDDY_RETURN(n);
            *item = self->from;
            EDDY_EMIT();
        }
        EDDY_END(0);
}

static bool is_odd(void *arg, const void *item)
{
    (void)arg;
    return *(const int *)item % 2 == 1;
}

static int square(void *arg, const void *item, void *out)
{
    (void)arg;
    *(int *)out = *(const int *)item * *(const int *)item;
    return 0;
}

static eddy_result tell(void *arg, const void *item)
{
    printf("%s %d\n", (const char *)arg, *(const int *)item);
    return 0;
}

/* Two of the odd numbers, squared. */
static eddy_future *squares(eddy_handle *handle)
{
    eddy_stream *numbers = EDDY_STREAM_NEW(handle, countdown, .from = 10);

    numbers = eddy_stream_filter(numbers, is_odd, NULL);
    numbers = eddy_stream_map(numbers, sizeof(int), square, NULL);
    numbers = eddy_stream_take(numbers, 2);
    return eddy_stream_for_each(numbers, tell, "square");
}

/* A function that waits for items itself. */
struct sum {
    EDDY_FRAME;
    eddy_stream *numbers;
    int number, total;
};

EDDY_ASYNC(sum, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->numbers->frame); /* ours from here on */
        for (;;) {
            EDDY_NEXT(n, self->numbers, &self->number);
            if (n <= 0)
                break; /* 0: the end; < 0: an error, after which it could go on */
            self->total += self->number;
        }
        EDDY_END(n < 0 ? n : self->total);
}

/* Work that takes as many ticks as the number says. */
static eddy_future *work(void *arg, eddy_handle *handle, const void *item, void *out)
{
    int64_t ns = *(const int *)item * 20 * EDDY_MILLISECOND;

    (void)arg;
    *(int *)out = *(const int *)item;
    return eddy_box(handle, EDDY_FUTURE(eddy_sleep_for, .duration_ns = ns));
}

int main(void)
{
    static const int jobs[] = {5, 1, 2};
    eddy_core *core;
    eddy_handle *handle;
    eddy_stream *stream;
    eddy_result n;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    handle = eddy_core_handle(core);
    n = eddy_core_run(core, squares(handle));
    printf("%d came\n", (int)n);

    n = eddy_core_run(core,
                      EDDY_FUTURE(sum, .numbers = EDDY_STREAM_NEW(handle, countdown, .from = 4)));
    printf("the sum is %d\n", (int)n);

    stream = eddy_stream_array(handle, jobs, 3, sizeof *jobs);
    stream = eddy_stream_buffer_unordered(stream, 2, sizeof(int), work, NULL);
    n = eddy_core_run(core, eddy_stream_for_each(stream, tell, "as it ends:"));
    if (n >= 0) {
        stream = eddy_stream_array(handle, jobs, 3, sizeof *jobs);
        stream = eddy_stream_buffered(stream, 2, sizeof(int), work, NULL);
        n = eddy_core_run(core, eddy_stream_for_each(stream, tell, "in order:"));
    }
    eddy_core_free(core);
    return n < 0;
}
