# SPDX-License-Identifier: MIT
"""
What the smoke tests of the examples share: programs that are started, watched and stopped, and
sockets to drive them with. Everything waits for something, an output, bytes or an end, and for at
most LIMIT seconds; nothing sleeps.

The programs inherit EDDY_DRIVER, so that each test is made for the driver CTest names.
"""
import collections
import os
import random
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("EDDY_SOURCE_DIR") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("EDDY_BUILD_DIR") or os.path.join(ROOT, "build", "release")
EXAMPLES = os.environ.get("EDDY_EXAMPLES_DIR") or os.path.join(BUILD, "examples")
BENCH = os.environ.get("EDDY_BENCH_DIR") or os.path.join(BUILD, "bench")
DRIVER = os.environ.get("EDDY_DRIVER") or None
LIMIT = 40  # seconds for one wait: a sanitizer's build on a busy machine is slow
LISTENS = re.compile(rb"listens on (?:http://)?\[?([0-9a-f.:]+?)\]?:(\d+)/? by (\w+)[^\n]*\n")


class Output:
    """What a program writes into a pipe, collected by a thread."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.data = b""
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        while True:
            part = os.read(self.pipe.fileno(), 65536)
            with self.changed:
                self.data += part
                self.ended = not part
                self.changed.notify_all()
            if not part:
                return

    def wait(self, condition):
        """Until condition(data) is true or nothing more can come; what it gave last."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or condition(self.data), LIMIT)
            return condition(self.data)

    def all(self):
        """Everything, once the program has ended."""
        self.wait(lambda data: False)
        if not self.ended:
            raise AssertionError("the program has ended, but not what it wrote")
        self.close()
        return self.data

    def close(self):
        self.thread.join(LIMIT)
        self.pipe.close()


class Program:
    """A program of the tree. An error, a leak or a sanitizer's word fails the test at its end."""

    def __init__(self, path, *arguments, stdin=subprocess.DEVNULL,
                 stdout=subprocess.PIPE, driver=DRIVER):
        environment = {key: value for key, value in os.environ.items() if key != "EDDY_DRIVER"}
        if driver is not None:
            environment["EDDY_DRIVER"] = driver
        self.name = os.path.basename(path)
        self.process = subprocess.Popen([path, *arguments], stdin=stdin, stdout=stdout,
                                        stderr=subprocess.PIPE, env=environment, bufsize=0)
        self.stdin = self.process.stdin
        self.out = Output(self.process.stdout) if self.process.stdout else None
        self.err = Output(self.process.stderr)

    def await_output(self, pattern):
        """The match of `pattern` in what was written to standard output."""
        if isinstance(pattern, str):
            pattern = pattern.encode()
        match = self.out.wait(re.compile(pattern).search)
        if match is None:
            raise AssertionError(f"{self.name} never wrote {pattern}: {self.out.data[-2000:]} "
                                 f"{self.err.data[-4000:].decode(errors='replace')}")
        return match

    def address(self):
        """Where it says that it listens; also that it does so by the driver asked for."""
        host, port, driver = self.await_output(LISTENS).groups()
        if DRIVER is not None and driver.decode() != DRIVER:
            raise AssertionError(f"{self.name} runs by {driver}, not by {DRIVER}")
        return host.decode(), int(port)

    def end(self, code=0, error=""):
        """Wait for its end and return standard output; standard error must match `error`."""
        try:
            got = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end") from None
        out = self.out.all() if self.out else b""
        err = self.err.all().decode(errors="replace")
        if got != code or not re.fullmatch(error, err):
            raise AssertionError(f"{self.name} ended with {got} instead of {code}, saying: {err}")
        return out

    def stop(self, number=signal.SIGTERM, code=0):
        self.process.send_signal(number)
        return self.end(code)

    def kill(self):
        """Whatever happened: leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.out is not None:
            self.out.close()
        self.err.close()
        if self.stdin is not None:
            self.stdin.close()

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024


class Case(unittest.TestCase):
    """A test with programs and sockets that end with it, and a limit for the whole."""

    def setUp(self):
        signal.signal(signal.SIGALRM, over_time)
        signal.alarm(100)
        self.addCleanup(signal.alarm, 0)

    def start(self, name, *arguments, folder=EXAMPLES, **options):
        program = Program(os.path.join(folder, name), *arguments, **options)
        self.addCleanup(program.kill)
        return program

    def serve(self, name, *arguments, **options):
        """Start one that listens, on a port of its own choice; with its address."""
        program = self.start(name, *(arguments or ["--port=0"]), **options)
        return program, program.address()

    def serve_at(self, name, *arguments, port="{}", **options):
        """Start one that listens in silence on a port it is given, as `port` says, last."""
        for _ in range(5):
            address = free_address()
            program = self.start(name, *arguments, port.format(address[1]), **options)
            if connects(program, address):
                return program, address
        raise AssertionError(f"{name} does not listen: {program.err.data}")

    def connect(self, address, receive_bytes=None):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        client = socket.socket(family, socket.SOCK_STREAM)
        self.addCleanup(client.close)
        client.settimeout(LIMIT)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.connect(address)
        return client

    def listen(self):
        """A listening socket of the test's own, and its address."""
        listener, address = self.refuse()
        listener.listen(64)
        return listener, address

    def refuse(self):
        """An address where nobody listens, until the socket is made to."""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.settimeout(LIMIT)
        listener.bind(("127.0.0.1", 0))
        return listener, listener.getsockname()

    def accept(self, listener):
        peer, _ = listener.accept()
        self.addCleanup(peer.close)
        peer.settimeout(LIMIT)
        return peer

    def assert_one_line(self, program, code, pattern):
        """It ends at once, with one line on standard error that says all and nothing else."""
        self.assertEqual(b"", program.end(code, rf"{program.name}: [^\n]*{pattern}[^\n]*\n"))


