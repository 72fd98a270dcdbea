/* SPDX-License-Identifier: MIT */
/*
 * run.c - one run of a program: make a loop with the limits that the header names, start the first
 * task, drive the loop until nothing happens any more, ask of each task that still waits whether it
 * may, end everything in one of four ways, and check that nothing is left.
 *
 * Header: 0: kind (bit 0), how it is driven (1-2), how it ends (3-4). 1: budgets. 2: limits on
 * tasks and jobs. 3: from 128 on, which allocation fails; bit 0: and all after it. 4: blocks to
 * receive into, ticks. 5: who reads and writes what in a network.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

enum {
    TURNS_MAX = 100000,   /* more than all bytes sent one a turn */
    QUIET_TURNS = 4,      /* without a poll: nothing happens any more */
    HUNGRY_TURNS = 60,    /* the same while memory is out, and what failed is tried again */
    PATIENCE_TURNS = 600, /* more, when a task waits that should not: 5 ms each */
    BLOCK_BYTES = 64 * 1024,
    HEAP_HEADER_BYTES = 16
};

/* ---- memory ---- */

static void *heap_alloc(size_t size, void *arg)
{
    world *w = arg;
    unsigned char *block;

    w->heap_calls++;
    if (w->heap_fails_at > 0 && (w->heap_calls == w->heap_fails_at ||
                                 (w->heap_calls > w->heap_fails_at && (w->header[3] & 1) != 0))) {
        w->memory_failed = true;
        return NULL;
    }
    block = malloc(HEAP_HEADER_BYTES + size);
    FUZZ_CHECK(block != NULL, "no memory");
    memcpy(block, &size, sizeof size);
    w->heap_bytes += (long)size;
    return block + HEAP_HEADER_BYTES;
}

static void heap_free(void *memory, size_t size, void *arg)
{
    world *w = arg;
    unsigned char *block = (unsigned char *)memory - HEAP_HEADER_BYTES;
    size_t asked;

    memcpy(&asked, block, sizeof asked);
    FUZZ_CHECK(asked == size, "%zu bytes are freed as %zu", asked, size);
    w->heap_bytes -= (long)size;
    free(block);
}

/* ---- making ---- */

static void on_task_error(void *arg, const eddy_ended *ended)
{
    const world *w = arg;
    eddy_result error = ended->result;

    FUZZ_CHECK(ended->name != NULL, "an error of no task is told");
    if (ended->id == 0) /* what a job has made, and what could not be spawned */
        FUZZ_CHECK(w->jobs_made > 0 && (error == EDDY_TASKS_FULL || w->memory_failed),
                   "a job's future is refused: %s", eddy_error_name(error));
    else
        FUZZ_CHECK(error == -EPROTO || w->memory_failed, "task %llu ends with %s",
                   (unsigned long long)ended->id, eddy_error_name(error));
}

static int make_core(world *w)
{
    static const uint32_t few[] = {0, 1, 2, 3, 5, 0, 0, 0};
    const uint8_t *h = w->header;
    const eddy_allocator allocator = {heap_alloc, heap_free, w};
    eddy_core_options options = {.size_bytes = sizeof options,
                                 .driver = w->options.driver,
                                 .allocator = &allocator,
                                 .stall_limit_ns = -1,
                                 .turn_polls = few[h[1] / 8 % 8],
                                 .task_budget = few[h[1] % 8],
                                 .tasks_max = few[h[2] % 8] * 2,
                                 .inbox_max = few[h[2] / 8 % 8],
                                 .inbox_turn = few[h[2] / 8 % 8],
                                 .recv_bytes_max = few[h[4] % 8] * (size_t)BLOCK_BYTES,
                                 .timer_tick_shift = h[4] / 8 % 4 == 0 ? 16 : 0,
                                 .on_task_error = on_task_error,
                                 .hook_arg = w};
    int error;

    w->tasks_max = options.tasks_max == 0 || w->network ? 1000000 : options.tasks_max;
    if (w->network)
        options.tasks_max = 0;
    error = eddy_core_new(&options, &w->core);
    if (error == 0)
        w->handle = eddy_core_handle(w->core);
    return error;
}

static void listen_here(world *w)
{
    const eddy_addr addr = eddy_addr_ipv4_loopback(0);
    int error = eddy_listener_bind(w->handle, &addr, NULL, &w->listener);

    if (error == 0)
        error = eddy_listener_local_addr(w->listener, &w->listen_addr);
    FUZZ_CHECK(error == 0, "the listener: %s", eddy_error_name(error));
}

