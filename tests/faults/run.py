#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Make the 1st, 2nd, ... n-th allocation, system call or io_uring operation of a program fail, once
for each n until a run passes without the fault being reached: every example, with a client that
does a small exchange, and every test program, on each driver.

usage: tests/faults/run.py [options] [PROGRAM]...
  --build-dir DIR   where the programs are, and faults/libinject.so (default: build/check-gcc)
  --long            all of it; without, all allocations of the examples and a sample of the rest
  --driver NAME     this one only
  --kind KIND       this one only; a prefix will do ("op_")
  --fault K:N:WHAT  this one only, and show what the program says
  -j N              programs at once (default: two for each processor, as most only wait)

PROGRAM: as it is called below, "echo" or "net/test_tcp_read"; a part of a name selects all that
have it. A finding is a crash or failed assertion of eddy, a program or client that waits for ever,
wrong bytes, what is not freed or closed at the end, and, of an example, an end with an error that
it does not name. A test may fail: it says that something works, which it does not then; it ends at
its first failure, since those after it stand on what is left of it. A test may also go on with what
it has not got, and crash outside of eddy. inject.c, which makes the
faults, says how; no run depends on chance.
"""
import argparse
import bisect
import collections
import errno
import glob
import itertools
import os
import platform
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'examples'))
os.environ.pop('EDDY_DRIVER', None)
from support import LISTENS, free_address

DRIVERS = ['epoll', 'io_uring']
LIMIT = 15  # seconds for an example's exchange, and for its end
TEST_LIMIT = 30  # seconds more than a test takes without a fault
PATTERN = bytes(range(256)) * 40

# What a kernel may say of each kind of call. Left out is what it cannot say there: an epoll that
# does not change or remove, an io_uring that does not cancel or close. "short": fewer bytes, events
# or entries than asked for; "single": a multishot operation that ends after one completion.
NAMES = re.findall(r'^ +X\((\w+)\)', open(os.path.join(HERE, 'inject.c'), encoding='ascii').read(),
                   re.M)
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
    'base/test_inbox_litmus': 'needs millions of rounds, and no memory or system call',
    'base/test_inbox_threads': 'needs millions of rounds, and no memory or system call',
}
# Programs of which something cannot be judged, and why.
UNJUDGED = {
    'leak': {
        'connect': 'its thread may be reading, and holds a remote, when the program ends',
        'echo_threads': 'it may exit while other threads run',
        'guide/remote': 'it may exit while other threads run',
    },
}
SHORT_N = [1, 2, 4, 8, 16]  # of a sample

FAILED_TEST = re.compile(r'error: Failure!|^\[  FAILED  \]', re.M)
CRASHES = re.compile(r'^eddy: \w+\.[ch]:\d+: .*|Test failed with exception: .*|'
                     r'ERROR: (?:Address|Thread)Sanitizer.*|.*runtime error: .*|'
                     r'\*\*\* stack smashing.*|malloc\(\): .*|free\(\): .*|double free.*|'
                     r'corrupted .*|munmap_chunk.*', re.M)
LEAKS = re.compile(r'ERROR: LeakSanitizer.*|(?:Direct|Indirect) leak of .*')
TOLD_LEAK = 'the memory they use is left to it'  # of io_uring that does not answer


UNKNOWN = re.compile(rb'listens on (?:http://)?\?')  # it could not learn its own address


class Report:
    """What inject.c tells: the numbers of its struct report."""

    HEAD = 'reached site ended blocks_left block_site fds_left '\
           'crash_site crash_scoped'.split()

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix='eddy-fault-')
        size = 8 * (len(self.HEAD) + len(NAMES))
        self.file.truncate(size)

    def read(self):
        self.file.seek(0)
        data = self.file.read()
        values = struct.unpack(f'{len(data) // 8}Q', data)
        self.__dict__.update(zip(self.HEAD, values))
        self.count = dict(zip(NAMES, values[len(self.HEAD):]))
        return self


class Run:
    """One run of a program, with a fault or without."""

    def __init__(self, program, driver, fault):
        self.program, self.driver, self.fault = program, driver, fault
        self.report = Report()
        self.problems = []
        self.processes = []
        self.sockets = []
        self.out = b''
        self.err = tempfile.TemporaryFile()
        self.until = time.monotonic() + LIMIT

    def environment(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith('EDDY_')}
        env.update(LD_PRELOAD=options.inject, EDDY_FAULT_REPORT=self.report.file.name,
                   CMOCKA_TEST_ABORT='1', MALLOC_CHECK_='3', MALLOC_PERTURB_='165',
                   EDDY_BUILD_DIR=options.build_dir, EDDY_SOURCE_DIR=ROOT,
                   ASAN_OPTIONS='verify_asan_link_order=0:detect_leaks=1:'
                                'detect_stack_use_after_return=1:strict_string_checks=1',
                   UBSAN_OPTIONS='print_stacktrace=1')
        if self.driver:
            env['EDDY_DRIVER'] = self.driver
        if self.fault:
            env['EDDY_FAULT'] = self.fault
        if self.program.scope:
            env['EDDY_FAULT_SCOPE'] = self.program.scope
        return env

    def start(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        process = subprocess.Popen([self.program.path, *arguments], stdin=stdin, stdout=stdout,
                                   stderr=self.err, env=self.environment(), bufsize=0)
        self.processes.append(process)
        return process

    def problem(self, text):
        if text not in self.problems:
            self.problems.append(text)

    def left(self):
        return max(0.05, self.until - time.monotonic())

    def more_time(self):
        self.until = time.monotonic() + LIMIT

    def text(self):
        self.err.seek(0)
        return self.err.read().decode(errors='replace')

    # ---- the program's output and end

    def address(self, process):
        """Where it says that it listens; None: it ends instead."""
        while True:
            match = LISTENS.search(self.out)
            if match:
                if self.driver and match[3].decode() != self.driver:
                    self.problem(f'runs by {match[3].decode()} instead of {self.driver}')
                return match[1].decode(), int(match[2])
            if UNKNOWN.search(self.out) or not self.read_out(process):
                return None

    def read_out(self, process):
        """More of its output. False: there is none."""
        if not select.select([process.stdout], [], [], self.left())[0]:
            self.problem('hangs: nothing more is written')
            return False
        part = os.read(process.stdout.fileno(), 65536)
        self.out += part
        return bool(part)

    def wait(self, process, number=None):
        """Its end, with a signal to make it; killed when it does not."""
        self.more_time()
        if number is not None:
            self.await_end(process, 0.3 if self.disturbed else 0.01 if self.fault else 0)
            if process.poll() is None:
                process.send_signal(number)
                if self.fault and self.report.read().reached:
                    self.allowed_signal = number  # it may be ending by the fault just now
        while process.stdout is not None and self.read_out(process):
            pass
        try:
            process.wait(self.left())
        except subprocess.TimeoutExpired:
            self.problem('hangs: does not end')
            process.kill()
            process.wait()

    def await_end(self, process, seconds):
        """A signal would hide why it ends, if it does."""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    # ---- the other ends

    def connect(self, address):
        client = socket.socket()
        self.sockets.append(client)
        client.settimeout(self.left())
        client.connect(address)
        return client

    def listen(self):
        listener = socket.socket()
        self.sockets.append(listener)
        listener.bind(('127.0.0.1', 0))
        listener.listen(16)
        return listener

    def accept(self, listener, process, client=None):
        """A connection of the program's; None when it ends, or gives its client up, instead."""
        while True:
            ends = [listener] + ([client] if client else [])
            ready = select.select(ends, [], [], 0.02)[0]
            if listener in ready:
                peer = listener.accept()[0]
                self.sockets.append(peer)
                peer.settimeout(self.left())
                return peer
            if ready or process.poll() is not None:
                return None
            if time.monotonic() > self.until:
                self.problem('hangs: never connects')
                return None

    def receive(self, end, count):
        """Exactly so many bytes; Broken when the stream ends before."""
        data = b''
        while len(data) < count:
            end.settimeout(self.left())
            part = end.recv(count - len(data))
            if not part:
                raise Broken
            data += part
        return data

    def expect(self, end, data):
        got = self.receive(end, len(data))
        if got != data:
            self.problem(f'wrong bytes: {got[:40]} instead of {data[:40]}')

    def expect_end(self, end):
        end.settimeout(self.left())
        part = end.recv(100)
        if part:
            self.problem(f'wrong bytes: {part[:40]} instead of the end')

    def client(self, exchange, *arguments):
        """One exchange. It may break, once, where the fault did it."""
        before = self.report.read().reached
        self.more_time()
        try:
            exchange(*arguments)
        except (Broken, ConnectionError):
            self.disturbed = True
            if not self.fault or before or not self.is_reached():
                self.breaks += 1
        except TimeoutError:
            self.problem('hangs: a client waits for ever')

    breaks = 0
    disturbed = False  # a client was
    stumbled = ''  # where a test went on with what it had not got

    def is_reached(self):
        """The program may be a moment behind its client."""
        until = time.monotonic() + 0.2
        while not self.report.read().reached and time.monotonic() < until:
            time.sleep(0.01)
        return self.report.reached

    def close(self):
        for end in self.sockets:
            end.close()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
            for pipe in process.stdin, process.stdout:
                if pipe:
                    pipe.close()


