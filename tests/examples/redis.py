# SPDX-License-Identifier: MIT
"""A Redis server of the test's own, on a free port, which keeps nothing; and RESP by hand."""
import os
import shutil
import subprocess
import tempfile
import unittest

import support


def request(*words):
    """A request as an array of bulk strings."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part)
                                              for part in parts)


def reply(stream):
    """The next reply of a binary file, as the bytes that it is."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise AssertionError(f"no reply: {line}")
    number = int(line[1:]) if line[:1] in b"$*" else 0
    if line[:1] == b"$" and number >= 0:
        return line + stream.read(number + 2)
    if line[:1] == b"*":
        return line + b"".join(reply(stream) for _ in range(number))
    return line


def server_program(folder):
    """Debian's redis-tools have the server under a tool's name: what it is depends on its name."""
    found, tool = shutil.which("redis-server"), shutil.which("redis-check-rdb")
    if found is None and tool is not None:
        found = os.path.join(folder, "redis-server")
        os.symlink(tool, found)
    if found is None:
        raise unittest.SkipTest("redis-server is missing: tools/setup.sh check")
    return found


class Case(support.Case):
    """A test with a real server to compare with."""

    def redis(self):
        """Start one; its address."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        server = server_program(folder.name)
        for _ in range(5):
            address = support.free_address()
            program = support.Program(
                server, "--bind", address[0], "--port", str(address[1]),
                "--save", "", "--appendonly", "no", "--dir", folder.name, "--daemonize", "no")
            self.addCleanup(program.kill)
            if support.connects(program, address):
                return address
        raise AssertionError("redis-server does not listen")

    def cli(self, address, *words):
        """What redis-cli prints for a command."""
        done = subprocess.run(["redis-cli", "-h", address[0], "-p", str(address[1]), *words],
                              capture_output=True, check=True, timeout=support.LIMIT)
        return done.stdout.decode().rstrip("\n")
