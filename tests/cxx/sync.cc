// SPDX-License-Identifier: MIT
//
// sync.cc - what waits for each other, from C++17: channels between tasks and to a std::thread, locks
// and permits, watch, broadcast, once, signals; and work on threads of a pool. Exits with 0 when all of it
// worked.
#include "program.h"

#include <eddy/signal.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

namespace
{

template <typename Options> Options options_of(size_t item_bytes)
{
    Options options = {};

    options.size_bytes = sizeof options;
    options.item_bytes = item_bytes;
    return options;
}

// ---- between tasks ----

struct consumer {
    EDDY_FRAME;
    eddy_receiver *receiver;
    int item, sum;
};

void consumer_done(consumer *self)
{
    eddy_receiver_free(self->receiver);
}

EDDY_ASYNC(consumer, consumer_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, eddy_receiver_poll_next(self->receiver, task, &self->item));
            if (n > 0)
                self->sum += self->item;
        } while (n > 0);
        EDDY_END(n < 0 ? n : self->sum);
}

struct producer {
    EDDY_FRAME;
    eddy_sender *sender;
    eddy_ticket ticket;
    int item;
};

void producer_done(producer *self)
{
    eddy_sender_free(self->sender);
}

EDDY_ASYNC(producer, producer_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->item = 1; self->item <= 100; self->item++) {
            EDDY_POLL(n, eddy_sender_poll_send(self->sender, task, &self->ticket, &self->item));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(0);
}

void channels(const Loop &loop)
{
    auto options = options_of<eddy_channel_options>(sizeof(int));
    producer sending = {};
    consumer receiving = {};

    options.capacity = 3;
    REQUIRE(eddy_channel_new(loop.handle(), &options, &sending.sender, &receiving.receiver) == 0);
    sending.frame.type = &producer_type;
    receiving.frame.type = &consumer_type;
    REQUIRE(eddy_spawn(loop.handle(), &sending.frame) == 0);
    REQUIRE(loop.run(&receiving.frame) == 5050);
}

// ---- from a thread ----

void threads(const Loop &loop)
{
    auto options = options_of<eddy_channel_options>(sizeof(int));
    eddy_sender *sender;
    consumer receiving = {};

    options.capacity = 1;
    REQUIRE(eddy_channel_new(nullptr, &options, &sender, &receiving.receiver) == 0);
    std::thread thread([sender] {
        for (int i = 1; i <= 100; i++)
            REQUIRE(eddy_sender_wait_send(sender, &i) == 0);
        eddy_sender_free(sender);
    });
    receiving.frame.type = &consumer_type;
    REQUIRE(loop.run(&receiving.frame) == 5050);
    thread.join();
}

// ---- the others, as futures ----

void locks(const Loop &loop)
{
    eddy_handle *handle = loop.handle();
    eddy_mutex *mutex;
    eddy_semaphore *permits;
    eddy_notify *notify;
    eddy_barrier *barrier;
    eddy_once *once;

    REQUIRE(eddy_mutex_new(handle, nullptr, &mutex) == 0);
    REQUIRE(loop.run(eddy_lock(handle, mutex)) == 0);
    REQUIRE(eddy_mutex_try_lock(mutex) == -EAGAIN);
    eddy_mutex_unlock(mutex);
    eddy_mutex_free(mutex);

    REQUIRE(eddy_semaphore_new(handle, nullptr, 3, &permits) == 0);
    REQUIRE(loop.run(eddy_acquire(handle, permits, 2)) == 0);
    REQUIRE(eddy_semaphore_permits(permits) == 1);
    eddy_semaphore_free(permits);

    REQUIRE(eddy_notify_new(handle, nullptr, &notify) == 0);
    eddy_notify_one(notify);
    REQUIRE(loop.run(eddy_notified(handle, notify)) == 0);
    eddy_notify_free(notify);

    REQUIRE(eddy_barrier_new(handle, nullptr, 2, &barrier) == 0);
    eddy_future *two[] = {eddy_barrier_pass(handle, barrier), eddy_barrier_pass(handle, barrier)};
    REQUIRE(loop.run(eddy_try_join_all(handle, two, 2, nullptr)) == 0);
    eddy_barrier_free(barrier);

    REQUIRE(eddy_once_new(handle, nullptr, &once) == 0);
    auto make = [](void *, eddy_handle *of) { return eddy_ready(of, 0); };
    REQUIRE(loop.run(eddy_once_run(handle, once, make, nullptr)) == 0);
    REQUIRE(eddy_once_is_done(once));
    eddy_once_free(once);
}

