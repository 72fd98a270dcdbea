/* SPDX-License-Identifier: MIT */
/*
 * sim_world.h - for tests of the simulated world: a world whose memory is counted, an echo server to
 * boot hosts with, and a client that checks every byte it gets back.
 */
#ifndef EDDY_TEST_SIM_WORLD_H
#define EDDY_TEST_SIM_WORLD_H

#include "eddy/eddy.h"
#include "eddy/sim.h"
#include "eddy/sim_faults.h"
#include "net.h"

/* A world of the seed; `options` may name more than that. Its memory is counted. */
eddy_world *test_world(uint64_t seed, eddy_world_options options);
/* A calm one. */
eddy_world *test_calm_world(void);
/* Free it, and assert that all its memory came back. */
void test_world_end(eddy_world *world);
eddy_host *test_host(eddy_world *world, const char *name, const char *ip);

/* eddy_host_boot(): echo on port 7, in a task for each client. */
enum { TEST_ECHO_PORT = 7 };
int test_boot_echo(void *arg, eddy_handle *handle);

/* Sends `len` bytes of the pattern and reads them back, in pieces of at most 4000 bytes; then half-
 * closes and waits for the end. *result: the bytes that came back and were right, or an error, or
 * EDDY_PENDING until then; *got counts. */
struct test_client {
    EDDY_FRAME;
    eddy_addr to;
    size_t len;
    size_t sent;
    size_t got_bytes;
    size_t *got;
    eddy_result *result;
    eddy_tcp *tcp;
    unsigned char piece[4000];
};
extern const eddy_type test_client_type;

/* Spawn one on the host. */
void test_client_start(eddy_host *from, eddy_host *to, size_t len, eddy_result *result,
                       size_t *got);
/* eddy_until.holds: *(eddy_result *)arg is no longer EDDY_PENDING. */
bool test_has_result(void *arg);
/* Run the world until that; asserts that it is not a deadlock and takes no more than an hour. */
eddy_result test_world_result(eddy_world *world, eddy_result *result);

/* What eddy_world_dump() writes, as one text in memory that stays until the next call. */
const char *test_world_text(eddy_world *world);

#endif
