/* SPDX-License-Identifier: MIT */
/*
 * redis_strings.h - the commands on values: what is set, got and counted.
 */
#ifndef EXAMPLES_REDIS_STRINGS_H
#define EXAMPLES_REDIS_STRINGS_H

#include "redis_call.h"

static inline void redis_do_get(struct redis_call *call)
{
    const struct redis_entry *entry = redis_get(call->store, call->argv[1]);

    if (entry != NULL)
        redis_out_bulk(call->out, redis_value(entry));
    else
        redis_null(call);
}

/* What comes behind the value of SET. */
struct redis_set_options {
    int64_t expires_ns;
    bool if_absent, if_present;
};

/* One option; how many arguments it takes. 0: it is none, and the answer is there. */
static inline size_t redis_set_option(struct redis_call *call, size_t at,
                                      struct redis_set_options *options)
{
    eddy_bytes word = call->argv[at];
    bool seconds = redis_is(word, "EX"), timed = seconds || redis_is(word, "PX");

    if (timed && at + 1 < call->argc) {
        int64_t unit = seconds ? EDDY_SECOND : EDDY_MILLISECOND;

        if (!redis_time(call, call->argv[at + 1], unit, &options->expires_ns))
            return 0;
        if (options->expires_ns == REDIS_OVER) {
            redis_out_text(call->out, "-ERR invalid expire time in 'set' command\r\n");
            return 0;
        }
        return 2;
    }
    if (redis_is(word, "NX") && !options->if_present) {
        options->if_absent = true;
    } else if (redis_is(word, "XX") && !options->if_absent) {
        options->if_present = true;
    } else {
        redis_out_text(call->out, "-ERR syntax error\r\n");
        return 0;
    }
    return 1;
}

static inline bool redis_set_options(struct redis_call *call, struct redis_set_options *options)
{
    for (size_t at = 3, count; at < call->argc; at += count) {
        count = redis_set_option(call, at, options);
        if (count == 0)
            return false;
    }
    return true;
}

static inline void redis_do_set(struct redis_call *call)
{
    struct redis_set_options options = {0};
    struct redis_entry *entry;

    if (call->argc > 3) {
        if (!redis_set_options(call, &options))
            return;
        entry =
            options.if_absent || options.if_present ? redis_get(call->store, call->argv[1]) : NULL;
        if ((options.if_absent && entry != NULL) || (options.if_present && entry == NULL)) {
            redis_null(call);
            return;
        }
    }
    entry = redis_set(call->store, call->argv[1], call->argv[2]);
    if (entry == NULL) {
        redis_no_memory(call);
        return;
    }
    redis_expire(call->store, entry, options.expires_ns);
    redis_ok(call);
}

/* The same key may be asked for again and again. */
static inline bool redis_is_too_much(const struct redis_call *call)
{
    size_t bytes = 0;

    for (size_t i = 1; i < call->argc; i++) {
        const struct redis_entry *entry = redis_get(call->store, call->argv[i]);

        bytes += entry != NULL ? entry->value_len : 0;
    }
    return bytes > REDIS_ANSWER_MAX;
}

static inline void redis_do_mget(struct redis_call *call)
{
    if (redis_is_too_much(call)) {
        redis_out_text(call->out, "-ERR the answer is too long\r\n");
        return;
    }
    redis_out_number(call->out, EDDY_RESP_ARRAY, (int64_t)call->argc - 1);
    for (size_t i = 1; i < call->argc; i++) {
        const struct redis_entry *entry = redis_get(call->store, call->argv[i]);

        if (entry != NULL)
            redis_out_bulk(call->out, redis_value(entry));
        else
            redis_null(call);
    }
}

static inline void redis_do_mset(struct redis_call *call)
{
    if (call->argc % 2 == 0) {
        redis_out_text(call->out, "-ERR wrong number of arguments for 'mset' command\r\n");
        return;
    }
    for (size_t i = 1; i < call->argc; i += 2) {
        struct redis_entry *entry = redis_set(call->store, call->argv[i], call->argv[i + 1]);

        if (entry == NULL) {
            redis_no_memory(call);
            return;
        }
        redis_expire(call->store, entry, 0);
    }
    redis_ok(call);
}

/* The value of a key, a number, is changed by so much; its time stays. */
static inline void redis_add_to(struct redis_call *call, int64_t amount)
{
    const struct redis_entry *entry = redis_get(call->store, call->argv[1]);
    char text[24];
    int64_t number = 0;
    int len;

    if (entry != NULL && !redis_integer(redis_value(entry), &number)) {
        redis_out_error(call->out, REDIS_NOT_INTEGER);
        return;
    }
    if (amount > 0 ? number > INT64_MAX - amount : number < INT64_MIN - amount) {
        redis_out_text(call->out, "-ERR increment or decrement would overflow\r\n");
        return;
    }
    number += amount;
    len = snprintf(text, sizeof text, "%lld", (long long)number);
    if (redis_set(call->store, call->argv[1],
                  (eddy_bytes){(const unsigned char *)text, (size_t)len}) == NULL)
        redis_no_memory(call);
    else
        redis_number(call, number);
}

static inline void redis_do_incr(struct redis_call *call)
{
    redis_add_to(call, 1);
}

static inline void redis_do_decr(struct redis_call *call)
{
    redis_add_to(call, -1);
}

static inline void redis_do_incrby(struct redis_call *call)
{
    int64_t amount;

    if (redis_integer(call->argv[2], &amount))
        redis_add_to(call, amount);
    else
        redis_out_error(call->out, REDIS_NOT_INTEGER);
}

#endif
