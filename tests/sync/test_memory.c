/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_memory.c - the first, second, ... allocation fails, until all succeed: constructors say
 * -ENOMEM and leave nothing behind, futures fail, sends leave the item with the caller, waits lose
 * nothing. For both kinds; objects of a loop are allocations of their own on the simulated driver
 * (and under ASan).
 */
#include "asked.h"
#include "support/heap.h"

struct world {
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core;
    eddy_handle *handle;
    int kind;
    long before; /* blocks of the loop alone */
};

static void begin(struct world *self, int kind)
{
    *self = (struct world){.kind = kind};
    test_heap_init(&self->heap, -1);
    self->allocator = test_heap_allocator(&self->heap);
    self->core = test_core_with((eddy_core_options){.allocator = &self->allocator});
    self->handle = eddy_core_handle(self->core);
    self->before = atomic_load(&self->heap.blocks);
}

static void end(struct world *self)
{
    atomic_store(&self->heap.fail_at, -1);
    test_core_end(self->core);
    assert_int_equal(atomic_load(&self->heap.blocks), 0);
    assert_false(atomic_load(&self->heap.bad_free));
}

/* The n-th allocation from now on fails; < 0: none. */
static void fail_in(struct world *self, long n)
{
    atomic_store(&self->heap.fail_at, n < 0 ? -1 : atomic_load(&self->heap.calls) + n);
}

static eddy_handle *kind_of(const struct world *self)
{
    return self->kind == ONE_LOOP ? self->handle : NULL;
}

/* ---- constructors ---- */

/* Makes one and frees it; the error when that was not possible. */
typedef int (*maker)(struct world *world);

static int make_channel(struct world *world, uint32_t capacity)
{
    eddy_channel_options options = {.size_bytes = sizeof options,
                                    .item_bytes = 8,
                                    .capacity = capacity,
                                    .allocator = &world->allocator};
    eddy_sender *sender = NULL;
    eddy_receiver *receiver = NULL;
    int error = eddy_channel_new(kind_of(world), &options, &sender, &receiver);

    assert_true((error == 0) == (sender != NULL && receiver != NULL));
    eddy_sender_free(sender);
    eddy_receiver_free(receiver);
    return error;
}

static int make_bounded(struct world *world)
{
    return make_channel(world, 1000);
}

static int make_unbounded(struct world *world)
{
    return make_channel(world, EDDY_UNBOUNDED);
}

static int make_oneshot(struct world *world)
{
    eddy_oneshot_options options = {
        .size_bytes = sizeof options, .item_bytes = 8, .allocator = &world->allocator};
    eddy_oneshot_sender *sender = NULL;
    eddy_oneshot_receiver *receiver = NULL;
    int error = eddy_oneshot_new(kind_of(world), &options, &sender, &receiver);

    assert_true((error == 0) == (sender != NULL && receiver != NULL));
    eddy_oneshot_sender_free(sender);
    eddy_oneshot_receiver_free(receiver);
    return error;
}

static int make_watch(struct world *world)
{
    eddy_watch_options options = {
        .size_bytes = sizeof options, .item_bytes = 8, .allocator = &world->allocator};
    eddy_watch_sender *sender = NULL;
    eddy_watch_receiver *receivers[3] = {NULL};
    int64_t first = 1;
    int error = eddy_watch_new(kind_of(world), &options, &first, &sender, &receivers[0]);

    if (error == 0)
        error = eddy_watch_subscribe(sender, &receivers[1]);
    if (error == 0)
        error = eddy_watch_receiver_clone(receivers[1], &receivers[2]);
    eddy_watch_sender_free(sender);
    for (int i = 0; i < 3; i++)
        eddy_watch_receiver_free(receivers[i]);
    return error;
}

static int make_broadcast(struct world *world)
{
    eddy_broadcast_options options = {.size_bytes = sizeof options,
                                      .item_bytes = 8,
                                      .capacity = 100,
                                      .allocator = &world->allocator};
    eddy_broadcast_sender *sender = NULL;
    eddy_broadcast_receiver *receivers[3] = {NULL};
    int error = eddy_broadcast_new(kind_of(world), &options, &sender, &receivers[0]);

    if (error == 0)
        error = eddy_broadcast_subscribe(sender, &receivers[1]);
    if (error == 0)
        error = eddy_broadcast_receiver_clone(receivers[1], &receivers[2]);
    eddy_broadcast_sender_free(sender);
    for (int i = 0; i < 3; i++)
        eddy_broadcast_receiver_free(receivers[i]);
    return error;
}

static int make_mutex(struct world *world)
{
    eddy_mutex *mutex = NULL;
    int error = eddy_mutex_new(kind_of(world), &world->allocator, &mutex);

    eddy_mutex_free(mutex);
    return error;
}

static int make_semaphore(struct world *world)
{
    eddy_semaphore *semaphore = NULL;
    int error = eddy_semaphore_new(kind_of(world), &world->allocator, 3, &semaphore);

    eddy_semaphore_free(semaphore);
    return error;
}

