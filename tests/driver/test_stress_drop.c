/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_stress_drop.c - driver.h under a random life: streams and listeners are made, fed, sent to,
 * paused, cut off and detached at moments that a seeded generator chooses, with whatever is in
 * flight just then. Each slot lives in memory of its own, freed as soon as EDDY__ENDED was told,
 * and what is sent is overwritten as soon as the driver says that it has done with it.
 *
 * A second or so by default. EDDY_STRESS_STEPS and EDDY_STRESS_SEED in the environment make it
 * longer, and another one; a failure prints the seed it had.
 */
#include "support/driver_world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum {
    FLOWS = 48,
    CLIENTS = 16,
    SEND_MAX = 200 * 1000,
    WRITE_MAX = 20 * 1000,
    RECEIVED_MAX = 4 * 1000 * 1000,
    MUCH = 1 << 20,
    STEPS = 6000,
    CHANCES = 10,
};

/* A slot and what its test knows of it. */
typedef struct flow {
    side s;             /* first */
    bool detached;      /* detach() was called */
    bool connected;     /* may be sent to */
    bool shut;          /* no more is sent */
    bool finished;      /* the peer has written all it will */
    uint32_t sents;     /* of the side, when the send in flight began */
    bool sending;       /* a send is in flight */
    unsigned char *out; /* its bytes */
    size_t out_len;     /* so many */
    size_t sent_at;     /* bytes that left before it */
    size_t written;     /* bytes the peer wrote */
    size_t read_at;     /* bytes the peer read */
    uint16_t port;      /* of a listener; 0: a stream */
} flow;

typedef struct stress {
    world w;
    uint64_t random;
    flow *flows[FLOWS]; /* NULL: none */
    int clients[CLIENTS];
    uint32_t clients_n; /* the oldest place */
} stress;

/* splitmix64 */
static uint32_t dice(stress *self, uint32_t sides)
{
    uint64_t z = self->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % sides);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value != NULL ? strtoull(value, NULL, 0) : otherwise;
}

/* ---- making ---- */

static void flow_listen(stress *self, flow *f)
{
    f->port = side_listen(&self->w, &f->s, 64);
}

static uint16_t some_port(stress *self)
{
    uint16_t port = 9; /* nobody's */

    for (int i = 0; i < FLOWS; i++)
        if (self->flows[i] != NULL && self->flows[i]->port != 0 && dice(self, 2) == 0)
            port = self->flows[i]->port;
    return port;
}

static void flow_connect(stress *self, flow *f)
{
    eddy_addr to = {.family = EDDY_ADDR_IPV4, .ip = {127, 0, 0, 1}};

    to.port = some_port(self);
    side_init(&f->s);
    side_attach(&self->w, &f->s, plain_socket(&self->w), EDDY__SLOT_STREAM);
    self->w.type->connect(self->w.driver, &f->s.slot, &to);
    f->connected = false;
}

static void flow_new(stress *self, flow **place)
{
    flow *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->connected = true;
    switch (dice(self, 8)) {
    case 0:
        flow_listen(self, f);
        break;
    case 1:
        flow_connect(self, f);
        break;
    case 2:
    case 3:
        side_pair(&self->w, &f->s);
        break;
    default:
        side_tcp(&self->w, &f->s);
        break;
    }
    *place = f;
}

/* ---- ending ---- */

/* The driver has done with the bytes: nobody may see what is there from now on. */
static void send_over(flow *f)
{
    memset(f->out, 0xee, f->out_len);
    free(f->out);
    f->out = NULL;
    f->sending = false;
}

static void check_received(const flow *f)
{
    assert_true(f->s.len <= f->written);
    pattern_check(f->s.bytes, 0, f->s.len);
    if (strchr(f->s.order, 'E') != NULL)
        assert_int_equal(f->s.len, f->written);
    if (strchr(f->s.order, 'R') != NULL) {
        assert_true(f->s.peer < 0); /* it did nothing to deserve an error */
        assert_null(strchr(f->s.order, 'E'));
    }
}

static void flow_free(stress *self, flow **place)
{
    flow *f = *place;

    if (f->sending)
        send_over(f);
    check_received(f);
    side_deinit(&self->w, &f->s);
    free(f);
    *place = NULL;
}

static void flow_detach(stress *self, flow *f)
{
    if (!f->detached)
        self->w.type->detach(self->w.driver, &f->s.slot);
    f->detached = true;
}

/* ---- living ---- */

