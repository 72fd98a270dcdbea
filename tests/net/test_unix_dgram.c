/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_unix_dgram.c - Unix datagrams: names, paths, who is no Unix socket. Connections of messages are in
 * test_unix_dgram_messages.c, waiting for room in test_unix_dgram_room.c, what is passed with a message in
 * test_unix_dgram_passed.c.
 */
#include "unix_dgrams.h"

static void datagrams_go_to_names_and_come_from_them(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr a_name = at_path("a"), b_name, from;
    eddy_dgram *a = bind_at(core, &a_name), *b, *none = bind_at(core, NULL);
    char memory[16];

    (void)state;
    assert_int_equal(eddy_unix_addr_abstract("eddy\0test", 9, &b_name), 0);
    b = bind_at(core, &b_name);
    assert_int_equal(send_name(core, a, "hello", &b_name), 5);
    assert_int_equal(recv_name(core, b, memory, sizeof memory, &from), 5);
    assert_memory_equal(memory, "hello", 5);
    assert_true(eddy_unix_addr_equal(&from, &a_name));
    assert_int_equal(send_name(core, b, "", &from), 0);
    assert_int_equal(recv_name(core, a, memory, sizeof memory, &from), 0);
    assert_true(eddy_unix_addr_equal(&from, &b_name));
    assert_int_equal(send_name(core, none, "!", &a_name), 1);
    assert_int_equal(recv_name(core, a, memory, sizeof memory, &from), 1);
    assert_int_equal(from.kind, EDDY_UNIX_UNNAMED);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    eddy_dgram_free(none);
    test_core_end(core);
}

static void a_socket_tells_its_names(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("a"), unnamed = {0}, told;
    eddy_dgram *a = bind_at(core, &name), *b = bind_at(core, NULL);
    eddy_dgram *chosen = bind_at(core, &unnamed);
    eddy_addr addr;

    (void)state;
    assert_int_equal(eddy_dgram_local_name(a, &told), 0);
    assert_true(eddy_unix_addr_equal(&told, &name));
    assert_int_equal(eddy_dgram_local_addr(a, &addr), 0);
    assert_int_equal(addr.family, EDDY_ADDR_NONE);
    assert_int_equal(eddy_dgram_local_name(b, &told), 0);
    assert_int_equal(told.kind, EDDY_UNIX_UNNAMED);
    assert_int_equal(eddy_dgram_local_name(chosen, &told), 0);
    assert_int_equal(told.kind, EDDY_UNIX_ABSTRACT);
    assert_int_equal(eddy_dgram_peer_name(b, &told), -ENOTCONN);
    assert_int_equal(connect_name(core, b, &name), 0);
    assert_int_equal(eddy_dgram_peer_name(b, &told), 0);
    assert_true(eddy_unix_addr_equal(&told, &name));
    assert_int_equal(eddy_dgram_disconnect(b), 0);
    assert_int_equal(eddy_dgram_peer_name(b, &told), -ENOTCONN);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    eddy_dgram_free(chosen);
    test_core_end(core);
}

