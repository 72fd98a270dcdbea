/* SPDX-License-Identifier: MIT */
/*
 * core.c - making a loop, its memory, its counters (owner.c: its thread, core_end.c: its end).
 *
 * The struct, and with it the slab that I/O objects live in, stays until the last object that a
 * user still holds is given back; everything else goes with eddy_core_free().
 */
#include "reactor/core.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sys/wakefd.h"

#define BLOCK_BYTES    (64u * 1024)
#define CORK_BYTES     (16u * 1024)
#define INBOX_MAX      (1u << 20)
#define TICK_SHIFT_MAX 30
/* Of a tick of the wheel: one of them is far less. */
#define SLACK_PARTS    32

/* ---- memory ---- */

static void *counted_alloc(size_t size, void *arg)
{
    eddy__counted *self = arg;
    void *memory = eddy__alloc(&self->inner, size);

    self->calls++;
    if (memory != NULL)
        self->bytes += size;
    return memory;
}

static void counted_free(void *memory, size_t size, void *arg)
{
    eddy__counted *self = arg;

    self->calls++;
    self->bytes -= size;
    eddy__free(&self->inner, memory, size);
}

void eddy__core_memory_retain(eddy_core *core)
{
    uint32_t refs = eddy__atomic_load(&core->memory_refs, memory_order_relaxed);

    eddy__atomic_store(&core->memory_refs, refs + 1, memory_order_relaxed);
}

/* While the loop lives only its own thread comes here, and it holds a reference itself: the count
 * needs no atomic operation. Once it is gone any thread may give back what it held: acquire-release
 * among all of them, so that the last one sees what the others did before. */
void eddy__core_memory_release(eddy_core *core)
{
    eddy_allocator inner = core->memory.inner;

    if (!core->gone) {
        uint32_t refs = eddy__atomic_load(&core->memory_refs, memory_order_relaxed);

        eddy__atomic_store(&core->memory_refs, refs - 1, memory_order_relaxed);
        return;
    }
    if (eddy__atomic_fetch_sub(&core->memory_refs, 1, memory_order_acq_rel) != 1)
        return;
    eddy__slab_deinit(&core->slab);
    eddy__free(&inner, core, sizeof *core);
}

void eddy__core_object_free(eddy_core *core, void *memory, size_t size)
{
    if (!core->gone)
        eddy__slab_free(&core->slab, memory, size);
    else if (eddy__slab_is_alone(&core->slab, size))
        eddy__free(&core->memory.inner, memory, size);
    /* else: it goes with the slab. Its lists are not touched, other threads may be here too. */
}

/* ---- making ---- */

static uint32_t power_of_two(uint32_t n)
{
    uint32_t power = 2;

    while (power < n)
        power *= 2;
    return power;
}

/* One step of a loop may be made of several leaves: room, then a client; an item, then its send. */
enum { TASK_BUDGET_MIN = 4 };

#define DEFAULT(member, value)                                                                     \
    do {                                                                                           \
        if (options->member == 0)                                                                  \
            options->member = (value);                                                             \
    } while (0)

static void fill_defaults(eddy_core_options *options)
{
    DEFAULT(stall_limit_ns, 10 * EDDY_MILLISECOND);
    if (options->stall_limit_ns < 0)
        options->stall_limit_ns = INT64_MAX; /* not watched */
    DEFAULT(turn_time_ns, 500 * EDDY_MICROSECOND);
    DEFAULT(turn_polls, 256);
    DEFAULT(task_budget, 128);
    if (options->task_budget < TASK_BUDGET_MIN)
        options->task_budget = TASK_BUDGET_MIN;
    DEFAULT(inbox_turn, 256);
    DEFAULT(inbox_max, 1024);
    DEFAULT(tasks_max, 1000000);
    DEFAULT(timer_tick_shift, 20);
    DEFAULT(recv_bytes_max, (size_t)64 * 1024 * 1024);
    options->inbox_max = power_of_two(options->inbox_max);
}

static int take_options(const eddy_core_options *given, eddy_core_options *options)
{
    *options = (eddy_core_options){.size_bytes = sizeof *options};
    if (given != NULL) {
        if (given->size_bytes != sizeof *given)
            return -EINVAL;
        *options = *given;
    }
    if (options->inbox_max > INBOX_MAX)
        return -EINVAL;
    fill_defaults(options);
    if (options->timer_tick_shift > TICK_SHIFT_MAX || options->turn_time_ns < 0 ||
        options->recv_bytes_max < BLOCK_BYTES)
        return -EINVAL;
    return 0;
}

static void init_parts(eddy_core *core)
{
    const eddy_allocator *memory = &core->memory.counting;
    uint32_t blocks = (uint32_t)(core->options.recv_bytes_max / BLOCK_BYTES);

    core->memory.counting = (eddy_allocator){counted_alloc, counted_free, &core->memory};
    core->handle.core = core;
    eddy__list_init(&core->ready);
    eddy__list_init(&core->attention);
    eddy__list_init(&core->tasks);
    eddy__list_init(&core->hungry);
    eddy__list_init(&core->sources);
    eddy__source_later_init(core);
    eddy__slab_init(&core->slab, memory);
    eddy__pool_init(&core->pool, memory, BLOCK_BYTES, blocks);
    eddy__pool_init(&core->cork_pool, memory, CORK_BYTES, UINT32_MAX);
    eddy__atomic_init(&core->memory_refs, 1);
}

static int open_driver(eddy_core *core, eddy__sim_host *host)
{
    eddy__driver_options options = {
        .allocator = &core->memory.counting,
        .pool = &core->pool,
        .wake_fd = core->wake_fd,
        .host = host,
        .without = core->options.driver_without,
    };

    if (host != NULL) {
        core->driver_reason = "it is a host of a simulated world";
        return eddy__sim_driver.open(&options, &core->driver);
    }
    return eddy__driver_select(core->options.driver, &options, &core->driver, &core->driver_reason);
}

