/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_perform.c - transfers as futures: what comes, what does not, and how that is told.
 */
#include "web.h"

#include <errno.h>

#include "support/death.h"

static eddy_result perform(struct place *place, struct load *load, const char *path)
{
    load_init(load, &place->web, path);
    return load_run(load, place->core, place->curl);
}

static void bodies_of_all_sizes_come_whole(void **state)
{
    static const unsigned sizes[] = {0, 1, 100, 16 * 1024, 1000000, 20000000};
    struct place place;

    (void)state;
    place_open(&place, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct load load;
        char path[32];

        snprintf(path, sizeof path, "bytes/%u", sizes[i]);
        assert_int_equal(perform(&place, &load, path), 0);
        assert_int_equal(load.code, CURLE_OK);
        assert_int_equal(load.got, sizes[i]);
        load_free(&load);
    }
    assert_int_equal(place.web.connections, 1); /* it is kept */
    place_close(&place);
}

static void a_thousand_transfers_share_ten_connections(void **state)
{
    enum { LOADS = 1000 };
    static struct load loads[LOADS];
    const eddy_curl_options options = {.size_bytes = sizeof options, .connections_max = 10};
    struct place place;

    (void)state;
    place_open(&place, &options);
    for (int i = 0; i < LOADS; i++) {
        char path[32];

        snprintf(path, sizeof path, "bytes/%d", i * 7);
        load_init(&loads[i], &place.web, path);
        load_start(&loads[i], place.core, place.curl);
    }
    for (int i = 0; i < LOADS; i++) {
        assert_int_equal(load_end(&loads[i], place.core), 0);
        assert_int_equal(loads[i].got, i * 7);
        load_free(&loads[i]);
    }
    assert_int_equal(place.web.requests, LOADS);
    assert_in_range(place.web.open_most, 2, 10);
    place_close(&place);
}

static size_t read_pattern(char *memory, size_t one, size_t len, void *arg)
{
    size_t *left = arg;
    size_t now = one * len < *left ? one * len : *left;

    memset(memory, 'x', now);
    *left -= now;
    return now;
}

static void an_upload_goes_whole(void **state)
{
    struct place place;
    struct load load;
    size_t left = 5000000;

    (void)state;
    place_open(&place, NULL);
    load_init(&load, &place.web, "take/0");
    curl_easy_setopt(load.easy, CURLOPT_POST, 1L);
    curl_easy_setopt(load.easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)5000000);
    curl_easy_setopt(load.easy, CURLOPT_READFUNCTION, read_pattern);
    curl_easy_setopt(load.easy, CURLOPT_READDATA, &left);
    assert_int_equal(load_run(&load, place.core, place.curl), 0);
    assert_int_equal(left, 0);
    assert_int_equal(place.web.requests, 1);
    load_free(&load);
    place_close(&place);
}

static void a_handle_can_be_used_again(void **state)
{
    struct place place;
    struct load load;

    (void)state;
    place_open(&place, NULL);
    assert_int_equal(perform(&place, &load, "bytes/10"), 0);
    for (int i = 0; i < 5; i++) {
        load.got = 0;
        load.result = EDDY_PENDING;
        assert_int_equal(load_run(&load, place.core, place.curl), 0);
        assert_int_equal(load.got, 10);
    }
    load_free(&load);
    place_close(&place);
}

static void a_paused_transfer_waits_and_goes_on(void **state)
{
    struct place place;
    struct load load;

    (void)state;
    place_open(&place, NULL);
    load_init(&load, &place.web, "bytes/30000000");
    load.pause_at = 100000;
    load_start(&load, place.core, place.curl);
    while (!load.paused)
        assert_true(eddy_core_turn(place.core, EDDY_SECOND) >= 0);
    for (int i = 0; i < 50; i++)
        assert_true(eddy_core_turn(place.core, EDDY_MILLISECOND) >= 0);
    assert_in_range(load.got, 0, 100000);
    assert_int_equal(load.result, EDDY_PENDING);
    assert_int_equal(curl_easy_pause(load.easy, CURLPAUSE_CONT), CURLE_OK);
    assert_int_equal(load_end(&load, place.core), 0);
    assert_int_equal(load.got, 30000000);
    load_free(&load);
    place_close(&place);
}

