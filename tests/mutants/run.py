#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Put each bug of tests/mutants/*.patch into a copy of this tree, and see that exploring finds it.

usage: tests/mutants/run.py [options] [NAME...]
  --seeds N      each is to be found within so many seeds of a scenario (default: 10000)
  --sound N      before, the tree as it is must pass so many (default: 500)
  --jobs N       processes at once (default: processors)
  --folder DIR   work there and leave it, rather than in a temporary folder
  --list         name the bugs

The text above a patch says what the bug is, and in lines of their own which scenarios are to look
for it, in this order (`scenarios: echo chat`), and with what they are built (`sanitize: address`).
A bug is found when a scenario fails in any way, by what it checks, an assertion, a crash, at a seed
that passes without the bug. The last line is `N passed, N failed, N skipped`: one point for each
bug, and for each build of the tree as it is.
"""
import argparse
import filecmp
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SETTINGS = ['CMAKE_BUILD_TYPE=RelWithDebInfo', 'EDDY_BUILD_EXAMPLES=OFF', 'EDDY_BUILD_BENCH=OFF',
            'EDDY_INSTALL=OFF', 'EDDY_LTO=OFF']

options = argparse.Namespace()
tally = {'passed': 0, 'failed': 0, 'skipped': 0}


class Bug:
    """One patch and what its text says."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding='utf-8') as file:
            text = file.read().split('\ndiff --git ', 1)[0]
        self.scenarios = self.words(text, 'scenarios')
        self.sanitize = ','.join(self.words(text, 'sanitize'))

    @staticmethod
    def words(text, name):
        found = re.search(rf'^{name}: (.*)$', text, re.M)
        return found.group(1).split() if found else []


def run(*command, folder=None):
    """Run a command; True and its output, or False and its output."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0, done.stdout.decode(errors='replace')


def sources():
    """What git knows or would add, as it lies here; without git, all but what was built."""
    known, listed = run('git', 'ls-files', '-co', '--exclude-standard', folder=ROOT)
    if known:
        return [path for path in listed.splitlines() if os.path.isfile(os.path.join(ROOT, path))]
    return [path for path in files_in(ROOT) if not re.match(r'build/|\.', path)]


def files_in(folder):
    """All of them, as paths within it."""
    return [os.path.relpath(os.path.join(at, name), folder)
            for at, _, names in os.walk(folder) for name in names]


def copy_tree(to):
    """Only what differs is written, so that what was built from it is built anew, and no more."""
    paths = sources()
    for path in set(files_in(to)) - set(paths):
        os.remove(os.path.join(to, path))
    for path in paths:
        source, copy = os.path.join(ROOT, path), os.path.join(to, path)
        if os.path.exists(copy) and filecmp.cmp(source, copy, shallow=False):
            continue
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copyfile(source, copy)
        shutil.copymode(source, copy)


class Tree:
    """The copy, and its builds: one for each set of sanitizers."""

    def __init__(self, folder):
        self.source = os.path.join(folder, 'tree')
        self.folder = folder
        copy_tree(self.source)

    def build(self, sanitize):
        """The folder of the scenarios, built anew; None: it does not build, which is told."""
        folder = os.path.join(self.folder, 'build-' + (sanitize or 'plain'))
        settings = SETTINGS + ([f'EDDY_SANITIZE={sanitize}'] if sanitize else [])
        made, log = run('cmake', '-S', self.source, '-B', folder,
                        *(['-G', 'Ninja'] if shutil.which('ninja') else []),
                        *('-D' + setting for setting in settings))
        if made:
            made, log = run('cmake', '--build', folder, '-j', str(options.jobs), '--target',
                            'scenarios')
        if not made:
            print(log)
            return None
        return os.path.join(folder, 'tests', 'explore')

    def patch(self, path, *more):
        """Apply a patch to the copy, also when that lies within some other checkout."""
        done, log = run('env', 'GIT_CEILING_DIRECTORIES=' + self.folder, 'git', 'apply', path,
                        *more, folder=self.source)
        if not done:
            print(log)
        return done


def explore(program, seeds):
    """Where and how it failed, (seed, words); None: it did not."""
    passed, log = run(os.path.join(ROOT, 'tools/explore'), '--no-reduce', '--seeds', str(seeds),
                      '--jobs', str(options.jobs), program)
    found = re.search(r': failed at seed (\d+): (.*)', log)
    if found:
        return int(found.group(1)), found.group(2)
    # A mark that was not reached is not what is looked for here.
    return None if passed or 'never reached' in log else (0, log.strip())


def point(name, passed, words):
    tally['passed' if passed else 'failed'] += 1
    print(f'{name:<16} {words}', flush=True)


def look_for(bug, folder):
    """Run the bug's scenarios until one fails. What to tell of it; None: it was not found."""
    for scenario in bug.scenarios:
        start = time.monotonic()
        found = explore(os.path.join(folder, scenario), options.seeds)
        if found and run(os.path.join(sound_folder(folder), scenario), f'--seed={found[0]}')[0]:
            seconds = time.monotonic() - start
            return f'found by {scenario} at seed {found[0]}, {seconds:.1f} s: {found[1]}'
    return None


