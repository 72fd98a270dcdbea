/* SPDX-License-Identifier: MIT */
/*
 * embed.c - a loop inside another one, which waits for it: the descriptor that is readable when
 * there is work.
 *
 * What the kernel does for sockets, timers and other threads makes the driver's descriptor readable
 * by itself. The rest is done here. At the end of each turn the loop settles: with work left the
 * descriptor is made readable; else the driver submits what is queued and sets its timer, other
 * threads are told that they must wake us, and the loop is *quiet*. What makes work in a quiet loop
 * (its owner's calls from outside of a turn) stirs it: the descriptor becomes readable, once.
 *
 * Operations of the driver are such work, too. That they stir costs nothing in a loop that is not
 * embedded: an embedded one has a table of operations of its own.
 */
#include <errno.h>

#include "eddy/core.h"
#include "reactor/core.h"

/* A wait at the end of a turn leaves operations to submit only when it ended some; then the next
 * one submits them. What is left after that is work. */
enum { SETTLE_ROUNDS = 2 };

void eddy__core_stir(eddy_core *core)
{
    core->quiet = false;
    (void)core->inner->settle(core->driver, 0);
}

/* Nothing inside can be done now. */
static bool is_idle(const eddy_core *core)
{
    return eddy__list_empty(&core->ready) && eddy__list_empty(&core->attention) &&
           eddy__core_next_ns(core) > core->now_ns;
}

/* Others know from now on that they must wake us. To be called when the driver has settled: it may
 * have taken the signal of one who came before that, and whose job is seen here. */
static bool may_sleep(eddy_core *core)
{
    return core->inbox == NULL || eddy__inbox_prepare_sleep(core->inbox);
}

void eddy__core_settle(eddy_core *core)
{
    int error = 0;

    core->quiet = false;
    for (int round = 0; error == 0 && is_idle(core); round++) {
        if (core->inner->settle(core->driver, eddy__core_next_ns(core))) {
            core->quiet = may_sleep(core);
            break;
        }
        if (round == SETTLE_ROUNDS)
            break;
        error = eddy__core_wait(core, 0);
    }
    if (!core->quiet)
        eddy__core_stir(core); /* a broken driver tells the next turn so */
}

/* ---- operations of the driver ---- */

static eddy_core *core_of(const eddy__driver *driver)
{
    return EDDY__CONTAINER(driver->type, eddy_core, outer);
}

static void stir_if_quiet(eddy_core *core)
{
    if (core->quiet)
        eddy__core_stir(core);
}

static int outer_attach(eddy__driver *driver, eddy__slot *slot, int fd, eddy__slot_kind kind)
{
    eddy_core *core = core_of(driver);
    int error = core->inner->attach(driver, slot, fd, kind);

    stir_if_quiet(core);
    return error;
}

static void outer_detach(eddy__driver *driver, eddy__slot *slot)
{
    eddy_core *core = core_of(driver);

    core->inner->detach(driver, slot);
    stir_if_quiet(core);
}

static void outer_credit(eddy__driver *driver, eddy__slot *slot)
{
    eddy_core *core = core_of(driver);

    core->inner->credit(driver, slot);
    stir_if_quiet(core);
}

static eddy_result outer_send(eddy__driver *driver, eddy__slot *slot, const eddy__iov *iov,
                              uint32_t n)
{
    eddy_core *core = core_of(driver);
    eddy_result result = core->inner->send(driver, slot, iov, n);

    if (result == EDDY_PENDING)
        stir_if_quiet(core);
    return result;
}

static void outer_connect(eddy__driver *driver, eddy__slot *slot, const eddy_addr *to)
{
    eddy_core *core = core_of(driver);

    core->inner->connect(driver, slot, to);
    stir_if_quiet(core);
}

static int outer_shutdown(eddy__driver *driver, eddy__slot *slot)
{
    eddy_core *core = core_of(driver);
    int error = core->inner->shutdown(driver, slot);

    stir_if_quiet(core);
    return error;
}

static void embed(eddy_core *core)
{
    const eddy__driver_type *inner = core->driver->type;

    core->inner = inner;
    core->outer = *inner;
    core->outer.attach = outer_attach;
    core->outer.detach = outer_detach;
    core->outer.credit = outer_credit;
    core->outer.send = outer_send;
    core->outer.connect = outer_connect;
    core->outer.shutdown = outer_shutdown;
    core->driver->type = &core->outer;
    core->embedded = true;
}

int eddy_core_fd(eddy_core *core)
{
    int fd = -EOPNOTSUPP;

    eddy__core_enter(core, "eddy_core_fd");
    if (core->driver->type->expose != NULL)
        fd = core->driver->type->expose(core->driver);
    if (fd >= 0 && !core->embedded)
        embed(core);
    eddy__core_leave(core);
    return fd;
}
