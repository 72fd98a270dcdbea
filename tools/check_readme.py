#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keep the code that README.md and docs/guide/*.md show true. A ```c block begins with either
    /* examples/NAME.c */    and what follows stands word for word in that file, which is built, or
    /* fragment */           and is only a piece of a program, which nothing compiles.

usage: tools/check_readme.py [PAGE...]
"""
import glob
import os
import re
import sys

BLOCK = re.compile(r'^( *)```c\b[^\n]*\n(.*?)^ *```[ \t]*$', re.M | re.S)
PROGRAM = re.compile(r'/\* (examples/(?:(?:guide|styles|curl|libuv)/)?\w+\.[ch]) \*/$')


def check_block(block):
    """What is wrong with a block's text, or None."""
    first, _, rest = block.partition('\n')
    if not rest.strip():
        return 'an empty block'
    if first.strip() == '/* fragment */':
        return None
    program = PROGRAM.match(first.strip())
    if not program:
        return 'the first line is neither /* examples/NAME.c */ nor /* fragment */'
    path = program.group(1)
    if not os.path.exists(path):
        return f'{path} is not there'
    with open(path, encoding='utf-8') as file:
        # Whole lines: the block may not begin or end in the middle of one.
        whole = '\n' + file.read()
    if '\n' + rest.strip('\n') + '\n' not in whole:
        return f'the code is not that of {path}'
    return None


def main():
    if '-h' in sys.argv or '--help' in sys.argv:
        print(__doc__.strip())
        return 0
    pages = sys.argv[1:] or ['README.md'] + sorted(glob.glob('docs/guide/*.md'))
    count, findings = 0, 0
    for page in pages:
        if not os.path.exists(page):
            findings += 1
            print(f'{page}: not there')
            continue
        with open(page, encoding='utf-8') as file:
            text = file.read()
        for match in BLOCK.finditer(text):
            count += 1
            indent = match.group(1)
            block = re.sub(rf'^{indent}', '', match.group(2), flags=re.M) if indent else match.group(2)
            wrong = check_block(block)
            if wrong:
                findings += 1
                print(f'{page}:{text.count(chr(10), 0, match.start()) + 1}: {wrong}')
    print(f'pages: {len(pages)} pages, {count} blocks of C, {findings} findings')
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
