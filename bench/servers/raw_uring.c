/* SPDX-License-Identifier: MIT */
/*
 * raw_uring - a server on io_uring that does no more than its mode needs. This file is the loop; see
 * raw_uring.h. EDDY_BENCH_URING_PLAIN in the environment has it do as on a kernel without incremental
 * buffers.
 */
#include "raw_uring.h"

#include <errno.h>

/* Both are walked through from one end to the other: larger ones would only take room in the cache. */
#define SQ_ENTRIES 512
#define CQ_ENTRIES 4096
#define SLOTS      16384 /* direct descriptors */

struct io_uring ring;

static struct mode_hooks hooks;
static int listener;

static _Noreturn void die(int error, const char *what)
{
    errno = -error;
    server_die(what);
}

static void ring_open(void)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                 IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL,
        .cq_entries = CQ_ENTRIES,
    };
    int error = io_uring_queue_init_params(SQ_ENTRIES, &ring, &params);

    if (error < 0)
        die(error, "io_uring_queue_init");
    error = io_uring_register_ring_fd(&ring);
    if (error < 0)
        die(error, "io_uring_register_ring_fd");
}

void ring_submit(void)
{
    int error = io_uring_submit(&ring);

    if (error < 0)
        die(error, "io_uring_submit");
}

struct io_uring_sqe *ring_sqe(void)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

    if (__builtin_expect(sqe == NULL, 0)) {
        ring_submit();
        sqe = io_uring_get_sqe(&ring);
    }
    return sqe;
}

void ring_quiet(struct io_uring_sqe *sqe)
{
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    sqe->user_data = ring_tag(NULL, OP_NOTHING);
}

static void accept_arm(void)
{
    struct io_uring_sqe *sqe = ring_sqe();

    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, 0);
    /* By hand: liburing 2.3's own call for it passes something else. */
    sqe->file_index = IORING_FILE_INDEX_ALLOC;
    sqe->user_data = ring_tag(NULL, OP_ACCEPT);
}

void ring_accept(uint16_t port)
{
    int error = io_uring_register_files_sparse(&ring, SLOTS);

    if (error < 0)
        die(error, "io_uring_register_files_sparse");
    listener = server_listen(port);
    accept_arm();
}

static void accept_done(void *object, const struct io_uring_cqe *cqe)
{
    (void)object;
    if (cqe->res >= 0)
        hooks.accepted(cqe->res);
    else if (cqe->res == -ENFILE || cqe->res == -EMFILE)
        die(cqe->res, "accept");
    if (!(cqe->flags & IORING_CQE_F_MORE))
        accept_arm();
}

static void nothing_done(void *object, const struct io_uring_cqe *cqe)
{
    (void)object;
    (void)cqe;
}

/* What has completed by now; what completes meanwhile is the next turn's. */
static void completions(void)
{
    unsigned head = *ring.cq.khead, tail = io_uring_smp_load_acquire(ring.cq.ktail);
    unsigned mask = *ring.cq.kring_mask;

    for (unsigned at = head; at != tail; at++) {
        const struct io_uring_cqe *cqe = &ring.cq.cqes[at & mask];
        uint64_t tag = cqe->user_data;

        hooks.done[tag & 7]((void *)(uintptr_t)(tag & ~(uint64_t)7), cqe);
    }
    io_uring_cq_advance(&ring, tail - head);
}

void ring_run(const struct mode_hooks *mode)
{
    hooks = *mode;
    hooks.done[OP_NOTHING] = nothing_done;
    hooks.done[OP_ACCEPT] = accept_done;
    for (;;) {
        int error = io_uring_submit_and_wait(&ring, 1);

        if (error < 0 && error != -EINTR && error != -EAGAIN)
            die(error, "io_uring_submit_and_wait");
        if (hooks.turn != NULL)
            hooks.turn();
        completions();
        hooks.after();
    }
}

int main(int argc, char **argv)
{
    static const struct server_mode modes[] = {
        {"echo", raw_uring_echo},   {"http", raw_uring_http},     {"udp", raw_uring_udp},
        {"proxy", raw_uring_proxy}, {"source", raw_uring_source}, {NULL, NULL},
    };

    ring_open();
    return server_main(argc, argv, modes);
}
