/* SPDX-License-Identifier: MIT */
/*
 * echo.h - the closed loop of a connection whose messages are echoed, which several modes drive: a
 * window of `depth` messages goes out with one send, and the next when all have come back.
 */
#ifndef BENCH_LOAD_ECHO_H
#define BENCH_LOAD_ECHO_H

#include "conn.h"

/* Watch a connection and send its first window. */
void echo_start(struct run *run, struct conn *self);

/* A run_handler of such a connection. */
void echo_handle(struct run *run, void *thing, uint32_t events);

#endif
