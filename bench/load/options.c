/* SPDX-License-Identifier: MIT */
/*
 * options.c - reads name=value arguments and holds each against what the mode allows.
 */
#include "system.h"

#include "mode.h"
#include "options.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct mode *const modes[] = {&mode_echo,   &mode_churn, &mode_idle,  &mode_udp,   &mode_bulk,
                                    &mode_source, &mode_http,  &mode_storm, &mode_mixed, NULL};

/* A whole number of struct options; its limits are the same in all modes, or those of the mode. */
struct number {
    const char *name;
    size_t place;      /* in struct options */
    size_t mode_place; /* of a struct mode_limit in struct mode, or OWN */
    struct mode_limit own;
};

#define OWN              SIZE_MAX
#define PLACE(name)      offsetof(struct options, name)
#define MODE_PLACE(name) offsetof(struct mode, name)

static const struct number numbers[] = {
    {"port", PLACE(port), OWN, {1, 65535, 0}},
    {"reqs", PLACE(reqs), OWN, {0, UINT64_C(1) << 40, 0}},
    {.name = "conns", .place = PLACE(conns), .mode_place = MODE_PLACE(conns)},
    {.name = "size", .place = PLACE(size), .mode_place = MODE_PLACE(size)},
    {.name = "depth", .place = PLACE(depth), .mode_place = MODE_PLACE(depth)},
    {.name = "active", .place = PLACE(active), .mode_place = MODE_PLACE(active)},
    {.name = "window", .place = PLACE(window), .mode_place = MODE_PLACE(window)},
    {.name = "pid", .place = PLACE(pid), .mode_place = MODE_PLACE(pid)},
};

/* A duration in seconds. */
struct duration {
    const char *name;
    size_t place;
    double min;
    double max;
    double usual;
};

static const struct duration durations[] = {
    {"secs", PLACE(secs), .01, 86400, 1},
    {"warm", PLACE(warm), 0, 86400, .2},
    {"patience", PLACE(patience), .01, 86400, 5},
};

enum {
    NUMBERS = sizeof numbers / sizeof *numbers,
    DURATIONS = sizeof durations / sizeof *durations,
    PATH_MAX_BYTES = 200
};

/* End the program: one line. */
static void refuse(const char *name, const char *value, const char *what)
{
    fprintf(stderr, "load: %s '%s': %s\n", name, value, what);
    exit(2);
}

static const struct mode *find_mode(const char *name)
{
    char all[200] = "";

    for (size_t i = 0; modes[i] != NULL; i++) {
        if (strcmp(modes[i]->name, name) == 0)
            return modes[i];
        strncat(all, i > 0 ? " " : "", sizeof all - strlen(all) - 1);
        strncat(all, modes[i]->name, sizeof all - strlen(all) - 1);
    }
    fprintf(stderr,
            "load: usage: load MODE port=N [conns= size= depth= secs= warm= patience= reqs= "
            "pid= active= window= path=], MODE one of: %s\n",
            all);
    exit(2);
}

static uint64_t *number_of(struct options *self, const struct number *number)
{
    return (uint64_t *)(void *)((char *)self + number->place);
}

static double *duration_of(struct options *self, const struct duration *duration)
{
    return (double *)(void *)((char *)self + duration->place);
}

static const struct mode_limit *limit_of(const struct options *self, const struct number *number)
{
    const char *mode = (const char *)self->mode;

    if (number->mode_place == OWN)
        return &number->own;
    return (const struct mode_limit *)(const void *)(mode + number->mode_place);
}

static void read_number(struct options *self, const struct number *number, const char *value)
{
    const struct mode_limit *limit = limit_of(self, number);
    char what[160];
    char *end = NULL;
    unsigned long long got;

    errno = 0;
    got = strtoull(value, &end, 10);
    if (limit->max == limit->min)
        refuse(number->name, value, "there is nothing to choose in this mode");
    snprintf(what, sizeof what, "give %s a whole number from %llu to %llu", self->mode->name,
             (unsigned long long)limit->min, (unsigned long long)limit->max);
    if (*value < '0' || *value > '9' || *end != '\0' || errno != 0)
        refuse(number->name, value, what);
    if (got < limit->min || got > limit->max)
        refuse(number->name, value, what);
    *number_of(self, number) = got;
}

static void read_duration(struct options *self, const struct duration *duration, const char *value)
{
    char what[160];
    char *end = NULL;
    double got = strtod(value, &end);

    snprintf(what, sizeof what, "give seconds from %g to %g", duration->min, duration->max);
    /* Written so that what is not a number is not between two either. */
    if (end == value || *end != '\0' || !(got >= duration->min && got <= duration->max))
        refuse(duration->name, value, what);
    *duration_of(self, duration) = got;
}

static void read_path(struct options *self, const char *value)
{
    size_t length = strlen(value);

    if (value[0] != '/' || length > PATH_MAX_BYTES || strpbrk(value, " \t\r\n") != NULL)
        refuse("path", value, "give at most 200 bytes that begin with / and have no space");
    self->path = value;
}

/* One argument. */
static void read_one(struct options *self, char *name)
{
    char *value = strchr(name, '=');

    if (value == NULL)
        refuse("argument", name, "give name=value");
    *value++ = '\0';
    for (size_t i = 0; i < NUMBERS; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            read_number(self, &numbers[i], value);
            return;
        }
    }
    for (size_t i = 0; i < DURATIONS; i++) {
        if (strcmp(name, durations[i].name) == 0) {
            read_duration(self, &durations[i], value);
            return;
        }
    }
    if (strcmp(name, "path") != 0)
        refuse("option", name, "there is no such option");
    read_path(self, value);
}

static void set_usual(struct options *self)
{
    for (size_t i = 0; i < NUMBERS; i++)
        *number_of(self, &numbers[i]) = limit_of(self, &numbers[i])->usual;
    for (size_t i = 0; i < DURATIONS; i++)
        *duration_of(self, &durations[i]) = durations[i].usual;
    self->path = "/plaintext";
}

void options_read(struct options *self, int argc, char **argv)
{
    self->mode = find_mode(argc > 1 ? argv[1] : "");
    set_usual(self);
    for (int i = 2; i < argc; i++)
        read_one(self, argv[i]);
    /* What has a least value and was not given was left at 0, which lies below. */
    for (size_t i = 0; i < NUMBERS; i++) {
        if (*number_of(self, &numbers[i]) < limit_of(self, &numbers[i])->min)
            refuse(numbers[i].name, "", "it has to be given");
    }
}