class Broken(Exception):
    """The stream has ended too early."""


# ---- the examples: what is done with each ---------------------------------------------------------

def serve(exchange, *arguments, number=signal.SIGTERM):
    """The scene of a server: three exchanges, then a signal."""
    def scene(run):
        process = run.start(*arguments)
        address = run.address(process)
        for _ in range(3 if address else 0):
            if process.poll() is not None:
                break
            run.client(exchange, run, process, address)
        run.wait(process, number)
        if run.breaks and process.returncode == 0:
            run.problem(f'{run.breaks} clients were broken without a fault')
    return scene


def echo(run, _process, address):
    client = run.connect(address)
    for size in 1, 300, 5000:
        client.sendall(PATTERN[:size])
        run.expect(client, PATTERN[:size])
    client.shutdown(socket.SHUT_WR)
    run.expect_end(client)


def chat(run, _process, address):
    one, other = run.connect(address), run.connect(address)
    for number in itertools.count():
        one.sendall(b'%06d\n' % number)
        ready = select.select([one, other], [], [], 0.02)[0]
        if one in ready:
            raise Broken  # it hears nobody: it was put out
        if ready:
            break
        if time.monotonic() > run.until:
            raise TimeoutError
    line = run.receive(other, len('client '))
    if line != b'client ':
        run.problem(f'wrong bytes: {line}')
    one.shutdown(socket.SHUT_WR)
    run.expect_end(one)
    other.shutdown(socket.SHUT_WR)
    while other.recv(10000):
        pass


