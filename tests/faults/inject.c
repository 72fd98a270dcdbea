/* SPDX-License-Identifier: MIT */
/*
 * inject.c - a shared object that makes one call of a program fail: preload it. run.py does.
 *
 * It stands before the allocator, pthread_create() and the system calls that eddy makes, counts by
 * kind those calls that come from code in its scope, and fails the n-th of one kind the way that a
 * kernel may: an error instead of the call, a short count, or, for io_uring, an entry that is
 * changed before the kernel sees it.
 *
 *     EDDY_FAULT=KIND:N:WHAT     WHAT: a number of <errno.h>, "short", "single"; N+: from N on all
 *     EDDY_FAULT_REPORT=FILE     of sizeof(struct report) bytes, kept up to date while it runs
 *     EDDY_FAULT_SCOPE=FILE      lines "FIRST END", hexadecimal: what calls count, as addresses in
 *                                the program's file; absent: all that the program itself makes
 *
 * Also a balance: what code in scope allocated and nobody freed by the end, and descriptors that
 * were not open at the start. What a forked child does is its own: nothing there fails or counts.
 * Not for programs that are linked statically, and nothing for use outside of tests.
 */
#include "inject.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDS_MAX = 1024, RANGES_MAX = 8192, FRAMES_MAX = 64 };

struct range {
    uintptr_t first, end;
};

static const char *const kind_names[] = {KINDS(KIND_NAME)};

static struct report no_report;
struct report *inject_report = &no_report;
atomic_bool inject_ready;
bool inject_started;
uintptr_t inject_base;

static bool sanitized;
static uintptr_t program_end;
static int fault_kind = -1, fault_what;
static uint64_t fault_n;
static bool fault_stays;
static struct range ranges[RANGES_MAX];
static size_t ranges_n;
static bool fd_was_open[FDS_MAX];

/* volatile: the compiler is told that dlsym() does not call us, but it does. */
static __thread volatile bool looking_up AT_FIXED_PLACE;

/* ISO C has no conversion from what dlsym() gives to a function pointer. */
void inject_look_up(void *to, const char *name)
{
    void *found;

    looking_up = true;
    found = dlsym(RTLD_NEXT, name);
    looking_up = false;
    if (found == NULL)
        abort();
    memcpy(to, &found, sizeof found);
}

bool inject_is_looking_up(void)
{
    return looking_up;
}

/* --- what counts, and what fails --- */

bool inject_in_scope(const void *caller)
{
    uintptr_t at = (uintptr_t)caller - inject_base;
    size_t low = 0, high = ranges_n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (at < ranges[middle].first)
            high = middle;
        else if (at >= ranges[middle].end)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

int inject_fault(enum kind kind, const void *caller)
{
    uint64_t n;

    if (!atomic_load(&inject_ready) || !inject_in_scope(caller))
        return 0;
    n = 1 + atomic_fetch_add((_Atomic uint64_t *)&inject_report->count[kind], 1);
    if ((int)kind != fault_kind || (fault_stays ? n < fault_n : n != fault_n))
        return 0;
    if (atomic_fetch_add((_Atomic uint64_t *)&inject_report->reached, 1) == 0)
        inject_report->site = (uintptr_t)caller - inject_base;
    return fault_what;
}

int inject_failed(int error)
{
    errno = error;
    return -1;
}

/* --- start and end --- */

static void die(const char *what)
{
    fprintf(stderr, "inject: %s\n", what);
    _exit(126);
}

static void read_fault(const char *text)
{
    char name[32], what[32];
    unsigned long long n;
    char plus = ':';

    if (sscanf(text, "%31[a-z0-9_]:%llu%c", name, &n, &plus) != 3)
        die("EDDY_FAULT is not KIND:N:WHAT");
    fault_stays = plus == '+';
    if (sscanf(strrchr(text, ':'), ":%31s", what) != 1)
        die("EDDY_FAULT says not WHAT");
    for (int i = 0; i < KINDS_N; i++)
        if (strcmp(name, kind_names[i]) == 0)
            fault_kind = i;
    if (fault_kind < 0)
        die("EDDY_FAULT: no such kind");
    fault_n = n;
    fault_what = strcmp(what, "short") == 0    ? SHORT
                 : strcmp(what, "single") == 0 ? SINGLE
                                               : atoi(what);
}

static void map_report(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory;

    if (fd < 0 || ftruncate(fd, sizeof *inject_report) < 0)
        die("EDDY_FAULT_REPORT cannot be opened");
    memory = mmap(NULL, sizeof *inject_report, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        die("EDDY_FAULT_REPORT cannot be mapped");
    inject_report = memory;
    close(fd);
}

static void read_scope(const char *path)
{
    FILE *file = fopen(path, "re");
    unsigned long long first, end;

    if (file == NULL)
        die("EDDY_FAULT_SCOPE cannot be opened");
    while (ranges_n < RANGES_MAX && fscanf(file, "%llx %llx", &first, &end) == 2)
        ranges[ranges_n++] = (struct range){(uintptr_t)first, (uintptr_t)end};
    fclose(file);
}

/* The first that is told of is the program itself. */
static int find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    inject_base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t end = (uintptr_t)(part->p_vaddr + part->p_memsz);

        if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
            continue;
        program_end = inject_base + end;
        if (*(bool *)arg)
            ranges[ranges_n++] = (struct range){part->p_vaddr, end};
    }
    return 1;
}

