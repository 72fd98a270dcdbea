/* SPDX-License-Identifier: MIT */
/*
 * ask.h - what the two ways to write the client with timeout and retry have in common: its limits,
 * and the program around it.
 */
#ifndef EXAMPLES_ASK_H
#define EXAMPLES_ASK_H

#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../support/args.h"
#include "../support/line.h"

#define ASK_TIMEOUT_NS   (400 * EDDY_MILLISECOND) /* of one attempt, connecting included */
#define ASK_PAUSE_NS     (20 * EDDY_MILLISECOND) /* after the first; doubled for each that follows */
#define ASK_ATTEMPTS_MAX 4
#define ASK_LINE_MAX     1000

/* A question and its answer, each a line. */
struct ask_text {
    char question[ASK_LINE_MAX];
    char answer[ASK_LINE_MAX];
    int attempts;
};

static inline eddy_bytes ask_question(const struct ask_text *text)
{
    return (eddy_bytes){(const unsigned char *)text->question, strlen(text->question)};
}

/* Wait for the answer: its length. An end instead is an error. */
static inline eddy_result ask_poll_answer(struct ask_text *text, struct line *line, eddy_tcp *tcp,
                                          eddy_task *task)
{
    eddy_result n = line_poll(line, tcp, task, ASK_LINE_MAX);

    if (n > 0)
        memcpy(text->answer, line->text.data, line->text.len);
    return n == 0 ? -ECONNRESET : n;
}

/* Whether an attempt that ended so is worth another one. */
static inline bool ask_is_over(const struct ask_text *text, eddy_result n)
{
    return n >= 0 || n == -ECANCELED || text->attempts == ASK_ATTEMPTS_MAX;
}

static inline int64_t ask_pause_ns(const struct ask_text *text)
{
    return ASK_PAUSE_NS << (text->attempts - 1);
}

/* The address from the command line, the question from standard input. */
static inline void ask_begin(struct args *args, struct ask_text *text, int argc, char **argv)
{
    args_parse(args, argc, argv);
    if (args->addresses == 0)
        args_fail(args, "ADDRESS", "", args->usage);
    if (fgets(text->question, sizeof text->question, stdin) == NULL)
        args_fail(args, "standard input", "", "give a line to ask");
}

/* Write the answer; the exit status. */
static inline int ask_end(const struct args *args, const struct ask_text *text, eddy_result n)
{
    if (n > 0)
        printf("attempt %d: %.*s", text->attempts, (int)n, text->answer);
    return args_end(args, n);
}

#endif
