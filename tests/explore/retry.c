/* SPDX-License-Identifier: MIT */
/*
 * retry - explored: the request server of the examples and its clients, with time limits and
 * retries. Each request is answered or failed, exactly once, and answered with what the server made
 * of it in one of its lives; a life executes a request once at most, and none that was not sent; a
 * request that has failed was tried as often, and with as long delays, as it should be. Without
 * faults every request is answered.
 */
#include <inttypes.h>

#include "scene.h"
#include "support/request_client.h"
#include "support/request_server.h"

#define PORT         4
#define CLIENTS      4 /* on each host */
#define REQUESTS     8 /* of each client */
#define REQUESTS_MAX 4000

/* What is known about a request, by its number. */
struct request {
    uint32_t executed_in; /* the last life that has; 0: none */
    uint32_t answers, failures;
    bool sent;
    size_t len; /* of its payload, which is the bytes of stream `id` */
};

static struct {
    struct request request[REQUESTS_MAX + 1];
    uint64_t requests; /* so many IDs are taken */
    uint32_t life;
    struct request_server server;
} retry;

/* ---- the server ---- */

/* The bytes of the payload's stream, but no newline. */
static void payload_fill(unsigned char *memory, uint64_t id, size_t len)
{
    pattern_fill(memory, len, id, 0);
    for (size_t i = 0; i < len; i++)
        if (memory[i] == '\n')
            memory[i] = ' ';
}

static bool payload_is(const unsigned char *memory, size_t len, uint64_t id)
{
    unsigned char expected[REQUEST_TEXT_MAX];

    payload_fill(expected, id, retry.request[id].len);
    return len == retry.request[id].len && memcmp(memory, expected, len) == 0;
}

/* "LIFE PAYLOAD" */
static size_t execute(void *arg, uint64_t id, eddy_bytes payload, char *answer)
{
    size_t len = (size_t)snprintf(answer, REQUEST_TEXT_MAX, "%" PRIu32 " ", retry.life);

    (void)arg;
    if (id > retry.requests || !retry.request[id].sent) {
        scene_wrong("request %u is executed, which nobody sent", (unsigned)id);
        return len;
    }
    SCENE_CHECK(payload_is(payload.data, payload.len, id), "request %u has other bytes",
                (unsigned)id);
    SCENE_CHECK(retry.request[id].executed_in != retry.life,
                "request %u is executed again in the same life", (unsigned)id);
    retry.request[id].executed_in = retry.life;
    memcpy(answer + len, payload.data, payload.len);
    return len + payload.len;
}

static int server_boot(void *arg, eddy_handle *handle)
{
    eddy_listener *listener;
    int error = scene_listen(handle, *(const unsigned *)arg, PORT, &listener);

    retry.life++;
    request_server_deinit(&retry.server);
    request_server_init(&retry.server, execute, NULL);
    retry.server.work_ns = scene_random(3) == 0 ? scene_random(400) * EDDY_MILLISECOND : 0;
    return error == 0 ? scene_serve(handle, listener, request_client_start, &retry.server) : error;
}

/* ---- clients ---- */

struct client {
    EDDY_FRAME;
    bool calm;
    struct request_client client;
    struct request_call call;
    struct nap nap;
    uint32_t requests; /* begun */
    uint64_t id;       /* under way; 0: none */
    int64_t begun_ns;
    unsigned char payload[REQUEST_TEXT_MAX];
};

static void client_done(struct client *self)
{
    request_client_close(&self->client);
    if (self->id != 0)
        retry.request[self->id].failures++; /* dropped */
    scene_ended();
}

static void client_begin(struct client *self)
{
    eddy_addr server = scene_addr(0, PORT);

    request_client_init(&self->client, &server);
    self->client.timeout_ns = (100 + scene_random(900)) * EDDY_MILLISECOND;
    self->client.first_delay_ns = (1 + scene_random(100)) * EDDY_MILLISECOND;
    self->client.last_delay_ns = self->client.first_delay_ns * (1 + scene_random(8));
    self->client.attempts_max = self->calm ? 10 : 1 + scene_random(8);
}

