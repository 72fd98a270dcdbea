/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_why.c - the note about an error: which call, which peer, for the task, its join handle and the
 * loop's hook.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/net.h"

/* Connects, reads one byte. */
struct caller {
    EDDY_FRAME;
    eddy_addr to;
    eddy_tcp *tcp;
    bool swallow; /* end with another error than the one that was noted */
};
static void caller_done(struct caller *self)
{
    eddy_tcp_free(self->tcp);
}
EDDY_ASYNC(caller, caller_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->tcp == NULL) {
            n = eddy_tcp_connect(eddy_task_handle(task), &self->to, &self->tcp);
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        if (n == 0)
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        if (n < 0)
            assert_non_null(eddy_why(task));
        EDDY_END(self->swallow ? -EPROTO : n);
}

static void refused_connection_is_noted_with_the_peer(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int fd = test_peer_deaf(&addr);
    eddy_join *join = test_spawn_join(core, caller, .to = addr);
    char line[128];

    (void)state;
    assert_null(eddy_join_ended(join));
    while (eddy_join_ended(join) == NULL)
        test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(eddy_join_ended(join)->result, -ECONNREFUSED);
    assert_string_equal(eddy_join_ended(join)->name, "caller");
    assert_string_equal(eddy_join_ended(join)->why.operation, "tcp: connect");
    assert_int_equal(eddy_join_ended(join)->why.result, -ECONNREFUSED);
    assert_true(eddy_addr_equal(&eddy_join_ended(join)->why.peer, &addr));
    assert_true(eddy_join_ended(join)->why.when_ns > 0);
    (void)eddy_why_text(&eddy_join_ended(join)->why, line, sizeof line);
    assert_non_null(strstr(line, "tcp: connect with 127.0.0.1:"));
    assert_non_null(strstr(line, "ECONNREFUSED"));
    assert_int_equal(test_join_end(core, join), -ECONNREFUSED);
    test_peer_close(fd);
    test_core_end(core);
}

static void reset_is_noted_by_the_read_that_is_told(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int fd = test_peer(core, &tcp);
    eddy_join *join = test_spawn_join(core, caller, .tcp = tcp);

    (void)state;
    test_settle(core);
    test_peer_reset(fd);
    while (eddy_join_ended(join) == NULL)
        test_pass(core, EDDY_MILLISECOND);
    assert_string_equal(eddy_join_ended(join)->why.operation, "tcp: read");
    assert_int_equal(test_join_end(core, join), -ECONNRESET);
    test_core_end(core);
}

static void note_about_another_error_is_not_told(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int fd = test_peer_deaf(&addr);
    eddy_join *join = test_spawn_join(core, caller, .to = addr, .swallow = true);

    (void)state;
    while (eddy_join_ended(join) == NULL)
        test_pass(core, EDDY_MILLISECOND);
    assert_null(eddy_join_ended(join)->why.operation);
    assert_int_equal(eddy_join_ended(join)->why.result, -EPROTO);
    assert_int_equal(test_join_end(core, join), -EPROTO);
    test_peer_close(fd);
    test_core_end(core);
}

static void hook(void *arg, const eddy_ended *ended)
{
    *(eddy_ended *)arg = *ended;
}

static void hook_is_told_the_note_of_an_error_nobody_joined(void **state)
{
    eddy_ended told = {0};
    eddy_core *core = test_core_with((eddy_core_options){.on_task_error = hook, .hook_arg = &told});
    eddy_addr addr;
    int fd = test_peer_deaf(&addr);

    (void)state;
    test_spawn(core, caller, .to = addr);
    while (told.id == 0)
        test_pass(core, EDDY_MILLISECOND);
    assert_string_equal(told.name, "caller");
    assert_string_equal(told.why.operation, "tcp: connect");
    assert_true(eddy_addr_equal(&told.why.peer, &addr));
    test_peer_close(fd);
    test_core_end(core);
}

/* Notes an error of its own. */
struct noter {
    EDDY_FRAME;
    eddy_result error;
};
EDDY_ASYNC(noter, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_END(eddy_why_note(task, "noter: work", NULL, self->error));
}

static void note_of_ones_own(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join = test_spawn_join(core, noter, .error = -EDOM);

    (void)state;
    test_settle(core);
    assert_string_equal(eddy_join_ended(join)->why.operation, "noter: work");
    assert_int_equal(eddy_join_ended(join)->why.peer.family, EDDY_ADDR_NONE);
    assert_int_equal(test_join_end(core, join), -EDOM);
    test_core_end(core);
}

static void die_by_noting_no_error(void *arg)
{
    (void)arg;
    (void)test_run(test_core(), noter, .error = 3);
}

static void note_of_no_error_is_asserted(void **state)
{
    (void)state;
    assert_dies(die_by_noting_no_error, NULL, "which is no error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_connection_is_noted_with_the_peer),
        cmocka_unit_test(reset_is_noted_by_the_read_that_is_told),
        cmocka_unit_test(note_about_another_error_is_not_told),
        cmocka_unit_test(hook_is_told_the_note_of_an_error_nobody_joined),
        cmocka_unit_test(note_of_ones_own),
        cmocka_unit_test(note_of_no_error_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
