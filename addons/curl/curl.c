/* SPDX-License-Identifier: MIT */
/*
 * curl.c - see curl.h: the object, its transfers, their results.
 */
#include "curl.h"

#include <eddy/error.h>
#include <eddy/why.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The frame of a transfer's future; it is in the object's list from the first poll to the end. */
struct curl_transfer {
    EDDY_FRAME;
    eddy_curl *curl;
    CURL *easy;
    CURLcode *code;
    eddy__transfer *next, *prev;
    bool under_way;
    eddy_result result; /* when it is not */
    eddy_waiter waiter;
};

static const eddy_wait_type transfer_wait = {.why = "curl: transfer"};

void eddy__curl_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("eddy-curl: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    abort();
}

/* ---- results ---- */

/* The system's word, where it is about a connection. */
static int os_error(CURL *easy, CURLcode code)
{
    long number = 0;

    if (code != CURLE_COULDNT_CONNECT && code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR)
        return 0;
    if (easy == NULL || curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) != CURLE_OK)
        return 0;
    return number > 0 && number < 4096 ? (int)number : 0;
}

static const struct {
    CURLcode code;
    int result;
} results[] = {
    {CURLE_OK, 0},
    {CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT},
    {CURLE_OUT_OF_MEMORY, -ENOMEM},
    {CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH},
    {CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH},
    {CURLE_COULDNT_CONNECT, -ECONNREFUSED},
    {CURLE_SEND_ERROR, -ECONNRESET},
    {CURLE_RECV_ERROR, -ECONNRESET},
    {CURLE_GOT_NOTHING, EDDY_UNEXPECTED_END},
    {CURLE_PARTIAL_FILE, EDDY_UNEXPECTED_END},
    {CURLE_URL_MALFORMAT, -EINVAL},
    {CURLE_BAD_FUNCTION_ARGUMENT, -EINVAL},
    {CURLE_FAILED_INIT, -EINVAL},
    {CURLE_UNSUPPORTED_PROTOCOL, -EPROTONOSUPPORT},
    {CURLE_NOT_BUILT_IN, -EPROTONOSUPPORT},
    {CURLE_LOGIN_DENIED, -EACCES},
    {CURLE_REMOTE_ACCESS_DENIED, -EACCES},
    {CURLE_PEER_FAILED_VERIFICATION, -EACCES},
    {CURLE_REMOTE_FILE_NOT_FOUND, -ENOENT},
    {CURLE_FILE_COULDNT_READ_FILE, -ENOENT},
    {CURLE_HTTP_RETURNED_ERROR, -ENOENT},
    {CURLE_WRITE_ERROR, -ECANCELED},
    {CURLE_READ_ERROR, -ECANCELED},
    {CURLE_ABORTED_BY_CALLBACK, -ECANCELED},
    {CURLE_FILESIZE_EXCEEDED, -EFBIG},
    {CURLE_TOO_MANY_REDIRECTS, -ELOOP},
    {CURLE_SSL_CONNECT_ERROR, -EPROTO},
    {CURLE_WEIRD_SERVER_REPLY, -EPROTO},
    {CURLE_BAD_CONTENT_ENCODING, -EPROTO},
    {CURLE_HTTP2, -EPROTO},
    {CURLE_HTTP2_STREAM, -EPROTO},
};

eddy_result eddy_curl_error(CURL *easy, CURLcode code)
{
    int number = os_error(easy, code);

    if (number != 0)
        return -number;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        if (results[i].code == code)
            return results[i].result;
    return -EIO;
}

/* What an operation of the multi handle says. */
static eddy_result multi_error(CURLMcode code)
{
    switch (code) {
    case CURLM_OK:
        return 0;
    case CURLM_OUT_OF_MEMORY:
        return -ENOMEM;
    case CURLM_ADDED_ALREADY:
        return -EBUSY;
    case CURLM_BAD_EASY_HANDLE:
        return -EINVAL;
    default:
        return -EIO;
    }
}

/* ---- the list ---- */

static void enlist(eddy__transfer *self)
{
    eddy_curl *curl = self->curl;

    self->next = curl->transfers;
    if (self->next != NULL)
        self->next->prev = self;
    curl->transfers = self;
    curl->count++;
    self->under_way = true;
}

static void leave(eddy__transfer *self)
{
    eddy_curl *curl = self->curl;

    if (self->next != NULL)
        self->next->prev = self->prev;
    if (self->prev != NULL)
        self->prev->next = self->next;
    else
        curl->transfers = self->next;
    self->under_way = false;
    if (--curl->count == 0)
        eddy_waiter_wake(&curl->clock); /* which ends */
}

/* It has ended, whoever said so. The handle is its owner's again. */
static void take_out(eddy__transfer *self)
{
    eddy_curl *curl = self->curl;
    bool calling = curl->calling;

    leave(self);
    curl->calling = true;
    (void)curl_multi_remove_handle(curl->multi, self->easy);
    curl->calling = calling;
}

