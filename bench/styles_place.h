/* SPDX-License-Identifier: MIT */
/*
 * styles_place.h - a loop, and what serves a connection on it in each of the styles of
 * examples/styles. For styles.c.
 */
#ifndef BENCH_STYLES_PLACE_H
#define BENCH_STYLES_PLACE_H

#include <eddy/eddy.h>
#include <stdio.h>
#include <stdlib.h>

#include "../examples/styles/ask_async.h"
#include "../examples/styles/ask_poll.h"
#include "../examples/styles/chat_async.h"
#include "../examples/styles/chat_poll.h"
#include "../examples/styles/echo_async.h"
#include "../examples/styles/echo_poll.h"

#define CONNECTIONS 500

static inline void check(eddy_result result, const char *what)
{
    if (result >= 0)
        return;
    fprintf(stderr, "styles: %s: %s\n", what, eddy_strerror(result));
    exit(1);
}

static inline eddy_core *new_core(const char *driver)
{
    eddy_core *core;

    check(eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver = driver), &core), "a loop");
    return core;
}

struct place {
    eddy_core *core;
    eddy_handle *handle;
    eddy_group *group;
    struct room room;
    eddy_addr server;
};

static inline void begin(struct place *place, const char *driver)
{
    place->core = new_core(driver);
    place->handle = eddy_core_handle(place->core);
    check(eddy_group_new(place->handle, NULL, &place->group), "a group");
    check(room_init(&place->room, place->handle), "a room");
}

static inline void end(struct place *place)
{
    eddy_group_free(place->group);
    eddy_core_free(place->core);
    room_deinit(&place->room);
}

/* ---- what serves a connection ---- */

/* Starts what serves one connection; returns the bytes that it takes from malloc(3) itself. */
typedef size_t start_fn(struct place *place, eddy_tcp *tcp);

static inline size_t start_echo_poll(struct place *place, eddy_tcp *tcp)
{
    check(eddy_spawn(place->handle, echo_poll_client(place->handle, tcp)), "spawn");
    return 0;
}

static inline size_t start_echo_async(struct place *place, eddy_tcp *tcp)
{
    check(eddy_spawn(place->handle, EDDY_FUTURE(echo, .client = tcp)), "spawn");
    return 0;
}

static inline size_t start_echo_group(struct place *place, eddy_tcp *tcp)
{
    check(eddy_group_spawn(place->group, EDDY_FUTURE(echo, .client = tcp)), "spawn");
    return 0;
}

static inline size_t start_chat_poll(struct place *place, eddy_tcp *tcp)
{
    check(eddy_spawn(place->handle, talker_new(place->handle, &place->room, tcp)), "spawn");
    return sizeof(struct talker);
}

static inline size_t start_chat_async(struct place *place, eddy_tcp *tcp)
{
    check(eddy_spawn(place->handle, EDDY_FUTURE(member, .room = &place->room, .tcp = tcp)),
          "spawn");
    return 0;
}

static inline size_t start_chat_group(struct place *place, eddy_tcp *tcp)
{
    check(eddy_group_spawn(place->group, EDDY_FUTURE(member, .room = &place->room, .tcp = tcp)),
          "spawn");
    return 0;
}

static struct asking asking[CONNECTIONS];
static struct ask_text texts[CONNECTIONS];
static int asked;

static inline struct ask_text *next_text(void)
{
    struct ask_text *text = &texts[asked];

    *text = (struct ask_text){.question = "?\n"};
    return text;
}

static inline size_t start_ask_poll(struct place *place, eddy_tcp *tcp)
{
    struct asking *self = &asking[asked];

    (void)tcp;
    *self = (struct asking){.server = place->server, .text = next_text()};
    asked++;
    check(eddy_spawn(place->handle, asking_start(place->handle, self)), "spawn");
    return sizeof *self;
}

static inline size_t start_ask_async(struct place *place, eddy_tcp *tcp)
{
    (void)tcp;
    check(eddy_spawn(place->handle, EDDY_FUTURE(ask, .server = place->server, .text = next_text())),
          "spawn");
    asked++;
    return 0;
}

#endif
