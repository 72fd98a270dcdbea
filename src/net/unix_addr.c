/* SPDX-License-Identifier: MIT */
/*
 * unix_addr.c - the names of Unix sockets: made from bytes and a length, compared, printed. Nothing is
 * looked up here.
 */
#include "eddy/unix_addr.h"

#include <errno.h>
#include <string.h>

static void make(eddy_unix_kind kind, const void *name, size_t len, eddy_unix_addr *out)
{
    *out = (eddy_unix_addr){.kind = (uint8_t)kind, .len = (uint8_t)len};
    if (len > 0)
        memcpy(out->name, name, len);
}

int eddy_unix_addr_path(const char *path, size_t len, eddy_unix_addr *out)
{
    if (len > EDDY_UNIX_NAME_MAX)
        return -ENAMETOOLONG;
    if (len == 0 || memchr(path, '\0', len) != NULL)
        return -EINVAL;
    make(EDDY_UNIX_PATH, path, len, out);
    return 0;
}

int eddy_unix_addr_abstract(const void *name, size_t len, eddy_unix_addr *out)
{
    if (len > EDDY_UNIX_NAME_MAX)
        return -ENAMETOOLONG;
    make(EDDY_UNIX_ABSTRACT, name, len, out);
    return 0;
}

bool eddy_unix_addr_equal(const eddy_unix_addr *a, const eddy_unix_addr *b)
{
    return a->kind == b->kind && a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
}

/* ---- printing ---- */

typedef struct printer {
    char *text;
    size_t size, len; /* len: of the whole text */
} printer;

static void put(printer *to, char ch)
{
    if (to->len + 1 < to->size)
        to->text[to->len] = ch;
    to->len++;
}

static void put_text(printer *to, const char *text)
{
    while (*text != '\0')
        put(to, *text++);
}

static void put_byte(printer *to, unsigned char byte)
{
    const char *digits = "0123456789abcdef";

    if (byte >= ' ' && byte <= '~' && byte != '\\') {
        put(to, (char)byte);
        return;
    }
    put_text(to, "\\x");
    put(to, digits[byte >> 4]);
    put(to, digits[byte & 15]);
}

size_t eddy_unix_addr_print(const eddy_unix_addr *addr, char *text, size_t size)
{
    printer to = {text, size, 0};

    put_text(&to, addr->kind == EDDY_UNIX_ABSTRACT ? "unix:@" : "unix:");
    for (uint8_t i = 0; i < addr->len; i++)
        put_byte(&to, (unsigned char)addr->name[i]);
    if (size > 0)
        text[to.len < size ? to.len : size - 1] = '\0';
    return to.len;
}
