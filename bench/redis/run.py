#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure examples/redis_like on each driver beside a Redis server, with redis-benchmark, and write
bench/REDIS.md.

usage: bench/redis/run.py [--build DIR] [--rounds N] [--requests N] [--out FILE]

All servers run during the whole of it. The rounds are interleaved: each test of a round is made for
one server after the other, in an order that turns, so that what else the machine does hits all
alike. Told are medians. CPU is what the server's process has used, user and system time from
/proc/PID/stat; the client is alike for all, and often what limits the rate: then CPU per request
tells more than the rate.
"""
import argparse
import csv
import io
import os
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

TESTS = {"ping_mbulk": "PING", "set": "SET", "get": "GET"}
CLIENT = ["-P", "16", "-c", "50"]
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server that is measured, from its start to its end."""

    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise SystemExit(f"{name} does not listen on port {port}")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def measure(self, test, requests):
        """Requests per second, and microseconds of the server's CPU per request."""
        before = self.cpu_seconds()
        done = subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(self.port),
                               "-t", test, "-n", str(requests), "--csv", *CLIENT],
                              capture_output=True, text=True, check=True)
        used = self.cpu_seconds() - before
        rate = float(list(csv.DictReader(io.StringIO(done.stdout)))[0]["rps"])
        return rate, used / requests * 1e6, used / (requests / rate) * 100

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def start_all(build, folder):
    """redis_like by each driver that works here, and Redis."""
    servers = []
    program = os.path.join(build, "examples", "redis_like")
    for driver in "epoll", "io_uring":
        port = free_port()
        try:
            servers.append(Server(f"redis_like, {driver}",
                                  [program, f"--port={port}", f"--driver={driver}"], port))
        except SystemExit as error:
            print(f"left out: {error}", file=sys.stderr)
    port = free_port()
    servers.append(Server("Redis", ["redis-server", "--port", str(port), "--bind", "127.0.0.1",
                                    "--save", "", "--appendonly", "no", "--dir", folder], port))
    return servers


def run(servers, rounds, requests):
    """(server, test) -> the measurements of all rounds."""
    found = {(server.name, test): [] for server in servers for test in TESTS}
    for server in servers:
        server.measure("set", requests // 10)
    for number in range(rounds):
        for test in TESTS:
            order = servers[:]
            random.shuffle(order)
            for server in order:
                found[server.name, test].append(server.measure(test, requests))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return found


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def page(servers, found, arguments):
    redis = re.search(r"v=(\S+)", output_of("redis-server", "--version"))[1]
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        model = re.search(r"model name\s*: (.*)", info.read())
    lines = [
        "# The Redis-like example beside Redis", "",
        f"`redis-benchmark -t ping,set,get {' '.join(CLIENT)} -n {arguments.requests}`, Redis "
        f"{redis} without persistence, Linux {platform.release()}, {os.cpu_count()} processors"
        f"{' (' + model[1] + ')' if model else ''}; medians of {arguments.rounds} interleaved "
        "rounds.",
        "Client and servers share the machine. Made by `make bench-redis` (`bench/redis/run.py`).",
        "",
        "| Test | Server | Requests/s | lowest - highest | Server's CPU, µs/request | CPU busy |",
        "|---|---|---:|---:|---:|---:|"]
    for test, name in TESTS.items():
        for server in servers:
            rates, micros, busy = zip(*found[server.name, test])
            lines.append(
                f"| {name} | {server.name} | {statistics.median(rates):,.0f} | {min(rates):,.0f} - "
                f"{max(rates):,.0f} | {statistics.median(micros):.3f} | "
                f"{statistics.median(busy):.0f} % |")
    lines += ["", "The client is one thread, and busy all the time: it limits the rate of a server "
              "that is faster than it, whose CPU is then not all used. What a request costs the "
              "server is in the column before the last."]
    return "\n".join(lines) + "\n"


def find_redis(folder):
    """Debian's redis-tools have the server under a tool's name: what it is depends on its name."""
    tool = shutil.which("redis-check-rdb")
    if not shutil.which("redis-server") and tool:
        os.symlink(tool, os.path.join(folder, "redis-server"))
        os.environ["PATH"] += os.pathsep + folder
    for name in "redis-server", "redis-benchmark":
        if not shutil.which(name):
            raise SystemExit(f"{name} is missing: tools/setup.sh check")


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(root, "build", "release"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000000)
    parser.add_argument("--out", default=os.path.join(root, "bench", "REDIS.md"))
    arguments = parser.parse_args()
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        find_redis(folder)
        try:
            servers = start_all(arguments.build, folder)
            found = run(servers, arguments.rounds, arguments.requests)
            text = page(servers, found, arguments)
        finally:
            for server in servers:
                server.stop()
    with open(arguments.out, "w", encoding="utf-8") as out:
        out.write(text)
    print(text, end="")


if __name__ == "__main__":
    main()
