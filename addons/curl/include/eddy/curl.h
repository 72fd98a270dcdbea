/* SPDX-License-Identifier: MIT */
/*
 * eddy/curl.h - transfers of libcurl's as futures of an eddy loop. The add-on library eddy-curl, over
 * curl's multi-socket interface: no thread, one task for each socket that curl has open.
 *
 *     easy = curl_easy_init();                      // set what you like: URL, callbacks, time-outs
 *     EDDY_AWAIT_FUTURE(n, self->transfer = eddy_curl_perform(curl, easy, &self->code));
 *     if (n == 0) curl_easy_getinfo(easy, ...);     // and use the handle again, or clean it up
 *
 * An easy handle is its maker's all the time, and must live until its future is gone: end the task
 * (or drop the future) first, then curl_easy_cleanup(). It is in curl's hands from the future's first
 * poll to its end, and must not be changed then, but by curl_easy_pause(): a write callback that
 * returns CURL_WRITEFUNC_PAUSE stops reading from the peer until somebody unpauses the handle.
 *
 * Callbacks run inside the loop's turn, and must not block. They may wake, spawn and send what they
 * like; they must not run loops, nor end tasks that wait for a transfer (asserted).
 *
 * curl_global_init() is the program's. Set CURLOPT_NOSIGNAL where libcurl has no resolver that does
 * without signals. Results: see eddy_curl_error(). All functions: thread of the loop only. On a simulated
 * loop transfers end with -EOPNOTSUPP.
 */
#ifndef EDDY_CURL_H
#define EDDY_CURL_H

#include <curl/curl.h>
#include <eddy/core.h>
#include <eddy/future.h>

EDDY_EXTERN_C_BEGIN

typedef struct eddy_curl eddy_curl;

/** Zero means the default, for every member but size_bytes. */
typedef struct eddy_curl_options {
    size_t size_bytes;             /**< sizeof(eddy_curl_options) */
    uint32_t connections_max;      /**< open at once; transfers beyond wait in line; no limit */
    uint32_t connections_host_max; /**< to one host and port; no limit */
    uint32_t connections_kept;     /**< idle ones kept for reuse; curl's default, 4 times as many as
                                        there are transfers */
} eddy_curl_options;

/**
 * Make a place where transfers share connections: one of curl's multi handles, on a loop.
 * @param handle   loop
 * @param options  NULL for all defaults; copied
 * @param out      set to the object, owned by the caller; untouched on error
 * @return         0; -ENOMEM; -EINVAL: options of an unknown size
 * Thread: loop. Allocates: yes. See: curl_multi_init(3)
 */
EDDY_API int eddy_curl_new(eddy_handle *handle, const eddy_curl_options *options, eddy_curl **out);

/**
 * Close all connections that are left, and give it back.
 * @param self  NULL does nothing; no transfer may be under way (asserted: drop their futures first).
 *              After the loop was freed none is
 * Thread: loop; any once the loop is freed, but never two. See: curl_multi_cleanup(3)
 */
EDDY_API void eddy_curl_free(eddy_curl *self);

/**
 * The multi handle, to set options with that are no option here. Do not add handles to it, run it, or
 * replace its callbacks for sockets and the timer.
 * @param self  object
 * @return      borrowed, valid as long as the object
 * Thread: loop. See: curl_multi_setopt(3)
 */
EDDY_API CURLM *eddy_curl_multi(eddy_curl *self);

/**
 * How many transfers are under way.
 * @param self  object
 * @return      futures that were polled and have not ended
 * Thread: loop. Cost: one load.
 */
EDDY_API size_t eddy_curl_transfers(const eddy_curl *self);

/**
 * A transfer as a future. It begins at the first poll.
 * @param self  object, borrowed until the future is gone
 * @param easy  handle with its options set, borrowed until the future is gone; in use by no other
 *              transfer (-EBUSY)
 * @param code  set to curl's own word when the transfer has ended, well or not; untouched when it could
 *              not begin or was dropped. NULL: not wanted
 * @return      boxed future, owned by the caller; never NULL. Its result: 0; see eddy_curl_error();
 *              -EBUSY; -ECANCELED: the task was asked to end; -ENOMEM, EDDY_TASKS_FULL, and what
 *              eddy_fd_new() says: a socket could not be watched, which ends all transfers of `self`
 * Dropping: the transfer ends at once, its connection is closed, unless others use it, too.
 * The handle is free for another one. Not inside a callback of curl's (asserted).
 * Allocates: from the loop's slab; a task for each new socket. Thread: loop.
 * See: curl_multi_add_handle(3), curl_multi_socket_action(3)
 */
EDDY_API eddy_future *eddy_curl_perform(eddy_curl *self, CURL *easy, CURLcode *code);

/**
 * What a CURLcode is among eddy's results. Where curl knows the system's error of a connection that
 * broke or was not made, that is it (-ECONNREFUSED, -ECONNRESET, ...). Else, with the most used codes:
 * -ETIMEDOUT, -ENOMEM; -EHOSTUNREACH: a name is not known; -ECONNREFUSED: not connected;
 * -ECONNRESET: broken on the way; EDDY_UNEXPECTED_END: it ended too early; -EINVAL, -EPROTONOSUPPORT:
 * a bad URL, handle or scheme; -EACCES: log-in refused or certificate not accepted; -ENOENT: no such
 * file there, or an HTTP status with CURLOPT_FAILONERROR; -ECANCELED: a callback ended it; -EFBIG: larger
 * than allowed; -EPROTO: TLS or anything else that the peer said and curl does not understand.
 * All others: -EIO.
 * @param easy  handle that had the transfer; NULL: the system's error is not known
 * @param code  what it ended with
 * @return      0 for CURLE_OK, else < 0
 * Thread: loop. See: libcurl-errors(3), CURLINFO_OS_ERRNO(3)
 */
EDDY_API eddy_result eddy_curl_error(CURL *easy, CURLcode code);

EDDY_EXTERN_C_END

#endif
