/* SPDX-License-Identifier: MIT */
/*
 * srv_source.h - the benchmark's server in the mode `source`: sends the pattern, without end and as fast
 * as the client reads. Large memory is handed over as a buffer that nobody copies.
 */
#ifndef BENCH_SRV_SOURCE_H
#define BENCH_SRV_SOURCE_H

#include <eddy/eddy.h>
#include <string.h>

#include "load/pattern.h"

/* One client; it gets one period after the other. */
struct source {
    EDDY_FRAME;
    eddy_tcp *client;
    eddy_buf *period;
    size_t sent; /* of the period */
};

static inline void source_done(struct source *self)
{
    eddy_tcp_free(self->client);
}

EDDY_ASYNC(source, source_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_write_buf(self->client, task, self->period, self->sent,
                                                 PATTERN_PERIOD - self->sent));
            if (n < 0)
                break; /* the client has what it wanted */
            self->sent = (self->sent + (size_t)n) % PATTERN_PERIOD;
        }
        EDDY_END(0);
}

/* One period of the pattern; NULL: no memory. */
static inline eddy_buf *source_period(void)
{
    static struct pattern pattern;
    eddy_buf *period = eddy_buf_new(NULL, PATTERN_PERIOD);

    pattern_fill(&pattern);
    if (period != NULL)
        memcpy(eddy_buf_data(period), pattern.bytes, PATTERN_PERIOD);
    return period;
}

/* As of struct eddy_server; `arg` is the period. */
static inline int source_client(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    return eddy_group_spawn(group, EDDY_FUTURE(source, .client = tcp, .period = arg));
}

#endif
