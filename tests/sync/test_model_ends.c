/* SPDX-License-Identifier: MIT */
/*
 * test_model_ends.c - a oneshot and a channel in every interleaving (model.h): each item is
 * received, destroyed or still the sender's, exactly one of them; whoever waits hears of the other
 * end's end; the memory goes once.
 */
#include "model.h"
#include "sync/channel.c"      /* NOLINT(bugprone-suspicious-include) */
#include "sync/channel_ends.c" /* NOLINT(bugprone-suspicious-include) */
#define receive_ready  oneshot_receive_ready
#define receive_take   oneshot_receive_take
#define receive_type   oneshot_receive_type
#define receiving      oneshot_receiving
#define receive_poll   oneshot_receive_poll
#define receive_future oneshot_receive_future
#include "sync/oneshot.c" /* NOLINT(bugprone-suspicious-include) */

enum { ITEMS = 3 };

static struct {
    eddy_oneshot_sender *answerer;
    eddy_oneshot_receiver *asker;
    eddy_sender *sender;
    eddy_receiver *receiver;
    eddy_ticket tickets[MODEL_THREADS];
    int sent, received, destroyed, refused, ended;
    int last; /* item received */
} shared;

static void destroy(void *arg, void *item)
{
    (void)arg;
    (void)item;
    shared.destroyed++;
}

static void set_up_oneshot(void)
{
    eddy_oneshot_options options = {.size_bytes = sizeof options,
                                    .item_bytes = sizeof(int),
                                    .drop_item = destroy,
                                    .allocator = &model_allocator};

    memset(&shared, 0, sizeof shared);
    model_tasks_begin();
    eddy__model_check(eddy_oneshot_new(NULL, &options, &shared.answerer, &shared.asker) == 0,
                      "out of memory");
}

/* ---- oneshot ---- */

static void answer_it(void)
{
    int item = 7, n = eddy_oneshot_send(shared.answerer, &item);

    shared.sent += n == 0;
    shared.refused += n == EDDY_CLOSED;
    eddy_oneshot_sender_free(shared.answerer);
}

static void answer_nothing(void)
{
    eddy_oneshot_sender_free(shared.answerer);
}

static void hear_answer(void)
{
    eddy_result n;
    int item = 0;

    MODEL_AWAIT(n, eddy_oneshot_poll_receive(shared.asker, model_current(), &item));
    shared.received += n == 1 && item == 7;
    shared.ended += n == EDDY_CLOSED;
    eddy_oneshot_receiver_free(shared.asker);
}

static void hear_answer_blocking(void)
{
    int item = 0, n = eddy_oneshot_wait_receive(shared.asker, &item);

    shared.received += n == 1 && item == 7;
    shared.ended += n == EDDY_CLOSED;
    eddy_oneshot_receiver_free(shared.asker);
}

/* The future that receives is dropped after one poll, and with it the receiver. */
static void hear_and_drop(void)
{
    oneshot *inside = of_receiver(shared.asker);
    int item = 0;

    shared.received +=
        eddy_oneshot_poll_receive(shared.asker, model_current(), &item) == 1 && item == 7;
    model_drop(&inside->receiver_ticket);
    eddy_oneshot_receiver_free(shared.asker);
}

static void close_and_look(void)
{
    int item = 0;

    eddy_oneshot_close(shared.asker);
    shared.received += eddy_oneshot_try_receive(shared.asker, &item) == 1 && item == 7;
    eddy_oneshot_receiver_free(shared.asker);
}

static void wait_for_the_close(void)
{
    eddy_result n;

    MODEL_AWAIT(n, eddy_oneshot_poll_closed(shared.answerer, model_current()));
    shared.ended += n == 0;
    answer_it();
}

static void check_oneshot(void)
{
    eddy__model_check(shared.sent == shared.received + shared.destroyed,
                      "an item that was sent is lost or doubled");
    eddy__model_check(shared.sent + shared.refused == 1, "a send tells neither");
    model_check_clean();
}

static void check_oneshot_heard(void)
{
    eddy__model_check(shared.received == 1, "who waits does not get the item");
    check_oneshot();
}

static void check_oneshot_ended(void)
{
    eddy__model_check(shared.ended == 1, "who waits does not hear of the end");
    model_check_clean();
}

CLAIM(an_answer_reaches_the_task_that_waits, set_up_oneshot, check_oneshot_heard,
      {hear_answer, false}, {answer_it, false})
CLAIM(an_answer_reaches_the_thread_that_waits, set_up_oneshot, check_oneshot_heard,
      {hear_answer_blocking, false}, {answer_it, false})
CLAIM(no_answer_is_heard_by_the_task_that_waits, set_up_oneshot, check_oneshot_ended,
      {hear_answer, false}, {answer_nothing, false})
CLAIM(no_answer_is_heard_by_the_thread_that_waits, set_up_oneshot, check_oneshot_ended,
      {hear_answer_blocking, false}, {answer_nothing, false})
CLAIM(an_answer_to_one_that_drops_is_received_destroyed_or_refused, set_up_oneshot, check_oneshot,
      {hear_and_drop, false}, {answer_it, false})
CLAIM(an_answer_to_one_that_closes_is_received_or_refused, set_up_oneshot, check_oneshot,
      {close_and_look, false}, {answer_it, false})
CLAIM(who_waits_for_the_close_hears_of_it, set_up_oneshot, check_oneshot_ended,
      {wait_for_the_close, false}, {close_and_look, false})

/* ---- channel ---- */

