/* SPDX-License-Identifier: MIT */
/*
 * world.h - what the parts of the interpreter share: the program, what is known of each task and
 * each end of a connection (the model that everything is checked against), and the operations.
 * Private to program.c, ops_*.c, ends.c and run.c.
 *
 * Locks. eddy lets one task at a time wait for a thing, and asserts that. A task that begins an
 * operation takes the locks of what it will wait for, and keeps them as long as its wait may still
 * be armed; an operation that finds a lock taken is left out.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "check.h"
#include "eddy/eddy.h"
#include "program.h"

/* clang-format off */
#define OPS(X)                                                                                     \
    X(END) X(SPAWN) X(JOIN) X(JOIN_ABORT) X(JOIN_CANCEL) X(JOIN_FREE) X(YIELD) X(SLEEP)            \
    X(SLEEP_RESET) X(INTERVAL) X(WAIT) X(SIGNAL) X(PARK) X(WAKE) X(SHIELD) X(CHECK_CANCEL)         \
    X(CALL) X(WITHIN) X(REMOTE) X(RETURN) X(LISTEN_END) X(CONNECT) X(CONNECTED) X(ACCEPT)          \
    X(PAIR) X(READ) X(READ_EXACT) X(FILL) X(PEEK) X(GONE) X(WRITE) X(WRITEV) X(WRITE_ALL)          \
    X(WRITE_BUF) X(TRY_WRITE) X(PUSH) X(FORWARD) X(PIPE) X(FLUSH) X(SHUTDOWN) X(CLOSE) X(FREE)     \
    X(ABORT) X(SPLIT) X(LIMITS)
/* clang-format on */

#define OP_CONSTANT(name) OP_##name,
enum { OPS(OP_CONSTANT) OPS_COUNT };
#undef OP_CONSTANT

enum {
    WAITERS = 4,
    LOG_BYTES = 64 * 1024,
    OPERATIONS_MAX = 400,
    NETWORK_OPERATIONS_MAX = 60,
    NETWORK_CALLS_MAX = 6,
    NOBODY = -1,
    /* numbers of locks */
    LOCK_READ = 0,
    LOCK_WRITE = LOCK_READ + PROGRAM_ENDS_MAX,
    LOCK_GONE = LOCK_WRITE + PROGRAM_ENDS_MAX,
    LOCK_WAITER = LOCK_GONE + PROGRAM_ENDS_MAX,
    LOCK_JOIN = LOCK_WAITER + WAITERS,
    LOCK_ACCEPT = LOCK_JOIN + PROGRAM_TASKS_MAX,
    LOCKS = LOCK_ACCEPT + 1
};

typedef struct instruction {
    uint8_t op, a, b;
} instruction;

typedef struct script {
    const instruction *first;
    uint32_t count;
} script;

struct worker;

/** One future that was made: a task, a child of one, or what a job is to make. */
typedef struct task_model {
    struct worker *frame; /* where it is; NULL before its first poll and after its end */
    eddy_join *join;
    eddy_waker waker;
    int16_t top;    /* the task that it belongs to */
    uint16_t done;  /* how often its `done` has run */
    uint16_t wakes; /* through the waker, not yet taken */
    uint16_t shields;
    uint32_t cancels, told; /* requests; how many times -ECANCELED was seen */
    bool made, spawned, is_job, job_dropped, has_waker, returned;
    uint8_t op; /* that it waits in; OP_END: none */
    uint32_t ended_ops, calls;
    uint64_t hash;
    eddy_result result; /* when it has returned */
} task_model;

/** One end of a connection. What was written there is kept, and what is staged lies behind it. */
typedef struct end_model {
    eddy_tcp *tcp; /* NULL: not made or given back */
    eddy_tcp_reader reader;
    eddy_tcp_writer writer;
    eddy_addr addr; /* of a connecting end, once it is known */
    int8_t peer;    /* NOBODY: not known yet */
    bool made, connecting, connects, split;
    bool shut; /* no more is written: its peer may see the end */
    bool closing;
    bool freed;  /* its peer may get an error */
    bool cut;    /* bytes may be lost on purpose */
    bool over;   /* its end of the stream was seen */
    bool broken; /* an error was seen */
    bool limited;
    uint32_t written, read;
    size_t window;
} end_model;