def hello_http(run, _process, address):
    client = run.connect(address)
    for last in False, True:
        client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n%s\r\n' %
                       (b'Connection: close\r\n' if last else b''))
        answer = b''
        while not answer.endswith(b'\r\n\r\nHello, World!'):
            answer += run.receive(client, 1)
        if not answer.startswith(b'HTTP/1.1 200 OK\r\n'):
            run.problem(f'wrong bytes: {answer}')
    run.expect_end(client)


def proxy_scene(run):
    backend = run.listen()

    def exchange(run, process, address):
        client = run.connect(address)
        client.sendall(PATTERN[:3000])
        while True:
            server = run.accept(backend, process, client)
            if server is None:
                raise Broken
            try:
                run.expect(server, PATTERN[:3000])
                break
            except Broken:
                pass  # that of a client before, which was given up
        server.sendall(PATTERN[7:2000])
        run.expect(client, PATTERN[7:2000])
        client.shutdown(socket.SHUT_WR)
        run.expect_end(server)
        server.close()
        run.expect_end(client)

    serve(exchange, '127.0.0.1:0', '127.0.0.1:%d' % backend.getsockname()[1])(run)


def retry_server(run, _process, address):
    client = run.connect(address)
    number = time.monotonic_ns() * 1000 + retry_server.count
    retry_server.count += 1
    client.sendall(b'%d word\n%d word\n' % (number, number))
    lines = b''
    while lines.count(b'\n') < 2:
        lines += run.receive(client, 1)
    if not re.fullmatch(rb'(%d \d+ word\n)\1' % number, lines):
        run.problem(f'wrong bytes: {lines}')
    client.shutdown(socket.SHUT_WR)
    run.expect_end(client)


retry_server.count = 0


def guide_server(run):
    address = free_address()
    process = run.start(str(address[1]))
    while process.poll() is None and run.left() > 0.05:
        try:
            run.connect(address).close()  # it listens in silence
            break
        except ConnectionRefusedError:
            time.sleep(0.005)
    for _ in range(3):
        if process.poll() is None:
            run.client(echo, run, process, address)
    run.allowed_signal = signal.SIGTERM  # it has no handler
    run.wait(process, signal.SIGTERM)


def hello(run):
    listener = run.listen()
    process = run.start(f'--port={listener.getsockname()[1]}')
    server = run.accept(listener, process)
    answer = PATTERN[:5000]

    def exchange():
        request = b''
        while not request.endswith(b'\r\n\r\n'):
            request += run.receive(server, 1)
        server.sendall(answer)

    if server is not None:
        run.client(exchange)
        server.close()
    run.wait(process)
    if process.returncode == 0 and run.out != answer and not (run.fault and run.out == b''):
        run.problem(f'wrong bytes: {run.out[:40]}')


