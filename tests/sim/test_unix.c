/* SPDX-License-Identifier: MIT */
/*
 * Tests of src/sim/unix.c: names on a simulated host, and how connections under names end. What the
 * kernel's sockets do so, too, is shown by tests/net/test_unix*.c.
 */
#include "failing.h"

#include "eddy/unix.h"
#include "sys/unix.h"

static const eddy__unix_sockets *unix_of(const eddy__sim_host *host)
{
    return host->system.type->unix_sockets;
}

static eddy_unix_addr name_of(eddy_unix_kind kind, const char *text)
{
    eddy_unix_addr addr = {.kind = (uint8_t)kind, .len = (uint8_t)strlen(text)};

    memcpy(addr.name, text, addr.len);
    return addr;
}

static eddy_unix_addr path(const char *text)
{
    return name_of(EDDY_UNIX_PATH, text);
}

static int unix_listen(eddy__sim_host *host, eddy_unix_addr name, eddy__unix_place *place)
{
    const eddy__unix_listen how = {.backlog = 2, .mode = -1};

    return unix_of(host)->listen(&host->system, &name, &how, place);
}

static int unix_connect(eddy__sim_host *host, eddy_unix_addr name)
{
    return unix_of(host)->connect(&host->system, &name);
}

static eddy_unix_addr local_name(eddy__sim_host *host, int fd)
{
    eddy_unix_addr name;

    assert_int_equal(unix_of(host)->local_name(&host->system, fd, &name), 0);
    return name;
}

static eddy_unix_addr peer_name(eddy__sim_host *host, int fd)
{
    eddy_unix_addr name;

    assert_int_equal(unix_of(host)->peer_name(&host->system, fd, &name), 0);
    return name;
}

static bool same(eddy_unix_addr one, eddy_unix_addr other)
{
    return memcmp(&one, &other, sizeof one) == 0;
}

static two named_couple(void)
{
    eddy__unix_place place;
    int l = unix_listen(a, path("/run/it"), &place);
    two it;

    assert_true(l >= 0);
    it.a = unix_connect(a, path("/run/it"));
    it.b = eddy__sim_accept(a, l);
    assert_true(it.a >= 0 && it.b >= 0);
    unix_of(a)->remove(&a->system, &place);
    hang_up(a, l);
    return it;
}

/* ---- names ---- */

