#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check what libeddy.so exports: only eddy_ names, exactly those that the public headers declare
and that the checked-in list src/eddy.symbols names, so that no change of the ABI goes unseen. An
internal name, eddy__, gets out only where a public macro calls it.

usage: tools/check_symbols.py [--update] LIBEDDY_SO     (--update rewrites the list)
"""
import glob
import re
import subprocess
import sys

from check_docstrings import DIRECTIVE, declarations

LIST = 'src/eddy.symbols'


def exported(library):
    out = subprocess.run(['nm', '-D', '--defined-only', library], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    rows = [line.split() for line in out.splitlines()]
    # Type A is the version node of src/eddy.map itself.
    return {row[-1].split('@')[0] for row in rows if row[-2] != 'A'}


def declared():
    names = set()
    for path in glob.glob('include/eddy/*.h'):
        with open(path, encoding='utf-8') as file:
            names |= {declaration.name for declaration in declarations(file.read())}
    return names


def in_macros():
    """Internal names that the public headers' macros use."""
    names = set()
    for path in glob.glob('include/eddy/*.h'):
        with open(path, encoding='utf-8') as file:
            for macro in DIRECTIVE.findall(file.read()):
                names.update(re.findall(r'\beddy__\w+', macro))
    return names


def listed():
    try:
        with open(LIST, encoding='utf-8') as file:
            return {line.strip() for line in file if line.strip() and not line.startswith('#')}
    except FileNotFoundError:
        return set()


def write_list(names):
    with open(LIST, 'w', encoding='utf-8') as file:
        file.write('# What libeddy.so exports; rewritten by tools/check_symbols.py --update.\n')
        file.writelines(name + '\n' for name in sorted(names))


def main():
    arguments = [word for word in sys.argv[1:] if word != '--update']
    if len(arguments) != 1 or arguments[0].startswith('-'):
        print(__doc__.strip())
        return 0 if '--help' in sys.argv or '-h' in sys.argv else 2
    names = exported(arguments[0])
    if '--update' in sys.argv:
        write_list(names)
    found = [f'{n}: exported, but not an eddy_ name' for n in names
             if not n.startswith('eddy_')]
    found += [f'{n}: exported, but internal and used by no public macro' for n in names
              if n.startswith('eddy__') and n not in in_macros()]
    found += [f'{n}: declared by EDDY_API, but not in the library' for n in declared() - names]
    found += [f'{n}: exported, but in no public header' for n in names - declared()]
    found += [f'{n}: exported, but not in {LIST} (--update)' for n in names - listed()]
    found += [f'{n}: in {LIST}, but no longer exported' for n in listed() - names]
    print('\n'.join(sorted(found) + [f'symbols: {len(names)} names, {len(found)} findings']))
    return 1 if found or not names else 0


if __name__ == '__main__':
    sys.exit(main())
