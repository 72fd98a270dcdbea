/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_once.c - done by one, waited for by the others, taken over when that one fails or goes. All
 * claims hold for both kinds.
 */
#include <string.h>

#include "asked.h"
#include "support/death.h"

struct world {
    eddy_core *core;
    eddy_handle *handle;
    eddy_once *once;
    struct test_gate gate; /* the initialisation waits here */
    struct test_trace trace;
    int made;
};

static void begin(struct world *self, int kind)
{
    *self = (struct world){.core = test_core()};
    self->handle = eddy_core_handle(self->core);
    assert_int_equal(eddy_once_new(handle_of_kind(self->core, kind), NULL, &self->once), 0);
}

static void end(struct world *self)
{
    eddy_once_free(self->once);
    test_core_end(self->core);
}

static eddy_future *make(void *arg, eddy_handle *handle)
{
    struct world *world = arg;

    world->made++;
    return eddy_box(handle, EDDY_FUTURE(test_wait, .gate = &world->gate, .trace = &world->trace));
}

static void ask_run(struct world *world, struct asked *self)
{
    ask(world->core, self, eddy_once_run(world->handle, world->once, make, world));
}

static void the_first_does_it_and_the_others_wait_for_it(void **state)
{
    enum { OTHERS = 40 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked first, others[OTHERS], late;

        begin(&world, kind);
        ask_run(&world, &first);
        for (int i = 0; i < OTHERS; i++)
            ask_run(&world, &others[i]);
        assert_int_equal(world.made, 1);
        assert_false(eddy_once_is_done(world.once));
        assert_int_equal(eddy_once_try(world.once), -EAGAIN);
        test_gate_open(&world.gate, 7);
        asked_gave(world.core, &first, 0);
        for (int i = 0; i < OTHERS; i++)
            asked_gave(world.core, &others[i], 0);
        ask_run(&world, &late);
        asked_gave(world.core, &late, 0);
        assert_int_equal(eddy_once_try(world.once), 0);
        assert_true(eddy_once_is_done(world.once));
        assert_int_equal(world.made, 1);
        assert_int_equal(world.trace.dones, 1);
        end(&world);
    }
}

static void one_that_fails_tells_why_and_the_next_does_it(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked first, second;

        begin(&world, kind);
        ask_run(&world, &first);
        ask_run(&world, &second);
        test_gate_open(&world.gate, -EIO);
        test_turn(world.core);
        while (first.result == EDDY_PENDING)
            test_turn(world.core);
        assert_int_equal(first.result, -EIO);
        test_gate_open(&world.gate, 0);
        asked_gave(world.core, &second, 0);
        assert_int_equal(world.made, 2);
        assert_true(eddy_once_is_done(world.once));
        asked_drop(&first);
        end(&world);
    }
}

static void one_that_is_dropped_while_it_does_it_hands_on_after_it_has_cleaned_up(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked first, second, third;

        begin(&world, kind);
        ask_run(&world, &first);
        ask_run(&world, &second);
        ask_run(&world, &third);
        asked_drop(&first);
        assert_int_equal(world.trace.dones, 1);
        test_settle(world.core);
        assert_int_equal(world.made, 2);
        asked_drop(&second);
        test_gate_open(&world.gate, 0);
        asked_gave(world.core, &third, 0);
        assert_int_equal(world.made, 3);
        assert_int_equal(world.trace.dones, 3);
        end(&world);
    }
}

static void one_that_is_woken_to_do_it_and_dropped_hands_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked first, second, third;

        begin(&world, kind);
        ask_run(&world, &first);
        ask_run(&world, &second);
        ask_run(&world, &third);
        asked_drop(&first);
        asked_drop(&second); /* woken, not polled */
        test_settle(world.core);
        assert_int_equal(world.made, 2);
        test_gate_open(&world.gate, 0);
        asked_gave(world.core, &third, 0);
        end(&world);
    }
}

static void one_that_is_cancelled_while_it_does_it_hands_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked first, second;

        begin(&world, kind);
        ask_run(&world, &first);
        ask_run(&world, &second);
        eddy_join_cancel(first.join, EDDY_FOREVER);
        asked_gave(world.core, &first, -ECANCELED);
        assert_int_equal(world.made, 2);
        test_gate_open(&world.gate, 0);
        asked_gave(world.core, &second, 0);
        end(&world);
    }
}

