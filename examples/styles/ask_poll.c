/* SPDX-License-Identifier: MIT */
/*
 * ask_poll - a client with timeout and retry, written with poll functions and boxed combinators: ask
 * a line, print the line that is answered.
 *
 *     echo 'how are you?' | ask_poll ADDRESS [--port=N] [--driver=NAME]
 */
#include "ask_poll.h"

int main(int argc, char **argv)
{
    struct args args = {.usage = "ask_poll ADDRESS [--port=N] [--driver=io_uring|epoll]"};
    struct ask_text text = {.attempts = 0};
    struct asking asking = {.text = &text};
    eddy_core *core;
    eddy_result n;

    ask_begin(&args, &text, argc, argv);
    core = args_core(&args);
    asking.server = args.address[0];
    n = eddy_core_run(core, asking_start(eddy_core_handle(core), &asking));
    eddy_core_free(core);
    return ask_end(&args, &text, n);
}
