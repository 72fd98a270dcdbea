/* SPDX-License-Identifier: MIT */
/*
 * What simulated Unix datagrams do, and what the kernel's do: the same claims for both.
 */
#include "both_unix.h"

/* ---- datagrams ---- */

static void letters_are_there_at_once_whole_and_in_order(void)
{
    int one = bound(DGRAM, "one"), other = bound(DGRAM, "other"), none = open_one(DGRAM);
    eddy_unix_addr from;
    eddy_datagram it;

    assert_int_equal(take_none(other), -EAGAIN);
    assert_int_equal(post_to(one, "hello", name_of("other")), 5);
    assert_int_equal(post_to(one, "", name_of("other")), 0);
    assert_int_equal(post_to(none, "too long", name_of("other")), 8);
    assert_int_equal(net->ready(other), IN | OUT);
    it = fetch(other, "hello", 31, &from);
    assert_true(same(from, name_of("one")));
    assert_int_equal(it.flags, 0);
    take(other, "");
    it = fetch(other, "too", 3, &from);
    assert_int_equal(from.kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(it.flags, EDDY_DATAGRAM_TRUNCATED);
    assert_int_equal(it.full_len, 8);
    assert_int_equal(take_none(other), -EAGAIN);
    assert_int_equal(net->ready(other), OUT);
    hang_up(one);
    hang_up(other);
    hang_up(none);
}

static void who_is_not_there_refuses(void)
{
    int fd = open_one(DGRAM), messages = bound(MESSAGES, "messages");
    eddy_unix_addr path;

    assert_int_equal(eddy_unix_addr_path("/nowhere/at/all", 15, &path), 0);
    assert_int_equal(post_to(fd, "x", path), -ENOENT);
    assert_int_equal(post_to(fd, "x", name_of("nobody")), -ECONNREFUSED);
    assert_int_equal(connect_name(fd, "nobody"), -ECONNREFUSED);
    assert_int_equal(post_to(fd, "x", name_of("messages")), -ECONNREFUSED); /* of another type */
    assert_int_equal(post(fd, "x"), -ENOTCONN);
    assert_int_equal(post_to(fd, "x", (eddy_unix_addr){0}), -EINVAL);
    hang_up(fd);
    hang_up(messages);
}

static void names_are_kept_and_are_one_each(void)
{
    int one = bound(DGRAM, "one"), other = open_one(DGRAM), messages;
    eddy_unix_addr chosen;

    assert_int_equal(bind_name(other, name_of("one")), -EADDRINUSE);
    assert_int_equal(bind_name(other, (eddy_unix_addr){0}), 0);
    chosen = local_name(other);
    assert_int_equal(chosen.kind, EDDY_UNIX_ABSTRACT);
    assert_int_equal(chosen.len, 5);
    assert_int_equal(bind_name(other, (eddy_unix_addr){0}), 0);
    assert_true(same(local_name(other), chosen));
    assert_int_equal(bind_name(other, name_of("new")), -EINVAL);
    messages = bound(MESSAGES, "one"); /* each type has its own */
    hang_up(messages);
    hang_up(one);
    hang_up(other);
    other = bound(DGRAM, "one");
    hang_up(other);
}

static void a_connected_one_hears_its_peer_alone(void)
{
    int one = bound(DGRAM, "one"), peer = bound(DGRAM, "peer"), stranger = open_one(DGRAM);
    eddy_unix_addr name;

    assert_int_equal(peer_of(one, &name), -ENOTCONN);
    assert_int_equal(connect_name(one, "peer"), 0);
    assert_int_equal(peer_of(one, &name), 0);
    assert_true(same(name, name_of("peer")));
    assert_int_equal(post(one, "hello"), 5);
    take(peer, "hello");
    assert_int_equal(post_to(stranger, "x", name_of("one")), -EPERM);
    assert_int_equal(connect_name(stranger, "one"), -EPERM);
    assert_int_equal(post_to(peer, "back", name_of("one")), 4);
    assert_int_equal(connect_name(one, "peer"), 0); /* nothing is lost by that */
    take(one, "back");
    assert_int_equal(connect_name(peer, "one"), 0);
    hang_up(one);
    hang_up(peer);
    hang_up(stranger);
}

static void another_peer_loses_what_had_come_and_the_old_one_is_told(void)
{
    int one = bound(DGRAM, "one"), peer = bound(DGRAM, "peer"), other = bound(DGRAM, "other");

    assert_int_equal(connect_name(one, "peer"), 0);
    assert_int_equal(connect_name(peer, "one"), 0);
    assert_int_equal(post(peer, "lost"), 4);
    assert_int_equal(connect_name(one, "other"), 0);
    assert_int_equal(take_none(one), -EAGAIN);
    assert_int_equal(net->ready(peer), OUT | EDDY__SIM_BROKEN);
    assert_int_equal(take_none(peer), -ECONNRESET);
    assert_int_equal(take_none(peer), -EAGAIN);
    assert_int_equal(post(peer, "x"), -EPERM);
    hang_up(one);
    hang_up(peer);
    hang_up(other);
}

static void a_peer_that_has_gone_is_found_out_by_sending(void)
{
    int fd = open_one(DGRAM), peer = bound(DGRAM, "peer");
    eddy_unix_addr name;
    two it = pair_of(DGRAM);

    assert_int_equal(connect_name(fd, "peer"), 0);
    hang_up(peer);
    assert_int_equal(peer_of(fd, &name), 0);
    assert_true(same(name, name_of("peer")));
    assert_int_equal(net->ready(fd), OUT);
    assert_int_equal(post(fd, "x"), -ECONNREFUSED);
    assert_int_equal(post(fd, "x"), -ENOTCONN);
    assert_int_equal(peer_of(fd, &name), -ENOTCONN);
    assert_int_equal(post(it.b, "lost"), 4);
    hang_up(it.b);
    assert_int_equal(net->ready(it.a), IN | OUT);
    assert_int_equal(post(it.a, "x"), -ECONNREFUSED);
    assert_int_equal(take_none(it.a), -EAGAIN);
    hang_up(it.a);
    hang_up(fd);
}

static void disconnecting_keeps_the_name(void)
{
    const eddy_addr nobody = {.family = EDDY_ADDR_NONE};
    int one = bound(DGRAM, "one"), peer = bound(DGRAM, "peer");

    assert_int_equal(connect_name(one, "peer"), 0);
    assert_int_equal(post_to(peer, "lost", name_of("one")), 4);
    assert_int_equal(at->type->datagrams->connect(at, one, &nobody), 0);
    assert_int_equal(take_none(one), -EAGAIN);
    assert_int_equal(post(one, "x"), -ENOTCONN);
    assert_true(same(local_name(one), name_of("one")));
    assert_int_equal(post_to(peer, "here", name_of("one")), 4);
    take(one, "here");
    assert_int_equal(at->type->datagrams->connect(at, one, &nobody), 0);
    hang_up(one);
    hang_up(peer);
}

static void one_may_write_to_itself(void)
{
    int fd = bound(DGRAM, "one");

    assert_int_equal(connect_name(fd, "one"), 0);
    assert_int_equal(post(fd, "me"), 2);
    take(fd, "me");
    assert_true(fill(fd, NULL) > 100);
    hang_up(fd);
}

/* ---- room ---- */

static void who_has_a_full_mailbox_gets_no_more_until_he_takes_one(void)
{
    int one = open_one(DGRAM), connected = open_one(DGRAM), other = bound(DGRAM, "other");
    eddy_unix_addr to = name_of("other");

    assert_int_equal(connect_name(connected, "other"), 0);
    assert_int_equal(fill(one, &to), 11);
    assert_int_equal(net->ready(one), OUT); /* it is not its own buffer that is full */
    assert_int_equal(post(connected, "x"), -EAGAIN);
    assert_int_equal(net->ready(connected), 0);
    take(other, "x");
    assert_int_equal(net->ready(connected), OUT);
    assert_int_equal(post(connected, "y"), 1);
    assert_int_equal(post_to(one, "y", to), -EAGAIN);
    hang_up(one);
    take(other, "x"); /* it outlives its sender */
    hang_up(other);
    assert_int_equal(net->ready(connected), OUT);
    hang_up(connected);
}

static void between_peers_the_senders_buffer_is_the_limit(void)
{
    static const eddy__datagram_sort sorts[] = {EDDY__DATAGRAM_UNIX, EDDY__DATAGRAM_SEQPACKET};

    for (int i = 0; i < 2; i++) {
        two it = pair_of(sorts[i]);
        int sent;

        sent = fill(it.a, NULL);
        assert_in_range(sent, 270, 285);
        assert_int_equal(net->ready(it.a), 0);
        assert_int_equal(post(it.b, "other way"), 9);
        for (int k = 0; k < sent; k++) {
            take(it.b, "x");
            if (k < sent / 2)
                assert_int_equal(net->ready(it.a) & OUT, 0);
        }
        assert_int_equal(net->ready(it.a), IN | OUT);
        hang_up_both(it);
    }
}

static void sizes_have_a_limit(void)
{
    static char bytes[212992];
    two it = pair_of(DGRAM);
    eddy_datagram datagram = {.data = bytes, .len = sizeof bytes - 31};
    int value;

    assert_int_equal(calls()->send(at, it.a, DGRAM, &datagram), -EMSGSIZE);
    datagram.len--;
    assert_int_equal(calls()->send(at, it.a, DGRAM, &datagram), datagram.len);
    assert_int_equal(calls()->send(at, it.a, DGRAM, &datagram), -EAGAIN);
    assert_int_equal(at->type->datagrams->set(at, it.b, EDDY__DATAGRAM_SEND_BUFFER, 1), 0);
    assert_int_equal(at->type->datagrams->get(at, it.b, EDDY__DATAGRAM_SEND_BUFFER, &value), 0);
    assert_int_equal(value, 4608);
    datagram.len = 4608;
    assert_int_equal(calls()->send(at, it.b, DGRAM, &datagram), -EMSGSIZE);
    hang_up_both(it);
}

int main(void)
{
    static claim claims[] = {
        CLAIM(letters_are_there_at_once_whole_and_in_order),
        CLAIM(who_is_not_there_refuses),
        CLAIM(names_are_kept_and_are_one_each),
        CLAIM(a_connected_one_hears_its_peer_alone),
        CLAIM(another_peer_loses_what_had_come_and_the_old_one_is_told),
        CLAIM(a_peer_that_has_gone_is_found_out_by_sending),
        CLAIM(disconnecting_keeps_the_name),
        CLAIM(one_may_write_to_itself),
        CLAIM(who_has_a_full_mailbox_gets_no_more_until_he_takes_one),
        CLAIM(between_peers_the_senders_buffer_is_the_limit),
        CLAIM(sizes_have_a_limit),
    };

    return run_on_both(claims, sizeof claims / sizeof *claims);
}
