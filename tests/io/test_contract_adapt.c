/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance slow */
/*
 * test_contract_adapt.c - a byte stream with adaptors on it keeps what eddy/io.h promises. See
 * io_contract.h.
 */
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "io_contract.h"

static eddy_io_counts counts;

static int make_memory(eddy_core *core, eddy_io **a, eddy_io **b)
{
    return eddy_io_memory_pair(
        eddy_core_handle(core),
        EDDY_OPTIONS(eddy_io_memory_options, .split_bytes = 301, .room_bytes = 5000), a, b);
}

/* An adaptor on each end. */
static int make_on(int (*make)(eddy_core *, eddy_io **, eddy_io **),
                   eddy_io *(*adapt)(eddy_handle *handle, eddy_io *io), eddy_core *core,
                   eddy_io **a, eddy_io **b)
{
    int error = make(core, a, b);

    if (error == 0) {
        *a = adapt(eddy_core_handle(core), *a);
        *b = adapt(eddy_core_handle(core), *b);
    }
    return error;
}

static eddy_io *take_much(eddy_handle *handle, eddy_io *io)
{
    return eddy_io_take(handle, io, UINT64_MAX);
}

static eddy_io *count(eddy_handle *handle, eddy_io *io)
{
    return eddy_io_counted(handle, io, &counts);
}

static eddy_io *slow_down(eddy_handle *handle, eddy_io *io)
{
    return eddy_io_rate(handle, io,
                        EDDY_OPTIONS(eddy_io_rate_options, .read_per_s = 100000000,
                                     .write_per_s = 200000000, .burst_bytes = 20000));
}

static eddy_io *time_limit(eddy_handle *handle, eddy_io *io)
{
    return eddy_io_timed(handle, io,
                         EDDY_OPTIONS(eddy_io_timed_options, .read_ns = 10 * EDDY_SECOND,
                                      .write_ns = 20 * EDDY_SECOND, .idle_ns = 30 * EDDY_SECOND));
}

static eddy_io *buffer(eddy_handle *handle, eddy_io *io)
{
    return eddy_io_buffered(handle, io, 20000, 0);
}

static eddy_io *behind_nothing(eddy_handle *handle, eddy_io *io)
{
    return eddy_io_chain(handle, eddy_io_empty(handle), io);
}

#define KIND(adapt)                                                                                \
    static int adapt##_on_tcp(eddy_core *core, eddy_io **a, eddy_io **b)                           \
    {                                                                                              \
        return make_on(io_tcp_pair, adapt, core, a, b);                                            \
    }                                                                                              \
    static int adapt##_on_memory(eddy_core *core, eddy_io **a, eddy_io **b)                        \
    {                                                                                              \
        return make_on(make_memory, adapt, core, a, b);                                            \
    }

KIND(take_much)
KIND(count)
KIND(slow_down)
KIND(time_limit)
KIND(buffer)
KIND(behind_nothing)

int main(void)
{
    const struct io_kind kinds[] = {
        {"take, of tcp", take_much_on_tcp, .fill_max = 65536, .tells_abort = true},
        {"take, of memory", take_much_on_memory, .fill_max = 5000, .tells_abort = true},
        {"counted tcp", count_on_tcp, .fill_max = 65536, .tells_abort = true},
        {"counted memory", count_on_memory, .fill_max = 5000, .tells_abort = true},
        {"rate of tcp", slow_down_on_tcp, .fill_max = 65536, .tells_abort = true},
        {"rate of memory", slow_down_on_memory, .fill_max = 5000, .tells_abort = true},
        {"timed tcp", time_limit_on_tcp, .fill_max = 65536, .tells_abort = true},
        {"timed memory", time_limit_on_memory, .fill_max = 5000, .tells_abort = true},
        {"buffered tcp", buffer_on_tcp, .fill_max = 65536, .tells_abort = true},
        {"buffered memory", buffer_on_memory, .fill_max = 20000, .tells_abort = true},
        {"chained tcp", behind_nothing_on_tcp, .fill_max = 65536, .tells_abort = true},
        {"chained memory", behind_nothing_on_memory, .fill_max = 5000, .tells_abort = true},
    };
    int failed = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        failed += io_contract_holds(&kinds[i]);
    return failed;
}
