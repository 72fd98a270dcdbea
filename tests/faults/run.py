#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Make the 1st, 2nd, ... n-th allocation, system call or io_uring operation of a program fail, once
for each n until a run passes without the fault being reached: every example, with a client that
does a small exchange, and every test program, on each driver.

usage: tests/faults/run.py [options] [PROGRAM]...
  --build-dir DIR   where the programs are, and faults/libinject.so (default: build/check-gcc)
  --long            all of the examples, ever fewer of a test's calls; without, all allocations of
                    the examples and a sample of the rest
  --driver NAME     this one only
  --kind KIND       this one only; a prefix will do ("op_")
  --fault K:N:WHAT  this one only, and show what the program says
  -j N              programs at once (default: two for each processor, as most only wait)

PROGRAM: as it is called below, "echo" or "net/test_tcp_read"; a part of a name selects all that
have it. A finding is a crash or failed assertion of eddy, a program or client that waits for ever,
wrong bytes, what is not freed or closed at the end, and, of an example, an end with an error that
it does not name. A test may fail: it says that something works, which it does not then; it ends at
its first failure, since those after it stand on what is left of it. A test may also go on with what
it has not got, and crash outside of eddy or wait for ever, unless the fault is one that nobody must
notice, as an interrupted call is. inject.c says how the faults are made, scenes.py what is
done with each example. No run depends on chance.
"""
import argparse
import collections
import errno
import glob
import itertools
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
from runs import NAMES, ROOT, Run, options, test_scene
from scenes import EXAMPLES

DRIVERS = ['epoll', 'io_uring']

# What a kernel may say of each kind of call. Left out is what it cannot say there: an epoll that
# does not change or remove, an io_uring that does not cancel or close. "short": fewer bytes, events
# or entries than asked for; "single": a multishot operation that ends after one completion.
WHATS = {
    'memory': 'ENOMEM',
    'thread': 'EAGAIN',
    'socket': 'EMFILE ENOBUFS',
    'socketpair': 'EMFILE',
    'accept4': 'EMFILE EINTR EAGAIN ECONNABORTED ENOMEM',
    'bind': 'EADDRINUSE ENOMEM',
    'listen': 'EADDRINUSE',
    'connect': 'ECONNREFUSED EINTR ENETUNREACH ENOBUFS',
    'recv': 'ECONNRESET EINTR EAGAIN short ENOMEM',
    'send': 'ECONNRESET EINTR EAGAIN short EPIPE ENOMEM',
    # Of datagrams: they come and go as a whole; "short" is of those that give or take several.
    'sendmsg': 'ECONNREFUSED EAGAIN ENOBUFS EINTR EPERM ENOMEM',
    'sendmmsg': 'EAGAIN short ENOBUFS EINTR ECONNREFUSED ENOMEM',
    'recvmsg': 'ECONNREFUSED EAGAIN EINTR ECONNRESET ENOMEM',
    'recvmmsg': 'ECONNREFUSED EAGAIN short EINTR ENOMEM',
    # Of pipes, terminals and files.
    'read': 'EIO EAGAIN EINTR short',
    'write': 'EPIPE EAGAIN EINTR short ENOSPC',
    'pwritev2': 'EPIPE EAGAIN EINTR short EOPNOTSUPP EINVAL ENOSPC',
    'open': 'EMFILE EINTR EACCES ENOENT ENXIO',
    'pipe': 'EMFILE',
    'poll': 'EINTR ENOMEM',
    'sync': 'EIO EINTR ENOSPC',
    'rename': 'EACCES EINVAL EEXIST ENOENT',
    'unlink': 'EACCES ENOENT',
    'chmod': 'EPERM',
    'shutdown': 'ENOTCONN',
    'setsockopt': 'ENOMEM',
    'getsockopt': 'ENOBUFS',
    'getsockname': 'ENOBUFS',
    'fcntl': 'EPERM',
    'mmap': 'ENOMEM',
    'eventfd': 'EMFILE ENOMEM',
    'timerfd': 'EMFILE',
    'epoll_create': 'EMFILE ENOMEM',
    'epoll_add': 'ENOMEM ENOSPC',
    'epoll_wait': 'EINTR short',
    'epoll_pwait2': 'EINTR ENOSYS',
    'uring_setup': 'ENOMEM EMFILE EPERM ENOSYS',
    'uring_buffers': 'ENOMEM',
    'uring_place': 'EBUSY',
    'uring_enter': 'EINTR short EAGAIN EBUSY ENOMEM',
    'op_recv': 'ECONNRESET EINTR EAGAIN single ENOMEM ETIMEDOUT',
    'op_send': 'ECONNRESET short EINTR EAGAIN EPIPE ENOMEM',
    'op_accept': 'EMFILE single EINTR EAGAIN ECONNABORTED ENOMEM',
    'op_connect': 'ECONNREFUSED ENOMEM ETIMEDOUT',
    'op_poll': 'ENOMEM',
    'op_timeout': 'ENOMEM',
}

# Test programs that are left out, and why.
LEFT_OUT = {
    'driver/test_contract_faults': 'is about faults',
    'driver/test_fallback': 'is about features and limits that the kernel refuses',
    'driver/test_sysctl': 'changes the system, and is about io_uring being forbidden',
    'reactor/test_memory': 'is about allocations that fail',
    'net/test_listener_errors': 'is about descriptor limits',
    'sim/test_tcp_faults': 'is about faults',
    'world/test_faults': 'is about faults',
    'world/test_explore': 'is about the explorer of faults',
    'model/test_explorer': 'runs a model of threads, no eddy',
    'model/test_inbox_model': 'runs a model of threads, no eddy',
    'future/test_branch_deep': 'makes millions of futures, to see that their end takes no stack',
    'base/test_inbox_litmus': 'needs millions of rounds, and no memory or system call',
    'base/test_inbox_threads': 'needs millions of rounds, and no memory or system call',
}
# Programs of which something cannot be judged, and why.
UNJUDGED = {
    'hang': {
        'guide/names': 'it waits for a caller who was turned away, for want of room to watch him',
    },
    'crash': {
        'base/test_block': 'it hands on buffers without looking whether it got them',
        'reactor/test_core_end': 'a hook of it uses what could not be made',
        'net/test_tcp_write': 'it hands on buffers without looking whether it got them',
    },
    'leak': {
        'connect': 'its thread may be reading, and holds a remote, when the program ends',
        'echo_threads': 'it may exit while other threads run',
        'guide/remote': 'it may exit while other threads run',
        'libuv/embed_libuv': 'libuv closes what it has for signals when we have looked',
    },
}
NEED_OTHERS = {'curl/fetch': 'libcurl', 'libuv/embed_libuv': 'libuv'}
SHORT_N = [1, 2, 4, 8, 16]  # of a sample

FAILED_TEST = re.compile(r'error: Failure!|^\[  FAILED  \]', re.M)
CRASHES = re.compile(r'^eddy: \w+\.[ch]:\d+: .*|Test failed with exception: .*|'
                     r'ERROR: (?:Address|Thread)Sanitizer.*|.*runtime error: .*|'
                     r'\*\*\* stack smashing.*|malloc\(\): .*|free\(\): .*|double free.*|'
                     r'corrupted .*|munmap_chunk.*', re.M)
LEAKS = re.compile(r'ERROR: LeakSanitizer.*|(?:Direct|Indirect) leak of .*')
TOLD_LEAK = 'the memory they use is left to it'  # of io_uring that does not answer


# ---- programs ----------------------------------------------------------------------------------

def error_texts():
    """All that eddy_strerror() can say, and the advice that the examples give instead."""
    with open(os.path.join(ROOT, 'src/base/error.c'), encoding='ascii') as file:
        texts = re.findall(r'X\(\w+, "([^"]+)"\)', file.read())
    return texts + ['in use by another program', 'not allowed', 'not of this machine',
                    'loop', 'Resource temporarily unavailable', 'Cannot allocate memory']


class Program:

    def __init__(self, name, path, scene, words=()):
        self.name, self.path, self.scene, self.words = name, path, scene, words
        self.is_test = scene is test_scene
        self.scope = None
        self.seconds = 0

    def drivers(self):
        if self.name.startswith('guide/simulated'):
            return [None]
        if not self.is_test or 'drivers' in self.words:
            return DRIVERS
        return ['sim' if 'sim' in self.words else None]

    def find_scope(self, folder):
        """Of a test only what is eddy's counts: a list of the addresses of its functions."""
        own = {os.path.basename(path) for path in glob.glob(f'{ROOT}/tests/support/*.c')}
        own |= {os.path.basename(self.path) + '.c', 'crtstuff.c', 'Scrt1.o'}
        own -= {'heap.c'}  # it allocates for eddy
        ranges, unit = [], ''
        for line in output('readelf', '-sW', self.path).splitlines():
            parts = line.split()
            if len(parts) < 7 or parts[0] == 'Num:':
                continue
            name = parts[7] if len(parts) > 7 else ''
            if parts[3] == 'FILE':
                unit = name
            elif parts[3] == 'FUNC' and parts[6] != 'UND' and \
                    (name.startswith('eddy') or (parts[4] == 'LOCAL' and unit not in own)):
                first = int(parts[1], 16)
                size = int(parts[2], 0)
                ranges.append((first + 1, first + size + 1))  # return addresses
        self.scope = os.path.join(folder, self.name.replace('/', '.') + '.scope')
        merged = []
        for first, end in sorted(ranges):
            if merged and first <= merged[-1][1]:
                merged[-1][1] = max(end, merged[-1][1])
            else:
                merged.append([first, end])
        with open(self.scope, 'w', encoding='ascii') as file:
            file.writelines(f'{first:x} {end:x}\n' for first, end in merged)


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()