void eddy__core_drop_parts(eddy_core *core)
{
    core->gone = true; /* also of one that was never finished */
    eddy__pool_deinit(&core->pool);
    eddy__pool_deinit(&core->cork_pool);
    eddy__core_memory_release(core);
}

void eddy__core_drop_wakefd(eddy_core *core)
{
    if (core->wake_fd >= 0)
        eddy__wakefd_close(core->wake_fd);
}

/* Whatever a simulated loop does is of its world's thread, from the beginning. */
static void simulate(eddy_core *core)
{
    core->sim = core->driver->cpu->sim;
    eddy__slab_keep_apart(&core->slab); /* memory may run out at every object, on every build */
    eddy__core_drop_wakefd(core);
    core->wake_fd = -1;
    eddy__core_own(core);
}

/* The descriptor and the driver. */
static int open_world(eddy_core *core, eddy__sim_host *host)
{
    int error;

    core->wake_fd = host != NULL ? -1 : eddy__wakefd_open();
    if (host == NULL && core->wake_fd < 0)
        return core->wake_fd;
    error = open_driver(core, host);
    if (error != 0)
        eddy__core_drop_wakefd(core);
    else if (core->driver->cpu != NULL)
        simulate(core);
    return error;
}

int eddy_core_new(const eddy_core_options *options, eddy_core **out)
{
    return eddy__core_new(options, NULL, out);
}

int eddy__core_new(const eddy_core_options *options, eddy__sim_host *host, eddy_core **out)
{
    eddy_core_options taken;
    int error = take_options(options, &taken);
    const eddy_allocator *inner = eddy__allocator_or_malloc(taken.allocator);
    eddy_core *core;

    if (error != 0)
        return error;
    eddy__fork_watch();
    core = eddy__calloc(inner, sizeof *core);
    if (core == NULL)
        return -ENOMEM;
    core->options = taken;
    core->memory.inner = *inner;
    core->fork_generation = eddy__fork_generation;
    core->of_world = host != NULL;
    init_parts(core);
    error = open_world(core, host);
    if (error != 0) {
        eddy__core_drop_parts(core);
        return error;
    }
    eddy__core_read_clock(core);
    eddy__wheel_init(&core->wheel, core->now_ns, (uint8_t)taken.timer_tick_shift);
    core->slack_ticks = eddy__ticks_within((INT64_C(1) << taken.timer_tick_shift) / SLACK_PARTS);
    *out = core;
    return 0;
}

static void wake_kernel(void *arg)
{
    eddy__wakefd_signal((int)(intptr_t)arg);
}

static void close_wakefd(void *arg)
{
    eddy__wakefd_close((int)(intptr_t)arg);
}

static void release_cpu(void *cpu)
{
    eddy__sim_cpu_release(cpu);
}

/* A simulated loop is woken by its processor, which then lives as long as the inbox; so does the
 * room's allocator, which the host's need not. */
static void wake_by_cpu(eddy_core *core, eddy__inbox_options *options)
{
    options->allocator = core->sim->allocator;
    options->entered = eddy__sim_check_thread;
    options->wake_kernel = eddy__sim_wake;
    options->closed = release_cpu;
    options->wake_arg = core->driver->cpu;
}

/* From then on the wake descriptor is the inbox's, whose last user may be another thread. */
eddy__inbox *eddy__core_inbox(eddy_core *core)
{
    eddy__inbox_options options = {
        .allocator = &core->memory.inner,
        .jobs_max = core->options.inbox_max,
        .wake_kernel = wake_kernel,
        .closed = close_wakefd,
        .wake_arg = (void *)(intptr_t)core->wake_fd,
    };

    if (core->inbox != NULL || core->gone)
        return core->inbox;
    if (core->sim != NULL)
        wake_by_cpu(core, &options);
    if (eddy__inbox_new(&options, &core->inbox) == 0 && core->sim != NULL)
        core->driver->cpu->refs++;
    if (core->quiet) /* made outside of a turn: who sends must wake us */
        eddy__core_settle(core);
    return core->inbox;
}

/* ---- reading ---- */

int64_t eddy_now_ns(eddy_handle *handle)
{
    eddy__core_check(handle->core, "eddy_now_ns");
    return eddy__core_now(handle->core);
}

int64_t eddy_wall_ns(eddy_handle *handle)
{
    eddy__system *system = handle->core->driver->system;

    eddy__core_check(handle->core, "eddy_wall_ns");
    return system->type->wall_ns(system);
}

eddy_handle *eddy_core_handle(eddy_core *core)
{
    return &core->handle;
}

const char *eddy_core_driver_name(const eddy_core *core)
{
    return core->driver->type->name;
}

const char *eddy_core_driver_reason(const eddy_core *core)
{
    return core->driver_reason;
}

void eddy_core_stats_get(const eddy_core *core, eddy_core_stats *stats)
{
    const eddy__driver_counters *counters = &core->driver->counters;

    eddy__core_check(core, "eddy_core_stats_get");
    *stats = core->stats;
    stats->timers_live = eddy__wheel_count(&core->wheel);
    stats->waits = counters->waits;
    stats->syscalls = counters->syscalls;
    stats->kernel_timer_arms = counters->timer_arms;
    stats->limit_buffers = counters->starved;
    stats->heap_calls = core->memory.calls;
    stats->heap_bytes = core->memory.bytes;
    if (core->inbox != NULL)
        stats->kernel_wakes = eddy__inbox_kernel_wakes(core->inbox);
}
