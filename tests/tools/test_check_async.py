#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test:
"""
tools/check_async.py finds each trap at its line, and nothing else. The fixtures in check_async/ say
in comments, `expect A1`, what must be found at which line; all other lines must stay silent.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("EDDY_SOURCE_DIR") or os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(ROOT, "tools", "check_async.py")
FIXTURES = os.path.join(ROOT, "tests", "tools", "check_async")
FINDING = re.compile(r"(.+?):(\d+): (\w+): (A\d): (\S.*)")
HEAD = "EDDY_ASYNC(job, eddy_nothing)\n{\n    eddy_result n;\n    EDDY_BEGIN\n"
TRAP = "EDDY_ASYNC(job, eddy_nothing)\n{\n    return 0;\n}\n"


def run(*arguments):
    """(exit status, findings as (path, line, function, rule, sentence), standard error)."""
    done = subprocess.run([sys.executable, TOOL, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)
    found = []
    for line in done.stdout.splitlines():
        match = FINDING.fullmatch(line)
        assert match, f"not a finding: {line}"
        path, number, function, rule, sentence = match.groups()
        found.append((path, int(number), function, rule, sentence))
    return done.returncode, found, done.stderr


def waiting_macros():
    """The public macros of include/eddy that hide a `case`, themselves or by another one."""
    bodies = {}
    for path in glob.glob(os.path.join(ROOT, "include", "eddy", "*.h")):
        with open(path, encoding="utf-8") as file:
            bodies.update(re.findall(r"^#define (EDDY_\w+)\b((?:.*\\\n)*.*)", file.read(), re.M))
    waiting = {name for name, body in bodies.items() if "case __LINE__" in body}
    while True:
        more = {name for name, body in bodies.items()
                if waiting.intersection(re.findall(r"\w+", body))}
        if more <= waiting:
            return {name for name in waiting if "__" not in name}
        waiting |= more


def fixture(name):
    return os.path.join(FIXTURES, name)


def expected(path):
    with open(path, encoding="utf-8") as file:
        return sorted((at, rule) for at, line in enumerate(file, 1)
                      for rule in re.findall(r"/\* expect (A\d) \*/", line))


class Fixtures(unittest.TestCase):
    def assert_as_marked(self, name, *options):
        status, found, _ = run(*options, fixture(name))
        want = expected(fixture(name))
        self.assertEqual(sorted((line, rule) for _, line, _, rule, _ in found), want, name)
        self.assertEqual(status, 1 if want else 0)
        return want

    def test_each_rule_finds_its_traps_and_not_their_good_twins(self):
        for rule in ("A1", "A2", "A3", "A4", "A5", "A6", "A7"):
            with self.subTest(rule):
                bad = self.assert_as_marked(rule.lower() + "_bad.c")
                self.assertEqual({found for _, found in bad}, {rule})
                self.assertEqual(self.assert_as_marked(rule.lower() + "_good.c"), [])

    def test_joins_selects_and_streams_have_the_traps_of_other_waits(self):
        for kind, rules in (("select", "1234567"), ("stream", "12456")):
            with self.subTest(kind):
                bad = self.assert_as_marked(kind + "_bad.c")
                self.assertEqual({found for _, found in bad}, {"A" + rule for rule in rules})
                self.assertEqual(self.assert_as_marked(kind + "_good.c"), [])

    def test_every_macro_of_eddy_that_waits_is_known(self):
        with open(TOOL, encoding="utf-8") as file:
            known = set(re.findall(r'"(EDDY_\w+)"', file.read()))
        self.assertEqual(waiting_macros() - known, set())

    def test_realistic_functions_are_clean(self):
        self.assertEqual(self.assert_as_marked("clean.c"), [])
        self.assertIn(" in 4 async functions of 1 file", run(fixture("clean.c"))[2])

    def test_comments_literals_and_directives_are_not_read_as_code(self):
        self.assertTrue(self.assert_as_marked("reading.c"))

    def test_a_comment_allows_the_rules_it_names_and_no_other(self):
        self.assertTrue(self.assert_as_marked("allow.c"))

    def test_a_users_wait_macro_is_a_wait_only_when_it_is_named(self):
        self.assertTrue(self.assert_as_marked("wait_macro.c", "--wait-macro", "WAIT_LINE"))
        self.assertEqual(run(fixture("wait_macro.c"))[:2], (0, []))

    def test_every_fixture_is_used(self):
        names = {f"a{i}_{kind}.c" for i in range(1, 8) for kind in ("bad", "good")}
        names |= {f"{name}_{kind}.c" for name in ("select", "stream") for kind in ("bad", "good")}
        names |= {"clean.c", "reading.c", "allow.c", "wait_macro.c"}
        self.assertEqual(set(os.listdir(FIXTURES)), names)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="latin-1") as file:
            file.write(text)
        return path

    def found_in(self, text, name="x.c"):
        return [(line, rule) for _, line, _, rule, _ in run(self.write(name, text))[1]]

    def test_a_finding_names_file_line_function_and_rule(self):
        path = self.write("x.c", "\n" + TRAP)
        status, found, _ = run(path)
        self.assertEqual(status, 1)
        self.assertEqual(found[0][:4], (path, 2, "job", "A6"))
        self.assertIn("EDDY_BEGIN and EDDY_END missing", found[0][4])

    def test_a_folder_is_searched_for_c_and_cxx_files(self):
        for name in ("a.c", "b/c.h", "b/d.cc", "b/e/f.cpp", "g.txt", ".git/h.c", "skip/i.c"):
            self.write(name, TRAP)
        skip = os.path.join(self.folder.name, "skip")
        found = run(self.folder.name, "--exclude", skip)[1]
        names = [os.path.relpath(path, self.folder.name) for path, *_ in found]
        self.assertEqual(sorted(names), ["a.c", "b/c.h", "b/d.cc", "b/e/f.cpp"])

    def test_a_file_that_is_named_is_read_whatever_its_ending(self):
        self.assertEqual(run(self.write("x.inc", TRAP))[0], 1)

    def test_bad_usage_is_2_and_help_is_0(self):
        missing = os.path.join(self.folder.name, "missing.c")
        for arguments in ((), ("--no-such-option", "."), (missing,), ("--wait-macro", "a b", ".")):
            with self.subTest(arguments):
                status, found, error = run(*arguments)
                self.assertEqual((status, found), (2, []))
                self.assertIn("usage:", error)
        done = subprocess.run([sys.executable, TOOL, "--help"], stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 0)
        for word in (b"A1", b"A7", b"--wait-macro", b"check_async: allow"):
            self.assertIn(word, done.stdout)

    def test_cxx_is_read(self):
        text = HEAD + """    {
        std::vector<std::pair<int, char *>> list{};
        auto first = list.begin();
        const widget &thing = *first;
        for (auto item : list)
            EDDY_YIELD();
        auto text = R"x(return 1; } ")x";
        std::sort(list.begin(), list.end(), [](int a, int b) { return a < b; });
        use(first);
        use(thing);
        use(text);
    }
    if (auto *found = self->find(); found && *found) {
        EDDY_POLL(n, poll(task, found));
    }
    EDDY_END(0);
}
"""
        found = self.found_in(text, "x.cc")
        self.assertEqual(found, [(9, "A4"), (13, "A4"), (14, "A4"), (18, "A3")])

    def test_windows_line_ends_and_odd_bytes_are_read(self):
        text = (HEAD + '    f("\xe9\\\n");\n    return 0;\n    EDDY_END(0);\n}\n')
        self.assertEqual(self.found_in(text), [(7, "A6")])
        self.assertEqual(self.found_in(text.replace("\n", "\r\n")), [(7, "A6")])

    def test_broken_text_ends_without_a_crash(self):
        with open(fixture("reading.c"), encoding="utf-8") as file:
            whole = file.read()
        for cut in range(0, len(whole), 211):
            path = self.write("cut.c", whole[:cut] + "\nEDDY_ASYNC(x, y) {" + whole[-cut:])
            self.assertIn(run(path)[0], (0, 1))

    def test_long_chains_and_deep_nesting_are_read(self):
        chain = "".join(f"if (n == {i}) n++; else " for i in range(500)) + "return 1;\n"
        self.assertEqual(self.found_in(HEAD + chain + "EDDY_END(n);\n}\n"), [(5, "A6")])
        cases = "switch (1) {" + "case 1:" * 3000 + "EDDY_YIELD(); }\n"
        self.assertEqual(self.found_in(HEAD + cases + "EDDY_END(0);\n}\n"), [(5, "A1")])
        deep = "{" * 20000 + "\n" + "}" * 20000
        self.assertEqual(self.found_in(HEAD + deep + "EDDY_END(0);\n}\n"), [(1, "A6")])

    def test_fifty_thousand_lines_take_seconds(self):
        with open(fixture("clean.c"), encoding="utf-8") as file:
            text = file.read()
        path = self.write("long.c", text * (50000 // text.count("\n") + 1))
        start = time.monotonic()
        self.assertEqual(run(path)[:2], (0, []))
        self.assertLess(time.monotonic() - start, 30)  # a few, on an idle machine


if __name__ == "__main__":
    unittest.main()
