/* SPDX-License-Identifier: MIT */
/*
 * Whatever the simulated sockets claim about TCP, the kernel is asked too: each claim is one
 * function over the verbs of a socket. What it expects is written once.
 */
#include "both.h"

/* ---- claims: resets ---- */

static void bytes_come_before_a_reset_and_the_error_once(void)
{
    two it = couple();

    say(it.b, "left");
    wait_for(it.a, EDDY__SIM_READABLE);
    reset_from(it.b);
    wait_for(it.a, EDDY__SIM_BROKEN);
    assert_int_equal(net->ready(it.a), BROKEN);
    assert_true(at->type->is_reset(at, it.a));
    hear(it.a, "left");
    assert_int_equal(hear_none(it.a), -ECONNRESET);
    assert_int_equal(hear_none(it.a), 0);
    assert_int_equal(say_one(it.a), -EPIPE);
    assert_int_equal(net->take_error(it.a), 0);
    assert_int_equal(net->ready(it.a), DEAD);
    hang_up(it.a);
}

static void a_send_tells_the_reset_and_leaves_the_bytes(void)
{
    two it = couple();

    say(it.b, "left");
    wait_for(it.a, EDDY__SIM_READABLE);
    reset_from(it.b);
    wait_for(it.a, EDDY__SIM_BROKEN);
    assert_int_equal(say_one(it.a), -ECONNRESET);
    assert_int_equal(say_one(it.a), -EPIPE);
    hear(it.a, "left");
    assert_int_equal(hear_none(it.a), 0);
    hang_up(it.a);
}

static void so_error_tells_the_reset_once(void)
{
    two it = couple();

    reset_from(it.b);
    wait_for(it.a, EDDY__SIM_BROKEN);
    assert_int_equal(net->take_error(it.a), -ECONNRESET);
    assert_int_equal(net->take_error(it.a), 0);
    assert_int_equal(hear_none(it.a), 0);
    assert_int_equal(say_one(it.a), -EPIPE);
    hang_up(it.a);
}

static void a_close_with_unread_bytes_resets(void)
{
    two it = couple();

    say(it.a, "unread");
    wait_for(it.b, EDDY__SIM_READABLE);
    hang_up(it.b);
    wait_for(it.a, EDDY__SIM_BROKEN);
    assert_int_equal(hear_none(it.a), -ECONNRESET);
    hang_up(it.a);
}

static void a_close_with_an_unread_end_does_not(void)
{
    two it = couple();

    assert_int_equal(net->shutdown(it.a), 0);
    wait_for(it.b, EDDY__SIM_PEER_END);
    hang_up(it.b);
    wait_for(it.a, ENDED);
    assert_int_equal(net->take_error(it.a), 0);
    assert_int_equal(hear_none(it.a), 0);
    hang_up(it.a);
}

static void a_write_after_the_peer_closed_works_once(void)
{
    two it = couple();

    hang_up(it.b);
    wait_for(it.a, ENDED);
    assert_int_equal(net->ready(it.a), ENDED | EDDY__SIM_WRITABLE);
    assert_false(at->type->is_reset(at, it.a));
    assert_int_equal(say_one(it.a), 1);
    wait_for(it.a, EDDY__SIM_BROKEN);
    assert_int_equal(net->ready(it.a), BROKEN);
    assert_int_equal(hear_none(it.a), 0); /* the end, not the error */
    assert_int_equal(net->take_error(it.a), -EPIPE);
    assert_int_equal(say_one(it.a), -EPIPE);
    hang_up(it.a);
}

static void bytes_for_a_closed_descriptor_reset_who_sends_them(void)
{
    two it = couple();

    assert_int_equal(net->shutdown(it.b), 0);
    hang_up(it.b);
    wait_for(it.a, ENDED);
    assert_int_equal(say_one(it.a), 1);
    wait_for(it.a, EDDY__SIM_BROKEN);
    assert_int_equal(say_one(it.a), -EPIPE);
    hang_up(it.a);
}

static void after_both_ends_went_a_reset_is_no_error(void)
{
    two it = couple();

    assert_int_equal(net->shutdown(it.a), 0);
    wait_for(it.b, ENDED);
    reset_from(it.b);
    wait_for(it.a, EDDY__SIM_HUNG);
    assert_int_equal(net->take_error(it.a), -ECONNRESET); /* its end had not come */
    assert_int_equal(hear_none(it.a), 0);
    hang_up(it.a);
}

/* ---- claims: ends ---- */