/* 0: nothing is left to chance. Else the order of tasks, the size of reads, latency ... */
static void seed_chance(uint8_t seed)
{
    char text[8];

    (void)snprintf(text, sizeof text, "%u", seed);
    FUZZ_CHECK((seed == 0 ? unsetenv("EDDY_SEED") : setenv("EDDY_SEED", text, 1)) == 0,
               "no memory");
}

static void reset(world *w, const program_options *options, const uint8_t *data, size_t size)
{
    static uint8_t header[PROGRAM_HEADER_BYTES];

    memset(w, 0, sizeof *w);
    memset(header, 0, sizeof header);
    if (size > 0)
        memcpy(header, data, size < sizeof header ? size : sizeof header);
    w->options = *options;
    w->header = header;
    w->network = options->network || (header[0] & 1) != 0;
    w->pure = !w->network && (header[0] >> 1 & 3) == 2;
    for (int i = 0; i < LOCKS; i++)
        w->locks[i] = NOBODY;
    if (options->virtual_time)
        seed_chance(header[5]);
    fuzz_decode(w, data, size < PROGRAM_BYTES_MAX ? size : PROGRAM_BYTES_MAX);
}

/* ---- waits that may not last ---- */

static const char *task_stuck(const world *w, int number)
{
    const task_model *model = &w->tasks[number];
    const struct worker *worker = model->frame;

    if (worker->within)
        return "its time limit has passed";
    switch (model->op) {
    case OP_SLEEP:
    case OP_INTERVAL:
        return "its time has come";
    case OP_JOIN:
        return w->tasks[worker->got].done != 0 ? "the other task has ended" : NULL;
    case OP_WAIT:
        return w->signals[worker->now.a % WAITERS] > 0 ? "it was signalled" : NULL;
    case OP_PARK:
        return w->tasks[model->top].wakes > 0 ? "it was woken" : NULL;
    case OP_CALL:
        return w->tasks[worker->got].done != 0 ? "its child has ended" : NULL;
    case OP_END:
        return "it is in no operation";
    default:
        return fuzz_end_stuck(w, worker);
    }
}

static const char *stuck(const world *w, int *number)
{
    if (w->memory_failed)
        return NULL;
    for (*number = 0; *number < w->tasks_count; ++*number) {
        const task_model *model = &w->tasks[*number];
        const char *why = model->frame != NULL ? task_stuck(w, *number) : NULL;

        if (why != NULL)
            return why;
    }
    return NULL;
}

static bool is_timed(const world *w)
{
    for (int i = 0; i < w->tasks_count; i++)
        if (w->tasks[i].frame != NULL &&
            (w->tasks[i].frame->within || w->tasks[i].op == OP_SLEEP ||
             w->tasks[i].op == OP_INTERVAL || (w->tasks[i].op == OP_CALL && !w->network)))
            return true;
    return false;
}

static void print_line(void *arg, const char *line)
{
    (void)arg;
    (void)fprintf(stderr, "    %s\n", line);
}

static void drop_line(void *arg, const char *line)
{
    FUZZ_CHECK(line != NULL && arg != NULL, "the dump gives no line");
}

static void print_waits(const world *w)
{
    for (int i = 0; i < w->tasks_count; i++)
        if (w->tasks[i].frame != NULL)
            (void)fprintf(stderr, "    future %d of task %d: %s %u %u%s\n", i, w->tasks[i].top,
                          program_op_name(w->tasks[i].op), w->tasks[i].frame->now.a,
                          w->tasks[i].frame->now.b, w->tasks[i].frame->within ? ", limited" : "");
    eddy_core_dump(w->core, print_line, NULL);
}

/* ---- driving ---- */

static eddy_result make_turn(world *w, int64_t wait_ns)
{
    eddy_result polls = eddy_core_turn(w->core, wait_ns);

    FUZZ_CHECK(polls >= 0 || w->memory_failed ||
                   (polls == EDDY_DEADLOCK && w->options.virtual_time),
               "a turn gives %s", eddy_error_name(polls));
    return polls;
}

static int64_t patience_ns(const world *w)
{
    if (w->options.virtual_time)
        return w->network ? 100 * EDDY_MILLISECOND : 100 * EDDY_SECOND;
    return is_timed(w) ? EDDY_MILLISECOND : 0;
}

/* Until nothing happens any more. Where time is real, "any more" is not sure: a task that still
 * waits, and should not, is given more of it. */
