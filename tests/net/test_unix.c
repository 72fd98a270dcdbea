/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_unix.c - Unix streams are streams: connecting in all its ways, bytes, ends, names. Listening and
 * its paths: test_unix_listen.c.
 */
#include "unixes.h"

#include "eddy/serve.h"
#include "eddy/tcp_options.h"

enum { LARGE = 300 * 1000, CLIENTS = 20 };
static unsigned char large[LARGE];

/* Two ends that are connected at a path, and no longer reachable there. */
static void both_ends(eddy_core *core, eddy_unix **client, eddy_tcp **served)
{
    eddy_unix_addr addr = at_path("both");
    eddy_listener *listener = listener_at(core, &addr);

    *client = connect_to(core, &addr);
    assert_int_equal(test_connected(core, *client), 0);
    *served = test_accept(core, listener);
    eddy_listener_free(listener);
}

/* ---- connecting ---- */

static void a_client_and_its_server_talk_and_end(void **state)
{
    eddy_core *core = test_core();
    eddy_unix *client;
    eddy_tcp *served;

    (void)state;
    both_ends(core, &client, &served);
    assert_int_equal(test_write(core, client, "question", 8), 8);
    test_expect(core, served, "question", 8);
    assert_int_equal(test_write(core, served, "answer", 6), 6);
    test_expect(core, client, "answer", 6);
    assert_int_equal(test_shutdown(core, client), 0);
    assert_int_equal(test_fill(core, served, 1), 0);
    assert_int_equal(test_write(core, served, "late", 4), 4);
    test_expect(core, client, "late", 4);
    eddy_tcp_free(served);
    assert_int_equal(test_close(core, client), 0);
    eddy_tcp_free(client);
    test_core_end(core);
}

static void what_is_written_before_the_connection_stands_arrives(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("early");
    eddy_listener *listener = listener_at(core, &addr);
    eddy_unix *client = connect_to(core, &addr);
    eddy_tcp *served;

    (void)state;
    assert_int_equal(test_write(core, client, "at once", 7), 7);
    served = test_accept(core, listener);
    test_expect(core, served, "at once", 7);
    eddy_tcp_free(client);
    eddy_tcp_free(served);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void expect_failure(eddy_core *core, const eddy_unix_addr *addr, int error)
{
    eddy_unix *client = connect_to(core, addr);

    assert_int_equal(test_connected(core, client), error);
    assert_int_equal(test_write(core, client, "x", 1), -EPIPE);
    assert_int_equal(test_fill(core, client, 1), error);
    eddy_tcp_free(client);
}

static void a_connection_that_cannot_be_made_says_why(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr nobody = at_path("nobody"), dead = at_path("dead"), abstract, none = {0};
    eddy_unix *client;

    (void)state;
    close(raw_bound(&dead, SOCK_STREAM, 1));
    assert_int_equal(eddy_unix_addr_abstract("eddy: nobody\0", 13, &abstract), 0);
    expect_failure(core, &nobody, -ENOENT);
    expect_failure(core, &dead, -ECONNREFUSED);
    expect_failure(core, &abstract, -ECONNREFUSED);
    unlink(path_of("dead"));
    close(raw_bound(&dead, SOCK_DGRAM, -1));
    unlink(path_of("dead"));
    assert_int_equal(eddy_unix_connect(eddy_core_handle(core), &none, &client), -EINVAL);
    test_core_end(core);
}

/* Connects, reads one byte. */
struct caller {
    EDDY_FRAME;
    const eddy_unix_addr *to;
    eddy_unix *client;
    char *text;
    size_t size;
};

static void caller_done(struct caller *self)
{
    eddy_tcp_free(self->client);
}

EDDY_ASYNC(caller, caller_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->client == NULL)
            assert_int_equal(eddy_unix_connect(eddy_task_handle(task), self->to, &self->client), 0);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->client, task));
        if (n == 0)
            EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 1));
        if (n < 0)
            (void)eddy_why_text(eddy_why(task), self->text, self->size);
        EDDY_END(n);
}

