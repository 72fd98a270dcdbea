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

        if (digit <= 9 && *at - first < EDDY__DIGITS_MAX && add_digit(&amount, digit, negative))
            continue;
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

static size_t span_of(eddy_bytes text, const char *of, size_t count)
{
    size_t len = 0;

    while (len < text.len && memchr(of, text.data[len], count) != NULL)
        len++;
    return len;
}

static bool is(eddy_bytes text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

size_t eddy__resp_double_len(eddy_bytes text)
{
    if (is(text, "inf") || is(text, "-inf") || is(text, "nan"))
        return text.len;
    return span_of(text, "0123456789+-.eE", 15);
}

size_t eddy__resp_big_number_len(eddy_bytes text)
{
    size_t sign = skip_sign(text, 0);
    eddy_bytes digits = {text.data + sign, text.len - sign};

    return sign + span_of(digits, "0123456789", 10);
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
