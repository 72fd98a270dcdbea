/* SPDX-License-Identifier: MIT */
/*
 * bridge_lines.h - for tests of decoded streams: a poem, and a reader of its lines.
 */
#ifndef EDDY_TESTS_BRIDGE_LINES_H
#define EDDY_TESTS_BRIDGE_LINES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bridge_codecs.h"
#include "eddy/transport.h"

static const char poem[] = "one\ntwo\n\nthree and more\nfive\n";

/* ---- a reader of lines ---- */

/* Takes items until the end or an error, and writes them down, each with a bar behind it. */
struct reader {
    EDDY_FRAME;
    eddy_stream *stream;
    char *text;
    size_t stop_after; /* items; 0: none */
    size_t count;
    eddy_bytes line;
};

static inline void reader_done(struct reader *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

static inline void write_down(char *text, eddy_bytes line)
{
    size_t at = strlen(text);

    memcpy(text + at, line.data, line.len);
    memcpy(text + at + line.len, "|", 2);
}

EDDY_ASYNC(reader, reader_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->line);
            if (n <= 0)
                break;
            write_down(self->text, self->line);
            if (++self->count == self->stop_after)
                break;
        }
        EDDY_END(n);
}

/* As test_run(), of lines of the TCP stream. */
static inline eddy_result read_lines(eddy_core *core, eddy_tcp *tcp, size_t stop_after, char *text)
{
    struct line_state state = {0};
    eddy_stream *lines =
        eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_decoder, &state);

    text[0] = '\0';
    return test_run(core, reader, .stream = lines, .text = text, .stop_after = stop_after);
}

#endif
