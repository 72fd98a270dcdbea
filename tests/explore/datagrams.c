/* SPDX-License-Identifier: MIT */
/*
 * datagrams - explored: a server that answers datagrams, and clients that ask again until they are
 * answered. Datagrams are lost, doubled and overtake each other, hosts crash: an answer is to a
 * question that was asked, by the server's address, whole; who gives up has tried as often, and waited
 * as long, as he should. Without faults the first try is answered, once.
 */
#include "scene.h"

#define PORT         53
#define CLIENTS      4 /* on each host */
#define QUESTIONS    12
#define PAYLOAD_MAX  1400
#define HEAD         8 /* bytes: the number of the question */
#define TURNED       0x0f
#define TRIES_MAX    6
#define BATCH        5
#define CALM_WAIT_NS (2 * EDDY_SECOND) /* longer than any way there and back without faults */

static uint64_t asked; /* numbers of questions */

static void put_number(unsigned char *memory, uint64_t number)
{
    for (int i = 0; i < HEAD; i++)
        memory[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t get_number(const unsigned char *memory)
{
    uint64_t number = 0;

    for (int i = 0; i < HEAD; i++)
        number |= (uint64_t)memory[i] << 8 * i;
    return number;
}

/* ---- the server ---- */

struct server {
    EDDY_FRAME;
    eddy_dgram *dgram;
    struct nap work; /* meanwhile datagrams gather */
    uint32_t count, at;
    eddy_datagram list[BATCH];
    unsigned char memory[BATCH][HEAD + PAYLOAD_MAX];
};

static void server_done(struct server *self)
{
    eddy_dgram_free(self->dgram);
}

static eddy_result server_hear(struct server *self, eddy_task *task)
{
    for (int i = 0; i < BATCH; i++)
        self->list[i] = (eddy_datagram){.data = self->memory[i], .room = sizeof self->memory[i]};
    return eddy_dgram_poll_recv_many(self->dgram, task, self->list, 1 + scene_random(BATCH));
}

static void server_check(struct server *self, uint32_t count)
{
    self->count = count;
    self->at = 0;
    for (uint32_t i = 0; i < count; i++) {
        eddy_datagram *datagram = &self->list[i];
        uint64_t number = get_number(self->memory[i]);

        SCENE_CHECK(
            datagram->flags == 0 && datagram->len == datagram->full_len && datagram->len >= HEAD &&
                number >= 1 && number <= asked &&
                pattern_is((eddy_bytes){self->memory[i] + HEAD, datagram->len - HEAD}, number, 0),
            "a question that nobody has asked");
        for (size_t at = HEAD; at < datagram->len; at++)
            self->memory[i][at] ^= TURNED;
    }
}

/* An error is of the first one, or of an earlier one: it is left out. */
static void server_sent(struct server *self, eddy_result n)
{
    if (n == -ENOBUFS)
        EDDY_SOMETIMES("datagrams: no room for an answer");
    self->at += n > 0 ? (uint32_t)n : 1;
}

EDDY_ASYNC(server, server_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            nap_start(&self->work, task, scene_random(3) * EDDY_MILLISECOND);
            EDDY_POLL(n, nap_poll(&self->work, task));
            if (n == 0)
                EDDY_POLL(n, server_hear(self, task));
            if (n == -ECANCELED || n == EDDY_LOOP_GONE)
                break;
            server_check(self, n > 0 ? (uint32_t)n : 0);
            while (self->at < self->count) {
                EDDY_POLL(n, eddy_dgram_poll_send_many(self->dgram, task, self->list + self->at,
                                                       self->count - self->at));
                if (n == -ECANCELED || n == EDDY_LOOP_GONE)
                    EDDY_RETURN(n);
                server_sent(self, n);
            }
        }
        EDDY_END(n);
}

static int server_boot(void *arg, eddy_handle *handle)
{
    eddy_addr addr = scene_addr(*(const unsigned *)arg, PORT);
    eddy_dgram *dgram = NULL;
    int error = eddy_dgram_bind(handle, &addr, NULL, &dgram);

    return error == 0 ? eddy_spawn(handle, EDDY_FUTURE(server, .dgram = dgram)) : error;
}

/* ---- clients ---- */

struct client {
    EDDY_FRAME;
    eddy_addr server, from;
    eddy_dgram *dgram;
    bool calm, connected;
    uint32_t questions, tries, tries_max;
    uint64_t number;
    int64_t wait_ns, begun_ns, least_ns;
    size_t len;
    struct nap nap, patience;
    unsigned char question[HEAD + PAYLOAD_MAX], answer[HEAD + PAYLOAD_MAX];
};

static void client_done(struct client *self)
{
    eddy_dgram_free(self->dgram);
    scene_ended();
}

static int client_begin(struct client *self, eddy_task *task)
{
    eddy_addr any = eddy_addr_ipv4_any(0);
    int error = eddy_dgram_bind(eddy_task_handle(task), &any, NULL, &self->dgram);

    if (error == 0 && self->connected)
        error = eddy_dgram_connect(self->dgram, &self->server);
    SCENE_CHECK(error == 0 || !self->calm, "no socket without faults: %s", eddy_error_name(error));
    return error;
}

static void client_ask(struct client *self, eddy_task *task)
{
    size_t payload = scene_random(scene_random(4) == 0 ? PAYLOAD_MAX + 1 : 30);

    self->number = ++asked;
    self->questions++;
    self->tries = 0;
    self->tries_max = 1 + scene_random(TRIES_MAX);
    self->wait_ns = self->calm ? CALM_WAIT_NS : (1 + scene_random(300)) * EDDY_MILLISECOND;
    self->begun_ns = eddy_now_ns(eddy_task_handle(task));
    self->least_ns = 0;
    self->len = HEAD + payload;
    put_number(self->question, self->number);
    pattern_fill(self->question + HEAD, payload, self->number, 0);
}

static eddy_result client_say(struct client *self, eddy_task *task)
{
    if (self->connected)
        return eddy_dgram_poll_send(self->dgram, task, self->question, self->len);
    return eddy_dgram_poll_send_to(self->dgram, task, self->question, self->len, &self->server);
}

/* One more try: it waits twice as long as the last. */
static void client_try(struct client *self, eddy_task *task)
{
    self->tries++;
    nap_start(&self->patience, task, self->wait_ns);
    self->least_ns += self->wait_ns;
    self->wait_ns *= 2;
}

static eddy_result client_hear(struct client *self, eddy_task *task)
{
    return nap_within(&self->patience, task,
                      eddy_dgram_poll_recv_from(self->dgram, task, self->answer,
                                                sizeof self->answer, &self->from));
}

/* Is it the answer to this question? Those to earlier ones may come late, or twice. */
static bool client_is_answered(struct client *self, size_t len)
{
    uint64_t number = len >= HEAD ? get_number(self->answer) : 0;

    SCENE_CHECK(eddy_addr_equal(&self->from, &self->server), "an answer of somebody else");
    SCENE_CHECK(number >= 1 && number <= self->number, "an answer to what nobody has asked");
    if (number != self->number) {
        EDDY_SOMETIMES("datagrams: an answer comes late or twice");
        SCENE_CHECK(!self->calm, "question %u is answered twice without faults", (unsigned)number);
        return false;
    }
    SCENE_CHECK(len == self->len, "answer %u has %u bytes, the question had %u", (unsigned)number,
                (unsigned)len, (unsigned)self->len);
    for (size_t at = HEAD; at < len; at++)
        SCENE_CHECK((self->answer[at] ^ TURNED) == self->question[at],
                    "answer %u is wrong at byte %u", (unsigned)number, (unsigned)at);
    if (self->tries > 1)
        EDDY_SOMETIMES("datagrams: answered at a later try");
    return true;
}

/* An error is no answer, and no reason to wait no longer: others may have been asked before. */
static bool client_goes_on(const struct client *self, eddy_result n)
{
    SCENE_CHECK(!self->calm, "question %u: %s without faults", (unsigned)self->number,
                eddy_error_name(n));
    if (n == -ECONNREFUSED)
        EDDY_SOMETIMES("datagrams: refused");
    return n != -ETIMEDOUT;
}

static void client_check_failure(struct client *self, eddy_task *task)
{
    int64_t took_ns = eddy_now_ns(eddy_task_handle(task)) - self->begun_ns;

    SCENE_CHECK(self->tries == self->tries_max && took_ns >= self->least_ns,
                "question %u was given up after %u of %u tries, too early", (unsigned)self->number,
                (unsigned)self->tries, (unsigned)self->tries_max);
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = client_begin(self, task);
        while (n == 0 && self->questions < QUESTIONS) {
            nap_start(&self->nap, task, scene_random(2) * scene_random(500) * EDDY_MILLISECOND);
            EDDY_POLL(n, nap_poll(&self->nap, task));
            client_ask(self, task);
            for (n = -ETIMEDOUT; n < 0 && self->tries < self->tries_max;) {
                client_try(self, task);
                EDDY_POLL(n, client_say(self, task));
                do {
                    EDDY_POLL(n, client_hear(self, task));
                } while (n >= 0 ? !client_is_answered(self, (size_t)n) : client_goes_on(self, n));
            }
            if (n < 0)
                client_check_failure(self, task);
            n = 0;
        }
        EDDY_END(0);
}

static void spawn_clients(eddy_handle *handle)
{
    for (int i = 0; i < CLIENTS; i++)
        scene_spawn(handle, EDDY_FUTURE(client, .server = scene_addr(0, PORT), .calm = scene.calm,
                                        .connected = scene_random(2) == 0));
}

static int clients_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    if (!scene.calm)
        spawn_clients(handle);
    return 0;
}

/* ---- the scene ---- */

static const char *run(eddy_world *world)
{
    asked = 0;
    scene_begin(world);
    scene_host("server", server_boot);
    scene_host("anna", clients_boot);
    scene_host("bert", clients_boot);
    scene_faults();
    scene_second_act(1, spawn_clients);
    scene_settle();
    return scene_end(1, 1);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {
        .name = "datagrams", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
