/* SPDX-License-Identifier: MIT */
/*
 * Guide, "A codec of your own": notes, as a kind, the length of a text in two bytes, and the text. There
 * is no loop in this program.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct note {
    char kind; /* 'n': a note, 'w': a warning */
    eddy_bytes text;
};

/* ---- the two tables ---- */

static eddy_result note_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    struct note *note = item;
    size_t len;

    (void)state;
    if (in.data[0] != 'n' && in.data[0] != 'w')
        return -EBADMSG; /* *used is 0: nothing that follows can be understood */
    *used = 3;
    if (in.len < 3)
        return 0; /* call again with three bytes */
    len = (size_t)in.data[1] << 8 | in.data[2];
    *used = 3 + len;
    if (in.len < 3 + len)
        return 0; /* call again with so many */
    note->kind = (char)in.data[0];
    note->text = (eddy_bytes){in.data + 3, len};
    return 1;
}

static eddy_result note_encode(void *state, const void *item, unsigned char *out, size_t room)
{
    const struct note *note = item;
    size_t len = 3 + note->text.len;

    (void)state;
    if (note->text.len > 0xffff)
        return -EMSGSIZE;
    if (len > room)
        return (eddy_result)len; /* call again with so much room */
    out[0] = (unsigned char)note->kind;
    out[1] = (unsigned char)(note->text.len >> 8);
    out[2] = (unsigned char)note->text.len;
    memcpy(out + 3, note->text.data, note->text.len);
    return (eddy_result)len;
}

static const eddy_decoder note_decoder = {
    .name = "note", .item_bytes = sizeof(struct note), .frame_max = 100, .decode = note_decode};
static const eddy_encoder note_encoder = {
    .name = "note", .item_bytes = sizeof(struct note), .frame_max = 100, .encode = note_encode};

/* ---- their use ---- */

/* All notes there are in some bytes; how many bytes must be there before it is worth looking again. */
static size_t look(eddy_bytes bytes)
{
    eddy_bytes rest = bytes;
    size_t need = 0;
    struct note note;
    eddy_result n;

    while ((n = eddy_decode(&note_decoder, NULL, &rest, &need, &note)) > 0)
        printf("%c '%.*s'\n", note.kind, (int)note.text.len, (const char *)note.text.data);
    printf("%s at byte %zu of %zu", eddy_error_name(n), bytes.len - rest.len, bytes.len);
    if (n == 0)
        printf(", %zu are needed", need);
    printf("\n");
    return need;
}

static size_t write_note(char kind, const char *text, unsigned char *out, size_t room)
{
    struct note note = {kind, {(const unsigned char *)text, strlen(text)}};
    eddy_result n = note_encoder.encode(NULL, &note, out, room);

    return n > 0 && (size_t)n <= room ? (size_t)n : 0;
}

int main(void)
{
    unsigned char bytes[64];
    size_t len = write_note('n', "the sun is up", bytes, sizeof bytes);

    len += write_note('w', "rain", bytes + len, sizeof bytes - len);
    look((eddy_bytes){bytes, 1});
    look((eddy_bytes){bytes, 10});
    look((eddy_bytes){bytes, len});

    bytes[16] = 'x'; /* the second one's kind */
    look((eddy_bytes){bytes, len});
    bytes[1] = 1; /* the first one's length: 256 more */
    look((eddy_bytes){bytes, len});
    return 0;
}
