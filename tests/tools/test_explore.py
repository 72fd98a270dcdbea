#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: slow
"""
tools/explore with programs that are made up: small scripts which answer as a scenario does, each
with a fault of its own. No world, no library.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("EDDY_SOURCE_DIR") or os.path.dirname(os.path.dirname(HERE))
EXPLORE = os.path.join(ROOT, "tools", "explore")

FAKE = """#!%(python)s -SE
import os, sys, time
KINDS, FAULTS = ['order', 'split'], ['reset', 'loss', 'crash']
given = os.environ.get('EDDY_CHAOS')
words = None if given is None else set(given.split(','))
traced = os.environ.get('EDDY_TRACE') == '1'
marks = {}

def trace(who, what):
    if traced:
        print('%%5d.%%09d  %%-12s %%-20s %%-20s 0' %% (0, 0, '-', who, what), file=sys.stderr)

class World:
    def __init__(self, seed):
        self.seed, self.rolls = seed, {}
    def happens(self, name):
        n = self.rolls[name] = self.rolls.get(name, 0) + 1
        may = words is None or name in words or '%%s#%%d' %% (name, n) in words
        if may and name in FAULTS:
            trace('%%s#%%d' %% (name, n), 'fault')
        return may

def run(seed, world):
%(body)s

start, stop, one, progress = 0, 1, True, False
for word in sys.argv[1:]:
    if word == '--kinds':
        print('\\n'.join(['kind ' + k for k in KINDS] + ['fault ' + f for f in FAULTS]))
        sys.exit(0)
    if word.startswith('--seed='):
        start = int(word[7:]); stop = start + 1
    if word.startswith('--seeds='):
        start, stop = map(int, word[8:].split('..')); one = False
    progress = progress or word == '--progress'
total = 0
for seed in range(start, stop):
    if progress:
        print('at', seed, flush=True)
    trace('begin', 'seed')
    failed = run(seed, World(seed))
    value = hash((seed, %(salt)s)) %% 2**64
    total = (total + value) %% 2**64
    if one or failed:
        print('seed %%d hash %%016x' %% (seed, value), flush=True)
    if failed:
        print('explore: fake: seed %%d failed: %%s' %% (seed, failed), file=sys.stderr)
        break
if not one and not failed:
    print('%%d seeds, hash %%016x' %% (stop - start, total))
if '--marks' in sys.argv:
    for name, times in marks.items():
        print('mark', times, name)
sys.exit(1 if failed else %(status)s)
"""


class Base(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def fake(self, body, name="fake", salt="0", status="0"):
        """A program whose run(seed, world) is `body`."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lines = "\n".join("    " + line for line in body.strip().splitlines())
        with open(path, "w", encoding="utf-8") as file:
            file.write(FAKE % {"python": sys.executable, "body": lines, "salt": salt,
                               "status": status})
        os.chmod(path, 0o755)
        return path

    def explore(self, *arguments, **environment):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("EDDY_")}
        done = subprocess.run([EXPLORE, "--jobs", "2", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**clean, **environment}, timeout=90, check=False)
        return done.returncode, done.stdout

    def assert_last(self, out, line):
        self.assertEqual(out.strip().splitlines()[-1], line, out)


