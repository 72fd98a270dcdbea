/* SPDX-License-Identifier: MIT */
/*
 * fuzz_loop.c - programs of loop operations made up by libFuzzer (program.h). They run on the
 * driver that EDDY_FUZZ_DRIVER names; without it in the simulated world, where waiting costs
 * nothing.
 */
#include <string.h>

#include "check.h"
#include "eddy/error.h"
#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *named = getenv("EDDY_FUZZ_DRIVER");
    program_options options = {.driver = named != NULL ? named : "sim"};
    program_outcome outcome;
    int error;

    options.virtual_time = strcmp(options.driver, "sim") == 0;
    if (getenv("EDDY_FUZZ_PRINT") != NULL)
        program_print(data, size);
    error = program_run(&options, data, size, &outcome);
    FUZZ_CHECK(error == 0, "the driver '%s' does not work here: %s", options.driver,
               eddy_error_name(error));
    return 0;
}
