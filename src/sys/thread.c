/* SPDX-License-Identifier: MIT */
/*
 * thread.c - see thread.h.
 */
#include "sys/thread.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Thread_local char eddy__thread_token;
uint32_t eddy__fork_generation;

eddy__thread eddy__thread_self(void)
{
    return (eddy__thread){
        .token = (uintptr_t)&eddy__thread_token,
        .id = (int32_t)syscall(SYS_gettid),
    };
}

/* The number of an ended thread may be given to a new one; then it looks alive, which errs on the
 * safe side: an assertion where none was needed. */
static bool is_alive(const eddy__thread *thread)
{
    return syscall(SYS_tgkill, getpid(), thread->id, 0) == 0 || errno != ESRCH;
}

/* pthread_join(3) returns a moment before the kernel has let go of the thread. */
bool eddy__thread_ended(const eddy__thread *thread)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    for (int tries = 0; tries < 500; tries++) {
        if (!is_alive(thread))
            return true;
        (void)nanosleep(&moment, NULL);
    }
    return false;
}

static void in_child(void)
{
    eddy__fork_generation++;
}

static void watch_once(void)
{
    /* Fails for lack of memory only; then a use after fork is not recognised. */
    (void)pthread_atfork(NULL, NULL, in_child);
}

void eddy__fork_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, watch_once);
}

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool open;
};
_Static_assert(sizeof(struct gate) <= sizeof(eddy__gate), "a gate must fit");

static struct gate *inside(eddy__gate *self)
{
    return (struct gate *)(void *)self->opaque;
}

void eddy__gate_init(eddy__gate *self)
{
    struct gate *gate = inside(self);

    memset(self, 0, sizeof *self);
    (void)pthread_mutex_init(&gate->mutex, NULL);
    (void)pthread_cond_init(&gate->opened, NULL);
}

void eddy__gate_deinit(eddy__gate *self)
{
    struct gate *gate = inside(self);

    (void)pthread_cond_destroy(&gate->opened);
    (void)pthread_mutex_destroy(&gate->mutex);
}

/* Signalled under the mutex: the waiter may destroy the gate as soon as it has returned. */
void eddy__gate_open(eddy__gate *self)
{
    struct gate *gate = inside(self);

    (void)pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    (void)pthread_cond_signal(&gate->opened);
    (void)pthread_mutex_unlock(&gate->mutex);
}

void eddy__gate_wait(eddy__gate *self)
{
    struct gate *gate = inside(self);

    (void)pthread_mutex_lock(&gate->mutex);
    while (!gate->open)
        (void)pthread_cond_wait(&gate->opened, &gate->mutex);
    (void)pthread_mutex_unlock(&gate->mutex);
}

_Static_assert(sizeof(pthread_mutex_t) <= sizeof(eddy__mutex), "a mutex must fit");

static pthread_mutex_t *mutex_in(eddy__mutex *self)
{
    return (pthread_mutex_t *)(void *)self->opaque;
}

void eddy__mutex_init(eddy__mutex *self)
{
    (void)pthread_mutex_init(mutex_in(self), NULL);
}

void eddy__mutex_deinit(eddy__mutex *self)
{
    (void)pthread_mutex_destroy(mutex_in(self));
}

void eddy__mutex_lock(eddy__mutex *self)
{
    (void)pthread_mutex_lock(mutex_in(self));
}

void eddy__mutex_unlock(eddy__mutex *self)
{
    (void)pthread_mutex_unlock(mutex_in(self));
}
