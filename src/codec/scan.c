/* SPDX-License-Identifier: MIT */
/*
 * scan.c - the search for a delimiter. Bytes that were searched are not searched again, so that a long
 * item that comes in small pieces costs what it is long.
 */
#include <errno.h>

#include "base/assert.h"
#include "codec/scan.h"

enum step {
    SEARCH,  /* an item begins in front */
    TELL,    /* the byte in front is the first one too many */
    DISCARD, /* until the next delimiter */
};

size_t eddy__scan_find(eddy_bytes in, size_t from, eddy_bytes delimiter)
{
    size_t more = delimiter.len - 1; /* bytes behind its first one */

    while (in.len > from && in.len - from > more) {
        const unsigned char *at = memchr(in.data + from, delimiter.data[0], in.len - from - more);

        if (at == NULL)
            break;
        if (more == 0 || memcmp(at + 1, delimiter.data + 1, more) == 0)
            return (size_t)(at - in.data);
        from = (size_t)(at - in.data) + 1;
    }
    return in.len;
}

/* Bytes of `in` at whose start there is no delimiter, whatever comes. */
static size_t searched(eddy_bytes in, eddy_bytes delimiter)
{
    return in.len >= delimiter.len ? in.len - (delimiter.len - 1) : 0;
}

eddy_result eddy__scan_bad(struct eddy__scan *self, const struct eddy__scan_limits *limits,
                           size_t *used)
{
    self->seen = 0;
    self->step = TELL;
    *used = limits->max;
    return 0;
}

static eddy_result tell(struct eddy__scan *self, size_t *used)
{
    self->step = DISCARD;
    *used = 1;
    return -EMSGSIZE;
}

static eddy_result discard(struct eddy__scan *self, eddy_bytes delimiter, eddy_bytes in,
                           size_t *used)
{
    size_t at = eddy__scan_find(in, 0, delimiter);

    if (at == in.len) {
        *used = searched(in, delimiter);
        return 0;
    }
    self->step = SEARCH;
    *used = at + delimiter.len;
    return 0;
}

static eddy_result search(struct eddy__scan *self, const struct eddy__scan_limits *limits,
                          eddy_bytes in, size_t *used)
{
    size_t longest = limits->max + limits->extra;
    size_t at;

    EDDY_ASSERT(self->seen <= in.len,
                "%zu bytes were searched, and %zu are there: a state stays with "
                "its place in the byte stream",
                self->seen, in.len);
    at = eddy__scan_find(in, self->seen, limits->delimiter);
    if (at > longest && searched(in, limits->delimiter) > longest)
        return eddy__scan_bad(self, limits, used);
    if (at == in.len) {
        self->seen = searched(in, limits->delimiter);
        return 0;
    }
    self->seen = 0;
    *used = at + limits->delimiter.len;
    return 1;
}

eddy_result eddy__scan(struct eddy__scan *self, const struct eddy__scan_limits *limits,
                       eddy_bytes in, size_t *used)
{
    switch ((enum step)self->step) {
    case TELL:
        return tell(self, used);
    case DISCARD:
        return discard(self, limits->delimiter, in, used);
    case SEARCH:
    default:
        return search(self, limits, in, used);
    }
}

eddy_result eddy__scan_eof(struct eddy__scan *self, eddy_bytes in, size_t *used)
{
    enum step step = (enum step)self->step;

    self->seen = 0;
    if (in.len == 0 || step == DISCARD)
        return 0;
    *used = in.len;
    return step == TELL ? tell(self, used) : 1;
}
