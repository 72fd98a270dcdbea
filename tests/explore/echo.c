/* SPDX-License-Identifier: MIT */
/*
 * echo - explored: the echo server of the examples, and clients on other hosts. What comes back to
 * each is what it sent, in order, whatever strikes; an orderly end comes after all of it; without
 * faults all of it comes; who is cancelled ends.
 */
#include "echo_client.h"
#include "support/echo_server.h"

#define PORT    7
#define CLIENTS 4 /* on each host */

static uint64_t number; /* of clients */

static int server_boot(void *arg, eddy_handle *handle)
{
    eddy_listener *listener;
    int error = scene_listen(handle, *(const unsigned *)arg, PORT, &listener);

    return error == 0 ? scene_serve(handle, listener, echo_client, NULL) : error;
}

static void spawn_clients(eddy_handle *handle)
{
    eddy_addr server = scene_addr(0, PORT);

    for (int i = 0; i < CLIENTS; i++)
        echo_client_spawn(handle, &server, ++number);
    echo_late_spawn(handle, &server, ++number);
    echo_ender_spawn(handle, &server);
}

static int clients_boot(void *arg, eddy_handle *handle)
{
    (void)arg;
    if (!scene.calm)
        spawn_clients(handle);
    return 0;
}

static const char *run(eddy_world *world)
{
    number = 0;
    scene_begin(world);
    scene_host("server", server_boot);
    scene_host("anna", clients_boot);
    scene_host("bert", clients_boot);
    scene_host("carl", clients_boot);
    scene_faults();
    scene_second_act(1, spawn_clients);
    scene_settle();
    return scene_end(1, 1);
}

int main(int argc, char **argv)
{
    static const eddy_scenario scenario = {.name = "echo", .run = run, .options = {.faults = true}};

    return eddy_explore_main(argc, argv, &scenario);
}
