/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers slow */
/*
 * test_drop.c - transfers that are dropped at any moment, with their loop, or for want of memory: the
 * handle is free again, no descriptor, task or byte is left.
 */
#include "web.h"

#include <errno.h>

#include "support/drop.h"
#include "support/heap.h"

/* ---- at every moment ---- */

struct scene {
    const char *path;
    struct web web;
    eddy_curl *curl;
    struct load load;
};

static eddy_future *begin(void *world, eddy_core *core)
{
    struct scene *self = world;

    web_start(&self->web, core);
    test_settle(core);
    assert_int_equal(eddy_curl_new(eddy_core_handle(core), NULL, &self->curl), 0);
    load_init(&self->load, &self->web, self->path);
    return eddy_curl_perform(self->curl, self->load.easy, &self->load.code);
}

static void end(void *world, eddy_core *core, eddy_result result)
{
    struct scene *self = world;

    assert_int_equal(eddy_curl_transfers(self->curl), 0);
    assert_true(result == 0 || result == EDDY_DROPPED);
    load_free(&self->load); /* at once: nobody has it any more */
    eddy_curl_free(self->curl);
    if (core != NULL)
        web_stop(&self->web);
    else
        eddy_join_free(self->web.join);
}

static void a_transfer_may_be_dropped_at_any_moment(void **state)
{
    struct scene scene = {.path = "bytes/200000"};
    const struct test_drop drop = {.begin = begin, .end = end, .world = &scene};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 3);
}

/* The future is polled twice in its life; the moments between are the loop's turns. */
static void a_transfer_may_be_dropped_in_any_turn(void **state)
{
    static const char *const paths[] = {"bytes/2000000", "half/100000", "hang/0", "status/200"};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (int turns = 0; turns < 40; turns++) {
            struct place place;
            struct load load;

            place_open(&place, NULL);
            load_init(&load, &place.web, paths[i]);
            load_start(&load, place.core, place.curl);
            for (int turn = 0; turn < turns; turn++)
                assert_true(eddy_core_turn(place.core, EDDY_MILLISECOND / 10) >= 0);
            eddy_join_abort(load.join);
            load_free(&load);
            eddy_join_free(load.join);
            place_close(&place);
        }
    }
}

static void dropped_transfers_close_their_connections(void **state)
{
    enum { LOADS = 20 };
    static struct load loads[LOADS];
    struct place place;

    (void)state;
    place_open(&place, NULL);
    for (int i = 0; i < LOADS; i++) {
        load_init(&loads[i], &place.web, "half/100000");
        load_start(&loads[i], place.core, place.curl);
    }
    while (place.web.requests < LOADS)
        assert_true(eddy_core_turn(place.core, EDDY_SECOND) >= 0);
    for (int i = 0; i < LOADS; i++) {
        eddy_join_abort(loads[i].join);
        eddy_join_free(loads[i].join);
        load_free(&loads[i]);
    }
    while (place.web.open > 0) /* the server sees that they have gone */
        assert_true(eddy_core_turn(place.core, EDDY_SECOND) >= 0);
    assert_int_equal(eddy_curl_transfers(place.curl), 0);
    place_close(&place);
}

static void a_loop_may_be_freed_with_transfers_under_way(void **state)
{
    enum { LOADS = 5 };
    struct load loads[LOADS];
    int before = test_open_fds();

    (void)state;
    for (int turns = 0; turns < 12; turns++) {
        eddy_core *core = test_core();
        eddy_curl *curl = NULL;
        struct web web;

        web_start(&web, core);
        assert_int_equal(eddy_curl_new(eddy_core_handle(core), NULL, &curl), 0);
        for (int i = 0; i < LOADS; i++) {
            load_init(&loads[i], &web, i % 2 == 0 ? "half/100000" : "bytes/1000000");
            load_start(&loads[i], core, curl);
        }
        for (int turn = 0; turn < turns; turn++)
            assert_true(eddy_core_turn(core, EDDY_MILLISECOND / 10) >= 0);
        (void)eddy_core_free(core);
        eddy_join_free(web.join);
        for (int i = 0; i < LOADS; i++) {
            eddy_join_free(loads[i].join);
            load_free(&loads[i]);
        }
        eddy_curl_free(curl);
        assert_int_equal(test_open_fds(), before);
    }
}

