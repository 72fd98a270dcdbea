#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test:
"""
bench/runner/gate.py fails what costs more than the baseline says, says by how much, and never
counts as passed what it could not count. The figures are given: nothing is measured here.
"""
import contextlib
import copy
import io
import json
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get('EDDY_SOURCE_DIR') or os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'bench', 'runner'))

import gate  # noqa: E402  (found by the line above)

ENTRY = {'instructions': 500.0, 'system_calls': 2.03125, 'heap_calls': 0.0, 'clock_reads': 0.046875,
         'calls': {'recvfrom': 1.0, 'sendto': 1.0, 'epoll_wait': 0.03125}}
TOOLCHAIN = 'gcc 12, x86_64, glibc 2.36, Release'


class Gate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.baseline = os.path.join(folder.name, 'baseline.json')
        status, _ = self.run_gate(['--update'])
        self.assertEqual(status, 0)
        self.asked = []

    def run_gate(self, args, changed=None, missing=None):
        """(exit status, what was printed). `changed`: figures of echo_c64 on epoll, one set
        for each time it is measured; the last stays."""
        sets = list(changed or [{}])
        self.asked = []

        def measure(_options, workload, driver):
            self.asked.append((driver, workload))
            entry = copy.deepcopy(ENTRY)
            if missing and driver in missing:
                raise gate.NotPermitted(missing[driver])
            if (driver, workload) == ('epoll', 'echo_c64'):
                entry.update(sets.pop(0) if len(sets) > 1 else sets[0])
            return {'toolchain': TOOLCHAIN, 'missing': [], **entry}

        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            status = gate.main(['--baseline', self.baseline, *args], measure)
        return status, text.getvalue()

    def failed(self, changed, *words):
        status, text = self.run_gate(['--short'], [changed])
        self.assertEqual(status, 1, text)
        self.assertIn('7 passed, 1 failed, 0 skipped', text)
        for word in ('FAILED: epoll echo_c64: ', *words):
            self.assertIn(word, text)

    def test_equal_figures_pass(self):
        status, text = self.run_gate([])
        self.assertEqual(status, 0)
        self.assertIn('28 passed, 0 failed, 0 skipped', text)
        self.assertNotIn('better', text)

    def test_three_per_cent_more_instructions_pass(self):
        self.assertEqual(self.run_gate(['--short'], [{'instructions': 515.0}])[0], 0)

    def test_more_than_three_per_cent_fail_and_say_how_much(self):
        self.failed({'instructions': 515.5}, 'instructions: 500.0 -> 515.5 (+3.1 %)')

    def test_any_more_system_calls_fail_by_name(self):
        calls = {**ENTRY['calls'], 'getppid': 0.000156}
        self.failed({'system_calls': 2.031406, 'calls': calls}, 'system calls', 'getppid 0 -> ')

    def test_any_heap_call_fails(self):
        self.failed({'heap_calls': 0.000156}, 'heap calls: 0 -> 0.000156 (new)')

    def test_any_more_clock_reads_fail(self):
        self.failed({'clock_reads': 0.05}, 'clock reads')

    def test_a_failure_is_measured_again_and_the_smallest_counts(self):
        status, _ = self.run_gate(['--short'], [{'instructions': 600.0}, {'instructions': 501.0}])
        self.assertEqual(status, 0)
        self.assertEqual(self.asked.count(('epoll', 'echo_c64')), 2)
        self.failed({'instructions': 600.0})
        self.assertEqual(self.asked.count(('epoll', 'echo_c64')), gate.ATTEMPTS)

    def test_better_figures_pass_and_ask_for_an_update(self):
        for figures in ({'instructions': 480.0}, {'system_calls': 2.0}):
            status, text = self.run_gate(['--short'], [figures])
            self.assertEqual(status, 0)
            self.assertIn('tools/bench gate --update', text)

    def test_a_little_better_says_nothing(self):
        self.assertNotIn('better', self.run_gate(['--short'], [{'instructions': 490.0}])[1])

    def test_another_compiler_holds_all_but_instructions(self):
        with open(self.baseline, encoding='utf-8') as file:
            baseline = json.load(file)
        baseline['toolchain'] = 'clang 14, x86_64, glibc 2.36, Release'
        with open(self.baseline, 'w', encoding='utf-8') as file:
            json.dump(baseline, file)
        status, text = self.run_gate(['--short'], [{'instructions': 900.0}])
        self.assertEqual(status, 0)
        self.assertIn('instructions are not held: the baseline is of clang 14', text)
        self.failed({'heap_calls': 1.0}, 'heap calls')

    def test_a_driver_that_is_not_permitted_is_skipped_and_said(self):
        status, text = self.run_gate(['--short'], missing={'io_uring': 'not permitted here'})
        self.assertEqual(status, 0)
        self.assertIn('4 passed, 0 failed, 4 skipped', text)
        self.assertIn('skipped: io_uring churn: not permitted here', text)

    def test_what_is_counted_in_part_is_skipped_yet_held(self):
        part = {'missing': ['instructions: valgrind is not installed'], 'instructions': 500.0}
        status, text = self.run_gate(['--short'], [part])
        self.assertEqual(status, 0)
        self.assertIn('7 passed, 0 failed, 1 skipped', text)
        status, text = self.run_gate(['--short'], [{**part, 'heap_calls': 1.0}])
        self.assertEqual(status, 1)
        self.assertIn('7 passed, 1 failed, 0 skipped', text)

    def test_an_update_with_something_missing_writes_nothing(self):
        before = os.stat(self.baseline).st_mtime_ns
        status, text = self.run_gate(['--update'], missing={'io_uring': 'not permitted here'})
        self.assertEqual(status, 1)
        self.assertIn('is not written', text)
        self.assertEqual(os.stat(self.baseline).st_mtime_ns, before)

    def test_a_workload_that_the_baseline_does_not_have_fails(self):
        with open(self.baseline, encoding='utf-8') as file:
            baseline = json.load(file)
        del baseline['figures']['epoll']['echo_c64']
        with open(self.baseline, 'w', encoding='utf-8') as file:
            json.dump(baseline, file)
        status, text = self.run_gate(['--short'])
        self.assertEqual(status, 1)
        self.assertIn('is not in the baseline', text)


if __name__ == '__main__':
    unittest.main()