static void run_down(world *w)
{
    int quiet = 0;
    int patience = 0;
    int number;

    for (int turns = 0; turns < TURNS_MAX; turns++) {
        bool more = quiet >= QUIET_TURNS && !w->options.virtual_time && !w->memory_failed;
        int64_t wait_ns = more ? 5 * EDDY_MILLISECOND : patience_ns(w);
        int64_t before_ns = eddy_now_ns(w->handle);
        eddy_result polls = make_turn(w, wait_ns);

        if (polls > 0)
            quiet = 0;
        else if (polls < 0 || eddy_now_ns(w->handle) - before_ns >= wait_ns || w->memory_failed)
            quiet++; /* nothing has ended the wait; for want of memory something may, for ever */
        if (quiet < (w->memory_failed ? HUNGRY_TURNS : QUIET_TURNS))
            continue;
        if (stuck(w, &number) == NULL)
            return;
        if (patience++ >= PATIENCE_TURNS)
            break;
    }
    print_waits(w);
    FUZZ_CHECK(stuck(w, &number) == NULL, "future %d waits in %s, but %s", number,
               program_op_name(w->tasks[number].op), stuck(w, &number));
    FUZZ_CHECK(false, "the program does not end");
}

static void check_counts(world *w)
{
    eddy_core_stats stats;

    eddy_core_stats_get(w->core, &stats);
    FUZZ_CHECK(stats.tasks_live == w->tasks_live, "%llu tasks live, not %u",
               (unsigned long long)stats.tasks_live, w->tasks_live);
    FUZZ_CHECK(stats.tasks_ended + stats.tasks_live == stats.spawns, "tasks are lost");
    eddy_core_dump(w->core, drop_line, w);
}

static void start_task(world *w, int script_number)
{
    int id = fuzz_task_make(w, NOBODY);
    struct worker future = fuzz_worker(w, id, (uint32_t)script_number);
    int error = w->network ? eddy_spawn_joinable(w->handle, &future.frame, &w->tasks[id].join)
                           : eddy_spawn(w->handle, &future.frame);

    FUZZ_CHECK(error == 0 || (w->memory_failed && error == -ENOMEM), "spawn gives %s",
               eddy_error_name(error));
    if (error == 0) {
        w->tasks[id].spawned = true;
        w->tasks_live++;
    }
}

/* The first task is the future of eddy_core_run(). Its answer, or why it was dropped. */
static void run_first(world *w)
{
    int id = fuzz_task_make(w, NOBODY);
    struct worker first = fuzz_worker(w, id, 0);
    struct eddy_timeout limited = EDDY_INIT(
        eddy_timeout, .inner = &first.frame,
        .duration_ns = w->options.virtual_time ? 100 * EDDY_SECOND : 2 * EDDY_MILLISECOND);
    eddy_result result = eddy_core_run(w->core, w->pure ? &first.frame : &limited.frame);
    const task_model *model = &w->tasks[id];
    int number;

    FUZZ_CHECK(model->done == 1, "run has ended, and `done` of its future ran %u times",
               model->done);
    if (w->memory_failed)
        return;
    if (model->returned) {
        FUZZ_CHECK(result == model->result, "run gives %s", eddy_error_name(result));
        return;
    }
    FUZZ_CHECK(result == (w->pure ? EDDY_DEADLOCK : -ETIMEDOUT) ||
                   (w->options.virtual_time && result == EDDY_DEADLOCK),
               "run gives %s", eddy_error_name(result));
    if (result == EDDY_DEADLOCK)
        FUZZ_CHECK(stuck(w, &number) == NULL, "a deadlock, and future %d waits in %s, but %s",
                   number, program_op_name(w->tasks[number].op), stuck(w, &number));
}

/* ---- networks ---- */

static void start_network(world *w)
{
    int pairs = 1 + w->header[5] % 4;

    for (int i = 0; i < pairs; i++) {
        eddy_tcp *a, *b;
        int error = eddy_tcp_pair(w->handle, &a, &b);
        int one, two;

        FUZZ_CHECK(error == 0, "pair gives %s", eddy_error_name(error));
        one = fuzz_end_new(w, a);
        two = fuzz_end_new(w, b);
        fuzz_end_pair(w, one, two);
    }
    for (int i = 0; i < w->ends_count; i++) {
        eddy_tcp_split(w->ends[i].tcp, &w->ends[i].reader, &w->ends[i].writer);
        w->ends[i].split = true;
    }
    for (int i = 0; i < fuzz_network_tasks(w); i++)
        start_task(w, i);
}

static uint64_t hash_read(const end_model *end)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; end->peer != NOBODY && i < end->read; i++)
        hash = fuzz_mix(hash, fuzz_log[end->peer][i]);
    return hash;
}

