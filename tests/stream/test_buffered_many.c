/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_buffered_many.c - many items of a stream, few or many at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/loop.h"
#include "eddy/futures.h"
#include "eddy/stream_source.h"

static eddy_future *work_soon(void *arg, eddy_handle *handle, const void *item, void *out)
{
    int value = *(const int *)item;

    (void)arg;
    *(int *)out = value;
    return eddy_box(handle, EDDY_FUTURE(test_value, .yields = value % 3));
}

/* Checks that items are 0, 1, 2 ..., or adds them up. */
struct checker {
    EDDY_FRAME;
    eddy_stream *stream;
    bool ordered;
    int value, taken;
    eddy_result sum;
};
EDDY_ASYNC(checker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->value);
            if (n <= 0)
                break;
            assert_true(!self->ordered || self->value == self->taken);
            self->taken++;
            self->sum += self->value;
        }
        EDDY_END(n < 0 ? n : self->sum);
}

static void many_items_come_all_and_others_have_their_turns(void **state)
{
    enum { MANY = 3000 };
    static int items[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++)
        items[i] = i;
    for (size_t limit = 1; limit <= 10000; limit *= 10) {
        for (int ordered = 0; ordered < 2; ordered++) {
            eddy_core *core = test_core();
            struct test_trace other = {0};
            eddy_stream *all = eddy_stream_array(eddy_core_handle(core), items, MANY, sizeof(int));

            all = ordered ? eddy_stream_buffered(all, limit, sizeof(int), work_soon, NULL)
                          : eddy_stream_buffer_unordered(all, limit, sizeof(int), work_soon, NULL);
            test_spawn(core, test_value, .trace = &other, .yields = 10);
            assert_int_equal(test_run(core, checker, .stream = all, .ordered = ordered),
                             MANY * (MANY - 1) / 2);
            assert_int_equal(other.dones, 1);
            test_core_end(core);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_items_come_all_and_others_have_their_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
