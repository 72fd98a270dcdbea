/* SPDX-License-Identifier: MIT */
/*
 * test_unix_addr.c - names of Unix sockets are bytes and a length: none is cut or misread, on the way
 * to the kernel and back.
 */
#include "unixes.h"

enum { LONGEST = EDDY_UNIX_NAME_MAX };

static const char *printed(const eddy_unix_addr *addr)
{
    static char text[EDDY_UNIX_ADDR_TEXT_MAX];

    assert_true(eddy_unix_addr_print(addr, text, sizeof text) < sizeof text);
    return text;
}

static void a_path_of_any_length_is_taken_whole_or_refused(void **state)
{
    char path[LONGEST + 3];

    (void)state;
    memset(path, 'p', sizeof path);
    for (size_t len = 0; len <= LONGEST + 2; len++) {
        eddy_unix_addr addr = {.kind = 77};
        int error = eddy_unix_addr_path(path, len, &addr);

        assert_int_equal(error, len == 0 ? -EINVAL : len > LONGEST ? -ENAMETOOLONG : 0);
        if (error != 0) {
            assert_int_equal(addr.kind, 77);
            continue;
        }
        assert_int_equal(addr.kind, EDDY_UNIX_PATH);
        assert_int_equal(addr.len, len);
        assert_memory_equal(addr.name, path, len);
    }
}

static void a_nul_anywhere_in_a_path_is_refused(void **state)
{
    char path[LONGEST];
    eddy_unix_addr addr;

    (void)state;
    memset(path, 'p', sizeof path);
    for (size_t at = 0; at < sizeof path; at++) {
        path[at] = '\0';
        assert_int_equal(eddy_unix_addr_path(path, sizeof path, &addr), -EINVAL);
        path[at] = 'p';
    }
    assert_int_equal(eddy_unix_addr_path(path, sizeof path, &addr), 0);
}

static void abstract_names_of_any_bytes_and_length_go_to_the_kernel_and_back(void **state)
{
    char name[LONGEST + 1];

    (void)state;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = (char)(i % 3 == 0 ? 0 : i + (size_t)getpid());
    for (size_t len = 0; len <= LONGEST + 1; len++) {
        struct sockaddr_storage storage;
        eddy_unix_addr addr, back;
        uint32_t size;

        if (len > LONGEST) {
            assert_int_equal(eddy_unix_addr_abstract(name, len, &addr), -ENAMETOOLONG);
            continue;
        }
        assert_int_equal(eddy_unix_addr_abstract(name, len, &addr), 0);
        assert_int_equal(addr.len, len);
        size = eddy__unix_sockaddr_from(&addr, &storage);
        assert_int_equal(size, offsetof(struct sockaddr_un, sun_path) + 1 + len);
        assert_int_equal(eddy__unix_sockaddr_to(&storage, size, &back), 0);
        assert_true(eddy_unix_addr_equal(&addr, &back));
        assert_memory_equal(&addr, &back, sizeof addr);
    }
}

static void a_bound_socket_tells_the_name_that_it_was_given(void **state)
{
    struct sockaddr_storage storage;
    char longest[LONGEST];
    eddy_unix_addr names[3];

    (void)state;
    memset(longest, 'x', sizeof longest);
    memcpy(longest, unixes_folder, strlen(unixes_folder));
    longest[strlen(unixes_folder)] = '/';
    names[0] = at_path("short");
    assert_int_equal(eddy_unix_addr_path(longest, sizeof longest, &names[1]), 0);
    longest[3] = '\0';
    assert_int_equal(eddy_unix_addr_abstract(longest, sizeof longest, &names[2]), 0);
    for (size_t i = 0; i < 3; i++) {
        int fd = raw_bound(&names[i], SOCK_STREAM, -1);
        socklen_t size = sizeof storage;
        eddy_unix_addr back;

        assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &size), 0);
        assert_int_equal(eddy__unix_sockaddr_to(&storage, size, &back), 0);
        assert_true(eddy_unix_addr_equal(&names[i], &back));
        close(fd);
    }
    unlink(path_of("short"));
    longest[3] = unixes_folder[3];
    unlink(printed(&names[1]) + strlen("unix:"));
}

