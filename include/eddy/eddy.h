/* SPDX-License-Identifier: MIT */
/*
 * eddy/eddy.h - everything: an event loop with futures, streams and sinks.
 *
 * Read in this order: base (results), future and async (work as a value), core (the loop), task
 * (spawn, join, wake), time, tcp and listener, remote (other threads).
 */
#ifndef EDDY_EDDY_H
#define EDDY_EDDY_H

#include "eddy/addr.h"
#include "eddy/alloc.h"
#include "eddy/async.h"
#include "eddy/base.h"
#include "eddy/branch.h"
#include "eddy/buf.h"
#include "eddy/core.h"
#include "eddy/error.h"
#include "eddy/future.h"
#include "eddy/listener.h"
#include "eddy/remote.h"
#include "eddy/scope.h"
#include "eddy/task.h"
#include "eddy/tcp.h"
#include "eddy/tcp_options.h"
#include "eddy/time.h"
#include "eddy/why.h"

#endif
