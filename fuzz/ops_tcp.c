/* SPDX-License-Identifier: MIT */
/*
 * ops_tcp.c - operations on streams and the listener, and what each may answer. The model of the
 * bytes is in ends.c.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

enum { COPY_BYTES = 16 * 1024 };

static unsigned char copy[COPY_BYTES];

/* The end that an operation is about. In a network: one that this task reads or writes at. */
static int end_of(struct worker *self, uint8_t operand, bool reads)
{
    const world *w = self->world;
    int number = w->ends_count == 0 ? 0 : operand % w->ends_count;

    for (int i = 0; i < w->ends_count; i++, number = (number + 1) % w->ends_count)
        if (w->network ? fuzz_owns(self, number, reads) : w->ends[number].tcp != NULL)
            return w->ends[number].tcp != NULL ? number : NOBODY;
    return NOBODY;
}

static end_model *end_now(const struct worker *self)
{
    return &self->world->ends[self->now.a];
}

/* Operand `a` becomes the number of an end whose reading side is there, and this task's. */
static bool reader_begin(struct worker *self, eddy_task *task)
{
    int number = end_of(self, self->now.a, true);
    const end_model *end = &self->world->ends[number == NOBODY ? 0 : number];

    (void)task;
    if (number == NOBODY || end->closing || (end->split && end->reader.tcp == NULL) ||
        !fuzz_lock(self, LOCK_READ + number))
        return false;
    self->now.a = (uint8_t)number;
    self->got = 0;
    return true;
}

static bool writer_begin(struct worker *self, eddy_task *task)
{
    int number = end_of(self, self->now.a, false);
    const end_model *end = &self->world->ends[number == NOBODY ? 0 : number];

    (void)task;
    if (number == NOBODY || end->closing || (end->split && end->writer.tcp == NULL) ||
        !fuzz_lock(self, LOCK_WRITE + number))
        return false;
    self->now.a = (uint8_t)number;
    return true;
}

/* Bytes to write or to read, from an operand. */
static size_t length_of(const struct worker *self)
{
    size_t b = self->now.b;

    if (self->world->network)
        return 1 + b / 2;
    return b < 128 ? b + 1 : (b - 127) * 128;
}

static bool is_over(eddy_result result)
{
    return result < 0 && result != EDDY_PENDING && result != -ECANCELED;
}

/* ---- connections ---- */

static bool connect_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    eddy_tcp *tcp;
    int number, error;

    (void)task;
    if (w->ends_count >= PROGRAM_ENDS_MAX)
        return false;
    error = eddy_tcp_connect(w->handle, &w->listen_addr, &tcp);
    FUZZ_CHECK(error == 0 || w->memory_failed, "connect gives %s", eddy_error_name(error));
    if (error != 0)
        return false;
    w->violence += w->listener == NULL; /* it may be refused by now */
    w->unaccepted += w->listener != NULL;
    number = fuzz_end_new(w, tcp);
    if (number == NOBODY)
        return false;
    w->ends[number].connecting = w->ends[number].connects = true;
    w->ends[number].cut = w->listener == NULL;
    return false;
}

static bool connected_begin(struct worker *self, eddy_task *task)
{
    return writer_begin(self, task);
}

static eddy_result connected_step(struct worker *self, eddy_task *task)
{
    end_model *end = end_now(self);
    eddy_result result = eddy_tcp_poll_connected(end->tcp, task);

    if (result == 0)
        end->connecting = false;
    else if (is_over(result))
        fuzz_end_over(self->world, self->now.a, result);
    return result;
}

static bool accept_begin(struct worker *self, eddy_task *task)
{
    (void)task;
    return self->world->listener != NULL && self->world->ends_count < PROGRAM_ENDS_MAX &&
           fuzz_lock(self, LOCK_ACCEPT);
}

