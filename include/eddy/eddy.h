/* SPDX-License-Identifier: MIT */
/*
 * eddy/eddy.h - everything: an event loop with futures, streams and sinks.
 *
 * Read in this order: base (results), future and async (work as a value), core (the loop), task
 * (spawn, join, wake), time, tcp and listener, remote (other threads). Then what composes: compose and
 * select (futures out of futures), scope and group (who ends whom), channel and its kin, stream, sink,
 * pool (blocking work).
 */
#ifndef EDDY_EDDY_H
#define EDDY_EDDY_H

#include "eddy/addr.h"
#include "eddy/alloc.h"
#include "eddy/async.h"
#include "eddy/barrier.h"
#include "eddy/base.h"
#include "eddy/branch.h"
#include "eddy/bridge.h"
#include "eddy/broadcast.h"
#include "eddy/buf.h"
#include "eddy/channel.h"
#include "eddy/codec.h"
#include "eddy/compose.h"
#include "eddy/core.h"
#include "eddy/datagram.h"
#include "eddy/error.h"
#include "eddy/file.h"
#include "eddy/future.h"
#include "eddy/futures.h"
#include "eddy/group.h"
#include "eddy/io.h"
#include "eddy/listener.h"
#include "eddy/mutex.h"
#include "eddy/notify.h"
#include "eddy/once.h"
#include "eddy/oneshot.h"
#include "eddy/pool.h"
#include "eddy/remote.h"
#include "eddy/resolve.h"
#include "eddy/scope.h"
#include "eddy/select.h"
#include "eddy/select_inline.h"
#include "eddy/semaphore.h"
#include "eddy/serve.h"
#include "eddy/shared.h"
#include "eddy/signal.h"
#include "eddy/sink.h"
#include "eddy/sink_adapt.h"
#include "eddy/stream.h"
#include "eddy/stream_adapt.h"
#include "eddy/stream_collect.h"
#include "eddy/stream_combine.h"
#include "eddy/stream_function.h"
#include "eddy/stream_source.h"
#include "eddy/stream_time.h"
#include "eddy/sync.h"
#include "eddy/task.h"
#include "eddy/tcp.h"
#include "eddy/tcp_options.h"
#include "eddy/ticket.h"
#include "eddy/time.h"
#include "eddy/transport.h"
#include "eddy/unix_addr.h"
#include "eddy/watch.h"
#include "eddy/why.h"

#endif
