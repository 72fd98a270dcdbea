/* SPDX-License-Identifier: MIT */
/*
 * eddy/sync.h - all that tasks wait for each other by, in one include: locks, permits,
 * notifications, barriers, initialisation, and the channels.
 */
#ifndef EDDY_SYNC_H
#define EDDY_SYNC_H

#include "eddy/barrier.h"
#include "eddy/broadcast.h"
#include "eddy/channel.h"
#include "eddy/mutex.h"
#include "eddy/notify.h"
#include "eddy/once.h"
#include "eddy/oneshot.h"
#include "eddy/semaphore.h"
#include "eddy/ticket.h"
#include "eddy/watch.h"

#endif
