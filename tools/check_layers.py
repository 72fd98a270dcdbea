#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the layer rule: a folder includes only itself and the ones above it in LAYERS, and only
src/sys and src/driver know an operating system (its headers, its #ifdefs).

usage: tools/check_layers.py [ROOT]
"""
import os
import re
import sys

LAYERS = ['include/eddy', 'src/base', 'src/sys', 'src/sim', 'src/driver', 'src/reactor', 'src/time',
          'src/future', 'src/sync', 'src/group', 'src/pool', 'src/net', 'src/signal', 'src/stream', 'src/sink',
          'src/io', 'src/codec', 'src/proto', 'src/world']
SYSTEM_LAYERS = {'src/sys', 'src/driver'}
# What C11 and the compiler itself bring along on every system.
PLAIN_HEADERS = set('assert errno float inttypes limits stdalign stdarg stdatomic stdbool '
                    'stddef stdint stdio stdlib stdnoreturn string threads '
                    'sanitizer/asan_interface'.split())

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SYSTEM_IF = re.compile(r'^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*\b(__linux(?:__)?|__APPLE__|_WIN32|'
                       r'_WIN64|__MINGW\w+|__unix(?:__)?|__FreeBSD__|__OpenBSD__|__NetBSD__|'
                       r'__CYGWIN__|__ANDROID__)\b')


def layer_of(path):
    """The layer a path below include/ or src/ belongs to, or None."""
    return next((at for at, layer in enumerate(LAYERS) if os.path.dirname(path) == layer), None)


def included_layer(name):
    """The layer of "base/list.h" or "eddy/base.h", or None."""
    folder = 'include' if name.startswith('eddy/') else 'src'
    return layer_of(folder + '/' + name)


def check_include(layer, quote, name):
    """What is wrong with this #include in a file of the layer, or None."""
    if quote == '<':
        if name.startswith('eddy/'):
            return f'<{name}>: write "{name}"'
        plain = name.endswith('.h') and name[:-2] in PLAIN_HEADERS
        if plain or LAYERS[layer] in SYSTEM_LAYERS:
            return None
        return f'<{name}> is no plain C header: only src/sys and src/driver may include it'
    other = included_layer(name)
    if other is None:
        return f'"{name}" names no layer: write "base/list.h" or "eddy/base.h"'
    if other > layer:
        return f'{LAYERS[layer]} may not include {LAYERS[other]} ("{name}"), which lies below it'
    return None


def check_file(root, path):
    layer = layer_of(path)
    if layer is None:
        return [f'{path}: lies in no layer (tools/check_layers.py lists them)']
    found = []
    with open(os.path.join(root, path), encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            include = INCLUDE.match(line)
            wrong = check_include(layer, *include.groups()) if include else None
            system = SYSTEM_IF.match(line)
            if system and LAYERS[layer] not in SYSTEM_LAYERS:
                wrong = f'{system.group(1)} is asked for only in src/sys and src/driver'
            if wrong:
                found.append(f'{path}:{number}: {wrong}')
    return found


def main():
    if '-h' in sys.argv or '--help' in sys.argv:
        print(__doc__.strip())
        return 0
    root = sys.argv[1] if len(sys.argv) > 1 else '.'
    found, count = [], 0
    for top in ('include', 'src'):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if name.endswith(('.c', '.h')):
                    count += 1
                    path = os.path.relpath(os.path.join(folder, name), root)
                    found += check_file(root, path)
    print('\n'.join(found + [f'layers: {count} files, {len(found)} findings']))
    return 1 if found or not count else 0


if __name__ == '__main__':
    sys.exit(main())