static eddy_result accept_step(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    eddy_tcp *tcp;
    eddy_result result;
    int number;

    if (w->ends_count >= PROGRAM_ENDS_MAX)
        return 0; /* others have made the last ones meanwhile */
    result = eddy_listener_poll_accept(w->listener, task, &tcp);
    if (result == EDDY_PENDING || result == -ECANCELED)
        return result;
    FUZZ_CHECK(result == 0 || w->memory_failed, "accept gives %s", eddy_error_name(result));
    if (result != 0)
        return result;
    FUZZ_CHECK(w->unaccepted > 0, "more connections are accepted than were made");
    w->unaccepted--;
    number = fuzz_end_new(w, tcp);
    if (number != NOBODY)
        fuzz_end_find_peer(w, number);
    return 0;
}

static bool pair_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    eddy_tcp *a, *b;
    int one, two, error;

    (void)task;
    if (w->ends_count + 2 > PROGRAM_ENDS_MAX)
        return false;
    error = eddy_tcp_pair(w->handle, &a, &b);
    FUZZ_CHECK(error == 0 || w->memory_failed, "pair gives %s", eddy_error_name(error));
    if (error != 0)
        return false;
    one = fuzz_end_new(w, a);
    two = fuzz_end_new(w, b);
    if (one != NOBODY && two != NOBODY)
        fuzz_end_pair(w, one, two);
    return false;
}

static bool listen_end_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;

    (void)task;
    if (w->listener == NULL || self->now.a < 128 || !fuzz_lock(self, LOCK_ACCEPT))
        return false;
    eddy_listener_free(w->listener);
    w->listener = NULL;
    w->unaccepted = 0;
    w->violence++;
    for (int i = 0; i < w->ends_count; i++)
        if (w->ends[i].connects && w->ends[i].peer == NOBODY)
            w->ends[i].cut = true; /* its connection, if there was one, is reset */
    return false;
}

/* ---- reading ---- */

static eddy_result read_step(struct worker *self, eddy_task *task)
{
    const end_model *end = end_now(self);
    size_t len = length_of(self);
    eddy_result n = eddy_tcp_poll_read(end->tcp, task, copy, len);

    FUZZ_CHECK(n <= (eddy_result)len, "a read of %zu bytes gives %lld", len, (long long)n);
    if (n > 0)
        fuzz_end_took(self->world, self->now.a, copy, (size_t)n);
    else if (n == 0 || is_over(n))
        fuzz_end_over(self->world, self->now.a, n);
    return n;
}

static eddy_result read_exact_step(struct worker *self, eddy_task *task)
{
    const end_model *end = end_now(self);
    size_t len = length_of(self);

    while (self->got < len) {
        eddy_result n = eddy_tcp_poll_read(end->tcp, task, copy, len - self->got);

        if (n == EDDY_PENDING || n == -ECANCELED)
            return n;
        if (n <= 0) {
            fuzz_end_over(self->world, self->now.a, n);
            return n < 0 ? n : (eddy_result)self->got;
        }
        fuzz_end_took(self->world, self->now.a, copy, (size_t)n);
        self->got += (uint32_t)n;
    }
    return (eddy_result)len;
}

/* Look at all that is in view, then take a part of it. */
static eddy_result fill_step(struct worker *self, eddy_task *task)
{
    const end_model *end = end_now(self);
    size_t min = length_of(self);
    eddy_result n = eddy_tcp_poll_fill(end->tcp, task, min);
    eddy_bytes view;
    size_t take;

    if (n == -EMSGSIZE) {
        FUZZ_CHECK(min > end->window, "%zu bytes are above a window of %zu", min, end->window);
        return n;
    }
    if (n == EDDY_PENDING || n == -ECANCELED)
        return n;
    view = eddy_tcp_view(end->tcp);
    if (n > 0)
        FUZZ_CHECK((eddy_result)view.len == n && view.len >= min,
                   "fill of %zu gives %lld and %zu are in view", min, (long long)n, view.len);
    else
        FUZZ_CHECK(view.len < min || end->limited || n < 0,
                   "fill of %zu gives %s and %zu are in view", min, eddy_error_name(n), view.len);
    take = n > 0 && (self->now.b & 1) != 0 ? view.len : view.len / 2;
    if (end->over)
        take = 0;
    if (take > 0)
        fuzz_end_took(self->world, self->now.a, view.data, take);
    if (view.len > take && !end->over)
        fuzz_end_saw(self->world, self->now.a, view.data + take, view.len - take);
    eddy_tcp_consume(end->tcp, take);
    if (n < 0 || (n == 0 && take == view.len))
        fuzz_end_over(self->world, self->now.a, n);
    return n;
}

