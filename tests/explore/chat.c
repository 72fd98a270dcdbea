/* SPDX-License-Identifier: MIT */
/*
 * chat - explored: the chat room of the examples and its members on other hosts. What one member
 * says in a line arrives at others whole, in its order, at most once, and never at itself; nobody
 * who is in the room misses a line between two that were heard. Without faults, all who are in hear
 * everything.
 */
#include "scene.h"
#include "support/chat_server.h"

#define PORT         6
#define MEMBERS      2   /* on each host */
#define MEMBERS_MAX  100 /* in a run, restarts of hosts included */
#define LINES        20  /* that each says in the first act */
#define MANY_LINES   400 /* of one in a hurry */
#define CALM_LINES   10  /* that each says in the second one, when all are in */
#define LINE_MAX     (CHAT_LINE_MAX_BYTES + 40)
#define FILL_MAX     600
#define GREETING_NS  (50 * EDDY_MILLISECOND)
#define CALM_PERSONS (3 * MEMBERS)

/* What a member knows of another. */
struct heard {
    uint32_t line;   /* the last one; 0: none */
    uint64_t number; /* under which the server tells it */
};

static struct {
    uint32_t members;                /* so many numbers are taken */
    uint32_t first_calm;             /* number of the first member of the second act; 0: not yet */
    uint32_t said[MEMBERS_MAX + 1];  /* lines that a member has begun to say */
    uint32_t final[MEMBERS_MAX + 1]; /* its last one; 0: not known yet */
    struct heard heard[MEMBERS_MAX + 1][MEMBERS_MAX + 1]; /* [by][of] */
    struct chat_room room;
} chat;

struct member {
    EDDY_FRAME;
    bool calm;
    uint32_t number;
    eddy_tcp *tcp;
    struct nap nap, limit;
    struct line line;
    uint32_t lines;    /* left to say */
    uint32_t haste_ms; /* between them, at most */
    bool deaf;         /* for a while: it may be put out */
    struct nap deafness;
    bool ready; /* it has all it came for */
    char memory[FILL_MAX + 40];
    eddy_bytes rest; /* of the line being said */
    bool quiet;      /* says nothing any more */
};

static void member_done(struct member *self)
{
    if (self->ready || scene_random(2) == 0)
        eddy_tcp_free(self->tcp);
    else
        eddy_tcp_abort(self->tcp);
    scene_ended();
}

/* ---- lines: "MEMBER LINE LENGTH FILL\n" ---- */

static void fill(char *memory, uint32_t member, uint32_t line, size_t len)
{
    pattern_fill((unsigned char *)memory, len, member, (uint64_t)line * FILL_MAX);
    for (size_t i = 0; i < len; i++)
        memory[i] = (char)('a' + (unsigned char)memory[i] % 26);
}

static void member_compose(struct member *self)
{
    uint32_t line = ++chat.said[self->number];
    size_t len = scene_random(self->haste_ms < 200 || scene_random(8) == 0 ? FILL_MAX : 30);
    size_t head = (size_t)snprintf(self->memory, sizeof self->memory, "%u %u %u ",
                                   (unsigned)self->number, (unsigned)line, (unsigned)len);

    fill(self->memory + head, self->number, line, len);
    self->memory[head + len] = '\n';
    self->rest = (eddy_bytes){(unsigned char *)self->memory, head + len + 1};
}

/* Whose line it is, and that it is one. */
static bool parse(eddy_bytes text, uint64_t *number, unsigned *member, unsigned *line)
{
    char memory[LINE_MAX + 1], expected[FILL_MAX];
    unsigned long long told;
    unsigned len;
    int head = 0;

    if (text.len > LINE_MAX)
        return false;
    memcpy(memory, text.data, text.len);
    memory[text.len] = '\0';
    if (sscanf(memory, "client %llu: %u %u %u%n", &told, member, line, &len, &head) != 4 ||
        len >= FILL_MAX || text.len != (size_t)head + 1 + len + 1)
        return false;
    *number = told;
    fill(expected, *member, *line, len);
    return memcmp(memory + head + 1, expected, len) == 0;
}

/* ---- what was heard ---- */

static void member_check(struct member *self, unsigned of, unsigned line, uint64_t number)
{
    struct heard *heard = &chat.heard[self->number][of];
    unsigned by = self->number;

    SCENE_CHECK(of != by, "member %u hears itself", by);
    SCENE_CHECK(line <= chat.said[of], "member %u hears line %u of %u, who said %u", by, line, of,
                (unsigned)chat.said[of]);
    SCENE_CHECK(line > heard->line, "member %u hears line %u of %u after line %u", by, line, of,
                (unsigned)heard->line);
    SCENE_CHECK(
        heard->line == 0 || line == heard->line + 1 || scene_count(EDDY_CHAOS_NO_MEMORY) > 0,
        "member %u hears line %u of %u after line %u only", by, line, of, (unsigned)heard->line);
    SCENE_CHECK(heard->line == 0 || heard->number == number,
                "member %u hears of %u under two numbers", by, of);
    heard->line = line;
    heard->number = number;
}

static void member_hear(struct member *self)
{
    unsigned of, line;
    uint64_t number;

    if (!parse(self->line.text, &number, &of, &line) || of == 0 || of > chat.members)
        scene_wrong("member %u hears a line of %u bytes that nobody said: %.*s",
                    (unsigned)self->number, (unsigned)self->line.text.len,
                    (int)(self->line.text.len < 60 ? self->line.text.len : 60),
                    (const char *)self->line.text.data);
    else
        member_check(self, of, line, number);
    eddy_tcp_consume(self->tcp, self->line.text.len);
}

