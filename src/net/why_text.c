/* SPDX-License-Identifier: MIT */
/*
 * why_text.c - the note of an error as a line of text, addresses included.
 */
#include <stdio.h>

#include "eddy/error.h"
#include "eddy/why.h"

size_t eddy_why_text(const eddy_failure *why, char *text, size_t size)
{
    char peer[EDDY_UNIX_ADDR_TEXT_MAX] = "";
    int len;

    if (why->peer.family != 0)
        (void)eddy_addr_print(&why->peer, peer, sizeof peer);
    else if (why->name.kind != EDDY_UNIX_UNNAMED)
        (void)eddy_unix_addr_print(&why->name, peer, sizeof peer);
    len = snprintf(text, size, "%s%s%s%s%s (%s)", why->operation != NULL ? why->operation : "",
                   peer[0] != '\0' ? " with " : "", peer, why->operation != NULL ? ": " : "",
                   eddy_error_name(why->result), eddy_strerror(why->result));
    return len > 0 ? (size_t)len : 0;
}
