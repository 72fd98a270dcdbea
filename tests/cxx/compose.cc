// SPDX-License-Identifier: MIT
//
// compose.cc - what composes, from C++17: chains with lambdas as callbacks, joins and selects, boxed
// and embedded, scopes, shared futures, groups. Exits with 0 when all of it worked.
#include "program.h"

#include <cerrno>

namespace
{

// ---- chains: a lambda that captures nothing is a callback ----

eddy_future *number(void *arg, eddy_handle *handle)
{
    return eddy_ready(handle, *static_cast<int *>(arg));
}

void chains(const Loop &loop)
{
    eddy_handle *handle = loop.handle();
    int twenty = 20, released = 0;
    eddy_future *inner = nullptr;
    eddy_future *work = eddy_lazy(handle, number, &twenty);

    work = eddy_and_then(
        work, [](void *, eddy_handle *of, eddy_result value) { return eddy_ready(of, value + 1); },
        nullptr);
    work = eddy_map(
        work, [](void *, eddy_result value) -> eddy_result { return 2 * value; }, nullptr);
    work = eddy_inspect(
        work, [](void *arg, eddy_result value) { *static_cast<int *>(arg) += int(value); },
        &twenty);
    work = eddy_finally(
        work, [](void *arg) { ++*static_cast<int *>(arg); }, &released);
    REQUIRE(loop.run(eddy_timeout_after(work, EDDY_SECOND)) == 42);
    REQUIRE(twenty == 62 && released == 1);

    work = eddy_or_else(
        eddy_ready(handle, -EINVAL),
        [](void *, eddy_handle *of, eddy_result error) { return eddy_ready(of, -error); }, nullptr);
    REQUIRE(loop.run(work) == EINVAL);

    work = eddy_flatten(eddy_ready(handle, 0), &inner);
    inner = eddy_ready(handle, 7);
    REQUIRE(loop.run(work) == 7);

    eddy_future_drop(eddy_finally(
        eddy_never(handle), [](void *arg) { ++*static_cast<int *>(arg); }, &released));
    REQUIRE(released == 2);
}

struct countdown {
    int left;
};

void loops(const Loop &loop)
{
    countdown count = {1000};
    auto body = [](void *arg, eddy_handle *handle) {
        countdown *self = static_cast<countdown *>(arg);

        return eddy_ready(handle, --self->left > 0 ? eddy_result(EDDY_CONTINUE) : 5);
    };

    REQUIRE(loop.run(eddy_loop(loop.handle(), body, &count)) == 5);
    REQUIRE(count.left == 0);
}

// ---- several at once, boxed ----

void several(const Loop &loop)
{
    eddy_handle *handle = loop.handle();
    eddy_future *all[] = {eddy_ready(handle, 1), eddy_ready(handle, -EINVAL)};
    eddy_future *either[] = {eddy_never(handle), eddy_ready(handle, 2)};
    eddy_future *kept[] = {eddy_never(handle), eddy_ready(handle, 3)};
    eddy_result results[2];
    size_t winner = 9;

    REQUIRE(loop.run(eddy_join_all(handle, all, 2, results)) == 1);
    REQUIRE(results[0] == 1 && results[1] == -EINVAL);
    REQUIRE(loop.run(eddy_select(handle, either, 2, &winner)) == 2 && winner == 1);
    REQUIRE(loop.run(eddy_select_keep(handle, kept, 2, &winner)) == 3 && winner == 1);
    REQUIRE(kept[0] != nullptr && kept[1] == nullptr);
    eddy_future_drop(kept[0]);
    REQUIRE(loop.run(eddy_race(eddy_ready(handle, 4), eddy_never(handle))) == 4);
}

void shared(const Loop &loop)
{
    eddy_shared *once = eddy_shared_new(eddy_ready(loop.handle(), 6));
    eddy_future *both[] = {eddy_shared_wait(once), eddy_shared_wait(once)};
    eddy_result result = 0;

    REQUIRE(!eddy_shared_peek(once, &result));
    REQUIRE(loop.run(eddy_try_join_all(loop.handle(), both, 2, nullptr)) == 0);
    REQUIRE(eddy_shared_peek(once, &result) && result == 6);
    eddy_shared_release(once);
}

// ---- several at once, embedded in an async function ----

struct rest {
    EDDY_FRAME;
    int64_t duration_ns;
    int *ends;
    eddy_sleep sleep;
};

void rest_done(rest *self)
{
    ++*self->ends;
}

EDDY_ASYNC(rest, rest_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->sleep, task, self->duration_ns);
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        EDDY_END(n);
}

rest rest_for(int64_t duration_ns, int *ends)
{
    rest self = {};

    self.frame.type = &rest_type;
    self.duration_ns = duration_ns;
    self.ends = ends;
    return self;
}

