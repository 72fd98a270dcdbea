/* SPDX-License-Identifier: MIT */
/*
 * bridge_dgram.h - what a stream of decoded datagrams tells the one who makes it together with a sink.
 */
#ifndef EDDY__BRIDGE_DGRAM_H
#define EDDY__BRIDGE_DGRAM_H

#include "eddy/dgram_framed.h"

/* A stream made by eddy_dgram_decoded() owns one half of its socket, and gives it back in the end. A failed
 * one gives it back now. */
void eddy__dgram_decoded_own(eddy_stream *stream, eddy_dgram *dgram);

#endif
