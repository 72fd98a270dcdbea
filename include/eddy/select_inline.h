/* SPDX-License-Identifier: MIT */
/*
 * eddy/select_inline.h - two or three children at once in an async function, allocating nothing:
 *
 *     struct ask {
 *         EDDY_FRAME;
 *         struct lookup lookup;           // the children: members, or boxed futures
 *         eddy_future *reply;
 *         struct eddy_select2 either;
 *     };
 *     ...
 *         self->lookup = EDDY_INIT(lookup, .name = self->name);
 *         EDDY_SELECT2(n, &self->either, &self->lookup.frame, self->reply);
 *         if (self->either.winner == 1)
 *
 * Only the child that was woken is polled; all of eddy/select.h's first page holds here too. A child is
 * a member of the frame that awaits, or of one around it, or boxed; it was not polled yet. It belongs
 * to the join or select from its construction: whoever ends that, ends the child, polled or not. One
 * that is a member of a frame that is dropped before its first poll is not ended, as with all members.
 * A join or select that has ended may be constructed anew.
 */
#ifndef EDDY_SELECT_INLINE_H
#define EDDY_SELECT_INLINE_H

#include "eddy/async.h"
#include "eddy/branch.h"

EDDY_EXTERN_C_BEGIN

/** Two futures, both outcomes; see eddy_join2_type. Set a and b; the rest is zero. */
struct eddy_join2 {
    EDDY_FRAME;
    eddy_future *a, *b;  /* owned; NULL once it has ended */
    eddy_result ra, rb;  /* what they said */
    eddy_branches set;   /* private */
    eddy_branch part[2]; /* private */
};

/** Three futures, all outcomes; see eddy_join3_type. Set a, b and c; the rest is zero. */
struct eddy_join3 {
    EDDY_FRAME;
    eddy_future *a, *b, *c; /* owned; NULL once it has ended */
    eddy_result ra, rb, rc; /* what they said */
    eddy_branches set;      /* private */
    eddy_branch part[3];    /* private */
};

/** The first of two futures; see eddy_select2_type. Set a and b; the rest is zero. */
struct eddy_select2 {
    EDDY_FRAME;
    eddy_future *a, *b;  /* owned; NULL once it has ended */
    bool biased;         /* a before b, when both are ready; else either may be polled first */
    int winner;          /* 0: a; 1: b */
    eddy_branches set;   /* private */
    eddy_branch part[2]; /* private */
};

/** The first of three futures; see eddy_select3_type. Set a, b and c; the rest is zero. */
struct eddy_select3 {
    EDDY_FRAME;
    eddy_future *a, *b, *c; /* owned; NULL once it has ended */
    bool biased;            /* a before b before c; else any may be polled first */
    int winner;             /* 0: a; 1: b; 2: c */
    eddy_branches set;      /* private */
    eddy_branch part[3];    /* private */
};

/** The type of struct eddy_join2: the result is how many failed, ra and rb say more. */
EDDY_API extern const eddy_type eddy_join2_type;
/** The type of struct eddy_join3: the result is how many failed, ra, rb and rc say more. */
EDDY_API extern const eddy_type eddy_join3_type;
/** The type of struct eddy_select2: the result is the winner's; the loser is dropped before. */
EDDY_API extern const eddy_type eddy_select2_type;
/** The type of struct eddy_select3: the result is the winner's; the losers are dropped before. */
EDDY_API extern const eddy_type eddy_select3_type;

/*
 * In an async function: run the futures `first` and `second` (eddy_future *, of members or boxed) in
 * the member `joined` points to (a struct eddy_join2), to the end of both. Result: how many failed.
 * C only, as all that follow; in C++ initialise the struct and EDDY_AWAIT() it.
 */
#define EDDY_JOIN2(result, joined, first, second)                                                  \
    do {                                                                                           \
        *(joined) = EDDY_INIT(eddy_join2, .a = (first), .b = (second));                            \
        EDDY_AWAIT(result, joined);                                                                \
    } while (0)

/* The same with three, in a struct eddy_join3. */
#define EDDY_JOIN3(result, joined, first, second, third)                                           \
    do {                                                                                           \
        *(joined) = EDDY_INIT(eddy_join3, .a = (first), .b = (second), .c = (third));              \
        EDDY_AWAIT(result, joined);                                                                \
    } while (0)

/* Until the first of two ends, in a struct eddy_select2. Result: the winner's. */
#define EDDY_SELECT2(result, selected, first, second)                                              \
    do {                                                                                           \
        *(selected) = EDDY_INIT(eddy_select2, .a = (first), .b = (second));                        \
        EDDY_AWAIT(result, selected);                                                              \
    } while (0)

/* The same with three, in a struct eddy_select3. */
#define EDDY_SELECT3(result, selected, first, second, third)                                       \
    do {                                                                                           \
        *(selected) = EDDY_INIT(eddy_select3, .a = (first), .b = (second), .c = (third));          \
        EDDY_AWAIT(result, selected);                                                              \
    } while (0)

EDDY_EXTERN_C_END

#endif
