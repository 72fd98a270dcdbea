/* SPDX-License-Identifier: MIT */
/*
 * fuzz_compare.c - the same program on several drivers: what is the same everywhere by the
 * program's construction must come out the same. Only networks are run (program.h); any input is
 * taken as one.
 *
 *     fuzz_compare [--drivers=sim,epoll,io_uring] [--programs=N] [--seed=S] [--print] [FILE]...
 *
 * Runs the files, then N programs (default 0) made from the seed. --print shows each. Prints the first that differs, and
 * exits with 1. A driver that does not work here is named and left out; with less than two there is
 * nothing to compare, and the exit status is 77.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "eddy/error.h"
#include "program.h"

enum { DRIVERS_MAX = 4, PATH_BYTES = 1024 };

static char names[256] = "sim,epoll,io_uring";
static const char *drivers[DRIVERS_MAX];
static int drivers_count;
static bool prints;
static unsigned long programs_run;
static unsigned long long operations_run;

/* ---- one program ---- */

static int run_on(const char *driver, const uint8_t *data, size_t size, program_outcome *outcome)
{
    program_options options = {
        .driver = driver, .virtual_time = strcmp(driver, "sim") == 0, .network = true};

    return program_run(&options, data, size, outcome);
}

static void print_outcome(const char *driver, const program_outcome *outcome)
{
    (void)printf("on %s: %u operations\n", driver, outcome->operations);
    for (int i = 0; i < PROGRAM_TASKS_MAX; i++)
        if (outcome->task_done[i] != 0 || outcome->task_at[i] != 0)
            (void)printf("    task %d: %u operations, their hash %016llx, now %s\n", i,
                         outcome->task_done[i], (unsigned long long)outcome->task_hash[i],
                         outcome->task_at[i] == 0 ? "over" : program_op_name(outcome->task_at[i]));
    for (int i = 0; i < PROGRAM_ENDS_MAX; i++)
        if (outcome->end_written[i] != 0)
            (void)printf("    end %d: %u written, %u read%s, hash %016llx\n", i,
                         outcome->end_written[i], outcome->end_read[i],
                         outcome->end_over[i] != 0 ? " to the end" : "",
                         (unsigned long long)outcome->end_hash[i]);
}

static void save(const uint8_t *data, size_t size, const char *path)
{
    FILE *file = fopen(path, "wb");

    FUZZ_CHECK(file != NULL, "cannot write %s", path);
    FUZZ_CHECK(fwrite(data, 1, size, file) == size, "cannot write %s", path);
    FUZZ_CHECK(fclose(file) == 0, "cannot write %s", path);
}

/* True: the same on all drivers. */
static bool compare(const uint8_t *data, size_t size)
{
    program_outcome first, other;
    int error = run_on(drivers[0], data, size, &first);

    FUZZ_CHECK(error == 0, "%s: %s", drivers[0], eddy_error_name(error));
    programs_run++;
    operations_run += first.operations;
    if (prints) {
        program_print(data, size);
        print_outcome(drivers[0], &first);
    }
    for (int i = 1; i < drivers_count; i++) {
        error = run_on(drivers[i], data, size, &other);
        FUZZ_CHECK(error == 0, "%s: %s", drivers[i], eddy_error_name(error));
        if (memcmp(&first, &other, sizeof first) == 0)
            continue;
        program_print(data, size);
        print_outcome(drivers[0], &first);
        print_outcome(drivers[i], &other);
        save(data, size, "compare-failure");
        (void)printf("this program comes out differently; it was written to compare-failure\n");
        return false;
    }
    return true;
}

/* ---- programs ---- */

static bool compare_file(const char *path)
{
    uint8_t data[PROGRAM_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    size_t size;

    FUZZ_CHECK(file != NULL, "cannot read %s", path);
    size = fread(data, 1, sizeof data, file);
    (void)fclose(file);
    return compare(data, size);
}

/* A file, or all files of a folder. */
static bool compare_path(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool same = true;

    if (folder == NULL)
        return compare_file(path);
    while (same && (entry = readdir(folder)) != NULL) {
        char name[PATH_BYTES];

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        same = compare_file(name);
    }
    (void)closedir(folder);
    return same;
}

static bool compare_made(uint64_t seed)
{
    uint8_t data[PROGRAM_BYTES_MAX];
    size_t size = program_make_network(seed, data);

    if (compare(data, size))
        return true;
    (void)printf("seed %llu: --programs=1 --seed=%llu\n", (unsigned long long)seed,
                 (unsigned long long)seed);
    return false;
}

/* ---- the command line ---- */

static bool works(const char *driver)
{
    static const uint8_t nothing[PROGRAM_HEADER_BYTES];
    program_outcome outcome;
    int error = run_on(driver, nothing, sizeof nothing, &outcome);

    if (error != 0)
        (void)printf("left out: the driver '%s' does not work here: %s\n", driver,
                     eddy_error_name(error));
    return error == 0;
}

static void choose_drivers(void)
{
    for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ","))
        if (drivers_count < DRIVERS_MAX && works(name))
            drivers[drivers_count++] = name;
}

int main(int argc, char **argv)
{
    unsigned long programs = 0;
    uint64_t seed = 1;
    bool same = true;
    int at = 1;

    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strncmp(argv[at], "--drivers=", 10) == 0)
            (void)snprintf(names, sizeof names, "%s", argv[at] + 10);
        else if (strncmp(argv[at], "--programs=", 11) == 0)
            programs = strtoul(argv[at] + 11, NULL, 10);
        else if (strncmp(argv[at], "--seed=", 7) == 0)
            seed = strtoull(argv[at] + 7, NULL, 10);
        else if (strcmp(argv[at], "--print") == 0)
            prints = true;
        else
            FUZZ_CHECK(false, "no such option: %s", argv[at]);
    }
    choose_drivers();
    if (drivers_count < 2) {
        (void)printf("there are not two drivers to compare\n");
        return 77;
    }
    for (; same && at < argc; at++)
        same = compare_path(argv[at]);
    for (unsigned long i = 0; same && i < programs; i++)
        same = compare_made(seed + i);
    (void)printf("%lu programs, %llu operations, on", programs_run, operations_run);
    for (int i = 0; i < drivers_count; i++)
        (void)printf(" %s", drivers[i]);
    (void)printf(": %s\n", same ? "the same" : "NOT the same");
    return same ? 0 : 1;
}
