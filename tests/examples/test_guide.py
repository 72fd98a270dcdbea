#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# eddy-test: drivers
"""The programs of docs/guide do what its text says."""
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile

import support

GUIDE = os.path.join(support.EXAMPLES, "guide")
# What chapters show as a session: a command, and all that it writes. What it is to read from
# standard input comes of printf.
SESSION = re.compile(r"^```console\n\$ (?:printf '([^'\n]*)' \| )?(\S+)([^\n]*)\n(.*?)^```$",
                     re.M | re.S)
FRAGMENT = re.compile(r"^```c\n(/\* fragment \*/\n.*?)^```$", re.M | re.S)
# Those that write the same at each run, without arguments, by whatever driver.
SHOWN = {"futures", "several", "kept", "streams", "sinks", "drop", "cancel", "scope", "group",
         "shutdown", "async", "either", "recursion",
         "trait", "cursor", "body", "relay", "names", "datagrams", "limits",
         "codec", "framed", "upgrade", "lengths", "resp", "messages", "blocking", "forked"}
# The same, for those that need descriptors or signals of the kernel's, which no simulated loop has.
SHOWN_ON_KERNELS = {"passing", "numbered", "foreign", "frames", "signals"}


def chapters():
    """The text of each, by its file's name."""
    for path in sorted(glob.glob(os.path.join(support.ROOT, "docs", "guide", "*.md"))):
        with open(path, encoding="utf-8") as file:
            yield os.path.basename(path), file.read()


class Guide(support.Case):

    def run_to_its_end(self, name, typed=None, **options):
        if typed is None:
            return self.start(name, folder=GUIDE, **options).end().decode()
        program = self.start(name, folder=GUIDE, stdin=subprocess.PIPE, **options)
        program.stdin.write(typed.encode())
        program.stdin.close()
        return program.end().decode()

    def test_every_program_is_tested_here(self):
        sources = glob.glob(os.path.join(support.ROOT, "examples", "guide", "*.c"))
        names = {os.path.basename(path)[:-2] for path in sources}
        self.assertEqual({"the_loop", "core", "handle", "remote", "echo_server",
                          "simulated"} | SHOWN | SHOWN_ON_KERNELS, names)

    def test_programs_write_what_the_chapters_show(self):
        shown = set()
        for chapter, text in chapters():
            for typed, command, arguments, output in SESSION.findall(text):
                folder, name = os.path.split(command)
                if folder != "build/release/examples/guide":
                    continue
                with self.subTest(chapter=chapter, program=name):
                    self.assertEqual("", arguments)
                    typed = typed.encode().decode("unicode_escape") if typed else None
                    self.assertEqual(output, self.run_to_its_end(name, typed))
                    if name in SHOWN:
                        self.assertEqual(output, self.run_to_its_end(name, driver="sim"))
                shown.add(name)
        self.assertEqual(SHOWN | SHOWN_ON_KERNELS, shown)

    def test_the_tool_finds_the_traps_that_the_chapter_shows(self):
        text = dict(chapters())["06-async-functions.md"]
        sessions = {command: output for _, command, _, output in SESSION.findall(text)}
        (traps,) = FRAGMENT.findall(text)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "traps.c"), "w", encoding="utf-8") as file:
                file.write(traps)
            tool = os.path.join(support.ROOT, "tools", "check_async.py")
            done = subprocess.run([sys.executable, tool, "traps.c"], cwd=folder, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.assertEqual(1, done.returncode)
        self.assertEqual(sessions["tools/check_async.py"], done.stdout.decode())

    def test_numbered_takes_whatever_its_input_and_output_are(self):
        with tempfile.TemporaryDirectory() as folder:
            text, told = os.path.join(folder, "text"), os.path.join(folder, "told")
            with open(text, "wb") as file:
                file.write(b"one\r\ntwo\n\nfour")
            with open(text, "rb") as file, open(told, "wb") as out:
                self.start("numbered", folder=GUIDE, stdin=file, stdout=out).end()
            with open(told, "rb") as file:
                self.assertEqual(b"1: one\n2: two\n3: \n4: four\n", file.read())
        self.assertEqual("", self.run_to_its_end("numbered", stdin=subprocess.DEVNULL))
        many = "".join(f"line {i}\n" for i in range(5000))
        told = self.run_to_its_end("numbered", many)
        self.assertEqual("".join(f"{i + 1}: line {i}\n" for i in range(5000)), told)

    def test_the_loop(self):
        self.assertRegex(self.run_to_its_end("the_loop"), r"\Arang after [1-9]\d? turns\n\Z")

    def test_core(self):
        lines = self.run_to_its_end("core").splitlines()
        background = [line for line in lines if line.startswith("in the background ")]
        self.assertEqual([f"in the background {i}" for i in range(1, len(background) + 1)],
                         background)
        self.assertLessEqual(len(background), 10)
        others = [line for line in lines if line not in background]
        told = "the first run gave 2; what was spawned waits"
        self.assertEqual(["the first run 1", "the first run 2", told, "the second run 1",
                          "the second run 2", "the second run 3", "the second run gave 3"], others)
        # The background's first pause is the shortest: it goes on in the middle of the first run.
        self.assertIn("in the background 1", lines[:lines.index("the first run 2")])
        self.assertGreater(len(background), lines.index(told) - 2)

    def test_handle(self):
        self.assertEqual("hello from a task of its own\n", self.run_to_its_end("handle"))

    def test_remote(self):
        self.assertEqual("twice 1 is 2\ntwice 2 is 4\ntwice 3 is 6\n",
                         self.run_to_its_end("remote"))

    def test_simulated(self):
        told = self.run_to_its_end("simulated")
        self.assertRegex(told, r"\A10 words in \d+ seconds\nhash [0-9a-f]{16}\n\Z")
        self.assertEqual(told, self.run_to_its_end("simulated"))
        # Ten words, one a second, and a minute in which the link is cut.
        self.assertGreater(int(told.split()[3]), 60)

    def test_echo_server(self):
        program, address = self.serve_at("echo_server", folder=GUIDE)
        jobs = [(self.connect(address), os.urandom(1 + 4999 * i)) for i in range(20)]
        for (_, sent), received in zip(jobs, support.drive(jobs)):
            self.assertTrue(received == sent, f"{len(sent)} bytes came back changed")
        program.stop(signal.SIGTERM, -signal.SIGTERM)


if __name__ == "__main__":
    support.main()
