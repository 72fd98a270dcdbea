#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/embed_poll and libuv/embed_libuv: a loop inside another one, which goes on beside it."""
import os
import re
import signal
import subprocess
import unittest

import support

LIBUV = os.path.join(support.EXAMPLES, "libuv")


class Embed(support.Case):

    def exchange(self, address, clients=20):
        jobs = [(self.connect(address), os.urandom(2000 * i + 1)) for i in range(clients)]
        for (_, sent), received in zip(jobs, support.drive(jobs)):
            self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        return sum(len(sent) for _, sent in jobs)

    def test_poll_serves_beside_standard_input(self):
        program, address = self.serve("embed_poll", stdin=subprocess.PIPE)
        sent = self.exchange(address)
        program.stdin.write(b"how is it\n")
        turns = program.await_output(rf"20 clients so far, {sent} bytes, (\d+) turns\n")[1]
        program.stdin.write(b"and now\n")  # standard input makes no turns, nor does waiting
        program.await_output(rf"{turns.decode()} turns\n[^\n]* {turns.decode()} turns\n")
        sent += self.exchange(address)
        program.stdin.write(b"\n")
        program.await_output(rf"40 clients so far, {sent} bytes")
        program.stdin.close()
        program.end()

    def test_poll_answers_a_client_that_waits_for_each_answer(self):
        program, address = self.serve("embed_poll", stdin=subprocess.PIPE)
        client = self.connect(address)
        for size in range(1, 200):
            message = os.urandom(size)
            client.sendall(message)
            self.assertEqual(message, support.receive(client, size))
        program.stdin.write(b"\n")
        turns = int(program.await_output(r"(\d+) turns\n")[1])
        self.assertLess(turns, 5 * 200)
        program.stdin.close()  # with a client that stays: it is cut off
        program.end()

    def test_poll_ends_at_once_without_input(self):
        program = self.start("embed_poll", "--port=0")
        program.await_output(support.LISTENS.pattern)
        program.end()

    @unittest.skipUnless(os.path.exists(os.path.join(LIBUV, "embed_libuv")),
                         "libuv is missing: tools/setup.sh check")
    def test_libuv_serves_beside_its_own_clock(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                program, address = self.serve("embed_libuv", folder=LIBUV)
                sent = self.exchange(address)
                self.exchange(address)
                out = program.stop(number)
                found = re.search(rb"40 clients so far, (\d+) bytes, (\d+) turns\n"
                                  rb"the clock ticked", out)
                self.assertIsNotNone(found, out)
                self.assertGreater(int(found[1]), sent)
                self.assertLess(int(found[2]), 4000)


if __name__ == "__main__":
    support.main()
