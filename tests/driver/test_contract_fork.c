/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers kernel */
/*
 * test_contract_fork.c - driver.h and fork(2). A child that was forked while a driver lived may do
 * one thing with it: close it, as a foreigner. That takes nothing from the parent, whose operations
 * go on, and a driver that the child makes itself has nothing to do with the parent's.
 */
#include "support/driver_world.h"

#include <eddy/eddy.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/bare.h"

enum { MUCH = 1 << 20, PART = 256 * 1024, RIGHT = 23 };

static void be_right(int status)
{
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), RIGHT);
}

/* Each with a receive and a send in flight, one listener, one watcher. */
typedef struct busy {
    world w;
    side listener, reader, writer;
    uint16_t port;
    uint32_t sents;
} busy;

static void busy_open(busy *b)
{
    static unsigned char data[PART];

    world_open(&b->w, (world_options){0});
    b->port = side_listen(&b->w, &b->listener, 4);
    side_credit(&b->w, &b->listener, 10);
    side_tcp(&b->w, &b->reader);
    side_credit(&b->w, &b->reader, MUCH);
    side_watch(&b->w, &b->reader);
    side_tcp(&b->w, &b->writer);
    (void)side_block(&b->w, &b->writer, data, sizeof data);
    b->sents = b->writer.sents;
    world_settle(&b->w);
}

static void busy_goes_on(busy *b)
{
    static unsigned char data[PART];
    int client = plain_connect(&b->w, b->port);
    int64_t deadline;

    WORLD_UNTIL(&b->w, b->listener.fds_count == 1);
    plain_write(&b->w, b->reader.peer, "on and on", 9);
    WORLD_UNTIL(&b->w, b->reader.len == 9);
    world_begin(&b->w);
    while (b->writer.sents == b->sents) {
        (void)plain_recv(&b->w, b->writer.peer, data, sizeof data);
        (void)world_wait(&b->w, 0);
        assert_true(world_now(&b->w) < b->w.give_up_ns);
    }
    assert_true(b->writer.sent >= 0);
    world_wake(&b->w);
    (void)world_wait(&b->w, EDDY_FOREVER);
    deadline = world_now(&b->w) + EDDY_MILLISECOND;
    while (world_now(&b->w) < deadline)
        (void)world_wait(&b->w, deadline);
    plain_close(&b->w, client);
}

static void busy_close(busy *b)
{
    side_finish(&b->w, &b->listener);
    side_finish(&b->w, &b->reader);
    side_finish(&b->w, &b->writer);
    world_close(&b->w);
}

static void a_child_that_closes_the_driver_leaves_the_parents_working(void **state)
{
    busy b;
    int status;
    pid_t child;

    (void)state;
    busy_open(&b);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        b.w.type->close(b.w.driver, true);
        _exit(RIGHT);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    be_right(status);
    busy_goes_on(&b);
    busy_close(&b);
}

static void a_child_that_closes_nothing_takes_nothing_away_either(void **state)
{
    busy b;
    int status, ends[2];
    pid_t child;
    char byte;

    (void)state;
    busy_open(&b);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* has all descriptors open until the parent has done */
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? RIGHT : 1);
    }
    close(ends[0]);
    busy_goes_on(&b);
    busy_close(&b);
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    be_right(status);
}

/* The whole life of a driver in the child, while the parent's has operations in flight. */
static void a_child_can_open_a_driver_of_its_own(void **state)
{
    busy b;
    int status;
    pid_t child;

    (void)state;
    busy_open(&b);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        busy own;

        busy_open(&own);
        busy_goes_on(&own);
        busy_close(&own);
        b.w.type->close(b.w.driver, true);
        _exit(RIGHT);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    be_right(status);
    busy_goes_on(&b);
    busy_close(&b);
}

/* ---- a loop ---- */

/* Writes more than the two sockets hold and reads it at the other end. */
struct pump {
    EDDY_FRAME;
    eddy_tcp *from, *to;
    const unsigned char *data;
    size_t sent, got;
    eddy_result n;
};
EDDY_ASYNC(pump, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_POLL(self->n, eddy_tcp_poll_write(self->from, task, self->data, PART));
        for (self->sent = (size_t)self->n; self->got < self->sent; self->got += (size_t)self->n) {
            EDDY_POLL(self->n, eddy_tcp_poll_fill(self->to, task, 1));
            eddy_tcp_consume(self->to, (size_t)self->n);
        }
        EDDY_END((eddy_result)self->got);
}

static void a_child_can_free_a_loop_with_streams_and_listeners(void **state)
{
    static unsigned char data[PART];
    const eddy_addr addr = eddy_addr_ipv4_loopback(0);
    eddy_core *core = NULL;
    eddy_listener *listener;
    eddy_tcp *a, *b;
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(
        eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver_without = bare_without()), &core), 0);
    assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &addr, NULL, &listener), 0);
    assert_int_equal(eddy_tcp_pair(eddy_core_handle(core), &a, &b), 0);
    assert_true(eddy_core_turn(core, 0) >= 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)eddy_core_free(core);
        eddy_tcp_free(a);
        eddy_tcp_free(b);
        eddy_listener_free(listener);
        _exit(RIGHT);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    be_right(status);
    assert_true(eddy_core_run(core, EDDY_FUTURE(pump, .from = a, .to = b, .data = data)) > 0);
    eddy_tcp_free(a);
    eddy_tcp_free(b);
    eddy_listener_free(listener);
    assert_int_equal(eddy_core_free(core), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_that_closes_the_driver_leaves_the_parents_working),
        cmocka_unit_test(a_child_that_closes_nothing_takes_nothing_away_either),
        cmocka_unit_test(a_child_can_open_a_driver_of_its_own),
        cmocka_unit_test(a_child_can_free_a_loop_with_streams_and_listeners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
