/* SPDX-License-Identifier: MIT */
/*
 * Locals that are assigned again after each wait, or not read after it.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

#include <stdio.h>
#include <string.h>

#define FRAME                                                                                      \
    EDDY_FRAME;                                                                                    \
    eddy_tcp *tcp;                                                                                 \
    size_t count
struct straight {
    FRAME;
};
struct branches {
    FRAME;
};
struct loops {
    FRAME;
};
struct names {
    FRAME;
};

void use(size_t value);
void fill(size_t *value);

EDDY_ASYNC(straight, eddy_nothing)
{
    eddy_result n;
    size_t total;
    char line[64];

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        total = (size_t)n;
        self->count = total;
        EDDY_POLL(n, eddy_tcp_poll_flush(self->tcp, task));
        total = self->count;
        use(total);
        snprintf(line, sizeof line, "%zu", total);
        EDDY_POLL(n, eddy_tcp_poll_flush(self->tcp, task));
        snprintf(line, sizeof line, "again");
        fill(&total);
        use(total + strlen(line));
        (void)n;
        EDDY_YIELD();
        EDDY_END(0);
}

EDDY_ASYNC(branches, eddy_nothing)
{
    eddy_result n;
    size_t k;

    EDDY_BEGIN
        k = self->count;
        if (k > 1) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n < 0)
                break;
            k = 1;
        }
        use(k);
        if (k == 1) {
            EDDY_YIELD();
            EDDY_RETURN(1);
        }
        use(k);
        if (k == 2) {
            EDDY_YIELD();
            goto out;
        }
        use(k);
        EDDY_YIELD();
        if (self->count > 0)
            k = 1;
        else
            k = 2;
        use(k);
    out:
        EDDY_END(0);
}

EDDY_ASYNC(loops, eddy_nothing)
{
    eddy_result n;
    size_t k;

    EDDY_BEGIN
        for (;;) {
            size_t seen;
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n <= 0)
                break;
            seen = (size_t)n;
            for (size_t i = 0; i < seen; i++)
                use(i);
            k = seen;
            while (k > 0) {
                k--;
                if (k == 7)
                    continue;
                use(k);
            }
        }
        do {
            EDDY_POLL(n, eddy_tcp_poll_flush(self->tcp, task));
        } while (n > 0);
        for (self->count = 0; self->count < 3; self->count++)
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        EDDY_END(n);
}

EDDY_ASYNC(names, eddy_nothing)
{
    eddy_result n, count, list[2];
    struct {
        eddy_result n;
    } pair;

    EDDY_BEGIN
        count = 1;
        use((size_t)count);
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        use(self->count + (size_t)n);
        EDDY_POLL(pair.n, eddy_tcp_poll_fill(self->tcp, task, 1));
        EDDY_POLL(list[0], eddy_tcp_poll_fill(self->tcp, task, 1));
        use((size_t)list[0]);
        EDDY_POLL(pair.n, eddy_tcp_poll_fill(self->tcp, task, 1));
        use((size_t)pair.n);
        {
            size_t count = 3;
            use(count);
        }
        use(sizeof count);
        goto count;
    count:
        EDDY_END(0);
}
