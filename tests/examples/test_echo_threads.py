#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/echo_threads serves one port by a loop for each core, and stops them by Remotes."""
import os
import re
import signal

import support


class EchoThreads(support.Case):

    def stop(self, program, number):
        """How many clients each thread had."""
        threads = int(program.await_output(r"by \w+, (\d+) threads\n")[1])
        out = program.stop(number)
        figures = re.search(rb"\n((?:a worker had \d+ clients\n)*)the main thread had (\d+)\n\Z", out)
        self.assertIsNotNone(figures, out)
        clients = [int(figure) for figure in re.findall(rb"\d+", figures[0])]
        self.assertEqual(threads, len(clients))
        self.assertEqual(min(os.cpu_count(), 64), threads)
        return clients

    def test_all_threads_serve(self):
        program, address = self.serve("echo_threads")
        for _ in range(4):
            jobs = [(self.connect(address), os.urandom(1 + 37 * i)) for i in range(50)]
            for (_, sent), received in zip(jobs, support.drive(jobs)):
                self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        clients = self.stop(program, signal.SIGTERM)
        self.assertEqual(200, sum(clients))
        self.assertGreaterEqual(len([count for count in clients if count > 0]),
                                min(len(clients), 8))

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
            self.assertEqual(0, sum(self.stop(program, signal.SIGINT)))


if __name__ == "__main__":
    support.main()