static void finish(eddy__transfer *self, eddy_result result)
{
    take_out(self);
    self->result = result;
    eddy_waiter_wake(&self->waiter);
}

/* ---- their ends ---- */

/* A walk through the list: what it costs is little beside a transfer, up to thousands at once. */
static eddy__transfer *find(eddy_curl *self, const CURL *easy)
{
    eddy__transfer *transfer = self->transfers;

    while (transfer != NULL && transfer->easy != easy)
        transfer = transfer->next;
    return transfer;
}

void eddy__curl_collect(eddy_curl *self)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(self->multi, &left)) != NULL) {
        CURLcode code = message->data.result; /* the message goes with the handle */
        eddy__transfer *transfer = find(self, message->easy_handle);

        if (message->msg != CURLMSG_DONE || transfer == NULL)
            continue;
        if (transfer->code != NULL)
            *transfer->code = code;
        finish(transfer, eddy_curl_error(transfer->easy, code));
    }
    while (self->broken < 0 && self->transfers != NULL)
        finish(self->transfers, self->broken);
    self->broken = 0;
}

void eddy__curl_break(eddy_curl *self, eddy_result error)
{
    if (self->freed)
        return;
    self->broken = error;
    self->due_ns = 0;
    eddy_waiter_wake(&self->clock);
}

/* ---- the future ---- */

static eddy_result begin(eddy__transfer *self)
{
    eddy_curl *curl = self->curl;
    int error = eddy__curl_tick(curl);
    CURLMcode code;

    if (error < 0)
        return error;
    enlist(self); /* before: the clock, which is told now, looks at the count */
    curl->calling = true;
    code = curl_multi_add_handle(curl->multi, self->easy);
    curl->calling = false;
    if (code != CURLM_OK)
        leave(self);
    return multi_error(code);
}

static eddy_result wait_for(eddy__transfer *self, eddy_task *task)
{
    if (self->under_way)
        return eddy_waiter_park(&self->waiter, task, &transfer_wait);
    return self->result;
}

static void transfer_done(eddy__transfer *self)
{
    if (!self->under_way)
        return;
    EDDY__CURL_ASSERT(
        !self->curl->calling,
        "a transfer is dropped inside a callback of libcurl's: wake another task, and "
        "have it do that");
    take_out(self);
}

EDDY_ASYNC(curl_transfer, transfer_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = begin(self);
        if (n == 0)
            EDDY_POLL(n, wait_for(self, task));
        EDDY_END(n < 0 ? eddy_why_note(task, transfer_wait.why, NULL, n) : n);
}

eddy_future *eddy_curl_perform(eddy_curl *self, CURL *easy, CURLcode *code)
{
    return eddy_box(self->handle,
                    EDDY_FUTURE(curl_transfer, .curl = self, .easy = easy, .code = code));
}

/* ---- the object ---- */

static void set_limits(eddy_curl *self, const eddy_curl_options *options)
{
    (void)curl_multi_setopt(self->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                            (long)options->connections_max);
    (void)curl_multi_setopt(self->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                            (long)options->connections_host_max);
    (void)curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)options->connections_kept);
}

int eddy_curl_new(eddy_handle *handle, const eddy_curl_options *options, eddy_curl **out)
{
    eddy_curl *self;
    int error = -ENOMEM;

    if (options != NULL && options->size_bytes != sizeof *options)
        return -EINVAL;
    self = calloc(1, sizeof *self);
    if (self == NULL)
        return -ENOMEM;
    self->handle = handle;
    self->refs = 1;
    self->due_ns = self->armed_ns = EDDY_FOREVER;
    self->multi = curl_multi_init();
    if (self->multi != NULL)
        error = eddy__curl_listen(self);
    if (error < 0) {
        (void)curl_multi_cleanup(self->multi);
        free(self);
        return error;
    }
    if (options != NULL)
        set_limits(self, options);
    *out = self;
    return 0;
}

void eddy__curl_unref(eddy_curl *self)
{
    if (--self->refs == 0)
        free(self);
}

void eddy_curl_free(eddy_curl *self)
{
    if (self == NULL)
        return;
    EDDY__CURL_ASSERT(!self->calling, "eddy_curl_free is called inside a callback of libcurl's");
    EDDY__CURL_ASSERT(self->count == 0,
                      "eddy_curl_free is called with %zu transfers under way: drop their futures "
                      "first",
                      self->count);
    self->freed = true;
    (void)curl_multi_cleanup(self->multi);
    self->multi = NULL;
    eddy__curl_unref(self);
}

CURLM *eddy_curl_multi(eddy_curl *self)
{
    return self->multi;
}

size_t eddy_curl_transfers(const eddy_curl *self)
{
    return self->count;
}
