/* SPDX-License-Identifier: MIT */
/*
 * test_fallback.c - a kernel or a sandbox that lacks something: the driver does without it, or the
 * loop runs on epoll and says why, or making it fails with an error that tells the reason and
 * leaves nothing behind. Never anything else.
 *
 * Features are left off by options, one by one and all at once; system calls, memory and
 * descriptors are taken away in forked children. Which driver is chosen otherwise is test_select.c.
 */
#include "support/bare.h"
#include "support/driver_world.h"
#include "support/heap.h"

#include <eddy/eddy.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NOBODY = 65534,
    SYS_URING_SETUP = 425,
    SYS_URING_ENTER = 426,
    SYS_URING_REGISTER = 427,
    MUCH = 1 << 20,
};

static const char *const names[] = {"epoll", "io_uring"};
enum { NAMES_N = sizeof names / sizeof names[0] };

/* ---- features left off by options ---- */

/* Accept, connect, send, receive, end. */
static void show_streams(world *w)
{
    eddy_addr to = {.family = EDDY_ADDR_IPV4, .ip = {127, 0, 0, 1}};
    side listener, client, server;
    unsigned char data[3000];

    to.port = side_listen(w, &listener, 8);
    side_credit(w, &listener, 2);
    side_init(&client);
    side_attach(w, &client, plain_socket(w), EDDY__SLOT_STREAM);
    w->type->connect(w->driver, &client.slot, &to);
    WORLD_UNTIL(w, client.connected != 1 && listener.fds_count == 1);
    assert_int_equal(client.connected, 0);
    side_init(&server);
    side_attach(w, &server, listener.fds[0], EDDY__SLOT_STREAM);
    listener.fds[0] = -1;
    side_credit(w, &server, MUCH);
    pattern_fill(data, 0, sizeof data);
    for (size_t i = 1; i <= 40; i++) {
        assert_int_equal(side_send_wait(w, &client, data, sizeof data), sizeof data);
        WORLD_UNTIL(w, server.len == i * sizeof data);
    }
    pattern_check(server.bytes, 0, sizeof data);
    side_finish(w, &client);
    WORLD_UNTIL(w, strchr(server.order, 'E') != NULL);
    side_finish(w, &server);
    side_finish(w, &listener);
}

/* A deadline is met, a wake ends a wait. */
static void show_waits(world *w)
{
    uint64_t one = 1;
    int64_t deadline = world_now(w) + 5 * EDDY_MILLISECOND;

    while (world_now(w) < deadline)
        (void)world_wait(w, deadline);
    assert_true(world_now(w) < deadline + 5 * EDDY_SECOND);
    deadline = world_now(w) + 60 * EDDY_SECOND;
    assert_int_equal(write(w->wake_fd, &one, sizeof one), sizeof one);
    (void)world_wait(w, deadline);
    assert_true(world_now(w) < deadline - 30 * EDDY_SECOND);
}

static void show_driver(const char *name, uint32_t without)
{
    int fds = fd_count();
    world w;

    assert_int_equal(setenv("EDDY_DRIVER", name, 1), 0);
    world_open(&w, (world_options){.without = without});
    assert_string_equal(w.type->name, name);
    show_streams(&w);
    show_waits(&w);
    world_close(&w);
    assert_int_equal(unsetenv("EDDY_DRIVER"), 0);
    assert_int_equal(fd_count(), fds);
}

static void each_feature_can_be_missing_alone(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES_N; i++)
        for (uint32_t bit = 1; bit <= BARE; bit <<= 1)
            if ((bit & BARE) != 0)
                show_driver(names[i], bit);
}

static void all_features_can_be_missing_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES_N; i++)
        show_driver(names[i], BARE);
}

/* ---- what a loop does ---- */

/* One byte from a stream to its peer. */
struct pass {
    EDDY_FRAME;
    eddy_tcp *a, *b;
};
EDDY_ASYNC(pass, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write(self->a, task, "x", 1));
        if (n == 1)
            EDDY_POLL(n, eddy_tcp_poll_fill(self->b, task, 1));
        EDDY_END(n);
}

