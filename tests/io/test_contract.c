/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance slow */
/*
 * test_contract.c - the kinds of byte streams that keep what eddy/io.h promises: TCP, and memory with all
 * of its splits, delays and sizes. See io_contract.h.
 */
#include "eddy/io_memory.h"
#include "io_contract.h"

static int make_memory(eddy_core *core, eddy_io **a, eddy_io **b)
{
    return eddy_io_memory_pair(eddy_core_handle(core), NULL, a, b);
}

static int make_memory_of(eddy_core *core, eddy_io_memory_options options, eddy_io **a, eddy_io **b)
{
    options.size_bytes = sizeof options;
    return eddy_io_memory_pair(eddy_core_handle(core), &options, a, b);
}

static int make_split(eddy_core *core, eddy_io **a, eddy_io **b)
{
    return make_memory_of(core, (eddy_io_memory_options){.split_bytes = 97, .room_bytes = 1500}, a,
                          b);
}

static int make_late(eddy_core *core, eddy_io **a, eddy_io **b)
{
    static const size_t splits[] = {1, 1000, 3, 64};

    return make_memory_of(core,
                          (eddy_io_memory_options){.delay_ns = 2 * EDDY_MILLISECOND,
                                                   .splits = splits,
                                                   .splits_count = 4,
                                                   .room_bytes = 20000},
                          a, b);
}

int main(void)
{
    const struct io_kind kinds[] = {
        {"tcp", io_tcp_pair, .fill_max = 65536, .tells_abort = true},
        {"memory", make_memory, .fill_max = 65536, .tells_abort = true},
        {"memory, split and narrow", make_split, .fill_max = 1500, .tells_abort = true},
        {"memory, late", make_late, .fill_max = 20000, .tells_abort = true},
    };
    int failed = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        failed += io_contract_holds(&kinds[i]);
    return failed;
}
