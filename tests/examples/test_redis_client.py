#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""examples/redis_client: what Redis, and examples/redis_like, answer to pipelined requests."""
import redis
import support

OWN = """\
> SET greeting hello
OK
> GET greeting
"hello"
> DEL hits
(integer) 0
> MULTI
OK
> INCR hits
QUEUED
> INCRBY hits 41
QUEUED
> EXEC
1) (integer) 1
2) (integer) 42
> DEL list
(integer) 0
> RPUSH list a b c
(integer) 3
> LRANGE list 0 -1
1) "a"
2) "b"
3) "c"
> GET nothing
(nil)
> SET hits
(error) ERR wrong number of arguments for 'set' command
> DEL greeting hits list
(integer) 3
"""


class RedisClient(redis.Case):

    def test_a_redis_server_answers_all_in_order(self):
        address = self.redis()
        for _ in range(2):
            out = self.start("redis_client", support.text(address)).end()
            self.assertEqual(OWN, out.decode())

    def test_many_requests_are_under_way_at_once(self):
        address = self.redis()
        count = 2000
        out = self.start("redis_client", support.text(address), "--", "DEL n",
                         *["INCR n"] * count).end().decode()
        answers = [line for line in out.splitlines() if not line.startswith(">")]
        self.assertEqual(["(integer) 0"] + [f"(integer) {i + 1}" for i in range(count)], answers)

    def test_redis_like_answers_too(self):
        server, address = self.serve("redis_like")
        out = self.start("redis_client", support.text(address), "--", "SET a 1", "MGET a b",
                         "CONFIG GET nothing", "COMMAND").end().decode()
        self.assertEqual('> SET a 1\nOK\n> MGET a b\n1) "1"\n2) (nil)\n> CONFIG GET nothing\n'
                         "(empty)\n> COMMAND\n(empty)\n", out)
        server.stop()

    def test_a_server_that_ends_too_early_is_told(self):
        server, address = self.serve("redis_like")
        program = self.start("redis_client", support.text(address), "--", "QUIT", "PING")
        program.end(1, r"redis_client: [^\n]+\n")
        server.stop()

    def test_nobody_there_is_told(self):
        _, address = self.refuse()
        self.assert_one_line(self.start("redis_client", support.text(address)), 1, "refused")


if __name__ == "__main__":
    support.main()