/* How making a loop went, and whether it works. Plain data: a child writes it to its parent. */
typedef struct report {
    int error;
    char name[16];
    char why[128];
    eddy_result passed;
    long blocks_left;
    int fds_left;
    bool bad_free;
} report;

static eddy_result pass_a_byte(eddy_core *core)
{
    eddy_tcp *a, *b;
    eddy_result n = eddy_tcp_pair(eddy_core_handle(core), &a, &b);

    if (n != 0)
        return n;
    n = eddy_core_run(core, EDDY_FUTURE(pass, .a = a, .b = b));
    eddy_tcp_free(a);
    eddy_tcp_free(b);
    return n;
}

/* Make a loop, pass a byte, free it. `fds_max`: no descriptor from that number on; < 0: any. */
static report make_loop(const char *name, uint32_t without, int fds_max)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core = NULL;
    struct rlimit files, few;
    int fds = fd_count();
    report r = {0};

    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        _exit(2);
    few = files;
    if (fds_max >= 0)
        few.rlim_cur = (rlim_t)fds_max;
    if (setrlimit(RLIMIT_NOFILE, &few) != 0)
        _exit(2);
    r.error = eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver = name,
                                         .driver_without = without, .allocator = &allocator),
                            &core);
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        _exit(2);
    if (r.error == 0) {
        strncpy(r.name, eddy_core_driver_name(core), sizeof r.name - 1);
        strncpy(r.why, eddy_core_driver_reason(core), sizeof r.why - 1);
        r.passed = pass_a_byte(core);
        if (eddy_core_free(core) != 0)
            r.passed = -EIO;
    }
    r.blocks_left = heap.blocks;
    r.bad_free = heap.bad_free;
    r.fds_left = fd_count() - fds;
    return r;
}

/* The same in a child, after limit() has changed what it may do. */
static report make_loop_limited(void (*limit)(void), const char *name)
{
    report r = {.error = -EIO};
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        limit();
        r = make_loop(name, 0, -1);
        _exit(write(ends[1], &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &r, sizeof r), sizeof r);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return r;
}

static void assert_nothing_left(report r)
{
    assert_int_equal(r.blocks_left, 0);
    assert_int_equal(r.fds_left, 0);
    assert_false(r.bad_free);
}

/* The loop runs on epoll, and the reason has that word. */
static void assert_on_epoll(report r, const char *word)
{
    assert_int_equal(r.error, 0);
    assert_string_equal(r.name, "epoll");
    if (strstr(r.why, word) == NULL)
        print_error("'%s' does not tell of '%s'\n", r.why, word);
    assert_non_null(strstr(r.why, word));
    assert_int_equal(r.passed, 1);
    assert_nothing_left(r);
}

static void assert_refused(report r, int error)
{
    assert_int_equal(r.error, error);
    assert_nothing_left(r);
}

static void a_loop_without_io_uring_runs_on_epoll_and_says_why(void **state)
{
    (void)state;
    assert_on_epoll(make_loop(NULL, EDDY__WITHOUT_IO_URING, -1), "forbidden");
    assert_on_epoll(make_loop(NULL, EDDY__WITHOUT_MULTISHOT_RECV, -1), "multishot receive");
    assert_refused(make_loop("io_uring", EDDY__WITHOUT_IO_URING, -1), -EPERM);
    assert_refused(make_loop("io_uring", EDDY__WITHOUT_MULTISHOT_RECV, -1), -EOPNOTSUPP);
}

/* ---- system calls that are refused ---- */

