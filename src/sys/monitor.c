/* SPDX-License-Identifier: MIT */
/*
 * monitor.c - see monitor.h.
 */
#include "sys/monitor.h"

#include <pthread.h>
#include <string.h>

struct monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};
_Static_assert(sizeof(struct monitor) <= sizeof(eddy__monitor), "a monitor must fit");

static struct monitor *inside(eddy__monitor *self)
{
    return (struct monitor *)(void *)self->opaque;
}

void eddy__monitor_init(eddy__monitor *self)
{
    memset(self, 0, sizeof *self);
    (void)pthread_mutex_init(&inside(self)->mutex, NULL);
    (void)pthread_cond_init(&inside(self)->changed, NULL);
}

void eddy__monitor_deinit(eddy__monitor *self)
{
    (void)pthread_cond_destroy(&inside(self)->changed);
    (void)pthread_mutex_destroy(&inside(self)->mutex);
}

void eddy__monitor_enter(eddy__monitor *self)
{
    (void)pthread_mutex_lock(&inside(self)->mutex);
}

void eddy__monitor_leave(eddy__monitor *self)
{
    (void)pthread_mutex_unlock(&inside(self)->mutex);
}

void eddy__monitor_wait(eddy__monitor *self)
{
    (void)pthread_cond_wait(&inside(self)->changed, &inside(self)->mutex);
}

void eddy__monitor_tell_one(eddy__monitor *self)
{
    (void)pthread_cond_signal(&inside(self)->changed);
}

void eddy__monitor_tell_all(eddy__monitor *self)
{
    (void)pthread_cond_broadcast(&inside(self)->changed);
}
