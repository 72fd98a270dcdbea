/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - what curl asks to be told of: the readiness of its sockets, each watched by a task, and
 * the time, by one more.
 *
 * curl thinks in levels: a socket that is readable is told so again and again, whatever it has left
 * unread. eddy_fd tells edges and keeps them, so a watcher asks the system whether what it was told
 * still holds (poll(2), which does not wait), and takes the edge back only when it does not.
 *
 * curl closes its sockets itself, right after it has said CURL_POLL_REMOVE, which may be inside the drop
 * of a transfer. So the descriptor is let go of in the callback; the watcher, which cannot be ended at
 * that moment, ends by itself.
 */
#include "curl.h"

#include <eddy/fd.h>
#include <eddy/task.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

/* ---- sockets ---- */

/* Freed by whoever is last: the watcher, or curl's REMOVE. */
typedef struct eddy__watched {
    eddy_curl *curl;
    curl_socket_t socket;
    eddy_fd *fd; /* NULL: the watcher is gone */
    uint32_t mask;
    bool removed;
    eddy_waiter change; /* where the watcher waits for another mask */
} eddy__watched;

static const eddy_wait_type change_wait = {.why = "curl: socket"};

/* As curl_multi_socket_action() wants it; 0: nothing of what it waits for holds now. */
static int level(const eddy__watched *self)
{
    struct pollfd at = {.fd = self->socket};
    int ready = 0;

    if ((self->mask & EDDY_FD_READABLE) != 0)
        at.events |= POLLIN;
    if ((self->mask & EDDY_FD_WRITABLE) != 0)
        at.events |= POLLOUT;
    if (poll(&at, 1, 0) <= 0)
        return 0;
    if ((at.revents & (POLLIN | POLLHUP)) != 0)
        ready |= CURL_CSELECT_IN;
    if ((at.revents & POLLOUT) != 0)
        ready |= CURL_CSELECT_OUT;
    if ((at.revents & (POLLERR | POLLNVAL)) != 0)
        ready |= CURL_CSELECT_ERR;
    return ready;
}

static void call_curl(eddy_curl *self, curl_socket_t socket, int ready)
{
    int running;

    self->calling = true;
    (void)curl_multi_socket_action(self->multi, socket, ready, &running);
    self->calling = false;
    eddy__curl_collect(self);
}

static eddy_result watch(eddy__watched *self, eddy_task *task)
{
    while (!self->removed) {
        eddy_result n = EDDY_PENDING;
        int ready;

        if (self->mask != 0)
            n = eddy_fd_poll_ready(self->fd, task, self->mask);
        if (n == EDDY_PENDING)
            return eddy_waiter_park(&self->change, task, &change_wait);
        if (n < 0)
            return n;
        ready = level(self);
        if (ready == 0)
            eddy_fd_clear(self->fd, self->mask);
        else
            call_curl(self->curl, self->socket, ready);
    }
    return 0;
}

struct curl_watcher {
    EDDY_FRAME;
    eddy__watched *watched;
};

static void watcher_done(struct curl_watcher *self)
{
    eddy__watched *watched = self->watched;
    eddy_curl *curl = watched->curl;

    eddy_fd_free(watched->fd);
    watched->fd = NULL;
    if (watched->removed)
        free(watched);
    eddy__curl_unref(curl);
}

EDDY_ASYNC(curl_watcher, watcher_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, watch(self->watched, task));
        if (!self->watched->removed) /* the loop could not go on watching it */
            eddy__curl_break(self->watched->curl, n);
        EDDY_END(0);
}

/* NULL: no memory, or what *error says. */
static eddy__watched *watched_new(eddy_curl *curl, curl_socket_t socket, int *error)
{
    eddy__watched *self = calloc(1, sizeof *self);

    *error = -ENOMEM;
    if (self == NULL)
        return NULL;
    self->curl = curl;
    self->socket = socket;
    *error = eddy_fd_new(curl->handle, socket, NULL, &self->fd);
    if (*error == 0) {
        curl->refs++;
        *error = eddy_spawn(curl->handle, EDDY_FUTURE(curl_watcher, .watched = self));
    }
    if (*error == 0)
        return self;
    free(self); /* the future was dropped, and its `done` has freed the rest */
    return NULL;
}

