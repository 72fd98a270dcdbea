#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/chat: everybody hears the others, line by line; who does not listen is put out."""
import re
import select
import socket

import support

LINE_MAX = 1024
TOLD = re.compile(rb"client (\d+): (.*\n)\Z", re.DOTALL)


class Guest:
    """A client of the chat room that reads lines."""

    def __init__(self, client):
        self.client = client
        self.lines = client.makefile("rb")

    def say(self, *parts):
        for part in parts:
            self.client.sendall(part)

    def hear(self):
        """The number of the one who spoke, and the line."""
        line = self.lines.readline()
        told = TOLD.match(line)
        if told is None:
            raise AssertionError(f"not told by a client: {line}")
        return int(told[1]), told[2]


class Chat(support.Case):

    def setUp(self):
        super().setUp()
        self.program, self.address = self.serve("chat")

    def enter(self, **options):
        """A guest whom all that are `inside` have heard, so that all hear each other."""
        return Guest(self.connect(self.address, **options))

    def room(self, count):
        """So many guests, all in the room: the last one heard the first, who heard it."""
        guests = []
        for _ in range(count):
            guests.append(self.enter())
            self.greet(guests)
        return guests

    def greet(self, guests):
        """The last one says something until the first hears it: now both are in."""
        if len(guests) > 1:
            guests[-1].say(b"I am here\n")
            for guest in guests[:-1]:
                self.assertEqual(b"I am here\n", guest.hear()[1])

    def assert_put_out(self, guest):
        try:
            self.assertEqual(b"", support.receive_all(guest.client))
        except ConnectionResetError:
            pass

    def test_clients_hear_each_other_and_not_themselves(self):
        anna, bert, carl = self.room(3)
        anna.say(b"one\n")
        numbers = {}
        for guest in bert, carl:
            numbers["anna"], line = guest.hear()
            self.assertEqual(b"one\n", line)
        bert.say(b"two\n")
        for guest in anna, carl:
            numbers["bert"], line = guest.hear()
            self.assertEqual(b"two\n", line)
        carl.say(b"three\r\n")
        for guest in anna, bert:
            numbers["carl"], line = guest.hear()
            self.assertEqual(b"three\r\n", line)
        self.assertEqual(3, len(set(numbers.values())))
        self.program.stop()

    def test_lines_are_told_whole_wherever_they_are_cut(self):
        anna, bert = self.room(2)
        words = b"first\nsecond \0 line\n\n" + b"x" * (LINE_MAX - 1) + b"\nlast\n"
        for step in 1, 3, 7, 500, len(words):
            anna.say(*(words[at:at + step] for at in range(0, len(words), step)))
            for line in words.splitlines(keepends=True):
                self.assertEqual(line, bert.hear()[1])
        self.program.stop()

    def test_what_is_not_a_line_yet_is_told_when_it_is(self):
        anna, bert, carl = self.room(3)
        anna.say(b"not ended")
        carl.say(b"meanwhile\n")
        self.assertEqual(b"meanwhile\n", bert.hear()[1])
        anna.say(b" yet\nthe last line")
        self.assertEqual(b"not ended yet\n", bert.hear()[1])
        anna.client.shutdown(socket.SHUT_WR)
        self.assertEqual(b"the last line\n", bert.hear()[1])
        self.program.stop()

    def test_a_line_over_1_kib_puts_its_speaker_out(self):
        anna, bert = self.room(2)
        for words in b"y" * LINE_MAX + b"\n", b"y" * LINE_MAX, b"y" * 50000:
            speaker = self.enter()
            speaker.say(b"short\n", words)
            self.assertEqual(b"short\n", bert.hear()[1])
            self.assertEqual(b"short\n", anna.hear()[1])
            self.assert_put_out(speaker)
        anna.say(b"quiet again\n")
        self.assertEqual(b"quiet again\n", bert.hear()[1])
        self.program.stop()

    def test_a_burst_puts_nobody_out_who_listens(self):
        guests = self.room(4)
        burst = b"".join(b"%d\n" % i for i in range(20000))
        received = support.drive([(guests[0].client, burst)] +
                                 [(guest.client, b"") for guest in guests[1:0]])
        self.assertEqual([b""], received)
        for guest in guests[1:]:
            for i in range(20000):
                self.assertEqual(b"%d\n" % i, guest.hear()[1])
        self.program.stop()

    def test_who_never_reads_is_put_out_and_the_others_go_on(self):
        anna, bert = self.room(2)
        deaf = []
        for _ in range(8):
            deaf.append(self.enter(receive_bytes=4096))
            deaf[-1].say(b"I shall not listen\n")
            self.assertEqual(b"I shall not listen\n", anna.hear()[1])
            self.assertEqual(b"I shall not listen\n", bert.hear()[1])
        before = self.program.resident_bytes()
        told = self.speak_until_out(anna, bert, deaf)
        growth = self.program.resident_bytes() - before
        self.assertGreater(told, 64 << 10)
        self.assertLess(growth, 16 << 20)
        bert.say(b"all who are left\n")
        self.assertEqual(b"all who are left\n", anna.hear()[1])
        self.program.stop()

    def speak_until_out(self, speaker, listener, deaf):
        """Speak, 32 KiB at a time and heard, until all the deaf are put out; the bytes told."""
        line = b"z" * (LINE_MAX - 1) + b"\n"
        out, told = select.poll(), 0
        waiting = {guest.client.fileno() for guest in deaf}
        for number in waiting:
            out.register(number, 0)  # POLLERR and POLLHUP are told without being asked for
        while waiting and told < 200 << 20:
            speaker.say(line * 32)
            for _ in range(32):
                self.assertEqual(line, listener.hear()[1])
            told += 32 * len(line)
            for number, _ in out.poll(0):
                out.unregister(number)
                waiting.discard(number)
        self.assertFalse(waiting, "somebody who never reads stays in the room")
        return told

    def test_who_leaves_is_not_missed(self):
        anna, bert = self.room(2)
        for ending in range(30):
            guest = self.enter()
            guest.say(b"hello\n")
            self.assertEqual(b"hello\n", anna.hear()[1])
            if ending % 3 == 0:
                support.reset(guest.client)
            elif ending % 3 == 1:
                guest.client.shutdown(socket.SHUT_WR)
                guest.client.recv(1)
            anna.say(b"who is there?\n")
        for _ in range(30):
            self.assertEqual(b"hello\n", bert.hear()[1])
            self.assertEqual(b"who is there?\n", bert.hear()[1])
        self.program.stop()


if __name__ == "__main__":
    support.main()
