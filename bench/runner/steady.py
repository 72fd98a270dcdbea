# SPDX-License-Identifier: MIT
"""Figures that hardly depend on noise, of each server and workload: system calls, instructions of
the user's side, and heap calls per request; heap calls per connection, live heap per idle one.

Calls are counted at full speed by perf on the kernel's tracepoints; where that is not permitted by
strace, which slows the server, so that it finds more ready at once: the page says which.
Instructions are callgrind's. Heap calls are counted by bench/preload/heap.c, which stands in for
malloc(3).
"""
import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import load
import process
import results
import workloads

TRACING = ('/sys/kernel/tracing', '/sys/kernel/debug/tracing')
IDLE = workloads.BY_NAME['idle-9000']
HEAP_SECONDS = 0.3
# Started under valgrind, a program of Rust or C++ takes its time.
VALGRIND_START_SECONDS = 30
# Into what a script becomes, too: nginx is started by one.
CALLGRIND = ['valgrind', '--tool=callgrind', '--trace-children=yes',
             '--callgrind-out-file={folder}/out.%p']


def chosen(options):
    """Of the workloads that are run, those that steady figures are taken of."""
    if getattr(options, 'steady', None):
        return options.steady
    return [workload.name for workload in options.tests if workload.name in workloads.STEADY]


def run_all(options, setting):
    """(workload's name, server, figures)"""
    counter = counter_of_calls()
    for name in chosen(options):
        workload = workloads.BY_NAME[name]
        for server in setting.programs.with_mode(workload.mode, options.servers):
            yield name, server, figures(setting, workload, server, counter)
    if IDLE in options.tests and setting.programs.path('heap.so'):
        for server in setting.programs.with_mode(IDLE.mode, options.servers):
            yield IDLE.name, server, attempt({'live': lambda name=server: live_heap(setting, name)})


def figures(setting, workload, server, counter):
    requests = workloads.STEADY[workload.name]
    ways = {}
    if counter:
        ways['calls'] = lambda: counter(setting, workload, server)
    if setting.programs.path('heap.so'):
        ways['heap'] = lambda: heap(setting, workload, server)
    if shutil.which('valgrind') and shutil.which('vgdb'):
        ways['instructions'] = lambda: instructions(setting, workload, server, requests)
    return attempt(ways)


def attempt(ways):
    """All that works; what does not is told in `error`."""
    found = {}
    for name, way in ways.items():
        try:
            found.update(way())
        except process.Failure as failure:
            found['error'] = f'{name}: {failure}'
    return found


def run_into(options, setting, data):
    for name, server, found in run_all(options, setting):
        if 'error' in found:
            process.complain(f'{name}: {server}: {found["error"]}')
        data['steady'].setdefault(name, {})[server] = found
        results.save(data, options.json)


def put_load(setting, workload, server, **more):
    cpu = setting.cpus[0 if workload.one_cpu else 1]
    return load.run_load(setting, workload.load, server, cpu, **{'secs': 1.0, 'warm': 0, **more})


# ---- system calls -------------------------------------------------------------------------------

