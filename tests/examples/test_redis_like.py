#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/redis_like: redis-cli and redis-benchmark talk to it, and it answers as Redis does."""
import subprocess
import time

import redis
import support

VALUE_MAX = 1 << 20
# Each command, in this order, must get the same answer as from a Redis server.
SAME = [line.split(" ") for line in """\
PING
ping
PING hello
ECHO hello
SET a 1
GET a
get nothing
SET a 2 NX
SET a 3 XX
GET a
SET b 1 XX
SET b 1 NX
SET b 2 nx xx
SET b 2 EX
SET b 2 EX x
SET b 2 EX 0
SET b 2 PX -1
SET b 2 what
SET b
GET
GET a b
EXISTS a b a c
DEL a c
DEL a
DBSIZE
INCR n
INCR n
INCRBY n 40
DECR n
GET n
SET n x
INCR n
SET n 9223372036854775807
INCR n
SET n -9223372036854775808
DECR n
INCRBY n 9223372036854775807
INCRBY n x
MSET a 1 b 2 c 3
MSET a 1 b
MGET a nothing c
TTL nothing
TTL a
EXPIRE nothing 10
EXPIRE a 100
TTL a
PERSIST a
PERSIST a
TTL a
EXPIRE a x
SET a 1 EX 100
TTL a
SET a 2
TTL a
SET a 1 PX 100000
TTL a
GET a
INCR a
TTL a
EXPIRE a -1
GET a
PEXPIRE b 0
EXISTS b
SELECT 0
SELECT x
CONFIG GET save
CONFIG GET appendonly
CONFIG GET nothing-of-that-name
SET n 007
INCR n
SET n +5
INCR n
SET n -0
INCR n
SET n -7
INCR n
INCRBY n +1
INCRBY n 00
INCRBY n 0
SET n 0
DECR n
FLUSHALL
DBSIZE
QUIT""".splitlines()]


