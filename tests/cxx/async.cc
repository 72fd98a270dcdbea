// SPDX-License-Identifier: MIT
//
// async.cc - async functions in C++17: the macros of eddy/async.h in a C++ file, a child that is
// awaited, a time limit, a task that is joined and one that is aborted. Exits with 0 when it worked.
#include <eddy/eddy.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace
{

void require(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "async.cc: %s\n", what);
    std::exit(1);
}

// Sleeps and returns twice its number.
struct twice {
    EDDY_FRAME;
    int number;
    eddy_sleep nap;
};

EDDY_ASYNC(twice, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->nap, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->nap, task));
        EDDY_END(n < 0 ? n : 2 * self->number);
}

// Awaits a child, lets others go first, then runs into its own time limit.
struct parent {
    EDDY_FRAME;
    int *ends;
    twice child;
    eddy_result sum;
    eddy_sleep never;
    eddy_deadline limit;
};

void parent_done(parent *self)
{
    ++*self->ends;
}

EDDY_ASYNC(parent, parent_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->child.frame.type = &twice_type;
        self->child.number = 21;
        EDDY_AWAIT(n, &self->child);
        if (n < 0)
            EDDY_RETURN(n);
        self->sum = n;
        EDDY_YIELD();
        eddy_sleep_start(&self->never, task, EDDY_FOREVER);
        eddy_sleep_start(&self->limit, task, EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_within(&self->limit, task, eddy_sleep_poll(&self->never, task)));
        EDDY_END(n == -ETIMEDOUT ? self->sum : n);
}

// Waits for the task behind a join handle.
struct joiner {
    EDDY_FRAME;
    eddy_join *join;
};

void joiner_done(joiner *self)
{
    eddy_join_free(self->join);
}

EDDY_ASYNC(joiner, joiner_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_join_poll(self->join, task));
        EDDY_END(n);
}

eddy_join *spawn_parent(eddy_core *core, int *ends)
{
    eddy_join *join = nullptr;
    parent future = {};

    future.frame.type = &parent_type;
    future.ends = ends;
    require(eddy_spawn_joinable(eddy_core_handle(core), &future.frame, &join) == 0, "spawn");
    return join;
}

eddy_result result_of(eddy_core *core, eddy_join *join)
{
    joiner future = {};

    future.frame.type = &joiner_type;
    future.join = join;
    return eddy_core_run(core, &future.frame);
}

} // namespace

int main()
{
    eddy_core_options options = {};
    eddy_core *core;
    int ends = 0;

    options.size_bytes = sizeof options;
    options.driver = "epoll";
    require(eddy_core_new(&options, &core) == 0, "core_new");
    require(result_of(core, spawn_parent(core, &ends)) == 42, "join");

    eddy_join *aborted = spawn_parent(core, &ends);
    eddy_join_abort(aborted);
    require(result_of(core, aborted) == EDDY_DROPPED, "abort");
    require(ends == 2, "done once each");
    return eddy_core_free(core) == 0 ? 0 : 1;
}