def counter_of_calls():
    """The function that can count them here, or None."""
    if shutil.which('perf') and not subprocess.call(
            ['perf', 'stat', '-e', 'raw_syscalls:sys_enter', 'true'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        return calls_by_perf
    return calls_by_strace if shutil.which('strace') else None


def calls_by_perf(setting, workload, server):
    events = ','.join(['raw_syscalls:sys_enter', *(f'syscalls:sys_enter_{name}' for name in CALLS
                                                   if has_event(name))])
    with load.started(setting, workload, server) as running:
        command = ['perf', 'stat', '-x;', '-e', events, '-p', str(running.pid)]
        requests, printed = counted(setting, workload, running, command)
    counts = {}
    for line in printed.splitlines():
        fields = line.split(';')
        if len(fields) > 3 and fields[0].isdigit():
            counts[fields[2].split('sys_enter')[1].lstrip('_')] = int(fields[0]) / requests
    return calls_of(counts.pop('', 0), counts, 'perf')


def calls_by_strace(setting, workload, server):
    with load.started(setting, workload, server) as running:
        command = ['strace', '-c', '-f', '-U', 'calls,name', '-p', str(running.pid)]
        requests, printed = counted(setting, workload, running, command)
    counts = {name: int(number) / requests
              for number, name in re.findall(r'^\s*(\d+)\s+(\w+)$', printed, re.MULTILINE)
              if name != 'total'}
    return calls_of(sum(counts.values()), counts, 'strace')


def counted(setting, workload, running, command):
    """(requests, what the counter said): the counter is on while the load is."""
    with tempfile.TemporaryFile('w+') as said:
        counter = process.spawn(command, setting.cpus[1], stderr=said)
        try:
            time.sleep(0.3)  # it does not tell when it has begun
            row = put_load(setting, workload, running, secs=setting.secs)
            counter.send_signal(signal.SIGINT)
            counter.wait(10)
        except subprocess.TimeoutExpired:
            raise process.Failure(f'{command[0]} does not end') from None
        finally:
            process.end(counter)
        said.seek(0)
        return row['requests'], said.read()


def calls_of(total, counts, by):
    if not total:
        raise process.Failure(f'{by} counted nothing')
    parts = sorted(counts.items(), key=lambda item: -item[1])
    return {'calls': total, 'calls_by': by,
            'which': ' '.join(f'{name} {value:.2f}' for name, value in parts if value > 0.005)}


CALLS = ('read write readv writev recvfrom sendto recvmsg sendmsg recvmmsg sendmmsg epoll_wait '
         'epoll_pwait epoll_pwait2 epoll_ctl io_uring_enter accept accept4 close shutdown ioctl '
         'fcntl setsockopt getsockopt getpeername getsockname futex splice socket connect').split()


def has_event(call):
    return any(os.path.isdir(f'{folder}/events/syscalls/sys_enter_{call}') for folder in TRACING)


# ---- instructions -------------------------------------------------------------------------------

def instructions(setting, workload, server, requests):
    """callgrind's count, dumped after each of three loads: the difference of the third, which is
    six times as long, and the second leaves out all that is done once per connection."""
    with tempfile.TemporaryDirectory() as folder:
        command = [part.format(folder=folder) for part in CALLGRIND]
        with load.started(setting, workload, server, prefix=command,
                         seconds=VALGRIND_START_SECONDS) as running:
            counted_before = dump(running.pid, folder)
            figures_of = []
            for share in (1, 1, 6):
                row = put_load(setting, workload, running, secs=120.0, patience=60,
                               reqs=max(1, requests * share // 6))
                total = dump(running.pid, folder)
                figures_of.append((total - counted_before, row['requests']))
                counted_before = total
    (_, _), (short, few), (long, many) = figures_of
    if many <= few or long <= short:
        raise process.Failure('callgrind counted nothing')
    return {'instructions': (long - short) / (many - few)}


def dump(pid, folder):
    """What callgrind has counted up to now. vgdb wakes a program that is blocked in the kernel."""
    done = subprocess.run(['vgdb', f'--pid={pid}', 'dump'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=60)
    totals = [total_of(path) for path in glob.glob(f'{folder}/out.{pid}.*')]
    if done.returncode or not totals:
        raise process.Failure(f'vgdb: {done.stdout.strip()[-100:]}')
    return sum(totals)


def total_of(path):
    with open(path, encoding='utf-8') as file:
        found = re.findall(r'^(?:totals|summary): (\d+)', file.read(), re.MULTILINE)
    return int(found[-1]) if found else 0


# ---- heap ---------------------------------------------------------------------------------------

@contextlib.contextmanager
def counting_heap(setting, workload, server):
    """The server, and a function that tells (allocations, frees, live bytes) up to now."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'heap')
        preload = [setting.programs.path('heap.so'), setting.programs.path('congestion.so')]
        environment = {'LD_PRELOAD': ' '.join(filter(None, preload)), 'EDDY_BENCH_HEAP': path}
        with load.started(setting, workload, server, environment=environment) as running:
            yield running, lambda: heap_counts(path)


def heap_counts(path):
    try:
        with open(path, 'rb') as file:
            data = file.read(24)
    except OSError:
        raise process.Failure('the program does not take a preload (is it static?)') from None
    return [int.from_bytes(data[at:at + 8], 'little', signed=True) for at in (0, 8, 16)]


def heap(setting, workload, server):
    """Two loads with the same connections, one longer, after one that fills what is kept: the
    difference is the requests', what is left of the shorter the connections'."""
    with counting_heap(setting, workload, server) as (running, counts):
        made, requests = [], []
        for secs in (HEAP_SECONDS, HEAP_SECONDS / 2, HEAP_SECONDS * 2):
            before = counts()[0]
            row = put_load(setting, workload, running, secs=secs)
            time.sleep(0.1)  # until the server has seen the ends of the connections
            made.append(counts()[0] - before)
            requests.append(row['requests'])
    each = (made[2] - made[1]) / max(1, requests[2] - requests[1])
    found = {'heap': max(0.0, each)}
    if workload.mode != 'udp' and workload.section != 'conns':
        found['heap_conn'] = max(0.0, made[1] - each * requests[1]) / row['conns']
    return found


def live_heap(setting, server):
    """The most that was live while all connections were open, less what was before: of each."""
    with counting_heap(setting, IDLE, server) as (running, counts):
        time.sleep(0.1)
        before = counts()[2]
        command = [setting.programs.need('load'), *IDLE.load.split(), f'port={running.port}',
                   f'pid={running.pid}', 'secs=1', 'warm=0']
        client = process.spawn(command, setting.cpus[1])
        try:
            most = most_while(client, lambda: counts()[2])
        finally:
            process.end(client)
        if client.returncode:
            raise process.Failure('load failed')
    conns = int(re.search(r'conns=(\d+)', IDLE.load)[1])
    return {'live': (most - before) / conns}


def most_while(client, value, seconds=60):
    until = time.monotonic() + seconds
    most = value()
    while client.poll() is None and time.monotonic() < until:
        most = max(most, value())
        time.sleep(0.02)
    return most
