#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/explore: each scenario holds when nothing is left to chance, and a seed is always the same
run. CTest's explore.NAME and `make explore` do the exploring."""
import glob
import os
import subprocess
import unittest

BUILD = os.environ["EDDY_BUILD_DIR"]
HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = sorted(os.path.basename(path)[:-2] for path in glob.glob(os.path.join(HERE, "*.c")))


def run(name, *arguments, chaos=None):
    """What it prints; its failure is the test's."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EDDY_")}
    if chaos is not None:
        environment["EDDY_CHAOS"] = chaos
    done = subprocess.run([os.path.join(BUILD, "tests", "explore", name), *arguments],
                          capture_output=True, text=True, check=False, env=environment, timeout=90)
    if done.returncode != 0:
        raise AssertionError(f"{name} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Scenarios(unittest.TestCase):

    def test_hold_when_nothing_is_left_to_chance(self):
        for name in SCENARIOS:
            with self.subTest(name):
                run(name, "--seed=1", chaos="calm")

    def test_are_the_same_run_for_the_same_seed_and_another_for_another(self):
        for name in SCENARIOS:
            with self.subTest(name):
                first, again, other = (run(name, f"--seed={seed}") for seed in (7, 7, 8))
                self.assertRegex(first, r"\Aseed 7 hash [0-9a-f]{16}\n\Z")
                self.assertEqual(first, again)
                self.assertNotEqual(first.split()[-1], other.split()[-1])


if __name__ == "__main__":
    unittest.main()
