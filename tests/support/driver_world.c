/* SPDX-License-Identifier: MIT */
/*
 * driver_world.c - see driver_world.h.
 */
#include "support/driver_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/bare.h"

enum { WORLD_EVENTS_MAX = 256, WORLD_STEPS_MAX = 1000000 };

static void *counted_alloc(size_t size, void *arg)
{
    world *w = arg;

    if (w->no_memory)
        return NULL;
    w->allocations++;
    w->bytes_live += (int64_t)size;
    return malloc(size);
}

static void counted_free(void *memory, size_t size, void *arg)
{
    ((world *)arg)->bytes_live -= (int64_t)size;
    free(memory);
}

void world_open(world *w, world_options options)
{
    eddy__driver_options driver = {.allocator = &w->allocator, .pool = &w->pool};
    const char *why = "";
    int result;

    memset(w, 0, sizeof *w);
    w->events_max = 64;
    w->allocator = (eddy_allocator){counted_alloc, counted_free, w};
    w->wake_fd = plain_is_simulated() ? -1 : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(w->wake_fd >= 0 || plain_is_simulated());
    eddy__pool_init(&w->pool, &w->allocator,
                    options.block_bytes != 0 ? options.block_bytes : 64 * 1024,
                    options.blocks_max != 0 ? options.blocks_max : 64);
    driver.wake_fd = w->wake_fd;
    driver.without = options.without | bare_without();
    result = eddy__driver_select(NULL, &driver, &w->driver, &why);
    if (plain_is_simulated())
        assert_int_equal(result, 0); /* it works everywhere */
    if (result < 0) {
        fprintf(stderr, "skipped: no such driver here: %s (%s)\n", why, strerror(-result));
        exit(77);
    }
    w->type = w->driver->type;
}

void world_close(world *w)
{
    assert_int_equal(w->attached, 0);
    w->type->close(w->driver, false);
    assert_int_equal(w->pool.blocks, w->pool.blocks_free);
    eddy__pool_deinit(&w->pool);
    assert_int_equal(w->bytes_live, 0);
    if (w->wake_fd >= 0)
        close(w->wake_fd);
}

int world_run(const struct CMUnitTest *everywhere, size_t everywhere_n,
              const struct CMUnitTest *kernel, size_t kernel_n)
{
    int failed = _cmocka_run_group_tests("contract", everywhere, everywhere_n, NULL, NULL);

    if (!plain_is_simulated())
        failed += _cmocka_run_group_tests("contract, kernel", kernel, kernel_n, NULL, NULL);
    return failed;
}

void world_wake(world *w)
{
    uint64_t one = 1;

    if (w->driver->cpu != NULL)
        eddy__sim_wake(w->driver->cpu);
    else
        assert_int_equal(write(w->wake_fd, &one, sizeof one), sizeof one);
}

int64_t world_now(world *w)
{
    return w->type->now(w->driver);
}

static void record_letter(side *s, char letter)
{
    size_t len = strlen(s->order);

    if (len > 0 && s->order[len - 1] == letter && strchr("BSA", letter) != NULL)
        return;
    if (len + 1 < sizeof s->order)
        s->order[len] = letter;
}

static void record_bytes(side *s, const eddy__event *event)
{
    size_t n = (size_t)event->result;

    assert_true(event->result > 0);
    assert_non_null(event->block);
    assert_true(event->at >= event->block->data);
    assert_true(event->at + n <= event->block->data + event->block->size_bytes);
    if (s->len + n > s->capacity) {
        s->capacity = (s->len + n) * 2;
        s->bytes = realloc(s->bytes, s->capacity);
        assert_non_null(s->bytes);
    }
    memcpy(s->bytes + s->len, event->at, n);
    s->len += n;
    s->deliveries++;
    if (event->result > s->delivery_max)
        s->delivery_max = event->result;
    if (!s->hold) {
        eddy__block_release(event->block);
        return;
    }
    assert_true(s->held_count < SIDE_HELD_MAX);
    s->held[s->held_count++] = event->block;
}

static void record(world *w, const eddy__event *event)
{
    side *s = (side *)event->slot;

    assert_true(s->attached);
    s->events++;
    record_letter(s, "BERHCSAFYX"[event->type]);
    switch (event->type) {
    case EDDY__BYTES:
        record_bytes(s, event);
        break;
    case EDDY__ERROR:
        s->error = event->result;
        break;
    case EDDY__CONNECTED:
        s->connected = event->result;
        break;
    case EDDY__SENT:
        s->sent = event->result;
        s->sents++;
        break;
    case EDDY__ACCEPTED:
        assert_true(s->fds_count < SIDE_FDS_MAX);
        s->fds[s->fds_count++] = event->result;
        break;
    case EDDY__ACCEPT_FAILED:
        s->accept_error = event->result;
        break;
    case EDDY__ENDED:
        s->attached = false;
        w->attached--;
        break;
    case EDDY__READY:
        s->ready |= (uint32_t)event->result;
        break;
    case EDDY__END:
    case EDDY__HANGUP:
        break;
    }
}

static int32_t credit_of(const eddy__event *event)
{
    if (event->type == EDDY__BYTES)
        return event->result;
    return event->type == EDDY__ACCEPTED ? 1 : 0;
}

/* The driver has lowered the credit by all deliveries of this wait; undo them to see what there
 * was before each. */
static void check_credit(const eddy__event *events, int n)
{
    for (int i = 0; i < n; i++) {
        int64_t before = events[i].slot->credit;

        for (int j = i; j < n; j++) {
            if (events[j].slot == events[i].slot)
                before += credit_of(&events[j]);
        }
        assert_true(credit_of(&events[i]) == 0 || before > 0);
    }
}

