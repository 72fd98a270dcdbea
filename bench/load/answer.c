/* SPDX-License-Identifier: MIT */
/*
 * answer.c - learning an answer, and comparing others with it.
 */
#include "system.h"

#include "answer.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char body[] = "Hello, World!";
static const char date_shape[] = "Aaa, 00 Aaa 0000 00:00:00 GMT";
enum { BODY = sizeof body - 1, DATE = sizeof date_shape - 1 };

/* "Sun, 29 Nov 2026 07:22:40 GMT": where the shape has a digit there is one, and so on. */
static bool is_date(const char *at)
{
    for (size_t i = 0; i < DATE; i++) {
        bool is_right = at[i] == date_shape[i];

        if (date_shape[i] == '0')
            is_right = at[i] >= '0' && at[i] <= '9';
        else if (date_shape[i] == 'A')
            is_right = at[i] >= 'A' && at[i] <= 'Z';
        else if (date_shape[i] == 'a')
            is_right = at[i] >= 'a' && at[i] <= 'z';
        if (!is_right)
            return false;
    }
    return true;
}

/* What follows a header's name, in a head that ends with 0; NULL: it is not there. */
static const char *value_of(const char *head, const char *name)
{
    const char *line = strcasestr(head, name);

    return line != NULL ? line + strlen(name) : NULL;
}

/* What is wrong with the head, which ends with 0; NULL: nothing. */
static const char *complain(const char *head, size_t *date)
{
    const char *value = value_of(head, "\r\nDate: ");

    if (strncmp(head, "HTTP/1.1 200 ", 13) != 0)
        return "an answer's status is not HTTP/1.1 200";
    if (value == NULL || strlen(value) < DATE || !is_date(value))
        return "an answer has no proper Date";
    *date = (size_t)(value - head);
    if (value_of(head, "\r\nServer: ") == NULL)
        return "an answer has no Server";
    value = value_of(head, "\r\nContent-Type: ");
    if (value == NULL || strncasecmp(value, "text/plain", 10) != 0)
        return "an answer's Content-Type is not text/plain";
    if (value_of(head, "\r\nContent-Length: 13\r\n") == NULL)
        return "an answer's Content-Length is not 13";
    return NULL;
}

/* Read the first answer. */
static size_t learn(struct answer *self, const char *bytes, size_t len, const char **complaint)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    size_t head = end != NULL ? (size_t)(end - bytes) + 4 : len;

    if (head + BODY >= ANSWER_MAX) {
        *complaint = "an answer is too long";
        return 0;
    }
    if (end == NULL || len < head + BODY)
        return 0;
    memcpy(self->bytes, bytes, head + BODY);
    self->bytes[head] = '\0';
    *complaint = complain(self->bytes, &self->date);
    if (*complaint == NULL && memcmp(bytes + head, body, BODY) != 0)
        *complaint = "an answer's body is not Hello, World!";
    if (*complaint != NULL)
        return 0;
    memcpy(self->bytes + head, body, BODY);
    self->len = head + BODY;
    return self->len;
}

size_t answer_match(struct answer *self, const char *bytes, size_t len, const char **complaint)
{
    size_t after = self->date + DATE; /* where what follows the date begins */

    if (self->len == 0)
        return len > 0 ? learn(self, bytes, len, complaint) : 0;
    if (len < self->len) {
        size_t before = len < self->date ? len : self->date;

        /* A shorter answer, of an error, would be waited for in vain. */
        if (memcmp(bytes, self->bytes, before) != 0)
            *complaint = "an answer differs from the first";
        return 0;
    }
    if (memcmp(bytes, self->bytes, self->len) == 0)
        return self->len;
    if (memcmp(bytes, self->bytes, self->date) != 0 ||
        memcmp(bytes + after, self->bytes + after, self->len - after) != 0 ||
        !is_date(bytes + self->date)) {
        *complaint = "an answer differs from the first";
        return 0;
    }
    memcpy(self->bytes + self->date, bytes + self->date, DATE);
    return self->len;
}