static void the_note_of_an_error_names_the_path(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("gone");
    char text[300], expected[300];
    eddy_unix *client;
    eddy_tcp *served;

    (void)state;
    assert_int_equal(test_run(core, caller, .to = &addr, .text = text, .size = sizeof text),
                     -ENOENT);
    (void)snprintf(expected, sizeof expected, "tcp: connect with unix:%s: ENOENT (%s)",
                   path_of("gone"), eddy_strerror(-ENOENT));
    assert_string_equal(text, expected);
    both_ends(core, &client, &served);
    assert_int_equal(test_write(core, client, "unread", 6), 6);
    assert_int_equal(test_write(core, served, "unread", 6), 6);
    assert_int_equal(test_flush(core, client), 0);
    assert_int_equal(test_flush(core, served), 0);
    eddy_tcp_abort(client);
    assert_int_equal(test_fill(core, served, 6), 6);
    eddy_tcp_consume(served, 6);
    assert_int_equal(test_run(core, caller, .client = served, .text = text, .size = sizeof text),
                     -ECONNRESET);
    (void)snprintf(expected, sizeof expected, "tcp: read with unix:%s: ECONNRESET (%s)",
                   path_of("both"), eddy_strerror(-ECONNRESET));
    assert_string_equal(text, expected);
    test_core_end(core);
}

/* Fill the queue of a listener that accepts nobody. Returns how many. */
static int fill_queue(const eddy_unix_addr *addr, int fds[CLIENTS])
{
    int n = 0;

    while (n < CLIENTS) {
        fds[n] = raw_connected(addr);
        if (fds[n] < 0)
            break;
        n++;
    }
    assert_int_equal(fds[n], -EAGAIN);
    return n;
}

static void connecting_waits_until_the_queue_of_the_listener_has_room(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("full");
    int raw = raw_bound(&addr, SOCK_STREAM, 1);
    eddy_result connected = EDDY_PENDING;
    int fds[CLIENTS];
    int n = fill_queue(&addr, fds);
    eddy_unix *client = connect_to(core, &addr);
    char got[5] = "";

    (void)state;
    test_spawn(core, test_io, .poll = test_io_connected, .tcp = client, .result = &connected);
    test_pass(core, 20 * EDDY_MILLISECOND);
    assert_int_equal(connected, EDDY_PENDING);
    assert_int_equal(eddy_tcp_set_nodelay(client, true), -ENOTCONN);
    assert_int_equal(eddy_unix_local_name(client, &addr), -ENOTCONN);
    for (int i = 0; i < n; i++)
        close(accept(raw, NULL, NULL));
    assert_int_equal(test_until_done(core, &connected), 0);
    assert_int_equal(test_write(core, client, "came", 4), 4);
    test_settle(core);
    fds[n] = test_peer_accept(raw);
    test_peer_recv(fds[n], got, 4);
    assert_string_equal(got, "came");
    eddy_tcp_free(client);
    for (int i = 0; i <= n; i++)
        close(fds[i]);
    close(raw);
    unlink(path_of("full"));
    test_core_end(core);
}

static void a_client_that_still_connects_can_be_freed_and_outlive_its_loop(void **state)
{
    eddy_unix_addr addr = at_path("full");
    int raw = raw_bound(&addr, SOCK_STREAM, 1);
    int fds[CLIENTS];
    int n = fill_queue(&addr, fds);
    int open = test_open_fds();
    eddy_core *core = test_core();
    eddy_unix *client = connect_to(core, &addr);
    eddy_result closed = EDDY_PENDING;

    (void)state;
    eddy_tcp_free(client);
    client = connect_to(core, &addr);
    eddy_tcp_abort(client);
    client = connect_to(core, &addr);
    test_spawn(core, test_io, .poll = test_io_close, .tcp = client, .result = &closed);
    test_settle(core);
    assert_int_equal(closed, EDDY_PENDING);
    assert_int_equal(eddy_tcp_fd(client), -1);
    assert_int_equal(eddy_core_free(core), 0);
    assert_int_equal(eddy_tcp_fd(client), -1);
    eddy_tcp_free(client);
    core = test_core();
    client = connect_to(core, &addr);
    assert_int_equal(test_write(core, client, "lost", 4), 4);
    eddy_tcp_free(client);
    assert_int_equal(test_stats(core).bytes_cut_off, 4);
    eddy_core_free(core);
    assert_int_equal(test_open_fds(), open);
    for (int i = 0; i < n; i++)
        close(fds[i]);
    close(raw);
    unlink(path_of("full"));
}

static void a_listener_that_ends_ends_the_waiting_of_who_connects(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("full");
    int raw = raw_bound(&addr, SOCK_STREAM, 1);
    eddy_result connected = EDDY_PENDING;
    int fds[CLIENTS];
    int n = fill_queue(&addr, fds);
    eddy_unix *client = connect_to(core, &addr);

    (void)state;
    test_spawn(core, test_io, .poll = test_io_connected, .tcp = client, .result = &connected);
    test_settle(core);
    close(raw);
    assert_int_equal(test_until_done(core, &connected), -ECONNREFUSED);
    eddy_tcp_free(client);
    for (int i = 0; i < n; i++)
        close(fds[i]);
    unlink(path_of("full"));
    test_core_end(core);
}

