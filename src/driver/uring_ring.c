/* SPDX-License-Identifier: MIT */
/*
 * uring_ring.c - see uring_ring.h. Three system calls and two mappings.
 *
 * Which flags a kernel knows is found by trying: an unknown one is EINVAL, so sets are tried from
 * the best to the plainest. ENOMEM means that RLIMIT_MEMLOCK allows no ring of that size: smaller
 * ones are tried, then the caller is told, who has another driver.
 */
#include "driver/uring_ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    BASE = EDDY__URING_SETUP_R_DISABLED | EDDY__URING_SETUP_CLAMP | EDDY__URING_SETUP_CQSIZE,
    COOP = EDDY__URING_SETUP_COOP_TASKRUN | EDDY__URING_SETUP_TASKRUN_FLAG,
    DEFER = EDDY__URING_SETUP_DEFER_TASKRUN | EDDY__URING_SETUP_TASKRUN_FLAG,
    SINGLE = EDDY__URING_SETUP_SINGLE_ISSUER,
    ALL = EDDY__URING_SETUP_SUBMIT_ALL,
    NO_ARRAY = EDDY__URING_SETUP_NO_SQARRAY,
    FEATURES_NEEDED = EDDY__URING_FEAT_SINGLE_MMAP | EDDY__URING_FEAT_NODROP |
                      EDDY__URING_FEAT_SUBMIT_STABLE | EDDY__URING_FEAT_EXT_ARG |
                      EDDY__URING_FEAT_CQE_SKIP,
    SQ_ENTRIES_MIN = 64,
    CQ_PER_SQ = 8,
};

static int ring_setup(uint32_t sq_entries, uint32_t flags, eddy__uring_params *params)
{
    long fd;

    *params = (eddy__uring_params){.flags = flags, .cq_entries = sq_entries * CQ_PER_SQ};
    fd = syscall(EDDY__URING_SYS_SETUP, sq_entries, params);
    return fd < 0 ? -errno : (int)fd;
}

/* The best set of flags that is not EINVAL. A descriptor or -errno. */
static int ring_setup_best(uint32_t sq_entries, bool without_defer, eddy__uring_params *params)
{
    static const uint32_t sets[] = {
        DEFER | SINGLE | ALL | NO_ARRAY,
        DEFER | SINGLE | ALL,
        COOP | SINGLE | ALL | NO_ARRAY,
        COOP | SINGLE | ALL,
        COOP | ALL,
        ALL,
        0,
    };
    int fd = -EINVAL;

    for (size_t i = 0; fd == -EINVAL && i < sizeof sets / sizeof sets[0]; i++)
        if (!without_defer || (sets[i] & EDDY__URING_SETUP_DEFER_TASKRUN) == 0)
            fd = ring_setup(sq_entries, BASE | sets[i], params);
    return fd;
}

static void *ring_map(int fd, size_t bytes, off_t offset)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

    return memory == MAP_FAILED ? NULL : memory;
}

/* Point into the mapped rings. */
static void ring_lay_out(eddy__uring_ring *self, const eddy__uring_params *params)
{
    unsigned char *rings = self->rings;

    self->sq_mask = params->sq_entries - 1;
    self->ksq_head = (_Atomic uint32_t *)(void *)(rings + params->sq_off.head);
    self->ksq_tail = (_Atomic uint32_t *)(void *)(rings + params->sq_off.tail);
    self->ksq_flags = (_Atomic uint32_t *)(void *)(rings + params->sq_off.flags);
    self->kcq_head = (_Atomic uint32_t *)(void *)(rings + params->cq_off.head);
    self->kcq_tail = (_Atomic uint32_t *)(void *)(rings + params->cq_off.tail);
    self->cq_mask = params->cq_entries - 1;
    self->cqes = (const eddy__uring_cqe *)(void *)(rings + params->cq_off.cqes);
    if ((params->flags & EDDY__URING_SETUP_NO_SQARRAY) == 0) {
        uint32_t *array = (uint32_t *)(void *)(rings + params->sq_off.array);

        for (uint32_t i = 0; i < params->sq_entries; i++)
            array[i] = i;
    }
}

static int ring_map_all(eddy__uring_ring *self, const eddy__uring_params *params)
{
    size_t cq_end = params->cq_off.cqes + (size_t)params->cq_entries * sizeof(eddy__uring_cqe);
    size_t sq_end = params->sq_off.array + (size_t)params->sq_entries * sizeof(uint32_t);

    self->rings_bytes = cq_end > sq_end ? cq_end : sq_end;
    self->sqes_bytes = params->sq_entries * sizeof(eddy__uring_sqe);
    self->rings = ring_map(self->fd, self->rings_bytes, 0);
    self->sqes = ring_map(self->fd, self->sqes_bytes, EDDY__URING_OFF_SQES);
    if (self->rings == NULL || self->sqes == NULL)
        return -ENOMEM;
    ring_lay_out(self, params);
    return 0;
}