static eddy_result peek_step(struct worker *self, eddy_task *task)
{
    const end_model *end = end_now(self);
    size_t len = length_of(self);
    eddy_result n = eddy_tcp_poll_peek(end->tcp, task, copy, len);

    FUZZ_CHECK(n <= (eddy_result)len, "a peek of %zu bytes gives %lld", len, (long long)n);
    if (n > 0)
        fuzz_end_saw(self->world, self->now.a, copy, (size_t)n);
    else if (n == 0 || is_over(n))
        fuzz_end_over(self->world, self->now.a, n);
    return n;
}

static bool gone_begin(struct worker *self, eddy_task *task)
{
    int number = end_of(self, self->now.a, true);

    (void)task;
    if (number == NOBODY || self->world->ends[number].closing ||
        !fuzz_lock(self, LOCK_GONE + number))
        return false;
    self->now.a = (uint8_t)number;
    return true;
}

static eddy_result gone_step(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    const end_model *end = end_now(self);
    eddy_result result = eddy_tcp_poll_gone(end->tcp, task);

    if (result == 0 && end->peer != NOBODY)
        FUZZ_CHECK(w->ends[end->peer].shut || w->ends[end->peer].cut || w->memory_failed,
                   "end %d: its peer is told to have gone", self->now.a);
    else if (is_over(result))
        fuzz_end_over(w, self->now.a, result);
    return result;
}

/* ---- writing ---- */

static bool write_begin(struct worker *self, eddy_task *task)
{
    return writer_begin(self, task) && end_now(self)->written < LOG_BYTES;
}

/* What a write gave: bytes into the model, or the end of the stream. */
static eddy_result wrote(struct worker *self, eddy_result n)
{
    if (n >= 0)
        fuzz_end_wrote(self->world, self->now.a, n);
    else if (is_over(n))
        fuzz_end_broke(self->world, self->now.a, n);
    return n;
}

static eddy_result write_step(struct worker *self, eddy_task *task)
{
    end_model *end = end_now(self);
    size_t len = length_of(self);
    const unsigned char *bytes = fuzz_end_stage(end, self->now.a, &len);
    eddy_result n = eddy_tcp_poll_write(end->tcp, task, bytes, len);

    FUZZ_CHECK(n <= (eddy_result)len, "%lld bytes of %zu are accepted", (long long)n, len);
    FUZZ_CHECK(n <= 0 || len > EDDY_TCP_WRITE_WHOLE || n == (eddy_result)len,
               "a write of %zu bytes is torn at %lld", len, (long long)n);
    return wrote(self, n);
}

static eddy_result writev_step(struct worker *self, eddy_task *task)
{
    end_model *end = end_now(self);
    size_t len = length_of(self);
    const unsigned char *bytes = fuzz_end_stage(end, self->now.a, &len);
    eddy_bytes parts[4] = {{bytes, len / 3},
                           {bytes + len / 3, 0},
                           {bytes + len / 3, len / 2},
                           {bytes + len / 3 + len / 2, len - len / 3 - len / 2}};
    eddy_result n = eddy_tcp_poll_writev(end->tcp, task, parts, 4);

    FUZZ_CHECK(n <= (eddy_result)len, "%lld bytes of %zu are accepted", (long long)n, len);
    return wrote(self, n);
}

