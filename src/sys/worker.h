/* SPDX-License-Identifier: MIT */
/*
 * worker.h - threads of our own: started with a name, joined, or left alone. They take no signals
 * that are meant for the process.
 */
#ifndef EDDY__WORKER_H
#define EDDY__WORKER_H

#include <stddef.h>
#include <stdint.h>

/* What the system shows of a thread's name, without the NUL. */
#define EDDY__WORKER_NAME_MAX 15

/* Stays where it is while the thread runs. */
typedef struct eddy__worker {
    uintptr_t thread;
    void (*run)(void *arg);
    void *arg;
} eddy__worker;

/* `stack_bytes`: 0: the system's default; else at least so much, and no less than a thread needs.
 * 0, or -EAGAIN: no more threads, or no memory for one. */
int eddy__worker_start(eddy__worker *self, void (*run)(void *arg), void *arg, size_t stack_bytes);
/* Wait for its end. Either this or forget(), once. */
void eddy__worker_join(eddy__worker *self);
/* Nobody will wait for its end. */
void eddy__worker_forget(eddy__worker *self);
/* Name the calling thread; what is too long is cut off. */
void eddy__worker_set_name(const char *name);
/* Processors that this process may use, at least 1. */
uint32_t eddy__worker_processors(void);

#endif
