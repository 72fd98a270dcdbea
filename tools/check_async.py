#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Find the traps of eddy's async functions, EDDY_ASYNC(name, done), and of its stream functions,
EDDY_STREAM(name, item_type, done).

  A1  a wait inside a nested switch
  A2  an initialised local above EDDY_BEGIN
  A3  a local used inside a wait's expression, or a future made in what is awaited
  A4  a local whose value, or a stream's *item, that is lost across a wait
  A5  two waits on one source line
  A6  EDDY_BEGIN or EDDY_END missing, a wait outside of them, a plain return between them
  A7  the result of a poll call compared outside EDDY_POLL

Waits are EDDY_POLL, EDDY_AWAIT, EDDY_AWAIT_FUTURE, EDDY_YIELD, EDDY_NEXT, EDDY_EMIT,
EDDY_EMIT_ERROR, EDDY_JOIN2, EDDY_JOIN3, EDDY_SELECT2, EDDY_SELECT3, and those of your own that
--wait-macro names. The futures that are given to a join or select are evaluated once, so locals may
be used in them.

Each finding is one line, `file:line: function: rule: what is wrong and how to mend it`.
A comment `check_async: allow A3` (or `allow A3 A4`) on that line or the one before silences it.
Exit status: 0 nothing found, 1 findings, 2 bad usage.

It is no C compiler: it knows no types and expands no macro. Where it cannot know (a local whose
address is passed, a local handed to a macro in capitals) it takes the local for assigned and stays
silent. To use it elsewhere, copy this file and the folder async_traps beside it.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True  # leave no __pycache__ in the tree

from async_traps.body import Body  # noqa: E402
from async_traps.flow import Flow  # noqa: E402
from async_traps.source import Source  # noqa: E402

EXTENSIONS = (".c", ".h", ".cc", ".cpp")
WAITS = ("EDDY_POLL", "EDDY_AWAIT", "EDDY_AWAIT_FUTURE", "EDDY_YIELD", "EDDY_NEXT", "EDDY_EMIT",
         "EDDY_EMIT_ERROR", "EDDY_JOIN2", "EDDY_JOIN3", "EDDY_SELECT2", "EDDY_SELECT3")
BEGINNINGS = ("EDDY_ASYNC", "EDDY_STREAM")


def check_function(source, at, waits, findings):
    """Check the function whose EDDY_ASYNC stands at token at; False when it has no body."""
    text, line = source.text, source.line[at]
    name, start = text[at + 2], source.close.get(at + 1, len(text)) + 1
    if start >= len(text) or text[start] != "{":
        return False

    def report(where, rule, message, *also):
        if not source.allows(rule, (where,) + also):
            findings.add((where, name, rule, message))

    end = source.close.get(start)
    if end is None:
        report(line, "A6", "its body's closing brace is not found, so it cannot be checked: pair "
               "the braces in every branch of #if")
        return True
    missing = [m for m in ("EDDY_BEGIN", "EDDY_END") if m not in text[start:end]]
    if missing:
        report(line, "A6", f"{' and '.join(missing)} missing: put the sequence between EDDY_BEGIN "
               "and EDDY_END(value)")
    try:
        stream = text[at] == "EDDY_STREAM"
        Flow(report).run(Body(source, start + 1, end, waits, report, stream).tree)
    except RecursionError:
        report(line, "A6", "its statements are nested too deeply to be checked: split it")
    return True


def check_text(code, waits):
    """(findings sorted by line, number of async functions) of one file's text."""
    findings, count = set(), 0
    if any(word in code for word in BEGINNINGS):
        source = Source(code)
        for at, word in enumerate(source.text[:-2]):
            if word in BEGINNINGS and source.text[at + 1] == "(":
                count += check_function(source, at, waits, findings)
    return sorted(findings), count


def files_of(paths, exclude):
    """The files named, and those with our extensions in the folders named, hidden folders apart."""
    left_out = {os.path.abspath(path) for path in exclude}
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith(".")
                                and os.path.abspath(os.path.join(folder, f)) not in left_out)
            for name in sorted(names):
                full = os.path.join(folder, name)
                if name.endswith(EXTENSIONS) and os.path.abspath(full) not in left_out:
                    yield full


def macro_name(word):
    if not word.isidentifier():
        raise argparse.ArgumentTypeError(f"'{word}' is not the name of a macro")
    return word


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="check_async", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="PATH",
                        help="file, or folder to search for *.c *.h *.cc *.cpp")
    parser.add_argument("--wait-macro", action="append", default=[], metavar="NAME",
                        type=macro_name,
                        help="your own wait macro, NAME(result, expression); may be repeated")
    parser.add_argument("--exclude", action="append", default=[], metavar="PATH",
                        help="file or folder to leave out of the search; may be repeated")
    return parser, parser.parse_args(arguments)


def main(arguments=None):
    parser, options = parse_arguments(arguments)
    waits = set(WAITS).union(options.wait_macro)
    found = functions = files = 0
    for path in files_of(options.paths, options.exclude):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                findings, count = check_text(file.read(), waits)
        except OSError as error:
            parser.error(f"cannot read {path}: {error.strerror}")
        for line, name, rule, message in findings:
            print(f"{path}:{line}: {name}: {rule}: {message}")
        found, functions, files = found + len(findings), functions + count, files + 1
    print(f"check_async: {found} found in {functions} async functions of {files} files",
          file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.setrecursionlimit(6000)  # for long chains of else if
    sys.exit(main())
