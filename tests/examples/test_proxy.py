#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/proxy copies both ways, passes each half-close on, and outlives what breaks."""
import os
import signal
import socket

import support


class Proxy(support.Case):

    def setUp(self):
        super().setUp()
        self.listener, backend = self.listen()
        self.program, self.address = self.serve("proxy", "127.0.0.1:0", support.text(backend))

    def session(self):
        """A client, and the server's end of the connection the proxy made for it."""
        return self.connect(self.address), self.accept(self.listener)

    def assert_passes(self):
        client, server = self.session()
        received = support.drive([(client, b"question"), (server, b"answer")])
        self.assertEqual([b"answer", b"question"], received)

    def assert_broken(self, end):
        """It is reset, whatever it has received before."""
        with self.assertRaises(ConnectionResetError):
            support.receive_all(end)

    def test_copies_5_megabytes_each_way_at_once(self):
        client, server = self.session()
        up, down = os.urandom(5 << 20), os.urandom(5 << 20)
        at_client, at_server = support.drive([(client, up), (server, down)])
        self.assertTrue(at_server == up, "what the client sent was changed")
        self.assertTrue(at_client == down, "what the server sent was changed")
        self.program.stop()

    def test_passes_the_end_of_the_client_on_and_goes_on_in_the_other_direction(self):
        client, server = self.session()
        client.sendall(b"the last word")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(b"the last word", support.receive_all(server))
        for _ in range(3):
            server.sendall(b"a late answer")
            self.assertEqual(b"a late answer", support.receive(client, 13))
        server.close()
        self.assertEqual(b"", support.receive_all(client))
        self.program.stop()

    def test_passes_the_end_of_the_server_on_and_goes_on_in_the_other_direction(self):
        client, server = self.session()
        server.sendall(b"I shall only listen")
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(b"I shall only listen", support.receive_all(client))
        for _ in range(3):
            client.sendall(b"still talking")
            self.assertEqual(b"still talking", support.receive(server, 13))
        client.close()
        self.assertEqual(b"", support.receive_all(server))
        self.program.stop()

    def test_slow_ends_lose_nothing(self):
        for reader in 0, 1:
            with self.subTest(reader):
                ends = self.session()
                data = os.urandom(3 << 20)
                writer = ends[1 - reader]
                writer.setblocking(False)
                sent = 0
                try:
                    while sent < len(data):
                        sent += writer.send(data[sent:])
                except BlockingIOError:
                    pass
                received = support.drive([(writer, data[sent:]), (ends[reader], b"")])[1]
                self.assertTrue(received == data, f"{len(received)} of {len(data)} bytes")
        self.program.stop()

    def test_passes_a_reset_of_the_client_on(self):
        client, server = self.session()
        client.sendall(b"half a")
        self.assertEqual(b"half a", support.receive(server, 6))
        support.reset(client)
        self.assert_broken(server)
        self.assert_passes()
        self.program.stop()

    def test_passes_a_reset_of_the_server_on(self):
        client, server = self.session()
        server.sendall(b"half a")
        self.assertEqual(b"half a", support.receive(client, 6))
        support.reset(server)
        self.assert_broken(client)
        self.assert_passes()
        self.program.stop()

    def test_resets_clients_while_the_server_is_away(self):
        listener, backend = self.refuse()
        program, address = self.serve("proxy", "127.0.0.1:0", support.text(backend))
        for _ in range(20):
            with self.assertRaises(ConnectionResetError):  # as early as within connect()
                support.receive_all(self.connect(address))
        listener.listen(8)
        client = self.connect(address)
        server = self.accept(listener)
        self.assertEqual([b"back", b"hello"], support.drive([(client, b"hello"),
                                                            (server, b"back")]))
        program.stop()

    def test_serves_many_clients_at_once(self):
        echo, backend = self.serve("echo")
        program, address = self.serve("proxy", "127.0.0.1:0", support.text(backend))
        jobs = [(self.connect(address), os.urandom(1 + 997 * i)) for i in range(100)]
        for (_, sent), received in zip(jobs, support.drive(jobs)):
            self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        program.stop()
        echo.stop()

    def test_ends_on_both_signals_with_sessions_open(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                program, address = self.serve("proxy", "127.0.0.1:0",
                                              support.text(self.listener.getsockname()))
                client, server = self.connect(address), self.accept(self.listener)
                client.sendall(b"a")
                self.assertEqual(b"a", support.receive(server, 1))
                program.stop(number)
        self.program.stop()


if __name__ == "__main__":
    support.main()
