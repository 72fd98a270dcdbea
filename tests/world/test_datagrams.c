/* SPDX-License-Identifier: MIT */
/*
 * test_datagrams.c - programs that talk by datagrams in a world: questions that are asked again until
 * they are answered, whatever gets lost; and a Unix path that a crash leaves behind.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eddy/dgram.h"
#include "eddy/unix.h"
#include "support/sim_world.h"

enum { PORT = 53, QUESTIONS = 200 };

#define PATIENCE_NS (50 * EDDY_MILLISECOND)

/* ---- who answers ---- */

struct answerer {
    EDDY_FRAME;
    eddy_dgram *dgram;
    eddy_addr from;
    int question;
};

static void answerer_done(struct answerer *self)
{
    eddy_dgram_free(self->dgram);
}

/* What cannot be sent is as good as lost: it will be asked again. */
EDDY_ASYNC(answerer, answerer_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_dgram_poll_recv_from(self->dgram, task, &self->question,
                                                   sizeof self->question, &self->from));
            if (n == -ECANCELED || n == EDDY_LOOP_GONE)
                break;
            if (n == (eddy_result)sizeof self->question)
                EDDY_POLL(n, eddy_dgram_poll_send_to(self->dgram, task, &self->question,
                                                     sizeof self->question, &self->from));
        }
        EDDY_END(0);
}

static int boot_answerer(void *arg, eddy_handle *handle)
{
    const eddy_addr any = eddy_addr_ipv4_any(PORT);
    eddy_dgram *dgram;
    int error = eddy_dgram_bind(handle, &any, NULL, &dgram);

    (void)arg;
    return error != 0 ? error : eddy_spawn(handle, EDDY_FUTURE(answerer, .dgram = dgram));
}

/* ---- who asks ---- */

struct asker {
    EDDY_FRAME;
    eddy_addr to;
    int *asked; /* so often in all */
    eddy_result *result;
    eddy_dgram *dgram;
    eddy_deadline patience;
    int question, answer;
};

static void asker_done(struct asker *self)
{
    if (*self->result == EDDY_PENDING)
        *self->result = EDDY_DROPPED;
    eddy_dgram_free(self->dgram);
}

static int open_any(eddy_task *task, eddy_dgram **dgram)
{
    const eddy_addr any = eddy_addr_ipv4_any(0);

    return eddy_dgram_bind(eddy_task_handle(task), &any, NULL, dgram);
}

EDDY_ASYNC(asker, asker_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = open_any(task, &self->dgram);
        if (n == 0)
            n = eddy_dgram_connect(self->dgram, &self->to);
        while (n >= 0 && self->question < QUESTIONS) {
            (*self->asked)++;
            eddy_sleep_start(&self->patience, task, PATIENCE_NS);
            EDDY_POLL(
                n, eddy_dgram_poll_send(self->dgram, task, &self->question, sizeof self->question));
            do {
                EDDY_POLL(n, eddy_within(&self->patience, task,
                                         eddy_dgram_poll_recv(self->dgram, task, &self->answer,
                                                              sizeof self->answer)));
            } while (n == -ECONNREFUSED || (n > 0 && self->answer < self->question));
            if (n > 0 && self->answer > self->question)
                n = -EPROTO; /* nobody has asked that */
            if (n > 0)
                self->question++;
            if (n == -ETIMEDOUT)
                n = 0; /* once more */
        }
        *self->result = n < 0 ? n : self->question;
        EDDY_END(0);
}

/* ---- a world of both ---- */

struct pair {
    eddy_world *world;
    eddy_host *server, *client;
    eddy_result result;
    int asked;
};

static void open_pair(struct pair *p, uint64_t seed, bool calm, bool faults)
{
    *p = (struct pair){.result = EDDY_PENDING};
    p->world = test_world(seed, (eddy_world_options){.calm = calm, .faults = faults});
    p->server = test_host(p->world, "server", "10.0.0.1");
    p->client = test_host(p->world, "client", "10.0.0.2");
    (void)eddy_host_boot(p->server, boot_answerer, NULL); /* by chance there is no memory */
}

