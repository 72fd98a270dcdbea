/* SPDX-License-Identifier: MIT */
/*
 * program.c - the interpreter: bytes to scripts, and the async function that runs a script. What
 * the operations do is in ops_task.c and ops_tcp.c.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

static const char *const op_names[OPS_COUNT] = {
#define OP_NAME(name) #name,
    OPS(OP_NAME)
#undef OP_NAME
};

const char *program_op_name(uint8_t op)
{
    return op_names[op % OPS_COUNT];
}

uint64_t fuzz_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* ---- decoding ---- */

static instruction decode_one(const uint8_t *bytes)
{
    return (instruction){(uint8_t)(bytes[0] % OPS_COUNT), bytes[1], bytes[2]};
}

/* Split the code at each OP_END. There is at least one script. */
void fuzz_decode(world *w, const uint8_t *data, size_t size)
{
    size_t count = size < PROGRAM_HEADER_BYTES ? 0 : (size - PROGRAM_HEADER_BYTES) / 3;
    script *last = &w->scripts[0];

    *last = (script){w->code, 0};
    w->scripts_count = 1;
    for (size_t i = 0; i < count; i++) {
        w->code[i] = decode_one(data + PROGRAM_HEADER_BYTES + 3 * i);
        if (w->code[i].op != OP_END) {
            last->count++;
        } else if (w->scripts_count < PROGRAM_SCRIPTS_MAX) {
            last = &w->scripts[w->scripts_count++];
            *last = (script){w->code + i + 1, 0};
        } else {
            return;
        }
    }
}

void program_print(const uint8_t *data, size_t size)
{
    int number = 0;

    (void)printf("header");
    for (size_t i = 0; i < PROGRAM_HEADER_BYTES; i++)
        (void)printf(" %u", i < size ? data[i] : 0u);
    (void)printf("\nscript 0\n");
    for (size_t i = PROGRAM_HEADER_BYTES; i + 3 <= size && i < PROGRAM_BYTES_MAX; i += 3) {
        instruction one = decode_one(data + i);

        if (one.op == OP_END)
            (void)printf("script %d\n", ++number);
        else
            (void)printf("    %-12s %3u %3u\n", op_names[one.op], one.a, one.b);
    }
}

/* ---- who may wait for what ---- */

task_model *fuzz_task_of(const struct worker *self)
{
    return &self->world->tasks[self->world->tasks[self->id].top];
}

bool fuzz_is_free(const world *w, int lock)
{
    return w->locks[lock] == NOBODY;
}

bool fuzz_lock(struct worker *self, int lock)
{
    world *w = self->world;
    int owner = w->locks[lock];

    if (owner != NOBODY && w->tasks[owner].top != w->tasks[self->id].top)
        return false;
    if (owner != NOBODY)
        return true; /* an earlier wait's, or the parent's, that may still be armed: it stays so */
    w->locks[lock] = (int16_t)self->id;
    self->taken[self->taken[0] == NOBODY ? 0 : 1] = lock;
    return true;
}

static void unlock_taken(struct worker *self, bool keep)
{
    for (int i = 0; i < 2; i++) {
        if (!keep && self->taken[i] != NOBODY)
            self->world->locks[self->taken[i]] = NOBODY;
        self->taken[i] = NOBODY;
    }
}

int fuzz_network_tasks(const world *w)
{
    return w->scripts_count < 6 ? (int)w->scripts_count : 6;
}

bool fuzz_owns(const struct worker *self, int end, bool reads)
{
    const world *w = self->world;
    int tasks = fuzz_network_tasks(w);
    int owner = reads ? (end + w->header[5]) % tasks : (end * 3 + w->header[5] / 4 + 1) % tasks;

    return owner == w->tasks[self->id].top;
}

int64_t fuzz_duration(const world *w, uint8_t operand)
{
    if (!w->options.virtual_time || w->network)
        return operand < 128 ? 0 : (operand - 128) * INT64_C(7000); /* at most 0.9 ms */
    if (operand < 192)
        return (int64_t)operand * operand * 50000;
    return (int64_t)(operand - 191) * EDDY_SECOND;
}

/* ---- the frame ---- */

int fuzz_task_make(world *w, int top)
{
    int id = w->tasks_count;

    if (id == PROGRAM_TASKS_MAX)
        return NOBODY;
    w->tasks_count++;
    w->tasks[id] = (task_model){.made = true, .top = (int16_t)(top == NOBODY ? id : top)};
    return id;
}