/* ---- names, and who it is ---- */

static void names_and_credentials_of_both_ends_are_told(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("both"), name;
    eddy_unix_credentials who;
    eddy_unix *client;
    eddy_tcp *served;
    eddy_addr none = {.family = 9};

    (void)state;
    both_ends(core, &client, &served);
    assert_int_equal(eddy_unix_peer_name(client, &name), 0);
    assert_true(eddy_unix_addr_equal(&name, &addr));
    assert_int_equal(eddy_unix_local_name(served, &name), 0);
    assert_true(eddy_unix_addr_equal(&name, &addr));
    assert_int_equal(eddy_unix_peer_name(served, &name), 0);
    assert_int_equal(name.kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(eddy_tcp_peer_addr(client, &none), 0);
    assert_int_equal(none.family, EDDY_ADDR_NONE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eddy_unix_peer_credentials(i == 0 ? client : served, &who), 0);
        if (test_is_simulated())
            continue;
        assert_int_equal(who.pid, getpid());
        assert_int_equal(who.uid, geteuid());
        assert_int_equal(who.gid, getegid());
    }
    eddy_tcp_free(client);
    eddy_tcp_free(served);
    test_core_end(core);
}

static void a_tcp_stream_has_neither_name_nor_credentials(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_credentials who;
    eddy_unix_addr name;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    assert_int_equal(eddy_unix_local_name(tcp, &name), -EAFNOSUPPORT);
    assert_int_equal(eddy_unix_peer_name(tcp, &name), -EAFNOSUPPORT);
    assert_int_equal(eddy_unix_peer_credentials(tcp, &who), -EAFNOSUPPORT);
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

static void options_of_tcp_alone_are_refused_and_do_no_harm(void **state)
{
    const eddy_keepalive keepalive = {.on = true};
    eddy_core *core = test_core();
    int64_t linger_ns = 0;
    size_t bytes = 0;
    eddy_unix *a, *b;
    bool on;

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    assert_int_equal(eddy_tcp_set_nodelay(a, true), -EOPNOTSUPP);
    assert_int_equal(eddy_tcp_nodelay(a, &on), -EOPNOTSUPP);
    assert_true(eddy_tcp_set_keepalive(a, &keepalive) < 0);
    assert_true(eddy_tcp_set_ttl(a, 5) < 0);
    assert_int_equal(eddy_tcp_set_linger(a, 3 * EDDY_SECOND), 0);
    assert_int_equal(eddy_tcp_linger(a, &linger_ns), 0);
    assert_int_equal(linger_ns, 3 * EDDY_SECOND);
    assert_int_equal(eddy_tcp_set_send_buffer(a, 8192), 0);
    assert_int_equal(eddy_tcp_send_buffer(a, &bytes), 0);
    assert_true(bytes >= 8192);
    assert_int_equal(test_write(core, a, "still", 5), 5);
    test_expect(core, b, "still", 5);
    eddy_tcp_free(a);
    eddy_tcp_free(b);
    test_core_end(core);
}

/* ---- ending ---- */

static void a_pair_carries_much_more_than_it_holds_both_ways(void **state)
{
    eddy_core *core = test_core();
    size_t had[2] = {0, 0};
    eddy_unix *ends[2];

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &ends[0], &ends[1]), 0);
    for (int i = 0; i < 2; i++)
        test_spawn(core, test_io, .poll = test_io_write_all, .tcp = ends[i],
                   .rest = {large, LARGE});
    while (had[0] + had[1] < 2 * LARGE) {
        int i = had[0] < LARGE && had[0] <= had[1] ? 0 : 1;
        unsigned char memory[10000];
        eddy_result n = test_read(core, ends[i], memory, sizeof memory);

        assert_true(n > 0);
        test_pattern_check(memory, (size_t)n, had[i]);
        had[i] += (size_t)n;
    }
    eddy_tcp_free(ends[0]);
    eddy_tcp_free(ends[1]);
    test_core_end(core);
}