static void a_udp_socket_has_no_names(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *dgram = dg_bind(core, &at);
    eddy_unix_credentials who;
    eddy_unix_addr name = at_path("a");

    (void)state;
    assert_int_equal(eddy_dgram_local_name(dgram, &name), -EAFNOSUPPORT);
    assert_int_equal(eddy_dgram_peer_name(dgram, &name), -EAFNOSUPPORT);
    assert_int_equal(eddy_dgram_peer_credentials(dgram, &who), -EAFNOSUPPORT);
    assert_int_equal(eddy_dgram_set_tell_credentials(dgram, true), -EINVAL);
    assert_int_equal(connect_name(core, dgram, &name), -EINVAL);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

static void a_unix_socket_has_no_options_but_buffers(void **state)
{
    eddy_core *core = test_core();
    eddy_dgram *dgram = bind_at(core, NULL);
    size_t bytes = 0;

    (void)state;
    assert_int_equal(eddy_dgram_set_ttl(dgram, 3), -EOPNOTSUPP);
    assert_int_equal(eddy_dgram_set_send_buffer(dgram, 50000), 0);
    assert_int_equal(eddy_dgram_send_buffer(dgram, &bytes), 0);
    assert_true(bytes >= 50000);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

static void a_path_goes_with_its_socket(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("a");
    eddy_dgram *a = bind_at(core, &name), *other = NULL;
    int fd;

    (void)state;
    assert_true(is_there("a"));
    assert_int_equal(eddy_unix_dgram_bind(eddy_core_handle(core), &name, NULL, &other),
                     -EADDRINUSE);
    assert_null(other);
    eddy_dgram_free(a);
    assert_false(is_there("a"));
    a = bind_at(core, &name);
    fd = eddy_dgram_into_fd(a);
    assert_true(is_there("a")); /* it is the descriptor's now */
    test_peer_close(fd);
    assert_int_equal(eddy_unix_is_stale(eddy_core_handle(core), &name), 1);
    assert_int_equal(
        eddy_unix_dgram_bind(eddy_core_handle(core), &name,
                             EDDY_OPTIONS(eddy_unix_dgram_options, .replace_stale = true), &a),
        0);
    assert_int_equal(eddy_core_free(core), 0); /* the loop takes it away, too */
    assert_false(is_there("a"));
    eddy_dgram_free(a);
}

static void a_name_of_nobody_is_an_error_of_that_datagram(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr name = at_path("nobody"), real = at_path("a");
    eddy_dgram *a = bind_at(core, &real);
    char memory[8];

    (void)state;
    assert_int_equal(send_name(core, a, "x", &name), -ENOENT);
    assert_int_equal(eddy_unix_addr_abstract("nobody", 6, &name), 0);
    assert_int_equal(send_name(core, a, "x", &name), -ECONNREFUSED);
    assert_int_equal(send_name(core, a, "x", &real), 1);
    assert_int_equal(dg_recv(core, a, memory, sizeof memory, NULL), 1);
    eddy_dgram_free(a);
    test_core_end(core);
}

static void a_path_of_another_type_is_told_and_an_abstract_name_of_another_is_nobodys(void **state)
{
    eddy_core *core = test_core();
    eddy_unix_addr path = at_path("messages"), name = {0};
    eddy_dgram *at_the_path, *at_the_name, *a = bind_at(core, NULL);

    (void)state;
    assert_int_equal(eddy_unix_seqpacket_listen(eddy_core_handle(core), &path, NULL, &at_the_path),
                     0);
    assert_int_equal(eddy_unix_seqpacket_listen(eddy_core_handle(core), &name, NULL, &at_the_name),
                     0);
    assert_int_equal(eddy_dgram_local_name(at_the_name, &name), 0);
    assert_int_equal(connect_name(core, a, &path), -EPROTOTYPE);
    assert_int_equal(connect_name(core, a, &name), -ECONNREFUSED);
    eddy_dgram_free(a);
    a = bind_at(core, &name); /* of this type nobody has it */
    eddy_dgram_free(a);
    eddy_dgram_free(at_the_path);
    eddy_dgram_free(at_the_name);
    test_core_end(core);
}

static void wrong_options_are_refused(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_unix_dgram_options options = {.size_bytes = 1};
    eddy_unix_addr name = at_path("a");
    eddy_dgram *dgram = NULL;

    (void)state;
    assert_int_equal(eddy_unix_dgram_bind(handle, &name, &options, &dgram), -EINVAL);
    options = (eddy_unix_dgram_options){.size_bytes = sizeof options, .mode = 010000};
    assert_int_equal(eddy_unix_dgram_bind(handle, &name, &options, &dgram), -EINVAL);
    options = (eddy_unix_dgram_options){.size_bytes = sizeof options, .backlog = -1};
    assert_int_equal(eddy_unix_seqpacket_listen(handle, &name, &options, &dgram), -EINVAL);
    assert_null(dgram);
    assert_false(is_there("a"));
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_go_to_names_and_come_from_them),
        cmocka_unit_test(a_socket_tells_its_names),
        cmocka_unit_test(a_udp_socket_has_no_names),
        cmocka_unit_test(a_unix_socket_has_no_options_but_buffers),
        cmocka_unit_test(a_path_goes_with_its_socket),
        cmocka_unit_test(a_name_of_nobody_is_an_error_of_that_datagram),
        cmocka_unit_test(a_path_of_another_type_is_told_and_an_abstract_name_of_another_is_nobodys),
        cmocka_unit_test(wrong_options_are_refused),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
