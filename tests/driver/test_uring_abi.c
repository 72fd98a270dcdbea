/* SPDX-License-Identifier: MIT */
/*
 * test_uring_abi.c - our copy of io_uring's interface (driver/uring_abi.h) against the system's.
 *
 * Only what this system's <linux/io_uring.h> knows is compared; its names that are macros are
 * tested with #ifdef, those that are enumerators by whether a macro of the same age is there. How
 * many could not be compared is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "driver/uring_abi.h"

#if defined(__has_include)
#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#define HAVE_HEADER 1
#endif
#endif

#define SAME(ours, theirs) assert_int_equal((uint64_t)(ours), (uint64_t)(theirs))

#if defined(HAVE_HEADER)

static int missing;

static void system_call_numbers_are_the_systems(void **state)
{
    (void)state;
#if defined(SYS_io_uring_setup)
    SAME(EDDY__URING_SYS_SETUP, SYS_io_uring_setup);
    SAME(EDDY__URING_SYS_ENTER, SYS_io_uring_enter);
    SAME(EDDY__URING_SYS_REGISTER, SYS_io_uring_register);
#else
    missing += 3;
#endif
}

static void setup_flags_are_the_systems(void **state)
{
    (void)state;
    SAME(EDDY__URING_SETUP_CQSIZE, IORING_SETUP_CQSIZE);
    SAME(EDDY__URING_SETUP_CLAMP, IORING_SETUP_CLAMP);
    SAME(EDDY__URING_SETUP_R_DISABLED, IORING_SETUP_R_DISABLED);
    SAME(EDDY__URING_OFF_SQES, IORING_OFF_SQES);
#if defined(IORING_SETUP_SUBMIT_ALL)
    SAME(EDDY__URING_SETUP_SUBMIT_ALL, IORING_SETUP_SUBMIT_ALL);
#else
    missing++;
#endif
#if defined(IORING_SETUP_COOP_TASKRUN)
    SAME(EDDY__URING_SETUP_COOP_TASKRUN, IORING_SETUP_COOP_TASKRUN);
    SAME(EDDY__URING_SETUP_TASKRUN_FLAG, IORING_SETUP_TASKRUN_FLAG);
    SAME(EDDY__URING_SQ_TASKRUN, IORING_SQ_TASKRUN);
#else
    missing += 3;
#endif
#if defined(IORING_SETUP_SINGLE_ISSUER)
    SAME(EDDY__URING_SETUP_SINGLE_ISSUER, IORING_SETUP_SINGLE_ISSUER);
#else
    missing++;
#endif
#if defined(IORING_SETUP_DEFER_TASKRUN)
    SAME(EDDY__URING_SETUP_DEFER_TASKRUN, IORING_SETUP_DEFER_TASKRUN);
#else
    missing++;
#endif
#if defined(IORING_SETUP_NO_SQARRAY)
    SAME(EDDY__URING_SETUP_NO_SQARRAY, IORING_SETUP_NO_SQARRAY);
#else
    missing++;
#endif
}

static void features_and_enter_flags_are_the_systems(void **state)
{
    (void)state;
    SAME(EDDY__URING_FEAT_SINGLE_MMAP, IORING_FEAT_SINGLE_MMAP);
    SAME(EDDY__URING_FEAT_NODROP, IORING_FEAT_NODROP);
    SAME(EDDY__URING_FEAT_SUBMIT_STABLE, IORING_FEAT_SUBMIT_STABLE);
    SAME(EDDY__URING_ENTER_GETEVENTS, IORING_ENTER_GETEVENTS);
    SAME(EDDY__URING_SQ_CQ_OVERFLOW, IORING_SQ_CQ_OVERFLOW);
#if defined(IORING_FEAT_EXT_ARG)
    SAME(EDDY__URING_FEAT_EXT_ARG, IORING_FEAT_EXT_ARG);
    SAME(EDDY__URING_ENTER_EXT_ARG, IORING_ENTER_EXT_ARG);
    assert_int_equal(sizeof(eddy__uring_getevents_arg), sizeof(struct io_uring_getevents_arg));
    SAME(offsetof(eddy__uring_getevents_arg, ts), offsetof(struct io_uring_getevents_arg, ts));
#else
    missing += 2;
#endif
#if defined(IORING_FEAT_CQE_SKIP)
    SAME(EDDY__URING_FEAT_CQE_SKIP, IORING_FEAT_CQE_SKIP);
    SAME(EDDY__URING_SQE_CQE_SKIP_SUCCESS, IOSQE_CQE_SKIP_SUCCESS);
#else
    missing += 2;
#endif
#if defined(IORING_ENTER_REGISTERED_RING)
    SAME(EDDY__URING_ENTER_REGISTERED_RING, IORING_ENTER_REGISTERED_RING);
    SAME(EDDY__URING_REGISTER_RING_FDS, IORING_REGISTER_RING_FDS);
    SAME(EDDY__URING_UNREGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS);
#else
    missing += 3;
#endif
#if defined(IORING_FEAT_NO_IOWAIT)
    SAME(EDDY__URING_FEAT_NO_IOWAIT, IORING_FEAT_NO_IOWAIT);
    SAME(EDDY__URING_ENTER_NO_IOWAIT, IORING_ENTER_NO_IOWAIT);
#else
    missing += 2;
#endif
}

static void operations_are_the_systems(void **state)
{
    (void)state;
    SAME(EDDY__URING_OP_NOP, IORING_OP_NOP);
    SAME(EDDY__URING_OP_POLL_ADD, IORING_OP_POLL_ADD);
    SAME(EDDY__URING_OP_SENDMSG, IORING_OP_SENDMSG);
    SAME(EDDY__URING_OP_TIMEOUT, IORING_OP_TIMEOUT);
    SAME(EDDY__URING_OP_TIMEOUT_REMOVE, IORING_OP_TIMEOUT_REMOVE);
    SAME(EDDY__URING_OP_ACCEPT, IORING_OP_ACCEPT);
    SAME(EDDY__URING_OP_ASYNC_CANCEL, IORING_OP_ASYNC_CANCEL);
    SAME(EDDY__URING_OP_CONNECT, IORING_OP_CONNECT);
    SAME(EDDY__URING_OP_CLOSE, IORING_OP_CLOSE);
    SAME(EDDY__URING_OP_SEND, IORING_OP_SEND);
    SAME(EDDY__URING_OP_RECV, IORING_OP_RECV);
    SAME(EDDY__URING_SQE_BUFFER_SELECT, IOSQE_BUFFER_SELECT);
    SAME(EDDY__URING_TIMEOUT_ABS, IORING_TIMEOUT_ABS);
    SAME(EDDY__URING_REGISTER_ENABLE_RINGS, IORING_REGISTER_ENABLE_RINGS);
    SAME(EDDY__URING_CQE_BUFFER, IORING_CQE_F_BUFFER);
    SAME(EDDY__URING_CQE_BUFFER_SHIFT, IORING_CQE_BUFFER_SHIFT);
}

static void words_of_operations_are_the_systems(void **state)
{
    (void)state;
#if defined(IORING_POLL_ADD_MULTI)
    SAME(EDDY__URING_POLL_ADD_MULTI, IORING_POLL_ADD_MULTI);
    SAME(EDDY__URING_CQE_MORE, IORING_CQE_F_MORE);
#else
    missing += 2;
#endif
#if defined(IORING_TIMEOUT_UPDATE)
    SAME(EDDY__URING_TIMEOUT_UPDATE, IORING_TIMEOUT_UPDATE);
#else
    missing++;
#endif
#if defined(IORING_ACCEPT_MULTISHOT)
    SAME(EDDY__URING_ACCEPT_MULTISHOT, IORING_ACCEPT_MULTISHOT);
    SAME(EDDY__URING_CANCEL_ALL, IORING_ASYNC_CANCEL_ALL);
    SAME(EDDY__URING_CANCEL_ANY, IORING_ASYNC_CANCEL_ANY);
#else
    missing += 3;
#endif
#if defined(IORING_RECV_MULTISHOT)
    SAME(EDDY__URING_RECV_MULTISHOT, IORING_RECV_MULTISHOT);
    SAME(EDDY__URING_REGISTER_PBUF_RING, IORING_REGISTER_PBUF_RING);
    SAME(EDDY__URING_UNREGISTER_PBUF_RING, IORING_UNREGISTER_PBUF_RING);
#else
    missing += 3;
#endif
#if defined(IORING_CQE_F_BUF_MORE)
    SAME(EDDY__URING_CQE_BUF_MORE, IORING_CQE_F_BUF_MORE);
    SAME(EDDY__URING_PBUF_INC, IOU_PBUF_RING_INC);
#else
    missing += 2;
#endif
}

static void entries_are_laid_out_like_the_systems(void **state)
{
    (void)state;
    assert_int_equal(sizeof(eddy__uring_sqe), sizeof(struct io_uring_sqe));
    SAME(offsetof(eddy__uring_sqe, ioprio), offsetof(struct io_uring_sqe, ioprio));
    SAME(offsetof(eddy__uring_sqe, fd), offsetof(struct io_uring_sqe, fd));
    SAME(offsetof(eddy__uring_sqe, off), offsetof(struct io_uring_sqe, off));
    SAME(offsetof(eddy__uring_sqe, addr), offsetof(struct io_uring_sqe, addr));
    SAME(offsetof(eddy__uring_sqe, len), offsetof(struct io_uring_sqe, len));
    SAME(offsetof(eddy__uring_sqe, op_flags), offsetof(struct io_uring_sqe, msg_flags));
    SAME(offsetof(eddy__uring_sqe, user_data), offsetof(struct io_uring_sqe, user_data));
    SAME(offsetof(eddy__uring_sqe, buf_group), offsetof(struct io_uring_sqe, buf_group));
    assert_int_equal(sizeof(eddy__uring_cqe), sizeof(struct io_uring_cqe));
    SAME(offsetof(eddy__uring_cqe, res), offsetof(struct io_uring_cqe, res));
    SAME(offsetof(eddy__uring_cqe, flags), offsetof(struct io_uring_cqe, flags));
}

static void rings_are_laid_out_like_the_systems(void **state)
{
    (void)state;
    assert_int_equal(sizeof(eddy__uring_params), sizeof(struct io_uring_params));
    SAME(offsetof(eddy__uring_params, features), offsetof(struct io_uring_params, features));
    SAME(offsetof(eddy__uring_params, sq_off), offsetof(struct io_uring_params, sq_off));
    SAME(offsetof(eddy__uring_params, cq_off), offsetof(struct io_uring_params, cq_off));
    SAME(offsetof(eddy__uring_sq_offsets, array), offsetof(struct io_sqring_offsets, array));
    SAME(offsetof(eddy__uring_sq_offsets, flags), offsetof(struct io_sqring_offsets, flags));
    SAME(offsetof(eddy__uring_cq_offsets, cqes), offsetof(struct io_cqring_offsets, cqes));
#if defined(IORING_RECV_MULTISHOT)
    assert_int_equal(sizeof(eddy__uring_buf), sizeof(struct io_uring_buf));
    SAME(offsetof(eddy__uring_buf, bid), offsetof(struct io_uring_buf, bid));
    SAME(offsetof(eddy__uring_buf, tail), offsetof(struct io_uring_buf_ring, tail));
    assert_int_equal(sizeof(eddy__uring_buf_reg), sizeof(struct io_uring_buf_reg));
    SAME(offsetof(eddy__uring_buf_reg, bgid), offsetof(struct io_uring_buf_reg, bgid));
#else
    missing++;
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_call_numbers_are_the_systems),
        cmocka_unit_test(setup_flags_are_the_systems),
        cmocka_unit_test(features_and_enter_flags_are_the_systems),
        cmocka_unit_test(operations_are_the_systems),
        cmocka_unit_test(words_of_operations_are_the_systems),
        cmocka_unit_test(entries_are_laid_out_like_the_systems),
        cmocka_unit_test(rings_are_laid_out_like_the_systems),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (missing != 0)
        printf("%d names are younger than this system's header and were not compared\n", missing);
    return failed;
}

#else

int main(void)
{
    puts("this system has no <linux/io_uring.h> to compare with");
    return 77;
}

#endif
