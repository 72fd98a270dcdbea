/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_file.c - files as futures: whole ones and parts, errors by their names.
 */
#include <errno.h>
#include <fcntl.h>

#include "place.h"

#include "eddy/error.h"

/* ---- whole files ---- */

static void whole_file_is_read(void **state)
{
    static const size_t sizes[] = {1, 511, 512, 513, 4095, 4096, 4097, 100000};
    struct place place;
    eddy_buf *buf;

    (void)state;
    place_open(&place);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        place_put(place.path, sizes[i]);
        assert_int_equal(place_read(&place, place.path, 100000, &buf), sizes[i]);
        assert_int_equal(eddy_buf_len(buf), sizes[i]);
        place_check(eddy_buf_data(buf), 0, sizes[i]);
        eddy_buf_release(buf);
    }
    place_close(&place);
}

static void empty_file_is_no_buffer(void **state)
{
    struct place place;
    eddy_buf *buf = (eddy_buf *)&place;

    (void)state;
    place_open(&place);
    place_put(place.path, 0);
    assert_int_equal(place_read(&place, place.path, 1, &buf), 0);
    assert_null(buf);
    place_close(&place);
}

static void file_beyond_the_limit_is_not_read(void **state)
{
    struct place place;
    eddy_buf *buf = NULL;

    (void)state;
    place_open(&place);
    place_put(place.path, 1000);
    assert_int_equal(place_read(&place, place.path, 999, &buf), -EFBIG);
    assert_null(buf);
    assert_int_equal(place_read(&place, "/dev/zero", 10000, &buf), -EFBIG); /* has no length */
    assert_int_equal(place_read(&place, "/dev/zero", 1, &buf), -EFBIG);
    assert_null(buf);
    place_close(&place);
}

static void file_that_does_not_tell_its_length_is_read_to_its_end(void **state)
{
    struct place place;
    eddy_buf *buf = NULL;
    eddy_result n;

    (void)state;
    place_open(&place);
    n = place_read(&place, "/proc/self/status", 100000, &buf);
    assert_true(n > 100);
    assert_int_equal(eddy_buf_len(buf), n);
    assert_memory_equal(eddy_buf_data(buf), "Name:", 5);
    assert_int_equal(eddy_buf_data(buf)[n - 1], '\n');
    eddy_buf_release(buf);
    place_close(&place);
}

static void errors_have_their_names(void **state)
{
    struct place place;
    eddy_file_info info;
    eddy_file *file = NULL;
    eddy_buf *buf = NULL;

    (void)state;
    place_open(&place);
    assert_int_equal(place_read(&place, "/no/such/file", 10, &buf), -ENOENT);
    assert_int_equal(place_read(&place, place.folder, 10, &buf), -EISDIR);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_write(place.handle, place.pool, place.folder, NULL)),
        -EISDIR);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_stat(place.handle, place.pool, "/no/such", &info)),
        -ENOENT);
    assert_int_equal(eddy_core_run(place.core, eddy_file_open(place.handle, place.pool, place.path,
                                                              EDDY_FILE_READ, &file)),
                     -ENOENT);
    assert_int_equal(eddy_core_run(place.core, eddy_file_open(place.handle, place.pool, place.path,
                                                              EDDY_FILE_CREATE, &file)),
                     -EINVAL); /* neither read nor write */
    assert_int_equal(eddy_core_run(place.core, eddy_file_open(place.handle, place.pool, place.path,
                                                              EDDY_FILE_READ | 1u << 20, &file)),
                     -EINVAL);
    assert_null(file);
    assert_null(buf);
    place_close(&place);
}

static void whole_file_is_written(void **state)
{
    struct place place;
    eddy_buf *buf, *back = NULL;
    eddy_file_info info;

    (void)state;
    place_open(&place);
    place_put(place.path, 5000); /* more than it will have */
    buf = eddy_buf_new(NULL, 3000);
    assert_non_null(buf);
    memset(eddy_buf_data(buf), 'x', 3000);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_write(place.handle, place.pool, place.path, buf)),
        3000);
    eddy_buf_release(buf);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_stat(place.handle, place.pool, place.path, &info)), 0);
    assert_int_equal(info.size_bytes, 3000);
    assert_int_equal(info.kind, EDDY_FILE_REGULAR);
    assert_int_equal(place_read(&place, place.path, 3000, &back), 3000);
    assert_int_equal(eddy_buf_data(back)[2999], 'x');
    eddy_buf_release(back);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_write(place.handle, place.pool, place.path, NULL)), 0);
    assert_int_equal(place_read(&place, place.path, 1, &back), 0);
    place_close(&place);
}

/* ---- open files ---- */

static eddy_file *open_file(struct place *self, uint32_t flags)
{
    eddy_file *file = NULL;

    assert_int_equal(eddy_core_run(self->core, eddy_file_open(self->handle, self->pool, self->path,
                                                              flags, &file)),
                     0);
    assert_non_null(file);
    return file;
}

