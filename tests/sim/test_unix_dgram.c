/* SPDX-License-Identifier: MIT */
/*
 * Tests of src/sim/unix_dgram*.c: what is the simulator's own - paths, hosts, crashes, chance, what it
 * does not have. What the kernel does so, too, is shown by test_unix_dgram_fidelity.c.
 */
#include "failing.h"

#include "eddy/unix_dgram.h"
#include "sys/datagrams_unix.h"

static const eddy__datagram_sort DGRAM = EDDY__DATAGRAM_UNIX, MESSAGES = EDDY__DATAGRAM_SEQPACKET;

static const eddy__unix_datagrams *calls(void)
{
    return a->system.type->datagrams->unix_names;
}

static const eddy__unix_sockets *names(void)
{
    return a->system.type->unix_sockets;
}

static eddy_unix_addr name_of(eddy_unix_kind kind, const char *text)
{
    eddy_unix_addr addr = {.kind = (uint8_t)kind, .len = (uint8_t)strlen(text)};

    memcpy(addr.name, text, addr.len);
    return addr;
}

static eddy_unix_addr path(const char *text)
{
    return name_of(EDDY_UNIX_PATH, text);
}

static int open_one(eddy__sim_host *host, eddy__datagram_sort sort)
{
    int fd = calls()->open(&host->system, sort);

    assert_true(fd >= 0);
    return fd;
}

static int bind_at(eddy__sim_host *host, int fd, eddy_unix_addr name, eddy__unix_place *place)
{
    const eddy__unix_listen how = {.mode = 0600};

    return calls()->bind(&host->system, fd, &name, &how, place);
}

static int bound(eddy__sim_host *host, eddy__datagram_sort sort, const char *text)
{
    eddy__unix_place place;
    int fd = open_one(host, sort);

    assert_int_equal(bind_at(host, fd, path(text), &place), 0);
    assert_true(place.ours);
    return fd;
}

static int connect_name(eddy__sim_host *host, int fd, eddy_unix_addr to)
{
    return calls()->connect(&host->system, fd, &to);
}

static int post_to(eddy__sim_host *host, int fd, eddy_unix_addr to)
{
    const eddy_datagram it = {.data = "x", .len = 1, .name = &to};

    return calls()->send(&host->system, fd, DGRAM, &it);
}

static int post(eddy__sim_host *host, int fd)
{
    const eddy_datagram it = {.data = "x", .len = 1};

    return calls()->send(&host->system, fd, DGRAM, &it);
}

/* 0 or what is told. */
static int take(eddy__sim_host *host, int fd, eddy__datagram_sort sort)
{
    char memory[4];
    eddy_datagram it = {.data = memory, .room = sizeof memory};

    return calls()->recv(&host->system, fd, sort, &it);
}

static two pair_of(eddy__sim_host *host, eddy__datagram_sort sort)
{
    int fds[2];

    assert_int_equal(calls()->pair(&host->system, sort, fds), 0);
    return (two){fds[0], fds[1]};
}

/* ---- paths ---- */

static void a_path_is_one_file_for_all_types(void **state)
{
    const eddy__unix_listen how = {.backlog = 2, .mode = -1};
    const eddy_unix_addr at = path("/run/stream"), taken = path("/run/dgram");
    eddy__unix_place place;
    int dgram = bound(a, DGRAM, "/run/dgram"), messages = open_one(a, MESSAGES);

    (void)state;
    assert_int_equal(bind_at(a, messages, path("/run/dgram"), &place), -EADDRINUSE);
    assert_false(place.ours);
    assert_int_equal(names()->listen(&a->system, &taken, &how, &place), -EADDRINUSE);
    assert_int_equal(names()->connect(&a->system, &taken), -EPROTOTYPE);
    assert_true(names()->listen(&a->system, &at, &how, &place) >= 0);
    assert_int_equal(post_to(a, dgram, path("/run/stream")), -EPROTOTYPE);
    assert_int_equal(connect_name(a, messages, path("/run/dgram")), -EPROTOTYPE);
    assert_int_equal(connect_name(a, dgram, path("/run/stream")), -EPROTOTYPE);
    assert_int_equal(post_to(a, dgram, path("/run/nothing")), -ENOENT);
}