def test_name(source):
    """Where it is built, and what it is called: tests/net/test_x.c is net/test_x, and
    addons/curl/tests/test_y.c is curl/test_y."""
    parts = os.path.relpath(source, ROOT)[:-2].split('/')
    return f'{parts[1]}/{parts[-1]}'


def find_programs(folder):
    """All examples and tests that were built, those named on the command line."""
    programs = []
    for name, scene in EXAMPLES.items():
        path = f'{options.build_dir}/examples/{name.split()[0]}'
        if name in NEED_OTHERS and not os.path.exists(path):
            print(f'left out: {name}: it is built where {NEED_OTHERS[name]} is found')
            continue
        programs.append(Program(name, path, scene))
    known = {program.path for program in programs}
    for path in glob.glob(f'{options.build_dir}/examples/**/*', recursive=True):
        if os.access(path, os.X_OK) and os.path.isfile(path) and path not in known:
            sys.exit(f'{path} has no scene in {__file__}')
    sources = glob.glob(f'{ROOT}/tests/*/test_*.c') + glob.glob(f'{ROOT}/addons/*/tests/test_*.c')
    for name, source in sorted((test_name(source), source) for source in sources):
        path = f'{options.build_dir}/tests/{name}'
        if name in LEFT_OUT or not os.path.exists(path):
            continue
        with open(source, encoding='ascii') as file:
            marker = re.search(r'^/\* eddy-test:([ a-z,]*)', file.read(4096), re.M)
        words = marker[1].replace(',', ' ').split() if marker else []
        programs.append(Program(name, path, test_scene, words))
    names = {program.name for program in programs}
    programs = [program for program in programs if not options.programs or
                any(part == program.name or (part not in names and part in program.name)
                    for part in options.programs)]
    for program in programs:
        if not os.path.exists(program.path):
            sys.exit(f'{program.path} is missing: build the target "faults"')
        if program.is_test:
            program.find_scope(folder)
    return programs


