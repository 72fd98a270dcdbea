# SPDX-License-Identifier: MIT
"""One server under one load: a fresh process each, on a processor each, or both on the server's."""
import contextlib
import json
import os
from collections import namedtuple

import process
import servers
import wrk

FOREIGN_MAX = 0.10
LOAD_SECONDS_MORE = 45  # that a load may take beyond its time, to connect and to end

# secs, warm: of each load. cpus: of the server, of the load. again: a run that was not quiet is
# made once more.
Setting = namedtuple('Setting', 'programs secs warm cpus again', defaults=(True,))


def processors():
    """(the server's, the load's): the first two there are."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[min(1, len(usable) - 1)]


def run_once(setting, workload, name):
    """The load generator's report, or {'ok': False, 'error': why}."""
    try:
        with started(setting, workload, name) as server:
            row = put_load(setting, workload, server)
        row['foreign'] = foreign(row, workload)
        return row
    except process.Failure as failure:
        return {'ok': False, 'error': str(failure)}


def started(setting, workload, name, **more):
    """A context: the server, and behind a proxy what it passes on to. `more`: as of running()."""
    environment = {**servers.cubic(setting.programs), **more.pop('environment', {})}
    if workload.mode == 'proxy':
        return behind_proxy(setting, name, environment, **more)
    return start(setting, name, workload.mode, environment=environment, **more)


def start(setting, name, mode, upstream=0, prefix=(), **more):
    port = process.free_port()
    command = [*prefix, *setting.programs.command(name, mode, port, upstream)]
    return servers.running(command, mode, setting.cpus[0], port, **more)


@contextlib.contextmanager
def behind_proxy(setting, name, environment, **more):
    port = process.free_port()
    command = setting.programs.command(servers.BASE, 'echo', port)
    with servers.running(command, 'echo', setting.cpus[1], port, environment) as upstream:
        more['environment'] = environment
        with start(setting, name, 'proxy', upstream.port, **more) as server:
            yield server


def put_load(setting, workload, server):
    """What the load told; a Failure if it was not what it should be."""
    if workload.load.startswith('wrk '):
        return wrk.put_load(setting, int(workload.load.split()[1]), server)
    cpu = setting.cpus[0 if workload.one_cpu else 1]
    return run_load(setting, workload.load, server, cpu, secs=setting.secs, warm=setting.warm)


def run_load(setting, text, server, cpu, **options):
    """Run the load generator, and read its report."""
    command = [setting.programs.need('load'), *text.split(), f'port={server.port}',
               f'pid={server.pid}', *(f'{name}={value}' for name, value in options.items())]
    seconds = options['secs'] + options['warm'] + LOAD_SECONDS_MORE
    _, printed, complained = process.outcome(command, cpu, seconds, servers.cubic(setting.programs))
    try:
        row = json.loads(printed)
    except ValueError:
        raise process.Failure(f'load: {complained.strip()[-200:] or "no report"}') from None
    if not row['ok']:
        raise process.Failure(row['error'])
    return row


def foreign(row, workload):
    """The larger part of a processor that others had meanwhile. Behind a proxy is one more server,
    on the processor of the load: there only the server's own is looked at."""
    own = row['srv_util'] + (row['load_util'] if workload.one_cpu else 0)
    parts = [row['cpu0_busy'] - own, row['steal0']]
    if not workload.one_cpu and workload.mode != 'proxy':
        parts += [row['cpu1_busy'] - row['load_util'], row['steal1']]
    return max(parts)


def run_quietly(setting, workload, name):
    """Once, or once more if others were busy beside it; `noisy` tells. The quieter one counts."""
    row = run_once(setting, workload, name)
    if not row['ok'] or row['foreign'] <= FOREIGN_MAX:
        return row
    again = run_once(setting, workload, name) if setting.again else row
    if again['ok'] and again['foreign'] < row['foreign']:
        row = again
    return {**row, 'noisy': True}
