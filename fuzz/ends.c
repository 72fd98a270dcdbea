/* SPDX-License-Identifier: MIT */
/*
 * ends.c - the model of streams: what was written at each end of each connection, how much of it
 * the other end has read, and what each end may still be told. Bytes are compared one by one.
 *
 * The first byte of every stream is the number of the end that wrote it. So each end learns who its
 * peer is from the bytes themselves, however connections were accepted.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

unsigned char fuzz_log[PROGRAM_ENDS_MAX][LOG_BYTES];

static unsigned char pattern(int end, size_t at)
{
    return (unsigned char)(at * 31 + (at >> 8) * 17 + (size_t)end * 101 + 7);
}

static const end_model *peer_of(const world *w, int end)
{
    return w->ends[end].peer == NOBODY ? NULL : &w->ends[w->ends[end].peer];
}

/* ---- making ---- */

int fuzz_end_new(world *w, eddy_tcp *tcp)
{
    int number = w->ends_count;
    end_model *end = &w->ends[number];
    eddy_result n;

    *end = (end_model){.tcp = tcp, .peer = NOBODY, .made = true, .window = 65536};
    fuzz_log[number][0] = (unsigned char)number;
    n = eddy_tcp_try_write(tcp, fuzz_log[number], 1);
    w->ends_count++;
    if (n == 1) {
        end->written = 1;
        return number;
    }
    FUZZ_CHECK(n < 0, "try_write of 1 byte gives %s", eddy_error_name(n));
    FUZZ_CHECK(w->violence > 0 || w->memory_failed, "a new stream is broken: %s",
               eddy_error_name(n));
    eddy_tcp_abort(tcp);
    fuzz_end_freed(w, number, true);
    return NOBODY;
}

void fuzz_end_pair(world *w, int a, int b)
{
    FUZZ_CHECK(w->ends[a].peer == NOBODY || w->ends[a].peer == b, "end %d has two peers", a);
    FUZZ_CHECK(w->ends[b].peer == NOBODY || w->ends[b].peer == a, "end %d has two peers", b);
    w->ends[a].peer = (int8_t)b;
    w->ends[b].peer = (int8_t)a;
}

void fuzz_end_find_peer(world *w, int end)
{
    eddy_addr addr;
    eddy_addr local;

    if (eddy_tcp_peer_addr(w->ends[end].tcp, &addr) != 0)
        return;
    for (int i = 0; i < w->ends_count; i++) {
        end_model *other = &w->ends[i];

        if (i != end && other->connects && other->tcp != NULL && other->peer == NOBODY &&
            eddy_tcp_local_addr(other->tcp, &local) == 0 && eddy_addr_equal(&local, &addr)) {
            fuzz_end_pair(w, i, end);
            return;
        }
    }
}

/* ---- writing ---- */

const unsigned char *fuzz_end_stage(end_model *end, int number, size_t *len)
{
    size_t room = LOG_BYTES - end->written;

    if (*len > room)
        *len = room;
    for (size_t i = 0; i < *len; i++)
        fuzz_log[number][end->written + i] = pattern(number, end->written + i);
    return fuzz_log[number] + end->written;
}

void fuzz_end_wrote(world *w, int end, eddy_result n)
{
    FUZZ_CHECK(!w->ends[end].shut, "end %d: %lld bytes are accepted after its end", end,
               (long long)n);
    FUZZ_CHECK(n >= 0 && n <= LOG_BYTES - (eddy_result)w->ends[end].written,
               "end %d: %lld bytes are accepted", end, (long long)n);
    w->ends[end].written += (uint32_t)n;
}

/* ---- reading ---- */

void fuzz_end_saw(world *w, int number, const unsigned char *bytes, size_t len)
{
    end_model *end = &w->ends[number];
    const end_model *peer;

    FUZZ_CHECK(!end->over, "end %d: bytes come after the end of the stream", number);
    if (end->read == 0 && len > 0) {
        FUZZ_CHECK(bytes[0] < w->ends_count && bytes[0] != number, "end %d: its first byte is %u",
                   number, bytes[0]);
        fuzz_end_pair(w, number, bytes[0]);
    }
    peer = peer_of(w, number);
    FUZZ_CHECK(len <= peer->written - end->read,
               "end %d: %u bytes were written and %zu come, %u were read before", number,
               peer->written, len, end->read);
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK(bytes[i] == fuzz_log[end->peer][end->read + i], "end %d: byte %zu is %u, not %u",
                   number, end->read + i, bytes[i], fuzz_log[end->peer][end->read + i]);
}

