/* SPDX-License-Identifier: MIT */
#include <eddy/curl.h>
#include <eddy/eddy.h>

int main(void)
{
    eddy_curl *curl = NULL;
    eddy_core *core;
    int error;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || eddy_core_new(NULL, &core) != 0)
        return 1;
    error = eddy_curl_new(eddy_core_handle(core), NULL, &curl);
    eddy_curl_free(curl);
    eddy_core_free(core);
    curl_global_cleanup();
    return error != 0;
}