static void ask(struct pair *p)
{
    assert_int_equal(eddy_spawn(eddy_core_handle(eddy_host_core(p->client)),
                                EDDY_FUTURE(asker, .to = eddy_host_addr(p->server, PORT),
                                            .asked = &p->asked, .result = &p->result)),
                     0);
}

/* Faults that leave the hosts and their memory alone. */
static void only_lose(eddy_world *world)
{
    for (int i = EDDY_CHAOS_CUT; i < EDDY_CHAOS_DGRAM_LOSS; i++)
        eddy_world_odds(world, (eddy_chaos)i, 0);
    for (int i = EDDY_CHAOS_DGRAM_LOSS; i <= EDDY_CHAOS_DGRAM_ENOBUFS; i++)
        eddy_world_odds(world, (eddy_chaos)i, 50000);
}

static void in_a_calm_world_each_question_is_asked_once(void **state)
{
    struct pair p;

    (void)state;
    open_pair(&p, 0, true, false);
    ask(&p);
    assert_int_equal(test_world_result(p.world, &p.result), QUESTIONS);
    assert_int_equal(p.asked, QUESTIONS);
    test_world_end(p.world);
}

static void chaos_without_faults_loses_nothing(void **state)
{
    struct pair p;

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        open_pair(&p, seed, false, false);
        ask(&p);
        assert_int_equal(test_world_result(p.world, &p.result), QUESTIONS);
        assert_int_equal(p.asked, QUESTIONS);
        test_world_end(p.world);
    }
}

static uint64_t hash_of(uint64_t seed, int *asked)
{
    struct pair p;
    uint64_t hash;

    open_pair(&p, seed, false, true);
    only_lose(p.world);
    if (eddy_host_core(p.server) == NULL)
        assert_int_equal(eddy_host_restart(p.server), 0);
    ask(&p);
    assert_int_equal(test_world_result(p.world, &p.result), QUESTIONS);
    *asked = p.asked;
    for (int i = EDDY_CHAOS_DGRAM_LOSS; i <= EDDY_CHAOS_DGRAM_ENOBUFS; i++)
        assert_true(eddy_world_chaos_count(p.world, (eddy_chaos)i) > 0);
    hash = eddy_world_hash(p.world);
    test_world_end(p.world);
    return hash;
}

static void with_faults_all_are_answered_by_asking_again_and_a_seed_is_one_run(void **state)
{
    int first, again, other;

    (void)state;
    for (uint64_t seed = 1; seed < 10; seed++) {
        uint64_t hash = hash_of(seed, &first);

        assert_true(first > QUESTIONS);
        assert_true(hash == hash_of(seed, &again));
        assert_int_equal(first, again);
        assert_true(hash != hash_of(seed + 100, &other));
    }
}

static void after_a_crash_it_goes_on_with_the_next_life(void **state)
{
    eddy_until until;
    struct pair p;

    (void)state;
    open_pair(&p, 0, true, false);
    ask(&p);
    until = (eddy_until){.time_ns = 10 * EDDY_MILLISECOND};
    assert_int_equal(eddy_world_run(p.world, &until), -ETIMEDOUT);
    eddy_host_crash(p.server);
    until.time_ns += EDDY_SECOND;
    assert_int_equal(eddy_world_run(p.world, &until), -ETIMEDOUT);
    assert_int_equal(p.result, EDDY_PENDING);
    assert_int_equal(eddy_host_restart(p.server), 0);
    assert_int_equal(test_world_result(p.world, &p.result), QUESTIONS);
    assert_true(p.asked > QUESTIONS + 10);
    test_world_end(p.world);
}

