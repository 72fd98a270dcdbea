/* SPDX-License-Identifier: MIT */
/*
 * redis_commands.h - the commands on keys and on the server, and the table that finds all of them. No I/O
 * here: a request goes in, an answer into memory.
 */
#ifndef EXAMPLES_REDIS_COMMANDS_H
#define EXAMPLES_REDIS_COMMANDS_H

#include "redis_strings.h"

struct redis_command {
    char name[9];
    uint8_t args_min, args_max; /* the name included; 0: any number */
    void (*run)(struct redis_call *call);
};

/* ---- keys ---- */

static inline void redis_do_del(struct redis_call *call)
{
    int64_t count = 0;

    for (size_t i = 1; i < call->argc; i++)
        count += redis_delete(call->store, call->argv[i]);
    redis_number(call, count);
}

static inline void redis_do_exists(struct redis_call *call)
{
    int64_t count = 0;

    for (size_t i = 1; i < call->argc; i++)
        count += redis_get(call->store, call->argv[i]) != NULL;
    redis_number(call, count);
}

static inline void redis_expire_in(struct redis_call *call, int64_t unit_ns)
{
    struct redis_entry *entry = redis_get(call->store, call->argv[1]);
    int64_t when_ns;

    if (!redis_time(call, call->argv[2], unit_ns, &when_ns))
        return;
    if (entry != NULL)
        redis_expire(call->store, entry, when_ns);
    redis_number(call, entry != NULL);
}

static inline void redis_do_expire(struct redis_call *call)
{
    redis_expire_in(call, EDDY_SECOND);
}

static inline void redis_do_pexpire(struct redis_call *call)
{
    redis_expire_in(call, EDDY_MILLISECOND);
}

/* Rounded up: a key that is there has some time left. */
static inline void redis_time_left(struct redis_call *call, int64_t unit_ns)
{
    const struct redis_entry *entry = redis_get(call->store, call->argv[1]);
    int64_t left_ns;

    if (entry == NULL || entry->expires_ns == 0) {
        redis_number(call, entry == NULL ? -2 : -1);
        return;
    }
    left_ns = entry->expires_ns - eddy_now_ns(call->store->handle);
    redis_number(call, left_ns > 0 ? (left_ns - 1) / unit_ns + 1 : 0);
}

static inline void redis_do_ttl(struct redis_call *call)
{
    redis_time_left(call, EDDY_SECOND);
}

static inline void redis_do_pttl(struct redis_call *call)
{
    redis_time_left(call, EDDY_MILLISECOND);
}

static inline void redis_do_persist(struct redis_call *call)
{
    struct redis_entry *entry = redis_get(call->store, call->argv[1]);
    bool timed = entry != NULL && entry->expires_ns != 0;

    if (timed)
        redis_expire(call->store, entry, 0);
    redis_number(call, timed);
}

/* ---- the server ---- */

static inline void redis_do_ping(struct redis_call *call)
{
    if (call->argc > 1)
        redis_out_bulk(call->out, call->argv[1]);
    else
        redis_out_text(call->out, "+PONG\r\n");
}

static inline void redis_do_echo(struct redis_call *call)
{
    redis_out_bulk(call->out, call->argv[1]);
}

static inline void redis_do_select(struct redis_call *call)
{
    int64_t number;

    if (!redis_integer(call->argv[1], &number))
        redis_out_error(call->out, REDIS_NOT_INTEGER);
    else if (number != 0)
        redis_out_text(call->out, "-ERR DB index is out of range\r\n");
    else
        redis_ok(call);
}

static inline void redis_do_quit(struct redis_call *call)
{
    call->quit = true;
    redis_ok(call);
}

static inline void redis_do_dbsize(struct redis_call *call)
{
    redis_number(call, (int64_t)call->store->count);
}

static inline void redis_do_flushall(struct redis_call *call)
{
    redis_store_clear(call->store);
    redis_ok(call);
}

