/* SPDX-License-Identifier: MIT */
/*
 * calls.c - counts system calls: a process of its own does the run, this one is told of each call it
 * makes (ptrace(2)) and looks, while the other stands still, whether it is one that counts. So those
 * of the clients, of setting up and of warming up are left out exactly, not by subtraction, and what
 * the library counts itself is not relied on.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#include "gate.h"

/* Numbers beyond are not counted apart. */
enum { NUMBERS = 1024 };

static uint64_t counted[NUMBERS];

static const struct {
    int number;
    const char *name;
} names[] = {
    {SYS_accept4, "accept4"},
    {SYS_bind, "bind"},
    {SYS_close, "close"},
    {SYS_connect, "connect"},
    {SYS_epoll_ctl, "epoll_ctl"},
    {SYS_epoll_pwait, "epoll_pwait"},
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, "epoll_wait"},
#endif
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, "epoll_pwait2"},
#endif
    {SYS_fcntl, "fcntl"},
    {SYS_futex, "futex"},
    {SYS_getsockopt, "getsockopt"},
    {SYS_io_uring_enter, "io_uring_enter"},
    {SYS_io_uring_register, "io_uring_register"},
    {SYS_read, "read"},
    {SYS_readv, "readv"},
    {SYS_recvfrom, "recvfrom"},
    {SYS_recvmmsg, "recvmmsg"},
    {SYS_recvmsg, "recvmsg"},
    {SYS_sendmmsg, "sendmmsg"},
    {SYS_sendmsg, "sendmsg"},
    {SYS_sendto, "sendto"},
    {SYS_setsockopt, "setsockopt"},
    {SYS_shutdown, "shutdown"},
    {SYS_timerfd_settime, "timerfd_settime"},
    {SYS_write, "write"},
    {SYS_writev, "writev"},
};

static const char *name_of(int number, char *text, size_t size)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    snprintf(text, size, "call %d", number);
    return text;
}

void gate_calls_print(void)
{
    const char *comma = "";
    char text[32];

    printf("\"calls\":{");
    for (int i = 0; i < NUMBERS; i++) {
        if (counted[i] == 0)
            continue;
        printf("%s\"%s\":%" PRIu64, comma, name_of(i, text, sizeof text), counted[i]);
        comma = ",";
    }
    printf("},");
}

/* The process is about to make a system call, or has made one. */
static void look(pid_t pid)
{
    struct __ptrace_syscall_info info;

    if (!gate_counts->in_turn)
        return;
    gate_check(ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) > 0,
               "PTRACE_GET_SYSCALL_INFO");
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        counted[info.entry.nr < NUMBERS - 1 ? info.entry.nr : NUMBERS - 1]++;
}

/* Follows the process to its end. */
static int follow(pid_t pid)
{
    int status, signal = 0;

    gate_check(waitpid(pid, &status, 0) == pid, "a process to look at");
    if (!WIFSTOPPED(status))
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    gate_check(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD) == 0,
               "PTRACE_SETOPTIONS");
    for (;;) {
        gate_check(ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal) == 0,
                   "PTRACE_SYSCALL");
        gate_check(waitpid(pid, &status, 0) == pid, "waitpid");
        if (!WIFSTOPPED(status))
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            look(pid);
            signal = 0;
        }
    }
}

int gate_calls_count(int (*run)(void *arg), void *arg)
{
    pid_t pid = fork();

    gate_check(pid >= 0, "fork");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            fprintf(stderr, "gate_eddy: ptrace(2) is not permitted here\n");
            exit(GATE_NO_TRACE);
        }
        raise(SIGSTOP);
        exit(run(arg));
    }
    return follow(pid);
}