/* ---- what goes wrong ---- */

static void a_refused_connection_is_told(void **state)
{
    struct place place;
    struct load load;
    struct web nobody = {0};
    int deaf = test_peer_deaf(&nobody.addr);

    (void)state;
    place_open(&place, NULL);
    load_init(&load, &nobody, "bytes/1");
    assert_int_equal(load_run(&load, place.core, place.curl), -ECONNREFUSED);
    assert_int_equal(load.code, CURLE_COULDNT_CONNECT);
    load_free(&load);
    place_close(&place);
    test_peer_close(deaf);
}

static void a_time_out_of_curls_is_told(void **state)
{
    struct place place;
    struct load load;

    (void)state;
    place_open(&place, NULL);
    load_init(&load, &place.web, "hang/0");
    curl_easy_setopt(load.easy, CURLOPT_TIMEOUT_MS, 50L);
    assert_int_equal(load_run(&load, place.core, place.curl), -ETIMEDOUT);
    assert_int_equal(load.code, CURLE_OPERATION_TIMEDOUT);
    load_free(&load);
    place_close(&place);
}

static void other_ends_are_told(void **state)
{
    static const struct {
        const char *path;
        long fail_on_error;
        size_t refuse_at;
        eddy_result result;
    } ends[] = {
        {"none/0", 0, 0, EDDY_UNEXPECTED_END},
        {"status/404", 1, 0, -ENOENT},
        {"status/404", 0, 0, 0},
        {"bytes/100000", 0, 50000, -ECANCELED},
        {"status/500", 1, 0, -ENOENT},
    };
    struct place place;

    (void)state;
    place_open(&place, NULL);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct load load;

        load_init(&load, &place.web, ends[i].path);
        curl_easy_setopt(load.easy, CURLOPT_FAILONERROR, ends[i].fail_on_error);
        load.refuse_at = ends[i].refuse_at;
        assert_int_equal(load_run(&load, place.core, place.curl), ends[i].result);
        load_free(&load);
    }
    place_close(&place);
}

static void a_bad_url_is_told(void **state)
{
    struct place place;
    struct load load;

    (void)state;
    place_open(&place, NULL);
    load_init(&load, &place.web, "bytes/1");
    curl_easy_setopt(load.easy, CURLOPT_URL, "no://such.scheme/");
    assert_int_equal(load_run(&load, place.core, place.curl), -EPROTONOSUPPORT);
    load.result = EDDY_PENDING;
    curl_easy_setopt(load.easy, CURLOPT_URL, "http://[");
    assert_int_equal(load_run(&load, place.core, place.curl), -EINVAL);
    load_free(&load);
    place_close(&place);
}

static void a_handle_in_use_is_refused_and_goes_on(void **state)
{
    struct place place;
    struct load load;
    struct load again;

    (void)state;
    place_open(&place, NULL);
    load_init(&load, &place.web, "bytes/3000000");
    load.pause_at = 1000;
    load_start(&load, place.core, place.curl);
    while (!load.paused)
        assert_true(eddy_core_turn(place.core, EDDY_SECOND) >= 0);
    again = (struct load){.easy = load.easy, .code = CURLE_AGAIN, .result = EDDY_PENDING};
    assert_int_equal(load_run(&again, place.core, place.curl), -EBUSY);
    assert_int_equal(again.code, CURLE_AGAIN); /* untouched */
    assert_int_equal(load.result, EDDY_PENDING);
    assert_int_equal(eddy_curl_transfers(place.curl), 1);
    assert_int_equal(curl_easy_pause(load.easy, CURLPAUSE_CONT), CURLE_OK);
    assert_int_equal(load_end(&load, place.core), 0);
    assert_int_equal(load.got, 3000000);
    load_free(&load);
    place_close(&place);
}

