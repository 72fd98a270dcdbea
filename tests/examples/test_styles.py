#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/styles: what is written in several styles does the same in each."""
import functools
import glob
import os
import re
import signal
import socket
import subprocess

import support

STYLES = os.path.join(support.EXAMPLES, "styles")
ECHO = ["echo_poll", "echo_async", "echo_group"]
ASK = ["ask_poll", "ask_async"]
CHAT = ["chat_poll", "chat_async", "chat_group"]
LINES_MAX = 256  # that a member of the chat may fall behind


def each(names):
    """The test once for each program of the list, as its argument."""
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            for name in names:
                signal.alarm(100)
                with self.subTest(style=name):
                    test(self, name)
                self.doCleanups()
        return run
    return decorate


class Styles(support.Case):

    def serve_style(self, name):
        return self.serve(name, folder=STYLES)

    def test_every_program_is_tested_here(self):
        sources = glob.glob(os.path.join(support.ROOT, "examples", "styles", "*.c"))
        names = {os.path.basename(path)[:-2] for path in sources}
        self.assertEqual(set(ECHO + ASK + CHAT), names)


class Costs(Styles):

    def rows(self, text):
        """Of the table: {(program, style): bytes}."""
        rows = re.findall(r"^\| (\w+) \| ([\w ,]+) \| (\d+) \| \d+ \|[ \d|]*$", text, re.M)
        return {(program, style): int(size) for program, style, size in rows}

    def test_the_guide_shows_what_the_benchmark_prints(self):
        printed = self.rows(self.start("styles", "--quick", folder=support.BENCH).end().decode())
        with open(os.path.join(support.ROOT, "docs", "guide", "07-three-styles.md"),
                  encoding="utf-8") as file:
            shown = self.rows(file.read())
        self.assertEqual(len(ECHO + ASK + CHAT), len(printed))
        self.assertEqual(shown.keys(), printed.keys())
        for row, size in printed.items():
            self.assertLess(abs(shown[row] - size), 0.1 * size, f"{row}: {size} bytes by now")


class Echo(Styles):

    @each(ECHO)
    def test_returns_every_byte_to_50_clients_at_once(self, name):
        program, address = self.serve_style(name)
        jobs = [(self.connect(address), os.urandom(1 + 3001 * i)) for i in range(50)]
        for (_, sent), received in zip(jobs, support.drive(jobs)):
            self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        program.stop()

    @each(ECHO)
    def test_answers_a_client_that_waits_for_each_answer(self, name):
        program, address = self.serve_style(name)
        client = self.connect(address)
        for size in range(1, 100):
            message = os.urandom(size)
            client.sendall(message)
            self.assertEqual(message, support.receive(client, size))
        program.stop()

    @each(ECHO)
    def test_clients_that_reset_disturb_nobody(self, name):
        program, address = self.serve_style(name)
        client = self.connect(address)
        for _ in range(20):
            other = self.connect(address)
            other.sendall(b"x" * 1000)
            support.reset(other)
            client.sendall(b"still there?")
            self.assertEqual(b"still there?", support.receive(client, 12))
        program.stop()

    @each(ECHO)
    def test_ends_by_a_signal_while_clients_are_connected(self, name):
        program, address = self.serve_style(name)
        client = self.connect(address)
        client.sendall(b"hello")
        self.assertEqual(b"hello", support.receive(client, 5))
        program.stop()
        self.assertEqual(b"", support.receive_all(client))


class Ask(Styles):

    def ask(self, name, address, question=b"how are you?\n"):
        program = self.start(name, support.text(address), folder=STYLES, stdin=subprocess.PIPE)
        program.stdin.write(question)
        program.stdin.close()
        return program

    def hear(self, peer, question=b"how are you?\n"):
        self.assertEqual(question, support.receive(peer, len(question)))

    @each(ASK)
    def test_prints_the_answer(self, name):
        listener, address = self.listen()
        program = self.ask(name, address)
        peer = self.accept(listener)
        self.hear(peer)
        peer.sendall(b"fine\n")
        self.assertEqual(b"attempt 1: fine\n", program.end())

    @each(ASK)
    def test_takes_an_answer_in_pieces(self, name):
        listener, address = self.listen()
        program = self.ask(name, address)
        peer = self.accept(listener)
        self.hear(peer)
        for piece in b"f", b"in", b"e", b"\n":
            peer.sendall(piece)
        self.assertRegex(program.end(), rb"\Aattempt \d: fine\n\Z")

    @each(ASK)
    def test_asks_again_on_a_new_connection(self, name):
        listener, address = self.listen()
        program = self.ask(name, address)
        silent = self.accept(listener)
        self.hear(silent)  # and says nothing: the time limit
        self.assertEqual(b"", support.receive_all(silent))
        rude = self.accept(listener)
        self.hear(rude)
        rude.close()  # an end instead of an answer
        peer = self.accept(listener)
        self.hear(peer)
        peer.sendall(b"fine\n")
        self.assertEqual(b"attempt 3: fine\n", program.end())

    @each(ASK)
    def test_gives_up_after_four_attempts(self, name):
        _, address = self.refuse()
        program = self.ask(name, address)
        self.assert_one_line(program, 1, "connection refused")
        listener, address = self.listen()
        program = self.ask(name, address)
        for _ in range(4):
            peer = self.accept(listener)
            self.hear(peer)
            self.assertEqual(b"", support.receive_all(peer))
        self.assert_one_line(program, 1, "timed out")

    @each(ASK)
    def test_says_what_is_missing(self, name):
        self.assert_one_line(self.start(name, folder=STYLES), 2, "ADDRESS")
        program = self.start(name, "127.0.0.1:1", folder=STYLES)
        self.assert_one_line(program, 2, "standard input")


