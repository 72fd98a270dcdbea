/* SPDX-License-Identifier: MIT */
/*
 * fuzz_codec.c - any bytes to the codecs of eddy/codecs.h and eddy/length_delimited.h. The first eight
 * choose one, its options, and how the rest is cut. What must hold:
 *
 *   the same items and errors at the same bytes, however the input is cut;
 *   an encoder writes what it said, and what it has written is decoded to the same items;
 *   nothing is looked at behind the input (ASan: it ends where its memory does).
 */
#include "codec.h"
#include "eddy/length_delimited.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTIONS = 8 };

/* One of each; which is used is chosen by the input. */
struct codecs {
    eddy_lines_codec lines;
    eddy_delimited_codec delimited;
    eddy_fixed_codec fixed;
    eddy_netstring_codec netstring;
    eddy_varint_codec varint;
    eddy_length_delimited length;
};

static size_t limit(uint8_t byte)
{
    return byte < 200 ? byte : byte < 250 ? (size_t)byte * 100 : SIZE_MAX - (255 - byte);
}

static int64_t adjustment(uint8_t byte)
{
    if (byte > 250)
        return INT64_MAX - (255 - byte);
    if (byte < 5)
        return INT64_MIN + byte;
    return (int64_t)byte - 128;
}

static void set_options(struct codecs *self, const uint8_t *option)
{
    static const unsigned char delimiters[] = "aab\r\n";
    size_t from = option[2] % 5;

    *self = (struct codecs){
        .lines = {.line_max = limit(option[1]), .crlf = option[2] & 1},
        .delimited = {.delimiter = {delimiters + from, 1 + option[3] % (5 - from)},
                      .item_max = limit(option[1])},
        .fixed = {.item_len = 1 + option[3] % 50},
        .netstring = {.item_max = limit(option[1])},
        .varint = {.item_max = limit(option[1])},
        .length = {.frame_max = limit(option[1]),
                   .little_endian = option[2] & 1,
                   .length_bytes = option[3] % 9,
                   .length_offset = option[4] % 20,
                   .adjustment = adjustment(option[5]),
                   .skip = option[6] < 250 ? option[6] % 30 : EDDY_SKIP_NOTHING,
                   .head = {option, option[2] % OPTIONS}},
    };
}

struct chosen {
    const eddy_decoder *decoder;
    const eddy_encoder *encoder;
    void *state;
    size_t bytes;
};

static struct chosen choose(struct codecs *self, uint8_t which)
{
    const struct chosen all[] = {
        {&eddy_lines_decoder, &eddy_lines_encoder, &self->lines, sizeof self->lines},
        {&eddy_delimited_decoder, &eddy_delimited_encoder, &self->delimited,
         sizeof self->delimited},
        {&eddy_fixed_decoder, &eddy_fixed_encoder, &self->fixed, sizeof self->fixed},
        {&eddy_netstring_decoder, &eddy_netstring_encoder, &self->netstring,
         sizeof self->netstring},
        {&eddy_varint_decoder, &eddy_varint_encoder, &self->varint, sizeof self->varint},
        {&eddy_length_delimited_decoder, &eddy_length_delimited_encoder, &self->length,
         sizeof self->length},
    };

    return all[which % (sizeof all / sizeof *all)];
}

/* Items of the input, each as long as the one before it says. The frames that were made of them. */
static void encode_items(const struct chosen *of, eddy_bytes input, struct codec_log *frames,
                         struct codec_log *items)
{
    size_t len = of->decoder == &eddy_fixed_decoder ? ((eddy_fixed_codec *)of->state)->item_len : 3;

    frames->len = items->len = 0;
    items->text[0] = '\0';
    while (len <= input.len && frames->len < 4096) {
        eddy_bytes item = {input.data, len};

        if (fuzz_encode(of->encoder, of->state, &item, frames))
            codec_print_bytes(items, &item);
        if (len == 0)
            break;
        len = of->decoder == &eddy_fixed_decoder ? len : input.data[0] % 40;
        input.data += item.len;
        input.len -= item.len;
    }
    codec_say(items, ".");
}

/* Does the item come out as it went in? Not when it ends in what belongs to the frame's end, or has the
 * length field in it. */
static bool is_faithful(const struct chosen *of, const struct codecs *codecs)
{
    const eddy_length_delimited *length = &codecs->length;
    size_t width = length->length_bytes != 0 ? length->length_bytes : 4;

    if (of->decoder == &eddy_length_delimited_decoder)
        return length->skip == 0 ||
               (length->skip != EDDY_SKIP_NOTHING && length->skip >= length->length_offset + width);
    return of->decoder != &eddy_lines_decoder || codecs->lines.crlf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct codec_log frames, items;
    struct codecs codecs;
    struct chosen of;
    struct codec_case decoding;

    if (size < OPTIONS)
        return 0;
    set_options(&codecs, data);
    of = choose(&codecs, data[0]);
    decoding = (struct codec_case){of.decoder, of.state, of.bytes, codec_print_bytes, NULL};
    fuzz_decoder(&decoding, (eddy_bytes){data + OPTIONS, size - OPTIONS}, data[7]);
    encode_items(&of, (eddy_bytes){data + OPTIONS, size - OPTIONS}, &frames, &items);
    fuzz_decoder(&decoding, (eddy_bytes){(unsigned char *)frames.text, frames.len}, data[7]);
    if (is_faithful(&of, &codecs))
        FUZZ_CHECK(strcmp(fuzz_expected.text, items.text) == 0, "%s: '%s' became '%s'",
                   of.decoder->name, items.text, fuzz_expected.text);
    return 0;
}
