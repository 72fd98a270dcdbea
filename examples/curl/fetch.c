/* SPDX-License-Identifier: MIT */
/*
 * fetch - download many files, some of them at once, by libcurl on an eddy loop (the add-on library
 * eddy-curl). SIGINT or SIGTERM ends it in the middle. Built where libcurl is found.
 *
 *     fetch [--at-once=N] [--into=FOLDER] [--driver=NAME] URL...      default: 50 at once, only counted
 *     fetch --into=/tmp/files 'http://127.0.0.1:8000/file[1-1000]'    a range of numbers is many URLs
 */
#include <eddy/curl.h>
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/args.h"
#include "../support/until_signal.h"

#define AT_ONCE_MAX 1000
#define URL_MAX     1024

struct fetch {
    struct args args;
    const char *folder; /* NULL: bytes are counted, and dropped */
    long at_once;
    int urls;
    char **url;
    long number; /* the next of the first URL's range; < 0: that has not begun */
    eddy_curl *curl;
    unsigned long files, failed;
    unsigned long long bytes;
};

/* ---- which ---- */

/* The next URL. False: there is none any more, or it is too long to be one. */
static bool next_url(struct fetch *self, char *url)
{
    const char *text = self->urls > 0 ? self->url[0] : "";
    int begin = (int)strcspn(text, "[");
    long first = 0;
    long last = 0;
    int end = 0;
    bool range = sscanf(text + begin, "[%9ld-%9ld]%n", &first, &last, &end) == 2 && end > 0;
    long number = self->number < 0 ? first : self->number;

    if (self->urls == 0)
        return false;
    self->number = number + 1;
    if (!range || number >= last) {
        self->url++;
        self->urls--;
        self->number = -1;
    }
    if (!range)
        return snprintf(url, URL_MAX, "%s", text) < URL_MAX;
    return snprintf(url, URL_MAX, "%.*s%ld%s", begin, text, number, text + begin + end) < URL_MAX;
}

/* ---- one of those at work ---- */

struct worker {
    EDDY_FRAME;
    struct fetch *fetch;
    CURL *easy;
    FILE *file;
    eddy_future *transfer;
    char url[URL_MAX];
    char error[CURL_ERROR_SIZE]; /* what curl says about it */
};

/* The transfer has gone before: the handle is ours again. */
static void worker_done(struct worker *self)
{
    curl_easy_cleanup(self->easy);
    if (self->file != NULL)
        fclose(self->file);
}

static size_t write_part(char *data, size_t one, size_t len, void *arg)
{
    struct worker *self = arg;

    self->fetch->bytes += one * len;
    return self->file != NULL ? fwrite(data, one, len, self->file) : one * len;
}

/* Where it goes to: the last part of its path, in the folder. */
static eddy_result open_file(struct worker *self)
{
    const char *name = strrchr(self->url, '/');
    char path[2 * URL_MAX];

    if (self->fetch->folder == NULL)
        return 0;
    name = name == NULL || name[1] == '\0' ? "index" : name + 1;
    snprintf(path, sizeof path, "%s/%s", self->fetch->folder, name);
    self->file = fopen(path, "wb");
    return self->file != NULL ? 0 : -errno;
}

static eddy_result close_file(struct worker *self)
{
    int error = self->file != NULL ? fclose(self->file) : 0;

    self->file = NULL;
    return error == 0 ? 0 : -errno;
}

