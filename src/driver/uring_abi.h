/* SPDX-License-Identifier: MIT */
/*
 * uring_abi.h - the part of Linux' io_uring interface that the driver uses: numbers and layouts.
 *
 * Our own copy, so that neither the build nor the features depend on the age of a system header
 * (Debian 12's ends at Linux 6.1). tests/driver/test_uring_abi.c compares it with
 * <linux/io_uring.h> wherever that knows the name. Only names, no functions: uring_ring.h has the
 * system calls. In brackets: the first kernel that has it. See: io_uring(7),
 * include/uapi/linux/io_uring.h of Linux
 */
#ifndef EDDY__URING_ABI_H
#define EDDY__URING_ABI_H

#include <stddef.h>
#include <stdint.h>

/* System calls: the same numbers on every machine but alpha. */
enum {
    EDDY__URING_SYS_SETUP = 425,
    EDDY__URING_SYS_ENTER = 426,
    EDDY__URING_SYS_REGISTER = 427,
};

/* params.flags */
enum {
    EDDY__URING_SETUP_CQSIZE = 1 << 3,
    EDDY__URING_SETUP_CLAMP = 1 << 4,
    EDDY__URING_SETUP_R_DISABLED = 1 << 6,
    EDDY__URING_SETUP_SUBMIT_ALL = 1 << 7,     /* [5.18] */
    EDDY__URING_SETUP_COOP_TASKRUN = 1 << 8,   /* [5.19] */
    EDDY__URING_SETUP_TASKRUN_FLAG = 1 << 9,   /* [5.19] */
    EDDY__URING_SETUP_SINGLE_ISSUER = 1 << 12, /* [6.0] */
    EDDY__URING_SETUP_DEFER_TASKRUN = 1 << 13, /* [6.1] */
    EDDY__URING_SETUP_NO_SQARRAY = 1 << 16,    /* [6.6] */
};

/* params.features */
enum {
    EDDY__URING_FEAT_SINGLE_MMAP = 1 << 0,
    EDDY__URING_FEAT_NODROP = 1 << 1,
    EDDY__URING_FEAT_SUBMIT_STABLE = 1 << 2,
    EDDY__URING_FEAT_EXT_ARG = 1 << 8,
    EDDY__URING_FEAT_CQE_SKIP = 1 << 11,
    EDDY__URING_FEAT_NO_IOWAIT = 1 << 17, /* [6.15] */
};

/* mmap(2) offset of the submission entries; the rings themselves are at 0. */
#define EDDY__URING_OFF_SQES 0x10000000

/* flags of io_uring_enter */
enum {
    EDDY__URING_ENTER_GETEVENTS = 1 << 0,
    EDDY__URING_ENTER_EXT_ARG = 1 << 3,
    EDDY__URING_ENTER_REGISTERED_RING = 1 << 4, /* [5.18] */
    EDDY__URING_ENTER_NO_IOWAIT = 1 << 7,       /* [6.15] */
};

/* flags of the submission ring */
enum {
    EDDY__URING_SQ_CQ_OVERFLOW = 1 << 1,
    EDDY__URING_SQ_TASKRUN = 1 << 2,
};

/* sqe.opcode */
enum {
    EDDY__URING_OP_NOP = 0,
    EDDY__URING_OP_POLL_ADD = 6,
    EDDY__URING_OP_SENDMSG = 9,
    EDDY__URING_OP_TIMEOUT = 11,
    EDDY__URING_OP_TIMEOUT_REMOVE = 12,
    EDDY__URING_OP_ACCEPT = 13,
    EDDY__URING_OP_ASYNC_CANCEL = 14,
    EDDY__URING_OP_CONNECT = 16,
    EDDY__URING_OP_CLOSE = 19,
    EDDY__URING_OP_SEND = 26,
    EDDY__URING_OP_RECV = 27,
};

/* sqe.flags */
enum {
    EDDY__URING_SQE_BUFFER_SELECT = 1 << 5,
    EDDY__URING_SQE_CQE_SKIP_SUCCESS = 1 << 6,
};

/* One word each, per kind of operation. */
enum {
    EDDY__URING_RECV_MULTISHOT = 1 << 1,   /* sqe.ioprio [6.0] */
    EDDY__URING_ACCEPT_MULTISHOT = 1 << 0, /* sqe.ioprio [5.19] */
    EDDY__URING_POLL_ADD_MULTI = 1 << 0,   /* sqe.len */
    EDDY__URING_TIMEOUT_ABS = 1 << 0,      /* sqe.op_flags */
    EDDY__URING_TIMEOUT_UPDATE = 1 << 1,   /* sqe.op_flags of TIMEOUT_REMOVE */
    EDDY__URING_CANCEL_ALL = 1 << 0,       /* sqe.op_flags */
    EDDY__URING_CANCEL_ANY = 1 << 2,       /* sqe.op_flags */
};

