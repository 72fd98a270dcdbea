#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/echo sends back what it gets, to many clients at once, to the last byte."""
import os
import random
import signal
import socket

import support


class Echo(support.Case):

    def test_returns_every_byte_to_200_clients_at_once(self):
        program, address = self.serve("echo")
        sizes = random.Random(200)
        jobs = [(self.connect(address), os.urandom(int(1.056 ** i) + sizes.randrange(1, 1000)))
                for i in range(200)]
        for (_, sent), received in zip(jobs, support.drive(jobs)):
            self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        program.stop()

    def test_answers_a_client_that_waits_for_each_answer(self):
        program, address = self.serve("echo")
        client = self.connect(address)
        for size in range(1, 300):
            message = os.urandom(size)
            client.sendall(message)
            self.assertEqual(message, support.receive(client, size))
        program.stop()

    def test_half_closed_clients_get_everything_back(self):
        program, address = self.serve("echo")
        client = self.connect(address)
        message = os.urandom(60000)
        client.sendall(message)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(message, support.receive_all(client))
        program.stop()

    def test_a_client_that_sends_nothing_gets_the_end(self):
        program, address = self.serve("echo")
        client = self.connect(address)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(b"", support.receive_all(client))
        program.stop()

    def test_survives_clients_that_vanish(self):
        program, address = self.serve("echo")
        for _ in range(50):
            client = self.connect(address)
            client.sendall(os.urandom(5000))
            support.reset(client)
        client = self.connect(address)
        client.sendall(b"still there?")
        self.assertEqual(b"still there?", support.receive(client, 12))
        program.stop()

    def test_a_client_that_never_reads_holds_a_bounded_amount_of_memory(self):
        program, address = self.serve("echo")
        greedy = [self.connect(address, receive_bytes=4096) for _ in range(8)]
        other = self.connect(address)
        before = program.resident_bytes()
        for client in greedy:
            client.setblocking(False)
        idle = 0
        block = bytes(1 << 16)
        while idle < 20:  # no one takes a byte in 20 answers to another client
            taken = 0
            for client in greedy:
                try:
                    taken += client.send(block)
                except BlockingIOError:
                    pass
            idle = 0 if taken else idle + 1
            other.sendall(b"?")
            self.assertEqual(b"?", support.receive(other, 1))
        self.assertLess(program.resident_bytes() - before, 16 << 20)
        program.stop()

    def test_ends_on_both_signals_with_clients_connected(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                program, address = self.serve("echo")
                client = self.connect(address)
                client.sendall(b"a")
                self.assertEqual(b"a", support.receive(client, 1))
                program.stop(number)

    def test_listens_on_ipv6_too(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError as error:
            self.skipTest(f"no IPv6 here: {error}")
        program, address = self.serve("echo", "[::1]:0")
        self.assertEqual([b"six"], support.drive([(self.connect(address), b"six")]))
        program.stop()


if __name__ == "__main__":
    support.main()