static void take_outcome(const world *w, program_outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    outcome->operations = w->operations;
    for (int i = 0; w->network && i < fuzz_network_tasks(w); i++) {
        outcome->task_hash[i] = w->tasks[i].hash;
        outcome->task_done[i] = w->tasks[i].ended_ops;
        outcome->task_at[i] = w->tasks[i].op;
    }
    for (int i = 0; w->network && i < w->ends_count; i++) {
        outcome->end_hash[i] = hash_read(&w->ends[i]);
        outcome->end_read[i] = w->ends[i].read;
        outcome->end_written[i] = w->ends[i].written;
        outcome->end_over[i] = w->ends[i].over;
    }
}

/* ---- ending ---- */

static void cancel_all(world *w)
{
    for (int i = 0; i < w->tasks_count; i++) {
        if (w->tasks[i].join != NULL) {
            w->tasks[i].cancels++;
            eddy_join_cancel(w->tasks[i].join, fuzz_duration(w, w->header[5]));
        }
    }
    run_down(w);
}

static void abort_all(world *w)
{
    for (int i = 0; i < w->tasks_count; i++) {
        if (w->tasks[i].join != NULL) {
            eddy_join_abort(w->tasks[i].join);
            FUZZ_CHECK(w->tasks[i].done == 1, "task %d lives after its abort", i);
        }
    }
    run_down(w);
}

static void signal_all(world *w)
{
    for (int i = 0; i < WAITERS; i++) {
        w->signals[i] += 3;
        eddy_waiter_wake(&w->waiters[i]);
    }
    run_down(w);
}

static void free_ends(world *w)
{
    for (int i = 0; i < w->ends_count; i++) {
        end_model *end = &w->ends[i];

        if (end->tcp == NULL)
            continue;
        if (end->split) {
            eddy_tcp_reader_free(&end->reader);
            eddy_tcp_writer_free(&end->writer);
        } else if (i % 2 == 0) {
            eddy_tcp_free(end->tcp);
        } else {
            eddy_tcp_abort(end->tcp);
        }
        end->tcp = NULL;
    }
    eddy_listener_free(w->listener);
    w->listener = NULL;
}

/* What is left of tasks after the loop. */
static void free_tasks(world *w)
{
    for (int i = 0; i < w->tasks_count; i++) {
        task_model *model = &w->tasks[i];

        if (model->has_waker)
            FUZZ_CHECK(!eddy_waker_wake(&model->waker), "a task is woken after its loop's end");
        eddy_waker_release(&model->waker);
        eddy_join_free(model->join);
        if (model->made)
            FUZZ_CHECK(model->done + model->job_dropped == 1, "future %d: `done` ran %u times%s", i,
                       model->done, model->job_dropped ? ", and its job was dropped" : "");
    }
}

static void end_world(world *w)
{
    FUZZ_CHECK(w->heap_bytes >= 0, "more is freed than was allocated");
    (void)eddy_core_free(w->core);
    w->core = NULL;
    FUZZ_CHECK(w->tasks_live == 0, "%u tasks outlive their loop", w->tasks_live);
    free_ends(w);
    free_tasks(w);
    eddy_remote_release(w->remote);
    FUZZ_CHECK(w->jobs_made + w->jobs_dropped == w->jobs_sent,
               "%u jobs were sent, %u made, %u dropped", w->jobs_sent, w->jobs_made,
               w->jobs_dropped);
    FUZZ_CHECK(w->heap_bytes == 0, "%ld bytes are leaked", w->heap_bytes);
}

static void finish(world *w)
{
    switch (w->header[0] >> 3 & 3) {
    case 0:
        cancel_all(w);
        break;
    case 1:
        abort_all(w);
        break;
    case 2:
        signal_all(w);
        break;
    default:
        break; /* in the midst of everything */
    }
}

/* ---- the whole ---- */

int program_run(const program_options *options, const uint8_t *data, size_t size,
                program_outcome *outcome)
{
    static world w;
    int error;

    reset(&w, options, data, size);
    error = make_core(&w);
    if (error != 0)
        return error;
    if (w.network) {
        start_network(&w);
    } else {
        if (!w.pure)
            listen_here(&w);
        if (w.header[3] >= 128)
            w.heap_fails_at = w.heap_calls + (w.header[3] - 127) / 2;
        if ((w.header[0] >> 1 & 3) == 1 || w.pure)
            run_first(&w);
        else
            start_task(&w, 0);
    }
    run_down(&w);
    check_counts(&w);
    take_outcome(&w, outcome);
    if (!w.network)
        finish(&w);
    end_world(&w);
    return 0;
}
