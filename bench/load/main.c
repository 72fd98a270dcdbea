/* SPDX-License-Identifier: MIT */
/*
 * main.c - load: puts a load on a server, compares every byte that comes back, and tells what the
 * load cost the server and how long its answers took.
 *
 *     load MODE port=N [name=value]...        the server listens at 127.0.0.1:N
 *
 * Nothing of eddy is inside: what measures must not depend on what is measured.
 *
 *   secs= warm=   so long is measured (1), after so long that is not (0.2)
 *   patience=     a server that is silent for so many seconds has failed (5)
 *   reqs=         stop after so many requests, if that is before `secs` have passed
 *   pid=          of the server, whose processor time is told; `idle` cannot do without
 *   conns=        connections (sockets of udp, slots of churn)
 *   size= depth=  bytes of a message, and how many are sent before the first is answered
 *   active=       of idle: how many of the connections echo; of mixed: how many slow ones there are
 *   window=       of bulk: KiB of each stream that are not answered yet
 *   path=         of http
 *
 * echo    a window of `depth` messages is sent with one call; when all have come back, the next
 * churn   connect, one byte each way, close; `conns` at a time; the latency is that of all of it
 * idle    `conns` connections; one small echo on each; the server's memory for each before and after
 *         that; then `active` of them as in echo
 * udp     `depth` datagrams of `size` bytes in flight on each of `conns` sockets
 * bulk    `conns` streams are echoed, up to `window` KiB of each unanswered; a request is a byte
 * source  `conns` streams come from the server without end; a request is a byte
 * http    GET `path`, keep-alive; `depth` requests are sent with one call
 * storm   `conns` connect at once, one byte each way on each, all close at once, again
 * mixed   `conns` connections as in echo; beside them `active` ones, a message on each every 5 ms.
 *         p50_us and so on are those of the busy ones, cold_p50_us those of the slow ones
 *
 * One JSON object is printed. The exit status is 0 with "ok":true; 1 with "ok":false when a byte was
 * wrong, missing or too many, a connection ended, an answer was not given, or nothing could be done;
 * 2 when the command line is wrong. Of the figures, srv_ns is the server's processor time for one
 * request, load_ns this program's, gbps the gigabytes per second that came back.
 */
#include "mode.h"
#include "options.h"
#include "run.h"

int main(int argc, char **argv)
{
    static struct run run; /* too large for the stack */
    struct options options = {0};
    bool is_good;

    options_read(&options, argc, argv);
    run_init(&run, &options);
    if (run.phase != RUN_OVER)
        options.mode->run(&run);
    is_good = run_report(&run);
    run_deinit(&run);
    return is_good ? 0 : 1;
}
