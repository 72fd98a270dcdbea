/* SPDX-License-Identifier: MIT */
/*
 * resp.c - numbers and texts of RESP, read and written.
 */
#include "codec/resp.h"

#include <errno.h>

/* ---- reading ---- */

bool eddy__resp_ends(const unsigned char *data, size_t *at)
{
    if (data[*at] == '\r' && data[*at + 1] == '\n') {
        *at += 2;
        return true;
    }
    *at += data[*at] == '\r';
    return false;
}

/* Where the digits begin. */
static size_t skip_sign(eddy_bytes in, size_t at)
{
    return at < in.len && (in.data[at] == '-' || in.data[at] == '+') ? at + 1 : at;
}

/* One digit more: false when there is no such int64_t. */
static bool add_digit(uint64_t *number, unsigned digit, bool negative)
{
    uint64_t max = (uint64_t)INT64_MAX + negative;

    if (*number > (max - digit) / 10)
        return false;
    *number = *number * 10 + digit;
    return true;
}

/* The end of the line, whose CR is at *at. */
static eddy_result end_number(eddy_bytes in, size_t *at)
{
    if (*at + 1 == in.len)
        return 0;
    return eddy__resp_ends(in.data, at) ? 1 : -EBADMSG;
}

eddy_result eddy__resp_number(eddy_bytes in, size_t *at, int64_t *number)
{
    size_t first = skip_sign(in, *at);
    bool negative = first > *at && in.data[*at] == '-';
    uint64_t amount = 0;

    for (*at = first; *at < in.len; ++*at) {
        unsigned digit = in.data[*at] - (unsigned)'0';

        if (digit <= 9) {
            if (*at - first == EDDY__DIGITS_MAX || !add_digit(&amount, digit, negative))
                return -EMSGSIZE;
            continue;
        }
        if (in.data[*at] != '\r' || *at == first)
            return -EBADMSG;
        *number = negative ? (int64_t)(0 - amount) : (int64_t)amount;
        return end_number(in, at);
    }
    return 0;
}

eddy_result eddy__resp_text(eddy_bytes in, size_t max, size_t *at, size_t *need,
                            struct eddy__resp_text *text)
{
    int64_t len = 0;
    eddy_result result;

    text->head = *at;
    result = eddy__resp_number(in, at, &len);
    *need = in.len + 1;
    if (result <= 0)
        return result;
    if (len < 0 || (uint64_t)len > max) {
        *at = text->head;
        return len < 0 ? -EBADMSG : -EMSGSIZE;
    }
    text->body = *at;
    text->len = (size_t)len;
    *need = text->body + text->len + 2;
    if (in.len < *need)
        return 0;
    *at = text->body + text->len;
    return eddy__resp_ends(in.data, at) ? 1 : -EBADMSG;
}

/* ---- numbers as texts ---- */

static bool is(eddy_bytes text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* One digit or more. */
static bool take_digits(eddy_bytes text, size_t *at)
{
    size_t first = *at;

    while (*at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9')
        ++*at;
    return *at > first;
}

static bool take_one_of(eddy_bytes text, unsigned char a, unsigned char b, size_t *at)
{
    if (*at == text.len || (text.data[*at] != a && text.data[*at] != b))
        return false;
    ++*at;
    return true;
}

bool eddy__resp_is_double(eddy_bytes text, size_t *bad_at)
{
    *bad_at = 0;
    if (is(text, "inf") || is(text, "-inf") || is(text, "nan"))
        return true;
    (void)take_one_of(text, '-', '+', bad_at);
    if (!take_digits(text, bad_at))
        return false;
    if (take_one_of(text, '.', '.', bad_at) && !take_digits(text, bad_at))
        return false;
    if (take_one_of(text, 'e', 'E', bad_at)) {
        (void)take_one_of(text, '-', '+', bad_at);
        if (!take_digits(text, bad_at))
            return false;
    }
    return *bad_at == text.len;
}

bool eddy__resp_is_big_number(eddy_bytes text, size_t *bad_at)
{
    *bad_at = skip_sign(text, 0);
    return take_digits(text, bad_at) && *bad_at == text.len;
}

/* ---- writing ---- */

void eddy__resp_write(struct eddy__resp_writer *self, const void *data, size_t len)
{
    if (self->out != NULL)
        (void)eddy__codec_put(self->out + self->len, data, len);
    self->len += len;
}

size_t eddy_resp_put_number(eddy_resp_kind kind, int64_t number, unsigned char *out)
{
    uint64_t amount = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    unsigned char *end = out;

    *end++ = (unsigned char)kind;
    if (number < 0)
        *end++ = '-';
    end += eddy__codec_digits(amount, end);
    *end++ = '\r';
    *end++ = '\n';
    return (size_t)(end - out);
}

void eddy__resp_write_number(struct eddy__resp_writer *self, eddy_resp_kind kind, int64_t number)
{
    unsigned char text[EDDY_RESP_NUMBER_MAX];

    eddy__resp_write(self, text, eddy_resp_put_number(kind, number, text));
}

void eddy__resp_write_text(struct eddy__resp_writer *self, eddy_resp_kind kind, eddy_bytes text)
{
    eddy__resp_write_number(self, kind, (int64_t)text.len);
    eddy__resp_write(self, text.data, text.len);
    eddy__resp_write(self, "\r\n", 2);
}
