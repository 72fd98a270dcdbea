# SPDX-License-Identifier: MIT
"""The servers that are measured, where their programs are, and how one is started.

Every program has the same command line, NAME MODE PORT [UPSTREAM_PORT]. One that was not built is
left out, and the page says so. A table of one's own (--programs FILE) replaces or adds commands:

    {"programs": {"load": "/elsewhere/load"},
     "servers": {"mine": {"echo": "/elsewhere/mine echo {port}"}, "libev": {}}}

{port} and {upstream} are put in; a server without any mode is left out.
"""
import contextlib
import json
import os
import shlex
import subprocess
import tempfile
from collections import namedtuple

import process

# Where programs are looked for: eddy's own build, and what bench/servers/build.mk makes.
FOLDERS = ['build/release/bench', 'build/bench']
BUILD_FILE = 'bench/servers/build.mk'
ALL_MODES = ('echo', 'http', 'udp', 'proxy', 'source')
CONGESTION = 'cubic'

# label: as in the tables. more: what its command line has beyond MODE PORT.
Kind = namedtuple('Kind', 'name label program modes more', defaults=('',))

KINDS = [
    Kind('eddy-epoll', 'eddy, epoll', 'srv_eddy', ALL_MODES, '--driver=epoll'),
    Kind('eddy-io_uring', 'eddy, io_uring', 'srv_eddy', ALL_MODES, '--driver=io_uring'),
    Kind('raw_epoll', 'raw epoll', 'raw_epoll', ALL_MODES),
    Kind('raw_uring', 'raw io_uring', 'raw_uring', ('echo', 'http', 'udp', 'source')),
    Kind('libuv', 'libuv', 'libuv', ALL_MODES),
    Kind('libev', 'libev', 'libev', ('echo', 'udp')),
    Kind('libevent', 'libevent', 'libevent', ('echo', 'udp')),
    Kind('asio', 'asio', 'asio', ALL_MODES),
    Kind('tokio', 'tokio', 'tokio', ALL_MODES),
    Kind('nginx', 'nginx', 'nginx', ('http',)),
]
LABELS = {kind.name: kind.label for kind in KINDS}
BASE = 'raw_epoll'  # what all are compared with


class Programs:
    """What was built: the path of each program, the command of each server and mode."""

    def __init__(self, folders, table=None):
        table = table or {}
        self.folders = folders
        self.paths = dict(table.get('programs', {}))
        self.commands = {kind.name: self.commands_of(kind) for kind in KINDS}
        self.commands.update(table.get('servers', {}))

    def path(self, name):
        """Where the program is; None if it was not built."""
        if name in self.paths:
            return self.paths[name]
        paths = [os.path.join(folder, name) for folder in self.folders]
        return next((os.path.abspath(path) for path in paths if os.path.isfile(path)), None)

    def need(self, name):
        found = self.path(name)
        if not found:
            raise SystemExit(f'bench: there is no {name} in {", ".join(self.folders)}: '
                             '`make bench-quick` builds it')
        return found

    def commands_of(self, kind):
        path = self.path(kind.program)
        if not path:
            return {}
        return {mode: ' '.join([shlex.quote(path), mode, '{port}',
                                *(['{upstream}'] if mode == 'proxy' else []),
                                *([kind.more] if kind.more else [])]) for mode in kind.modes}

    def names(self):
        """Of the servers that can be run, in the order of the tables."""
        return [name for name, modes in self.commands.items() if modes]

    def with_mode(self, mode, names):
        """Those of the names that do it."""
        return [name for name in names if mode in self.commands[name]]

    def missing(self):
        return [name for name, modes in self.commands.items() if not modes]

    def command(self, name, mode, port, upstream=0):
        return shlex.split(self.commands[name][mode].format(port=port, upstream=upstream))


def read_table(path):
    """The table of a file, or an empty one for no file; one line and status 2 if it is none."""
    if not path:
        return {}
    try:
        with open(path, encoding='utf-8') as file:
            table = json.load(file)
        for modes in table.get('servers', {}).values():
            for command in modes.values():
                shlex.split(command.format(port=1, upstream=1))
        return table
    except (OSError, ValueError, KeyError, AttributeError) as error:
        refuse(f'{path}: {error}')


def refuse(text):
    """A wrong argument ends the runner: one line, status 2."""
    process.complain(text)
    raise SystemExit(2)


def build(log='build/bench/build.log'):
    """Make what is not up to date; what cannot be made is left out by who looks for it."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, 'w', encoding='utf-8') as file:
        status = subprocess.call(['make', '-k', '-f', BUILD_FILE], stdin=subprocess.DEVNULL,
                                 stdout=file, stderr=subprocess.STDOUT)
    if status:
        process.complain(f'not all peers were built, see {log}')


# ---- a server that runs -------------------------------------------------------------------------

Running = namedtuple('Running', 'process pid port')


def cubic(programs):
    """The environment that makes a server's sockets use cubic, whatever the system's default is."""
    library = programs.path('congestion.so')
    if not library:
        return {}
    return {'LD_PRELOAD': library, 'EDDY_BENCH_CONGESTION': CONGESTION}


@contextlib.contextmanager
def running(command, mode, cpu, port, environment=None, seconds=process.START_SECONDS_MAX):
    """A server from its start to its end; a Failure if it does not start, or ends before that. What
    it complains of is in the Failure."""
    with tempfile.TemporaryFile('w+', errors='replace') as complaints:
        server = process.spawn(command, cpu, environment, stderr=complaints)
        try:
            process.wait_until_ready(server, port, mode, seconds)
            yield Running(server, server.pid, port)
            if server.poll() is not None:
                raise process.Failure(f'the server ended by itself: status {server.returncode}')
        except process.Failure as failure:
            raise process.Failure(f'{failure}{last_line(complaints)}') from failure
        finally:
            process.end(server)


def last_line(file):
    file.seek(0)
    lines = file.read().split('\n')
    text = next((line.strip() for line in reversed(lines) if line.strip()), '')
    return f' ({text[:120]})' if text else ''
