#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compile every public header alone, as C11 and as C++17, by gcc and clang; or, given a build
folder, compile the C++ programs tests/cxx/*.cc against its static library and run them.

usage: tools/check_headers.py [BUILD]
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

STRICT = '-Wall -Wextra -Wpedantic -Werror'.split()
LANGUAGES = [('gcc', 'c', '-std=c11'), ('clang', 'c', '-std=c11'),
             ('g++', 'c++', '-std=c++17'), ('clang++', 'c++', '-std=c++17')]


def run(command, text=None):
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def compile_header(job):
    """Included twice: the guard must hold, too."""
    header, (compiler, language, standard) = job
    name = header.rpartition('include/')[2]
    folders = {'-Iinclude', '-I' + header[:-len(name)]}
    code, out = run([compiler, standard, *STRICT, *sorted(folders), '-fsyntax-only', '-x', language,
                     '-'], f'#include "{name}"\n' * 2 + 'extern int not_empty;\n')
    return f'{header} as {language} by {compiler}:\n{out}' if code else None


def run_cxx(job):
    source, build, compiler = job
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, 'use')
        code, out = run([compiler, '-std=c++17', *STRICT, '-Iinclude', source,
                         f'{build}/libeddy.a', '-pthread', '-o', program])
        if not code:
            code, out = run([program])
        return f'{source} by {compiler}: status {code}\n{out}' if code else None


def main():
    if '-h' in sys.argv or '--help' in sys.argv:
        print(__doc__.strip())
        return 0
    absent = [language[0] for language in LANGUAGES if not shutil.which(language[0])]
    if absent:
        print('not found:', *absent)
        return 1
    if len(sys.argv) > 1:
        jobs = [(source, sys.argv[1], compiler) for source in sorted(glob.glob('tests/cxx/*.cc'))
                for compiler in ('g++', 'clang++')]
        work = run_cxx
    else:
        headers = glob.glob('include/eddy/*.h') + glob.glob('addons/*/include/eddy/*.h')
        jobs = [(header, language) for header in sorted(headers) for language in LANGUAGES]
        work = compile_header
    with ThreadPoolExecutor(2) as pool:
        found = [text for text in pool.map(work, jobs) if text]
    print('\n'.join(found + [f'{len(jobs)} compilations, {len(found)} findings']))
    return 1 if found or not jobs else 0


if __name__ == '__main__':
    sys.exit(main())