/* cqe.flags */
enum {
    EDDY__URING_CQE_BUFFER = 1 << 0,   /* the number of a buffer is in the upper half */
    EDDY__URING_CQE_MORE = 1 << 1,     /* the operation goes on */
    EDDY__URING_CQE_BUF_MORE = 1 << 4, /* the kernel still uses the rest of the buffer [6.12] */
    EDDY__URING_CQE_BUFFER_SHIFT = 16,
};

/* io_uring_register */
enum {
    EDDY__URING_REGISTER_EVENTFD = 4,
    EDDY__URING_REGISTER_ENABLE_RINGS = 12,
    EDDY__URING_REGISTER_RING_FDS = 20,
    EDDY__URING_UNREGISTER_RING_FDS = 21,
    EDDY__URING_REGISTER_PBUF_RING = 22,
    EDDY__URING_UNREGISTER_PBUF_RING = 23,
};

/* buf_reg.flags */
enum { EDDY__URING_PBUF_INC = 1 << 1 /* [6.12] */ };

typedef struct eddy__uring_sqe {
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t off; /* connect: length of the address; timeout update: the new time */
    uint64_t addr;
    uint32_t len;
    uint32_t op_flags; /* msg, accept, timeout and cancel flags, poll's events */
    uint64_t user_data;
    uint16_t buf_group;
    uint16_t personality;
    int32_t file_index;
    uint64_t addr3;
    uint64_t reserved;
} eddy__uring_sqe;

typedef struct eddy__uring_cqe {
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
} eddy__uring_cqe;

typedef struct eddy__uring_sq_offsets {
    uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, reserved;
    uint64_t user_addr;
} eddy__uring_sq_offsets;

typedef struct eddy__uring_cq_offsets {
    uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, reserved;
    uint64_t user_addr;
} eddy__uring_cq_offsets;

typedef struct eddy__uring_params {
    uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd;
    uint32_t reserved[3];
    eddy__uring_sq_offsets sq_off;
    eddy__uring_cq_offsets cq_off;
} eddy__uring_params;

/* A place in a ring of provided buffers. `tail` means something in the first place only: there it
 * is the ring's, and must not be touched when the place is filled. */
typedef struct eddy__uring_buf {
    uint64_t addr;
    uint32_t len;
    uint16_t bid;
    uint16_t tail;
} eddy__uring_buf;

typedef struct eddy__uring_buf_reg {
    uint64_t ring_addr;
    uint32_t ring_entries;
    uint16_t bgid;
    uint16_t flags;
    uint64_t reserved[3];
} eddy__uring_buf_reg;

typedef struct eddy__uring_rsrc_update {
    uint32_t offset;
    uint32_t reserved;
    uint64_t data;
} eddy__uring_rsrc_update;

typedef struct eddy__uring_timespec {
    int64_t sec;
    int64_t nsec;
} eddy__uring_timespec;

typedef struct eddy__uring_getevents_arg {
    uint64_t sigmask;
    uint32_t sigmask_size;
    uint32_t min_wait_usec;
    uint64_t ts;
} eddy__uring_getevents_arg;

_Static_assert(sizeof(eddy__uring_sqe) == 64, "sqe");
_Static_assert(offsetof(eddy__uring_sqe, op_flags) == 28, "sqe.op_flags");
_Static_assert(offsetof(eddy__uring_sqe, user_data) == 32, "sqe.user_data");
_Static_assert(offsetof(eddy__uring_sqe, buf_group) == 40, "sqe.buf_group");
_Static_assert(offsetof(eddy__uring_sqe, file_index) == 44, "sqe.file_index");
_Static_assert(sizeof(eddy__uring_cqe) == 16, "cqe");
_Static_assert(sizeof(eddy__uring_sq_offsets) == 40, "sq_off");
_Static_assert(sizeof(eddy__uring_cq_offsets) == 40, "cq_off");
_Static_assert(sizeof(eddy__uring_params) == 120, "params");
_Static_assert(offsetof(eddy__uring_params, sq_off) == 40, "params.sq_off");
_Static_assert(sizeof(eddy__uring_buf) == 16, "buf");
_Static_assert(offsetof(eddy__uring_buf, tail) == 14, "buf.tail");
_Static_assert(sizeof(eddy__uring_buf_reg) == 40, "buf_reg");
_Static_assert(sizeof(eddy__uring_rsrc_update) == 16, "rsrc_update");
_Static_assert(sizeof(eddy__uring_timespec) == 16, "timespec");
_Static_assert(sizeof(eddy__uring_getevents_arg) == 24, "getevents_arg");

#endif
