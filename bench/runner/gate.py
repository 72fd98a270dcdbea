# SPDX-License-Identifier: MIT
"""Hold what a request costs against bench/baseline.json: instructions, system calls, heap calls.

Nothing here reads a clock: gate_eddy does the same work at every run, and what it does is counted,
so the figures are the same on a slow machine, on a busy one, and under an emulator. Instructions
may rise by 3 %, the others by nothing. They are counted by valgrind, the system calls by gate_eddy
itself; where the machine permits one of them not, or a driver, it is said, and counted as skipped.
"""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import gate_figures

DRIVERS = ['epoll', 'io_uring']
SHORT = ['echo_c1', 'echo_c64', 'http_c64_p16', 'churn']
WORKLOADS = SHORT + ['echo_c64_p16', 'http_c64_p1', 'udp_c8', 'timer_stop', 'timer_rearm',
                     'timer_fire', 'task_spawn', 'task_yield', 'task_wake', 'channel']
ROUNDS = 100
ATTEMPTS = 3  # of what has failed: the kernel may hand a packet over late, and a turn finds nothing
TIMEOUT_S = 120
NO_DRIVER, NO_TRACE = 77, 78  # exit statuses of gate_eddy
# The C library has memcpy(3) and the like for each kind of processor; these are for all of them.
PLAIN = 'glibc.cpu.hwcaps=' + ','.join('-' + name for name in (
    'AVX512F AVX512VL AVX512BW AVX2 AVX2_Usable AVX AVX_Usable AVX_Fast_Unaligned_Load ERMS FSRM '
    'BMI1 BMI2 LZCNT MOVBE RTM SSE4_2 SSE4_1 SSSE3').split())


class Broken(Exception):
    """The program ended as it should not have."""


class NotPermitted(Exception):
    """The machine does not permit it; the text says what."""


def main(args, measure=None):
    """Returns the exit status. `measure(options, workload, driver)` gives an entry of figures."""
    try:
        return gate(parse(args), measure or measure_one)
    except Broken as error:
        print(f'gate: {error}', file=sys.stderr)
        return 1


def gate(options, measure):
    run, skipped = measure_all(options, measure)
    if options.update:
        return update(options, run, skipped)
    baseline = load(options.baseline)
    verdict = measure_again(options, run, baseline, measure)
    print(*gate_figures.table(run, baseline), sep='\n')
    tell(verdict, skipped)
    places = {(driver, workload) for driver, entries in run['figures'].items()
              for workload in entries}
    left_out = set(skipped) - verdict.failed
    print(f'{len(places - left_out - verdict.failed)} passed, {len(verdict.failed)} failed, '
          f'{len(left_out)} skipped')
    return 1 if verdict.failed else 0


def parse(args):
    parser = argparse.ArgumentParser(prog='tools/bench gate', description=__doc__)
    parser.add_argument('--short', action='store_true', help='only ' + ', '.join(SHORT))
    parser.add_argument('--update', action='store_true', help='write the baseline')
    parser.add_argument('--only', help='these workloads, of: ' + ' '.join(WORKLOADS))
    parser.add_argument('--drivers', default=','.join(DRIVERS))
    parser.add_argument('--build', default='build/release', help='where gate_eddy was built')
    parser.add_argument('--program', help='gate_eddy (BUILD/bench/gate_eddy)')
    parser.add_argument('--baseline', default='bench/baseline.json')
    options = parser.parse_args(args)
    options.program = options.program or os.path.join(options.build, 'bench/gate_eddy')
    options.drivers = options.drivers.split(',')
    options.workloads = SHORT if options.short else WORKLOADS
    if options.only:
        options.workloads = options.only.split(',')
    if options.update and (options.workloads != WORKLOADS or options.drivers != DRIVERS):
        parser.error('--update records all workloads on all drivers')
    return options


# ---- measuring ----------------------------------------------------------------------------------

def measure_all(options, measure):
    """All figures, and lines that say what was skipped: (driver, workload): why."""
    run = {'toolchain': None, 'kernel': kernel(), 'figures': {}}
    skipped = {}
    for driver in options.drivers:
        for workload in options.workloads:
            try:
                entry = measure(options, workload, driver)
            except NotPermitted as why:
                skipped[driver, workload] = str(why)
                continue
            run['toolchain'] = entry.pop('toolchain')
            missing = entry.pop('missing', [])
            if missing:
                skipped[driver, workload] = '; '.join(missing)
            run['figures'].setdefault(driver, {})[workload] = entry
    return run, skipped