static void a_half_closed_connection_still_carries_the_other_way(void)
{
    two it = couple();

    say(it.a, "last");
    assert_int_equal(net->shutdown(it.a), 0);
    assert_int_equal(net->shutdown(it.a), 0);
    assert_int_equal(say_one(it.a), -EPIPE);
    wait_for(it.b, ENDED);
    hear(it.b, "last");
    assert_int_equal(hear_none(it.b), 0);
    say(it.b, "answer");
    hear(it.a, "answer");
    assert_int_equal(hear_none(it.a), -EAGAIN);
    hang_up_both(it);
}

static void both_ends_gone_is_hung_up_without_an_error(void)
{
    two it = couple();

    assert_int_equal(net->shutdown(it.a), 0);
    wait_for(it.b, ENDED);
    assert_int_equal(net->shutdown(it.b), 0);
    wait_for(it.a, DEAD);
    wait_for(it.b, DEAD);
    assert_int_equal(net->ready(it.a), DEAD);
    assert_int_equal(hear_none(it.a), 0);
    assert_int_equal(hear_none(it.b), 0);
    assert_int_equal(say_one(it.b), -EPIPE);
    for (int i = 0; i < STEPS_MAX && !at->type->is_reset(at, it.b); i++)
        (void)net->step();
    assert_true(at->type->is_reset(at, it.a));
    assert_true(at->type->is_reset(at, it.b));
    assert_int_equal(net->shutdown(it.b), -ENOTCONN);
    hang_up_both(it);
}

static void what_was_sent_before_a_close_arrives(void)
{
    two it = couple();

    say(it.a, "one ");
    say(it.a, "two");
    hang_up(it.a);
    wait_for(it.b, ENDED);
    hear(it.b, "one two");
    assert_int_equal(hear_none(it.b), 0);
    hang_up(it.b);
}

/* ---- claims: connecting ---- */

static eddy_addr free_port(void)
{
    int l = listener();
    eddy_addr addr = local_of(l);

    hang_up(l);
    return addr;
}

static void a_connect_to_a_closed_port_is_refused_once(void)
{
    eddy_addr nobody = free_port();
    int fd = make();

    (void)net->connect(fd, &nobody);
    wait_for(fd, EDDY__SIM_BROKEN);
    assert_int_equal(net->ready(fd), BROKEN);
    assert_int_equal(net->take_error(fd), -ECONNREFUSED);
    assert_int_equal(net->take_error(fd), 0);
    assert_int_equal(say_one(fd), -EPIPE);
    assert_int_equal(hear_none(fd), 0);
    hang_up(fd);
}

static void a_full_backlog_lets_one_more_in_and_then_nobody(void)
{
    int l = listen_on(eddy_addr_ipv4_loopback(0), 1);
    int first = connect_to(l), second, third;

    wait_for(first, EDDY__SIM_WRITABLE);
    second = connect_to(l);
    wait_for(second, EDDY__SIM_WRITABLE);
    wait_for(l, EDDY__SIM_READABLE);
    third = connect_to(l);
    for (int i = 0; i < 5; i++)
        (void)net->step();
    assert_int_equal(net->ready(third), 0);
    assert_int_equal(say_one(third), -EAGAIN);
    assert_int_equal(hear_none(third), -EAGAIN);
    hang_up(third);
    hang_up(first);
    hang_up(second);
    hang_up(l);
}

static void a_connection_works_before_it_is_accepted(void)
{
    int l = listener(), client = connect_to(l), server;

    wait_for(client, EDDY__SIM_WRITABLE);
    say(client, "early");
    wait_for(l, EDDY__SIM_READABLE);
    server = net->accept(l);
    hear(server, "early");
    hang_up(server);
    hang_up(client);
    hang_up(l);
}

static void one_that_was_reset_in_the_queue_is_accepted(void)
{
    int l = listener(), client = connect_to(l), server;

    wait_for(client, EDDY__SIM_WRITABLE);
    wait_for(l, EDDY__SIM_READABLE);
    reset_from(client);
    for (int i = 0; i < 5; i++)
        (void)net->step();
    server = net->accept(l);
    assert_true(server >= 0);
    assert_int_equal(hear_none(server), -ECONNRESET);
    assert_int_equal(net->accept(l), -EAGAIN);
    hang_up(server);
    hang_up(l);
}

static void closing_a_listener_resets_those_who_wait(void)
{
    int l = listener(), client = connect_to(l);

    wait_for(client, EDDY__SIM_WRITABLE);
    wait_for(l, EDDY__SIM_READABLE);
    hang_up(l);
    wait_for(client, EDDY__SIM_BROKEN);
    assert_int_equal(hear_none(client), -ECONNRESET);
    hang_up(client);
}