static void asked_to_end_it_ends(void **state)
{
    struct place place;
    struct load load;

    (void)state;
    place_open(&place, NULL);
    load_init(&load, &place.web, "half/100000");
    load_start(&load, place.core, place.curl);
    while (load.got < 50000)
        assert_true(eddy_core_turn(place.core, EDDY_SECOND) >= 0);
    eddy_join_cancel(load.join, EDDY_FOREVER);
    assert_int_equal(load_end(&load, place.core), -ECANCELED);
    assert_int_equal(eddy_curl_transfers(place.curl), 0);
    load_free(&load);
    place_close(&place);
}

/* ---- for want of something ---- */

/* The n-th allocation of the loop's fails, for every n; what the server lacks is told as an error of the
 * connection. */
static void without_memory_a_transfer_fails_and_leaks_nothing(void **state)
{
    bool all_well = false;

    (void)state;
    for (long n = 0; !all_well; n++) {
        struct test_heap heap;
        eddy_allocator allocator;
        struct web web;
        struct load load;
        eddy_curl *curl = NULL;
        eddy_core *core;
        eddy_result result;

        test_heap_init(&heap, -1);
        allocator = test_heap_allocator(&heap);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        web_start(&web, core);
        test_settle(core);
        assert_int_equal(eddy_curl_new(eddy_core_handle(core), NULL, &curl), 0);
        load_init(&load, &web, "bytes/1000");
        curl_easy_setopt(load.easy, CURLOPT_TIMEOUT_MS, 5000L);
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
        result = eddy_core_run(core, eddy_curl_perform(curl, load.easy, &load.code));
        all_well = atomic_load(&heap.calls) <= atomic_load(&heap.fail_at);
        assert_true(result == 0 || !all_well);
        atomic_store(&heap.fail_at, -1);
        load.got = 0;
        assert_int_equal(eddy_core_run(core, eddy_curl_perform(curl, load.easy, NULL)), 0);
        assert_int_equal(load.got, 1000); /* the next one goes well */
        load_free(&load);
        eddy_curl_free(curl);
        web_stop(&web);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_in_range(n, 0, 200);
    }
}

static void without_tasks_a_transfer_fails(void **state)
{
    struct web web;
    struct load load;

    (void)state;
    for (uint32_t tasks = 2; tasks < 6; tasks++) {
        eddy_core *core = test_core_with((eddy_core_options){.tasks_max = tasks});
        eddy_curl *curl = NULL;
        eddy_result result;

        web_start(&web, core);
        assert_int_equal(eddy_curl_new(eddy_core_handle(core), NULL, &curl), 0);
        load_init(&load, &web, "bytes/10");
        curl_easy_setopt(load.easy, CURLOPT_TIMEOUT_MS, 2000L);
        result = eddy_core_run(core, eddy_curl_perform(curl, load.easy, &load.code));
        if (tasks == 2) /* the server, and the clock: none is left for the socket */
            assert_int_equal(result, EDDY_TASKS_FULL);
        if (tasks == 5)
            assert_int_equal(result, 0);
        load_free(&load);
        eddy_curl_free(curl);
        web_stop(&web);
        test_core_end(core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transfer_may_be_dropped_at_any_moment),
        cmocka_unit_test(a_transfer_may_be_dropped_in_any_turn),
        cmocka_unit_test(dropped_transfers_close_their_connections),
        cmocka_unit_test(a_loop_may_be_freed_with_transfers_under_way),
        cmocka_unit_test(asked_to_end_it_ends),
        cmocka_unit_test(without_memory_a_transfer_fails_and_leaks_nothing),
        cmocka_unit_test(without_tasks_a_transfer_fails),
    };

    assert_int_equal(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