# ---- judging -----------------------------------------------------------------------------------

def where(program, address):
    """A line of the source."""
    try:
        text = output('addr2line', '-s', '-f', '-e', program.path, hex(address - 1))
        return ' '.join(text.split()).replace('(discriminator', '').strip()
    except (OSError, subprocess.CalledProcessError):
        return hex(address)


def judge(run):
    """Add to its problems what its end tells."""
    program, report = run.program, run.report.read()
    process = run.processes[0]
    text = run.text()
    if run.fault and program.name in UNJUDGED['hang']:
        run.problems = [problem for problem in run.problems if not problem.startswith('hangs')]
        run.allowed_signal = signal.SIGKILL
    failed = program.is_test and FAILED_TEST.search(text)
    crash = CRASHES.search(text)
    if crash:
        run.problem(f'crash: {crash[0].strip()}')
    elif process.returncode < 0 and not failed and not run.problems and \
            -process.returncode != getattr(run, 'allowed_signal', None):
        site = f' in {where(program, report.crash_site)}' if report.crash_site else ''
        if (report.crash_scoped or not program.is_test or not site) and \
                not (site and program.name in UNJUDGED['crash']):
            run.problem(f'crash: {signal.Signals(-process.returncode).name}{site}')
        else:
            run.stumbled = site
    if LEAKS.search(text) and not failed and TOLD_LEAK not in text:
        run.problem('leak: ' + ' '.join(LEAKS.findall(text)[:2]))
    if process.returncode != 0 and not program.is_test:
        named(run, text)
    if report.ended and not failed and TOLD_LEAK not in text and \
            program.name not in UNJUDGED['leak'] and \
            (process.returncode == 0 or not program.is_test):
        if report.blocks_left:
            run.problem(f'leak: {report.blocks_left} blocks, as of '
                        f'{where(program, report.block_site)}')
        if report.fds_left:
            run.problem(f'leak: {report.fds_left} descriptors are open at the end')
    if not run.fault and process.returncode != 0 and process.returncode != 77 and \
            not run.problems and not getattr(run, 'allowed_signal', None):
        run.problem(f'fails without any fault: status {process.returncode}')


