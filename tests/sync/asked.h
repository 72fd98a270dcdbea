/* SPDX-License-Identifier: MIT */
/*
 * asked.h - what the tests of this layer share: a task around a boxed future that keeps what it
 * gave, and objects in both kinds, of one loop and thread-safe.
 */
#ifndef EDDY_TEST_ASKED_H
#define EDDY_TEST_ASKED_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eddy/error.h"
#include "eddy/sync.h"
#include "support/loop.h"

/* Every claim is checked for both kinds: FOR_BOTH_KINDS (core, handle) { ... } */
enum { ONE_LOOP, THREAD_SAFE, KINDS };

static inline eddy_handle *handle_of_kind(eddy_core *core, int kind)
{
    return kind == ONE_LOOP ? eddy_core_handle(core) : NULL;
}

/* A task that polls one future. */
struct asked {
    eddy_result result; /* EDDY_PENDING until it has ended */
    int polls;
    eddy_join *join;
};

struct asking {
    EDDY_FRAME;
    struct asked *asked;
    eddy_future *inner;
};

static inline eddy_result asking_poll(eddy_future *frame, eddy_task *task)
{
    struct asking *self = (struct asking *)(void *)frame;

    self->asked->polls++;
    self->asked->result = eddy_future_poll_child(frame, self->inner, task);
    return self->asked->result;
}

static inline void asking_done(eddy_future *frame)
{
    if (eddy_future_is_new(frame))
        eddy_future_drop(((struct asking *)(void *)frame)->inner);
}

static const eddy_type asking_type = {asking_poll, asking_done, sizeof(struct asking), "asking",
                                      NULL};

/* Start it; it is polled in the next turn. */
static inline void ask_later(eddy_core *core, struct asked *self, eddy_future *future)
{
    *self = (struct asked){.result = EDDY_PENDING};
    self->join = test_spawn_join(core, asking, .asked = self, .inner = future);
}

/* Start it, and let the loop run until nothing moves. */
static inline void ask(eddy_core *core, struct asked *self, eddy_future *future)
{
    ask_later(core, self, future);
    test_settle(core);
}

/* Drop it, ended or not. */
static inline void asked_drop(struct asked *self)
{
    eddy_join_abort(self->join);
    eddy_join_free(self->join);
    self->join = NULL;
}

/* It has ended, with this. */
#define asked_gave(core, self, value)                                                              \
    do {                                                                                           \
        test_settle(core);                                                                         \
        assert_int_equal((self)->result, (value));                                                 \
        asked_drop(self);                                                                          \
    } while (0)

#define asked_waits(core, self)                                                                    \
    do {                                                                                           \
        test_settle(core);                                                                         \
        assert_true((self)->result == EDDY_PENDING);                                               \
    } while (0)

#endif
