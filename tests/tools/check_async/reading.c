/* SPDX-License-Identifier: MIT */
/*
 * Text that is no code, and code that is hard to read: the traps among it are found.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

/* clang-format off */
#define POLL_TWICE(n, e) EDDY_POLL(n, e); EDDY_POLL(n, e) /* not read: the braces { of a macro
                                                             and its comment */
#define EDDY_ASYNC_OF(x) EDDY_ASYNC(x, eddy_nothing) \
    { return 1; \
    }
struct job { EDDY_FRAME; eddy_tcp *tcp; char text[8]; size_t sizes[2]; };
int f(const void *, ...);

// EDDY_ASYNC(in_comment, x) { return 1; } \
   EDDY_ASYNC(in_its_second_line, x) { return 1; }
static const char *text = "EDDY_ASYNC(in_string, x) { \" return 1; }", quote = '"', brace = '{';

EDDY_ASYNC(literals, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
    f("}", '}', '\'', "\"}", "two\
 lines }");
    EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, '(' + ')')); // it's a comment }
    /* } " ' */ if (n < 0) return n; /* expect A6 */
    f("EDDY_YIELD();", L'}', u8"}", 0x1p+3, 1.e-5f, 10'000);
    EDDY_END(n);
}

EDDY_ASYNC
(   split,
    eddy_nothing
)
{
    eddy_result
        n = 1; /* expect A2 */
    EDDY_BEGIN EDDY_POLL (
        n
        ,
        f(self, task,
          n) /* expect A3 */
    ) ;
    EDDY_END (
        n
    ) ;
}

EDDY_ASYNC(conditional, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
#if defined(ONE) && \
    defined(TWO) /* { */
    if (self->text[0]) {
#else
    if (self->text[1]) {
#endif
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        if (n < 0)
            return n; /* expect A6 */
    }
#if 0
    It isn't read: { return 1;
#elif 1
    return 1; /* expect A6 */
#else
    return 2; /* expect A6 */
#endif
#ifdef THREE
    EDDY_END(1);
#else
    EDDY_END(0);
#endif
}

EDDY_ASYNC(declarations, eddy_nothing)
{
    eddy_result n;
    struct { int a, b; } pair;
    unsigned long long const volatile *many, few;
    const char *(*names)[4], *(*name)(int, char);
    __attribute__((unused)) job_kind kind __attribute__((aligned(8))), *kinds[2];
    _Alignas(16) unsigned char block[16];
    _Atomic(int) counter;
    __typeof__(self->tcp) tcp;
    handler_fn (*handler)(int);

    EDDY_BEGIN
    pair.a = 1, many = 0, few = 2, names = 0, name = 0, kind = 1, kinds[0] = &kind, block[3] = 4;
    counter = 5, tcp = self->tcp, handler = 0;
    EDDY_YIELD();
    f(0, 1 + pair.a); /* expect A4 */
    f(0, many); /* expect A4 */
    f(0, few); /* expect A4 */
    f(0, *names); /* expect A4 */
    f(0, name(1, 2)); /* expect A4 */
    f(0, kind); /* expect A4 */
    f(0, *kinds[0]); /* expect A4 */
    f(0, block[3]); /* expect A4 */
    f(0, counter); /* expect A4 */
    f(0, tcp); /* expect A4 */
    f(0, (*handler)(1)); /* expect A4 */
    n = 0;
    EDDY_END(n);
}

EDDY_ASYNC(expressions, eddy_nothing)
{
    eddy_result n;
    size_t i, *p, a[2];

    EDDY_BEGIN
    i = 1, p = self->sizes, a[0] = 1;
    EDDY_YIELD();
    self->sizes[i] = 1; /* expect A4 */
    *p = 3; /* expect A4 */
    a[0] = 5, f(a), f(sizeof i, (void)i, self->i, &(struct job){.sizes = {1}});
    i = 2, p = a;
    EDDY_YIELD();
    i = i + 1; /* expect A4 */
    a[1] += 2; /* expect A4 */
    p[0] = 1; /* expect A4 */
    i = 3, p = a, a[0] = 1;
    if (self->tcp && self->text[0]) EDDY_YIELD();
    if (self->tcp != NULL && (i = 4, f(i)) && i && f(&p) && p) f(a);
    i = 5;
    for (;;) { EDDY_YIELD(); if (self->tcp) break; }
    f(0, self->text ? i : 0); /* expect A4 */
    do i = 6; while (i < 3);
    if (i) { EDDY_YIELD(); } else if (i == 2) { i = 7; } else i = 8;
    f(0, -i); /* expect A4 */
    i = 9;
    MAYBE_ASSIGNS(i);
    LIST_EACH(p, &self->text) { f(0, p); EDDY_YIELD(); }
    LIST_EACH(p, &self->text) f(0, p, i + 1); /* expect A4 */
    list_each(p, &self->text) { f(0, p); EDDY_YIELD(); }
    n = 1;
    EDDY_END(n);
}

EDDY_ASYNC(unbalanced, eddy_nothing) /* expect A6 */
{
    EDDY_BEGIN
    EDDY_END(0);