static bool write_all_begin(struct worker *self, eddy_task *task)
{
    size_t len = length_of(self);

    if (!write_begin(self, task))
        return false;
    self->rest.data = fuzz_end_stage(end_now(self), self->now.a, &len);
    self->rest.len = len;
    return true;
}

static eddy_result write_all_step(struct worker *self, eddy_task *task)
{
    end_model *end = end_now(self);
    size_t before = self->rest.len;
    eddy_result n = eddy_tcp_poll_write_all(end->tcp, task, &self->rest);

    FUZZ_CHECK(self->rest.len <= before, "the cursor goes back");
    FUZZ_CHECK(n != 0 || self->rest.len == 0, "all is accepted, but %zu bytes are left",
               self->rest.len);
    if (before > self->rest.len)
        fuzz_end_wrote(self->world, self->now.a, (eddy_result)(before - self->rest.len));
    if (is_over(n))
        fuzz_end_broke(self->world, self->now.a, n);
    return n;
}

static eddy_result write_buf_step(struct worker *self, eddy_task *task)
{
    end_model *end = end_now(self);
    size_t len = length_of(self);
    const unsigned char *bytes = fuzz_end_stage(end, self->now.a, &len);
    eddy_buf *buf = eddy_buf_new(NULL, len + 3);
    eddy_result n;

    FUZZ_CHECK(buf != NULL, "no memory");
    memcpy(eddy_buf_data(buf) + 3, bytes, len);
    n = eddy_tcp_poll_write_buf(end->tcp, task, buf, 3, len);
    eddy_buf_release(buf);
    FUZZ_CHECK(n <= 0 || n == (eddy_result)len, "%lld bytes of a buffer of %zu are accepted",
               (long long)n, len);
    return wrote(self, n);
}

/* ---- operations that never wait: they are carried out when nobody else is at it ---- */

static bool try_write_begin(struct worker *self, eddy_task *task)
{
    int number = end_of(self, self->now.a, false);
    size_t len = length_of(self);
    const unsigned char *bytes;
    end_model *end;
    eddy_result n;

    (void)task;
    if (number == NOBODY || !fuzz_is_free(self->world, LOCK_WRITE + number))
        return false;
    end = &self->world->ends[number];
    self->now.a = (uint8_t)number;
    if (end->closing || (end->split && end->writer.tcp == NULL) || end->written == LOG_BYTES)
        return false;
    bytes = fuzz_end_stage(end, number, &len);
    n = eddy_tcp_try_write(end->tcp, bytes, len);
    FUZZ_CHECK(n == (eddy_result)len || n < 0, "%lld bytes of %zu are accepted", (long long)n, len);
    if (n != -EAGAIN)
        (void)wrote(self, n);
    return false;
}

static bool push_begin(struct worker *self, eddy_task *task)
{
    int number = end_of(self, self->now.a, false);

    (void)task;
    if (number != NOBODY)
        eddy_tcp_push(self->world->ends[number].tcp);
    return false;
}

static bool limits_begin(struct worker *self, eddy_task *task)
{
    static const size_t sizes[] = {0, 7, 16, 100, 4096, 5000, 20000, 65536};
    world *w = self->world;
    int number = end_of(self, self->now.a, true);
    size_t window = sizes[self->now.b / 8 % 8];
    eddy_tcp_limits limits = {.size_bytes = sizeof limits,
                              .send_queue_bytes = sizes[self->now.b % 8],
                              .recv_window_bytes = window};

    (void)task;
    if (number == NOBODY)
        return false;
    FUZZ_CHECK(eddy_tcp_set_limits(w->ends[number].tcp, &limits) == 0 || w->memory_failed,
               "limits are refused");
    w->ends[number].limited = true;
    if (window != 0)
        w->ends[number].window = window;
    return false;
}

static bool split_begin(struct worker *self, eddy_task *task)
{
    int number = end_of(self, self->now.a, true);
    end_model *end = &self->world->ends[number == NOBODY ? 0 : number];

    (void)task;
    if (number == NOBODY || end->split)
        return false;
    eddy_tcp_split(end->tcp, &end->reader, &end->writer);
    end->split = true;
    return false;
}