static void refuse(uint32_t first, uint32_t last, uint32_t error)
{
    struct sock_filter filter[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
        {BPF_JMP | BPF_JGE | BPF_K, 0, 2, first},
        {BPF_JMP | BPF_JGT | BPF_K, 1, 0, last},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(2);
}

static void forbid_all(void)
{
    refuse(SYS_URING_SETUP, SYS_URING_REGISTER, EPERM);
}

static void forbid_setup(void)
{
    refuse(SYS_URING_SETUP, SYS_URING_SETUP, EPERM);
}

static void forbid_enter(void)
{
    refuse(SYS_URING_ENTER, SYS_URING_ENTER, EPERM);
}

static void forbid_register(void)
{
    refuse(SYS_URING_REGISTER, SYS_URING_REGISTER, EPERM);
}

static void be_an_old_kernel(void)
{
    refuse(SYS_URING_SETUP, SYS_URING_REGISTER, ENOSYS);
}

static void any_refused_call_of_io_uring_means_epoll_and_a_reason(void **state)
{
    void (*const limits[])(void) = {forbid_all, forbid_setup, forbid_enter, forbid_register};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        assert_on_epoll(make_loop_limited(limits[i], NULL), "forbidden");
        assert_refused(make_loop_limited(limits[i], "io_uring"), -EPERM);
    }
    assert_on_epoll(make_loop_limited(be_an_old_kernel, NULL), "no io_uring");
    assert_refused(make_loop_limited(be_an_old_kernel, "io_uring"), -ENOSYS);
}

/* ---- memory and descriptors that are scarce ---- */

/* The limit does not bind root. */
static void lock_at_most(rlim_t bytes)
{
    struct rlimit limit = {bytes, bytes};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (geteuid() == 0 && setuid(NOBODY) != 0))
        _exit(2);
}

static void lock_no_memory(void)
{
    lock_at_most(0);
}

static void lock_64_kib(void)
{
    lock_at_most(64 * 1024);
}

static void lock_8_mib(void)
{
    lock_at_most(8 * 1024 * 1024);
}

static void little_locked_memory_is_no_failure(void **state)
{
    void (*const limits[])(void) = {lock_no_memory, lock_64_kib, lock_8_mib};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        report r = make_loop_limited(limits[i], NULL);

        assert_int_equal(r.error, 0);
        assert_int_equal(r.passed, 1);
        assert_nothing_left(r);
        if (strcmp(r.name, "io_uring") == 0)
            continue;
        r = make_loop_limited(limits[i], "io_uring");
        assert_true(r.error < 0);
        assert_nothing_left(r);
    }
}

/* From one descriptor too few for anything to enough for all. */
static void few_descriptors_are_one_clear_error_and_nothing_is_leaked(void **state)
{
    (void)state;
    for (int i = -1; i < NAMES_N; i++) {
        const char *name = i < 0 ? NULL : names[i];
        report r = {.error = -EMFILE};
        int first = dup(0);

        assert_true(first >= 0);
        close(first);
        for (int more = 0; r.error != 0; more++) {
            assert_true(more < 64);
            r = make_loop(name, 0, first + more);
            assert_true(r.error == 0 || r.error == -EMFILE);
            assert_nothing_left(r);
        }
        assert_int_equal(r.passed, 1);
    }
}

/* The driver's own allocations, one after the other. */
static void memory_that_fails_while_a_driver_opens_is_one_clear_error(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES_N; i++) {
        int fds = fd_count(), error = -ENOMEM;

        for (long at = 0; error != 0; at++) {
            struct test_heap heap;
            eddy_allocator allocator;
            eddy_core *core = NULL;

            test_heap_init(&heap, at);
            allocator = test_heap_allocator(&heap);
            error = eddy_core_new(
                EDDY_OPTIONS(eddy_core_options, .driver = names[i], .allocator = &allocator),
                &core);
            assert_true(error == 0 || error == -ENOMEM);
            if (error == 0)
                (void)eddy_core_free(core);
            assert_int_equal(heap.blocks, 0);
            assert_int_equal(fd_count(), fds);
        }
    }
}

int main(void)
{
    /* First those of children: what a process found out once, it hands down to them. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_refused_call_of_io_uring_means_epoll_and_a_reason),
        cmocka_unit_test(little_locked_memory_is_no_failure),
        cmocka_unit_test(each_feature_can_be_missing_alone),
        cmocka_unit_test(all_features_can_be_missing_at_once),
        cmocka_unit_test(a_loop_without_io_uring_runs_on_epoll_and_says_why),
        cmocka_unit_test(few_descriptors_are_one_clear_error_and_nothing_is_leaked),
        cmocka_unit_test(memory_that_fails_while_a_driver_opens_is_one_clear_error),
    };

    (void)unsetenv("EDDY_DRIVER");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