static void parts_are_read_and_written_at_their_offsets(void **state)
{
    struct place place;
    eddy_file *file;
    eddy_file_info info;
    unsigned char part[100];

    (void)state;
    place_open(&place);
    place_put(place.path, 1000);
    file = open_file(&place, EDDY_FILE_READ | EDDY_FILE_WRITE);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_read_at(place.handle, file, part, 100, 300)), 100);
    place_check(part, 300, 100);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_read_at(place.handle, file, part, 100, 950)), 50);
    place_check(part, 950, 50);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_read_at(place.handle, file, part, 100, 1000)), 0);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_write_at(place.handle, file, part, 50, 2000)), 50);
    assert_int_equal(eddy_core_run(place.core, eddy_file_sync(place.handle, file)), 0);
    assert_int_equal(eddy_core_run(place.core, eddy_file_info_get(place.handle, file, &info)), 0);
    assert_int_equal(info.size_bytes, 2050);
    assert_int_equal(eddy_core_run(place.core, eddy_file_close(place.handle, file)), 0);
    place_close(&place);
}

static void flags_do_what_they_say(void **state)
{
    struct place place;
    eddy_file *file, *other = NULL;
    eddy_file_info info;

    (void)state;
    place_open(&place);
    file = open_file(&place, EDDY_FILE_WRITE | EDDY_FILE_CREATE | EDDY_FILE_EXCLUSIVE);
    assert_int_equal(
        eddy_core_run(place.core, eddy_file_write_at(place.handle, file, "12345", 5, 0)), 5);
    eddy_file_free(file);
    assert_int_equal(eddy_core_run(place.core, eddy_file_open(place.handle, place.pool, place.path,
                                                              EDDY_FILE_WRITE | EDDY_FILE_CREATE |
                                                                  EDDY_FILE_EXCLUSIVE,
                                                              &other)),
                     -EEXIST);
    assert_null(other);
    file = open_file(&place, EDDY_FILE_WRITE | EDDY_FILE_APPEND);
    assert_int_equal(eddy_core_run(place.core, eddy_file_write_at(place.handle, file, "678", 3, 0)),
                     3);
    assert_int_equal(eddy_core_run(place.core, eddy_file_info_get(place.handle, file, &info)), 0);
    assert_int_equal(info.size_bytes, 8);
    assert_int_equal(eddy_core_run(place.core, eddy_file_read_at(place.handle, file, &info, 1, 0)),
                     -EBADF);
    eddy_file_free(file);
    file = open_file(&place, EDDY_FILE_WRITE | EDDY_FILE_TRUNCATE);
    assert_int_equal(eddy_core_run(place.core, eddy_file_info_get(place.handle, file, &info)), 0);
    assert_int_equal(info.size_bytes, 0);
    eddy_file_free(file);
    eddy_file_free(NULL);
    place_close(&place);
}

static void file_of_an_ended_pool_is_closed_all_the_same(void **state)
{
    struct place place;
    eddy_file *file;
    int fd;

    (void)state;
    place_open(&place);
    place_put(place.path, 10);
    file = open_file(&place, EDDY_FILE_READ);
    fd = open("/dev/null", O_RDONLY); /* the next number */
    assert_true(fd > 0);
    assert_int_equal(close(fd), 0);
    (void)eddy_pool_end(place.pool, EDDY_POOL_FINISH);
    assert_int_equal(eddy_core_run(place.core, eddy_file_sync(place.handle, file)), EDDY_CLOSED);
    assert_int_equal(eddy_core_run(place.core, eddy_file_close(place.handle, file)), EDDY_CLOSED);
    assert_true(open("/dev/null", O_RDONLY) < fd); /* the file's number is free */
    assert_int_equal(close(fd - 1), 0);
    place_close(&place);
}

static void failed_open_leaves_a_note(void **state)
{
    struct place place;
    eddy_file *file = NULL;
    eddy_join *join = NULL;

    (void)state;
    place_open(&place);
    assert_int_equal(eddy_spawn_joinable(place.handle,
                                         eddy_file_open(place.handle, place.pool, place.path,
                                                        EDDY_FILE_READ, &file),
                                         &join),
                     0);
    while (eddy_join_ended(join) == NULL)
        assert_true(eddy_core_turn(place.core, EDDY_SECOND) >= 0);
    assert_string_equal(eddy_join_ended(join)->why.operation, "file: open");
    eddy_join_free(join);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_file_is_read),
        cmocka_unit_test(empty_file_is_no_buffer),
        cmocka_unit_test(file_beyond_the_limit_is_not_read),
        cmocka_unit_test(file_that_does_not_tell_its_length_is_read_to_its_end),
        cmocka_unit_test(errors_have_their_names),
        cmocka_unit_test(whole_file_is_written),
        cmocka_unit_test(parts_are_read_and_written_at_their_offsets),
        cmocka_unit_test(flags_do_what_they_say),
        cmocka_unit_test(file_of_an_ended_pool_is_closed_all_the_same),
        cmocka_unit_test(failed_open_leaves_a_note),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