static void watched_remove(eddy__watched *self)
{
    if (self->fd == NULL) {
        free(self);
        return;
    }
    self->removed = true;
    eddy_fd_let_go(self->fd);
    eddy_waiter_wake(&self->change);
}

static uint32_t mask_of(int what)
{
    switch (what) {
    case CURL_POLL_IN:
        return EDDY_FD_READABLE;
    case CURL_POLL_OUT:
        return EDDY_FD_WRITABLE;
    case CURL_POLL_INOUT:
        return EDDY_FD_READABLE | EDDY_FD_WRITABLE;
    default:
        return 0;
    }
}

/* Never an error for curl: it would take nothing any more, for good. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *socket_arg)
{
    eddy_curl *self = arg;
    eddy__watched *watched = socket_arg;
    int error = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL)
            watched_remove(watched);
        return 0;
    }
    if (self->freed)
        return 0;
    if (watched == NULL)
        watched = watched_new(self, socket, &error);
    if (watched == NULL) {
        eddy__curl_break(self, error);
        return 0;
    }
    watched->mask = mask_of(what);
    (void)curl_multi_assign(self->multi, socket, watched); /* the socket is known: it cannot fail */
    eddy_waiter_wake(&watched->change);
    return 0;
}

/* ---- the time ---- */

struct curl_clock {
    EDDY_FRAME;
    eddy_curl *curl;
    eddy_sleep sleep;
};

static void clock_done(struct curl_clock *self)
{
    self->curl->ticking = false;
    self->curl->armed_ns = EDDY_FOREVER;
    eddy__curl_unref(self->curl);
}

/* EDDY_PENDING: not yet. */
static eddy_result sleep_until_due(struct curl_clock *self, eddy_task *task)
{
    eddy_curl *curl = self->curl;
    eddy_result n = EDDY_PENDING;

    curl->armed_ns = curl->due_ns;
    if (curl->due_ns == EDDY_FOREVER) {
        eddy_sleep_stop(&self->sleep, task);
    } else {
        eddy_sleep_start_at(&self->sleep, task, curl->due_ns);
        n = eddy_sleep_poll(&self->sleep, task);
    }
    return n == EDDY_PENDING ? eddy_waiter_park(&curl->clock, task, &change_wait) : n;
}

static eddy_result tick(struct curl_clock *self, eddy_task *task)
{
    eddy_curl *curl = self->curl;

    while (curl->count > 0) {
        eddy_result n = sleep_until_due(self, task);

        if (n != 0)
            return n;
        curl->due_ns = EDDY_FOREVER;
        curl->armed_ns = 0; /* whatever comes, we look at it */
        call_curl(curl, CURL_SOCKET_TIMEOUT, 0);
    }
    return 0;
}

EDDY_ASYNC(curl_clock, clock_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, tick(self, task));
        EDDY_END(n < 0 ? n : 0);
}

/* A later time than before wakes nobody: the clock finds that out when it comes to the earlier one. */
static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    eddy_curl *self = arg;

    (void)multi;
    if (self->freed)
        return 0;
    if (timeout_ms < 0)
        self->due_ns = EDDY_FOREVER;
    else
        self->due_ns = eddy_now_ns(self->handle) + timeout_ms * EDDY_MILLISECOND;
    if (self->due_ns < self->armed_ns)
        eddy_waiter_wake(&self->clock);
    return 0;
}

int eddy__curl_tick(eddy_curl *self)
{
    int error;

    if (self->ticking)
        return 0;
    self->refs++;
    self->ticking = true;
    error = eddy_spawn(self->handle, EDDY_FUTURE(curl_clock, .curl = self));
    return error; /* on error its `done` has taken both back */
}

int eddy__curl_listen(eddy_curl *self)
{
    CURLM *multi = self->multi;

    if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, self) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, self) != CURLM_OK)
        return -ENOSYS; /* a libcurl of before 2006 */
    return 0;
}