def needs(tool):
    """Skip a test, saying so, where a program that drives it is missing."""
    return unittest.skipUnless(shutil.which(tool), f"{tool} is missing: tools/setup.sh check")


def over_time(_number, _frame):
    raise AssertionError("the test takes too long")


def text(address):
    return f"{address[0]}:{address[1]}"


def free_address():
    """An address that nobody uses, below the ports that the system gives to connections: nobody will
    take it by chance before the program does."""
    while True:
        address = ("127.0.0.1", random.randrange(10000, 32000))
        with socket.socket() as probe:
            try:
                probe.bind(address)
                return address
            except OSError:
                continue


def connects(program, address):
    """True when the program listens there, False when it has ended instead."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        try:
            socket.create_connection(address, LIMIT).close()
            return True
        except ConnectionRefusedError:
            pass
        try:
            program.process.wait(0.01)
            return False
        except subprocess.TimeoutExpired:
            pass
    raise AssertionError(f"{program.name} neither listens nor ends")


def reset(client):
    """Close with a reset instead of an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def receive(client, count):
    """Exactly so many bytes."""
    parts = []
    while count > 0:
        part = client.recv(min(count, 1 << 20))
        if not part:
            raise AssertionError(f"the stream ended, {count} bytes too early")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def receive_all(client):
    """All bytes up to the end of the stream."""
    parts = []
    while True:
        part = client.recv(1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)


def drive(jobs):
    """
    For each (socket, bytes), all at once: send the bytes and a FIN, and read up to the end.
    Returns what each has received.
    """
    received = [[] for _ in jobs]
    until = time.monotonic() + LIMIT
    with selectors.DefaultSelector() as ready:
        for index, (client, data) in enumerate(jobs):
            client.setblocking(False)
            rest = memoryview(data)
            if not rest:
                client.shutdown(socket.SHUT_WR)
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if rest else 0)
            ready.register(client, wanted, [index, rest])
        while ready.get_map():
            if time.monotonic() > until:
                raise AssertionError(f"{len(ready.get_map())} streams do not end")
            for key, events in ready.select(1):
                drive_one(ready, key, events, received[key.data[0]])
    for client, _ in jobs:
        client.settimeout(LIMIT)
    return [b"".join(parts) for parts in received]


def drive_one(ready, key, events, parts):
    client, rest = key.fileobj, key.data[1]
    if events & selectors.EVENT_WRITE:
        key.data[1] = rest = rest[client.send(rest[:1 << 18]):]
        if not rest:
            client.shutdown(socket.SHUT_WR)
            ready.modify(client, selectors.EVENT_READ, key.data)
    if events & selectors.EVENT_READ:
        part = client.recv(1 << 18)
        parts.append(part)
        if not part:
            if rest:
                raise AssertionError(f"the peer ended the stream, {len(rest)} bytes too early")
            ready.unregister(client)


Answer = collections.namedtuple("Answer", "status headers body")


class HttpClient:
    """A connection to an HTTP server, answer by answer."""

    def __init__(self, client):
        self.client = client
        self.rest = b""
        self.received = 0

    def more(self):
        part = self.client.recv(1 << 16)
        self.rest += part
        self.received += len(part)
        return bool(part)

    def answer(self):
        while b"\r\n\r\n" not in self.rest:
            if not self.more():
                raise AssertionError(f"the connection ended instead of an answer: {self.rest}")
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip()
                   for name, value in (line.split(":", 1) for line in lines)}
        length = int(headers["content-length"])
        while len(self.rest) < length:
            if not self.more():
                raise AssertionError(f"the connection ended within a body: {self.rest}")
        body, self.rest = self.rest[:length], self.rest[length:]
        version, status, _ = first.split(" ", 2)
        if version != "HTTP/1.1":
            raise AssertionError(f"not an answer: {first}")
        return Answer(int(status), headers, body)

    def ended(self):
        """The server has closed, and nothing came before that."""
        return not self.rest and not self.more()


def main():
    """Run the tests of the calling script; 77, "skipped", where the driver does not work."""
    probe = Program(os.path.join(EXAMPLES, "hello_http"), "--port=0")
    listens = probe.out.wait(LISTENS.search)
    reason = probe.err.data.decode(errors="replace").strip()
    probe.kill()
    if not listens and re.fullmatch(rf"hello_http: driver '{DRIVER}': (?!unknown).*", reason):
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
