/* SPDX-License-Identifier: MIT */
/*
 * asio.cc - asio's column of the table of costs: C++20 coroutines on one io_context. The type of
 * the executor is spelled out everywhere, which is faster than the default any_io_executor. What
 * asio has no equal of (a chain of steps, a set of futures, a mutex, a group) is left out.
 */
#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <optional>
#include <semaphore.h>
#include <string>
#include <thread>
#include <vector>

#include "measure.h"

using namespace asio::experimental::awaitable_operators;
using executor = asio::io_context::executor_type;
template <class T> using awaitable = asio::awaitable<T, executor>;
using timer_type =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, executor>;
constexpr asio::use_awaitable_t<executor> use_awaitable;

enum { BATCH = 1000, FAN = 256, CAPACITY = 1024 };

static asio::io_context context(1);
static uint64_t sum;

static void run()
{
    context.restart();
    context.run();
}

static void run_one(awaitable<void> coroutine)
{
    asio::co_spawn(context, std::move(coroutine), asio::detached);
    run();
}

/* Runs `count` operations in FAN tasks at once, so that the turns of the loop are shared. */
template <class Make> static uint64_t fan(uint64_t count, Make make)
{
    uint64_t each = count / FAN + 1;

    sum = 0;
    for (int i = 0; i < FAN; i++)
        asio::co_spawn(context, make(each), asio::detached);
    run();
    return each * FAN;
}

static awaitable<void> yield()
{
    co_await asio::post(context.get_executor(), use_awaitable);
}

/* ---- tasks ---- */

static awaitable<void> add(uint64_t value)
{
    sum += value;
    co_return;
}

static uint64_t spawn(void *, uint64_t count)
{
    uint64_t done = 0;

    sum = 0;
    while (done < count) {
        for (int i = 0; i < BATCH; i++)
            asio::co_spawn(context, add(done++), asio::detached);
        run();
    }
    measure_check(sum == measure_sum(done), "sum of what the tasks added");
    return done;
}

/* Where a coroutine waits until it is woken. */
struct gate {
    using handler = asio::async_result<asio::use_awaitable_t<executor>, void()>::handler_type;
    std::optional<handler> waiting;

    auto wait()
    {
        return asio::async_initiate<const asio::use_awaitable_t<executor> &, void()>(
            [this](auto &&self) { waiting.emplace(std::move(self)); }, use_awaitable);
    }
    void wake()
    {
        handler woken = std::move(*waiting);

        waiting.reset();
        asio::post(context.get_executor(), std::move(woken));
    }
};

static awaitable<void> sleeper(gate &own, uint64_t times)
{
    for (; times > 0; times--) {
        co_await own.wait();
        sum++;
    }
}

static awaitable<void> wake_all(std::vector<gate> &gates, uint64_t times)
{
    measure_begin();
    for (; times > 0; times--) {
        for (gate &one : gates)
            one.wake();
        co_await yield();
    }
}

static uint64_t wake(void *, uint64_t count)
{
    std::vector<gate> gates(BATCH);
    uint64_t times = count / BATCH + 1;

    sum = 0;
    for (gate &one : gates)
        asio::co_spawn(context, sleeper(one, times), asio::detached);
    run_one(wake_all(gates, times));
    measure_check(sum == times * BATCH, "times a task was woken");
    return times * BATCH;
}

static awaitable<void> yield_often(uint64_t depth, uint64_t times)
{
    if (depth > 1) {
        co_await yield_often(depth - 1, times);
        co_return;
    }
    for (; times > 0; times--) {
        co_await asio::post(context.get_executor(), use_awaitable);
        sum++;
    }
}

static uint64_t resume_1(void *, uint64_t count)
{
    uint64_t done = fan(count, [](uint64_t each) { return yield_often(1, each); });

    measure_check(sum == done, "resumes");
    return done;
}

static uint64_t resume_8(void *, uint64_t count)
{
    uint64_t done = fan(count, [](uint64_t each) { return yield_often(8, each); });

    measure_check(sum == done, "resumes");
    return done;
}

/* ---- awaiting ---- */

static awaitable<uint64_t> ready(uint64_t value)
{
    co_return value;
}

static awaitable<void> await_often(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        sum += co_await ready(i);
}

static uint64_t await_ready(void *, uint64_t count)
{
    sum = 0;
    run_one(await_often(count));
    measure_check(sum == measure_sum(count), "sum of what was awaited");
    return count;
}

static awaitable<uint64_t> tick(uint64_t value)
{
    co_await asio::post(context.get_executor(), use_awaitable);
    co_return value;
}

static awaitable<void> join_often(uint64_t times)
{
    for (; times > 0; times--) {
        auto [first, second] = co_await (tick(1) && tick(2));
        sum += first + second;
    }
}

static uint64_t join_2(void *, uint64_t count)
{
    uint64_t done = fan(count, join_often);

    measure_check(sum == 3 * done, "sum of what was joined");
    return done;
}

static awaitable<void> never()
{
    timer_type timer(context, std::chrono::steady_clock::time_point::max());

    co_await timer.async_wait(use_awaitable);
}

static awaitable<void> select_often(uint64_t times)
{
    for (; times > 0; times--)
        sum += std::get<0>(co_await (tick(1) || never()));
}

