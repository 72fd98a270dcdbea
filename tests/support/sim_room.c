/* SPDX-License-Identifier: MIT */
/*
 * sim_room.c - see sim_room.h.
 */
#include "support/sim_room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 7 };

/* ---- a room ---- */

static void *node_alloc(size_t size, void *arg)
{
    node *self = arg;

    if (self->fail_at > 0 && --self->fail_at == 0)
        return NULL;
    self->bytes_live += (int64_t)size;
    return malloc(size);
}

static void node_free(void *memory, size_t size, void *arg)
{
    ((node *)arg)->bytes_live -= (int64_t)size;
    free(memory);
}

static void node_open(node *self, eddy__sim_host *host)
{
    eddy__driver_options options = {
        .allocator = &self->allocator, .pool = &self->pool, .wake_fd = -1, .host = host};

    memset(self, 0, sizeof *self);
    self->host = host;
    self->allocator = (eddy_allocator){node_alloc, node_free, self};
    eddy__pool_init(&self->pool, &self->allocator, ROOM_BLOCK, 16);
    assert_int_equal(eddy__sim_driver.open(&options, &self->driver), 0);
    assert_ptr_equal(self->driver->cpu->host, host);
    assert_ptr_equal(self->driver->system, &host->system);
}

static void node_close(node *self)
{
    eddy__sim_driver.close(self->driver, false);
    assert_int_equal(self->pool.blocks, self->pool.blocks_free);
    eddy__pool_deinit(&self->pool);
    assert_int_equal(self->bytes_live, 0);
}

void odds(room *r, eddy_chaos chaos, uint32_t ppm)
{
    r->sim->chances[chaos].ppm = ppm;
}

/* A room in which only one thing is left to chance, and happens whenever it can. */
void room_open(room *r, uint64_t seed, eddy_chaos always)
{
    const eddy_addr addr[2] = {eddy_addr_ipv4(10, 0, 0, 1, 0), eddy_addr_ipv4(10, 0, 0, 2, 0)};
    eddy__sim_host *hosts[2];

    assert_int_equal(eddy__sim_new(&(eddy__sim_options){.seed = seed, .calm = true}, &r->sim), 0);
    assert_int_equal(eddy__sim_host_new(r->sim, "a", &addr[0], &hosts[0]), 0);
    assert_int_equal(eddy__sim_host_new(r->sim, "b", &addr[1], &hosts[1]), 0);
    if (always != EDDY_CHAOS_COUNT)
        odds(r, always, ROOM_ALWAYS);
    node_open(&r->a, hosts[0]);
    node_open(&r->b, hosts[1]);
}

/* Returns the hash of all that happened. */
uint64_t room_close(room *r)
{
    uint64_t hash = r->sim->hash;

    node_close(&r->a);
    node_close(&r->b);
    while (eddy__sim_step(r->sim, NULL, EDDY_FOREVER)) /* what is under way finds no driver */
        continue;
    assert_int_equal(r->sim->refs, 1);
    eddy__sim_release(r->sim);
    return hash;
}

/* ---- what slots do ---- */

static void on_bytes(end *self, const eddy__event *event)
{
    assert_false(self->over);
    assert_true(event->result > 0);
    assert_true(event->at >= event->block->data);
    assert_true(event->at + event->result <= event->block->data + event->block->size_bytes);
    pattern_check(event->at, self->got, (size_t)event->result);
    self->got += (size_t)event->result;
    if (event->result > self->largest)
        self->largest = event->result;
    eddy__block_release(event->block);
}

static void on_sent(end *self, int32_t result)
{
    assert_true(self->flying);
    self->flying = false;
    self->sents++;
    memset(self->data, 0, sizeof self->data); /* it is ours again */
    if (result < 0)
        self->error = result;
    else
        self->sent += (size_t)result;
}

void on_event(const eddy__event *event)
{
    end *self = (end *)(void *)event->slot;

    assert_false(self->ended);
    switch (event->type) {
    case EDDY__BYTES:
        on_bytes(self, event);
        break;
    case EDDY__SENT:
        on_sent(self, event->result);
        break;
    case EDDY__ERROR:
    case EDDY__END:
        assert_false(self->over);
        self->over = true;
        self->error = event->result;
        break;
    case EDDY__HANGUP:
        self->hangups++;
        break;
    case EDDY__CONNECTED:
        self->connected = event->result;
        break;
    case EDDY__ACCEPTED:
        self->accepted = event->result;
        break;
    case EDDY__ACCEPT_FAILED:
        self->error = event->result;
        break;
    case EDDY__READY:
        self->ready |= (uint32_t)event->result;
        break;
    case EDDY__ENDED:
        self->ended = true;
        break;
    }
}

