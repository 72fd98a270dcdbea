/* SPDX-License-Identifier: MIT */
/*
 * echo_threads - a loop for each core, side by side and sharing nothing: all listen on one port,
 * and the kernel spreads the clients among them. They talk by remotes: when the first loop gets a
 * signal, it sends the others a job that stops them, and learns how many clients each had.
 *
 *     echo_threads [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080
 */
#include <eddy/eddy.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "support/args.h"
#include "support/echo_server.h"
#include "support/until_signal.h"

#define WORKERS_MAX 63 /* beside the main thread */

static const eddy_listener_options shared_port = {.size_bytes = sizeof shared_port,
                                                  .reuse_port = true};

/* A loop on a thread of its own. Main touches `remote` only, once the thread runs. */
struct worker {
    pthread_t thread;
    eddy_core *core;
    eddy_remote *remote;
    eddy_result result; /* how its loop ended, once the thread has */
    bool stopped;
    eddy_waiter stop; /* where the worker's main future waits */
};

static const eddy_wait_type stop_wait = {.why = "a job that stops us"};

struct until_stopped {
    EDDY_FRAME;
    struct worker *worker;
};

static eddy_result until_stopped_poll(struct worker *worker, eddy_task *task)
{
    return worker->stopped ? 0 : eddy_waiter_park(&worker->stop, task, &stop_wait);
}

EDDY_ASYNC(until_stopped, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, until_stopped_poll(self->worker, task));
        EDDY_END(n);
}

static void *worker_run(void *arg)
{
    struct worker *worker = arg;

    worker->result = eddy_core_run(worker->core, EDDY_FUTURE(until_stopped, .worker = worker));
    eddy_core_free(worker->core);
    return NULL;
}

/* The future that the job below makes: stops the worker, tells how many clients it had. */
struct stop {
    EDDY_FRAME;
    struct worker *worker;
};

EDDY_ASYNC(stop, eddy_nothing)
{
    eddy_core_stats stats;

    EDDY_BEGIN
        eddy_core_stats_get(self->worker->core, &stats);
        self->worker->stopped = true;
        eddy_waiter_wake(&self->worker->stop);
        EDDY_END((eddy_result)stats.connections_accepted);
}

static eddy_future *stop_make(void *payload, eddy_handle *handle)
{
    return eddy_box(handle, EDDY_FUTURE(stop, .worker = *(struct worker **)payload));
}

static const eddy_job stop_job = {.make = stop_make, .payload_bytes = sizeof(struct worker *)};

/* With port 0 the system chooses, for the first loop; the others are given the same. */
static void serve(struct args *args, eddy_core *core)
{
    eddy_listener *listener = args_listen(args, core, &shared_port);
    int error;

    (void)eddy_listener_local_addr(listener, &args->address[0]);
    error = eddy_spawn(eddy_core_handle(core),
                       EDDY_FUTURE(eddy_server, .listener = listener, .client = echo_client));
    if (error != 0)
        exit(args_end(args, error));
}

static void worker_start(struct worker *worker, struct args *args)
{
    int error;

    worker->core = args_core(args);
    serve(args, worker->core);
    error = eddy_remote_new(eddy_core_handle(worker->core), &worker->remote);
    if (error == 0)
        error = -pthread_create(&worker->thread, NULL, worker_run, worker);
    if (error != 0)
        exit(args_end(args, error));
}

/* With the main thread, one for each core. */
static int worker_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores <= 1 ? 0 : cores <= WORKERS_MAX ? (int)cores - 1 : WORKERS_MAX;
}

/* How its loop ended. */
static eddy_result worker_stop(struct worker *worker, const struct args *args)
{
    eddy_result clients = eddy_remote_call(worker->remote, &stop_job, &worker);

    if (clients == -ENOMEM) /* the job was not sent or not made: the worker would never stop */
        exit(args_end(args, clients));
    pthread_join(worker->thread, NULL);
    eddy_remote_release(worker->remote);
    if (clients >= 0)
        printf("a worker had %lld clients\n", (long long)clients);
    return worker->result;
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "echo_threads [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct worker workers[WORKERS_MAX] = {{0}};
    int count = worker_count();
    char text[EDDY_ADDR_TEXT_MAX];
    eddy_core_stats stats;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    serve(&args, core);
    for (int i = 0; i < count; i++)
        worker_start(&workers[i], &args);
    eddy_addr_print(&args.address[0], text, sizeof text);
    printf("echo_threads listens on %s by %s, %d threads\n", text, eddy_core_driver_name(core),
           count + 1);
    fflush(stdout);
    result = eddy_core_run(core, EDDY_FUTURE(until_signal));
    for (int i = 0; i < count; i++) {
        eddy_result worker_result = worker_stop(&workers[i], &args);

        result = result < 0 ? result : worker_result;
    }
    eddy_core_stats_get(core, &stats);
    printf("the main thread had %llu\n", (unsigned long long)stats.connections_accepted);
    eddy_core_free(core);
    return args_end(&args, result);
}