class RedisLike(redis.Case):

    def setUp(self):
        super().setUp()
        self.program, self.address = self.serve("redis_like")

    def talk(self, address=None):
        """A connection, and a file to read its replies from."""
        client = self.connect(address or self.address)
        return client, client.makefile("rb")

    def ask(self, *words, address=None):
        client, replies = self.talk(address)
        client.sendall(redis.request(*words))
        return redis.reply(replies)

    @support.needs("redis-cli")
    def test_redis_cli_is_understood(self):
        for said, words in [("OK", ("SET", "greeting", "hello there")),
                            ("hello there", ("GET", "greeting")),
                            ("1", ("INCR", "hits")), ("2", ("INCR", "hits")),
                            ("hello there\n2\n", ("MGET", "greeting", "hits", "nothing")),
                            ("2", ("DEL", "greeting", "hits", "nothing")),
                            ("", ("GET", "greeting"))]:
            self.assertEqual(said.rstrip("\n"), self.cli(self.address, *words))
        self.assertIn("redis_version:", self.cli(self.address, "INFO"))
        self.assertIn("ERR unknown command 'NOSUCH'", self.cli(self.address, "NOSUCH", "thing"))
        self.program.stop()

    def test_answers_are_those_of_redis(self):
        peer = self.redis()
        ours, our_replies = self.talk()
        theirs, their_replies = self.talk(peer)
        for words in SAME:
            ours.sendall(redis.request(*words))
            theirs.sendall(redis.request(*words))
            expected = redis.reply(their_replies)
            self.assertEqual(expected, redis.reply(our_replies), words)
        self.assertEqual(b"", our_replies.read())  # QUIT
        self.program.stop()

    @support.needs("redis-benchmark")
    def test_redis_benchmark_is_served(self):
        done = subprocess.run(
            ["redis-benchmark", "-h", self.address[0], "-p", str(self.address[1]), "-t",
             "ping,set,get,incr,mset", "-n", "20000", "-P", "16", "-c", "50", "--csv"],
            capture_output=True, text=True, check=True, timeout=support.LIMIT)
        for test in "PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)":
            self.assertIn(f'"{test}"', done.stdout)
        self.assertNotIn("rror", done.stdout + done.stderr)
        self.assertIn(b"requests\n", self.program.stop())

    def test_requests_come_in_any_pieces_and_any_number(self):
        sent = b"PING\r\n" + redis.request("SET", "k", b"\0\r\n") + b"get k\n" + \
            redis.request("GET", "k")
        expected = b"+PONG\r\n+OK\r\n$3\r\n\0\r\n\r\n$3\r\n\0\r\n\r\n"
        client, _ = self.talk()
        for at in range(len(sent)):
            client.sendall(sent[:at])
            client.sendall(sent[at:])
            self.assertEqual(expected, support.receive(client, len(expected)))
        for at in range(len(sent)):
            client.sendall(sent[at:at + 1])
        self.assertEqual(expected, support.receive(client, len(expected)))
        count = 20000
        client.setblocking(True)
        received = support.drive([(client, b"".join(redis.request("ECHO", i)
                                                    for i in range(count)))])[0]
        self.assertEqual(b"".join(b"$%d\r\n%d\r\n" % (len(str(i)), i) for i in range(count)),
                         received)
        self.program.stop()

    def test_a_key_goes_when_its_time_is_over(self):
        client, replies = self.talk()
        client.sendall(redis.request("SET", "k", "v", "PX", 150) + redis.request("PTTL", "k"))
        self.assertEqual(b"+OK\r\n", redis.reply(replies))
        self.assertIn(int(redis.reply(replies)[1:]), range(1, 151))
        until = time.monotonic() + support.LIMIT
        got = b""
        while got != b"$-1\r\n":
            self.assertLess(time.monotonic(), until)
            client.sendall(redis.request("GET", "k"))
            got = redis.reply(replies)
        client.sendall(redis.request("TTL", "k"))
        self.assertEqual(b":-2\r\n", redis.reply(replies))
        self.program.stop()

    def test_a_key_that_nobody_asks_for_goes_too(self):
        client, replies = self.talk()
        for i in range(100):
            client.sendall(redis.request("SET", i, "v", "PX", 1))
            redis.reply(replies)
        until = time.monotonic() + support.LIMIT
        got = b""
        while got != b":0\r\n":
            self.assertLess(time.monotonic(), until)
            client.sendall(redis.request("DBSIZE"))
            got = redis.reply(replies)
        self.program.stop()

    def test_many_keys_are_kept_apart(self):
        count = 5000
        client, replies = self.talk()
        client.sendall(b"".join(redis.request("SET", f"key:{i}", i) for i in range(count)))
        for i in range(count):
            self.assertEqual(b"+OK\r\n", redis.reply(replies))
        client.sendall(redis.request("DBSIZE") + redis.request("MGET", *(
            f"key:{i}" for i in range(0, count, 7))))
        self.assertEqual(b":%d\r\n" % count, redis.reply(replies))
        answer = redis.reply(replies)
        for i in range(0, count, 7):
            self.assertIn(b"\r\n%d\r\n" % i, answer)
        self.program.stop()

    def test_large_values_are_served_to_those_who_read_late(self):
        value = bytes(range(256)) * (VALUE_MAX // 256)
        client, replies = self.talk()
        client.sendall(redis.request("SET", "large", value))
        self.assertEqual(b"+OK\r\n", redis.reply(replies))
        client.sendall(redis.request("GET", "large") * 20)
        other, _ = self.talk()  # is served meanwhile
        other.sendall(b"PING\r\n")
        self.assertEqual(b"+PONG\r\n", support.receive(other, 7))
        for _ in range(20):
            self.assertTrue(redis.reply(replies) == b"$%d\r\n%b\r\n" % (len(value), value))
        self.program.stop()

    def test_a_name_with_something_behind_it_is_another_command(self):
        for name in b"GET ", b"GET\0", b"flushall ":
            self.assertIn(b"ERR unknown command", self.ask(name, "k"))
        self.program.stop()

    def test_an_answer_has_a_limit_however_often_a_key_is_named(self):
        client, replies = self.talk()
        client.sendall(redis.request("SET", "large", b"x" * VALUE_MAX))
        self.assertEqual(b"+OK\r\n", redis.reply(replies))
        client.sendall(redis.request("MGET", *["large"] * 16))
        self.assertTrue(redis.reply(replies) == b"*16\r\n" + 16 * (
            b"$%d\r\n%b\r\n" % (VALUE_MAX, b"x" * VALUE_MAX)))
        client.sendall(redis.request("MGET", *["large"] * 1000))
        self.assertEqual(b"-ERR the answer is too long\r\n", redis.reply(replies))
        self.program.stop()

    def test_what_is_no_request_is_told_and_ends_the_connection(self):
        for bad in [b"*1\r\nPING\r\n", b"*x\r\n", b"*1\r\n$%d\r\n" % (VALUE_MAX + 1),
                    b"*1025\r\n", b"x" * 70000]:
            client, _ = self.talk()
            client.sendall(b"PING\r\n" + bad)
            got = support.receive_all(client)
            self.assertRegex(got, rb"\A\+PONG\r\n-ERR Protocol error: [^\n]*\r\n\Z")
        self.assertEqual(b"+PONG\r\n", self.ask("PING"))
        self.program.stop()


if __name__ == "__main__":
    support.main()