int eddy__uring_ring_open(eddy__uring_ring *self, uint32_t sq_entries, bool without_defer_taskrun)
{
    eddy__uring_params params;
    int error;

    *self = (eddy__uring_ring){.fd = -1};
    self->fd = ring_setup_best(sq_entries, without_defer_taskrun, &params);
    while (self->fd == -ENOMEM && sq_entries > SQ_ENTRIES_MIN) {
        sq_entries = sq_entries > SQ_ENTRIES_MIN * 4 ? SQ_ENTRIES_MIN * 4 : SQ_ENTRIES_MIN;
        self->fd = ring_setup_best(sq_entries, without_defer_taskrun, &params);
    }
    if (self->fd < 0)
        return self->fd;
    self->enter_fd = self->fd;
    self->setup_flags = params.flags;
    self->features = params.features;
    if ((params.features & EDDY__URING_FEAT_NO_IOWAIT) != 0)
        self->enter_flags = EDDY__URING_ENTER_NO_IOWAIT;
    error = (params.features & FEATURES_NEEDED) == FEATURES_NEEDED ? ring_map_all(self, &params)
                                                                   : -EOPNOTSUPP;
    if (error < 0)
        eddy__uring_ring_close(self, true);
    return error;
}

void eddy__uring_ring_close(eddy__uring_ring *self, bool owner)
{
    /* The place in the thread's table holds the ring open; a thread that has ended has none. */
    if (owner && (self->enter_flags & EDDY__URING_ENTER_REGISTERED_RING) != 0) {
        eddy__uring_rsrc_update place = {.offset = (uint32_t)self->enter_fd};

        (void)eddy__uring_ring_register(self, EDDY__URING_UNREGISTER_RING_FDS, &place, 1);
    }
    if (self->rings != NULL)
        (void)munmap(self->rings, self->rings_bytes);
    if (self->sqes != NULL)
        (void)munmap(self->sqes, self->sqes_bytes);
    if (self->fd >= 0)
        (void)close(self->fd);
    *self = (eddy__uring_ring){.fd = -1};
}

int eddy__uring_ring_enable(eddy__uring_ring *self)
{
    eddy__uring_rsrc_update place = {.offset = UINT32_MAX, .data = (uint64_t)self->fd};
    int error = eddy__uring_ring_register(self, EDDY__URING_REGISTER_ENABLE_RINGS, NULL, 0);

    if (error < 0)
        return error;
    self->enabled = true;
    /* A thread has places for sixteen rings. Without one each enter looks the descriptor up. */
    if (eddy__uring_ring_register(self, EDDY__URING_REGISTER_RING_FDS, &place, 1) == 1) {
        self->enter_fd = (int)place.offset;
        self->enter_flags |= EDDY__URING_ENTER_REGISTERED_RING;
    }
    return 0;
}

int eddy__uring_ring_enter(eddy__uring_ring *self, uint32_t min, uint32_t flags, const void *arg,
                           size_t arg_bytes)
{
    long got;

    /* Release pairs with the kernel's acquire: the entries are written before it counts them. */
    atomic_store_explicit(self->ksq_tail, self->sq_tail, memory_order_release);
    got = syscall(EDDY__URING_SYS_ENTER, self->enter_fd, eddy__uring_ring_unsubmitted(self), min,
                  flags | self->enter_flags, arg, arg_bytes);
    return got < 0 ? -errno : (int)got;
}

int eddy__uring_ring_enter_timeout(eddy__uring_ring *self, uint32_t min, int64_t timeout_ns)
{
    eddy__uring_timespec ts = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    eddy__uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&ts};

    return eddy__uring_ring_enter(
        self, min, EDDY__URING_ENTER_GETEVENTS | EDDY__URING_ENTER_EXT_ARG, &arg, sizeof arg);
}

int eddy__uring_ring_register(const eddy__uring_ring *self, uint32_t opcode, const void *arg,
                              uint32_t n)
{
    long got = syscall(EDDY__URING_SYS_REGISTER, self->fd, opcode, arg, n);

    return got < 0 ? -errno : (int)got;
}

int eddy__uring_ring_add_buffers(const eddy__uring_ring *self, eddy__uring_buf *places,
                                 uint32_t entries, uint16_t flags)
{
    eddy__uring_buf_reg reg = {
        .ring_addr = (uint64_t)(uintptr_t)places, .ring_entries = entries, .flags = flags};

    return eddy__uring_ring_register(self, EDDY__URING_REGISTER_PBUF_RING, &reg, 1);
}