/* All members of the second act have heard each other: all are in the room. */
static bool all_are_in(void)
{
    uint32_t first = chat.first_calm;

    if (first == 0 || chat.members < first + CALM_PERSONS - 1)
        return false;
    for (uint32_t by = first; by < first + CALM_PERSONS; by++)
        for (uint32_t of = first; of < first + CALM_PERSONS; of++)
            if (by != of && chat.heard[by][of].line == 0)
                return false;
    return true;
}

static bool has_heard_all(uint32_t by)
{
    for (uint32_t of = chat.first_calm; of < chat.first_calm + CALM_PERSONS; of++)
        if (by != of && (chat.final[of] == 0 || chat.heard[by][of].line != chat.final[of]))
            return false;
    return true;
}

/* ---- a member ---- */

/* In the second act: greet until all are in, then say the lines that count. */
static void member_next(struct member *self, eddy_task *task)
{
    nap_start(&self->nap, task,
              self->calm ? GREETING_NS : scene_random(self->haste_ms) * EDDY_MILLISECOND);
    if (self->calm && !all_are_in()) {
        member_compose(self);
    } else if (self->lines > 0) {
        self->lines--;
        member_compose(self);
        if (self->lines == 0)
            chat.final[self->number] = chat.said[self->number];
    } else {
        self->quiet = true;
    }
}

/* Say what there is to say, for as long as nothing has to be waited for. */
static eddy_result member_speak(struct member *self, eddy_task *task)
{
    eddy_result n = 0;

    while (n >= 0 && !self->quiet) {
        n = eddy_tcp_poll_write_all(self->tcp, task, &self->rest);
        if (n >= 0)
            n = nap_poll(&self->nap, task);
        if (n >= 0)
            member_next(self, task);
    }
    return n;
}

static eddy_result member_listen(struct member *self, eddy_task *task)
{
    eddy_result n = 0;

    if (self->deaf)
        n = nap_poll(&self->deafness, task);
    self->deaf = self->deaf && n == EDDY_PENDING;
    while (n >= 0) {
        self->ready = self->quiet && (!self->calm || has_heard_all(self->number));
        if (self->ready)
            return 0;
        n = line_poll(&self->line, self->tcp, task, LINE_MAX);
        if (n <= 0)
            return n == 0 ? -EPIPE : n;
        member_hear(self);
    }
    return n;
}

/* An error of speaking ends it too, but what has come is heard before. */
static eddy_result member_poll(struct member *self, eddy_task *task)
{
    eddy_result said = member_speak(self, task);
    eddy_result heard = said == -ECANCELED ? said : member_listen(self, task);

    return heard == EDDY_PENDING && eddy_is_error(said) ? said : heard;
}

/* Some are in a hurry and say much, some listen late. */
static void member_begin(struct member *self, eddy_task *task)
{
    bool hurries = !self->calm && scene_random(6) == 0;

    self->lines = self->calm ? CALM_LINES : hurries ? MANY_LINES : LINES;
    self->haste_ms = hurries ? 5 : 200;
    self->deaf = !self->calm && scene_random(6) == 0;
    nap_start(&self->nap, task, self->calm ? 0 : scene_random(3000) * EDDY_MILLISECOND);
}

static eddy_result member_connect(struct member *self, eddy_task *task)
{
    eddy_addr server = scene_addr(0, PORT);

    nap_start(&self->limit, task, SCENE_LIMIT_NS);
    nap_start(&self->deafness, task, scene_random(5000) * EDDY_MILLISECOND);
    return eddy_tcp_connect(eddy_task_handle(task), &server, &self->tcp);
}

EDDY_ASYNC(member, member_done)
{
    eddy_result n;

    EDDY_BEGIN
        member_begin(self, task);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        n = member_connect(self, task);
        if (n == 0)
            EDDY_POLL(n, nap_within(&self->limit, task, eddy_tcp_poll_connected(self->tcp, task)));
        if (n == 0)
            EDDY_POLL(n, nap_within(&self->limit, task, member_poll(self, task)));
        if (self->deaf && n == -ECONNRESET)
            EDDY_SOMETIMES("chat: reset while it does not listen");
        SCENE_CHECK(!self->calm || self->ready, "member %u: %s without faults",
                    (unsigned)self->number, eddy_error_name(n));
        EDDY_END(0);
}

static void spawn_members(eddy_handle *handle)
{
    for (int i = 0; i < MEMBERS && chat.members < MEMBERS_MAX; i++)
        scene_spawn(handle, EDDY_FUTURE(member, .calm = scene.calm, .number = ++chat.members));
}

static int members_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    if (!scene.calm && chat.members < MEMBERS_MAX - CALM_PERSONS - MEMBERS)
        spawn_members(handle);
    return 0;
}

/* ---- the scene ---- */

static int server_boot(void *arg, eddy_handle *handle)
{
    eddy_listener *listener;
    int error = scene_listen(handle, *(const unsigned *)arg, PORT, &listener);

    SCENE_CHECK(chat.room.first == NULL, "somebody is in a room whose host has crashed");
    return error == 0 ? scene_serve(handle, listener, chat_enter, &chat.room) : error;
}

static const char *run(eddy_world *world)
{
    memset(&chat, 0, sizeof chat);
    scene_begin(world);
    scene_host("server", server_boot);
    scene_host("anna", members_boot);
    scene_host("bert", members_boot);
    scene_host("carl", members_boot);
    scene_faults();
    chat.first_calm = chat.members + 1;
    scene_second_act(1, spawn_members);
    scene_settle();
    return scene_end(1, 1);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {.name = "chat", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