static eddy_result start(struct worker *self)
{
    eddy_result n;

    if (self->easy == NULL)
        self->easy = curl_easy_init();
    if (self->easy == NULL)
        return -ENOMEM;
    curl_easy_setopt(self->easy, CURLOPT_URL, self->url);
    curl_easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, write_part);
    curl_easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(self->easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(self->easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(self->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(self->easy, CURLOPT_ERRORBUFFER, self->error);
    self->error[0] = '\0';
    n = open_file(self);
    if (n == 0)
        self->transfer = eddy_curl_perform(self->fetch->curl, self->easy, NULL);
    return n;
}

static void count(struct worker *self, eddy_result n)
{
    self->fetch->files += n == 0;
    self->fetch->failed += n != 0;
    if (n != 0)
        fprintf(stderr, "fetch: %s: %s\n", self->url,
                self->error[0] != '\0' ? self->error : eddy_strerror(n));
}

EDDY_ASYNC(worker, worker_done)
{
    eddy_result n;

    EDDY_BEGIN
        while (next_url(self->fetch, self->url)) {
            n = start(self);
            if (n == 0)
                EDDY_AWAIT_FUTURE(n, self->transfer);
            if (close_file(self) < 0 && n == 0)
                n = -EIO;
            count(self, n);
        }
        EDDY_END(0);
}

/* ---- all ---- */

struct fetch_all {
    EDDY_FRAME;
    struct fetch *fetch;
    eddy_group *group;
    eddy_signal *interrupt, *terminate;
};

static void fetch_all_done(struct fetch_all *self)
{
    eddy_group_free(self->group); /* with what is under way */
    eddy_signal_free(self->interrupt);
    eddy_signal_free(self->terminate);
}

static eddy_result begin(struct fetch_all *self, eddy_handle *handle)
{
    eddy_result n = eddy_signal_new(handle, SIGINT, &self->interrupt);

    if (n == 0)
        n = eddy_signal_new(handle, SIGTERM, &self->terminate);
    until_signal_mask(SIG_UNBLOCK);
    if (n == 0)
        n = eddy_group_new(handle, NULL, &self->group);
    for (long i = 0; n == 0 && i < self->fetch->at_once; i++)
        n = eddy_group_spawn(self->group, EDDY_FUTURE(worker, .fetch = self->fetch));
    return n;
}

/* 0: all are done. */
static eddy_result wait_for(struct fetch_all *self, eddy_task *task)
{
    eddy_result n = eddy_group_poll_idle(self->group, task);

    if (n == EDDY_PENDING && eddy_signal_poll(self->interrupt, task) != EDDY_PENDING)
        return -EINTR;
    if (n == EDDY_PENDING && eddy_signal_poll(self->terminate, task) != EDDY_PENDING)
        return -EINTR;
    return n;
}

EDDY_ASYNC(fetch_all, fetch_all_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = begin(self, eddy_task_handle(task));
        if (n == 0)
            EDDY_POLL(n, wait_for(self, task));
        EDDY_END(n);
}

static void parse(struct fetch *self, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--at-once=", 10) == 0)
            self->at_once = strtol(argv[i] + 10, NULL, 10);
        else if (strncmp(argv[i], "--into=", 7) == 0)
            self->folder = argv[i] + 7;
        else if (strncmp(argv[i], "--driver=", 9) == 0)
            self->args.driver = argv[i] + 9;
        else if (argv[i][0] == '-')
            args_fail(&self->args, "argument", argv[i], self->args.usage);
        else
            self->url[self->urls++] = argv[i];
    }
    if (self->at_once < 1 || self->at_once > AT_ONCE_MAX)
        args_fail(&self->args, "argument", "--at-once", "give a number from 1 to 1000");
    if (self->urls == 0)
        args_fail(&self->args, "argument", "URL", "give at least one");
}

int main(int argc, char **argv)
{
    struct fetch self = {
        .args.usage = "fetch [--at-once=N] [--into=FOLDER] [--driver=io_uring|epoll] URL...",
        .at_once = 50,
        .url = argv, /* those that are read already */
        .number = -1,
    };
    eddy_core *core;
    eddy_result result;

    parse(&self, argc, argv);
    until_signal_prepare();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    core = args_core(&self.args);
    result = eddy_curl_new(eddy_core_handle(core), NULL, &self.curl);
    if (result == 0)
        result = eddy_core_run(core, EDDY_FUTURE(fetch_all, .fetch = &self));
    eddy_curl_free(self.curl);
    eddy_core_free(core);
    curl_global_cleanup();
    printf("%lu files, %llu bytes, %lu failed%s\n", self.files, self.bytes, self.failed,
           result == -EINTR ? ", interrupted" : "");
    if (result < 0 && result != -EINTR)
        return args_end(&self.args, result);
    return self.failed > 0 || result == -EINTR;
}
