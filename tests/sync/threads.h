/* SPDX-License-Identifier: MIT */
/*
 * threads.h - for tests of the thread-safe kind: threads that do something at the same time, with
 * or without a loop of their own.
 */
#ifndef EDDY_TEST_THREADS_H
#define EDDY_TEST_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "channels.h"

enum { CROWD_MAX = 9 };

/* Threads that all begin when the last of them is there. */
struct crowd {
    pthread_barrier_t start;
    int count;
    struct crowd_thread {
        struct crowd *crowd;
        pthread_t thread;
        void (*run)(void *arg, int index);
        void *arg;
        int index;
    } threads[CROWD_MAX];
};

static inline void *crowd_thread(void *arg)
{
    struct crowd_thread *self = arg;

    (void)pthread_barrier_wait(&self->crowd->start);
    self->run(self->arg, self->index);
    return NULL;
}

static inline void crowd_add(struct crowd *self, int count, void (*run)(void *arg, int index),
                             void *arg)
{
    for (int index = 0; index < count; index++) {
        assert_in_range(self->count, 0, CROWD_MAX - 1);
        self->threads[self->count++] =
            (struct crowd_thread){.crowd = self, .run = run, .arg = arg, .index = index};
    }
}

/* Start them all, and wait for their end. */
static inline void crowd_run(struct crowd *self)
{
    assert_int_equal(pthread_barrier_init(&self->start, NULL, (unsigned)self->count), 0);
    for (int i = 0; i < self->count; i++)
        assert_int_equal(
            pthread_create(&self->threads[i].thread, NULL, crowd_thread, &self->threads[i]), 0);
    for (int i = 0; i < self->count; i++)
        assert_int_equal(pthread_join(self->threads[i].thread, NULL), 0);
    assert_int_equal(pthread_barrier_destroy(&self->start), 0);
}

/* Run one future on a loop of the calling thread's own. Not by cmocka: it may be any thread. */
static inline eddy_result run_alone(eddy_future *(*make)(void *arg, eddy_handle *handle), void *arg)
{
    eddy_core *core = NULL;
    eddy_result result;

    if (eddy_core_new(NULL, &core) != 0)
        return -EIO;
    result = eddy_core_run(core, make(arg, eddy_core_handle(core)));
    eddy_core_free(core);
    return result;
}

static inline void make_thread_safe_channel(uint32_t capacity, eddy_sender **sender,
                                            eddy_receiver **receiver)
{
    eddy_channel_options options = {
        .size_bytes = sizeof options, .item_bytes = sizeof(int), .capacity = capacity};

    assert_int_equal(eddy_channel_new(NULL, &options, sender, receiver), 0);
}

#endif
