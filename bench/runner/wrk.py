# SPDX-License-Identifier: MIT
"""wrk as the load: what it prints, and what it and the server cost meanwhile."""
import os
import re
import time

import process
import servers

MICROSECONDS = {'us': 1, 'ms': 1e3, 's': 1e6, 'm': 60e6}
TICKS = os.sysconf('SC_CLK_TCK')


def put_load(setting, conns, server):
    """A report like the load generator's. wrk counts whole seconds, and has no warm-up."""
    seconds = max(1, round(setting.secs))
    command = ['wrk', '-t1', f'-c{conns}', f'-d{seconds}s', '--latency',
               f'http://{process.LOOPBACK}:{server.port}/plaintext']
    before = account(setting, server.pid)
    try:
        _, printed, complained = process.outcome(command, setting.cpus[1], seconds + 20,
                                                 servers.cubic(setting.programs))
    except FileNotFoundError:
        raise process.Failure('wrk is not installed') from None
    after = account(setting, server.pid)
    return row(printed, complained, [b - a for a, b in zip(before, after)])


def account(setting, pid):
    """Seconds: the clock, the server's, of children that have ended, and each processor's."""
    own = os.times()
    return [time.monotonic(), process.cpu_seconds(pid), own.children_user + own.children_system,
            *busy(setting.cpus[0]), *busy(setting.cpus[1])]


def busy(cpu):
    """Seconds that the processor was busy for anybody, and that the host took away."""
    with open('/proc/stat', encoding='ascii') as file:
        line = next(line for line in file if line.startswith(f'cpu{cpu} '))
    user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq) / TICKS, steal / TICKS


def row(printed, complained, used):
    """The report, of what wrk printed; a Failure if any answer was wrong."""
    wall, server, own, busy0, steal0, busy1, steal1 = used
    requests = re.search(r'(\d+) requests in', printed)
    rate = re.search(r'Requests/sec:\s+([\d.]+)', printed)
    if not requests or not rate or not int(requests[1]):
        raise process.Failure(f'wrk: {(complained or printed).strip()[-120:] or "no requests"}')
    wrong = re.search(r'Non-2xx.*|Socket errors:.*[1-9].*', printed)
    if wrong:
        raise process.Failure(f'wrk: {wrong[0].strip()}')
    return {'ok': True, 'error': '', 'requests': int(requests[1]), 'rps': float(rate[1]),
            'wall': wall, 'srv_ns': server * 1e9 / int(requests[1]), 'srv_util': server / wall,
            'load_util': own / wall, 'cpu0_busy': busy0 / wall, 'cpu1_busy': busy1 / wall,
            'steal0': steal0 / wall, 'steal1': steal1 / wall,
            'p50_us': quantile(printed, '50%'), 'p99_us': quantile(printed, '99%')}


def quantile(printed, name):
    found = re.search(rf'^\s*{name}\s+([\d.]+)(us|ms|s|m)\b', printed, re.MULTILINE)
    return float(found[1]) * MICROSECONDS[found[2]] if found else None