int world_wait(world *w, int64_t deadline_ns)
{
    eddy__event events[WORLD_EVENTS_MAX];
    int n;

    assert_true(w->events_max <= WORLD_EVENTS_MAX);
    if (deadline_ns <= world_now(w))
        plain_arrive(w);
    n = w->type->wait(w->driver, deadline_ns, events, w->events_max);
    assert_true(n >= 0);
    assert_true((uint32_t)n <= w->events_max);
    check_credit(events, n);
    for (int i = 0; i < n; i++)
        record(w, &events[i]);
    return n;
}

void world_settle(world *w)
{
    int quiet = 0;

    world_begin(w);
    while (quiet < 4) {
        assert_true(w->steps_left-- > 0);
        quiet = world_wait(w, 0) == 0 ? quiet + 1 : 0;
    }
}

int world_returns(world *w)
{
    int64_t end = world_now(w) + 50 * EDDY_MILLISECOND;
    int returns = 0;

    while (world_now(w) < end) {
        (void)world_wait(w, end);
        returns++;
    }
    return returns;
}

void world_begin(world *w)
{
    w->steps_left = WORLD_STEPS_MAX;
    w->give_up_ns = world_now(w) + 10 * EDDY_SECOND;
}

void world_step(world *w, const char *condition, const char *file, int line)
{
    if (w->steps_left-- == 0 || world_now(w) >= w->give_up_ns) {
        print_error("waited in vain for: %s\n", condition);
        _fail(file, line);
    }
    (void)world_wait(w, w->give_up_ns);
}

void side_init(side *s)
{
    memset(s, 0, sizeof *s);
    s->peer = -1;
    s->connected = 1;
}

void side_attach(world *w, side *s, int fd, eddy__slot_kind kind)
{
    assert_int_equal(w->type->attach(w->driver, &s->slot, fd, kind), 0);
    s->attached = true;
    w->attached++;
}

void side_tcp(world *w, side *s)
{
    int fds[2];

    side_init(s);
    plain_pair(w, fds);
    s->peer = fds[1];
    side_attach(w, s, fds[0], EDDY__SLOT_STREAM);
}

void side_unix(world *w, side *s)
{
    int fds[2];

    side_init(s);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    s->peer = fds[1];
    side_attach(w, s, fds[0], EDDY__SLOT_STREAM);
}

void side_pair(world *w, side *s)
{
    (plain_is_simulated() ? side_tcp : side_unix)(w, s);
}

uint16_t side_listen(world *w, side *s, int backlog)
{
    uint16_t port = 0;

    side_init(s);
    side_attach(w, s, plain_listen(w, &port, backlog), EDDY__SLOT_LISTENER);
    return port;
}

void side_listen_at(world *w, side *s, uint16_t port)
{
    side_init(s);
    side_attach(w, s, plain_listen(w, &port, 4), EDDY__SLOT_LISTENER);
}

void side_credit(world *w, side *s, int32_t credit)
{
    bool tell = s->slot.credit <= 0 && credit > 0;

    s->slot.credit = credit;
    if (tell)
        w->type->credit(w->driver, &s->slot);
}

void side_watch(world *w, side *s)
{
    s->slot.watch = true;
    w->type->credit(w->driver, &s->slot);
}

eddy_result side_send(world *w, side *s, const void *data, size_t len)
{
    eddy__iov part = {(void *)(uintptr_t)data, len};

    return w->type->send(w->driver, &s->slot, &part, 1);
}

eddy_result side_send_wait(world *w, side *s, const void *data, size_t len)
{
    uint32_t sents = s->sents;
    eddy_result n = side_send(w, s, data, len);

    if (n != EDDY_PENDING)
        return n;
    WORLD_UNTIL(w, s->sents != sents);
    assert_int_equal(s->sents, sents + 1);
    return s->sent;
}

size_t side_block(world *w, side *s, unsigned char *data, size_t len)
{
    size_t at = 0;

    world_begin(w);
    for (;;) {
        uint32_t sents = s->sents;
        eddy_result n;

        pattern_fill(data, at, len);
        n = side_send(w, s, data, len);
        if (n == EDDY_PENDING) {
            world_settle(w);
            if (s->sents == sents)
                return at;
            n = s->sent;
        }
        assert_true(n >= 0);
        at += (size_t)n;
    }
}

void side_release_held(side *s)
{
    for (uint32_t i = 0; i < s->held_count; i++)
        eddy__block_release(s->held[i]);
    s->held_count = 0;
}

void side_end(world *w, side *s)
{
    side before = *s;

    assert_true(s->attached);
    w->type->detach(w->driver, &s->slot);
    WORLD_UNTIL(w, !s->attached);
    assert_int_equal(s->events, before.events + 1);
    assert_int_equal(s->len, before.len);
    assert_int_equal(s->sents, before.sents);
    assert_int_equal(s->fds_count, before.fds_count);
}

void side_deinit(world *w, side *s)
{
    assert_false(s->attached);
    side_release_held(s);
    for (uint32_t i = 0; i < s->fds_count; i++)
        if (s->fds[i] >= 0)
            plain_close(w, s->fds[i]);
    s->fds_count = 0;
    if (s->peer >= 0)
        plain_close(w, s->peer);
    s->peer = -1;
    free(s->bytes);
    s->bytes = NULL;
}

void side_finish(world *w, side *s)
{
    side_end(w, s);
    side_deinit(w, s);
}

void pattern_fill(unsigned char *data, size_t at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = pattern(at + i);
}

void pattern_check(const unsigned char *data, size_t at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] != pattern(at + i)) {
            print_error("byte %zu is wrong\n", at + i);
            assert_int_equal(data[i], pattern(at + i));
        }
    }
}
