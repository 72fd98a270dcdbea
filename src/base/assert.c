/* SPDX-License-Identifier: MIT */
/*
 * assert.c - the failing end of EDDY_ASSERT: one line to standard error, then abort().
 *
 * The line is put together first and written in one go, so that lines of several threads do not
 * mix. It allocates nothing: memory may be what is broken.
 */
#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024 };

static const char *without_folder(const char *path)
{
    const char *name = path;

    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '/' || *p == '\\')
            name = p + 1;
    }
    return name;
}

/* What snprintf() returned, as the number of bytes it really left in a buffer of `size`. */
static size_t bytes_written(int returned, size_t size)
{
    if (returned < 0)
        return 0;
    return (size_t)returned < size ? (size_t)returned : size - 1;
}

void eddy__panic(const char *file, int line, const char *function, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    size_t room = sizeof(text) - 1; /* one byte is kept for the end of the line */
    size_t len;
    va_list args;

    len = bytes_written(
        snprintf(text, room, "eddy: %s:%d: %s: ", without_folder(file), line, function), room);
    va_start(args, format);
    len += bytes_written(vsnprintf(text + len, room - len, format, args), room - len);
    va_end(args);
    memcpy(text + len, "\n", 2);
    fputs(text, stderr);
    abort();
}
