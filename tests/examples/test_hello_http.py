#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""
examples/hello_http, which `make run` starts: it answers curl, wrk and clients that are picky, slow
or rude; it says what to try, what is wrong, and at its end what it has done.
"""
import datetime
import email.utils
import os
import re
import signal
import socket
import subprocess
import threading

import support

GET = b"GET /page?x=1 HTTP/1.1\r\nHost: example\r\nUser-Agent: test\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n"
HEAD_MAX = 8192
FIGURES = re.compile(rb"\n(\d+) requests of (\d+) clients, (\d+) bytes in, (\d+) bytes out, "
                     rb"\d+ waits, \d+ other system calls\n\Z")


def head_of(size):
    """A request whose head has exactly so many bytes."""
    start = b"GET / HTTP/1.1\r\nX-Fill: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


class HelloHttp(support.Case):

    def setUp(self):
        super().setUp()
        self.program, self.address = self.serve("hello_http")

    def client(self):
        return support.HttpClient(self.connect(self.address))

    def assert_greets(self, answer):
        self.assertEqual((200, b"Hello, World!"), (answer.status, answer.body))

    def assert_serves(self):
        client = self.client()
        client.client.sendall(GET)
        self.assert_greets(client.answer())

    def figures(self, number=signal.SIGTERM):
        out = self.program.stop(number)
        figures = FIGURES.search(out)
        self.assertIsNotNone(figures, out)
        return tuple(int(figure) for figure in figures.groups())

    def test_says_where_it_listens_and_what_to_try(self):
        where = support.text(self.address)
        self.program.await_output(rf"\Ahello_http listens on http://{where}/ by \w+ \([^)]+\)\n"
                                  rf"try: curl http://{where}/ .*wrk .*http://{where}/ .*ctrl-C\n")
        self.program.stop()

    @support.needs("curl")
    def test_greets_curl(self):
        done = subprocess.run(["curl", "-si", "-m", str(support.LIMIT), "--noproxy", "*",
                               f"http://{support.text(self.address)}/"], capture_output=True,
                              check=True)
        head, body = done.stdout.split(b"\r\n\r\n", 1)
        self.assertEqual(b"Hello, World!", body)
        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
        self.program.stop()

    def test_sends_the_headers_of_an_answer(self):
        client = self.client()
        client.client.sendall(GET)
        headers = client.answer().headers
        self.assertEqual("text/plain", headers["content-type"])
        self.assertEqual("13", headers["content-length"])
        self.assertEqual("eddy", headers["server"])
        date = email.utils.parsedate_to_datetime(headers["date"])
        self.assertEqual(email.utils.format_datetime(date, usegmt=True), headers["date"])
        age = datetime.datetime.now(datetime.timezone.utc) - date
        self.assertLess(abs(age.total_seconds()), support.LIMIT)
        self.program.stop()

    def test_renews_the_date(self):
        client = self.client()
        dates = set()
        while len(dates) < 2:
            client.client.sendall(GET)
            dates.add(client.answer().headers["date"])
        self.program.stop()

    def test_keeps_the_connection_and_counts_what_it_does(self):
        clients = [self.client() for _ in range(3)]
        for client in clients * 4:
            client.client.sendall(GET)
            self.assert_greets(client.answer())
        sent = sum(client.received for client in clients)
        self.assertEqual((12, 3, 12 * len(GET), sent), self.figures(signal.SIGINT))

    def test_ends_on_both_signals_while_clients_are_in_the_middle(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                self.assert_serves()
                self.connect(self.address).sendall(GET[:20])
                self.assert_serves()
                self.assertEqual(3, self.figures(number)[1])
                self.program, self.address = self.serve("hello_http")

    def test_answers_pipelined_requests_in_order(self):
        client = self.client()
        client.client.sendall(GET * 49 + b"POST / HTTP/1.1\r\n\r\n")
        for _ in range(49):
            self.assert_greets(client.answer())
        self.assertEqual(405, client.answer().status)
        self.assertTrue(client.ended())
        self.assertEqual(50, self.figures()[0])

    def test_answers_a_client_that_reads_late_in_full(self):
        client = self.client()
        writer = threading.Thread(target=client.client.sendall,
                                  args=(GET * 30000 + CLOSE,), daemon=True)
        writer.start()
        other = self.client()
        for _ in range(200):  # until all queues between the two are likely to be full
            other.client.sendall(GET)
            self.assert_greets(other.answer())
        received = support.receive_all(client.client)
        writer.join(support.LIMIT)
        self.assertEqual(30001, received.count(b"HTTP/1.1 200 OK\r\nServer: eddy\r\nDate: "))
        self.assertEqual(30001, received.count(b"\r\n\r\nHello, World!"))
        self.assertEqual(b"", re.sub(rb"HTTP/1.1 200 OK\r\nServer: eddy\r\nDate: [^\r]{29}\r\n"
                                     rb"Content-Type: text/plain\r\nContent-Length: 13\r\n"
                                     rb"(Connection: close\r\n)?\r\n"
                                     rb"Hello, World!", b"", received))
        self.program.stop()

    def test_understands_a_request_cut_at_every_byte(self):
        # A second client's answer proves that the server has taken the first one's bytes: they
        # came first.
        split, barrier = self.client(), self.client()
        for at in range(1, len(GET)):
            split.client.sendall(GET[:at])
            barrier.client.sendall(GET)
            self.assert_greets(barrier.answer())
            split.client.sendall(GET[at:])
            self.assert_greets(split.answer())
        self.assertEqual(2 * (len(GET) - 1), self.figures()[0])

    def test_understands_two_requests_cut_at_every_byte(self):
        split, barrier = self.client(), self.client()
        for at in range(1, 2 * len(GET)):
            split.client.sendall((GET + GET)[:at])
            barrier.client.sendall(GET)
            self.assert_greets(barrier.answer())
            split.client.sendall((GET + GET)[at:])
            self.assert_greets(split.answer())
            self.assert_greets(split.answer())
        self.program.stop()

    def test_understands_a_request_sent_byte_by_byte(self):
        client = self.client()
        for byte in GET + CLOSE:
            client.client.send(bytes([byte]))
        self.assert_greets(client.answer())
        self.assert_greets(client.answer())
        self.assertTrue(client.ended())
        self.program.stop()

    def test_closes_after_the_answer_when_asked_to(self):
        for request in (CLOSE, b"GET / HTTP/1.0\r\n\r\n", CLOSE.lower().replace(b"get", b"GET"),
                        b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"):
            with self.subTest(request):
                client = self.client()
                client.client.sendall(request + GET)
                self.assert_greets(client.answer())
                self.assertTrue(client.ended())
        self.program.stop()

    def test_reads_how_the_connection_shall_go_on(self):
        stays = (b"Connection: keep-alive\r\n", b"X-Connection: close\r\n", b"Cookie: close\r\n",
                 b"Connections: close\r\n", b"Conn\r\n", b"C\r\n", b"t:\r\n", b"a\r\n", b"a\n",
                 b"TE: trailers\r\n", b"Cdn-Loop-X: 1\r\n", b"Content-Coding: 5\r\n", b"\rx\r\n",
                 b"Connection: Keep-Alive\r\n", b"connection:keep-alive \r\n",
                 b"CONNECTION: keep-alive, Upgrade\n", b"Connection: closed, enclose\r\n",
                 b"Content-Length: 0\r\n", b"content-length:00\n")
        ends = (b"Connection:close\r\n", b"CONNECTION:  CLOSE\r\n", b"connection: a, close\n",
                b"Connection: keep-alive, close\r\n", b"Connection: close\n")
        for headers, ended in [(each, False) for each in stays] + [(each, True) for each in ends]:
            for before in b"", b"Host: a\r\n":
                with self.subTest(before + headers):
                    client = self.client()
                    client.client.sendall(b"GET / HTTP/1.1\r\n" + before + headers + b"\r\n" + CLOSE)
                    answer = client.answer()
                    self.assert_greets(answer)
                    self.assertEqual("close" if ended else None,
                                     answer.headers.get("connection"))
                    if not ended:
                        self.assert_greets(client.answer())
                    self.assertTrue(client.ended())
        self.program.stop()

    def test_takes_no_body_for_a_request(self):
        for header in b"Content-Length: %d\r\n" % len(GET), b"transfer-Encoding: chunked\r\n":
            for size in len(GET), 300000:
                with self.subTest(header=header, size=size):
                    client = self.client()
                    body = (GET * (size // len(GET)))
                    client.client.sendall(b"GET / HTTP/1.1\r\n" + header + b"\r\n" + body)
                    self.assert_greets(client.answer())
                    self.assertTrue(client.ended())
        self.program.stop()

    def test_answers_head_without_a_body(self):
        client = self.client()
        client.client.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        text = b""
        while not text.endswith(b"\r\n\r\n"):
            text += client.client.recv(4096)
        self.assertIn(b"Content-Length: 13\r\n", text)
        self.assertEqual(b"", client.client.recv(1))
        self.program.stop()

    def test_takes_lines_that_end_in_a_newline_alone(self):
        client = self.client()
        client.client.sendall(b"GET /\n\n")
        self.assert_greets(client.answer())
        self.assertTrue(client.ended())
        self.program.stop()

    def test_answers_a_client_that_has_closed_its_side(self):
        client = self.client()
        client.client.sendall(GET + GET)
        client.client.shutdown(socket.SHUT_WR)
        self.assert_greets(client.answer())
        self.assert_greets(client.answer())
        self.assertTrue(client.ended())
        self.program.stop()

    def test_refuses_other_methods_even_while_the_body_is_sent(self):
        for body in b"", b"x" * 300000:
            with self.subTest(len(body)):
                client = self.client()
                client.client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
                                      % len(body) + body)
                answer = client.answer()
                self.assertEqual((405, "GET, HEAD"), (answer.status, answer.headers["allow"]))
                self.assertTrue(client.ended())
        self.assert_serves()
        self.program.stop()

    def test_refuses_heads_over_8_kib_however_they_are_cut(self):
        for size in HEAD_MAX + 1, HEAD_MAX + 2, 3 * HEAD_MAX, 100000:
            for pieces in 1, 7:
                with self.subTest(size=size, pieces=pieces):
                    client = self.client()
                    head = head_of(size)
                    for at in range(pieces):
                        part = head[at * size // pieces:(at + 1) * size // pieces]
                        client.client.sendall(part)
                    self.assertEqual(431, client.answer().status)
                    self.assertTrue(client.ended())
        self.program.stop()

    def test_takes_heads_of_8_kib(self):
        client = self.client()
        for size in HEAD_MAX - 1, HEAD_MAX:
            client.client.sendall(head_of(size))
            self.assert_greets(client.answer())
        self.program.stop()

    def test_survives_garbage(self):
        for garbage in (os.urandom(3000).replace(b"\r", b""), b"\0" * 5000, b"\r\n" * 1000,
                        b"\r\n\r\n", b"GET", b"GET \r\n\r\n", b"\n\n\n\n", b"HTTP/1.1\r\n\r\n",
                        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"G" * HEAD_MAX):
            with self.subTest(garbage[:20]):
                client = self.connect(self.address)
                client.sendall(garbage)
                client.shutdown(socket.SHUT_WR)
                answer = support.receive_all(client)
                self.assertRegex(answer, rb"\A(|HTTP/1.1 (405|431|200) [^$]*\r\n\r\n[^$]*)\Z")
        self.assert_serves()
        self.program.stop()

    def test_survives_clients_that_vanish(self):
        for at in range(0, len(GET) * 3, 7):
            client = self.connect(self.address)
            client.sendall((GET * 3)[:at])
            support.reset(client)
        self.assert_serves()
        self.program.stop()

    def test_serves_200_connections_at_once(self):
        clients = [self.client() for _ in range(200)]
        for client in clients:
            client.client.sendall(GET)
        for client in clients:
            self.assert_greets(client.answer())
        self.assertEqual((200, 200), self.figures()[:2])

    @support.needs("wrk")
    def test_serves_wrk_without_an_error(self):
        done = subprocess.run(["wrk", "-t1", "-c64", "-d1", f"http://{support.text(self.address)}/"],
                              capture_output=True, text=True, check=True, timeout=support.LIMIT)
        self.assertNotIn("Socket errors", done.stdout)
        self.assertNotIn("Non-2xx", done.stdout)
        requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
        self.assertGreater(requests, 0)
        self.assertGreaterEqual(self.figures()[0], requests)


class Wrong(support.Case):
    """What cannot be done is told in one line that says what is wrong and what to do."""

    def test_a_busy_port(self):
        program, address = self.serve("hello_http")
        second = self.start("hello_http", f"--port={address[1]}")
        self.assert_one_line(second, 2, rf"'{support.text(address)}': in use .*--port=N")
        program.stop()

    def test_a_bad_port(self):
        for port in "x", "70000", "", "-1", "80x", "99999999999999999999":
            with self.subTest(port):
                self.assert_one_line(self.start("hello_http", f"--port={port}"), 2,
                                     f"port '{port}': give a number from 0 .* to 65535")

    def test_an_unknown_driver(self):
        told = "driver 'foo': unknown: use io_uring or epoll"
        named = self.start("hello_http", "--port=0", "--driver=foo")
        self.assert_one_line(named, 2, told)
        inherited = self.start("hello_http", "--port=0", driver="foo")
        self.assert_one_line(inherited, 2, told)

    def test_an_address_of_another_machine(self):
        self.assert_one_line(self.start("hello_http", "192.0.2.1:8080"), 2,
                             "'192.0.2.1:8080': not of this machine: ")

    def test_the_port_counts_wherever_it_stands(self):
        port = support.free_address()[1]
        for arguments in ([f"--port={port}", "127.0.0.1"], ["127.0.0.1:9", f"--port={port}"]):
            program, address = self.serve("hello_http", *arguments)
            self.assertEqual(port, address[1])
            program.stop()

    def test_an_empty_driver_is_the_default(self):
        program = self.start("hello_http", "--port=0", "--driver=", driver="")
        program.await_output(r" by (io_uring|epoll) \(")
        program.stop()


if __name__ == "__main__":
    support.main()