/* ---- by hand ---- */

struct doer {
    EDDY_FRAME;
    eddy_once *once;
    struct test_gate *gate;
    bool forgets; /* ends without a word */
    int *did;
    eddy_ticket ticket;
};
EDDY_ASYNC(doer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_once_poll(self->once, task, &self->ticket));
        if (n != 1)
            EDDY_RETURN(n);
        EDDY_POLL(n, test_gate_poll(self->gate, task));
        (*self->did)++;
        if (!self->forgets)
            eddy_once_finish(self->once, &self->ticket, n >= 0);
        EDDY_END(n);
}

static void a_frame_that_ends_without_finishing_hands_on(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        int did = 0;

        begin(&world, kind);
        test_spawn(world.core, doer, .once = world.once, .gate = &world.gate, .did = &did,
                   .forgets = true);
        test_settle(world.core);
        test_spawn(world.core, doer, .once = world.once, .gate = &world.gate, .did = &did);
        test_settle(world.core);
        test_gate_open(&world.gate, 0);
        test_settle(world.core);
        assert_int_equal(did, 2);
        assert_true(eddy_once_is_done(world.once));
        end(&world);
    }
}

static void who_has_the_turn_says_so_in_the_report(void **state)
{
    static struct test_text text;
    struct world world;
    struct asked first, second;

    (void)state;
    begin(&world, ONE_LOOP);
    ask_run(&world, &first);
    ask_run(&world, &second);
    test_dump(world.core, &text);
    assert_non_null(strstr(text.text, "once: does it"));
    assert_non_null(strstr(text.text, "waits for once (once"));
    asked_drop(&second);
    asked_drop(&first);
    end(&world);
}

static void try_takes_the_turn_and_finish_without_a_ticket_ends_it(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct world world;
        struct asked waits;

        begin(&world, kind);
        assert_int_equal(eddy_once_try(world.once), 1);
        assert_int_equal(eddy_once_try(world.once), -EAGAIN);
        ask_run(&world, &waits);
        asked_waits(world.core, &waits);
        eddy_once_finish(world.once, NULL, false);
        test_settle(world.core);
        assert_int_equal(world.made, 1);
        test_gate_open(&world.gate, 0);
        asked_gave(world.core, &waits, 0);
        end(&world);

        begin(&world, kind);
        assert_int_equal(eddy_once_try(world.once), 1);
        eddy_once_finish(world.once, NULL, true);
        assert_int_equal(eddy_once_try(world.once), 0);
        end(&world);
    }
}

/* ---- misuse ---- */

static void finish_what_nobody_does(void *arg)
{
    struct world world;

    begin(&world, *(int *)arg);
    eddy_once_finish(world.once, NULL, true);
}

static void finish_with_a_ticket_without_the_turn(void *arg)
{
    struct world world;
    eddy_ticket ticket = {0};

    begin(&world, *(int *)arg);
    (void)!eddy_once_try(world.once);
    eddy_once_finish(world.once, &ticket, true);
}

static void free_while_one_does_it(void *arg)
{
    struct world world;
    struct asked first;

    begin(&world, *(int *)arg);
    ask_run(&world, &first);
    eddy_once_free(world.once);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        assert_dies(finish_what_nobody_does, &kind, "nobody has the turn to do it");
        assert_dies(finish_with_a_ticket_without_the_turn, &kind, "does not have the turn");
        assert_dies(free_while_one_does_it, &kind, "eddy_once_free: 1 still wait for it");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_does_it_and_the_others_wait_for_it),
        cmocka_unit_test(one_that_fails_tells_why_and_the_next_does_it),
        cmocka_unit_test(one_that_is_dropped_while_it_does_it_hands_on_after_it_has_cleaned_up),
        cmocka_unit_test(one_that_is_woken_to_do_it_and_dropped_hands_on),
        cmocka_unit_test(one_that_is_cancelled_while_it_does_it_hands_on),
        cmocka_unit_test(a_frame_that_ends_without_finishing_hands_on),
        cmocka_unit_test(who_has_the_turn_says_so_in_the_report),
        cmocka_unit_test(try_takes_the_turn_and_finish_without_a_ticket_ends_it),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