static void flow_send(stress *self, flow *f)
{
    size_t len = 1 + dice(self, dice(self, 4) == 0 ? SEND_MAX : 2000);
    size_t cut = dice(self, (uint32_t)len);
    eddy__iov parts[2];
    eddy_result n;

    if (f->sending || f->shut || !f->connected || f->port != 0 || f->s.error != 0)
        return;
    f->out = malloc(len);
    assert_non_null(f->out);
    f->out_len = len;
    pattern_fill(f->out, f->sent_at, len);
    parts[0] = (eddy__iov){f->out, cut};
    parts[1] = (eddy__iov){f->out + cut, len - cut};
    f->sents = f->s.sents;
    f->sending = true;
    n = self->w.type->send(self->w.driver, &f->s.slot, cut == 0 ? parts + 1 : parts,
                           cut == 0 ? 1 : 2);
    if (n == EDDY_PENDING)
        return;
    f->shut = n < 0;
    f->sent_at += n < 0 ? 0 : (size_t)n;
    send_over(f);
}

static void peer_write(stress *self, flow *f)
{
    unsigned char data[WRITE_MAX];
    size_t len = 1 + dice(self, dice(self, 4) == 0 ? WRITE_MAX : 100);
    int64_t n;

    if (f->s.peer < 0 || f->finished || f->written > RECEIVED_MAX)
        return;
    pattern_fill(data, f->written, len);
    n = plain_send(&self->w, f->s.peer, data, len);
    if (n > 0)
        f->written += (size_t)n;
}

static void peer_read(stress *self, flow *f)
{
    static unsigned char data[64 * 1024];
    int64_t n;

    if (f->s.peer < 0)
        return;
    while ((n = plain_recv(&self->w, f->s.peer, data, sizeof data)) > 0) {
        pattern_check(data, f->read_at, (size_t)n);
        f->read_at += (size_t)n;
    }
}

static void peer_end(stress *self, flow *f)
{
    if (f->s.peer < 0)
        return;
    f->finished = true;
    switch (dice(self, 4)) {
    case 0:
        plain_reset(&self->w, f->s.peer);
        f->s.peer = -1;
        break;
    case 1:
        plain_close(&self->w, f->s.peer);
        f->s.peer = -1;
        break;
    default:
        (void)plain_shutdown(&self->w, f->s.peer);
        break;
    }
}

static void flow_credit(stress *self, flow *f)
{
    static const int32_t credits[] = {0, 1, 2, 100, 5000, MUCH, MUCH};

    if (f->port != 0)
        side_credit(&self->w, &f->s, (int32_t)dice(self, 4));
    else
        side_credit(&self->w, &f->s, credits[dice(self, sizeof credits / sizeof credits[0])]);
}

static void flow_shutdown(stress *self, flow *f)
{
    if (f->port != 0 || f->sending || !f->connected || f->shut)
        return;
    (void)self->w.type->shutdown(self->w.driver, &f->s.slot);
    f->shut = true;
}

static void flow_live(stress *self, flow *f)
{
    switch (dice(self, 16)) {
    case 0:
        flow_detach(self, f);
        break;
    case 1:
        if (f->port == 0)
            side_watch(&self->w, &f->s);
        break;
    case 2:
    case 3:
        flow_credit(self, f);
        break;
    case 4:
        if (dice(self, 3) == 0)
            peer_end(self, f);
        break;
    case 5:
        if (dice(self, 4) == 0)
            flow_shutdown(self, f);
        break;
    case 6:
        f->s.hold = !f->s.hold;
        side_release_held(&f->s);
        break;
    case 7:
    case 8:
    case 9:
        flow_send(self, f);
        break;
    case 10:
    case 11:
        peer_read(self, f);
        break;
    default:
        peer_write(self, f);
        break;
    }
}

/* What came of the last wait. */
static void flow_look(stress *self, flow **place)
{
    flow *f = *place;

    f->connected = f->connected || f->s.connected == 0;
    if (!f->s.attached) {
        flow_free(self, place);
        return;
    }
    if (f->sending && f->s.sents != f->sents && !f->detached) {
        f->shut = f->shut || f->s.sent < 0;
        f->sent_at += f->s.sent < 0 ? 0 : (size_t)f->s.sent;
        send_over(f);
    }
    if (f->s.held_count > SIDE_HELD_MAX / 2)
        side_release_held(&f->s);
    while (f->s.fds_count != 0)
        plain_close(&self->w, f->s.fds[--f->s.fds_count]);
}