static void a_path_stays_behind_and_is_replaced_on_request_alone(void **state)
{
    const eddy_unix_addr name = path("/run/it");
    const eddy__unix_listen replace = {.mode = -1, .replace_stale = true};
    eddy__unix_place first, second;
    int fd = open_one(a, DGRAM);

    (void)state;
    assert_int_equal(bind_at(a, fd, name, &first), 0);
    hang_up(a, fd);
    fd = open_one(a, DGRAM);
    assert_int_equal(names()->is_stale(&a->system, &name), 1);
    assert_int_equal(post_to(a, fd, name), -ECONNREFUSED);
    assert_int_equal(bind_at(a, fd, name, &second), -EADDRINUSE);
    assert_int_equal(calls()->bind(&a->system, fd, &name, &replace, &second), 0);
    names()->remove(&a->system, &first); /* no longer its own */
    assert_int_equal(post_to(a, fd, name), 1);
    names()->remove(&a->system, &second);
    assert_int_equal(post_to(a, fd, name), -ENOENT);
    assert_int_equal(take(a, fd, DGRAM), 0);
}

static void a_name_is_of_its_host_alone(void **state)
{
    int here = bound(a, DGRAM, "/run/it"), there = open_one(b, DGRAM);

    (void)state;
    assert_int_equal(post_to(b, there, path("/run/it")), -ENOENT);
    (void)bound(b, DGRAM, "/run/it");
    assert_int_equal(post_to(b, there, path("/run/it")), 1);
    assert_int_equal(take(a, here, DGRAM), -EAGAIN);
}

static void a_crash_takes_letters_and_sockets_and_leaves_the_paths(void **state)
{
    const eddy_unix_addr name = path("/run/it"), abstract = name_of(EDDY_UNIX_ABSTRACT, "it");
    int l = bound(a, MESSAGES, "/run/l"), client = open_one(a, MESSAGES);
    int one = bound(a, DGRAM, "/run/it"), other = open_one(a, DGRAM);
    two it = pair_of(a, DGRAM);
    eddy__unix_place place;

    (void)state;
    assert_int_equal(calls()->listen(&a->system, l, 4), 0);
    assert_int_equal(connect_name(a, client, path("/run/l")), 0);
    assert_int_equal(bind_at(a, other, abstract, &place), 0);
    assert_int_equal(post_to(a, other, name), 1);
    assert_int_equal(post_to(a, one, abstract), 1);
    assert_int_equal(connect_name(a, other, abstract), 0);
    assert_int_equal(post(a, it.a), 1);
    eddy__sim_host_crash(a);
    eddy__sim_host_start(a);
    assert_int_equal(take(a, one, DGRAM), -EBADF);
    assert_int_equal(names()->is_stale(&a->system, &name), 1);
    one = open_one(a, DGRAM);
    assert_int_equal(post_to(a, one, name), -ECONNREFUSED);
    assert_int_equal(bind_at(a, one, abstract, &place), 0);
    assert_int_equal(take(a, one, DGRAM), -EAGAIN);
}

/* ---- what it does not have ---- */

static void descriptors_are_not_passed(void **state)
{
    two it = pair_of(a, DGRAM);
    int fds[1] = {it.a};
    eddy_passed passed = {.fds = fds, .count = 1};
    eddy_datagram datagram = {.data = "x", .len = 1, .passed = &passed};

    (void)state;
    assert_int_equal(calls()->send(&a->system, it.a, DGRAM, &datagram), -EOPNOTSUPP);
    passed.count = EDDY_PASSED_MAX + 1;
    assert_int_equal(calls()->send(&a->system, it.a, DGRAM, &datagram), -EINVAL);
    passed.count = 0;
    assert_int_equal(calls()->send(&a->system, it.a, DGRAM, &datagram), 1);
    assert_int_equal(take(a, it.b, DGRAM), 0);
    assert_int_equal(take(a, it.b, DGRAM), -EAGAIN);
}