/* ---- forwarding ---- */

/* From end `a` to an end that `b` names. In a network only to a later one, so that no byte goes
 * round for ever. */
static bool forward_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    int to = end_of(self, self->now.b, false);
    const end_model *end;
    const end_model *target;

    if (to == NOBODY || !reader_begin(self, task))
        return false;
    end = end_now(self);
    target = &w->ends[to];
    if (end->peer == NOBODY || end->read == 0 || target->closing || target->shut ||
        (target->split && target->writer.tcp == NULL) || !fuzz_lock(self, LOCK_WRITE + to))
        return false;
    self->now.b = (uint8_t)to;
    return !w->network || to > end->peer;
}

static bool has_room(const struct worker *self)
{
    const world *w = self->world;
    const end_model *end = end_now(self);

    return w->ends[end->peer].written - end->read <= LOG_BYTES - w->ends[self->now.b].written;
}

static eddy_result forward_step(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    end_model *end = end_now(self);
    end_model *to = &w->ends[self->now.b];
    eddy_result n;

    if (!has_room(self) || end->tcp == NULL || to->tcp == NULL)
        return 0;
    n = eddy_tcp_poll_forward(end->tcp, to->tcp, task);
    if (n > 0) {
        FUZZ_CHECK(n <= (eddy_result)(w->ends[end->peer].written - end->read),
                   "%lld bytes are forwarded", (long long)n);
        memmove(fuzz_log[self->now.b] + to->written, fuzz_log[end->peer] + end->read, (size_t)n);
        end->read += (uint32_t)n;
        fuzz_end_wrote(w, self->now.b, n);
    } else if (is_over(n)) {
        fuzz_end_broke(w, self->now.b, n);
    }
    return n;
}

/* Forward until the stream ends. What it is at is remembered: with a budget of one operation per
 * poll it would never come to the second one. */
static eddy_result pipe_step(struct worker *self, eddy_task *task)
{
    const end_model *end = end_now(self);

    for (;;) {
        eddy_result n;

        if (self->got == 0) {
            n = eddy_tcp_poll_fill(end->tcp, task, 1);
            if (n == 0 || is_over(n))
                fuzz_end_over(self->world, self->now.a, n);
            if (n <= 0)
                return n;
            fuzz_end_saw(self->world, self->now.a, eddy_tcp_view(end->tcp).data, (size_t)n);
            self->got = 1;
        }
        n = forward_step(self, task);
        if (n <= 0)
            return n;
        self->got = 0;
    }
}

/* ---- ending ---- */

static eddy_result flush_step(struct worker *self, eddy_task *task)
{
    return wrote(self, eddy_tcp_poll_flush(end_now(self)->tcp, task));
}

static bool flush_begin(struct worker *self, eddy_task *task)
{
    return writer_begin(self, task) && !end_now(self)->shut;
}

static bool shutdown_begin(struct worker *self, eddy_task *task)
{
    if (!writer_begin(self, task))
        return false;
    end_now(self)->shut = true;
    return true;
}

static eddy_result ending_result(struct worker *self, eddy_result result)
{
    FUZZ_CHECK(result <= 0, "%s gives %lld", program_op_name(self->now.op), (long long)result);
    if (is_over(result))
        fuzz_end_broke(self->world, self->now.a, result);
    return result;
}

static eddy_result shutdown_step(struct worker *self, eddy_task *task)
{
    return ending_result(self, eddy_tcp_poll_shutdown(end_now(self)->tcp, task));
}

static bool close_begin(struct worker *self, eddy_task *task)
{
    end_model *end;

    if (!reader_begin(self, task) || !fuzz_lock(self, LOCK_WRITE + self->now.a))
        return false;
    end = end_now(self);
    if (end->split || !fuzz_is_free(self->world, LOCK_GONE + self->now.a))
        return false;
    end->shut = end->closing = true;
    self->world->violence++;
    return true;
}