static void what_was_written_arrives_though_the_stream_is_freed_at_once(void **state)
{
    eddy_core *core = test_core();
    unsigned char memory[10000];
    size_t had = 0, sent;
    eddy_unix *a, *b;
    eddy_result n;

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    assert_int_equal(eddy_tcp_set_send_buffer(a, 4096), 0);
    n = test_write(core, a, large, LARGE);
    assert_true(n > 20000);
    sent = (size_t)n;
    eddy_tcp_free(a);
    while ((n = test_read(core, b, memory, sizeof memory)) > 0) {
        test_pattern_check(memory, (size_t)n, had);
        had += (size_t)n;
    }
    assert_int_equal(n, 0);
    assert_int_equal(had, sent);
    eddy_tcp_free(b);
    test_core_end(core);
}

/* There is no reset: what had arrived is read, then an end. */
static void throwing_a_stream_away_is_an_end_to_the_peer(void **state)
{
    eddy_core *core = test_core();
    eddy_unix *a, *b;

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    assert_int_equal(test_write(core, a, "left", 4), 4);
    assert_int_equal(test_flush(core, a), 0);
    assert_int_equal(eddy_tcp_try_write(a, "thrown away", 11), 11);
    eddy_tcp_abort(a);
    test_expect(core, b, "left", 4);
    assert_int_equal(test_fill(core, b, 1), 0);
    assert_int_equal(test_stats(core).bytes_cut_off, 0);
    eddy_tcp_free(b);
    test_core_end(core);
}

static void a_peer_that_threw_away_what_we_wrote_resets_us_behind_its_bytes(void **state)
{
    eddy_core *core = test_core();
    eddy_unix *a, *b;

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    assert_int_equal(test_write(core, a, "never read", 10), 10);
    assert_int_equal(test_write(core, b, "answer", 6), 6);
    assert_int_equal(test_flush(core, a), 0);
    assert_int_equal(test_flush(core, b), 0);
    eddy_tcp_abort(b);
    test_expect(core, a, "answer", 6);
    assert_int_equal(test_gone(core, a), -ECONNRESET);
    assert_int_equal(test_fill(core, a, 1), -ECONNRESET);
    assert_int_equal(test_fill(core, a, 1), -ECONNRESET);
    eddy_tcp_free(a);
    test_core_end(core);
}

static void a_write_to_a_peer_that_is_gone_is_an_error_and_no_signal(void **state)
{
    eddy_core *core = test_core();
    eddy_unix *a, *b;
    eddy_result n = 1;

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    eddy_tcp_free(b);
    for (int i = 0; i < 100 && n > 0; i++) {
        n = test_write(core, a, "x", 1);
        test_pass(core, EDDY_MILLISECOND);
    }
    assert_int_equal(n, -EPIPE);
    assert_int_equal(test_write(core, a, "x", 1), -EPIPE);
    eddy_tcp_free(a);
    test_core_end(core);
}

static void the_peers_end_is_told_to_whom_waits_for_that_alone(void **state)
{
    eddy_core *core = test_core();
    eddy_result gone = EDDY_PENDING;
    eddy_unix *a, *b;

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    test_spawn(core, test_io, .poll = test_io_gone, .tcp = a, .result = &gone);
    test_settle(core);
    assert_int_equal(gone, EDDY_PENDING);
    assert_int_equal(test_write(core, b, "unread", 6), 6);
    eddy_tcp_free(b);
    assert_int_equal(test_until_done(core, &gone), 0);
    test_expect(core, a, "unread", 6);
    assert_int_equal(test_fill(core, a, 1), 0);
    eddy_tcp_free(a);
    test_core_end(core);
}

static void bytes_are_forwarded_from_tcp_to_unix_and_back(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_unix *a, *b;
    char got[5] = "";

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    test_peer_send(peer, "over", 4);
    assert_int_equal(test_fill(core, tcp, 4), 4);
    assert_int_equal(test_forward(core, tcp, a), 4);
    assert_int_equal(test_fill(core, b, 4), 4);
    assert_int_equal(test_forward(core, b, b), 4);
    assert_int_equal(test_fill(core, a, 4), 4);
    assert_int_equal(test_forward(core, a, tcp), 4);
    assert_int_equal(test_flush(core, tcp), 0);
    test_peer_recv(peer, got, 4);
    assert_string_equal(got, "over");
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    eddy_tcp_free(a);
    eddy_tcp_free(b);
    test_core_end(core);
}

