/* SPDX-License-Identifier: MIT */
/*
 * sim_ready.c - slots of which the simulated driver tells the readiness alone. It is told as
 * epoll(7) tells it by the edge: all that the descriptor is, each time the room says that something
 * has changed. Nothing is kept of what was told before: whether it was heeded is not known here.
 *
 * By chance a descriptor is told to be readable and writable when it is not, as the kernel's
 * sometimes are.
 */
#include "driver/sim_driver.h"

static const struct {
    uint32_t shown; /* EDDY__SIM_* */
    int32_t told;   /* EDDY__IS_* */
} meanings[] = {
    {EDDY__SIM_READABLE, EDDY__IS_READABLE},
    {EDDY__SIM_WRITABLE, EDDY__IS_WRITABLE},
    {EDDY__SIM_PEER_END, EDDY__IS_HANGUP | EDDY__IS_READABLE},
    {EDDY__SIM_HUNG, EDDY__IS_HANGUP | EDDY__IS_READABLE | EDDY__IS_WRITABLE},
    {EDDY__SIM_BROKEN, EDDY__IS_ERROR | EDDY__IS_READABLE | EDDY__IS_WRITABLE},
};

static int32_t readiness(const eddy__simulated *self, const eddy__slot *slot)
{
    uint32_t shown = eddy__sim_ready(self->host, slot->fd);
    int32_t is = 0;

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (shown & meanings[i].shown)
            is |= meanings[i].told;
    return is;
}

void eddy__simulated_tell_ready(eddy__simulated *self, eddy__slot *slot)
{
    int32_t is = readiness(self, slot);

    if ((slot->state & EDDY__SIMULATED_CHANGED) == 0 || eddy__simulated_full(self))
        return;
    slot->state &= (uint16_t)~EDDY__SIMULATED_CHANGED;
    if (eddy__sim_happens(self->sim, EDDY_CHAOS_SPURIOUS))
        is |= EDDY__IS_READABLE | EDDY__IS_WRITABLE;
    if (is != 0)
        (void)eddy__simulated_emit(self, slot, EDDY__READY, is);
}