def connect(run):
    listener = run.listen()
    process = run.start(f'127.0.0.1:{listener.getsockname()[1]}', stdin=subprocess.PIPE)
    server = run.accept(listener, process)

    def exchange():
        process.stdin.write(PATTERN[:4000])
        run.expect(server, PATTERN[:4000])
        server.sendall(b'an answer\n')
        process.stdin.close()
        run.expect_end(server)
        server.sendall(b'a late answer\n')

    if server is not None:
        try:
            run.client(exchange)
        except BrokenPipeError:
            pass
        server.close()
    run.wait(process)
    if process.returncode == 0 and not run.fault and run.out != b'an answer\na late answer\n':
        run.problem(f'wrong bytes: {run.out}')


def alone(*arguments):
    """The scene of a program that ends by itself."""
    def scene(run):
        run.wait(run.start(*arguments))
    return scene


EXAMPLES = {
    'echo': serve(echo, '--port=0'),
    'echo_threads': serve(echo, '--port=0'),
    'chat': serve(chat, '--port=0'),
    'hello_http': serve(hello_http, '--port=0'),
    'proxy': proxy_scene,
    'hello': hello,
    'connect': connect,
    'retry': alone(),
    'retry --port': serve(retry_server, '--port=0'),
    'guide/the_loop': alone(),
    'guide/core': alone(),
    'guide/handle': alone(),
    'guide/remote': alone(),
    'guide/simulated': alone(),
    'guide/echo_server': guide_server,
}


def test_scene(run):
    run.until = time.monotonic() + TEST_LIMIT + run.program.seconds
    process = run.start(stdout=run.err)
    try:
        process.wait(run.left())
    except subprocess.TimeoutExpired:
        run.problem('hangs: does not end')
        process.kill()
        process.wait()


# ---- programs -------------------------------------------------------------------------------------

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
        own |= {os.path.basename(self.path) + '.c', 'crtstuff.c', 'Scrt1.o', ''}
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


def find_programs(folder):
    """All examples and tests that were built, those named on the command line."""
    programs = []
    for name, scene in EXAMPLES.items():
        programs.append(Program(name, f'{options.build_dir}/examples/{name.split()[0]}', scene))
    known = {program.path for program in programs}
    for path in glob.glob(f'{options.build_dir}/examples/**/*', recursive=True):
        if os.access(path, os.X_OK) and os.path.isfile(path) and path not in known:
            sys.exit(f'{path} has no scene in {__file__}')
    for source in sorted(glob.glob(f'{ROOT}/tests/*/test_*.c')):
        name = os.path.relpath(source, f'{ROOT}/tests')[:-2]
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


# ---- judging --------------------------------------------------------------------------------------

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
    failed = program.is_test and FAILED_TEST.search(text)
    crash = CRASHES.search(text)
    if crash:
        run.problem(f'crash: {crash[0].strip()}')
    elif process.returncode < 0 and not failed and not run.problems and \
            -process.returncode != getattr(run, 'allowed_signal', None):
        site = f' in {where(program, report.crash_site)}' if report.crash_site else ''
        if report.crash_scoped or not program.is_test or not site:
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
    name = run.program.name.split()[0]
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


# ---- all faults of a program ----------------------------------------------------------------------

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
    return (f'FINDING {run.program.name} on {run.driver or "its own driver"}, {run.fault} at {site}:\n'
            f'    {text}\n    again: tests/faults/run.py --build-dir={options.build_shown} {again}'
            f'--fault={run.fault} "{run.program.name}"')


def code(what):
    return what if what in ('short', 'single') else str(getattr(errno, what))


def numbers(program, kind):
    """Which of the calls fail, in ascending order and without end; short: a sample."""
    if options.long or (kind == 'memory' and not program.is_test and not slow(program)):
        return itertools.count(1) if not program.is_test else spread()
    if program.is_test:
        return iter([1 + program.order % 3, 5 + program.order % 7])
    return iter(SHORT_N[:2] if slow(program) else SHORT_N)


def slow(program):
    return program.seconds > 0.3


def spread():
    """All up to a hundred, then ever fewer: a test may make a million calls."""
    n = 1
    while True:
        yield n
        n += 1 + n // 100 * 3


def sweep(job):
    """One kind of fault, until a run does not reach it."""
    program, driver, kind, whats = job
    for turn, n in enumerate(numbers(program, kind)):
        reached = False
        for what in whats if options.long else [whats[(turn + program.order) % len(whats)]]:
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
    """Short: of a test program one kind, in turn, and none of a slow one; of a slow example some."""
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


options = argparse.Namespace()
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
