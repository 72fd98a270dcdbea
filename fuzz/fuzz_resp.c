/* SPDX-License-Identifier: MIT */
/*
 * fuzz_resp.c - any bytes to the decoders of RESP. The first four choose one, its limits, and how the
 * rest is cut. What must hold:
 *
 *   the same items and errors at the same bytes, however the input is cut;
 *   values that are shown and values that are owned are the same;
 *   what was decoded is encoded, and that is decoded to the same again;
 *   nothing is looked at behind the input (ASan: it ends where its memory does).
 */
#include "../tests/codec/resp_print.h"
#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OPTIONS = 4 };

static size_t limit(uint8_t byte)
{
    return byte < 250 ? byte : SIZE_MAX - (255 - byte);
}

/* Decode all, and encode each as it comes. */
static void encode_requests(eddy_resp_requests state, eddy_bytes input, struct codec_log *frames,
                            struct codec_log *items)
{
    eddy_resp_requests limits = state;
    eddy_resp_request request;
    size_t need;

    while (eddy_decode(&eddy_resp_requests_decoder, &state, &input, &need, &request) > 0) {
        if (fuzz_encode(&eddy_resp_requests_encoder, &limits, &request, frames))
            resp_print_request(items, &request);
    }
    eddy_resp_requests_deinit(&state);
}

static void encode_values(eddy_resp_values state, eddy_bytes input, struct codec_log *frames,
                          struct codec_log *items)
{
    eddy_resp_value value;
    size_t need;

    while (eddy_decode(&eddy_resp_values_decoder, &state, &input, &need, &value) > 0) {
        bool encoded = fuzz_encode(&eddy_resp_values_encoder, &state, &value, frames);

        FUZZ_CHECK(encoded, "a value that was decoded is refused");
        resp_print_value(items, &value);
    }
    eddy_resp_values_deinit(&state);
}

static void check_again(const struct codec_case *of, struct codec_log *frames,
                        struct codec_log *items, unsigned seed)
{
    codec_say(items, ".");
    fuzz_decoder(of, (eddy_bytes){(unsigned char *)frames->text, frames->len}, seed);
    FUZZ_CHECK(strcmp(fuzz_expected.text, items->text) == 0, "'%s' became '%s'", items->text,
               fuzz_expected.text);
}

static void fuzz_requests(const uint8_t *data, eddy_bytes input)
{
    static struct codec_log frames, items;
    eddy_resp_requests state = {.args_max = limit(data[1]), .bulk_max = limit(data[2])};
    struct codec_case of = {&eddy_resp_requests_decoder, &state, sizeof state, resp_print_request,
                            resp_requests_deinit};

    frames.len = items.len = 0;
    fuzz_decoder(&of, input, data[3]);
    state.line_max = limit(data[2]);
    fuzz_decoder(&of, input, data[3]);
    encode_requests(state, input, &frames, &items);
    check_again(&of, &frames, &items, data[3]);
}

static void fuzz_values(const uint8_t *data, eddy_bytes input)
{
    static struct codec_log frames, items;
    eddy_resp_values state = {.bulk_max = limit(data[1]),
                              .values_max = limit(data[2]),
                              .depth_max = data[0] / 4 % 33,
                              .resp3 = data[0] & 2};
    struct codec_case shown = {&eddy_resp_values_decoder, &state, sizeof state, resp_print_value,
                               resp_values_deinit};
    struct codec_case owned = {&eddy_resp_replies_decoder, &state, sizeof state, resp_print_reply,
                               resp_values_deinit};

    frames.len = items.len = 0;
    fuzz_decoder(&shown, input, data[3]);
    codec_run(&owned, input, NULL, 0, false, &fuzz_got);
    FUZZ_CHECK(strcmp(fuzz_expected.text, fuzz_got.text) == 0, "shown '%s', owned '%s'",
               fuzz_expected.text, fuzz_got.text);
    encode_values(state, input, &frames, &items);
    check_again(&shown, &frames, &items, data[3]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eddy_bytes input = {data + OPTIONS, size - OPTIONS};

    if (size < OPTIONS)
        return 0;
    if (data[0] & 1)
        fuzz_requests(data, input);
    else
        fuzz_values(data, input);
    return 0;
}
