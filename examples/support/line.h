/* SPDX-License-Identifier: MIT */
/*
 * line.h - waiting for a line of a text protocol: what the servers and clients of the examples that
 * speak in lines share. A line ends in a newline, and is shown where it lies in the stream.
 */
#ifndef EXAMPLES_LINE_H
#define EXAMPLES_LINE_H

#include <eddy/eddy.h>
#include <errno.h>
#include <string.h>

/* A reader's place: all zero at first, kept from one line to the next. */
struct line {
    eddy_bytes text; /* the line, its newline included */
    size_t want;     /* bytes that will tell more than those seen */
};

/**
 * Wait for a whole line at the front of the unread bytes.
 * @param self  line; its text is set when the result is > 0, and valid as a view is
 * @param tcp   stream to read; eddy_tcp_consume() the line's bytes when they were used
 * @param task  current task; waits as "tcp: read"
 * @param max   longest line, its newline included, at most the stream's receive window
 * @return      > 0 length of the line; 0 the peer closed, what it left is in view; EDDY_PENDING;
 *              -EMSGSIZE: no newline within `max` bytes; errors as eddy_tcp_poll_fill()
 * Dropping: loses nothing. Allocates: no. Thread: loop.
 */
static inline eddy_result line_poll(struct line *self, eddy_tcp *tcp, eddy_task *task, size_t max)
{
    const unsigned char *end = NULL;

    while (end == NULL) {
        eddy_result n = eddy_tcp_poll_fill(tcp, task, self->want > 0 ? self->want : 1);

        if (n <= 0)
            return n;
        self->text = eddy_tcp_view(tcp);
        end = memchr(self->text.data, '\n', self->text.len < max ? self->text.len : max);
        if (end == NULL && self->text.len >= max)
            return -EMSGSIZE;
        self->want = self->text.len + 1;
    }
    self->want = 0;
    self->text.len = (size_t)(end + 1 - self->text.data);
    return (eddy_result)self->text.len;
}

#endif