struct both {
    EDDY_FRAME;
    int *ends;
    rest shorter, longer;
    eddy_select2 either;
    eddy_select3 any;
    eddy_join2 two;
    eddy_join3 three;
    eddy_scope scope;
};

EDDY_ASYNC(both, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->shorter = rest_for(EDDY_MILLISECOND, self->ends);
        self->longer = rest_for(EDDY_FOREVER, self->ends);
        self->either = {};
        self->either.frame.type = &eddy_select2_type;
        self->either.a = &self->longer.frame;
        self->either.b = &self->shorter.frame;
        EDDY_AWAIT(n, &self->either);
        REQUIRE(n == 0 && self->either.winner == 1 && *self->ends == 2);

        self->shorter = rest_for(EDDY_MILLISECOND, self->ends);
        self->longer = rest_for(2 * EDDY_MILLISECOND, self->ends);
        self->two = {};
        self->two.frame.type = &eddy_join2_type;
        self->two.a = &self->longer.frame;
        self->two.b = &self->shorter.frame;
        EDDY_AWAIT(n, &self->two);
        REQUIRE(n == 0 && self->two.ra == 0 && self->two.rb == 0 && *self->ends == 4);

        self->any = {};
        self->any.frame.type = &eddy_select3_type;
        self->any.a = eddy_never(eddy_task_handle(task));
        self->any.b = eddy_never(eddy_task_handle(task));
        self->any.c = eddy_ready(eddy_task_handle(task), 3);
        EDDY_AWAIT(n, &self->any);
        REQUIRE(n == 3 && self->any.winner == 2);

        self->three = {};
        self->three.frame.type = &eddy_join3_type;
        self->three.a = eddy_ready(eddy_task_handle(task), 1);
        self->three.b = eddy_ready(eddy_task_handle(task), -EPIPE);
        self->three.c = eddy_ready(eddy_task_handle(task), 3);
        EDDY_AWAIT(n, &self->three);
        REQUIRE(n == 1 && self->three.rb == -EPIPE);

        self->longer = rest_for(EDDY_FOREVER, self->ends);
        self->scope = {};
        self->scope.frame.type = &eddy_scope_type;
        self->scope.inner = &self->longer.frame;
        self->scope.duration_ns = EDDY_MILLISECOND;
        EDDY_AWAIT(n, &self->scope);
        EDDY_END(n);
}

void embedded(const Loop &loop)
{
    int ends = 0;
    both future = {};

    future.frame.type = &both_type;
    future.ends = &ends;
    REQUIRE(loop.run(&future.frame) == -ETIMEDOUT);
    REQUIRE(ends == 5);
}

// ---- groups ----

struct boss {
    EDDY_FRAME;
    eddy_group *group;
    int *ends;
    eddy_ended ended;
    eddy_shutdown shutdown;
    eddy_group_report report;
};

void boss_done(boss *self)
{
    eddy_group_free(self->group);
}

EDDY_ASYNC(boss, boss_done)
{
    eddy_result n;
    eddy_group_options options;
    rest worker;

    EDDY_BEGIN
        options = {};
        options.size_bytes = sizeof options;
        options.keep_results = true;
        n = eddy_group_new(eddy_task_handle(task), &options, &self->group);
        REQUIRE(n == 0);
        worker = rest_for(EDDY_MILLISECOND, self->ends);
        n = eddy_group_spawn(self->group, &worker.frame);
        REQUIRE(n == 0);
        worker = rest_for(EDDY_FOREVER, self->ends);
        n = eddy_group_spawn(self->group, &worker.frame);
        REQUIRE(n == 0);
        EDDY_POLL(n, eddy_group_poll_next(self->group, task, &self->ended));
        REQUIRE(n == 1 && self->ended.result == 0);
        self->shutdown = {};
        self->shutdown.frame.type = &eddy_shutdown_type;
        self->shutdown.group = self->group;
        self->shutdown.grace_ns = EDDY_SECOND;
        self->shutdown.report = &self->report;
        EDDY_AWAIT(n, &self->shutdown);
        REQUIRE(self->report.ended == 2 && self->report.errors == 1);
        EDDY_END(n);
}

void groups(const Loop &loop)
{
    int ends = 0;
    boss future = {};

    future.frame.type = &boss_type;
    future.ends = &ends;
    REQUIRE(loop.run(&future.frame) == 0);
    REQUIRE(ends == 2);
}

} // namespace

int main()
{
    Loop loop;

    chains(loop);
    loops(loop);
    several(loop);
    shared(loop);
    embedded(loop);
    groups(loop);
    return 0;
}