static void a_connection_stands_at_once_and_both_ends_know_the_name(void **state)
{
    eddy_unix_credentials who = {.uid = 7};
    eddy_addr none = addr_of(a, 1);
    eddy__unix_place place;
    int l = unix_listen(a, path("/run/it"), &place), client, server;

    (void)state;
    assert_true(place.ours);
    client = unix_connect(a, path("/run/it"));
    assert_true(client >= 0);
    say(a, client, "hello");
    assert_int_equal(eddy__sim_ready(a, l), EDDY__SIM_READABLE);
    server = eddy__sim_accept(a, l);
    (void)wait_for(a, server, EDDY__SIM_READABLE);
    hear(a, server, "hello");
    assert_true(same(peer_name(a, client), path("/run/it")));
    assert_true(same(local_name(a, server), path("/run/it")));
    assert_true(same(local_name(a, l), path("/run/it")));
    assert_int_equal(local_name(a, client).kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(peer_name(a, server).kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(unix_of(a)->credentials(&a->system, client, &who), 0);
    assert_int_equal(who.uid, 0);
    assert_true(who.pid > 0);
    assert_int_equal(a->system.type->local_addr(&a->system, client, &none), 0);
    assert_int_equal(none.family, EDDY_ADDR_NONE);
}

static void a_name_is_of_its_host_alone(void **state)
{
    eddy__unix_place place;

    (void)state;
    assert_true(unix_listen(a, path("/run/it"), &place) >= 0);
    assert_int_equal(unix_connect(b, path("/run/it")), -ENOENT);
    assert_int_equal(unix_connect(a, name_of(EDDY_UNIX_ABSTRACT, "/run/it")), -ECONNREFUSED);
    assert_int_equal(unix_connect(a, (eddy_unix_addr){0}), -EINVAL);
    assert_true(unix_listen(b, path("/run/it"), &place) >= 0);
    assert_true(unix_connect(b, path("/run/it")) >= 0);
}

static void a_path_stays_behind_and_is_replaced_on_request_alone(void **state)
{
    eddy_unix_addr name = path("/run/it");
    eddy__unix_listen how = {.backlog = 2, .mode = -1};
    eddy__unix_place first, second;
    int l = unix_listen(a, name, &first);

    (void)state;
    assert_int_equal(unix_listen(a, name, &second), -EADDRINUSE);
    assert_int_equal(unix_of(a)->is_stale(&a->system, &name), 0);
    how.replace_stale = true;
    assert_int_equal(unix_of(a)->listen(&a->system, &name, &how, &second), -EADDRINUSE);
    hang_up(a, l);
    assert_int_equal(unix_of(a)->is_stale(&a->system, &name), 1);
    assert_int_equal(unix_connect(a, name), -ECONNREFUSED);
    assert_int_equal(unix_listen(a, name, &second), -EADDRINUSE);
    l = unix_of(a)->listen(&a->system, &name, &how, &second);
    assert_true(l >= 0);
    unix_of(a)->remove(&a->system, &first); /* no longer its own */
    assert_true(unix_connect(a, name) >= 0);
    unix_of(a)->remove(&a->system, &second);
    assert_int_equal(unix_connect(a, name), -ENOENT);
    unix_of(a)->remove(&a->system, &second); /* once */
    assert_int_equal(unix_of(a)->is_stale(&a->system, &name), 0);
}

static void an_abstract_name_goes_with_its_socket(void **state)
{
    eddy_unix_addr name = name_of(EDDY_UNIX_ABSTRACT, "it");
    eddy__unix_place place;
    int l = unix_listen(a, name, &place);

    (void)state;
    assert_false(place.ours);
    assert_int_equal(unix_listen(a, name, &place), -EADDRINUSE);
    assert_true(unix_connect(a, name) >= 0);
    hang_up(a, l);
    assert_int_equal(unix_connect(a, name), -ECONNREFUSED);
    assert_true(unix_listen(a, name, &place) >= 0);
}

static void who_names_none_is_given_one(void **state)
{
    eddy__unix_place place;
    int one = unix_listen(a, (eddy_unix_addr){0}, &place);
    int other = unix_listen(a, (eddy_unix_addr){0}, &place);

    (void)state;
    assert_int_equal(local_name(a, one).kind, EDDY_UNIX_ABSTRACT);
    assert_int_equal(local_name(a, one).len, 5);
    assert_false(same(local_name(a, one), local_name(a, other)));
    assert_true(unix_connect(a, local_name(a, other)) >= 0);
}

static void who_comes_when_the_queue_is_full_is_told_to_come_again(void **state)
{
    eddy__unix_place place;
    int l = unix_listen(a, path("/run/it"), &place), n = 0, error;

    (void)state;
    while ((error = unix_connect(a, path("/run/it"))) >= 0)
        n++;
    assert_int_equal(error, -EAGAIN);
    assert_int_equal(n, 3); /* one more than the backlog, as on Linux */
    assert_true(eddy__sim_accept(a, l) >= 0);
    assert_true(unix_connect(a, path("/run/it")) >= 0);
}

static void a_crash_leaves_the_paths_and_no_abstract_name(void **state)
{
    eddy_unix_addr name = path("/run/it");
    eddy__unix_place place, other;

    (void)state;
    assert_true(unix_listen(a, name, &place) >= 0);
    assert_true(unix_listen(a, name_of(EDDY_UNIX_ABSTRACT, "it"), &other) >= 0);
    eddy__sim_host_crash(a);
    unix_of(a)->remove(&a->system, &place); /* it is too late for that */
    eddy__sim_host_start(a);
    assert_int_equal(unix_of(a)->is_stale(&a->system, &name), 1);
    assert_int_equal(unix_connect(a, name_of(EDDY_UNIX_ABSTRACT, "it")), -ECONNREFUSED);
    assert_true(unix_listen(a, name_of(EDDY_UNIX_ABSTRACT, "it"), &other) >= 0);
}

/* ---- endings ---- */

static void what_was_sent_before_the_end_arrives(void **state)
{
    two it = named_couple();

    (void)state;
    say(a, it.a, "last words");
    hang_up(a, it.a);
    (void)wait_for(a, it.b, EDDY__SIM_PEER_END);
    hear(a, it.b, "last words");
    assert_int_equal(hear_none(a, it.b), 0);
    assert_int_equal(hear_none(a, it.b), 0);
    assert_int_equal(eddy__sim_send(a, it.b, "x", 1), -EPIPE);
    assert_true((eddy__sim_ready(a, it.b) & EDDY__SIM_HUNG) != 0);
}

static void what_was_left_unread_is_an_error_behind_all_that_came(void **state)
{
    static unsigned char much[200000];
    two it = named_couple();
    size_t sent = 0, got = 0;

    (void)state;
    assert_int_equal(pour(a, it.b, &sent, sizeof much), -EAGAIN); /* more than the window holds */
    say(a, it.a, "not read");
    run_for(MS);
    hang_up(a, it.b);
    for (int64_t n = 1; got < sent; run_for(MS)) {
        n = drink(a, it.a, &got);
        assert_true(n == -EAGAIN || got == sent);
        if (n == -ECONNRESET)
            return;
    }
    assert_int_equal(hear_none(a, it.a), -ECONNRESET);
    assert_int_equal(hear_none(a, it.a), 0); /* once */
}

static void what_comes_after_the_close_is_an_error_too_and_only_once(void **state)
{
    two it = named_couple();

    (void)state;
    hang_up(a, it.b);
    say(a, it.a, "crossing");
    (void)wait_for(a, it.a, EDDY__SIM_BROKEN);
    assert_int_equal(eddy__sim_send(a, it.a, "x", 1), -EPIPE); /* does not take it */
    assert_int_equal(hear_none(a, it.a), -ECONNRESET);
    assert_int_equal(hear_none(a, it.a), 0);
    run_for(MS);
    assert_int_equal(hear_none(a, it.a), 0);
}

/* The kernel's is in the queue of the peer as soon as it is written. */
static void what_is_under_way_counts_as_unread(void **state)
{
    two it = named_couple();

    (void)state;
    say(a, it.a, "on its way");
    hang_up(a, it.b);
    (void)wait_for(a, it.a, EDDY__SIM_PEER_END);
    assert_int_equal(hear_none(a, it.a), -ECONNRESET);
    assert_int_equal(hear_none(a, it.a), 0);
    run_for(MS);
    assert_int_equal(hear_none(a, it.a), 0);
}

static void a_half_close_is_no_close(void **state)
{
    two it = named_couple();

    (void)state;
    assert_int_equal(eddy__sim_shutdown(a, it.a), 0);
    (void)wait_for(a, it.b, EDDY__SIM_PEER_END);
    assert_int_equal(hear_none(a, it.b), 0);
    say(a, it.b, "still here");
    (void)wait_for(a, it.a, EDDY__SIM_READABLE);
    hear(a, it.a, "still here");
    hang_up(a, it.a);
    (void)wait_for(a, it.b, EDDY__SIM_HUNG);
    assert_int_equal(eddy__sim_send(a, it.b, "x", 1), -EPIPE);
}

static void throwing_it_away_is_an_end(void **state)
{
    two it = named_couple();

    (void)state;
    assert_int_equal(a->system.type->set(&a->system, it.a, EDDY__SOCKET_LINGER, 0), 0);
    say(a, it.a, "x");
    hang_up(a, it.a);
    run_for(MS);
    hear(a, it.b, "x");
    assert_int_equal(hear_none(a, it.b), 0);
}

static void who_was_never_accepted_is_reset(void **state)
{
    eddy__unix_place place;
    int l = unix_listen(a, path("/run/it"), &place), client = unix_connect(a, path("/run/it"));

    (void)state;
    hang_up(a, l);
    (void)wait_for(a, client, EDDY__SIM_BROKEN);
    assert_int_equal(hear_none(a, client), -ECONNRESET);
}

static void a_pair_has_no_names_and_no_options_of_tcp(void **state)
{
    int fds[2], value, plain[2];
    eddy_unix_addr name;

    (void)state;
    assert_int_equal(unix_of(a)->pair(&a->system, fds), 0);
    assert_int_equal(local_name(a, fds[0]).kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(peer_name(a, fds[1]).kind, EDDY_UNIX_UNNAMED);
    say(a, fds[0], "x");
    (void)wait_for(a, fds[1], EDDY__SIM_READABLE);
    hear(a, fds[1], "x");
    assert_int_equal(a->system.type->set(&a->system, fds[0], EDDY__SOCKET_NODELAY, 1), -EOPNOTSUPP);
    assert_int_equal(a->system.type->get(&a->system, fds[0], EDDY__SOCKET_TTL, &value),
                     -EOPNOTSUPP);
    assert_int_equal(a->system.type->set(&a->system, fds[0], EDDY__SOCKET_SEND_BUFFER, 4096), 0);
    assert_int_equal(a->system.type->pair(&a->system, plain), 0);
    assert_int_equal(unix_of(a)->local_name(&a->system, plain[0], &name), -EAFNOSUPPORT);
    assert_int_equal(unix_of(a)->peer_name(&a->system, 5, &name), -EBADF);
}

static void no_descriptor_is_left_of_what_could_not_be(void **state)
{
    eddy__unix_place place;
    int fds[2];

    (void)state;
    assert_true(unix_listen(a, path("/run/it"), &place) >= 0);
    a->fds_max = a->fds_used + 1;
    assert_int_equal(unix_of(a)->pair(&a->system, fds), -EMFILE);
    assert_int_equal(unix_connect(a, path("/run/other")), -ENOENT);
    assert_int_equal(unix_listen(a, path("/run/it"), &place), -EADDRINUSE);
    assert_int_equal(a->fds_used, 1);
    a->fds_max = 1;
    assert_int_equal(unix_connect(a, path("/run/it")), -EMFILE);
    assert_int_equal(unix_listen(a, path("/run/other"), &place), -EMFILE);
}

/* What the n-th allocation is for fails, and takes nothing with it. */
static void without_memory_it_fails_and_leaves_nothing(void **state)
{
    bool done = false;

    (void)state;
    for (uint64_t n = 1; !done; n++) {
        eddy__unix_place place;
        int l, client = -ENOMEM, pair = -ENOMEM, fds[2];

        open_failing_room();
        fail_at = n;
        l = unix_listen(a, path("/run/it"), &place);
        if (l >= 0)
            client = unix_connect(a, path("/run/it"));
        if (client >= 0)
            pair = unix_of(a)->pair(&a->system, fds);
        assert_true(l >= 0 || l == -ENOMEM);
        assert_true(client >= 0 || client == -ENOMEM);
        assert_true(pair == 0 || pair == -ENOMEM);
        done = fail_at > 0;
        assert_true(done == (pair == 0));
        assert_int_equal(a->fds_used, (l >= 0) + (client >= 0) + 2 * (pair == 0));
        close_failing_room();
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_stands_at_once_and_both_ends_know_the_name),
        TEST(a_name_is_of_its_host_alone),
        TEST(a_path_stays_behind_and_is_replaced_on_request_alone),
        TEST(an_abstract_name_goes_with_its_socket),
        TEST(who_names_none_is_given_one),
        TEST(who_comes_when_the_queue_is_full_is_told_to_come_again),
        TEST(a_crash_leaves_the_paths_and_no_abstract_name),
        TEST(what_was_sent_before_the_end_arrives),
        TEST(what_was_left_unread_is_an_error_behind_all_that_came),
        TEST(what_comes_after_the_close_is_an_error_too_and_only_once),
        TEST(what_is_under_way_counts_as_unread),
        TEST(a_half_close_is_no_close),
        TEST(throwing_it_away_is_an_end),
        TEST(who_was_never_accepted_is_reset),
        TEST(a_pair_has_no_names_and_no_options_of_tcp),
        TEST(no_descriptor_is_left_of_what_could_not_be),
        cmocka_unit_test(without_memory_it_fails_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