static sighandler_t real_signal(int number, sighandler_t handler)
{
    REAL(sighandler_t, signal, int, sighandler_t);
    return real(number, handler);
}

/* Keep where it was. Nothing here is safe in a signal handler, but the program is lost anyway: it
 * goes on to the instruction that ends it. */
static void on_crash(int number)
{
    void *frames[FRAMES_MAX];
    int n = backtrace(frames, FRAMES_MAX);

    (void)real_signal(number, SIG_DFL);
    for (int i = 1; i < n && inject_report->crash_site == 0; i++) {
        uintptr_t at = (uintptr_t)frames[i];

        if (at < inject_base || at >= program_end)
            continue;
        inject_report->crash_site = at - inject_base;
        inject_report->crash_scoped =
            inject_in_scope((const char *)frames[i] + 1); /* as if it had returned */
    }
}

static bool is_crash(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL;
}

/* cmocka would go on with the next test, and hide where it was. */
sighandler_t signal(int number, sighandler_t handler)
{
    return is_crash(number) && atomic_load(&inject_ready) ? SIG_DFL : real_signal(number, handler);
}

/* Under AddressSanitizer it tells of crashes, and says where. */
static void catch_crashes(void)
{
    void *frame;

    if (sanitized)
        return;
    (void)backtrace(&frame, 1); /* loads what it needs */
    for (int number = 1; number < SIGRTMIN; number++)
        if (is_crash(number))
            (void)signal(number, on_crash);
}

static bool is_open(int fd)
{
    struct stat about;

    return fstat(fd, &about) == 0;
}

/* AddressSanitizer would start after us, and until then its allocator is none. */
static void sanitizer_start(void)
{
    void *found = dlsym(RTLD_DEFAULT, "__asan_init");
    void (*asan_init)(void);

    sanitized = found != NULL;
    memcpy(&asan_init, &found, sizeof found);
    if (sanitized)
        asan_init();
}

static void in_child(void)
{
    atomic_store(&inject_ready, false);
}

static void __attribute__((constructor)) start(void)
{
    const char *scope = getenv("EDDY_FAULT_SCOPE");
    const char *path = getenv("EDDY_FAULT_REPORT");
    const char *text = getenv("EDDY_FAULT");
    bool whole = scope == NULL;

    sanitizer_start();
    inject_started = true;
    if (text != NULL)
        read_fault(text);
    if (path != NULL)
        map_report(path);
    if (scope != NULL)
        read_scope(scope);
    (void)dl_iterate_phdr(find_program, &whole);
    if (!inject_blocks_start())
        die("no memory for the balance");
    for (int fd = 0; fd < FDS_MAX; fd++)
        fd_was_open[fd] = is_open(fd);
    (void)pthread_atfork(NULL, NULL, in_child);
    catch_crashes();
    (void)unsetenv("LD_PRELOAD"); /* what the program starts is not our business */
    atomic_store(&inject_ready, true);
}

static void __attribute__((destructor)) end(void)
{
    if (!atomic_load(&inject_ready))
        return;
    atomic_store(&inject_ready, false);
    inject_report->blocks_left = inject_blocks_left(&inject_report->block_site);
    for (int fd = 0; fd < FDS_MAX; fd++)
        inject_report->fds_left += !fd_was_open[fd] && is_open(fd);
    inject_report->ended = 1;
}