static uint64_t select_2(void *, uint64_t count)
{
    uint64_t done = fan(count, select_often);

    measure_check(sum == done, "winners");
    return done;
}

/* ---- channels ---- */

using channel_type = asio::experimental::channel<executor, void(asio::error_code, uint64_t)>;
using thread_channel_type =
    asio::experimental::concurrent_channel<executor, void(asio::error_code, uint64_t)>;

template <class Channel> static awaitable<void> produce(Channel &channel, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        co_await channel.async_send(asio::error_code(), i, use_awaitable);
}

template <class Channel> static awaitable<void> consume(Channel &channel, uint64_t count)
{
    for (; count > 0; count--)
        sum += co_await channel.async_receive(use_awaitable);
}

/* Both ends on one loop. */
template <class Channel> static uint64_t on_one_loop(uint64_t count)
{
    Channel channel(context, CAPACITY);

    sum = 0;
    asio::co_spawn(context, produce(channel, count), asio::detached);
    run_one(consume(channel, count));
    measure_check(sum == measure_sum(count), "sum of what came through");
    return count;
}

static uint64_t channel(void *, uint64_t count)
{
    return on_one_loop<channel_type>(count);
}

/* The one that threads may share, which does not need it here. */
static uint64_t channel_safe(void *, uint64_t count)
{
    return on_one_loop<thread_channel_type>(count);
}

/* A loop for each thread. */
static uint64_t channel_threads(void *, uint64_t count)
{
    thread_channel_type channel(context, CAPACITY);
    asio::io_context other_context(1);

    sum = 0;
    asio::co_spawn(other_context, produce(channel, count), asio::detached);
    std::thread other([&] { other_context.run(); });
    run_one(consume(channel, count));
    other.join();
    measure_check(sum == measure_sum(count), "sum of what came through");
    return count;
}

/* There is no oneshot; a channel with room for one is nearest. */
static awaitable<void> send_once_often(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        channel_type channel(context, 1);
        channel.try_send(asio::error_code(), i);
        sum += co_await channel.async_receive(use_awaitable);
    }
}

static uint64_t oneshot(void *, uint64_t count)
{
    sum = 0;
    run_one(send_once_often(count));
    measure_check(sum == measure_sum(count), "sum of what came through");
    return count;
}

/* ---- time and threads ---- */

static uint64_t timer(void *, uint64_t count)
{
    std::vector<timer_type> timers;
    uint64_t done = 0, canceled = 0;

    for (int i = 0; i < BATCH; i++)
        timers.emplace_back(context);
    for (; done < count; done += BATCH) {
        std::chrono::milliseconds delay(1000);

        for (timer_type &one : timers) {
            one.expires_after(delay += std::chrono::milliseconds(3599));
            one.async_wait([&](asio::error_code error) { canceled += error ? 1 : 0; });
        }
        for (timer_type &one : timers)
            one.cancel();
        run();
    }
    measure_check(canceled == done, "timers that were stopped");
    return done;
}

/* A thread has the loop run something and sleeps until it was run. */
static uint64_t wake_thread(void *, uint64_t count)
{
    auto guard = asio::make_work_guard(context);
    sem_t answer;
    uint64_t answers = 0;

    sem_init(&answer, 0, 0);
    std::thread other([&] {
        for (; answers < count; answers++) {
            asio::post(context, [&] { sem_post(&answer); });
            sem_wait(&answer);
        }
        guard.reset();
    });
    run();
    other.join();
    sem_destroy(&answer);
    measure_check(answers == count, "answers");
    return count;
}

static asio::awaitable<uint64_t, asio::thread_pool::executor_type> in_pool(uint64_t number)
{
    co_return number + 1;
}

static awaitable<void> call_pool(asio::thread_pool &pool, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        sum += co_await asio::co_spawn(pool, in_pool(i), use_awaitable);
}

static uint64_t pool(void *, uint64_t count)
{
    asio::thread_pool pool(1);

    sum = 0;
    run_one(call_pool(pool, count));
    pool.join();
    measure_check(sum == measure_sum(count + 1), "sum of what the pool returned");
    return count;
}

static const measure all[] = {
    {"spawn", spawn, false},
    {"wake", wake, false},
    {"wake_thread", wake_thread, false},
    {"resume_1", resume_1, false},
    {"resume_8", resume_8, false},
    {"await_child", await_ready, false},
    {"await_boxed", await_ready, false},
    {"join_2", join_2, false},
    {"select_2", select_2, false},
    {"channel", channel, false},
    {"channel_safe", channel_safe, false},
    {"channel_threads", channel_threads, true},
    {"oneshot", oneshot, false},
    {"timer", timer, false},
    {"pool", pool, false},
    {nullptr, nullptr, false},
};

int main(int argc, char **argv)
{
    const measure *const lists[] = {all, nullptr};
    const std::string version = "asio " + std::to_string(ASIO_VERSION / 100000) + '.' +
                                std::to_string(ASIO_VERSION / 100 % 1000) + '.' +
                                std::to_string(ASIO_VERSION % 100);
    const measure_program program = {version.c_str(), lists, nullptr};

    return measure_main(argc, argv, &program);
}
