/* SPDX-License-Identifier: MIT */
/*
 * resp_print.h - requests and values of RESP in a log: "[SET|key|value]"; "[$text]", "[*($1)(:2)]".
 */
#ifndef EDDY_TESTS_RESP_PRINT_H
#define EDDY_TESTS_RESP_PRINT_H

#include "codec_run.h"
#include "eddy/resp.h"

static inline void resp_print_request(struct codec_log *log, const void *item)
{
    eddy_resp_request request;

    memcpy(&request, item, sizeof request);
    for (size_t i = 0; i < request.argc; i++) {
        codec_say(log, i == 0 ? "[" : "|");
        codec_say_bytes(log, request.argv[i]);
    }
    codec_say(log, "]");
}

static inline void resp_say(struct codec_log *log, const eddy_resp_value *value)
{
    codec_say(log, "%c", (int)value->kind);
    switch (value->kind) {
    case EDDY_RESP_NULL:
        return;
    case EDDY_RESP_INTEGER:
    case EDDY_RESP_BOOLEAN:
        codec_say(log, "%lld", (long long)value->as.integer);
        return;
    case EDDY_RESP_ARRAY:
    case EDDY_RESP_MAP:
    case EDDY_RESP_SET:
    case EDDY_RESP_PUSH:
    case EDDY_RESP_ATTRIBUTE:
        for (size_t i = 0; i < value->as.items.count; i++) {
            codec_say(log, "(");
            resp_say(log, &value->as.items.data[i]);
            codec_say(log, ")");
        }
        return;
    default:
        codec_say_bytes(log, value->as.text);
    }
}

static inline void resp_print_value(struct codec_log *log, const void *item)
{
    eddy_resp_value value;

    memcpy(&value, item, sizeof value);
    codec_say(log, "[");
    resp_say(log, &value);
    codec_say(log, "]");
}

static inline void resp_print_reply(struct codec_log *log, const void *item)
{
    eddy_resp_reply reply;

    memcpy(&reply, item, sizeof reply);
    resp_print_value(log, &reply.value);
}

static inline void resp_requests_deinit(void *state)
{
    eddy_resp_requests_deinit(state);
}

static inline void resp_values_deinit(void *state)
{
    eddy_resp_values_deinit(state);
}

#endif
