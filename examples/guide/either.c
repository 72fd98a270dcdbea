/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Two at once": both of two, and the first of two, in the frame that waits. Only the one that
 * was woken is polled.
 */
#include <eddy/eddy.h>
#include <stdio.h>

/* Counts to a number, and how often it is polled. */
struct count {
    EDDY_FRAME;
    const char *name;
    int64_t pause_ns;
    int i, to, polls;
    eddy_sleep sleep;
};

static void count_done(struct count *self)
{
    printf("  %s: got to %d in %d polls\n", self->name, self->i, self->polls);
}

static eddy_result count_pause(struct count *self, eddy_task *task)
{
    self->polls++;
    return eddy_sleep_poll(&self->sleep, task);
}

EDDY_ASYNC(count, count_done)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->i < self->to) {
            eddy_sleep_start(&self->sleep, task, self->pause_ns);
            EDDY_POLL(n, count_pause(self, task));
            if (n < 0)
                EDDY_RETURN(n);
            self->i++;
        }
        EDDY_END(self->i);
}

struct race {
    EDDY_FRAME;
    struct count slow, quick;
    union { /* one after the other */
        struct eddy_join2 both;
        struct eddy_select2 either;
    } now;
};

static void race_prepare(struct race *self)
{
    self->slow = EDDY_INIT(count, .name = "slow", .to = 1, .pause_ns = 100 * EDDY_MILLISECOND);
    self->quick = EDDY_INIT(count, .name = "quick", .to = 5, .pause_ns = 5 * EDDY_MILLISECOND);
}

EDDY_ASYNC(race, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        race_prepare(self);
        EDDY_JOIN2(n, &self->now.both, &self->slow.frame, &self->quick.frame);
        printf("both: %d and %d\n", (int)self->now.both.ra, (int)self->now.both.rb);

        race_prepare(self);
        EDDY_SELECT2(n, &self->now.either, &self->slow.frame, &self->quick.frame);
        printf("either: number %d won, with %d\n", self->now.either.winner, (int)n);
        EDDY_END(0);
}

int main(void)
{
    eddy_core *core;
    eddy_result result = eddy_core_new(NULL, &core);

    if (result < 0)
        return 1;
    result = eddy_core_run(core, EDDY_FUTURE(race));
    eddy_core_free(core);
    return result < 0;
}
