#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench/load, the load generator: what a good server is told, and that a bad one is found out, by a
run that ends by itself."""
import json
import os
import signal
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir, "examples"))
import support  # pylint: disable=wrong-import-position

KEYS = ("mode ok error conns size depth wall requests rps gbps p50_us p99_us p999_us max_us srv_ns "
        "srv_util load_ns load_util cpu0_busy steal0 cpu1_busy steal1 lost").split()
SHORT = ["warm=0", "secs=0.1", "patience=5"]
GET = b"\r\n\r\n"
ANSWER = (b"HTTP/1.1 200 OK\r\nServer: test\r\nDate: Sun, 29 Nov 2026 07:22:40 GMT\r\n"
          b"Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!")


def pattern(length):
    """The first bytes of what bench/load/pattern.h describes."""
    x, period, table = 0x9e3779b97f4a7c15, 65521, bytearray()
    for _ in range(period):
        x ^= x << 13 & 0xffffffffffffffff
        x ^= x >> 7
        x ^= x << 17 & 0xffffffffffffffff
        table.append(x >> 32 & 0xff)
    return bytes(table * (length // period + 1))[:length]


def echo(client):
    """Echo to the end."""
    while data := client.recv(1 << 16):
        client.sendall(data)


def echo_with(change, after=0):
    """An echo, but when more than `after` bytes have come, change(data) is sent instead."""
    def serve(client):
        seen = 0
        while data := client.recv(1 << 16):
            seen += len(data)
            client.sendall(change(data) if seen > after else data)
    return serve


def flip_last(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def close_after(count):
    """Echo so many bytes and close."""
    def serve(client):
        left = count
        while left > 0 and (data := client.recv(left)):
            client.sendall(data)
            left -= len(data)
    return serve


def silent_after(count):
    """Echo so many bytes, and then read on without an answer."""
    def serve(client):
        close_after(count)(client)
        while client.recv(1 << 16):
            pass
    return serve


def answers(make):
    """An HTTP server: make(n) is its n-th answer on a connection."""
    def serve(client):
        rest, count = b"", 0
        while data := client.recv(1 << 16):
            *heads, rest = (rest + data).split(GET)
            for _ in heads:
                client.sendall(make(count))
                count += 1
    return serve


class Load(support.Case):

    def serve_tcp(self, serve, backlog=1024):
        """A server, a thread for each connection; its port."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)  # wakes accept()

        def handle(client):
            with client:
                try:
                    serve(client)
                except (OSError, AssertionError):
                    pass  # the load generator has gone

        def accept():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=handle, args=[client], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    def serve_udp(self, serve):
        """A server that calls serve(socket, data, peer, n) with the n-th datagram; its port."""
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        ended = threading.Event()

        def receive():
            count = 0
            while not ended.is_set():
                try:
                    data, peer = server.recvfrom(1 << 16)
                    serve(server, data, peer, count)
                    count += 1
                except OSError:
                    pass  # nothing came for a moment, or the load generator has gone

        thread = threading.Thread(target=receive)
        thread.start()
        self.addCleanup(server.close)
        self.addCleanup(thread.join)
        self.addCleanup(ended.set)
        return server.getsockname()[1]

    def load(self, mode, port, *options):
        return self.start("load", mode, f"port={port}", *SHORT, *options, folder=support.BENCH)

    def good(self, mode, port, *options):
        """A run that goes well; its report."""
        report = json.loads(self.load(mode, port, *options).end())
        self.assertEqual((mode, True, ""), (report["mode"], report["ok"], report["error"]))
        self.assertGreater(report["requests"], 0)
        self.assertLess(0, report["wall"])
        return report

    def bad(self, error, mode, port, *options):
        """A run that finds an error, and ends."""
        out = self.load(mode, port, *options).end(1, rf"load: (?:{error})\n")
        report = json.loads(out)
        self.assertEqual((mode, False, 0), (report["mode"], report["ok"], report["requests"]))
        self.assertRegex(report["error"], f"^(?:{error})$")

    # ---- good servers

    def test_reports_all_figures(self):
        report = self.good("echo", self.serve_tcp(echo), "conns=3", "size=100", "depth=5",
                           f"pid={os.getpid()}")
        self.assertEqual(KEYS, list(report))
        self.assertEqual((3, 100, 5), (report["conns"], report["size"], report["depth"]))
        self.assertGreater(report["srv_ns"], 0)
        self.assertGreater(report["load_ns"], 0)
        self.assertLessEqual(report["p50_us"], report["max_us"])

    def test_a_server_without_pid_has_no_cost(self):
        self.assertIsNone(self.good("echo", self.serve_tcp(echo))["srv_ns"])

    def test_windows_larger_than_socket_buffers_come_back(self):
        self.good("echo", self.serve_tcp(echo), "conns=2", "size=300001", "depth=16")

    def test_stops_after_as_many_requests_as_asked_for(self):
        report = self.good("echo", self.serve_tcp(echo), "reqs=10", "secs=60", "depth=2")
        self.assertEqual(10, report["requests"])

    def test_streams(self):
        self.good("bulk", self.serve_tcp(echo), "conns=2")
        stream = pattern(65521 * 16)  # a whole number of periods: it can be sent again

        def source(client):
            while True:
                client.sendall(stream)
        self.good("source", self.serve_tcp(source), "conns=2")

    def test_short_connections(self):
        self.good("churn", self.serve_tcp(echo), "conns=4")
        self.assertEqual(0, self.good("storm", self.serve_tcp(echo), "conns=20")["requests"] % 20)

    def test_cold_connections_are_told_apart(self):
        report = self.good("mixed", self.serve_tcp(echo), "conns=2", "active=3", "depth=4")
        self.assertGreater(report["cold_requests"], 0)
        self.assertGreater(report["requests"], report["cold_requests"])
        self.assertLessEqual(report["cold_p50_us"], report["cold_p99_us"])

    def test_idle_connections_are_weighed(self):
        report = self.good("idle", self.serve_tcp(echo), "conns=20", "active=5",
                           f"pid={os.getpid()}")
        self.assertEqual(20, report["idle"])
        self.assertGreater(report["rss0_kb"], 0)
        self.assertGreater(report["bytes_per_conn_used"], 0)  # the stacks of 20 threads

    def test_http_answers_may_have_another_date(self):
        later = ANSWER.replace(b"07:22:40", b"07:22:41")
        port = self.serve_tcp(answers(lambda n: later if n % 3 else ANSWER))
        self.good("http", port, "conns=2", "depth=4")

    def test_lost_datagrams_are_counted(self):
        def lose_some(server, data, peer, n):
            if n % 50 != 1:
                server.sendto(data, peer)
        report = self.good("udp", self.serve_udp(lose_some), "conns=2", "depth=4", "secs=0.3")
        self.assertGreater(report["lost"], 0)

    # ---- bad servers

    def test_finds_a_changed_byte(self):
        for mode, options in (("echo", ["depth=3"]), ("bulk", []), ("churn", []), ("storm", []),
                              ("mixed", []), ("idle", [f"pid={os.getpid()}"])):
            with self.subTest(mode=mode):
                port = self.serve_tcp(echo_with(flip_last))
                self.bad("a byte came back changed", mode, port, *options)
        self.bad("a byte came back changed", "echo", self.serve_tcp(echo_with(flip_last, 10000)))

    def test_finds_a_byte_too_many(self):
        error = "more came back than was sent"
        for mode in ("echo", "bulk", "churn", "storm", "mixed"):
            with self.subTest(mode=mode):
                port = self.serve_tcp(echo_with(lambda data: data + data[:1]))
                self.bad(f"{error}|a byte came back changed", mode, port)

        # One that comes when everything has been answered: the second window is the last.
        def once_more(client):
            close_after(64 * 4)(client)
            client.sendall(b"x")
            client.recv(1)
        self.bad(error, "echo", self.serve_tcp(once_more), "depth=2", "reqs=1", "secs=60")

    def test_finds_a_changed_stream(self):
        stream = pattern(200000)
        port = self.serve_tcp(lambda client: client.sendall(flip_last(stream)))
        self.bad("a byte came back changed", "source", port)
        port = self.serve_tcp(lambda client: client.sendall(stream))
        self.bad("the server closed a connection", "source", port)

    def test_finds_an_early_end(self):
        error = "the server closed a connection|.*: Connection reset by peer|.*: Broken pipe"
        for mode, count in (("echo", 64), ("echo", 640), ("echo", 70), ("bulk", 1000),
                            ("churn", 0), ("storm", 0), ("mixed", 100)):
            with self.subTest(mode=mode, count=count):
                self.bad(error, mode, self.serve_tcp(close_after(count)))

    def test_finds_a_silent_server(self):
        port = self.serve_tcp(silent_after(0))
        for mode in ("echo", "churn", "idle", "bulk", "source", "http", "storm", "mixed"):
            with self.subTest(mode=mode):
                options = [f"pid={os.getpid()}"] if mode == "idle" else []
                error = "no answer (for 0.2 s|on an idle connection)"
                self.bad(error, mode, port, "patience=0.2", "secs=60", *options)
        self.bad("no answer for 0.2 s", "echo", self.serve_tcp(silent_after(640)), "patience=0.2",
                 "secs=60")
        self.bad("no answer for 0.2 s", "udp", self.serve_udp(lambda *_: None), "patience=0.2",
                 "secs=60")

    def test_finds_a_connection_that_is_never_answered(self):
        first = threading.Lock()

        def serve(client):
            if first.acquire(blocking=False):  # the first one, and for good
                silent_after(0)(client)
            else:
                echo(client)
        for mode in ("echo", "mixed"):
            self.bad("answers are still owed after 0.3 s without new requests|no answer for 0.3 s",
                     mode, self.serve_tcp(serve), "conns=3", "patience=0.3")
            first.release()

    def test_finds_a_server_that_does_not_come_to_an_end(self):
        def drop_by_drop(client):
            for byte in client.recv(1 << 16):
                client.sendall(bytes([byte]))
                threading.Event().wait(0.01)
        for mode in ("echo", "mixed"):
            self.bad("answers are still owed after 0.3 s without new requests", mode,
                     self.serve_tcp(drop_by_drop), "size=60000", "depth=1", "patience=0.3")

    def test_finds_a_stopped_server(self):
        # It listens, but never accepts; the second one has no place for all who wait either.
        for backlog, error in ((64, "no answer for 0.2 s"), (0, "connect: Connection timed out")):
            listener, address = self.refuse()
            listener.listen(backlog)
            self.bad(error, "echo", address[1], "conns=8", "patience=0.2")
        port = support.free_address()[1]
        server = self.start("srv_eddy", "echo", str(port), folder=support.BENCH)
        self.assertTrue(support.connects(server, ("127.0.0.1", port)))
        server.process.send_signal(signal.SIGSTOP)
        self.bad("no answer for 0.2 s", "echo", port, "conns=8", "patience=0.2", "secs=60")
        server.process.send_signal(signal.SIGCONT)
        server.stop()

    def test_finds_an_idle_connection_that_was_closed(self):
        def serve(client):
            client.sendall(support.receive(client, 16))
            if client.recv(1, socket.MSG_PEEK):  # the active one goes on
                echo(client)
        first = threading.Lock()

        def serve_one(client):
            if first.acquire(blocking=False):
                serve(client)
            else:
                client.sendall(support.receive(client, 16))
        self.bad("the server closed a connection", "idle", self.serve_tcp(serve_one), "conns=3",
                 "active=1", f"pid={os.getpid()}")

    def test_finds_wrong_answers(self):
        for old, new, error in (
                (b"200 OK", b"404 No", "an answer's status is not HTTP/1.1 200"),
                (b"World", b"Worle", "an answer's body is not Hello, World!"),
                (b": 13", b": 12", "an answer's Content-Length is not 13"),
                (b"Date", b"Data", "an answer has no proper Date"),
                (b"Nov", b"N0v", "an answer has no proper Date"),
                (b"Server", b"Nobody", "an answer has no Server"),
                (b"plain", b"plane", "an answer's Content-Type is not text/plain"),
                (b"Server: test", b"Server: " + b"t" * 1000, "an answer is too long")):
            with self.subTest(new=new):
                port = self.serve_tcp(answers(lambda _, bad=ANSWER.replace(old, new): bad))
                self.bad(error, "http", port)

    def test_finds_an_answer_unlike_the_first(self):
        for old, new in ((b"test", b"tess"), (b"World!", b"World?"), (b"2026", b"202x"),
                         (b"200 OK", b"200")):
            with self.subTest(new=new):
                bad = ANSWER.replace(old, new)
                port = self.serve_tcp(answers(lambda n, bad=bad: bad if n == 20 else ANSWER))
                self.bad("an answer differs from the first", "http", port, "depth=2")

    def test_finds_an_answer_too_many(self):
        port = self.serve_tcp(answers(lambda _: ANSWER * 2))
        self.bad("more answers came than were asked for", "http", port)
        port = self.serve_tcp(answers(lambda _: ANSWER + b"x"))
        self.bad("more answers came than were asked for|an answer differs from the first", "http",
                 port)

    def test_finds_wrong_datagrams(self):
        def with_change(change):
            return self.serve_udp(lambda server, data, peer, n:
                                  server.sendto(change(data) if n == 20 else data, peer))

        def twice(server, data, peer, n):
            server.sendto(data, peer)
            if n == 20:
                server.sendto(data, peer)
        self.bad("a datagram came back changed", "udp", with_change(flip_last))
        self.bad("a datagram came back changed", "udp",
                 with_change(lambda data: bytes([data[0] ^ 255]) + data[1:]))
        self.bad("a datagram came back with another length", "udp",
                 with_change(lambda data: data[:-1]))
        self.bad("a datagram came back twice", "udp", self.serve_udp(twice))

    # ---- nobody, and wrong command lines

    def test_says_that_nobody_listens(self):
        _, address = self.refuse()
        for mode in ("echo", "http", "source", "bulk", "mixed", "churn", "storm"):
            self.bad(".*: Connection refused", mode, address[1])
        self.bad("receive: Connection refused|send: Connection refused", "udp",
                 support.free_address()[1])

    def test_says_what_is_wrong(self):
        for wrong, *arguments in (
                ("usage: load MODE port=N",), ("usage: load MODE port=N", "ech", "port=1"),
                ("port '': it has to be given", "echo"),
                ("port '0': give echo a whole number from 1", "echo", "port=0"),
                ("port '65536': give", "echo", "port=65536"),
                ("argument 'x': give name=value", "echo", "x"),
                ("option 'x': there is no such", "echo", "x=1"),
                ("conns '-1': give", "echo", "conns=-1"), ("conns '': give", "echo", "conns="),
                ("conns '1k': give", "echo", "conns=1k"), ("depth '65': give", "udp", "depth=65"),
                ("size '15': give", "udp", "size=15"), ("secs 'nan': give", "echo", "secs=nan"),
                ("secs '0': give", "echo", "secs=0"), ("warm '-1': give", "echo", "warm=-1"),
                ("window '1': there is nothing to choose", "echo", "window=1"),
                ("path 'x': give", "http", "path=x"), ("pid '': it has", "idle", "port=1")):
            self.assert_one_line(self.start("load", *arguments, folder=support.BENCH), 2, wrong)

    def test_says_that_there_is_no_such_process(self):
        self.bad("pid: there is no such process", "echo", 1, "pid=2000000000")


if __name__ == "__main__":
    unittest.main()
