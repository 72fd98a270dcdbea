# SPDX-License-Identifier: MIT
"""
One run of a program under libinject.so, and what a scene does with it: scenes.py has those of the
examples. How the program ends is judged by run.py.
"""
import argparse
import errno
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
os.environ.pop('EDDY_DRIVER', None)
sys.path.insert(0, os.path.join(ROOT, 'tests', 'examples'))
from support import LISTENS

LIMIT = 15  # seconds for an example's exchange, and for its end
TEST_LIMIT = 30  # seconds more than a test takes without a fault
PATTERN = bytes(range(256)) * 40

with open(os.path.join(HERE, 'inject.h'), encoding='ascii') as header:
    NAMES = re.findall(r'^ +X\((\w+)\)', header.read(), re.M)

options = argparse.Namespace()  # of run.py
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


# ---- tests

def is_absorbed(fault):
    """What the program must not notice: the call is to be made again, or goes on later."""
    kind, _, what = fault.split(':')
    return kind != 'thread' and what in ('short', 'single', str(errno.EINTR), str(errno.EAGAIN),
                                         str(errno.EBUSY))


def test_scene(run):
    """A test that waits for what has failed, and was told so, may wait for ever."""
    excused = run.fault and not is_absorbed(run.fault)
    run.until = time.monotonic() + run.program.seconds * 5 + (5 if excused else TEST_LIMIT)
    process = run.start(stdout=run.err)
    try:
        process.wait(run.left())
    except subprocess.TimeoutExpired:
        if excused:
            run.stumbled = ' waits for what has failed'
            run.allowed_signal = signal.SIGKILL
        else:
            run.problem('hangs: does not end')
        process.kill()
        process.wait()