static void it_is_no_other_socket_and_no_other_is_it(void **state)
{
    const eddy__datagrams *udp = a->system.type->datagrams;
    const eddy_addr somewhere = addr_of(a, 53);
    two it = pair_of(a, MESSAGES);
    int fds[2], value;
    eddy__datagram_sort sort;
    eddy_addr addr = addr_of(a, 1);

    (void)state;
    assert_int_equal(a->system.type->pair(&a->system, fds), 0);
    assert_int_equal(post(a, fds[0]), -EOPNOTSUPP);
    assert_int_equal(take(a, fds[0], DGRAM), -EOPNOTSUPP);
    assert_int_equal(calls()->accept(&a->system, fds[0]), -EOPNOTSUPP);
    assert_int_equal(post(a, 77), -EBADF);
    assert_int_equal(udp->adopt(&a->system, fds[0], &sort), -EINVAL);
    assert_int_equal(udp->adopt(&a->system, it.a, &sort), 0);
    assert_int_equal(sort, EDDY__DATAGRAM_SEQPACKET);
    assert_int_equal(a->system.type->adopt(&a->system, it.a, false), -EINVAL);
    assert_int_equal(udp->connect(&a->system, it.a, &somewhere), -EINVAL);
    assert_int_equal(udp->connect(&a->system, it.a, &(eddy_addr){0}), -EINVAL);
    assert_int_equal(udp->set(&a->system, it.a, EDDY__DATAGRAM_TTL, 3), -ENOPROTOOPT);
    assert_int_equal(udp->get(&a->system, it.a, EDDY__DATAGRAM_TTL, &value), -ENOPROTOOPT);
    assert_int_equal(a->system.type->local_addr(&a->system, it.a, &addr), 0);
    assert_int_equal(addr.family, EDDY_ADDR_NONE);
    assert_int_equal(a->system.type->peer_addr(&a->system, it.a, &addr), 0);
    assert_false(a->system.type->is_reset(&a->system, it.a));
}

/* ---- who is told ---- */

typedef struct ear {
    eddy__sim_watcher watcher;
    int heard;
} ear;

static void hear_it(eddy__sim_watcher *watcher)
{
    ((ear *)(void *)watcher)->heard++;
}

/* Of room: a sender whose own buffer was full once enough of it is free, one who was kept out of a
 * mailbox with the first letter that is taken. */
static void who_waits_for_room_is_told_when_there_is_some(void **state)
{
    ear sender = {.watcher.changed = hear_it}, outsider = sender;
    int one = open_one(a, DGRAM), other = bound(a, DGRAM, "/run/it");
    two it = pair_of(a, DGRAM);

    (void)state;
    assert_int_equal(eddy__sim_watch(a, it.a, &sender.watcher), 0);
    while (post(a, it.a) == 1)
        continue;
    for (int left = 277; left > 69; left--) {
        assert_int_equal(sender.heard, 0);
        assert_int_equal(take(a, it.b, DGRAM), 0);
    }
    assert_int_equal(sender.heard, 1);
    assert_int_equal(connect_name(a, one, path("/run/it")), 0);
    assert_int_equal(eddy__sim_watch(a, one, &outsider.watcher), 0);
    while (post(a, one) == 1)
        continue;
    assert_int_equal(eddy__sim_ready(a, one), 0);
    assert_int_equal(take(a, other, DGRAM), 0);
    assert_int_equal(outsider.heard, 2); /* its buffer never was full: that is told, too */
    assert_int_equal(eddy__sim_ready(a, one), EDDY__SIM_WRITABLE);
    while (post(a, one) == 1)
        continue;
    hang_up(a, other);
    assert_true(outsider.heard > 2);
    assert_int_equal(eddy__sim_ready(a, one), EDDY__SIM_WRITABLE);
}

/* ---- descriptors, memory, chance ---- */

static void who_cannot_be_accepted_now_waits(void **state)
{
    int l = bound(a, MESSAGES, "/run/l"), client = open_one(a, MESSAGES), server;
    uint32_t most = a->fds_max;

    (void)state;
    assert_int_equal(calls()->listen(&a->system, l, 4), 0);
    assert_int_equal(connect_name(a, client, path("/run/l")), 0);
    a->accept_error = -ENFILE;
    a->accept_errors = 1;
    assert_int_equal(calls()->accept(&a->system, l), -ENFILE);
    a->fds_max = a->fds_used;
    assert_int_equal(calls()->accept(&a->system, l), -EMFILE);
    assert_int_equal(calls()->open(&a->system, DGRAM), -EMFILE);
    a->fds_max++;
    assert_int_equal(calls()->pair(&a->system, DGRAM, &(int[2]){0}[0]), -EMFILE);
    a->fds_max = most;
    server = calls()->accept(&a->system, l);
    assert_true(server >= 0);
    assert_int_equal(eddy__sim_ready(a, l), 0);
    hang_up(a, client);
    assert_int_equal(take(a, server, MESSAGES), EDDY_CLOSED);
}