/* The kernel takes 108 bytes without a NUL, which we cannot hold. */
static void a_path_that_is_longer_than_ours_is_told_and_not_cut(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct sockaddr_storage storage;
    eddy_unix_addr addr;

    (void)state;
    memset(name.sun_path, 'p', sizeof name.sun_path);
    memcpy(&storage, &name, sizeof name);
    assert_int_equal(eddy__unix_sockaddr_to(&storage, sizeof name, &addr), -ENAMETOOLONG);
    storage.ss_family = AF_INET;
    assert_int_equal(eddy__unix_sockaddr_to(&storage, sizeof name, &addr), -EAFNOSUPPORT);
}

static void an_unnamed_socket_has_no_name(void **state)
{
    const eddy_unix_addr none = {0};
    struct sockaddr_storage storage;
    eddy_unix_addr back = {.kind = 9};
    uint32_t size = eddy__unix_sockaddr_from(&none, &storage);

    (void)state;
    assert_int_equal(size, offsetof(struct sockaddr_un, sun_path));
    assert_int_equal(eddy__unix_sockaddr_to(&storage, size, &back), 0);
    assert_true(eddy_unix_addr_equal(&none, &back));
    assert_string_equal(printed(&none), "unix:");
}

static void names_that_differ_in_kind_length_or_a_byte_differ(void **state)
{
    eddy_unix_addr a, b, c, d;

    (void)state;
    assert_int_equal(eddy_unix_addr_path("ab", 2, &a), 0);
    assert_int_equal(eddy_unix_addr_abstract("ab", 2, &b), 0);
    assert_int_equal(eddy_unix_addr_path("abc", 3, &c), 0);
    assert_int_equal(eddy_unix_addr_path("ac", 2, &d), 0);
    assert_true(eddy_unix_addr_equal(&a, &a));
    assert_false(eddy_unix_addr_equal(&a, &b));
    assert_false(eddy_unix_addr_equal(&a, &c));
    assert_false(eddy_unix_addr_equal(&a, &d));
}

static void names_are_printed_so_that_every_byte_can_be_seen(void **state)
{
    char text[8] = "xxxxxxx";
    char all[LONGEST];
    eddy_unix_addr addr;

    (void)state;
    assert_int_equal(eddy_unix_addr_path("/run/a b.sock", 13, &addr), 0);
    assert_string_equal(printed(&addr), "unix:/run/a b.sock");
    assert_int_equal(eddy_unix_addr_print(&addr, text, sizeof text), 18);
    assert_string_equal(text, "unix:/r");
    assert_int_equal(eddy_unix_addr_print(&addr, NULL, 0), 18);
    assert_int_equal(eddy_unix_addr_abstract("a\0\\\xff", 4, &addr), 0);
    assert_string_equal(printed(&addr), "unix:@a\\x00\\x5c\\xff");
    memset(all, 1, sizeof all);
    assert_int_equal(eddy_unix_addr_abstract(all, sizeof all, &addr), 0);
    assert_int_equal(strlen(printed(&addr)), 6 + 4 * sizeof all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_of_any_length_is_taken_whole_or_refused),
        cmocka_unit_test(a_nul_anywhere_in_a_path_is_refused),
        cmocka_unit_test(abstract_names_of_any_bytes_and_length_go_to_the_kernel_and_back),
        cmocka_unit_test(a_bound_socket_tells_the_name_that_it_was_given),
        cmocka_unit_test(a_path_that_is_longer_than_ours_is_told_and_not_cut),
        cmocka_unit_test(an_unnamed_socket_has_no_name),
        cmocka_unit_test(names_that_differ_in_kind_length_or_a_byte_differ),
        cmocka_unit_test(names_are_printed_so_that_every_byte_can_be_seen),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