void fuzz_end_took(world *w, int number, const unsigned char *bytes, size_t len)
{
    fuzz_end_saw(w, number, bytes, len);
    w->ends[number].read += (uint32_t)len;
}

/* What may break a stream: its own end, or its peer's. */
static bool may_break(const world *w, int number)
{
    const end_model *end = &w->ends[number];
    const end_model *peer = peer_of(w, number);

    if (w->memory_failed || end->cut || end->closing || end->broken)
        return true;
    if (peer == NULL)
        return w->violence > 0;
    return peer->freed || peer->cut || peer->closing;
}

static bool is_break(eddy_result error)
{
    return error == -ECONNRESET || error == -EPIPE || error == -ECONNREFUSED ||
           error == -ETIMEDOUT || error == -ENOTCONN || error == -ECONNABORTED;
}

void fuzz_end_over(world *w, int number, eddy_result result)
{
    end_model *end = &w->ends[number];
    const end_model *peer = peer_of(w, number);

    if (result < 0) {
        FUZZ_CHECK(is_break(result) || (w->memory_failed && result == -ENOMEM),
                   "end %d: a read gives %s", number, eddy_error_name(result));
        FUZZ_CHECK(may_break(w, number), "end %d: a read gives %s, and nobody broke it", number,
                   eddy_error_name(result));
        end->broken = true;
        return;
    }
    end->over = true;
    if (w->memory_failed || (peer != NULL ? peer->cut : w->violence > 0))
        return;
    FUZZ_CHECK(peer != NULL && peer->shut, "end %d: the stream ends, and nobody ended it", number);
    FUZZ_CHECK(end->read == peer->written, "end %d: the stream ends after %u of %u bytes", number,
               end->read, peer->written);
}

void fuzz_end_broke(world *w, int number, eddy_result result)
{
    end_model *end = &w->ends[number];

    FUZZ_CHECK(is_break(result) || (w->memory_failed && result == -ENOMEM) ||
                   (end->closing && result == -EMSGSIZE),
               "end %d: a write gives %s", number, eddy_error_name(result));
    FUZZ_CHECK(may_break(w, number) || (end->shut && result == -EPIPE),
               "end %d: a write gives %s, and nobody broke it", number, eddy_error_name(result));
    if (end->shut && result == -EPIPE)
        return; /* it was asked to send more after its end: nothing is lost */
    end->broken = true;
    end->cut = true;
}

/* ---- ending ---- */

void fuzz_end_freed(world *w, int number, bool aborted)
{
    end_model *end = &w->ends[number];

    end->tcp = NULL;
    end->freed = true;
    end->shut = true;
    if (aborted || end->connecting)
        end->cut = true;
    w->violence++;
}

/* ---- waits ---- */

static const char *reader_stuck(const world *w, int number)
{
    const end_model *end = &w->ends[number];
    const end_model *peer = peer_of(w, number);

    if (peer == NULL)
        return NULL;
    if (peer->cut)
        return peer->freed ? "its peer has gone" : NULL;
    if (peer->written > end->read)
        return "there are unread bytes";
    return peer->shut ? "the stream has ended" : NULL;
}

static const char *writer_stuck(const world *w, int number)
{
    return eddy_tcp_queued(w->ends[number].tcp) == 0 && !w->ends[number].connecting
               ? "nothing is queued"
               : NULL;
}

const char *fuzz_end_stuck(const world *w, const struct worker *worker)
{
    int number = worker->now.a % PROGRAM_ENDS_MAX;

    switch (worker->now.op) {
    case OP_READ:
    case OP_READ_EXACT:
    case OP_PEEK:
        return reader_stuck(w, number);
    case OP_GONE:
        return w->ends[number].peer != NOBODY && peer_of(w, number)->shut &&
                       peer_of(w, number)->written == w->ends[number].read
                   ? "its peer has gone"
                   : NULL;
    case OP_CONNECTED:
        return "the listener listens, or is gone";
    case OP_WRITE:
    case OP_WRITEV:
    case OP_WRITE_ALL:
    case OP_WRITE_BUF:
    case OP_FLUSH:
    case OP_SHUTDOWN:
        return writer_stuck(w, number);
    case OP_ACCEPT:
        return w->unaccepted > 0 && w->violence == 0 ? "a connection waits" : NULL;
    default:
        return NULL;
    }
}
