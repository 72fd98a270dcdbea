/* SPDX-License-Identifier: MIT */
/*
 * bridge.h - what the bridges between streams, sinks and the things of the net share.
 */
#ifndef EDDY__BRIDGE_H
#define EDDY__BRIDGE_H

#include "eddy/transport.h"
#include "stream/stream.h"

/* A stream made by eddy_io_decoded() owns the reading half of its byte stream, and gives it back in the
 * end. A failed one gives it back now. */
void eddy__decoded_own(eddy_stream *stream, eddy_io_reader half);
/* Takes that half back; zero: the stream is a failed one. What is no such stream is an assertion. */
eddy_io_reader eddy__decoded_disown(eddy_stream *stream);

#endif
