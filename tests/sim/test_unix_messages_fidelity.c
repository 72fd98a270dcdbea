/* SPDX-License-Identifier: MIT */
/*
 * What simulated connections of messages and credentials do, and what the kernel's do: the same claims
 * for both.
 */
#include "both_unix.h"

/* ---- connections of messages ---- */

static void a_connection_is_made_and_accepted(void)
{
    int l = listening("l", 1), client = open_one(MESSAGES), server;
    eddy_unix_addr name;

    assert_int_equal(net->ready(client), OUT | EDDY__SIM_HUNG);
    assert_int_equal(calls()->accept(at, l), -EAGAIN);
    assert_int_equal(net->ready(l), 0);
    assert_int_equal(connect_name(client, "l"), 0);
    assert_int_equal(net->ready(l), IN);
    assert_int_equal(net->ready(client), OUT);
    assert_int_equal(connect_name(client, "l"), -EISCONN);
    assert_int_equal(post(client, "early"), 5);
    server = calls()->accept(at, l);
    assert_true(server >= 0);
    take(server, "early");
    assert_true(same(local_name(server), name_of("l")));
    assert_int_equal(peer_of(client, &name), 0);
    assert_true(same(name, name_of("l")));
    assert_int_equal(peer_of(server, &name), 0);
    assert_int_equal(name.kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(post_to(client, "who cares", name_of("nobody")), 9);
    take(server, "who cares");
    hang_up(l);
    hang_up(client);
    hang_up(server);
}

static void mistakes_are_told(void)
{
    int l = listening("l", 1), deaf = bound(MESSAGES, "deaf"), fresh = open_one(MESSAGES);
    int dgram = open_one(DGRAM);
    eddy_unix_addr name;
    two it = pair_of(MESSAGES);

    assert_int_equal(take_none(fresh), -ENOTCONN);
    assert_int_equal(post(fresh, "x"), -ENOTCONN);
    assert_int_equal(calls()->listen(at, fresh, 1), -EINVAL);
    assert_int_equal(calls()->accept(at, fresh), -EINVAL);
    assert_int_equal(calls()->accept(at, it.a), -EINVAL);
    assert_int_equal(calls()->listen(at, it.a, 1), -EINVAL);
    assert_int_equal(calls()->listen(at, dgram, 1), -EOPNOTSUPP);
    assert_int_equal(calls()->accept(at, dgram), -EOPNOTSUPP);
    assert_int_equal(connect_name(fresh, "deaf"), -ECONNREFUSED);
    assert_int_equal(take_none(l), -ENOTCONN);
    assert_int_equal(post(l, "x"), -ENOTCONN);
    assert_int_equal(connect_name(l, "l"), -EINVAL);
    assert_int_equal(peer_of(l, &name), -ENOTCONN);
    hang_up(l);
    hang_up(deaf);
    hang_up(fresh);
    hang_up(dgram);
    hang_up_both(it);
}

static void a_full_listener_has_no_room_and_one_that_goes_resets(void)
{
    int l = listening("l", 1), clients[3];
    eddy_unix_addr name;

    for (int i = 0; i < 3; i++) {
        clients[i] = open_one(MESSAGES);
        assert_int_equal(connect_name(clients[i], "l"), i < 2 ? 0 : -EAGAIN);
    }
    hang_up(l);
    assert_int_equal(take_none(clients[0]), -ECONNRESET);
    assert_int_equal(take_none(clients[0]), EDDY_CLOSED);
    assert_int_equal(post(clients[0], "x"), -EPIPE);
    assert_int_equal(peer_of(clients[0], &name), 0);
    assert_true(same(name, name_of("l")));
    for (int i = 0; i < 3; i++)
        hang_up(clients[i]);
}

static void the_end_comes_behind_all_messages_and_is_none(void)
{
    two it = pair_of(MESSAGES);

    assert_int_equal(post(it.a, ""), 0);
    assert_int_equal(post(it.a, "x"), 1);
    hang_up(it.a);
    assert_int_equal(net->ready(it.b), DEAD);
    take(it.b, "");
    take(it.b, "x");
    assert_int_equal(take_none(it.b), EDDY_CLOSED);
    assert_int_equal(take_none(it.b), EDDY_CLOSED);
    assert_int_equal(post(it.b, "x"), -EPIPE);
    hang_up(it.b);
}

static void what_was_left_unread_is_an_error_before_what_had_come(void)
{
    two it = pair_of(MESSAGES);

    assert_int_equal(post(it.a, "came"), 4);
    assert_int_equal(post(it.b, "unread"), 6);
    hang_up(it.a);
    assert_int_equal(net->ready(it.b), BROKEN);
    assert_int_equal(take_none(it.b), -ECONNRESET);
    take(it.b, "came");
    assert_int_equal(take_none(it.b), EDDY_CLOSED);
    hang_up(it.b);
    it = pair_of(MESSAGES);
    assert_int_equal(post(it.b, "unread"), 6);
    hang_up(it.a);
    assert_int_equal(post(it.b, "x"), -ECONNRESET);
    assert_int_equal(post(it.b, "x"), -EPIPE);
    hang_up(it.b);
}

/* ---- credentials ---- */

static eddy_unix_credentials peer_credentials(int fd)
{
    eddy_unix_credentials who;

    assert_int_equal(at->type->unix_sockets->credentials(at, fd, &who), 0);
    return who;
}

static void who_is_at_the_other_end_is_known_of_pairs_and_connections(void)
{
    int l = listening("l", 1), client = open_one(MESSAGES), one = open_one(DGRAM);
    int other = bound(DGRAM, "other");
    two it = pair_of(DGRAM);

    assert_int_equal(peer_credentials(client).pid, 0);
    assert_int_equal(peer_credentials(client).uid, UINT32_MAX);
    assert_int_equal(connect_name(client, "l"), 0);
    assert_true(peer_credentials(client).pid > 0);
    assert_true(peer_credentials(it.a).pid > 0);
    assert_int_equal(connect_name(one, "other"), 0);
    assert_int_equal(peer_credentials(one).pid, 0);
    assert_int_equal(peer_credentials(one).gid, UINT32_MAX);
    hang_up(l);
    hang_up(client);
    hang_up(one);
    hang_up(other);
    hang_up_both(it);
}

static eddy_passed take_signed(int fd)
{
    char memory[8];
    eddy_passed passed = {.room = 0};
    eddy_datagram it = {.data = memory, .room = sizeof memory, .passed = &passed};

    assert_int_equal(calls()->recv(at, fd, sort_of(fd), &it), 0);
    assert_int_equal(it.flags, 0);
    assert_int_equal(passed.count, 0);
    return passed;
}

static void letters_are_signed_from_when_it_is_asked_for(void)
{
    two it = pair_of(DGRAM);
    eddy_passed passed;

    assert_int_equal(post(it.a, "before"), 6);
    assert_int_equal(post(it.a, "before"), 6);
    assert_false(take_signed(it.b).has_credentials);
    assert_int_equal(calls()->tell_credentials(at, it.b, true), 0);
    passed = take_signed(it.b);
    assert_true(passed.has_credentials);
    assert_int_equal(passed.credentials.pid, 0);
    assert_int_equal(passed.credentials.uid, 65534);
    assert_int_equal(post(it.a, "x"), 1);
    assert_true(take_signed(it.b).credentials.pid > 0);
    assert_int_equal(local_name(it.b).kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(post(it.b, "x"), 1);
    assert_int_equal(local_name(it.b).kind, EDDY_UNIX_ABSTRACT); /* now it has a name */
    hang_up_both(it);
}

int main(void)
{
    static claim claims[] = {
        CLAIM(a_connection_is_made_and_accepted),
        CLAIM(mistakes_are_told),
        CLAIM(a_full_listener_has_no_room_and_one_that_goes_resets),
        CLAIM(the_end_comes_behind_all_messages_and_is_none),
        CLAIM(what_was_left_unread_is_an_error_before_what_had_come),
        CLAIM(who_is_at_the_other_end_is_known_of_pairs_and_connections),
        CLAIM(letters_are_signed_from_when_it_is_asked_for),
    };

    return run_on_both(claims, sizeof claims / sizeof *claims);
}