static int make_notify(struct world *world)
{
    eddy_notify *notify = NULL;
    int error = eddy_notify_new(kind_of(world), &world->allocator, &notify);

    eddy_notify_free(notify);
    return error;
}

static int make_barrier(struct world *world)
{
    eddy_barrier *barrier = NULL;
    int error = eddy_barrier_new(kind_of(world), &world->allocator, 3, &barrier);

    eddy_barrier_free(barrier);
    return error;
}

static int make_once(struct world *world)
{
    eddy_once *once = NULL;
    int error = eddy_once_new(kind_of(world), &world->allocator, &once);

    eddy_once_free(once);
    return error;
}

static void constructors_fail_cleanly(void **state)
{
    static const maker makers[] = {make_bounded,   make_unbounded, make_oneshot,   make_watch,
                                   make_broadcast, make_mutex,     make_semaphore, make_notify,
                                   make_barrier,   make_once};

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
            struct world world;
            int error = -ENOMEM, n;

            begin(&world, kind);
            for (n = 0; error == -ENOMEM; n++) {
                long blocks = atomic_load(&world.heap.blocks);

                fail_in(&world, n);
                error = makers[i](&world);
                fail_in(&world, -1);
                if (kind == THREAD_SAFE || test_is_simulated())
                    assert_int_equal(atomic_load(&world.heap.blocks), blocks);
            }
            assert_int_equal(error, 0);
            if (kind == THREAD_SAFE || test_is_simulated())
                assert_true(n >= 2); /* some did fail */
            end(&world);
        }
    }
}

/* ---- futures ---- */

struct objects {
    eddy_sender *sender;
    eddy_receiver *receiver;
    eddy_oneshot_sender *answerer;
    eddy_oneshot_receiver *asker;
    eddy_watch_sender *setter;
    eddy_watch_receiver *watcher;
    eddy_broadcast_sender *caster;
    eddy_broadcast_receiver *hearer;
    eddy_mutex *mutex;
    eddy_semaphore *semaphore;
    eddy_notify *notify;
    eddy_barrier *barrier;
    eddy_once *once;
    int item;
};

static void make_channels(struct world *world, struct objects *self)
{
    eddy_channel_options channel = {
        .size_bytes = sizeof channel, .item_bytes = sizeof(int), .capacity = EDDY_UNBOUNDED};
    eddy_oneshot_options oneshot = {.size_bytes = sizeof oneshot, .item_bytes = sizeof(int)};
    eddy_watch_options watch = {.size_bytes = sizeof watch, .item_bytes = sizeof(int)};
    eddy_broadcast_options broadcast = {
        .size_bytes = sizeof broadcast, .item_bytes = sizeof(int), .capacity = 5};
    eddy_handle *kind = kind_of(world);

    channel.allocator = oneshot.allocator = watch.allocator = broadcast.allocator =
        &world->allocator;
    self->item = 5;
    assert_int_equal(eddy_channel_new(kind, &channel, &self->sender, &self->receiver), 0);
    assert_int_equal(eddy_oneshot_new(kind, &oneshot, &self->answerer, &self->asker), 0);
    assert_int_equal(eddy_watch_new(kind, &watch, &self->item, &self->setter, &self->watcher), 0);
    assert_int_equal(eddy_broadcast_new(kind, &broadcast, &self->caster, &self->hearer), 0);
}

static void make_objects(struct world *world, struct objects *self)
{
    eddy_handle *kind = kind_of(world);

    make_channels(world, self);
    assert_int_equal(eddy_mutex_new(kind, &world->allocator, &self->mutex), 0);
    assert_int_equal(eddy_semaphore_new(kind, &world->allocator, 1, &self->semaphore), 0);
    assert_int_equal(eddy_notify_new(kind, &world->allocator, &self->notify), 0);
    assert_int_equal(eddy_barrier_new(kind, &world->allocator, 2, &self->barrier), 0);
    assert_int_equal(eddy_once_new(kind, &world->allocator, &self->once), 0);
}

static void free_objects(struct objects *self)
{
    eddy_sender_free(self->sender);
    eddy_receiver_free(self->receiver);
    eddy_oneshot_sender_free(self->answerer);
    eddy_oneshot_receiver_free(self->asker);
    eddy_watch_sender_free(self->setter);
    eddy_watch_receiver_free(self->watcher);
    eddy_broadcast_sender_free(self->caster);
    eddy_broadcast_receiver_free(self->hearer);
    eddy_mutex_free(self->mutex);
    eddy_semaphore_free(self->semaphore);
    eddy_notify_free(self->notify);
    eddy_barrier_free(self->barrier);
    eddy_once_free(self->once);
}

static eddy_future *make_nothing(void *arg, eddy_handle *handle)
{
    (void)arg;
    return eddy_box(handle, EDDY_FUTURE(test_value, .value = 0));
}

enum { FUTURES = 10 };