class Member:
    """A member of the chat, and the number the others know it by."""

    def __init__(self, client):
        self.client = client
        self.file = client.makefile("rb")
        self.number = None

    def say(self, line):
        self.client.sendall(line)

    def hear(self):
        line = self.file.readline()
        match = re.fullmatch(rb"(\d+): (.*\n)", line)
        if match is None:
            raise AssertionError(f"not a line of the chat: {line}")
        return int(match[1]), match[2]

    def close(self):
        self.file.close()
        self.client.close()


class Chat(Styles):

    def enter(self, address, others=(), receive_bytes=None):
        """A member that the others, who are in, have heard: it is in, too."""
        member = Member(self.connect(address, receive_bytes))
        self.addCleanup(member.close)
        if others:
            member.say(b"hello\n")
            heard = {other.hear() for other in others}
            ((member.number, greeting),) = heard
            self.assertEqual(b"hello\n", greeting)
        return member

    def room(self, address, count):
        members = [self.enter(address)]
        while len(members) < count:
            members.append(self.enter(address, members))
        members[0].say(b"hello all\n")
        ((members[0].number, _),) = {other.hear() for other in members[1:]}
        return members

    @each(CHAT)
    def test_all_others_hear_each_line(self, name):
        program, address = self.serve_style(name)
        members = self.room(address, 5)
        self.assertEqual(5, len({member.number for member in members}))
        for i in range(50):
            speaker = members[i % 5]
            line = b"%d " % i + os.urandom(i * 9).replace(b"\n", b".") + b"\n"
            speaker.say(line)
            for other in members:
                if other is not speaker:
                    self.assertEqual((speaker.number, line), other.hear())
        program.stop()

    @each(CHAT)
    def test_lines_of_one_member_come_in_order_however_they_are_sent(self, name):
        program, address = self.serve_style(name)
        anna, bert = self.room(address, 2)
        lines = [b"line %d\n" % i for i in range(200)]
        anna.say(b"".join(lines))
        self.assertEqual([(anna.number, line) for line in lines],
                         [bert.hear() for _ in lines])
        for byte in b"byte by byte\n":
            anna.say(bytes([byte]))
        self.assertEqual((anna.number, b"byte by byte\n"), bert.hear())
        program.stop()

    @each(CHAT)
    def test_who_is_too_slow_is_told_what_it_missed_and_slows_nobody(self, name):
        program, address = self.serve_style(name)
        anna, bert = self.room(address, 2)
        slow = self.enter(address, [anna, bert], receive_bytes=4096)
        count = 100 * LINES_MAX
        for i in range(count):
            anna.say(b"%d %s\n" % (i, b"z" * 900))
            if i % 100 == 99:  # or bert would be slow himself
                self.assertEqual(list(range(i - 99, i + 1)),
                                 [int(bert.hear()[1].split()[0]) for _ in range(100)])
        anna.say(b"%d the end\n" % count)
        self.assertGreater(self.missed(slow, anna, count), LINES_MAX)
        program.stop()

    def missed(self, slow, anna, count):
        """Hear up to the line of that number, in order; how many lines were missed, as was told."""
        expected, missed = 0, 0
        while expected <= count:
            number, line = slow.hear()
            if number == 0:
                missed += int(re.fullmatch(rb"(\d+) lines missed\n", line)[1])
                expected += int(line.split()[0])
                continue
            self.assertEqual((anna.number, expected), (number, int(line.split()[0])))
            expected += 1
        return missed

    @each(CHAT)
    def test_who_leaves_is_not_missed(self, name):
        program, address = self.serve_style(name)
        anna, bert = self.room(address, 2)
        for ending in range(15):
            guest = self.enter(address, [anna, bert])
            if ending % 3 == 0:
                support.reset(guest.client)
            elif ending % 3 == 1:
                guest.client.shutdown(socket.SHUT_WR)
                self.assertEqual(b"", support.receive_all(guest.client))
            guest.close()
            anna.say(b"who is there?\n")
            self.assertEqual((anna.number, b"who is there?\n"), bert.hear())
        program.stop()

    def test_a_group_says_goodbye_when_the_room_closes(self):
        program, address = self.serve_style("chat_group")
        members = self.room(address, 3)
        program.stop()
        for member in members:
            self.assertEqual(b"goodbye\n", member.file.read())


if __name__ == "__main__":
    support.main()
