/* SPDX-License-Identifier: MIT */
/*
 * eddy/sim_faults.h - make one thing go wrong in a simulated world (eddy/sim.h), now and by call:
 * links, connections, accepting, memory, whole hosts, clocks. What lasts is over when it is taken
 * back or by eddy_world_heal().
 *
 * All functions: the thread that made the world.
 */
#ifndef EDDY_SIM_FAULTS_H
#define EDDY_SIM_FAULTS_H

#include "eddy/sim.h"

EDDY_EXTERN_C_BEGIN

/**
 * Set what the link between two hosts is like; latency and jitter at most a day.
 * @param a     one host
 * @param b     another, or the same for its loopback
 * @param link  copied
 * @return      0; -EINVAL: options of an unknown size, or a value out of range; -ENOMEM
 * Thread: the world's.
 */
EDDY_API int eddy_host_link(eddy_host *a, eddy_host *b, const eddy_link *link);

/**
 * Nothing gets from `from` to `to` any more. Both ways: cut twice.
 * @param from  host
 * @param to    host
 * Thread: the world's.
 */
EDDY_API void eddy_host_cut(eddy_host *from, eddy_host *to);

/**
 * What was cut is whole again. What was sent meanwhile arrives when it is sent again.
 * @param from  host
 * @param to    host
 * Thread: the world's.
 */
EDDY_API void eddy_host_uncut(eddy_host *from, eddy_host *to);

/**
 * Reset every connection between two hosts, in the middle of whatever is under way.
 * @param a  one host
 * @param b  another
 * Thread: the world's.
 */
EDDY_API void eddy_host_reset(eddy_host *a, eddy_host *b);

/**
 * One end of every connection between two hosts is no more, and nobody is told (half-open): what
 * the other sends is answered by a reset; who only waits, waits.
 * @param host  the one that forgets
 * @param peer  the other
 * Thread: the world's.
 */
EDDY_API void eddy_host_forget(eddy_host *host, eddy_host *peer);

/**
 * Let connections to a host fail: each connect to it from now on.
 * @param to     host
 * @param error  -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH: what it ends with; -ETIMEDOUT: never
 *               answered; 0: as usual
 * Thread: the world's.
 */
EDDY_API void eddy_host_refuse(eddy_host *to, int error);

/**
 * Let the next accepts on a host fail.
 * @param host   host
 * @param error  -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM, -ECONNABORTED
 * @param times  how many
 * Thread: the world's.
 */
EDDY_API void eddy_host_fail_accept(eddy_host *host, int error, uint32_t times);

/**
 * Let an allocation of the host's core fail.
 * @param host  host
 * @param nth   1: the next; 0: none
 * @param more  true: all after it too, until called again
 * Thread: the world's.
 */
EDDY_API void eddy_host_fail_memory(eddy_host *host, uint64_t nth, bool more);

/**
 * The receivers on a host take nothing more off the network, so that what is sent to it piles up
 * in buffers.
 * @param host     host
 * @param time_ns  for so long
 * Thread: the world's.
 */
EDDY_API void eddy_host_stall(eddy_host *host, int64_t time_ns);

/**
 * Power off: all tasks are dropped, sockets are gone without a FIN. Not from a task of the host, nor
 * while eddy_core_run() drives it (asserted).
 * @param host  host; nothing happens when it is down
 * Thread: the world's.
 */
EDDY_API void eddy_host_crash(eddy_host *host);

/**
 * Power on: a new core, the same address, then what eddy_host_boot() was given.
 * @param host  host that is down. From a `done` that runs because it crashes: as soon as it is down
 * @return      0; what boot returned: the host is down again; -ENOMEM
 * Thread: the world's.
 */
EDDY_API int eddy_host_restart(eddy_host *host);

/**
 * The host stands still, as a suspended virtual machine: its clocks go on, nothing else does.
 * @param host     host
 * @param time_ns  for so long; what is sent to it meanwhile is sent again later
 * Thread: the world's.
 */
EDDY_API void eddy_host_pause(eddy_host *host, int64_t time_ns);

/**
 * How fast the host's clocks run, from now on.
 * @param host  host
 * @param ppm   so many millionths faster; -500000..1000000
 * Thread: the world's.
 */
EDDY_API void eddy_host_drift(eddy_host *host, int32_t ppm);

/**
 * The host's wall clock (eddy_wall_ns()) jumps; the monotonic one never does.
 * @param host     host
 * @param time_ns  forwards, or back when negative
 * Thread: the world's.
 */
EDDY_API void eddy_host_wall_jump(eddy_host *host, int64_t time_ns);

EDDY_EXTERN_C_END

#endif
