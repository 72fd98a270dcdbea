#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/hello asks a server and prints its answer, or says in one line why it can't."""
import support


class Hello(support.Case):

    def test_prints_what_hello_http_answers(self):
        server, address = self.serve("hello_http")
        out = self.start("hello", support.text(address)).end()
        self.assertTrue(out.startswith(b"HTTP/1.1 200 OK\r\n"), out)
        self.assertTrue(out.endswith(b"\r\n\r\nHello, World!"), out)
        server.stop()

    def test_sends_one_request_and_prints_all_that_comes(self):
        listener, address = self.listen()
        program = self.start("hello", f"--port={address[1]}")
        server = self.accept(listener)
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += support.receive(server, 1)
        self.assertTrue(request.startswith(b"GET / HTTP/1.1\r\nHost: "), request)
        answer = bytes(range(256)) * 2000
        server.sendall(answer)
        server.close()
        self.assertTrue(program.end() == answer)

    def test_says_that_it_was_refused(self):
        _, address = self.refuse()
        self.assert_one_line(self.start("hello", support.text(address)), 1, "refused")

    def test_says_that_the_server_broke_the_connection(self):
        listener, address = self.listen()
        program = self.start("hello", support.text(address))
        server = self.accept(listener)
        support.receive(server, 1)
        support.reset(server)
        self.assert_one_line(program, 1, "reset")

    def test_does_not_wait_for_ever_for_a_silent_server(self):
        _, address = self.listen()
        self.assert_one_line(self.start("hello", support.text(address)), 1, "timed out")

    def test_says_what_is_wrong_with_an_address(self):
        for wrong in "127.0.0.1:70000", "127.0.0.1:", "nowhere", "", "1.2.3.4.5:80":
            with self.subTest(wrong):
                self.assert_one_line(self.start("hello", wrong), 2, "try 127.0.0.1:8080")

    def test_says_what_it_does_not_understand(self):
        self.assert_one_line(self.start("hello", "--foo"), 2, "'--foo': not understood")
        self.assert_one_line(self.start("hello", *["127.0.0.1"] * 3), 2, "not understood")

    def test_tells_its_usage(self):
        self.assertRegex(self.start("hello", "--help").end(), rb"\Ausage: hello \[[^\n]*\n\Z")


if __name__ == "__main__":
    support.main()
