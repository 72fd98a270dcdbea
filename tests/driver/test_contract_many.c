/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_many.c - driver.h with thousands of operations at once: each completes once, with
 * its own bytes, by waits that tell few of them at a time; and all of them end.
 */
#include "support/driver_world.h"

#include <string.h>

enum { PAIRS = 1500, SLOTS = 2 * PAIRS, SPARE = 200, MUCH = 1 << 20 };

static side s[SLOTS];

/* Both ends of each pair are slots, so nothing is plain but the bytes. */
static void open_many(world *w)
{
    world_open(w, (world_options){0});
    plain_allow_descriptors(w, SLOTS + SPARE);
    for (size_t i = 0; i < SLOTS; i += 2) {
        int fds[2];

        plain_pair(w, fds);
        for (size_t end = 0; end < 2; end++) {
            side_init(&s[i + end]);
            side_attach(w, &s[i + end], fds[end], EDDY__SLOT_STREAM);
            side_credit(w, &s[i + end], MUCH);
        }
    }
}

static void end_many(world *w)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (s[i].attached)
            w->type->detach(w->driver, &s[i].slot);
    WORLD_UNTIL(w, w->attached == 0);
    for (size_t i = 0; i < SLOTS; i++) {
        assert_string_equal(strchr(s[i].order, 'X'), "X");
        side_deinit(w, &s[i]);
    }
    world_close(w);
}

/* Each tells the other end its number. */
static void send_all(world *w, size_t numbers[SLOTS])
{
    for (size_t i = 0; i < SLOTS; i++) {
        eddy_result n;

        numbers[i] = i;
        n = side_send(w, &s[i], &numbers[i], sizeof numbers[i]);
        assert_true(n == EDDY_PENDING || n == (eddy_result)sizeof numbers[i]);
        s[i].sents += n != EDDY_PENDING;
    }
}

static bool all_done(void)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (s[i].sents != 1 || s[i].len != sizeof(size_t))
            return false;
    return true;
}

static void thousands_of_sends_and_receives_at_once_complete_each_once(void **state)
{
    static size_t numbers[SLOTS];
    world w;

    (void)state;
    open_many(&w);
    w.events_max = 7;
    send_all(&w, numbers);
    WORLD_UNTIL(&w, all_done());
    world_settle(&w);
    assert_true(all_done());
    for (size_t i = 0; i < SLOTS; i++) {
        size_t got;

        memcpy(&got, s[i].bytes, sizeof got);
        assert_int_equal(got, i ^ 1);
    }
    end_many(&w);
}

/* Of each pair one is detached while both its send and its receive may be anywhere. */
static void thousands_of_detaches_at_once_end_each_once_and_the_others_are_told(void **state)
{
    static size_t numbers[SLOTS];
    world w;
    size_t over = 0;

    (void)state;
    open_many(&w);
    world_settle(&w);
    send_all(&w, numbers);
    for (size_t i = 0; i < SLOTS; i += 2)
        w.type->detach(w.driver, &s[i].slot);
    world_begin(&w);
    while (over < PAIRS || w.attached > PAIRS) {
        world_step(&w, "half of them end", __FILE__, __LINE__);
        over = 0;
        for (size_t i = 1; i < SLOTS; i += 2)
            over += strpbrk(s[i].order, "ER") != NULL;
    }
    assert_int_equal(w.attached, PAIRS);
    end_many(&w);
}

static void thousands_of_connects_are_accepted_each_once(void **state)
{
    enum { CLIENTS = 1000 };
    static side clients[CLIENTS];
    eddy_addr to = eddy_addr_ipv4_loopback(0);
    world w;
    side listener;
    uint32_t accepted = 0, connected = 0;

    (void)state;
    world_open(&w, (world_options){0});
    plain_allow_descriptors(&w, 2 * CLIENTS + SPARE);
    to.port = side_listen(&w, &listener, CLIENTS);
    side_credit(&w, &listener, MUCH);
    for (size_t i = 0; i < CLIENTS; i++) {
        side_init(&clients[i]);
        side_attach(&w, &clients[i], plain_socket(&w), EDDY__SLOT_STREAM);
        w.type->connect(w.driver, &clients[i].slot, &to);
    }
    world_begin(&w);
    while (accepted < CLIENTS || connected < CLIENTS) {
        world_step(&w, "all are connected", __FILE__, __LINE__);
        accepted += listener.fds_count;
        while (listener.fds_count != 0)
            plain_close(&w, listener.fds[--listener.fds_count]);
        connected = 0;
        for (size_t i = 0; i < CLIENTS; i++)
            connected += clients[i].connected == 0;
    }
    assert_int_equal(accepted, CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        side_finish(&w, &clients[i]);
    side_finish(&w, &listener);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_sends_and_receives_at_once_complete_each_once),
        cmocka_unit_test(thousands_of_detaches_at_once_end_each_once_and_the_others_are_told),
        cmocka_unit_test(thousands_of_connects_are_accepted_each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
