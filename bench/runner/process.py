# SPDX-License-Identifier: MIT
"""Processes that are measured: started on one processor, known by their pid, ended by it.

Each dies with the runner (PR_SET_PDEATHSIG), so that nothing is left behind however it ends.
"""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

LOOPBACK = '127.0.0.1'
PR_SET_PDEATHSIG = 1
# Below the ports that the kernel gives to clients: there no client of the load is in the way.
PORTS = range(21000, 30000)
START_SECONDS_MAX = 5
LIBC = ctypes.CDLL(None)

_next_port = PORTS.start + os.getpid() % len(PORTS)


class Failure(Exception):
    """What a server or a load did wrong, in words for the table."""


def complain(text):
    print(f'bench: {text}', file=sys.stderr, flush=True)


def on_cpu(cpu):
    """What a child does before it becomes the program."""
    def prepare():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
    return prepare


def spawn(command, cpu, environment=None, **streams):
    """A process on that processor (None: any), without input. `streams`: as of Popen; else nothing
    of its output is kept."""
    streams = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, **streams}
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=on_cpu(cpu),
                            env={**os.environ, **(environment or {})}, **streams)


def outcome(command, cpu, seconds, environment=None):
    """Run to the end: (status, what it printed, what it complained)."""
    with spawn(command, cpu, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
               text=True) as process:
        try:
            printed, complained = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            name = os.path.basename(command[0])
            raise Failure(f'{name}: not over after {seconds:.0f} s') from None
        finally:
            end(process)
    return process.returncode, printed, complained


def end(process, patience=1.0):
    """Ask it to end; after a while it is made to."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_seconds(pid):
    """Processor time that it has used, all threads; finer than the ticks of /proc/PID/stat."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) makes of a pid
    except OSError as error:
        raise Failure('the server has ended') from error


# ---- ports --------------------------------------------------------------------------------------

def free_port():
    """One that nobody is bound to, neither a stream nor datagrams. Each call gives another, so that
    a server never meets what its predecessor left in TIME_WAIT."""
    global _next_port
    for _ in PORTS:
        _next_port = PORTS.start + (_next_port + 1 - PORTS.start) % len(PORTS)
        if can_bind(_next_port, socket.SOCK_STREAM) and can_bind(_next_port, socket.SOCK_DGRAM):
            return _next_port
    raise Failure('no port is free')


def can_bind(port, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        # Of datagrams this option would let a second one in.
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def listens(port, mode):
    """Whether the server is there."""
    if mode == 'udp':
        return not can_bind(port, socket.SOCK_DGRAM)
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 0.5):
        return True
    return False


def wait_until_ready(process, port, mode, seconds=START_SECONDS_MAX):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if listens(port, mode):
            return
        if process.poll() is not None:
            raise Failure(f'the server did not start: status {process.returncode}')
        time.sleep(0.01)
    raise Failure(f'the server does not listen after {seconds} s')
