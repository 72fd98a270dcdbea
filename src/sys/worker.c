/* SPDX-License-Identifier: MIT */
/*
 * worker.c - see worker.h.
 */
#include "sys/worker.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(pthread_t) <= sizeof(uintptr_t), "a thread's handle fits a word");

static void *begin(void *arg)
{
    eddy__worker *self = arg;

    self->run(self->arg);
    return NULL;
}

/* All but those that mean a fault of the thread itself. */
static void block_signals(sigset_t *before)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t all;

    (void)sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        (void)sigdelset(&all, faults[i]);
    (void)pthread_sigmask(SIG_SETMASK, &all, before);
}

static void set_stack(pthread_attr_t *attributes, size_t stack_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN);

    if (stack_bytes == 0 || stack_bytes > SIZE_MAX - page)
        return;
    if (stack_bytes < least)
        stack_bytes = least;
    (void)pthread_attr_setstacksize(attributes, (stack_bytes + page - 1) / page * page);
}

int eddy__worker_start(eddy__worker *self, void (*run)(void *arg), void *arg, size_t stack_bytes)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t before;
    int error;

    if (pthread_attr_init(&attributes) != 0)
        return -EAGAIN;
    set_stack(&attributes, stack_bytes);
    self->run = run;
    self->arg = arg;
    block_signals(&before); /* the thread inherits them */
    error = pthread_create(&thread, &attributes, begin, self);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        memcpy(&self->thread, &thread, sizeof thread);
    (void)pthread_attr_destroy(&attributes);
    return error == 0 ? 0 : -EAGAIN;
}

static pthread_t handle_of(const eddy__worker *self)
{
    pthread_t thread;

    memcpy(&thread, &self->thread, sizeof thread);
    return thread;
}

void eddy__worker_join(eddy__worker *self)
{
    (void)pthread_join(handle_of(self), NULL);
}

void eddy__worker_forget(eddy__worker *self)
{
    (void)pthread_detach(handle_of(self));
}

void eddy__worker_set_name(const char *name)
{
    char text[EDDY__WORKER_NAME_MAX + 1];

    (void)snprintf(text, sizeof text, "%s", name);
    (void)pthread_setname_np(pthread_self(), text);
}

uint32_t eddy__worker_processors(void)
{
    cpu_set_t set;
    long online;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (uint32_t)CPU_COUNT(&set);
    online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than such a set can name */
    return online > 0 ? (uint32_t)online : 1;
}
