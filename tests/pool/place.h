/* SPDX-License-Identifier: MIT */
/*
 * place.h - for tests of files: a folder of the test's own, a loop and a pool; and files of a pattern
 * that tells where each byte belongs.
 */
#ifndef EDDY_TEST_PLACE_H
#define EDDY_TEST_PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stage.h"

#include "eddy/file.h"

struct place {
    char folder[64], path[80];
    eddy_core *core;
    eddy_handle *handle;
    eddy_pool *pool;
};

static inline void place_open(struct place *self)
{
    memset(self, 0, sizeof *self);
    strcpy(self->folder, "/tmp/eddy-test-file-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    (void)snprintf(self->path, sizeof self->path, "%s/it", self->folder);
    self->core = test_core();
    self->handle = eddy_core_handle(self->core);
    self->pool = stage_pool(2, 0);
}

static inline void place_close(struct place *self)
{
    eddy_pool_release(self->pool);
    test_core_end(self->core);
    (void)unlink(self->path);
    assert_int_equal(rmdir(self->folder), 0);
}

static inline void place_put(const char *path, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        (void)putc((int)(i * 7 % 251), file);
    assert_int_equal(fclose(file), 0);
}

static inline void place_check(const unsigned char *data, size_t from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(data[i], (from + i) * 7 % 251);
}

static inline eddy_result place_read(struct place *self, const char *path, size_t bytes_max,
                                     eddy_buf **buf)
{
    return eddy_core_run(self->core,
                         eddy_file_read(self->handle, self->pool, path, bytes_max, buf));
}

#endif
