/* SPDX-License-Identifier: MIT */
/*
 * death.c - fork, run, read standard error to its end, look at how the child ended. See death.h.
 */
#include "death.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECONDS_MAX = 60, OUTPUT_MAX_BYTES = 4096 };

/* cmocka catches faults by longjmp into its runner; in a child that would run the other tests a
 * second time. */
static void forget_handlers(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGALRM};

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], SIG_DFL);
    setenv("CMOCKA_TEST_ABORT", "1", 1);
}

static void run_child(void (*fn)(void *arg), void *arg, int error_fd)
{
    const struct rlimit no_core = {0, 0};

    forget_handlers();
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(error_fd, STDERR_FILENO);
    close(error_fd);
    alarm(SECONDS_MAX); /* a child that hangs ends by SIGALRM, which is not the expected end */
    fn(arg);
    _exit(0);
}

/* Reads to the end even when `output` is full: the child must not block on a full pipe. */
static void read_to_end(int fd, char *output, size_t size)
{
    char chunk[512];
    size_t used = 0;

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        size_t room = size - 1 - used;
        size_t take = (size_t)n < room ? (size_t)n : room;
        memcpy(output + used, chunk, take);
        used += take;
    }
    output[used] = '\0';
}

static const char *judge(int status, const char *output, const char *text)
{
    if (WIFEXITED(status))
        return "it did not die";
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
        return "it died of another signal than SIGABRT";
    if (strstr(output, text) == NULL)
        return "it died without saying so";
    return NULL;
}

const char *death_problem(void (*fn)(void *arg), void *arg, const char *text, char *output,
                          size_t size)
{
    int fds[2];
    int status = 0;
    pid_t child;

    fflush(NULL); /* or the child would write what is buffered a second time */
    if (pipe(fds) != 0)
        return "no pipe for the child";
    child = fork();
    if (child == 0) {
        close(fds[0]);
        run_child(fn, arg, fds[1]);
    }
    close(fds[1]);
    output[0] = '\0';
    if (child > 0)
        read_to_end(fds[0], output, size);
    close(fds[0]);
    if (child < 0)
        return "no child";
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return "the child is lost";
    }
    return judge(status, output, text);
}

void death_check(void (*fn)(void *arg), void *arg, const char *text, const char *file, int line)
{
    char output[OUTPUT_MAX_BYTES];
    const char *problem = death_problem(fn, arg, text, output, sizeof(output));

    if (problem == NULL)
        return;
    print_error("expected to die saying \"%s\": %s; standard error was \"%s\"\n", text, problem,
                output);
    _fail(file, line);
}