int node_wait(node *self, int64_t deadline_ns)
{
    eddy__event events[ROOM_EVENTS];
    int n = eddy__sim_driver.wait(self->driver, deadline_ns, events, ROOM_EVENTS);

    for (int i = 0; i < n; i++)
        on_event(&events[i]);
    return n;
}

/* Both look; when neither had anything, time goes on. False: nothing can happen any more. */
bool room_go(room *r)
{
    int n = node_wait(&r->a, 0) + node_wait(&r->b, 0);

    return n > 0 || r->a.driver->cpu->woken || r->b.driver->cpu->woken ||
           eddy__sim_step(r->sim, NULL, EDDY_FOREVER);
}

void end_init(end *self, node *n)
{
    memset(self, 0, sizeof *self);
    self->node = n;
    self->connected = 1;
    self->accepted = -1;
}

void end_attach(end *self, int fd, eddy__slot_kind kind)
{
    assert_int_equal(eddy__sim_driver.attach(self->node->driver, &self->slot, fd, kind), 0);
}

void end_credit(end *self, int32_t credit)
{
    bool tell = self->slot.credit <= 0 && credit > 0;

    self->slot.credit = credit;
    if (tell)
        eddy__sim_driver.credit(self->node->driver, &self->slot);
}

eddy_result end_send(end *self, size_t len)
{
    eddy__iov parts[2] = {{self->data, len / 2}, {self->data + len / 2, len - len / 2}};
    eddy_result n;

    pattern_fill(self->data, self->sent, len);
    n = eddy__sim_driver.send(self->node->driver, &self->slot, parts, 2);
    memset(parts, 0, sizeof parts);
    self->flying = n == EDDY_PENDING;
    if (n > 0)
        self->sent += (size_t)n;
    return n;
}

/* Send what is left to send, then half-close. */
void end_push(end *self)
{
    size_t left = self->len - self->sent;

    if (self->flying || self->shut)
        return;
    if (left > 0) {
        (void)end_send(self, left < sizeof self->data ? left : sizeof self->data);
    } else {
        assert_int_equal(eddy__sim_driver.shutdown(self->node->driver, &self->slot), 0);
        self->shut = true;
    }
}

void end_detach(end *self)
{
    eddy__sim_driver.detach(self->node->driver, &self->slot);
    assert_false(self->ended);
}

/* Two streams from `a` to `b`: `near` connects, `far` is accepted. */
void connect_ends(room *r, end *near, end *far)
{
    const eddy__socket_listen options = {.backlog = 4};
    eddy_addr to = r->b.host->addr;
    end listener;
    int fd;

    to.port = PORT;
    end_init(&listener, &r->b);
    fd = r->b.host->system.type->listen(&r->b.host->system, &to, &options);
    end_attach(&listener, fd, EDDY__SLOT_LISTENER);
    end_credit(&listener, 1);
    end_init(near, &r->a);
    fd = r->a.host->system.type->stream(&r->a.host->system, &to);
    end_attach(near, fd, EDDY__SLOT_STREAM);
    eddy__sim_driver.connect(r->a.driver, &near->slot, &to);
    GO_UNTIL(r, near->connected == 0 && listener.accepted >= 0);
    end_init(far, &r->b);
    end_attach(far, listener.accepted, EDDY__SLOT_STREAM);
    end_detach(&listener);
    GO_UNTIL(r, listener.ended);
}

/* Two streams of one host, connected with each other. */
void pair_ends(room *r, end *one, end *other)
{
    int fds[2];

    assert_int_equal(r->a.host->system.type->pair(&r->a.host->system, fds), 0);
    end_init(one, &r->a);
    end_init(other, &r->a);
    end_attach(one, fds[0], EDDY__SLOT_STREAM);
    end_attach(other, fds[1], EDDY__SLOT_STREAM);
}

void detach_both(room *r, end *near, end *far)
{
    end_detach(near);
    end_detach(far);
    GO_UNTIL(r, near->ended && far->ended);
}

/* ROOM_BYTES bytes in both directions at a time, with credit that comes in small portions. */
void exchange(room *r, end *near, end *far)
{
    end *ends[2] = {near, far};

    connect_ends(r, near, far);
    near->len = far->len = ROOM_BYTES;
    while (!near->over || !far->over) {
        for (size_t i = 0; i < 2; i++) {
            end_push(ends[i]);
            if (ends[i]->slot.credit <= 0)
                end_credit(ends[i], 5000);
        }
        assert_true(room_go(r));
    }
    assert_int_equal(near->error, 0);
    assert_int_equal(far->error, 0);
    assert_int_equal(near->got, ROOM_BYTES);
    assert_int_equal(far->got, ROOM_BYTES);
    detach_both(r, near, far);
}
