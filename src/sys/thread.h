/* SPDX-License-Identifier: MIT */
/*
 * thread.h - which thread is this, does another one still live, has the process forked, a mutex,
 * and a one-shot event a thread can block on. The only file that knows threads of the operating
 * system.
 */
#ifndef EDDY__THREAD_H
#define EDDY__THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* A thread; all zero is nobody. */
typedef struct eddy__thread {
    uintptr_t token; /* an address that only this thread has, while it lives */
    int32_t id;      /* the kernel's number, to see whether it lives */
} eddy__thread;

extern _Thread_local char eddy__thread_token __attribute__((tls_model("initial-exec")));

static inline bool eddy__thread_is_self(const eddy__thread *thread)
{
    return thread->token == (uintptr_t)&eddy__thread_token;
}

eddy__thread eddy__thread_self(void);
/* True once the thread has ended and the kernel has let go of it; waits half a second for that. */
bool eddy__thread_ended(const eddy__thread *thread);

/* How often this process image has been forked off since eddy__fork_watch() was first called: a
 * child sees another number than its parent did. */
extern uint32_t eddy__fork_generation;
void eddy__fork_watch(void);

/* Blocks a thread until another one has set it. */
typedef struct eddy__gate {
    _Alignas(16) unsigned char opaque[128];
} eddy__gate;

void eddy__gate_init(eddy__gate *self);
void eddy__gate_deinit(eddy__gate *self);
void eddy__gate_open(eddy__gate *self);
void eddy__gate_wait(eddy__gate *self);

/* Keeps other threads out for a moment. Whoever has it does not block, and calls no user code. */
typedef struct eddy__mutex {
    _Alignas(16) unsigned char opaque[64];
} eddy__mutex;

void eddy__mutex_init(eddy__mutex *self);
/* Unlocked, and nobody uses it any more; it may be right after the last unlock. */
void eddy__mutex_deinit(eddy__mutex *self);
void eddy__mutex_lock(eddy__mutex *self);
void eddy__mutex_unlock(eddy__mutex *self);

#endif
