#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/connect, a bridge from standard input to a server and back, whatever the input is."""
import os
import pty
import signal
import subprocess
import tempfile
import threading

import support


class Connect(support.Case):

    def bridge(self, stdin):
        """The program, connected; and the server's end."""
        listener, address = self.listen()
        program = self.start("connect", support.text(address), stdin=stdin)
        return program, self.accept(listener)

    def test_bridges_a_pipe_both_ways(self):
        program, server = self.bridge(subprocess.PIPE)
        for word in b"one", b"three", os.urandom(40000):
            program.stdin.write(word)
            self.assertTrue(support.receive(server, len(word)) == word)
        server.sendall(b"an answer\n")
        program.await_output(r"\Aan answer\n\Z")
        program.stdin.close()
        self.assertEqual(b"", support.receive_all(server))
        server.sendall(b"a late answer\n")
        server.close()
        self.assertEqual(b"an answer\na late answer\n", program.end())

    def test_bridges_a_file(self):
        with tempfile.TemporaryFile() as file:
            data = os.urandom(2 << 20)
            file.write(data)
            file.seek(0)
            program, server = self.bridge(file)
            answer = os.urandom(2 << 20)
            writer = threading.Thread(target=server.sendall, args=(answer,), daemon=True)
            writer.start()
            self.assertTrue(support.receive_all(server) == data, "the file was changed")
            writer.join(support.LIMIT)
            server.close()
            self.assertTrue(program.end() == answer, "the answer was changed")

    def test_bridges_no_input_at_all(self):
        program, server = self.bridge(subprocess.DEVNULL)
        self.assertEqual(b"", support.receive_all(server))
        server.sendall(b"nothing asked")
        server.close()
        self.assertEqual(b"nothing asked", program.end())

    def test_bridges_a_terminal(self):
        keyboard, terminal = pty.openpty()
        try:
            program, server = self.bridge(terminal)
            os.close(terminal)
            for line in b"typed\n", b"typed again\n":
                os.write(keyboard, line)
                self.assertEqual(line, support.receive(server, len(line)))
            server.sendall(b"heard\n")
            program.await_output(r"\Aheard\n\Z")
            os.write(keyboard, b"\x04")  # ctrl-D
            self.assertEqual(b"", support.receive_all(server))
            server.close()
            self.assertEqual(b"heard\n", program.end())
        finally:
            os.close(keyboard)

    def test_ends_when_the_server_closes_though_the_input_goes_on(self):
        keyboard, terminal = pty.openpty()
        try:
            for stdin in subprocess.PIPE, terminal:
                program, server = self.bridge(stdin)
                server.sendall(b"that is all\n")
                server.close()
                self.assertEqual(b"that is all\n", program.end())
        finally:
            os.close(keyboard)
            os.close(terminal)

    def test_waits_for_a_server_that_reads_late(self):
        with tempfile.TemporaryFile() as file:
            data = os.urandom(16 << 20)
            file.write(data)
            file.seek(0)
            program, server = self.bridge(file)
            server.sendall(b"wait\n")
            program.await_output(r"\Await\n\Z")
            self.assertLess(file.tell(), len(data), "the input was read ahead of the server")
            self.assertTrue(support.receive_all(server) == data, "the file was changed")
            server.close()
            self.assertEqual(b"wait\n", program.end())

    def test_says_that_the_output_is_full(self):
        listener, address = self.listen()
        with open("/dev/full", "wb") as full:
            program = self.start("connect", support.text(address), stdin=subprocess.PIPE,
                                 stdout=full)
            self.accept(listener).sendall(b"lost")
            self.assert_one_line(program, 1, "no space left")

    def test_says_that_it_was_refused(self):
        _, address = self.refuse()
        for stdin in subprocess.DEVNULL, subprocess.PIPE:
            program = self.start("connect", support.text(address), stdin=stdin)
            self.assert_one_line(program, 1, "refused")

    def test_says_that_the_server_broke_the_connection(self):
        program, server = self.bridge(subprocess.PIPE)
        program.stdin.write(b"a")
        self.assertEqual(b"a", support.receive(server, 1))
        support.reset(server)
        self.assert_one_line(program, 1, "reset")

    def test_a_signal_ends_it(self):
        program, server = self.bridge(subprocess.PIPE)
        server.sendall(b"a")
        program.await_output("a")
        program.stop(signal.SIGINT, -signal.SIGINT)
        self.assertEqual(b"", support.receive_all(server))


if __name__ == "__main__":
    support.main()