/* The clock sleeps until the first one's time-out, and must hear that the second one begins. */
static void a_transfer_goes_on_beside_one_that_hangs(void **state)
{
    struct place place;
    struct load hangs;
    struct load load;

    (void)state;
    place_open(&place, NULL);
    load_init(&hangs, &place.web, "hang/0");
    curl_easy_setopt(hangs.easy, CURLOPT_TIMEOUT, 3600L);
    load_start(&hangs, place.core, place.curl);
    while (place.web.requests == 0)
        assert_true(eddy_core_turn(place.core, EDDY_SECOND) >= 0);
    test_settle(place.core);
    load_init(&load, &place.web, "bytes/10");
    load_start(&load, place.core, place.curl);
    for (int turn = 0; place.web.requests == 1; turn++) { /* without waiting for any time */
        assert_in_range(turn, 0, 1000);
        test_turn(place.core);
    }
    assert_int_equal(load_end(&load, place.core), 0);
    load_free(&load);
    eddy_join_abort(hangs.join);
    eddy_join_free(hangs.join);
    load_free(&hangs);
    place_close(&place);
}

static void options_of_another_size_are_refused(void **state)
{
    eddy_core *core = test_core();
    const eddy_curl_options options = {.size_bytes = 1};
    eddy_curl *curl = NULL;

    (void)state;
    assert_int_equal(eddy_curl_new(eddy_core_handle(core), &options, &curl), -EINVAL);
    assert_null(curl);
    eddy_curl_free(NULL);
    test_core_end(core);
}

static void on_a_simulated_loop_transfers_are_refused(void **state)
{
    eddy_core *core = test_core_with((eddy_core_options){.driver = "sim"});
    struct web web = {.addr = eddy_addr_ipv4_loopback(1)};
    eddy_curl *curl = NULL;
    struct load load;

    (void)state;
    assert_int_equal(eddy_curl_new(eddy_core_handle(core), NULL, &curl), 0);
    load_init(&load, &web, "bytes/1");
    assert_int_equal(load_run(&load, core, curl), -EOPNOTSUPP);
    load_free(&load);
    eddy_curl_free(curl);
    test_core_end(core);
}

/* ---- misuse ---- */

static void free_too_early(void *arg)
{
    struct place place;
    struct load load;

    (void)arg;
    place_open(&place, NULL);
    load_init(&load, &place.web, "hang/0");
    load_start(&load, place.core, place.curl);
    test_settle(place.core);
    eddy_curl_free(place.curl);
}

static void a_free_with_transfers_is_asserted(void **state)
{
    (void)state;
    assert_dies(free_too_early, NULL, "eddy_curl_free is called with 1 transfers under way");
}

static size_t write_and_drop(char *data, size_t one, size_t len, void *arg)
{
    struct load *load = arg;

    (void)data;
    eddy_join_abort((load + 1)->join);
    return one * len;
}

static void drop_inside(void *arg)
{
    struct place place;
    struct load loads[2];

    (void)arg;
    place_open(&place, NULL);
    load_init(&loads[0], &place.web, "bytes/100");
    load_init(&loads[1], &place.web, "hang/0");
    curl_easy_setopt(loads[0].easy, CURLOPT_WRITEFUNCTION, write_and_drop);
    load_start(&loads[1], place.core, place.curl);
    test_settle(place.core);
    (void)load_run(&loads[0], place.core, place.curl);
}

static void a_drop_inside_a_callback_is_asserted(void **state)
{
    (void)state;
    assert_dies(drop_inside, NULL, "a transfer is dropped inside a callback");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_all_sizes_come_whole),
        cmocka_unit_test(a_thousand_transfers_share_ten_connections),
        cmocka_unit_test(an_upload_goes_whole),
        cmocka_unit_test(a_handle_can_be_used_again),
        cmocka_unit_test(a_paused_transfer_waits_and_goes_on),
        cmocka_unit_test(a_refused_connection_is_told),
        cmocka_unit_test(a_time_out_of_curls_is_told),
        cmocka_unit_test(other_ends_are_told),
        cmocka_unit_test(a_bad_url_is_told),
        cmocka_unit_test(a_handle_in_use_is_refused_and_goes_on),
        cmocka_unit_test(a_transfer_goes_on_beside_one_that_hangs),
        cmocka_unit_test(options_of_another_size_are_refused),
        cmocka_unit_test(on_a_simulated_loop_transfers_are_refused),
        cmocka_unit_test(a_free_with_transfers_is_asserted),
        cmocka_unit_test(a_drop_inside_a_callback_is_asserted),
    };

    assert_int_equal(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
