#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/tinydb: keys and values over lines, shared by all clients."""
import support

LINE_BYTES = 4096


class TinyDb(support.Case):

    def setUp(self):
        super().setUp()
        self.program, self.address = self.serve("tinydb")

    def ask(self, *lines, client=None):
        """Send them and read as many lines."""
        client = client or self.connect(self.address)
        client.sendall(b"".join(line + b"\n" for line in lines))
        return [line for _, line in zip(lines, client.makefile("rb"))]

    def test_requests_are_answered(self):
        self.assertEqual(
            [b"foo = bar\n", b"error: no key 'what'\n", b"set what = ever and ever\n",
             b"what = ever and ever\n"],
            self.ask(b"GET foo", b"GET what", b"SET what ever and ever", b"GET what\r"))
        self.program.stop()

    def test_what_is_no_request_is_told(self):
        told = b"error: it is GET key, or SET key value\n"
        lines = [b"", b"GET", b"GET ", b"get foo", b"GET foo bar", b"SET", b"SET foo", b"SET foo ",
                 b"DROP TABLE"]
        self.assertEqual([told] * len(lines), self.ask(*lines))
        self.program.stop()

    def test_all_clients_share_what_there_is(self):
        clients = [self.connect(self.address) for _ in range(10)]
        for i, client in enumerate(clients):
            self.ask(b"SET key-%d %d" % (i, i), client=client)
        for client in clients:
            self.assertEqual([b"key-%d = %d\n" % (i, i) for i in range(10)],
                             self.ask(*(b"GET key-%d" % i for i in range(10)), client=client))
        self.program.stop()

    def test_requests_come_in_any_pieces_and_the_last_needs_no_newline(self):
        sent = b"SET k one two\r\nGET k\nGET k"
        expected = b"set k = one two\nk = one two\nk = one two\n"
        jobs = []
        for at in range(len(sent)):
            client = self.connect(self.address)
            client.sendall(sent[:at])
            jobs.append((client, sent[at:]))
        self.assertEqual([expected] * len(sent), support.drive(jobs))
        self.program.stop()

    def test_a_client_that_asks_much_and_reads_late_gets_all(self):
        value = b"v" * 3000
        client = self.connect(self.address)
        self.ask(b"SET k " + value, client=client)
        count = 2000
        received = support.drive([(client, b"GET k\n" * count)])[0]
        self.assertTrue((b"k = " + value + b"\n") * count == received)
        self.program.stop()

    def test_a_line_that_is_too_long_ends_its_client_only(self):
        client = self.connect(self.address)
        client.sendall(b"GET foo\nGET " + b"x" * LINE_BYTES)
        self.assertEqual(b"foo = bar\n", support.receive_all(client))
        self.assertEqual([b"foo = bar\n"], self.ask(b"GET foo"))
        self.program.stop()


if __name__ == "__main__":
    support.main()
