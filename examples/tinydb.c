/* SPDX-License-Identifier: MIT */
/*
 * tinydb - a little database over lines: all clients share the keys and values.
 *
 *     GET key          answers "key = value", or "error: no key 'key'"
 *     SET key value    answers "set key = value"; the value is the rest of the line
 *
 *     tinydb [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: nc 127.0.0.1 8080
 *
 * A client is one expression: the lines it writes, each made an answer, forwarded to the lines it reads.
 * On one loop no lock is needed, for nothing happens between two waits.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/args.h"
#include "support/redis_store.h"
#include "support/serve.h"

#define LINE_BYTES 4096

struct tinydb {
    struct redis_store store;
};

/* ---- a request and its answer ---- */

/* The next word of a line, cut off it. */
static eddy_bytes take_word(eddy_bytes *line)
{
    const unsigned char *blank = line->len > 0 ? memchr(line->data, ' ', line->len) : NULL;
    eddy_bytes word = *line;

    if (blank != NULL)
        word.len = (size_t)(blank - line->data);
    line->data += word.len + (blank != NULL);
    line->len -= word.len + (blank != NULL);
    return word;
}

static bool word_is(eddy_bytes word, const char *text)
{
    return word.len == strlen(text) && memcmp(word.data, text, word.len) == 0;
}

static int get(struct tinydb *db, eddy_bytes key, char *text, size_t room)
{
    const struct redis_entry *entry = redis_get(&db->store, key);
    eddy_bytes value;

    if (entry == NULL)
        return snprintf(text, room, "error: no key '%.*s'", (int)key.len, key.data);
    value = redis_value(entry);
    return snprintf(text, room, "%.*s = %.*s", (int)key.len, key.data, (int)value.len, value.data);
}

static int set(struct tinydb *db, eddy_bytes key, eddy_bytes value, char *text, size_t room)
{
    if (redis_set(&db->store, key, value) == NULL)
        return snprintf(text, room, "error: out of memory");
    return snprintf(text, room, "set %.*s = %.*s", (int)key.len, key.data, (int)value.len,
                    value.data);
}

static int execute(struct tinydb *db, eddy_bytes line, char *text, size_t room)
{
    eddy_bytes command = take_word(&line), key = take_word(&line);

    if (word_is(command, "GET") && key.len > 0 && line.len == 0)
        return get(db, key, text, room);
    if (word_is(command, "SET") && key.len > 0 && line.len > 0)
        return set(db, key, line, text, room);
    return snprintf(text, room, "error: it is GET key, or SET key value");
}

/* ---- one client ---- */

/* What the codecs of one connection remember. */
struct client {
    struct tinydb *db;
    eddy_lines_codec in, out;
    eddy_copied_codec slices; /* answers are slices, for they outlive the line they answer */
};

/* Of a stream's map: a line in, a slice out. */
static int answer(void *arg, const void *item, void *out)
{
    const struct client *self = arg;
    eddy_bytes line = *(const eddy_bytes *)item;
    char text[2 * LINE_BYTES];
    int len = execute(self->db, line, text, sizeof text);

    return eddy_slice_copy(NULL, text, (size_t)len, out);
}

static void drop_answer(void *item)
{
    eddy_slice_release(item);
}

/* How a client leaves is no error of ours. */
static eddy_future *leave(void *arg, eddy_handle *handle, eddy_result error)
{
    (void)arg;
    (void)error;
    return eddy_ready(handle, 0);
}

/* As of struct eddy_server; `arg` is the database. */
static int client_start(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    struct client *self = calloc(1, sizeof *self);
    eddy_duplex lines;
    eddy_stream *answers;
    eddy_future *work;

    if (self == NULL) {
        eddy_tcp_free(tcp);
        return -ENOMEM;
    }
    *self = (struct client){
        .db = arg, .in = {.line_max = LINE_BYTES}, .out = {.line_max = 2 * LINE_BYTES}};
    self->slices = (eddy_copied_codec){.encoder = &eddy_lines_encoder, .encoder_state = &self->out};
    lines = eddy_io_framed(self->db->store.handle, eddy_tcp_io(tcp), &eddy_lines_decoder, &self->in,
                           &eddy_copied_encoder, &self->slices);
    answers = eddy_stream_map(lines.in, sizeof(eddy_slice), answer, self);
    answers = eddy_stream_owning(answers, drop_answer);
    work = eddy_or_else(eddy_stream_forward(answers, lines.out), leave, NULL);
    return eddy_group_spawn(group, eddy_finally(work, free, self));
}

/* ---- the database ---- */

static void open_db(struct tinydb *self, eddy_handle *handle)
{
    static const eddy_bytes foo = {(const unsigned char *)"foo", 3};
    static const eddy_bytes bar = {(const unsigned char *)"bar", 3};

    redis_store_init(&self->store, handle);
    (void)redis_set(&self->store, foo, bar);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "tinydb [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct tinydb db;
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "tinydb", core);
    open_db(&db, eddy_core_handle(core));
    result = serve_until_signal(core, listener, client_start, &db);
    eddy_core_free(core);
    redis_store_deinit(&db.store);
    return args_end(&args, result);
}