static inline void redis_do_info(struct redis_call *call)
{
    char text[256];

    snprintf(text, sizeof text,
             "# Server\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\nserver_name:eddy\r\n"
             "\r\n# Keyspace\r\ndb0:keys=%zu,expires=%zu\r\n",
             call->store->count, call->store->expiring);
    redis_out_string(call->out, text);
}

/* Clients that ask for help texts do without. */
static inline void redis_do_command(struct redis_call *call)
{
    redis_out_text(call->out, "*0\r\n");
}

/* What redis-benchmark wants to print. */
static inline void redis_do_config(struct redis_call *call)
{
    bool save;

    if (!redis_is(call->argv[1], "GET")) {
        redis_out_text(call->out, "-ERR only CONFIG GET is there\r\n");
        return;
    }
    save = redis_is(call->argv[2], "save");
    if (!save && (call->argv[2].len != 10 || memcmp(call->argv[2].data, "appendonly", 10) != 0)) {
        redis_out_text(call->out, "*0\r\n");
        return;
    }
    redis_out_number(call->out, EDDY_RESP_ARRAY, 2);
    redis_out_bulk(call->out, call->argv[2]);
    redis_out_string(call->out, save ? "" : "no");
}

/* ---- finding one ---- */

/* Those that are asked for most often come first. */
static const struct redis_command redis_commands[] = {
    {"GET", 2, 2, redis_do_get},          {"SET", 3, 6, redis_do_set},
    {"PING", 1, 2, redis_do_ping},        {"INCR", 2, 2, redis_do_incr},
    {"MGET", 2, 0, redis_do_mget},        {"MSET", 3, 0, redis_do_mset},
    {"DEL", 2, 0, redis_do_del},          {"EXISTS", 2, 0, redis_do_exists},
    {"EXPIRE", 3, 3, redis_do_expire},    {"PEXPIRE", 3, 3, redis_do_pexpire},
    {"TTL", 2, 2, redis_do_ttl},          {"PTTL", 2, 2, redis_do_pttl},
    {"PERSIST", 2, 2, redis_do_persist},  {"DECR", 2, 2, redis_do_decr},
    {"INCRBY", 3, 3, redis_do_incrby},    {"ECHO", 2, 2, redis_do_echo},
    {"SELECT", 2, 2, redis_do_select},    {"QUIT", 1, 0, redis_do_quit},
    {"DBSIZE", 1, 1, redis_do_dbsize},    {"FLUSHALL", 1, 2, redis_do_flushall},
    {"FLUSHDB", 1, 2, redis_do_flushall}, {"INFO", 1, 0, redis_do_info},
    {"COMMAND", 1, 0, redis_do_command},  {"CONFIG", 3, 3, redis_do_config},
};

static inline void redis_wrong_number(struct redis_call *call, const struct redis_command *command)
{
    char name[sizeof command->name];

    for (size_t i = 0; i < sizeof name; i++)
        name[i] = (char)(command->name[i] | 0x20); /* the end is not shown */
    redis_out_error(call->out, "ERR wrong number of arguments for '%.*s' command",
                    (int)strlen(command->name), name);
}

/* Answer a request. */
static inline void redis_run(struct redis_call *call)
{
    uint64_t word = redis_word(call->argv[0].data, call->argv[0].len);

    for (size_t i = 0; i < sizeof redis_commands / sizeof *redis_commands; i++) {
        const struct redis_command *command = &redis_commands[i];
        uint64_t name;

        memcpy(&name, command->name, sizeof name);
        if (name != word || strlen(command->name) != call->argv[0].len)
            continue;
        if (call->argc < command->args_min ||
            (command->args_max != 0 && call->argc > command->args_max))
            redis_wrong_number(call, command);
        else
            command->run(call);
        return;
    }
    redis_out_error(call->out, "ERR unknown command '%.*s'",
                    (int)(call->argv[0].len < 100 ? call->argv[0].len : 100),
                    (const char *)call->argv[0].data);
}

#endif
