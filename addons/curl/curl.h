/* SPDX-License-Identifier: MIT */
/*
 * curl.h - the inside of eddy-curl: curl.c has the object and its transfers, sockets.c what curl asks
 * to be told of. It stands on eddy's public headers alone.
 *
 * libcurl calls back while it is called, and must not be called then. So a callback notes what is
 * wanted and wakes a task: the clock, of which there is one while there are transfers, or the
 * watcher of a socket. Those call curl, and then look which transfers have ended.
 *
 * The struct lives until its user, its clock and its watchers have all let go of it.
 */
#ifndef EDDY__CURL_H
#define EDDY__CURL_H

#include <eddy/async.h>
#include <eddy/curl.h>
#include <eddy/time.h>

typedef struct curl_transfer eddy__transfer;

struct eddy_curl {
    CURLM *multi;
    eddy_handle *handle; /* not touched once it is freed: the loop may be gone */
    eddy__transfer *transfers;
    size_t count;
    uint32_t refs;
    bool ticking;       /* the clock is there */
    bool calling;       /* inside libcurl */
    bool freed;         /* by the user */
    int64_t due_ns;     /* when curl wants to be called; EDDY_FOREVER: not for the time */
    int64_t armed_ns;   /* the clock sleeps until then */
    eddy_waiter clock;  /* where it waits for another time */
    eddy_result broken; /* < 0: ends all transfers */
};

void eddy__curl_unref(eddy_curl *self);
/* End all transfers with this error, soon. */
void eddy__curl_break(eddy_curl *self, eddy_result error);
/* After each call that may have ended transfers. */
void eddy__curl_collect(eddy_curl *self);

/* sockets.c. 0 or -errno. */
int eddy__curl_listen(eddy_curl *self);
/* The clock runs from now on, as long as there are transfers. 0 or < 0. */
int eddy__curl_tick(eddy_curl *self);

/* A programmer's mistake. */
#define EDDY__CURL_ASSERT(condition, ...)                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            eddy__curl_fail(__VA_ARGS__);                                                          \
    } while (0)
EDDY_NORETURN void eddy__curl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
