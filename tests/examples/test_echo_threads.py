#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/echo_threads serves one port by two loops, and stops the second by a Remote."""
import os
import re
import signal

import support


class EchoThreads(support.Case):

    def stop(self, program, number):
        """How many clients the worker had, and the main thread."""
        out = program.stop(number)
        figures = re.search(rb"a worker had (\d+) clients\nthe main thread had (\d+)\n\Z", out)
        self.assertIsNotNone(figures, out)
        return int(figures[1]), int(figures[2])

    def test_both_threads_serve(self):
        program, address = self.serve("echo_threads")
        program.await_output(r"by \w+, 2 threads\n")
        for _ in range(4):
            jobs = [(self.connect(address), os.urandom(1 + 37 * i)) for i in range(50)]
            for (_, sent), received in zip(jobs, support.drive(jobs)):
                self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        worker, main = self.stop(program, signal.SIGTERM)
        self.assertEqual(200, worker + main)
        self.assertGreater(worker, 0)
        self.assertGreater(main, 0)

    def test_stops_with_clients_connected(self):
        program, address = self.serve("echo_threads")
        clients = [self.connect(address) for _ in range(30)]
        for client in clients:
            client.sendall(b"here")
        for client in clients:
            self.assertEqual(b"here", support.receive(client, 4))
        self.assertEqual(30, sum(self.stop(program, signal.SIGINT)))

    def test_stops_before_any_client_came(self):
        for _ in range(5):
            program, _ = self.serve("echo_threads")
            self.assertEqual((0, 0), self.stop(program, signal.SIGINT))


if __name__ == "__main__":
    support.main()