static void worker_done(struct worker *self)
{
    world *w = self->world;
    task_model *model = &w->tasks[self->id];

    FUZZ_CHECK(model->done == 0, "`done` of future %d runs twice", self->id);
    model->done++;
    model->frame = NULL;
    for (int i = 0; i < LOCKS; i++)
        if (w->locks[i] == self->id)
            w->locks[i] = NOBODY;
    if (model->spawned)
        w->tasks_live--;
}

static const verb *verb_of(uint8_t op)
{
    const verb *one = &fuzz_tcp_verbs[op];

    return one->begin != NULL ? one : &fuzz_task_verbs[op];
}

static bool is_allowed(const world *w, const verb *one)
{
    if (one->begin == NULL)
        return false;
    return w->network ? one->in_network : !w->pure || one->in_pure;
}

/* An operation has ended, with a result that is the same everywhere when this is a network. */
static void record(struct worker *self, eddy_result result)
{
    task_model *model = fuzz_task_of(self);

    model->ended_ops++;
    model->hash = fuzz_mix(model->hash, self->now.op);
    model->hash = fuzz_mix(model->hash, (uint64_t)result);
}

/* In a network each task has operations of its own: who is the first to have none left must not
 * depend on the order of events. */
static bool is_spent(const struct worker *self)
{
    const world *w = self->world;

    return w->network ? fuzz_task_of(self)->ended_ops >= NETWORK_OPERATIONS_MAX
                      : w->operations >= OPERATIONS_MAX;
}

/* The next operation that waits; those that do not are carried out on the way. False: the script
 * is over. */
static bool fetch(struct worker *self, eddy_task *task)
{
    world *w = self->world;
    const script *code = &w->scripts[self->script];

    w->tasks[self->id].frame = self;
    while (self->at < code->count) {
        const verb *one;

        if (is_spent(self))
            return false;
        w->operations++;
        self->now = code->first[self->at++];
        if (self->now.op == OP_YIELD)
            return true;
        one = verb_of(self->now.op);
        self->taken[0] = self->taken[1] = NOBODY;
        if (is_allowed(w, one) && one->begin(self, task)) {
            w->tasks[self->id].op = self->now.op;
            return true;
        }
        unlock_taken(self, false);
        if (one->step == NULL)
            record(self, 0);
    }
    return false;
}

static eddy_result step(struct worker *self, eddy_task *task)
{
    eddy_result result = verb_of(self->now.op)->step(self, task);

    if (!self->within || result != EDDY_PENDING)
        return result;
    result = eddy_within(&self->limit, task, EDDY_PENDING);
    self->abandoned = result != EDDY_PENDING;
    return result;
}

static void settle(struct worker *self, eddy_task *task, eddy_result result)
{
    task_model *top = fuzz_task_of(self);
    const verb *one = verb_of(self->now.op);

    if (result == -ECANCELED) {
        top->told++;
        FUZZ_CHECK(top->told <= top->cancels, "a task is told to end %u times of %u", top->told,
                   top->cancels);
    }
    if (self->abandoned)
        FUZZ_CHECK(result == -ETIMEDOUT || result == -ECANCELED, "eddy_within() gives %s",
                   eddy_error_name(result));
    if (one->settle != NULL)
        one->settle(self, task, result);
    record(self, result);
    unlock_taken(self, self->abandoned);
    self->world->tasks[self->id].op = OP_END;
    self->within = self->abandoned = false;
}

static eddy_result finish(struct worker *self)
{
    task_model *model = &self->world->tasks[self->id];

    model->returned = true;
    model->result = self->answer;
    model->op = OP_END;
    return self->answer;
}

/* A task that a job has made is known to live from its first poll on. */
static void start(struct worker *self)
{
    task_model *model = &self->world->tasks[self->id];

    FUZZ_CHECK(model->done == 0, "future %d is polled after its end", self->id);
    if (model->is_job) {
        model->spawned = true;
        self->world->tasks_live++;
    }
}

EDDY_ASYNC(worker, worker_done)
{
    eddy_result n;

    EDDY_BEGIN
        start(self);
        while (fetch(self, task)) {
            if (self->now.op == OP_YIELD) {
                EDDY_YIELD();
                continue;
            }
            EDDY_POLL(n, step(self, task));
            settle(self, task, n);
        }
        EDDY_END(finish(self));
}

struct worker fuzz_worker(world *w, int id, uint32_t number)
{
    return EDDY_INIT(worker, .world = w, .id = id, .script = number % w->scripts_count,
                     .taken = {NOBODY, NOBODY});
}