static eddy_result close_step(struct worker *self, eddy_task *task)
{
    const end_model *end = end_now(self);
    eddy_result result = ending_result(self, eddy_tcp_poll_close(end->tcp, task));

    if (result == 0 && end->peer != NOBODY)
        FUZZ_CHECK(self->world->ends[end->peer].shut, "a close ends before its peer's");
    return result;
}

static void free_half(world *w, int number, bool reads)
{
    end_model *end = &w->ends[number];

    if (reads) {
        eddy_tcp_reader_free(&end->reader);
    } else {
        eddy_tcp_writer_free(&end->writer);
        end->shut = true;
    }
    if (end->reader.tcp == NULL && end->writer.tcp == NULL)
        fuzz_end_freed(w, number, false);
}

/* A half, when the stream is split; else all of it, when nobody else waits at it. */
static bool free_begin(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    bool reads = (self->now.b & 1) != 0;
    int number = end_of(self, self->now.a, reads);
    bool aborts = self->now.op == OP_ABORT;

    (void)task;
    if (number == NOBODY)
        return false;
    if (w->ends[number].split) {
        if (!aborts && fuzz_is_free(w, LOCK_GONE + number) &&
            fuzz_lock(self, (reads ? LOCK_READ : LOCK_WRITE) + number))
            free_half(w, number, reads);
        return false;
    }
    if (!fuzz_lock(self, LOCK_READ + number) || !fuzz_lock(self, LOCK_WRITE + number) ||
        !fuzz_is_free(w, LOCK_GONE + number))
        return false;
    if (aborts)
        eddy_tcp_abort(w->ends[number].tcp);
    else
        eddy_tcp_free(w->ends[number].tcp);
    fuzz_end_freed(w, number, aborts);
    return false;
}

#define NETWORK .in_network = true

const verb fuzz_tcp_verbs[OPS_COUNT] = {
    [OP_LISTEN_END] = {.begin = listen_end_begin},
    [OP_CONNECT] = {.begin = connect_begin},
    [OP_CONNECTED] = {.begin = connected_begin, .step = connected_step},
    [OP_ACCEPT] = {.begin = accept_begin, .step = accept_step},
    [OP_PAIR] = {.begin = pair_begin},
    [OP_READ] = {.begin = reader_begin, .step = read_step},
    [OP_READ_EXACT] = {.begin = reader_begin, .step = read_exact_step, NETWORK},
    [OP_FILL] = {.begin = reader_begin, .step = fill_step},
    [OP_PEEK] = {.begin = reader_begin, .step = peek_step},
    [OP_GONE] = {.begin = gone_begin, .step = gone_step},
    [OP_WRITE] = {.begin = write_begin, .step = write_step, NETWORK},
    [OP_WRITEV] = {.begin = write_begin, .step = writev_step, NETWORK},
    [OP_WRITE_ALL] = {.begin = write_all_begin, .step = write_all_step, NETWORK},
    [OP_WRITE_BUF] = {.begin = write_begin, .step = write_buf_step, NETWORK},
    [OP_TRY_WRITE] = {.begin = try_write_begin, NETWORK},
    [OP_PUSH] = {.begin = push_begin, NETWORK},
    [OP_FORWARD] = {.begin = forward_begin, .step = forward_step},
    [OP_PIPE] = {.begin = forward_begin, .step = pipe_step, NETWORK},
    [OP_FLUSH] = {.begin = flush_begin, .step = flush_step, NETWORK},
    [OP_SHUTDOWN] = {.begin = shutdown_begin, .step = shutdown_step, NETWORK},
    [OP_CLOSE] = {.begin = close_begin, .step = close_step},
    [OP_FREE] = {.begin = free_begin, NETWORK},
    [OP_ABORT] = {.begin = free_begin},
    [OP_SPLIT] = {.begin = split_begin},
    [OP_LIMITS] = {.begin = limits_begin},
};