def named(run, text):
    """An example that ends with an error must say which, in its name."""
    if run.problems or process_was_signalled(run) or TOLD_LEAK in text:
        return
    if run.program.name.startswith('guide/'):
        return  # pieces of the guide: the shortest that tells by its status
    name = os.path.basename(run.program.name.split()[0])
    if not re.search(rf'^{name}: ', text, re.M) or \
            not any(known in text for known in options.texts):
        run.problem(f'status {run.processes[0].returncode} without the name of an error: {text!r}')


def process_was_signalled(run):
    return run.processes[0].returncode < 0


def run_once(program, driver, fault):
    run = Run(program, driver, fault)
    try:
        program.scene(run)
        judge(run)
    except OSError as error:
        run.problem(f'the scene broke: {error!r}')
    finally:
        run.close()
    return run


# ---- all faults of a program -------------------------------------------------------------------

class Tally:

    def __init__(self):
        self.lock = threading.Lock()
        self.programs, self.runs, self.faults, self.findings = set(), 0, 0, []
        self.stumbles = collections.Counter()

    def add(self, run):
        with self.lock:
            self.programs.add(run.program.name)
            self.runs += 1
            self.faults += run.report.reached > 0
            if run.stumbled:
                self.stumbles[run.program.name + run.stumbled] += 1
            if run.problems:
                self.findings.append(run)
                print(describe(run), flush=True)


def describe(run):
    site = where(run.program, run.report.site) if run.report.reached else 'not reached'
    text = '; '.join(run.problems)
    again = f'--driver={run.driver} ' if run.driver else ''
    driver = run.driver or 'its own driver'
    return (f'FINDING {run.program.name} on {driver}, {run.fault} at {site}:\n    {text}\n'
            f'    again: tests/faults/run.py --build-dir={options.build_shown} {again}'
            f'--fault={run.fault} "{run.program.name}"')


def code(what):
    return what if what in ('short', 'single') else str(getattr(errno, what))


def numbers(program, kind):
    """Which of the calls fail, in ascending order and without end; short: a sample."""
    if options.long or (kind == 'memory' and not program.is_test and not slow(program)):
        return itertools.count(1) if not program.is_test else spread(program)
    if program.is_test:
        return iter([1 + program.order % 3, 5 + program.order % 7])
    return iter(SHORT_N[:2] if slow(program) else SHORT_N)


def slow(program):
    return program.seconds > 0.3


def spread(program):
    """The first ones, then ever fewer: a test may make a million calls, and takes its time."""
    n = 1
    while True:
        yield n
        n += 1 + n // (1 if slow(program) else 5)


