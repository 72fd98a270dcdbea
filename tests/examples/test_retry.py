#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/retry: the server executes a request once, however often it is sent; the client sends it
again, on a new connection, until it is answered or has tried often enough."""
import re
import signal
import socket

import support

WORDS = b"an eddy is a loop in a stream".split()
ASKED = re.compile(rb"([1-9]\d*) ([a-z]+)\n")
TEXT_MAX = 1000
ATTEMPTS = 6


class Both(support.Case):

    def test_each_word_gets_its_own_number_though_it_is_sent_more_than_once(self):
        out = self.start("retry").end()
        lines = re.findall(rb"'(\w+)': '(\d+) (\w+)' at attempt (\d+)\n", out)
        self.assertEqual(1 + len(lines), out.count(b"\n"), out)
        self.assertEqual([(word, b"%d" % number, word)
                          for number, word in enumerate(WORDS, 1)], [line[:3] for line in lines])
        for *_, attempt in lines:  # 100 ms do not suffice for what takes 150
            self.assertGreater(int(attempt), 1)


class Server(support.Case):

    def setUp(self):
        super().setUp()
        self.program, self.address = self.serve("retry", "--port=0")

    def ask(self, *requests, client=None):
        """Send them and read as many lines."""
        client = client or self.connect(self.address)
        client.sendall(b"".join(requests))
        return [line for _, line in zip(requests, client.makefile("rb"))]

    def test_answers_what_comes_again_from_memory(self):
        client = self.connect(self.address)
        self.assertEqual([b"7 1 x\n"], self.ask(b"7 x\n", client=client))
        self.assertEqual([b"7 1 x\n"], self.ask(b"7 x\n", client=client))
        self.assertEqual([b"7 1 x\n", b"8 2 y\n"], self.ask(b"7 other\n", b"8 y\n"))
        self.program.stop()

    def test_executes_once_what_comes_again_while_it_is_under_way(self):
        first = self.connect(self.address)
        first.sendall(b"7 x\n")
        others = [self.connect(self.address) for _ in range(5)]
        for other in others:
            other.sendall(b"7 x\n")
        for client in first, *others:
            self.assertEqual(b"7 1 x\n", support.receive(client, 6))
        self.assertEqual([b"8 2 y\n"], self.ask(b"8 y\n"))
        self.program.stop()

    def test_remembers_a_client_that_is_gone(self):
        client = self.connect(self.address)
        client.sendall(b"7 x\n8 never executed: it waits for the first")
        self.ask(b"9 y\n")  # answered after the first was executed
        support.reset(client)
        self.assertRegex(self.ask(b"7 x\n")[0], rb"\A7 [12] x\n\Z")
        self.program.stop()

    def test_takes_requests_however_they_are_cut(self):
        client = self.connect(self.address)
        requests = b"1 \n2  a b \r\n3 " + b"x" * (TEXT_MAX - 2) + b"\n"
        for at in range(0, len(requests), 3):
            client.sendall(requests[at:at + 3])
        self.assertEqual([b"1 1 \n", b"2 2  a b \r\n", b"3 3 " + b"x" * (TEXT_MAX - 2) + b"\n"],
                         self.ask(b"", b"", b"", client=client))
        self.program.stop()

    def test_ends_the_connection_of_who_asks_for_nothing_that_it_knows(self):
        for wrong in (b"\n", b" x\n", b"x\n", b"0 x\n", b"01 x\n", b"-1 x\n", b"1\n", b"1\tx\n",
                      b"12345678901234567890 x\n", b"1 " + b"x" * (TEXT_MAX + 1) + b"\n",
                      b"1" * 5000):
            with self.subTest(wrong[:30]):
                client = self.connect(self.address)
                client.sendall(wrong)
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(b"", support.receive_all(client))
        self.assertEqual([b"1 1 x\n"], self.ask(b"1 x\n"))
        self.program.stop()

    def test_ends_on_both_signals_with_a_request_under_way(self):
        for number in signal.SIGINT, signal.SIGTERM:
            program, address = self.serve("retry", "--port=0")
            self.connect(address).sendall(b"1 x\n")
            program.stop(number)
        self.program.stop()


class Client(support.Case):

    def setUp(self):
        super().setUp()
        self.listener, self.address = self.listen()

    def start_client(self):
        return self.start("retry", support.text(self.address))

    def take(self):
        """A connection, and the id and the word that it asks with."""
        server = self.accept(self.listener)
        asked = ASKED.fullmatch(server.makefile("rb").readline())
        self.assertIsNotNone(asked)
        return server, asked[1], asked[2]

    def serve_rest(self, server, number, word):
        """Answer it and all that follow on the connection, and see that it ends."""
        lines = server.makefile("rb")
        count = 0
        while True:
            server.sendall(number + b" answer\n")
            count += 1
            line = lines.readline()
            if not line:
                return count
            number, word = ASKED.fullmatch(line).groups()

    def test_asks_all_on_one_connection_when_it_is_answered(self):
        program = self.start_client()
        self.assertEqual(len(WORDS), self.serve_rest(*self.take()))
        for line, word in zip(program.end().splitlines(), WORDS):
            self.assertRegex(line, rb"\A'%s': 'answer' at attempt \d+\Z" % word)

    def test_asks_again_for_the_same_on_a_new_connection(self):
        program = self.start_client()
        server, number, word = self.take()
        support.reset(server)
        again = self.take()
        self.assertEqual((number, word), again[1:])
        again[0].close()
        again = self.take()  # silent for too long
        self.assertEqual((number, word), again[1:])
        again = self.take()
        self.assertEqual((number, word), again[1:])
        again[0].sendall(b"1 an answer to something else\n")
        again = self.take()
        self.assertEqual((number, word), again[1:])
        self.serve_rest(*again)
        self.assertIn(b"'an': 'answer' at attempt 5\n", program.end())

    def test_gives_up_after_so_many_attempts_and_says_why(self):
        program = self.start_client()
        asked = []
        for _ in range(ATTEMPTS):
            server, *request = self.take()
            support.reset(server)
            asked.append(request)
        self.assertEqual([asked[0]] * ATTEMPTS, asked)
        self.assertEqual(b"", program.end(1, r"retry: [^\n]*reset[^\n]*\n"))

    def test_says_that_it_was_refused(self):
        _, address = self.refuse()
        self.assert_one_line(self.start("retry", support.text(address)), 1, "refused")


if __name__ == "__main__":
    support.main()