static void a_fresh_socket_is_not_connected(void)
{
    int fd = make();
    eddy_addr addr;

    assert_int_equal(net->ready(fd), EDDY__SIM_WRITABLE | EDDY__SIM_HUNG);
    assert_int_equal(hear_none(fd), -ENOTCONN);
    assert_int_equal(say_one(fd), -EPIPE);
    assert_int_equal(net->shutdown(fd), -ENOTCONN);
    assert_int_equal(at->type->peer_addr(at, fd, &addr), -ENOTCONN);
    addr = local_of(fd);
    assert_true(eddy_addr_is_any(&addr) && addr.port == 0);
    hang_up(fd);
}

static void a_second_connect_is_told_why_not(void)
{
    int l = listener(), fd = connect_to(l);
    eddy_addr addr = local_of(l);

    wait_for(fd, EDDY__SIM_WRITABLE);
    if (net->connect(fd, &addr) == 0) /* the kernel tells the first one's success so */
        assert_int_equal(net->connect(fd, &addr), -EISCONN);
    hang_up(fd);
    hang_up(l);
}

/* ---- claims: accepting ---- */

static void accept_tells_that_nobody_is_there(void)
{
    int l = listener(), fd = make();

    assert_int_equal(net->ready(l), 0);
    assert_int_equal(net->accept(l), -EAGAIN);
    assert_int_equal(net->accept(fd), -EINVAL);
    assert_int_equal(hear_none(l), -ENOTCONN);
    assert_int_equal(say_one(l), -EPIPE);
    hang_up(fd);
    hang_up(l);
}

static void accepted_sockets_inherit_options(void)
{
    eddy__socket_listen how = {.backlog = 4, .nodelay = true, .only_v6 = -1};
    eddy_addr addr = eddy_addr_ipv4_loopback(0);
    int l = at->type->listen(at, &addr, &how), client = connect_to(l), server, value = 0;

    wait_for(l, EDDY__SIM_READABLE);
    server = net->accept(l);
    assert_int_equal(at->type->get(at, server, EDDY__SOCKET_NODELAY, &value), 0);
    assert_int_equal(value, 1);
    hang_up(server);
    hang_up(client);
    hang_up(l);
}

/* ---- claims: full buffers ---- */

static void a_full_socket_is_writable_again_when_a_third_is_free(void)
{
    static char block[65536];
    two it = couple();
    int64_t sent = 0, got = 0, n;

    for (int i = 0; i < 200; i++) {
        while ((n = net->send(it.a, block, sizeof block)) > 0)
            sent += n;
        assert_int_equal(n, -EAGAIN);
        (void)net->step();
    }
    assert_int_equal(net->ready(it.a), 0);
    assert_int_equal(net->ready(it.b) & ENDED, EDDY__SIM_READABLE);
    for (int i = 0; got < sent && i < STEPS_MAX; i++) {
        while ((n = net->recv(it.b, block, sizeof block)) > 0)
            got += n;
        assert_int_equal(n, -EAGAIN);
        if (got < sent)
            (void)net->step();
    }
    assert_int_equal(got, sent);
    wait_for(it.a, EDDY__SIM_WRITABLE);
    hang_up_both(it);
}

/* ---- running ---- */

static claim claims[] = {
    CLAIM(bytes_come_before_a_reset_and_the_error_once),
    CLAIM(a_send_tells_the_reset_and_leaves_the_bytes),
    CLAIM(so_error_tells_the_reset_once),
    CLAIM(a_close_with_unread_bytes_resets),
    CLAIM(a_close_with_an_unread_end_does_not),
    CLAIM(a_write_after_the_peer_closed_works_once),
    CLAIM(bytes_for_a_closed_descriptor_reset_who_sends_them),
    CLAIM(after_both_ends_went_a_reset_is_no_error),
    CLAIM(a_half_closed_connection_still_carries_the_other_way),
    CLAIM(both_ends_gone_is_hung_up_without_an_error),
    CLAIM(what_was_sent_before_a_close_arrives),
    CLAIM(a_connect_to_a_closed_port_is_refused_once),
    CLAIM(a_full_backlog_lets_one_more_in_and_then_nobody),
    CLAIM(a_connection_works_before_it_is_accepted),
    CLAIM(one_that_was_reset_in_the_queue_is_accepted),
    CLAIM(closing_a_listener_resets_those_who_wait),
    CLAIM(a_fresh_socket_is_not_connected),
    CLAIM(a_second_connect_is_told_why_not),
    CLAIM(accept_tells_that_nobody_is_there),
    CLAIM(accepted_sockets_inherit_options),
    CLAIM(a_full_socket_is_writable_again_when_a_third_is_free),
};

int main(void)
{
    return run_on_both(claims, sizeof claims / sizeof *claims);
}