def measure_again(options, run, baseline, measure):
    """What disturbs a run adds to it, so of what fails the smallest of some attempts counts."""
    verdict = gate_figures.compare(run, baseline)
    for _ in range(ATTEMPTS - 1):
        for driver, workload in sorted(verdict.failed):
            again = measure(options, workload, driver)
            run['figures'][driver][workload] = smaller(run['figures'][driver][workload], again)
        verdict = gate_figures.compare(run, baseline)
    return verdict


def smaller(one, other):
    """The smaller figure of each kind, and the names that go with the system calls."""
    best = {figure: min(one[figure], other[figure]) for figure in gate_figures.FIGURES
            if figure in one and figure in other}
    calls = min(one, other, key=lambda entry: entry.get('system_calls', 0)).get('calls')
    return best if calls is None else {**best, 'calls': calls}


def measure_one(options, workload, driver):
    entry, missing = {}, []
    counts = count_calls(options, workload, driver, missing)
    each = counts['requests']
    for name in ('heap_calls', 'clock_reads'):
        entry[name] = round(counts[name] / each, 6)
    if 'calls' in counts:
        entry['calls'] = {name: round(count / each, 6)
                          for name, count in sorted(counts['calls'].items())}
        entry['system_calls'] = round(sum(counts['calls'].values()) / each, 6)
    if shutil.which('valgrind'):
        entry['instructions'] = round(count_instructions(options, workload, driver) / each, 6)
    else:
        missing.append('instructions: valgrind is not installed')
    return {**entry, 'toolchain': counts['toolchain'], 'missing': missing}


def command(options, workload, driver):
    return [options.program, workload, f'--driver={driver}', f'--rounds={ROUNDS}']


def count_calls(options, workload, driver, missing):
    done = execute([*command(options, workload, driver), '--calls'])
    if done.returncode == NO_TRACE:
        missing.append('system calls: ' + last_line(done.stderr))
        done = execute(command(options, workload, driver))
    if done.returncode == NO_DRIVER:
        raise NotPermitted(last_line(done.stderr))
    check(done)
    return json.loads(done.stdout)


def count_instructions(options, workload, driver):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'profile')
        check(execute(['valgrind', '--tool=callgrind', '--toggle-collect=eddy_core_turn',
                       '--zero-before=gate_steady', f'--callgrind-out-file={path}',
                       *command(options, workload, driver)]))
        with open(path, encoding='utf-8') as file:
            found = re.search(r'^summary: (\d+)', file.read(), re.M)
    if not found or int(found[1]) == 0:
        raise Broken('valgrind has not seen eddy_core_turn')
    return int(found[1])


def execute(args):
    """On one processor, so that the kernel hands what is sent over before send(2) returns; without
    random addresses."""
    cpu = max(os.sched_getaffinity(0))
    fixed = ['setarch', '-R'] if shutil.which('setarch') else []
    try:
        return subprocess.run([*fixed, *args], env={**os.environ, 'GLIBC_TUNABLES': PLAIN},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
                              timeout=TIMEOUT_S, check=False,
                              preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    except FileNotFoundError as error:
        raise Broken(f'{error.filename} is not there: make') from error


def check(done):
    if done.returncode:
        raise Broken(f'{" ".join(done.args)}: status {done.returncode}: {last_line(done.stderr)}')


def last_line(text):
    """Why it ended; valgrind's empty lines are not."""
    said = [line for line in text.splitlines() if re.sub(r'^==\d+==', '', line).strip()]
    return (said or ['it does not say why'])[-1]


def kernel():
    return '.'.join(platform.release().split('.')[:2])


# ---- the baseline, and what is said -------------------------------------------------------------

def load(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def update(options, run, skipped):
    if skipped:
        for (driver, workload), why in skipped.items():
            print(f'skipped: {driver} {workload}: {why}', file=sys.stderr)
        print(f'{options.baseline} is not written: it must hold all figures', file=sys.stderr)
        return 1
    old = load(options.baseline) if os.path.exists(options.baseline) else {}
    print(*gate_figures.table(run, old), sep='\n')
    with open(options.baseline, 'w', encoding='utf-8') as file:
        json.dump(run, file, indent=1, sort_keys=True)
        file.write('\n')
    print(f'{options.baseline} is written')
    return 0


def tell(verdict, skipped):
    lines = [f'FAILED: {line}' for line in verdict.failures]
    lines += [f'better: {line}' for line in verdict.better]
    if verdict.better:
        lines.append('better than the baseline: tools/bench gate --update records it')
    lines += [f'skipped: {driver} {workload}: {why}'
              for (driver, workload), why in skipped.items()]
    for line in lines + verdict.notes:
        print(line)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