void values(const Loop &loop)
{
    auto once = options_of<eddy_oneshot_options>(sizeof(int));
    auto latest = options_of<eddy_watch_options>(sizeof(int));
    auto all = options_of<eddy_broadcast_options>(sizeof(int));
    eddy_oneshot_sender *answer;
    eddy_oneshot_receiver *asked;
    eddy_watch_sender *setter;
    eddy_watch_receiver *watcher;
    eddy_broadcast_sender *speaker;
    eddy_broadcast_receiver *listener;
    int item = 3, got = 0;

    REQUIRE(eddy_oneshot_new(loop.handle(), &once, &answer, &asked) == 0);
    REQUIRE(eddy_oneshot_send(answer, &item) == 0);
    eddy_oneshot_sender_free(answer);
    REQUIRE(loop.run(eddy_oneshot_receive(loop.handle(), asked, &got)) == 1 && got == 3);
    eddy_oneshot_receiver_free(asked);

    REQUIRE(eddy_watch_new(loop.handle(), &latest, &item, &setter, &watcher) == 0);
    item = 4;
    REQUIRE(eddy_watch_send(setter, &item) == 0);
    REQUIRE(loop.run(eddy_watch_changed(loop.handle(), watcher)) == 1);
    eddy_watch_copy(watcher, &got);
    REQUIRE(got == 4);
    eddy_watch_sender_free(setter);
    eddy_watch_receiver_free(watcher);

    all.capacity = 1;
    REQUIRE(eddy_broadcast_new(loop.handle(), &all, &speaker, &listener) == 0);
    REQUIRE(eddy_broadcast_send(speaker, &item) == 1 && eddy_broadcast_send(speaker, &item) == 1);
    REQUIRE(loop.run(eddy_broadcast_receive(loop.handle(), listener, &got)) == EDDY_LAGGED);
    REQUIRE(eddy_broadcast_lost(listener) == 1);
    eddy_broadcast_sender_free(speaker);
    eddy_broadcast_receiver_free(listener);
}

// ---- signals ----

struct ear {
    EDDY_FRAME;
    eddy_signal *signal;
};

EDDY_ASYNC(ear, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_signal_poll(self->signal, task));
        EDDY_END(n);
}

void signals(const Loop &loop)
{
    ear future = {};

    future.frame.type = &ear_type;
    REQUIRE(eddy_signal_new(loop.handle(), SIGUSR1, &future.signal) == 0);
    REQUIRE(std::raise(SIGUSR1) == 0);
    REQUIRE(loop.run(&future.frame) == 1);
    eddy_signal_free(future.signal);
}

// ---- blocking work ----

void pools(const Loop &loop)
{
    std::atomic<int> runs{0};
    eddy_pool_options options = {};
    eddy_file_info info;
    eddy_addr addr;
    eddy_pool *pool;

    options.size_bytes = sizeof options;
    options.threads = 2;
    REQUIRE(eddy_pool_new(&options, &pool) == 0);
    auto work = [](void *arg) -> eddy_result { return ++*static_cast<std::atomic<int> *>(arg); };
    REQUIRE(loop.run(eddy_blocking(loop.handle(), pool, work, &runs)) == 1);
    REQUIRE(loop.run(eddy_file_stat(loop.handle(), pool, "/", &info)) == 0);
    REQUIRE(info.kind == EDDY_FILE_DIRECTORY);
    REQUIRE(loop.run(eddy_resolve(loop.handle(), pool, "::1", "80", &addr, 1)) == 1);
    REQUIRE(addr.port == 80);
    REQUIRE(eddy_pool_end(pool, EDDY_POOL_FINISH) == 0);
    eddy_pool_release(pool);
}

} // namespace

int main()
{
    Loop loop;

    channels(loop);
    threads(loop);
    locks(loop);
    values(loop);
    signals(loop);
    pools(loop);
    return 0;
}
