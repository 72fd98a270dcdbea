#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keep the architecture page true: every `name()` in the section "The way of one byte" must be a
function that is defined in src/ or declared in include/.

usage: tools/check_way.py [PAGE]     (default: docs/ARCHITECTURE.md)
"""
import glob
import re
import sys

HEADING = 'the way of one byte'


def section(text):
    """The section's text: from its heading to the next one of its level or above."""
    lines, inside, level = [], False, 0
    for line in text.splitlines():
        heading = re.match(r'(#+)\s+(.*?)\s*$', line)
        if heading and inside and len(heading.group(1)) <= level:
            break
        if heading and HEADING in heading.group(2).lower():
            inside, level = True, len(heading.group(1))
        elif inside:
            lines.append(line)
    return '\n'.join(lines)


def sources():
    paths = glob.glob('src/*/*.[ch]') + glob.glob('include/eddy/*.h')
    text = ''
    for path in paths:
        with open(path, encoding='utf-8') as file:
            text += file.read() + '\n'
    return re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)


def exists(name, code):
    """A definition or declaration starts at the left margin; a call never does."""
    return re.search(rf'^(?:[A-Za-z_]\w*[ \t*]+(?:\w+[ \t*]+)*)?{name}\(', code, re.M)


def main():
    if '-h' in sys.argv or '--help' in sys.argv:
        print(__doc__.strip())
        return 0
    page = sys.argv[1] if len(sys.argv) > 1 else 'docs/ARCHITECTURE.md'
    try:
        with open(page, encoding='utf-8') as file:
            way = section(file.read())
    except FileNotFoundError:
        print(f'{page}: not there')
        return 1
    names = sorted(set(re.findall(r'`(\w+)\(\)`', way)))
    if not names:
        print(f'{page}: no section "{HEADING}" that names functions as `name()`')
        return 1
    code = sources()
    found = [f'{page}: `{name}()` is no function here' for name in names if not exists(name, code)]
    print('\n'.join(found + [f'way of one byte: {len(names)} functions, {len(found)} findings']))
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