static void a_hang_up_that_nobody_reads_does_not_keep_the_loop_awake(void **state)
{
    eddy_core *core = test_core();
    uint64_t turns;
    eddy_unix *a;
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fds[0], &a), 0);
    test_peer_send(fds[1], "ab", 2);
    assert_int_equal(test_fill(core, a, 1), 2);
    test_peer_send(fds[1], "unread", 6);
    close(fds[1]);
    turns = test_stats(core).turns;
    test_pass(core, 200 * EDDY_MILLISECOND);
    assert_true(test_stats(core).turns - turns <= 6);
    eddy_tcp_free(a);
    test_core_end(core);
}

static void halves_of_a_unix_stream_end_one_by_one(void **state)
{
    eddy_core *core = test_core();
    eddy_io_reader reader;
    eddy_io_writer writer;
    eddy_unix *a, *b;

    (void)state;
    assert_int_equal(eddy_unix_pair(eddy_core_handle(core), &a, &b), 0);
    eddy_io_split(eddy_tcp_io(a), &reader, &writer);
    assert_int_equal(test_write(core, a, "last", 4), 4);
    eddy_io_writer_free(&writer);
    test_expect(core, b, "last", 4);
    assert_int_equal(test_fill(core, b, 1), 0);
    assert_int_equal(test_write(core, b, "answer", 6), 6);
    test_expect(core, a, "answer", 6);
    eddy_io_reader_free(&reader);
    eddy_tcp_free(b);
    test_core_end(core);
}

/* ---- serving ---- */

static int spawn_echo(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    ++*(int *)arg;
    return eddy_group_spawn(group, EDDY_FUTURE(test_echo, .client = tcp));
}

static void a_server_serves_unix_clients_as_any_other(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr addr = at_path("server");
    eddy_listener *listener = listener_at(core, &addr);
    eddy_group_report report = {0};
    struct test_gate stop = {0};
    eddy_join *join;
    eddy_unix *client;
    int clients = 0;

    (void)state;
    join = test_spawn_join(
        core, eddy_server, .listener = listener, .client = spawn_echo, .arg = &clients,
        .report = &report,
        .until = eddy_box(eddy_core_handle(core), EDDY_FUTURE(test_wait, .gate = &stop)));
    for (int i = 0; i < 3; i++) {
        client = connect_to(core, &addr);
        assert_int_equal(test_write(core, client, "echo", 4), 4);
        test_expect(core, client, "echo", 4);
        eddy_tcp_free(client);
    }
    test_gate_open(&stop, 0);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(clients, 3);
    assert_int_equal(report.ended, 3);
    assert_true(test_is_simulated() || !is_there("server"));
    test_core_end(core);
}

int main(void)
{
    int failed;
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(a_client_and_its_server_talk_and_end),
        cmocka_unit_test(what_is_written_before_the_connection_stands_arrives),
        cmocka_unit_test(the_note_of_an_error_names_the_path),
        cmocka_unit_test(names_and_credentials_of_both_ends_are_told),
        cmocka_unit_test(a_pair_carries_much_more_than_it_holds_both_ways),
        cmocka_unit_test(throwing_a_stream_away_is_an_end_to_the_peer),
        cmocka_unit_test(a_peer_that_threw_away_what_we_wrote_resets_us_behind_its_bytes),
        cmocka_unit_test(a_write_to_a_peer_that_is_gone_is_an_error_and_no_signal),
        cmocka_unit_test(the_peers_end_is_told_to_whom_waits_for_that_alone),
        cmocka_unit_test(bytes_are_forwarded_from_tcp_to_unix_and_back),
        cmocka_unit_test(halves_of_a_unix_stream_end_one_by_one),
        cmocka_unit_test(a_server_serves_unix_clients_as_any_other),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_connection_that_cannot_be_made_says_why),
        cmocka_unit_test(connecting_waits_until_the_queue_of_the_listener_has_room),
        cmocka_unit_test(a_client_that_still_connects_can_be_freed_and_outlive_its_loop),
        cmocka_unit_test(a_listener_that_ends_ends_the_waiting_of_who_connects),
        cmocka_unit_test(a_tcp_stream_has_neither_name_nor_credentials),
        cmocka_unit_test(options_of_tcp_alone_are_refused_and_do_no_harm),
        cmocka_unit_test(what_was_written_arrives_though_the_stream_is_freed_at_once),
        cmocka_unit_test(a_hang_up_that_nobody_reads_does_not_keep_the_loop_awake),
    };

    test_pattern_fill(large, sizeof large, 0);
    assert_int_equal(unixes_begin(NULL), 0);
    failed = TEST_GROUPS(everywhere, kernel);
    return failed + (unixes_end(NULL) != 0);
}
