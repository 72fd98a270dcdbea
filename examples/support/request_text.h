/* SPDX-License-Identifier: MIT */
/*
 * request_text.h - the lines of the request/response protocol, which both its ends read and write:
 * "ID TEXT\n", ID a decimal number from 1 on without leading zeros, TEXT anything without a
 * newline. Bytes in, bytes out: no I/O.
 */
#ifndef EXAMPLES_REQUEST_TEXT_H
#define EXAMPLES_REQUEST_TEXT_H

#include <eddy/eddy.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_TEXT_MAX 1000                    /* of a payload or an answer */
#define REQUEST_LINE_MAX (REQUEST_TEXT_MAX + 24) /* with the number, the space and the newline */

/**
 * Take a line apart.
 * @param line  with its newline
 * @param id    set
 * @param text  set, within the line
 * @return      false: it is not of this protocol; nothing is set
 */
static inline bool request_parse(eddy_bytes line, uint64_t *id, eddy_bytes *text)
{
    uint64_t number = 0;
    size_t at = 0;

    while (at < line.len && at < 19 && line.data[at] >= '0' && line.data[at] <= '9')
        number = number * 10 + line.data[at++] - '0';
    if (at == line.len || line.data[0] == '0' || number == 0 || line.data[at] != ' ')
        return false;
    if (line.data[line.len - 1] != '\n' || line.len - at - 2 > REQUEST_TEXT_MAX)
        return false;
    *id = number;
    *text = (eddy_bytes){line.data + at + 1, line.len - at - 2};
    return true;
}

/**
 * Put a line together.
 * @param line  room for REQUEST_LINE_MAX bytes
 * @param id    number, 1..10^19 - 1
 * @param text  at most REQUEST_TEXT_MAX bytes without a newline
 * @return      length of the line
 */
static inline size_t request_print(char *line, uint64_t id, eddy_bytes text)
{
    size_t len = (size_t)snprintf(line, REQUEST_LINE_MAX, "%" PRIu64 " ", id);

    if (text.len > 0)
        memcpy(line + len, text.data, text.len);
    line[len + text.len] = '\n';
    return len + text.len + 1;
}

#endif