def sweep(job):
    """One kind of fault, until a run does not reach it."""
    program, driver, kind, whats = job
    for turn, n in enumerate(numbers(program, kind)):
        reached = False
        every = options.long and not program.is_test
        for what in whats if every else [whats[(turn + program.order) % len(whats)]]:
            run = run_once(program, driver, f'{kind}:{n}:{code(what)}')
            tally.add(run)
            reached = reached or run.report.reached
            if len([1 for found in tally.findings if found.program is program]) > 40:
                return
        if not reached:
            return


def survey(program, driver):
    """A run without any fault: which kinds of calls there are."""
    start = time.monotonic()
    run = run_once(program, driver, None)
    program.seconds = max(program.seconds, time.monotonic() - start)
    if run.processes[0].returncode == 77:
        print(f'skipped: {program.name} on {driver}: {run.text().strip().splitlines()[-1:]}')
        return []
    tally.add(run)
    if run.problems:
        return []
    kinds = [kind for kind in NAMES if run.report.count[kind] and
             kind.startswith(options.kind) and not (options.old and kind.startswith('op_'))]
    return [(program, driver, kind, WHATS[kind].split()) for kind in kinds]


def sweeps(jobs):
    """The longest first, so that nobody waits for the last one."""
    return sorted(jobs, key=lambda job: (-job[0].seconds, job[0].name))


def everything(folder):
    programs = find_programs(folder)
    for order, program in enumerate(programs):
        program.order = order
    pairs = [(program, driver) for program in programs for driver in program.drivers()
             if options.driver in (None, driver)]
    with ThreadPoolExecutor(options.jobs) as pool:
        jobs = [job for found in pool.map(lambda pair: survey(*pair), pairs) for job in found]
        list(pool.map(sweep, sweeps(sample(jobs))))


def sample(jobs):
    """Short: of a test one kind, in turn, and none of a slow one; of a slow example some."""
    if options.long or options.kind:
        return jobs
    picked, by_program = [], collections.defaultdict(list)
    for job in jobs:
        by_program[job[0], job[1]].append(job)
    for (program, driver), found in by_program.items():
        if not program.is_test:
            picked += found[::4] if slow(program) else found
        elif program.seconds < 0.5:
            picked.append(found[(program.order + (driver == 'epoll')) % len(found)])
    return picked


def one_fault(folder):
    for program in find_programs(folder):
        for driver in program.drivers():
            if options.driver in (None, driver):
                run = run_once(program, driver, options.fault)
                print(run.text() + run.out.decode(errors='replace'), end='')
                tally.add(run)
                print(f'{program.name} on {driver}: {run.processes[0].returncode}, reached at '
                      f'{where(program, run.report.site) if run.report.reached else None}')


tally = Tally()


def read_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build-dir', default='build/check-gcc')
    parser.add_argument('--long', action='store_true')
    parser.add_argument('--driver')
    parser.add_argument('--kind', default='')
    parser.add_argument('--fault')
    parser.add_argument('-j', dest='jobs', type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument('programs', nargs='*')
    parser.parse_args(namespace=options)
    options.build_shown = options.build_dir
    options.build_dir = os.path.abspath(options.build_dir)
    options.inject = f'{options.build_dir}/tests/faults/libinject.so'
    options.texts = error_texts()
    options.old = tuple(int(part) for part in re.findall(r'\d+', platform.release())[:2]) < (6, 10)
    if not os.path.exists(options.inject):
        sys.exit(f'{options.inject} is missing: build the target "faults"')


def main():
    read_options()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='eddy-faults-') as folder:
        if options.fault:
            one_fault(folder)
        else:
            everything(folder)
    if options.old:
        print('skipped: faults of io_uring operations: they need Linux 6.10')
    for place, count in tally.stumbles.items() if options.long else ():
        print(f'{count} times a test went on with what it had not got: {place}')
    for name, why in LEFT_OUT.items():
        if options.long:
            print(f'left out: {name}: {why}')
    print(f'{len(tally.programs)} programs, {tally.runs} runs, {tally.faults} faults, '
          f'{len(tally.findings)} findings ({time.monotonic() - start:.0f} s)')
    return 1 if tally.findings else 0


if __name__ == '__main__':
    sys.exit(main())