/* A client that nobody looks after. */
static void client(stress *self)
{
    int *place = &self->clients[self->clients_n++ % CLIENTS];

    if (*place >= 0)
        plain_close(&self->w, *place);
    *place = plain_begin_connect(&self->w, some_port(self));
}

static void stress_step(stress *self)
{
    flow **place = &self->flows[dice(self, FLOWS)];

    if (*place == NULL)
        flow_new(self, place);
    else if (!(*place)->detached)
        flow_live(self, *place);
    if (dice(self, 20) == 0)
        client(self);
    if (dice(self, 3) != 0)
        return;
    self->w.events_max = 1 + dice(self, dice(self, 2) == 0 ? 4 : 64);
    (void)world_wait(&self->w, dice(self, 8) == 0 ? world_now(&self->w) + 100000 : 0);
    for (int i = 0; i < FLOWS; i++)
        if (self->flows[i] != NULL)
            flow_look(self, &self->flows[i]);
}

static void stress_end(stress *self)
{
    self->w.events_max = 64;
    for (int i = 0; i < FLOWS; i++)
        if (self->flows[i] != NULL)
            flow_detach(self, self->flows[i]);
    WORLD_UNTIL(&self->w, self->w.attached == 0);
    for (int i = 0; i < FLOWS; i++)
        if (self->flows[i] != NULL)
            flow_free(self, &self->flows[i]);
    for (int i = 0; i < CLIENTS; i++)
        if (self->clients[i] >= 0)
            plain_close(&self->w, self->clients[i]);
}

static void stress_run(world_options options, uint64_t seed, uint64_t steps)
{
    static stress self;
    int fds = fd_count(), plain;

    print_message("seed %llu\n", (unsigned long long)seed);
    self = (stress){.random = seed};
    memset(self.clients, -1, sizeof self.clients);
    world_open(&self.w, options);
    plain = plain_count(&self.w);
    for (uint64_t i = 0; i < steps; i++)
        stress_step(&self);
    stress_end(&self);
    assert_int_equal(plain_count(&self.w), plain);
    world_close(&self.w);
    assert_int_equal(fd_count(), fds);
}

static void a_random_life_loses_no_byte_block_or_descriptor(void **state)
{
    uint64_t seed = from_environment("EDDY_STRESS_SEED", 1);
    uint64_t steps = from_environment("EDDY_STRESS_STEPS", STEPS);

    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        stress_run((world_options){0}, seed + i, steps);
}

static void a_random_life_with_few_buffers_loses_nothing(void **state)
{
    uint64_t seed = from_environment("EDDY_STRESS_SEED", 1);
    uint64_t steps = from_environment("EDDY_STRESS_STEPS", STEPS);

    (void)state;
    stress_run((world_options){.block_bytes = 4096, .blocks_max = 2}, seed, steps);
    stress_run((world_options){.block_bytes = 16 * 1024, .blocks_max = 5}, seed, steps);
}

static void on_signal(int number)
{
    (void)number;
}

static void a_random_life_in_a_storm_of_signals_loses_nothing(void **state)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
    struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
    uint64_t seed = from_environment("EDDY_STRESS_SEED", 1);

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    stress_run((world_options){0}, seed + 100, from_environment("EDDY_STRESS_STEPS", STEPS));
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

/* What the contract leaves open is left to chance: where reads are split, how much a send takes and
 * when, how many events come and in which order, two or three buffers for everybody. */
static void a_random_life_in_a_world_of_chance_loses_nothing(void **state)
{
    uint64_t seed = from_environment("EDDY_STRESS_SEED", 1);
    char text[32];

    (void)state;
    for (uint64_t i = 0; i < CHANCES; i++) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)(seed + i));
        assert_int_equal(setenv("EDDY_SEED", text, 1), 0);
        stress_run((world_options){0}, seed + i, from_environment("EDDY_STRESS_STEPS", STEPS));
    }
    assert_int_equal(unsetenv("EDDY_SEED"), 0);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(a_random_life_loses_no_byte_block_or_descriptor),
        cmocka_unit_test(a_random_life_with_few_buffers_loses_nothing),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_random_life_in_a_storm_of_signals_loses_nothing),
    };

    const struct CMUnitTest simulated[] = {
        cmocka_unit_test(a_random_life_in_a_world_of_chance_loses_nothing),
    };

    if (plain_is_simulated())
        return WORLD_RUN(everywhere, kernel) + cmocka_run_group_tests(simulated, NULL, NULL);
    return WORLD_RUN(everywhere, kernel);
}
