/* SPDX-License-Identifier: MIT */
/*
 * ask_async - a client with timeout and retry, written with async functions: ask a line, print the
 * line that is answered.
 *
 *     echo 'how are you?' | ask_async ADDRESS [--port=N] [--driver=NAME]
 */
#include "ask_async.h"

int main(int argc, char **argv)
{
    struct args args = {.usage = "ask_async ADDRESS [--port=N] [--driver=io_uring|epoll]"};
    struct ask_text text = {.attempts = 0};
    eddy_core *core;
    eddy_result n;

    ask_begin(&args, &text, argc, argv);
    core = args_core(&args);
    n = eddy_core_run(core, EDDY_FUTURE(ask, .server = args.address[0], .text = &text));
    eddy_core_free(core);
    return ask_end(&args, &text, n);
}