class Seeds(Base):
    def test_all_seeds_that_pass_are_one_point(self):
        status, out = self.explore("--seeds", "200", self.fake("return None"))
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"fake: 200 seeds, \d+ seeds/s, hash [0-9a-f]{16}")
        self.assert_last(out, "1 passed, 0 failed, 0 skipped")

    def test_the_first_seed_that_fails_is_found(self):
        program = self.fake("return 'no' if seed in (137, 138, 190) else None")
        status, out = self.explore("--seeds", "200", "--no-reduce", program)
        self.assertEqual(status, 1)
        self.assertIn("fake: failed at seed 137: no", out)
        self.assert_last(out, "0 passed, 1 failed, 0 skipped")

    def test_the_first_is_told_though_a_later_one_failed_before(self):
        program = self.fake("if seed == 3: time.sleep(1)\nreturn 'no' if seed in (3, 30) else None")
        _, out = self.explore("--seeds", "400", "--no-reduce", program)
        self.assertIn("failed at seed 3: no", out)

    def test_a_program_that_runs_no_seeds_fails(self):
        status, out = self.explore("--seeds", "5", "/bin/true")
        self.assertEqual(status, 1)
        self.assertIn("it does not say that it ran the seeds 0..5", out)

    def test_other_programs_of_a_folder_are_left_alone(self):
        path = os.path.join(self.folder, "other")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\ntouch " + path + ".ran\n")
        os.chmod(path, 0o755)
        self.fake("return None")
        _, out = self.explore("--seeds", "5", self.folder)
        self.assert_last(out, "1 passed, 0 failed, 0 skipped")
        self.assertFalse(os.path.exists(path + ".ran"))

    def test_what_cannot_be_meant_is_refused(self):
        program = self.fake("return None")
        for words, told in ((["--hashes", "5..3", program], "A is below B"),
                            (["--same", self.folder], "two folders"),
                            (["--from", str(2**64 - 5), "--seeds", "10", program], "2^64 - 2"),
                            (["--limit", "0", program], "above 0"),
                            (["--unreached", "/none", program], "no such file")):
            status, out = self.explore(*words)
            self.assertEqual(status, 2, out)
            self.assertIn(told, out)

    def test_seeds_begin_where_asked(self):
        program = self.fake("return 'no' if seed in (7, 1003) else None")
        _, out = self.explore("--from", "1000", "--seeds", "20", "--no-reduce", program)
        self.assertIn("failed at seed 1003", out)

    def test_a_crash_names_its_seed(self):
        program = self.fake("if seed == 42: os.abort()")
        _, out = self.explore("--seeds", "100", "--no-reduce", program)
        self.assertIn("failed at seed 42: killed by SIGABRT", out)

    def test_an_assertion_is_told(self):
        program = self.fake("""
if seed == 42:
    print('eddy: task.c:12: wake: no such task', file=sys.stderr, flush=True)
    os.abort()""")
        _, out = self.explore("--seeds", "100", "--no-reduce", program)
        self.assertIn("failed at seed 42: eddy: task.c:12: wake: no such task", out)

    def test_a_hang_ends_and_names_its_seed(self):
        program = self.fake("if seed == 5: time.sleep(60)")
        _, out = self.explore("--seeds", "10", "--limit", "1", "--no-reduce", program)
        self.assertIn("failed at seed 5: hangs", out)

    def test_what_fails_at_the_end_only_is_looked_for(self):
        program = self.fake("global bad\nbad = seed == 13 or globals().get('bad')\nreturn None",
                            status="23 if bad else 0")
        _, out = self.explore("--seeds", "30", "--no-reduce", program)
        self.assertIn("failed at seed 13: ended with status 23", out)

    def test_a_program_that_is_not_there_fails(self):
        status, out = self.explore(os.path.join(self.folder, "nothing"))
        self.assertEqual(status, 1)
        self.assert_last(out, "0 passed, 1 failed, 0 skipped")

    def test_one_that_fails_stops_no_other(self):
        _, out = self.explore("--seeds", "20", "--no-reduce", self.fake("return 'no'", "first"),
                              self.fake("return None", "second"))
        self.assertIn("second: 20 seeds", out)
        self.assert_last(out, "1 passed, 1 failed, 0 skipped")


class Reducing(Base):
    def reduced(self, body, **environment):
        """The words that are left, and all that was told."""
        _, out = self.explore("--seeds", "20", self.fake(body), **environment)
        found = re.search(r"EDDY_CHAOS=(\S+) EDDY_TRACE=1 \S+ --seed=\d+", out)
        return (found.group(1).strip("'").split(",") if found else None), out

    def test_it_is_replayed_twice_and_shown(self):
        _, out = self.explore("--seeds", "9", self.fake("return 'no' if seed == 3 else None"))
        self.assertIn("replayed twice: the same timeline of 1 lines, hash", out)
        self.assertRegex(out, r"0\.000000000 +- +begin +seed")
        path = re.search(r"the whole timeline: (\S+)", out).group(1)
        with open(path, encoding="utf-8") as file:
            self.assertIn("seed 3 failed: no", file.read())

    def test_a_run_that_differs_when_replayed_is_told(self):
        _, out = self.explore("--seeds", "9", self.fake(
            "trace(str(time.monotonic_ns()), 'now')\nreturn 'no' if seed == 3 else None"))
        self.assertIn("NOT the same when replayed, from line 2", out)

    def test_what_needs_no_chance_is_calm(self):
        words, out = self.reduced("return 'no' if seed == 3 else None")
        self.assertEqual(words, ["calm"], out)

    def test_kinds_that_are_not_needed_are_left_out(self):
        words, out = self.reduced("""
order, split, loss = (world.happens(name) for name in ('order', 'split', 'loss'))
return 'no' if split and seed == 3 else None""")
        self.assertEqual(words, ["split"], out)

    def test_single_faults_that_are_not_needed_are_left_out(self):
        words, out = self.reduced("""
split = world.happens('split')
resets = [world.happens('reset') for _ in range(20)]
losses = [world.happens('loss') for _ in range(20)]
return 'no' if split and resets[6] and losses[2] and losses[17] and seed == 3 else None""")
        self.assertEqual(sorted(words), ["loss#18", "loss#3", "reset#7", "split"], out)

    def test_another_failure_is_not_taken_for_it(self):
        words, out = self.reduced("""
split, reset = world.happens('split'), world.happens('reset')
if seed != 3: return None
return 'lost 17 bytes' if reset else 'something else'""")
        self.assertEqual(words, ["reset#1"], out)
        self.assertIn("lost 17 bytes", out)

    def test_numbers_may_differ(self):
        words, _ = self.reduced("""
resets = sum(world.happens('reset') for _ in range(5))
return 'lost %d bytes' % resets if resets and seed == 3 else None""")
        self.assertEqual(len(words), 1)

    def test_it_begins_with_what_the_environment_leaves(self):
        words, out = self.reduced("""
order, split = world.happens('order'), world.happens('split')
return 'no' if (order or split) and seed == 3 else None""", EDDY_CHAOS="split,loss")
        self.assertEqual(words, ["split"], out)

    def test_a_crash_is_reduced_too(self):
        words, out = self.reduced("""
losses = [world.happens('loss') for _ in range(9)]
if losses[4] and seed == 3: os.abort()""")
        self.assertEqual(words, ["loss#5"], out)


