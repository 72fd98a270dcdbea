#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/line_chat: framed lines, split into what is said and what is heard."""
import select

import support

LINE_MAX = 1000


class Guest:
    """A client of the chat that reads lines."""

    def __init__(self, client):
        self.client = client
        self.lines = client.makefile("rb")

    def say(self, *parts):
        for part in parts:
            self.client.sendall(part)

    def hear(self):
        return self.lines.readline()

    def leave(self):
        self.lines.close()
        self.client.close()


class LineChat(support.Case):

    def setUp(self):
        super().setUp()
        self.program, self.address = self.serve("line_chat")

    def room(self, *names, **options):
        """Guests of these names; all that are in have heard each that came."""
        guests = []
        for name in names:
            guest = Guest(self.connect(self.address, **options))
            guest.say(name + b"\n")
            for other in guests:
                self.assertEqual(b"* %b is here\n" % name, other.hear())
            if not guests:  # nobody tells the first that it is in, but the next
                self.greet(guest)
            guests.append(guest)
        return guests

    def greet(self, guest):
        """Until it has heard somebody, who has left again."""
        while True:
            other = Guest(self.connect(self.address))
            other.say(b"x\n")
            other.leave()
            if select.select([guest.client], [], [], 0.1)[0]:
                break
        last = Guest(self.connect(self.address))
        last.say(b"the last\n")
        last.leave()
        while guest.hear() != b"* the last has left\n":
            pass

    def test_all_others_hear_a_line(self):
        a, b, c = self.room(b"ann", b"bob", b"cid")
        a.say(b"hel", b"lo\r\n", b"\n", b"\xff\n")
        for other in b, c:
            self.assertEqual([b"ann: hello\n", b"ann: \n", b"ann: \xff\n"],
                             [other.hear() for _ in range(3)])
        b.say(b"hi\n")
        self.assertEqual(b"bob: hi\n", a.hear())
        self.assertEqual(b"bob: hi\n", c.hear())
        self.program.stop()

    def test_one_that_goes_is_missed_and_its_last_line_counts(self):
        a, b = self.room(b"ann", b"bob")
        a.say(b"bye")
        a.leave()
        self.assertEqual([b"ann: bye\n", b"* ann has left\n"], [b.hear(), b.hear()])
        self.program.stop()

    def test_a_line_that_is_too_long_is_lost_and_the_next_one_is_heard(self):
        a, b = self.room(b"ann", b"bob")
        a.say(b"x" * LINE_MAX + b"\n", b"y" * 5000 + b"\n", b"and on\n")
        self.assertEqual([b"ann: " + b"x" * LINE_MAX + b"\n", b"ann: and on\n"],
                         [b.hear(), b.hear()])
        self.program.stop()

    def test_one_that_does_not_read_loses_lines_and_slows_nobody_down(self):
        a, b = self.room(b"ann", b"bob")
        deaf = Guest(self.connect(self.address, receive_bytes=4096))
        deaf.say(b"cid\n")
        self.assertEqual(b"* cid is here\n", a.hear())
        self.assertEqual(b"* cid is here\n", b.hear())
        for i in range(20000):
            a.say(b"%d %b\n" % (i, b"x" * 900))
            self.assertEqual(b"ann: %d " % i, b.hear().rstrip(b"x\n"))
        line = deaf.hear()
        while not line.startswith(b"* "):
            line = deaf.hear()
        self.assertRegex(line, rb"\A\* [1-9]\d* lines are lost\n\Z")
        deaf.leave()
        self.program.stop()


if __name__ == "__main__":
    support.main()