def sound_folder(folder):
    """Where the same programs without a bug are kept."""
    return folder + '-sound'


def see_sound(tree, sanitize, bugs):
    """The tree without a bug passes where the bugs are to be found."""
    name = 'sound' + (f' ({sanitize})' if sanitize else '')
    folder = tree.build(sanitize)
    if folder is None:
        point(name, False, 'does not build')
        return False
    for scenario in sorted({one for bug in bugs for one in bug.scenarios}):
        found = explore(os.path.join(folder, scenario), options.sound)
        if found:
            point(name, False, f'{scenario} fails at seed {found[0]}: {found[1]}')
            return False
    shutil.rmtree(sound_folder(folder), ignore_errors=True)
    shutil.copytree(folder, sound_folder(folder))
    point(name, True, f'{options.sound} seeds of each scenario pass without a bug')
    return True


def try_bug(tree, bug):
    if not bug.scenarios or not tree.patch(bug.path):
        point(bug.name, False, 'the patch does not fit')
        return
    folder = tree.build(bug.sanitize)
    told = look_for(bug, folder) if folder else 'does not build'
    found = folder is not None and told is not None
    point(bug.name, found, told or f'NOT found in {options.seeds} seeds of each of '
          + ', '.join(bug.scenarios))
    tree.patch(bug.path, '-R')


def try_all(folder, bugs):
    tree = Tree(folder)
    for sanitize in sorted({bug.sanitize for bug in bugs}):
        group = [bug for bug in bugs if bug.sanitize == sanitize]
        if not see_sound(tree, sanitize, group):
            tally['failed'] += len(group)  # what they find would prove nothing
            continue
        for bug in group:
            try_bug(tree, bug)


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('-h', '--help', action='store_true')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--seeds', type=int, default=10000)
    parser.add_argument('--sound', type=int, default=500)
    parser.add_argument('--jobs', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--folder')
    parser.add_argument('names', nargs='*')
    parser.parse_args(namespace=options)
    bugs = [Bug(path) for path in sorted(glob.glob(os.path.join(HERE, '*.patch')))]
    if options.help:
        print(__doc__.strip())
        return 0
    if options.list:
        print(*(bug.name for bug in bugs), sep='\n')
        return 0
    unknown = set(options.names) - {bug.name for bug in bugs}
    if unknown or not bugs:
        print('no such bug:', *sorted(unknown), file=sys.stderr)
        return 2
    bugs = [bug for bug in bugs if not options.names or bug.name in options.names]
    if options.folder:
        os.makedirs(options.folder, exist_ok=True)
        try_all(os.path.abspath(options.folder), bugs)
    else:
        with tempfile.TemporaryDirectory(prefix='eddy-mutants-') as folder:
            try_all(folder, bugs)
    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**tally))
    return 1 if tally['failed'] else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
