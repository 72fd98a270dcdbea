#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/udp_echo sends each datagram back to whom it is from, whatever its length."""
import os
import socket

import support


class UdpEcho(support.Case):

    def peer(self, address):
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(peer.close)
        peer.settimeout(support.LIMIT)
        peer.connect(address)
        return peer

    def test_returns_datagrams_of_every_length_empty_ones_too(self):
        program, address = self.serve("udp_echo", "--port=0")
        peer = self.peer(address)
        for size in (0, 1, 100, 1472, 9000, 65507):
            sent = os.urandom(size)
            peer.send(sent)
            self.assertEqual(sent, peer.recv(65536))
        program.stop()

    def test_serves_peers_in_batches_and_each_gets_its_own(self):
        program, address = self.serve("udp_echo", "--port=0")
        peers = [self.peer(address) for _ in range(50)]
        for round_number in range(20):
            for number, peer in enumerate(peers):
                peer.send(b"%d %d" % (round_number, number))
            for number, peer in enumerate(peers):
                self.assertEqual(b"%d %d" % (round_number, number), peer.recv(100))
        program.stop()

    def test_survives_peers_that_vanish(self):
        program, address = self.serve("udp_echo", "--port=0")
        for _ in range(50):
            gone = self.peer(address)
            gone.send(b"nobody waits for this")
            gone.close()
        peer = self.peer(address)
        peer.send(b"still there?")
        self.assertEqual(b"still there?", peer.recv(100))
        program.stop()


if __name__ == "__main__":
    support.main()