static void a_crash_of_who_asks_leaves_nothing(void **state)
{
    eddy_until until = {.time_ns = 10 * EDDY_MILLISECOND};
    struct pair p;

    (void)state;
    open_pair(&p, 0, true, false);
    ask(&p);
    assert_int_equal(eddy_world_run(p.world, &until), -ETIMEDOUT);
    eddy_host_crash(p.client);
    assert_int_equal(p.result, EDDY_DROPPED);
    test_world_end(p.world);
}

/* ---- ENOBUFS ---- */

struct shouter {
    EDDY_FRAME;
    eddy_dgram *dgram;
    eddy_addr to;
    int left, refused;
    int *told;
};

static void shouter_done(struct shouter *self)
{
    *self->told = self->refused;
    eddy_dgram_free(self->dgram);
}

EDDY_ASYNC(shouter, shouter_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = open_any(task, &self->dgram);
        for (; n >= 0 || n == -ENOBUFS; self->left--) {
            if (self->left == 0)
                break;
            EDDY_POLL(n, eddy_dgram_poll_send_to(self->dgram, task, "x", 1, &self->to));
            self->refused += n == -ENOBUFS;
        }
        EDDY_END(0);
}

/* It is told for that datagram, and nobody waits for a socket that is writable all the time. */
static void enobufs_a_thousand_times_is_told_so_often_and_takes_no_time(void **state)
{
    eddy_core_stats stats;
    struct pair p;
    int told = 0;

    (void)state;
    open_pair(&p, 0, true, false);
    eddy_world_odds(p.world, EDDY_CHAOS_DGRAM_ENOBUFS, 1000000);
    assert_int_equal(eddy_spawn(eddy_core_handle(eddy_host_core(p.client)),
                                EDDY_FUTURE(shouter, .to = eddy_host_addr(p.server, PORT),
                                            .left = 1000, .told = &told)),
                     0);
    assert_int_equal(eddy_world_run(p.world, &(eddy_until){.time_ns = EDDY_SECOND}), -ETIMEDOUT);
    assert_int_equal(told, 1000);
    eddy_core_stats_get(eddy_host_core(p.client), &stats);
    assert_true(stats.turns < 200);
    test_world_end(p.world);
}

/* ---- a path ---- */

static int listen_at_path(eddy_host *host, bool replace_stale, eddy_listener **out)
{
    const eddy_unix_listen_options options = {
        .size_bytes = sizeof options,
        .replace_stale = replace_stale,
    };
    eddy_unix_addr addr;

    assert_int_equal(eddy_unix_addr_path("/run/it", 7, &addr), 0);
    return eddy_unix_listen(eddy_core_handle(eddy_host_core(host)), &addr, &options, out);
}

static void a_crash_leaves_a_path_behind_that_is_replaced_on_request_alone(void **state)
{
    eddy_listener *listener;
    struct pair p;

    (void)state;
    open_pair(&p, 0, true, false);
    assert_int_equal(listen_at_path(p.client, false, &listener), 0);
    eddy_host_crash(p.client);
    eddy_listener_free(listener);
    assert_int_equal(eddy_host_restart(p.client), 0);
    assert_int_equal(listen_at_path(p.client, false, &listener), -EADDRINUSE);
    assert_int_equal(listen_at_path(p.client, true, &listener), 0);
    eddy_listener_free(listener);
    assert_int_equal(listen_at_path(p.client, false, &listener), 0);
    eddy_listener_free(listener);
    test_world_end(p.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_calm_world_each_question_is_asked_once),
        cmocka_unit_test(chaos_without_faults_loses_nothing),
        cmocka_unit_test(with_faults_all_are_answered_by_asking_again_and_a_seed_is_one_run),
        cmocka_unit_test(after_a_crash_it_goes_on_with_the_next_life),
        cmocka_unit_test(a_crash_of_who_asks_leaves_nothing),
        cmocka_unit_test(enobufs_a_thousand_times_is_told_so_often_and_takes_no_time),
        cmocka_unit_test(a_crash_leaves_a_path_behind_that_is_replaced_on_request_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