static void set_up_channel(uint32_t senders)
{
    eddy_channel_options options = {.size_bytes = sizeof options,
                                    .item_bytes = sizeof(int),
                                    .capacity = 1,
                                    .drop_item = destroy,
                                    .allocator = &model_allocator};

    memset(&shared, 0, sizeof shared);
    model_tasks_begin();
    eddy__model_check(eddy_channel_new(NULL, &options, &shared.sender, &shared.receiver) == 0,
                      "out of memory");
    while (senders-- > 1)
        (void)eddy_sender_retain(shared.sender);
}

static void set_up_one_sender(void)
{
    set_up_channel(1);
}

static void set_up_two_senders(void)
{
    set_up_channel(2);
}

static eddy_ticket *my_ticket(void)
{
    return &shared.tickets[model.current];
}

static void send_items(int items)
{
    for (int i = 0; i < items; i++) {
        eddy_result n;

        MODEL_AWAIT(n, eddy_sender_poll_send(shared.sender, model_current(), my_ticket(), &i));
        shared.sent += n == 0;
        shared.refused += n == EDDY_CLOSED;
    }
    eddy_sender_free(shared.sender);
}

static void send_three(void)
{
    send_items(ITEMS);
}

static void send_one(void)
{
    send_items(1);
}

static void send_one_blocking(void)
{
    int item = 1, n = eddy_sender_wait_send(shared.sender, &item);

    shared.sent += n == 0;
    shared.refused += n == EDDY_CLOSED;
    eddy_sender_free(shared.sender);
}

static void send_and_drop(void)
{
    int item = 1;
    eddy_result n = eddy_sender_poll_send(shared.sender, model_current(), my_ticket(), &item);

    shared.sent += n == 0;
    model_drop(my_ticket());
    eddy_sender_free(shared.sender);
}

/* Keeps room, and goes without using it. */
static void keep_room_and_drop(void)
{
    (void)!eddy_sender_poll_ready(shared.sender, model_current(), my_ticket());
    model_drop(my_ticket());
    eddy_sender_free(shared.sender);
}

static void receive_all(void)
{
    eddy_result n;
    int item;

    for (;;) {
        MODEL_AWAIT(n, eddy_receiver_poll_next(shared.receiver, model_current(), &item));
        if (n != 1)
            break;
        shared.received++;
    }
    shared.ended += n == 0;
    eddy_receiver_free(shared.receiver);
}

static void receive_all_blocking(void)
{
    int item;

    while (eddy_receiver_wait_next(shared.receiver, &item) == 1)
        shared.received++;
    shared.ended++;
    eddy_receiver_free(shared.receiver);
}

static void receive_one_and_go(void)
{
    int item;

    shared.received += eddy_receiver_try_next(shared.receiver, &item) == 1;
    eddy_receiver_free(shared.receiver);
}

static void close_and_drain(void)
{
    int item;

    eddy_receiver_close(shared.receiver);
    while (eddy_receiver_try_next(shared.receiver, &item) == 1)
        shared.received++;
    eddy_receiver_free(shared.receiver);
}

static void check_channel(void)
{
    eddy__model_check(shared.sent == shared.received + shared.destroyed,
                      "an item that was sent is lost or doubled");
    model_check_clean();
}

static void check_all_received(void)
{
    eddy__model_check(shared.ended == 1, "the receiver does not hear of the end");
    eddy__model_check(shared.refused == 0 && shared.destroyed == 0,
                      "an item is refused or destroyed while the receiver receives");
    check_channel();
}

static void check_drained(void)
{
    eddy__model_check(shared.destroyed == 0, "something came in after it was drained");
    check_channel();
}

CLAIM(three_items_through_room_for_one_all_arrive, set_up_one_sender, check_all_received,
      {send_three, false}, {receive_all, false})
CLAIM(items_of_a_task_and_a_thread_all_arrive, set_up_two_senders, check_all_received,
      {send_one, false}, {send_one_blocking, false}, {receive_all_blocking, false})
CLAIM(a_send_that_is_dropped_keeps_nobody_from_sending, set_up_two_senders, check_all_received,
      {send_and_drop, false}, {send_one, false}, {receive_all, false})
CLAIM(room_that_is_kept_and_dropped_keeps_nobody_from_sending, set_up_two_senders,
      check_all_received, {keep_room_and_drop, false}, {send_one, false}, {receive_all, false})
CLAIM(senders_in_line_hear_that_the_receiver_goes, set_up_two_senders, check_channel,
      {send_three, false}, {send_one_blocking, false}, {receive_one_and_go, false})
CLAIM(nothing_comes_in_after_the_close, set_up_two_senders, check_drained, {send_three, false},
      {send_and_drop, false}, {close_and_drain, false})

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_reaches_the_task_that_waits),
        cmocka_unit_test(an_answer_reaches_the_thread_that_waits),
        cmocka_unit_test(no_answer_is_heard_by_the_task_that_waits),
        cmocka_unit_test(no_answer_is_heard_by_the_thread_that_waits),
        cmocka_unit_test(an_answer_to_one_that_drops_is_received_destroyed_or_refused),
        cmocka_unit_test(an_answer_to_one_that_closes_is_received_or_refused),
        cmocka_unit_test(who_waits_for_the_close_hears_of_it),
        cmocka_unit_test(three_items_through_room_for_one_all_arrive),
        cmocka_unit_test(items_of_a_task_and_a_thread_all_arrive),
        cmocka_unit_test(a_send_that_is_dropped_keeps_nobody_from_sending),
        cmocka_unit_test(room_that_is_kept_and_dropped_keeps_nobody_from_sending),
        cmocka_unit_test(senders_in_line_hear_that_the_receiver_goes),
        cmocka_unit_test(nothing_comes_in_after_the_close),
    };

    return cmocka_run_group_tests_name("sync: ends, every interleaving", tests, NULL, NULL);
}