class Marks(Base):
    def test_marks_of_all_programs_are_added_up(self):
        status, out = self.explore(
            "--seeds", "10", "--marks-required",
            self.fake("marks.update({'ring dry': 1, 'late': 0})", "one"),
            self.fake("marks.update({'ring dry': 0, 'late': 3})", "two"))
        self.assertEqual(status, 0, out)
        self.assertIn("marks: 2 of 2 reached", out)
        self.assert_last(out, "3 passed, 0 failed, 0 skipped")

    def test_one_that_was_never_reached_fails_when_required(self):
        program = self.fake("marks.update({'ring dry': 1, 'late': 0})")
        status, out = self.explore("--seeds", "10", "--marks-required", program)
        self.assertEqual(status, 1, out)
        self.assertIn("never reached: late", out)
        self.assertEqual(self.explore("--seeds", "10", program)[0], 0)

    def test_one_that_cannot_be_reached_is_excused_with_its_reason(self):
        program = self.fake("marks.update({'ring dry': 1, 'late': 0})")
        path = os.path.join(self.folder, "unreached")
        with open(path, "w", encoding="utf-8") as file:
            file.write("late: of the kernel alone\n")
        status, out = self.explore("--seeds", "10", "--marks-required", "--unreached", path, program)
        self.assertEqual(status, 0, out)
        self.assertIn("late: of the kernel alone", out)


    def test_they_are_not_looked_at_when_a_program_stopped_early(self):
        program = self.fake("marks.update({'late': 0})\nreturn 'no' if seed == 5 else None")
        _, out = self.explore("--seeds", "10", "--marks-required", "--no-reduce", program)
        self.assertNotIn("never reached", out)
        self.assert_last(out, "0 passed, 1 failed, 1 skipped")


class Hashes(Base):
    def test_the_hash_is_that_of_the_seeds_however_they_are_split(self):
        program = self.fake("return None")
        hashes = [re.search(r"hash ([0-9a-f]+)", self.explore("--hashes", "0..100", *more, program)[1])
                  .group(1) for more in ([], ["--jobs", "1"], ["--jobs", "5"])]
        self.assertEqual(len(set(hashes)), 1)

    def test_builds_that_agree_pass(self):
        self.fake("return None", "a/tests/explore/fake")
        self.fake("return None", "b/tests/explore/fake")
        status, out = self.explore("--same", "--seeds", "50", self.folder + "/a", self.folder + "/b")
        self.assertEqual(status, 0, out)
        self.assert_last(out, "1 passed, 0 failed, 0 skipped")

    def test_the_first_seed_in_which_builds_differ_is_found(self):
        self.fake("return None", "a/fake")
        self.fake("if seed == 31: trace('more', 'line')\nreturn None", "b/fake",
                  salt="1 if seed >= 31 else 0")
        status, out = self.explore("--same", "--seeds", "50", self.folder + "/a", self.folder + "/b")
        self.assertEqual(status, 1, out)
        self.assertIn("seed 31 differs", out)

    def test_a_program_that_one_build_lacks_fails(self):
        self.fake("return None", "a/fake")
        self.fake("return None", "b/other")
        status, out = self.explore("--same", "--seeds", "5", self.folder + "/a", self.folder + "/b")
        self.assertEqual(status, 1, out)
        self.assert_last(out, "0 passed, 2 failed, 0 skipped")


if __name__ == "__main__":
    unittest.main(verbosity=2)
