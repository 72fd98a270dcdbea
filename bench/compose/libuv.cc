/* SPDX-License-Identifier: MIT */
/*
 * libuv.cc - libuv's column of the table of costs: what it has of it. It knows callbacks only, so
 * there is nothing to await, to join or to send through.
 */
#include <cstdlib>
#include <semaphore.h>
#include <string>
#include <thread>
#include <uv.h>
#include <vector>

#include "measure.h"

static uv_loop_t loop;

enum { TIMERS = 1000 };

static void never(uv_timer_t *)
{
    measure_check(false, "a timer fired that was stopped");
}

/* Timers between a second and an hour are started and stopped, a thousand at a time. */
static uint64_t timer(void *, uint64_t count)
{
    std::vector<uv_timer_t> timers(TIMERS);
    uint64_t done = 0;

    for (uv_timer_t &one : timers)
        uv_timer_init(&loop, &one);
    for (; done < count; done += TIMERS) {
        uint64_t delay_ms = 1000;

        for (uv_timer_t &one : timers)
            uv_timer_start(&one, never, delay_ms += 3599, 0);
        for (uv_timer_t &one : timers)
            uv_timer_stop(&one);
    }
    for (uv_timer_t &one : timers)
        uv_close(reinterpret_cast<uv_handle_t *>(&one), nullptr);
    measure_check(uv_run(&loop, UV_RUN_DEFAULT) == 0, "something is left on the loop");
    return done;
}

/* ---- between threads ---- */

struct signals {
    uv_async_t wake;
    sem_t answer;
    uint64_t left;
};

static void on_wake(uv_async_t *handle)
{
    signals *self = static_cast<signals *>(handle->data);

    sem_post(&self->answer);
    if (--self->left == 0)
        uv_close(reinterpret_cast<uv_handle_t *>(handle), nullptr);
}

/* A thread wakes the loop and sleeps until the loop has answered. */
static uint64_t wake_thread(void *, uint64_t count)
{
    signals self;
    uint64_t answers = 0;

    self.left = count;
    sem_init(&self.answer, 0, 0);
    uv_async_init(&loop, &self.wake, on_wake);
    self.wake.data = &self;
    std::thread other([&] {
        for (uint64_t i = 0; i < count; i++) {
            uv_async_send(&self.wake);
            sem_wait(&self.answer);
            answers++;
        }
    });
    uv_run(&loop, UV_RUN_DEFAULT);
    other.join();
    sem_destroy(&self.answer);
    measure_check(answers == count, "answers");
    return count;
}

struct work {
    uv_work_t request;
    uint64_t number, left, sum;
};

static void in_pool(uv_work_t *request)
{
    work *self = static_cast<work *>(request->data);

    self->number++;
}

static void after_work(uv_work_t *request, int)
{
    work *self = static_cast<work *>(request->data);

    self->sum += self->number;
    if (--self->left > 0)
        uv_queue_work(&loop, request, in_pool, after_work);
}

/* One thread in the pool, one piece of work after the other. */
static uint64_t pool(void *, uint64_t count)
{
    work self = {};

    self.left = count;
    self.request.data = &self;
    uv_queue_work(&loop, &self.request, in_pool, after_work);
    uv_run(&loop, UV_RUN_DEFAULT);
    measure_check(self.sum == measure_sum(count + 1), "sum of what the pool returned");
    return count;
}

static const measure all[] = {
    {"timer", timer, false},
    {"wake_thread", wake_thread, false},
    {"pool", pool, false},
    {nullptr, nullptr, false},
};

int main(int argc, char **argv)
{
    const measure *const lists[] = {all, nullptr};
    const std::string version = std::string("libuv ") + uv_version_string();
    const measure_program program = {version.c_str(), lists, nullptr};

    setenv("UV_THREADPOOL_SIZE", "1", 1);
    uv_loop_init(&loop);
    return measure_main(argc, argv, &program);
}
