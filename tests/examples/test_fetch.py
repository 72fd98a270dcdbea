#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers slow
"""examples/curl/fetch downloads a thousand files, fifty at once, to the last byte; and ends midway."""
import hashlib
import http.server
import os
import re
import signal
import tempfile
import threading
import unittest

import support

CURL = os.path.join(support.EXAMPLES, "curl")
FILES = 1000
AT_ONCE = 50


def content(number):
    """The bytes of that file: from none to a megabyte."""
    size = (number * number) % 3001 if number % 100 else number * 1000
    return hashlib.shake_128(str(number).encode()).digest(size)


class Server(http.server.ThreadingHTTPServer):
    """Serves /N as content(N), and hangs in the middle of /hang/N until it is released."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.changed = threading.Condition()
        self.busy = self.most = self.hanging = self.gone = 0

    def count(self, name, by):
        with self.changed:
            setattr(self, name, getattr(self, name) + by)
            self.most = max(self.most, self.busy)
            self.changed.notify_all()

    def wait(self, condition):
        with self.changed:
            return self.changed.wait_for(condition, support.LIMIT)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.count("busy", 1)

    def finish(self):
        super().finish()
        self.server.count("busy", -1)

    def do_GET(self):
        found = re.fullmatch(r"/(hang/)?(\d+)", self.path)
        if not found:
            self.send_error(404)
            return
        body = content(int(found[2]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (1 if found[1] else 0)))
        self.end_headers()
        self.wfile.write(body)
        if found[1]:
            self.server.count("hanging", 1)
            self.connection.settimeout(support.LIMIT)
            if self.ended():
                self.server.count("gone", 1)
            self.close_connection = True

    def ended(self):
        """Whether the client goes: by an end, or by a reset when it had not read everything."""
        try:
            return self.connection.recv(1) == b""
        except ConnectionError:
            return True

    def log_message(self, *_):
        pass


@unittest.skipUnless(os.path.exists(os.path.join(CURL, "fetch")),
                     "libcurl is missing: tools/setup.sh check")
class Fetch(support.Case):

    def setUp(self):
        super().setUp()
        self.server = Server()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for variable in "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY":
            os.environ.pop(variable, None)

    def fetch(self, *arguments):
        return self.start("fetch", *arguments, folder=CURL)

    def test_a_thousand_files_fifty_at_a_time_are_whole(self):
        total = sum(len(content(number)) for number in range(1, FILES + 1))
        program = self.fetch(f"--at-once={AT_ONCE}", f"--into={self.folder}",
                             f"{self.url}/[1-{FILES}]")
        self.assertEqual(f"{FILES} files, {total} bytes, 0 failed\n".encode(), program.end())
        self.assertEqual(FILES, len(os.listdir(self.folder)))
        for number in range(1, FILES + 1):
            with open(os.path.join(self.folder, str(number)), "rb") as file:
                self.assertTrue(file.read() == content(number), f"file {number} was changed")
        self.assertLessEqual(self.server.most, AT_ONCE)
        self.assertGreaterEqual(self.server.most, AT_ONCE // 2)

    def test_what_fails_is_told_and_the_rest_comes(self):
        program = self.fetch(f"{self.url}/1", f"{self.url}/nothing", f"{self.url}/[2-3]")
        size = sum(len(content(number)) for number in (1, 2, 3))
        self.assertEqual(f"3 files, {size} bytes, 1 failed\n".encode(),
                         program.end(1, rf"fetch: {self.url}/nothing: [^\n]*404[^\n]*\n"))

    def test_a_signal_in_the_middle_closes_all_connections(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(number):
                before = self.server.hanging
                program = self.fetch(f"--at-once={AT_ONCE}", f"--into={self.folder}",
                                     f"{self.url}/hang/[1-{FILES}]")
                self.assertTrue(self.server.wait(lambda: self.server.hanging >= before + AT_ONCE))
                program.process.send_signal(number)
                self.assertRegex(program.end(1),
                                 rb"\A0 files, \d+ bytes, 0 failed, interrupted\n\Z")
                self.assertTrue(self.server.wait(lambda: self.server.gone >= before + AT_ONCE))
                self.assertTrue(self.server.wait(lambda: self.server.busy == 0))

    def test_a_server_that_refuses_is_told(self):
        _, address = self.refuse()
        program = self.fetch(f"http://{support.text(address)}/1")
        self.assertEqual(b"0 files, 0 bytes, 1 failed\n",
                         program.end(1, r"fetch: [^\n]*connect[^\n]*\n"))

    def test_what_is_missing_in_the_command_is_told(self):
        self.assert_one_line(self.fetch(), 2, "at least one")
        self.assert_one_line(self.fetch("--at-once=0", self.url), 2, "from 1 to 1000")


if __name__ == "__main__":
    support.main()
