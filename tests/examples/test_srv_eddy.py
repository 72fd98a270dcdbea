#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""bench/srv_eddy, the server that is measured: MODE PORT, in the foreground, until SIGTERM."""
import os
import re
import subprocess

import support

PERIOD = 65521


def pattern():
    """As bench/load/pattern.h has it."""
    x, table = 0x9e3779b97f4a7c15, bytearray()
    for _ in range(PERIOD):
        x ^= x << 13 & (1 << 64) - 1
        x ^= x >> 7
        x ^= x << 17 & (1 << 64) - 1
        table.append(x >> 32 & 255)
    return bytes(table)


class SrvEddy(support.Case):

    def bench(self, *arguments, **options):
        return self.start("srv_eddy", *arguments, folder=support.BENCH, **options)

    def test_echoes(self):
        program, address = self.serve_at("srv_eddy", "echo", folder=support.BENCH)
        jobs = [(self.connect(address), os.urandom(1 + 1999 * i)) for i in range(64)]
        for (_, sent), received in zip(jobs, support.drive(jobs)):
            self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        self.assertEqual(b"", program.stop())

    def test_greets(self):
        program, address = self.serve_at("srv_eddy", "http", folder=support.BENCH)
        client = support.HttpClient(self.connect(address))
        client.client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 16)
        for _ in range(16):
            answer = client.answer()
            self.assertEqual((200, b"Hello, World!"), (answer.status, answer.body))
        self.assertEqual(b"", program.stop())

    def test_passes_on(self):
        upstream, behind = self.serve_at("srv_eddy", "echo", folder=support.BENCH)
        address = support.free_address()
        program = self.bench("proxy", str(address[1]), str(behind[1]))
        self.assertTrue(support.connects(program, address))
        job = (self.connect(address), os.urandom(100000))
        self.assertTrue(support.drive([job])[0] == job[1], "what came back is changed")
        self.assertEqual(b"", program.stop())
        self.assertEqual(b"", upstream.stop())

    def test_is_a_source_of_the_pattern(self):
        program, address = self.serve_at("srv_eddy", "source", folder=support.BENCH)
        client, received = self.connect(address), b""
        while len(received) < 2 * PERIOD:
            received += client.recv(1 << 16)
        self.assertTrue(received[:2 * PERIOD] == 2 * pattern(), "the pattern is another")
        self.assertEqual(b"", program.stop())

    @support.needs("wrk")
    def test_serves_wrk_without_an_error(self):
        program, address = self.serve_at("srv_eddy", "http", folder=support.BENCH)
        done = subprocess.run(["wrk", "-t1", "-c64", "-d1", f"http://{support.text(address)}/"],
                              capture_output=True, text=True, check=True, timeout=support.LIMIT)
        self.assertNotIn("Socket errors", done.stdout)
        self.assertNotIn("Non-2xx", done.stdout)
        self.assertGreater(int(re.search(r"(\d+) requests in", done.stdout)[1]), 0)
        program.stop()

    def test_takes_a_driver_by_name(self):
        for driver in ["epoll"] if support.DRIVER is None else [support.DRIVER]:
            port = support.free_address()
            program = self.bench("echo", str(port[1]), f"--driver={driver}", driver="foo")
            self.assertTrue(support.connects(program, port))
            program.stop()

    def test_says_what_is_wrong(self):
        usage = r"srv_eddy {echo\|http\|udp\|proxy\|source} PORT"
        self.assert_one_line(self.bench(), 2, usage)
        self.assert_one_line(self.bench("echo"), 2, usage)
        self.assert_one_line(self.bench("ftp", "0"), 2, f"MODE 'ftp': {usage}")
        self.assert_one_line(self.bench("proxy", "0"), 2, usage)
        self.assert_one_line(self.bench("echo", "x"), 2, "port 'x': give a number")
        self.assert_one_line(self.bench("echo", "0", "--driver=foo"), 2, "driver 'foo'")
        self.assert_one_line(self.bench("echo", "0", driver="foo"), 2, "driver 'foo'")


if __name__ == "__main__":
    support.main()