static eddy_future *make_future(struct world *world, struct objects *objects, int which)
{
    eddy_handle *handle = world->handle;

    switch (which) {
    case 0:
        return eddy_send(handle, objects->sender, &objects->item);
    case 1:
        return eddy_receive(handle, objects->receiver, &objects->item);
    case 2:
        return eddy_oneshot_receive(handle, objects->asker, &objects->item);
    case 3:
        return eddy_oneshot_closed(handle, objects->answerer);
    case 4:
        return eddy_watch_changed(handle, objects->watcher);
    case 5:
        return eddy_broadcast_receive(handle, objects->hearer, &objects->item);
    case 6:
        return eddy_lock(handle, objects->mutex);
    case 7:
        return eddy_acquire(handle, objects->semaphore, 1);
    case 8:
        return eddy_notified(handle, objects->notify);
    default:
        return eddy_barrier_pass(handle, objects->barrier);
    }
}

static void futures_fail_and_leave_the_object_as_it_was(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int which = 0; which < FUTURES; which++) {
            struct world world;
            struct objects objects;
            bool failed = false;

            begin(&world, kind);
            make_objects(&world, &objects);
            for (long n = 0; n < 4; n++) {
                struct asked asked = {.result = EDDY_PENDING};
                eddy_future *future;

                fail_in(&world, n);
                future = make_future(&world, &objects, which);
                if (eddy_spawn_joinable(world.handle,
                                        EDDY_FUTURE(asking, .asked = &asked, .inner = future),
                                        &asked.join) == 0) {
                    test_settle(world.core);
                    failed |= asked.result == -ENOMEM;
                    asked_drop(&asked);
                }
                fail_in(&world, -1);
            }
            if (test_is_simulated())
                assert_true(failed);
            free_objects(&objects);
            end(&world);
        }
    }
}

static void once_fails_and_can_be_done_later(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        eddy_once *once;
        long n = 0;

        begin(&world, kind);
        assert_int_equal(eddy_once_new(kind_of(&world), &world.allocator, &once), 0);
        while (!eddy_once_is_done(once)) {
            eddy_result result;

            assert_true(n < 10);
            fail_in(&world, n++);
            result =
                eddy_core_run(world.core, eddy_once_run(world.handle, once, make_nothing, NULL));
            assert_int_equal(result, eddy_once_is_done(once) ? 0 : -ENOMEM);
        }
        if (test_is_simulated())
            assert_true(n >= 2);
        eddy_once_free(once);
        end(&world);
    }
}

/* ---- sends ---- */

static void sends_fail_and_the_item_is_the_callers(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct objects objects;
        int sent = 0, refused = 0, got = 0;

        begin(&world, kind);
        make_objects(&world, &objects);
        for (int i = 0; i < 2000; i++) {
            int n;

            fail_in(&world, i % 2 == 0 ? 0 : -1);
            n = eddy_sender_try_send(objects.sender, &i);
            assert_true(n == 0 || n == -ENOMEM);
            sent += n == 0;
            refused += n == -ENOMEM;
        }
        for (int item; eddy_receiver_try_next(objects.receiver, &item) == 1;)
            got++;
        assert_int_equal(got, sent);
        assert_true(refused > 0 || (kind == ONE_LOOP && !test_is_simulated()));
        fail_in(&world, 0);
        if (kind == THREAD_SAFE || test_is_simulated()) {
            assert_int_equal(eddy_broadcast_send(objects.caster, &got), -ENOMEM);
            fail_in(&world, 0);
            assert_int_equal(eddy_watch_send(objects.setter, &got), -ENOMEM);
            eddy_watch_copy(objects.watcher, &got);
            assert_int_equal(got, 5);
        }
        fail_in(&world, -1);
        assert_int_equal(eddy_broadcast_send(objects.caster, &sent), 1);
        assert_int_equal(eddy_watch_send(objects.setter, &sent), 0);
        free_objects(&objects);
        end(&world);
    }
}

/* ---- the waker of a thread-safe wait (in a simulated world it is not of the loop's memory)
 * ---- */

static void a_wait_without_memory_for_its_waker_fails_and_passes_its_turn_on(void **state)
{
    struct world world;
    eddy_semaphore *semaphore;
    struct asked asked, rival;

    (void)state;
    begin(&world, THREAD_SAFE);
    assert_int_equal(eddy_semaphore_new(NULL, &world.allocator, 0, &semaphore), 0);
    ask_later(world.core, &asked, eddy_acquire(world.handle, semaphore, 1));
    fail_in(&world, 0); /* the loop's inbox is made by the first waker */
    test_settle(world.core);
    assert_int_equal(asked.result, -ENOMEM);
    asked_drop(&asked);
    fail_in(&world, -1);
    ask(world.core, &rival, eddy_acquire(world.handle, semaphore, 1));
    asked_waits(world.core, &rival);
    eddy_semaphore_add(semaphore, 1);
    asked_gave(world.core, &rival, 0);
    eddy_semaphore_free(semaphore);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(constructors_fail_cleanly),
        cmocka_unit_test(futures_fail_and_leave_the_object_as_it_was),
        cmocka_unit_test(once_fails_and_can_be_done_later),
        cmocka_unit_test(sends_fail_and_the_item_is_the_callers),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_wait_without_memory_for_its_waker_fails_and_passes_its_turn_on),
    };

    return TEST_GROUPS(everywhere, kernel);
}
