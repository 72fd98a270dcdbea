/* SPDX-License-Identifier: MIT */
/*
 * asio.cc - the in-process figures of asio. A task is a coroutine; a message from a thread is a
 * function that is posted, with its value, which needs no queue of one's own.
 */
#include <asio.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "micro.h"

using executor = asio::io_context::executor_type;
template <class T> using awaitable = asio::awaitable<T, executor>;
using steady = std::chrono::steady_clock;
using timer_type = asio::basic_waitable_timer<steady, asio::wait_traits<steady>, executor>;
using std::chrono::milliseconds;
constexpr asio::use_awaitable_t<executor> use_awaitable;

static asio::io_context context(1);

static void run_context()
{
    context.restart();
    context.run();
}

/* ---- timers ---- */

static std::vector<timer_type> timers;
static uint64_t cancelled;

static void make_timers()
{
    timers.clear();
    timers.reserve(TIMERS);
    for (int i = 0; i < TIMERS; i++)
        timers.emplace_back(context);
}

/* A wait that is cancelled calls its handler, too, from the loop: that is not measured. */
static void start(timer_type &timer, uint64_t delay_ms)
{
    timer.expires_after(milliseconds(delay_ms));
    timer.async_wait([](asio::error_code error) { cancelled += !!error; });
}

static void start_and_cancel()
{
    const uint32_t *order = micro_shuffled(TIMERS);
    uint64_t start_ns = micro_thread_ns();

    for (timer_type &timer : timers)
        start(timer, START_MIN_MS + micro_random() % START_SPAN_MS);
    micro_print_since("timer_start_1M", start_ns, TIMERS);
    start_ns = micro_thread_ns();
    for (int i = 0; i < TIMERS; i++)
        timers[order[i]].cancel();
    micro_print_since("timer_cancel_1M", start_ns, TIMERS);
    run_context();
    micro_check(cancelled == TIMERS, "timers that were cancelled");
}

/* A new time cancels the wait, whose handler the loop calls: it runs now and then, as it would. */
static void rearm()
{
    uint64_t start_ns;

    cancelled = 0;
    for (int i = 0; i < TIMERS_LIVE; i++)
        start(timers[i], REARM_MS + micro_random() % REARM_SPAN_MS);
    start_ns = micro_thread_ns();
    for (uint64_t i = 0; i < TIMERS; i++) {
        start(timers[micro_random() % TIMERS_LIVE], REARM_MS + i / 1000);
        if (i % BATCH == 0)
            context.poll();
    }
    micro_print_since("timer_rearm_10k", start_ns, TIMERS);
    for (int i = 0; i < TIMERS_LIVE; i++)
        timers[i].cancel();
    run_context();
    micro_check(cancelled == TIMERS + TIMERS_LIVE, "timers that were re-armed");
}

static void run_timers()
{
    make_timers();
    start_and_cancel();
    context.restart();
    rearm();
}

static uint64_t nanoseconds(steady::time_point time)
{
    return static_cast<uint64_t>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

static void run_fire()
{
    steady::time_point base = steady::now();
    uint64_t start_ns;

    make_timers();
    for (timer_type &timer : timers) {
        steady::time_point due = base + milliseconds(FIRE_MIN_MS + micro_random() % FIRE_SPAN_MS);

        timer.expires_at(due);
        timer.async_wait([due](asio::error_code) { (void)micro_fired(nanoseconds(due)); });
    }
    start_ns = micro_thread_ns();
    run_context();
    micro_print_fired(start_ns);
    timers.clear();
}

/* ---- tasks ---- */

static uint64_t ended;

static awaitable<void> yield_once()
{
    co_await asio::post(context.get_executor(), use_awaitable);
    ended++;
}

static void run_spawn()
{
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TASKS / BATCH; i++) {
        for (int j = 0; j < BATCH; j++)
            asio::co_spawn(context, yield_once(), asio::detached);
        run_context();
    }
    micro_print_since("spawn_yield", start_ns, TASKS);
    micro_check(ended == TASKS, "tasks that ended");
}

/* ---- tasks that are woken ---- */

constexpr int WAKES = 3000000, SWITCHES = 3000000;

/* Where a coroutine waits until it is woken. */
class gate
{
  public:
    auto wait()
    {
        return asio::async_initiate<const asio::use_awaitable_t<executor> &, void()>(
            [this](auto &&self) { waiting_.emplace(std::move(self)); }, use_awaitable);
    }
    void wake()
    {
        handler woken = std::move(*waiting_);

        waiting_.reset();
        asio::post(context.get_executor(), std::move(woken));
    }

  private:
    using handler = asio::async_result<asio::use_awaitable_t<executor>, void()>::handler_type;
    std::optional<handler> waiting_;
};

static uint64_t woken, switches;

static awaitable<void> sleeper(gate &own)
{
    for (int i = 0; i < WAKES / BATCH; i++) {
        co_await own.wait();
        woken++;
    }
}

static awaitable<void> wake_all(std::vector<gate> &gates)
{
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < WAKES / BATCH; i++) {
        for (gate &one : gates)
            one.wake();
        co_await asio::post(context.get_executor(), use_awaitable);
    }
    micro_print_since("wake_task", start_ns, WAKES);
}

static awaitable<void> yielder()
{
    for (int i = 0; i < SWITCHES / 2; i++) {
        co_await asio::post(context.get_executor(), use_awaitable);
        switches++;
    }
}

static void run_wake()
{
    std::vector<gate> gates(BATCH);
    uint64_t start_ns;

    for (gate &one : gates)
        asio::co_spawn(context, sleeper(one), asio::detached);
    asio::co_spawn(context, wake_all(gates), asio::detached);
    run_context();
    micro_check(woken == WAKES, "times that a task was woken");
    start_ns = micro_thread_ns();
    for (int i = 0; i < 2; i++)
        asio::co_spawn(context, yielder(), asio::detached);
    run_context();
    micro_print_since("yield_switch", start_ns, SWITCHES);
    micro_check(switches == SWITCHES, "times that a task yielded");
}

/* ---- threads ---- */

static void send(uint64_t value)
{
    asio::post(context.get_executor(), [value] {
        if (micro_receive(value))
            context.stop();
    });
}

static void send_all(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        send(i);
}

/* It stays, though nothing is there to be done yet. */
static void run_until_stopped()
{
    auto stay = asio::make_work_guard(context);

    run_context();
}

static void run_threads()
{
    static const micro_inbox inbox = {send, send_all, run_until_stopped};

    micro_threads(&inbox);
}

int main(int argc, char **argv)
{
    static const micro_group groups[] = {{"timers", run_timers},   {"fire", run_fire},
                                         {"spawn", run_spawn},     {"wake", run_wake},
                                         {"threads", run_threads}, {nullptr, nullptr}};

    return micro_main(argc, argv, groups);
}
