/* SPDX-License-Identifier: MIT */
#include <eddy/eddy.h>

int main(void)
{
    return eddy_version() == EDDY_VERSION ? 0 : 1;
}