typedef struct world {
    program_options options;
    eddy_core *core;
    eddy_handle *handle;
    eddy_listener *listener;
    eddy_addr listen_addr;
    eddy_remote *remote;
    bool network, pure; /* pure: no operation waits for the kernel, so that it can deadlock */
    bool ending;        /* results are not checked any more: everything is being torn down */
    bool memory_failed;
    const uint8_t *header;
    script scripts[PROGRAM_SCRIPTS_MAX];
    uint32_t scripts_count;
    uint32_t operations;
    task_model tasks[PROGRAM_TASKS_MAX];
    int tasks_count;
    uint32_t tasks_live, jobs_sent, jobs_made, jobs_dropped, tasks_max;
    end_model ends[PROGRAM_ENDS_MAX];
    int ends_count;
    uint32_t violence; /* things done that may reset a connection whose peer is not known */
    uint32_t unaccepted;
    eddy_waiter waiters[WAITERS];
    uint32_t signals[WAITERS];
    int16_t locks[LOCKS]; /* the future that has it, or NOBODY */
    long heap_bytes, heap_calls, heap_fails_at;
    instruction code[PROGRAM_BYTES_MAX / 3];
} world;

/** The frame of every task: an interpreter of one script. */
struct worker {
    EDDY_FRAME;
    world *world;
    int id;
    uint32_t script, at;
    instruction now;
    bool within, abandoned, shielded;
    int taken[2]; /* locks of the operation under way; NOBODY */
    uint32_t got;
    int64_t due_ns; /* no sleep may end before */
    eddy_bytes rest;
    eddy_result answer;
    eddy_sleep sleep;
    eddy_deadline limit;
    eddy_interval interval;
    struct eddy_timeout child;
};

/** One operation. */
typedef struct verb {
    /** Take locks and prepare; false: it is left out, or it has been carried out already. */
    bool (*begin)(struct worker *self, eddy_task *task);
    /** Poll once; all that happened is in the model when it returns. NULL: nothing to wait for. */
    eddy_result (*step)(struct worker *self, eddy_task *task);
    /** Look at the last result. May be NULL. */
    void (*settle)(struct worker *self, eddy_task *task, eddy_result result);
    bool in_network; /* allowed in one */
    bool in_pure;    /* does not wait for the kernel */
} verb;

extern const verb fuzz_task_verbs[OPS_COUNT]; /* ops_task.c */
extern const verb fuzz_tcp_verbs[OPS_COUNT];  /* ops_tcp.c */
extern unsigned char fuzz_log[PROGRAM_ENDS_MAX][LOG_BYTES];

/* ---- program.c ---- */

/** Make a future's model. Returns its number, or NOBODY when there are too many. */
int fuzz_task_make(world *w, int top);
/** A frame for it. */
struct worker fuzz_worker(world *w, int id, uint32_t script);
/** Decode. */
void fuzz_decode(world *w, const uint8_t *data, size_t size);
/** Take a lock until the operation is over; false: another task has it. */
bool fuzz_lock(struct worker *self, int lock);
/** Nobody has the lock. */
bool fuzz_is_free(const world *w, int lock);
/** The model of the task that a future belongs to. */
task_model *fuzz_task_of(const struct worker *self);
/** In a network: whether this task reads, or else writes, at an end. */
bool fuzz_owns(const struct worker *self, int end, bool reads);
/** How many tasks a network has. */
int fuzz_network_tasks(const world *w);
/** A duration from an operand, as long as the driver's time is cheap. */
int64_t fuzz_duration(const world *w, uint8_t operand);
/** Mix a number into a hash. */
uint64_t fuzz_mix(uint64_t hash, uint64_t value);

/* ---- ends.c: the model of streams ---- */

/** Take a new stream into the model, and write the first byte, which tells its number. NOBODY: no
    room, or it was broken; then the stream is gone. */
int fuzz_end_new(world *w, eddy_tcp *tcp);
void fuzz_end_pair(world *w, int a, int b);
/** After an accept: find the end that has connected, by its address. */
void fuzz_end_find_peer(world *w, int end);
/** Put bytes that are to be written behind the log; returns where. `len` may shrink: 0: full. */
const unsigned char *fuzz_end_stage(end_model *end, int number, size_t *len);
/** Bytes were accepted. */
void fuzz_end_wrote(world *w, int end, eddy_result n);
/** Bytes were seen at the front of the unread ones. */
void fuzz_end_saw(world *w, int end, const unsigned char *bytes, size_t len);
/** They were consumed too. */
void fuzz_end_took(world *w, int end, const unsigned char *bytes, size_t len);
/** A read gave 0 or an error. */
void fuzz_end_over(world *w, int end, eddy_result result);
/** A write, flush, shutdown or close gave an error. */
void fuzz_end_broke(world *w, int end, eddy_result result);
/** A stream was given back, or thrown away. */
void fuzz_end_freed(world *w, int end, bool aborted);
/** A word on why this wait may not last, or NULL when it may. */
const char *fuzz_end_stuck(const world *w, const struct worker *worker);

#endif
