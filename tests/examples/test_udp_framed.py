#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/udp_framed answers each of its own pings with the pong of its number."""
import re

import support


class UdpFramed(support.Case):

    def test_every_ping_has_its_pong(self):
        out = self.start("udp_framed").end()
        lines = re.findall(rb"pong (\d+) from 127\.0\.0\.1:\d+\n", out)
        self.assertEqual([b"%d" % number for number in range(1, 6)], lines)


if __name__ == "__main__":
    support.main()