static void client_ask(struct client *self, eddy_task *task)
{
    struct request *request = &retry.request[++retry.requests];

    self->id = retry.requests;
    self->requests++;
    self->begun_ns = eddy_now_ns(eddy_task_handle(task));
    *request = (struct request){.sent = true, .len = scene_random(4) == 0 ? 900 : 40};
    request->len = scene_random((uint32_t)request->len);
    payload_fill(self->payload, self->id, request->len);
    self->call = EDDY_INIT(request_call, .client = &self->client, .id = self->id,
                           .payload = {self->payload, request->len});
}

static void client_check_answer(struct client *self, size_t len)
{
    struct request *request = &retry.request[self->id];
    char text[24];
    int digits = 0;
    unsigned life = 0;

    request->answers++;
    memcpy(text, self->client.answer, len < sizeof text ? len : sizeof text - 1);
    text[len < sizeof text ? len : sizeof text - 1] = '\0';
    (void)sscanf(text, "%u%n", &life, &digits);
    SCENE_CHECK(life > 0 && life <= request->executed_in,
                "request %u: an answer of life %u, it was executed in %u", (unsigned)self->id, life,
                (unsigned)request->executed_in);
    digits++; /* the space */
    SCENE_CHECK(len >= (size_t)digits &&
                    payload_is(self->client.answer + digits, len - (size_t)digits, self->id),
                "request %u: an answer with other bytes", (unsigned)self->id);
    if (self->call.attempts > 1)
        EDDY_SOMETIMES("retry: answered at a later attempt");
}

/* It has not given up before its time. */
static void client_check_failure(struct client *self, eddy_task *task, eddy_result error)
{
    const struct request_client *client = &self->client;
    int64_t took_ns = eddy_now_ns(eddy_task_handle(task)) - self->begun_ns;
    int64_t delay_ns = client->first_delay_ns, least_ns = 0;

    retry.request[self->id].failures++;
    for (uint32_t i = 1; i < client->attempts_max; i++) {
        least_ns += delay_ns;
        delay_ns = 2 * delay_ns < client->last_delay_ns ? 2 * delay_ns : client->last_delay_ns;
    }
    if (error == -ETIMEDOUT)
        EDDY_SOMETIMES("retry: failed by its time limit");
    SCENE_CHECK(self->call.attempts == client->attempts_max, "request %u: %s after %u of %u tries",
                (unsigned)self->id, eddy_error_name(error), (unsigned)self->call.attempts,
                (unsigned)client->attempts_max);
    SCENE_CHECK(took_ns >= least_ns, "request %u: failed too early", (unsigned)self->id);
    SCENE_CHECK(!self->calm, "request %u: %s without faults", (unsigned)self->id,
                eddy_error_name(error));
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        client_begin(self);
        while (self->requests < REQUESTS && retry.requests < REQUESTS_MAX) {
            nap_start(&self->nap, task, scene_random(1000) * EDDY_MILLISECOND);
            EDDY_POLL(n, nap_poll(&self->nap, task));
            client_ask(self, task);
            EDDY_AWAIT(n, &self->call);
            if (n >= 0)
                client_check_answer(self, (size_t)n);
            else
                client_check_failure(self, task, n);
            self->id = 0;
        }
        EDDY_END(0);
}

static void spawn_clients(eddy_handle *handle)
{
    for (int i = 0; i < CLIENTS; i++)
        scene_spawn(handle, EDDY_FUTURE(client, .calm = scene.calm));
}

static int clients_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    if (!scene.calm)
        spawn_clients(handle);
    return 0;
}

/* ---- the scene ---- */

static void check_requests(void)
{
    for (uint64_t id = 1; id <= retry.requests; id++)
        SCENE_CHECK(retry.request[id].answers + retry.request[id].failures == 1,
                    "request %u: %u answers, %u failures", (unsigned)id,
                    (unsigned)retry.request[id].answers, (unsigned)retry.request[id].failures);
}

static const char *run(eddy_world *world)
{
    const char *wrong;

    retry.requests = 0;
    retry.life = 0;
    scene_begin(world);
    scene_host("server", server_boot);
    scene_host("anna", clients_boot);
    scene_host("bert", clients_boot);
    scene_host("carl", clients_boot);
    scene_faults();
    scene_second_act(1, spawn_clients);
    scene_settle();
    wrong = scene_end(1, 1);
    check_requests();
    if (retry.server.repeats > 0)
        EDDY_SOMETIMES("retry: answered from memory");
    request_server_deinit(&retry.server);
    return wrong != NULL || !scene.wrong ? wrong : scene.text;
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {
        .name = "retry", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
