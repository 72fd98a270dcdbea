/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Lengths": one item in the frames of four protocols, and a length that is too large.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

static void show(const char *what, const unsigned char *bytes, size_t len)
{
    printf("%-20s", what);
    for (size_t i = 0; i < len; i++)
        printf(" %02x", bytes[i]);
    printf("\n");
}

/* The frame of "eddy", made and taken apart again. */
static void both_ways(const char *what, eddy_length_delimited codec)
{
    const eddy_bytes item = {(const unsigned char *)"eddy", 4};
    unsigned char frame[32];
    eddy_result n = eddy_length_delimited_encoder.encode(&codec, &item, frame, sizeof frame);
    eddy_bytes rest = {frame, (size_t)(n > 0 ? n : 0)}, again;
    size_t need;

    if (n > 0) {
        show(what, rest.data, rest.len);
        n = eddy_decode(&eddy_length_delimited_decoder, &codec, &rest, &need, &again);
    }
    if (n != 1 || again.len != item.len || rest.len != 0)
        printf("%s: %s\n", what, eddy_error_name(n));
}

int main(void)
{
    static const unsigned char head[] = {0xca, 0xfe};
    static const unsigned char bad[] = {0x7f, 0xff, 0xff, 0xff};
    eddy_length_delimited codec = {.frame_max = 1000};
    eddy_bytes rest = {bad, sizeof bad}, item;
    eddy_result n;
    size_t need;

    both_ways("nothing said", (eddy_length_delimited){0});
    both_ways("2 bytes, little", (eddy_length_delimited){.length_bytes = 2, .little_endian = true});
    both_ways("it counts itself", (eddy_length_delimited){.length_bytes = 2, .adjustment = -2});
    both_ways("behind a head", (eddy_length_delimited){.length_offset = 2,
                                                       .length_bytes = 1,
                                                       .head = {head, sizeof head}});

    n = eddy_decode(&eddy_length_delimited_decoder, &codec, &rest, &need, &item);
    printf("a length of 2 GiB: %s\n", eddy_error_name(n));
    return 0;
}
