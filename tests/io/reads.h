/* SPDX-License-Identifier: MIT */
/*
 * reads.h - for tests of the reading verbs: a text, a script of it in pieces of each size, and looking at
 * what was gathered.
 */
#ifndef EDDY_TESTS_IO_READS_H
#define EDDY_TESTS_IO_READS_H

#include "script.h"

#include "eddy/io_read.h"

static const char text[] = "now is the time; for all good men; to come";
#define TEXT_LEN (sizeof text - 1)

static inline eddy_handle *handle_of(eddy_core *core)
{
    return eddy_core_handle(core);
}

/* A core that is asserted to have been left clean. */
static inline void with_each_piece(void (*check)(eddy_core *core, struct script *script))
{
    for (size_t piece = 0; piece <= TEXT_LEN; piece++) {
        eddy_core *core = test_core();
        struct script script = script_reading(text, piece);

        (void)script_init(&script);
        check(core, &script);
        test_core_end(core);
    }
}

static inline void assert_gathered(const eddy_gathered *self, const char *bytes, size_t len)
{
    assert_int_equal(self->len, len);
    if (len > 0)
        assert_memory_equal(eddy_buf_data(self->buf), bytes, len);
}

#endif
