# SPDX-License-Identifier: MIT
"""What was measured on: the machine, its kernel, and the versions of all that took part."""
import datetime
import glob
import os
import platform
import re
import subprocess


def describe(programs):
    """Texts by name, for the page; `missing` and `preload` say what was left out."""
    return {
        'date': datetime.date.today().isoformat(),
        'processor': f'{os.cpu_count()} × {processor()}',
        'memory': memory(),
        'system': f'{distribution()}, Linux {platform.release()}',
        'congestion': congestion(programs),
        'commit': commit(),
        'versions': {name: found for name, found in ((n, way()) for n, way in VERSIONS.items())
                     if found},
        'missing': programs.missing(),
    }


def output(*command):
    """What it prints, on either stream; empty if it is not there."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ''
    return done.stdout.strip()


def content(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except OSError:
        return ''


def found(pattern, words):
    match = re.search(pattern, words, re.MULTILINE)
    return match[1].strip() if match else ''


def processor():
    facts = content('/proc/cpuinfo')
    virtual = ' (a virtual machine)' if re.search(r'^flags\s*:.* hypervisor\b', facts, re.M) else ''
    return (found(r'^model name\s*: (.*)', facts) or platform.machine()) + virtual


def memory():
    kib = found(r'^MemTotal:\s+(\d+)', content('/proc/meminfo'))
    return f'{int(kib) / 2**20:.1f} GiB' if kib else 'unknown'


def distribution():
    return found(r'^PRETTY_NAME="?([^"\n]*)', content('/etc/os-release')) or 'unknown'


def congestion(programs):
    usual = content('/proc/sys/net/ipv4/tcp_congestion_control').strip()
    if programs.path('congestion.so'):
        return f'cubic for all (the system\'s default is {usual})'
    return f'{usual}, the system\'s default: congestion.so was not built'


def commit():
    """Of the tree, and whether it had changes that are in no commit."""
    name = output('git', 'rev-parse', '--short=12', 'HEAD')
    if not re.fullmatch(r'[0-9a-f]{12}', name):
        return 'unknown'
    return name + (' and changes' if output('git', 'status', '--porcelain', '-uno') else '')


# ---- versions -----------------------------------------------------------------------------------

def of_package(name):
    return lambda: output('pkg-config', '--modversion', name).split('\n')[0] if \
        output('pkg-config', '--exists', '--print-errors', name) == '' else ''


def of_program(pattern, *command):
    return lambda: found(pattern, output(*command))


def asio():
    """In its header: 101201 or so."""
    digits = found(r'define ASIO_VERSION (\d+)', content('/usr/include/asio/version.hpp'))
    number = int(digits or 0)
    return f'{number // 100000}.{number // 100 % 1000}.{number % 100}' if number else ''


def libev():
    header = content('/usr/include/ev.h')
    parts = [found(rf'define EV_VERSION_{part} (\d+)', header) for part in ('MAJOR', 'MINOR')]
    return '.'.join(parts) if all(parts) else ''


def tokio():
    """Cargo's lock file knows which was taken; without one the package does."""
    for path in sorted(glob.glob('build/bench/tokio*/Cargo.lock')):
        version = found(r'name = "tokio"\nversion = "(.*)"', content(path))
        if version:
            return version
    crates = glob.glob('/usr/share/cargo/registry/tokio-1.*')
    return os.path.basename(crates[0]).removeprefix('tokio-') if crates else ''


VERSIONS = {
    'gcc': of_program(r'(\d+\.\d+\.\d+)\s*$', 'gcc', '--version'),
    'rustc': of_program(r'rustc (\S+)', 'rustc', '--version'),
    'libuv': of_package('libuv'),
    'libev': libev,
    'libevent': of_package('libevent'),
    'liburing': of_package('liburing'),
    'asio': asio,
    'tokio': tokio,
    'nginx': of_program(r'nginx/(\S+)', '/usr/sbin/nginx', '-v'),
    'wrk': of_program(r'wrk (?:debian/)?(\S+)', 'wrk', '-v'),
    'valgrind': of_program(r'valgrind-(\S+)', 'valgrind', '--version'),
}