static void without_memory_it_fails_and_leaves_nothing(void **state)
{
    bool done = false;

    (void)state;
    for (uint64_t n = 1; !done; n++) {
        int l, client, fds[2] = {-1, -1}, bind = -ENOMEM, error = -ENOMEM, sent = -ENOBUFS;
        eddy__unix_place place;

        open_failing_room();
        fail_at = n;
        l = calls()->open(&a->system, MESSAGES);
        client = calls()->open(&a->system, MESSAGES);
        if (l >= 0)
            bind = bind_at(a, l, path("/run/it"), &place);
        if (bind == 0)
            assert_int_equal(calls()->listen(&a->system, l, 4), 0);
        if (bind == 0 && client >= 0)
            error = connect_name(a, client, path("/run/it"));
        if (error == 0)
            error = calls()->pair(&a->system, DGRAM, fds);
        if (error == 0)
            sent = post(a, fds[0]);
        assert_true(error == 0 || error == -ENOMEM);
        assert_true(sent == 1 || sent == -ENOBUFS);
        done = fail_at > 0;
        assert_int_equal(done, sent == 1);
        assert_int_equal(a->fds_used, (l >= 0) + (client >= 0) + 2 * (fds[0] >= 0));
        close_failing_room();
    }
}

static void by_chance_a_send_finds_no_buffer(void **state)
{
    two it = pair_of(a, DGRAM);

    (void)state;
    room->chances[EDDY_CHAOS_DGRAM_ENOBUFS].ppm = 1000000;
    assert_int_equal(post(a, it.a), -ENOBUFS);
    room->chances[EDDY_CHAOS_DGRAM_ENOBUFS].ppm = 0;
    assert_int_equal(take(a, it.b, DGRAM), -EAGAIN);
    assert_int_equal(post(a, it.a), 1);
}

/* ---- the trace ---- */

static char lines[4096];

static void note(void *arg, const char *line)
{
    (void)arg;
    strncat(lines, line + strcspn(line, "#"), sizeof lines - strlen(lines) - 1);
    strncat(lines, "\n", sizeof lines - strlen(lines) - 1);
}

static void all_that_is_done_is_traced(void **state)
{
    static const char *const words[] = {"bind", "listen", "connect", "established", "accept",
                                        "send", "take",   "close",   "pair",        "disconnect"};
    two it;
    int l, client, server;

    (void)state;
    open_room(&(eddy__sim_options){.calm = true, .trace = note});
    l = bound(a, MESSAGES, "/run/l");
    client = open_one(a, MESSAGES);
    assert_int_equal(calls()->listen(&a->system, l, 4), 0);
    assert_int_equal(connect_name(a, client, path("/run/l")), 0);
    server = calls()->accept(&a->system, l);
    assert_int_equal(post(a, client), 1);
    assert_int_equal(take(a, server, MESSAGES), 0);
    hang_up(a, l);
    it = pair_of(a, DGRAM);
    assert_int_equal(a->system.type->datagrams->connect(&a->system, it.a, &(eddy_addr){0}), 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(lines, words[i]) == NULL)
            fail_msg("no word of %s in:\n%s", words[i], lines);
    eddy__sim_release(room);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, calm_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_is_one_file_for_all_types),
        TEST(a_path_stays_behind_and_is_replaced_on_request_alone),
        TEST(a_name_is_of_its_host_alone),
        TEST(a_crash_takes_letters_and_sockets_and_leaves_the_paths),
        TEST(descriptors_are_not_passed),
        TEST(it_is_no_other_socket_and_no_other_is_it),
        TEST(who_waits_for_room_is_told_when_there_is_some),
        TEST(who_cannot_be_accepted_now_waits),
        cmocka_unit_test(without_memory_it_fails_and_leaves_nothing),
        TEST(by_chance_a_send_finds_no_buffer),
        cmocka_unit_test(all_that_is_done_is_traced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
